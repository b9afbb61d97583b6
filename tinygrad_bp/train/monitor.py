"""A callback that watches how a training goes, and says so in words."""

from __future__ import annotations

import time
from collections.abc import Mapping
from math import ceil, isfinite
from pathlib import Path
from typing import Any

import numpy as np

from ..autograd.errors import ArgumentError
from ..autograd.tensor import Tensor
from ..nn.module import Module, check_module
from ..optim.optimizer import Optimizer
from .callbacks import Callback, Training
from .history import History
from .remarks import Record, Report, told
from .sample import Sample, Units, length, part_of, taken

thread_time = getattr(time, "thread_time", time.process_time)  # a browser has one thread and no clock for it
SHARE = 0.01  # of the processor time of a training that looking at it may take; waiting would count by chance


class Monitor(Callback):
    """Watches a training, and says in words what happened: ``print(monitor.report())``.

    A callback of ``fit``, or in a loop of your own ``monitor.step(loss)`` in each step, between the forward and
    ``loss.backward()``. Of some steps it looks at everything: the gradient of each layer, how long the step of its
    weight is, which units are saturated (a slope under 1 % of the largest) or dead (a slope of 0 on all examples). It
    does so as often as 1 % of the training's time allow, or in one of ``every`` steps. It computes the gradients for
    itself: neither the model nor any ``.grad`` is touched, and nothing has to be taken off at the end.

    Compiled by ``fit(compile=True)``, or told after ``backward()``, it sees losses, updates and what is left in
    ``.grad``, and no units. Raises ``ArgumentError`` for settings without a meaning.

    >>> import tinygrad_bp as tg
    >>> _ = tg.manual_seed(0)
    >>> x, y = (tg.tensor(array, dtype=tg.float32) for array in tg.data.xor())
    >>> model = tg.nn.Sequential(tg.nn.Linear(2, 4), tg.nn.Sigmoid(), tg.nn.Linear(4, 1))
    >>> optimizer = tg.optim.SGD(model.parameters(), lr=1e-5)
    >>> monitor = tg.train.Monitor(every=10)
    >>> _ = tg.train.fit(model, tg.nn.BCEWithLogitsLoss(), optimizer, [(x, y)], epochs=100, callbacks=[monitor])
    >>> monitor.report().codes
    ('learning-rate-too-small',)
    """

    def __init__(
        self, model: Module | None = None, optimizer: Optimizer | None = None, every: int | None = None
    ) -> None:
        if every is not None and not every >= 1:
            raise ArgumentError(f"Monitor: every is a number of steps from 1, got {every!r}")
        if optimizer is not None and not isinstance(optimizer, Optimizer):
            raise ArgumentError(f"Monitor: expected a tg.optim optimizer, got {type(optimizer).__name__}")
        self.every = every
        self._begin(None if model is None else check_module(model, "Monitor"), optimizer)

    def _begin(self, model: Module | None, optimizer: Optimizer | None) -> None:
        self.optimizer = optimizer
        self.losses: list[float] = []
        self.samples: list[Sample] = []
        self.epochs: list[int] = []  # how many steps there were at the end of each
        self.history: History | None = None
        self._weights = {} if model is None else _weights(model)
        self._before: dict[str, Any] = {}  # parts of the weights before the step that is looked at
        self._next = 1  # the step that is looked at next
        self._began = self._spent = 0.0
        self._broken = ""

    # ------------------------------------------------------------------ while it trains

    def on_fit_start(self, training: Training) -> None:
        """Begin afresh."""
        self._begin(training.model, training.optimizer)
        self.history = training.history

    def on_step(self, training: Training, loss: Tensor) -> None:
        """Note the loss."""
        self.step(loss)

    def on_epoch_end(self, training: Training) -> None:
        """Note where the epoch ends."""
        self.epochs.append(len(self.losses))

    def on_fit_end(self, training: Training) -> None:
        """Finish what was begun in the last step."""
        self._finish()

    def state_dict(self) -> dict[str, Any]:
        """All that was seen so far."""
        self._finish()
        samples = [{**vars(sample), "units": [dict(vars(unit)) for unit in sample.units]} for sample in self.samples]
        return {
            "losses": np.array(self.losses), "epochs": list(self.epochs), "samples": samples, "next": self._next,
            "time": [thread_time() - self._began, self._spent], "broken": self._broken,
        }  # fmt: skip

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Go on where ``state_dict`` was called."""
        self.losses, self.epochs = state_dict["losses"].tolist(), list(state_dict["epochs"])
        self.samples = [Sample(**{**s, "units": [Units(**u) for u in s["units"]]}) for s in state_dict["samples"]]
        self._before, self._next, self._broken = {}, state_dict["next"], state_dict["broken"]
        elapsed, self._spent = state_dict["time"]
        self._began = thread_time() - elapsed

    def step(self, loss: Tensor | float) -> None:
        """Note a step of a loop of your own: call it with the loss, before ``loss.backward()``.

        >>> import tinygrad_bp as tg
        >>> model = tg.nn.Linear(2, 1)
        >>> optimizer = tg.optim.SGD(model.parameters(), lr=0.1)
        >>> monitor = tg.train.Monitor(model, optimizer)
        >>> for _ in range(50):
        ...     optimizer.zero_grad()
        ...     loss = (model(tg.ones(3, 2)) ** 2).mean()
        ...     monitor.step(loss)
        ...     loss.backward()
        ...     optimizer.step()
        >>> len(monitor.losses)
        50
        """
        self.losses.append(loss._value.item() if isinstance(loss, Tensor) else float(loss))
        if self._before:
            self._finish()
        if len(self.losses) >= self._next or not isfinite(self.losses[-1]):
            began = thread_time()
            self._look(loss)
            self._next = self._after(began, thread_time())

    def _after(self, began: float, now: float) -> int:
        """The next step to look at: when all that has been spent on it, and once more, is within its share."""
        steps = len(self.losses)
        if self.every is not None:
            return steps + self.every
        if steps == 1:  # which had rules to compile, that backward has compiled now
            self._began = now
            return 2
        self._spent += now - began
        elapsed = max(now - self._began, 1e-9)
        return steps + max(1, ceil((self._spent + now - began) / SHARE * (steps - 1) / elapsed) - steps)

    def _look(self, loss: Any) -> None:
        """Look at this step; how long it is shows when the next begins."""
        if not self._weights:
            raise ArgumentError("Monitor: give it the model, Monitor(model, optimizer); fit does so by itself")
        if not isfinite(self.losses[-1]):
            self._broken = self._broken or _first_broken(self._weights)
        elif isinstance(loss, Tensor):
            sample = taken(len(self.losses), loss, self._weights)
            self._before = {name: part_of(weight) for name, weight in self._weights.items()}
            self.samples.append(sample)

    def _finish(self) -> None:
        """How far the weights went in the step that was looked at."""
        before, self._before = self._before, {}
        for name, old in before.items():
            long = length(old)
            if long and isfinite(moved := length(part_of(self._weights[name]) - old)):
                self.samples[-1].updates[name] = moved / long

    # ------------------------------------------------------------------ what it tells

    def report(self) -> Report:
        """What happened, most serious first; empty where nothing did that should not."""
        self._finish()
        rate = float(self.optimizer.param_groups[0]["lr"]) if self.optimizer is not None else None
        return told(Record(self.losses, self.samples, self.epochs, self.history, rate, self._broken))

    def __str__(self) -> str:
        return str(self.report())

    def __repr__(self) -> str:
        return f"Monitor({len(self.losses)} steps, {len(self.samples)} looked at)"

    def plot(self, path: str | Path | None = None) -> Any:
        """Draw the loss, and by layer gradients, updates of the weights, and saturated and dead units, over the steps.

        Returns the matplotlib ``Figure``, which Jupyter shows; ``path`` saves it, in the format of its suffix. Needs
        matplotlib.
        """
        from .curves import draw

        self._finish()
        return draw(self.losses, self.samples, path)


def _weights(model: Module) -> dict[str, Tensor]:
    """The weights of the layers by name, which have rows and columns; of a model without such, every parameter."""
    named: dict[str, Tensor] = {
        name: p for name, p in model.named_parameters() if p.requires_grad and p._value.dtype.kind == "f"
    }
    return {name: p for name, p in named.items() if p.ndim >= 2} or named


def _first_broken(weights: dict[str, Tensor]) -> str:
    return next((name for name, weight in weights.items() if not np.isfinite(weight._value).all()), "")
