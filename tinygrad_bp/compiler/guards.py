"""Guards: what a function reads besides its arguments, as it was when its program was written down.

A program has the numbers of Python and the switches of modules as they were. Whatever the function can reach by a name
of its own source is looked at before every run: the variables around it, the global names and the functions that it
uses, attributes of objects, small lists and dicts of settings, modules. (An optimizer says itself what its step holds
for.)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any

from ..autograd.tensor import Tensor
from ..nn.module import Module
from ..program.capture import Condition

_PLAIN = (bool, int, float, complex, str, bytes, type(None))
_MOST = 64  # items of a list or dict of settings
MISSING: Any = object()


class Guards:
    """What ``function`` reads of Python, remembered; ``hold()`` says whether all of it is as it was.

    ``arguments`` may have modules among them.
    """

    def __init__(self, function: Callable[..., Any], arguments: Any = ()) -> None:
        self.names: list[tuple[Mapping[str, Any], str, Any]] = []  # a namespace, a name in it, and what that was
        self.cells: list[tuple[Any, Any]] = []  # a variable of a function around, and what it held
        self.settings: list[tuple[Any, Any]] = []  # a small list or dict, and a copy
        self.conditions: tuple[Condition, ...] = ()  # what was assumed while the program was written down
        self._modules: list[Module] = []
        self._seen: set[int] = set()
        self._look_at(function, frozenset())
        self._look_at(arguments, frozenset())
        self._inside = [module for root in self._modules for module in root.modules()]
        self._switches = self._fingerprint()
        self.changes = Module.changes

    def hold(self) -> bool:
        """Whether a run now would read the same."""
        for names, name, value in self.names:
            if names.get(name, MISSING) is not value and not _equal(names.get(name, MISSING), value):
                return False
        for cell, value in self.cells:
            if cell.cell_contents is not value and not _equal(cell.cell_contents, value):
                return False
        if any(now != then for now, then in self.settings):
            return False
        return all(holds() for holds, _ in self.conditions) and self.modules_hold()

    def modules_hold(self) -> bool:
        """The same, of modules; they are looked at where some module changed."""
        if self.changes != Module.changes:
            if self._fingerprint() != self._switches:
                return False
            self.changes = Module.changes
        return True

    # ------------------------------------------------------------------ what there is

    def _look_at(self, item: Any, names: frozenset[str]) -> None:
        """Remember what stands behind a value that code with these names reads."""
        if id(item) in self._seen or isinstance(item, (*_PLAIN, Tensor, ModuleType, type)):
            return
        self._seen.add(id(item))
        if isinstance(item, Module):
            self._modules.append(item)
        elif isinstance(item, MethodType):
            self._look_at(item.__func__, names)
            self._look_at(item.__self__, frozenset(_names(item.__func__.__code__)))
        elif isinstance(item, FunctionType):
            self._look_at_function(item)
        elif isinstance(item, (list, tuple, dict)):
            self._look_at_items(item, names)
        elif hasattr(item, "__dict__") and not type(item).__module__.startswith("tinygrad_bp"):
            self._look_at_names(vars(item), names)
            for name in names - vars(item).keys():  # an attribute of the class, until the object has its own
                for kind in type(item).__mro__:
                    if name in vars(kind):
                        self.names.append((vars(item), name, MISSING))
                        self.names.append((vars(kind), name, vars(kind)[name]))
                        self._look_at(vars(kind)[name], names)
                        break

    def _look_at_function(self, function: FunctionType) -> None:
        if function.__module__ == "tinygrad_bp" or function.__module__.startswith("tinygrad_bp."):
            return
        names = frozenset(_names(function.__code__))
        for cell in function.__closure__ or ():
            try:
                value = cell.cell_contents
            except ValueError:  # a variable that has no value yet
                continue
            self.cells.append((cell, value))
            self._look_at(value, names)
        self._look_at_names(function.__globals__, names)
        wrapped = getattr(function, "__wrapped__", None)
        if wrapped is not None:
            self._look_at(wrapped, names)

    def _look_at_names(self, namespace: dict[str, Any], names: frozenset[str]) -> None:
        for name in names & namespace.keys():
            value = namespace[name]
            if not isinstance(value, ModuleType):
                self.names.append((namespace, name, value))
                self._look_at(value, names)

    def _look_at_items(self, items: Any, names: frozenset[str]) -> None:
        values = list(items.values()) if isinstance(items, dict) else list(items)
        if len(values) <= _MOST:
            if all(isinstance(value, _PLAIN) for value in values):
                if not isinstance(items, tuple):
                    self.settings.append((items, items.copy()))
                return
            for value in values:
                self._look_at(value, names)

    def _fingerprint(self) -> list[Any]:
        """What the modules are like: what they hold by identity, and numbers and texts by value."""
        return [
            (name, value if isinstance(value, _PLAIN) else id(value))
            for module in self._inside
            for name, value in vars(module).items()
        ]


def _names(code: CodeType) -> Iterator[str]:
    """The global names and attributes that a function's code has, and that of functions inside it."""
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)


def _equal(now: Any, then: Any) -> bool:
    return type(now) is type(then) and isinstance(now, _PLAIN) and now == then
