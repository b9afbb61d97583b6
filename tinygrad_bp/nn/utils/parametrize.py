"""Parameters that are computed from others each time they are read.

A module with such a parameter is of a class of its own, in which the parameter's name is a property; what it is
computed from is in ``module.parametrizations``.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

from ...autograd.errors import ArgumentError, DtypeError, ShapeError, shape_text
from ...autograd.modes import no_grad
from ...autograd.tensor import Tensor
from ..containers import ModuleDict, ModuleList
from ..module import Module, check_module
from ..parameter import Parameter

__all__ = [
    "ParametrizationList", "cached", "is_parametrized", "register_parametrization", "remove_parametrizations",
    "type_before_parametrizations",
]  # fmt: skip

M = TypeVar("M", bound=Module)
# What was computed inside of ``cached``, by the list that computed it.
_COMPUTED: ContextVar[dict[Any, Any] | None] = ContextVar("tinygrad_bp.parametrized", default=None)


class ParametrizationList(ModuleList):
    """The modules that compute one parameter, one after the other, and the tensors that the first one takes.

    Those are ``original``, or ``original0``, ``original1``, … where the ``right_inverse`` of a module gives several.
    """

    several: int
    original: Tensor

    def __init__(self, modules: list[Module], original: Tensor) -> None:
        super().__init__(modules)
        value: Any = original.detach()
        for module in reversed(modules):
            value = _inverse(module, value)
        self.several = len(value) if isinstance(value, (tuple, list)) else 0
        learned = isinstance(original, Parameter)
        for i in range(self.several):
            self._keep(f"original{i}", Parameter(value[i], original.requires_grad) if learned else value[i])
        if not self.several:
            if value is not original and value._value is not original._value:
                original.data = value
            self._keep("original", original)

    def _keep(self, name: str, value: Tensor) -> None:
        if isinstance(value, Parameter):
            self.register_parameter(name, value)
        else:
            self.register_buffer(name, value)

    def originals(self) -> list[Tensor]:
        """The tensors that the first module takes."""
        names = [f"original{i}" for i in range(self.several)] or ["original"]
        return [getattr(self, name) for name in names]

    def right_inverse(self, value: Tensor) -> None:
        """Write into the tensors what makes ``value`` of them."""
        found: Any = value
        with no_grad():
            for module in reversed(list(self)):
                if not hasattr(module, "right_inverse"):
                    raise ArgumentError(
                        f"{type(module).__name__} has no right_inverse: its parameter cannot be assigned"
                    )
                found = module.right_inverse(found)
            for original, part in zip(self.originals(), found if self.several else [found], strict=True):
                original.data = part

    def forward(self) -> Any:
        """The parameter."""
        first, *others = self
        value = first(*self.originals())
        for module in others:
            value = module(value)
        return value


def _property(name: str) -> property:
    def read(self: Any) -> Any:
        computed, parts = _COMPUTED.get(), self.parametrizations[name]
        if computed is None:
            return parts()
        if id(parts) not in computed:
            computed[id(parts)] = parts()
        return computed[id(parts)]

    def write(self: Any, value: Tensor) -> None:
        self.parametrizations[name].right_inverse(value)

    return property(read, write)


def register_parametrization(module: M, tensor_name: str, parametrization: Module, *, unsafe: bool = False) -> M:
    """Have a parameter or buffer computed by a module each time it is read; several compute one after the other.

    Where the first module has a ``right_inverse``, what is stored is its result of the tensor, which so keeps its
    value; a further module computes of what the others give. Raises ``ArgumentError`` for a
    name of neither, and, unless ``unsafe``, ``ShapeError`` or ``DtypeError`` where the result is of another shape or
    dtype; nothing has changed then.

    >>> import tinygrad_bp as tg
    >>> class Symmetric(tg.nn.Module):
    ...     def forward(self, x):
    ...         return x.triu() + x.triu(1).T
    >>> layer = tg.nn.utils.parametrize.register_parametrization(tg.nn.Linear(3, 3), "weight", Symmetric())
    >>> bool((layer.weight == layer.weight.T).all()), [name for name, _ in layer.named_parameters()]
    (True, ['bias', 'parametrizations.weight.original'])
    """
    check_module(parametrization, "register_parametrization")
    parametrization.train(module.training)
    if is_parametrized(module, tensor_name):
        parts: Any = _computed(module)[tensor_name]
        _check(parametrization, getattr(module, tensor_name).detach(), tensor_name, unsafe)
        parts.append(parametrization)
        return module
    held = module._held.parameters if tensor_name in module._held.parameters else module._held.buffers
    original = held.get(tensor_name)
    if original is None:
        raise ArgumentError(
            f"register_parametrization: {type(module).__name__} has no parameter or buffer {tensor_name!r}"
        )
    _check(parametrization, original.detach(), tensor_name, unsafe)
    parts = ParametrizationList([parametrization], original)
    if not is_parametrized(module):
        kind = type(module)
        module.__class__ = type(f"Parametrized{kind.__name__}", (kind,), {"__module__": kind.__module__})
        module.add_module("parametrizations", ModuleDict())
    delattr(module, tensor_name)
    _computed(module)[tensor_name] = parts
    setattr(type(module), tensor_name, _property(tensor_name))
    return module


def _inverse(parametrization: Any, value: Any) -> Any:
    """What a parametrization makes ``value`` of; ``value`` itself where it does not say."""
    if not hasattr(parametrization, "right_inverse"):
        return value
    with no_grad():
        try:
            return parametrization.right_inverse(value)
        except NotImplementedError:
            return value


def _check(parametrization: Any, value: Any, name: str, unsafe: bool) -> None:
    """Raise where a parametrization makes something else of a tensor."""
    if unsafe:
        return
    inverse = _inverse(parametrization, value)
    with no_grad():
        found = parametrization(*inverse) if isinstance(inverse, (tuple, list)) else parametrization(inverse)
    who = f"register_parametrization: {type(parametrization).__name__}"
    if found.shape != value.shape:
        raise ShapeError(f"{who} makes {shape_text(found.shape)} of {name} {shape_text(value.shape)}; pass unsafe=True")
    if found.dtype != value.dtype:
        raise DtypeError(f"{who} makes {found.dtype} of {name}, which is {value.dtype}; pass unsafe=True")


def is_parametrized(module: Module, tensor_name: str | None = None) -> bool:
    """Whether a parameter of the module is computed; ``tensor_name``: whether this one is.

    >>> import tinygrad_bp as tg
    >>> layer = tg.nn.utils.parametrizations.weight_norm(tg.nn.Linear(2, 3))
    >>> tg.nn.utils.parametrize.is_parametrized(layer)
    True
    """
    computed = _computed(module)
    return len(computed) > 0 if tensor_name is None else tensor_name in computed


def _computed(module: Module) -> Any:
    """What computes parameters of a module, by their names."""
    return module._held.modules.get("parametrizations", {})


def remove_parametrizations(module: M, tensor_name: str, leave_parametrized: bool = True) -> M:
    """Store the parameter itself again: as it was computed last, or what it was computed from.

    Raises ``ArgumentError`` for a parameter that is not computed, and where it was computed from several tensors and
    ``leave_parametrized`` is False.

    >>> import tinygrad_bp as tg
    >>> layer = tg.nn.utils.parametrizations.weight_norm(tg.nn.Linear(2, 3))
    >>> _ = tg.nn.utils.parametrize.remove_parametrizations(layer, "weight")
    >>> tg.nn.utils.parametrize.is_parametrized(layer)
    False
    """
    if not is_parametrized(module, tensor_name):
        raise ArgumentError(f"remove_parametrizations: {type(module).__name__}.{tensor_name} is not computed")
    parts: Any = _computed(module)[tensor_name]
    originals = parts.originals()
    if len(originals) > 1 and not leave_parametrized:
        raise ArgumentError(f"remove_parametrizations: {tensor_name} is computed from {len(originals)} tensors")
    value = getattr(module, tensor_name).detach()
    if len(originals) == 1:
        result: Any = originals[0]
        if leave_parametrized:
            result.data = value
    else:
        learned = isinstance(originals[0], Parameter)
        result = Parameter(value, originals[0].requires_grad) if learned else value
    delattr(type(module), tensor_name)
    del _computed(module)[tensor_name]
    if isinstance(result, Parameter):
        module.register_parameter(tensor_name, result)
    else:
        module.register_buffer(tensor_name, result)
    if not len(_computed(module)):
        delattr(module, "parametrizations")
        module.__class__ = type_before_parametrizations(module)
    return module


def type_before_parametrizations(module: Module) -> type:
    """The class of the module as it was before one of its parameters was computed.

    >>> import tinygrad_bp as tg
    >>> layer = tg.nn.utils.parametrizations.weight_norm(tg.nn.Linear(2, 3))
    >>> tg.nn.utils.parametrize.type_before_parametrizations(layer).__name__
    'Linear'
    """
    kind = type(module)
    return kind.__bases__[0] if kind.__name__.startswith("Parametrized") else kind


@contextmanager
def cached() -> Iterator[None]:
    """Inside of it each parameter is computed once, however often it is read.

    >>> import tinygrad_bp as tg
    >>> layer = tg.nn.utils.parametrizations.weight_norm(tg.nn.Linear(2, 2))
    >>> with tg.nn.utils.parametrize.cached():
    ...     layer.weight is layer.weight
    True
    """
    before = _COMPUTED.set({})
    try:
        yield
    finally:
        _COMPUTED.reset(before)
