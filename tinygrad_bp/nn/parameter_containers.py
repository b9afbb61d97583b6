"""Modules that hold parameters by place or by name, and other values beside them."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Self

from ..autograd import dtypes
from ..autograd.errors import ArgumentError
from ..autograd.tensor import Tensor
from ..autograd.types import Operand
from .module import Module
from .parameter import Parameter

__all__ = ["ParameterDict", "ParameterList"]


def _parameter(value: Any) -> Any:
    """A plain tensor as a parameter; anything else as it is."""
    return Parameter(value) if isinstance(value, Tensor) and not isinstance(value, Parameter) else value


def _lines(items: Iterable[tuple[Any, Any]], kind: Callable[[Any], str]) -> str:
    """What the repr shows of each value; PyTorch's list and its dict name the kind of a parameter differently."""
    lines = []
    for name, value in items:
        if isinstance(value, Parameter):
            size = "x".join(map(str, value.shape))
            lines.append(f"  ({name}): Parameter containing: [{kind(value)} of size {size}]")
        else:
            lines.append(f"  ({name}): Object of type: {type(value).__name__}")
    return "\n".join(lines)


class ParameterList(Module):
    """A list of parameters, numbered from 0; tensors become parameters, other values stay what they are.

    >>> import tinygrad_bp as tg
    >>> weights = tg.nn.ParameterList([tg.zeros(2), tg.zeros(3)])
    >>> [name for name, _ in weights.named_parameters()]
    ['0', '1']
    """

    def __init__(self, values: Iterable[Any] | None = None) -> None:
        self._items: list[Any] = []
        self.extend(() if values is None else values)

    def append(self, value: Operand) -> Self:
        """Add a parameter at the end."""
        self._items.append(None)
        self[len(self._items) - 1] = value
        return self

    def extend(self, values: Iterable[Any]) -> Self:
        """Add several parameters at the end."""
        if isinstance(values, Tensor):
            raise ArgumentError("ParameterList: extend takes a list of parameters, got a tensor; use append")
        for value in list(values):
            self.append(value)
        return self

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._items)

    def __getitem__(self, index: Any) -> Any:
        return type(self)(self._items[index]) if isinstance(index, slice) else self._items[index]

    def __setitem__(self, index: int, value: Any) -> None:
        self._items[index] = value = _parameter(value)
        name = str(range(len(self._items))[index])
        if isinstance(value, Parameter):
            self._hold(self._held.parameters, name, value)
        else:
            self._held.parameters.pop(name, None)

    def __iadd__(self, values: Iterable[Any]) -> Self:
        return self.extend(values)

    def extra_repr(self) -> str:
        """A line for each value."""
        return _lines(enumerate(self._items), lambda parameter: dtypes.text(parameter.dtype))


class ParameterDict(Module):
    """Parameters by name, in the order they were given; tensors become parameters, other values stay what they are.

    >>> import tinygrad_bp as tg
    >>> weights = tg.nn.ParameterDict({"a": tg.zeros(2)})
    >>> [name for name, _ in weights.named_parameters()]
    ['a']
    """

    def __init__(self, parameters: Mapping[str, Any] | Iterable[tuple[str, Any]] | None = None) -> None:
        self._items: dict[str, Any] = {}
        self.update(() if parameters is None else parameters)

    def update(self, parameters: Mapping[str, Any] | ParameterDict | Iterable[tuple[str, Any]]) -> None:
        """Add or replace several parameters; those of a plain mapping in the order of their names, as PyTorch does."""
        pairs = parameters.items() if isinstance(parameters, (Mapping, ParameterDict)) else parameters
        if isinstance(parameters, Mapping) and not isinstance(parameters, OrderedDict):
            pairs = sorted(pairs, key=lambda pair: pair[0])
        for name, value in pairs:
            self[name] = value

    def keys(self) -> Iterable[str]:
        """The names."""
        return self._items.keys()

    def values(self) -> Iterable[Any]:
        """The parameters."""
        return self._items.values()

    def items(self) -> Iterable[tuple[str, Any]]:
        """Names and parameters."""
        return self._items.items()

    def get(self, key: str, default: Any = None) -> Any:
        """The parameter of a name, or ``default``."""
        return self._items.get(key, default)

    def setdefault(self, key: str, default: Any = None) -> Any:
        """The parameter of a name; ``default`` becomes it where there is none."""
        if key not in self._items:
            self[key] = default
        return self._items[key]

    def pop(self, key: str) -> Any:
        """Take out a parameter, and return it."""
        value = self._items[key]
        del self[key]
        return value

    def popitem(self) -> tuple[str, Any]:
        """Take out the last parameter, and return its name and it."""
        name = next(reversed(self._items))
        return name, self.pop(name)

    def clear(self) -> None:
        """Take out all parameters."""
        for name in list(self._items):
            del self[name]

    def copy(self) -> ParameterDict:
        """Another dict of the same parameters."""
        return ParameterDict(self._items.items())

    def fromkeys(self, keys: Iterable[str], default: Any = None) -> ParameterDict:
        """Another dict, with ``default`` for each name."""
        return ParameterDict((name, default) for name in keys)

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[str]:
        return iter(self._items)

    def __reversed__(self) -> Iterator[str]:
        return reversed(self._items)

    def __contains__(self, name: object) -> bool:
        return name in self._items

    def __getitem__(self, name: str) -> Any:
        return self._items[name]

    def __setitem__(self, name: str, value: Any) -> None:
        self._items[name] = value = _parameter(value)
        if isinstance(value, Parameter):
            self._hold(self._held.parameters, name, value)
        else:
            self._held.parameters.pop(name, None)

    def __delitem__(self, name: str) -> None:
        del self._items[name]
        if name in self._held.parameters:
            delattr(self, name)

    def __or__(self, other: Mapping[str, Any] | ParameterDict) -> ParameterDict:
        both = self.copy()
        both.update(other)
        return both

    def __ior__(self, other: Mapping[str, Any] | ParameterDict) -> Self:
        self.update(other)
        return self

    def extra_repr(self) -> str:
        """A line for each value."""
        return _lines(self._items.items(), lambda parameter: parameter.type())
