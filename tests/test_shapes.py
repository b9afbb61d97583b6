"""NumPy's functions of shapes, pieces and positions, run by NumPy on arrays and by the ops on tensors."""

from __future__ import annotations

import itertools
import math
import warnings
from inspect import signature
from typing import Any

import numpy as np
import pytest

import tinygrad_bp as tg
from tinygrad_bp.autograd.errors import ArgumentError, AutogradError, NoRuleError, ReadOnlyError, ShapeError

# Each takes an array (or a tensor) of its own shape; ``a`` has the same shape and stays constant.
ROWS = np.arange(6.0).reshape(2, 3) * 10
MASK = np.array([[True, False, True], [False, False, True]])
CALLS = {
    "concatenate": lambda x: np.concatenate([x, ROWS, x], axis=1),
    "concatenate flat": lambda x: np.concatenate([x, [1.0, 2.0]], axis=None),
    "concatenate integers": lambda x: np.concatenate([x, np.arange(3)[None]], axis=0),
    "concatenate to a dtype": lambda x: np.concatenate([x, x], dtype=np.float64),
    "stack": lambda x: np.stack([x, ROWS], axis=-1),
    "hstack": lambda x: np.hstack([x, ROWS]),
    "hstack of vectors": lambda x: np.hstack([x[0], [1.0], x[1, 0]]),
    "vstack": lambda x: np.vstack([x, [1.0, 2.0, 3.0]]),
    "dstack": lambda x: np.dstack([x, ROWS]),
    "column_stack": lambda x: np.column_stack([x[:, 0], x]),
    "append": lambda x: np.append(x, x),
    "append axis": lambda x: np.append(x, ROWS, axis=0),
    "block": lambda x: np.block([[x, np.zeros((2, 1))], [np.ones((1, 3)), 5.0]]),
    "block of vectors": lambda x: np.block([x[0], x[1], 3.0]),
    "block of one": lambda x: np.block(x),
    "meshgrid": lambda x: np.meshgrid(x[0], x[1, :2]),
    "meshgrid ij": lambda x: np.meshgrid(x[0], x[1, :2], [1.0], indexing="ij"),
    "meshgrid sparse": lambda x: np.meshgrid(x[0], x[1, :2], sparse=True),
    "meshgrid sparse ij": lambda x: np.meshgrid(x[0], x[1, :2], sparse=True, indexing="ij"),
    "split": lambda x: np.split(x, 3, axis=1),
    "split at": lambda x: np.split(x, [1, 2], axis=1),
    "split past the end": lambda x: np.split(x, [1, 9], axis=-1),
    "array_split": lambda x: np.array_split(x, 2, axis=1),
    "hsplit": lambda x: np.hsplit(x, 3),
    "vsplit": lambda x: np.vsplit(x, [1]),
    "dsplit": lambda x: np.dsplit(x[None].reshape(1, 3, 2), 2),
    "reshape": lambda x: np.reshape(x, (3, -1)),
    "ravel": lambda x: np.ravel(x),
    "transpose": lambda x: np.transpose(x, (1, 0)),
    "swapaxes": lambda x: np.swapaxes(x, 0, 1),
    "moveaxis": lambda x: np.moveaxis(x[None], [0, 1], [2, 0]),
    "matrix_transpose": lambda x: np.matrix_transpose(x[None]),
    "squeeze": lambda x: np.squeeze(x[None], 0),
    "expand_dims": lambda x: np.expand_dims(x, (0, -1)),
    "broadcast_to": lambda x: np.broadcast_to(x, (4, 2, 3)),
    "broadcast_arrays": lambda x: np.broadcast_arrays(x, np.ones((2, 2, 1)))[0],
    "atleast_1d": lambda x: np.atleast_1d(x[0, 0], x),
    "atleast_2d": lambda x: np.atleast_2d(x[0]),
    "atleast_3d": lambda x: np.atleast_3d(x),
    "flip": lambda x: np.flip(x),
    "flip axis": lambda x: np.flip(x, 1),
    "flip axes": lambda x: np.flip(x, (0, 1)),
    "fliplr": lambda x: np.fliplr(x),
    "flipud": lambda x: np.flipud(x),
    "roll": lambda x: np.roll(x, 2),
    "roll axis": lambda x: np.roll(x, -1, axis=1),
    "roll axes": lambda x: np.roll(x, 1, axis=(0, 1)),
    "roll pairs": lambda x: np.roll(x, (1, 2), axis=(0, 1)),
    "rot90": lambda x: np.rot90(x),
    "rot90 back": lambda x: np.rot90(x, -1, axes=(1, 0)),
    "rot90 half": lambda x: np.rot90(x, 2),
    "tile": lambda x: np.tile(x, 2),
    "tile up": lambda x: np.tile(x, (2, 1, 3)),
    "repeat": lambda x: np.repeat(x, 2),
    "repeat axis": lambda x: np.repeat(x, 3, axis=0),
    "repeat each": lambda x: np.repeat(x, [2, 0, 1], axis=1),
    "pad": lambda x: np.pad(x, 1),
    "pad sides": lambda x: np.pad(x, ((0, 2), (1, 0))),
    "pad values": lambda x: np.pad(x, ((1, 1), (0, 2)), constant_values=((1, 2), (3, 4))),
    "pad edge": lambda x: np.pad(x, (2, 1), mode="edge"),
    "pad reflect": lambda x: np.pad(x, (3, 2), mode="reflect"),
    "pad symmetric": lambda x: np.pad(x, ((0, 1), (2, 2)), mode="symmetric"),
    "pad wrap": lambda x: np.pad(x, (4, 1), mode="wrap"),
    "sliding_window_view": lambda x: np.lib.stride_tricks.sliding_window_view(x, 2, axis=1),
    "sliding_window_view of all": lambda x: np.lib.stride_tricks.sliding_window_view(x, (2, 2)),
    "diag": lambda x: np.diag(x, 1),
    "diag of a vector": lambda x: np.diag(x[0], k=-1),
    "diagonal": lambda x: np.diagonal(x, -1, 0, 1),
    "diagflat": lambda x: np.diagflat(x),
    "tril": lambda x: np.tril(x, 1),
    "triu": lambda x: np.triu(x, k=-1),
    "take": lambda x: np.take(x, [0, 5, 5]),
    "take axis": lambda x: np.take(x, np.array([[2, 0]]), axis=1),
    "take wrap": lambda x: np.take(x, [-4, 7], axis=1, mode="wrap"),
    "take clip": lambda x: np.take(x, [-4, 7], axis=0, mode="clip"),
    "take_along_axis": lambda x: np.take_along_axis(x, np.array([[0, 2], [1, 1]]), 1),
    "take_along_axis that broadcasts": lambda x: np.take_along_axis(x, np.array([[1]]), 0),
    "choose": lambda x: np.choose(np.array([1, 0, 1]), [x[0], x[1]]),
    "choose numbers": lambda x: np.choose(MASK.astype(int), [x, 7.0]),
    "choose wrap": lambda x: np.choose(np.array([3, -1, 1]), x, mode="wrap"),
    "select": lambda x: np.select([MASK, ROWS > 30], [x, x[0]], 5.0),
    "compress": lambda x: np.compress([True, False, True], x, axis=1),
    "compress flat": lambda x: np.compress([False, True], x),
    "extract": lambda x: np.extract(MASK, x),
    "where": lambda x: np.where(MASK, x, 2.0),
    "delete": lambda x: np.delete(x, 1, axis=1),
    "delete flat": lambda x: np.delete(x, [0, -1]),
    "delete slice": lambda x: np.delete(x, slice(0, 2), axis=1),
    "insert": lambda x: np.insert(x, 1, 9.0, axis=1),
    "insert flat": lambda x: np.insert(x, [1, 1, 4], x[0]),
    "insert rows": lambda x: np.insert(x, 1, x[1], axis=0),
    "resize": lambda x: np.resize(x, (3, 4)),
    "ravel in Fortran's order": lambda x: np.ravel(x, order="F"),
    "reshape in Fortran's order": lambda x: np.reshape(x, (-1, 2), order="F"),
    "bincount with weights": lambda x: np.bincount(np.arange(x.shape[-1]) % 2, x[0], 4),
    "piecewise": lambda x: np.piecewise(x, [MASK], [lambda v: 3 * v, 1.0]),
    "piecewise of two": lambda x: np.piecewise(x, [MASK, ~MASK], [lambda v: 3 * v, lambda v: -v]),
    "piecewise of a vector": lambda x: np.piecewise(x[0], MASK[0], [lambda v: 2 * v, 0]),
    "index by ix_": lambda x: x[np.ix_([1, 0], [0, 2])],
}
if np.lib.NumpyVersion(np.__version__) >= "2.3.0":  # before, the axis has to be given
    CALLS["take_along_axis of the last"] = lambda x: np.take_along_axis(x, np.array([[0], [1]]))


