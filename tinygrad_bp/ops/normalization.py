"""Batch and layer normalization, one piece each, of few passes.

Sources: Ioffe and Szegedy, *Batch Normalization*, 2015 (arXiv 1502.03167); Ba, Kiros and Hinton, *Layer
Normalization*, 2016 (arXiv 1607.06450).
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

import numpy as np

from ..autograd.define import constant, general
from ..autograd.elsewhere import empty, moved
from ..autograd.errors import ArgumentError, DtypeError, ShapeError, shape_text
from ..autograd.flags import refuse_unseen
from ..autograd.modes import no_grad, traced
from ..autograd.tensor import wrap
from ..autograd.types import Array, Size
from ..autograd.values import held
from ..autograd.writes import wrote
from .elementwise import add, cast, mul
from .network import ones_of, sum_rows
from .samples import fixed, positive, real, sample
from .shape import reshape, reshaped

__all__ = ["batch_norm", "layer_norm"]

P = ParamSpec("P")
R = TypeVar("R")

# ---------------------------------------------------------------------- one value per channel


def _per_channel(v: Any, ndim: int) -> Any:
    """(channels,) so that it broadcasts against (rows, channels, ...)."""
    return v if ndim == 2 else np.reshape(v, (-1,) + (1,) * (ndim - 2))


def _channel_sum(x: Any) -> Any:
    return sum_rows(x) if x.ndim == 2 else np.add.reduce(x, axis=(0, *range(2, x.ndim)))


def _count(x: Any) -> int:
    """How many elements a channel has."""
    return int(math.prod(x.shape) // x.shape[1])


def _centred(x: Any) -> Any:
    return x - _per_channel(_channel_sum(x) / _count(x), x.ndim)


def _in_range(function: Callable[..., Any], *arrays: Any) -> tuple[Any, ...]:
    """What a function gives on arrays; where a square leaves the dtype's range, in float64, rounded."""
    try:
        refuse_unseen(*arrays)
        with np.errstate(over="raise"):
            found: tuple[Any, ...] = function(*arrays)
            return found
    except FloatingPointError:
        found = function(*(array.astype(np.float64) for array in arrays))
        return tuple(part.astype(arrays[0].dtype) for part in found)


def _batch_norm(x: Any, weight: Any, bias: Any, eps: float, moments: Any) -> Any:
    return _in_range(lambda x, weight, bias: _normalized(x, weight, bias, eps, moments), x, weight, bias)


def _normalized(x: Any, weight: Any, bias: Any, eps: float, moments: Any) -> Any:
    mean = _channel_sum(x) / _count(x)
    d = x - _per_channel(mean, x.ndim)
    var = _channel_sum(d * d) / _count(x)
    r = 1 / np.sqrt(var + eps)
    if moments is not None:
        moments[0], moments[1] = mean, var
    y = d * _per_channel(r * weight, x.ndim)
    y += _per_channel(bias, x.ndim)
    return y, d, r


def _moments(x: Any) -> Any:
    mean = _channel_sum(x) / _count(x)
    d = x - _per_channel(mean, x.ndim)
    return (np.stack([mean, _channel_sum(d * d) / _count(x)]),)


_moments_op = constant(
    "batch_moments", lambda x: _in_range(_moments, x)[0],
    samples=(sample((5, 3)), sample((4, 3, 2))), wide=True, promotes="x",
    reference=lambda x: np.stack([f(x, axis=(0, *range(2, x.ndim))) for f in (np.mean, np.var)]),
    doc="Mean and variance (divided by n) of each channel, (2, channels).")


def _instance_moments(x: Any) -> Any:
    axes = tuple(range(2, x.ndim))
    return np.stack([np.mean(np.mean(x, axis=axes), axis=0), np.mean(np.var(x, axis=axes, ddof=1), axis=0)])


instance_moments = constant(
    "instance_moments", _instance_moments, samples=(sample((4, 3, 2)), sample((2, 3, 4, 2))), wide=True, promotes="x",
    reference=lambda x: np.mean([f(x.reshape(*x.shape[:2], -1), axis=2) for f in (np.mean, lambda x, axis: np.sum(
        (x - x.mean(axis, keepdims=True)) ** 2, axis) / (x.shape[axis] - 1))], axis=1),
    doc="Mean and variance (divided by n − 1) of each channel of a row, averaged over the rows, (2, channels).")


