"""Gradients made smaller, in place, between ``backward()`` and ``step()``."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from ...autograd.arrays import as_array
from ...autograd.elsewhere import boxed, hosted
from ...autograd.errors import ArgumentError, CaptureError
from ...autograd.modes import traced
from ...autograd.tensor import Tensor, wrap
from ...autograd.writes import wrote
from ...ops.elementwise import where
from ...ops.powers import pow

__all__ = ["clip_grad_norm_", "clip_grad_value_", "clip_grads_with_norm_", "get_total_norm"]


def clip_grad_norm_(
    parameters: Tensor | Iterable[Tensor], max_norm: float, norm_type: float = 2.0, error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:  # fmt: skip
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
    _check_largest("clip_grad_norm_", max_norm)
    grads = _gradients("clip_grad_norm_", parameters)
    total = _total("clip_grad_norm_", grads, norm_type, error_if_nonfinite)
    _scale(grads, max_norm, total)
    return _as_tensor(total)


def get_total_norm(
    tensors: Tensor | Iterable[Tensor], norm_type: float = 2.0, error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:  # fmt: skip
    """The norm of all elements of the tensors taken together, a 0-d tensor; arguments as for ``clip_grad_norm_``.

    >>> import tinygrad_bp as tg
    >>> tg.nn.utils.get_total_norm([tg.tensor([3.0]), tg.tensor([[4.0]])])
    tensor(5.)
    """
    given = [_seen(x) for x in _tensors("get_total_norm", tensors)]
    return _as_tensor(_total("get_total_norm", given, norm_type, error_if_nonfinite))


def clip_grads_with_norm_(
    parameters: Tensor | Iterable[Tensor], max_norm: float, total_norm: Tensor, foreach: bool | None = None
) -> None:
    """Scale all gradients as ``clip_grad_norm_`` does, by a norm that is known already.

    >>> import tinygrad_bp as tg
    >>> w = tg.tensor([0.0, 0.0], requires_grad=True)
    >>> w.grad = tg.tensor([3.0, 4.0])
    >>> tg.nn.utils.clip_grads_with_norm_([w], 1.0, tg.tensor(5.0))
    >>> w.grad
    tensor([0.6000, 0.8000])
    """
    _check_largest("clip_grads_with_norm_", max_norm)
    grads = _gradients("clip_grads_with_norm_", parameters)
    _scale(grads, max_norm, _seen(total_norm) if isinstance(total_norm, Tensor) else as_array(total_norm))


def _check_largest(what: str, max_norm: float) -> None:
    if not max_norm >= 0:
        raise ArgumentError(f"{what}: max_norm must not be negative, got {max_norm}")


def _seen(x: Tensor) -> Any:
    """What is computed with: the array of a tensor, or itself where someone follows values."""
    return x.detach() if traced() else x._value


def _as_tensor(x: Any) -> Tensor:
    return x if isinstance(x, Tensor) else wrap(boxed(x), None)


def _total(what: str, given: list[Any], norm_type: float, error_if_nonfinite: bool) -> Any:
    """The norm of all arrays, or tensors, taken together."""
    if not norm_type > 0:
        raise ArgumentError(f"{what}: norm_type must be positive, got {norm_type}")
    if not given:
        return np.zeros((), np.float32)
    total = _norm(np.stack([_norm(x, norm_type) for x in given]), norm_type)
    if error_if_nonfinite and isinstance(total, Tensor):
        raise CaptureError(
            f"{what}: error_if_nonfinite reads the norm, which no later run of a program would do; leave it out, and "
            "look at the norm that the function returns"
        )
    if error_if_nonfinite and not np.isfinite(total):
        raise ArgumentError(
            f"{what}: the norm of order {norm_type} of the gradients is {total}; look for the loss or "
            "gradient that is not finite, or pass error_if_nonfinite=False"
        )
    return total


def _scale(grads: list[Any], max_norm: float, total: Any) -> None:
    """Make gradients of the norm ``total`` smaller, in place, where that is above ``max_norm``."""
    factor = max_norm / (total + 1e-6)
    if isinstance(factor, Tensor):
        factor = where(factor >= 1, 1.0, factor)
        for grad in grads:
            grad *= factor.to(grad.dtype)
    elif grads and not factor >= 1:
        wrote(*grads)
        factor = hosted(factor)
        for grad in grads:
            grad *= grad.dtype.type(factor)


def clip_grad_value_(parameters: Tensor | Iterable[Tensor], clip_value: float, foreach: bool | None = None) -> None:
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
    if not traced():
        wrote(*grads)
    for grad in grads:
        grad[...] = np.clip(grad, -clip_value, clip_value)


def _tensors(what: str, given: Any) -> list[Tensor]:
    tensors = [given] if isinstance(given, Tensor) else list(given)
    for tensor in tensors:
        if not isinstance(tensor, Tensor):
            raise ArgumentError(f"{what}: takes tensors (model.parameters()), got {type(tensor).__name__}")
    return tensors


def _gradients(what: str, parameters: Any) -> list[Any]:
    return [_seen(p.grad) for p in _tensors(what, parameters) if p.grad is not None]


def _norm(x: Any, order: float) -> Any:
    """The p-norm of all elements, in the dtype of x; of complex numbers that of their magnitudes."""
    if x.dtype.kind == "c":
        x = np.abs(x)
    if order == 2:
        flat = np.reshape(x, -1, order="A")  # as it lies in memory, without a copy
        return np.sqrt(np.dot(flat, flat))
    size = np.abs(x)
    if order == np.inf:
        return np.max(size) if math.prod(x.shape) else np.sum(size)  # of nothing: 0
    return np.reshape(pow(np.sum(pow(size, order), keepdims=True), 1 / order), ())
