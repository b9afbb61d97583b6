"""Rows of a table by their number, and bags of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..autograd.arrays import whole
from ..autograd.define import constant, linear
from ..autograd.elsewhere import copied, hosted, moved, zeros
from ..autograd.errors import ArgumentError, DtypeError, IndexRangeError, ShapeError, shape_text
from ..autograd.modes import no_grad, shaping, traced
from ..autograd.op import REQUIRED
from ..autograd.steps import recorded_as
from ..autograd.tensor import Tensor
from ..autograd.types import Array
from ..autograd.values import held, refuse_gradient, unrecorded
from ..autograd.writes import wrote
from ..autograd.writing import array_to_write
from .comparisons import eq
from .elementwise import div, in_dtype, mul, where
from .indexing import getitem, take_along_axis
from .passes import add_at
from .samples import below, hits, real, sample
from .searching import sorted_places
from .shape import reshape

__all__ = ["embedding", "embedding_bag"]

# ---------------------------------------------------------------------- reading rows, adding rows


def _add_rows(x: Any, index: Any, size: int) -> Any:
    width = x.shape[index.ndim :]
    result = zeros((size, *width), x.dtype, x)
    add_at(result, np.reshape(index, -1), np.reshape(x, (index.size, *width)))
    return result


def _row_weights(index: Any, padding_idx: int | None, by_frequency: bool) -> Any:
    factor = moved(np.ones(index.shape), index)
    if padding_idx is not None:
        factor = factor * (index != padding_idx)
    if by_frequency and index.size:
        factor = factor / np.bincount(np.reshape(index, -1).astype(np.intp))[index]
    return factor


row_weights: Any = constant(
    "row_weights", _row_weights, inputs="index", params={"padding_idx": None, "by_frequency": False},
    samples=(sample((5,), of=below(3), padding_idx=1), sample((2, 3), of=below(3), by_frequency=True)),
    reference=lambda index, padding_idx=None, by_frequency=False: (index != padding_idx) / (
        np.sum(index[..., None] == np.ravel(index), axis=-1) if by_frequency else 1),
    doc="What a row's gradient counts: 0 at the padding, and divided by how often the row was read.")


def _weights(g: Any, index: Any, padding_idx: int | None, by_frequency: bool) -> Any:
    """The gradient arriving, 0 at the padding's rows, and divided by how often each row was read."""
    factor = in_dtype(row_weights(index, padding_idx, by_frequency), g.dtype)
    return g * np.reshape(factor, (*index.shape, *(1,) * (g.ndim - index.ndim)))


def _rows(weight: Any, index: Any) -> Any:
    if index.size and index.min() < 0:  # a program does not look at them before
        raise IndexRangeError(f"embedding: {index.min()} is no number of a row")
    return weight[index]


_ROWS = (((4, 3), (5,)), ((4, 3), (2, 3)), ((4, 3), ()), ((4, 2), (0,)), ((4, 2, 3), (3,)))

take_rows = linear(
    "take_rows", lambda weight, index, padding_idx, by_frequency: _rows(weight, index),
    lambda g, index, weight_shape, padding_idx, by_frequency: add_rows(
        g if padding_idx is None and not by_frequency else _weights(g, index, padding_idx, by_frequency),
        index, weight_shape[0]),
    None,
    inputs="weight index", promotes="weight", params={"padding_idx": None, "by_frequency": False},
    formula="weight[index]",
    samples=tuple(sample(weight, index, of=(real, below(4)))
                  for weight, index in _ROWS),
    reference=lambda weight, index: np.tensordot(hits(index, len(weight)), weight, 1),
    hint="index holds integers below the number of rows",
    grad_fn="EmbeddingBackward0",
    doc="The rows of weight that index names.")

add_rows: Any = linear(
    "add_rows", _add_rows, lambda g, index: take_rows(g, index), None,
    inputs="x index", promotes="x", params={"size": REQUIRED}, wide=True,
    formula="Σ over repeats of x, at row index of zeros",
    samples=tuple(sample((*index, *weight[1:]), index, of=(real, below(4)), size=weight[0])
                  for weight, index in _ROWS),
    reference=lambda x, index, size: np.tensordot(
        hits(index, size), x, (tuple(range(index.ndim)), tuple(range(index.ndim)))),
    hint="x starts with the dimensions of index",
    doc="Rows of zeros with the rows of x added at index: the transpose of take_rows.")

# ---------------------------------------------------------------------- PyTorch's names


