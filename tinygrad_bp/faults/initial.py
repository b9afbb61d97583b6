"""Faults of the first weights, and of what they make of the inputs: equal, too large, too small, dead, saturated."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from ..autograd.modes import no_grad
from ..autograd.tensor import wrap
from .finding import Finding
from .observation import Observation
from .recording import Step
from .trial import Change
from .units import GAIN, SHRINK, weighted

GATES = {"rnn": ((2, 1),), "gru": ((2, 3),), "lstm": ((3, 4), (4, 4))}  # op -> operands that are weights, their gates
PRODUCTS = frozenset(("mul", "matmul", "einsum"))
FAR_ABOVE = 3.0  # so many times the first loss of weights that keep sizes is no first loss to begin with
CERTAIN = 5.0  # and so many times that of classes: the first answers are certain, and wrong
STEEP = 15.0  # a gain with which tanh and sigmoid are steps
SATURATED = 0.9  # the share of values at the ends from which on a layer passes next to nothing
ENDS = {"tanh": (-0.99, 0.99), "sigmoid": (0.01, 0.99)}  # where the slope is a fiftieth of the largest
DEEP = 4  # layers
VANISHED = 1e-4  # the first layer's gradient over the last one's, both relative to their weights


def equal_weights(seen: Observation) -> Finding | None:
    """All units of a layer have the same weights and the same gradient: they stay copies of one unit."""
    by_id = {id(leaf): name for name, leaf in seen.leaves.items()}
    largest = max((_largest(g) for g in seen.gradients.values() if g is not None), default=0.0)
    for step, weight, by_unit in _weights_by_unit(seen):
        name = by_id.get(id(weight), "")
        gradient = seen.gradients.get(name)
        if gradient is None:
            continue
        units = by_unit(weight._value)
        if units.shape[-2] < 2 or not _copies(units, _largest(units)):
            continue
        if _copies(by_unit(gradient), largest):  # equal scores give a gradient of rounding alone
            what = "0" if not units.any() else "equal"
            return seen.found(
                "equal-weights",
                f"All weights of {name or 'a layer'} are {what}, so its {units.shape[-2]} units compute the same, get "
                "the same gradient and stay copies of one unit.",
                "Start weights at random: leave the layer's own start, or nn.init.kaiming_uniform_(weight).", step,
            )  # fmt: skip
    return None


def product_of_zeros(seen: Observation) -> Finding | None:
    """Two factors start at 0 and are multiplied: the gradient of each is the other, and no step moves either."""
    zero = {id(leaf): (name, leaf) for name, leaf in seen.parameters.items() if _is_stuck_at_0(seen, name, leaf)}
    layers = {each.step for each in weighted(seen.model_steps)}  # of equal weights
    for step in seen.model_steps if zero else ():
        if step.op not in PRODUCTS or step in layers or any(getattr(item, "any", bool)() for item in step.arrays[:2]):
            continue
        made_of = [_one_of(seen, item, given, zero) for item, given in zip(step.operands[:2], step.inputs)]
        if (
            None in made_of
            or made_of[0] == made_of[1]
            or not _moves_from_elsewhere(seen, [leaf for _, leaf in zero.values()])
        ):
            continue
        return seen.found(
            "product-of-zeros",
            f"{made_of[0]} and {made_of[1]} are 0 and are multiplied: the gradient of each is the other one, 0, and no "
            "step moves either.",
            "Start at least one of the two at random: nn.init.normal_(weight, std=0.1).", step,
        )  # fmt: skip
    return None


def _is_stuck_at_0(seen: Observation, name: str, leaf: Any) -> bool:
    gradient = seen.gradients.get(name)
    return gradient is not None and leaf._value.size > 0 and not leaf._value.any() and not gradient.any()


def _one_of(seen: Observation, item: Any, given: Step | None, leaves: dict[int, Any]) -> str | None:
    """The name of the leaf that an operand is, or is made of."""
    read = [item, *(operand for step in seen.before(given) for operand in step.operands)]
    return next((leaves[id(one)][0] for one in read if id(one) in leaves), None)


def _moves_from_elsewhere(seen: Observation, leaves: list[Any]) -> bool:
    """Whether some steps leave parameters at 0, and from other values they would get a gradient."""
    still: list[bool] = []
    steps = 3 if seen.optimizer is not None else 0
    seen.trained(steps, then=lambda: still.append(not any(leaf._value.any() for leaf in leaves)))
    if steps and still != [True]:
        return False
    with seen.unchanged():
        with no_grad():
            for number, leaf in enumerate(leaves):
                leaf.copy_(
                    wrap(np.random.default_rng(number).normal(0, 0.1, leaf.shape).astype(leaf._value.dtype), None)
                )
        other = Observation(seen.model, seen.loss_fn, seen.x, seen.y, seen.optimizer)
        names = [name for name, leaf in seen.parameters.items() if any(leaf is one for one in leaves)]
        return all(other.gradients[name] is not None and other.gradients[name].any() for name in names)


Units = Callable[[Any], Any]


def _weights_by_unit(seen: Observation) -> Iterator[tuple[Step, Any, Units]]:
    """Weights, with the step that reads them, and what makes (…, units, inputs) of an array of their shape."""
    for each in weighted(seen.model_steps):
        yield each.step, each.weight, partial(_units, axis=each.unit_axis)
    for step in seen.model_steps:
        for place, gates in GATES.get(step.op, ()):
            yield step, step.operands[place], partial(_units_of_gates, gates=gates)
        if step.op == "take_rows" and step.operands[0].ndim == 2:
            yield step, step.operands[0], partial(_units, axis=1)


def _units(array: Any, axis: int) -> Any:
    moved = np.moveaxis(array, axis, 0)
    return moved.reshape(len(moved), -1)


def _units_of_gates(array: Any, gates: int) -> Any:
    return array.reshape(gates, -1, array.shape[-1])


def _largest(array: Any) -> float:
    return float(np.abs(array).max(initial=0.0))


def _copies(units: Any, scale: float) -> bool:
    """Whether the rows of (…, units, inputs) are all the same, to the rounding of numbers of size ``scale``."""
    return bool(np.isfinite(scale) and np.abs(units - units[..., :1, :]).max(initial=0.0) <= 1e-5 * scale)


def initial_weights_too_large(seen: Observation) -> Finding | None:
    """The first loss is far above that of smaller weights and stays there, or the program learns with smaller ones."""
    cure = seen.cure
    gain = cure.gains[1]
    if gain <= GAIN:
        return None
    change, plain, small = cure.change, cure.trials.run(), cure.trials.run(Change(weights=True))
    if plain is None or small is None:
        return None
    helps = change is not None and change.weights
    first, usual = plain.losses[0], small.losses[0]
    far = usual > 0 and not first <= FAR_ABOVE * usual
    stays = not plain.losses[-1] <= usual
    steep = gain > STEEP and _saturated(seen) is not None and not cure.trials.learns_well
    classes = seen.loss_kind is not None and seen.loss_kind.kind in ("classes", "binary")
    certain = classes and usual > 0 and not first <= CERTAIN * usual
    if not helps and not steep and not certain and not (far and (stays or cure.trials.fails)):
        return None
    layer = max(weighted(seen.steps), key=lambda each: each.gain)
    above = f" The first loss is {first:.3g}; with smaller weights it would be {usual:.3g}." if far else ""
    return seen.found(
        "initial-weights-too-large",
        f"The first weights {tuple(layer.weight.shape)} make values {gain:.3g} times as large as they come in.{above}",
        "Leave the layer's own start, or draw weights of deviation 1 / sqrt(number of inputs).", layer.step,
    )  # fmt: skip


def initial_weights_too_small(seen: Observation) -> Finding | None:
    """The program does not learn, and does with larger weights."""
    change = seen.cure.change
    if change is None or not change.weights or seen.cure.gains[0] >= SHRINK or seen.cure.gains[1] > GAIN:
        return None
    layer = min(weighted(seen.steps), key=lambda each: each.gain or 1.0)
    return seen.found(
        "initial-weights-too-small",
        f"The first weights {tuple(layer.weight.shape)} leave {layer.gain:.2g} of the size of what comes in, and so "
        "little comes through that no gradient goes back.",
        "Leave the layer's own start, or draw weights of deviation 1 / sqrt(number of inputs).", layer.step,
    )  # fmt: skip


def dead_layer(seen: Observation) -> Finding | None:
    """A ReLU gives 0 for every row and unit, and the program does not learn."""
    for step in seen.model_steps:
        if step.op == "relu" and step.node is not None and step.value.size > 1 and not step.value.any():
            if step is seen.output_step or not seen.cure.trials.fails:
                continue
            return seen.found(
                "dead-layer",
                f"All {step.value.shape[-1]} units of this ReLU give 0 for every row of the batch: no gradient goes "
                "back through it.",
                "Look at what comes in: a bias far below 0, or inputs of one sign; LeakyReLU lets a gradient through.",
                step,
            )  # fmt: skip
    return None


def saturated_layer(seen: Observation) -> Finding | None:
    """Nearly all values of a hidden tanh or sigmoid lie at its ends, and the program does not learn."""
    step = _saturated(seen)
    if step is None or not seen.cure.trials.fails:
        return None
    return seen.found(
        "saturated-layer",
        f"More than {SATURATED:.0%} of the values of this {step.op} lie at its ends, where its slope is next to 0: "
        "hardly any gradient goes back through it.",
        "Make what comes in smaller: scale the inputs, or start with smaller weights.", step,
    )  # fmt: skip


def _saturated(seen: Observation) -> Step | None:
    """The first hidden tanh or sigmoid with nearly all values at its ends."""
    for step in seen.model_steps:
        if step.op in ENDS and step.node is not None and step is not seen.output_step and step.value.size:
            low, high = ENDS[step.op]
            if float(np.mean((step.value < low) | (step.value > high))) > SATURATED:
                return step
    return None


def vanishing_gradients(seen: Observation) -> Finding | None:
    """The first of many layers gets next to no gradient beside the last one, and the program hardly learns."""
    by_id = {id(leaf): seen.gradients.get(name) for name, leaf in seen.leaves.items()}
    layers = [(each, by_id.get(id(each.weight))) for each in weighted(seen.model_steps)]
    sizes = [_relative(each.weight._value, g) for each, g in layers if g is not None]
    if len(sizes) < DEEP or not sizes[-1] > 0 or not sizes[0] < VANISHED * sizes[-1]:
        return None
    if seen.cure.trials.learns_well:
        return None
    return seen.found(
        "vanishing-gradients",
        f"Relative to its weights the gradient of the first of {len(sizes)} layers is {sizes[0] / sizes[-1]:.1g} of "
        "the last one's: each layer passes only a part back, and little is left at the first.",
        "Take fewer layers, ReLU in place of sigmoid or tanh, batch normalisation, or x + layer(x).", layers[0][0].step,
    )  # fmt: skip


def _relative(value: Any, gradient: Any) -> float:
    size = float(np.linalg.norm(value.astype(np.float64)))
    return float(np.linalg.norm(gradient.astype(np.float64))) / size if size else 0.0
