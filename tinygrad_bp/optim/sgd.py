"""Stochastic gradient descent with momentum."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from numbers import Real
from typing import Any

import numpy as np

from ..autograd.elsewhere import kept_number
from ..autograd.errors import ArgumentError
from ..autograd.modes import assume
from ..autograd.tensor import wrap
from ..autograd.types import Array
from .numbers import pull, seen, used
from .optimizer import Optimizer
from .pieces import BLOCK, in_pieces


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

    may_keep: tuple[str, ...] = ("momentum_buffer",)

    def __init__(
        self, params: Iterable[Any], lr: float = 1e-3, momentum: float = 0, dampening: float = 0,
        weight_decay: float = 0, nesterov: bool = False, *, maximize: bool = False, foreach: bool | None = None,
        differentiable: bool = False, fused: bool | None = None,
    ) -> None:  # fmt: skip
        defaults = {
            "lr": lr, "momentum": momentum, "dampening": dampening, "weight_decay": weight_decay,
            "nesterov": nesterov, "maximize": maximize, "foreach": foreach, "differentiable": differentiable,
            "fused": fused,
        }  # fmt: skip
        super().__init__(params, defaults)

    def _check_settings(self, settings: dict[str, Any]) -> None:
        self.refuse_negative(settings, "lr", "momentum", "weight_decay")
        if not isinstance(settings["dampening"], Real):
            raise ArgumentError(f"SGD: dampening is a number, got {settings['dampening']!r}")
        if settings["nesterov"] and (settings["momentum"] <= 0 or settings["dampening"] != 0):
            raise ArgumentError("SGD: the Nesterov step requires a momentum and zero dampening")

    def scheduled(self, group: dict[str, Any]) -> tuple[str, ...]:
        """Cycles move the momentum as well."""
        return ("lr", "momentum") if group["momentum"] else ("lr",)

    def update(self, group: dict[str, Any], moving: list[Any]) -> None:
        """One step of one group."""
        if group["differentiable"] or group["momentum"] or group["weight_decay"] or group["maximize"]:
            self._full_update(group, moving)
            return
        dtype = None
        for _, value, g in reversed(moving):  # the next step begins with the first, which the cache still has then
            if value.dtype is not dtype:
                dtype = value.dtype
                rate = kept_number(float(group["lr"]), dtype)  # multiplies faster than a Python float
            if value.size <= BLOCK:
                value -= g * rate
            else:
                in_pieces(partial(_descend, rate), value, g)

    def _full_update(self, group: dict[str, Any], moving: list[Any]) -> None:
        momentum, (array, number, typed, _) = group["momentum"], seen(group)
        moves = used(momentum)
        dtype, first = None, False
        arrays: tuple[Any, ...] = ()
        for param, value, grad in moving:
            if value.dtype is not dtype:
                dtype = value.dtype
                settings = number(group["lr"]), number(momentum), 1 - group["dampening"], group["weight_decay"]
                rate, keep, take, shrink = typed(dtype, *settings)
            if moves:
                state = self._state[param]
                first = state.get("momentum_buffer") is None  # the first velocity is the gradient itself
                if first:
                    state["momentum_buffer"] = wrap(np.empty_like(param._value), None)
                    assume(_never)
                arrays = (array(state["momentum_buffer"]),)
            in_pieces(partial(self.rule, group, (rate, keep, take, shrink, first)), value, grad, *arrays)

    def rule(self, group: dict[str, Any], numbers: Sequence[Any], p: Array, g: Array, *kept: Any) -> None:
        """The step of one parameter with all that a group may ask for."""
        rate, keep, take, shrink, first = numbers
        g = pull(g, p, group, shrink)
        if kept:
            (velocity,) = kept
            if first:
                velocity[...] = g
            else:
                velocity *= keep
                velocity += g * take if group["dampening"] else g
            g = g + velocity * keep if group["nesterov"] else velocity
        p -= g * rate


def _descend(rate: Any, p: Any, g: Any) -> None:
    p -= g * rate


def _never() -> bool:
    """What the first step with momentum holds for: no other one."""
    return False