def parts(result) -> list:
    return [part for item in result for part in parts(item)] if isinstance(result, (list, tuple)) else [result]


@pytest.mark.parametrize("name", CALLS)
def test_value_is_numpys_and_the_gradient_is_the_transpose(name: str) -> None:
    call, rng = CALLS[name], np.random.default_rng(0)
    array, direction = rng.standard_normal((2, 3)), rng.standard_normal((2, 3))
    expected = parts(call(array))
    x = tg.tensor(array, requires_grad=True)
    result = parts(call(x))
    assert len(result) == len(expected)
    for one, two in zip(result, expected, strict=True):
        assert one.shape == np.shape(two)
        assert one.dtype == np.asarray(two).dtype
        np.testing.assert_array_equal(one.detach().numpy() if isinstance(one, tg.Tensor) else one, two)
    assert [type(part) for part in parts([call(x)])] == [tg.Tensor] * len(expected)

    # All are affine in x: <w, f(x + d) − f(x)> = <gradient, d>, and the gradient moves with w in the same way.
    weights = [tg.tensor(rng.standard_normal(part.shape), requires_grad=True) for part in result]
    pairs = [(part, w) for part, w in zip(result, weights, strict=True) if part.requires_grad]
    moved = [np.asarray(b) - np.asarray(a) for a, b in zip(expected, parts(call(array + direction)), strict=True)]
    (gradient,) = tg.autograd.grad([p for p, _ in pairs], x, [w for _, w in pairs], create_graph=True)
    slope = sum(float(np.sum(w.detach().numpy() * m)) for w, m in zip(weights, moved, strict=True))
    assert float(np.sum(gradient.detach().numpy() * direction)) == pytest.approx(slope, abs=1e-12)
    seconds = tg.autograd.grad((gradient * tg.tensor(direction)).sum(), [w for _, w in pairs])
    changes = [m for m, part in zip(moved, result, strict=True) if part.requires_grad]
    for second, change in zip(seconds, changes, strict=True):
        assert second.shape == change.shape
        np.testing.assert_allclose(second.detach().numpy(), change, atol=1e-12)


