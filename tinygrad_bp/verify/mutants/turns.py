"""In every turn of a loop another value of that turn, or another gradient: of another gate, of another step."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import product
from typing import Any

import numpy as np

from ...autograd.node import Node
from .arrivals import between
from .caches import columns_of, in_turns
from .edges import Edge, replaced
from .matrices import of_other, with_other
from .products import by, operand_name
from .tape import Change, Gradient, Step, Tape, places


def other_columns(tape: Tape) -> Iterator[Change]:
    """In every turn of a loop, another value of that turn in the place of an operand: another gate's, another state."""
    held = in_turns(tape)
    for column in columns_of(tape).values():
        if column[0].name not in ("mul", "matmul") or any(len(step.call.values) != 2 for step in column):
            continue
        for operand in (0, 1):
            meant = [step.call.values[1 - operand] for step in column]
            if column[0].parents[1 - operand] in tape.leaves:
                continue
            for name, values in held.get(len(column), ()):
                if [v.shape for v in values] != [m.shape for m in meant] or all(map(np.array_equal, values, meant)):
                    continue
                rules = {s.node: replaced(e, _other(e, v)) for s, v in zip(column, values) for e in (Edge(s, operand),)}
                right = operand_name(tape, Edge(column[0], operand), 1 - operand)
                now = _of_step(name, values, right, meant)
                text = f"In the product{places(column)} {now} stands where {right} is meant."
                yield Change("wrong factor", text, rules)


def _of_step(name: str, values: Sequence[Any], right: str, meant: Sequence[Any]) -> str:
    """What a value of each turn is called beside the one that is meant: of that turn, or the same of another one."""
    for word, now, then in (("before", values[1:], meant[:-1]), ("after", values[:-1], meant[1:])):
        if len(values) > 1 and all(map(np.array_equal, now, then)):
            return f"{right} of the step {word}"
    return f"{name} of that step"


def _other(edge: Edge, value: Any) -> Callable[[Step, Gradient], Gradient]:
    return by(value) if edge.step.name == "mul" else with_other(edge, of_other(value))


def other_parts(tape: Tape) -> Iterator[Change]:
    """In every turn, another value of that turn in a part of a joined matrix that is multiplied by: a later state."""
    held = in_turns(tape)
    for column in columns_of(tape).values():
        if column[0].name != "matmul" or any(len(step.call.values) != 2 for step in column):
            continue
        for operand in (0, 1):
            own = [step.call.values[1 - operand] for step in column]
            if column[0].parents[1 - operand] in tape.leaves or own[0].ndim != 2:
                continue
            for (name, values), axis, last in product(held.get(len(column), ()), (0, 1), (False, True)):
                joined = [_with_part(one, part, axis, last) for one, part in zip(own, values, strict=True)]
                if any(one is None for one in joined) or all(map(np.array_equal, joined, own)):
                    continue
                edges = [Edge(step, operand) for step in column]
                rules = {e.step.node: replaced(e, _other(e, v)) for e, v in zip(edges, joined, strict=True)}
                text = (
                    f"In what the product{places(column)} multiplies by, {name} of that step stands where the "
                    f"{'last' if last else 'first'} {'columns' if axis else 'rows'} are meant."
                )
                yield Change("wrong factor", text, rules)


def _with_part(whole: Any, part: Any, axis: int, last: bool) -> Any:
    """A matrix with other values in its first or last rows or columns; None where they do not fit."""
    if part.ndim != 2 or part.shape[1 - axis] != whole.shape[1 - axis] or not part.shape[axis] < whole.shape[axis]:
        return None
    rest = whole.shape[axis] - part.shape[axis]
    kept = np.take(whole, range(rest) if last else range(part.shape[axis], whole.shape[axis]), axis)
    return np.concatenate((kept, part) if last else (part, kept), axis)


def other_arrivals(tape: Tape) -> Iterator[Change]:
    """In every turn the gradient of another value of that turn, for a weight: of another gate, before a derivative."""
    columns = [column for column in columns_of(tape).values() if all(step.node in tape.total for step in column)]
    for column in columns:
        for operand, parent in enumerate(column[0].parents):
            if parent not in tape.leaves or any(len(s.parents) != len(column[0].parents) for s in column):
                continue
            shapes, seen = [step.node.shape for step in column], {_bytes(tape, [step.node for step in column])}
            for others in _nodes(tape, columns, len(column)):
                if [node.shape for node in others] != shapes or _bytes(tape, others) in seen:
                    continue
                seen.add(_bytes(tape, others))
                kind, why = between(tape, others[-1], column[-1].node)
                made = [tape.step_of[node] for node in others]
                text = (
                    f"What {column[0].name}{places(column)} gives to {tape.name(parent)} is made of the gradient of "
                    f"{tape.name(others[-1])}{places(made)} where that of {tape.name(column[-1].node)} is meant, in "
                    f"every step: {why}."
                )
                edges = [Edge(step, operand) for step in column]
                rules = {e.step.node: replaced(e, _of(e, tape.total[n])) for e, n in zip(edges, others, strict=True)}
                yield Change(kind, text, rules)


def _nodes(tape: Tape, columns: list[list[Step]], count: int) -> Iterator[list[Node]]:
    """The values that a loop makes in each turn, those first that have a name."""
    for column in sorted(columns, key=lambda column: column[-1].node not in tape.recorder.names):
        if len(column) == count:
            yield [step.node for step in column]


def _bytes(tape: Tape, nodes: list[Node]) -> bytes:
    return b"".join(np.ascontiguousarray(tape.total[node]).tobytes() for node in nodes)


def _of(edge: Edge, arriving: Gradient) -> Callable[[Step, Gradient], Gradient]:
    return lambda step, g: step.pull(arriving)[edge.operand]
