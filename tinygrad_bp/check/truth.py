"""The right gradient: of the forward on Tensors where it runs on them and means there what it means on arrays, else
differences of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..autograd.tensor import Tensor, wrap
from ..verify.differences import over_five_points
from .calling import array
from .drawing import generator
from .problem import Problem

STEPS = (1e-3, 1e-4, 1e-6)  # of differences: of two that agree the longer, else there is a kink near, and the last


def truth_of(problem: Problem) -> tuple[Callable[..., Any], str]:
    """A function from Tensors to one that is recorded, and whether it is the ``engine`` or ``differences``."""
    if _runs(problem):
        return problem.forward, "engine"
    return differenced(problem.forward), "differences"


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


def _runs(problem: Problem) -> bool:
    """Whether the forward takes Tensors, with the value of the arrays and their slope along a direction."""
    rng = generator(4)
    try:
        plain = array(problem.forward(*problem.inputs))
        w = rng.standard_normal(plain.shape)
        with np.errstate(all="ignore"):
            out = problem.forward(*(leaf(a, i in problem.wanted) for i, a in enumerate(problem.inputs)))
        if not isinstance(out, Tensor) or out.shape != plain.shape or not np.allclose(array(out), plain, 1e-9, 1e-12):
            return False
        found = pulled(problem, problem.forward, w)
    except Exception:  # whatever a homework does with arrays and cannot do with Tensors; differences serve then
        return False
    directions = {i: rng.standard_normal(problem.inputs[i].shape) for i in problem.wanted}
    parts = [found[i] * directions[i] for i in problem.wanted]
    size = sum(float(np.sum(np.abs(p))) for p in parts)

    def along(t: float) -> float:
        moved = [a + t * directions[i] if i in directions else a for i, a in enumerate(problem.inputs)]
        return float(np.sum(w * array(problem.forward(*moved))))

    slope = sum(float(np.sum(p)) for p in parts)
    return any(abs(over_five_points(along, step) - slope) <= 1e-4 * size + 1e-7 for step in (1e-4, 1e-5, 1e-6))


def differenced(forward: Callable[..., Any]) -> Callable[..., Any]:
    """The forward as one recorded step whose derivative is found by differences, element by element."""

    def engine(*leaves: Any) -> Any:
        arrays = [array(one) for one in leaves]
        value = array(forward(*arrays)).astype(np.float64)
        out: Any = wrap(np.array(value), None)
        for i, one in enumerate(leaves):
            if isinstance(one, Tensor) and one.requires_grad:
                columns = np.array([_column(forward, arrays, i, place) for place in np.ndindex(one.shape)])
                slopes = wrap(columns.reshape(one.size, value.size), None)
                out = out + ((one - one.detach()).reshape(-1) @ slopes).reshape(value.shape)
        return out

    return engine


def _column(forward: Callable[..., Any], arrays: Sequence[Any], i: int, place: tuple[int, ...]) -> Any:
    """The slope of the forward in one element of one input."""
    others = [np.array(a) for a in arrays]
    size = max(1.0, abs(float(arrays[i][place])))

    def along(t: float) -> Any:
        others[i][place] = arrays[i][place] + t * size
        return array(forward(*others)).astype(np.float64)

    long, short = (over_five_points(along, step) / size for step in STEPS[:2])
    agree = np.abs(long - short) <= 1e-6 * (np.max(np.abs(short), initial=0.0) + 1e-9)
    return long if np.all(agree) else np.where(agree, long, over_five_points(along, STEPS[2]) / size)
