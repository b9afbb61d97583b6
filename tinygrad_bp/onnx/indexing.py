"""Ops that read and write at an index, in ONNX."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..program import Value
from ..program.program import replaced
from .dims import Dim, fixed
from .graph import Ref
from .shapes import ndim_of, shape_of
from .table import Call, entry, refuse


def items_of(c: Call, index: Any, ndim: int) -> list[Any]:
    """The parts of an index, one for each dimension, None where one is added; an Ellipsis is spelled out."""
    index = replaced(index, c.now)
    items = list(index) if isinstance(index, tuple) else [index]
    items = [np.asarray(item) if isinstance(item, (list, np.ndarray, bool, np.bool_)) else item for item in items]
    whole: list[Any] = []
    for item in items:  # a mask is the places where it holds
        if isinstance(item, np.ndarray) and item.dtype == np.bool_:
            whole += list(np.nonzero(item)) if item.ndim else c.no("an index of one truth; use tg.where")
        else:
            whole.append(item)
    used = sum(item is not None and item is not Ellipsis for item in whole)
    place = next((i for i, item in enumerate(whole) if item is Ellipsis), len(whole))
    return [*whole[:place], *[slice(None)] * (ndim - used), *whole[place + 1 :]]


def _is_array(item: Any) -> bool:
    return isinstance(item, (np.ndarray, Value))


def _is_number(item: Any) -> bool:
    return isinstance(item, (int, np.integer)) or (isinstance(item, np.ndarray) and item.ndim == 0)


@entry("getitem")
def _getitem(c: Call, x: Ref, index: Any) -> Ref:
    cells = c.graph.cells.get(c.step.operands[0])
    if cells is not None and cells.has(index):  # of an LSTM its last states are outputs of their own
        part: Ref = cells.at(index)
        return part
    return _read(c, x, items_of(c, index, ndim_of(c)))


def _read(c: Call, x: Ref, items: list[Any]) -> Ref:
    arrays = [item for item in items if _is_array(item) and not _is_number(item)]
    if arrays and any(_is_number(item) for item in items):
        items = [np.asarray(item) if _is_number(item) else item for item in items]  # NumPy broadcasts them together
        arrays = [item for item in items if _is_array(item)]
    axis, numbers, taken = 0, [], []
    for item in items:  # slices first, each of its own dimension
        if item is None:
            continue
        if isinstance(item, slice):
            step = 1 if item.step is None else fixed(item.step)
            if (item.start, item.stop, step) != (None, None, 1):
                x = c.graph.slice(x, axis, item.start, item.stop, step)
        elif not arrays and _is_number(item):
            numbers.append((axis, item))
        else:
            taken.append(axis)
        axis += 1
    if not arrays:
        for axis, item in reversed(numbers):  # the last first: the others keep their places
            x = c.graph.take(x, c.graph.reshape(c.graph.length(item), ()) if isinstance(item, Dim) else int(item), axis)
        kept = [item for item in items if not _is_number(item)]
        return c.graph.unsqueeze(x, *[i for i, item in enumerate(kept) if item is None]).unary("Identity")
    if any(item is None for item in items):
        c.no("an index with None beside arrays; write x[:, None] as a step of its own")
    return _gathered(c, x, items, taken)


def _places(c: Call, item: Any) -> Ref:
    ref = c.known[item] if isinstance(item, Value) else None
    if ref is None:
        ref = c.graph.constant(item)
        ref = Ref(c.graph, ref.name, ref.dtype, np.shape(item))
    return Ref(c.graph, ref.cast(np.int64).name, np.int64, ref.shape)


def _gathered(c: Call, x: Ref, items: list[Any], taken: list[int]) -> Ref:
    indices = [item for item in items if _is_array(item)]
    ndim = len(items)
    if len(indices) == 1:
        return c.graph.take(x, _places(c, indices[0]), taken[0])
    shapes = [np.shape(item) if not isinstance(item, Value) else item.shape for item in indices]
    shape = _together(shapes)
    rest = [a for a in range(ndim) if a not in taken]
    beside = taken == list(range(taken[0], taken[0] + len(taken)))
    each = [c.graph.unsqueeze(c.graph.expand(_places(c, item), shape), len(shape)) for item in indices]
    y = c.graph.node("GatherND", c.graph.permute(x, [*taken, *rest]), c.graph.node("Concat", *each, axis=len(shape)))
    if not beside or not taken[0]:
        return y
    front = taken[0]  # where the arrays stand side by side, their dimensions stay there
    n = len(shape)
    return c.graph.permute(y, [*range(n, n + front), *range(n), *range(n + front, n + len(rest))])


def _together(shapes: list[tuple[int, ...]]) -> list[int]:
    longest = max(len(shape) for shape in shapes)
    result: list[int] = [1] * longest
    for shape in shapes:
        for i, n in enumerate(shape):
            place = longest - len(shape) + i
            if isinstance(n, Dim) or n != 1:
                result[place] = n
    return result


# ---------------------------------------------------------------------- writing


def _is_basic(items: list[Any]) -> bool:
    return not any(_is_array(item) and not _is_number(item) for item in items)


def _is_all(item: Any, size: int) -> bool:
    """Whether a part of an index takes all of a dimension."""
    if not isinstance(item, slice) or item.step not in (None, 1) or isinstance(item.start, Dim):
        return False
    return item.start in (None, 0) and (item.stop is None or item.stop == size)


def _borders(c: Call, items: list[Any], shape: tuple[int, ...]) -> tuple[list[int], list[int], list[int], list[int]]:
    """For each dimension what stands before and behind, which are dropped, and which are of size 1 in a mask."""
    before, behind, dropped, whole = [], [], [], []
    for axis, (item, size) in enumerate(zip([i for i in items if i is not None], shape)):
        if _is_all(item, size):
            before.append(0)
            behind.append(0)
            whole.append(axis)
            continue
        if isinstance(item, slice):
            start, stop, step = item.indices(fixed(size))
            if step != 1:
                c.no("a slice with a step is written there; write the elements by tg.where and a mask")
            before.append(start)
            behind.append(size - max(stop, start))
        else:
            place = int(fixed(item)) % fixed(size)
            before.append(place)
            behind.append(size - 1 - place)
            dropped.append(axis)
    return before, behind, dropped, whole


def _stepped(items: list[Any]) -> bool:
    return any(isinstance(item, slice) and item.step not in (None, 1) for item in items)


def _flat_places(c: Call, items: list[Any], shape: tuple[int, ...]) -> Any:
    if any(isinstance(item, Value) for item in items):
        c.no("places that are computed, or follow a free size, are written; use tg.where and a mask")
    shape = tuple(int(n) for n in shape)
    return np.arange(int(np.prod(shape))).reshape(shape)[tuple(items)]


@entry("place")
def _place(c: Call, x: Ref, shape: Any, index: Any) -> Ref:
    items = items_of(c, index, len(c.shape))
    if _is_basic(items) and None not in items and not _stepped(items):
        before, behind, dropped, _ = _borders(c, items, c.shape)
        return c.graph.pad(c.graph.unsqueeze(x, *dropped), before, behind).unary("Identity")
    places = _flat_places(c, items, fixed(c.shape))
    zeros = c.graph.constant(np.zeros(int(np.prod(c.shape))), x.dtype)
    flat = c.graph.node("Reshape", x, c.graph.constant([-1]))
    y = c.graph.node("ScatterElements", zeros, c.graph.constant(places.ravel()), flat, axis=0, reduction="add")
    return c.graph.reshape(y, c.shape)


@entry("read_last")
def _read_last(c: Call, x: Ref, index: Any) -> Ref:
    items = items_of(c, index, ndim_of(c))
    places = _flat_places(c, items, fixed(shape_of(c)))
    last = {place: i for i, place in enumerate(places.ravel())}
    mask = np.array([last[place] == i for i, place in enumerate(places.ravel())]).reshape(places.shape)
    return c.graph.constant(mask, bool).choose(_read(c, x, items), 0)


@entry("setitem")
def _setitem(c: Call, x: Ref, v: Ref, index: Any) -> Ref:
    items = items_of(c, index, len(c.shape))
    v = v.cast(x.dtype)
    v = Ref(c.graph, v.name, v.dtype, shape_of(c, 1))
    if _is_basic(items) and None not in items and not _stepped(items):
        before, behind, dropped, whole = _borders(c, items, c.shape)
        kept = [(a, n) for a, n in enumerate(c.shape) if a not in dropped]
        region = [n if a in whole else fixed(n) - before[a] - behind[a] for a, n in kept]
        written = c.graph.expand(_cut(c, v, len(region)), region)
        written = c.graph.pad(c.graph.unsqueeze(written, *dropped), before, behind)
        size = [1 if a in whole else fixed(n) for a, n in enumerate(c.shape)]
        mask = np.zeros(size, bool)
        mask[tuple(slice(None) if a in whole else slice(b, n - e)
                   for a, (b, e, n) in enumerate(zip(before, behind, size)))] = True  # fmt: skip
        return c.graph.constant(mask, bool).choose(written, x)
    places = _flat_places(c, items, fixed(c.shape))
    written = c.graph.node("Reshape", c.graph.expand(_cut(c, v, places.ndim), places.shape), c.graph.constant([-1]))
    last = {place: i for i, place in enumerate(places.ravel().tolist())}  # of repeated places the last one counts
    written = c.graph.take(written, list(last.values()), 0)
    flat = c.graph.node("Reshape", x, c.graph.constant([-1]))
    return c.graph.reshape(
        c.graph.node("ScatterElements", flat, c.graph.constant(list(last)), written, axis=0), c.shape
    )


def _cut(c: Call, v: Ref, ndim: int) -> Ref:
    """Without the dimensions of size 1 in front that a value may have."""
    extra = max(len(v.shape or ()) - ndim, 0)
    shape = (v.shape or ())[extra:]
    y = c.graph.squeeze(v, *range(extra))
    return Ref(c.graph, y.name, y.dtype, shape)


# ---------------------------------------------------------------------- rows of a table


@entry("take_rows")
def _take_rows(c: Call, weight: Ref, index: Ref, padding_idx: Any, by_frequency: bool) -> Ref:
    return c.graph.take(weight, index if index.dtype in (np.int32, np.int64) else index.cast(np.int64), 0)


@entry("add_rows")
def _add_rows(c: Call, x: Ref, index: Ref, size: int) -> Ref:
    zeros = c.graph.expand(c.graph.constant(0, x.dtype), c.shape)
    places = c.graph.unsqueeze(index.cast(np.int64), ndim_of(c, 1))
    return c.graph.node("ScatterND", zeros, places, x, reduction="add")


@entry("row_weights")
def _row_weights(c: Call, index: Ref, padding_idx: int | None, by_frequency: bool) -> Ref:
    counts = c.graph.constant(1, c.dtype)
    if by_frequency:
        flat = c.graph.node("Reshape", index, c.graph.constant([-1]))
        counts = c.graph.sum(c.graph.unsqueeze(index, len(c.shape)).eq(flat).cast(c.dtype), [-1])
    counted = index.eq(index) if padding_idx is None else ~index.eq(padding_idx)
    return counted.cast(c.dtype) / counts


@entry("bag_tops")
def _bag_tops(c: Call, x: Ref, bag: Ref, count: int) -> Ref:
    inside = bag_of(c, bag, count)  # (count, rows, 1)
    x = c.graph.unsqueeze(x, 0)
    return c.graph.node("ArgMax", inside.choose(x, -np.inf), axis=1, keepdims=0, dtype=np.int64)


def bag_of(c: Call, bag: Ref, count: int) -> Ref:
    """Which rows belong to each bag."""
    bag = bag.cast(np.int64)
    numbers = c.graph.unsqueeze(c.graph.counting(count), 1)
    return c.graph.unsqueeze(c.graph.unsqueeze(bag, 0).eq(numbers), 2)


@entry("extreme_present")
def _extreme_present(c: Call, x: Ref, present: Any, least: bool) -> Ref:
    inside = c.known[present] if isinstance(present, Value) else c.graph.constant(present, bool)
    kind = "ReduceMin" if least else "ReduceMax"
    return c.graph.sum(inside.choose(x, np.inf if least else -np.inf), [0], False, kind)


refuse("short_rows", "it shortens the rows of the embedding itself while it reads them (max_norm); shorten them once, "
       "and export an embedding without max_norm")  # fmt: skip
