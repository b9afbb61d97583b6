"""Convolution of any number of dimensions, its transpose, and the gradient of its weight.

All three are one form that is linear in each of x, weight and y,

    T(x, weight, y) = Σ x[n, c, p · stride + k · dilation − padding] · weight[o, c, k] · y[n, o, p],

differentiated by y, by x and by weight. So each one's rules are the other two, and every order of derivative closes.
Sums run as matrix products over the columns of windows (Chellapilla et al., *High Performance Convolutional Neural
Networks for Document Processing*, 2006), a few rows at a time so that the columns stay in the cache.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from ..autograd.define import general
from ..autograd.elsewhere import empty, in_rows, zeros
from ..autograd.errors import ArgumentError, ShapeError, shape_text
from ..autograd.op import REQUIRED
from ..autograd.operands import in_floats
from ..autograd.steps import as_step
from ..autograd.types import Array, Size
from .elementwise import add
from .samples import sample
from .shape import reshape
from .sliding import (
    Pairs,
    Sizes,
    add_windows,
    batched,
    counts,
    cropped,
    incidence,
    padded,
    pairs,
    sizes,
    spans,
    unbatched,
    window_view,
)  # fmt: skip

__all__ = ["conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d"]

COLUMNS = 1 << 19  # elements of the columns at a time

# ---------------------------------------------------------------------- on raw arrays


def _parts(rows: int, columns: int) -> Iterator[slice]:
    """The rows in parts whose columns have about ``COLUMNS`` elements."""
    step = max(1, COLUMNS // max(columns, 1))
    return (slice(start, min(start + step, rows)) for start in range(0, rows, step))


def _rows_last(g: Any, groups: int) -> Any:
    """(rows, channels, ...) as (groups, channels of one, elements · rows).

    With the rows innermost, copies and sums run along them as well as along the last dimension.
    """
    rows, channels = g.shape[:2]
    return np.reshape(np.moveaxis(g, 0, -1), (groups, channels // groups, math.prod(g.shape[2:]) * rows))


def _rows_first(y: Any, shape: Sizes) -> Any:
    """Numbers with the rows innermost as a view of ``shape``, whose first dimension they are."""
    return np.moveaxis(np.reshape(y, (*shape[1:], shape[0])), -1, 0)


def _columns(x: Any, kernel: Sizes, stride: Sizes, dilation: Sizes, groups: int) -> Any:
    """The windows of some padded rows: (groups, channels of one · kernel, windows · rows)."""
    inner = np.moveaxis(in_rows(np.moveaxis(x, 0, -1)), -1, 0)
    view = np.moveaxis(window_view(inner, kernel, stride, dilation), 0, -1)  # (channels, *kernel, *counts, rows)
    return np.reshape(view, (groups, x.shape[1] // groups * math.prod(kernel), -1 if x.size else 0))


def _flat(weight: Any, groups: int) -> Any:
    """The weight as one matrix a group: (groups, outputs of one, channels · kernel)."""
    out = weight.shape[0] // groups
    return np.reshape(weight, (groups, out, math.prod(weight.shape[1:])))


def _convolution(x: Any, weight: Any, stride: Sizes, padding: Pairs, dilation: Sizes, groups: int) -> Any:
    kernel = weight.shape[2:]
    out = counts("convolution", x.shape[2:], kernel, stride, padding, dilation)
    y = empty((x.shape[0], weight.shape[0], *out), np.result_type(x.dtype, weight.dtype), x)
    matrix, frame = _flat(weight, groups), padded(x, padding)
    for part in _parts(x.shape[0], math.prod((x.shape[1], *kernel, *out))):
        columns = _columns(frame[part], kernel, stride, dilation, groups)
        y[part] = _rows_first(np.matmul(matrix, columns), (part.stop - part.start, weight.shape[0], *out))
    return y


def _transpose(y: Any, weight: Any, size: Sizes, stride: Sizes, padding: Pairs, dilation: Sizes, groups: int) -> Any:
    kernel, out, rows = weight.shape[2:], y.shape[2:], y.shape[0]
    channels = weight.shape[1] * groups
    room = tuple(n + low + high for n, (low, high) in zip(size, padding, strict=True))
    result = empty((rows, channels, *size), np.result_type(y.dtype, weight.dtype), y)
    matrix = np.swapaxes(_flat(weight, groups), 1, 2)
    for part in _parts(rows, math.prod((channels, *kernel, *out))):
        count, columns = part.stop - part.start, np.matmul(matrix, _rows_last(y[part], groups))
        frame = _rows_first(zeros(count * channels * math.prod(room), result.dtype, y), (count, channels, *room))
        add_windows(frame, _rows_first(columns, (count, channels, *kernel, *out)), stride, dilation)
        result[part] = cropped(frame, padding)
    return result


def _weight_sum(x: Any, y: Any, kernel: Sizes, stride: Sizes, padding: Pairs, dilation: Sizes, groups: int) -> Any:
    channels = x.shape[1] // groups
    shape = groups, y.shape[1] // groups, channels * math.prod(kernel)
    total = zeros(shape, np.result_type(x.dtype, y.dtype), x)
    frame = padded(x, padding)
    for part in _parts(x.shape[0], math.prod((x.shape[1], *kernel, *y.shape[2:]))):
        columns = _columns(frame[part], kernel, stride, dilation, groups)
        total += np.matmul(_rows_last(y[part], groups), np.swapaxes(columns, 1, 2))
    return np.reshape(total, (y.shape[1], channels, *kernel))


# ---------------------------------------------------------------------- the three ops

_GEOMETRY = {"stride": REQUIRED, "padding": REQUIRED, "dilation": REQUIRED, "groups": 1}


def _spread(weight: Any, groups: int) -> Any:
    """A weight in groups as one of all channels, 0 outside the groups."""
    out, channels = weight.shape[0] // groups, weight.shape[1]
    result = np.zeros((weight.shape[0], channels * groups, *weight.shape[2:]), weight.dtype)
    for i in range(groups):
        result[i * out : (i + 1) * out, i * channels : (i + 1) * channels] = weight[i * out : (i + 1) * out]
    return result


def _gathered(weight: Any, groups: int) -> Any:
    """The channels of each output's own group out of a weight of all channels."""
    each = weight.shape[0] // groups, weight.shape[1] // groups
    parts = [weight[i * each[0] : (i + 1) * each[0], i * each[1] : (i + 1) * each[1]] for i in range(groups)]
    return np.concatenate(parts)


