"""DLPack both ways: the same memory, guards, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_bp as tg

DTYPES = ["bool", "int8", "int64", "uint8", "float16", "float32", "float64", "complex64", "complex128"]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(), (0, 3), (2, 3)])
def test_both_ways_without_a_copy(dtype: str, shape: tuple[int, ...]) -> None:
    t = tg.ones(shape, dtype=np.dtype(dtype))
    array = np.from_dlpack(t)
    assert array.dtype == t.dtype and array.shape == shape
    back = tg.from_dlpack(array)
    assert isinstance(back, tg.Tensor) and back.dtype == t.dtype and back.shape == shape
    assert np.shares_memory(back.numpy(), t.numpy()) or not t.numel()


def test_a_view_keeps_its_strides() -> None:
    t = tg.arange(12.0).reshape(3, 4).T[::2]
    assert tg.from_dlpack(np.from_dlpack(t)).stride() == t.stride()


def test_writes_are_seen_on_both_sides() -> None:
    array = np.zeros(3)
    t = tg.from_dlpack(array)
    t += 1
    assert array.tolist() == [1, 1, 1]
    array[0] = 5
    assert t.tolist() == [5, 1, 1]


def test_a_copy_is_one() -> None:
    array, t = np.zeros(3), tg.zeros(3)
    assert not np.shares_memory(tg.from_dlpack(array, copy=True).numpy(), array)
    assert tg.from_dlpack(t) is not t and np.shares_memory(tg.from_dlpack(t).numpy(), t.numpy())
    assert not np.shares_memory(tg.from_dlpack(t, copy=True).numpy(), t.numpy())


def test_what_backward_may_need_is_copied() -> None:
    x = tg.ones(3, requires_grad=True)
    y = x.exp()
    with pytest.raises(BufferError, match="read-only, which needs a copy"):
        y.detach().__dlpack__(copy=False)
    assert not np.shares_memory(np.from_dlpack(y.detach()), y.numpy(force=True))
    y.sum().backward()
    assert np.allclose(x.grad.numpy(), np.e)


def test_memory_walked_backwards_is_copied() -> None:
    t = tg.from_numpy(np.arange(3.0)[::-1])  # PyTorch ends the process on a negative stride
    array = np.from_dlpack(t)
    assert array.tolist() == [2, 1, 0] and min(array.strides) > 0 and not np.shares_memory(array, t.numpy())
    with pytest.raises(BufferError, match="walked backwards, which needs a copy"):
        t.__dlpack__(copy=False)


def test_what_needs_a_copy_and_may_not_have_one() -> None:
    array = np.array([1.0, 2.0], ">f8")
    assert tg.from_dlpack(array).tolist() == [1, 2]
    with pytest.raises(BufferError, match="byte order needs a copy"):
        tg.from_dlpack(array, copy=False)
    read_only = np.arange(3.0)
    read_only.flags.writeable = False
    t = tg.from_dlpack(read_only, copy=False)
    assert np.shares_memory(t.numpy(force=True), read_only)
    with pytest.raises(tg.autograd.errors.ReadOnlyError):
        t += 1


@pytest.mark.parametrize("version", [None, (0, 8), (1, 0), (1, 1), (2, 0)])
def test_every_version_of_the_protocol(version: tuple[int, int] | None) -> None:
    t = tg.arange(3.0)
    capsule = t.__dlpack__(max_version=version, dl_device=(1, 0), copy=None, stream=None)
    assert ("versioned" in repr(capsule)) <= (version is not None and version >= (1, 0))
    assert np.shares_memory(tg.utils.dlpack.from_dlpack(capsule).numpy(), t.numpy())
    with pytest.raises(tg.autograd.errors.ArgumentError):  # a capsule is taken once
        tg.utils.dlpack.from_dlpack(capsule)


TORCH = [*DTYPES, "int16", "int32", "uint16", "uint32", "uint64"]


@pytest.mark.parametrize("dtype", TORCH)
def test_torch_both_ways(dtype: str) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    t = tg.arange(12).reshape(3, 4).to(np.dtype(dtype)).T[1:]
    theirs = torch.from_dlpack(t)
    assert theirs.data_ptr() == t.data_ptr() and theirs.stride() == t.stride() and str(theirs.dtype) == f"torch.{dtype}"
    back = tg.from_dlpack(theirs)
    assert back.data_ptr() == t.data_ptr() and back.stride() == t.stride() and back.dtype == t.dtype
    theirs[0, 0] = 1
    assert t[0, 0].item() == back[0, 0].item() == 1
    del theirs, t
    assert back.shape == (3, 3)  # whose memory is still there


def test_what_torch_refuses() -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    with pytest.raises(tg.autograd.errors.DtypeError, match=r"NumPy has no torch.bfloat16 .*x\.float\(\)"):
        tg.from_dlpack(torch.ones(2, dtype=torch.bfloat16))
    with pytest.raises(BufferError, match="require gradient"):
        tg.from_dlpack(torch.ones(2, requires_grad=True))
    with pytest.raises(tg.autograd.errors.NoRuleError, match="detach"):
        torch.from_dlpack(tg.nn.Linear(1, 1).weight)


def test_capsules() -> None:
    t = tg.arange(3)
    assert tg.utils.dlpack.from_dlpack(tg.utils.dlpack.to_dlpack(t)).tolist() == [0, 1, 2]
    assert t.__dlpack_device__() == (1, 0) == np.zeros(1).__dlpack_device__()


def test_what_is_refused() -> None:
    t = tg.ones(2, requires_grad=True)
    for wrong in (t.__dlpack__, lambda: tg.from_dlpack(t), lambda: np.from_dlpack(t * 2)):
        with pytest.raises(tg.autograd.errors.NoRuleError, match=r"t\.detach\(\)"):
            wrong()
    with pytest.raises(TypeError, match=r"a list has no __dlpack__; write tg\.tensor"):
        tg.from_dlpack([1.0])
    with pytest.raises(BufferError, match="memory of the CPU"):
        tg.ones(1).__dlpack__(dl_device=(2, 0))
    with pytest.raises(BufferError, match="stream 1"):
        tg.ones(1).__dlpack__(stream=1)
    with pytest.raises(RuntimeError, match="CuPy"):
        tg.from_dlpack(np.ones(1), device="cuda")
