"""RMSprop."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from ..autograd.errors import ArgumentError
from ..autograd.types import Array
from .numbers import pull, seen, used
from .optimizer import Optimizer


class RMSprop(Optimizer):
    """``p ← p − lr · g / (√v + eps)`` with a running average of the square, ``v ← alpha · v + (1 − alpha) g²``.

    ``centered`` divides by the deviation instead, √(v − m²) with the running average m of g; with a ``momentum`` μ
    the step is ``lr · b``, ``b ← μ b + g / (√v + eps)``; ``weight_decay`` adds ``weight_decay · p`` to g; ``maximize``
    ascends. Source: Hinton, *Neural Networks for Machine Learning*, lecture 6, 2012; centered: Graves 2013, as
    PyTorch has it. The state of a parameter is ``step``, ``square_avg``, ``momentum_buffer`` and ``grad_avg``. Raises
    ``ArgumentError`` for a negative setting or an ``alpha`` outside [0, 1).

    >>> import tinygrad_bp as tg
    >>> w = tg.tensor([1.0], requires_grad=True)
    >>> (3 * w).sum().backward()
    >>> tg.optim.RMSprop([w], lr=0.1, alpha=0.75).step()
    >>> w
    tensor([0.8000], requires_grad=True)
    """

    counts: tuple[str, ...] = ("step",)
    keeps: tuple[str, ...] = ("square_avg",)
    may_keep: tuple[str, ...] = ("momentum_buffer", "grad_avg")

    def __init__(
        self, params: Iterable[Any], lr: float = 1e-2, alpha: float = 0.99, eps: float = 1e-8,
        weight_decay: float = 0, momentum: float = 0, centered: bool = False, capturable: bool = False,
        foreach: bool | None = None, maximize: bool = False, differentiable: bool = False,
    ) -> None:  # fmt: skip
        defaults = {
            "lr": lr, "momentum": momentum, "alpha": alpha, "eps": eps, "centered": centered,
            "weight_decay": weight_decay, "capturable": capturable, "foreach": foreach, "maximize": maximize,
            "differentiable": differentiable,
        }  # fmt: skip
        super().__init__(params, defaults)

    def _check_settings(self, settings: dict[str, Any]) -> None:
        self.refuse_negative(settings, "lr", "eps", "weight_decay", "momentum")
        if not 0 <= settings["alpha"] < 1:
            raise ArgumentError(f"RMSprop: alpha must be in [0, 1), got {settings['alpha']}")

    def names(self, group: dict[str, Any]) -> tuple[str, ...]:
        """The step with momentum, and the mean of the gradient where it is centered."""
        return (
            *super().names(group),
            *(["momentum_buffer"] if used(group["momentum"]) else []),
            *(["grad_avg"] if group["centered"] else []),
        )

    def scheduled(self, group: dict[str, Any]) -> tuple[str, ...]:
        """Cycles move the momentum as well."""
        return ("lr", "momentum") if group["momentum"] else ("lr",)

    def advance(self, group: dict[str, Any], *counts: Any) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
        """The averages run the same at every step."""
        number, alpha = seen(group).number, group["alpha"]
        found = (alpha, 1 - alpha, group["eps"], number(group["momentum"]), number(group["lr"]))
        return (number(counts[0]) + 1,), found

    def rule(self, group: dict[str, Any], numbers: Sequence[Any], p: Array, g: Array, *kept: Any) -> None:
        """The step of one parameter."""
        (keep, take, eps, push, rate), (v, *more) = numbers, kept
        g = pull(g, p, group, group["weight_decay"])
        square = g * g
        square *= take
        v *= keep
        v += square
        if group["centered"]:
            m = more[-1]
            m *= keep
            m += g * take
            root = np.sqrt(v - m * m)
        else:
            root = np.sqrt(v)
        root += eps
        change = g / root
        if used(group["momentum"]):
            more[0] *= push
            more[0] += change
            p -= more[0] * rate
        else:
            change *= rate
            p -= change
