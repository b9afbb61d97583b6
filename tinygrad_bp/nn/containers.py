"""Modules that hold modules."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ..autograd.tensor import Tensor
from ..autograd.types import Array, Operand
from .holding import Parameter
from .module import Module, check_module

__all__ = ["ModuleDict", "ModuleList", "ParameterDict", "ParameterList", "Sequential"]


class ModuleList(Module):
    """A list of modules, numbered from 0.

    >>> import tinygrad_bp as tg
    >>> layers = tg.nn.ModuleList([tg.nn.Linear(2, 2) for _ in range(3)])
    >>> len(layers), len(list(layers.parameters()))
    (3, 6)
    """

    def __init__(self, modules: Iterable[Module] = ()) -> None:
        self._items: list[Module] = []
        for module in modules:
            self.append(module)

    def append(self, module: Module) -> ModuleList:
        """Add a module at the end."""
        self._items.append(check_module(module, type(self).__name__))
        self._give_names(str(len(self._items) - 1), module)
        return self

    def extend(self, modules: Iterable[Module]) -> ModuleList:
        """Add several modules at the end."""
        for module in modules:
            self.append(module)
        return self

    def _own(self) -> Iterator[tuple[str, Any]]:
        yield from ((str(i), module) for i, module in enumerate(self._items))
        yield from super()._own()

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[Module]:
        return iter(self._items)

    def __getitem__(self, index: Any) -> Any:
        return type(self)(self._items[index]) if isinstance(index, slice) else self._items[index]

    def __setitem__(self, index: int, module: Module) -> None:
        self._items[index] = check_module(module, type(self).__name__)
        self._give_names(str(range(len(self._items))[index]), module)


# What a module itself may have that its call does and its forward does not.
_OWN_CALL = {"_hooks", "forward"}


class Sequential(ModuleList):
    """Modules applied one after the other.

    >>> import tinygrad_bp as tg
    >>> tg.nn.Sequential(tg.nn.Linear(2, 3), tg.nn.ReLU(), tg.nn.Linear(3, 1))
    Sequential(
      (0): Linear(in_features=2, out_features=3, bias=True)
      (1): ReLU()
      (2): Linear(in_features=3, out_features=1, bias=True)
    )
    """

    def __init__(self, *modules: Module | Iterable[Module]) -> None:
        listed = len(modules) == 1 and not isinstance(modules[0], Module) and hasattr(modules[0], "__iter__")
        given = modules[0] if listed else modules
        super().__init__(given)  # type: ignore[arg-type]

    def forward(self, x: Array) -> Any:
        """The input through every module in turn."""
        for module in self._items:
            x = _through(module, x) if type(module) is Sequential else module(x)
        return x


def _through(nest: Sequential, x: Any) -> Any:
    """The input through a Sequential that is inside of one, without recursion: they nest as deep as they like."""
    inside: list[Any] = []
    pending: list[Iterator[Module]] = [iter((nest,))]
    while pending:
        for module in pending[-1]:
            if type(module) is Sequential and not _OWN_CALL & vars(module).keys() and module not in inside:
                inside.append(module)
                pending.append(iter(module._items))
                break
            x = module(x)
        else:
            pending.pop()
            del inside[len(pending) - 1 :]
    return x


class ModuleDict(Module):
    """Modules by name, in the order they were given.

    >>> import tinygrad_bp as tg
    >>> layers = tg.nn.ModuleDict({"first": tg.nn.Linear(2, 2), "last": tg.nn.ReLU()})
    >>> list(layers), [name for name, _ in layers.named_parameters()]
    (['first', 'last'], ['first.weight', 'first.bias'])
    """

    def __init__(self, modules: Mapping[str, Module] | Iterable[tuple[str, Module]] = ()) -> None:
        self._items: dict[str, Module] = {}
        self.update(modules)

    def update(self, modules: Mapping[str, Module] | Iterable[tuple[str, Module]]) -> None:
        """Add or replace several modules."""
        for name, module in modules.items() if isinstance(modules, Mapping) else modules:
            self[name] = module

    def keys(self) -> Iterable[str]:
        """The names."""
        return self._items.keys()

    def values(self) -> Iterable[Module]:
        """The modules."""
        return self._items.values()

    def items(self) -> Iterable[tuple[str, Module]]:
        """Names and modules."""
        return self._items.items()

    def _own(self) -> Iterator[tuple[str, Any]]:
        yield from self._items.items()
        yield from super()._own()

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[str]:
        return iter(self._items)

    def __contains__(self, name: object) -> bool:
        return name in self._items

    def __getitem__(self, name: str) -> Module:
        return self._items[name]

    def __setitem__(self, name: str, module: Module) -> None:
        self._items[name] = check_module(module, type(self).__name__)
        self._give_names(name, module)

    def __delitem__(self, name: str) -> None:
        del self._items[name]


def _parameter(value: Any) -> Any:
    """A plain tensor as a parameter; anything else as it is."""
    return Parameter(value) if isinstance(value, Tensor) and not isinstance(value, Parameter) else value


class ParameterList(Module):
    """A list of parameters, numbered from 0; tensors become parameters.

    >>> import tinygrad_bp as tg
    >>> weights = tg.nn.ParameterList([tg.zeros(2), tg.zeros(3)])
    >>> [name for name, _ in weights.named_parameters()]
    ['0', '1']
    """

    def __init__(self, values: Iterable[Any] = ()) -> None:
        self._items: list[Any] = []
        self.extend(values)

    def append(self, value: Operand) -> ParameterList:
        """Add a parameter at the end."""
        self._items.append(None)
        self[len(self._items) - 1] = value
        return self

    def extend(self, values: Iterable[Any]) -> ParameterList:
        """Add several parameters at the end."""
        for value in values:
            self.append(value)
        return self

    def _own(self) -> Iterator[tuple[str, Any]]:
        yield from ((str(i), value) for i, value in enumerate(self._items) if isinstance(value, Parameter))
        yield from super()._own()

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._items)

    def __getitem__(self, index: Any) -> Any:
        return type(self)(self._items[index]) if isinstance(index, slice) else self._items[index]

    def __setitem__(self, index: int, value: Any) -> None:
        self._items[index] = value = _parameter(value)
        if isinstance(value, Parameter):
            self._give_names(str(range(len(self._items))[index]), value)


class ParameterDict(Module):
    """Parameters by name, in the order they were given; tensors become parameters.

    >>> import tinygrad_bp as tg
    >>> weights = tg.nn.ParameterDict({"a": tg.zeros(2)})
    >>> [name for name, _ in weights.named_parameters()]
    ['a']
    """

    def __init__(self, values: Mapping[str, Any] | Iterable[tuple[str, Any]] = ()) -> None:
        self._items: dict[str, Any] = {}
        self.update(values)

    def update(self, values: Mapping[str, Any] | Iterable[tuple[str, Any]]) -> None:
        """Add or replace several parameters."""
        for name, value in values.items() if isinstance(values, Mapping) else values:
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

    def _own(self) -> Iterator[tuple[str, Any]]:
        yield from ((name, value) for name, value in self._items.items() if isinstance(value, Parameter))
        yield from super()._own()

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[str]:
        return iter(self._items)

    def __contains__(self, name: object) -> bool:
        return name in self._items

    def __getitem__(self, name: str) -> Any:
        return self._items[name]

    def __setitem__(self, name: str, value: Any) -> None:
        self._items[name] = value = _parameter(value)
        if isinstance(value, Parameter):
            self._give_names(name, value)

    def __delitem__(self, name: str) -> None:
        del self._items[name]
