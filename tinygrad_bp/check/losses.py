"""The losses that a network's backward may start from where the homework does not say which."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..autograd.tensor import Tensor


@dataclass
class Loss:
    """A loss of predictions and labels; ``own`` where the homework has it."""

    name: str
    of: Callable[[Any, Any, dict[str, Any]], Any]
    own: bool = False


def _like(p: Any, y: Any) -> Any:
    """Labels in the shape of the predictions: class numbers as one-hot rows or columns."""
    y = y.detach().numpy(force=True) if isinstance(y, Tensor) else np.asarray(y)
    if y.dtype.kind in "iu" and len(p.shape) == 2 and y.ndim == 1 and min(p.shape) > 1:
        count = p.shape[1] if p.shape[0] == len(y) else p.shape[0]
        return np.eye(count)[y] if p.shape[0] == len(y) else np.eye(count)[y].T
    return y.reshape(p.shape) if y.size == np.prod(p.shape) else y


def _examples(p: Any, y: Any) -> int:
    """How many examples there are, from the labels where they say it."""
    y = np.asarray(y.detach() if isinstance(y, Tensor) else y)
    if y.ndim == 1:
        return len(y)
    return int(p.shape[0]) if not len(p.shape) else int(max(p.shape)) if 1 in p.shape else _longer(p, y)


def _longer(p: Any, y: Any) -> int:
    rows = np.allclose(np.sum(_like(p, y), -1), 1)
    return int(p.shape[0] if rows else p.shape[-1])


def _squares(p: Any, y: Any) -> Any:
    return ((p - _like(p, y)) ** 2).sum()


def _cross(p: Any, y: Any) -> Any:
    return -(_like(p, y) * np.log(p)).sum()


def _binary(p: Any, y: Any) -> Any:
    t = _like(p, y)
    return -(t * np.log(p) + (1 - t) * np.log(1 - p)).sum()


def usual() -> Sequence[Loss]:
    """The usual ones: the mean first, since that is what most say."""
    many = "the mean over the examples of"
    made = [
        Loss(f"{many} the cross-entropy", lambda p, y, _: _cross(p, y) / _examples(p, y)),
        Loss(f"{many} the binary cross-entropy", lambda p, y, _: _binary(p, y) / _examples(p, y)),
        Loss(f"{many} ½(p − y)²", lambda p, y, _: 0.5 * _squares(p, y) / _examples(p, y)),
        Loss(f"{many} (p − y)²", lambda p, y, _: _squares(p, y) / _examples(p, y)),
        Loss("the mean over all elements of (p − y)²", lambda p, y, _: _squares(p, y) / np.prod(p.shape)),
        Loss("the sum of the cross-entropy", lambda p, y, _: _cross(p, y)),
        Loss("the sum of the binary cross-entropy", lambda p, y, _: _binary(p, y)),
        Loss("the sum of ½(p − y)²", lambda p, y, _: 0.5 * _squares(p, y)),
        Loss("the sum of (p − y)²", lambda p, y, _: _squares(p, y)),
    ]
    return made
