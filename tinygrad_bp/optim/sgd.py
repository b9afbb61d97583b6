"""Stochastic gradient descent with momentum."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ..autograd.errors import ArgumentError
from ..autograd.writes import wrote
from .optimizer import Optimizer

# Elements of a large parameter updated at a time: the step of one block is still in the cache when it is subtracted.
BLOCK = 1 << 17


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
    tensor([0.7], requires_grad=True)
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
        for name in ("lr", "momentum", "weight_decay"):
            if not settings[name] >= 0:
                raise ArgumentError(f"SGD: {name} must not be negative, got {settings[name]}")
        if settings["nesterov"] and (settings["momentum"] <= 0 or settings["dampening"] != 0):
            raise ArgumentError("SGD: the Nesterov step requires a momentum and zero dampening")

    def update(self, group: dict[str, Any], states: list[dict[str, Any]]) -> None:
        """One step of one group."""
        lr = group["lr"]
        if group["momentum"] or group["weight_decay"] or group["maximize"]:
            self._full_update(group, states)
            return
        rates: dict[Any, Any] = {}  # a 0-d array multiplies faster than a Python float
        written = []
        for p in group["params"]:
            grad = p._cell.grad
            if grad is None:
                continue
            value, g = p._value, grad._value
            rate = rates.get(value.dtype)
            if rate is None:
                rate = rates[value.dtype] = np.array(lr, value.dtype)
            if value.size <= BLOCK:
                value -= g * rate
            else:
                descend(value, g, rate)
            written.append(value)
        wrote(*written)

    def _full_update(self, group: dict[str, Any], states: list[dict[str, Any]]) -> None:
        momentum, dampening, decay = group["momentum"], group["dampening"], group["weight_decay"]
        for p, state in zip(group["params"], states, strict=True):
            grad = p._cell.grad
            if grad is None:
                continue
            value = p._value
            g = -grad._value if group["maximize"] else grad._value
            if decay:
                g = g + decay * value
            if momentum:
                velocity = state.get("momentum_buffer")
                if velocity is None:
                    velocity = state["momentum_buffer"] = np.array(g)
                else:
                    velocity *= momentum
                    velocity += (1 - dampening) * g
                g = g + momentum * velocity if group["nesterov"] else velocity
            descend(value, g, np.array(group["lr"], value.dtype))
            wrote(value)


def descend(value: Any, g: Any, rate: Any) -> None:
    """``value -= rate * g`` in blocks that stay in the cache between the two operations."""
    if value.flags.f_contiguous and g.flags.f_contiguous:
        value, g = value.T, g.T
    if value.size <= BLOCK or not (value.flags.c_contiguous and g.flags.c_contiguous):
        value -= g * rate
        return
    flat, flat_g = value.reshape(-1), g.reshape(-1)
    scratch = np.empty(BLOCK, value.dtype)
    for start in range(0, flat.size, BLOCK):
        part = flat[start : start + BLOCK]
        step = np.multiply(flat_g[start : start + BLOCK], rate, out=scratch[: part.size])
        np.subtract(part, step, out=part)
