"""What another run of the same lines kept: a time step, or a layer of one class, that uses another one's values."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from typing import Any

import numpy as np

from .recorder import Site
from .tape import Change, Gradient, Pairs, Rule, Step, Tape, places

Shift = Callable[[int, int], int]  # of the place and the number of places: whose values are used
SHIFTS: tuple[tuple[str, Shift], ...] = (
    ("the last of them", lambda k, n: n - 1),
    ("the first of them", lambda k, n: 0),
    ("the one before", lambda k, n: max(k - 1, 0)),
    ("the one before (the first: the last)", lambda k, n: (k - 1) % n),
    ("the one after", lambda k, n: min(k + 1, n - 1)),
)


def caches(tape: Tape) -> Iterator[Change]:
    """All that one function, or one turn of a loop, computes, with the values of another call or turn."""
    columns = list(columns_of(tape).values())
    sets: dict[Hashable, list[list[Step]]] = {}
    for column in columns:
        sets.setdefault(("turns", len(column)), []).append(column)
        sets.setdefault(column[0].call.site.code, []).append(column)
    for some in sets.values():
        for which, shift in SHIFTS:
            rules = {
                step.node: borrowed(column[shift(k, len(column))])
                for column in some for k, step in enumerate(column)
                if shift(k, len(column)) != k and _alike(step, column[shift(k, len(column))])
            }  # fmt: skip
            if rules:
                text = (
                    f"What runs {len(some[0])} times{places(c[0] for c in some)} uses in the backward what {which} "
                    "kept: every time step, and every layer, needs a cache of its own."
                )
                yield Change("wrong step", text, rules)


def not_handed_on(tape: Tape) -> Iterator[Change]:
    """In a loop over layers the gradient of another layer's result arrives at each: it is not handed on."""
    for column in columns_of(tape).values():
        nodes = [step.node for step in column]
        if len({n.shape for n in nodes}) > 1 or not all(n in tape.total for n in nodes):
            continue
        totals = [tape.total[n] for n in nodes]
        for text, others in (
            ("last", [totals[-1]] * len(nodes)), ("first", [totals[0]] * len(nodes)),
            ("one after", [*totals[1:], totals[-1]]), ("one before", [totals[0], *totals[:-1]]),
        ):  # fmt: skip
            moved = {n: o for n, o, own in zip(nodes, others, totals, strict=True) if o is not own}
            sentence = (
                f"What runs {len(nodes)} times{places(column)} gets in the backward the gradient of the {text} each "
                "time: a wrong gradient, what comes back has to be handed on."
            )
            yield Change("wrong gradient", sentence, totals=moved)


def in_turns(tape: Tape) -> dict[int, list[tuple[str, list[Any]]]]:
    """By the number of turns the values that a loop has in each: what its ops give, and what they are given."""
    if "turns" not in tape.found:
        found: dict[int, dict[bytes, tuple[str, list[Any]]]] = {}
        for column in columns_of(tape).values():
            some = [(tape.name(column[0].node), [step.call.result for step in column])]
            for i, parent in enumerate(column[-1].parents):
                if all(len(step.call.values) == len(column[-1].parents) for step in column):
                    some.append(
                        (tape.name(parent) if parent is not None else "the data", [s.call.values[i] for s in column])
                    )
            for name, values in some:
                key = b"".join(np.ascontiguousarray(v).tobytes() for v in values)
                found.setdefault(len(column), {}).setdefault(key, (name, values))
        tape.found["turns"] = {count: list(some.values()) for count, some in found.items()}
    return tape.found["turns"]  # type: ignore[no-any-return]


def columns_of(tape: Tape) -> dict[Hashable, list[Step]]:
    """The steps of each place in the program that ran several times, oldest first."""
    by_site: dict[tuple[str, Site], list[Step]] = {}
    anywhere: dict[Hashable, list[Step]] = {}
    for step in reversed(tape.steps):
        if step.node in tape.parts and step.call.site.code is not None and step.call.values:
            by_site.setdefault((step.name, step.call.site), []).append(step)
    for (name, site), steps in by_site.items():
        if len(steps) == 1:
            anywhere.setdefault((name, site.anywhere), []).extend(steps)
    return {key: steps for key, steps in (*by_site.items(), *anywhere.items()) if len(steps) > 1}


def _alike(step: Step, other: Step) -> bool:
    shapes = [[np.shape(v) for v in (*s.call.values, s.call.result)] for s in (step, other)]
    return shapes[0] == shapes[1]


def borrowed(other: Step) -> Rule:
    """The rule of a step with what another one kept."""

    def rule(step: Step, g: Gradient) -> Pairs:
        with np.errstate(all="ignore"):
            theirs, own = other.pull(g), step.pull(g)
        found = [o if t is None else t for t, o in zip(theirs, own, strict=True)]
        return [(p, d) for p, d in zip(step.parents, found, strict=False) if p is not None and d is not None]

    return rule
