"""Schedules of the learning rate, with PyTorch's names, arguments and numbers (its chained form).

A schedule writes ``lr`` into the groups of an optimizer: its first value when it is made, the next one at each
``step()``, once an epoch or once a batch as the schedule is meant. Call it after ``optimizer.step()``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from numbers import Real
from typing import Any

from ..autograd.errors import ArgumentError, StateDictError
from ..autograd.tensor import Tensor
from .optimizer import Optimizer


class LRScheduler:
    """The base: ``last_epoch`` counts the steps, and ``get_lr()`` says the rate of every group at it.

    ``last_epoch`` other than −1 goes on with an optimizer whose groups carry ``initial_lr``, as a loaded one does.
    Raises ``ArgumentError`` for what is not an optimizer.
    """

    base_lrs: list[float]
    last_epoch: int

    def __init__(self, optimizer: Optimizer, last_epoch: int = -1) -> None:
        self._attach(optimizer)
        for number, group in enumerate(optimizer.param_groups):
            if last_epoch == -1:
                group.setdefault("initial_lr", group["lr"])
            elif "initial_lr" not in group:
                raise ArgumentError(
                    f"{type(self).__name__}: last_epoch={last_epoch} goes on with an earlier run, but group {number} "
                    "has no 'initial_lr'; load the optimizer's state_dict first, or leave last_epoch out"
                )
        self.base_lrs = [group["initial_lr"] for group in optimizer.param_groups]
        self.last_epoch = last_epoch
        self._starting = True  # the rate of the first epoch is the optimizer's own
        self.step()
        self._starting = False

    def _attach(self, optimizer: Optimizer) -> None:
        if not isinstance(optimizer, Optimizer):
            raise ArgumentError(f"{type(self).__name__}: give an optimizer, got {type(optimizer).__name__}")
        self.optimizer = optimizer

    def get_lr(self) -> list[float]:
        """The rate of every group at ``last_epoch``, from the rate it has now; a subclass writes it."""
        raise NotImplementedError

    def step(self) -> None:
        """Go on by one, and write the rates into the optimizer's groups."""
        self.last_epoch += 1
        for group, lr in zip(self.optimizer.param_groups, self.get_lr(), strict=True):
            group["lr"] = lr
        self._last_lr = self._rates()

    def _rates(self) -> list[float]:
        return [group["lr"] for group in self.optimizer.param_groups]

    def get_last_lr(self) -> list[float]:
        """The rate of every group as the last ``step()`` left it."""
        return list(self._last_lr)

    def state_dict(self) -> dict[str, Any]:
        """Everything but the optimizer (and functions): numbers, names and lists of them."""
        return {k: _copied(v) for k, v in vars(self).items() if k not in ("optimizer", "lr_lambdas", "_starting")}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over what ``state_dict`` gave; raises ``StateDictError`` where that was another kind of schedule.

        Nothing has changed then. The optimizer's own ``state_dict`` carries the rate itself: load both.
        """
        own = self.state_dict()
        if not isinstance(state_dict, dict):
            raise StateDictError(f"load_state_dict: the state of a schedule is a dict, got {type(state_dict).__name__}")
        if set(state_dict) != set(own):
            raise StateDictError(
                f"load_state_dict: {type(self).__name__} has {sorted(own)}, the state_dict "
                f"{sorted(map(str, state_dict))}"
            )
        for name, value in state_dict.items():
            one_a_group = name in ("base_lrs", "_last_lr")
            if not _of_kind(value, own[name]) or (one_a_group and len(value) != len(own[name])):
                raise StateDictError(f"load_state_dict: {type(self).__name__} cannot use {name} = {value!r:.60}")
        vars(self).update({k: _copied(v) for k, v in state_dict.items()})

    def __repr__(self) -> str:
        return f"{type(self).__name__}(last_epoch={self.last_epoch}, lr={self._last_lr})"


def _of_kind(value: Any, own: Any) -> bool:
    """Whether a loaded value is what a schedule holds in its place: a number, a name, a list of such."""
    if isinstance(own, (list, tuple)):
        if not isinstance(value, (list, tuple)):
            return False
        return all(map(_of_kind, value, own if len(value) == len(own) else [*own[:1]] * len(value)))
    return own is None or isinstance(value, Real if isinstance(own, Real) else type(own))


class StepLR(LRScheduler):
    """The rate times ``gamma`` every ``step_size`` steps.

    >>> import tinygrad_bp as tg
    >>> optimizer = tg.optim.SGD([tg.zeros(1, requires_grad=True)], lr=1.0)
    >>> schedule = tg.optim.lr_scheduler.StepLR(optimizer, step_size=2, gamma=0.5)
    >>> for _ in range(4):
    ...     optimizer.step()
    ...     schedule.step()
    >>> schedule.get_last_lr()
    [0.25]
    """

    step_size: int
    gamma: float

    def __init__(self, optimizer: Optimizer, step_size: int, gamma: float = 0.1, last_epoch: int = -1) -> None:
        _refuse_unless(step_size >= 1, f"StepLR: step_size must be at least 1, got {step_size}")
        self.step_size, self.gamma = step_size, gamma
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        """The rate of every group at ``last_epoch``."""
        if self.last_epoch == 0 or self.last_epoch % self.step_size:
            return self._rates()
        return [lr * self.gamma for lr in self._rates()]


class ExponentialLR(LRScheduler):
    """The rate times ``gamma`` every step."""

    def __init__(self, optimizer: Optimizer, gamma: float, last_epoch: int = -1) -> None:
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        """The rate of every group at ``last_epoch``."""
        return self._rates() if self._starting else [lr * self.gamma for lr in self._rates()]


class LinearLR(LRScheduler):
    """The rate times a factor that goes from ``start_factor`` to ``end_factor`` in ``total_iters`` equal steps."""

    start_factor: float
    end_factor: float
    total_iters: int

    def __init__(
        self, optimizer: Optimizer, start_factor: float = 1 / 3, end_factor: float = 1.0, total_iters: int = 5,
        last_epoch: int = -1,
    ) -> None:  # fmt: skip
        _refuse_unless(0 < start_factor <= 1, f"LinearLR: start_factor must be in (0, 1], got {start_factor}")
        _refuse_unless(0 <= end_factor <= 1, f"LinearLR: end_factor must be in [0, 1], got {end_factor}")
        _refuse_unless(total_iters >= 1, f"LinearLR: total_iters must be at least 1, got {total_iters}")
        self.start_factor, self.end_factor, self.total_iters = start_factor, end_factor, total_iters
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        """The rate of every group at ``last_epoch``."""
        if self.last_epoch == 0:
            return [lr * self.start_factor for lr in self._rates()]
        if self._starting or self.last_epoch > self.total_iters:
            return self._rates()
        rise = self.end_factor - self.start_factor
        factor = 1 + rise / (self.total_iters * self.start_factor + (self.last_epoch - 1) * rise)
        return [lr * factor for lr in self._rates()]


class CosineAnnealingLR(LRScheduler):
    """From the first rate to ``eta_min`` along half a cosine of ``T_max`` steps, and back again after that.

    Source: Loshchilov and Hutter 2017, equation 5, without restarts.
    """

    T_max: int
    eta_min: float

    def __init__(self, optimizer: Optimizer, T_max: int, eta_min: float = 0.0, last_epoch: int = -1) -> None:
        _refuse_unless(T_max >= 1, f"CosineAnnealingLR: T_max must be at least 1, got {T_max}")
        self.T_max, self.eta_min = T_max, eta_min
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        """The rate of every group at ``last_epoch``."""
        if self._starting:
            return self._rates()
        last, low = self.last_epoch, self.eta_min
        if (last - 1 - self.T_max) % (2 * self.T_max) == 0:  # at the bottom the ratio below is 0 / 0
            rise = (1 - math.cos(math.pi / self.T_max)) / 2
            return [lr + (base - low) * rise for lr, base in zip(self._rates(), self.base_lrs, strict=True)]
        ratio = (1 + math.cos(math.pi * last / self.T_max)) / (1 + math.cos(math.pi * (last - 1) / self.T_max))
        return [ratio * (lr - low) + low for lr in self._rates()]


class LambdaLR(LRScheduler):
    """The first rate times ``lr_lambda(last_epoch)``: one function, or a list with one for every group.

    The functions are not part of ``state_dict``: make the schedule with them before loading it.
    """

    lr_lambdas: list[Any]

    def __init__(
        self, optimizer: Optimizer, lr_lambda: Callable[[int], float] | Sequence[Callable[[int], float]],
        last_epoch: int = -1,
    ) -> None:  # fmt: skip
        self._attach(optimizer)
        self.lr_lambdas = _per_group("LambdaLR", "lr_lambda", lr_lambda, optimizer)
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        """The rate of every group at ``last_epoch``."""
        return [base * factor(self.last_epoch) for base, factor in zip(self.base_lrs, self.lr_lambdas, strict=True)]


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
    """

    total_steps: int
    anneal_strategy: str
    cycle_momentum: bool
    phases: list[Any]

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
        _refuse_unless(total_steps >= 1, f"OneCycleLR: needs at least one step, got {total_steps}")
        _refuse_unless(0 <= pct_start <= 1, f"OneCycleLR: pct_start must be in [0, 1], got {pct_start}")
        _refuse_unless(
            anneal_strategy in ("cos", "linear"),
            f"OneCycleLR: anneal_strategy is 'cos' or 'linear', got {anneal_strategy!r}",
        )
        _refuse_unless(
            not cycle_momentum or not {"momentum", "betas"}.isdisjoint(optimizer.defaults),
            f"OneCycleLR: {type(optimizer).__name__} has neither momentum nor betas; pass cycle_momentum=False",
        )
        max_lrs, max_momenta, base_momenta = (
            _per_group("OneCycleLR", name, given, optimizer)
            for name, given in (("max_lr", max_lr), ("max_momentum", max_momentum), ("base_momentum", base_momentum))
        )
        self.total_steps, self.anneal_strategy, self.cycle_momentum = total_steps, anneal_strategy, cycle_momentum
        # Where a phase ends, then which setting of the group the rate and the momentum go to.
        begin: list[Any] = [0.0, "initial_lr", "max_momentum"]
        top = [pct_start * total_steps - 1, "max_lr", "base_momentum"]
        back = [2 * pct_start * total_steps - 2, "initial_lr", "max_momentum"]
        end = [total_steps - 1, "min_lr", "max_momentum"]
        self.phases = [begin, top, back, end] if three_phase else [begin, top, end]
        if last_epoch == -1:
            for i, group in enumerate(optimizer.param_groups):
                low = max_lrs[i] / div_factor
                group.update(initial_lr=low, max_lr=max_lrs[i], min_lr=low / final_div_factor)
                if cycle_momentum:
                    group.update(max_momentum=max_momenta[i], base_momentum=base_momenta[i])
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        """The rate of every group at ``last_epoch``."""
        return [group["lr"] for group in self._cycled()]

    def step(self) -> None:
        """Go on by one, and write the rates and momenta into the optimizer's groups."""
        if self.last_epoch + 1 > self.total_steps:
            raise ArgumentError(
                f"OneCycleLR: step {self.last_epoch + 1} is beyond the {self.total_steps} steps of the cycle"
            )
        super().step()
        for group, settings in zip(self.optimizer.param_groups, self._cycled(), strict=True):
            group.update(settings)

    def _cycled(self) -> list[dict[str, Any]]:
        """The settings of every group at ``last_epoch``."""
        number = next((i for i, (end, *_) in enumerate(self.phases) if i and self.last_epoch <= end), -1)
        (start_step, *start), (end_step, *end) = self.phases[number - 1 : number + 1 or None]
        length = end_step - start_step
        part = (self.last_epoch - start_step) / length if length else 1.0
        move = _cosine if self.anneal_strategy == "cos" else _straight
        found = []
        for group in self.optimizer.param_groups:
            settings: dict[str, Any] = {"lr": move(group[start[0]], group[end[0]], part)}
            if self.cycle_momentum:
                momentum = move(group[start[1]], group[end[1]], part)
                if "betas" in group:
                    settings["betas"] = (momentum, *group["betas"][1:])
                else:
                    settings["momentum"] = momentum
            found.append(settings)
        return found


