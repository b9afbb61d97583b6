"""What one step shows: outputs, loss, graph, gradients; and what model and loss give for other inputs."""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from ..autograd.gradient import grad
from ..autograd.lines import inside_package
from ..autograd.modes import enable_grad
from ..autograd.op import OPS
from ..autograd.tensor import Tensor
from ..autograd.watch import array_of
from ..nn.module import Module
from ..optim.optimizer import Optimizer
from .activation import Activation, activation
from .cure import Cure
from .experiments import Experiments, Loss, Model, number_in, unused
from .finding import Finding
from .loss_kind import LossKind, loss_kind
from .recording import Recorded, Recording, Step

# Losses that compare outputs with targets element by element.
COMPARING = {
    "mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss", "binary_cross_entropy", "binary_cross_entropy_with_logits",
    "where", "xlogy",
}  # fmt: skip


class Failure(NamedTuple):
    """An error of the program inside the step."""

    error: Exception
    part: str  # "model", "loss" or "backward"
    source: str  # the user's line, "train.py:12", or empty


class Observation(Experiments):
    """One step of a training, and experiments with its model and its loss.

    ``outputs``, ``loss`` and gradients are None where the step did not come so far; ``failure`` says why.
    """

    failure: Failure | None

    def __init__(self, model: Model, loss_fn: Loss, x: object, y: object, optimizer: Optimizer | None = None) -> None:
        super().__init__(model, loss_fn, x, y, optimizer)
        self.failure = None
        self.settled: set[str] = set()  # codes that would only be consequences of what was found
        self.rate: float | None = None if optimizer is None else max(float(g["lr"]) for g in optimizer.param_groups)
        self.outputs: Any = None  # what the model gave
        self.loss: Any = None  # what the loss gave, and minus that where the optimizer makes it larger
        modules = dict(model.named_modules()) if isinstance(model, Module) else {}
        self._recording = Recording({id(module): path for path, module in modules.items()})
        with self.unchanged(), Recorded(self._recording), np.errstate(all="ignore"):
            self.outputs = self._tried("model", lambda: model(x))
            self._model_steps = len(self._recording.steps)
            if self.failure is None:
                self.loss = self._tried("loss", lambda: loss_fn(self.outputs, y))
        self.loss_step: Step | None = self._recording.step_of(self.loss)  # the op that gave the loss
        if self.ascends and isinstance(self.loss, Tensor):
            self.loss = -self.loss
        self.gradients  # noqa: B018  (now: an experiment writes the weights, and backward refuses what was written)

    def _tried(self, part: str, function: Callable[[], Any]) -> Any:
        try:
            return function()
        except Exception as error:
            # An error of the program is what this is about: it becomes a finding.
            self.failure = Failure(error, part, _line_of(error))
            return None

    # ------------------------------------------------------------------ the graph

    @property
    def steps(self) -> Sequence[Step]:
        """Every op of the step, in the order of the calls: those of the model, then those of the loss."""
        return self._recording.steps

    @property
    def model_steps(self) -> Sequence[Step]:
        """The ops of the model."""
        return self.steps[: self._model_steps]

    @property
    def loss_steps(self) -> Sequence[Step]:
        """The ops of the loss."""
        return self.steps[self._model_steps :]

    @property
    def output_step(self) -> Step | None:
        """The op that gave the outputs, where they are one tensor that an op gave."""
        return self._recording.step_of(self.outputs)

    def meeting(self, holds: Callable[[tuple[int, ...], tuple[int, ...]], bool]) -> Step | None:
        """The first op of the loss that sets all outputs beside all targets in shapes that differ.

        Only one for which ``holds`` is true of the two shapes, that of the outputs first.
        """
        if self.scores is None or self.targets is None:
            return None
        sides: dict[Step, str] = {}
        for step in self.loss_steps:
            of = [self._side(item, given, sides) for item, given in zip(step.operands, step.inputs)]
            known = set(filter(None, of))
            if len(known) == 1:
                sides[step] = known.pop()
            elif known and (OPS[step.op].kind == "elementwise" or step.op in COMPARING):
                shapes = {}
                for side, item in zip(of, step.arrays):
                    whole = self.scores.size if side == "outputs" else self.targets.size
                    if side and getattr(item, "size", 0) == whole:
                        shapes[side] = item.shape
                outputs, targets = shapes.get("outputs"), shapes.get("targets")
                if outputs is not None and targets is not None and outputs != targets and holds(outputs, targets):
                    return step
        return None

    def _side(self, item: object, given: Step | None, sides: dict[Step, str]) -> str:
        """Whether an operand of the loss comes of the outputs or of the targets; empty where of neither."""
        array = array_of(item)
        if given in sides:
            return sides[given]
        if array is array_of(self.outputs):
            return "outputs"
        if array is array_of(self.y):
            return "targets"
        alike = isinstance(array, np.ndarray) and array.ndim and given is None
        return "targets" if alike and np.array_equal(array.ravel(), self.targets.ravel()) else ""

    def before(self, step: Step | None) -> Iterator[Step]:
        """The steps that a step's value was made from, itself included, newest first."""
        wanted = {step} if step is not None else set()
        for one in reversed(self.steps):
            if one in wanted:
                wanted |= {given for given in one.inputs if given is not None}
                yield one

    # ------------------------------------------------------------------ parameters and gradients

    @cached_property
    def leaves(self) -> dict[str, Tensor]:
        """The parameters, and every other leaf of the graph that wants a gradient."""
        found = dict(self.parameters)
        known = {id(tensor) for tensor in found.values()}
        for step in self.steps:
            for item in step.operands:
                if isinstance(item, Tensor) and item._node is not None and item.is_leaf and id(item) not in known:
                    known.add(id(item))
                    found[unused(item.name or f"leaf {len(found)}", found)] = item
        return found

    @cached_property
    def gradients(self) -> dict[str, Any]:
        """The gradient of the loss for each of ``leaves`` by name, an array; None where none flows to it."""
        wanted = {name: leaf for name, leaf in self.leaves.items() if leaf._node is not None}
        nothing = dict.fromkeys(self.leaves)
        if not isinstance(self.loss, Tensor) or self.loss._node is None or not wanted or self.loss._value.size != 1:
            return nothing
        try:
            with enable_grad(), np.errstate(all="ignore"):
                given = grad(self.loss, list(wanted.values()), retain_graph=True, allow_unused=True)
        except Exception as error:
            self.failure = self.failure or Failure(error, "backward", _line_of(error))
            return nothing
        return nothing | {name: None if one is None else array_of(one) for name, one in zip(wanted, given)}

    # ------------------------------------------------------------------ numbers

    @cached_property
    def scores(self) -> Any:
        """The outputs as an array; None where they are not one tensor of numbers."""
        value = array_of(self.outputs)
        return value if isinstance(value, np.ndarray) and value.dtype.kind in "biuf" else None

    @cached_property
    def inputs(self) -> Any:
        """The inputs as an array; None where they are not one."""
        return _as_numbers(self.x)

    @cached_property
    def targets(self) -> Any:
        """The targets as an array; None where they are not one."""
        return _as_numbers(self.y)

    @cached_property
    def loss_value(self) -> float | None:
        """The loss as a number; None where it is not one."""
        value = array_of(self.loss)
        return number_in(value)

    @cached_property
    def loss_kind(self) -> LossKind | None:
        """What the loss is, by its slopes; None where it is of no known kind."""
        return loss_kind(self)

    @cached_property
    def activation(self) -> Activation | None:
        """What the outputs are of the scores of the last layer; None where no such layer is found."""
        return activation(self)

    @cached_property
    def shares_targets_with_inputs(self) -> bool:
        """Whether the targets are the inputs: what goes in is to come out."""
        x, t = self.inputs, self.targets
        return x is not None and t is not None and x.size == t.size and bool(np.array_equal(x.ravel(), t.ravel()))

    @cached_property
    def cure(self) -> Cure:
        """What lets the program learn, if it does not."""
        return Cure(self)

    # ------------------------------------------------------------------ words

    @property
    def where_it_failed(self) -> str:
        """The user's line at which the step failed; empty where it did not, or no line is known."""
        return self.failure.source if self.failure is not None else ""

    @property
    def failure_text(self) -> str:
        """What the error said, in one line."""
        if self.failure is None:
            return ""
        text = str(self.failure.error).strip().split("\n")[0]
        return text + "." * (not text.endswith("."))

    def found(self, code: str, reason: str, fix: str, at: Step | None = None, source: str = "") -> Finding:
        """A finding at the line of a step."""
        return Finding(code, reason, source or (at.source if at is not None else ""), fix)


def rows_of(x: object) -> int | None:
    """How many rows a batch has; None where that cannot be said."""
    shape = getattr(x, "shape", None)
    if shape is None:
        return len(x) if isinstance(x, (list, tuple)) else None
    return int(shape[0]) if len(shape) else None


def _as_numbers(value: object) -> Any:
    array = array_of(value)
    if not isinstance(array, np.ndarray):
        try:
            array = np.asarray(array)
        except ValueError:  # ragged lists
            return None
    return array if array.dtype.kind in "biuf" else None


def _line_of(error: Exception) -> str:
    """The innermost line of the user's that an error passed through."""
    lines = [frame for frame in traceback.extract_tb(error.__traceback__) if not inside_package(frame.filename)]
    return f"{os.path.basename(lines[-1].filename)}:{lines[-1].lineno}" if lines else ""