def _batch_norm_slope(g: Any, x: Any, weight: Any, d: Any, r: Any, eps: float) -> Any:
    n, ndim = _count(x), x.ndim
    along = _channel_sum(g * d) * r / n * r
    g = g - d * _per_channel(along, ndim) - _per_channel(_channel_sum(g) / n, ndim)
    return g * _per_channel(r * weight, ndim)


_shapes = ((5, 3), (3,), (3,)), ((4, 3, 2), (3,), (3,)), ((2, 1), (1,), (1,))
_wide = fixed(1e30, -1e30, 1e-30, -1e-30, 0.0, 88.0, -88.0, 800.0, -800.0)

_batch_norm_op = general(
    "batch_norm", _batch_norm, _batch_norm_slope,
    lambda g, d, r: _channel_sum(g * d) * r,
    lambda g: _channel_sum(g),
    inputs="x weight bias", params={"eps": 1e-5, "moments": None}, grad_grad_fn="NativeBatchNormBackwardBackward0",
    residuals={"d": lambda x: _centred(x),
               "r": lambda x, eps: 1 / np.sqrt(_channel_sum(_centred(x) ** 2) / _count(x) + eps)},
    formula="(x − mean x) / √(var x + eps) · weight + bias",
    samples=(*(sample(*shapes) for shapes in _shapes), sample((5, 3), (3,), (3,), eps=0.5),
             sample((3, 3), (3,), (3,), of=(_wide, real, real), smooth=False)),
    reference=lambda x, weight, bias, eps=1e-5: _batch_norm_reference(x, weight, bias, eps),
    hint="x is (rows, channels) or (rows, channels, length), weight and bias (channels,)",
    grad_fn="NativeBatchNormBackward0",
    doc="Each channel with its batch's mean 0 and variance 1, times weight, plus bias. ``moments`` (2, channels) "
        "receives mean and variance.")


def _batch_norm_reference(x: Any, weight: Any, bias: Any, eps: float) -> Any:
    axes, each = (0, *range(2, x.ndim)), (1, -1) + (1,) * (x.ndim - 2)
    mean, var = np.mean(x, axis=axes, keepdims=True), np.var(x, axis=axes, keepdims=True)
    return (x - mean) / np.sqrt(var + eps) * np.reshape(weight, each) + np.reshape(bias, each)


def _fixed_batch_norm(x: Any, weight: Any, bias: Any, mean: Any, var: Any, eps: float) -> Any:
    y = x - _per_channel(mean, x.ndim)
    y *= _per_channel(weight / np.sqrt(var + eps), x.ndim)
    y += _per_channel(bias, x.ndim)
    return y


_fixed_batch_norm_op = general(
    "fixed_batch_norm", _fixed_batch_norm,
    lambda g, weight, var, eps: g * _per_channel(weight / np.sqrt(var + eps), g.ndim),
    lambda g, x, mean, var, eps: _channel_sum(g * (x - _per_channel(mean, x.ndim))) / np.sqrt(var + eps),
    lambda g: _channel_sum(g),
    lambda g, weight, var, eps: -_channel_sum(g) * weight / np.sqrt(var + eps),
    lambda g, x, weight, mean, var, eps:
        _channel_sum(g * (x - _per_channel(mean, x.ndim))) / np.sqrt(var + eps) * (-0.5 * weight) / (var + eps),
    inputs="x weight bias mean var", params={"eps": 1e-5},
    formula="(x − mean) / √(var + eps) · weight + bias",
    samples=tuple(sample(*shapes, shapes[1], shapes[1], of=(real, real, real, real, positive)) for shapes in _shapes),
    reference=lambda x, weight, bias, mean, var, eps=1e-5: np.moveaxis(
        (np.moveaxis(x, 1, -1) - mean) / np.sqrt(var + eps) * weight + bias, -1, 1),
    hint="x is (rows, channels) or (rows, channels, length), all others (channels,)",
    grad_fn="NativeBatchNormBackward0", grad_grad_fn="NativeBatchNormBackwardBackward0",
    doc="Batch normalization by a given mean and variance, as in evaluation.")