def checked(name: str, input: Any, weight: Any, padding_idx: int | None) -> tuple[Any, int | None]:
    """The indices as an array, and the padding's row counted from 0."""
    index = held(input)
    if weight.ndim != 2:
        raise ShapeError(f"{name}: weight is (rows, features), got {shape_text(tuple(weight.shape))}")
    if index.dtype.kind not in "ui":
        raise DtypeError(f"{name}: the input holds the numbers of rows, integers; got {index.dtype}")
    rows = weight.shape[0]
    if index.size and (index.min() < 0 or index.max() >= rows):
        raise IndexRangeError(
            f"{name}: indices run from {index.min()} to {index.max()}, weight {shape_text(tuple(weight.shape))} has "
            f"rows 0 to {rows - 1}"
        )
    if padding_idx is not None:
        padding_idx = whole(padding_idx, name, "padding_idx")
        if not -rows <= padding_idx < rows:
            raise ArgumentError(f"{name}: padding_idx {padding_idx} is outside the {rows} rows of weight")
        padding_idx %= rows
    return index, padding_idx


def _shortened(weight: Any, index: Any, max_norm: float, norm_type: float) -> tuple[Any, Any]:
    """The rows that are too long, by number, and each shortened to ``max_norm``."""
    rows = np.unique(index)
    wide = np.promote_types(weight.dtype, np.float32)  # the squares of float16 leave its range
    length = np.linalg.norm(weight[rows].astype(wide, copy=False), norm_type, axis=1)
    long = length > max_norm
    rows = rows[long]
    return rows, weight[rows] * (max_norm / (length[long] + 1e-7)).astype(wide)[:, None]


def _with_short_rows(weight: Any, index: Any, max_norm: float, norm_type: float) -> Any:
    result = copied(weight)
    rows, short = _shortened(weight, index, max_norm, norm_type)
    result[rows] = short
    return result


short_rows: Any = constant(
    "short_rows", _with_short_rows, inputs="weight index", params={"max_norm": REQUIRED, "norm_type": 2.0},
    samples=(sample((4, 3), (5,), of=(real, below(3)), max_norm=1.0),), wide=False,
    reference=lambda weight, index, max_norm, norm_type=2.0: np.where(
        (size := np.linalg.norm(weight, axis=1, keepdims=True)) > max_norm * np.where(
            hits(index, len(weight)).any(0), 1, np.inf)[:, None], weight * max_norm / (size + 1e-7), weight),
    doc="The weight with the rows that index names at most max_norm long.")


def shorten(weight: Any, index: Any, max_norm: float, norm_type: float) -> None:
    """Scale the rows that ``index`` names, and that are longer than ``max_norm``, to that length, in place."""
    if weight.dtype.kind != "f":
        raise DtypeError(f"embedding: max_norm scales rows of floats, got {weight.dtype}; write weight.float() first")
    refuse_gradient(max_norm, "embedding: max_norm")
    if traced():
        with no_grad():
            weight.copy_(short_rows(weight, index, float(max_norm), norm_type))
        return
    array = array_to_write(weight, "embedding, with max_norm,") if isinstance(weight, Tensor) else weight
    rows, short = _shortened(array, held(index), float(held(max_norm)), norm_type)
    if rows.size:
        wrote(array)
        array[rows] = short


def embedding(
    input: Array, weight: Array, padding_idx: int | None = None, max_norm: float | None = None, norm_type: float = 2.0,
    scale_grad_by_freq: bool = False, sparse: bool = False,
) -> Any:
    """The rows of ``weight`` (rows, features) that the integers ``input``, of any shape, name: (*input, features).

    The row ``padding_idx`` gets no gradient; ``scale_grad_by_freq`` divides each row's gradient by how often it was
    read. With ``max_norm`` the rows read are first scaled, in place, to at most that length (of order ``norm_type``).
    Gradients are dense, also with ``sparse``. Raises ``IndexRangeError`` for numbers outside the rows,
    ``DtypeError`` for an input that is not of integers, ``ShapeError`` for a weight that is no matrix.

    >>> import tinygrad_bp as tg
    >>> tg.nn.functional.embedding(tg.tensor([2, 0]), tg.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]))
    tensor([[5., 6.],
            [1., 2.]])
    """
    index, padding_idx = checked("embedding", input, weight, padding_idx)
    if max_norm is not None:
        shorten(weight, index, max_norm, norm_type)
    return take_rows(weight, index, padding_idx, scale_grad_by_freq)


def _bag_tops(x: Any, bag: Any, count: int) -> Any:
    top = zeros((count, x.shape[1]), np.int64, x)
    for i in np.unique(bag).tolist():
        mine = np.flatnonzero(bag == i)
        top[i] = mine[np.argmax(x[mine], axis=0)]
    return top


bag_tops: Any = constant(
    "bag_tops", _bag_tops, inputs="x bag", params={"count": REQUIRED},
    samples=(sample((4, 3), (4,), of=(real, lambda rng, shape: np.array([0, 1, 1, 2])), count=3),),
    reference=lambda x, bag, count: np.array([np.argmax(np.where(
        bag[:, None] == i, x, -np.inf), axis=0) for i in range(count)]),
    doc="For each bag and column, the row of the largest element among those of the bag.")


