"""What one step shows: outputs, loss, graph, gradients; and what model and loss give for other inputs."""

from __future__ import annotations

import os
import traceback
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from ..autograd.anomaly import inside_package
from ..autograd.gradient import grad
from ..autograd.modes import enable_grad, no_grad
from ..autograd.tensor import Tensor, wrap
from ..autograd.types import Array
from ..nn.module import Module
from ..optim.optimizer import Optimizer
from .cure import Cure
from .finding import Finding
from .recording import Recorded, Recording, Step, array_of
from .state import kept

Model = Callable[[Any], Any]
Loss = Callable[[Any, Any], Any]


class Failure(NamedTuple):
    """An error of the program inside the step."""

    error: Exception
    part: str  # "model", "loss" or "backward"
    source: str  # the user's line, "train.py:12", or empty


class Observation:
    """One step of a training, and experiments with its model and its loss.

    ``outputs``, ``loss`` and gradients are None where the step did not come so far; ``failure`` says why.
    """

    model: Model
    loss_fn: Loss
    x: Any
    y: Any
    optimizer: Optimizer | None
    failure: Failure | None

    def __init__(self, model: Model, loss_fn: Loss, x: object, y: object, optimizer: Optimizer | None = None) -> None:
        self.model, self.loss_fn, self.x, self.y, self.optimizer = model, loss_fn, x, y, optimizer
        self.failure = None
        self.outputs: Any = None  # what the model gave
        self.loss: Any = None  # what the loss gave
        modules = dict(model.named_modules()) if isinstance(model, Module) else {}
        self._recording = Recording({id(module): path for path, module in modules.items()})
        with self.unchanged(), Recorded(self._recording), np.errstate(all="ignore"):
            self.outputs = self._tried("model", lambda: model(x))
            self._model_steps = len(self._recording.steps)
            if self.failure is None:
                self.loss = self._tried("loss", lambda: loss_fn(self.outputs, y))

    def _tried(self, part: str, function: Callable[[], Any]) -> Any:
        try:
            return function()
        except Exception as error:
            # An error of the program is what this is about: it becomes a finding.
            self.failure = Failure(error, part, _line_of(error))
            return None

    @contextmanager
    def unchanged(self) -> Iterator[None]:
        """Inside, model, loss and optimizer may be run; weights, buffers, random streams are as before at the end."""
        with kept((self.model, self.loss_fn), self.optimizer, self.parameters.values()), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what they say becomes a finding
            yield

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

    @property
    def loss_step(self) -> Step | None:
        """The op that gave the loss."""
        return self._recording.step_of(self.loss)

    def before(self, step: Step | None) -> Iterator[Step]:
        """The steps that a step's value was made from, itself included, newest first."""
        wanted = {step} if step is not None else set()
        for one in reversed(self.steps):
            if one in wanted:
                wanted |= {given for given in one.inputs if given is not None}
                yield one

    # ------------------------------------------------------------------ parameters and gradients

    @cached_property
    def parameters(self) -> dict[str, Tensor]:
        """What is learnt, by name: the parameters of the model, and other leaves that the optimizer holds."""
        found: dict[str, Tensor] = {}
        if isinstance(self.model, Module):
            found |= dict(self.model.named_parameters())
        known = {id(tensor) for tensor in found.values()}
        for group in self.optimizer.param_groups if self.optimizer is not None else ():
            for tensor in group["params"]:
                if id(tensor) not in known:
                    known.add(id(tensor))
                    found[tensor.name or f"parameter {len(found)}"] = tensor
        return found

    @cached_property
    def leaves(self) -> dict[str, Tensor]:
        """The parameters, and every other leaf of the graph that wants a gradient."""
        found = dict(self.parameters)
        known = {id(tensor) for tensor in found.values()}
        for step in self.steps:
            for item in step.operands:
                if isinstance(item, Tensor) and item._node is not None and item.is_leaf and id(item) not in known:
                    known.add(id(item))
                    found[item.name or f"leaf {len(found)}"] = item
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
        return float(value.reshape(())) if getattr(value, "size", 0) == 1 else _number(value)

    # ------------------------------------------------------------------ experiments

    def outputs_for(self, x: Array) -> Any:
        """What the model gives for other inputs, an array; None where it raises, or gives something else."""
        with self.unchanged(), no_grad(), np.errstate(all="ignore"):
            try:
                value = array_of(self.model(x))
            except Exception:  # the experiment was ours, and so is the error
                return None
        return value if isinstance(value, np.ndarray) else None

    def loss_for(self, outputs: Array, y: Array | None = None) -> float | None:
        """The loss of made-up outputs, an array; against the targets where no others are given; None: it raises."""
        with self.unchanged(), no_grad(), np.errstate(all="ignore"):
            try:
                value = array_of(self.loss_fn(wrap(np.array(outputs), None), self.y if y is None else y))
            except Exception:  # the experiment was ours, and so is the error
                return None
        return _number(value)

    def loss_slope_for(self, outputs: Array, y: Array | None = None) -> Any:
        """The gradient of the loss for made-up outputs, an array of their shape; None where there is none."""
        with self.unchanged(), enable_grad(), np.errstate(all="ignore"):
            try:
                leaf = wrap(np.array(outputs), None).requires_grad_()
                loss = self.loss_fn(leaf, self.y if y is None else y)
                (slope,) = grad(loss, leaf, allow_unused=True)
            except Exception:  # the experiment was ours, and so is the error
                return None
        return None if slope is None else array_of(slope)

    def trained(self, steps: int, lr: float | None = None) -> list[float]:
        """The losses before each of so many steps of the optimizer on this batch, and after the last.

        ``lr`` is a rate for every group in place of its own. Shorter where a step fails; empty without an optimizer.
        """
        losses: list[float] = []
        if self.optimizer is None:
            return losses
        with self.unchanged(), enable_grad(), np.errstate(all="ignore"):
            if lr is not None:
                for group in self.optimizer.param_groups:
                    group["lr"] = lr
            try:
                for number in range(steps + 1):
                    self.optimizer.zero_grad()
                    loss = self.loss_fn(self.model(self.x), self.y)
                    losses.append(float(array_of(loss)))
                    if number < steps:
                        loss.backward()
                        self.optimizer.step()
            except Exception:  # a program that cannot take a step has another fault, which a rule of its own names
                pass
        return losses

    @cached_property
    def cure(self) -> Cure:
        """What lets the program learn, if it does not."""
        return Cure(self)

    # ------------------------------------------------------------------ words

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


def _number(value: Any) -> float | None:
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


def _line_of(error: Exception) -> str:
    """The innermost line of the user's that an error passed through."""
    lines = [frame for frame in traceback.extract_tb(error.__traceback__) if not inside_package(frame.filename)]
    return f"{os.path.basename(lines[-1].filename)}:{lines[-1].lineno}" if lines else ""