def as_wide_as_input(function: Callable[P, R]) -> Callable[P, R]:
    """A normalization whose result has its input's dtype, also where weights or statistics are wider."""

    @functools.wraps(function)
    def normalized(*args: P.args, **kwargs: P.kwargs) -> R:
        y: Any = function(*args, **kwargs)
        x: Any = args[0] if args else kwargs["input"]
        return y if y.dtype == x.dtype else cast(y, x.dtype)  # type: ignore[no-any-return]

    return normalized


@as_wide_as_input
def batch_norm(
    input: Array, running_mean: Array | None = None, running_var: Array | None = None, weight: Array | None = None,
    bias: Array | None = None, training: bool = False, momentum: float = 0.1, eps: float = 1e-5,
) -> Any:  # fmt: skip
    """``(x − mean) / √(var + eps) · weight + bias`` for each channel of ``input``.

    ``input`` is (rows, channels, ...); without elements it passes and the statistics stay as they are.
    With ``training`` mean and variance are the batch's (divided by n), and the running ones move in place:
    ``running = (1 − momentum) · running + momentum · batch``, with the variance divided by n − 1. Without, they are
    the running ones. All others are (channels,); a weight or bias of None is 1 or 0.
    Raises ``ShapeError`` for other shapes and for one value per channel in training (its variance is 0), and
    ``ArgumentError`` in evaluation without running statistics. Source: Ioffe and Szegedy 2015, algorithm 1.

    >>> import tinygrad_bp as tg
    >>> tg.nn.functional.batch_norm(tg.tensor([[1.0], [5.0]]), training=True).tolist()
    [[-0.9999988079071045], [0.9999988079071045]]
    """
    value = floating("batch_norm", input)
    if not value.size and value.ndim:  # PyTorch lets the statistics be then
        return scaled(input, weight, bias)
    if value.ndim < 2:
        raise ShapeError(f"batch_norm: x is (rows, channels) or more dimensions, got {shape_text(value.shape)}")
    channels = value.shape[1]
    weight, bias = _affine(weight, bias, (channels,), value.dtype, value)
    given = {"weight": weight, "bias": bias, "running_mean": running_mean, "running_var": running_var}
    for name, part in given.items():
        if part is not None and tuple(part.shape) != (channels,):
            raise ShapeError(
                f"batch_norm: x {shape_text(value.shape)} has {channels} channels (dimension 1), {name} is "
                f"{shape_text(tuple(part.shape))}; it must be {shape_text((channels,))}"
            )
    if not training:
        if running_mean is None or running_var is None:
            raise ArgumentError("batch_norm: evaluation needs running_mean and running_var; give both or training=True")
        return _fixed_batch_norm_op(input, weight, bias, running_mean, running_var, eps)
    n = value.size // channels if channels else 0
    if n < 2:
        raise ShapeError(
            f"batch_norm: expected more than 1 value per channel when training, got x {shape_text(value.shape)}; give "
            "larger batches (drop_last=True in the DataLoader), or call eval() first"
        )
    if value.dtype == np.float16:  # the op writes the moments in float32, and so does not round once by itself
        input, weight, bias = (cast(part, np.float32) for part in (input, weight, bias))
        value = held(input)
    if traced():  # what a program does is seen in results of ops alone
        y, moments = _batch_norm_op(input, weight, bias, eps), _moments_op(input)
    else:
        moments = empty((2, channels), np.promote_types(value.dtype, np.float32), value)
        y = _batch_norm_op(input, weight, bias, eps, moments)
    for running, batch in ((running_mean, moments[0]), (running_var, moments[1] * (n / (n - 1)))):
        if running is not None:
            move_average(running, batch, momentum)
    return y


