"""Schedules made of schedules."""

from __future__ import annotations

import bisect
from collections.abc import Sequence
from typing import Any

from ...autograd.errors import ArgumentError, StateDictError
from ..optimizer import Optimizer
from .plateau import ReduceLROnPlateau
from .scheduler import LRScheduler, refuse_in_programs, write


class _Combined(LRScheduler):
    """What has the states of several schedules in its own."""

    _schedulers: list[LRScheduler]

    def state_dict(self) -> dict[str, Any]:
        """The numbers of this schedule, and the state of each that it is made of."""
        own = super().state_dict()
        return {**own, "_schedulers": [scheduler.state_dict() for scheduler in self._schedulers]}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over what ``state_dict`` gave; raises ``StateDictError`` where that was another kind of schedule."""
        states = state_dict.get("_schedulers") if isinstance(state_dict, dict) else None
        if not isinstance(states, list) or len(states) != len(self._schedulers):
            raise StateDictError(
                f"load_state_dict: {type(self).__name__} is made of {len(self._schedulers)} schedules, the state_dict "
                f"has {len(states) if isinstance(states, list) else 'none'}"
            )
        mine = self._schedulers
        before = [scheduler.state_dict() for scheduler in mine]
        try:
            for scheduler, state in zip(mine, states, strict=True):
                scheduler.load_state_dict(state)
            super().load_state_dict(state_dict)
        except Exception:
            for scheduler, state in zip(mine, before, strict=True):
                scheduler.load_state_dict(state)
            raise
        self._schedulers = mine


class SequentialLR(_Combined):
    """One schedule after the other: the next begins at each of the ``milestones``, one fewer than schedules.

    >>> import tinygrad_bp as tg
    >>> optimizer = tg.optim.SGD([tg.zeros(1, requires_grad=True)], lr=1.0)
    >>> warm = tg.optim.lr_scheduler.ConstantLR(optimizer, factor=0.5, total_iters=9)
    >>> fall = tg.optim.lr_scheduler.ExponentialLR(optimizer, gamma=0.5)
    >>> schedule = tg.optim.lr_scheduler.SequentialLR(optimizer, [warm, fall], milestones=[2])
    >>> rates = []
    >>> for _ in range(4):
    ...     optimizer.step()
    ...     schedule.step()
    ...     rates += schedule.get_last_lr()
    >>> rates
    [0.5, 1.0, 0.5, 0.25]
    """

    last_epoch: int
    _milestones: list[int]

    def __init__(
        self, optimizer: Optimizer, schedulers: Sequence[LRScheduler], milestones: Sequence[int], last_epoch: int = -1
    ) -> None:
        check_all("SequentialLR", schedulers, optimizer)
        if len(milestones) != len(schedulers) - 1:
            raise ArgumentError(
                f"SequentialLR: {len(schedulers)} schedules need {len(schedulers) - 1} milestones between them, got "
                f"{len(milestones)}"
            )
        self._schedulers, self._milestones = list(schedulers), list(milestones)
        self._attach(optimizer)
        self.last_epoch = last_epoch + 1
        for group in optimizer.param_groups:
            write(group, "lr", group["initial_lr"])
        self.recursive_undo()
        first = self._schedulers[bisect.bisect_right(self._milestones, 0)]
        first._initial_step()
        self._last_lr = first.get_last_lr()

    def recursive_undo(self, sched: Any = None) -> None:
        """Take back the steps that the schedules made when they were made."""
        schedule = self if sched is None else sched
        if hasattr(schedule, "_schedulers"):
            for scheduler in schedule._schedulers:
                self.recursive_undo(scheduler)
        elif hasattr(schedule, "last_epoch"):
            schedule.last_epoch -= 1

    def step(self) -> None:  # type: ignore[override]
        """Go on by one, and write the rates into the optimizer's groups."""
        refuse_in_programs(self)
        self.last_epoch += 1
        number = bisect.bisect_right(self._milestones, self.last_epoch)
        scheduler = self._schedulers[number]
        if number and self._milestones[number - 1] == self.last_epoch:
            scheduler._update_lr(0)
        else:
            scheduler.step()
        self._last_lr = scheduler.get_last_lr()


class ChainedScheduler(_Combined):
    """Several schedules stepped together: their factors multiply.

    >>> import tinygrad_bp as tg
    >>> optimizer = tg.optim.SGD([tg.zeros(1, requires_grad=True)], lr=1.0)
    >>> halves = [tg.optim.lr_scheduler.ExponentialLR(optimizer, gamma=0.5) for _ in range(2)]
    >>> schedule = tg.optim.lr_scheduler.ChainedScheduler(halves)
    >>> optimizer.step()
    >>> schedule.step()
    >>> schedule.get_last_lr()
    [0.25]
    """

    def __init__(self, schedulers: Sequence[LRScheduler], optimizer: Optimizer | None = None) -> None:
        check_all("ChainedScheduler", schedulers, optimizer)
        self._schedulers = list(schedulers)
        self._attach(optimizer or self._schedulers[0].optimizer)
        self._last_lr = self._rates()

    def step(self) -> None:  # type: ignore[override]
        """Step each of them, in their order."""
        for scheduler in self._schedulers:
            scheduler.step()
        self._last_lr = self._rates()

    def __repr__(self) -> str:
        return f"ChainedScheduler({self._schedulers}, lr={self._last_lr})"


def check_all(who: str, schedulers: Sequence[LRScheduler], optimizer: Optimizer | None) -> None:
    """Raise ``ArgumentError`` where there are no schedules, or one cannot be stepped with the others."""
    if not schedulers:
        raise ArgumentError(f"{who}: give at least one schedule")
    for number, scheduler in enumerate(schedulers):
        if not hasattr(scheduler, "optimizer"):
            raise ArgumentError(f"{who}: schedule {number} is none, got {type(scheduler).__name__}")
        if isinstance(scheduler, ReduceLROnPlateau):
            raise ArgumentError(f"{who}: schedule {number}, ReduceLROnPlateau, needs a number; step it yourself")
        if scheduler.optimizer is not (optimizer or schedulers[0].optimizer):
            raise ArgumentError(f"{who}: schedule {number} belongs to another optimizer; make all with the same one")
