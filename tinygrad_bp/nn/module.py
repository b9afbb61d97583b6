"""Module: what holds parameters, and computes."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from threading import RLock
from typing import Any, NamedTuple, TypeVar

import numpy as np

from ..autograd.arrays import as_array, kind_of
from ..autograd.errors import ArgumentError, AutogradError, DtypeError, StateDictError, shape_text
from ..autograd.hooks import Calls, Handle
from ..autograd.modes import no_grad
from ..autograd.tensor import Tensor, wrap
from ..autograd.types import DTypeLike
from ..ops.operators import to
from .constructing import Constructed
from .holding import Holder
from .hooks import EVERY, ModuleHooks, Registered, hooked_call, hooks_of
from .parameter import Parameter

__all__ = [
    "Module", "register_module_forward_hook", "register_module_forward_pre_hook", "register_module_full_backward_hook",
    "register_module_full_backward_pre_hook",
]  # fmt: skip

M = TypeVar("M", bound="Module")


class _IncompatibleKeys(NamedTuple):
    """The keys that ``load_state_dict`` did not find, and those that it did not use; it shows as it does in PyTorch."""

    missing_keys: list[str]
    unexpected_keys: list[str]

    def __repr__(self) -> str:
        if not self.missing_keys and not self.unexpected_keys:
            return "<All keys matched successfully>"
        return f"_IncompatibleKeys(missing_keys={self.missing_keys}, unexpected_keys={self.unexpected_keys})"


class _Place(NamedTuple):
    """A parameter or buffer of the state, and where it is held."""

    holder: Holder
    name: str
    tensor: Tensor


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

    def to(self: M, *args: Any, **kwargs: Any) -> M:
        """Convert every floating point parameter and buffer, in place, and the gradients with them.

        Takes what ``Tensor.to`` takes: a dtype, a device, both, or a tensor that has them. Raises ``DtypeError`` for
        a dtype that is not floating point; nothing has changed then.

        >>> import tinygrad_bp as tg
        >>> tg.nn.Linear(2, 1).to("cpu", tg.float64).weight.dtype
        dtype('float64')
        """
        target = to(wrap(np.empty(0, np.float32), None), *args, **kwargs).dtype
        if target.kind not in "fc":
            raise DtypeError(f"to: parameters are floating point numbers, got {target}")
        return self._convert(lambda tensor: to(tensor, *args, **kwargs) if tensor.is_floating_point() else tensor)

    def _convert(self: M, function: Callable[[Tensor], Tensor]) -> M:
        """Put what ``function`` gives for each parameter, buffer and gradient in its place."""
        for parameter in (*self.parameters(), *self.buffers()):
            value, grad = parameter.detach(), parameter.grad
            converted = function(value)
            if converted.dtype != value.dtype:
                parameter.data = converted
                if grad is not None:
                    parameter.grad = function(grad.detach())
        return self

    def type(self: M, dst_type: DTypeLike) -> M:
        """Every parameter and buffer in a dtype."""
        return self._convert(lambda tensor: to(tensor, dst_type))

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
        """Itself: everything is there."""
        return self.to("cpu")

    def cuda(self: M, device: Any = None) -> M:
        """PyTorch's error of a machine without CUDA."""
        return self.to("cuda" if device is None else device)

    def share_memory(self: M) -> M:
        """Itself: one process computes."""
        return self

    # ------------------------------------------------------------------ state

    def _state(self) -> dict[str, _Place]:
        """Every parameter and persistent buffer by its path; one that is shared under each of its paths."""
        found = {}
        for path, holder, value in self._walk():
            name = path.rpartition(".")[2]
            if not isinstance(value, Holder) and name not in holder._held.transient:
                found[path] = _Place(holder, name, value)
        return found

    def _with_hooks(self, kind: str) -> Iterator[tuple[str, Module, list[Any]]]:
        """The modules that have hooks of a kind, innermost first, each with its path."""
        for path, module in reversed([*self.named_modules(remove_duplicate=False)]):
            if module._hooks is not None and (calls := getattr(module._hooks, kind)):
                yield path, module, [hook for hook, _ in calls.values()]

    def state_dict(
        self, *, destination: Any = None, prefix: str = "", keep_vars: bool = False
    ) -> OrderedDict[str, Tensor]:
        """Every parameter and buffer by its path, detached, sharing memory: the optimizer's next step shows in it.

        ``keep_vars`` gives the parameters themselves; ``prefix`` stands before each path, and ``destination`` is the
        dict that is filled.
        """
        for path, module, hooks in self._with_hooks("saving"):
            for hook in hooks:
                hook(module, _start(prefix, path), keep_vars)
        state: OrderedDict[str, Tensor] = OrderedDict() if destination is None else destination
        for path, (_, _, tensor) in self._state().items():
            state[prefix + path] = tensor if keep_vars else tensor.detach()
        for path, module, hooks in self._with_hooks("saved"):
            for hook in hooks:
                hook(module, state, _start(prefix, path), {})
        return state

    def load_state_dict(
        self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False
    ) -> _IncompatibleKeys:
        """Copy values into the parameters and buffers by name; ``assign`` puts those given in their places instead.

        Raises ``StateDictError`` that lists every missing key, every unexpected key and every value that does not fit,
        and ``ArgumentError`` where ``state_dict`` is no mapping; nothing has changed then. ``strict=False`` allows
        missing and unexpected keys and returns them.
        """
        if not isinstance(state_dict, Mapping):
            raise ArgumentError(
                f"load_state_dict: a state_dict maps names to tensors, got {type(state_dict).__name__}; give what "
                "state_dict() returned"
            )
        given = dict(state_dict)
        problems: list[str] = []
        missing: list[str] = []
        unexpected: list[str] = []
        for path, module, hooks in self._with_hooks("loading"):
            for hook in hooks:
                hook(module, given, _start("", path), {}, strict, missing, unexpected, problems)
        own = self._state()
        missing += [path for path, at in own.items() if path not in given and at.name not in at.holder.may_be_missing]
        unexpected += [name for name in given if name not in own]
        arrays = _fitting(own, given, problems)
        if strict and unexpected:
            problems.insert(0, f"unexpected keys: {', '.join(map(str, unexpected))}")
        if strict and missing:
            problems.insert(0, f"missing keys: {', '.join(missing)}")
        if problems:
            raise StateDictError(
                f"load_state_dict into {type(self).__name__}: " + "; ".join(problems) + ". Nothing was loaded; build "
                "the module with the sizes of the saved one, or pass strict=False to skip missing and unexpected keys"
            )
        with no_grad():
            for path, array in arrays.items():
                if assign:
                    _assign(own[path], given[path], array)
                else:
                    own[path].tensor.copy_(wrap(array, None))
        keys = _IncompatibleKeys(missing, unexpected)
        for _, module, hooks in self._with_hooks("loaded"):
            for hook in hooks:
                hook(module, keys)
        return keys

    # ------------------------------------------------------------------ hooks

    @property
    def _forward_pre_hooks(self) -> Registered:
        """The hooks before ``forward`` by number."""
        return Registered(hooks_of(self).before, False)

    @property
    def _forward_hooks(self) -> Registered:
        """The hooks after ``forward`` by number."""
        return Registered(hooks_of(self).after, (False, False))

    def register_forward_pre_hook(
        self, hook: Callable[..., Any], *, prepend: bool = False, with_kwargs: bool = False
    ) -> Handle:
        """Call ``hook(module, args)`` before each ``forward``; what it returns, one argument or a tuple, replaces them.

        ``with_kwargs``: ``hook(module, args, kwargs)``, which may return ``(args, kwargs)``. ``prepend`` puts it before
        the hooks there are. The handle's ``remove()`` takes it out.
        """
        return hooks_of(self).before.add(hook, "register_forward_pre_hook", first=prepend, flag=with_kwargs)

    def register_forward_hook(
        self, hook: Callable[..., Any], *, prepend: bool = False, with_kwargs: bool = False, always_call: bool = False
    ) -> Handle:
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

    def register_full_backward_pre_hook(self, hook: Callable[..., Any], prepend: bool = False) -> Handle:
        """Call ``hook(module, grad_output)`` in each backward when the gradient arrives at the module.

        What the hook returns, a tuple or one tensor, replaces ``grad_output``. Raises ``ArgumentError`` where it has
        another length.
        """
        return hooks_of(self).arriving.add(hook, "register_full_backward_pre_hook", first=prepend)

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
        return hooks_of(self).leaving.add(hook, "register_full_backward_hook", first=prepend)

    def register_backward_hook(self, hook: Callable[..., Any]) -> Handle:
        """``register_full_backward_hook``, which has replaced it."""
        return self.register_full_backward_hook(hook)

    def register_state_dict_pre_hook(self, hook: Callable[..., Any]) -> Handle:
        """Call ``hook(module, prefix, keep_vars)`` before ``state_dict`` reads the module."""
        return hooks_of(self).saving.add(hook, "register_state_dict_pre_hook")

    def register_state_dict_post_hook(self, hook: Callable[..., Any]) -> Handle:
        """Call ``hook(module, state_dict, prefix, {})`` after ``state_dict`` has read the module; it may change it."""
        return hooks_of(self).saved.add(hook, "register_state_dict_post_hook")

    def register_load_state_dict_pre_hook(self, hook: Callable[..., Any]) -> Handle:
        """Call ``hook(module, state_dict, prefix, {}, strict, missing, unexpected, errors)`` before loading.

        It may change the ``state_dict``, a copy of the one given, and add to the three lists.
        """
        return hooks_of(self).loading.add(hook, "register_load_state_dict_pre_hook")

    def register_load_state_dict_post_hook(self, hook: Callable[..., Any]) -> Handle:
        """Call ``hook(module, incompatible_keys)`` after ``load_state_dict``; it may take keys out of the lists."""
        return hooks_of(self).loaded.add(hook, "register_load_state_dict_post_hook")


