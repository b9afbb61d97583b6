"""Hooks of modules: functions of the user before and after ``forward``, and where the gradient leaves the module."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, MutableMapping
from typing import TYPE_CHECKING, Any

from ..autograd.errors import ArgumentError
from ..autograd.function import Function
from ..autograd.hooks import Calls
from ..autograd.modes import is_grad_enabled
from ..autograd.tensor import Tensor
from .holding import Holder

if TYPE_CHECKING:
    from .module import Module


class ModuleHooks:
    """The hooks of one module, in the order of their calls."""

    before: Calls
    after: Calls
    arriving: Calls
    leaving: Calls
    saving: Calls
    saved: Calls
    loading: Calls
    loaded: Calls

    def __init__(self) -> None:
        self.before, self.after = Calls(), Calls()  # forward
        self.arriving, self.leaving = Calls(), Calls()  # the gradient, in backward
        self.saving, self.saved, self.loading, self.loaded = Calls(), Calls(), Calls(), Calls()  # the state


EVERY = ModuleHooks()  # those of all modules, which come first


def hooks_of(module: Module) -> ModuleHooks:
    """The hooks of a module, made at the first request."""
    hooks: ModuleHooks = vars(module).setdefault("_hooks", ModuleHooks())
    Holder.changes += 1  # who remembers the module looks again
    return hooks


def hooked_call(module: Module, *args: Any, **kwargs: Any) -> Any:
    """Run ``forward`` between the module's hooks."""
    own = vars(module).get("_hooks")  # not hooks_of: a call under hooks of all modules leaves no mark on the module
    both = (EVERY,) if own is None else (EVERY, own)
    waiting = [call for hooks in both for call in hooks.after.values()]
    try:
        for hook, with_kwargs in [call for hooks in both for call in hooks.before.values()]:
            given = hook(module, args, kwargs) if with_kwargs else hook(module, args)
            args, kwargs = _changed(given, args, kwargs, with_kwargs)
        seen = any(hooks.arriving or hooks.leaving for hooks in both)
        crossing = Crossing(module, both) if seen and is_grad_enabled() else None
        if crossing is not None:
            args = crossing.enter(args)
        result = module.forward(*args, **kwargs)
        while waiting:
            hook, (with_kwargs, _) = waiting.pop(0)
            changed = hook(module, args, kwargs, result) if with_kwargs else hook(module, args, result)
            if changed is not None:
                result = changed
        return result if crossing is None else crossing.leave(result)
    except Exception:
        for hook, (with_kwargs, always) in waiting:
            if always:
                hook(module, args, kwargs, None) if with_kwargs else hook(module, args, None)
        raise


def _changed(given: Any, args: tuple[Any, ...], kwargs: dict[str, Any], with_kwargs: bool) -> Any:
    """The arguments of a call after a hook before it."""
    if given is None:
        return args, kwargs
    if not with_kwargs:
        return given if isinstance(given, tuple) else (given,), kwargs
    if not isinstance(given, tuple) or len(given) != 2:
        raise ArgumentError("a forward_pre_hook with_kwargs returns None or (args, kwargs)")
    return given


class Registered(MutableMapping[int, Callable[..., Any]]):
    """The hooks of one kind of a module by number, as PyTorch's private names have them."""

    def __init__(self, calls: Calls, flag: Any) -> None:
        self._calls, self._flag = calls, flag  # the flag is that of a hook that is written here

    def __getitem__(self, number: int) -> Callable[..., Any]:
        hook: Callable[..., Any] = self._calls[number][0]
        return hook

    def __setitem__(self, number: int, hook: Callable[..., Any]) -> None:
        self._calls[number] = hook, self._flag
        self._calls.changed()

    def __delitem__(self, number: int) -> None:
        del self._calls[number]
        self._calls.changed()

    def __iter__(self) -> Iterator[int]:
        return iter(self._calls)

    def __len__(self) -> int:
        return len(self._calls)

    def __repr__(self) -> str:
        return repr(OrderedDict(self))


class _ModuleGate(Function):
    """The identity on the edge of a module: ``seen`` takes the gradients that cross it, and gives those to pass on."""

    @staticmethod
    def forward(ctx: Any, seen: Any, *tensors: Tensor) -> Any:
        """The tensors as they are."""
        ctx.seen = seen
        return tensors if len(tensors) > 1 else tensors[0]

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Any:
        """What ``seen`` makes of the gradients."""
        return None, *ctx.seen(gradients)


