"""Ops of networks, in ONNX: softmax, convolution, pooling, normalization."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..program import Value
from .dims import fixed
from .elementwise import binary
from .graph import Ref
from .products import framed, windows_of
from .shapes import axes_of, ndim_of, shape_of
from .table import Call, entry, refuse


@entry("softmax", "log_softmax")
def _softmax(c: Call, x: Ref, axis: int) -> Ref:
    kind = "Softmax" if c.step.op.name == "softmax" else "LogSoftmax"
    return c.graph.node(kind, x.cast(c.dtype), axis=axes_of(axis, len(c.shape))[0])


@entry("masked_softmax")
def _masked_softmax(c: Call, x: Ref) -> Ref:
    if c.shape[-1] == 0:
        return x.unary("Identity")
    top = c.graph.sum(x, [-1], True, "ReduceMax")
    e = (x - top.eq(-math.inf).choose(0, top)).unary("Exp")
    total = c.graph.sum(e, [-1], True)
    return e / total.eq(0).choose(1, total)


# ---------------------------------------------------------------------- convolution


def _geometry(stride: Any, dilation: Any, kernel: Any) -> dict[str, Any]:
    return {"strides": list(stride), "dilations": list(dilation), "kernel_shape": [int(k) for k in fixed(kernel)]}


def _pads(padding: Any) -> list[int]:
    return [*(low for low, _ in padding), *(high for _, high in padding)]


@entry("convolution")
def _convolution(c: Call, x: Ref, weight: Ref, stride: Any, padding: Any, dilation: Any, groups: int) -> Ref:
    kernel = shape_of(c, 1)[2:]
    if min(_pads(padding)) < 0:
        x, padding = framed(c, x, 2, padding), ((0, 0),) * len(kernel)
    return c.graph.node("Conv", x, weight, pads=_pads(padding), group=groups, **_geometry(stride, dilation, kernel))


@entry("transposed_convolution")
def _transposed(c: Call, v: Ref, weight: Ref, size: Any, stride: Any, padding: Any, dilation: Any, groups: int) -> Ref:
    counts, kernel, size = fixed(shape_of(c)[2:]), fixed(shape_of(c, 1)[2:]), fixed(tuple(size))
    pads, behind, missing = [], [], []
    for n, k, s, d, m, (low, _) in zip(counts, kernel, stride, dilation, size, padding):
        whole = (n - 1) * s + d * (k - 1) + 1
        rest = whole - max(low, 0) - (m + min(low, 0))  # what is left behind the result
        pads.append(max(low, 0))
        behind.append(max(rest, 0))
        missing.append(max(-rest, 0))
    inside = all(m < s for m, s in zip(missing, stride))
    more = missing if inside else [0] * len(size)
    y = c.graph.node("ConvTranspose", v, weight, pads=[*pads, *behind], group=groups, output_padding=more,
                     **_geometry(stride, dilation, kernel))  # fmt: skip
    frame = [(max(-low, 0), 0 if inside else m) for (low, _), m in zip(padding, missing)]
    return framed(c, y, 2, frame)


@entry("add")
def _add(c: Call, a: Ref, b: Ref) -> Ref:
    """A sum; of a convolution that nobody else reads and a stored number for each channel, the bias of its node."""
    first, second = c.step.operands
    stored = c.source(second)
    (kind, read, gives, _) = c.graph.nodes[-1] if c.graph.nodes else ("", [], [], {})
    if kind == "Reshape" and len(c.graph.nodes) > 1 and gives == [b.name]:
        (kind, read, gives, _) = c.graph.nodes[-2]
    alone = kind in ("Conv", "ConvTranspose") and gives == [a.name] and len(read) == 2
    alone = alone and stored in c.graph.stored and len(c.graph.readers[first]) == 1 and a.dtype == b.dtype
    if alone and stored.shape == c.shape[1:2] and shape_of(c, 1) == (*stored.shape, *(1,) * (len(c.shape) - 2)):
        read.append(c.known[stored].name)
        return a.unary("Identity")
    return binary(c, "Add", a, b)


@entry("convolution_weight")
def _convolution_weight(
    c: Call, x: Ref, v: Ref, kernel: Any, stride: Any, padding: Any, dilation: Any, groups: int
) -> Ref:
    ndim = ndim_of(c)
    turned = [1, 0, *range(2, ndim)]
    x, each = framed(c, x, 2, padding), [fixed(shape_of(c, i)[1]) // groups for i in range(2)]
    found = []
    for group in range(groups):  # rows take the place of channels, and channels that of rows
        part, pull = (c.graph.permute(c.graph.slice(a, 1, group * n, (group + 1) * n), turned)
                      for a, n in zip((x, v), each, strict=True))  # fmt: skip
        y = c.graph.node("Conv", part, pull, **_geometry(dilation, stride, shape_of(c, 1)[2:]))
        found.append(c.graph.permute(y, turned))
    y = found[0] if groups == 1 else c.graph.node("Concat", *found, axis=0)
    for i, k in enumerate(fixed(tuple(kernel))):
        y = c.graph.slice(y, 2 + i, None, k)
    return y


# ---------------------------------------------------------------------- pooling


@entry("window_sum")
def _window_sum(c: Call, x: Ref, kernel: Any, stride: Any, padding: Any, dilation: Any) -> Ref:
    n = len(kernel)
    inside = all(0 <= p < k for pair, k in zip(padding, kernel) for p in pair)
    if ndim_of(c) == n + 2 and n <= 3 and set(dilation) == {1} and inside and x.dtype != np.float64:
        y = c.graph.node("AveragePool", x, kernel_shape=list(kernel), strides=list(stride), pads=_pads(padding),
                         count_include_pad=1)  # fmt: skip
        c.graph.averaged[c.step.result] = math.prod(kernel), y
        return y * float(math.prod(kernel))
    lead, shape = ndim_of(c) - n, c.shape
    windows = Call(c.graph, c.step, c.known)
    windows.shape = (*shape[:lead], *kernel, *shape[lead:])
    y = windows_of(windows, x, ndim_of(c), kernel, stride, padding, dilation)
    return c.graph.sum(y, range(lead, lead + n))


@entry("div")
def _div(c: Call, a: Ref, b: Ref) -> Ref:
    """A quotient; of a sum of windows by how many elements they have, what AveragePool gives."""
    first, second = c.step.operands
    count, mean = c.graph.averaged.get(first, (0, a)) if isinstance(first, Value) else (0, a)
    if isinstance(second, (int, float)) and count == second and mean.dtype == c.dtype:
        return mean
    return binary(c, "Div", a, b)


def _evenly(table: Any) -> tuple[int, int, int] | None:
    """Kernel, step and dilation of windows whose places a table holds; None where they are not evenly spaced."""
    kernel = table.shape[1]
    step = int(table[1, 0] - table[0, 0]) if len(table) > 1 else 1
    dilation = int(table[0, 1] - table[0, 0]) if kernel > 1 else 1
    even = step > 0 and dilation > 0 and table[0, 0] == 0
    places = np.arange(len(table))[:, None] * step + np.arange(kernel)[None, :] * dilation
    return (kernel, step, dilation) if even and np.array_equal(table, places) else None


@entry("window_argmax")
def _window_argmax(c: Call, x: Ref, tables: Any, padding: Any) -> Ref:
    shape, tables = shape_of(c), [c.array(table) for table in tables]
    n, count = len(tables), int(np.prod([fixed(m) for m in shape[len(shape) - len(tables) :]]))
    each = [_evenly(table) for table in tables]
    fits = len(shape) == n + 2 and n <= 3 and all(0 <= p < t.shape[1] for pair, t in zip(padding, tables) for p in pair)
    if not fits or not all(each) or x.dtype.kind != "f":
        return _argmax_of_cells(c, x, tables, padding)
    # How far the last window reaches says how much of the padding behind is read.
    high = [int(t[-1, -1]) + 1 - low - int(m) for t, (low, _), m in zip(tables, padding, shape[2:])]
    pads = [*(low for low, _ in padding), *(max(h, 0) for h in high)]
    kernel, steps, dilations = ([part[i] for part in each if part] for i in range(3))
    values, places = c.graph.several("MaxPool", 2, x, dtypes=[None, np.int64], kernel_shape=kernel, strides=steps,
                                     dilations=dilations, pads=pads)  # fmt: skip
    c.graph.pooled[c.step.result] = c.step.operands[0], Ref(c.graph, values.name, values.dtype, c.shape)
    return c.graph.node("Mod", places, c.graph.constant(count))  # counted within a channel of a row


def _argmax_of_cells(c: Call, x: Ref, tables: list[Any], padding: Any) -> Ref:
    """Every window's elements as the last dimension, of which the first largest is taken."""
    shape = shape_of(c)
    n = len(tables)
    lead, inner = len(shape) - n, shape[len(shape) - n :]
    if x.dtype.kind != "f":
        x = x.cast(np.float64)
    y = framed(c, x, lead, padding, -math.inf)
    at: Any = np.zeros((), np.int64)
    for i in reversed(range(n)):
        y = c.graph.take(y, tables[i], lead + i)
    y = c.graph.permute(y, [*range(lead), *(lead + 2 * i for i in range(n)), *(lead + 2 * i + 1 for i in range(n))])
    cells = math.prod(table.shape[1] for table in tables)
    y = c.graph.reshape(y, [*shape[:lead], *(len(table) for table in tables), cells])
    place = c.graph.node("ArgMax", y, axis=len(shape), keepdims=0, dtype=np.int64)
    for table, (low, _), size in zip(tables, padding, inner):
        at = at[..., None, None] * size + (table - low)
    at = np.transpose(at, (*range(0, 2 * n, 2), *range(1, 2 * n, 2))).reshape(-1)
    counts = [len(table) for table in tables]
    return c.graph.take(c.graph.constant(at), place + np.arange(math.prod(counts)).reshape(counts) * cells, 0)