_switching = RLock()  # two threads that register and remove leave what the hooks there are ask for


class _HandleOfAll(Handle):
    """The handle of a hook of all modules: without any, modules are called plainly again."""

    __slots__ = ()

    def remove(self) -> None:
        """Take the hook out; a second time does nothing."""
        with _switching:
            super().remove()
            Module._hooks = EVERY if any(vars(EVERY).values()) else None


def _of_all(calls: Calls, hook: Callable[..., Any], who: str, flag: Any = None) -> Handle:
    with _switching:
        handle = _HandleOfAll(calls, calls.add(hook, who, flag=flag)._number)
        Module._hooks = EVERY  # from now on every call asks for hooks
    return handle


def register_module_forward_pre_hook(hook: Callable[..., Any]) -> Handle:
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
) -> Handle:
    """Call ``hook(module, args, output)`` after each call of any module, as ``Module.register_forward_hook`` says.

    >>> import tinygrad_bp as tg
    >>> handle = tg.nn.register_module_forward_hook(lambda module, args, output: output + 1)
    >>> tg.nn.ReLU()(tg.zeros(1))
    tensor([1.])
    >>> handle.remove()
    """
    return _of_all(EVERY.after, hook, "register_module_forward_hook", (with_kwargs, always_call))


def register_module_full_backward_pre_hook(hook: Callable[..., Any]) -> Handle:
    """Call ``hook(module, grad_output)`` when a gradient arrives at any module.

    >>> import tinygrad_bp as tg
    >>> handle = tg.nn.register_module_full_backward_pre_hook(lambda module, grad_output: None)
    >>> handle.remove()
    """
    return _of_all(EVERY.arriving, hook, "register_module_full_backward_pre_hook")


