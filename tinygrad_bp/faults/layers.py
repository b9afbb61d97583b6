"""Faults of how layers are joined: nothing between them, made anew in each call, cut off from the loss."""

from __future__ import annotations

from functools import cached_property
from math import prod
from typing import Any

import numpy as np

from ..autograd.modes import no_grad
from ..autograd.tensor import Tensor, wrap
from ..nn.module import Module
from ..nn.parameter import Parameter
from ..nn.recurrent import RNNBase
from .activation import sides
from .finding import Finding
from .observation import Observation, rows_of
from .recording import Recorded, Recording, Step
from .units import Weighted, weighted

# What leaves a linear map linear: it moves, adds or scales elements.
LINEAR = frozenset((
    "add", "sub", "neg", "reshape", "permute", "broadcast_to", "cast", "clone", "dropout", "batch_norm",
    "fixed_batch_norm", "getitem", "cat", "stack", "sum", "mean", "window_sum", "div", "mul",
))  # fmt: skip
FLAT = frozenset(("round", "floor", "ceil", "trunc", "sign", "argmax", "argmin", "heaviside", "gt", "ge", "lt", "le"))


def no_activation_between_layers(seen: Observation) -> Finding | None:
    """Two layers follow each other with nothing but linear maps between them: they are one."""
    consumers: dict[Step, int] = {}
    for step in seen.steps:
        for given in step.inputs:
            if given is not None:
                consumers[given] = consumers.get(given, 0) + 1
    layers = {each.step: each for each in weighted(seen.model_steps)}
    for step, each in layers.items():
        if isinstance(step.module, RNNBase):
            continue  # it takes projected inputs, and is no linear map itself
        side = 0 if step.op != "matmul" or step.operands[1] is each.weight or step.inputs[0] is not None else 1
        below = _only_layers(step.inputs[side], layers, consumers)
        if below and not any(_on_purpose(one, each) for one in below):
            first = below[0]
            return seen.found(
                "no-activation-between-layers",
                f"A layer to {_outputs(first)} values is followed by one to {_outputs(each)} with no activation "
                "between them: together they are one linear map, and can learn nothing that one layer could not.",
                "Put an activation between them: ReLU, tanh or sigmoid.", step,
            )  # fmt: skip
    return None


def _outputs(each: Weighted) -> int:
    return int(each.weight.shape[each.unit_axis])


def _on_purpose(first: Weighted, second: Weighted) -> bool:
    """Whether two linear maps say less than one: a narrow place between them, or channels taken alone."""
    if any(each.step.op == "convolution" and each.step.params.get("groups", 1) > 1 for each in (first, second)):
        return True
    return _outputs(first) < min(first.fan_in, _outputs(second))


def _only_layers(step: Step | None, layers: dict[Step, Weighted], consumers: dict[Step, int]) -> list[Weighted]:
    """The layers of which a value is a linear function, where it is one of nothing else that varies; else empty."""
    found: list[Weighted] = []
    waiting = [step]
    while waiting:
        one = waiting.pop()
        if one is None or consumers.get(one, 0) != 1:
            return []
        if one in layers:
            found.append(layers[one])
            continue
        if one.op not in LINEAR or (one.op in ("mul", "div") and sum(map(_varies, one.operands)) > 1):
            return []
        for operand, given in zip(one.operands, one.inputs, strict=True):
            if given is not None and given.op != "dropout_mask" and _varies(operand):
                waiting.append(given)
    return found


def _varies(operand: Any) -> bool:
    """Whether a gradient goes through an operand that is no parameter."""
    return isinstance(operand, Tensor) and operand._node is not None and not operand.is_leaf


def reshape_where_permute_is_meant(seen: Observation) -> Finding | None:
    """A reshape that should exchange axes, or that cuts rows anew from values whose rows lie along another axis."""
    rows, (_, data), made = rows_of(seen.x), sides(seen), set(seen.model_steps)
    for step in seen.steps:
        if step.op != "reshape" or step not in data:
            continue
        before, after = step.arrays[0].shape, step.value.shape
        if step.inputs[0] is seen.output_step and _scores_cut_anew(before, after, seen.targets):
            return seen.found(
                "reshape-where-permute-is-meant",
                f"The outputs {before} have the classes along axis 1, and a reshape to {after} cuts them anew: scores "
                "of different places stand in one row.",
                f"Move the classes to the end first, .movedim(1, -1).reshape(-1, {before[1]}), or give cross_entropy "
                "outputs and labels as they are.", step,
            )  # fmt: skip
        if step not in made:
            continue
        order, wanted = ([n for n in shape if n != 1] for shape in (before, after))
        exchanged = order != wanted and sorted(order) == sorted(wanted)
        cut = after[:1] == (rows,) and before.count(rows) == 1 and prod(before[: before.index(rows)]) > 1
        if not exchanged and not cut:
            continue
        what = "of different rows of the batch " if before[:1] != after[:1] else ""
        return seen.found(
            "reshape-where-permute-is-meant",
            f"A reshape from {before} to {after} keeps the values in their order and cuts them anew: it does not "
            f"exchange axes, and values {what}that do not belong together stand beside each other.",
            "Exchange axes with permute or transpose, and reshape only what lies together, with the rows in front.",
            step,
        )
    return None


