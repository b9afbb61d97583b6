"""Guards: what a function reads besides its arguments, as it was when its program was written down.

A program has the numbers of Python and the switches of modules as they were. Whatever the function can reach by a name
of its own source is looked at before every run: the variables around it and its defaults, global names, attributes of
objects, classes and imported files, lists and dicts of settings, arrays, modules; and the same of the functions that it
calls. (An optimizer says itself what its step holds for.)
"""

from __future__ import annotations

import os
import pickle
import random
import sys
import weakref
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from operator import is_
from types import BuiltinMethodType, CodeType, FunctionType, MemberDescriptorType, MethodType, ModuleType
from typing import Any

import numpy as np

from ..autograd.sharing import start_of
from ..autograd.tensor import Tensor
from ..autograd.trees import flatten
from ..nn.module import Module
from ..program.captured import Condition

PLAIN = (bool, int, float, complex, str, bytes, type(None), np.generic)
_MOST = 64  # items of a list or dict that are looked into
_LARGEST = 1 << 20  # bytes of an array that is compared
_OTHERS = {*sys.stdlib_module_names, "numpy", "scipy", "tinygrad_bp"}  # whose code has no settings of the user's
# What is called without being named.
_IMPLIED = {"forward", "__call__", "__getitem__", "__iter__", "__len__", "__contains__", "__enter__", "__exit__"}
# Code with one of these names asks whether others are there.
_ASKING = {"getattr", "hasattr", "AttributeError", "NameError", "Exception"}
# What draws random numbers that a program does not know of: another state is another program.
_DRAWERS = (random.Random, np.random.BitGenerator, np.random.Generator, np.random.RandomState)
MISSING: Any = object()


