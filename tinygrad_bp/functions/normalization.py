"""Group, instance, root mean square and local response normalization, made of ops."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..autograd.errors import ArgumentError, ShapeError, shape_text
from ..autograd.operands import in_floats, rounds_once
from ..autograd.steps import recorded_as
from ..autograd.types import Array, Size
from ..autograd.values import detached
from ..ops.elementwise import add, div, mul, rsqrt, square
from ..ops.normalization import (
    as_wide_as_input,
    batch_norm,
    floating,
    instance_moments,
    move_average,
    scaled,
    standard_rows,
)  # fmt: skip
from ..ops.powers import pow
from ..ops.reduction import mean
from ..ops.shape import reshape
from ..ops.sliding import window_sum

__all__ = ["group_norm", "instance_norm", "local_response_norm", "rms_norm"]


@recorded_as("NativeGroupNormBackward0")
@as_wide_as_input
@rounds_once
def group_norm(
    input: Array, num_groups: int, weight: Array | None = None, bias: Array | None = None, eps: float = 1e-5
) -> Any:
    """Each group of channels of each row with mean 0 and variance 1, times weight, plus bias.

    ``input`` is (rows, channels, ...), the channels in ``num_groups`` groups of one size; weight and bias
    are (channels,) or None. Raises ``ShapeError`` for other shapes, ``ArgumentError`` for groups that do not divide the
    channels.
    Source: Wu and He, *Group Normalization*, 2018 (arXiv 1803.08494).

    >>> import tinygrad_bp as tg
    >>> tg.nn.functional.group_norm(tg.tensor([[1.0, 5.0, 2.0, 2.0]]), 2).numpy().round(3).tolist()
    [[-1.0, 1.0, 0.0, 0.0]]
    """
    value = floating("group_norm", input)
    if value.ndim < 2:
        raise ShapeError(f"group_norm: x is (rows, channels, ...), got {shape_text(value.shape)}")
    channels = value.shape[1]
    if num_groups < 1 or channels % num_groups:
        raise ArgumentError(
            f"group_norm: num_groups must divide the {channels} channels of x {shape_text(value.shape)}; "
            f"got {num_groups}"
        )
    _check_channels("group_norm", value, weight=weight, bias=bias)
    row = (num_groups, math.prod(value.shape[1:]) // num_groups)
    y = standard_rows(reshape(input, (value.shape[0] * row[0], row[1])), eps) if value.size else input
    return scaled(reshape(y, value.shape), weight, bias)


def _check_channels(name: str, value: Any, **parts: Any) -> None:
    for part, given in parts.items():
        if given is not None and tuple(given.shape) != (value.shape[1],):
            raise ShapeError(
                f"{name}: x {shape_text(value.shape)} has {value.shape[1]} channels (dimension 1), {part} is "
                f"{shape_text(tuple(given.shape))}; it must be {shape_text((value.shape[1],))}"
            )


@recorded_as("ViewBackward0")
def instance_norm(
    input: Array, running_mean: Array | None = None, running_var: Array | None = None, weight: Array | None = None,
    bias: Array | None = None, use_input_stats: bool = True, momentum: float = 0.1, eps: float = 1e-5,
) -> Any:  # fmt: skip
    """Each channel of each row of ``input`` (rows, channels, ...) with mean 0 and variance 1, times weight, plus bias.

    With ``use_input_stats`` the running mean and variance, where given, move towards the rows' means of both;
    without, they are used, as in ``batch_norm``. All others are (channels,) or None. Raises ``ShapeError`` for other
    shapes and for one element a channel, ``ArgumentError`` without statistics.
    Source: Ulyanov, Vedaldi and Lempitsky, *Instance Normalization*, 2016 (arXiv 1607.08022).

    >>> import tinygrad_bp as tg
    >>> tg.nn.functional.instance_norm(tg.tensor([[[1.0, 5.0]]])).numpy().round(3).tolist()
    [[[-1.0, 1.0]]]
    """
    if not use_input_stats:
        return batch_norm(input, running_mean, running_var, weight, bias, False, momentum, eps)
    value = floating("instance_norm", input)
    if value.ndim < 2 or math.prod(value.shape[2:]) < 2:
        raise ShapeError(
            f"instance_norm: expected more than 1 element for each channel of x (rows, channels, ...), got "
            f"{shape_text(value.shape)}"
        )
    _check_channels(
        "instance_norm", value, weight=weight, bias=bias, running_mean=running_mean, running_var=running_var
    )
    if len(value) and not (running_mean is None and running_var is None):
        for running, of_batch in zip((running_mean, running_var), instance_moments(detached(input)), strict=True):
            if running is not None:
                move_average(running, of_batch, momentum)
    return group_norm(input, value.shape[1], weight, bias, eps)


@as_wide_as_input
def rms_norm(input: Array, normalized_shape: Size, weight: Array | None = None, eps: float | None = None) -> Any:
    """``x / √(mean x² + eps) · weight`` over the last dimensions, which are ``normalized_shape``.

    ``eps`` is the dtype's own unless given (``numpy.finfo``), and float32's for float16.
    Raises ``ShapeError`` where shapes differ.
    Source: Zhang and Sennrich, *Root Mean Square Layer Normalization*, 2019 (arXiv 1910.07467).

    >>> import tinygrad_bp as tg
    >>> tg.nn.functional.rms_norm(tg.tensor([[3.0, -3.0]]), 2)
    tensor([[ 1., -1.]])
    """
    shape = (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)
    value = floating("rms_norm", input)
    if not shape or value.shape[-len(shape) :] != shape or (weight is not None and tuple(weight.shape) != shape):
        raise ShapeError(
            f"rms_norm: x {shape_text(value.shape)} must end in normalized_shape {shape_text(shape)}, the shape of "
            f"weight{'' if weight is None else f', {shape_text(tuple(weight.shape))}'}"
        )
    eps = float(np.finfo(np.promote_types(value.dtype, np.float32)).eps) if eps is None else eps
    return _by_root_mean_square(input, weight, tuple(range(-len(shape), 0)), eps)


@rounds_once
def _by_root_mean_square(x: Any, weight: Any, axes: tuple[int, ...], eps: float) -> Any:
    y = mul(x, rsqrt(add(mean(square(x), axes, True), eps)))
    return y if weight is None else mul(y, weight)


@rounds_once
@in_floats("input", real=True)
def local_response_norm(input: Array, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> Any:
    """``x / (k + alpha · mean x²)^beta``, the mean over ``size`` neighbouring channels, zeros beyond the ends.

    ``input`` is (rows, channels, length, ...). Raises ``ShapeError`` for fewer dimensions.
    Source: Krizhevsky, Sutskever and Hinton 2012, section 3.3 (with ``alpha / size`` for alpha).

    >>> import tinygrad_bp as tg
    >>> tg.nn.functional.local_response_norm(tg.ones(1, 2, 1), 2, alpha=2.0, beta=1.0).tolist()
    [[[0.5], [0.3333333432674408]]]
    """
    if input.ndim < 3:
        shape = shape_text(tuple(input.shape))
        raise ShapeError(f"local_response_norm: x is (rows, channels, length, ...), got {shape}")
    if size < 1:
        raise ArgumentError(f"local_response_norm: size counts channels, at least 1; got {size}")
    rows, channels, *rest = input.shape
    squares = reshape(mul(input, input), (rows, channels, math.prod(rest)))
    around = ((size // 2, (size - 1) // 2), (0, 0))
    near = window_sum(squares, (size, 1), (1, 1), around, (1, 1))
    return div(input, pow(add(mul(reshape(near, input.shape), alpha / size), k), beta))
