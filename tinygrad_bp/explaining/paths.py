"""The gradient as a sum over paths: for a small graph each of them, else how many there are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..autograd.node import Node
from ..program.program import evaluate
from .derivation import Derivation
from .notation import Term

MOST = 16  # paths that are followed
LONGEST = 64  # steps of one of them


@dataclass(eq=False, slots=True)
class Path:
    """One way from the loss to a tensor: the ops on it, its product as a term, and the product's value.

    >>> import tinygrad_bp as tg
    >>> a = tg.tensor(3.0, requires_grad=True)
    >>> [path.ops for path in tg.explain(a.exp() * a, wrt=a).paths]
    [('mul', 'exp'), ('mul',)]
    """

    ops: tuple[str, ...]
    term: Term
    value: Any


def count(derivation: Derivation, target: Node) -> int:
    """How many ways lead from the loss to a value, without following one."""
    walk = derivation.walk
    ways: dict[Node, int] = {}
    if walk.end in walk.leading:
        ways[walk.end] = 1
    for node in walk.nodes:
        for parent, d in zip(node.parents, walk.passed.get(node, ())):
            if parent is not None and d is not None:
                ways[parent] = ways.get(parent, 0) + ways.get(node, 0)
    return ways.get(target, 0)


def paths(derivation: Derivation, target: Node) -> tuple[Path, ...]:
    """Every path, where they are few and short; else none."""
    walk = derivation.walk
    if not 0 < count(derivation, target) <= MOST or walk.hooked:
        return ()
    # From the target up to the loss, then every product from the loss down.
    open_ways: list[tuple[Node, list[tuple[Node, int]]]] = [(target, [])]
    found: list[Path] = []
    while open_ways:
        node, steps = open_ways.pop()
        if len(steps) > LONGEST:
            return ()
        if node is walk.end:
            found.append(_product(derivation, steps[::-1]))
        open_ways += [(reader, [*steps, (reader, i)]) for reader, i in walk.readers.get(node, [])]
    return tuple(found)


def _product(derivation: Derivation, steps: list[tuple[Node, int]]) -> Path:
    g, term = derivation.walk.seed, derivation.seed
    for node, i in steps:
        rule, arrays = derivation.rule(node), derivation.arrays(node)
        with np.errstate(all="ignore"):
            outputs, _ = evaluate(rule.program, [np.asarray(g), *[arrays[read] for read in rule.reads]])
        g, term = outputs[i], derivation.contribution(node, i, term)
    return Path(tuple(node.op.name for node, _ in steps if node.op is not None), term, np.asarray(g))
