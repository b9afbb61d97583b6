"""Modules that hold modules."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from .module import Module, check_module


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

    def forward(self, x: Any) -> Any:
        """The input through every module in turn."""
        for module in self._items:
            x = module(x)
        return x
