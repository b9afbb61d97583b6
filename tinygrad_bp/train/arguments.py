"""What ``fit`` refuses among its arguments, before anything changes."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

from ..autograd.errors import ArgumentError
from ..autograd.tensor import Tensor
from ..nn.module import check_module
from ..optim.lbfgs import LBFGS
from ..optim.optimizer import Optimizer
from .callbacks import Callback
from .history import MONITORS
from .snapshots import Checkpoint, has_state


def check(
    model: Any, loss: Any, optimizer: Any, epochs: Any, clip_grad_norm: float | None, *schedules: Any
) -> None:  # fmt: skip
    """Everything but the data and the callbacks."""
    check_module(model, "fit: model")
    if not callable(loss):
        raise ArgumentError(f"fit: loss is called with (model(x), y), and {type(loss).__name__} cannot be called")
    if not isinstance(optimizer, Optimizer):
        raise ArgumentError(f"fit: optimizer: expected a tg.optim optimizer, got {type(optimizer).__name__}")
    if isinstance(optimizer, LBFGS):
        raise ArgumentError(
            "fit: LBFGS asks for the loss several times in a step, and fit computes it once; write the loop, with "
            "optimizer.step(closure)"
        )
    own = {id(p) for p in model.parameters()}
    if not any(id(p) in own for group in optimizer.param_groups for p in group["params"]):
        raise ArgumentError(
            "fit: none of the optimizer's tensors is a parameter of the model, so the model would not learn; build the "
            "optimizer from this model's parameters()"
        )
    if not isinstance(epochs, int) or epochs < 0:
        raise ArgumentError(f"fit: epochs is a whole number from 0, got {epochs!r}")
    if clip_grad_norm is not None and not clip_grad_norm > 0:
        raise ArgumentError(f"fit: clip_grad_norm is a norm above 0, got {clip_grad_norm!r}")
    for schedule in schedules:
        if schedule is None:
            continue
        if not callable(getattr(schedule, "step", None)):
            raise ArgumentError(f"fit: a schedule has a step(), {type(schedule).__name__} has none")
        if getattr(schedule, "optimizer", optimizer) is not optimizer:
            raise ArgumentError("fit: the schedule changes another optimizer's learning rate; build it with this one")
    if schedules[-1] is not None and wanted(schedules[-1]):
        raise ArgumentError(
            f"fit: batch_schedule: {type(schedules[-1]).__name__} wants the loss of an epoch; give it as schedule"
        )


def wanted(schedule: Any) -> int:
    """How many figures the ``step`` of a schedule asks for."""
    return sum(p.default is p.empty for p in inspect.signature(schedule.step).parameters.values())


def check_data(name: str, data: Any, epochs: int) -> None:
    """Batches for so many epochs."""
    pair = isinstance(data, tuple) and len(data) == 2 and not isinstance(data[0], (tuple, list))
    if pair or isinstance(data, Tensor) or hasattr(data, "__array__"):
        raise ArgumentError(f"fit: {name} is a DataLoader or a list of batches; give [(x, y)] for a single batch")
    if not hasattr(data, "__iter__"):
        raise ArgumentError(
            f"fit: {name} is a DataLoader or a list of pairs (x, y), got {type(data).__name__}; a dataset goes into "
            f"DataLoader({name}, batch_size=…)"
        )
    if epochs > 1 and isinstance(data, Iterator):
        raise ArgumentError(
            f"fit: {name} is a {type(data).__name__}, which ends after one epoch, and {epochs} were asked for; give a "
            "DataLoader or a list of pairs (x, y)"
        )
    if length_of(data) == 0:
        raise ArgumentError(f"fit: {name} is empty; give at least one batch (is drop_last=True with too few rows?)")


def length_of(data: Any) -> int | None:
    """How many batches there are; None where nobody knows, as of a loader of an ``IterableDataset``."""
    try:
        return len(data)
    except TypeError:
        return None


def check_callbacks(callbacks: Sequence[Any], resume: Any, validates: bool, *schedules: Any) -> Checkpoint | None:
    """What keeps snapshots, if anything does."""
    for callback in callbacks:
        if not isinstance(callback, Callback) and not callable(callback):
            raise ArgumentError(f"fit: a callback is a function or a tg.train.Callback, got {type(callback).__name__}")
    keepers = [callback for callback in callbacks if isinstance(callback, Checkpoint)]
    if len(keepers) > 1:
        raise ArgumentError(f"fit: {len(keepers)} Checkpoints among the callbacks; one keeps all that is needed")
    if resume is not None and not isinstance(resume, (str, PathLike)):
        raise ArgumentError(f"fit: resume is a folder, where snapshots are kept, got {type(resume).__name__}")
    if resume is not None and not keepers:
        keepers = [Checkpoint(resume)]
    if not keepers:
        return None
    keeper = keepers[0]
    if resume is not None and keeper.folder.resolve() != Path(resume).resolve():
        raise ArgumentError(f"fit: resume={str(resume)!r}, and {keeper!r} keeps snapshots elsewhere; name one folder")
    for schedule in schedules:
        if schedule is not None and not has_state(schedule):
            raise ArgumentError(
                f"{keeper!r}: {type(schedule).__name__} has no state_dict() and load_state_dict(), so no snapshot can "
                "keep where it stands; write them"
            )
    if keeper.monitor is not None and keeper.monitor not in MONITORS:
        raise ArgumentError(f"{keeper!r}: in fit, monitor is one of {', '.join(MONITORS)}; got {keeper.monitor!r}")
    if keeper.monitor is not None and keeper.monitor.startswith("val_") and not validates:
        raise ArgumentError(
            f"{keeper!r}: fit was given no validation data, so there is no {keeper.monitor}; give val=…"
        )
    return keeper
