"""Another forward: a part that the backward computes again without a term or a factor, or an op on other values."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from ...autograd.call import call
from ...autograd.errors import AutogradError
from ...autograd.history import history
from ...autograd.node import Node
from ...autograd.numpy_protocols import plainly
from ...autograd.tensor import wrap
from .caches import borrowed
from .edges import Edge, edges, replaced
from .tape import VIEWS, Change, Gradient, Pairs, Rule, Step, Tape, places

FORWARDS = 60  # terms and factors that are left out of a forward computed again
# What norms and softmax are made of: what is computed again in the backward ends with them.
ARITHMETIC = (*VIEWS, "add", "sub", "mul", "div", "neg", "sqrt", "pow", "square", "reciprocal", "exp", "mean", "sum",
              "amax", "rsqrt", "where", "permute", "softmax")  # fmt: skip


class Forward:
    """What comes after one step, computed again with another value for its result."""

    def __init__(self, tape: Tape, step: Step, value: Any) -> None:
        self.tape, self.step, self.value = tape, step, value
        self.after = [s.node for s in _after(tape, step)]

    @cached_property
    def steps(self) -> dict[Node, Step]:
        """Every step after it, with the values it has then."""
        values, found = {self.step.node: self.value}, {}
        for step in map(self.tape.step_of.__getitem__, self.after):
            given = [values.get(p, v) if p is not None else v for p, v in zip(step.parents, step.call.values)]
            again = rerun(step, given)
            values[step.node] = again.call.result
            found[step.node] = again
        return found

    def rule(self, step: Step, g: Gradient) -> Pairs:
        """The step's rule with those values."""
        return borrowed(self.steps[step.node])(step, g)

    @property
    def parts(self) -> list[list[Node]]:
        """All after it; to the end of the norm or softmax that it is a part of, with what reads its result; without."""
        reached, near = {self.step.node}, []
        for step in map(self.tape.step_of.__getitem__, self.after):
            if any(p in reached for p in step.parents):
                near.append(step.node)
                if step.name in ARITHMETIC:
                    reached.add(step.node)
        found = (self.after, near, [node for node in near if node in reached])
        return [part for i, part in enumerate(found) if part and all(len(part) < len(other) for other in found[:i])]


def _after(tape: Tape, first: Step) -> list[Step]:
    reached, found = {first.node}, []
    for step in reversed(tape.steps[: tape.place_of[first.node]]):
        if any(p in reached for p in step.parents):
            reached.add(step.node)
            found.append(step)
    return found


def rerun(step: Step, values: Sequence[Any]) -> Step:
    """The same op on other values."""
    op = step.recorded.op
    assert op is not None
    operands = [_leaf(v, p is not None) for v, p in zip(values, step.parents, strict=True)]
    try:
        result = call(op, ([*operands],) if op.variadic else tuple(operands), step.call.params)
    except AutogradError as error:  # other values do not fit: the caller passes the change over
        raise ValueError(str(error)) from None
    recorded = history([result._node])[0]
    again = step.call._replace(values=tuple(values), result=np.asarray(plainly(result)))
    return Step(step.node, again, step.parents, recorded)


def _leaf(value: Any, wants: bool) -> Any:
    if not wants:
        return value
    leaf = wrap(np.array(value), None)
    leaf.requires_grad = True
    return leaf


def other_forwards(tape: Tape) -> Iterator[Change]:
    """A part of the forward that the backward computes again, without one of its terms or factors, or several."""
    tried = 0
    for step in tape.steps:
        if step.node not in tape.parts or step.node not in tape.users:
            continue
        for kept, value, missing in _less(tape, step):
            if tried >= FORWARDS:
                return
            tried += 1
            forward = Forward(tape, step, value)
            text = f"The backward computes {step.name}{places([step])} again without {missing}"
            for again in forward.parts:
                rules: dict[Node, Rule] = dict.fromkeys(again, forward.rule)
                if step.name in ("mul", "where"):
                    passed = {**rules, step.node: replaced(Edge(step, kept), lambda step, g: g)}
                    yield Change(_of_mask(step, kept), f"{text}: a factor, or a mask, is missing.", passed)
                kind = _of_mask(step, kept) if step.name in ("add", "where") else "term missing"
                yield Change(
                    "term missing" if kind == "factor missing" else kind,
                    f"{text}: a term or a factor is missing.",
                    rules,
                )


def other_statistics(tape: Tape) -> Iterator[Change]:
    """A part of the forward that the backward computes again with n − 1 for n, or a small number in another place."""
    for step in tape.steps:
        for kind, value, text in _otherwise(tape, step) if step.node in tape.parts and step.call.values else ():
            forward = Forward(tape, step, value)
            own = _root(step, value)
            for again in forward.parts:
                rules: dict[Node, Rule] = dict.fromkeys(again, forward.rule)
                for more in ({}, {step.node: own}) if own is not None else ({},):
                    what = f"The backward computes {step.name}{places([step])} again {text}."
                    yield Change(kind, what, {**rules, **more})


