"""What may happen at the end of an epoch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..autograd.errors import ArgumentError
from ..autograd.tensor import Tensor
from ..nn.module import Module
from ..optim.optimizer import Optimizer
from .history import MONITORS, History


@dataclass(frozen=True)
class Training:
    """What a callback is given: the parts of a running ``fit``, and its history so far."""

    model: Module
    optimizer: Optimizer
    history: History
    epochs: int  # asked for
    validates: bool  # whether there is validation data


class Callback:
    """The base of callbacks that need more than the end of an epoch; a plain function is called there as well.

    Written for one run after another: ``on_fit_start`` begins afresh. One that remembers something from epoch to epoch
    writes ``state_dict()``, which gives it as plain values and tensors, and ``load_state_dict(state_dict)``: snapshots
    keep it.
    """

    def on_fit_start(self, training: Training) -> None:
        """Before the first epoch, and before anything has changed: the place to refuse."""

    def on_step(self, training: Training, loss: Tensor) -> None:
        """In each step, between forward and backward; of a compiled step, after it."""

    def on_epoch_end(self, training: Training) -> Any:
        """After each epoch, its figures in ``training.history``; return True to stop."""

    def on_fit_end(self, training: Training) -> None:
        """After the last epoch, an interrupt or a loss that is not finite."""


class _Monitor(Callback):
    """Follows one list of the history and knows its best value so far."""

    def __init__(self, monitor: str, min_delta: float, mode: str | None) -> None:
        if monitor not in MONITORS:
            raise ArgumentError(f"{type(self).__name__}: monitor is one of {', '.join(MONITORS)}; got {monitor!r}")
        if mode not in (None, "min", "max"):
            raise ArgumentError(f"{type(self).__name__}: mode is 'min' or 'max' (None: by the name); got {mode!r}")
        if not min_delta >= 0:
            raise ArgumentError(f"{type(self).__name__}: min_delta must not be negative, got {min_delta}")
        self.monitor = monitor
        self.min_delta = min_delta
        self.mode = mode or ("max" if monitor.endswith("accuracy") else "min")
        self.best: float | None = None

    def on_fit_start(self, training: Training) -> None:
        """Forget an earlier run; refuse a validation figure without validation data."""
        if self.monitor.startswith("val_") and not training.validates:
            raise ArgumentError(
                f"{self!r}: fit was given no validation data, so there is no {self.monitor}; give val=…, or "
                f"monitor={self.monitor.removeprefix('val_')!r}"
            )
        self.best = None

    def state_dict(self) -> dict[str, Any]:
        """The best value so far."""
        return {"best": self.best}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Go on where ``state_dict`` was called."""
        self.best = state_dict["best"]

    def improved(self, training: Training) -> bool:
        """Whether the last epoch is better than the best before it; takes it over then."""
        value = getattr(training.history, self.monitor)[-1]
        if value is None:
            raise ArgumentError(
                f"{self!r}: this loss has no accuracy (see History); monitor a loss, or give fit a metric=…"
            )
        sign = 1 if self.mode == "max" else -1
        if self.best is not None and not sign * (value - self.best) > self.min_delta:
            return False
        self.best = value
        return True

    def __repr__(self) -> str:
        return f"{type(self).__name__}(monitor={self.monitor!r})"


class EarlyStopping(_Monitor):
    """Stop when ``patience`` epochs in a row have not improved on the best one by more than ``min_delta``.

    ``monitor`` is ``"loss"``, ``"accuracy"``, ``"val_loss"`` or ``"val_accuracy"``; ``mode`` None takes ``"max"`` for
    accuracies and ``"min"`` for losses. The model keeps the weights of its last epoch; ``KeepBest`` brings back the
    best ones. Raises ``ArgumentError`` for settings without a meaning.

    >>> import tinygrad_bp as tg
    >>> tg.train.EarlyStopping(monitor="val_accuracy", patience=3)
    EarlyStopping(monitor='val_accuracy', patience=3)
    """

    waited: int

    def __init__(
        self, monitor: str = "val_loss", patience: int = 5, min_delta: float = 0.0, mode: str | None = None
    ) -> None:
        super().__init__(monitor, min_delta, mode)
        if not patience >= 1:
            raise ArgumentError(f"EarlyStopping: patience is a number of epochs from 1, got {patience}")
        self.patience = patience
        self.waited = 0

    def on_fit_start(self, training: Training) -> None:
        """Begin afresh."""
        super().on_fit_start(training)
        self.waited = 0

    def state_dict(self) -> dict[str, Any]:
        """The best value so far, and for how many epochs nothing has improved on it."""
        return {**super().state_dict(), "waited": self.waited}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Go on where ``state_dict`` was called."""
        super().load_state_dict(state_dict)
        self.waited = state_dict["waited"]

    def on_epoch_end(self, training: Training) -> bool:
        """Whether to stop."""
        self.waited = 0 if self.improved(training) else self.waited + 1
        return self.waited >= self.patience

    def __repr__(self) -> str:
        return f"EarlyStopping(monitor={self.monitor!r}, patience={self.patience})"


class KeepBest(_Monitor):
    """Give the model the weights of its best epoch when ``fit`` ends, by an interrupt as well.

    ``monitor`` and ``mode`` as in ``EarlyStopping``; of equal epochs the first counts. ``best`` is its figure and
    ``epoch`` its place in the history's lists.
    """

    def __init__(self, monitor: str = "val_loss", mode: str | None = None) -> None:
        super().__init__(monitor, 0.0, mode)
        self.epoch: int | None = None
        self._state: dict[str, Any] = {}

    def on_fit_start(self, training: Training) -> None:
        """Begin afresh."""
        super().on_fit_start(training)
        self.epoch, self._state = None, {}

    def state_dict(self) -> dict[str, Any]:
        """The best value so far, its epoch and its weights."""
        return {**super().state_dict(), "epoch": self.epoch, "weights": self._state}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Go on where ``state_dict`` was called."""
        super().load_state_dict(state_dict)
        self.epoch, self._state = state_dict["epoch"], dict(state_dict["weights"])

    def on_epoch_end(self, training: Training) -> None:
        """Copy the weights where they are the best so far."""
        if self.improved(training):
            state = training.model.state_dict()
            self._state = {name: np.array(value.numpy(force=True)) for name, value in state.items()}
            self.epoch = len(training.history) - 1

    def on_fit_end(self, training: Training) -> None:
        """Put the best weights back."""
        if self.epoch is not None:
            training.model.load_state_dict(self._state)
