"""Convolutions and sums over windows, which are read where they lie: nothing is copied into columns.

The rows of the batch lie side by side, so each weight is multiplied with 16 rows at once.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable

from ..autograd.op import OPS
from ..program.program import Step, Value
from .c_memory import Memory, every
from .kernels import Inside, Loops, Member, Product
from .strided import Place, outer_first

Sizes = tuple[int, ...]
Pairs = tuple[tuple[int, int], ...]


def _cut(place: Place, padding: Pairs) -> Place:
    """Without the elements that a negative padding takes away."""
    kept = [slice(max(-low, 0), n - max(-high, 0)) for n, (low, high) in zip(place.shape[2:], padding, strict=True)]
    return _part(place, (slice(None), slice(None), *kept))


def _framed(memory: Memory, step: Step, padding: Pairs) -> Place:
    """The first operand with its rows side by side, in a frame of zeros, which nobody ever writes."""
    value = step.operands[0]
    place = _cut(memory.place(value), padding)
    frame = tuple((max(low, 0), max(high, 0)) for low, high in padding)
    return memory.framed(place, frame, (1,) * len(frame)) if any(map(any, frame)) else _side_by_side(memory, place)


def _side_by_side(memory: Memory, place: Place) -> Place:
    """With the rows side by side, also where all rows are one, repeated."""
    found = memory.along(place, 0)
    ndim = len(place.shape) - 2
    return found if found.lane == 0 else memory.framed(place, ((0, 0),) * ndim, (1,) * ndim)


def _grouped(place: Place, axis: int, groups: int) -> Place:
    """An axis of channels as two, of groups and of the channels of one."""
    shape = (*place.shape[:axis], groups, place.shape[axis] // groups, *place.shape[axis + 1 :])
    found = place.reshaped(shape)
    assert found is not None
    return found


def _named(first: str, count: int) -> list[str]:
    return [f"{first}{i}" for i in range(count)]


def _axes(place: Place, given: list[str], wanted: list[str], sizes: dict[str, int]) -> Place:
    """The axes of ``place``, which ``given`` names, in the order of ``wanted``; those it lacks are repeated."""
    missing = [name for name in wanted if name not in given]
    all_of = [*missing, *given]
    shape = (*[sizes[name] for name in missing], *place.shape)
    return place.broadcast(shape).permuted(tuple(all_of.index(name) for name in wanted))


def _convolution(memory: Memory, step: Step) -> Place:
    """``y[row, o, p] = Σ over c, k of x[row, c, p · stride + k · dilation] · weight[o, c, k]``."""
    _, weight = step.operands
    stride, padding, dilation, groups = (step.params[name] for name in ("stride", "padding", "dilation", "groups"))
    kernel, ndim = weight.shape[2:], len(stride)
    x = _grouped(_framed(memory, step, padding).windows(kernel, stride, dilation), 1, groups)
    w = _grouped(memory.place(weight), 0, groups)
    shape = step.result.shape
    y = memory.allot(memory.names[step.result], step.result.dtype, shape, tuple(range(len(shape))), 0)
    k, p = _named("k", ndim), _named("p", ndim)
    of_x, of_w, of_y = ["n", "g", "c", *k, *p], ["g", "o", "c", *k], ["n", "g", "o", *p]
    split = _grouped(y, 1, groups)
    sizes = dict(zip([*of_x, *of_w, *of_y], [*x.shape, *w.shape, *split.shape], strict=True))
    outer, inner = ["g", *p], ["c", *k]
    a = _axes(x, of_x, [*outer, "n", *inner], sizes)
    b = _axes(w, of_w, [*outer, *inner, "o"], sizes)
    memory.kernels.append(Product(step, a, b, _axes(split, of_y, [*outer, "n", "o"], sizes)))
    return y


def _transposed(memory: Memory, step: Step) -> Place:
    """``x[row, c, i] = Σ over o, k of y[row, o, (i + low − k · dilation) / stride] · weight[o, c, k]``."""
    v, weight = step.operands
    stride, padding, dilation, groups = (step.params[name] for name in ("stride", "padding", "dilation", "groups"))
    ndim, place = len(stride), memory.place(v)
    # Steps of more than 1: with room between, places are counted in single steps. What lies between is not summed.
    wide = any(s > 1 for s in stride)
    y = memory.framed(place, ((0, 0),) * ndim, stride) if wide else _side_by_side(memory, place)
    y = _grouped(y, 1, groups)
    w = _grouped(memory.place(weight), 0, groups)
    shape = step.result.shape
    x = memory.allot(memory.names[step.result], step.result.dtype, shape, tuple(range(len(shape))), 0)
    split = _grouped(x, 1, groups)
    k, i = _named("k", ndim), _named("i", ndim)
    of_w, of_x = ["g", "o", "c", *k], ["n", "g", "c", *i]
    sizes = dict(zip([*of_w, *of_x], [*w.shape, *split.shape], strict=True))
    outer, inner = ["g", *i], [*k, "o"]
    steps, lows = y.strides[3:], [low for low, _ in padding]
    along = {"n": y.strides[0], "g": y.strides[1], "o": y.strides[2]}
    along |= dict(zip(i, steps, strict=True))
    along |= {name: -step * d for name, step, d in zip(k, steps, dilation, strict=True)}
    axes = [*outer, "n", *inner]
    start = y.offset + sum(low * step for low, step in zip(lows, steps, strict=True))
    a = Place(y.buffer, tuple(sizes[name] for name in axes), tuple(along[name] for name in axes), start, len(outer))
    b = _axes(w, of_w, [*outer, *inner, "c"], sizes)
    inside = tuple(Inside(1 + d, d, lows[d], dilation[d], stride[d], (v.shape[2 + d] - 1) * stride[d])
                   for d in range(ndim))  # fmt: skip
    memory.kernels.append(Product(step, a, b, _axes(split, of_x, [*outer, "n", "c"], sizes), inside=inside))
    return x


def _weight(memory: Memory, step: Step) -> Place:
    """``weight[o, c, k] = Σ over rows, p of x[row, c, p · stride + k · dilation] · v[row, o, p]``."""
    _, v = step.operands
    stride, padding, dilation, groups = (step.params[name] for name in ("stride", "padding", "dilation", "groups"))
    kernel, ndim = step.params["kernel"], len(stride)
    x = _grouped(_framed(memory, step, padding).windows(kernel, stride, dilation), 1, groups)
    y = _grouped(_side_by_side(memory, memory.place(v)), 1, groups)
    shape = step.result.shape
    w = memory.allot(memory.names[step.result], step.result.dtype, shape, tuple(range(len(shape))), None)
    split = _grouped(w, 0, groups)
    k, p = _named("k", ndim), _named("p", ndim)
    of_x, of_y, of_w = ["n", "g", "c", *k, *p], ["n", "g", "o", *p], ["g", "o", "c", *k]
    sizes = dict(zip([*of_x, *of_y], [*x.shape, *y.shape], strict=True))
    # A tile is as many outputs, and as many of whichever axis of the window or the channels is the longest.
    last = max(["c", *k], key=lambda name: min(sizes[name], 5))
    outer = ["g", *[name for name in ("c", *k) if name != last]]
    a = _axes(y, of_y, [*outer, "o", *p, "n"], sizes)
    b = _axes(x, of_x, [*outer, *p, "n", last], sizes)
    memory.kernels.append(Product(step, a, b, _axes(split, of_w, [*outer, "o", last], sizes)))
    return w


def _overlap(memory: Memory, step: Step) -> Place:
    """``y[.., p · stride + k · dilation] += x[.., k, p]`` in a frame of zeros, one place of the windows at a time."""
    x, (size, stride, padding, dilation) = memory.place(step.operands[0]), step.params.values()
    ndim, shape = len(size), step.result.shape
    lead = len(shape) - ndim
    kernel, counts = x.shape[lead : lead + ndim], x.shape[lead + ndim :]
    room = tuple(n + low + high for n, (low, high) in zip(size, padding, strict=True))
    lane = x.lane if x.lane is not None and x.lane < lead else None
    name, axes = memory.names[step.result], tuple(range(len(shape)))
    frame = memory.allot(name, step.result.dtype, (*shape[:lead], *room), axes, lane)
    memory.copy(0, frame)
    number = Value((), step.result.dtype)
    sum_of = Step(OPS["add"], (number, number), {}, number)
    for at in itertools.product(*map(range, kernel)):
        each = zip(at, counts, stride, dilation, strict=True)
        there = _part(frame, (..., *[slice(k * d, k * d + (n - 1) * s + 1, s) for k, n, s, d in each]))
        part = _part(x, (..., *at, *[slice(None)] * ndim))
        order = every(outer_first(there), there)
        sizes = tuple(there.shape[axis] for axis in order)
        member = Member(sum_of, [there.permuted(order), part.permuted(order)], there.permuted(order), name)
        memory.kernels.append(Loops(sizes, False, [member]))
    return _part(frame, (..., *[slice(low, low + n) for n, (low, _) in zip(size, padding, strict=True)]))


def _part(place: Place, index: tuple[object, ...]) -> Place:
    found = place.sliced(index)
    assert found is not None
    return found


WINDOWED: dict[str, Callable[[Memory, Step], Place]] = {
    "convolution": _convolution, "transposed_convolution": _transposed, "convolution_weight": _weight,
    "overlap": _overlap,
}  # fmt: skip
