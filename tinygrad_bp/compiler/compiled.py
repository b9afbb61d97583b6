"""A compiled function: run by Python until two runs in a row were the same program, and by that program from then on.

Programs are kept by what they depend on: the shapes and dtypes of tensors, numbers and texts among the arguments, the
grad mode, and what ``Guards`` remembers of Python. Where one of these is another, another program is written down.
"""

from __future__ import annotations

import functools
import warnings
import weakref
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import zip_longest
from typing import Any

import numpy as np

from ..autograd.dtypes import get_default_dtype
from ..autograd.modes import mode
from ..autograd.tensor import Tensor, wrap
from ..autograd.writes import tick, wrote
from ..func.transforms import flatten
from ..nn.module import Module
from ..program import CaptureError, Program, argument_names
from ..program.capture import Captured, capture
from .guards import MISSING, Guards
from .quick import Quick, quick

Runnable = Callable[..., Sequence[Any]]
Build = Callable[[Program, bool], Runnable]

MOST_PROGRAMS = 8
MOST_TRIES = 4  # runs of one kind, of which no two in a row were the same program


class Entry:
    """One program of a compiled function, bound to the tensors that it reads and writes."""

    def __init__(self, captured: Captured, guards: Guards, build: Build, exact: bool) -> None:
        self.captured, self.guards, self.program = captured, guards, captured.program
        guards.conditions = captured.conditions
        self.runnable = build(captured.program, exact)
        self._kinds = [
            (value.shape, value.dtype, not isinstance(source, int) and getattr(source(), "_node", None) is not None)
            for value, source in zip(captured.program.inputs, captured.sources, strict=True)
        ]
        self.arrays: list[Any] = []  # of the last run
        self.moment = -1  # of the last run, on the clock of writes; -1 where a tensor from outside is no more
        self.quick: Quick | None = None
        outside = [source() for source in captured.sources if not isinstance(source, int)]
        self._living = [weakref.ref(x, self._forget) for x in outside if isinstance(x, (Tensor, np.ndarray))]
        self._written = [i for i, value in enumerate(captured.program.inputs) if value in captured.program.writes]

    def _forget(self, _: Any) -> None:
        self.moment = -1

    def find(self, leaves: Sequence[Any]) -> list[Any] | None:
        """The arrays that a run reads; None where one is no more, or is of another kind."""
        found: list[Any] = []
        for source, (shape, dtype, wants) in zip(self.captured.sources, self._kinds, strict=True):
            item = leaves[source] if isinstance(source, int) else source()
            if isinstance(item, Tensor):
                array = item._value
                if wants != (item._node is not None) and not isinstance(source, int):
                    return None
            elif isinstance(item, np.ndarray):
                array = item
            elif isinstance(item, (int, float)):  # a setting
                found.append(float(item))
                continue
            else:
                return None
            if array.shape != shape or array.dtype != dtype:
                return None
            found.append(array)
        for grad in self.captured.grads:
            leaf = grad.source()
            if leaf is None or (grad.output is not None and not grad.cleared and leaf._cell.grad is not None):
                return None
        return found

    def run(self, leaves: Sequence[Any], arrays: list[Any]) -> Any:
        """Run the program: what the function would return, and what it would write."""
        captured = self.captured
        if self._written:
            wrote(*[arrays[i] for i in self._written])
        outputs = self.runnable(*arrays)
        for grad in captured.grads:
            grad.source()._cell.grad = None if grad.output is None else wrap(outputs[grad.output], None)
        results = []
        for place, output in zip(captured.itself, outputs):
            if place is None:
                results.append(wrap(output, None) if isinstance(output, (np.ndarray, np.generic)) else output)
            else:
                source = captured.sources[place]
                results.append(leaves[source] if isinstance(source, int) else source())
        if self.quick is None and not self.arrays:
            self.arrays = arrays
            self.quick = quick(self, leaves)
        self.arrays, self.moment = arrays, tick()
        return captured.back(results)