def move_average(running: Array, batch: Array, momentum: float) -> None:
    """``running = (1 − momentum) · running + momentum · batch``, in place."""
    if traced():
        with no_grad():
            running *= 1 - momentum
            running += momentum * batch
        return
    array = held(running)
    wrote(array)
    array *= 1 - momentum
    array += momentum * held(batch)


def floating(name: str, x: Any) -> Any:
    """The array of ``x``, which must hold floats."""
    value = held(x)
    if value.dtype.kind != "f":
        raise DtypeError(f"{name}: needs floating point numbers, got {value.dtype}; write x.float() first")
    return value


def _affine(weight: Any, bias: Any, shape: tuple[int, ...], dtype: Any, x: Any) -> tuple[Any, Any]:
    """Weight and bias, ones and zeros where they are None."""
    if weight is None:
        weight = wrap(np.reshape(ones_of(math.prod(shape), dtype, x), shape), None)
    return weight, wrap(moved(np.zeros(shape, dtype), x), None) if bias is None else bias


def scaled(y: Any, weight: Any, bias: Any) -> Any:
    """``y`` (rows, channels, ...) times weight plus bias, each one number a channel or None."""
    each = (-1, *(1,) * (y.ndim - 2))
    y = y if weight is None else mul(y, reshape(weight, each))
    return y if bias is None else add(y, reshape(bias, each))


# ---------------------------------------------------------------------- one row at a time


def _row_mean(x: Any) -> Any:
    """The mean of each row of a matrix, as a column; a product with ones is NumPy's quickest sum."""
    return reshaped(np.dot(x, ones_of(x.shape[1], x.dtype, x)) * (1 / x.shape[1]), (-1, 1))


def _as_rows(x: Any, weight: Any) -> Any:
    return reshaped(x, (-1, math.prod(weight.shape)))


def _layer_norm(x: Any, weight: Any, bias: Any, eps: float) -> Any:
    if weight.shape != bias.shape or x.shape[x.ndim - weight.ndim :] != weight.shape:
        raise ValueError("the last dimensions of x must be those of weight and bias")
    return _in_range(lambda x, weight, bias: _normalized_rows(x, weight, bias, eps), x, weight, bias)


def _normalized_rows(x: Any, weight: Any, bias: Any, eps: float) -> Any:
    h, r = _standard_rows(_as_rows(x, weight), eps)
    y = h * reshaped(weight, (-1,))
    y += reshaped(bias, (-1,))
    return reshaped(y, x.shape), h, r


def _standard_rows(rows: Any, eps: float) -> tuple[Any, Any]:
    """Each row with mean 0 and variance 1, and what it was multiplied by."""
    h = rows - _row_mean(rows)
    r = 1 / np.sqrt(_row_mean(h * h) + eps)
    h *= r
    return h, r


def _deviation(x: Any, weight: Any) -> Any:
    rows = _as_rows(x, weight)
    return rows - _row_mean(rows)


def _inverse_spread(x: Any, weight: Any, eps: float) -> Any:
    return 1 / np.sqrt(_row_mean(_deviation(x, weight) ** 2) + eps)


def _pulled(a: Any, h: Any, r: Any) -> Any:
    along = np.einsum("ij,ij->i", a, h)[:, None]
    y = h * (along * (-1 / a.shape[1]))
    y += a
    y -= _row_mean(a)
    y *= r
    return y


norm_pull: Any = general(
    "norm_pull", _pulled, lambda g, h, r: norm_pull(g, h, r),
    lambda g, a, h, r: -r * (g * _row_mean(a * h) + a * _row_mean(g * h)),
    lambda g, a, h: np.add.reduce(g * (a - h * _row_mean(a * h) - _row_mean(a)), axis=1, keepdims=True),
    inputs="a h r", formula="(a − h · mean(a h) − mean a) · r",
    samples=(sample((5, 3), (5, 3), (5, 1)), sample((0, 3), (0, 3), (0, 1))),
    reference=lambda a, h, r: (
        a - h * np.mean(a * h, axis=1, keepdims=True) - np.mean(a, axis=1, keepdims=True)) * r,
    doc="What pulls at rows that were brought to mean 0 and variance 1: they became h, 1 / r was their spread.")


