"""The schedule that waits until a number gets no better."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ...autograd.errors import ArgumentError
from ...autograd.tensor import Tensor
from ..optimizer import Optimizer
from .scheduler import LRScheduler, per_group, refuse_in_programs, refuse_unless, write


class ReduceLROnPlateau(LRScheduler):
    """The rate times ``factor`` when a number has not become better for more than ``patience`` steps.

    ``step(metrics)`` takes the number, such as a validation loss: smaller is better with ``mode="min"``, larger with
    ``"max"``. Better means by more than ``threshold``, a part of the best so far (``"rel"``) or a difference
    (``"abs"``). After a reduction ``cooldown`` steps pass uncounted; a rate stays at or above ``min_lr`` (one number,
    or a list with one for every group), and a change of at most ``eps`` is left out.

    >>> import tinygrad_bp as tg
    >>> optimizer = tg.optim.SGD([tg.zeros(1, requires_grad=True)], lr=1.0)
    >>> schedule = tg.optim.lr_scheduler.ReduceLROnPlateau(optimizer, factor=0.5, patience=1)
    >>> rates = []
    >>> for loss in [3.0, 2.0, 2.0, 2.0, 1.0]:
    ...     optimizer.step()
    ...     schedule.step(loss)
    ...     rates += schedule.get_last_lr()
    >>> rates
    [1.0, 1.0, 1.0, 0.5, 0.5]
    """

    mode: str
    factor: float
    patience: int
    cooldown: int
    threshold: float
    threshold_mode: str
    eps: float
    min_lrs: list[float]
    default_min_lr: float | None
    mode_worse: float
    last_epoch: int
    best: float
    num_bad_epochs: int
    cooldown_counter: int

    def __init__(
        self, optimizer: Optimizer, mode: str = "min", factor: float = 0.1, patience: int = 10,
        threshold: float = 1e-4, threshold_mode: str = "rel", cooldown: int = 0,
        min_lr: float | Sequence[float] = 0, eps: float = 1e-8,
    ) -> None:  # fmt: skip
        self._attach(optimizer)
        refuse_unless(mode in ("min", "max"), f"ReduceLROnPlateau: mode is 'min' or 'max', got {mode!r}")
        refuse_unless(
            threshold_mode in ("rel", "abs"),
            f"ReduceLROnPlateau: threshold_mode is 'rel' or 'abs', got {threshold_mode!r}",
        )
        refuse_unless(factor < 1, f"ReduceLROnPlateau: factor must be below 1, got {factor}")
        self.factor, self.default_min_lr = factor, min_lr if isinstance(min_lr, (int, float)) else None
        self.min_lrs = per_group("ReduceLROnPlateau", "min_lr", min_lr, optimizer)
        self.patience, self.cooldown, self.eps = patience, cooldown, eps
        self.last_epoch, self._last_lr = 0, self._rates()
        self.mode_worse = math.inf if mode == "min" else -math.inf
        self.mode, self.threshold, self.threshold_mode = mode, threshold, threshold_mode
        self._reset()

    def _reset(self) -> None:
        """Begin anew: nothing has been the best so far."""
        self.best, self.cooldown_counter, self.num_bad_epochs = self.mode_worse, 0, 0

    @property
    def in_cooldown(self) -> bool:
        """Whether steps pass uncounted, after a reduction."""
        return self.cooldown_counter > 0

    def step(self, metrics: float | Tensor, epoch: int | None = None) -> None:  # type: ignore[override]
        """Take the number of this epoch (a float or a tensor of one element) and reduce the rates where it is time."""
        refuse_in_programs(self)
        current = float(metrics.item() if isinstance(metrics, Tensor) else metrics)
        self.last_epoch = self.last_epoch + 1 if epoch is None else epoch
        if self._better(current):
            self.best, self.num_bad_epochs = current, 0
        else:
            self.num_bad_epochs += 1
        if self.in_cooldown:
            self.cooldown_counter -= 1
            self.num_bad_epochs = 0
        if self.num_bad_epochs > self.patience:
            for group, low in zip(self.optimizer.param_groups, self._lowest(), strict=True):
                before = float(group["lr"])
                lr = max(before * self.factor, low)
                if before - lr > self.eps:
                    write(group, "lr", lr)
            self.cooldown_counter, self.num_bad_epochs = self.cooldown, 0
        self._last_lr = self._rates()

    def _lowest(self) -> list[float]:
        """The bound of every group, also of those that came later, where there is one bound for all."""
        missing = len(self.optimizer.param_groups) - len(self.min_lrs)
        if missing and self.default_min_lr is None:
            raise ArgumentError(
                f"ReduceLROnPlateau: min_lrs has {len(self.min_lrs)} values, the optimizer now "
                f"{len(self.optimizer.param_groups)} groups; append one for each new group"
            )
        return self.min_lrs + [self.default_min_lr or 0.0] * missing

    def _better(self, current: float) -> bool:
        sign = 1 if self.mode == "max" else -1
        if self.threshold_mode == "rel":
            bound = self.best * (1 + sign * self.threshold)
        else:
            bound = self.best + sign * self.threshold
        return current > bound if self.mode == "max" else current < bound
