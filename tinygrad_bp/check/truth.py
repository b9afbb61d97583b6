"""The right gradient: of the forward on Tensors where it runs on them and means there what it means on arrays, else
differences of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..autograd.tensor import Tensor, wrap
from ..verify.differences import over_five_points
from .calling import array
from .drawing import generator
from .problem import Problem

STEPS = (2.0**-10, 2.0**-14, 2.0**-20)  # of differences: the first over which the slope is one, else there is a kink
SLOW = 1.0  # seconds for all differences, beyond which no other batches are tried


@dataclass
class Truth:
    """A function from Tensors to one that is recorded; ``why`` it is not the engine's own derivative, if so."""

    engine: Callable[..., Any]
    why: str = ""
    seconds: float = 0.0  # for one gradient by differences

    @property
    def name(self) -> str:
        """``engine`` or ``differences``."""
        return "differences" if self.why else "engine"


def truth_of(problem: Problem) -> Truth:
    """The forward itself where it runs on Tensors, else differences of it."""
    why = _why_not(problem)
    if not why:
        return Truth(problem.forward)
    begun = time.perf_counter()
    problem.forward(*problem.inputs)
    elements = sum(problem.inputs[i].size for i in problem.wanted)
    return Truth(differenced(problem.forward), why, 4 * elements * (time.perf_counter() - begun))


def leaf(value: Any, record: bool = True) -> Any:
    """A float array as a Tensor in float64, any other as it is."""
    if value.dtype.kind != "f":
        return np.array(value)
    made = wrap(np.array(value, dtype=np.float64), None)
    made.requires_grad = record
    return made


def pulled(problem: Problem, engine: Callable[..., Any], g: Any) -> dict[int, Any]:
    """The gradient of each wanted input, zeros where the output does not depend on it."""
    leaves = [leaf(a, i in problem.wanted) for i, a in enumerate(problem.inputs)]
    with np.errstate(all="ignore"):
        out = engine(*leaves)
        (out * wrap(np.array(g), None)).sum().backward()
    found = {i: leaves[i].grad for i in problem.wanted}
    return {i: np.zeros(problem.inputs[i].shape) if d is None else array(d) for i, d in found.items()}


def _why_not(problem: Problem) -> str:
    """Why the forward's derivative cannot be the engine's: it takes no Tensors, or means something else on them."""
    rng = generator(4)
    plain = array(problem.forward(*problem.inputs))
    w = rng.standard_normal(plain.shape)
    try:
        with np.errstate(all="ignore"):
            out = problem.forward(*(leaf(a, i in problem.wanted) for i, a in enumerate(problem.inputs)))
            if not isinstance(out, Tensor) or not out.requires_grad:
                return "on Tensors it gives no Tensor that is recorded"
            found = pulled(problem, problem.forward, w)
    except Exception as error:  # whatever a homework does with arrays and cannot do with Tensors
        return f"on Tensors it raises {type(error).__name__}: {' '.join(str(error).split())[:120]}"
    if out.shape != plain.shape or not np.allclose(array(out), plain, 1e-9, 1e-12):
        return "on Tensors it has other values"
    directions = {i: rng.standard_normal(problem.inputs[i].shape) for i in problem.wanted}
    parts = [found[i] * directions[i] for i in problem.wanted]
    size = sum(float(np.sum(np.abs(p))) for p in parts)

    def along(t: float) -> float:
        moved = [a + t * directions[i] if i in directions else a for i, a in enumerate(problem.inputs)]
        return float(np.sum(w * array(problem.forward(*moved))))

    slope = sum(float(np.sum(p)) for p in parts)
    if any(abs(over_five_points(along, step) - slope) <= 1e-4 * size + 1e-7 for step in (1e-4, 1e-5, 1e-6)):
        return ""
    return "on Tensors a part of it is not recorded"


def differenced(forward: Callable[..., Any]) -> Callable[..., Any]:
    """The forward as one recorded step whose derivative is found by differences, element by element.

    The derivative of inputs that differ by rounding is one.
    """
    known: list[tuple[list[Any], dict[int, Any]]] = []

    def slopes(arrays: list[Any], i: int, size: int) -> Any:
        near = (found for others, found in known if _one_place(others, arrays))
        found = next(near, None)
        if found is None:
            found = {}
            known.append((arrays, found))
        if i not in found:
            places = np.ndindex(arrays[i].shape)
            found[i] = np.array([_column(forward, arrays, i, at) for at in places]).reshape(arrays[i].size, size)
        return found[i]

    def engine(*leaves: Any) -> Any:
        arrays = [array(one) for one in leaves]
        value = array(forward(*arrays)).astype(np.float64)
        out: Any = wrap(np.array(value), None)
        for i, one in enumerate(leaves):
            if isinstance(one, Tensor) and one.requires_grad:
                step = (one - one.detach()).reshape(-1)
                out = out + (step @ wrap(slopes(arrays, i, value.size), None)).reshape(value.shape)
        return out

    return engine


def _one_place(some: list[Any], others: list[Any]) -> bool:
    return all(a.shape == b.shape and np.allclose(a, b, 1e-7, 1e-7) for a, b in zip(some, others, strict=True))


def _column(forward: Callable[..., Any], arrays: Sequence[Any], i: int, place: tuple[int, ...]) -> Any:
    """The slope of the forward in one element of one input: over five points where three say the same."""
    others = [np.array(a) for a in arrays]
    size = max(1.0, abs(float(arrays[i][place])))

    def at(t: float) -> Any:
        others[i][place] = arrays[i][place] + t * size
        return array(forward(*others)).astype(np.float64)

    for step in STEPS:
        near, far = (at(step) - at(-step)) / (2 * step), (at(2 * step) - at(-2 * step)) / (4 * step)
        better = (4 * near - far) / 3
        scale = np.max(np.abs(better), initial=0.0) + 1e-9
        if np.all(np.abs(far - near) <= 1e-3 * scale) and np.all(np.abs(better - near) <= 1e-4 * scale):
            break
    return better / size
