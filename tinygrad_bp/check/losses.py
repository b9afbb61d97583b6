"""The losses that a network's backward may start from where the homework does not say which."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..autograd.tensor import Tensor
from .calling import array
from .names import NOTHING, role
from .pairs import LOSS_WORDS, Function
from .problem import NotFitting
from .sessions import Session


@dataclass
class Asked:
    """What a loss may be of: predictions, labels, every argument, and the object where there is one."""

    predictions: Any
    labels: Any
    values: dict[str, Any]
    session: Session


@dataclass
class Loss:
    """A loss of predictions and labels; ``own`` where the homework has it."""

    name: str
    of: Callable[[Asked], Any]
    own: bool = False


def own(function: Function) -> Loss | None:
    """The homework's own loss; None where its parameters are not predictions and labels."""
    names = [p.name for p in function.signature.parameters if p.default is NOTHING]
    roles = [role(n, names) for n in names]
    if not set(function.said.base) & LOSS_WORDS or function.said.kind in ("derivative", "backward"):
        return None
    if not names:
        return Loss(function.name, lambda asked: asked.session.call(function.name)(), True)
    if roles == ["x"]:  # of the inputs themselves, as of an autoencoder
        return Loss(function.name, lambda a: a.session.call(function.name)(next(iter(a.values.values()))), True)
    if len(names) != 2 or roles.count("labels") != 1:
        return None

    other = names[1 - roles.index("labels")]

    def of(asked: Asked) -> Any:
        whole = other in asked.values and other.lower() in ("x", "inputs")  # it runs the forward itself
        x = asked.values[other] if whole else asked.predictions
        given = [asked.labels if r == "labels" else x for r in roles]
        result = asked.session.call(function.name)(*given)
        result = result[0] if isinstance(result, tuple) else result
        if np.size(array(result)) not in (1, np.size(array(asked.predictions)), np.size(array(asked.labels))):
            raise NotFitting("1 forward", f"{function.name} gives neither a number nor one for each example.")
        return result.sum() if np.ndim(array(result)) else result

    return Loss(function.name, of, True)


def _like(p: Any, y: Any) -> Any:
    """Labels in the shape of the predictions: class numbers as one-hot rows or columns."""
    if y is None:
        raise NotFitting("1 forward", "There are no labels for a loss.")
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


def usual() -> list[Loss]:
    """The usual ones: the mean first, since that is what most say."""
    made: list[tuple[str, Callable[[Any, Any], Any]]] = [
        ("the mean over the examples of the cross-entropy", lambda p, y: _cross(p, y) / _examples(p, y)),
        ("the mean over the examples of the binary cross-entropy", lambda p, y: _binary(p, y) / _examples(p, y)),
        ("the mean over the examples of ½(p − y)²", lambda p, y: 0.5 * _squares(p, y) / _examples(p, y)),
        ("the mean over the examples of (p − y)²", lambda p, y: _squares(p, y) / _examples(p, y)),
        ("the mean over all elements of (p − y)²", lambda p, y: _squares(p, y) / np.prod(p.shape)),
        ("the sum of the cross-entropy", _cross),
        ("the sum of the binary cross-entropy", _binary),
        ("the sum of ½(p − y)²", lambda p, y: 0.5 * _squares(p, y)),
        ("the sum of (p − y)²", _squares),
    ]

    def loss(name: str, of: Callable[[Any, Any], Any]) -> Loss:
        return Loss(name, lambda asked: of(asked.predictions, asked.labels))

    return [loss(name, of) for name, of in made]
