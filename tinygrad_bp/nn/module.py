"""Module: what holds parameters, and computes."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeVar

import numpy as np

from ..autograd.arrays import as_array, kind_of
from ..autograd.errors import ArgumentError, AutogradError, StateDictError, shape_text
from ..autograd.hooks import Handle
from ..autograd.modes import no_grad
from ..autograd.tensor import Tensor, wrap
from ..autograd.types import DTypeLike
from ..ops.operators import to
from .constructing import Constructed
from .holding import Holder, Parameter
from .hooks import ModuleHooks, hooked_call, hooks_of

__all__ = ["Module"]

M = TypeVar("M", bound="Module")


class Mismatch(NamedTuple):
    """The keys that ``load_state_dict(strict=False)`` did not find, and those that it did not use."""

    missing_keys: list[str]
    unexpected_keys: list[str]

    def __repr__(self) -> str:
        if not self.missing_keys and not self.unexpected_keys:
            return "<All keys matched successfully>"
        return f"_IncompatibleKeys(missing_keys={self.missing_keys}, unexpected_keys={self.unexpected_keys})"


class Module(Holder, Constructed):
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
        return self.forward(*args, **kwargs)

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
            elif parameter.grad is not None:
                parameter.grad = wrap(np.zeros_like(parameter.grad._value), None)

    def requires_grad_(self: M, requires_grad: bool = True) -> M:
        """Set ``requires_grad`` of every parameter."""
        for parameter in self.parameters():
            parameter.requires_grad = requires_grad
        return self

    def apply(self: M, function: Callable[[Module], Any]) -> M:
        """Call ``function`` on every module inside, in order and each after those that it holds, and then on itself."""
        for module in self._innermost_first():
            function(module)
        function(self)
        return self

    def to(self: M, dtype: DTypeLike) -> M:
        """Convert every floating point parameter and buffer to ``dtype``, in place, and the gradients with them."""
        for parameter in (*self.parameters(), *self.buffers()):
            if parameter.is_floating_point():
                grad = parameter.grad
                parameter.data = to(parameter.detach(), dtype)
                if grad is not None:
                    parameter.grad = to(grad.detach(), dtype)
        return self

    def double(self: M) -> M:
        """Every floating point parameter and buffer as float64."""
        return self.to("float64")

    def float(self: M) -> M:
        """Every floating point parameter and buffer as float32."""
        return self.to("float32")

    # ------------------------------------------------------------------ state

    def _state(self) -> dict[str, Tensor]:
        """Every parameter and persistent buffer by its path; one that is shared under each of its paths."""
        return {
            path: value
            for path, holder, value in self._walk()
            if isinstance(value, Parameter)
            or not (isinstance(value, Holder) or vars(holder)["_buffers"][path.rpartition(".")[2]] is False)
        }

    def state_dict(self) -> OrderedDict[str, Tensor]:
        """Every parameter and buffer by its path, detached, sharing memory: the optimizer's next step shows in it."""
        return OrderedDict((name, tensor.detach()) for name, tensor in self._state().items())

    def load_state_dict(self, state_dict: Mapping[str, Any], strict: bool = True) -> Mismatch:
        """Copy values into the parameters and buffers by name.

        Raises ``StateDictError`` that lists every missing key, every unexpected key and every value that does not fit,
        and ``ArgumentError`` where ``state_dict`` is no mapping; nothing has changed then. ``strict=False`` allows
        missing and unexpected keys and returns them.
        """
        if not isinstance(state_dict, Mapping):
            raise ArgumentError(
                f"load_state_dict: a state_dict maps names to tensors, got {type(state_dict).__name__}; give what "
                "state_dict() returned"
            )
        own = self._state()
        missing = [name for name in own if name not in state_dict]
        unexpected = [name for name in state_dict if name not in own]
        problems = []
        if strict and missing:
            problems.append(f"missing keys: {', '.join(missing)}")
        if strict and unexpected:
            problems.append(f"unexpected keys: {', '.join(map(str, unexpected))}")
        arrays = {}
        for name, parameter in own.items():
            if name not in state_dict:
                continue
            given = state_dict[name]
            try:
                arrays[name] = given._value if isinstance(given, Tensor) else as_array(given)
            except AutogradError as error:
                problems.append(f"{name}: {error}")
                continue
            if arrays[name].dtype.kind == "c" and not parameter.is_complex():
                problems.append(f"{name}: the module has {parameter.dtype}, the state_dict {arrays[name].dtype}")
            if arrays[name].shape != parameter.shape:
                problems.append(
                    f"size mismatch for {name}: the module has {shape_text(parameter.shape)}, the state_dict "
                    f"{shape_text(arrays[name].shape)}"
                )
        if problems:
            raise StateDictError(
                f"load_state_dict into {type(self).__name__}: " + "; ".join(problems) + ". Nothing was loaded; build "
                "the module with the sizes of the saved one, or pass strict=False to skip missing and unexpected keys"
            )
        with no_grad():
            for name, array in arrays.items():
                own[name].copy_(wrap(array, None))
        return Mismatch(missing, unexpected)

    # ------------------------------------------------------------------ hooks

    def register_forward_pre_hook(
        self, hook: Callable[..., Any], *, prepend: bool = False, with_kwargs: bool = False
    ) -> Handle:
        """Call ``hook(module, args)`` before each ``forward``; what it returns, one argument or a tuple, replaces them.

        ``with_kwargs``: ``hook(module, args, kwargs)``, which may return ``(args, kwargs)``. ``prepend`` puts it before
        the hooks there are. The handle's ``remove()`` takes it out.
        """
        return hooks_of(self).before.add(hook, "register_forward_pre_hook", first=prepend, flag=with_kwargs)

    def register_forward_hook(
        self, hook: Callable[..., Any], *, prepend: bool = False, with_kwargs: bool = False
    ) -> Handle:
        """Call ``hook(module, args, output)`` after each ``forward``; what it returns (not None) replaces the output.

        ``with_kwargs``: ``hook(module, args, kwargs, output)``. Only calls of the module run hooks, never a direct
        ``module.forward(x)``.

        >>> import tinygrad_bp as tg
        >>> layer = tg.nn.ReLU()
        >>> handle = layer.register_forward_hook(lambda module, args, output: print(args[0].tolist(), output.tolist()))
        >>> _ = layer(tg.tensor([-1.0, 2.0]))
        [-1.0, 2.0] [0.0, 2.0]
        """
        return hooks_of(self).after.add(hook, "register_forward_hook", first=prepend, flag=with_kwargs)

    def register_full_backward_hook(self, hook: Callable[..., Any], prepend: bool = False) -> Handle:
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
        return hooks_of(self).backward.add(hook, "register_full_backward_hook", first=prepend)


def check_tensor(value: object, what: str) -> None:
    """Raise ``ArgumentError`` for the input of a layer that has no shape."""
    if not hasattr(value, "shape"):
        raise ArgumentError(f"{what}: expected a tensor, got {kind_of(value)}; write tg.tensor(…)")


def check_module(value: object, what: str) -> Module:
    """``value``, or ``ArgumentError`` where it is no Module."""
    if not isinstance(value, Module):
        raise ArgumentError(f"{what}: expected a Module, got {type(value).__name__}")
    return value
