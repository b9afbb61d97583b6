"""Adagrad."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from .blocks import blocks
from .optimizer import Optimizer


class Adagrad(Optimizer):
    """``p ← p − lrₜ · g / (√s + eps)`` with the sum of all squares so far, ``s ← s + g²``.

    s begins at ``initial_accumulator_value``; the rate of step t is ``lrₜ = lr / (1 + (t − 1) · lr_decay)``;
    ``weight_decay`` adds ``weight_decay · p`` to g; ``maximize`` ascends. Source: Duchi, Hazan and Singer 2011, as
    PyTorch has it. The state of a parameter is ``step`` and ``sum``. Raises ``ArgumentError`` for a negative setting.

    >>> import tinygrad_bp as tg
    >>> w = tg.tensor([1.0], requires_grad=True)
    >>> (3 * w).sum().backward()
    >>> tg.optim.Adagrad([w], lr=0.1).step()
    >>> w
    tensor([0.9000], requires_grad=True)
    """

    keeps: tuple[str, ...] = ("step", "sum")

    def __init__(
        self, params: Iterable[Any], lr: float = 1e-2, lr_decay: float = 0.0, weight_decay: float = 0.0,
        initial_accumulator_value: float = 0.0, eps: float = 1e-10, *, maximize: bool = False,
    ) -> None:  # fmt: skip
        defaults = {
            "lr": lr, "lr_decay": lr_decay, "weight_decay": weight_decay,
            "initial_accumulator_value": initial_accumulator_value, "eps": eps, "maximize": maximize,
        }  # fmt: skip
        super().__init__(params, defaults)

    def check(self, settings: dict[str, Any]) -> None:
        """Refuse what the rule has no meaning for."""
        self.refuse_negative(settings, "lr", "lr_decay", "weight_decay", "initial_accumulator_value", "eps")

    def update(self, group: dict[str, Any], moving: list[tuple[Any, Any, dict[str, Any]]]) -> None:
        """One step of one group."""
        decay, maximize = group["weight_decay"], group["maximize"]
        known: dict[Any, Any] = {}
        for value, grad, state in moving:
            if not state:
                state.update(step=0, sum=np.full_like(value, group["initial_accumulator_value"]))
            step = state["step"] = state["step"] + 1
            numbers = known.get((step, value.dtype))
            if numbers is None:
                given = (group["eps"], group["lr"] / (1 + (step - 1) * group["lr_decay"]))
                numbers = known[step, value.dtype] = [np.array(number, value.dtype) for number in given]
            eps, rate = numbers
            for p, g, total in blocks(value, grad, state["sum"]):
                if maximize:
                    g = -g
                if decay:
                    g = g + p * decay
                total += g * g
                root = np.sqrt(total)
                root += eps
                change = g / root
                change *= rate
                p -= change
