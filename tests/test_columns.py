"""A view of a matrix that lies column by column is a view, or no write into it is taken: none is ever lost."""

from __future__ import annotations

import gc
from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
import pytest
from together import together

import tinygrad_bp as tg
from tinygrad_bp.autograd.errors import LeafWriteError, ReadOnlyError, ShapeError
from tinygrad_bp.ops import shape

nn = tg.nn


# Tensors of shape (3, 4) that NumPy has column by column and PyTorch row by row, and the tensors that hold them.
MADE: dict[str, Callable[[Any], Any]] = {
    "weight": lambda w: w,
    "weight.data": lambda w: w.data,
    "weight.detach()": lambda w: w.detach(),
    "gradient": lambda w: w.grad,
    "gradient.data": lambda w: w.grad.data,
    "zeros_like": lambda w: tg.zeros_like(w),
    "ones_like": lambda w: tg.ones_like(w),
    "empty_like": lambda w: tg.empty_like(w).zero_(),
    "full_like": lambda w: tg.full_like(w, 2.0),
    "rand_like": lambda w: tg.rand_like(w),
    "randn_like": lambda w: tg.randn_like(w),
    "randint_like": lambda w: tg.randint_like(w, 9),
    "clone": lambda w: w.data.clone(),
    "computed": lambda w: w.data * 2,
    "recorded": lambda w: w * 2,
    "tg.clone": lambda w: tg.clone(w.detach()),
    "double": lambda w: w.data.double(),
    "new_zeros": lambda w: w.new_zeros(w.shape),
    "deepcopy": lambda w: __import__("copy").deepcopy(w).data,
    "no size 1": lambda w: w.data[None].squeeze(0),
}
VIEWS: dict[str, Callable[[Any], Any]] = {
    "view": lambda x: x.view(-1),
    "view(size=)": lambda x: x.view(size=(12,)),
    "view to three": lambda x: x.view(3, 2, 2),
    "view to two": lambda x: x.view(2, 6),
    "view_as": lambda x: x.view_as(tg.zeros(12)),
    "reshape": lambda x: x.reshape(12),
    "tg.reshape": lambda x: tg.reshape(x, (4, 3)),
    "np.reshape": lambda x: np.reshape(x, (6, 2)),
    "np.ravel": lambda x: np.ravel(x),
    "reshape_as": lambda x: x.reshape_as(tg.zeros(2, 6)),
    "flatten": lambda x: x.flatten(),
    "tg.flatten": lambda x: tg.flatten(x),
    "nn.Flatten": lambda x: nn.Flatten(0)(x),
    "ravel": lambda x: x.ravel(),
    "tg.ravel": lambda x: tg.ravel(x),
    "unflatten": lambda x: x.unflatten(1, (2, 2)),
    "unflatten the first": lambda x: x.unflatten(0, (3, 1)),
    "nn.Unflatten": lambda x: nn.Unflatten(1, (2, 2))(x),
    "contiguous": lambda x: x.contiguous().view(-1),
    "unsqueeze": lambda x: x.unsqueeze(1).view(-1),
    "some rows": lambda x: x[1:].view(-1),
    "storage": lambda x: x.storage()._row,
}
WRITES: dict[str, Callable[[Any], Any]] = {
    "x[i] =": lambda v: v.__setitem__((1,) * v.ndim if v.ndim > 1 and v.shape[1] > 1 else (1,), 50.0),
    "fill_": lambda v: v.fill_(50.0),
    "+=": lambda v: v.__iadd__(50.0),
    "out=": lambda v: tg.add(v.detach(), 50.0, out=v),
    "np.copyto": lambda v: np.copyto(v, 50.0),
    "a view of it": lambda v: v[1:].fill_(50.0),
    "uniform_": lambda v: v.uniform_(50, 60),
}


def made(name: str) -> tuple[Any, Any]:
    """A tensor of the table, and the layer from which it was made."""
    layer = nn.Linear(4, 3)
    layer(tg.ones(2, 4)).sum().backward()
    return MADE[name](layer.weight), layer


WAYS = [pytest.param(*way, id=", ".join(way)) for way in product(MADE, VIEWS, WRITES)]


@together(("name", "view", "write"), WAYS, lambda name, view, _: f"{name}, {view}")
def test_what_is_written_through_a_view_reaches_the_tensor(name: str, view: str, write: str) -> None:
    reaches(name, view, write)


def reaches(name: str, view: str, write: str) -> None:
    x, _layer = made(name)
    if write == "uniform_" and x.dtype.kind != "f":
        pytest.skip("floats alone")
    with tg.no_grad():
        assert x.is_contiguous() and x.stride() == (4, 1)
        v = VIEWS[view](x)
        right = np.array(x.tolist())
        expected = right.reshape(v.shape) if v.numel() == 12 else right[1:].reshape(v.shape)
        assert v.tolist() == expected.tolist()
        try:
            WRITES[write](v)
        except ReadOnlyError:  # NumPy holds the memory of a recorded result already where a view was made of it
            assert name == "recorded" and x.tolist() == right.tolist()
            return
        expected[...] = v.tolist()
        assert (expected >= 50).any() and x.tolist() == right.tolist()
        x[2, 1] = -1.0  # and what is written into the tensor the view has
        assert (v == -1).sum() == 1


def test_a_lost_write_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shape, "_in_shape", lambda x, sizes, view=False: shape._reshape(x, sizes))
    with pytest.raises(AssertionError):
        reaches("weight", "view", "fill_")


