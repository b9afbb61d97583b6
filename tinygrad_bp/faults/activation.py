"""What stands on the last layer: which function of its scores the outputs are, found from the numbers."""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..autograd.tensor import Tensor
from .loss_kind import sigmoid, softmax
from .recording import Step

if TYPE_CHECKING:
    from .observation import Observation

MOVING = {
    "reshape", "permute", "getitem", "cast", "broadcast_to", "clone", "cat", "stack", "expand_dims", "read_last",
    "diagonal", "place", "unfold", "as_strided",
}  # fmt: skip
FEWEST = 5  # numbers through which not every curve goes
Function = Callable[[Any, int], Any]


def _shares(x: Any, axis: int) -> Any:
    return x / x.sum(axis, keepdims=True)


FUNCTIONS: dict[str, Function] = {
    "sigmoid": lambda x, axis: sigmoid(x),
    "tanh": lambda x, axis: np.tanh(x),
    "relu": lambda x, axis: np.maximum(x, 0),
    "softmax": softmax,
    "log_softmax": lambda x, axis: np.log(softmax(x, axis)),
    "log": lambda x, axis: np.log(x),
    "exp": lambda x, axis: np.exp(x),
    "softplus": lambda x, axis: np.logaddexp(0, x),
    "shares": _shares,
    "abs": lambda x, axis: np.abs(x),
    "square": lambda x, axis: x * x,
    "relu6": lambda x, axis: np.clip(x, 0, 6),
    "leaky_relu": lambda x, axis: np.where(x > 0, x, 0.01 * x),
    "elu": lambda x, axis: np.where(x > 0, x, np.expm1(np.minimum(x, 0))),
}
ALONG = {"softmax", "log_softmax", "shares"}  # functions of all numbers along an axis
# What is tried before another function, and after.
FIRST = ("relu", "sigmoid", "tanh", "softmax", "exp", "softplus")
SECOND = ("sigmoid", "softmax", "log", "shares", "tanh", "relu", "log_softmax")
# What values of a function lie between.
BETWEEN = {
    "sigmoid": (0.0, 1.0), "tanh": (-1.0, 1.0), "relu": (0.0, inf), "softmax": (0.0, 1.0), "log_softmax": (-inf, 0.0),
    "exp": (0.0, inf), "softplus": (0.0, inf), "shares": (0.0, 1.0), "abs": (0.0, inf), "square": (0.0, inf),
    "relu6": (0.0, 6.0), "elu": (-1.0, inf),
}  # fmt: skip


class Activation(NamedTuple):
    """What the outputs are of the scores that the last layer gives.

    ``names`` are functions in the order in which they are applied, none where the outputs are the scores themselves;
    None where it is another function. ``step`` is the op that gave the outputs. Outputs lie between ``low`` and
    ``high``, whatever the weights are.
    """

    names: tuple[str, ...] | None
    axis: int  # of a softmax among them
    scores: Any
    step: Step
    low: float = -inf
    high: float = inf

    @property
    def last(self) -> str:
        """The last function; empty where there is none, or it is another one."""
        return self.names[-1] if self.names else ""


def activation(seen: Observation) -> Activation | None:
    """What stands on the last layer; None where no layer with parameters is found behind the outputs."""
    output = seen.output_step
    last = last_layer(seen)
    if output is None or last is None:
        return None
    behind = [step for step in seen.before(output) if step is not last and last in set(seen.before(step))]
    if all(step.op in MOVING for step in behind):
        return Activation((), 0, last.value, output)
    if last.value.size != output.value.size:
        return Activation(None, 0, last.value, output)
    scores = last.value.reshape(output.value.shape).astype(float)
    values = output.value.astype(float)
    source = next((step for step in behind if step.op not in MOVING), output)
    for names, axis in _chains(values.shape):
        if _gives(names, axis, scores, values):
            low, high = BETWEEN.get(names[-1], (-inf, inf))
            return Activation(names, axis, scores, source, low, high)
    return _scaled(scores, values, source)


def last_layer(seen: Observation) -> Step | None:
    """The newest op behind the outputs that puts parameters and data together."""
    newest = None
    parameter, data = sides(seen)
    for step in seen.before(seen.output_step):
        kinds = [_side(item, given, parameter, data) for item, given in zip(step.operands, step.inputs)]
        if any(p and not d for p, d in kinds) and any(d for _, d in kinds):
            newest = step
            break
    return newest


def sides(seen: Observation) -> tuple[set[Step], set[Step]]:
    """The steps whose value depends on parameters, and those whose value depends on data."""
    parameter: set[Step] = set()
    data: set[Step] = set()
    for step in seen.steps:
        for item, given in zip(step.operands, step.inputs):
            of_parameters, of_data = _side(item, given, parameter, data)
            if of_parameters:
                parameter.add(step)
            if of_data:
                data.add(step)
    return parameter, data


def _side(item: Any, given: Step | None, parameter: set[Step], data: set[Step]) -> tuple[bool, bool]:
    if given is not None:
        return given in parameter, given in data
    if isinstance(item, Tensor) and item._node is not None:
        return True, False
    return False, getattr(item, "ndim", 0) > 0


def _chains(shape: tuple[int, ...]) -> list[tuple[tuple[str, ...], int]]:
    """Functions to try, one and then two of them, each along each axis where that matters and there are several."""
    last = max(len(shape) - 1, 0)
    along = [axis for axis in (last, *range(last)) if shape and shape[axis] > 1]  # of one share anything is 1
    twice = [(name, name) for name in ("sigmoid", "softmax")]
    pairs = [(one, two) for one in FIRST for two in SECOND if one != two]
    thrice = [(one, "softmax", "log") for one in ("relu", "sigmoid", "tanh")]
    chains: list[tuple[str, ...]] = [*((name,) for name in FUNCTIONS), *twice, *pairs, *thrice]
    return [(chain, axis) for chain in chains for axis in (along if ALONG & set(chain) else [last])]


def _gives(names: tuple[str, ...], axis: int, scores: Any, values: Any) -> bool:
    with np.errstate(all="ignore"):
        wanted = scores
        for name in names:
            wanted = FUNCTIONS[name](wanted, axis)
    finite = np.isfinite(values)
    if finite.sum() < 0.2 * values.size or not finite.any():
        return False
    return bool(np.allclose(values[finite], wanted[finite], rtol=1e-3, atol=2e-6 + 1e-5 * np.abs(values[finite]).max()))


def _scaled(scores: Any, values: Any, source: Step) -> Activation:
    """A bounded function times a number, plus a number; else an unknown one."""
    for name in ("sigmoid", "tanh", "relu", "softplus", "exp"):
        with np.errstate(all="ignore"):
            x = FUNCTIONS[name](scores, scores.ndim - 1).ravel()
        if x.size < FEWEST or not np.isfinite(x).all() or not np.isfinite(values).all() or np.ptp(x) == 0:
            continue
        slope, offset = np.polyfit(x, values.ravel(), 1)
        if np.allclose(slope * x + offset, values.ravel(), rtol=1e-4, atol=1e-5 * np.abs(values).max()) and slope:
            low, high = sorted(offset + slope * bound if slope else offset for bound in BETWEEN[name])
            return Activation(None, 0, scores, source, low, high)
    return Activation(None, 0, scores, source)
