"""The sums of an epoch, over the rows of all processes that train together."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ..autograd.errors import ArgumentError
from ..autograd.modes import no_grad
from ..autograd.tensor import Tensor
from ..distributed.group import ProcessGroup, together
from ..nn.module import Module
from ..nn.parallel import DistributedDataParallel
from .accuracy import counter_for
from .history import Figures

_SUMS = ("batches", "_rows", "_loss", "_right", "_counted", "lr")  # of an epoch, and the rate that it began with

Loss = Callable[[Any, Any], Any]
Metric = Callable[[Tensor, Tensor], Any]


def called(thing: Any) -> str:
    """The name of a loss or a metric."""
    return getattr(thing, "__name__", type(thing).__name__)


class Running:
    """The sums of an epoch, which a snapshot in the middle of one keeps."""

    group: ProcessGroup | None
    batches: int
    lr: float

    def __init__(
        self, model: Module, loss: Loss, metric: Metric | None, clip_grad_norm: float | None = None
    ) -> None:  # fmt: skip
        self.group = together() if isinstance(model, DistributedDataParallel) else None
        self._count = counter_for(loss)
        self._metric = metric
        self._told = {"loss": called(loss), "metric": called(metric), "clip_grad_norm": clip_grad_norm}
        self.restart(0.0)

    def restart(self, lr: float) -> None:
        """Forget every batch: an epoch begins, with this learning rate."""
        self.batches = self._rows = 0
        self._loss = self._right = 0.0
        self._counted: int | None = 0  # None once a batch has no accuracy
        self.lr, self._start = lr, time.perf_counter()

    @property
    def seconds(self) -> float:
        """How long the epoch has taken."""
        return time.perf_counter() - self._start

    def state_dict(self) -> dict[str, Any]:
        """The sums, and what the epoch began with."""
        return {"sums": {name: getattr(self, name) for name in _SUMS}, "seconds": self.seconds}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Go on where ``state_dict`` was called."""
        vars(self).update(state_dict["sums"])
        if self.group is not None and self.group.rank():
            self._nothing(self._counted)
        self._start = time.perf_counter() - state_dict["seconds"]

    def described(self) -> dict[str, Any]:
        """What is trained for, and how gradients are clipped."""
        return self._told

    def add(self, loss: float, output: Any, y: Tensor) -> None:
        """A batch, its loss, and what the model said."""
        target = y._value
        rows = len(target) if target.ndim else 1
        self.batches += 1
        self._rows += rows
        self._loss += loss * rows
        if self._counted is None:
            return
        if self._metric is not None:
            with no_grad():
                right, counted = float(self._metric(output.detach(), y)) * rows, rows
        else:
            found = self._count(output._value, target) if isinstance(output, Tensor) else None
            if found is None:
                self._counted = None
                return
            right, counted = found
        self._right += right
        self._counted += counted

    def _nothing(self, counted: int | None) -> None:
        """Leave the sums to rank 0."""
        self._rows, self._loss, self._right, self._counted = 0, 0.0, 0.0, None if counted is None else 0

    def gather(self) -> tuple[int, float, float, int | None]:
        """The sums over all ranks, each of which calls it; rank 0 keeps them, and the others begin again from 0."""
        if self.group is not None:
            sums = np.array([self._rows, self._loss, self._right, self._counted or 0, self._counted is None])
            self.group.agree("the figures of an epoch")
            self.group.summed(sums, "the figures of an epoch")
            rows, loss, right, counted, without = sums.tolist()
            self._rows, self._loss, self._right = int(rows), loss, right
            self._counted = None if without else int(counted)
        found = self._rows, self._loss, self._right, self._counted
        if self.group is not None and self.group.rank():
            self._nothing(self._counted)
        return found

    def result(self, name: str) -> Figures:
        """The means over the epoch."""
        rows, loss, right, counted = self.gather()
        if not rows:
            raise ArgumentError(f"{name}: the data gave no row; give a DataLoader or a list of pairs (x, y)")
        return Figures(loss / rows, right / counted if counted else None)
