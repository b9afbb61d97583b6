"""RMSprop."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ..autograd.errors import ArgumentError
from .blocks import blocks
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

    keeps: tuple[str, ...] = ("step", "square_avg")

    def __init__(
        self, params: Iterable[Any], lr: float = 1e-2, alpha: float = 0.99, eps: float = 1e-8,
        weight_decay: float = 0.0, momentum: float = 0.0, centered: bool = False, *, maximize: bool = False,
    ) -> None:  # fmt: skip
        defaults = {
            "lr": lr, "alpha": alpha, "eps": eps, "weight_decay": weight_decay, "momentum": momentum,
            "centered": centered, "maximize": maximize,
        }  # fmt: skip
        super().__init__(params, defaults)

    def check(self, settings: dict[str, Any]) -> None:
        """Refuse what the rule has no meaning for."""
        self.refuse_negative(settings, "lr", "eps", "weight_decay", "momentum")
        if not 0 <= settings["alpha"] < 1:
            raise ArgumentError(f"RMSprop: alpha must be in [0, 1), got {settings['alpha']}")

    def update(self, group: dict[str, Any], moving: list[tuple[Any, Any, dict[str, Any]]]) -> None:
        """One step of one group."""
        decay, centered, maximize = group["weight_decay"], group["centered"], group["maximize"]
        names = ["square_avg", *(["momentum_buffer"] if group["momentum"] else []), *(["grad_avg"] if centered else [])]
        known: dict[Any, Any] = {}
        for value, grad, state in moving:
            for name in names:
                if name not in state:
                    state[name] = np.zeros_like(value)
            state["step"] = state.get("step", 0) + 1
            numbers = known.get(value.dtype)
            if numbers is None:
                given = (group["alpha"], 1 - group["alpha"], group["eps"], group["momentum"], group["lr"])
                numbers = known[value.dtype] = [np.array(number, value.dtype) for number in given]
            keep, take, eps, push, rate = numbers
            for p, g, v, *more in blocks(value, grad, *[state[name] for name in names]):
                if maximize:
                    g = -g
                if decay:
                    g = g + p * decay
                square = g * g
                square *= take
                v *= keep
                v += square
                if centered:
                    m = more[-1]
                    m *= keep
                    m += g * take
                    root = np.sqrt(v - m * m)
                else:
                    root = np.sqrt(v)
                root += eps
                change = g / root
                if group["momentum"]:
                    more[0] *= push
                    more[0] += change
                    p -= more[0] * rate
                else:
                    change *= rate
                    p -= change
