"""Means, normalizations and what their gradients read, as simpler ops."""

from __future__ import annotations

import math
from collections.abc import Callable

from ..autograd.op import OPS
from ..program.program import Step, Value
from .c_expressions import FLOATS
from .c_steps import Lowered, Unknown


def over(out: Lowered, total: Value, count: int) -> Value:
    """A sum as a mean; of nothing it is NaN."""
    mean: Value = out.call("div", total, float(count)) if count else out.call("mul", total, math.nan)
    return mean


def _row_mean(out: Lowered, x: Value, axes: tuple[int, ...]) -> Value:
    total = out.call("sum", x, axis=axes, keepdims=True)
    return over(out, total, math.prod(x.shape[axis] for axis in axes))


def _standard(out: Lowered, x: Value, axes: tuple[int, ...], eps: float) -> Value:
    """With mean 0 and variance 1 over some axes."""
    if x.dtype not in FLOATS:
        raise Unknown(f"a normalization of {x.dtype}")
    h = out.call("sub", x, _row_mean(out, x, axes))
    spread = out.call("sqrt", out.call("add", _row_mean(out, out.call("mul", h, h), axes), eps))
    # Where the squares overflow the result is NaN: ∞ − ∞. Else 0 is added.
    r = out.call("add", out.call("div", 1.0, spread), out.call("sub", spread, spread))
    return out.call("mul", h, r)  # type: ignore[no-any-return]


def _layer_norm(out: Lowered, step: Step) -> Value:
    x, weight, bias = step.operands
    axes = tuple(range(len(x.shape) - len(weight.shape), len(x.shape)))
    h = _standard(out, x, axes, step.params["eps"])
    return out.call("add", out.call("mul", h, weight), bias)  # type: ignore[no-any-return]


def _norm_pull(out: Lowered, step: Step) -> Value:
    a, h, r = step.operands
    if a.dtype not in FLOATS:
        raise Unknown(f"norm_pull of {a.dtype}")
    along = out.call("mul", h, _row_mean(out, out.call("mul", a, h), (1,)))
    return out.call("mul", out.call("sub", out.call("sub", a, along), _row_mean(out, a, (1,))), r)  # type: ignore[no-any-return]


def _per_channel(out: Lowered, v: Value, ndim: int) -> Value:
    """(channels,) so that it broadcasts against (rows, channels, ...)."""
    return out.call("reshape", v, shape=(*v.shape, *(1,) * (ndim - 2)))  # type: ignore[no-any-return]


def _of_floats(step: Step) -> tuple[Value, tuple[int, ...]]:
    """The first operand, and the axes over which each of its channels has one mean."""
    x = step.operands[0]
    if any(item.dtype not in FLOATS or item.dtype != x.dtype for item in step.operands) or 0 in x.shape:
        raise Unknown(f"{step.op.name} of {x.dtype} {x.shape}")
    return x, (0, *range(2, len(x.shape)))


def _batch_norm(out: Lowered, step: Step) -> Value:
    (x, axes), (_, weight, bias) = _of_floats(step), step.operands
    if step.params["moments"] is not None:
        raise Unknown("batch_norm that gives its moments away")
    h, ndim = _standard(out, x, axes, step.params["eps"]), len(x.shape)
    return out.call("add", out.call("mul", h, _per_channel(out, weight, ndim)), _per_channel(out, bias, ndim))  # type: ignore[no-any-return]


def _batch_moments(out: Lowered, step: Step) -> Value:
    x, axes = _of_floats(step)
    mean = _row_mean(out, x, axes)
    d = out.call("sub", x, mean)
    both = tuple(out.call("reshape", v, shape=step.result.shape[1:])
                 for v in (mean, _row_mean(out, out.call("mul", d, d), axes)))  # fmt: skip
    return out.step(Step(OPS["stack"], (both,), {"axis": 0}, step.result))


def _fixed_batch_norm(out: Lowered, step: Step) -> Value:
    (x, _), (_, weight, bias, mean, var) = _of_floats(step), step.operands
    r = out.call("div", weight, out.call("sqrt", out.call("add", var, step.params["eps"])))
    mean, r, bias = (_per_channel(out, v, len(x.shape)) for v in (mean, r, bias))
    return out.call("add", out.call("mul", out.call("sub", x, mean), r), bias)  # type: ignore[no-any-return]


NORMALIZATIONS: dict[str, Callable[[Lowered, Step], Value]] = {
    "layer_norm": _layer_norm, "norm_pull": _norm_pull, "batch_norm": _batch_norm,
    "fixed_batch_norm": _fixed_batch_norm, "batch_moments": _batch_moments,
    "standard_rows": lambda out, step: _standard(out, step.operands[0], (1,), step.params["eps"]),
}  # fmt: skip
