"""Stochastic gradient descent with momentum."""

from __future__ import annotations

from collections.abc import Iterable
from numbers import Real
from typing import Any

import numpy as np

from ..autograd.errors import ArgumentError
from .blocks import BLOCK, blocks
from .optimizer import Optimizer


class SGD(Optimizer):
    """``p ← p − lr · g``, with PyTorch's momentum, Nesterov step and weight decay.

    With momentum μ the step follows ``v ← μ v + (1 − dampening) g`` (v starts as g), or ``g + μ v`` with ``nesterov``;
    ``weight_decay`` adds ``weight_decay · p`` to g; ``maximize`` ascends. Source: Sutskever et al. 2013, in the form
    of PyTorch's documentation. Raises ``ArgumentError`` for a negative setting.

    >>> import tinygrad_bp as tg
    >>> w = tg.tensor([1.0], requires_grad=True)
    >>> (3 * w).sum().backward()
    >>> tg.optim.SGD([w], lr=0.1).step()
    >>> w
    tensor([0.7000], requires_grad=True)
    """

    def __init__(
        self, params: Iterable[Any], lr: float = 1e-3, momentum: float = 0.0, dampening: float = 0.0,
        weight_decay: float = 0.0, nesterov: bool = False, *, maximize: bool = False,
    ) -> None:  # fmt: skip
        defaults = {
            "lr": lr, "momentum": momentum, "dampening": dampening, "weight_decay": weight_decay,
            "nesterov": nesterov, "maximize": maximize,
        }  # fmt: skip
        super().__init__(params, defaults)

    def check(self, settings: dict[str, Any]) -> None:
        """Refuse what the rule has no meaning for."""
        self.refuse_negative(settings, "lr", "momentum", "weight_decay")
        if not isinstance(settings["dampening"], Real):
            raise ArgumentError(f"SGD: dampening is a number, got {settings['dampening']!r}")
        if settings["nesterov"] and (settings["momentum"] <= 0 or settings["dampening"] != 0):
            raise ArgumentError("SGD: the Nesterov step requires a momentum and zero dampening")

    def update(self, group: dict[str, Any], moving: list[tuple[Any, Any, dict[str, Any]]]) -> None:
        """One step of one group."""
        if group["momentum"] or group["weight_decay"] or group["maximize"]:
            self._full_update(group, moving)
            return
        rates: dict[Any, Any] = {}  # a 0-d array multiplies faster than a Python float
        for value, g, _ in moving:
            rate = rates.get(value.dtype)
            if rate is None:
                rate = rates[value.dtype] = np.array(group["lr"], value.dtype)
            if value.size <= BLOCK:
                value -= g * rate
            else:
                for part, g_part in blocks(value, g):
                    part -= g_part * rate

    def _full_update(self, group: dict[str, Any], moving: list[tuple[Any, Any, dict[str, Any]]]) -> None:
        momentum, dampening, decay = group["momentum"], group["dampening"], group["weight_decay"]
        nesterov, maximize = group["nesterov"], group["maximize"]
        known: dict[Any, Any] = {}
        for value, grad, state in moving:
            numbers = known.get(value.dtype)
            if numbers is None:
                given = (group["lr"], momentum, 1 - dampening, decay)
                numbers = known[value.dtype] = [np.array(number, value.dtype) for number in given]
            rate, keep, take, shrink = numbers
            first = momentum and "momentum_buffer" not in state
            if first:
                state["momentum_buffer"] = np.empty_like(value)
            arrays = (value, grad, state["momentum_buffer"]) if momentum else (value, grad)
            for p, g, *more in blocks(*arrays):
                if maximize:
                    g = -g
                if decay:
                    g = g + p * shrink
                if momentum:
                    velocity = more[0]
                    if first:
                        velocity[...] = g
                    else:
                        velocity *= keep
                        velocity += g * take if dampening else g
                    g = g + velocity * keep if nesterov else velocity
                p -= g * rate
