"""Module: what holds parameters, and computes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from ..autograd.arrays import kind_of
from ..autograd.errors import ArgumentError, DtypeError
from ..autograd.hooks import RemovableHandle
from ..autograd.tensor import Tensor
from ..autograd.types import DTypeLike
from ..functions.methods import Absent, listed_without
from ..ops.operators import asked, to
from .constructing import Constructed
from .hooks import ModuleHooks, Registered, hooked_call, hooks_of
from .state import State

__all__ = ["Module"]

M = TypeVar("M", bound="Module")


class Module(State, Constructed):
    """The base of every layer and network: assign parameters and modules as attributes, write ``forward``.

    >>> import tinygrad_bp as tg
    >>> class Net(tg.nn.Module):
    ...     def __init__(self):
    ...         super().__init__()
    ...         self.hidden = tg.nn.Linear(2, 3)
    ...         self.out = tg.nn.Linear(3, 1)
    ...     def forward(self, x):
    ...         return self.out(tg.tanh(self.hidden(x)))
    >>> [name for name, _ in Net().named_parameters()]
    ['hidden.weight', 'hidden.bias', 'out.weight', 'out.bias']
    """

    training: bool = True
    _hooks: ModuleHooks | None = None

    def __init__(self) -> None:
        pass

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """The result for an input; a subclass writes it."""
        raise NotImplementedError(f"{type(self).__name__}: write forward(self, x)")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run ``forward``, between the hooks of the module where it has any."""
        if self._hooks is not None:
            return hooked_call(self, *args, **kwargs)
        return self.forward(*args, **kwargs) if kwargs else self.forward(*args)  # a dict less

    # ------------------------------------------------------------------ switches

    def train(self: M, mode: bool = True) -> M:
        """Set ``training`` here and in every module inside; layers such as dropout read it."""
        for module in self.modules():
            module.training = bool(mode)
        return self

    def eval(self: M) -> M:
        """``train(False)``."""
        return self.train(False)

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients of every parameter (or fill them with 0)."""
        for parameter in self.parameters():
            if set_to_none:
                parameter.grad = None
            elif (grad := parameter.grad) is not None:
                if grad.requires_grad:  # it was computed under create_graph
                    grad = parameter.grad = grad.detach().clone()
                grad.zero_()

    def requires_grad_(self: M, requires_grad: bool = True) -> M:
        """Set ``requires_grad`` of every parameter."""
        for parameter in self.parameters():
            parameter.requires_grad = requires_grad
        return self

    def apply(self: M, fn: Callable[[Module], Any]) -> M:
        """Call ``fn`` on every module inside, in order and each after those that it holds, and then on itself."""
        for module in self._innermost_first():
            fn(module)
        fn(self)
        return self

    def to(self: M, *args: Any, **kwargs: Any) -> M:
        """Convert every floating point parameter and buffer, in place, and the gradients with them; move all of them.

        Takes what ``Tensor.to`` takes: a dtype, a device, both, or a tensor that has them. Raises ``DtypeError`` for
        a dtype that is not floating point; nothing has changed then.

        >>> import tinygrad_bp as tg
        >>> tg.nn.Linear(2, 1).to("cpu", tg.float64).weight.dtype
        dtype('float64')
        """
        dtype, device, _ = asked(*args, **kwargs)
        if dtype is not None and dtype.kind not in "fc":
            raise DtypeError(f"to: parameters are floating point numbers, got {dtype}")
        return self._apply(lambda t: to(t, dtype=dtype if t.is_floating_point() else None, device=device))

    def _apply(self: M, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> M:
        """Put what ``fn`` gives for each parameter, buffer and gradient in its place; a subclass may do so with more.

        That is what ``to`` and its like do. ``fn`` gives back what needs no change.
        """
        for module in [*self._innermost_first()] if recurse else ():
            if type(module)._apply is Module._apply:
                module._apply(fn, recurse=False)
            else:
                module._apply(fn)
        for parameter in (*self.parameters(recurse=False), *self.buffers(recurse=False)):
            value, grad = parameter.detach(), parameter.grad
            converted = fn(value)
            if converted is not value:
                parameter.data = converted
                if grad is not None:
                    parameter.grad = fn(grad.detach())
        return self

    def type(self: M, dst_type: DTypeLike) -> M:
        """Every parameter and buffer in a dtype."""
        return self._apply(lambda tensor: to(tensor, dst_type))

    def double(self: M) -> M:
        """Every floating point parameter and buffer as float64."""
        return self.to("float64")

    def float(self: M) -> M:
        """Every floating point parameter and buffer as float32."""
        return self.to("float32")

    def half(self: M) -> M:
        """Every floating point parameter and buffer as float16."""
        return self.to("float16")

    def cpu(self: M) -> M:
        """Every parameter and buffer in the memory of the CPU."""
        return self.to("cpu")

    def cuda(self: M, device: Any = None) -> M:
        """Every parameter and buffer on the GPU; ``DeviceError`` where there is none."""
        return self.to("cuda" if device is None else device)

    def share_memory(self: M) -> M:
        """Itself: one process computes."""
        return self

    # ------------------------------------------------------------------ hooks

    @property
    def _forward_pre_hooks(self) -> Registered:
        """The hooks before ``forward`` by number."""
        return Registered(hooks_of(self).before, False)

    @property
    def _forward_hooks(self) -> Registered:
        """The hooks after ``forward`` by number."""
        return Registered(hooks_of(self).after, (False, False))

    @property
    def _backward_pre_hooks(self) -> Registered:
        """The hooks before the module's backward by number."""
        return Registered(hooks_of(self).arriving, None)

    @property
    def _backward_hooks(self) -> Registered:
        """The hooks after the module's backward by number."""
        return Registered(hooks_of(self).leaving, None)

    def register_forward_pre_hook(
        self, hook: Callable[..., Any], *, prepend: bool = False, with_kwargs: bool = False
    ) -> RemovableHandle:
        """Call ``hook(module, args)`` before each ``forward``; what it returns, one argument or a tuple, replaces them.

        ``with_kwargs``: ``hook(module, args, kwargs)``, which may return ``(args, kwargs)``. ``prepend`` puts it before
        the hooks there are. The handle's ``remove()`` takes it out.
        """
        return hooks_of(self).before.add(hook, "register_forward_pre_hook", first=prepend, flag=with_kwargs)

    def register_forward_hook(
        self, hook: Callable[..., Any], *, prepend: bool = False, with_kwargs: bool = False, always_call: bool = False
    ) -> RemovableHandle:
        """Call ``hook(module, args, output)`` after each ``forward``; what it returns (not None) replaces the output.

        ``with_kwargs``: ``hook(module, args, kwargs, output)``. ``always_call``: also where ``forward`` or another hook
        raises, with the output None. Only calls of the module run hooks, never a direct ``module.forward(x)``.

        >>> import tinygrad_bp as tg
        >>> layer = tg.nn.ReLU()
        >>> handle = layer.register_forward_hook(lambda module, args, output: print(args[0].tolist(), output.tolist()))
        >>> _ = layer(tg.tensor([-1.0, 2.0]))
        [-1.0, 2.0] [0.0, 2.0]
        """
        flags = with_kwargs, always_call
        return hooks_of(self).after.add(hook, "register_forward_hook", first=prepend, flag=flags)

    def register_full_backward_pre_hook(self, hook: Callable[..., Any], prepend: bool = False) -> RemovableHandle:
        """Call ``hook(module, grad_output)`` in each backward when the gradient arrives at the module.

        What the hook returns, a tuple or one tensor, replaces ``grad_output``. Raises ``ArgumentError`` where it has
        another length.
        """
        return hooks_of(self).arriving.add(hook, "register_full_backward_pre_hook", first=prepend)

    def register_full_backward_hook(self, hook: Callable[..., Any], prepend: bool = False) -> RemovableHandle:
        """Call ``hook(module, grad_input, grad_output)`` in each backward when the gradient leaves the module.

        ``grad_input`` has one gradient per positional argument of the call (None where it required none),
        ``grad_output`` one per output; both are tuples. What the hook returns, a tuple or one tensor, replaces
        ``grad_input``. Raises ``ArgumentError`` where it has another length.

        >>> import tinygrad_bp as tg
        >>> layer = tg.nn.ReLU()
        >>> handle = layer.register_full_backward_hook(lambda module, grad_input, grad_output: (10 * grad_input[0],))
        >>> x = tg.tensor([-1.0, 2.0], requires_grad=True)
        >>> layer(x).sum().backward()
        >>> x.grad
        tensor([ 0., 10.])
        """
        return hooks_of(self).leaving.add(hook, "register_full_backward_hook", first=prepend)

    def register_backward_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """``register_full_backward_hook``, which has replaced it."""
        return self.register_full_backward_hook(hook)

    def register_state_dict_pre_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook(module, prefix, keep_vars)`` before ``state_dict`` reads the module."""
        return hooks_of(self).saving.add(hook, "register_state_dict_pre_hook")

    def register_state_dict_post_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook(module, state_dict, prefix, {})`` after ``state_dict`` has read the module; it may change it."""
        return hooks_of(self).saved.add(hook, "register_state_dict_post_hook")

    def register_load_state_dict_pre_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook(module, state_dict, prefix, {}, strict, missing, unexpected, errors)`` before loading.

        It may change the ``state_dict``, a copy of the one given, and add to the three lists.
        """
        return hooks_of(self).loading.add(hook, "register_load_state_dict_pre_hook")

    def _register_state_dict_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """``register_state_dict_post_hook``, by its older name."""
        return self.register_state_dict_post_hook(hook)

    def _register_load_state_dict_pre_hook(
        self, hook: Callable[..., Any], with_module: bool = False
    ) -> RemovableHandle:
        """``register_load_state_dict_pre_hook`` of a hook that is not given the module."""
        return self.register_load_state_dict_pre_hook(hook if with_module else lambda module, *given: hook(*given))

    def register_load_state_dict_post_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook(module, incompatible_keys)`` after ``load_state_dict``; it may take keys out of the lists."""
        return hooks_of(self).loaded.add(hook, "register_load_state_dict_post_hook")


# PyTorch's methods and attributes that modules do not have, and of which ``not_here`` says why.
ABSENT = "T_destination bfloat16 call_super_init compile dump_patches ipu mtia to_empty xpu"

for _name in ABSENT.split():
    type.__setattr__(Module, _name, Absent("nn.Module", _name))  # an assignment would be a declaration
type.__setattr__(Module, "__dir__", listed_without(ABSENT))


def check_tensor(value: object, what: str) -> None:
    """Raise ``ArgumentError`` for the input of a layer that has no shape."""
    if not hasattr(value, "shape"):
        raise ArgumentError(f"{what}: expected a tensor, got {kind_of(value)}; write tg.tensor(…)")


def check_module(value: object, what: str) -> Module:
    """``value``, or ``ArgumentError`` where it is no Module."""
    if not isinstance(value, Module):
        raise ArgumentError(f"{what}: expected a Module, got {type(value).__name__}")
    return value
