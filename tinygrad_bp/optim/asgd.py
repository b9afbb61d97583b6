"""Averaged stochastic gradient descent."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from ..autograd.types import Array
from .numbers import choose, larger, power, pull, seen
from .optimizer import Optimizer


class ASGD(Optimizer):
    """``p ← p (1 − lambd · η) − η g``, and beside it the average of p over the steps from ``t0`` on.

    ``η = lr / (1 + lambd · lr · t)^alpha``; the average is ``ax`` of the state, and ``ax ← ax + μ (p − ax)`` with
    ``μ = 1 / max(1, t − t0)``. ``weight_decay`` adds ``weight_decay · p`` to g; ``maximize`` ascends. Source: Polyak
    and Juditsky 1992, as PyTorch has it. The state of a parameter is ``step``, ``eta`` (η), ``mu`` (μ) and ``ax``.
    Raises ``ArgumentError`` for a negative setting.

    >>> import tinygrad_bp as tg
    >>> w = tg.tensor([1.0], requires_grad=True)
    >>> (3 * w).sum().backward()
    >>> tg.optim.ASGD([w], lr=0.5, lambd=0.0).step()
    >>> w.tolist()
    [-0.5]
    """

    counts: tuple[str, ...] = ("step", "eta", "mu")
    keeps: tuple[str, ...] = ("ax",)

    def __init__(
        self, params: Iterable[Any], lr: float = 1e-2, lambd: float = 1e-4, alpha: float = 0.75, t0: float = 1e6,
        weight_decay: float = 0, foreach: bool | None = None, maximize: bool = False, differentiable: bool = False,
        capturable: bool = False,
    ) -> None:  # fmt: skip
        defaults = {
            "lr": lr, "lambd": lambd, "alpha": alpha, "t0": t0, "weight_decay": weight_decay, "foreach": foreach,
            "maximize": maximize, "differentiable": differentiable, "capturable": capturable,
        }  # fmt: skip
        super().__init__(params, defaults)

    def _check_settings(self, settings: dict[str, Any]) -> None:
        self.refuse_negative(settings, "lr", "lambd", "alpha", "t0", "weight_decay")

    def begin(self, name: str, value: Any, group: dict[str, Any]) -> Any:
        """η begins as the learning rate, μ as 1."""
        if name in ("eta", "mu"):
            return float(group["lr"]) if name == "eta" else 1.0
        return super().begin(name, value, group)

    def advance(self, group: dict[str, Any], *counts: Any) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
        """This step goes by the η and μ that the last one left."""
        number, lambd = seen(group).number, group["lambd"]
        step, eta, mu = map(number, counts)
        step, lr = step + 1, number(group["lr"])
        after = (
            step,
            lr / power(1 + lambd * lr * step, group["alpha"]),
            1 / larger(1.0, step - group["t0"]),
        )
        return after, (eta, 1 - lambd * eta, mu, mu == 1)

    def rule(self, group: dict[str, Any], numbers: Sequence[Any], p: Array, g: Array, *kept: Any) -> None:
        """The step of one parameter."""
        (rate, rest, part, whole), (average,) = numbers, kept
        g = pull(g, p, group, group["weight_decay"])
        p *= rest
        p -= g * rate
        average[...] = choose(whole, lambda: p, lambda: average + (p - average) * part)
