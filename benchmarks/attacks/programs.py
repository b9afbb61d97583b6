"""Random programs, by Hypothesis: each is run, differentiated and read by everything that reads programs.

A program is a list of steps in NumPy's own words, so that NumPy itself says what its values are; its gradient is that
of central differences. Every reader of programs is a line of ``WAYS``.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import tinygrad_bp as tg
from tinygrad_bp.program.program import evaluate

from ..sections import printed_by
from .names import labels
from .reader import Wrong, same

SHAPE = (2, 3)
UNARY: dict[str, Callable[[Any], Any]] = {
    "tanh": np.tanh, "sin": np.sin, "half": lambda x: x * 0.5, "bell": lambda x: np.exp(-x * x),
    "inverse": lambda x: 1 / (2 + np.square(x)), "backwards": lambda x: x[::-1], "mixed": lambda x: x[:, [2, 0, 1]],
    "folded": lambda x: x.reshape(3, 2).T, "running": lambda x: np.cumsum(x, axis=1) * 0.5,
    "centred": lambda x: x - np.mean(x, axis=0), "scaled": lambda x: x / (1 + np.sum(x * x, axis=1, keepdims=True)),
    "leaky": lambda x: np.where(x > 0, x, 0.1 * x), "root": lambda x: np.sqrt(1 + x * x),
    "softmax": lambda x: np.exp(x) / np.sum(np.exp(x), axis=1, keepdims=True),
    "padded": lambda x: np.concatenate([x[1:], x[:1] * 2.0]), "powers": lambda x: np.log(1 + x**4),
}  # fmt: skip
BINARY: dict[str, Callable[[Any, Any], Any]] = {
    "add": np.add, "subtract": np.subtract, "multiply": np.multiply, "quotient": lambda a, b: a / (3 + np.square(b)),
    "products": lambda a, b: (a @ b.T) @ b * 0.1, "row": lambda a, b: a + b[0], "column": lambda a, b: a * b[:, :1],
    "stacked": lambda a, b: np.stack([a, b]).sum(axis=0), "shared": lambda a, b: np.sin(a) * b + b,
}  # fmt: skip

Steps = list[tuple[str, tuple[int, ...]]]


@st.composite
def programs(draw: Any) -> tuple[Steps, Any]:
    """Steps, each a name and the numbers of earlier values that it reads, and two arrays to begin with."""
    steps: Steps = []
    for number in range(draw(st.integers(1, 10))):
        places = st.integers(0, number + 1)
        if draw(st.booleans()):
            steps.append((draw(st.sampled_from(sorted(UNARY))), (draw(places),)))
        else:
            steps.append((draw(st.sampled_from(sorted(BINARY))), (draw(places), draw(places))))
    numbers = st.floats(-2, 2, allow_nan=False, width=32).filter(lambda x: x == 0 or abs(x) > 1e-3)
    start = np.array(draw(st.lists(numbers, min_size=12, max_size=12))).reshape(2, *SHAPE)
    return steps, start + np.arange(12).reshape(2, *SHAPE) * 1e-3 + 3e-4  # no value at a kink


def run(steps: Steps, *start: Any) -> list[Any]:
    """All values of a program, of arrays or of tensors."""
    values = list(start)
    for name, places in steps:
        values.append({**UNARY, **BINARY}[name](*(values[i] for i in places)))
    return values


def loss_of(steps: Steps) -> Callable[[Any, Any], Any]:
    """The program as a function that gives one number."""

    def loss(x: Any, y: Any) -> Any:
        return sum(value.sum() * (0.5 + i) for i, value in enumerate(run(steps, x, y)[2:]))

    return loss


# ---------------------------------------------------------------------- what reads programs


def close(found: Any, right: Any, what: str, rtol: float = 1e-9) -> None:
    """Raise ``Wrong`` unless both are equal but for rounding."""
    found, right = np.asarray(found), np.asarray(right)
    if found.shape != right.shape or not np.allclose(found, right, rtol=rtol, atol=rtol * (1 + np.abs(right).max())):
        raise Wrong(f"{what}: {found.ravel()[:4]}, right is {right.ravel()[:4]}")


class Case:
    """A program with its arrays, its leaves, and its gradients by backward."""

    def __init__(self, steps: Steps, start: Any) -> None:
        self.steps, self.start, self.loss = steps, start, loss_of(steps)
        self.leaves = self.fresh()
        self.result = self.loss(*self.leaves)
        self.result.backward(retain_graph=True)
        self.gradients = [np.zeros(SHAPE) if x.grad is None else x.grad.numpy().copy() for x in self.leaves]

    def fresh(self) -> list[Any]:
        return [tg.tensor(array, requires_grad=True) for array in self.start]


def built(case: Case) -> None:
    """NumPy's own values; whole powers are products here, so that their last bit may be another one."""
    for found, right in zip(run(case.steps, *case.leaves), run(case.steps, *case.start)):
        if found.dtype != right.dtype:
            raise Wrong(f"a value of {found.dtype}, right is {right.dtype}")
        close(found.detach().numpy(), right, "a value", 1e-14)


def differentiated(case: Case) -> None:
    """Central differences; forward mode; and the gradient of the gradient is symmetric."""
    direction = np.array([[[0.3, -0.7, 0.2], [0.9, 0.1, -0.4]], [[-0.5, 0.2, 0.6], [0.1, -0.8, 0.3]]])
    slope = sum((g * d).sum() for g, d in zip(case.gradients, direction))
    h = 1e-6
    ahead, behind = (case.loss(*(case.start + sign * h * direction)) for sign in (1, -1))
    close(slope, (ahead - behind) / (2 * h), "the gradient and differences", 1e-4)
    _, forward = tg.func.jvp(case.loss, tuple(map(tg.tensor, case.start)), tuple(map(tg.tensor, direction)))
    close(forward.numpy(), slope, "forward mode and backward")