def _form(gives: str, a: Any, b: Any, size: Sizes, kernel: Sizes, about: dict[str, Any]) -> Any:
    """The form T itself, summed over all pairs of elements; ``gives`` names what is left free."""
    maps = [incidence(*each) for each in zip(size, kernel, about["stride"], about["padding"], about["dilation"],
                                             strict=True)]  # fmt: skip
    tied = ["pki", "qlj"][: len(size)]
    x, w, y = ("".join(part) for part in (("nc", *(t[2] for t in tied)), ("oc", *(t[1] for t in tied)),
                                          ("no", *(t[0] for t in tied))))  # fmt: skip
    operands = {"y": f"{x},{w}", "x": f"{y},{w}", "w": f"{x},{y}"}[gives]
    return np.einsum(f"{','.join(tied)},{operands}->{ {'x': x, 'w': w, 'y': y}[gives]}", *maps, a, b)


def _about(stride: Sizes, padding: Pairs, dilation: Sizes) -> dict[str, Any]:
    return {"stride": stride, "padding": padding, "dilation": dilation}


# x, weight, y, and the settings: one and two dimensions, steps, uneven padding, groups, no rows.
_CASES: tuple[tuple[Sizes, Sizes, Sizes, dict[str, Any]], ...] = (
    ((2, 3, 7), (4, 3, 3), (2, 4, 3), {**_about((2,), ((0, 1),), (1,)), "groups": 1}),
    ((2, 2, 5, 4), (3, 2, 2, 3), (2, 3, 4, 4), {**_about((1, 1), ((0, 0), (1, 1)), (1, 1)), "groups": 1}),
    ((2, 4, 5, 6), (4, 2, 2, 2), (2, 4, 2, 6), {**_about((2, 1), ((1, 0), (0, 1)), (2, 1)), "groups": 2}),
    ((1, 2, 3, 3), (2, 1, 3, 3), (1, 2, 1, 1), {**_about((1, 1), ((0, 0), (0, 0)), (1, 1)), "groups": 2}),
    ((0, 2, 3), (3, 2, 1), (0, 3, 3), {**_about((1,), ((0, 0),), (1,)), "groups": 1}),
)

