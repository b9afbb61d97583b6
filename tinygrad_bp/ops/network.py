"""Ops of networks, each one piece for speed and for numbers that stay finite."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..autograd.errors import ArgumentError, DtypeError, TargetError
from ..autograd.op import constant, general
from ..autograd.tensor import Tensor
from .generator import Generator, default_generator
from .samples import below, boolean, fixed, real, sample

# ---------------------------------------------------------------------- the affine layer


LARGE = 1 << 15


def _product(a: Any, b: Any) -> Any:
    """``a @ b`` for a matrix b. np.dot is quicker to call, but clears its result first: a pass over a large one."""
    return np.matmul(a, b) if a.ndim == 2 and a.shape[0] * b.shape[1] >= LARGE else np.dot(a, b)


def _linear(x: Any, weight: Any, bias: Any) -> Any:
    y = _product(x, weight.T)
    y += bias
    return y


def _rows(x: Any) -> Any:
    """All leading dimensions as one."""
    return x if x.ndim == 2 else np.reshape(x, (-1, x.shape[-1]))


def sum_rows(g: Any) -> Any:
    """The sum over rows as a product with ones, which NumPy runs in half the time of a sum."""
    rows = _rows(g)
    return np.dot(ones_of(rows.shape[0], rows.dtype), rows)


_ONES: dict[tuple[int, Any], Any] = {}


def ones_of(size: int, dtype: Any) -> Any:
    """A vector of ones, made once and read-only."""
    ones = _ONES.get((size, dtype))
    if ones is None:
        if len(_ONES) >= 64:
            _ONES.clear()
        ones = _ONES[size, dtype] = np.ones(size, dtype)
        ones.flags.writeable = False
    return ones


linear = general("linear", _linear,
                 lambda g, weight: _product(g, weight),
                 lambda g, x: _product(_rows(x).T, _rows(g)).T,
                 lambda g: sum_rows(g),
                 inputs="x weight bias", formula="x weightᵀ + bias",
                 samples=(sample((5, 3), (4, 3), (4,)), sample((3,), (4, 3), (4,)), sample((2, 5, 3), (4, 3), (4,)),
                          sample((0, 3), (4, 3), (4,)), sample((5, 3), (1, 3), (1,))),
                 reference=lambda x, weight, bias: np.matmul(x, np.swapaxes(weight, 0, 1)) + bias,
                 hint="x is (..., in_features), weight (out_features, in_features), bias (out_features,)",
                 doc="Affine map of the last dimension: weight is (out, in), bias (out).")

# ---------------------------------------------------------------------- softmax


def _softmax(x: Any, axis: int) -> Any:
    e = np.exp(x - np.maximum.reduce(x, axis=axis, keepdims=True)) if x.size else x
    return e / np.add.reduce(e, axis=axis, keepdims=True)


_axes = tuple(sample(shape, axis=axis) for shape, axis in (((2, 3), -1), ((2, 3), 0), ((4,), 0), ((2, 3, 4), 1)))
_wide = sample((9,), of=fixed(1e30, -1e30, 1e-30, -1e-30, 0.0, 88.0, -88.0, 800.0, -800.0), smooth=False, axis=0)

softmax = general("softmax", _softmax,
                  lambda g, y, axis: y * (g - np.add.reduce(g * y, axis=axis, keepdims=True)),
                  params={"axis": -1}, floats=True, formula="eˣ / Σ eˣ", samples=(*_axes, _wide, sample((0, 3))),
                  reference=lambda x, axis=-1: np.exp(x - np.logaddexp.reduce(x, axis=axis, keepdims=True)),
                  doc="Exponentials that sum to 1 along a dimension; each row's own maximum is subtracted first.")


def _log_softmax(x: Any, axis: int) -> Any:
    z = x - np.maximum.reduce(x, axis=axis, keepdims=True) if x.size else x
    return z - np.log(np.add.reduce(np.exp(z), axis=axis, keepdims=True))


log_softmax = general("log_softmax", _log_softmax,
                      lambda g, y, axis: g - np.exp(y) * np.add.reduce(g, axis=axis, keepdims=True),
                      params={"axis": -1}, floats=True, formula="x − ln Σ eˣ",
                      samples=(*_axes, _wide, sample((0, 3))),
                      reference=lambda x, axis=-1: x - np.logaddexp.reduce(x, axis=axis, keepdims=True),
                      doc="log(softmax(x)) that stays finite for any finite scores.")

# ---------------------------------------------------------------------- labels as rows

one_hot_op = constant("one_hot", lambda x, num_classes: _one_hot(x, num_classes), params={"num_classes": -1},
                      samples=(sample((4,), of=below(3), num_classes=3), sample((2, 3), of=below(4), num_classes=5)),
                      reference=lambda x, num_classes: np.eye(num_classes, dtype=np.int64)[x],
                      doc="Integer labels as rows of 0 and 1 (int64), in a new last dimension.")


def _one_hot(x: Any, num_classes: int) -> Any:
    if x.dtype.kind not in "ui":
        raise TargetError(f"one_hot: labels are integers, got {x.dtype}")
    count = int(x.max()) + 1 if num_classes < 0 and x.size else num_classes
    if x.size and (x.min() < 0 or x.max() >= count):
        raise TargetError(f"one_hot: labels run from {x.min()} to {x.max()}, outside 0 to {count - 1}")
    return (x[..., None] == np.arange(count)).astype(np.int64)

# ---------------------------------------------------------------------- dropout

_dropout = general("dropout", lambda x, mask: x * mask, lambda g, mask: g * mask, None,
                   inputs="x mask", formula="x · mask",
                   samples=tuple(sample(shape, shape, of=(real, boolean)) for shape in ((2, 3), (4,), (), (0, 3))),
                   reference=lambda x, mask: np.multiply(x, mask), hint="x and mask need one shape",
                   doc="x times a mask of zeros and 1 / (1 − p).")


def dropout(x: Any, p: float = 0.5, training: bool = True, *, generator: Generator | None = None) -> Any:
    """Each element 0 with probability ``p``, else times 1 / (1 − p); ``x`` itself where not ``training`` or p is 0.

    ``x`` is of floating point dtype and any shape. The mask is drawn from ``generator`` (the default one where None)
    in row order and equals PyTorch's for the same seed. Raises ``ArgumentError`` for ``p`` outside [0, 1] and
    ``DtypeError`` for integers. Source: Srivastava et al., *Dropout*, JMLR 15, 2014.

    >>> import tinygrad_bp as tg
    >>> _ = tg.manual_seed(0)
    >>> tg.nn.functional.dropout(tg.ones(5), 0.5)
    tensor([0., 0., 2., 0., 0.])
    """
    if not 0 <= p <= 1:
        raise ArgumentError(f"dropout: p is the probability that an element becomes 0, from 0 to 1; got {p}")
    if not training or p == 0:
        return x
    value = x._value if isinstance(x, Tensor) else np.asarray(x)
    if value.dtype.kind != "f":
        raise DtypeError(f"dropout: needs floating point numbers, got {value.dtype}; write x.float() first")
    if p == 1 or not value.size:  # PyTorch draws no numbers here
        return _dropout(x, np.zeros_like(value))
    work = np.float64 if value.dtype == np.float64 else np.float32
    scale = value.dtype.type(work(1) / work(1 - p))
    kept = (generator or default_generator()).bernoulli(value.size, 1 - p)
    return _dropout(x, np.reshape(kept * scale, value.shape))
