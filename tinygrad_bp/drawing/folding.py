"""What belongs together: calls of modules, and equal blocks that follow each other, as groups inside groups."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from .graph import Graph, ModuleCall

FEW = 12  # calls: so small a graph is never folded
SAVING = 6  # calls that folding must leave out
LONGEST = 512  # items of a block that is looked for


@dataclass(eq=False)
class Group:
    """Calls that follow each other: those of a module, or of ``count`` equal blocks, of which ``items`` is the first.

    An item is the number of a call, or a group. ``rest`` is what a picture has no room for.
    """

    kind: Literal["all", "module", "repeat", "rest"]
    start: int
    stop: int
    name: str = ""  # of a module its path
    title: str = ""  # of a module its class
    count: int = 1
    items: list[Any] = field(default_factory=list)
    names: tuple[str, ...] = ()  # of a repeat: the paths of the modules that its blocks are
    layer: bool = False  # a module of the package
    single: dict[int, tuple[str, str]] = field(default_factory=dict)  # of all: path and class of modules of one call

    @property
    def block(self) -> int:
        """How many calls one of the blocks has."""
        return (self.stop - self.start) // self.count


def grouped(graph: Graph, fold: bool = True) -> Group:
    """The groups of a graph, one inside the other; without ``fold`` those of modules alone.

    >>> import tinygrad_bp as tg
    >>> from tinygrad_bp.drawing.graph import Programmed
    >>> def steps(h, w):
    ...     for _ in range(300):
    ...         h = tg.tanh(h @ w)
    ...     return h
    >>> root = grouped(Programmed(tg.program(steps, tg.ones(2), tg.eye(2))))
    >>> [(item.kind, item.count, item.block) for item in root.items]
    [('repeat', 300, 2)]
    """
    root = _nested(graph.modules, len(graph.inputs))
    if fold and len(graph.inputs) > FEW:
        folding = _Folding(graph)
        folding.inside(root)
    return root


def _nested(modules: Sequence[ModuleCall], size: int) -> Group:
    """The calls of modules as groups; of those that are not inside each other or apart, the smaller is left out."""
    root = Group("all", 0, size)
    chain = [root]
    for call in sorted(modules, key=lambda call: (call.start, -call.stop)):
        while call.start >= chain[-1].stop and len(chain) > 1:
            chain.pop()
        if call.start >= call.stop or call.stop > chain[-1].stop:
            continue
        group = Group("module", call.start, call.stop, call.name, call.kind, layer=call.layer)
        chain[-1].items.append(group)
        chain.append(group)
    waiting = [root]
    for group in waiting:  # grows while it is walked
        waiting += group.items
        _fill(group)
    for group in reversed(waiting):
        group.items = [_plain(item, root.single) for item in group.items]
    whole = root.items[0] if len(root.items) == 1 else None
    if isinstance(whole, Group) and not whole.name:  # the model itself, which is the whole picture
        root.items, root.title = whole.items, whole.title
    return root


def _fill(group: Group) -> None:
    """Put the calls between the groups into ``items``."""
    items: list[Any] = []
    at = group.start
    for inner in group.items:
        items += [*range(at, inner.start), inner]
        at = inner.stop
    group.items = [*items, *range(at, group.stop)]


def _plain(item: Any, single: dict[int, tuple[str, str]]) -> Any:
    """A module that is nothing but another one is that one, and a module of one call is the call."""
    if not isinstance(item, Group) or len(item.items) != 1:
        return item
    (inner,) = item.items
    if not isinstance(inner, Group):
        single.setdefault(inner, (item.name, item.title))
    elif inner.title == "Sequential":
        inner.title = item.title
    return inner


class _Folding:
    """Finds equal blocks in a graph."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self._numbers: dict[Hashable, int] = {}  # of what looks equal

    def _number(self, what: Hashable) -> int:
        return self._numbers.setdefault(what, len(self._numbers))

    def inside(self, group: Group) -> None:
        """Fold what is in a group, the innermost first."""
        for item in group.items:
            if isinstance(item, Group):
                self.inside(item)
        group.items = self._folded(group.items)

    def _look(self, item: Any) -> int:
        """Equal numbers look equal."""
        if not isinstance(item, Group):
            shapes = tuple([self.graph.shape(ref) for ref in self.graph.inputs[item]])
            return self._number((self.graph.marks[item], shapes))
        return self._number((item.title, item.count, *map(self._look, item.items)))

    def _folded(self, items: list[Any]) -> list[Any]:
        if len(items) < 2:
            return items
        starts = [item.start if isinstance(item, Group) else item for item in items]
        last = items[-1]
        starts.append(last.stop if isinstance(last, Group) else last + 1)
        repeats = self._repeats(np.array([self._look(item) for item in items]), starts)
        folded: list[Any] = []
        at = 0
        for first, size, count in sorted(repeats):
            folded += items[at:first]
            block = items[first : first + size]
            names = [item.name for item in items[first : first + size * count : size] if isinstance(item, Group)]
            inner = self._folded(block) if size > 1 and not any(isinstance(item, Group) for item in block) else block
            at = first + size * count
            folded.append(Group("repeat", starts[first], starts[at], count=count, items=inner, names=tuple(names)))
        return [*folded, *items[at:]]

    def _repeats(self, looks: Any, starts: list[int]) -> list[tuple[int, int, int]]:
        """Blocks that follow each other and are equal: the first item, how many items a block has, how many blocks."""
        size = len(looks)
        found: list[tuple[int, int, int, int]] = []  # with how many calls are saved
        covered = np.zeros(size, bool)  # by blocks of which longer ones are made
        for period in range(1, min(size // 2, LONGEST) + 1):
            same = looks[:-period] == looks[period:]
            if not same.any():
                continue
            edges = np.flatnonzero(np.diff(np.concatenate(([0], same.view(np.int8), [0]))))
            for low, high in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
                at = low
                while high - at >= period:
                    if covered[at] and covered[high - 1]:
                        break
                    count = self._equal(starts, at, period, (high - at) // period + 1)
                    saved = (count - 1) * (starts[at + period] - starts[at])
                    if count > 1 and saved >= SAVING:
                        found.append((saved, -period, at, count))
                        covered[at : at + period * count] = True
                    at += max(1, period * (count - 1))
        taken: list[tuple[int, int, int]] = []
        free = np.ones(size, bool)
        for _, negative, at, count in sorted(found, reverse=True):
            period = -negative
            if free[at : at + period * count].all():
                free[at : at + period * count] = False
                taken.append((at, period, count))
        return taken

    def _equal(self, starts: list[int], first: int, period: int, count: int) -> int:
        """How many of the blocks read what the one before it reads, a block later."""
        inputs, begin = self.graph.inputs, starts[first]
        size = starts[first + period] - begin
        if starts[first + period * count] - begin != size * count:
            return 1
        for block in range(count - 1):
            low = begin + block * size
            for i in range(low, low + size):
                before, after = inputs[i], inputs[i + size]
                if len(before) != len(after):
                    return block + 1
                for one, other in zip(before, after, strict=True):
                    if other == one or (one >= 0 and other - one == size):
                        continue
                    if one < 0 and other < 0 and self._alike(one, other):
                        continue
                    if one < begin <= other and block < 2:  # handed from block to block; the first gets it from outside
                        continue
                    return block + 1
        return count

    def _alike(self, one: int, other: int) -> bool:
        """Whether two leaves are of one kind: each block may have its own."""
        a, b = self.graph.leaves[~one], self.graph.leaves[~other]
        return a.kind == b.kind and a.shape == b.shape
