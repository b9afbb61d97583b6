"""Module: plain attributes, and an ordered walk that finds the parameters in them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple, TypeVar

import numpy as np

from ..autograd.errors import ArgumentError, StateDictError, shape_text
from ..autograd.hooks import Handle
from ..autograd.modes import no_grad
from ..autograd.operands import as_array
from ..autograd.tensor import Tensor, wrap
from ..ops.operators import to
from .hooks import ModuleHooks, hooked_call, hooks_of

M = TypeVar("M", bound="Module")


class Parameter(Tensor):
    """A tensor that a module learns: a leaf that requires grad unless told otherwise. It shares the data's memory.

    >>> import tinygrad_bp as tg
    >>> tg.nn.Parameter(tg.zeros(2))
    Parameter containing:
    tensor([0., 0.], requires_grad=True)
    """

    __slots__ = ()

    def __new__(cls, data: Any, requires_grad: bool = True) -> Parameter:
        """Around a tensor or an array."""
        self = object.__new__(cls)
        self._value = data.data if isinstance(data, Tensor) else as_array(data)
        self._node = None
        self._own_cell()
        if requires_grad:
            self.requires_grad = True
        return self

    def __repr__(self) -> str:
        return f"Parameter containing:\n{super().__repr__()}"


class Mismatch(NamedTuple):
    """The keys that ``load_state_dict(strict=False)`` did not find, and those that it did not use."""

    missing_keys: list[str]
    unexpected_keys: list[str]


class Module:
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

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """The result for an input; a subclass writes it."""
        raise NotImplementedError(f"{type(self).__name__}: write forward(self, x)")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run ``forward``."""
        return self.forward(*args, **kwargs)

    def __setattr__(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)
        if isinstance(value, (Parameter, Module)):
            self._give_names(name, value)

    def _give_names(self, name: str, value: Parameter | Module) -> None:
        """Drawings and errors call a parameter by the path on which its module holds it."""
        if isinstance(value, Parameter):
            value.name = name
        else:
            for path, parameter in value.named_parameters():
                parameter.name = f"{name}.{path}"

    def register_buffer(self, name: str, tensor: Tensor | None, persistent: bool = True) -> None:
        """Hold a tensor that is no parameter but belongs to the state, such as a running mean, as attribute ``name``.

        ``to`` converts it, and ``state_dict`` has it unless ``persistent`` is False. None holds the place.
        Raises ``ArgumentError`` for a name that is taken or is no identifier, and for anything but a tensor.

        >>> import tinygrad_bp as tg
        >>> net = tg.nn.Module()
        >>> net.register_buffer("count", tg.tensor(0))
        >>> net.state_dict()
        {'count': tensor(0)}
        """
        if not isinstance(name, str) or not name.isidentifier():
            raise ArgumentError(f"register_buffer: the name must be an identifier without a dot, got {name!r}")
        buffers = vars(self).setdefault("_buffers", {})
        if hasattr(self, name) and name not in buffers:
            raise ArgumentError(f"register_buffer: {type(self).__name__} already has an attribute {name!r}")
        if tensor is not None and (not isinstance(tensor, Tensor) or isinstance(tensor, Parameter)):
            raise ArgumentError(f"register_buffer: {name} must be a tensor or None, got {type(tensor).__name__}")
        buffers[name] = persistent
        setattr(self, name, tensor)

    # ------------------------------------------------------------------ what is inside

    def _own(self) -> Iterator[tuple[str, Any]]:
        """Its direct parameters, buffers and modules, in the order they were assigned."""
        buffers = vars(self).get("_buffers", {})
        for name, value in vars(self).items():
            if isinstance(value, (Parameter, Module)) or (name in buffers and isinstance(value, Tensor)):
                yield name, value

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """The modules directly inside, with their names, each once."""
        seen: set[int] = set()
        for name, value in self._own():
            if isinstance(value, Module) and id(value) not in seen:
                seen.add(id(value))
                yield name, value

    def children(self) -> Iterator[Module]:
        """The modules directly inside, each once."""
        for _, child in self.named_children():
            yield child

    def _walk(self, prefix: str = "") -> Iterator[tuple[str, Module, Any]]:
        """All parameters, buffers and modules inside, as ``(path, module that holds it, value)``; holder first."""
        pending = [(prefix, self, self._own())]
        while pending:
            where, holder, items = pending[-1]
            found = next(items, None)
            if found is None:
                pending.pop()
                continue
            name, value = found
            path = f"{where}.{name}" if where else name
            yield path, holder, value
            if isinstance(value, Module) and all(value is not above for _, above, _ in pending):
                pending.append((path, value, value._own()))

    def named_modules(self) -> Iterator[tuple[str, Module]]:
        """Itself (named ``""``) and every module at any depth, each once."""
        yield "", self
        seen = {id(self)}
        for path, _, value in self._walk():
            if isinstance(value, Module) and id(value) not in seen:
                seen.add(id(value))
                yield path, value

    def modules(self) -> Iterator[Module]:
        """Itself and every module at any depth, each once."""
        for _, module in self.named_modules():
            yield module

    def named_parameters(self, prefix: str = "", recurse: bool = True) -> Iterator[tuple[str, Parameter]]:
        """The parameters with their paths, in the order they were assigned; one that is shared comes once."""
        seen: set[int] = set()
        for path, holder, value in self._walk(prefix):
            if isinstance(value, Parameter) and id(value) not in seen and (recurse or holder is self):
                seen.add(id(value))
                yield path, value

    def parameters(self, recurse: bool = True) -> Iterator[Parameter]:
        """The parameters, each once, in the order they were assigned."""
        for _, parameter in self.named_parameters(recurse=recurse):
            yield parameter

    def named_buffers(self, prefix: str = "", recurse: bool = True) -> Iterator[tuple[str, Tensor]]:
        """The buffers with their paths, persistent or not; one that is shared comes once."""
        seen: set[int] = set()
        for path, holder, value in self._walk(prefix):
            if not isinstance(value, (Parameter, Module)) and id(value) not in seen and (recurse or holder is self):
                seen.add(id(value))
                yield path, value

    def buffers(self, recurse: bool = True) -> Iterator[Tensor]:
        """The buffers, each once: tensors of the state that are not learned."""
        for _, buffer in self.named_buffers(recurse=recurse):
            yield buffer

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
        """Call ``function`` on every module inside and then on itself."""
        for module in reversed(list(self.modules())):
            function(module)
        return self

    def to(self: M, dtype: Any) -> M:
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
            or not (isinstance(value, Module) or vars(holder)["_buffers"][path.rpartition(".")[2]] is False)
        }

    def state_dict(self) -> dict[str, Tensor]:
        """Every parameter and buffer by its path, detached, sharing memory: the optimizer's next step shows in it."""
        return {name: tensor.detach() for name, tensor in self._state().items()}

    def load_state_dict(self, state_dict: Mapping[str, Any], strict: bool = True) -> Mismatch:
        """Copy values into the parameters and buffers by name.

        Raises ``StateDictError`` that lists every missing key, every unexpected key and every shape that differs;
        nothing has changed then. ``strict=False`` allows missing and unexpected keys and returns them.
        """
        own = self._state()
        missing = [name for name in own if name not in state_dict]
        unexpected = [name for name in state_dict if name not in own]
        problems = []
        if strict and missing:
            problems.append(f"missing keys: {', '.join(missing)}")
        if strict and unexpected:
            problems.append(f"unexpected keys: {', '.join(unexpected)}")
        arrays = {}
        for name, parameter in own.items():
            if name not in state_dict:
                continue
            given = state_dict[name]
            arrays[name] = given._value if isinstance(given, Tensor) else as_array(given)
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
        return self._with_hooks().before.add(hook, "register_forward_pre_hook", first=prepend, flag=with_kwargs)

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
        return self._with_hooks().after.add(hook, "register_forward_hook", first=prepend, flag=with_kwargs)

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
        return self._with_hooks().backward.add(hook, "register_full_backward_hook", first=prepend)

    def _with_hooks(self) -> ModuleHooks:
        # Until the first hook of any module a call looks for none: it is a plain call of forward.
        Module.__call__ = hooked_call  # type: ignore[method-assign, assignment]
        return hooks_of(self)

    # ------------------------------------------------------------------ repr

    def extra_repr(self) -> str:
        """What the repr shows in the parentheses."""
        return ""

    def __repr__(self) -> str:
        lines = [f"({name}): " + repr(child).replace("\n", "\n  ") for name, child in self._children_shown()]
        extra = self.extra_repr()
        if not lines:
            return f"{type(self).__name__}({extra})"
        body = "\n  ".join(([extra] if extra else []) + lines)
        return f"{type(self).__name__}(\n  {body}\n)"

    def _children_shown(self) -> Iterator[tuple[str, Module]]:
        for name, value in self._own():
            if isinstance(value, Module):
                yield name, value


def check_module(value: Any, what: str) -> Module:
    """``value``, or ``ArgumentError`` where it is no Module."""
    if not isinstance(value, Module):
        raise ArgumentError(f"{what}: expected a Module, got {type(value).__name__}")
    return value
