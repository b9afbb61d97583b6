"""A penalty on the weights: what of the loss does not come of the outputs."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..autograd.gradient import grad
from ..autograd.modes import enable_grad, no_grad
from ..autograd.tensor import Tensor, wrap
from ..autograd.watch import array_of
from .finding import Finding
from .observation import Observation

CODE = "penalty-outweighs-the-loss"


def penalty_outweighs_the_loss(seen: Observation) -> Finding | None:
    """A penalty on the weights that pulls harder than the data."""
    at = next((step for step in seen.loss_steps if any(map(_learnt, step.operands))), None)
    if at is not None and seen.loss_value is not None:
        penalty, share = _value(seen), _pull(seen)
        data = seen.loss_value - penalty
        if penalty > abs(data) and share > 2:
            return seen.found(
                CODE,
                f"The penalty on the weights is {penalty:.3g} of a loss of {seen.loss_value:.3g}, and its gradient "
                f"{share:.3g} times that of the data: the weights go to 0 whatever the data say.",
                f"Weigh it {max(10, round(10 * penalty / max(abs(data), 1e-12))):,} times less.", at,
            )  # fmt: skip
    return None


def _learnt(item: object) -> bool:
    return isinstance(item, Tensor) and item._node is not None and item.is_leaf


def _value(seen: Observation) -> float:
    """What is left of the loss without the weights, from what it is with them; the outputs stay as they are."""
    with seen.unchanged(), no_grad(), np.errstate(all="ignore"):
        for parameter in seen.leaves.values():
            parameter.copy_(wrap(np.zeros_like(parameter._value), None))
        without = float(array_of(seen.loss_fn(wrap(seen.scores, None), seen.y)))
    value = seen.loss_value
    return value - without if value is not None and np.isfinite(without) else 0.0


def _pull(seen: Observation) -> float:
    """The length of the penalty's gradient over that of the data's."""
    leaves = {name: leaf for name, leaf in seen.leaves.items() if leaf._node is not None}
    with seen.unchanged(), enable_grad(), np.errstate(all="ignore"):
        loss = seen.loss_fn(wrap(seen.scores, None), seen.y)
        given = grad(loss, list(leaves.values()), allow_unused=True)
    direct = {name: array_of(g) for name, g in zip(leaves, given) if g is not None}
    rest = [g - direct.get(name, 0) for name, g in seen.gradients.items() if g is not None]
    return _length(direct.values()) / max(_length(rest), 1e-30)


def _length(arrays: Any) -> float:
    return float(np.sqrt(sum(float((array.astype(float) ** 2).sum()) for array in arrays)))
