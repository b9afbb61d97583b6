"""Adamax: Adam with the largest gradient in place of the mean square."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from ..autograd.types import Array
from .numbers import power, pull, seen
from .optimizer import Optimizer


class Adamax(Optimizer):
    """``p ← p − lr · m / ((1 − β₁ᵗ) u)`` with a running average m of the gradient g and a decaying maximum u of it.

    ``m ← β₁ m + (1 − β₁) g`` and ``u ← max(β₂ u, |g| + eps)``. ``weight_decay`` adds ``weight_decay · p`` to g;
    ``maximize`` ascends. Source: Kingma and Ba 2015, algorithm 2. The state of a parameter is ``step``, ``exp_avg``
    (m) and ``exp_inf`` (u). Raises ``ArgumentError`` for a negative setting or a beta outside [0, 1).

    >>> import tinygrad_bp as tg
    >>> w = tg.tensor([1.0], requires_grad=True)
    >>> (3 * w).sum().backward()
    >>> tg.optim.Adamax([w], lr=0.5).step()
    >>> w.tolist()
    [0.5]
    """

    counts: tuple[str, ...] = ("step",)
    keeps: tuple[str, ...] = ("exp_avg", "exp_inf")

    def __init__(
        self, params: Iterable[Any], lr: float = 2e-3, betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-8,
        weight_decay: float = 0, foreach: bool | None = None, *, maximize: bool = False, differentiable: bool = False,
        capturable: bool = False,
    ) -> None:  # fmt: skip
        defaults = {
            "lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "foreach": foreach,
            "maximize": maximize, "differentiable": differentiable, "capturable": capturable,
        }  # fmt: skip
        super().__init__(params, defaults)

    def _check_settings(self, settings: dict[str, Any]) -> None:
        self.refuse_negative(settings, "lr", "eps", "weight_decay")
        self.refuse_betas(settings)

    def scheduled(self, group: dict[str, Any]) -> tuple[str, ...]:
        """Cycles move the betas as well."""
        return ("lr", "betas")

    def advance(self, group: dict[str, Any], *counts: Any) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
        """The rate makes up for the mean that began at 0."""
        number, (beta1, beta2) = seen(group).number, group["betas"]
        step, beta1, beta2 = number(counts[0]) + 1, number(beta1), number(beta2)
        return (step,), (1 - beta1, beta2, group["eps"], number(group["lr"]) / (1 - power(beta1, step)))

    def rule(self, group: dict[str, Any], numbers: Sequence[Any], p: Array, g: Array, *kept: Any) -> None:
        """The step of one parameter."""
        (take, keep, eps, rate), (m, u) = numbers, kept
        g = pull(g, p, group, group["weight_decay"])
        m += (g - m) * take
        u[...] = np.maximum(u * keep, np.abs(g) + eps)
        p -= m / u * rate
