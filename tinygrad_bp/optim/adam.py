"""Adam, and AdamW whose weight decay stands beside the step."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from ..autograd.types import Array
from .numbers import decayed, power, seen, sqrt
from .optimizer import Optimizer


class Adam(Optimizer):
    """``p ← p − lr · m̂ / (√v̂ + eps)`` with running averages m of the gradient g and v of its square.

    ``m ← β₁ m + (1 − β₁) g``, ``v ← β₂ v + (1 − β₂) g²``, and after t steps ``m̂ = m / (1 − β₁ᵗ)``,
    ``v̂ = v / (1 − β₂ᵗ)``. ``weight_decay`` adds ``weight_decay · p`` to g, or with ``decoupled_weight_decay`` shrinks
    p itself; with ``amsgrad`` the largest v so far stands for v; ``maximize`` ascends. Source: Kingma and Ba 2015,
    algorithm 1; Reddi et al. 2018 for ``amsgrad``. The state of a parameter is ``step``, ``exp_avg`` (m),
    ``exp_avg_sq`` (v) and ``max_exp_avg_sq``. Raises ``ArgumentError`` for a negative setting or a beta outside [0, 1).

    >>> import tinygrad_bp as tg
    >>> w = tg.tensor([1.0], requires_grad=True)
    >>> (3 * w).sum().backward()
    >>> tg.optim.Adam([w], lr=0.1).step()
    >>> w
    tensor([0.9000], requires_grad=True)
    """

    counts: tuple[str, ...] = ("step",)
    keeps: tuple[str, ...] = ("exp_avg", "exp_avg_sq")
    may_keep: tuple[str, ...] = ("max_exp_avg_sq",)

    def __init__(
        self, params: Iterable[Any], lr: float = 1e-3, betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-8,
        weight_decay: float = 0, amsgrad: bool = False, *, foreach: bool | None = None, maximize: bool = False,
        capturable: bool = False, differentiable: bool = False, fused: bool | None = None,
        decoupled_weight_decay: bool = False,
    ) -> None:  # fmt: skip
        defaults = {
            "lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "amsgrad": amsgrad,
            "maximize": maximize, "foreach": foreach, "capturable": capturable, "differentiable": differentiable,
            "fused": fused, "decoupled_weight_decay": decoupled_weight_decay,
        }  # fmt: skip
        super().__init__(params, defaults)

    def _check_settings(self, settings: dict[str, Any]) -> None:
        self.refuse_negative(settings, "lr", "eps", "weight_decay")
        self.refuse_betas(settings)

    def names(self, group: dict[str, Any]) -> tuple[str, ...]:
        """With ``amsgrad`` the largest v as well."""
        return super().names(group) + (self.may_keep if group["amsgrad"] else ())

    def scheduled(self, group: dict[str, Any]) -> tuple[str, ...]:
        """Cycles move the betas as well."""
        return ("lr", "betas")

    def advance(self, group: dict[str, Any], *counts: Any) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
        """The numbers of a step.

        With c = √(1 − β₂ᵗ), ``m̂ / (√v̂ + eps)`` is ``c / (1 − β₁ᵗ) · m / (√v + c · eps)``: one operation less.
        """
        number, (beta1, beta2) = seen(group).number, group["betas"]
        step, lr, beta1, beta2 = number(counts[0]) + 1, number(group["lr"]), number(beta1), number(beta2)
        c = sqrt(1 - power(beta2, step))
        rate = lr * c / (1 - power(beta1, step))
        rest = 1 - lr * group["weight_decay"] if group["decoupled_weight_decay"] else 1
        return (step,), (beta1, 1 - beta1, beta2, 1 - beta2, c * group["eps"], rate, rest)

    def rule(self, group: dict[str, Any], numbers: Sequence[Any], p: Array, g: Array, *kept: Any) -> None:
        """The step of one parameter."""
        (keep1, take1, keep2, take2, eps, rate, rest), (m, v, *most) = numbers, kept
        g = decayed(g, p, group, rest)
        m *= keep1
        m += g * take1
        square = g * g
        square *= take2
        v *= keep2
        v += square
        if most:
            most[0][...] = np.maximum(most[0], v)
        root = np.sqrt(most[0] if most else v)
        root += eps
        change = m / root
        change *= rate
        p -= change


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

    def __init__(
        self, params: Iterable[Any], lr: float = 1e-3, betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-8,
        weight_decay: float = 1e-2, amsgrad: bool = False, *, maximize: bool = False, foreach: bool | None = None,
        capturable: bool = False, differentiable: bool = False, fused: bool | None = None,
    ) -> None:  # fmt: skip
        super().__init__(
            params, lr, betas, eps, weight_decay, amsgrad, foreach=foreach, maximize=maximize, capturable=capturable,
            differentiable=differentiable, fused=fused, decoupled_weight_decay=True,
        )  # fmt: skip
