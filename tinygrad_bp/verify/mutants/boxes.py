"""Parts of arrays that slices and whole numbers cut out: where they start, and where else they may start."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations, pairwise
from math import gcd
from typing import Any, NamedTuple

import numpy as np

Starts = tuple[int, ...]
LARGEST = 6  # strides are smaller


class Box(NamedTuple):
    """A part of an array without gaps, its first element and its size along every axis of the whole."""

    shape: tuple[int, ...]  # of the whole
    starts: Starts
    sizes: tuple[int, ...]
    part: tuple[int, ...]  # the shape of the part: whole numbers take axes away

    def read(self, whole: Any, starts: Starts, outside: float = 0.0) -> Any:
        """The part that starts elsewhere, zeros (or another number) where that is outside."""
        found = np.full(self.sizes, outside)
        inside, here = self._both(starts)
        found[here] = whole[inside]
        return found.reshape(self.part)

    def written(self, part: Any, starts: Starts) -> Any:
        """The part put where it starts elsewhere, in zeros; what is outside is lost."""
        found = np.zeros(self.shape)
        inside, here = self._both(starts)
        found[inside] = np.reshape(part, self.sizes)[here]
        return found

    def _both(self, starts: Starts) -> tuple[Any, Any]:
        """The slices of the whole and of the part that are both."""
        inside, here = [], []
        for start, size, n in zip(starts, self.sizes, self.shape, strict=True):
            first, last = min(max(start, 0), n), max(min(start + size, n), 0)
            inside.append(slice(first, max(first, last)))
            here.append(slice(first - start, max(first, last) - start))
        return tuple(inside), tuple(here)


def box_of(index: Any, shape: tuple[int, ...]) -> Box | None:
    """What an index cuts out; None where it has gaps, arrays or new axes."""
    parts = list(index) if isinstance(index, tuple) else [index]
    if any(p is None or isinstance(p, (np.ndarray, list, bool)) for p in parts):
        return None
    if Ellipsis in parts:
        at = parts.index(Ellipsis)
        parts[at : at + 1] = [slice(None)] * (len(shape) - len(parts) + 1)
    parts += [slice(None)] * (len(shape) - len(parts))
    starts, sizes, part = [], [], []
    for one, n in zip(parts, shape, strict=True):
        if isinstance(one, slice):
            first, stop, step = one.indices(n)
            if step != 1 or stop <= first:
                return None
            sizes.append(stop - first)
            part.append(stop - first)
        else:
            first = int(one) % n
            sizes.append(1)
        starts.append(first)
    return Box(shape, tuple(starts), tuple(sizes), tuple(part))


def elsewhere(starts: Sequence[Starts], sizes: Starts | None = None) -> Iterator[tuple[str, str, list[Starts]]]:
    """What may be written for the starts of the parts that a loop reads: kind, how it is said, and the other starts."""
    axes = range(len(starts[0]))
    if len({len(start) for start in starts}) > 1:
        return
    for axis in axes:
        for step in (1, -1):
            text = f"one place {'later' if step > 0 else 'earlier'} along axis {axis}"
            yield "shifted", text, [(*s[:axis], s[axis] + step, *s[axis + 1 :]) for s in starts]
    moving = [axis for axis in axes if len({s[axis] for s in starts}) > 1]
    for one, other in combinations(moving, 2):
        if {s[one] for s in starts} == {s[other] for s in starts}:
            text = f"at (j, i) where (i, j) is meant, along axes {one} and {other}"
            exchanged = {one: other, other: one}
            yield "transposed", text, [tuple(s[exchanged.get(a, a)] for a in axes) for s in starts]
    common = [_common([s[axis] for s in starts]) for axis in axes]
    wide = [axis for axis, by in enumerate(common) if by > 1]
    for stretched in (wide, *([axis] for axis in wide if len(wide) > 1)) if wide else ():
        text = "as if the stride were 1" + (f" along axis {stretched[0]}" if len(stretched) < len(wide) else "")
        each = [common[axis] if axis in stretched else 1 for axis in axes]
        yield "stride ignored", text, [tuple(n // m for n, m in zip(s, each, strict=True)) for s in starts]
    strides = {(by,) * len(common): f"{by}" for by in range(2, LARGEST)}
    if sizes is not None:
        strides = {tuple(sizes): "the size of what is read", **strides}
    for apart, by in strides.items() if moving else ():
        if any(common[axis] != apart[axis] for axis in moving):
            ways = [(m, c) if axis in moving else (1, 1) for axis, (m, c) in enumerate(zip(apart, common, strict=True))]
            moved_on = [tuple(n * m // c for n, (m, c) in zip(s, ways, strict=True)) for s in starts]
            yield "stride ignored", f"as if the stride were {by}", moved_on
    for count in range(1, len(moving) + 1):
        for some in combinations(moving, count):
            ends = {axis: min(s[axis] for s in starts) + max(s[axis] for s in starts) for axis in some}
            where = " and ".join(map(str, some))
            text = f"in the opposite order along ax{'es' if count > 1 else 'is'} {where}, turned round"
            yield "flipped", text, [tuple(ends[a] - n if a in ends else n for a, n in enumerate(s)) for s in starts]
            firsts = {axis: min(s[axis] for s in starts) for axis in some}
            text = f"at the first place along ax{'es' if count > 1 else 'is'} {where} each time"
            yield "wrong place", text, [tuple(firsts.get(a, n) for a, n in enumerate(s)) for s in starts]


def _common(places: list[int]) -> int:
    """The common distance of some places."""
    known = sorted(set(places))
    return gcd(*(b - a for a, b in pairwise(known))) if len(known) > 1 else 1


def otherwise(value: Any) -> Iterator[tuple[str, str, Any]]:
    """What may be read in the place of an array: turned round, transposed, moved on by one."""
    axes = [axis for axis, n in enumerate(value.shape) if n > 1]
    for count in range(1, min(len(axes), 3) + 1):
        for some in combinations(axes, count):
            text = f"turned round along ax{'es' if count > 1 else 'is'} {' and '.join(map(str, some))}"
            yield "flipped", text, np.flip(value, some)
    for one, other in combinations(axes, 2):
        if value.shape[one] == value.shape[other]:
            yield "transposed", f"with axes {one} and {other} exchanged", np.swapaxes(value, one, other)
    for axis in axes:
        for step in (1, -1):
            text = f"moved on by {step} along axis {axis}"
            yield "shifted", f"{text}, zero at the end", moved(value, step, axis)
            yield "shifted", f"{text}, round the end", np.roll(value, step, axis)


def moved(value: Any, step: int, axis: int) -> Any:
    """An array moved on by one along an axis, with zeros where nothing comes."""
    found = np.roll(value, step, axis)
    found[(*[slice(None)] * axis, 0 if step > 0 else -1)] = 0
    return found
