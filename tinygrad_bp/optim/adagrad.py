"""Adagrad."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from ..autograd.types import Array
from .numbers import pull, seen
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

    counts: tuple[str, ...] = ("step",)
    keeps: tuple[str, ...] = ("sum",)

    def __init__(
        self, params: Iterable[Any], lr: float = 1e-2, lr_decay: float = 0, weight_decay: float = 0,
        initial_accumulator_value: float = 0, eps: float = 1e-10, foreach: bool | None = None, *,
        maximize: bool = False, differentiable: bool = False, fused: bool | None = None,
    ) -> None:  # fmt: skip
        defaults = {
            "lr": lr, "lr_decay": lr_decay, "eps": eps, "weight_decay": weight_decay,
            "initial_accumulator_value": initial_accumulator_value, "foreach": foreach, "maximize": maximize,
            "differentiable": differentiable, "fused": fused,
        }  # fmt: skip
        super().__init__(params, defaults)

    def _check_settings(self, settings: dict[str, Any]) -> None:
        self.refuse_negative(settings, "lr", "lr_decay", "weight_decay", "initial_accumulator_value", "eps")

    def begin(self, name: str, value: Any, group: dict[str, Any]) -> Any:
        """The sum begins where it is told."""
        if name != "sum":
            return super().begin(name, value, group)
        start = group["initial_accumulator_value"]
        return np.full_like(value, complex(start, start) if value.dtype.kind == "c" else start)

    def advance(self, group: dict[str, Any], *counts: Any) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
        """The rate falls with the number of the step."""
        number = seen(group).number
        step, lr, decay = number(counts[0]) + 1, number(group["lr"]), group["lr_decay"]
        return (step,), (group["eps"], lr / (1 + (step - 1) * decay) if decay else lr)

    def rule(self, group: dict[str, Any], numbers: Sequence[Any], p: Array, g: Array, *kept: Any) -> None:
        """The step of one parameter."""
        (eps, rate), (total,) = numbers, kept
        g = pull(g, p, group, group["weight_decay"])
        total += g * g
        root = np.sqrt(total)
        root += eps
        change = g / root
        change *= rate
        p -= change
