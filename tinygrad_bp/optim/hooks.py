"""Hooks of optimizers: functions of the user around ``step``, ``state_dict`` and ``load_state_dict``."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any

from ..autograd.errors import ArgumentError
from ..autograd.hooks import Calls
from ..autograd.modes import mode, traced
from .following import follow_own_step

if TYPE_CHECKING:
    from .optimizer import Optimizer


class OptimizerHooks:
    """The hooks of one optimizer, in the order of their calls."""

    before_step: Calls
    after_step: Calls
    before_save: Calls
    after_save: Calls
    before_load: Calls
    after_load: Calls

    def __init__(self) -> None:
        self.before_step, self.after_step = Calls(), Calls()
        self.before_save, self.after_save = Calls(), Calls()
        self.before_load, self.after_load = Calls(), Calls()

    def call(self, when: str, *args: Any) -> None:
        """Call the hooks of one kind."""
        for hook, _ in list(getattr(self, when).values()):
            hook(*args)

    def changed(self, when: str, optimizer: Optimizer, state_dict: Any) -> Any:
        """Call the hooks of one kind with a dict, which each may replace."""
        for hook, _ in list(getattr(self, when).values()):
            other = hook(optimizer, state_dict)
            state_dict = state_dict if other is None else other
        return state_dict


def with_hooks(step: Callable[..., Any]) -> Callable[..., Any]:
    """A ``step`` that a subclass wrote, with the hooks around it; where another step calls it they have been called."""

    @wraps(step)
    def hooked(self: Optimizer, *args: Any, **kwargs: Any) -> Any:
        if mode().watchers and traced():
            follow_own_step(self)
        if self._hooks is None or type(self).step is not hooked:
            return step(self, *args, **kwargs)
        return run_step(self, step, args, kwargs)

    return hooked


def run_step(optimizer: Optimizer, step: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """A step between its hooks, which see the optimizer as the first of ``args``, as in PyTorch."""
    args = (optimizer, *args)
    hooks = optimizer._hooks
    assert hooks is not None
    for hook, _ in list(hooks.before_step.values()):
        other = hook(optimizer, args, kwargs)
        if other is not None:
            if not isinstance(other, tuple) or len(other) != 2:
                raise ArgumentError(f"register_step_pre_hook: a hook returns None or (args, kwargs), got {other!r:.60}")
            args, kwargs = other
    result = step(*args, **kwargs)
    hooks.call("after_step", optimizer, args, kwargs)
    return result
