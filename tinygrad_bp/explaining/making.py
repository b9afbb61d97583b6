"""How an explanation is made: names, one backward with its numbers, the derivation, and the causes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..autograd.errors import ArgumentError
from ..autograd.keeping_lines import record_lines
from ..autograd.tensor import Tensor
from ..autograd.watch import Following
from ..drawing.known import Known
from ..drawing.names import Names, named, variables_of_caller
from ..program.text import free
from .causes import Cause, Causes, unreached
from .derivation import Derivation
from .explanation import Explanation
from .notation import name, number
from .running import Running
from .symbols import Symbols, readable
from .walk import Walk

MANY = 4000  # steps whose values are computed again where nothing kept them


def made(loss: Any, arguments: tuple[Any, ...], wrt: Any, gradient: Any, params: Any) -> Explanation:
    """The explanation of a loss, or of a function that computes one."""
    wanted, asked = _wanted(wrt)
    given = {**{word: x for word, x in asked.items() if word}, **named("explain", params)}
    variables, running = variables_of_caller(), None
    if callable(loss) and not isinstance(loss, Tensor):
        running = Running(wanted)
        with record_lines(), Following(running):
            loss = loss(*arguments)
        variables = [*running.frames.variables(), *variables]
    elif arguments:
        raise ArgumentError(
            f"explain: {len(arguments)} more arguments after the loss, and only a function takes them; write wrt= and "
            "gradient= by name"
        )
    if not isinstance(loss, Tensor):
        raise ArgumentError(f"explain: the loss is a tensor, or a function that returns one, got {type(loss).__name__}")
    names = Names("explain", given, variables)
    words = _words(wanted, list(asked), names)
    nodes = {word: x._node for word, x in zip(words, wanted, strict=True)}
    walk = Walk(loss, [node for node in nodes.values() if node is not None], gradient)
    reached = {
        word: node
        for word, node in nodes.items()
        if node is not None and (node in walk.arrived or any(node in step.parents for step in walk.nodes))
    }
    causes: dict[str, Cause] = {}
    derivation = None
    if reached:
        known = Known(_near(walk.whole), [loss], wanted)
        if len(walk.whole) <= MANY:
            known.compute_again()
        symbols = Symbols(names, known, walk.kept)
        symbols.take(reached)
        symbols.operands = running.operands if running is not None else {}
        seed = number(1) if gradient is None else name("g", not loss.shape)
        found = {word: node for word, node in reached.items() if node in walk.arrived}
        if found:
            derivation = Derivation(walk, symbols, found, seed)
        causes = {word: Causes(walk, symbols, known, word).of(node) for word, node in reached.items()}
    for i, (word, x) in enumerate(zip(words, wanted, strict=True)):
        cuts = running.cuts(loss, i) if running is not None else []
        if word not in causes:
            causes[word] = unreached(word, x, loss, walk, cuts, running is not None)
        elif cuts and not causes[word].hint:
            cut = cuts[0]
            causes[word].hint = f"A part of the loss depends on it without history: {cut.op} at {cut.line}: {cut.why}"
    ordered = {word: causes[word] for word in words}
    several = not isinstance(wrt, Tensor)
    return Explanation(derivation, ordered, several, loss._value)


def _near(nodes: list[Any]) -> list[Any]:
    """The steps whose values are shown: of a long history those at its ends."""
    return nodes if len(nodes) <= MANY else [*nodes[: MANY // 4], *nodes[-MANY // 4 :]]


def _wanted(wrt: Any) -> tuple[list[Tensor], dict[str, Tensor]]:
    """The tensors, and their names where the caller gave some."""
    if isinstance(wrt, Tensor):
        return [wrt], {}
    found: dict[str, Any] = {}
    if isinstance(wrt, Mapping):
        found = {str(word): x for word, x in wrt.items()}
    elif hasattr(wrt, "named_parameters"):
        found = dict(wrt.named_parameters())
    items = list(found.values()) if found else list(wrt) if isinstance(wrt, (list, tuple)) else []
    if not items or not all(isinstance(x, Tensor) for x in items):
        raise ArgumentError(
            "explain: wrt is a tensor, several, a dict of name to tensor, or a Module with parameters; got "
            f"{type(wrt).__name__}" + ("" if items or isinstance(wrt, Tensor) else " without any")
        )
    return items, found


def _words(wanted: list[Tensor], asked: list[str], names: Names) -> list[str]:
    """A name for each: the one that was given, the tensor's, its variable's, or W."""
    taken: set[str] = set()
    words = [
        readable(asked[i] if asked else names.of(x)) or ("W" if len(wanted) == 1 else f"W{i + 1}")
        for i, x in enumerate(wanted)
    ]
    return [free(word, taken) for word in words]