convolution = general(
    "convolution", _convolution,
    lambda g, x_shape, weight, stride, padding, dilation, groups:
        transposed_convolution(g, weight, x_shape[2:], stride, padding, dilation, groups),
    lambda g, x, weight_shape, stride, padding, dilation, groups:
        convolution_weight(x, g, weight_shape[2:], stride, padding, dilation, groups),
    inputs="x weight", bilinear=True, params=_GEOMETRY, formula="Σ over each window of x · weight",
    samples=tuple(sample(x, w, **about) for x, w, _, about in _CASES),
    reference=lambda x, weight, stride, padding, dilation, groups:
        _form("y", x, _spread(weight, groups), x.shape[2:], weight.shape[2:], _about(stride, padding, dilation)),
    hint="x is (rows, channels, ...), weight (outputs, channels / groups, *kernel)",
    doc="Convolution over the dimensions after the second, in groups of channels.")

transposed_convolution: Any = general(
    "transposed_convolution", _transpose,
    lambda g, weight, stride, padding, dilation, groups: convolution(g, weight, stride, padding, dilation, groups),
    lambda g, v, weight_shape, stride, padding, dilation, groups:
        convolution_weight(g, v, weight_shape[2:], stride, padding, dilation, groups),
    inputs="v weight", bilinear=True, params={"size": REQUIRED, **_GEOMETRY},
    formula="Σ over windows of v · weight, at their places in zeros",
    samples=tuple(sample(y, w, size=x[2:], **about) for x, w, y, about in _CASES),
    reference=lambda v, weight, size, stride, padding, dilation, groups:
        _form("x", v, _spread(weight, groups), size, weight.shape[2:], _about(stride, padding, dilation)),
    hint="v is (rows, outputs, ...), weight (outputs, channels / groups, *kernel)",
    grad_fn="ConvolutionBackward0",
    doc="The transpose of convolution: from its result's shape to (rows, channels, *size).")

convolution_weight: Any = general(
    "convolution_weight", _weight_sum,
    lambda g, x_shape, v, stride, padding, dilation, groups:
        transposed_convolution(v, g, x_shape[2:], stride, padding, dilation, groups),
    lambda g, x, stride, padding, dilation, groups: convolution(x, g, stride, padding, dilation, groups),
    inputs="x v", bilinear=True, params={"kernel": REQUIRED, **_GEOMETRY},
    formula="Σ over places of each window of x · v",
    samples=tuple(sample(x, y, kernel=w[2:], **about) for x, w, y, about in _CASES),
    reference=lambda x, v, kernel, stride, padding, dilation, groups:
        _gathered(_form("w", x, v, x.shape[2:], kernel, _about(stride, padding, dilation)), groups),
    hint="x is (rows, channels, ...), v (rows, outputs, ...)",
    doc="The weight's gradient of a convolution of x with the gradient v arriving.")

# ---------------------------------------------------------------------- PyTorch's names


