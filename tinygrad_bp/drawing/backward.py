"""The picture of the backward pass: the rule of each op, the gradients between them, and the values that they read."""

from __future__ import annotations

from typing import Any

from .boxes import Arrow, Box, Boxes
from .folding import Group
from .graph import Graph
from .known import FREED, NOT_KEPT
from .view import View


class Backward(Boxes):
    """Boxes and arrows of the backward graph, from the outputs to the leaves.

    ``values`` are keys of boxes that stand for forward values: arrows start there in place of boxes for saved values.
    """

    def __init__(
        self, graph: Graph, seen: View, root: Group, full: bool = False, values: dict[int, str] | None = None
    ) -> None:
        super().__init__(graph, seen, root, full)
        self.values = values
        self._heads: list[str] = [""] * len(seen.elements)
        self._keys: dict[int, str] = {}
        self._drawn: set[tuple[str, str]] = set()
        self._kept: set[str] = set()
        self._arriving: dict[str, int] = {}
        for ref in dict.fromkeys(graph.outputs):
            if graph.takes_gradient(ref):
                self._gradient(self.stand(ref))
        newest = range(len(graph.inputs) - 1, -1, -1)
        for i in newest:
            if seen.first[i] == i:
                self._rule(i)
        for i in newest:  # what later blocks add to the first
            if seen.first[i] != i:
                self._rule(i)
        self.boxes = [
            box._replace(facts=(*box.facts, f"{self._arriving[box.key]} gradients add up"))
            if box.key.startswith("grad") and self._arriving.get(box.key, 0) > 1 else box
            for box in self.boxes
        ]  # fmt: skip

    def frame_of(self, element: int) -> str:
        """The frames of backward are others than those of forward."""
        key = super().frame_of(element)
        return f"back {key}" if key else ""

    def frame_of_leaf(self, ref: int) -> str:
        """The same for a leaf."""
        key = super().frame_of_leaf(ref)
        return f"back {key}" if key else ""

    def _gradient(self, ref: int) -> str:
        """The key of the box of a value's gradient; ``""`` where it has none."""
        if ref in self._keys:
            return self._keys[ref]
        leaf = ref < 0
        if leaf and self.hidden(ref):
            return ""
        if not leaf and not (
            ref in self.outputs or (self.seen.call(ref) and (self.full or bool(self.graph.name(ref))))
        ):
            return ""
        facts, name, count = self.graph.facts(ref), self.graph.name(ref), self.alike.get(ref, 1)
        key = self._keys[ref] = f"grad leaf {~ref + 1}" if leaf else f"grad {ref + 1}"
        self.boxes.append(Box(
            key, "leaf" if leaf else "result", f"grad of {name}" if name else "grad", facts.shape, facts.dtype, None,
            facts.grad if count == 1 else None, output=ref in self.outputs, role="parameter" if leaf else "gradient",
            requires_grad=True, times=count,
            frame=self._frame(ref),
        ))  # fmt: skip
        return key

    def _frame(self, ref: int) -> str:
        if ref < 0:
            return self.frame_of_leaf(ref)
        return self.frame_of(self.seen.shown[ref]) if self.seen.call(ref) else ""

    def _head(self, i: int) -> str:
        """The key of the rule of call ``i``, which is drawn when it is first met."""
        element = self.seen.shown[i]
        if not self._heads[element]:
            what = self.seen.elements[element].what
            if isinstance(what, Group):
                self._heads[element] = key = f"pull group {element + 1}"
                box = self.group_box(key, element)
                self.boxes.append(box._replace(name=f"{box.name} backward"))
            else:
                self._heads[element] = key = f"pull {what + 1}"
                kept = self.graph.keeps(what)
                names = list(dict.fromkeys(self._read_as(name, ref) for name, ref in kept.items() if ref is not None))
                facts = (f"reads {', '.join(names[:4])}",) if names and not self.full else ()
                self.boxes.append(Box(
                    key, "op", self.graph.rule(what), role="op", frame=self.frame_of(element),
                    facts=(*self.tag(what), *facts),
                    parameters=tuple(f"grad of {part}" for part in self.within.get(what, ())),
                ))  # fmt: skip
                self._saved(what, key)
        return self._heads[element]

    def _read_as(self, name: str, ref: int) -> str:
        """What a value that a rule reads is called."""
        return self.graph.name(ref) or ("its result" if name == "y" else "its input" if len(name) == 1 else name)

    def _rule(self, i: int) -> None:
        """The arrows that lead to the rule of call ``i``, and from it to the gradients of what it read."""
        i_shown, seen = self.seen.shown[i], self.seen
        inside = not seen.call(i)
        head = self._head(i)
        own = self._gradient(seen.first[i])
        if own and not (inside and i not in self.outputs):
            self._arrow(own, head, "gradient")
        first = seen.first[i] == i
        for ref in self.graph.inputs[i]:
            if not self.graph.takes_gradient(ref):
                continue
            source = self.leaf_of.get(ref, ref) if ref < 0 else self.stand(ref)
            if inside and source >= 0 and seen.shown[source] == i_shown:
                continue
            target = self._gradient(source) or (self._head(source) if source >= 0 else "")
            if target and target != head:
                if first:
                    self._arriving[target] = self._arriving.get(target, 0) + ((head, target) not in self._drawn)
                self._arrow(head, target, "gradient" if first else "carried")

    def _arrow(self, tail: str, head: str, kind: Any) -> None:
        if (tail, head) not in self._drawn:
            self._drawn.add((tail, head))
            self.arrows.append(Arrow(tail, head, "", kind))

    def _saved(self, i: int, head: str) -> None:
        """What the rule of call ``i`` reads."""
        if not self.full:
            return
        for name, ref in self.graph.keeps(i).items():
            if self.values is not None:
                tail = self.values.get(self.stand(ref), "") if ref is not None else ""
                if tail:
                    self.arrows.append(Arrow(tail, head, "", "saved"))
                continue
            key = f"saved {i + 1} {name}" if ref is None else f"saved {ref}"
            if key not in self._kept:
                self._kept.add(key)
                facts = self.graph.facts(ref) if ref is not None else None
                value = facts.value if facts is not None else NOT_KEPT
                called = self.graph.name(ref) if ref is not None else name
                if ref is not None and ref >= 0 and not called:
                    called = f"result of {self.graph.label(ref)}"
                self.boxes.append(Box(
                    key, "leaf", called or "", facts.shape if facts else None, facts.dtype if facts else None,
                    FREED if isinstance(value, str) and value != NOT_KEPT else value, role="saved",
                    frame=self.frame_of(self.seen.shown[i]),
                ))  # fmt: skip
            self.arrows.append(Arrow(key, head, name if name != "y" else "", "saved"))