class Compiled:
    """A function of tensors that becomes a program; ``tg.compile`` makes it.

    ``programs`` are those that it has, each for one kind of arguments; ``print(compiled.programs[0])`` shows the steps.
    """

    def __init__(self, function: Callable[..., Any], build: Build, exact: bool) -> None:
        self.function, self.exact = function, exact
        self._build = build
        self._entries: dict[Any, list[Entry]] = {}
        self._quick: Quick | None = None  # into the program that ran last
        self._last: dict[Any, Captured] = {}  # the run of each kind that was written down last
        self._tries: Counter[Any] = Counter()
        self._plain: set[Any] = set()  # kinds of arguments with which Python runs the function
        self._varying: dict[Any, set[int]] = {}  # which numbers among the arguments were seen to change
        functools.update_wrapper(self, function)

    @property
    def programs(self) -> list[Program]:
        """The programs that run in the place of the function."""
        return [entry.program for entries in self._entries.values() for entry in entries]

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """What the function returns; written down, compared, and from then on computed by its program."""
        if self._quick is not None and not kwargs:
            found = self._quick(args)
            if found is not MISSING:
                return found
        if mode().watchers:  # someone wants to see every op
            return self.function(*args, **kwargs)
        leaves, _ = flatten((args, kwargs))
        kind = _kind((args, kwargs)), mode().grad, mode().inference, get_default_dtype()
        numbers = tuple([x for x in leaves if x.__class__ is float])
        varying = self._varying.get(kind, ())
        key = kind, tuple([None if i in varying else x for i, x in enumerate(numbers)])
        for entry in self._entries.get(key, ()):
            arrays = entry.find(leaves)
            if arrays is not None and entry.guards.hold():
                result = entry.run(leaves, arrays)
                self._quick = entry.quick
                return result
        if key in self._plain:
            return self.function(*args, **kwargs)
        return self._write_down(key, (args, kwargs))

    def _write_down(self, key: Any, arguments: Any) -> Any:
        """Run the function and write it down; where the run before was the same, that is a program."""
        kind, numbers = key
        guards = Guards(self.function, arguments)
        floats = [i for i, x in enumerate(flatten(arguments)[0]) if x.__class__ is float]
        varying = [floats[i] for i in self._varying.get(kind, ())]
        names = argument_names(self.function, *arguments)
        try:
            captured, returned = capture(self.function, arguments, names, varying)
        except CaptureError:
            if not varying:
                raise
            self._varying[kind] = set()  # the function reads one of these numbers
            return self._write_down((kind, tuple(flatten(arguments)[0][i] for i in floats)), arguments)
        if captured.wants_grad:  # backward comes later, through what Python records
            self._plain.add(key)
            return returned
        before = self._last.get(key)
        self._last[key] = captured
        if before is not None and alike(before, captured):
            if len(self.programs) < MOST_PROGRAMS:
                self._entries.setdefault(key, []).insert(0, Entry(captured, guards, self._build, self.exact))
                return returned
        elif before is None:
            self._look_for_varying(kind, numbers)
            return returned
        self._tries[key] += 1
        if self._tries[key] > MOST_TRIES or len(self.programs) >= MOST_PROGRAMS:
            self._plain.add(key)
            self._warn(before, captured)
        return returned

    def _look_for_varying(self, kind: Any, numbers: tuple[Any, ...]) -> None:
        """Numbers that were others before, in calls that were the same but for them, are inputs from now on."""
        for other, values in self._last:
            if other == kind and len(values) == len(numbers) and kind not in self._varying:
                changed = {i for i, (a, b) in enumerate(zip(values, numbers)) if a is not None and a != b}
                if changed:
                    self._varying[kind] = changed
                    return

    def _warn(self, before: Captured, captured: Captured) -> None:
        who = getattr(self.function, "__qualname__", type(self.function).__name__)
        if alike(before, captured):
            said = f"it has {len(self.programs)} programs already, for other arguments or settings"
        else:
            lines = zip_longest(str(before.program).splitlines(), str(captured.program).splitlines(), fillvalue="")
            pair = next((pair for pair in lines if pair[0] != pair[1]), ("an array made in it", "another one"))
            said = f"no two runs are the same program: {pair[0].strip()!r} was then {pair[1].strip()!r}"
        warnings.warn(
            f"compile: Python runs {who} from now on, where it is called so: {said}. Pass what changes as an argument, "
            "a tensor or a number",
            stacklevel=4,
        )


class CompiledModule(Module):
    """A module whose results are computed by a program where no gradient is wanted of them.

    It holds the module as ``_orig_mod``, as in PyTorch, and has its attributes.
    """

    _orig_mod: Module

    def __init__(self, module: Module, build: Build, exact: bool) -> None:
        super().__init__()
        self._orig_mod = module
        self.compiled = Compiled(module, build, exact)
        self.training = module.training

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """What the module gives."""
        module = self._orig_mod
        if mode().grad and any(p.requires_grad for p in module.parameters()):
            return module(*args, **kwargs)
        return self.compiled(*args, **kwargs)

    def __getattr__(self, name: str) -> Any:
        """An attribute of the module inside."""
        if name.startswith("__") or "_orig_mod" not in vars(self):
            raise AttributeError(name)
        return getattr(self._orig_mod, name)


def alike(a: Captured, b: Captured) -> bool:
    """Whether two runs were the same program, on the same tensors and arrays from outside."""
    if str(a.program) != str(b.program) or a.itself != b.itself or len(a.sources) != len(b.sources):
        return False
    constants = zip(a.program.constants(), b.program.constants())
    if not all(np.array_equal(x.array, y.array, equal_nan=x.dtype.kind in "fc") for x, y in constants):
        return False
    return all(_same_source(x, y) for x, y in zip(a.sources, b.sources)) and [g[1:] for g in a.grads] == [
        g[1:] for g in b.grads
    ]


def _same_source(a: Any, b: Any) -> bool:
    if isinstance(a, int) or isinstance(b, int):
        return bool(a == b)
    now, then = a(), b()
    return now is then or (isinstance(now, (int, float)) and isinstance(then, (int, float)))


def _kind(item: Any) -> Any:
    """What a program depends on in the arguments, but for the values of floating point numbers."""
    if isinstance(item, Tensor):
        return item._value.shape, item._value.dtype, item._node is not None
    if isinstance(item, np.ndarray):
        return np.ndarray, item.shape, item.dtype
    if isinstance(item, dict):
        return (dict, *[(key, _kind(value)) for key, value in item.items()])
    if isinstance(item, (list, tuple)):
        return (type(item), *[_kind(value) for value in item])
    if item.__class__ is float:
        return float
    if isinstance(item, (bool, int, complex, str, bytes, type(None))):
        return type(item), item
    return type(item), id(item)
