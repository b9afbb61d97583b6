"""The base of all schedules: when a rate is computed, and where it is written."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from numbers import Real
from types import FunctionType
from typing import Any

from ...autograd.errors import ArgumentError, CaptureError, StateDictError
from ...autograd.modes import traced
from ...autograd.tensor import Tensor
from ..optimizer import Optimizer
from .arguments import looking


class LRScheduler:
    """The base: ``last_epoch`` counts the steps, and ``get_lr()`` says the rate of every group at it.

    ``last_epoch`` other than −1 goes on with an optimizer whose groups carry ``initial_lr``, as a loaded one does.
    Raises ``ArgumentError`` for what is not an optimizer. A schedule of your own writes ``get_lr``:

    >>> import tinygrad_bp as tg
    >>> class Halving(LRScheduler):
    ...     def get_lr(self):
    ...         return [lr / 2**self.last_epoch for lr in self.base_lrs]
    >>> optimizer = tg.optim.SGD([tg.zeros(1, requires_grad=True)], lr=1.0)
    >>> schedule = Halving(optimizer)
    >>> optimizer.step()
    >>> schedule.step()
    >>> schedule.get_last_lr()
    [0.5]
    """

    optimizer: Optimizer
    base_lrs: list[Any]
    last_epoch: int
    _last_lr: list[Any]
    _step_count: int
    _is_initial: bool = False  # whether this is the step of the constructor: the first rate is the optimizer's own
    _get_lr_called_within_step: bool = False

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """This package's schedules look at what they are given."""
        super().__init_subclass__(**kwargs)
        if cls.__module__.partition(".")[0] == __name__.partition(".")[0]:
            for name in {"__init__", "step"} & vars(cls).keys():
                type.__setattr__(cls, name, looking(vars(cls)[name]))

    @looking
    def __init__(self, optimizer: Optimizer, last_epoch: int = -1) -> None:
        self._attach(optimizer)
        for number, group in enumerate(optimizer.param_groups):
            if last_epoch == -1:
                group.setdefault("initial_lr", _own(group["lr"]))
            elif "initial_lr" not in group:
                raise ArgumentError(
                    f"{type(self).__name__}: last_epoch={last_epoch} goes on with an earlier run, but group {number} "
                    "has no 'initial_lr'; load the optimizer's state_dict first, or leave last_epoch out"
                )
        self.base_lrs = [_own(group["initial_lr"]) for group in optimizer.param_groups]
        self.last_epoch = last_epoch
        self._initial_step()

    def _attach(self, optimizer: Optimizer) -> None:
        if not isinstance(optimizer, Optimizer):
            raise ArgumentError(f"{type(self).__name__}: give an optimizer, got {type(optimizer).__name__}")
        self.optimizer = optimizer

    def _initial_step(self) -> None:
        self._step_count, self._is_initial = 0, True
        try:
            self.step()
        finally:
            self._is_initial = False

    def get_lr(self) -> list[Any]:
        """The rate of every group at ``last_epoch``, from the rate it has now; a subclass writes it."""
        raise NotImplementedError(f"{type(self).__name__} has no get_lr: write one that gives the rate of every group")

    @looking
    def step(self, epoch: int | None = None) -> None:
        """Go on by one, or to ``epoch``, and write the rates into the optimizer's groups."""
        refuse_in_programs(self)
        self._step_count += 1
        self._update_lr(epoch)

    def _update_lr(self, epoch: int | None = None) -> None:
        if epoch is None:
            self.last_epoch += 1
            self._write(self.get_lr)
        else:
            self.last_epoch = epoch
            self._write(getattr(self, "_get_closed_form_lr", self.get_lr))

    def _write(self, rates: Callable[[], list[Any]]) -> None:
        """Compute the rates and put them into the groups."""
        self._get_lr_called_within_step = True
        try:
            computed = rates()
        finally:
            self._get_lr_called_within_step = False
        for group, lr in zip(self.optimizer.param_groups, computed, strict=True):
            write(group, "lr", lr)
        self._last_lr = self._rates()

    def _rates(self) -> list[Any]:
        return [_own(group["lr"]) for group in self.optimizer.param_groups]

    def get_last_lr(self) -> list[Any]:
        """The rate of every group as the last ``step()`` left it."""
        return list(self._last_lr)

    def state_dict(self) -> dict[str, Any]:
        """Everything but the optimizer, which has a state of its own: numbers, names and lists of them.

        Of a function there is None, of a callable object its attributes.
        """
        return {name: _copied(value) for name, value in vars(self).items() if name != "optimizer"}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over what ``state_dict`` gave; raises ``StateDictError`` where that was another kind of schedule.

        Nothing has changed then. The optimizer's own ``state_dict`` carries the rate itself: load both.
        """
        own = self.state_dict()
        if not isinstance(state_dict, Mapping):
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
        vars(self).update({name: _taken(value, vars(self)[name]) for name, value in state_dict.items()})

    def __repr__(self) -> str:
        return f"{type(self).__name__}(last_epoch={self.last_epoch}, lr={self._last_lr})"


def refuse_in_programs(schedule: LRScheduler) -> None:
    """Raise ``CaptureError`` where a program is written down: no later run would step the schedule."""
    if traced():
        raise CaptureError(
            f"{type(schedule).__name__}.step() while a program is written down: the schedule would stay where it is in "
            "every later run. Step it outside the function: a program reads the learning rate anew in every run"
        )


def write(group: dict[str, Any], name: str, value: Any) -> None:
    """Set a setting of a group: a tensor keeps its place and gets the number."""
    if isinstance(group[name], Tensor):
        group[name].fill_(float(value))
    else:
        group[name] = value


def refuse_unless(holds: bool, message: str) -> None:
    """Raise ``ArgumentError`` where a condition does not hold."""
    if not holds:
        raise ArgumentError(message)


def per_group(schedule: str, name: str, given: Any, optimizer: Optimizer) -> list[Any]:
    """One value for every group: the one given, or a list of as many."""
    count = len(optimizer.param_groups)
    if not isinstance(given, (list, tuple)):
        return [given] * count
    if len(given) != count:
        raise ArgumentError(f"{schedule}: {name} has {len(given)} values, the optimizer {count} groups; give as many")
    return list(given)


def functions_per_group(schedule: str, given: Any, optimizer: Optimizer) -> list[Callable[[int], float]]:
    """One function for every group."""
    functions = per_group(schedule, "lr_lambda", given, optimizer)
    wrong = [function for function in functions if not callable(function)]
    if wrong:
        raise ArgumentError(f"{schedule}: lr_lambda is a function of the epoch, got {wrong[0]!r:.40}")
    return functions


def _own(value: Any) -> Any:
    return value.detach().clone() if isinstance(value, Tensor) else value


def _copied(value: Any) -> Any:
    """A value as the state has it."""
    if isinstance(value, list):
        return [_copied(inner) for inner in value]
    if isinstance(value, dict):
        return {name: _copied(inner) for name, inner in value.items()}
    if callable(value) and not isinstance(value, Tensor):
        return None if isinstance(value, FunctionType) or not hasattr(value, "__dict__") else dict(vars(value))
    return _own(value)


def _taken(value: Any, own: Any) -> Any:
    """A value out of a state; a function stays, and a callable object gets its attributes."""
    if callable(own) and not isinstance(own, Tensor):
        if value is not None:
            vars(own).update(value)
        return own
    if isinstance(own, list) and any(map(callable, own)):
        return [_taken(inner, mine) for inner, mine in zip(value, own, strict=True)]
    return _copied(value)


def _of_kind(value: Any, own: Any) -> bool:
    """Whether a loaded value is what a schedule holds in its place: a number, a name, a list of such."""
    if isinstance(own, (list, tuple)):
        if not isinstance(value, (list, tuple)):
            return False
        return all(map(_of_kind, value, own if len(value) == len(own) else [*own[:1]] * len(value)))
    if own is None or isinstance(own, Tensor):
        return True
    return isinstance(value, Real if isinstance(own, Real) else type(own))
