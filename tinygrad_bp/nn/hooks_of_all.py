"""Hooks of all modules at once."""

from __future__ import annotations

from collections.abc import Callable
from threading import RLock
from typing import Any

from ..autograd.hooks import Calls, RemovableHandle
from .hooks import EVERY
from .module import Module

__all__ = [
    "register_module_forward_hook", "register_module_forward_pre_hook", "register_module_full_backward_hook",
    "register_module_full_backward_pre_hook",
]  # fmt: skip

_switching = RLock()  # two threads that register and remove leave what the hooks there are ask for


class _HandleOfAll(RemovableHandle):
    """The handle of a hook of all modules: without any, modules are called plainly again."""

    __slots__ = ()

    def remove(self) -> None:
        """Take the hook out; a second time does nothing."""
        with _switching:
            super().remove()
            Module._hooks = EVERY if any(vars(EVERY).values()) else None


def _of_all(calls: Calls, hook: Callable[..., Any], who: str, flag: Any = None) -> RemovableHandle:
    with _switching:
        handle = _HandleOfAll(calls, calls.add(hook, who, flag=flag).id)
        Module._hooks = EVERY  # from now on every call asks for hooks
    return handle


def register_module_forward_pre_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call ``hook(module, args)`` before each call of any module, as ``Module.register_forward_pre_hook`` says.

    >>> import tinygrad_bp as tg
    >>> seen = []
    >>> handle = tg.nn.register_module_forward_pre_hook(lambda module, args: seen.append(type(module).__name__))
    >>> y = tg.nn.Sequential(tg.nn.ReLU())(tg.zeros(1))
    >>> handle.remove()
    >>> seen
    ['Sequential', 'ReLU']
    """
    return _of_all(EVERY.before, hook, "register_module_forward_pre_hook", False)


def register_module_forward_hook(
    hook: Callable[..., Any], *, with_kwargs: bool = False, always_call: bool = False
) -> RemovableHandle:
    """Call ``hook(module, args, output)`` after each call of any module, as ``Module.register_forward_hook`` says.

    >>> import tinygrad_bp as tg
    >>> handle = tg.nn.register_module_forward_hook(lambda module, args, output: output + 1)
    >>> tg.nn.ReLU()(tg.zeros(1))
    tensor([1.])
    >>> handle.remove()
    """
    return _of_all(EVERY.after, hook, "register_module_forward_hook", (with_kwargs, always_call))


def register_module_full_backward_pre_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call ``hook(module, grad_output)`` when a gradient arrives at any module.

    >>> import tinygrad_bp as tg
    >>> handle = tg.nn.register_module_full_backward_pre_hook(lambda module, grad_output: None)
    >>> handle.remove()
    """
    return _of_all(EVERY.arriving, hook, "register_module_full_backward_pre_hook")


def register_module_full_backward_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call ``hook(module, grad_input, grad_output)`` when a gradient leaves any module.

    >>> import tinygrad_bp as tg
    >>> handle = tg.nn.register_module_full_backward_hook(lambda module, grad_input, grad_output: None)
    >>> handle.remove()
    """
    return _of_all(EVERY.leaving, hook, "register_module_full_backward_hook")
