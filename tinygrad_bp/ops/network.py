"""Ops of networks, each one piece for speed and for numbers that stay finite."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy import ndarray

from ..autograd.arrays import whole
from ..autograd.define import constant, general
from ..autograd.elsewhere import boxed, copied, moved, outermost
from ..autograd.errors import ShapeError, TargetError, shape_text
from ..autograd.operands import rounds_once
from ..autograd.types import Array, DTypeLike
from .elementwise import ONE, add, mul
from .passes import choose
from .products import matmul, product, rows_of
from .reduction import sum
from .samples import below, boolean, fixed, real, sample
from .shape import reshape, reshaped, transpose

__all__ = ["bilinear", "one_hot"]

# ---------------------------------------------------------------------- the affine layer


def _linear(x: Any, weight: Any, bias: Any) -> Any:
    y = product(x, weight.T)
    y += bias
    return y


def _weight_slope(g: Any, x: Any) -> Any:
    if x.ndim != 2:
        g, x = rows_of(g), rows_of(x)
    return product(x.T, g).T


def sum_rows(g: Array) -> Any:
    """The sum over rows as a product with ones, which NumPy runs in half the time of a sum."""
    rows = g if g.ndim == 2 else rows_of(g)
    if rows.__class__ is ndarray:
        ones = _ONES.get((len(rows), rows.dtype))
        if ones is not None:
            return ones.dot(rows)
    return np.dot(ones_of(rows.shape[0], rows.dtype, rows), rows)


_ONES: dict[tuple[int, Any], Any] = {}


def ones_of(size: int, dtype: DTypeLike, x: Any) -> Any:
    """A vector of ones to compute with beside ``x``: of NumPy's made once and read-only."""
    ones = _ONES.get((size, dtype))
    if ones is None:
        if len(_ONES) >= 64:
            _ONES.clear()
        ones = _ONES[size, dtype] = np.ones(size, dtype)
        ones.flags.writeable = False
    return moved(ones, x)


linear = general("linear", _linear,
                 lambda g, weight: product(g, weight),
                 _weight_slope,
                 sum_rows,
                 inputs="x weight bias", formula="x weightᵀ + bias",
                 samples=(sample((5, 3), (4, 3), (4,)), sample((3,), (4, 3), (4,)), sample((2, 5, 3), (4, 3), (4,)),
                          sample((0, 3), (4, 3), (4,)), sample((5, 3), (1, 3), (1,)),
                          sample((2, 1, 2, 3), (4, 3), (4,)), sample((2, 0, 3), (4, 3), (4,)),
                          sample((2, 2, 0), (4, 0), (4,))),
                 reference=lambda x, weight, bias: np.matmul(x, np.swapaxes(weight, 0, 1)) + bias,
                 hint="x is (..., in_features), weight (out_features, in_features), bias (out_features,)",
                 grad_fn=lambda shape: "AddmmBackward0" if len(shape) == 2 else "ViewBackward0",
                 doc="Affine map of the last dimension: weight is (out, in), bias (out).")


@rounds_once
def bilinear(input1: Array, input2: Array, weight: Array, bias: Array | None = None) -> Any:
    """``x1ᵀ weight x2 + bias``: (..., in1) and (..., in2) to (..., out), for weight (out, in1, in2), bias (out).

    Raises ``ShapeError`` where sizes do not fit.

    >>> import tinygrad_bp as tg
    >>> tg.nn.functional.bilinear(tg.ones(1, 2), tg.ones(1, 3), tg.ones(1, 2, 3))
    tensor([[6.]])
    """
    shapes = tuple(tuple(a.shape) for a in (input1, input2, weight))
    if len(shapes[2]) != 3 or shapes[0][:-1] != shapes[1][:-1] or (
        (shapes[0][-1:], shapes[1][-1:]) != (shapes[2][1:2], shapes[2][2:])
    ):
        raise ShapeError(
            f"bilinear: x1 is (..., in1), x2 (..., in2), weight (out, in1, in2); got {shape_text(shapes[0])}, "
            f"{shape_text(shapes[1])} and {shape_text(shapes[2])}"
        )
    left = reshape(input1, (math.prod(input1.shape[:-1]), input1.shape[-1]))
    inner = matmul(left, weight)  # (out, rows, in2)
    right = reshape(input2, (left.shape[0], input2.shape[-1]))
    y = sum(mul(inner, right), -1, dtype=inner.dtype)
    y = reshape(transpose(y, 0, 1), (*input1.shape[:-1], weight.shape[0]))
    return y if bias is None else add(y, bias)


# ---------------------------------------------------------------------- softmax


def many_short_rows(shape: tuple[int, ...], axis: int) -> bool:
    """Whether arrays of a shape are many short rows along ``axis``, which NumPy reduces a number at a time."""
    length = shape[-1] if shape and axis in (-1, len(shape) - 1) else 0
    return 0 < length <= SHORT and math.prod(shape) >= MANY_ROWS * length


def _short_rows(x: Any, axis: int) -> Any:
    """``x`` as a matrix where it is many short rows along ``axis``, else None."""
    return reshaped(x, (-1, x.shape[-1])) if many_short_rows(x.shape, axis) and x.dtype in ONE else None


_sum: Any = np.add.reduce  # (x, axis, dtype, out, keepdims): NumPy takes them faster without names
SHORT, MANY_ROWS = 64, 256


def _largest(x: Any, axis: int) -> Any:
    """The largest along an axis, which stays; of short rows with one number of each side by side."""
    rows = _short_rows(x, axis)
    if rows is None:
        return outermost(np.maximum, x, axis, True)
    return reshaped(outermost(np.maximum, copied(rows.T, "C"), 0), (*x.shape[:-1], 1))


