"""Schedules along half a cosine."""

from __future__ import annotations

import math
from typing import Any

from ...autograd.errors import ArgumentError
from ..optimizer import Optimizer
from .scheduler import LRScheduler, refuse_in_programs, refuse_unless


class CosineAnnealingLR(LRScheduler):
    """From the first rate to ``eta_min`` along half a cosine of ``T_max`` steps, and back again after that.

    Source: Loshchilov and Hutter 2017, equation 5, without restarts.

    >>> import tinygrad_bp as tg
    >>> optimizer = tg.optim.SGD([tg.zeros(1, requires_grad=True)], lr=1.0)
    >>> schedule = tg.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=2)
    >>> rates = schedule.get_last_lr()
    >>> for _ in range(3):
    ...     optimizer.step()
    ...     schedule.step()
    ...     rates += schedule.get_last_lr()
    >>> [round(rate, 4) for rate in rates]
    [1.0, 0.5, 0.0, 0.5]
    """

    T_max: int
    eta_min: float

    def __init__(self, optimizer: Optimizer, T_max: int, eta_min: float = 0.0, last_epoch: int = -1) -> None:
        refuse_unless(T_max >= 1, f"CosineAnnealingLR: T_max must be at least 1, got {T_max}")
        self.T_max, self.eta_min = T_max, eta_min
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[Any]:
        """The rate of every group at ``last_epoch``."""
        if self._is_initial:
            return self._rates()
        last, low = self.last_epoch, self.eta_min
        if self._step_count == 1 and last > 0:
            return self._get_closed_form_lr()
        if (last - 1 - self.T_max) % (2 * self.T_max) == 0:  # at the bottom the ratio below is 0 / 0
            rise = (1 - math.cos(math.pi / self.T_max)) / 2
            return [lr + (base - low) * rise for lr, base in zip(self._rates(), self.base_lrs, strict=True)]
        ratio = (1 + math.cos(math.pi * last / self.T_max)) / (1 + math.cos(math.pi * (last - 1) / self.T_max))
        return [ratio * (lr - low) + low for lr in self._rates()]

    def _get_closed_form_lr(self) -> list[Any]:
        part = (1 + math.cos(math.pi * self.last_epoch / self.T_max)) / 2
        return [self.eta_min + (base - self.eta_min) * part for base in self.base_lrs]


class CosineAnnealingWarmRestarts(LRScheduler):
    """From the first rate to ``eta_min`` along half a cosine, and at once from the first rate again.

    The first fall has ``T_0`` steps, each further one ``T_mult`` times as many as that before. ``step(epoch)`` takes
    a fraction as well: ``schedule.step(epoch + i / batches)`` after every batch. Source: Loshchilov and Hutter 2017.

    >>> import tinygrad_bp as tg
    >>> optimizer = tg.optim.SGD([tg.zeros(1, requires_grad=True)], lr=1.0)
    >>> schedule = tg.optim.lr_scheduler.CosineAnnealingWarmRestarts(optimizer, T_0=2)
    >>> rates = []
    >>> for _ in range(4):
    ...     optimizer.step()
    ...     schedule.step()
    ...     rates.append(round(schedule.get_last_lr()[0], 4))
    >>> rates
    [0.5, 1.0, 0.5, 1.0]
    """

    last_epoch: int
    T_0: int
    T_i: int
    T_mult: int
    T_cur: float
    eta_min: float

    def __init__(
        self, optimizer: Optimizer, T_0: int, T_mult: int = 1, eta_min: float = 0.0, last_epoch: int = -1
    ) -> None:
        for name, value in (("T_0", T_0), ("T_mult", T_mult)):
            whole = isinstance(value, int) and value >= 1
            refuse_unless(whole, f"CosineAnnealingWarmRestarts: {name} is an integer from 1, got {value}")
        self.T_0 = self.T_i = T_0
        self.T_mult, self.eta_min, self.T_cur = T_mult, eta_min, last_epoch
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[Any]:
        """The rate of every group at ``T_cur`` of the ``T_i`` steps of this fall."""
        part = (1 + math.cos(math.pi * self.T_cur / self.T_i)) / 2
        return [self.eta_min + (base - self.eta_min) * part for base in self.base_lrs]

    def step(self, epoch: float | None = None) -> None:
        """Go on by one, or to ``epoch``, and write the rates into the optimizer's groups."""
        refuse_in_programs(self)
        if epoch is not None and epoch < 0:
            raise ArgumentError(f"CosineAnnealingWarmRestarts: epoch must not be negative, got {epoch}")
        if epoch is None and self.last_epoch >= 0:
            epoch = self.last_epoch + 1
            self.T_cur += 1
            if self.T_cur >= self.T_i:
                self.T_cur, self.T_i = self.T_cur % self.T_i, self.T_i * self.T_mult
        else:
            epoch = epoch or 0
            self.T_cur, self.T_i = self._place_of(epoch)
        self.last_epoch = math.floor(epoch)
        self._write(self.get_lr)

    def _place_of(self, epoch: float) -> tuple[float, int]:
        """How far an epoch is in its fall, and the length of that."""
        if epoch < self.T_0:
            return epoch, self.T_0
        if self.T_mult == 1:
            return epoch % self.T_0, self.T_i
        falls = int(math.log(epoch / self.T_0 * (self.T_mult - 1) + 1, self.T_mult))
        passed = self.T_0 * (self.T_mult**falls - 1) / (self.T_mult - 1)
        return epoch - passed, self.T_0 * self.T_mult**falls