def compiled(case: Case) -> None:
    """The step that the compiler writes."""
    leaves, loss = case.fresh(), case.loss

    def step(x: Any, y: Any) -> Any:
        for leaf in leaves:
            leaf.grad = None
        value = loss(x, y)
        value.backward()
        return value

    fast = tg.compile(step)
    for _ in range(3):
        close(fast(*leaves).item(), case.result.item(), "a compiled value")
    for leaf, right in zip(leaves, case.gradients):
        close(np.zeros(SHAPE) if leaf.grad is None else leaf.grad.numpy(), right, "a compiled gradient")


def captured(case: Case) -> None:
    """The program as a list of steps, run again on other numbers."""

    def loss(x: Any, y: Any) -> Any:  # which reads both
        return case.loss(x, y) + (x * y).sum()

    program = tg.program(tg.func.grad(loss, argnums=(0, 1)), *map(tg.tensor, case.start))
    other = [array[:, ::-1].copy() * 0.5 for array in case.start]
    right = tg.func.grad(loss, argnums=(0, 1))(*map(tg.tensor, other))
    for found, expected in zip(evaluate(program, other)[0], right):
        close(found, expected.numpy(), "a program on other numbers")
    if str(program).count("\n") < len(program.steps) - 1:
        raise Wrong("a step that is not printed")


def drawn(case: Case) -> None:
    """A drawing that parses, with every leaf that the loss reads; and its other forms."""
    x, y = case.leaves
    picture = tg.draw(case.result, params={"x": x, "y": y}, values=True, grads=True, fold=False)
    said = " ".join(labels(picture.source))
    for name, leaf in (("x", x), ("y", y)):
        if (leaf.grad is not None) != (f"<B>{name}</B>" in said):
            raise Wrong(f"{name} is drawn, and not read, or the other way")
    picture.mermaid(), picture.json(), picture.text()


def saved(case: Case) -> None:
    """Its leaves, values and gradients, in both formats."""
    value = {"leaves": case.leaves, "values": run(case.steps, *case.start), "gradients": tuple(case.gradients)}
    file = io.BytesIO()
    tg.save(value, file)
    found = tg.load(io.BytesIO(file.getvalue()))
    for a, b in zip([*found["values"], *found["gradients"]], [*value["values"], *value["gradients"]]):
        same(a, np.ascontiguousarray(b))
    for a, b in zip(found["leaves"], case.leaves):
        same(a.detach().numpy(), b.detach().numpy())


def replayed(case: Case) -> None:
    """Backward, step by step: the contributions to a leaf add up to its gradient."""
    found = tg.replay(case.result)
    for leaf, right in zip(case.leaves, case.gradients):
        if leaf.grad is not None:
            close(found.of(leaf).gradient, right, "a replayed gradient")
    found.text()


def explained(case: Case) -> None:
    """The derivation, computed."""
    for leaf, right in zip(case.leaves, case.gradients):
        if leaf.grad is not None:
            found = tg.explain(case.result, wrt=leaf)
            close(found.evaluate(), right, "an explained gradient")
            found.text(), found.latex(), found.markdown()


def exported(case: Case) -> None:
    """A model of ONNX, run by onnxruntime, which has all of these ops in float32 alone."""
    import onnxruntime

    def loss(x: Any, y: Any) -> Any:  # which reads both
        return case.loss(x, y) + (x * y).sum()

    start, file = [array.astype(np.float32) for array in case.start], io.BytesIO()
    tg.onnx.export(loss, tuple(map(tg.tensor, start)), file)
    model = onnxruntime.InferenceSession(file.getvalue(), providers=["CPUExecutionProvider"])
    (found,) = model.run(None, {item.name: array for item, array in zip(model.get_inputs(), start)})
    close(found, loss(*map(tg.tensor, start)).numpy(), "an exported value", 1e-4)


WAYS: dict[str, Callable[[Case], None]] = {
    way.__name__: way
    for way in (built, differentiated, compiled, captured, drawn, saved, replayed, explained, exported)
}


def check(ways: Sequence[str], count: int) -> None:
    """Run ways on so many programs, always the same; Hypothesis makes the first that fails small."""

    @settings(
        max_examples=count, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck)
    )
    @given(programs())
    def each(program: tuple[Steps, Any]) -> None:
        case = Case(*program)
        for way in ways:
            WAYS[way](case)

    each()


def section(count: int) -> tuple[str, bool]:
    """The section, and whether every program was right everywhere."""
    wrong: dict[str, str] = {}
    for way in WAYS:
        try:
            check([way], count)
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt):
                raise
            wrong[way] = f"{type(error).__name__}: {error!s:.150}"
    lines = [
        printed_by(f"python -m benchmarks.attacks programs --programs {count} --write docs/reliability.md"),
        "",
        "Hypothesis makes programs of up to ten steps out of NumPy's functions, operators and indices. NumPy says what",
        "their values are, and central differences what their gradients are.",
        "",
        "| the program is | programs | wrong |",
        "|---|---|---|",
        *(f"| {way} | {count:,} | {wrong.get(way, '**0**')} |" for way in WAYS),
    ]
    return "\n".join(lines), not wrong