@entry("picked")
def _picked(c: Call, x: Ref, index: Ref) -> Ref:
    pooled = c.graph.pooled.get(c.source(c.step.operands[1]))
    if pooled is not None and c.source(pooled[0]) is c.source(c.step.operands[0]):
        return c.graph.reshape(pooled[1], c.shape)  # the largest elements themselves, which MaxPool gives
    return c.graph.node("GatherElements", x, index.cast(np.int64), axis=len(c.shape) - 1)


@entry("put", "unpooled")
def _put(c: Call, x: Ref, index: Ref, size: int) -> Ref:
    zeros = c.graph.expand(c.graph.constant(0, x.dtype), c.shape)
    added = {"reduction": "add"} if c.step.op.name == "put" else {}
    return c.graph.node("ScatterElements", zeros, index.cast(np.int64), x, axis=len(c.shape) - 1, **added)


# ---------------------------------------------------------------------- normalization


def _channels(c: Call, x: Ref) -> tuple[Ref, Ref, list[int]]:
    """The mean of each channel, kept, and the deviations from it."""
    axes = [0, *range(2, ndim_of(c))]
    mean = c.graph.mean(x, axes, True)
    return mean, x - mean, axes


def _each(c: Call, v: Ref) -> Ref:
    return c.graph.unsqueeze(v, *range(1, ndim_of(c) - 1))