def _scores_cut_anew(before: tuple[int, ...], after: tuple[int, ...], targets: Any) -> bool:
    """Whether outputs (rows, classes, places) become (rows · places, classes), where every place has a label."""
    if len(before) < 3 or targets is None or targets.shape != (before[0], *before[2:]):
        return False
    return after == (prod(before) // before[1], before[1]) and before[1] != before[-1]


# ---------------------------------------------------------------------- parameters that nobody holds


class Calls:
    """The leaves that two calls of a model read beside those that it has registered."""

    def __init__(self, seen: Observation) -> None:
        self.seen = seen
        self.known = {id(p) for p in seen.model.parameters()} if isinstance(seen.model, Module) else set()
        self.known |= {id(item) for item in (seen.x if isinstance(seen.x, (tuple, list)) else (seen.x,))}

    @cached_property
    def first(self) -> list[tuple[Tensor, Step]]:
        """The unregistered leaves of the recorded call, and the steps that read them."""
        return self._unregistered(self.seen.model_steps)

    @cached_property
    def again(self) -> set[int]:
        """The ids of those of another call."""
        recording = Recording({})
        with self.seen.unchanged(), Recorded(recording), np.errstate(all="ignore"):
            try:
                self.seen.model(self.seen.x)
            except Exception:  # the first call came through: what differs now is not what is asked for
                return {id(leaf) for leaf, _ in self.first}
        self._alive = recording.steps  # so that no id is used twice
        return {id(leaf) for leaf, _ in self._unregistered(recording.steps)}

    def _unregistered(self, steps: Any) -> list[tuple[Tensor, Step]]:
        found: dict[int, tuple[Tensor, Step]] = {}
        for step in steps:
            for item in step.operands:
                wants = isinstance(item, Tensor) and item._node is not None and item.is_leaf
                if wants and id(item) not in self.known:
                    found.setdefault(id(item), (item, step))
        return list(found.values())


def layer_made_in_forward(seen: Observation) -> Finding | None:
    """Each call of the model reads other parameters: it makes them anew."""
    if not isinstance(seen.model, Module):
        return None
    calls = Calls(seen)
    made = [(leaf, step) for leaf, step in calls.first if isinstance(leaf, Parameter)]
    if not made or all(id(leaf) in calls.again for leaf, _ in made):
        return None
    leaf, step = next((leaf, step) for leaf, step in made if id(leaf) not in calls.again)
    return seen.found(
        "layer-made-in-forward",
        f"Each call of the model makes a parameter {tuple(leaf.shape)} anew, so what it learns is thrown away.",
        "Make the layer in __init__ and keep it: self.layer = nn.Linear(…).", step,
    )  # fmt: skip


def unregistered(seen: Observation) -> list[tuple[Tensor, Step]]:
    """Leaves that every call of the model reads, and that it does not have among its parameters.

    Of a function these are the tensors that it reads: the parameters of layers are left out, as one that trains a part
    of a network may call the rest of it too.
    """
    calls = Calls(seen)
    found = [(leaf, step) for leaf, step in calls.first if id(leaf) in calls.again]
    return [one for one in found if isinstance(seen.model, Module) or not isinstance(one[0], Parameter)]


def detached_branch(seen: Observation) -> Finding | None:
    """The outputs depend on a parameter, and no gradient goes back to it."""
    if seen.failure is not None or seen.scores is None:
        return None
    held = _held(seen)
    wanted = {name: leaf for name, leaf in seen.parameters.items() if leaf._node is not None}
    cut = [name for name, leaf in wanted.items()
           if _gets_nothing(seen, name) and (held is None or id(leaf) in held) and _matters(seen, leaf)]  # fmt: skip
    if not cut:
        return None
    step = _where_cut(seen)
    what = (
        "the parameters"
        if len(cut) == len(wanted)
        else f"{cut[0]}" + (f" and {len(cut) - 1} more" if len(cut) > 1 else "")
    )
    why = f"{step.op} has no slope" if step is not None and step.op in FLAT else "the graph is cut between them"
    return seen.found(
        "detached-branch",
        f"The outputs depend on {what}, but the loss leads to no gradient: {why}.",
        "Leave out detach(), .data, .numpy(), no_grad() and rounding on the way to the loss.", step,
    )  # fmt: skip


def _gets_nothing(seen: Observation, name: str) -> bool:
    """Whether no gradient comes to a parameter; one of 0 counts where an op on the way has no slope."""
    gradient = seen.gradients[name]
    return gradient is None or (not gradient.any() and any(step.op in FLAT and step.node for step in seen.steps))


def _held(seen: Observation) -> set[int] | None:
    if seen.optimizer is None:
        return None
    return {id(p) for group in seen.optimizer.param_groups for p in group["params"]}


def _matters(seen: Observation, leaf: Tensor) -> bool:
    """Whether other values of a parameter give other outputs."""
    if leaf._value.dtype.kind != "f" or not leaf._value.size:
        return False
    before = seen.outputs_for(seen.x)
    with seen.unchanged(), no_grad():
        noise = np.random.default_rng(0).normal(size=leaf.shape).astype(leaf._value.dtype)
        leaf.add_(wrap(noise * max(float(np.abs(leaf._value).max()), 0.1), None))
        after = seen.outputs_for(seen.x)
    return before is not None and after is not None and not np.array_equal(before, after, equal_nan=True)


def _where_cut(seen: Observation) -> Step | None:
    """The first step that reads something whose history is lost, or that no gradient goes through."""
    for step in seen.steps:
        for operand, given in zip(step.operands, step.inputs, strict=True):
            if given is not None and given.node is not None and getattr(operand, "_node", None) is None:
                return step
            if step.node is None and getattr(operand, "_node", None) is not None:
                return step
    return None
