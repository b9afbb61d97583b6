"""What values are called in a derivation: by the user, else Z1, A1, … in the reports' manner; and what they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..autograd.node import Node
from ..autograd.steps import of_table
from ..drawing.known import Known, is_array
from ..drawing.names import Names
from ..program.program import Step, Value
from ..program.text import free
from .notation import Term, call, name, number, transpose
from .writing import inline, term

DEEPEST = 4  # steps that stand in one line without a name


@dataclass(eq=False, slots=True)
class Definition:
    """What a symbol is."""

    symbol: Term
    term: Term | None  # None: a constant
    shape: tuple[int, ...]
    value: Any  # an array, or a text that says why it is not known
    node: Node | None = None


class Symbols:
    """The symbols of a graph's values. Those that were asked for are in ``definitions``."""

    names: Names
    known: Known
    kept: Mapping[Node, Any]

    def __init__(self, names: Names, known: Known, kept: Mapping[Node, Any]) -> None:
        self.names, self.known, self.kept = names, known, kept
        self.operands: Mapping[Node, Sequence[Any]] = {}  # what steps were given, where that was watched
        self.layers: dict[Node, int] = {}  # the number of a value whose gradient has a symbol of its own
        self.definitions: dict[str, Definition] = {}
        self._symbols: dict[Any, Term] = {}
        self._taken: set[str] = set()
        self._next = 0
        self._held: list[Any] = []  # arrays that are known by their id

    def number(self, layers: list[Node]) -> None:
        """These values, the oldest first, are layers 1, 2, …"""
        self.layers = {node: k for k, node in enumerate(layers, 1)}
        self._next = len(layers)

    def take(self, named: Mapping[str, Node]) -> None:
        """Call these values so."""
        for word, node in named.items():
            if node not in self._symbols:
                self._taken.add(word)
                self._symbols[node] = name(word, not node.shape)
                self.definitions[word] = Definition(self._symbols[node], None, node.shape, None, node)

    # ------------------------------------------------------------------ symbols

    def of(self, node: Node) -> Term:
        """The symbol of a step's result, or of a leaf."""
        found = self._symbols.get(node)
        if found is None:
            given = self.given(node)
            turned = None if given or node in self.layers else self._turned(node)
            if turned is not None:
                self._symbols[node] = turned
                return turned
            word = given or self._made(node)
            found = self._symbols[node] = name(free(word, self._taken), not node.shape)
            self.definitions[found.mark] = Definition(found, None, node.shape, None, node)
        return found

    def _turned(self, node: Node) -> Term | None:
        """A matrix that is only transposed has the symbol of the matrix."""
        if node.op is None or node.op.name != "permute" or self.kept[node] is None:
            return None
        axes = [axis % len(node.shape) for axis in self.held(node)["axes"]]
        parent = node.parents[0]
        if parent is None or axes != [*range(len(axes) - 2), len(axes) - 1, len(axes) - 2]:
            return None
        return transpose(self.of(parent))

    def defined(self, word: str) -> Definition | None:
        """What a symbol that was given out is; what that reads may get symbols of its own."""
        found = self.definitions.get(word)
        if found is not None and found.node is not None and found.value is None:
            found.value = self.known.value(found.node)
            if found.node.op is not None:
                found.term = self.computed(found.node)
        return found

    def given(self, node: Node) -> str:
        """The user's name of a value."""
        return readable(self.names.of(node))

    def _made(self, node: Node) -> str:
        if node.op is None:
            return self._numbered("W")
        layer = self.layers.get(node)
        if layer is not None:
            return f"Z{layer}"
        below = [parent for parent in node.parents if parent is not None]
        if len(below) == 1 and below[0] in self.layers and node.op.kind in ("elementwise", "general"):
            return f"A{self.layers[below[0]]}"
        return self._numbered("Z" if node.op.kind == "general" else "A")

    def _numbered(self, letter: str) -> str:
        self._next += 1
        return f"{letter}{self._next}"

    def array(self, array: Any, word: str = "") -> Term:
        """The symbol of an array that no gradient goes to; of one number, the number. ``word`` is what a rule says."""
        key = id(array)
        found = self._symbols.get(key)
        if found is None:
            self._held.append(array)
            given = readable(self.names.of(array))
            if not given and np.size(array) == 1:
                found = number(np.asarray(array).reshape(()).item())
            else:
                found = name(free(given or word or self._constant(), self._taken), not np.shape(array))
                self.definitions[found.mark] = Definition(found, None, np.shape(array), array)
            self._symbols[key] = found
        return found

    def _constant(self) -> str:
        count = 1
        while f"c{count}" in self._taken:
            count += 1
        return f"c{count}"

    # ------------------------------------------------------------------ what they are

    def held(self, node: Node) -> dict[str, Any]:
        """What a step kept when the explanation was made, by name."""
        assert node.op is not None
        return dict(zip(node.op.kept, self.kept[node] or (), strict=False))

    def computed(self, node: Node) -> Term:
        """What a step computes, of the symbols of what it reads."""
        return self._computed(node, 0)

    def _computed(self, node: Node, depth: int) -> Term:
        op, held = node.op, self.held(node)
        assert op is not None
        operands: list[Any] = []
        terms: dict[Value, Term] = {}
        for i, parent in enumerate(node.parents):
            given = held.get(op.inputs[i]) if not op.variadic else None
            if parent is None and given is None and node in self.operands:
                given = self.operands[node][i]
            if parent is not None:
                value = Value(parent.shape, self.known.dtype(parent) or np.dtype(np.float32))
                terms[value] = self._inner(parent, depth)
            elif is_array(given):
                array: Any = np.asarray(given)
                value = Value(array.shape, array.dtype)
                terms[value] = self.array(given)
            elif given is not None:
                value = given
            else:
                value = Value((1,), np.dtype(np.float32))
                terms[value] = name("…")
            operands.append(value)
        if not of_table(op):
            return call(op.name, *[terms.get(x) or number(x) for x in operands], scalar=not node.shape)
        formula = inline(op)
        if op.kind == "elementwise" and len(operands) == 1 and formula is not None and formula.kind == "call":
            return call(op.name, *terms.values(), scalar=not node.shape)
        params = {key: value for key, value in held.items() if key in op.params}
        params.setdefault("shape", node.shape)
        if "dtype" in op.params:
            params.setdefault("dtype", np.dtype(np.float32))
        params = {key: value for key, value in params.items() if key in op.params}
        for key, default in op.params.items():
            params.setdefault(key, default)
        result = Value(node.shape, self.known.dtype(node) or np.dtype(np.float32))
        step = Step(op, (tuple(operands),) if op.variadic else tuple(operands), params, result)
        return term(step, terms, [x for x in operands if not isinstance(x, Value)])

    def _inner(self, node: Node, depth: int) -> Term:
        """A value inside another's definition: by its symbol, or as what it is."""
        if node.op is None or node in self._symbols or node in self.layers or self.given(node) or depth >= DEEPEST:
            return self.of(node)
        return self._computed(node, depth + 1)


def readable(given: str) -> str:
    """A user's name as a symbol: ``0.weight`` is ``weight_0``; what cannot be printed is escaped."""
    from ..program.text import identifier

    if given[:1].isdigit():
        given = identifier(given)
    shown = "".join(
        char if char.isprintable() else char.encode("unicode_escape", "surrogatepass").decode() for char in given
    )
    return shown if len(shown) <= 40 else shown[:39] + "…"
