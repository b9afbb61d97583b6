"""The derivation of a gradient: one line for each gradient that has a name, from the captured rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..autograd.errors import ModifiedError
from ..autograd.hooks import run_hooks
from ..autograd.node import Node
from ..autograd.steps import of_table
from ..program.program import evaluate
from .notation import Term, call, name, number, product, total
from .rules import Rule, kept_arrays, rule_of
from .symbols import Symbols
from .walk import Walk
from .writing import terms

DEEPEST = 5  # steps whose gradients stand in one line without a name
WIDEST = 5  # signs of a slope that stands in the place of relu′(Z1)


@dataclass(eq=False, slots=True)
class Line:
    """One line: the gradient of a value.

    ``symbol`` is δ1 or ∂L/∂W1, ``of`` is ∂L/∂Z1 where the symbol does not say it, ``term`` what is computed.

    >>> import tinygrad_bp as tg
    >>> w = tg.tensor([1.0, 2.0], requires_grad=True)
    >>> line = tg.explain((w * w).sum(), wrt=w).lines[0]
    >>> line.shape, line.value
    ((2,), array([2., 4.], dtype=float32))
    """

    symbol: Term
    of: Term | None
    term: Term
    shape: tuple[int, ...]
    value: Any
    node: Node


class Derivation:
    """The lines from the ``targets`` (by name) to the loss; terms are made of those that are asked for."""

    walk: Walk
    symbols: Symbols
    targets: Mapping[str, Node]
    seed: Term

    def __init__(self, walk: Walk, symbols: Symbols, targets: Mapping[str, Node], seed: Term) -> None:
        self.walk, self.symbols, self.targets, self.seed = walk, symbols, targets, seed
        self.slopes: dict[str, tuple[Term, Term]] = {}  # relu′(Z1), and what it is
        self._rules: dict[Node, Rule] = {}
        self._terms: dict[Node, Term] = {}
        self._gradients: dict[Node, Term] = {}
        self._same: dict[Node, Node] = {}  # whose gradient is the very same
        self._choose()

    def rule(self, node: Node) -> Rule:
        """The rule of a step."""
        found = self._rules.get(node)
        if found is None:
            found = self._rules[node] = rule_of(node, self.walk.arrived[node])
        return found

    def arrays(self, node: Node) -> dict[str, Any]:
        """What a step kept when the explanation was made."""
        return kept_arrays(node, self.walk.kept[node])

    # ------------------------------------------------------------------ which gradients have a name

    def _choose(self) -> None:
        walk, same = self.walk, self._same
        wanted = set(self.targets.values())
        reads: dict[Node, int] = {}
        heavy: set[Node] = set()
        depth: dict[Node, int] = {}
        named: list[Node] = []
        rules, hooked, nothing = self._rules, walk.hooked, ()
        for node in [*walk.nodes, *[node for node in wanted if node.op is None and node in walk.arrived]]:
            readers = walk.readers.get(node, nothing)
            if len(readers) == 1 and node is not walk.end and node not in hooked:
                reader, i = readers[0]
                if rules[reader].same[i] and reader not in hooked:
                    same[node] = same.get(reader, reader)
            if node.op is None or node not in walk.arrived:
                continue
            rule = rules[node] = rule_of(node, walk.arrived[node])
            count = 0
            for d, alike in zip(walk.passed[node], rule.same):
                count += d is not None and not alike
            if count:
                leader = same.get(node, node)
                reads[leader] = reads.get(leader, 0) + count
                if node.op.bilinear or (node.op.kind == "general" and len(node.op.inputs) > 1):
                    heavy.add(leader)
        for node in walk.nodes:
            if node in same or node is walk.end:
                continue
            readers = walk.readers.get(node, nothing)
            before = 0
            for reader, _ in readers:
                before = max(before, depth.get(same.get(reader, reader), 0))
            many = len(readers) > 1 or reads.get(node, 0) > 1 or node in heavy or node in walk.hooked
            if node in wanted or many or before >= DEEPEST:
                depth[node] = 0
                named.append(node)
            else:
                depth[node] = before + 1
        inner = sorted((node for node in named if node not in wanted), key=lambda node: node.order)
        inner = [node for node in inner if not self._number(node)]
        self.symbols.number(inner)
        for k, node in enumerate(inner, 1):
            self._gradients[node] = name(f"δ{k}", not node.shape)
        for word, node in self.targets.items():
            self._gradients.setdefault(node, name(f"∂L/∂{word}", not node.shape))
        self.inner = inner

    def _number(self, node: Node) -> bool:
        """Whether the gradient is one number, and the same in other words: 0.05 needs no symbol."""
        readers = self.walk.readers.get(node, [])
        if len(readers) != 1 or node in self.walk.hooked:
            return False
        reader, i = readers[0]
        if self.rule(reader).reads:
            return False
        leader = self._same.get(reader, reader)
        plain = leader is self.walk.end and self.seed.kind == "number"
        return plain and self.contribution(reader, i, self.seed).kind == "number"

    # ------------------------------------------------------------------ terms

    def gradient(self, node: Node) -> Term:
        """The gradient arriving at a step: its symbol, or what is computed."""
        node = self._same.get(node, node)
        found = self._gradients.get(node)
        return found if found is not None else self.computed(node)

    def computed(self, node: Node) -> Term:
        """What the gradient of a value is the sum of."""
        found = self._terms.get(node)
        if found is not None:
            return found
        if node is self.walk.end:
            whole: Term | None = self.seed
        else:
            whole = None
        for reader, i in reversed(self.walk.readers.get(node, [])):  # the oldest first
            part = self.contribution(reader, i)
            whole = part if whole is None else total(whole, part)
        found = whole if whole is not None else number(0)
        if node in self.walk.hooked:
            found = call("hook", found)
        self._terms[node] = found
        return found

    def contribution(self, node: Node, i: int, g: Term | None = None) -> Term:
        """What a step passes to its input ``i``, of the gradient arriving or of ``g``."""
        op, rule = node.op, self.rule(node)
        assert op is not None
        arriving = self.gradient(node) if g is None else g
        output = rule.program.outputs[i]
        if output is rule.program.inputs[0]:
            return arriving
        known = {value: self._read(node, value.name) for value in rule.program.inputs[1:]}
        if op.kind == "elementwise" and of_table(op) and len(op.inputs) == 1 and output.dtype.kind != "c":
            plain = terms(rule.program, {**known, rule.program.inputs[0]: name("g")}, rule.numbers)[output]
            if _wide(plain):
                return product(arriving, self._slope(node, known, i))
        return terms(rule.program, {**known, rule.program.inputs[0]: arriving}, rule.numbers)[output]

    def _slope(self, node: Node, known: Any, i: int) -> Term:
        """``relu′(Z1)``."""
        rule = self.rule(node)
        parent = node.parents[0]
        assert node.op is not None and parent is not None
        symbol = call(f"{node.op.name}′", self.symbols.of(parent), scalar=not node.shape)
        one = {**known, rule.program.inputs[0]: number(1)}
        slope = terms(rule.program, one, rule.numbers)[rule.program.outputs[i]]
        if slope.kind == "call" and slope.mark == symbol.mark:
            return slope
        self.slopes.setdefault(f"{symbol.mark} {symbol.parts[0].mark}", (symbol, slope))
        return symbol

    def _read(self, node: Node, read: str) -> Term:
        """The symbol of what a rule reads."""
        op = node.op
        assert op is not None
        if read == "y":
            return self.symbols.of(node)
        if read in op.inputs and not op.variadic:
            parent = node.parents[op.inputs.index(read)]
            if parent is not None:
                return self.symbols.of(parent)
        return self.symbols.array(self.arrays(node)[read], read if read in op.residuals else "")

    # ------------------------------------------------------------------ lines

    def line(self, node: Node, word: str = "") -> Line:
        """The line of a gradient that has a name."""
        symbol = name(f"∂L/∂{word}", not node.shape) if word else self._gradients[node]
        of = None if word else name(f"∂L/∂{self.symbols.of(node).mark}")
        leader = self._same.get(node)
        found = self.gradient(leader) if leader is not None and node not in self.walk.hooked else self.computed(node)
        return Line(symbol, of, found, node.shape, self.walk.arrived.get(node), node)

    def evaluate(self) -> dict[Node, Any]:
        """The gradient of every value, from the rules that are printed, step by step in NumPy."""
        walk = self.walk
        if walk.written():
            raise ModifiedError(
                "explain: values were written since the explanation was made, by an optimizer's step perhaps, and the "
                "gradient would be another one. Evaluate before the write, or explain again"
            )
        found: dict[Node, Any] = {}
        if walk.end in walk.leading:
            found[walk.end] = walk.seed
        with np.errstate(all="ignore"):
            for node in walk.nodes:
                g = found.get(node)
                if g is None:
                    continue
                g = found[node] = self._hooks(node, g)
                rule, arrays = self.rule(node), self.arrays(node)
                outputs, _ = evaluate(rule.program, [g, *[arrays[read] for read in rule.reads]])
                for parent, d in zip(node.parents, outputs, strict=True):
                    if parent is not None and d is not None and parent in walk.leading:
                        found[parent] = found[parent] + d if parent in found else d
        return {node: self._hooks(node, found[node]) if node.op is None else found[node] for node in found}

    def _hooks(self, node: Node, g: Any) -> Any:
        hooks = node.cell.hooks if node in self.walk.hooked and node.cell is not None else None
        return run_hooks(node, hooks, g, False) if hooks is not None else g


def _wide(term: Term) -> bool:
    """Whether a slope is better given by name."""
    return term.size() > WIDEST + 2 or _chooses(term)


def _chooses(term: Term) -> bool:
    return term.kind in ("truth", "choice") or any(_chooses(part) for part in term.parts)
