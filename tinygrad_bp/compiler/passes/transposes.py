"""Transposes of transposes, and reshapes to the same shape."""

from __future__ import annotations

from typing import Any

from ...program.program import Program, Step, Value
from .substitution import substituted


def without_transposes(program: Program) -> Program:
    """Permutations of permutations as one, and none where nothing moves; no reshape to the shape that is there."""
    instead: dict[Value, Value] = {}
    made: dict[Value, Step] = {}
    steps = []
    for step in program.steps:
        step = _merged(step, made, instead)
        source = step.operands[0] if step.op.name in ("permute", "reshape", "broadcast_to") else None
        if isinstance(source, Value) and source.shape == step.result.shape and _stays(step):
            instead[step.result] = instead.get(source, source)
        else:
            made[step.result] = step
            steps.append(step)
    return substituted(program, steps, instead)


def _stays(step: Step) -> bool:
    return step.op.name != "permute" or _order(step) == tuple(range(len(step.result.shape)))


def _order(step: Step) -> tuple[int, ...]:
    ndim = len(step.result.shape)
    return tuple(axis % ndim for axis in step.params["axes"])


def _merged(step: Step, made: dict[Value, Step], instead: dict[Value, Value]) -> Step:
    """A permutation of a permutation as one."""
    if step.op.name != "permute":
        return step
    source: Any = instead.get(step.operands[0], step.operands[0])
    inner = made.get(source)
    if inner is None or inner.op.name != "permute":
        return Step(step.op, (source,), step.params, step.result)
    order = tuple(_order(inner)[axis] for axis in _order(step))
    return Step(step.op, inner.operands, {"axes": order}, step.result)
