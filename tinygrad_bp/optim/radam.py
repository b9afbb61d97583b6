"""RAdam: Adam that waits until its second average can be trusted."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from .blocks import blocks
from .optimizer import Optimizer, next_step, pull, shown


class RAdam(Optimizer):
    """``p ← p − lr · m̂``, and once the variance of Adam's step is known well enough ``p ← p − lr · r · m̂ / (√v̂ + …)``.

    With Adam's averages and ``ρ∞ = 2 / (1 − β₂) − 1``, ``ρₜ = ρ∞ − 2 t β₂ᵗ / (1 − β₂ᵗ)``: where ρₜ > 5 the second form
    with ``r² = (ρₜ − 4)(ρₜ − 2) ρ∞ / ((ρ∞ − 4)(ρ∞ − 2) ρₜ)``. ``weight_decay`` adds ``weight_decay · p`` to g, or with
    ``decoupled_weight_decay`` shrinks p itself; ``maximize`` ascends. Source: Liu et al. 2020, algorithm 2. The state
    of a parameter is ``step``, ``exp_avg`` (m) and ``exp_avg_sq`` (v). Raises ``ArgumentError`` for a negative setting
    or a beta outside [0, 1).

    >>> import tinygrad_bp as tg
    >>> w = tg.tensor([1.0], requires_grad=True)
    >>> (3 * w).sum().backward()
    >>> tg.optim.RAdam([w], lr=0.1).step()
    >>> round(w.item(), 4)
    0.7
    """

    counts: tuple[str, ...] = ("step",)
    keeps: tuple[str, ...] = ("exp_avg", "exp_avg_sq")

    def __init__(
        self, params: Iterable[Any], lr: float = 1e-3, betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-8,
        weight_decay: float = 0, decoupled_weight_decay: bool = False, *, foreach: bool | None = None,
        maximize: bool = False, capturable: bool = False, differentiable: bool = False,
    ) -> None:  # fmt: skip
        defaults = {
            "lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "maximize": maximize,
            "foreach": foreach, "capturable": capturable, "decoupled_weight_decay": decoupled_weight_decay,
            "differentiable": differentiable,
        }  # fmt: skip
        super().__init__(params, defaults)

    def _check_settings(self, settings: dict[str, Any]) -> None:
        self.refuse_negative(settings, "lr", "eps", "weight_decay")
        self.refuse_betas(settings)

    def update(self, group: dict[str, Any], moving: list[Any]) -> None:
        """One step of one group."""
        beta1, beta2 = map(float, group["betas"])
        lr, eps, decay = float(group["lr"]), group["eps"], group["weight_decay"]
        decoupled = group["decoupled_weight_decay"]
        array, names = shown(group), self.names(group)
        most = 2 / (1 - beta2) - 1
        for param, value, grad in moving:
            state = self.state_of(param, names, group)
            step = next_step(state)
            rate, left = lr / (1 - beta1**step), 1 - beta2**step
            length = most - 2 * step * beta2**step / left
            if length > 5:
                trust = (length - 4) * (length - 2) * most / ((most - 4) * (most - 2) * length)
                rate *= math.sqrt(trust * left)
            for p, g, m, v in blocks(value, grad, array(state["exp_avg"]), array(state["exp_avg_sq"])):
                g = pull(g, p, group, 0 if decoupled else decay)
                if decoupled and decay:
                    p *= 1 - lr * decay
                m += (g - m) * (1 - beta1)
                v *= beta2
                v += g * g * (1 - beta2)
                p -= (m / (np.sqrt(v) + eps) if length > 5 else m) * rate