class ReduceLROnPlateau(LRScheduler):
    """The rate times ``factor`` when a number has not become better for more than ``patience`` steps.

    ``step(metrics)`` takes the number, such as a validation loss: smaller is better with ``mode="min"``, larger with
    ``"max"``. Better means by more than ``threshold``, a part of the best so far (``"rel"``) or a difference
    (``"abs"``). After a reduction ``cooldown`` steps pass uncounted; a rate stays at or above ``min_lr`` (one number,
    or a list with one for every group), and a change of at most ``eps`` is left out.
    """

    mode: str
    factor: float
    patience: int
    cooldown: int
    threshold: float
    threshold_mode: str
    eps: float
    min_lrs: list[float]
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
        _refuse_unless(mode in ("min", "max"), f"ReduceLROnPlateau: mode is 'min' or 'max', got {mode!r}")
        _refuse_unless(
            threshold_mode in ("rel", "abs"),
            f"ReduceLROnPlateau: threshold_mode is 'rel' or 'abs', got {threshold_mode!r}",
        )
        _refuse_unless(factor < 1, f"ReduceLROnPlateau: factor must be below 1, got {factor}")
        self.mode, self.factor, self.patience, self.cooldown = mode, factor, patience, cooldown
        self.threshold, self.threshold_mode, self.eps = threshold, threshold_mode, eps
        self.min_lrs = _per_group("ReduceLROnPlateau", "min_lr", min_lr, optimizer)
        self.best = math.inf if mode == "min" else -math.inf
        self.num_bad_epochs = self.cooldown_counter = self.last_epoch = 0
        self._last_lr = self._rates()

    def step(self, metrics: Any) -> None:  # type: ignore[override]
        """Take the number of this epoch (a float or a tensor of one element) and reduce the rates where it is time."""
        current = float(metrics.item() if isinstance(metrics, Tensor) else metrics)
        self.last_epoch += 1
        if self._better(current):
            self.best, self.num_bad_epochs = current, 0
        else:
            self.num_bad_epochs += 1
        if self.cooldown_counter > 0:
            self.cooldown_counter -= 1
            self.num_bad_epochs = 0
        if self.num_bad_epochs > self.patience:
            for group, low in zip(self.optimizer.param_groups, self.min_lrs, strict=True):
                lr = max(group["lr"] * self.factor, low)
                if group["lr"] - lr > self.eps:
                    group["lr"] = lr
            self.cooldown_counter, self.num_bad_epochs = self.cooldown, 0
        self._last_lr = self._rates()

    def _better(self, current: float) -> bool:
        sign = 1 if self.mode == "max" else -1
        if self.threshold_mode == "rel":
            bound = self.best * (1 + sign * self.threshold)
        else:
            bound = self.best + sign * self.threshold
        return current > bound if self.mode == "max" else current < bound


def _refuse_unless(holds: bool, message: str) -> None:
    if not holds:
        raise ArgumentError(message)


def _per_group(schedule: str, name: str, given: Any, optimizer: Optimizer) -> list[Any]:
    """One value for every group: the one given, or a list of as many."""
    count = len(optimizer.param_groups)
    if not isinstance(given, (list, tuple)):
        return [given] * count
    if len(given) != count:
        raise ArgumentError(f"{schedule}: {name} has {len(given)} values, the optimizer {count} groups; give as many")
    return list(given)


def _copied(value: Any) -> Any:
    return list(value) if isinstance(value, list) else value
