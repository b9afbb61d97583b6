"""Schedules that go up and down, the momentum the other way."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from ...autograd.errors import ArgumentError
from ..optimizer import Optimizer
from .scheduler import LRScheduler, per_group, refuse_unless, write


class CyclicLR(LRScheduler):
    """From ``base_lr`` up to ``max_lr`` in ``step_size_up`` steps, down again in ``step_size_down``, and so on.

    ``mode`` says how high the peaks are: ``"triangular"`` all the same, ``"triangular2"`` each half of that before,
    ``"exp_range"`` times ``gamma ** step``. ``scale_fn`` is a function of your own instead, of the number of the cycle
    (from 1) or, with ``scale_mode="iterations"``, of the step. With ``cycle_momentum`` the momentum (Adam's first beta)
    goes the other way between ``max_momentum`` and ``base_momentum``. Meant to be stepped after every batch. Source:
    Smith 2017.

    >>> import tinygrad_bp as tg
    >>> optimizer = tg.optim.SGD([tg.zeros(1, requires_grad=True)], momentum=0.9)
    >>> schedule = tg.optim.lr_scheduler.CyclicLR(optimizer, base_lr=1.0, max_lr=3.0, step_size_up=2)
    >>> rates = []
    >>> for _ in range(5):
    ...     optimizer.step()
    ...     schedule.step()
    ...     rates += schedule.get_last_lr()
    >>> rates
    [2.0, 3.0, 2.0, 1.0, 2.0]
    """

    max_lrs: list[Any]
    total_size: float
    step_ratio: float
    mode: str
    gamma: float
    scale_mode: str
    cycle_momentum: bool
    use_beta1: bool
    base_momentums: list[Any]
    max_momentums: list[Any]

    def __init__(
        self, optimizer: Optimizer, base_lr: float | Sequence[float], max_lr: float | Sequence[float],
        step_size_up: int = 2000, step_size_down: int | None = None, mode: str = "triangular", gamma: float = 1.0,
        scale_fn: Callable[[float], float] | None = None, scale_mode: str = "cycle", cycle_momentum: bool = True,
        base_momentum: float | Sequence[float] = 0.8, max_momentum: float | Sequence[float] = 0.9,
        last_epoch: int = -1,
    ) -> None:  # fmt: skip
        self._attach(optimizer)
        modes = {"triangular": "cycle", "triangular2": "cycle", "exp_range": "iterations"}
        refuse_unless(
            mode in [*modes] or scale_fn is not None,
            f"CyclicLR: mode is 'triangular', 'triangular2' or 'exp_range', got {mode!r}; or give scale_fn=",
        )
        refuse_unless(
            scale_mode in ("cycle", "iterations"),
            f"CyclicLR: scale_mode is 'cycle' or 'iterations', got {scale_mode!r}",
        )
        refuse_unless(step_size_up >= 1, f"CyclicLR: step_size_up must be at least 1, got {step_size_up}")
        check_momentum("CyclicLR", cycle_momentum, optimizer)
        base_lrs, self.max_lrs, self.base_momentums, self.max_momentums = (
            per_group("CyclicLR", name, given, optimizer)
            for name, given in (("base_lr", base_lr), ("max_lr", max_lr), ("base_momentum", base_momentum),
                                ("max_momentum", max_momentum))
        )  # fmt: skip
        down = step_size_up if step_size_down is None else step_size_down
        refuse_unless(down >= 0, f"CyclicLR: step_size_down must not be negative, got {down}")
        self.total_size = float(step_size_up + down)
        self.step_ratio = step_size_up / self.total_size
        self.mode, self.gamma, self._scale_fn_custom = mode, gamma, scale_fn
        self.scale_mode = scale_mode if scale_fn is not None else modes[mode]
        self.cycle_momentum, self.use_beta1 = cycle_momentum, "betas" in optimizer.defaults
        if last_epoch == -1:
            for group, lr, low, high in zip(optimizer.param_groups, base_lrs, self.base_momentums, self.max_momentums,
                                            strict=True):  # fmt: skip
                write(group, "lr", lr)
                if cycle_momentum:
                    set_momentum(group, high)
                    group.update(max_momentum=high, base_momentum=low)
        super().__init__(optimizer, last_epoch)
        self.base_lrs = base_lrs

    def scale_fn(self, x: float) -> float:
        """How high a peak is, as a part of the first: ``x`` is the number of the cycle or of the step."""
        if self._scale_fn_custom is not None:
            return self._scale_fn_custom(x)
        if self.mode == "triangular":
            return 1.0
        return 2.0 ** (1 - x) if self.mode == "triangular2" else float(self.gamma**x)

    def get_lr(self) -> list[Any]:
        """The rate of every group at ``last_epoch``; the momenta are written."""
        cycle = math.floor(1 + self.last_epoch / self.total_size)
        x = 1.0 + self.last_epoch / self.total_size - cycle
        part = x / self.step_ratio if x <= self.step_ratio else (x - 1) / (self.step_ratio - 1)
        part *= self.scale_fn(cycle if self.scale_mode == "cycle" else self.last_epoch)
        if self.cycle_momentum:
            for group, low, high in zip(self.optimizer.param_groups, self.base_momentums, self.max_momentums,
                                        strict=True):  # fmt: skip
                set_momentum(group, high - (high - low) * part)
        return [low + (high - low) * part for low, high in zip(self.base_lrs, self.max_lrs, strict=True)]


def _cosine(start: float, end: float, part: float) -> float:
    return end + (start - end) / 2.0 * (math.cos(math.pi * part) + 1)


def _straight(start: float, end: float, part: float) -> float:
    return (end - start) * part + start


class OneCycleLR(LRScheduler):
    """Up to ``max_lr`` and down to almost nothing within ``total_steps`` (or ``epochs · steps_per_epoch``).

    The rate goes from ``max_lr / div_factor`` to ``max_lr`` in the first ``pct_start`` of the steps, then to
    ``max_lr / div_factor / final_div_factor``; with ``three_phase`` first back to where it began, in as many steps.
    With ``cycle_momentum`` the momentum (Adam's first beta) goes the other way, from ``max_momentum`` to
    ``base_momentum`` and back. ``max_lr``, ``base_momentum`` and ``max_momentum`` may be lists, one number a group.
    Meant to be stepped after every batch. Source: Smith and Topin 2018, as PyTorch has it. ``step()`` raises
    ``ArgumentError`` beyond the last step.

    >>> import tinygrad_bp as tg
    >>> optimizer = tg.optim.SGD([tg.zeros(1, requires_grad=True)], lr=1.0)
    >>> schedule = tg.optim.lr_scheduler.OneCycleLR(optimizer, 1.0, total_steps=4, pct_start=0.5, cycle_momentum=False)
    >>> rates = schedule.get_last_lr()
    >>> for _ in range(3):
    ...     optimizer.step()
    ...     schedule.step()
    ...     rates += schedule.get_last_lr()
    >>> [round(rate, 2) for rate in rates]
    [0.04, 1.0, 0.5, 0.0]
    """

    total_steps: int
    cycle_momentum: bool
    use_beta1: bool
    _anneal_func_type: str
    _schedule_phases: list[dict[str, Any]]

    def __init__(
        self, optimizer: Optimizer, max_lr: float | Sequence[float], total_steps: int | None = None,
        epochs: int | None = None, steps_per_epoch: int | None = None, pct_start: float = 0.3,
        anneal_strategy: str = "cos", cycle_momentum: bool = True, base_momentum: float | Sequence[float] = 0.85,
        max_momentum: float | Sequence[float] = 0.95, div_factor: float = 25.0, final_div_factor: float = 1e4,
        three_phase: bool = False, last_epoch: int = -1,
    ) -> None:  # fmt: skip
        self._attach(optimizer)
        if total_steps is None:
            if epochs is None or steps_per_epoch is None:
                raise ArgumentError("OneCycleLR: give total_steps, or epochs and steps_per_epoch")
            total_steps = epochs * steps_per_epoch
        refuse_unless(total_steps >= 1, f"OneCycleLR: needs at least one step, got {total_steps}")
        refuse_unless(0 <= pct_start <= 1, f"OneCycleLR: pct_start must be in [0, 1], got {pct_start}")
        refuse_unless(
            anneal_strategy in ("cos", "linear"),
            f"OneCycleLR: anneal_strategy is 'cos' or 'linear', got {anneal_strategy!r}",
        )
        check_momentum("OneCycleLR", cycle_momentum, optimizer)
        max_lrs, max_momenta, base_momenta = (
            per_group("OneCycleLR", name, given, optimizer)
            for name, given in (("max_lr", max_lr), ("max_momentum", max_momentum), ("base_momentum", base_momentum))
        )
        self.total_steps, self._anneal_func_type = total_steps, anneal_strategy
        self.cycle_momentum, self.use_beta1 = cycle_momentum, "betas" in optimizer.defaults
        up, down, out = ("initial_lr", "max_lr"), ("max_lr", "initial_lr"), ("initial_lr", "min_lr")
        self._schedule_phases = [phase(pct_start * total_steps - 1, up, "max_momentum", "base_momentum")]
        if three_phase:
            self._schedule_phases += [phase(2 * pct_start * total_steps - 2, down, "base_momentum", "max_momentum")]
            self._schedule_phases += [phase(total_steps - 1, out, "max_momentum", "max_momentum")]
        else:
            self._schedule_phases += [phase(total_steps - 1, ("max_lr", "min_lr"), "base_momentum", "max_momentum")]
        if last_epoch == -1:
            for i, group in enumerate(optimizer.param_groups):
                low = max_lrs[i] / div_factor
                group.update(initial_lr=low, max_lr=max_lrs[i], min_lr=low / final_div_factor)
                if cycle_momentum:
                    group.update(max_momentum=max_momenta[i], base_momentum=base_momenta[i])
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[Any]:
        """The rate of every group at ``last_epoch``; the momenta are written."""
        start_step, phases = 0.0, self._schedule_phases
        for now in phases:
            if self.last_epoch <= now["end_step"] or now is phases[-1]:
                break
            start_step = now["end_step"]
        length = now["end_step"] - start_step
        part = (self.last_epoch - start_step) / length if length else 1.0
        move = _cosine if self._anneal_func_type == "cos" else _straight
        if self.cycle_momentum:
            for group in self.optimizer.param_groups:
                set_momentum(group, move(group[now["start_momentum"]], group[now["end_momentum"]], part))
        return [move(group[now["start_lr"]], group[now["end_lr"]], part) for group in self.optimizer.param_groups]

    def step(self, epoch: int | None = None) -> None:
        """Go on by one, and write the rates and momenta into the optimizer's groups."""
        if (self.last_epoch + 1 if epoch is None else epoch) > self.total_steps:
            raise ArgumentError(
                f"OneCycleLR: step {self.last_epoch + 1} is beyond the {self.total_steps} steps of the cycle"
            )
        super().step(epoch)


def phase(end_step: float, rates: tuple[str, str], start_momentum: str, end_momentum: str) -> dict[str, Any]:
    """Where a phase of a cycle ends, and between which settings of a group the rate and the momentum go."""
    return {
        "end_step": end_step, "start_lr": rates[0], "end_lr": rates[1], "start_momentum": start_momentum,
        "end_momentum": end_momentum,
    }  # fmt: skip


def check_momentum(schedule: str, cycle_momentum: bool, optimizer: Optimizer) -> None:
    """Raise ``ArgumentError`` where there is no momentum to cycle."""
    refuse_unless(
        not cycle_momentum or not {"momentum", "betas"}.isdisjoint(optimizer.defaults),
        f"{schedule}: {type(optimizer).__name__} has neither momentum nor betas; pass cycle_momentum=False",
    )


def set_momentum(group: dict[str, Any], momentum: float) -> None:
    """Write the momentum of a group, or Adam's first beta."""
    if "betas" in group:
        group["betas"] = (momentum, *group["betas"][1:])
    else:
        group["momentum"] = momentum
