"""Covariance, correlation, histograms, and rows brought to a largest norm."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..autograd.arrays import whole
from ..autograd.define import constant
from ..autograd.dtypes import counted
from ..autograd.errors import ArgumentError, DtypeError, ShapeError, shape_text
from ..autograd.modes import shaping
from ..autograd.operands import in_floats, of_reals, rounds_once
from ..autograd.tensor import Tensor
from ..autograd.types import Array
from ..autograd.values import detached, value_of
from .complex_numbers import conj, real
from .elementwise import where
from .limits import clip
from .products import matmul
from .reduction import amax, mean, sum
from .samples import below, sample
from .shape import dim_of, reshape, takes_axis

__all__ = ["bincount", "corrcoef", "cov", "histc", "renorm"]


def _transposed(x: Any) -> Any:
    return np.transpose(x)


@rounds_once
@in_floats("aweights")
def cov(input: Array, *, correction: float = 1, fweights: Any = None, aweights: Any = None) -> Any:
    """The covariance matrix of variables (one a row) over observations (one a column), divided by n − correction.

    ``fweights`` (integers) say how often each observation counts, ``aweights`` how much. Of one variable (also a
    1-d input) the result is 0-d. Raises ``ShapeError`` for more than 2 dimensions or weights of another length.

    >>> import tinygrad_bp as tg
    >>> tg.cov(tg.tensor([[0.0, 1.0, 2.0], [2.0, 1.0, 0.0]]))
    tensor([[ 1., -1.],
            [-1.,  1.]])
    """
    if input.ndim > 2:
        raise ShapeError(f"cov: the input is (variables, observations) or 1-d, got {shape_text(input.shape)}")
    x = reshape(input, 1, -1) if input.ndim < 2 else input
    count = x.shape[1]
    for name, given in {"fweights": fweights, "aweights": aweights}.items():
        if given is not None and tuple(given.shape) != (count,):
            raise ShapeError(f"cov: {count} observations, {name} of shape {shape_text(given.shape)}; give one each")
    if fweights is not None and fweights.dtype.kind not in "bui":
        raise DtypeError(f"cov: fweights are integers, got {fweights.dtype}; use aweights")
    weights = aweights if fweights is None else fweights if aweights is None else fweights * aweights
    if weights is None:
        centred = x - mean(x, 1, True)
        norm: Any = count - correction
        product = matmul(centred, conj(_transposed(centred)))
    else:
        total = sum(weights)
        centred = x - sum(x * weights, 1, True) / total
        if aweights is None or not correction:
            norm = total - correction
        else:
            norm = total - correction * sum(weights * aweights) / total
        product = matmul(centred, conj(_transposed(centred * weights)))
    if isinstance(norm, (int, float)):
        norm = max(norm, 0)
    else:
        norm = clip(norm, 0)
    return reshape(product / norm, ()) if x.shape[0] == 1 else product / norm


@rounds_once
def corrcoef(input: Array) -> Any:
    """The correlation matrix of variables (one a row) over observations (one a column).

    Of one variable (also a 1-d input) the result is 0-d.

    >>> import tinygrad_bp as tg
    >>> tg.corrcoef(tg.tensor([[0.0, 1.0, 2.0], [2.0, 1.0, 0.0]]))
    tensor([[ 1., -1.],
            [-1.,  1.]])
    """
    c = cov(input)
    if not c.ndim:
        return c / c
    spread = np.sqrt(real(c[np.arange(len(c)), np.arange(len(c))]))
    return c / reshape(spread, -1, 1) / reshape(spread, 1, -1)


@rounds_once
@in_floats("input")
@takes_axis
def renorm(input: Array, p: float, dim: int, maxnorm: float) -> Any:
    """Each slice along ``dim`` whose ``p``-norm is above ``maxnorm`` scaled down to it.

    >>> import tinygrad_bp as tg
    >>> tg.renorm(tg.tensor([[3.0, 4.0], [0.3, 0.4]]), 2, 0, 1.0)
    tensor([[0.6000, 0.8000],
            [0.3000, 0.4000]])
    """
    if input.ndim < 2:
        raise ShapeError(f"renorm: needs at least 2 dimensions, got {shape_text(input.shape)}")
    if p <= 0 or maxnorm < 0:
        raise ArgumentError(f"renorm: p must be positive and maxnorm not negative, got {p} and {maxnorm}")
    place = dim_of(dim, input.ndim, "renorm")
    axes = tuple(i for i in range(input.ndim) if i != place)

    def norms(x: Any) -> Any:
        sizes = np.absolute(x)
        return amax(sizes, axes, True) if math.isinf(p) else sum(sizes**p, axes, True) ** (1.0 / p)

    # Slices that stay as they are, of zeros or with NaN too, take no part: their norms may have no slope.
    over = norms(detached(input)) > maxnorm
    # The 1e-7 is PyTorch's.
    return input * where(over, maxnorm / (norms(where(over, input, 1.0)) + 1e-7), 1.0)


def _bincount(x: Any, minlength: int) -> Any:
    return counted(np.bincount(x.astype(np.intp), minlength=minlength))


_bincount_op = constant("bincount", _bincount, params={"minlength": 0}, samples=(sample((7,), of=below(5)),),
                        doc="How often each integer from 0 occurs.", reference=lambda x, minlength=0: np.array(
                            [np.sum(x == i) for i in range(max(np.max(x) + 1, minlength))]))


def bincount(input: Array, weights: Any = None, minlength: int = 0) -> Any:
    """How often each integer from 0 occurs, or the sum of its ``weights``; at least ``minlength`` numbers.

    The gradient passes to the weights, of which integers count as float64. Raises ``DtypeError`` for floats and
    ``ArgumentError`` for negative integers and a negative ``minlength``.

    >>> import tinygrad_bp as tg
    >>> tg.bincount(tg.tensor([0, 2, 2]))
    tensor([1, 0, 2])
    """
    if isinstance(input, Tensor):
        shaping(input)
    raw = value_of(input)
    if raw.dtype.kind not in "bui" or raw.ndim != 1:
        raise DtypeError(f"bincount: needs a 1-d tensor of integers, got {shape_text(raw.shape)} {raw.dtype}")
    if raw.size and raw.min() < 0:
        raise ArgumentError(f"bincount: integers must not be negative, the smallest is {raw.min()}")
    if (minlength := whole(minlength, "bincount", "minlength")) < 0:
        raise ArgumentError(f"bincount: minlength must not be negative, got {minlength}")
    if weights is None:
        return _bincount_op(input, minlength)
    from .indexing import place
    from .operators import to

    if tuple(np.shape(weights)) != raw.shape:
        raise ShapeError(
            f"bincount: weights {shape_text(np.shape(weights))} must have the shape of input, {shape_text(raw.shape)}"
        )
    size = max(int(raw.max()) + 1 if raw.size else 0, minlength)
    if weights.dtype.kind in "bui":
        weights = to(weights, np.float64)
    return place(weights, (size,), (raw.astype(np.int64),))


def _histc(x: Any, bins: int, min: Any, max: Any) -> Any:
    if min == max and x.size:
        min, max = x.min(), x.max()
        if min == max:
            min, max = min - 1, max + 1
    return np.histogram(x, bins=bins, range=(min, max))[0].astype(x.dtype)


histc = constant("histc", of_reals("histc", _histc), params={"bins": 100, "min": 0.0, "max": 0.0},
                 samples=(sample((20,), bins=4, min=-1, max=1), sample((4, 5), bins=3)), hint="",
                 doc="How many elements lie in each of ``bins`` equal parts of [min, max] (of all, where both are 0).",
                 reference=lambda x, bins=100, min=0.0, max=0.0: np.histogram(
                     x, bins, (min, max) if min != max else None)[0])
