"""Adam, and AdamW whose weight decay stands beside the step."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from ..autograd.errors import ArgumentError
from .blocks import blocks
from .optimizer import Optimizer


class Adam(Optimizer):
    """``p ← p − lr · m̂ / (√v̂ + eps)`` with running averages m of the gradient g and v of its square.

    ``m ← β₁ m + (1 − β₁) g``, ``v ← β₂ v + (1 − β₂) g²``, and after t steps ``m̂ = m / (1 − β₁ᵗ)``,
    ``v̂ = v / (1 − β₂ᵗ)``. ``weight_decay`` adds ``weight_decay · p`` to g; with ``amsgrad`` the largest v so far
    stands for v; ``maximize`` ascends. Source: Kingma and Ba 2015, algorithm 1; Reddi et al. 2018 for ``amsgrad``.
    The state of a parameter is ``step``, ``exp_avg`` (m), ``exp_avg_sq`` (v) and ``max_exp_avg_sq``. Raises
    ``ArgumentError`` for a negative setting or a beta outside [0, 1).

    >>> import tinygrad_bp as tg
    >>> w = tg.tensor([1.0], requires_grad=True)
    >>> (3 * w).sum().backward()
    >>> tg.optim.Adam([w], lr=0.1).step()
    >>> w
    tensor([0.9000], requires_grad=True)
    """

    keeps: tuple[str, ...] = ("step", "exp_avg", "exp_avg_sq")
    decoupled = False  # whether weight decay shrinks the parameter itself

    def __init__(
        self, params: Iterable[Any], lr: float = 1e-3, betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-8,
        weight_decay: float = 0.0, amsgrad: bool = False, *, maximize: bool = False,
    ) -> None:  # fmt: skip
        defaults = {
            "lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "amsgrad": amsgrad,
            "maximize": maximize,
        }  # fmt: skip
        super().__init__(params, defaults)

    def check(self, settings: dict[str, Any]) -> None:
        """Refuse what the rule has no meaning for."""
        self.refuse_negative(settings, "lr", "eps", "weight_decay")
        betas = settings["betas"]
        if not isinstance(betas, (tuple, list)) or len(betas) != 2 or not all(0 <= beta < 1 for beta in betas):
            raise ArgumentError(f"{type(self).__name__}: betas are two numbers in [0, 1), got {betas}")

    def update(self, group: dict[str, Any], moving: list[tuple[Any, Any, dict[str, Any]]]) -> None:
        """One step of one group."""
        decay, amsgrad, maximize = group["weight_decay"], group["amsgrad"], group["maximize"]
        shrink, penalty = (decay, 0) if self.decoupled else (0, decay)
        known: dict[Any, Any] = {}
        for value, grad, state in moving:
            if not state:
                state.update(step=0, exp_avg=np.zeros_like(value), exp_avg_sq=np.zeros_like(value))
            if amsgrad and "max_exp_avg_sq" not in state:
                state["max_exp_avg_sq"] = np.zeros_like(value)
            step = state["step"] = state["step"] + 1
            numbers = known.get((step, value.dtype))
            if numbers is None:
                numbers = known[step, value.dtype] = self._numbers(group, step, value.dtype)
            keep1, take1, keep2, take2, eps, rate = numbers
            arrays = [value, grad, state["exp_avg"], state["exp_avg_sq"]]
            if amsgrad:
                arrays.append(state["max_exp_avg_sq"])
            for p, g, m, v, *most in blocks(*arrays):
                if maximize:
                    g = -g
                if penalty:
                    g = g + p * penalty
                if shrink:
                    p *= 1 - group["lr"] * shrink
                m *= keep1
                m += g * take1
                square = g * g
                square *= take2
                v *= keep2
                v += square
                root = np.sqrt(np.maximum(most[0], v, out=most[0]) if most else v)
                root += eps
                change = m / root
                change *= rate
                p -= change

    def _numbers(self, group: dict[str, Any], step: int, dtype: Any) -> tuple[Any, ...]:
        """The numbers of a step, as 0-d arrays: they multiply faster than Python's.

        With c = √(1 − β₂ᵗ), ``m̂ / (√v̂ + eps)`` is ``c / (1 − β₁ᵗ) · m / (√v + c · eps)``: one operation less.
        """
        (beta1, beta2), lr, eps = group["betas"], group["lr"], group["eps"]
        c = math.sqrt(1 - beta2**step)
        numbers = (beta1, 1 - beta1, beta2, 1 - beta2, eps * c, lr * c / (1 - beta1**step))
        return tuple(np.array(number, dtype) for number in numbers)


class AdamW(Adam):
    """Adam whose weight decay shrinks the parameter itself: ``p ← p · (1 − lr · weight_decay)`` before each step.

    Source: Loshchilov and Hutter 2019, algorithm 2, without the schedule multiplier. Arguments, state and errors are
    those of ``Adam``; ``weight_decay`` is 0.01 unless given.

    >>> import tinygrad_bp as tg
    >>> w = tg.tensor([1.0], requires_grad=True)
    >>> (0 * w).sum().backward()
    >>> tg.optim.AdamW([w], lr=0.1, weight_decay=0.5).step()
    >>> w
    tensor([0.9500], requires_grad=True)
    """

    decoupled = True

    def __init__(
        self, params: Iterable[Any], lr: float = 1e-3, betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-8,
        weight_decay: float = 1e-2, amsgrad: bool = False, *, maximize: bool = False,
    ) -> None:  # fmt: skip
        super().__init__(params, lr, betas, eps, weight_decay, amsgrad, maximize=maximize)