@pytest.mark.parametrize("call", [
    lambda x: np.argwhere(x > 0), lambda x: np.flatnonzero(x > 0), lambda x: np.searchsorted(np.arange(3.0), x),
    lambda x: np.digitize(x, np.array([0.0, 1.0])), lambda x: np.isin(x, [x[0, 0].item()]),
    lambda x: np.tril_indices_from(x), lambda x: np.nonzero(x > 0), lambda x: np.unique(x.reshape(-1) > 0),
])  # fmt: skip
def test_positions_are_numpys(call) -> None:
    array = np.random.default_rng(0).standard_normal((2, 3))
    for one, two in zip(parts(call(tg.tensor(array, requires_grad=True))), parts(call(array)), strict=True):
        np.testing.assert_array_equal(one.detach().numpy() if isinstance(one, tg.Tensor) else one, two)


def test_unique_returns_what_numpy_returns() -> None:
    array = np.array([3.0, 1.0, 3.0, 2.0])
    x = tg.tensor(array, requires_grad=True)
    for one, two in zip(np.unique(x, True, True, True), np.unique(array, True, True, True), strict=True):
        np.testing.assert_array_equal(tg.as_tensor(one).detach().numpy(), two)
    np.unique(x).sum().backward()
    assert x.grad.tolist() == [1.0, 1.0, 0.0, 1.0]
    rows = np.array([[1.0, 2.0], [1.0, 2.0]])
    np.testing.assert_array_equal(np.unique(tg.tensor(rows), axis=0).detach().numpy(), np.unique(rows, axis=0))


def test_joined_dtypes_are_numpys() -> None:
    single, whole = tg.ones(2), np.arange(2)
    assert np.concatenate([single, whole]).dtype == np.concatenate([single.numpy(), whole]).dtype == np.float64
    assert tg.cat([single, tg.arange(2)]).dtype == tg.float32  # PyTorch's spelling, PyTorch's dtype


def test_what_numpy_refuses_is_refused() -> None:
    x = tg.ones(2, 3, requires_grad=True)
    with pytest.raises(ShapeError, match="2 equal pieces do not divide axis 1 of size 3"):
        np.split(x, 2, axis=1)
    with pytest.raises(ShapeError, match="size other than 1"):
        np.squeeze(x, 0)
    with pytest.raises(ArgumentError, match="must not be negative"):
        np.pad(x, -1)
    with pytest.raises(NoRuleError, match=r"np\.pad.*mode"):
        np.pad(x, 1, mode=lambda *_: None)
    rows = np.arange(6.0).reshape(2, 3).T
    assert np.ravel(tg.from_numpy(rows).requires_grad_(), order="K").tolist() == np.ravel(rows, order="K").tolist()
    with pytest.raises(ArgumentError, match="conditions need as many functions"):
        np.piecewise(x, [MASK], [1, 2, 3])


