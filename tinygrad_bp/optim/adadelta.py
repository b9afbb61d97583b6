"""Adadelta."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from ..autograd.errors import ArgumentError
from ..autograd.types import Array
from .numbers import pull, seen
from .optimizer import Optimizer


class Adadelta(Optimizer):
    """``p ← p − lr · d`` with ``d = g · √(u + eps) / √(v + eps)``: running averages v of g², u of the squared steps.

    ``v ← rho · v + (1 − rho) g²`` and, after the step, ``u ← rho · u + (1 − rho) d²``. ``weight_decay`` adds
    ``weight_decay · p`` to g; ``maximize`` ascends. Source: Zeiler 2012, algorithm 1. The state of a parameter is
    ``step``, ``square_avg`` (v) and ``acc_delta`` (u). Raises ``ArgumentError`` for a negative setting or a ``rho``
    outside [0, 1].

    >>> import tinygrad_bp as tg
    >>> w = tg.tensor([1.0], requires_grad=True)
    >>> (3 * w).sum().backward()
    >>> tg.optim.Adadelta([w], eps=0.25, rho=0.0).step()
    >>> round(w.item(), 4)
    0.5068
    """

    counts: tuple[str, ...] = ("step",)
    keeps: tuple[str, ...] = ("square_avg", "acc_delta")

    def __init__(
        self, params: Iterable[Any], lr: float = 1.0, rho: float = 0.9, eps: float = 1e-6, weight_decay: float = 0,
        foreach: bool | None = None, *, capturable: bool = False, maximize: bool = False, differentiable: bool = False,
    ) -> None:  # fmt: skip
        defaults = {
            "lr": lr, "rho": rho, "eps": eps, "weight_decay": weight_decay, "maximize": maximize,
            "capturable": capturable, "foreach": foreach, "differentiable": differentiable,
        }  # fmt: skip
        super().__init__(params, defaults)

    def _check_settings(self, settings: dict[str, Any]) -> None:
        self.refuse_negative(settings, "lr", "rho", "eps", "weight_decay")
        if settings["rho"] > 1:
            raise ArgumentError(f"Adadelta: rho must be in [0, 1], got {settings['rho']}")

    def advance(self, group: dict[str, Any], *counts: Any) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
        """The averages run the same at every step."""
        number, rho = seen(group).number, group["rho"]
        return (number(counts[0]) + 1,), (rho, 1 - rho, group["eps"], number(group["lr"]))

    def rule(self, group: dict[str, Any], numbers: Sequence[Any], p: Array, g: Array, *kept: Any) -> None:
        """The step of one parameter."""
        (keep, take, eps, rate), (v, u) = numbers, kept
        g = pull(g, p, group, group["weight_decay"])
        v *= keep
        v += g * g * take
        change = g * (np.sqrt(u + eps) / np.sqrt(v + eps))
        u *= keep
        u += change * change * take
        p -= change * rate
