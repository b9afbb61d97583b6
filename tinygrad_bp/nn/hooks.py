"""Hooks of modules: functions of the user before and after ``forward``, and where the gradient leaves the module."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..autograd.errors import ArgumentError
from ..autograd.function import Function
from ..autograd.hooks import Calls
from ..autograd.modes import is_grad_enabled
from ..autograd.tensor import Tensor

if TYPE_CHECKING:
    from .module import Module


class ModuleHooks:
    """The hooks of one module, in the order of their calls."""

    before: Calls
    after: Calls
    backward: Calls

    def __init__(self) -> None:
        self.before, self.after, self.backward = Calls(), Calls(), Calls()


def hooks_of(module: Module) -> ModuleHooks:
    """The hooks of a module, made at the first request."""
    hooks: ModuleHooks = vars(module).setdefault("_hooks", ModuleHooks())
    return hooks


def hooked_call(module: Module, *args: Any, **kwargs: Any) -> Any:
    """Run ``forward`` between the module's hooks."""
    hooks = hooks_of(module)
    for hook, with_kwargs in list(hooks.before.values()):
        if with_kwargs:
            changed = hook(module, args, kwargs)
            if changed is not None:
                if not isinstance(changed, tuple) or len(changed) != 2:
                    raise ArgumentError("a forward_pre_hook with_kwargs returns None or (args, kwargs)")
                args, kwargs = changed
        else:
            changed = hook(module, args)
            if changed is not None:
                args = changed if isinstance(changed, tuple) else (changed,)
    crossing = Crossing(module, hooks.backward) if hooks.backward and is_grad_enabled() else None
    if crossing is not None:
        args = crossing.enter(args)
    result = module.forward(*args, **kwargs)
    for hook, with_kwargs in list(hooks.after.values()):
        changed = hook(module, args, kwargs, result) if with_kwargs else hook(module, args, result)
        if changed is not None:
            result = changed
    return result if crossing is None else crossing.leave(result)


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
    calls: Calls
    inputs: int
    recorded: list[int]

    def __init__(self, module: Module, calls: Calls) -> None:
        self.module, self.calls = module, calls
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

    def _arrived(self, gradients: tuple[Tensor, ...], where: list[int], count: int) -> tuple[Tensor, ...]:
        self.grad_output = _placed(gradients, where, count)
        if not self.recorded:
            self._call(_placed((), [], self.inputs))
        return gradients

    def _left(self, gradients: tuple[Tensor, ...]) -> tuple[Any, ...]:
        grad_input = self._call(_placed(gradients, self.recorded, self.inputs))
        return tuple([grad_input[i] for i in self.recorded])

    def _call(self, grad_input: tuple[Tensor | None, ...]) -> tuple[Tensor | None, ...]:
        for hook, _ in list(self.calls.values()):
            changed = hook(self.module, grad_input, self.grad_output)
            if changed is None:
                continue
            changed = changed if isinstance(changed, tuple) else (changed,)
            if len(changed) != len(grad_input):
                raise ArgumentError(
                    f"a full backward hook of {type(self.module).__name__} returned {len(changed)} gradients for "
                    f"{len(grad_input)} inputs of forward; return one per input, None where there is none"
                )
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
