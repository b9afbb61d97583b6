"""Adafactor: the second average of a matrix kept as a row and a column."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from ..autograd.errors import ArgumentError
from ..autograd.tensor import Tensor, wrap
from .numbers import larger, power, seen, smaller, sqrt
from .optimizer import Optimizer


class Adafactor(Optimizer):
    """``p ← p − rate · u / max(1, rms(u) / d)``, ``u = g / √v``, where v of a matrix is a row times a column.

    The averages run with ``1 − t^beta2_decay`` and ``rate = max(eps₂, rms(p)) · min(lr, 1 / √t)``; of a tensor of more
    than one dimension the last two have means of g² along each, ``row_var`` and ``col_var``, otherwise ``variance`` is
    the average itself. ``eps`` are (eps₁, eps₂), eps₁ None: that of the dtype. ``weight_decay`` shrinks p itself;
    ``maximize`` ascends. Source: Shazeer and Stern 2018, algorithms 4 and 5, as PyTorch has it. Raises
    ``ArgumentError`` for a negative setting, a ``beta2_decay`` above 0, a ``d`` below 1 and complex parameters.

    >>> import tinygrad_bp as tg
    >>> w = tg.tensor([1.0], requires_grad=True)
    >>> (3 * w).sum().backward()
    >>> tg.optim.Adafactor([w], lr=0.5).step()
    >>> w.tolist()
    [0.5]
    """

    counts: tuple[str, ...] = ("step",)

    def __init__(
        self, params: Iterable[Any], lr: float = 1e-2, beta2_decay: float = -0.8,
        eps: tuple[float | None, float] = (None, 1e-3), d: float = 1.0, weight_decay: float = 0.0, *,
        foreach: bool | None = None, maximize: bool = False,
    ) -> None:  # fmt: skip
        defaults = {
            "lr": lr, "beta2_decay": beta2_decay, "eps": eps, "d": d, "weight_decay": weight_decay,
            "foreach": foreach, "maximize": maximize,
        }  # fmt: skip
        super().__init__(params, defaults)

    def _check_settings(self, settings: dict[str, Any]) -> None:
        self.refuse_negative(settings, "lr", "weight_decay")
        eps = settings["eps"]
        if not isinstance(eps, (tuple, list)) or len(eps) != 2 or not all(e is None or e >= 0 for e in eps):
            raise ArgumentError(f"Adafactor: eps are two numbers that are not negative, or (None, eps2), got {eps}")
        if not settings["beta2_decay"] <= 0:
            raise ArgumentError(f"Adafactor: beta2_decay must not be positive, got {settings['beta2_decay']}")
        if not settings["d"] >= 1:
            raise ArgumentError(f"Adafactor: d must be at least 1, got {settings['d']}")

    def advance(self, group: dict[str, Any], *counts: Any) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
        """How far a step may go, the part of this step in the averages, and what the weight decay leaves."""
        number = seen(group).number
        step, lr = number(counts[0]) + 1, number(group["lr"])
        reach = smaller(lr, 1 / sqrt(step))
        rest = 1 - lr * group["weight_decay"] if group["weight_decay"] else 1
        return (step,), (reach, power(step, group["beta2_decay"]), rest)

    def update(self, group: dict[str, Any], moving: list[Any]) -> None:
        """One step of one group."""
        if any(p.dtype.kind == "c" for p, _, _ in moving):
            raise ArgumentError("Adafactor: complex parameters have no row and column means; use tg.optim.Adam")
        array, number, typed, _ = seen(group)
        eps1, eps2 = group["eps"]
        for p, g, state, (reach, part, rest) in self.counted(group, moving, typed=False):
            if 0 in p.shape:  # it has no mean
                continue
            part, rest = typed(p.dtype, part, rest)
            tiny = float(np.finfo(p.dtype).eps) if eps1 is None else eps1
            rate = larger(eps2, _rms(p, number)) * reach
            if group["weight_decay"]:
                p *= rest
            if group["maximize"]:
                g = -g
            square = g * g
            if g.ndim < 2:
                mean = _average(state, "variance", square, part, array)
            else:
                row = _average(state, "row_var", np.mean(square, axis=-1, keepdims=True), part, array)
                column = _average(state, "col_var", np.mean(square, axis=-2, keepdims=True), part, array)
                mean = row @ column / np.maximum(np.mean(row, axis=-2, keepdims=True), tiny)
            change = g / np.sqrt(np.maximum(mean, tiny * tiny))
            rate = rate / larger(1.0, _rms(change, number) / group["d"])
            p -= change * typed(p.dtype, rate)[0]


def _average(state: dict[str, Any], name: str, now: Any, part: Any, array: Callable[[Tensor], Any]) -> Any:
    """The running mean ``name``, after ``part`` of it is that of this step."""
    if name not in state:
        state[name] = wrap(np.zeros(now.shape, now.dtype), None)
    average = array(state[name])
    average += (now - average) * part
    return average


def _rms(x: Any, number: Callable[[Any], Any]) -> Any:
    return sqrt(number(np.sum(x * x)) / math.prod(x.shape))