class Guards:
    """What ``function`` reads of Python, remembered; ``hold()`` says whether all of it is as it was.

    ``arguments``, a tuple and a dict, may have modules and other objects among them.
    """

    def __init__(self, function: Callable[..., Any], arguments: Any = ()) -> None:
        self.conditions: tuple[Condition, ...] = ()  # what was assumed while the program was written down
        self.of_tensors: tuple[Condition, ...] = ()
        self._attributes, known = set(_IMPLIED), 0
        self._asked: set[str] = set()  # of these, names that need not be there
        while known < len(
            self._attributes
        ):  # an object is looked at by the names of all code, which is found meanwhile
            known = len(self._attributes)
            self.names: list[tuple[Any, str, Any]] = []  # a namespace, a name in it, and what that was
            self.settings: list[tuple[Any, Any]] = []  # a list, dict, set or array, and a copy
            self._inside: list[Module] = []
            self._seen: dict[int, Any] = {}
            self._look_at(function)
            reached = {place_of(x): x for x in self._seen.values() if isinstance(x, (Tensor, np.ndarray))}
            # Arguments that the function reaches by a name as well, by their number among the leaves.
            leaves = flatten(arguments)[0]
            self.bound = [
                (i, weakref.ref(reached[place_of(x)]))
                for i, x in enumerate(leaves)
                if isinstance(x, (Tensor, np.ndarray)) and place_of(x) in reached
            ]
            self._look_at(tuple([x for x in leaves if not isinstance(x, (np.ndarray, Tensor))]))
            for kind in {type(x) for x in leaves if isinstance(x, Tensor)}:
                self._look_at_class(kind, self._attributes)
            if self._inside and Module._hooks is not None:  # of all modules
                self._look_at(tuple(vars(Module._hooks).values()))
        self._tensors = [weakref.ref(x) for x in self._seen.values() if isinstance(x, Tensor)]
        self._seen = {}
        if self._inside:
            self.names.append((vars(Module), "_hooks", Module._hooks))
        self._switches = self._fingerprint()
        self.changes = Module.changes

    def hold(self) -> bool:
        """Whether a run now would read the same."""
        for names, name, value in self.names:
            if not same(names.get(name, MISSING), value):
                return False
        if not all([unchanged(now, then) for now, then in self.settings]):
            return False
        return all(holds() for holds, _ in self.conditions) and self.modules_hold()

    def modules_hold(self) -> bool:
        """The same, of modules; they are looked at where some module changed."""
        if self.changes != Module.changes:
            if not unchanged(self._fingerprint(), self._switches):
                return False
            self.changes = Module.changes
        return True

    def settle(self, inputs: list[Any]) -> str:
        """The program is written: arrays that it reads may change.

        Gives the name of what the run itself changed, which a run of the program would leave as it is.
        """
        read = {id(item) for item in inputs}
        # Of tensors that are no inputs, Python may have read the kind.
        kinds = [(each, _kind(x)) for each in self._tensors if (x := each()) is not None and id(x) not in read]
        self.of_tensors = (Condition(partial(_are_of_kinds, kinds), True),) if kinds else ()
        for names, name, value in self.names:
            if not same(names.get(name, MISSING), value):
                return name if name != "cell_contents" else "a variable around it"
        for now, then in self.settings:
            if not unchanged(now, then):
                return f"a {type(now).__name__}"
        self.settings = [(now, then) for now, then in self.settings if id(now) not in read]
        return "" if self.modules_hold() else "an attribute of a module"

    # ------------------------------------------------------------------ what there is

    def _look_at(self, item: Any) -> None:
        """Remember what stands behind a value that the function reads."""
        if isinstance(item, PLAIN) or id(item) in self._seen:
            return
        self._seen[id(item)] = item
        if isinstance(item, Module):
            self._look_at_module(item)
        elif isinstance(item, FunctionType):
            self._look_at_function(item)
        elif isinstance(item, (list, tuple, dict, set, deque)):
            self._look_at_items(item)
        elif isinstance(item, np.ndarray):
            if item.nbytes <= _LARGEST and item.dtype != object:
                self.settings.append((item, item.copy()))
        elif isinstance(item, ModuleType):
            if item is random:
                self._look_at(random._inst)
            elif item is os and self._attributes & {"environ", "getenv"}:
                self._look_at(vars(os.environ)["_data"])
            elif item is np and "random" in self._attributes:
                self._look_at(np.random.mtrand.get_bit_generator())
            elif not _of_others(item.__name__):
                self._look_at_names(vars(item), self._attributes)
        elif isinstance(item, type):
            self._look_at_class(item, {*self._attributes, "__init__"})
        elif isinstance(item, MethodType):
            self._look_at(item.__func__)
            self._look_at(item.__self__)
        elif isinstance(item, BuiltinMethodType):
            self._look_at(item.__self__)
        elif isinstance(item, property):
            self._look_at(item.fget)
        elif isinstance(item, (staticmethod, classmethod)):
            self._look_at(item.__func__)
        elif isinstance(item, partial):
            self._look_at((item.func, item.args, item.keywords))
        elif isinstance(item, _DRAWERS):
            self.settings.append((item, pickle.dumps(item)))
        elif isinstance(item, Iterator) and not hasattr(item, "__dict__"):
            self.settings.append((item, None))  # what it gives is another thing each time
        elif isinstance(item, Tensor) or not type(item).__module__.startswith("tinygrad_bp"):
            self._look_at_object(item)
        elif "param_groups" in self._attributes and hasattr(item, "param_groups"):  # an optimizer
            self._look_at_names(vars(item), {"param_groups"})
        elif "get_last_lr" in self._attributes and hasattr(item, "get_last_lr"):  # a schedule
            self.settings.append((item, item.get_last_lr()))
        else:
            self._look_at(getattr(item, "__wrapped__", None))  # what compile made a program of

    def _look_at_function(self, function: FunctionType) -> None:
        if _of_others(function.__module__):  # it may be made of the user's, as that of func.grad is
            for cell in function.__closure__ or ():
                self._look_at(Attributes(cell).get("cell_contents", None))
            return
        names = frozenset(_names(function.__code__))
        self._attributes |= names
        self._asked |= names if names & _ASKING else set()
        for cell in function.__closure__ or ():
            around = Attributes(cell)
            value = around.get("cell_contents", MISSING)
            self.names.append((around, "cell_contents", value))
            if value is not MISSING:
                self._look_at(value)
        self._look_at_names(function.__globals__, names)
        self.names.append((Attributes(function), "__code__", function.__code__))  # which a notebook reloads in place
        for name in ("__defaults__", "__kwdefaults__"):
            if getattr(function, name) is not None:
                self.names.append((Attributes(function), name, getattr(function, name)))
                self._look_at(getattr(function, name))
        self._look_at_names(vars(function), {*self._attributes, "__wrapped__"})

    def _look_at_names(self, namespace: Mapping[str, Any], names: Any) -> None:
        self.names += [(namespace, name, MISSING) for name in names & self._asked - namespace.keys()]
        for name in names & namespace.keys():
            value = namespace[name]
            if not isinstance(value, ModuleType):
                self.names.append((namespace, name, value))
            self._look_at(value)

    def _look_at_object(self, item: Any) -> None:
        own = getattr(item, "__dict__", {})
        self._look_at_names(own, self._attributes)
        self._look_at_class(type(item), self._attributes - own.keys(), item)
        wrapped = getattr(type(item), "__wrapped__", None) or own.get("__wrapped__")  # of functools.cache
        self._look_at(wrapped)

    def _look_at_class(self, kind: type, names: Any, item: Any = None) -> None:
        """What a class and those above it have under these names; for an ``item``, until it has its own."""
        for each in kind.__mro__:
            if _of_others(each.__module__):
                continue
            self.names += [(vars(each), name, MISSING) for name in names & self._asked - vars(each).keys()]
            for name in names & vars(each).keys():
                value = vars(each)[name]
                if item is not None and isinstance(value, MemberDescriptorType):  # a slot
                    value = getattr(item, name, MISSING)
                    self.names.append((Attributes(item), name, value))
                else:
                    self.names.append((vars(each), name, value))
                    if item is not None and hasattr(item, "__dict__") and not isinstance(item, Module):
                        self.names.append((vars(item), name, MISSING))
                self._look_at(value)

    def _look_at_module(self, root: Module) -> None:
        """Its own attributes are compared where some module changed; here, what may change inside of them."""
        for module in root.modules():
            self._seen[id(module)] = module
            self._inside.append(module)
            for x in (*module.parameters(recurse=False), *module.buffers(recurse=False)):
                self._look_at(x)
            self._look_at_class(type(module), self._attributes, module)
            for name, value in vars(module).items():
                if name != "_held" and not isinstance(value, (Tensor, Module)):
                    self._look_at(tuple(vars(value).values()) if name == "_hooks" else value)

    def _look_at_items(self, items: Any) -> None:
        values = list(items.values()) if isinstance(items, dict) else list(items)
        if not isinstance(items, tuple):
            self.settings.append((items, dict(items) if isinstance(items, dict) else values))
        if len(values) <= _MOST:
            for value in values:
                self._look_at(value)

    def _fingerprint(self) -> list[Any]:
        """What the modules are like: what they hold by identity, and numbers and texts by value."""
        return [
            item
            for module in self._inside
            for name, value in vars(module).items()
            for item in (name, id(value) if isinstance(value, (Tensor, Module)) else value)
        ]