@pytest.mark.parametrize("view", [name for name in VIEWS if name not in ("storage",)])
@pytest.mark.parametrize("name", ["weight", "weight.data", "gradient", "clone"])
def test_memory_that_numpy_has_is_not_moved_and_a_lost_write_is_refused(name: str, view: str) -> None:
    x, _layer = made(name)
    array = x.numpy(force=True)
    with tg.no_grad():
        v = VIEWS[view](x)
        before = x.tolist()
        try:
            v.fill_(50.0)
        except ReadOnlyError:
            assert x.tolist() == before
        else:
            assert (x == 50).any()
        x.fill_(3.0)
    assert array.tolist() == x.tolist()


@pytest.mark.parametrize("names", [("view", "view_as"), ("reshape", "flatten", "ravel")])
def test_of_a_transposed_one_view_takes_no_write_and_the_others_copy(names: tuple[str, ...]) -> None:
    for x in (tg.arange(12.0).reshape(3, 4).T, nn.Linear(3, 4).weight.detach().T, tg.zeros(2, 6, 2).permute(2, 0, 1)):
        before = x.tolist()
        for name in names:
            v = x.view_as(tg.zeros(x.numel())) if name == "view_as" else getattr(x, name)(-1) if name in (
                "view", "reshape") else getattr(x, name)()  # fmt: skip
            if name.startswith("view"):
                with pytest.raises(ReadOnlyError, match="Write into a copy"):
                    v += 1
            else:
                v += 1
            assert x.tolist() == before and x.contiguous().view(-1).fill_(9).numel() and x.tolist() == before


def test_all_that_lies_there_moves_along() -> None:
    layer = nn.Linear(4, 3)
    w = layer.weight
    row, turned, part, alone = w.data[1], w.data.T, w.data[1:, ::2], w.detach()
    diagonal, backwards = w.data.diagonal(), tg.tensor(0)
    gc.collect()
    w.data.view(-1).copy_(tg.arange(12.0))
    assert row.tolist() == [4, 5, 6, 7] and turned.tolist() == w.T.tolist() and part.tolist() == [[4, 6], [8, 10]]
    assert alone.tolist() == w.tolist() == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11]]
    assert diagonal.tolist() == [0, 5, 10] and backwards == 0
    turned[3, 2] = -1
    alone[0] = 7
    assert w.tolist() == [[7, 7, 7, 7], [4, 5, 6, 7], [8, 9, 10, -1]]


def test_a_step_after_a_view() -> None:
    """The kept values of a graph stay, and the optimizer writes what the view shows."""
    tg.manual_seed(0)
    layer, other = nn.Linear(4, 3), nn.Linear(4, 3)
    other.load_state_dict(layer.state_dict())
    x, line = tg.randn(5, 4), None
    steps = [tg.optim.SGD(module.parameters(), lr=0.1, momentum=0.9) for module in (layer, other)]
    for _ in range(3):
        for module, optimizer in zip((layer, other), steps):
            optimizer.zero_grad()
            loss = (module(x) ** 2).sum()
            if module is layer:
                line = module.weight.view(-1)
                loss = loss + (line * line).sum()
            else:
                loss = loss + (module.weight * module.weight).sum()
            loss.backward()
            optimizer.step()
    assert np.allclose(layer.weight.detach().numpy(), other.weight.detach().numpy(), atol=1e-6)
    assert line.tolist() == layer.weight.flatten().tolist()


def test_a_view_of_a_leaf_is_refused_and_a_wrong_shape_named() -> None:
    w = nn.Linear(4, 3).weight
    with pytest.raises(LeafWriteError):
        w.view(-1)[0] = 1.0
    with pytest.raises(ShapeError, match="does not fit"):
        w.view(5)
    empty = nn.Linear(0, 3).weight
    assert empty.view(-1).shape == (0,) and empty.flatten().numel() == 0


def test_a_weight_keeps_its_order_while_nobody_asks_for_a_view() -> None:
    layer = nn.Linear(4, 3)
    optimizer = tg.optim.Adam(layer.parameters())
    for _ in range(2):
        layer(tg.ones(2, 4)).sum().backward()
        tg.nn.utils.clip_grad_norm_(layer.parameters(), 1.0)
        optimizer.step()
        layer.weight.data -= 0.1 * layer.weight.grad
        layer.load_state_dict(layer.state_dict())
        layer.weight[None].squeeze(0).unsqueeze(1)
    assert layer.weight._value.flags.f_contiguous and not layer.weight._value.flags.c_contiguous


def test_what_numpy_shows_is_as_it_lies() -> None:
    """Of an array of the user's the strides are its own."""
    array = np.arange(12.0).reshape(4, 3)
    x = tg.from_numpy(array.T)
    assert x.stride() == (1, 3) and not x.is_contiguous() and x.detach().stride() == (1, 3)
    y = x.flatten()
    y[0] = 9.0
    assert array[0, 0] == 0


@pytest.mark.parametrize("turn", ["t_", "transpose_", "swapaxes_", "swapdims_"])
def test_what_is_transposed_in_place_lies_transposed(turn: str) -> None:
    x = tg.zeros(2, 3)
    getattr(x, turn)(*(() if turn == "t_" else (0, 1)))
    assert x.stride() == (1, 3) and not x.is_contiguous()
    x.flatten().add_(1)  # of a matrix that lies so it is a copy
    assert not x.any()
