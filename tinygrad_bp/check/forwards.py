"""What is said of a forward itself: a softmax that overflows, a relu that is none, a loss that is another one."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from ..verify import Finding
from .calling import array
from .names import role
from .problem import Problem

FAR = 1000.0  # what is added to scores, or how many times an input is taken
REFERENCES: dict[str, Callable[[Any], Any]] = {
    "relu": lambda x: np.maximum(x, 0),
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "tanh": np.tanh,
}


def of_forward(words: Iterable[str], forward: Callable[..., Any], inputs: list[Any], x: int = 0) -> list[Finding]:
    """Findings on a forward whose name has these words; nothing where all is well. ``x`` is the input's place."""
    known = set(words)
    found = list(_as_named(known, forward, inputs, x))
    if "softmax" in known and inputs[x].dtype.kind == "f" and "log" not in known:
        found += _shifted(forward, inputs, x)
    return found


def _as_named(known: set[str], forward: Callable[..., Any], inputs: list[Any], x: int) -> Iterable[Finding]:
    for name, reference in REFERENCES.items():
        if known == {name} and len(inputs) == 1:
            value, right = array(forward(*inputs)), reference(inputs[0])
            if value.shape == right.shape and not np.allclose(value, right, rtol=1e-6, atol=1e-9):
                at = tuple(int(i) for i in np.unravel_index(np.argmax(np.abs(value - right)), value.shape))
                yield Finding(
                    "forward", "another function",
                    f"It is not {name}: at {inputs[0][at]:.4g} it gives {value[at]:.4g}, {name} gives {right[at]:.4g}.",
                    None, float(np.max(np.abs(value - right))), at,
                )  # fmt: skip


def _shifted(forward: Callable[..., Any], inputs: list[Any], x: int) -> list[Finding]:
    """A softmax is the same after any number is added to one example's scores."""
    scores = inputs[x]
    if scores.ndim not in (1, 2):
        return []
    plain = array(forward(*inputs))
    everywhere = _run(forward, inputs, x, scores + FAR)
    name = "forward"
    if not _same(everywhere, plain):
        bad = "inf or nan" if not np.isfinite(everywhere).all() else "other numbers"
        text = f"It overflows: with {FAR:g} added to all scores it gives {bad}, and should give the same; "
        return [Finding(name, "overflow", text + "subtract each example's largest score before np.exp.")]
    if scores.ndim == 1:
        return []
    apart = []
    for axis in (0, 1):
        steps = -FAR * np.arange(scores.shape[axis]).reshape((-1, 1) if axis == 0 else (1, -1))
        apart.append(_run(forward, inputs, x, scores + steps))
    if any(_same(a, plain) for a in apart) or all(np.isfinite(a).all() for a in apart):
        return []
    text = f"It subtracts one number for the whole batch: with one example's scores {FAR:g} below another's it gives "
    return [Finding(name, "batch coupling", text + "inf or nan; subtract each example's own largest score.")]


def _run(forward: Callable[..., Any], inputs: list[Any], x: int, value: Any) -> Any:
    return array(forward(*[value if i == x else a for i, a in enumerate(inputs)]))


def _same(a: Any, b: Any) -> bool:
    return a.shape == b.shape and bool(np.allclose(a, b, rtol=1e-6, atol=1e-9))


def overflows(problem: Problem) -> list[Finding]:
    """Gradients that are inf or nan for large inputs where the forward is finite."""
    if not set(problem.wanted) <= set(problem.batched):
        return []  # a network saturates there
    for i in problem.batched:
        if problem.inputs[i].dtype.kind != "f" or i not in problem.wanted:
            continue
        for times in (100.0, FAR):
            moved = [times * a if k == i else a for k, a in enumerate(problem.inputs)]
            g = np.ones(array(problem.output(*moved)).shape)
            if not np.isfinite(array(problem.output(*moved))).all():
                break
            hand = problem.backward(g if g.shape else np.ones(()), *moved)
            bad = [n for n, k in zip(problem.gradient_names, problem.wanted, strict=True)
                   if not np.isfinite(hand[k]).all()]  # fmt: skip
            if bad:
                text = f"With {problem.names[i]} × {times:g} the forward is finite and this is inf or nan: overflow."
                return [Finding(name, "overflow", text) for name in bad]
    return []


def another_loss(mine: Problem, usual: Problem) -> list[Finding]:
    """A term that the homework's loss lacks beside the loss whose gradients its backward gives."""
    place = next((i for i, name in enumerate(mine.names) if role(name) == "labels"), None)
    if place is None or mine.inputs[place].dtype.kind != "f":
        return []
    same, values = {}, {}
    for label in (0, 1):
        given = [np.full_like(a, label) if i == place else a for i, a in enumerate(mine.inputs)]
        values[label] = [float(array(problem.forward(*given))) for problem in (mine, usual)]
        same[label] = bool(np.isclose(values[label][0], values[label][1], rtol=1e-6))
    if same[0] == same[1]:
        return []
    lacking = 0 if same[1] else 1
    hand, right = values[lacking]
    text = (
        f"It is the loss whose gradients these are where all labels are {1 - lacking}; where they are {lacking} it is "
        f"{hand:.4g} and should be {right:.4g}: the term of label {lacking} is missing."
    )
    return [Finding(mine.loss.name, "term missing", text)]
