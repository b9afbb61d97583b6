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
    with pytest.raises(RuntimeError, match="memory of the CPU"):
        tg.from_dlpack(np.ones(1), device="cuda")