def _bags(index: Any, offsets: Any, include_last_offset: bool) -> tuple[Any, int]:
    """The bag of each index in row order, and how many bags there are; what is in none is in one more."""
    if index.ndim == 2:
        if offsets is not None:
            raise ArgumentError("embedding_bag: a matrix has one bag a row; leave offsets out, or give a vector")
        return np.repeat(np.arange(index.shape[0]), index.shape[1]), index.shape[0]
    if index.ndim != 1 or offsets is None:
        raise ShapeError(
            f"embedding_bag: the input is a matrix with one bag a row, or a vector with offsets; got "
            f"{shape_text(index.shape)} {'without' if offsets is None else 'with'} offsets"
        )
    starts = hosted(held(offsets))
    if starts.size and (starts[0] != 0 or np.any(np.diff(starts.astype(np.int64)) < 0) or starts[-1] > index.size):
        raise ArgumentError(
            f"embedding_bag: offsets start at 0 and grow to at most {index.size}, the length of the input; got "
            f"{starts.tolist()}"
        )
    if not starts.size:
        return np.zeros(index.size, np.int64), 0
    bag = sorted_places(unrecorded(offsets), np.arange(index.size), side="right") - 1
    return bag, starts.size - include_last_offset


@recorded_as("EmbeddingBagBackward0")
def embedding_bag(
    input: Array, weight: Array, offsets: Array | None = None, max_norm: float | None = None, norm_type: float = 2.0,
    scale_grad_by_freq: bool = False, mode: str = "mean", sparse: bool = False, per_sample_weights: Array | None = None,
    include_last_offset: bool = False, padding_idx: int | None = None,
) -> Any:
    """Sums, means or maxima of bags of rows of ``weight`` (rows, features): (bags, features).

    ``input`` is a matrix of integers, one bag a row, or a vector whose bags start at ``offsets`` (the last offset is
    the end with ``include_last_offset``). ``per_sample_weights``, of the input's shape, multiplies the rows of a
    ``"sum"``. Rows ``padding_idx`` are left out; an empty bag gives 0. The rest is as for ``embedding``.

    >>> import tinygrad_bp as tg
    >>> weight = tg.tensor([[1.0], [3.0], [8.0]])
    >>> tg.nn.functional.embedding_bag(tg.tensor([0, 1, 2]), weight, tg.tensor([0, 2])).tolist()
    [[2.0], [8.0]]
    """
    if weight.dtype.kind != "f":
        raise DtypeError(f"embedding_bag: needs rows of floats, got {weight.dtype}; write weight.float() first")
    if mode not in ("sum", "mean", "max"):
        raise ArgumentError(f'embedding_bag: mode is "sum", "mean" or "max"; got {mode!r}')
    if per_sample_weights is not None and mode != "sum":
        raise ArgumentError(f'embedding_bag: per_sample_weights belong to mode="sum", got mode={mode!r}')
    index, padding_idx = checked("embedding_bag", input, weight, padding_idx)
    bag, count = _bags(index, offsets, include_last_offset)
    if max_norm is not None:
        shorten(weight, index, max_norm, norm_type)
    flat, bags = reshape(unrecorded(input), (-1,)), count
    if padding_idx is not None:
        bag, bags = where(eq(flat, padding_idx), count, bag), count + 1
    weights = None
    if per_sample_weights is not None:
        if tuple(per_sample_weights.shape) != index.shape:
            raise ShapeError(
                f"embedding_bag: per_sample_weights {shape_text(tuple(per_sample_weights.shape))} must have the shape "
                f"of the input, {shape_text(index.shape)}"
            )
        weights = reshape(per_sample_weights, (-1, 1))
    if not count or (include_last_offset and offsets is not None):
        bags = count + 1
        if scale_grad_by_freq:  # what is in no bag counts for no row
            if isinstance(bag, Tensor):
                shaping(bag)
            mine = np.flatnonzero(bag < count)
            flat, bag = getitem(flat, mine), bag[mine]
            weights = weights if weights is None else getitem(weights, mine)
    rows = take_rows(weight, flat, None, scale_grad_by_freq)

    def of_bags(x: Any) -> Any:
        return x if bags == count else getitem(x, slice(count))

    members = of_bags(add_rows(moved(np.ones((len(flat), 1)), weight), bag, bags))
    if mode == "max":
        if not len(flat):
            return of_bags(add_rows(rows, bag, bags))
        return where(members > 0, take_along_axis(rows, of_bags(bag_tops(rows, bag, bags)), 0), 0.0)
    if weights is not None:
        rows = mul(rows, weights)
    total = of_bags(add_rows(rows, bag, bags))
    return total if mode == "sum" else div(total, np.maximum(members, 1).astype(weight.dtype))
