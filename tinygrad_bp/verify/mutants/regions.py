"""Parts of a graph that work element by element: what they are a function of, and their slope at any value."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...autograd.errors import AutogradError
from ...autograd.node import Node
from .forwards import rerun
from .tape import Step, Tape

LARGEST = 30  # ops of a region


def source(tape: Tape, step: Step) -> tuple[Node, int] | None:
    """The oldest value of which a step is a function element by element, and by how many ops; None: there is none."""
    frontier, passed, found = {step.node}, 0, None
    while passed < LARGEST:
        newest = max(frontier, key=lambda node: node.order)
        made = tape.step_of.get(newest)
        if made is None or not elementwise(made) or any(p.shape != step.node.shape for p in made.parents if p):
            break
        frontier = (frontier - {newest}) | {p for p in made.parents if p is not None}
        passed += 1
        if len(frontier) == 1:
            found = next(iter(frontier)), passed
    return found


def elementwise(step: Step) -> bool:
    """Whether a step works on each element alone, with numbers beside."""
    op = step.recorded.op
    numbers = all(v.size == 1 for p, v in zip(step.parents, step.call.values, strict=False) if p is None)
    return op is not None and op.kind == "elementwise" and bool(step.call.values) and numbers


def between(tape: Tape, top: Node, bottom: Node) -> list[Step]:
    """The steps that make one node of another, newest first."""
    first = tape.place_of[top]
    steps = tape.steps[first : tape.place_of.get(bottom, len(tape.steps))]
    above = {bottom}
    for step in reversed(steps):
        if any(parent in above for parent in step.parents):
            above.add(step.node)
    wanted = {top}
    found = []
    for step in steps:
        if step.node in wanted and step.node in above and step.node is not bottom:
            found.append(step)
            wanted.update(parent for parent in step.parents if parent in above)
    return found


def slope(tape: Tape, top: Node, bottom: Node, at: Any = None) -> Any:
    """The derivative of one node by another, element by element; ``at`` another value than it had. None: undefined."""
    steps = between(tape, top, bottom)
    if at is not None:
        values = {bottom: at}
        again = []
        try:
            for step in reversed(steps):
                given = [values.get(p, v) if p is not None else v for p, v in zip(step.parents, step.call.values)]
                again.append(rerun(step, given))
                values[step.node] = again[-1].call.result
        except (ValueError, AutogradError):
            return None
        steps = again[::-1]
    pending = {top: np.ones(top.shape)}
    for step in steps:
        arrived = pending.pop(step.node, None)
        for parent, d in step.pairs(arrived) if arrived is not None else ():
            if parent.shape != np.shape(d):
                return None
            pending[parent] = pending[parent] + d if parent in pending else d
    return pending.get(bottom)