# ---------------------------------------------------------------------- memory


@pytest.mark.parametrize("name", ["diagonal", "expand", "narrow", "permute", "select", "split", "split_with_sizes",
                                  "squeeze", "t", "transpose", "unbind", "unfold", "unsqueeze", "view",
                                  "as_strided"])  # fmt: skip
def test_a_copy_shares_no_memory_and_a_view_does(name: str) -> None:
    args = {
        "expand": (3, 2, 2), "narrow": (0, 0, 1), "permute": (1, 0), "select": (0, 1), "split": (1,), "view": (4,),
        "split_with_sizes": ([1, 1],), "transpose": (0, 1), "unfold": (0, 1, 1), "unsqueeze": (0,),
        "as_strided": ((2, 2), (2, 1)),
    }.get(name, ())  # fmt: skip
    x = tg.zeros(2, 2)
    for copy in parts(getattr(tg, f"{name}_copy")(x, *args)):
        assert not np.shares_memory(copy.detach().numpy(), x.detach().numpy())
    view = parts(getattr(x, name)(*args))[0]
    assert np.shares_memory(view.detach().numpy(), x.detach().numpy())


@pytest.mark.parametrize("call", [
    lambda x: x.flip(0), lambda x: x.repeat(1, 1), lambda x: x.tile(1), lambda x: x.repeat_interleave(1, 0),
    lambda x: x.roll(0), lambda x: x.rot90(0), lambda x: x.diag(), lambda x: x.tril(5), lambda x: tg.cat([x]),
    lambda x: x.gather(0, tg.zeros(2, 2, dtype=tg.int64)),
])  # fmt: skip
def test_what_pytorch_copies_is_a_copy(call) -> None:
    x = tg.zeros(2, 2)
    assert not np.shares_memory(call(x).detach().numpy(), x.detach().numpy())


@pytest.mark.parametrize("recorded", [False, True])
def test_a_write_through_as_strided_is_one_into_the_memory(recorded: bool) -> None:
    w = tg.tensor(3.0, requires_grad=recorded)
    x = tg.arange(6.0).reshape(2, 3) * w
    diagonal, corner = x.as_strided((2,), (4,)), x.T.as_strided((2, 2), (1, 3), 1)  # the second in another order
    diagonal.mul_(w)
    corner[0] += w
    assert x.tolist() == [[0, 6, 6], [9, 39, 15]] and diagonal.tolist() == [0, 39]
    assert corner.tolist() == [[6, 39], [6, 15]]
    with pytest.raises(ReadOnlyError):
        x.as_strided((2, 3), (1, 1)).zero_()
    with pytest.raises(ArgumentError, match="do not lie without gaps"):
        x[:, ::2].as_strided((2,), (1,))
    if recorded:
        x.sum().backward()
        assert w.grad is not None and w.grad.item() == 0 + 2 + 2 + 3 + (8 * 3 + 1) + 5
    flat = x.detach()[1:].as_strided((3,), (1,), 3)  # the offset is one of the whole memory
    assert flat.tolist() == x[1].tolist()


# What may be memory of its argument: the names that say view, and those that can give back what they got.
VIEWS = """FloatTensor adjoint alpha_dropout as_strided as_tensor asarray atleast_1d atleast_2d atleast_3d
    broadcast_tensors broadcast_to cartesian_prod chunk compile conj conj_physical detach diagonal dropout
    dropout1d dropout2d dropout3d dsplit einsum feature_alpha_dropout feature_dropout flatten from_dlpack hsplit
    matrix_transpose meshgrid moveaxis movedim permute ravel real reshape resolve_conj resolve_neg select slice
    split split_with_sizes squeeze swapaxes swapdims t tensor_split transpose unbind unflatten unsafe_chunk
    unsafe_split unsafe_split_with_sizes unsqueeze view_as_complex vsplit"""
WAYS: tuple[tuple[Any, ...], ...] = ((), (0,), (1,), (2,), (0, 1), (1, 0), ((0,),), ((0, 0),), ((1, 1),), ((2, 3),))


def results(function: Any, *args: Any) -> list[Any]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return [part for part in parts(function(*args)) if isinstance(part, tg.Tensor)]
    except (AutogradError, TypeError, ZeroDivisionError, StopIteration):  # no way to call it
        return []


