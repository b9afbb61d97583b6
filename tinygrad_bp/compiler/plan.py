"""The plan: where results lie. Lifetimes become places in one arena, chains run in one place, views cost nothing.

``places`` is the heart: from lifetimes and sizes to offsets, such that nothing alive overlaps. The rest finds what
needs a place, from the lines and from how NumPy laid the results out when the lines ran once by themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from .lines import Line, Lines, Slot

ALIGNED = 64  # bytes, a line of the cache


class Lifetime(NamedTuple):
    """From the line that makes something to the last one that reads it, both included, and its size in bytes."""

    first: int
    last: int
    size: int


def places(lifetimes: Sequence[Lifetime]) -> tuple[list[int], int]:
    """An offset for each, and the size of the arena: two that are alive at once do not overlap.

    The largest first, each at the lowest place that is free all its life.

    >>> places([Lifetime(0, 1, 64), Lifetime(1, 2, 64), Lifetime(2, 3, 64)])
    ([0, 64, 0], 128)
    """
    offsets = [0] * len(lifetimes)
    settled: list[int] = []
    for i in sorted(range(len(lifetimes)), key=lambda i: (-lifetimes[i].size, lifetimes[i].first)):
        one, offset = lifetimes[i], 0
        alive = [j for j in settled if lifetimes[j].first <= one.last and one.first <= lifetimes[j].last]
        for j in sorted(alive, key=lambda j: offsets[j]):
            if offset + one.size <= offsets[j]:
                break
            offset = max(offset, _aligned(offsets[j] + lifetimes[j].size))
        offsets[i] = offset
        settled.append(i)
    return offsets, max((offsets[i] + lifetimes[i].size for i in settled), default=0)


def _aligned(offset: int) -> int:
    return -(-offset // ALIGNED) * ALIGNED


@dataclass(frozen=True, slots=True)
class Layout:
    """How an array lies in memory."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    strides: tuple[int, ...]

    @classmethod
    def of(cls, array: Any) -> Layout:
        """The layout of an array."""
        steps = [step if size > 1 else array.itemsize for size, step in zip(array.shape, array.strides, strict=True)]
        return cls(array.shape, array.dtype, tuple(steps))  # along one element there is no step

    @property
    def size(self) -> int:
        """Bytes, of an array without gaps."""
        return int(np.prod(self.shape, dtype=np.int64)) * self.dtype.itemsize


@dataclass(slots=True)
class Seen:
    """What one run of the lines by themselves showed."""

    layouts: dict[Slot, Layout] = field(default_factory=dict)  # of arrays; a number of NumPy has none
    strides: dict[Slot, tuple[int, ...]] = field(default_factory=dict)  # of the inputs, as they were given
    bases: dict[Slot, Slot] = field(default_factory=dict)  # whose memory a result lies in, if not its own

    def root(self, slot: Slot) -> Slot:
        """Whose memory it is in the end."""
        while slot in self.bases:
            slot = self.bases[slot]
        return slot


@dataclass(slots=True)
class Plan:
    """Which lines write into memory that is kept, and where that lies in the arena."""

    arena: int = 0  # bytes
    offsets: dict[Slot, int] = field(default_factory=dict)
    over: dict[Slot, Slot] = field(default_factory=dict)  # results in the memory of what they were made from
    direct: dict[Slot, Slot] = field(default_factory=dict)  # results written into an input that the program writes


def planned(lines: Lines, seen: Seen, may_write: bool = True) -> Plan:
    """Where the results of the lines lie; with ``may_write`` also in the inputs that the program writes."""
    last = _last_reads(lines, seen)
    program = lines.program
    outputs = {seen.root(lines.slots[value]) for value in program.outputs if value in lines.slots}
    written = {lines.slots[value]: lines.slots[place] for place, value in program.writes.items()} if may_write else {}
    plan, needed, group = Plan(), dict[Slot, Lifetime](), dict[Slot, Slot]()
    for i, line in enumerate(lines.lines):
        if not line.into or len(line.gives) != 1:
            continue
        slot = line.gives[0]
        layout = seen.layouts.get(slot)
        if layout is None or slot in seen.bases or not layout.size:
            continue
        place = written.get(slot)
        if place is not None and line.over and _is_free(place, i, line, layout, seen, last):
            plan.direct[slot] = place
            last[place] = max(last.get(place, i), last.get(slot, i))
            seen.bases[slot] = place
        elif slot not in outputs:
            source = _source(line, i, layout, seen, last, group)
            end = last.get(slot, i)
            if source is None:
                group[slot], needed[slot] = slot, Lifetime(i, end, layout.size)
            else:
                head = group[slot] = group[source]
                plan.over[slot] = source
                needed[head] = needed[head]._replace(last=max(needed[head].last, end))
    offsets, plan.arena = places(list(needed.values()))
    heads = dict(zip(needed, offsets, strict=True))
    plan.offsets = {slot: heads[head] for slot, head in group.items()}
    return plan


def _last_reads(lines: Lines, seen: Seen) -> dict[Slot, int]:
    """The last line that reads memory, by whose it is; what a run is for is read behind the last line."""
    last: dict[Slot, int] = {}
    for i, line in enumerate(lines.lines):
        last |= dict.fromkeys(map(seen.root, line.reads), i)
    ends = [lines.slots[value] for value in lines.program.results()]
    last |= dict.fromkeys(map(seen.root, ends), len(lines.lines))
    for i, line in reversed(list(enumerate(lines.lines))):
        if line.whole:
            end = max(last.get(seen.root(slot), i) for slot in line.gives)
            last |= {root: max(last[root], end) for root in map(seen.root, line.reads)}
    return last


def _is_free(place: Slot, i: int, line: Line, layout: Layout, seen: Seen, last: dict[Slot, int]) -> bool:
    """Whether an input may be overwritten by line ``i``, which gives its new value."""
    mine = [slot for slot in line.reads if seen.root(slot) is place]
    return last.get(place, -1) <= i and mine in ([], [place]) and seen.layouts[place] == layout


def _source(
    line: Line, i: int, layout: Layout, seen: Seen, last: dict[Slot, int], group: dict[Slot, Slot]
) -> Slot | None:
    """What line ``i`` reads last, of the same layout as its result, in memory of the arena."""
    roots = [seen.root(slot) for slot in line.reads]
    for slot, root in zip(line.reads, roots, strict=True):
        alone = roots.count(root) == 1
        if line.over and alone and slot is root and slot in group and last[slot] == i and seen.layouts[slot] == layout:
            return slot
    return None