@entry("batch_norm")
def _batch_norm(c: Call, x: Ref, weight: Ref, bias: Ref, eps: float, moments: Any) -> Ref:
    _, d, axes = _channels(c, x)
    r = (c.graph.mean(d * d, axes, True) + eps).unary("Sqrt")
    return d / r * _each(c, weight) + _each(c, bias)


@entry("fixed_batch_norm")
def _fixed_batch_norm(c: Call, x: Ref, weight: Ref, bias: Ref, mean: Ref, var: Ref, eps: float) -> Ref:
    return c.graph.node("BatchNormalization", x, weight, bias, mean, var, epsilon=float(eps))


@entry("batch_moments")
def _batch_moments(c: Call, x: Ref) -> Ref:
    _, d, axes = _channels(c, x)
    return c.graph.stacked([c.graph.mean(x, axes), c.graph.mean(d * d, axes)], 0)


@entry("instance_moments")
def _instance_moments(c: Call, x: Ref) -> Ref:
    axes = list(range(2, ndim_of(c)))
    d = x - c.graph.mean(x, axes, True)
    count = c.graph.count(shape_of(c)[2:], x.dtype)
    var = c.graph.sum(d * d, axes) / (count - 1)
    return c.graph.stacked([c.graph.mean(c.graph.mean(x, axes), [0]), c.graph.mean(var, [0])], 0)


@entry("standard_rows")
def _standard_rows(c: Call, x: Ref, eps: float) -> Ref:
    d = x - c.graph.mean(x, [1], True)
    return d / (c.graph.mean(d * d, [1], True) + eps).unary("Sqrt")


@entry("layer_norm")
def _layer_norm(c: Call, x: Ref, weight: Ref, bias: Ref, eps: float) -> Ref:
    return c.graph.node("LayerNormalization", x, weight, bias, axis=-len(shape_of(c, 1)), epsilon=float(eps))


@entry("norm_pull")
def _norm_pull(c: Call, a: Ref, h: Ref, r: Ref) -> Ref:
    return (a - h * c.graph.mean(a * h, [1], True) - c.graph.mean(a, [1], True)) * r


refuse("draw dropout_mask random_slopes", "it draws random numbers: call model.eval() first, or give the numbers as an "
       "argument")  # fmt: skip
refuse("fractional_argmax", "its windows are drawn at random; use nn.MaxPool2d or nn.AdaptiveMaxPool2d")