def register_module_full_backward_hook(hook: Callable[..., Any]) -> Handle:
    """Call ``hook(module, grad_input, grad_output)`` when a gradient leaves any module.

    >>> import tinygrad_bp as tg
    >>> handle = tg.nn.register_module_full_backward_hook(lambda module, grad_input, grad_output: None)
    >>> handle.remove()
    """
    return _of_all(EVERY.leaving, hook, "register_module_full_backward_hook")


def _start(prefix: str, path: str) -> str:
    """What stands before the names of a module's own tensors."""
    return f"{prefix}{path}." if path else prefix


def _fitting(own: dict[str, _Place], given: Mapping[str, Any], problems: list[str]) -> dict[str, Any]:
    """The arrays given for the tensors of a module; what does not fit is added to ``problems``."""
    arrays = {}
    for path, (_, _, tensor) in own.items():
        if path not in given:
            continue
        value = given[path]
        try:
            array = arrays[path] = value._value if isinstance(value, Tensor) else as_array(value)
        except AutogradError as error:
            problems.append(f"{path}: {error}")
            continue
        if array.dtype.kind == "c" and not tensor.is_complex():
            problems.append(f"{path}: the module has {tensor.dtype}, the state_dict {array.dtype}")
        if array.shape != tensor.shape:
            problems.append(
                f"size mismatch for {path}: the module has {shape_text(tensor.shape)}, the state_dict "
                f"{shape_text(array.shape)}"
            )
    return arrays


def _assign(place: _Place, given: Any, array: Any) -> None:
    """Hold what was given in place of a parameter or buffer."""
    holder, name, tensor = place
    if not isinstance(tensor, Parameter):
        holder._buffers[name] = given if isinstance(given, Tensor) else wrap(array, None)
    elif isinstance(given, Parameter):
        holder._parameters[name] = given
    else:
        holder._parameters[name] = Parameter(array, requires_grad=tensor.requires_grad)


def check_tensor(value: object, what: str) -> None:
    """Raise ``ArgumentError`` for the input of a layer that has no shape."""
    if not hasattr(value, "shape"):
        raise ArgumentError(f"{what}: expected a tensor, got {kind_of(value)}; write tg.tensor(…)")


def check_module(value: object, what: str) -> Module:
    """``value``, or ``ArgumentError`` where it is no Module."""
    if not isinstance(value, Module):
        raise ArgumentError(f"{what}: expected a Module, got {type(value).__name__}")
    return value
