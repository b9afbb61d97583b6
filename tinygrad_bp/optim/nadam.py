"""NAdam: Adam with Nesterov's momentum."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from ..autograd.types import Array
from .numbers import decayed, power, seen
from .optimizer import Optimizer


class NAdam(Optimizer):
    """``p ← p − lr · ((1 − μₜ) / (1 − Πμ) g + μₜ₊₁ / (1 − Πμ μₜ₊₁) m) / (√v̂ + eps)``, with Adam's averages m and v.

    ``μₜ = β₁ (1 − 0.96^(t · momentum_decay) / 2)``, Πμ is the product of those so far, and ``v̂ = v / (1 − β₂ᵗ)``.
    ``weight_decay`` adds ``weight_decay · p`` to g, or with ``decoupled_weight_decay`` shrinks p itself; ``maximize``
    ascends. Source: Dozat 2016, as PyTorch has it. The state of a parameter is ``step``, ``mu_product`` (Πμ),
    ``exp_avg`` (m) and ``exp_avg_sq`` (v). Raises ``ArgumentError`` for a negative setting or a beta outside [0, 1).

    >>> import tinygrad_bp as tg
    >>> w = tg.tensor([1.0], requires_grad=True)
    >>> (3 * w).sum().backward()
    >>> tg.optim.NAdam([w], lr=0.1).step()
    >>> round(w.item(), 4)
    0.8944
    """

    counts: tuple[str, ...] = ("step", "mu_product")
    keeps: tuple[str, ...] = ("exp_avg", "exp_avg_sq")

    def __init__(
        self, params: Iterable[Any], lr: float = 2e-3, betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-8,
        weight_decay: float = 0, momentum_decay: float = 4e-3, decoupled_weight_decay: bool = False, *,
        foreach: bool | None = None, maximize: bool = False, capturable: bool = False, differentiable: bool = False,
    ) -> None:  # fmt: skip
        defaults = {
            "lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "momentum_decay": momentum_decay,
            "decoupled_weight_decay": decoupled_weight_decay, "maximize": maximize, "foreach": foreach,
            "capturable": capturable, "differentiable": differentiable,
        }  # fmt: skip
        super().__init__(params, defaults)

    def _check_settings(self, settings: dict[str, Any]) -> None:
        self.refuse_negative(settings, "lr", "eps", "weight_decay", "momentum_decay")
        self.refuse_betas(settings)

    def begin(self, name: str, value: Any, group: dict[str, Any]) -> Any:
        """The product of no momenta is 1."""
        return 1.0 if name == "mu_product" else super().begin(name, value, group)

    def scheduled(self, group: dict[str, Any]) -> tuple[str, ...]:
        """Cycles move the betas as well."""
        return ("lr", "betas")

    def advance(self, group: dict[str, Any], *counts: Any) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
        """The momenta of this step and of the next, and the product of those so far."""
        (_, number, typed, _), (step, product), (beta1, beta2) = seen(group), counts, group["betas"]
        step, lr, beta1, beta2 = number(step) + 1, number(group["lr"]), number(beta1), number(beta2)
        now, then = (beta1 * (1 - 0.5 * power(0.96, t * group["momentum_decay"])) for t in (step, step + 1))
        product = product * typed(product.dtype, now)[0]
        so_far = number(product)
        by_g, by_m = lr * (1 - now) / (1 - so_far), lr * then / (1 - so_far * then)
        rest = 1 - lr * group["weight_decay"] if group["decoupled_weight_decay"] else 1
        return (step, product), (1 - beta1, beta2, 1 - beta2, 1 - power(beta2, step), by_g, by_m, rest)

    def rule(self, group: dict[str, Any], numbers: Sequence[Any], p: Array, g: Array, *kept: Any) -> None:
        """The step of one parameter."""
        (take1, keep2, take2, left, by_g, by_m, rest), (m, v) = numbers, kept
        g = decayed(g, p, group, rest)
        m += (g - m) * take1
        v *= keep2
        v += g * g * take2
        root = np.sqrt(v / left) + group["eps"]
        p -= (g * by_g + m * by_m) / root