standard_rows = general(
    "standard_rows", lambda x, eps: _in_range(lambda x: _standard_rows(x, eps), x),
    lambda g, x, y, r, eps: norm_pull(g, y, r), params={"eps": 1e-5}, floats=True,
    residuals={"r": lambda x, eps: 1 / np.sqrt(_row_mean((x - _row_mean(x)) ** 2) + eps)},
    formula="(x − mean x) / √(var x + eps)", samples=(sample((5, 3)), sample((2, 4), eps=0.5), sample((0, 3))),
    reference=lambda x, eps=1e-5: (x - np.mean(x, axis=1, keepdims=True)) / np.sqrt(
        np.var(x, axis=1, keepdims=True) + eps),
    hint="x is (rows, size)", doc="Each row of a matrix with mean 0 and variance 1.")


def _layer_norm_slope(g: Any, x: Any, weight: Any, h: Any, r: Any, eps: float) -> Any:
    return reshaped(norm_pull(_as_rows(g, weight) * reshaped(weight, (-1,)), h, r), x.shape)


_layer_norm_op = general(
    "layer_norm", _layer_norm, _layer_norm_slope,
    lambda g, h, weight_shape: reshaped(sum_rows(reshaped(g, h.shape) * h), weight_shape),
    lambda g, bias_shape: reshaped(sum_rows(reshaped(g, (-1, math.prod(bias_shape)))), bias_shape),
    inputs="x weight bias", params={"eps": 1e-5}, grad_grad_fn="NativeLayerNormBackwardBackward0",
    residuals={"h": lambda x, weight, eps: _deviation(x, weight) * _inverse_spread(x, weight, eps),
               "r": lambda x, weight, eps: _inverse_spread(x, weight, eps)},
    formula="(x − mean x) / √(var x + eps) · weight + bias",
    samples=(sample((5, 3), (3,), (3,)), sample((4,), (4,), (4,)), sample((2, 4, 3), (3,), (3,)),
             sample((2, 4, 3), (4, 3), (4, 3), eps=0.5), sample((0, 3), (3,), (3,)),
             sample((3, 3), (3,), (3,), of=(_wide, real, real), smooth=False)),
    reference=lambda x, weight, bias, eps=1e-5: _layer_norm_reference(x, weight, bias, eps),
    hint="weight and bias have the last dimensions of x",
    grad_fn="NativeLayerNormBackward0",
    doc="Each row (the last dimensions) with mean 0 and variance 1, times weight, plus bias.")


def _layer_norm_reference(x: Any, weight: Any, bias: Any, eps: float) -> Any:
    axes = tuple(range(-np.ndim(weight), 0))
    mean, var = np.mean(x, axis=axes, keepdims=True), np.var(x, axis=axes, keepdims=True)
    return (x - mean) / np.sqrt(var + eps) * weight + bias


@as_wide_as_input
def layer_norm(
    input: Array, normalized_shape: Size, weight: Array | None = None, bias: Array | None = None, eps: float = 1e-5
) -> Any:
    """``(x − mean) / √(var + eps) · weight + bias`` over the last dimensions, which are ``normalized_shape``.

    ``normalized_shape`` is an integer or a tuple; weight and bias have that shape, and None is 1 or 0. The variance is
    divided by n. Raises ``ShapeError`` where shapes differ. Source: Ba, Kiros and Hinton 2016, equation 4.

    >>> import tinygrad_bp as tg
    >>> tg.nn.functional.layer_norm(tg.tensor([[1.0, 5.0]]), 2).tolist()
    [[-0.9999988079071045, 0.9999988079071045]]
    """
    shape = (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)
    value = floating("layer_norm", input)
    if not shape or value.shape[-len(shape) :] != shape:
        raise ShapeError(
            f"layer_norm: x {shape_text(value.shape)} does not end in normalized_shape {shape_text(shape)}; give the "
            "sizes of its last dimensions"
        )
    weight, bias = _affine(weight, bias, shape, value.dtype, value)
    if 0 in shape:  # rows without elements
        return add(mul(input, weight), bias)
    return _layer_norm_op(input, weight, bias, eps)
