"""How elements lie in memory, as PyTorch says it: strides, contiguous or not, the memory under a tensor."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tinygrad_bp as tg
from tinygrad_bp.autograd.errors import IndexRangeError, ModifiedError

X = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
# A tensor of X, and what PyTorch says of it: stride, storage_offset, is_contiguous.
VIEWS: dict[str, tuple[Any, tuple[int, ...], int, bool]] = {
    "itself": (lambda x: x, (12, 4, 1), 0, True),
    "a row": (lambda x: x[1], (4, 1), 12, True),
    "a column": (lambda x: x[..., 2], (12, 4), 2, False),
    "every second": (lambda x: x[:, ::2, 1:], (12, 8, 1), 1, False),
    "transposed": (lambda x: x.transpose(0, 2), (1, 4, 12), 0, False),
    "permuted rows": (lambda x: x.permute(1, 0, 2), (4, 12, 1), 0, False),
    "repeated": (lambda x: x[:1].expand(5, 3, 4), (0, 4, 1), 0, False),
    "one size of 1": (lambda x: x[:, :1].transpose(0, 1), (4, 12, 1), 0, False),
    "an element": (lambda x: x[1, 2, 3], (), 23, True),
    "reshaped": (lambda x: x.reshape(6, 4), (4, 1), 0, True),
    "a new axis": (lambda x: x[1, None], (12, 4, 1), 12, True),
}
views = pytest.mark.parametrize(("make", "stride", "offset", "contiguous"), VIEWS.values(), ids=VIEWS)


@views
@pytest.mark.parametrize("dtype", ["float32", "float64", "int8", "bool", "complex64", "float16"])
def test_strides_and_offsets(make: Any, stride: Any, offset: int, contiguous: bool, dtype: str) -> None:
    x = tg.tensor(X.astype(dtype))
    t = make(x)
    assert (t.stride(), t.storage_offset(), t.is_contiguous()) == (stride, offset, contiguous)
    assert [t.stride(d) for d in range(-t.ndim, t.ndim)] == [*stride, *stride]
    assert t.element_size() == t.itemsize == np.dtype(dtype).itemsize
    assert t.nbytes == t.numel() * t.element_size() == t.nelement() * t.itemsize
    assert t.data_ptr() == x.data_ptr() + offset * t.itemsize
    for d in (-t.ndim - 1, t.ndim):
        with pytest.raises(IndexRangeError):
            t.stride(d)


@views
@pytest.mark.parametrize("recorded", [False, True])
def test_contiguous_copies_what_is_not(make: Any, stride: Any, offset: int, contiguous: bool, recorded: bool) -> None:
    x = tg.tensor(X, requires_grad=recorded)
    t = make(x)
    c = t.contiguous()
    assert c.is_contiguous() and c.tolist() == t.tolist() and (c is t) is contiguous
    if recorded:
        c.sum().backward()
        assert x.grad.sum().item() == t.numel()
    elif not contiguous:
        c.zero_()
        assert x.tolist() == X.tolist()


def test_of_empty_ones_and_of_one_element() -> None:
    assert tg.zeros(0, 3).stride() == (3, 1) and tg.zeros(2, 0).stride() == (1, 1)
    assert tg.zeros(0, 3).is_contiguous() and tg.zeros(0, 3).T.is_contiguous()
    assert tg.zeros(0).data_ptr() == 0 and tg.zeros(0, 3).storage_offset() == 0 and len(tg.zeros(0).storage()) == 0
    assert tg.tensor(3.0).stride() == () and tg.tensor(3.0).is_contiguous()


def test_a_weight_that_lies_column_by_column_counts_as_pytorch_has_it() -> None:
    weight = tg.nn.Linear(3, 2).weight
    assert weight.stride() == (3, 1) and weight.is_contiguous() and weight.contiguous() is weight
    assert weight[1].stride() == (1,) and weight[1].storage_offset() == 3 and weight.T.stride() == (1, 3)


def test_memory_formats_and_layouts_have_names() -> None:
    x = tg.zeros(2, 3, 4, 5)
    assert x.layout is tg.strided and isinstance(tg.strided, tg.layout) and repr(tg.strided) == "torch.strided"
    formats = ("contiguous_format", "preserve_format", "channels_last", "channels_last_3d")
    assert all(isinstance(getattr(tg, name), tg.memory_format) for name in formats)
    assert [repr(getattr(tg, name)) for name in formats] == [f"torch.{name}" for name in formats]
    assert not x.is_contiguous(memory_format=tg.channels_last)
    assert x.permute(0, 3, 1, 2).is_contiguous(memory_format=tg.channels_last)
    assert x.to(memory_format=tg.channels_last) is x.contiguous(memory_format=tg.channels_last) is x
    assert not x[0].is_contiguous(memory_format=tg.channels_last)


def test_kinds_that_are_not_here_are_denied() -> None:
    x = tg.zeros(2)
    names = ["is_sparse", "is_sparse_csr", "is_quantized", "is_nested", "is_mkldnn", "is_xla", "is_ipu", "is_mtia"]
    assert [getattr(x, name) for name in names] == [False] * len(names)


@views
@pytest.mark.parametrize("requires_grad", [False, True])
def test_the_storage_is_the_memory_of_all_views(
    make: Any, stride: Any, offset: int, contiguous: bool, requires_grad: bool
) -> None:
    x = tg.tensor(X, requires_grad=requires_grad)
    storage, memory = make(x).storage(), make(x).untyped_storage()
    assert len(storage) == storage.size() == 24 and storage.tolist() == list(storage) == X.ravel().tolist()
    assert (storage.dtype, storage.element_size(), storage.nbytes()) == (tg.float32, 4, 96)
    assert len(memory) == memory.size() == memory.nbytes() == 96 and memory.element_size() == 1
    assert storage.data_ptr() == memory.data_ptr() == x.data_ptr() and storage.device == x.device
    assert (storage[5], storage[-1], storage[2:4].tolist(), memory[0]) == (5.0, 23.0, [2.0, 3.0], 0)
    assert storage.cpu() is storage and not storage.is_shared()
    storage[5] = 50.0
    assert x[0, 1, 1].item() == 50.0
    assert storage.fill_(1.0).tolist() == [1.0] * 24 and x.sum().item() == 24
    for index in (24, -25):
        with pytest.raises(IndexRangeError):
            storage[index]
        with pytest.raises(IndexRangeError):
            storage[index] = 0.0


def test_the_storage_of_parts_and_of_others_memory() -> None:
    z = tg.tensor([1 + 2j, 3 + 4j])
    assert z.imag.storage().tolist() == [1, 2, 3, 4] and z.imag.storage_offset() == 1
    array = np.arange(4.0)
    t = tg.from_numpy(array)
    t.storage()[0] = 7.0
    assert array[0] == 7 and str(t[:1].storage()).splitlines() == [
        " 7.0", " 1.0", " 2.0", " 3.0", "[torch.storage.TypedStorage(dtype=torch.float64, device=cpu) of size 4]",
    ]  # fmt: skip
    assert isinstance(t.storage(), tg.TypedStorage) and isinstance(t.untyped_storage(), tg.UntypedStorage)


def test_a_write_into_a_storage_is_counted() -> None:
    w = tg.tensor([1.0, 2.0], requires_grad=True)
    loss = (w * w).sum()
    w.storage()[0] = 5.0
    with pytest.raises(ModifiedError, match="mul kept b"):
        loss.backward()
    h = w * 1
    loss = (h * h).sum()
    h.storage().fill_(0.0)
    with pytest.raises(ModifiedError):
        loss.backward()


def test_retains_grad() -> None:
    w = tg.ones(2, requires_grad=True)
    h = w * 2
    assert not w.retains_grad and not h.retains_grad and not tg.ones(1).retains_grad
    h.retain_grad()
    assert h.retains_grad
    h.register_hook(lambda g: None)
    assert h.retains_grad and not (w * 2).retains_grad


def test_what_scripts_ask_for_besides() -> None:
    x = tg.tensor([[1.0, 2.0]], requires_grad=True)
    assert x.nelement() == x.numel() == 2 and x.ndimension() == 2
    assert x.type_as(tg.zeros(1, dtype=tg.float64)).dtype == tg.float64
    y = tg.zeros(2, 2)
    assert y.copy_(x) is y and y.requires_grad and y.tolist() == [[1, 2], [1, 2]]
    assert y.new_tensor([1]).dtype == tg.float32 and y.new_zeros(3).shape == (3,)
    assert tg.ones(1).requires_grad_().is_leaf and not (x * 2).is_leaf
    assert (x * 2).detach_().is_leaf
