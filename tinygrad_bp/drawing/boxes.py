"""The parts of a picture as plain data, and what the pictures of forward and backward have in common."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

from .folding import Group
from .graph import Graph
from .view import Frame, View

Kind = Literal["leaf", "op", "result", "group"]
Role = Literal["parameter", "input", "op", "saved", "result", "group", "gradient"]


class Box(NamedTuple):
    """One box. What is not known is a text that says why: ``value`` and ``grad`` are arrays or such a text."""

    key: str  # "leaf 1", "op 1", "result 1", ... counted from the oldest
    kind: Kind
    name: str  # given name, op label, class of a module, or a Python number; "" for none
    shape: tuple[int, ...] | None = None
    dtype: Any = None
    value: Any = None
    grad: Any = None  # None where there is none
    params: tuple[tuple[str, Any], ...] = ()  # of an op, where they are not the default
    output: bool = False  # handed to draw()
    role: Role = "result"
    requires_grad: bool = False  # whether a gradient flows to it
    facts: tuple[str, ...] = ()  # what else is said of it
    parameters: tuple[str, ...] = ()  # of an op: those of its module, where they have no boxes
    times: int = 1  # how many equal blocks it stands for, or how many leaves, one for each block
    frame: str = ""  # the key of the frame in which it stands
    line: str = ""  # of the user's program, where it was recorded


class Arrow(NamedTuple):
    """From a value to the op that reads it (under ``label``, its name there), or from an op to its result."""

    tail: str
    head: str
    label: str = ""
    kind: Literal["flow", "carried", "gradient", "saved"] = "flow"  # carried: from one equal block to the next


class Surround(NamedTuple):
    """A frame around the boxes of a module, or of the first of equal blocks."""

    key: str
    name: str
    title: str
    times: int = 1
    parent: str = ""


class Description(NamedTuple):
    """A graph as boxes and arrows, both oldest first: the same graph always gives the same description."""

    boxes: list[Box]
    arrows: list[Arrow]
    frames: list[Surround]
    notes: list[str]  # what the picture leaves out, in sentences


LEAVES = 12  # of one op that are drawn
FULL = 14  # calls of a graph in which each result and each parameter has a box of its own


def title_of(group: Group) -> str:
    """What a group is called: its class, or the ops in it."""
    if group.title:
        return group.title
    if group.kind == "repeat" and len(group.items) == 1 and isinstance(group.items[0], Group):
        return title_of(group.items[0])
    return ""


def name_of(group: Group) -> str:
    """The path of a module; of equal blocks the first and the last."""
    if group.kind == "repeat" and len(group.names) > 1:
        return f"{group.names[0]} … {group.names[-1]}"
    return group.name


class Boxes:
    """What the pictures of one view have in common: its frames, and what is said of its groups."""

    def __init__(self, graph: Graph, seen: View, root: Group, full: bool) -> None:
        self.graph, self.seen, self.root = graph, seen, root
        self.full = full or len(graph.inputs) <= FULL
        self.boxes: list[Box] = []
        self.arrows: list[Arrow] = []
        self.outputs = {self.stand(ref) for ref in graph.outputs}
        self.leaf_of: dict[int, int] = {}  # leaves of later blocks -> that of the first
        self.alike: dict[int, int] = {}  # for how many blocks a leaf stands
        self.inside: dict[int, set[int]] = {}  # leaf -> the elements that read it
        self.unseen: dict[int, int] = {}  # call with more leaves than are drawn -> how many are not
        self.skipped: set[int] = set()  # these leaves
        self.within: dict[int, list[str]] = {}  # call of a module -> its parameters, which have no boxes
        self._read()
        if not self.full:
            self._put_within()

    def stand(self, ref: int) -> int:
        """The value that stands for ``ref``, where equal blocks are folded."""
        return self.seen.first[ref] if ref >= 0 else ref

    def _read(self) -> None:
        graph, seen = self.graph, self.seen
        for i, refs in enumerate(graph.inputs):
            first = seen.first[i]
            for j, ref in enumerate(refs):
                if ref >= 0:
                    continue
                if first != i:
                    own = graph.inputs[first][j] if j < len(graph.inputs[first]) else ref
                    if own == ref:
                        continue
                    if own < 0 and ref not in self.inside:
                        self.leaf_of.setdefault(ref, own)
                        continue
                self.inside.setdefault(ref, set()).add(seen.shown[i])
        for ref, own in self.leaf_of.items():
            if not self._same(ref, own):
                self.alike[own] = self.alike.get(own, 1) + 1
        for e in self.seen.elements:
            if isinstance(e.what, int) and len(graph.inputs[e.what]) > LEAVES:
                here = [ref for ref in dict.fromkeys(graph.inputs[e.what]) if ref < 0 and len(self.inside[ref]) == 1]
                if len(here) > LEAVES:
                    self.skipped.update(here[LEAVES:])
                    self.unseen[e.what] = len(here) - LEAVES

    def _put_within(self) -> None:
        """Have the parameters of modules stand in the box of the one op that reads them."""
        for e in self.seen.elements:
            if isinstance(e.what, int):
                refs = self.graph.inputs[e.what]
                for ref, name in zip(refs, self.graph.input_names(e.what), strict=True):
                    leaf = self.graph.leaves[~ref] if ref < 0 else None
                    own = leaf is not None and leaf.kind == "parameter" and leaf.name.endswith(f".{name}")
                    if own and len(self.inside[ref]) == 1 and refs.count(ref) == 1:
                        self.skipped.add(ref)
                        self.within.setdefault(e.what, []).append(f"{name} {self.graph.shape(ref)}")

    def _same(self, ref: int, own: int) -> bool:
        """Whether two leaves are one number."""
        a, b = self.graph.leaves[~ref], self.graph.leaves[~own]
        return a.source is None and a.shape is None and a.name == b.name

    def hidden(self, ref: int) -> bool:
        """Whether a leaf is drawn nowhere: it is an inner affair of one group that is not open."""
        if ref in self.leaf_of or ref in self.skipped:
            return True
        leaf = self.graph.leaves[~ref]
        readers = self.inside.get(ref, ())
        if any(not isinstance(self.seen.elements[e].what, Group) for e in readers):
            return False
        if ref in self.graph.outputs:
            return False
        return len(readers) == 1 and (leaf.kind != "input" or not leaf.name)

    def frame_of_leaf(self, ref: int) -> str:
        """The innermost frame in which all who read it stand; of equal blocks only where each has its own."""
        chains = []
        for e in self.inside.get(ref, ()):
            frame, chain = self.seen.elements[e].frame, []
            while frame is not None:
                chain.append(frame.key)
                if frame.group.count > 1 and ref not in self.alike:
                    chain.clear()
                frame = frame.parent
            chains.append(chain)
        given = self.graph.leaves[~ref].kind == "input" and ref not in self.alike  # no part of a module
        if not chains or given or ref in self.graph.outputs:
            return ""
        return next((key for key in chains[0] if all(key in chain for chain in chains)), "")

    def tag(self, i: int) -> tuple[str, ...]:
        """The path of the module whose only call this is."""
        name = self.root.single.get(i, ("", ""))[0]
        return (name,) if name else ()

    def frame_of(self, element: int) -> str:
        """The key of an element's frame."""
        frame = self.seen.elements[element].frame
        return frame.key if frame is not None else ""

    def surround(self, frame: Frame) -> Surround:
        """A frame as data."""
        group = frame.group
        count, inner = group.count, frame.parent
        return Surround(frame.key, name_of(group), title_of(group), count, inner.key if inner is not None else "")

    def group_box(self, key: str, element: int, **more: Any) -> Box:
        """The box of a group that is not open."""
        group = self.seen.elements[element].what
        assert isinstance(group, Group)
        block = group.block
        calls = range(group.start, group.start + block)
        ops: dict[str, int] = {}
        parameters: dict[int, int] = {}
        for i in range(group.start, group.stop):
            if i in calls:
                ops[self.graph.label(i)] = ops.get(self.graph.label(i), 0) + 1
            for ref in self.graph.inputs[i]:
                if ref < 0 and self.graph.leaves[~ref].kind == "parameter":
                    shape = self.graph.leaves[~ref].shape or ()
                    parameters[ref] = _size(shape)
        facts = [f"{block:,} ops" + (" each" if group.count > 1 else "") if block > 1 else ""]
        most = sorted(ops.items(), key=lambda item: -item[1])
        named = ", ".join(f"{count} {op}" if count > 1 else op for op, count in most[:3])
        facts.append(named + (", …" if len(most) > 3 else ""))
        if parameters:
            facts.append(f"{sum(parameters.values()):,} parameters")
        title = title_of(group) or ("left out" if group.kind == "rest" else "")
        if not title and len(most) == 1:
            title, facts[1] = most[0][0], ""
        return Box(
            key, "group", title or "a block", role="group", times=group.count, frame=self.frame_of(element),
            facts=(*([name_of(group)] if name_of(group) else []), *[fact for fact in facts if fact]), **more,
        )  # fmt: skip

    def notes(self) -> list[str]:
        """What is not in the picture, in sentences."""
        groups = [e.what for e in self.seen.elements if isinstance(e.what, Group)]
        groups += [frame.group for frame in self.seen.frames]
        notes = []
        total = len(self.graph.inputs)
        drawn = sum(not isinstance(e.what, Group) for e in self.seen.elements)
        repeats = [group for group in groups if group.kind == "repeat"]
        closed = [e.what for e in self.seen.elements if isinstance(e.what, Group) and e.what.kind == "module"]
        rest = [group for group in groups if group.kind == "rest"]
        if drawn < total:
            notes.append(f"{drawn:,} of {total:,} ops are drawn.")
        if repeats:
            notes.append("Equal blocks are drawn once, with × and their number (fold=False draws all).")
        if closed:
            notes.append("Blocks are closed modules (open= a depth, a name or 'all' opens them).")
        if rest:
            left = sum(group.stop - group.start for group in rest)
            notes.append(f"{left:,} ops for which there is no room are left out (fold=False draws all).")
        return notes


def _size(shape: tuple[int, ...]) -> int:
    size = 1
    for part in shape:
        size *= part
    return size
