"""Experiments with a program: its model and its loss, run with other inputs, and everything put back after each."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Container, Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Any

import numpy as np

from ..autograd.gradient import grad
from ..autograd.modes import enable_grad, no_grad
from ..autograd.tensor import Tensor, wrap
from ..autograd.types import Array
from ..autograd.watch import array_of
from ..nn.module import Module
from ..optim.optimizer import Optimizer
from .state import kept

Model = Callable[[Any], Any]
Loss = Callable[[Any, Any], Any]


class Experiments:
    """A program that can be run with other inputs: it has a model, a loss, a batch and perhaps an optimizer.

    One whose optimizer makes the loss larger is looked at as one that makes minus the loss smaller, which is its
    ``loss_fn`` here.
    """

    model: Model
    loss_fn: Loss
    x: Any
    y: Any
    optimizer: Optimizer | None

    def __init__(self, model: Model, loss_fn: Loss, x: object, y: object, optimizer: Optimizer | None = None) -> None:
        self.model, self.x, self.y, self.optimizer = model, x, y, optimizer
        self.ascends: bool = _ascends(optimizer)
        self.loss_fn = (lambda outputs, y: -loss_fn(outputs, y)) if self.ascends else loss_fn
        self._things = (model, loss_fn)

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
                    found[unused(tensor.name or f"parameter {len(found)}", found)] = tensor
        return found

    @contextmanager
    def unchanged(self, weights: bool = True) -> Iterator[None]:
        """Inside, model, loss and optimizer may be run; weights, buffers, random streams are as before at the end.

        Without ``weights`` nothing may be trained inside, only run. The optimizer descends.
        """
        tensors = self.parameters.values() if weights else ()
        with kept(self._things, self.optimizer, tensors, weights), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what they say becomes a finding
            if weights and self.optimizer is not None and self.ascends:
                for group in self.optimizer.param_groups:
                    group["maximize"] = False
            yield

    def outputs_for(self, x: Array) -> Any:
        """What the model gives for other inputs, an array; None where it raises, or gives something else."""
        with self.unchanged(weights=False), no_grad(), np.errstate(all="ignore"):
            try:
                value = array_of(self.model(x))
            except Exception:  # the experiment was ours, and so is the error
                return None
        return value if isinstance(value, np.ndarray) else None

    def loss_for(self, outputs: Array, y: Array | None = None) -> float | None:
        """The loss of made-up outputs, an array; against the targets where no others are given; None: it raises."""
        with self.unchanged(weights=False), no_grad(), np.errstate(all="ignore"):
            try:
                value = array_of(self.loss_fn(wrap(np.array(outputs), None), self.y if y is None else y))
            except Exception:  # the experiment was ours, and so is the error
                return None
        return number_in(value)

    def loss_of(self, x: Any, y: Any) -> float | None:
        """The loss of another batch; None: the program raises."""
        with self.unchanged(weights=False), no_grad(), np.errstate(all="ignore"):
            try:
                return number_in(array_of(self.loss_fn(self.model(x), y)))
            except Exception:  # the experiment was ours, and so is the error
                return None

    def loss_slope_for(self, outputs: Array, swapped: bool = False, y: Array | None = None) -> Any:
        """The gradient of the loss for made-up outputs, an array of their shape; None where there is none.

        ``swapped``: the loss is given the targets first, and the outputs in their place. ``y``: other targets.
        """
        y = self.y if y is None else y
        with self.unchanged(weights=False), enable_grad(), np.errstate(all="ignore"):
            try:
                leaf = wrap(np.array(outputs), None).requires_grad_()
                loss = self.loss_fn(y, leaf) if swapped else self.loss_fn(leaf, y)
                (slope,) = grad(loss, leaf, allow_unused=True)
            except Exception:  # the experiment was ours, and so is the error
                return None
        return None if slope is None else array_of(slope)

    def trained(self, steps: int, lr: float | None = None, then: Callable[[], object] | None = None) -> list[float]:
        """The losses before each of so many steps of the optimizer on this batch, and after the last.

        ``lr`` is a rate for every group in place of its own; ``then`` is called before all is put back. Shorter where
        a step fails; empty without an optimizer.
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
                if then is not None:
                    then()
            except Exception:  # a program that cannot take a step has another fault, which a rule of its own names
                pass
        return losses

    @cached_property
    def same_step_for_any_scale(self) -> bool:
        """Whether the optimizer's step is as long for a loss a hundred times smaller, as Adam's is."""
        lengths = [self._length_of_step(scale) for scale in (1.0, 0.01)]
        return lengths[0] > 0 and lengths[1] > 0.3 * lengths[0]

    def _length_of_step(self, scale: float) -> float:
        """How far a first step goes, with the gradients times a number; 0 where there is none."""
        if self.optimizer is None:
            return 0.0
        parameters = [p for group in self.optimizer.param_groups for p in group["params"]]
        with self.unchanged(), enable_grad(), np.errstate(all="ignore"):
            before = [np.array(p._value) for p in parameters]
            try:
                self.optimizer.zero_grad()
                loss = self.loss_fn(self.model(self.x), self.y)
                (loss * scale).backward()
                self.optimizer.step()
            except Exception:  # a program that cannot take a step has another fault, which a rule of its own names
                return 0.0
            moved = [np.linalg.norm((p._value - old).ravel()) for p, old in zip(parameters, before)]
        return float(np.linalg.norm(moved))


def _ascends(optimizer: Optimizer | None) -> bool:
    """Whether an optimizer makes the loss larger, with all that it holds."""
    return optimizer is not None and all(group.get("maximize", False) for group in optimizer.param_groups)


def number_in(value: object) -> float | None:
    """A number, or the one element of an array; None where there is no such."""
    try:
        return float(value.reshape(())) if isinstance(value, np.ndarray) else float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None


def unused(name: str, taken: Container[str]) -> str:
    """A name that nothing else has: two networks may name their layers alike."""
    while name in taken:
        name += "'"
    return name