def _root(step: Step, value: Any) -> Rule | None:
    """The rule of a root, or of one over a root, whose result is another value."""
    if step.name not in ("sqrt", "pow"):
        return None
    steep = (
        0.5 / value if np.all(step.call.result * step.call.values[0] > 0) and step.name == "sqrt" else -0.5 * value**3
    )
    if step.name == "pow" and np.allclose(step.call.result**2, step.call.values[0]):
        steep = 0.5 / value
    return lambda step, g: [(p, g * steep) for p in step.parents if p is not None]


def _otherwise(tape: Tape, step: Step) -> Iterator[tuple[str, Any, str]]:
    """The kind, the value that a step has then, and how."""
    value = step.call.result
    inner = tape.step_of.get(step.parents[0]) if step.parents and step.parents[0] is not None else None
    inner = inner if inner is not None and inner.call.values else None
    if step.name == "mean" and inner is not None and inner.name in ("pow", "square", "mul"):
        n = step.call.values[0].size // max(value.size, 1)
        if n > 1:
            yield "n − 1", value * n / (n - 1), "with n − 1 where n is meant (ddof)"
    if step.name == "div" and inner is not None and inner.name == "sum" and step.call.values[1].size == 1:
        n, by = inner.call.values[0].size // max(inner.call.result.size, 1), float(np.ravel(step.call.values[1])[0])
        for other in {n - 1, n} - {by, 0}:
            if abs(by - other) == 1:
                yield "n − 1", value * by / other, f"divided by {other} where {by:g} is meant (ddof)"
    roots = ("sqrt", "pow")
    if step.name in roots and inner is not None and inner.name == "add" and inner.call.values[1].size == 1:
        v, small = inner.call.values
        if 0 < np.abs(small) < 0.1:
            root = np.sqrt(np.maximum(v, 0))
            if np.allclose(value, np.sqrt(v + small)):
                yield "epsilon", root + small, "with the small number (epsilon) outside the root"
                yield "epsilon", np.sqrt(v + 2 * small), "with the small number (epsilon) twice"
            elif np.allclose(value, 1 / np.sqrt(v + small)):
                yield "epsilon", 1 / (root + small), "with the small number (epsilon) outside the root"
                yield "epsilon", 1 / np.sqrt(v + 2 * small), "with the small number (epsilon) twice"
    if step.name == "add" and inner is not None and inner.name == "sqrt" and step.call.values[1].size == 1:
        v, small = inner.call.values[0], step.call.values[1]
        if 0 < np.abs(small) < 0.1:
            yield "epsilon", np.sqrt(v + small), "with the small number (epsilon) within the root"


def _less(tape: Tape, step: Step) -> Iterator[tuple[int, Any, str]]:
    """Which operand is kept of a sum or product, the value then, and what is missing; of sums of sums, less of each."""
    if step.name == "where" and len(step.call.values) == 3:
        for kept in (1, 2):
            if step.parents[3 - kept] is None and step.parents[kept] is not None:
                yield kept, np.broadcast_to(step.call.values[kept], step.node.shape), "its mask"
    if step.name not in ("add", "sub", "mul") or len(step.call.values) != 2:
        return
    for kept, value in enumerate(step.call.values):
        sign = -1 if step.name == "sub" and kept == 1 else 1
        missing, parent, left = [], step.parents[kept], step.parents[1 - kept]
        for _ in range(3):
            missing.append(tape.name(left) if left is not None else "the data")
            if np.shape(value) == step.node.shape:
                yield kept, sign * value, " and ".join(missing)
            inner = tape.step_of.get(parent) if parent is not None else None
            if inner is None or step.name == "mul" or inner.name not in ("add", "sub") or len(inner.call.values) != 2:
                break
            value, parent, left = inner.call.values[0], inner.parents[0], inner.parents[1]


def _of_mask(step: Step, kept: int) -> str:
    if step.name == "where":
        return "mask missing"
    other = step.call.values[1 - kept]
    return "mask missing" if len(np.unique(other)) == 2 and np.any(other == 0) else "factor missing"


def other_operands(tape: Tape) -> Iterator[Change]:
    """In ops that are linear in each of two operands, ones or another value in the place of the other operand."""
    for edge in edges(tape):
        op = edge.step.recorded.op
        if op is None or not op.bilinear or op.name in ("mul", "matmul") or len(edge.step.call.values) != 2:
            continue
        other = edge.step.call.values[1 - edge.operand]
        what = f"In the gradient of {tape.name(edge.parent)} through {op.name}{places([edge.step])}"
        for text, value in (
            ("ones stand where the other factor is meant: it is missing", np.ones_like(other)),
            ("the other factor's mean stands in its place", np.full_like(other, np.mean(other))),
        ):
            yield Change("factor missing", f"{what} {text}.", {edge.step.node: replaced(edge, _with(edge, value))})


def _with(edge: Edge, value: Any) -> Callable[[Step, Gradient], Gradient]:
    def gradient(step: Step, g: Gradient) -> Gradient:
        values = list(step.call.values)
        values[1 - edge.operand] = value
        return rerun(step, values).pull(g)[edge.operand]

    return gradient
