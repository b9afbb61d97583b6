"""RAdam: Adam that waits until its second average can be trusted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from ..autograd.types import Array
from .numbers import choose, decayed, larger, power, seen, sqrt
from .optimizer import Optimizer


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

    def scheduled(self, group: dict[str, Any]) -> tuple[str, ...]:
        """Cycles move the betas as well."""
        return ("lr", "betas")

    def advance(self, group: dict[str, Any], *counts: Any) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
        """The rate, with r in it once the second average is known well enough: ``long`` says so."""
        number, (beta1, beta2) = seen(group).number, group["betas"]
        step, beta1, beta2 = number(counts[0]) + 1, number(beta1), number(beta2)
        unseen = power(beta2, step)
        left, most = 1 - unseen, 2 / (1 - beta2) - 1
        length = most - 2 * step * unseen / left
        # Where it counts both are above 5; elsewhere r has to be a number as well.
        above, most = larger(5.0, length), larger(5.0, most)
        trust = (above - 4) * (above - 2) * most / ((most - 4) * (most - 2) * above)
        rate, long = number(group["lr"]) / (1 - power(beta1, step)), length > 5
        rate = choose(long, lambda: rate * sqrt(trust * left), lambda: rate)
        rest = 1 - number(group["lr"]) * group["weight_decay"] if group["decoupled_weight_decay"] else 1
        return (step,), (1 - beta1, beta2, 1 - beta2, rate, rest, long)

    def rule(self, group: dict[str, Any], numbers: Sequence[Any], p: Array, g: Array, *kept: Any) -> None:
        """The step of one parameter."""
        (take1, keep2, take2, rate, rest, long), (m, v) = numbers, kept
        g = decayed(g, p, group, rest)
        m += (g - m) * take1
        v *= keep2
        v += g * g * take2
        p -= choose(long, lambda: m / (np.sqrt(v) + group["eps"]), lambda: m) * rate