class Attributes:
    """Attributes that stand in no dict, as a namespace: those in slots, a function's defaults, a cell's content."""

    def __init__(self, item: Any) -> None:
        self.item = item

    def get(self, name: str, default: Any) -> Any:
        """The attribute, or ``default`` where there is none."""
        try:
            return getattr(self.item, name, default)
        except ValueError:  # a variable that has no value yet
            return default


def _names(code: CodeType) -> Iterator[str]:
    """The global names and attributes that a function's code has, also as texts, and that of functions inside it."""
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)
        elif isinstance(constant, str) and constant.isidentifier():  # getattr(settings, "scale")
            yield constant


def _of_others(module: str | None) -> bool:
    return (module or "").partition(".")[0] in _OTHERS


def unchanged(now: Any, then: Any) -> bool:
    """Whether a list, a dict, a set or an array has the items that it had."""
    if isinstance(now, np.ndarray):
        return np.array_equal(now, then, equal_nan=now.dtype.kind in "fc")
    if then is None:
        return False
    if isinstance(now, _DRAWERS):
        return bool(pickle.dumps(now) == then)
    if hasattr(now, "get_last_lr"):
        now = now.get_last_lr()
    if len(now) != len(then):
        return False
    if isinstance(now, dict):
        now, then = [*now, *now.values()], [*then, *then.values()]
    return all(map(is_, now, then)) or all(map(same, now, then))


def _kind(x: Tensor) -> tuple[Any, ...]:
    return x._value.shape, x._value.dtype, x.requires_grad


def _are_of_kinds(kinds: Sequence[tuple[Callable[[], Any], tuple[Any, ...]]]) -> bool:
    return all([(x := each()) is None or _kind(x) == kind for each, kind in kinds])


def place_of(item: Any) -> tuple[Any, ...]:
    """Where the elements of a tensor or an array lie: two at one place are one value of a program."""
    array = item._value if isinstance(item, Tensor) else item
    return start_of(array), array.shape, array.strides, array.dtype


def same(now: Any, then: Any) -> bool:
    """Whether two values are one object, or one number or text."""
    if now is then:
        return True
    return type(now) is type(then) and isinstance(now, PLAIN) and by_value(now) == by_value(then)


def by_value(number: Any) -> Any:
    """A number or a text as what tells it from others; a zero, whose sign counts, and NaN are equal as texts."""
    return number if number and number == number else str(number)
