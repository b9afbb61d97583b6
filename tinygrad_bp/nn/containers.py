"""Modules that hold modules."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from operator import index as as_index
from typing import Any, ClassVar, Self

from ..autograd.errors import ArgumentError, IndexRangeError
from ..autograd.types import Array
from .module import Module, check_module

__all__ = ["ModuleDict", "ModuleList", "Sequential"]


class _Numbered(Module):
    """What the lists of modules have: places from 0, which hold modules of any name."""

    may_hold_none: ClassVar[bool] = False

    def append(self, module: Module | None) -> Self:
        """Add a module at the end."""
        self._hold(self._held.modules, str(len(self)), self._child(module))
        return self

    def _child(self, module: Module | None) -> Module | None:
        return None if module is None and self.may_hold_none else check_module(module, type(self).__name__)

    def extend(self, modules: Iterable[Module | None]) -> Self:
        """Add several modules at the end."""
        for module in list(modules):
            self.append(module)
        return self

    def insert(self, index: int, module: Module | None) -> Self:
        """Put a module before the one at ``index``; all are numbered anew."""
        modules = self._list()
        if not -len(modules) <= index <= len(modules):
            raise IndexRangeError(f"{type(self).__name__}: insert at {index} of {len(modules)} modules")
        modules.insert(index, self._child(module))
        self._number(modules)
        return self

    def pop(self, key: int | slice = -1) -> Any:
        """Take out a module, and return it; the others are numbered anew."""
        module = self[key]
        del self[key]
        return module

    def _list(self) -> list[Any]:
        return list(self._held.modules.values())

    def _number(self, modules: list[Module | None]) -> None:
        """Hold these modules alone, named by their places."""
        for name in list(self._held.modules):
            delattr(self, name)
        for module in modules:
            self.append(module)

    def _place(self, index: Any) -> str:
        """The name of the module at a place."""
        names, place = list(self._held.modules), as_index(index)
        if not -len(names) <= place < len(names):
            raise IndexRangeError(
                f"{type(self).__name__}: index {place} is out of range, there are {len(names)} modules"
            )
        return names[place]

    def __len__(self) -> int:
        return len(self._held.modules)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._list())

    def __getitem__(self, index: Any) -> Any:
        return self._held.modules[self._place(index)]

    def __setitem__(self, index: int, module: Module | None) -> None:
        self._hold(self._held.modules, self._place(index), self._child(module))

    def __delitem__(self, index: int | slice) -> None:
        for name in list(self._held.modules)[index] if isinstance(index, slice) else [self._place(index)]:
            delattr(self, name)
        self._number(self._list())

    def __iadd__(self, modules: Iterable[Module | None]) -> Self:
        return self.extend(modules)


class ModuleList(_Numbered):
    """A list of modules, numbered from 0; None holds a place.

    >>> import tinygrad_bp as tg
    >>> layers = tg.nn.ModuleList([tg.nn.Linear(2, 2) for _ in range(3)])
    >>> len(layers), len(list(layers.parameters()))
    (3, 6)
    >>> layers
    ModuleList(
      (0-2): 3 x Linear(in_features=2, out_features=2, bias=True)
    )
    """

    joins_equal: ClassVar[bool] = True
    may_hold_none: ClassVar[bool] = True

    def __init__(self, modules: Iterable[Module | None] | None = None) -> None:
        self.extend(() if modules is None else modules)

    def __getitem__(self, index: Any) -> Any:
        return type(self)(self._list()[index]) if isinstance(index, slice) else super().__getitem__(index)

    def __add__(self, other: Iterable[Module | None]) -> ModuleList:
        return ModuleList([*self, *other])


class Sequential(_Numbered):
    """Modules applied one after the other; named where they are given as a dict.

    >>> import tinygrad_bp as tg
    >>> tg.nn.Sequential(tg.nn.Linear(2, 3), tg.nn.ReLU(), tg.nn.Linear(3, 1))
    Sequential(
      (0): Linear(in_features=2, out_features=3, bias=True)
      (1): ReLU()
      (2): Linear(in_features=3, out_features=1, bias=True)
    )
    >>> tg.nn.Sequential({"hidden": tg.nn.Linear(2, 3), "out": tg.nn.Linear(3, 1)}).out
    Linear(in_features=3, out_features=1, bias=True)
    """

    def __init__(self, *args: Module | Iterable[Module] | Mapping[str, Module]) -> None:
        given: Any = args
        if len(args) == 1 and not isinstance(args[0], Module) and hasattr(args[0], "__iter__"):
            given = args[0]
        if isinstance(given, Mapping):
            for name, module in given.items():
                self.add_module(name, check_module(module, type(self).__name__))
        else:
            self.extend(given)

    def extend(self, sequential: Iterable[Module | None]) -> Self:
        """Add several modules at the end."""
        return super().extend(sequential)

    def forward(self, input: Array) -> Any:
        """The input through every module in turn."""
        for module in self._held.modules.values():
            kind = type(module)
            if kind is Sequential:
                input = _through(module, input)
            elif kind.__call__ is _plain_call and module._hooks is None:  # without Python's way through an instance
                input = module.forward(input)
            else:
                input = module(input)
        return input

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return type(self)(dict(list(self._held.modules.items())[index]))
        return super().__getitem__(index)

    def __add__(self, other: Any) -> Sequential:
        return Sequential(*self, *self._checked(other, "add"))

    def __iadd__(self, modules: Any) -> Self:
        return super().__iadd__(self._checked(modules, "add"))

    def _checked(self, other: Any, what: str) -> Sequential:
        if not isinstance(other, Sequential):
            raise ArgumentError(f"Sequential: {what} another Sequential, got {type(other).__name__}")
        return other

    def __mul__(self, times: int) -> Sequential:
        return Sequential(*list(self) * self._count(times))

    __rmul__ = __mul__

    def __imul__(self, times: int) -> Self:
        return self.extend(list(self) * (self._count(times) - 1))

    def _count(self, times: Any) -> int:
        if not isinstance(times, int) or times < 1:
            raise ArgumentError(f"Sequential: multiply with a whole number from 1 on, got {times!r}")
        return times


_plain_call = Module.__call__


def _through(nest: Sequential, x: Any) -> Any:
    """The input through a Sequential that is inside of one, without recursion: they nest as deep as they like."""
    inside: list[Any] = []
    pending: list[Iterator[Module]] = [iter((nest,))]
    while pending:
        for module in pending[-1]:
            plain = type(module) is Sequential and module._hooks is None and "forward" not in vars(module)
            if plain and module not in inside:
                inside.append(module)
                pending.append(iter(module._held.modules.values()))
                break
            x = module(x)
        else:
            pending.pop()
            del inside[len(pending) - 1 :]
    return x


class ModuleDict(Module):
    """Modules by name, in the order they were given; each is an attribute too, unless a method has its name.

    >>> import tinygrad_bp as tg
    >>> layers = tg.nn.ModuleDict({"first": tg.nn.Linear(2, 2), "last": tg.nn.ReLU()})
    >>> list(layers), [name for name, _ in layers.named_parameters()]
    (['first', 'last'], ['first.weight', 'first.bias'])
    """

    def __init__(self, modules: Mapping[str, Module] | Iterable[tuple[str, Module]] | None = None) -> None:
        self.update(() if modules is None else modules)

    def update(self, modules: Mapping[str, Module] | ModuleDict | Iterable[tuple[str, Module]]) -> None:
        """Add or replace several modules."""
        for name, module in modules.items() if isinstance(modules, (Mapping, ModuleDict)) else modules:
            self[name] = module

    def keys(self) -> Iterable[str]:
        """The names."""
        return self._held.modules.keys()

    def values(self) -> Iterable[Any]:
        """The modules."""
        return self._held.modules.values()

    def items(self) -> Iterable[tuple[str, Any]]:
        """Names and modules."""
        return self._held.modules.items()

    def pop(self, key: str) -> Any:
        """Take out a module, and return it."""
        module = self[key]
        del self[key]
        return module

    def clear(self) -> None:
        """Take out all modules."""
        for name in list(self._held.modules):
            del self[name]

    def __len__(self) -> int:
        return len(self._held.modules)

    def __iter__(self) -> Iterator[str]:
        return iter(self._held.modules)

    def __contains__(self, name: object) -> bool:
        return name in self._held.modules

    def __getitem__(self, name: str) -> Any:
        return self._held.modules[name]

    def __setitem__(self, name: str, module: Module) -> None:
        if not isinstance(name, str) or not name or "." in name:
            raise ArgumentError(f"ModuleDict: names are texts without a dot, got {name!r}")
        self._hold(self._held.modules, name, check_module(module, type(self).__name__))

    def __delitem__(self, name: str) -> None:
        del self._modules[name]
