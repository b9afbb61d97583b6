"""The picture of what was computed: leaves, ops and results."""

from __future__ import annotations

from .boxes import Arrow, Box, Boxes
from .folding import Group
from .graph import Graph
from .view import View


class Forward(Boxes):
    """Boxes and arrows of the forward graph."""

    def __init__(self, graph: Graph, seen: View, root: Group, full: bool = False) -> None:
        super().__init__(graph, seen, root, full)
        self.saved = self._saved()
        self.keys: dict[int, str] = {}  # of the leaves and results that have a box
        self._leaves = 0
        self._heads: list[str] = [""] * len(seen.elements)
        self._drawn: set[tuple[str, str, str]] = set()
        self._pairs: set[tuple[str, str]] = set()
        self._several: dict[tuple[str, str], int] = {}  # arrows from equal blocks to one op, which are one
        for i in range(len(graph.inputs)):
            self._call(i)
        for ref in dict.fromkeys(graph.outputs):
            self._tail(self.stand(ref), output=True)
        self.arrows = [
            arrow._replace(label=f"× {self._several[arrow[:2]]}") if arrow[:2] in self._several else arrow
            for arrow in self.arrows
        ]

    def _saved(self) -> set[int]:
        graph, seen = self.graph, self.seen
        found: set[int] = set()
        for i, refs in enumerate(graph.inputs):
            if seen.first[i] == i and (seen.call(i) or any([ref >= 0 and seen.call(ref) for ref in refs])):
                found.update(self.stand(ref) for ref in graph.keeps(i).values() if ref is not None)
        return found

    # ------------------------------------------------------------------ boxes

    def head(self, i: int) -> str:
        """The key of the box of the op of call ``i``, or of the group in which it is."""
        return self._heads[self.seen.shown[i]]

    def _leaf(self, ref: int) -> str:
        """The key of a leaf's box, which is drawn when it is first met; ``""``: it is not drawn."""
        if ref in self.keys:
            return self.keys[ref]
        if self.hidden(ref):
            return ""
        leaf, facts, count = self.graph.leaves[~ref], self.graph.facts(ref), self.alike.get(ref, 1)
        self._leaves += 1
        key = self.keys[ref] = f"leaf {self._leaves}"
        gradient = self.graph.takes_gradient(ref)
        self.boxes.append(Box(
            key, "leaf", leaf.name, facts.shape, facts.dtype, facts.value if count == 1 else None,
            facts.grad if count == 1 else None, output=ref in self.outputs,
            role="parameter" if leaf.kind == "parameter" else "input", requires_grad=gradient, times=count,
            frame=self.frame_of_leaf(ref),
        ))  # fmt: skip
        return key

    def _result(self, ref: int) -> str:
        """The key of the box of a call's result."""
        if ref not in self.keys:
            facts = self.graph.facts(ref)
            self.keys[ref] = f"result {ref + 1}"
            self.boxes.append(Box(
                self.keys[ref], "result", self.graph.name(ref), facts.shape, facts.dtype, facts.value, facts.grad,
                output=ref in self.outputs, role="saved" if ref in self.saved else "result",
                requires_grad=self.graph.takes_gradient(ref),
                frame=self.frame_of(self.seen.shown[ref]) if self.seen.call(ref) else "",
            ))  # fmt: skip
            self._arrow(self.head(ref), self.keys[ref])
        return self.keys[ref]

    def _tail(self, ref: int, output: bool = False) -> str:
        """The key of the box from which an arrow of a value starts."""
        if ref < 0:
            return self._leaf(ref)
        if output or (self.seen.call(ref) and (self.full or ref in self.outputs or self.graph.name(ref))):
            return self._result(ref)
        return self.keys.get(ref) or self.head(ref)

    def _call(self, i: int) -> None:
        seen, refs = self.seen, self.graph.inputs[i]
        element = seen.shown[i]
        what = seen.elements[element].what
        first, inside = seen.first[i] == i, isinstance(what, Group)
        names: list[str] = []
        if first and not inside:
            for ref in refs:
                self._tail(self.stand(ref))
            names = list(self.graph.input_names(i)) if len(refs) > 1 else []
        if not self._heads[element]:
            self._heads[element] = f"group {element + 1}" if inside else f"op {i + 1}"
            self.boxes.append(
                self.group_box(self._heads[element], element) if inside else self._op(i, self._heads[element], element)
            )
        head = self._heads[element]
        for j, ref in enumerate(refs):
            source = self.stand(ref)
            if inside and source >= 0 and seen.shown[source] == element:
                continue
            tail = self._tail(source)
            if first and source != ref and (tail, head) in self._pairs:
                self._several[tail, head] = self._several.get((tail, head), 1) + 1
            elif tail and tail != head:
                self._flow(tail, head, names[j] if names else "", first, source)
        if first and not inside:
            self._tail(i)

    def _op(self, i: int, key: str, element: int) -> Box:
        line = self.graph.line(i)
        more = (f"and {self.unseen[i]:,} more inputs",) if i in self.unseen else ()
        return Box(
            key, "op", self.graph.label(i), params=self.graph.params(i), role="op", frame=self.frame_of(element),
            facts=(*self.tag(i), *more), line=line.brief if line is not None else "",
            parameters=tuple(self.within.get(i, ())),
        )  # fmt: skip

    # ------------------------------------------------------------------ arrows

    def _flow(self, tail: str, head: str, label: str, first: bool, source: int) -> None:
        """An arrow from a value; one that only later blocks have leads from block to block."""
        if not first:
            if (tail, head) not in self._pairs:
                self._pairs.add((tail, head))
                self.arrows.append(Arrow(tail, head, "", "carried" if source >= 0 else "flow"))
            return
        if not self.full and len(label) < 2 and tail[:4] != "leaf" and tail[:6] != "result":
            label = self._changed(source)
        self._arrow(tail, head, label)

    def _changed(self, ref: int) -> str:
        """The shape of a result, where it is another one than that of what was read."""
        shape = self.graph.shape(ref)
        same = ref >= 0 and self.seen.call(ref) and any(self.graph.shape(r) == shape for r in self.graph.inputs[ref])
        return "" if shape is None or same else str(shape)

    def _arrow(self, tail: str, head: str, label: str = "") -> None:
        if (tail, head, label) not in self._drawn:
            self._drawn.add((tail, head, label))
            self._pairs.add((tail, head))
            self.arrows.append(Arrow(tail, head, label))