class Crossing:
    """One call of a module whose full backward hooks wait for the gradients of its outputs and inputs."""

    module: Module
    hooks: tuple[ModuleHooks, ...]
    inputs: int
    recorded: list[int]

    def __init__(self, module: Module, hooks: tuple[ModuleHooks, ...]) -> None:
        self.module, self.hooks = module, hooks
        self.grad_output: tuple[Tensor | None, ...] = ()

    def enter(self, args: tuple[Any, ...]) -> tuple[Any, ...]:
        """The arguments, those that require grad through a gate."""
        self.inputs = len(args)
        through, self.recorded = _through(args, self._left)
        return through

    def leave(self, result: Any) -> Any:
        """The result (a tensor, or a tuple or list of them), those that require grad through a gate."""
        if isinstance(result, Tensor):
            through, _ = _through((result,), lambda g: self._arrived(g, [0], 1))
            return through[0]
        if isinstance(result, (tuple, list)) and not hasattr(result, "_fields"):
            where = [i for i, x in enumerate(result) if isinstance(x, Tensor) and x.requires_grad]
            through, _ = _through(tuple(result), lambda g: self._arrived(g, where, len(result)))
            return type(result)(through)
        raise ArgumentError(
            f"register_full_backward_hook: the module must return a tensor, or a tuple or list of tensors, got "
            f"{type(result).__name__}"
        )

    def _arrived(self, gradients: tuple[Tensor, ...], where: list[int], count: int) -> tuple[Any, ...]:
        self.grad_output = _placed(gradients, where, count)
        for hook, _ in [call for hooks in self.hooks for call in hooks.arriving.values()]:
            self.grad_output = self._given(hook(self.module, self.grad_output), self.grad_output, "outputs")
        passed = tuple([self.grad_output[i] for i in where])
        if not self.recorded:
            self._call(_placed((), [], self.inputs))
        return passed

    def _given(self, changed: Any, gradients: tuple[Any, ...], what: str) -> Any:
        """The gradients after a hook."""
        if changed is None:
            return gradients
        changed = changed if isinstance(changed, tuple) else (changed,)
        if len(changed) != len(gradients):
            raise ArgumentError(
                f"a full backward hook of {type(self.module).__name__} returned {len(changed)} gradients for "
                f"{len(gradients)} {what} of forward; return one each, None where there is none"
            )
        return changed

    def _left(self, gradients: tuple[Tensor, ...]) -> tuple[Any, ...]:
        grad_input = self._call(_placed(gradients, self.recorded, self.inputs))
        return tuple([grad_input[i] for i in self.recorded])

    def _call(self, grad_input: tuple[Tensor | None, ...]) -> tuple[Tensor | None, ...]:
        for hook, _ in [call for hooks in self.hooks for call in hooks.leaving.values()]:
            changed = self._given(hook(self.module, grad_input, self.grad_output), grad_input, "inputs")
            if not self.recorded and any(g is not None for g in changed):
                raise ArgumentError(
                    f"a full backward hook of {type(self.module).__name__} returned a gradient, but no input of "
                    "forward requires grad; return None"
                )
            grad_input = changed
        self.grad_output = ()
        return grad_input


def _through(tensors: tuple[Any, ...], seen: Callable[..., Any]) -> tuple[tuple[Any, ...], list[int]]:
    """The tensors with those that require grad through one gate, and which those are."""
    where = [i for i, x in enumerate(tensors) if isinstance(x, Tensor) and x.requires_grad]
    if not where:
        return tensors, where
    passed = _ModuleGate.apply(seen, *[tensors[i] for i in where])
    passed = passed if len(where) > 1 else (passed,)
    result = list(tensors)
    for i, x in zip(where, passed, strict=True):
        result[i] = x
    return tuple(result), where


def _placed(gradients: tuple[Any, ...], where: list[int], count: int) -> tuple[Any, ...]:
    """The gradients at their places among ``count``, None elsewhere."""
    placed = [None] * count
    for i, g in zip(where, gradients, strict=True):
        placed[i] = g
    return tuple(placed)