def _total(x: Any, axis: int) -> Any:
    """The sum along an axis, which stays; of short rows a product with ones."""
    rows = _short_rows(x, axis)
    if rows is None:
        return _sum(x, axis, None, None, True)
    return reshaped(np.dot(rows, ones_of(rows.shape[1], rows.dtype, rows)), (*x.shape[:-1], 1))


def _below_top(x: Any, axis: int) -> Any:
    """``x`` minus the largest along an axis, as floats of its own memory."""
    if x.dtype.kind not in "fc":
        x = x.astype(np.float64)
    return boxed(x - _largest(x, axis)) if x.size else copied(x)


def _softmax(x: Any, axis: int) -> Any:
    e = _below_top(x, axis)
    np.exp(e, out=e)
    e /= _total(e, axis)
    return e


_axes = tuple(sample(shape, axis=axis) for shape, axis in (
    ((2, 3), -1), ((2, 3), 0), ((4,), 0), ((2, 3, 4), 1), ((MANY_ROWS, 9), -1)))
_wide = sample((9,), of=fixed(1e30, -1e30, 1e-30, -1e-30, 0.0, 88.0, -88.0, 800.0, -800.0), smooth=False, axis=0)

softmax = general("softmax", _softmax,
                  lambda g, y, axis: y * (g - np.add.reduce(g * y, axis=axis, keepdims=True)),
                  params={"axis": -1}, floats=True, formula="eˣ / Σ eˣ", samples=(*_axes, _wide, sample((0, 3))),
                  reference=lambda x, axis=-1: np.exp(x - np.logaddexp.reduce(x, axis=axis, keepdims=True)),
                  doc="Exponentials that sum to 1 along a dimension; each row's own maximum is subtracted first.")


def _masked_softmax(x: Any) -> Any:
    top = _largest(x, -1) if x.size else x
    e = boxed(x - choose(top == -np.inf, 0.0, top))
    np.exp(e, out=e)
    total = _total(e, -1)
    total += total == 0
    e /= total
    return e


masked_softmax = general("masked_softmax", _masked_softmax,
                         lambda g, y: y * (g - np.add.reduce(g * y, axis=-1, keepdims=True)),
                         floats=True, formula="eˣ / Σ eˣ if any x > −∞ else 0", grad_fn="SoftmaxBackward0",
                         samples=(sample((2, 3)), sample((2, 2, 4)), sample((4,)), sample((0, 3)), sample((2, 0)),
                                  sample((MANY_ROWS, 9)),
                                  sample((3, 3), smooth=False, of=fixed(
                                      -math.inf, -math.inf, -math.inf, 1.0, -math.inf, 800.0, -800.0, 0.0, 1e30))),
                         reference=lambda x: _masked_reference(x),
                         doc="The softmax of each row (the last dimension), and 0 where a mask leaves a row nothing.")


def _masked_reference(x: Any) -> Any:
    gone = np.all(np.isneginf(x), axis=-1, keepdims=True)
    z = np.where(gone, 0.0, x)
    return np.where(gone, 0.0, np.exp(z - np.logaddexp.reduce(z, axis=-1, keepdims=True)))


def _log_softmax(x: Any, axis: int) -> Any:
    z = _below_top(x, axis)
    z -= np.log(_total(np.exp(z), axis))
    return z


log_softmax = general("log_softmax", _log_softmax,
                      lambda g, y, axis: g - np.exp(y) * np.add.reduce(g, axis=axis, keepdims=True),
                      params={"axis": -1}, floats=True, formula="x − ln Σ eˣ",
                      samples=(*_axes, _wide, sample((0, 3))),
                      reference=lambda x, axis=-1: x - np.logaddexp.reduce(x, axis=axis, keepdims=True),
                      doc="log(softmax(x)) that stays finite for any finite scores.")

# ---------------------------------------------------------------------- labels as rows

one_hot = constant("one_hot", lambda x, num_classes: _one_hot(x, num_classes), params={"num_classes": -1},
                      samples=(sample((4,), of=below(3), num_classes=3), sample((2, 3), of=below(4), num_classes=5)),
                      reference=lambda x, num_classes: np.eye(num_classes, dtype=np.int64)[x],
                      doc="Integer labels as rows of 0 and 1 (int64), in a new last dimension.")


def _one_hot(x: Any, num_classes: int) -> Any:
    if x.dtype.kind not in "ui":
        raise TargetError(f"one_hot: labels are integers, got {x.dtype}")
    num_classes = whole(num_classes, "one_hot", "num_classes")
    count = int(x.max()) + 1 if num_classes < 0 and x.size else num_classes
    if x.size and (x.min() < 0 or x.max() >= count):
        raise TargetError(f"one_hot: labels run from {x.min()} to {x.max()}, outside 0 to {count - 1}")
    return (x[..., None] == moved(np.arange(count), x)).astype(np.int64)

# ---------------------------------------------------------------------- dropout

drop = general("dropout", lambda x, mask: x * mask, lambda g, mask: g * mask, None,
               inputs="x mask", formula="x · mask",
               samples=tuple(sample(shape, shape, of=(real, boolean)) for shape in ((2, 3), (4,), (), (0, 3))),
               reference=lambda x, mask: np.multiply(x, mask), hint="x and mask need one shape",
               grad_fn="MulBackward0",
               doc="x times a mask of zeros and 1 / (1 − p).")
