"""Gradients made smaller, in place, between ``backward()`` and ``step()``."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ..autograd.errors import ArgumentError
from ..autograd.tensor import Tensor, wrap
from ..autograd.writes import wrote

__all__ = ["clip_grad_norm_", "clip_grad_value_"]


def clip_grad_norm_(
    parameters: Tensor | Iterable[Tensor], max_norm: float, norm_type: float = 2.0, error_if_nonfinite: bool = False
) -> Tensor:
    """Scale all gradients by one factor so that their norm, taken together, is at most ``max_norm``.

    Returns the norm before that, a 0-d tensor. ``norm_type`` is the p of the p-norm, ``float("inf")`` for the largest
    magnitude; parameters without a gradient are left out. The factor is ``max_norm / (norm + 1e-6)``, at most 1.
    Raises ``ArgumentError`` where the norm is not finite and ``error_if_nonfinite``. Source: Pascanu et al. 2013,
    algorithm 1, as PyTorch has it (``torch.nn.utils.clip_grad_norm_``).

    >>> import tinygrad_bp as tg
    >>> w = tg.tensor([0.0, 0.0], requires_grad=True)
    >>> w.grad = tg.tensor([3.0, 4.0])
    >>> tg.nn.clip_grad_norm_([w], max_norm=1.0)
    tensor(5.)
    >>> w.grad
    tensor([0.6000, 0.8000])
    """
    if not max_norm >= 0:
        raise ArgumentError(f"clip_grad_norm_: max_norm must not be negative, got {max_norm}")
    if not norm_type > 0:
        raise ArgumentError(f"clip_grad_norm_: norm_type must be positive, got {norm_type}")
    grads = _gradients("clip_grad_norm_", parameters)
    if not grads:
        return wrap(np.zeros((), np.float32), None)
    norms = np.array([_norm(grad, norm_type) for grad in grads], np.result_type(*grads))
    total = _norm(norms, norm_type)
    if error_if_nonfinite and not np.isfinite(total):
        raise ArgumentError(
            f"clip_grad_norm_: the norm of order {norm_type} of the gradients is {total}; look for the loss or "
            "gradient that is not finite, or pass error_if_nonfinite=False"
        )
    factor = max_norm / (total + 1e-6)
    if not factor >= 1:
        wrote(*grads)
        for grad in grads:
            grad *= grad.dtype.type(factor)
    return wrap(np.asarray(total), None)


def clip_grad_value_(parameters: Tensor | Iterable[Tensor], clip_value: float) -> None:
    """Bring every element of the gradients into [−clip_value, clip_value].

    >>> import tinygrad_bp as tg
    >>> w = tg.tensor([0.0, 0.0], requires_grad=True)
    >>> w.grad = tg.tensor([3.0, -0.5])
    >>> tg.nn.clip_grad_value_([w], 1.0)
    >>> w.grad
    tensor([ 1.0000, -0.5000])
    """
    if not clip_value >= 0:
        raise ArgumentError(f"clip_grad_value_: clip_value must not be negative, got {clip_value}")
    grads = _gradients("clip_grad_value_", parameters)
    wrote(*grads)
    for grad in grads:
        np.clip(grad, -clip_value, clip_value, out=grad)


def _gradients(what: str, parameters: Any) -> list[Any]:
    params = [parameters] if isinstance(parameters, Tensor) else list(parameters)
    for p in params:
        if not isinstance(p, Tensor):
            raise ArgumentError(f"{what}: takes tensors (model.parameters()), got {type(p).__name__}")
    return [p.grad._value for p in params if p.grad is not None]


def _norm(x: Any, order: float) -> Any:
    """The p-norm of all elements, in the dtype of x."""
    if order == 2:
        # In any memory order, without a copy.
        flat = x.reshape(-1, order="A") if x.flags.forc else x.reshape(-1)
        return np.sqrt(np.dot(flat, flat))
    size = np.abs(x)
    if order == np.inf:
        return np.max(size, initial=0)
    return np.sum(size**order) ** (1 / order)
