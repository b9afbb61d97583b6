"""A step that is written down: which settings a program reads anew in every run, and what it takes for granted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from operator import getitem, is_, itemgetter
from typing import TYPE_CHECKING, Any

import numpy as np

from ..autograd.modes import assume, on_failure, setting
from ..autograd.tensor import Tensor, wrap

if TYPE_CHECKING:
    from .optimizer import Optimizer


class Followed(dict[str, Any]):
    """A group as an update sees it then: a setting that schedules change becomes an input where it is read first."""

    def __init__(self, group: dict[str, Any], scheduled: Sequence[str]) -> None:
        super().__init__({name: value for name, value in group.items() if name not in scheduled}, differentiable=True)
        self._group = group

    def __missing__(self, name: str) -> Any:
        value = self[name] = _followed(name, partial(getitem, self._group, name))
        return value


def _followed(name: str, read: Callable[[], Any]) -> Any:
    """What ``read`` gives, as 0-d float64 tensors."""
    value = read()
    if isinstance(value, Tensor):  # its own memory is what changes
        return value
    if isinstance(value, (tuple, list)):  # betas: beta1 and beta2
        return tuple([_followed(f"{name[:-1]}{i + 1}", partial(_item, read, i)) for i in range(len(value))])
    array = np.array(float(value))
    setting(array, name, read)
    return wrap(array, None)


def _item(read: Callable[[], Any], i: int) -> Any:
    return read()[i]


def keep_state(optimizer: Optimizer, params: Iterable[Any]) -> None:
    """Have what is kept for these parameters as it is, where the step is taken back."""
    whole = optimizer._state
    then = {p: dict(whole[p]) for p in params if p in whole}

    def put_back() -> None:
        for p in params:
            if p in then:
                whole[p].clear()
                whole[p].update(then[p])
            else:
                whole.pop(p, None)

    on_failure(put_back)


def name_state(state: dict[str, Any], p: Tensor) -> None:
    """Name what is kept for a parameter, for the text of programs."""
    for name, kept in state.items():
        if isinstance(kept, Tensor) and kept.name is None:
            kept.name = f"{p.name}.{name}" if p.name else name


def follow(optimizer: Optimizer, group: dict[str, Any], moving: list[Tensor]) -> None:
    """Say what the step of a group of these parameters, which was just taken, holds for."""
    assume(_SameGroup(optimizer, group, optimizer.scheduled(group)))
    assume(_same_params(group), of_tensors=True)
    assume(_same_hooks(optimizer), of_tensors=True)
    kept = [p for p in moving if p in optimizer._state]
    if kept:
        assume(_same_state(optimizer, kept))
    if len(kept) > 1 and optimizer.counts:
        assume(_same_counts(optimizer, moving), of_tensors=True)


def follow_own_step(optimizer: Optimizer) -> None:
    """Say what a step that a user wrote holds for: its settings, and what is kept, as they are before it."""
    for group in optimizer.param_groups:
        assume(_SameGroup(optimizer, group, ()))
        assume(_same_params(group), of_tensors=True)
        keep_state(optimizer, group["params"])
    assume(_same_hooks(optimizer), of_tensors=True)
    state, size = optimizer._state, len(optimizer._state)
    assume(_same_state(optimizer, list(state)))
    assume(lambda: len(state) == size)


def _same_params(group: dict[str, Any]) -> Callable[[], bool]:
    """Whether a group has the parameters that it had."""
    ids = [*map(id, group["params"])]
    return lambda: [*map(id, group["params"])] == ids


def _same_hooks(optimizer: Optimizer) -> Callable[[], bool]:
    """Whether the functions that are called around a step are those that were."""

    def called() -> list[int]:
        hooks = optimizer._hooks
        return [] if hooks is None else [*hooks.before_step, *hooks.after_step]

    then = called()
    return lambda: called() == then


class _SameGroup:
    """Whether there are as many parameters, and the settings are the same that a program does not read."""

    # What is true of it, by its name, in most runs, and is looked at without a call.
    at_once = (
        "{0}.group['params'] is {0}.params and len({0}.params) == {0}.many and len({0}.groups) == {0}.counted "
        "and {0}.group == {0}.last"
    )

    __slots__ = ("counted", "fixed", "group", "groups", "last", "many", "not_0", "optimizer", "params", "values")

    def __init__(self, optimizer: Optimizer, group: dict[str, Any], scheduled: Sequence[str]) -> None:
        self.optimizer, self.group, self.last = optimizer, group, dict(group)
        self.groups, self.counted = optimizer.param_groups, len(optimizer.param_groups)
        self.params, self.many = group["params"], len(group["params"])
        self.fixed = itemgetter("params", *[name for name in group if name not in scheduled])
        self.values, self.not_0 = self.fixed(group), [name for name in scheduled if name == "momentum"]

    def __call__(self) -> bool:
        group = self.group
        if group["params"] is not self.params or len(self.params) != self.many or len(self.groups) != self.counted:
            return False
        if group == self.last:  # numbers and texts, and the one list of parameters
            return True
        if not all(map(_equal, self.fixed(group), self.values)) or not all([group[name] != 0 for name in self.not_0]):
            return False
        self.last = dict(group)
        return self.optimizer.param_groups is self.groups


def _equal(now: Any, then: Any) -> bool:
    """Whether two settings are one object, or equal numbers or texts."""
    if isinstance(now, tuple) and isinstance(then, tuple):
        return len(now) == len(then) and all(map(_equal, now, then))
    return now is then or (type(now) is type(then) and isinstance(now, (bool, int, float, str)) and now == then)


def _same_state(optimizer: Optimizer, keys: list[Any]) -> Callable[[], bool]:
    """Whether the same things are kept for these parameters."""
    whole, states = optimizer._state, [optimizer._state[key] for key in keys]
    kept = [list(state.values()) for state in states]

    def same() -> bool:
        if optimizer._state is not whole:
            return False
        return not optimizer._state_is_known or all([
            whole.get(key) is state and len(state) == len(then) and all(map(is_, state.values(), then))
            for key, state, then in zip(keys, states, kept, strict=True)
        ])  # fmt: skip

    return same


def _same_counts(optimizer: Optimizer, moving: list[Tensor]) -> Callable[[], bool]:
    """Whether those parameters agree in their counts that did: a program computes their numbers once."""
    alike: dict[Any, list[Any]] = {}
    for p in moving:
        for name in optimizer.counts:
            count = optimizer._state[p][name]._value
            alike.setdefault((name, count.item()), []).append(count.item)
    readers = list(alike.values())
    return lambda: all([len({read() for read in each}) == 1 for each in readers])
