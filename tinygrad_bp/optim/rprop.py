"""Rprop: the sign of the gradient alone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from ..autograd.errors import ArgumentError
from ..autograd.types import Array
from .numbers import pull, seen
from .optimizer import Optimizer


class Rprop(Optimizer):
    """``p ← p − s · sign(g)`` with a step size s for every number, which begins at ``lr``.

    Where the gradient has kept its sign, s grows by the second of ``etas``; where it has turned, s shrinks by the
    first and that number stays where it is for one step; s stays within ``step_sizes``. Meant for gradients of all
    the data. ``maximize`` ascends. Source: Riedmiller and Braun 1993, without going back. The state of a parameter is
    ``step``, ``prev`` (the last gradient) and ``step_size``. Raises ``ArgumentError`` for a negative ``lr`` or ``etas``
    that are not below and above 1.

    >>> import tinygrad_bp as tg
    >>> w = tg.tensor([1.0], requires_grad=True)
    >>> (3 * w).sum().backward()
    >>> tg.optim.Rprop([w], lr=0.5).step()
    >>> w.tolist()
    [0.5]
    """

    counts: tuple[str, ...] = ("step",)
    keeps: tuple[str, ...] = ("prev", "step_size")

    def __init__(
        self, params: Iterable[Any], lr: float = 1e-2, etas: tuple[float, float] = (0.5, 1.2),
        step_sizes: tuple[float, float] = (1e-6, 50), *, capturable: bool = False, foreach: bool | None = None,
        maximize: bool = False, differentiable: bool = False,
    ) -> None:  # fmt: skip
        defaults = {
            "lr": lr, "etas": etas, "step_sizes": step_sizes, "foreach": foreach, "maximize": maximize,
            "differentiable": differentiable, "capturable": capturable,
        }  # fmt: skip
        super().__init__(params, defaults)

    def _check_settings(self, settings: dict[str, Any]) -> None:
        self.refuse_negative(settings, "lr")
        for name in ("etas", "step_sizes"):
            if not isinstance(settings[name], (tuple, list)) or len(settings[name]) != 2:
                raise ArgumentError(f"Rprop: {name} are two numbers, got {settings[name]}")
        if not 0 < settings["etas"][0] < 1 < settings["etas"][1]:
            raise ArgumentError(f"Rprop: etas are a number in (0, 1) and one above 1, got {settings['etas']}")

    def begin(self, name: str, value: Any, group: dict[str, Any]) -> Any:
        """The first step size is the learning rate."""
        if name != "step_size":
            return super().begin(name, value, group)
        lr = float(group["lr"])
        return np.full_like(value, complex(lr, lr) if value.dtype.kind == "c" else lr)

    def advance(self, group: dict[str, Any], *counts: Any) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
        """The factors are the same at every step."""
        return (seen(group).number(counts[0]) + 1,), (*group["etas"], *group["step_sizes"], 0.0)

    def rule(self, group: dict[str, Any], numbers: Sequence[Any], p: Array, g: Array, *kept: Any) -> None:
        """The step of one parameter."""
        (less, more, low, high, zero), (prev, size) = numbers, kept
        g = pull(g, p, group, 0)
        same = g * prev
        changed = np.where(same > 0, size * more, np.where(same < 0, size * less, size))
        size[...] = np.clip(changed, low, high)
        g = np.where(same < 0, zero, g)
        p -= np.where(g > 0, size, np.where(g < 0, -size, zero))
        prev[...] = g