@pytest.mark.parametrize("place", [tg, tg.nn.functional, tg.linalg], ids=["tg", "F", "linalg"])
def test_a_result_that_is_no_view_shares_no_memory(place) -> None:
    found = {name: f for name, f in vars(place).items() if callable(f) and not isinstance(f, type) and name[0] != "_"}
    # What writes in place gives the argument itself.
    found = {name: f for name, f in found.items() if name[-1] != "_" and "inplace" not in signature(f).parameters}
    seen = set()
    for shape in [(), (1,), (3,), (1, 1), (2, 2), (2, 3), (1, 1, 4), (1, 1, 2, 4), (1, 1, 2, 2, 2)]:
        x = tg.arange(1.0, 1.0 + math.prod(shape)).reshape(shape).clone()
        for name, args in itertools.product(sorted(set(found) - set(VIEWS.split())), WAYS):
            for part in results(found[name], x, *args):
                seen.add(name)
                told = f"{name} of {shape} with {args}"
                assert isinstance(part._value, np.ndarray), told
                assert not np.shares_memory(part._value, x._value), told
                assert part._value.flags.writeable or not part.numel(), told
    assert len(seen) > 15


def test_a_diagonal_can_be_written() -> None:
    x = tg.zeros(2, 2)
    x.diagonal().fill_(3)
    assert x.tolist() == [[3.0, 0.0], [0.0, 3.0]]


# ---------------------------------------------------------------------- arguments


def test_sizes_by_name_and_in_a_row() -> None:
    x = tg.arange(6).reshape(2, 3)
    assert x.permute(dims=(1, 0)).tolist() == x.permute(1, 0).tolist() == x.T.tolist()
    assert tg.permute(x, (1, 0)).tolist() == x.T.tolist()
    assert x.flip(dims=(0,)).tolist() == x.flip(0).tolist() == [[3, 4, 5], [0, 1, 2]]
    assert x.expand(size=(2, 2, 3)).shape == tg.broadcast_to(x, size=(2, 2, 3)).shape == (2, 2, 3)
    assert x.repeat(repeats=(1, 2)).shape == x.tile(dims=(1, 2)).shape == (2, 6)
    assert tg.reshape(x, shape=(6,)).shape == tg.zeros(size=(6,)).shape == tg.ones(size=6).shape == (6,)
    assert tg.arange(end=3).tolist() == tg.arange(3).tolist() == [0, 1, 2]
    assert tg.empty(size=(2,)).shape == (2,)


def test_axis_is_another_name_of_dim() -> None:
    x, i = tg.arange(6).reshape(2, 3), tg.tensor([[0, 1, 0]])
    for one, two in (
        (tg.chunk(x, 3, axis=1)[2], x[:, 2:]),
        (x.split(2, axis=1)[0], x[:, :2]),
        (tg.unbind(x, axis=-1)[1], x[:, 1]),
        (x.gather(axis=0, index=i), x.gather(0, i)),
        (tg.unsqueeze(x, axis=1).squeeze(axis=1), x),
        (tg.index_select(x, axis=1, index=tg.tensor([2])), x[:, [2]]),
        (x.unflatten(axis=1, sizes=(3, 1)), x[..., None]),
        (tg.unique(x, axis=1), x),
        (x.repeat_interleave(2, axis=1)[:, ::2], x),
    ):
        assert tg.equal(one, two)
    with pytest.raises(ArgumentError, match="dim=0 and axis=1 are two names of one argument"):
        tg.chunk(x, 2, dim=0, axis=1)


def test_new_tensors_take_the_dtype() -> None:
    x = tg.zeros(2, dtype=tg.float64)
    for made in (x.new_zeros(3), x.new_ones((3,)), x.new_empty(3), x.new_full((3,), 1), x.new_tensor([1, 2, 3])):
        assert made.dtype == tg.float64
        assert made.shape == (3,)
    assert x.new_zeros(2, dtype=tg.int64).dtype == tg.int64
    np.testing.assert_allclose(tg.logspace(0, 3, 4, base=2).detach().numpy(), [1, 2, 4, 8])
    np.testing.assert_allclose(tg.logspace(0, 1j, 2).detach().numpy(), [1, 10**1j], rtol=1e-6)


def test_to_takes_a_device_before_the_dtype() -> None:
    x = tg.ones(2)
    assert x.to("cpu", tg.float64).dtype == x.to(device="cpu", dtype=tg.float64).dtype == tg.float64
    assert x.to("cpu") is x
    assert x.to(tg.float32, False, True) is not x
    assert x.to("cpu", copy=True) is not x
    assert x.cdouble().dtype == tg.complex128
    with pytest.raises(AutogradError, match=r"not compiled with CUDA enabled: .*pip install"):
        x.to("cuda")
