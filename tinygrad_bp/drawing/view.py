"""What of a graph is shown: which groups are open, and which element of the picture stands for a call."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from ..autograd.errors import ArgumentError
from .folding import FEW, Group
from .graph import Graph

ROOM = 30  # elements that a picture shows by itself
MOST = 120  # of one group, however it was opened
HEAD, TAIL = 8, 32  # what is kept of a group with more

Open = int | str | Iterable[str] | None


@dataclass(eq=False)
class Frame:
    """An open group: a frame around what is in it."""

    key: str
    group: Group
    parent: Frame | None = None


@dataclass(eq=False)
class Element:
    """What is shown for calls: one call, or a group that is not open."""

    what: int | Group
    frame: Frame | None


@dataclass(eq=False)
class View:
    """What of a graph is shown, in the order of the calls.

    ``shown[i]`` is the number of the element that stands for call ``i``; ``first[i]`` the call of the first block that
    it stands for, where equal blocks are folded; else ``i``.
    """

    elements: list[Element] = field(default_factory=list)
    frames: list[Frame] = field(default_factory=list)
    shown: list[int] = field(default_factory=list)
    first: list[int] = field(default_factory=list)

    def call(self, i: int) -> bool:
        """Whether call ``i`` (or its likeness in the first block) is shown itself."""
        return not isinstance(self.elements[self.shown[i]].what, Group)


def view(graph: Graph, root: Group, open: Open = None, whole: bool = False) -> View:
    """Choose what is shown; ``whole``: everything that is not folded, however large.

    ``open`` says which groups are open: None those for which there is room (but for layers of the package, which stay
    closed in all but small graphs), a number all down to that depth, a name or
    several (``"layers.0"``, ``"layers.*"``, or a class) those modules and what they stand in, ``"all"`` all.
    Raises ``ArgumentError`` where a name is that of no module.
    """
    opened = _opened(root, open, whole)
    seen = View(shown=[0] * len(graph.inputs), first=list(range(len(graph.inputs))))
    _show(seen, root, opened, None, whole)
    return seen


# ---------------------------------------------------------------------- which are open


def _inner(group: Group) -> list[Group]:
    return [item for item in group.items if isinstance(item, Group)]


def _opened(root: Group, open: Open, whole: bool) -> set[int]:
    """The ids of the groups that are open."""
    opened = {id(root)}
    if whole or open == "all":
        waiting = [root]
        for group in waiting:  # grows while it is walked
            waiting += _inner(group)
        return {id(group) for group in waiting}
    if isinstance(open, (str, Iterable)):
        _open_names(root, [open] if isinstance(open, str) else list(open), opened)
        return opened
    if open is not None and (isinstance(open, bool) or not isinstance(open, int) or open < 0):
        raise ArgumentError(
            f"draw: open is a depth (0, 1, …), the name of a module or several, or 'all'; got {open!r:.60}"
        )
    level, depth, count = _inner(root), 0, len(root.items)
    while level:
        if open is None:
            count = _open_some([group for group in level if not _closed(group, root)], count, opened)
        elif depth >= open:
            break
        else:
            opened.update(id(group) for group in level)
        # Equal blocks are no depth of their own: what is inside them is as deep as they are.
        level = [inner for group in level if id(group) in opened for inner in _inner(group)]
        depth += 1
    return opened


def _closed(group: Group, root: Group) -> bool:
    """Whether a group stays closed unless it is asked for: a layer of the package that holds no modules."""
    holds = _inner(group) or any(item in root.single for item in group.items)
    return group.layer and not holds and root.stop > FEW


def _open_some(level: list[Group], count: int, opened: set[int]) -> int:
    """Open the groups of one depth for which there is room, all of one kind or none; how many elements there are."""
    kinds: dict[tuple[str, str], list[Group]] = {}
    for group in level:
        kinds.setdefault((group.kind, group.title), []).append(group)
    for groups in sorted(kinds.values(), key=lambda groups: sum(len(group.items) for group in groups)):
        more = sum(len(group.items) - 1 for group in groups)
        if count + more <= ROOM:
            count += more
            opened.update(id(group) for group in groups)
    return count


def _open_names(root: Group, names: Sequence[str], opened: set[int]) -> None:
    unused, known = set(names), [name for name, _ in root.single.values() if name]

    def found(group: Group) -> bool:
        """Whether the group, or one inside, is named."""
        mine = False
        for name in names:
            if not isinstance(name, str):
                raise ArgumentError(f"draw: open names modules by strings, got {type(name).__name__}")
            if any(fnmatchcase(own, name) for own in (group.name, group.title, *group.names) if own):
                unused.discard(name)
                mine = True
        if group.name:
            known.append(group.name)
        inside = [found(inner) for inner in _inner(group)]
        if mine and group.kind == "repeat":
            opened.update(id(inner) for inner in _inner(group))
        if mine or any(inside):
            opened.add(id(group))
        return mine or any(inside)

    found(root)
    alone = {part for both in root.single.values() for part in both}  # there is nothing to open in a module of one op
    unused = {name for name in unused if not any(fnmatchcase(own, name) for own in alone)}
    if unused:
        has = ", ".join(known[:8]) + (", …" if len(known) > 8 else "") if known else "no module with several ops"
        raise ArgumentError(f"draw: open names {sorted(unused)[0]!r}, but the graph has {has}")


# ---------------------------------------------------------------------- what stands for what


def _show(seen: View, group: Group, opened: set[int], frame: Frame | None, whole: bool) -> None:
    for item in group.items if whole else _cut(group.items):
        if isinstance(item, Group) and id(item) in opened:
            inner = Frame(f"cluster {len(seen.frames) + 1}", item, frame)
            seen.frames.append(inner)
            only = item.items[0] if item.count > 1 and len(item.items) == 1 else None
            # Equal modules are one frame.
            _show(seen, only if isinstance(only, Group) and id(only) in opened else item, opened, inner, whole)
            if item.count > 1:
                _repeat(seen, item)
            continue
        element = len(seen.elements)
        seen.elements.append(Element(item, frame))
        low, high = (item.start, item.stop) if isinstance(item, Group) else (item, item + 1)
        seen.shown[low:high] = [element] * (high - low)


def _repeat(seen: View, group: Group) -> None:
    """Have the first block stand for the others."""
    size = group.block
    for low in range(group.start + size, group.stop, size):
        seen.shown[low : low + size] = seen.shown[group.start : group.start + size]
        seen.first[low : low + size] = seen.first[group.start : group.start + size]


def _cut(items: list[Any]) -> list[Any]:
    """The items, with the middle of very many as one."""
    if len(items) <= MOST:
        return items
    middle = items[HEAD : len(items) - TAIL]
    first, last = middle[0], middle[-1]
    start = first.start if isinstance(first, Group) else first
    stop = last.stop if isinstance(last, Group) else last + 1
    return [*items[:HEAD], Group("rest", start, stop, items=middle), *items[len(items) - TAIL :]]