def _padding(name: str, padding: Any, kernel: Sizes, stride: Sizes, dilation: Sizes) -> Pairs:
    if not isinstance(padding, str):
        return pairs(sizes(name, "padding", padding, len(kernel), 0))
    if padding == "valid":
        return ((0, 0),) * len(kernel)
    if padding != "same":
        raise ArgumentError(f'{name}: padding is "same", "valid", an integer or {len(kernel)} of them; got {padding!r}')
    if any(s != 1 for s in stride):
        raise ArgumentError(f'{name}: padding="same" needs stride 1, got {stride}; give the padding as integers')
    # Where the number of zeros is odd, one more stands behind.
    return tuple(((r - 1) // 2, r - 1 - (r - 1) // 2) for r in spans(kernel, dilation))


def _checked(name: str, ndim: int, x: Any, weight: Any, bias: Any, groups: int, channels: int, outputs: int) -> None:
    """Refuse what does not fit: ``channels`` is what x must have, ``outputs`` what the bias must have."""
    if not isinstance(groups, (int, np.integer)) or groups < 1 or weight.shape[0] % groups:
        raise ArgumentError(
            f"{name}: groups must divide the {weight.shape[0]} of weight {shape_text(tuple(weight.shape))}, "
            f"got groups={groups}"
        )
    if x.shape[1] != channels:
        raise ShapeError(
            f"{name}: weight {shape_text(tuple(weight.shape))} with groups={groups} takes {channels} channels, x "
            f"{shape_text(tuple(x.shape))} has {x.shape[1]} (its dimension 1)"
        )
    if bias is not None and tuple(bias.shape) != (outputs,):
        raise ShapeError(
            f"{name}: bias is {shape_text(tuple(bias.shape))}; for weight {shape_text(tuple(weight.shape))} it must "
            f"be ({outputs},)"
        )


def _weighed(name: str, weight: Any, ndim: int) -> Any:
    if weight.ndim != ndim + 2:
        raise ShapeError(
            f"{name}: weight has {ndim + 2} dimensions, two of channels and {ndim} of the kernel; got "
            f"{shape_text(tuple(weight.shape))}"
        )
    return weight


def _with_bias(y: Any, bias: Any, added: bool) -> Any:
    if bias is not None:
        y = as_step("ConvolutionBackward0", add(y, reshape(bias, (-1, *(1,) * (y.ndim - 2)))))
    return unbatched(y, added)


def _conv(
    ndim: int, input: Any, weight: Any, bias: Any, stride: Any, padding: Any, dilation: Any, groups: int
) -> Any:
    name = f"conv{ndim}d"
    x, added = batched(name, input, ndim)
    kernel = _weighed(name, weight, ndim).shape[2:]
    stride, dilation = sizes(name, "stride", stride, ndim), sizes(name, "dilation", dilation, ndim)
    _checked(name, ndim, x, weight, bias, groups, weight.shape[1] * groups, weight.shape[0])
    around = _padding(name, padding, kernel, stride, dilation)
    counts(name, x.shape[2:], kernel, stride, around, dilation)
    return _with_bias(convolution(x, weight, stride, around, dilation, groups), bias, added)


@in_floats("input weight bias")
def _conv_transpose(
    ndim: int, input: Any, weight: Any, bias: Any, stride: Any, padding: Any, output_padding: Any, groups: int,
    dilation: Any,
) -> Any:  # fmt: skip
    name = f"conv_transpose{ndim}d"
    y, added = batched(name, input, ndim)
    kernel = _weighed(name, weight, ndim).shape[2:]
    stride, dilation = sizes(name, "stride", stride, ndim), sizes(name, "dilation", dilation, ndim)
    padding, extra = sizes(name, "padding", padding, ndim, 0), sizes(name, "output_padding", output_padding, ndim, 0)
    _checked(name, ndim, y, weight, bias, groups, weight.shape[0], weight.shape[1] * groups)
    if any(e >= max(s, d) for e, s, d in zip(extra, stride, dilation, strict=True)):
        raise ArgumentError(
            f"{name}: output_padding must be smaller than the stride or the dilation; got {extra}, stride {stride}, "
            f"dilation {dilation}"
        )
    size = tuple(
        (n - 1) * s - 2 * p + r + e
        for n, s, p, r, e in zip(y.shape[2:], stride, padding, spans(kernel, dilation), extra, strict=True)
    )
    if min(size) < 1:
        raise ShapeError(f"{name}: the result would have the size {size}; take less padding than {padding}")
    around = tuple((p, p - e) for p, e in zip(padding, extra, strict=True))
    return _with_bias(transposed_convolution(y, weight, size, stride, around, dilation, groups), bias, added)


def conv1d(
    input: Array, weight: Array, bias: Array | None = None, stride: Size = 1, padding: Size | str = 0,
    dilation: Size = 1, groups: int = 1,
) -> Any:  # fmt: skip
    """Sums of windows of ``input`` (rows, channels, length) times ``weight`` (outputs, channels / groups, kernel).

    As ``conv2d``, over one dimension.

    >>> import tinygrad_bp as tg
    >>> tg.nn.functional.conv1d(tg.tensor([[[1.0, 2.0, 4.0]]]), tg.tensor([[[1.0, -1.0]]])).tolist()
    [[[-1.0, -2.0]]]
    """
    return _conv(1, input, weight, bias, stride, padding, dilation, groups)


def conv2d(
    input: Array, weight: Array, bias: Array | None = None, stride: Size = 1, padding: Size | str = 0,
    dilation: Size = 1, groups: int = 1,
) -> Any:  # fmt: skip
    """Sums of windows of ``input`` (rows, channels, height, width) times ``weight``, plus ``bias``.

    ``weight`` is (outputs, channels / groups, height, width) and is not flipped: with groups, each group of outputs
    sees its own group of channels. ``bias`` is (outputs,) or None. ``stride``, ``padding`` (zeros on both sides) and
    ``dilation`` are an integer or one for each dimension; padding can be ``"valid"`` (none) or ``"same"`` (the result
    has the size of the input, stride 1). The rows can be missing. The result is (rows, outputs, height, width) with
    ``⌊(size + 2 · padding − dilation · (kernel − 1) − 1) / stride⌋ + 1`` for height and width.
    Raises ``ShapeError`` for channels that do not fit and a kernel that is larger than the padded input, and
    ``ArgumentError`` for other settings.

    >>> import tinygrad_bp as tg
    >>> tg.nn.functional.conv2d(tg.ones(1, 1, 3, 3), tg.ones(1, 1, 3, 3), padding=1).tolist()
    [[[[4.0, 6.0, 4.0], [6.0, 9.0, 6.0], [4.0, 6.0, 4.0]]]]
    """
    return _conv(2, input, weight, bias, stride, padding, dilation, groups)


def conv3d(
    input: Array, weight: Array, bias: Array | None = None, stride: Size = 1, padding: Size | str = 0,
    dilation: Size = 1, groups: int = 1,
) -> Any:  # fmt: skip
    """As ``conv2d``, over three dimensions: ``input`` is (rows, channels, depth, height, width).

    >>> import tinygrad_bp as tg
    >>> tg.nn.functional.conv3d(tg.ones(1, 1, 2, 2, 2), tg.ones(1, 1, 2, 2, 2)).item()
    8.0
    """
    return _conv(3, input, weight, bias, stride, padding, dilation, groups)


def conv_transpose1d(
    input: Array, weight: Array, bias: Array | None = None, stride: Size = 1, padding: Size = 0,
    output_padding: Size = 0, groups: int = 1, dilation: Size = 1,
) -> Any:  # fmt: skip
    """As ``conv_transpose2d``, over one dimension.

    >>> import tinygrad_bp as tg
    >>> tg.nn.functional.conv_transpose1d(tg.tensor([[[1.0, 2.0]]]), tg.tensor([[[1.0, 10.0]]])).tolist()
    [[[1.0, 12.0, 20.0]]]
    """
    return _conv_transpose(1, input, weight, bias, stride, padding, output_padding, groups, dilation)


def conv_transpose2d(
    input: Array, weight: Array, bias: Array | None = None, stride: Size = 1, padding: Size = 0,
    output_padding: Size = 0, groups: int = 1, dilation: Size = 1,
) -> Any:  # fmt: skip
    """The transpose of ``conv2d``: each element of ``input`` adds the kernel, times itself, at its window.

    ``input`` is (rows, channels, height, width), ``weight`` (channels, outputs / groups, height, width). The result
    is (rows, outputs, height, width) with ``(size − 1) · stride − 2 · padding + dilation · (kernel − 1) + 1 +
    output_padding`` for height and width; output_padding, less than the stride or the dilation, chooses among the
    sizes that a convolution brings to one. Raises as ``conv2d`` does.

    >>> import tinygrad_bp as tg
    >>> tg.nn.functional.conv_transpose2d(tg.ones(1, 1, 1, 2), tg.ones(1, 1, 2, 2)).tolist()
    [[[[1.0, 2.0, 1.0], [1.0, 2.0, 1.0]]]]
    """
    return _conv_transpose(2, input, weight, bias, stride, padding, output_padding, groups, dilation)


def conv_transpose3d(
    input: Array, weight: Array, bias: Array | None = None, stride: Size = 1, padding: Size = 0,
    output_padding: Size = 0, groups: int = 1, dilation: Size = 1,
) -> Any:  # fmt: skip
    """As ``conv_transpose2d``, over three dimensions.

    >>> import tinygrad_bp as tg
    >>> tg.nn.functional.conv_transpose3d(tg.ones(1, 1, 1, 1, 1), tg.ones(1, 1, 2, 2, 2)).shape
    torch.Size([1, 1, 2, 2, 2])
    """
    return _conv_transpose(3, input, weight, bias, stride, padding, output_padding, groups, dilation)
