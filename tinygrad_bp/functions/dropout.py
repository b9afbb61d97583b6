"""The noise of training: elements or whole channels dropped, slopes drawn at random."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..autograd.device import near
from ..autograd.errors import ArgumentError, DtypeError, ShapeError, shape_text
from ..autograd.operands import in_floats
from ..autograd.types import Array
from ..autograd.values import detached, held, refuse_gradient
from ..ops.draws import draw, dropout_mask, random_slopes
from ..ops.elementwise import add, leaky_relu
from ..ops.network import drop
from ..ops.shape import broadcast_to
from ..random.generator import Generator, default_generator
from ..random.layout import order_of
from ..random.slices import draws

__all__ = ["rrelu"]


@draws
def dropout(input: Array, p: float = 0.5, training: bool = True, *, generator: Generator | None = None) -> Any:
    """Each element 0 with probability ``p``, else times 1 / (1 − p); ``input`` itself where not ``training`` or p is 0.

    ``input`` is of floating point dtype and any shape. The mask is drawn from ``generator`` (the default one where
    None) in the order of memory and equals PyTorch's for the same seed. Raises ``ArgumentError`` for ``p`` outside [0,
    1] and ``DtypeError`` for integers. Source: Srivastava et al., *Dropout*, JMLR 15, 2014.

    >>> import tinygrad_bp as tg
    >>> _ = tg.manual_seed(0)
    >>> tg.nn.functional.dropout(tg.ones(5), 0.5)
    tensor([0., 0., 2., 0., 0.])
    """
    value = _to_drop("dropout", input, p, training)
    if value is None:
        return input
    if p == 1 or not value.size:  # PyTorch draws no numbers here
        return drop(input, np.zeros_like(value))
    mask = dropout_mask(value.shape, p, generator or default_generator(), value.dtype, order_of(input))
    return drop(input, near(mask, input))


def _to_drop(name: str, x: Any, p: float, training: bool) -> Any:
    """The array to drop elements of; None where nothing is dropped."""
    refuse_gradient(p, f"{name}: p")
    if not 0 <= (p if p.__class__ is float else held(p)) <= 1:
        raise ArgumentError(f"{name}: p is the probability that an element becomes 0, from 0 to 1; got {p}")
    if not training or p == 0:
        return None
    value = held(x)
    if value.dtype.kind != "f":
        raise DtypeError(f"{name}: needs floating point numbers, got {value.dtype}; write x.float() first")
    return value


def _coins(shape: tuple[int, ...], p: float, generator: Generator | None, dtype: Any, order: Any = None) -> Any:
    """1 with probability 1 − p, else 0."""
    return draw("bernoulli", (math.prod(shape), 1 - p), shape, generator or default_generator(), dtype, order)


def _drop_channels(ndim: int, x: Any, p: float, training: bool, generator: Generator | None) -> Any:
    """Whole channels of (rows, channels, and ``ndim`` more) dropped; without rows they are the first dimension."""
    name = f"dropout{ndim}d"
    value = _to_drop(name, x, p, training)
    if x.ndim not in (ndim + 1, ndim + 2) and not (ndim == 2 and x.ndim == 2):
        raise ShapeError(
            f"{name}: the input is (rows, channels, and {ndim} more) or without rows; got {shape_text(tuple(x.shape))}"
        )
    if value is None or not value.size:
        return x
    # PyTorch takes three dimensions as rows, channels and one more in dropout2d alone.
    lead = value.shape[:2] if ndim == 2 or x.ndim == ndim + 2 else value.shape[:1]
    if p == 1:
        return drop(x, np.zeros_like(value))
    mask = dropout_mask(value.shape, p, generator or default_generator(), value.dtype, None, len(lead))
    return drop(x, near(mask, x))


@draws
def dropout1d(input: Array, p: float = 0.5, training: bool = True, *, generator: Generator | None = None) -> Any:
    """As ``dropout``, but whole channels: (rows, channels, length), the rows may be missing.

    >>> import tinygrad_bp as tg
    >>> tg.nn.functional.dropout1d(tg.ones(2, 3), 1.0)
    tensor([[0., 0., 0.],
            [0., 0., 0.]])
    """
    return _drop_channels(1, input, p, training, generator)


@draws
def dropout2d(input: Array, p: float = 0.5, training: bool = True, *, generator: Generator | None = None) -> Any:
    """As ``dropout``, but whole channels: (rows, channels, height, width), also (rows, channels, length).

    Source: Tompson et al., *Efficient Object Localization Using Convolutional Networks*, 2015 (arXiv 1411.4280).

    >>> import tinygrad_bp as tg
    >>> tg.nn.functional.dropout2d(tg.ones(1, 1, 1, 2), 1.0).tolist()
    [[[[0.0, 0.0]]]]
    """
    return _drop_channels(2, input, p, training, generator)


@draws
def dropout3d(input: Array, p: float = 0.5, training: bool = True, *, generator: Generator | None = None) -> Any:
    """As ``dropout``, but whole channels: (rows, channels, depth, height, width), the rows may be missing.

    >>> import tinygrad_bp as tg
    >>> tg.nn.functional.dropout3d(tg.ones(1, 1, 1, 1, 2), 1.0).tolist()
    [[[[[0.0, 0.0]]]]]
    """
    return _drop_channels(3, input, p, training, generator)


def _alpha(name: str, x: Any, p: float, training: bool, channels: bool, generator: Generator | None) -> Any:
    value = _to_drop(name, x, p, training)
    if value is None or not value.size:
        return x
    if p == 1:
        return drop(x, np.zeros_like(value))
    if channels:
        kept = broadcast_to(
            _coins((*value.shape[:2], *(1,) * (value.ndim - 2)), p, generator, value.dtype), value.shape
        )
    else:
        kept = _coins(value.shape, p, generator, value.dtype, order_of(x))
    kept = near(kept, x)
    least = 1.7580993408473766  # −(selu as x → −∞), equation 14 of the source: 1.0507… · 1.6733…
    a = 1.0 / math.sqrt((least * least * p + 1) * (1 - p))
    return add(drop(x, kept * value.dtype.type(a)), (kept - 1) * value.dtype.type(least * a) + least * a * p)


@draws
def alpha_dropout(input: Array, p: float = 0.5, training: bool = False, *, generator: Generator | None = None) -> Any:
    """Dropout that keeps mean 0 and variance 1 behind SELU: elements become its lowest value, and all are scaled.

    Arguments and errors are those of ``dropout``. Source: Klambauer et al., *Self-Normalizing Neural Networks*, 2017
    (arXiv 1706.02515).

    >>> import tinygrad_bp as tg
    >>> tg.nn.functional.alpha_dropout(tg.ones(2), 0.5, training=False)
    tensor([1., 1.])
    """
    return _alpha("alpha_dropout", input, p, training, False, generator)


@draws
def feature_alpha_dropout(
    input: Array, p: float = 0.5, training: bool = False, *, generator: Generator | None = None
) -> Any:
    """As ``alpha_dropout``, but whole channels of (rows, channels, ...).

    >>> import tinygrad_bp as tg
    >>> tg.nn.functional.feature_alpha_dropout(tg.ones(1, 1, 2), 0.5, training=False).tolist()
    [[[1.0, 1.0]]]
    """
    if input.ndim < 2:
        raise ShapeError(f"feature_alpha_dropout: x is (rows, channels, ...), got {shape_text(tuple(input.shape))}")
    return _alpha("feature_alpha_dropout", input, p, training, True, generator)


@in_floats("input")
@draws
def rrelu(
    input: Array,
    lower: float = 1 / 8,
    upper: float = 1 / 3,
    training: bool = False,
    *,
    generator: Generator | None = None,
) -> Any:
    """A leaky relu whose slope is drawn from [lower, upper) for each negative element; its mean where not ``training``.

    The numbers are PyTorch's for the same seed.
    Source: Xu et al., *Empirical Evaluation of Rectified Activations*, 2015.

    >>> import tinygrad_bp as tg
    >>> tg.nn.functional.rrelu(tg.tensor([-1.0, 2.0]), 0.1, 0.3)
    tensor([-0.2000,  2.0000])
    """
    if not lower <= upper:
        raise ArgumentError(f"rrelu: lower must not be above upper, got {lower} and {upper}")
    if not training:
        return leaky_relu(input, (lower + upper) / 2)
    return input * random_slopes(detached(input), lower, upper, generator or default_generator())
