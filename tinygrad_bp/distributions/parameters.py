"""What parameters have in common: one shape and dtype, and probabilities as logits or the other way round."""

from __future__ import annotations

from functools import cached_property
from numbers import Number
from typing import Any

import numpy as np

from ..autograd.dtypes import get_default_dtype
from ..autograd.errors import ArgumentError
from ..autograd.modes import enable_grad
from ..autograd.tensor import Tensor
from ..functions.creation import tensor
from ..ops.elementwise import where
from ..ops.shape import broadcast_tensors

__all__ = [
    "above", "broadcast_all", "clamp_probs", "lazy_property", "logits_to_probs", "probs_to_logits", "sum_rightmost",
]  # fmt: skip


class lazy_property(cached_property[Any]):
    """Computed when first asked for, recorded even where that is under ``no_grad``, and kept.

    >>> import tinygrad_bp as tg
    >>> tg.distributions.Bernoulli(logits=tg.zeros(2)).probs
    tensor([0.5000, 0.5000])
    """

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        with enable_grad():
            return super().__get__(instance, owner)


def above(x: Tensor, bound: float) -> Any:
    """``x − bound`` where that is positive, else 1: the divisor of a moment that ``where`` leaves out there.

    >>> import tinygrad_bp as tg
    >>> from tinygrad_bp.distributions.parameters import above
    >>> above(tg.tensor([1.0, 2.0, 5.0]), 2.0)
    tensor([1., 1., 3.])
    """
    return where(x > bound, x - bound, 1.0)


def broadcast_all(*values: Any) -> tuple[Any, ...]:
    """Numbers and tensors as tensors of one shape; a number has the dtype and the device of the first tensor.

    Raises ``ArgumentError`` for anything else.

    >>> import tinygrad_bp as tg
    >>> from tinygrad_bp.distributions.parameters import broadcast_all
    >>> broadcast_all(0, tg.ones(2))
    (tensor([0., 0.]), tensor([1., 1.]))
    """
    for value in values:
        if not isinstance(value, (Tensor, Number)):
            kind = type(value).__name__
            raise ArgumentError(f"distributions: a parameter is a number or a tensor, got {kind}; write tg.tensor(…)")
    first = next((v for v in values if isinstance(v, Tensor)), None)
    dtype, where = (get_default_dtype(), None) if first is None else (first.dtype, first.device)
    made = (v if isinstance(v, Tensor) else tensor(v, dtype=dtype, device=where) for v in values)
    return tuple(broadcast_tensors(*made))


def clamp_probs(probs: Tensor) -> Any:
    """Probabilities away from 0 and 1 by the dtype's resolution.

    >>> import tinygrad_bp as tg
    >>> from tinygrad_bp.distributions.parameters import clamp_probs
    >>> bool(clamp_probs(tg.tensor(0.0)) > 0)
    True
    """
    eps = float(np.finfo(probs.dtype).eps)
    return probs.clamp(min=eps, max=1 - eps)


def logits_to_probs(logits: Tensor, is_binary: bool = False) -> Any:
    """The sigmoid of logits of two outcomes, else their softmax over the last dimension.

    >>> import tinygrad_bp as tg
    >>> from tinygrad_bp.distributions.parameters import logits_to_probs
    >>> logits_to_probs(tg.zeros(2))
    tensor([0.5000, 0.5000])
    """
    return logits.sigmoid() if is_binary else logits.softmax(-1)


def probs_to_logits(probs: Tensor, is_binary: bool = False) -> Any:
    """The logarithms of probabilities, finite; of two outcomes that of the odds.

    >>> import tinygrad_bp as tg
    >>> from tinygrad_bp.distributions.parameters import probs_to_logits
    >>> probs_to_logits(tg.tensor([0.5]), is_binary=True)
    tensor([0.])
    """
    clamped = clamp_probs(probs)
    return clamped.log() - (-clamped).log1p() if is_binary else clamped.log()


def sum_rightmost(value: Tensor, dim: int) -> Any:
    """The sum over the last ``dim`` dimensions.

    >>> import tinygrad_bp as tg
    >>> from tinygrad_bp.distributions.parameters import sum_rightmost
    >>> sum_rightmost(tg.ones(2, 3), 1)
    tensor([3., 3.])
    """
    return value.sum(dim=tuple(range(-dim, 0))) if dim else value
