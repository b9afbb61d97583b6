"""A compiled function: run by Python until two runs in a row were the same program, and by that program from then on.

Programs are kept by what they depend on: the shapes and dtypes of tensors, numbers and texts among the arguments, the
grad mode, and what ``Guards`` remembers of Python. Where one of these is another, another program is written down.
"""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Callable
from itertools import zip_longest
from pathlib import Path
from threading import RLock
from types import MethodType
from typing import Any

import numpy as np

from ..autograd.batched import any_stands_for_many
from ..autograd.dtypes import get_default_dtype
from ..autograd.errors import ArgumentError, shape_text
from ..autograd.lines import warn
from ..autograd.modes import mode
from ..autograd.tensor import Tensor, wrap
from ..autograd.trees import flatten
from ..autograd.watch import array_of
from ..nn.module import Module
from ..program import CaptureError, Program, Value, argument_names
from ..program.capture import capture
from ..program.captured import Captured, GradientOf
from ..program.program import same_steps
from .entry import Build, Entry
from .guards import MISSING, Guards, same
from .kinds import kind_of, numbers_of, places_of
from .quick import Quick, quick
from .standalone import save

MOST_PROGRAMS = 8
MOST_KINDS = 64  # of arguments, of which the last run is remembered
MOST_TRIES = 4  # runs of one kind, of which no two in a row were the same program


def _joined(first: list[Any], rest: Any, count: int) -> Any:
    """What single calls gave and what a loop gave, stacked in front; ``count`` is that of all calls."""
    if not first:
        return rest
    trees = [flatten(result) for result in first]
    others = [None] * len(trees[0][0]) if rest is None else flatten(rest)[0]
    leaves: list[Any] = []
    for parts in zip(*[tree[0] for tree in trees], others, strict=True):
        *singles, last = parts
        if isinstance(singles[0], (Tensor, np.ndarray)):
            rows = [np.stack([array_of(single) for single in singles])]
            leaves.append(wrap(np.concatenate(rows if rest is None else [*rows, array_of(last)]), None))
            continue
        values = [*singles, *[last] * (count - len(singles))]
        leaves.append(values[0] if all(same(value, values[0]) for value in values) else values)
    return trees[0][1](leaves)


class Compiled:
    """A function of tensors that becomes a program; ``tg.compile`` makes it.

    ``programs`` are those that it has, each for one kind of arguments; ``print(compiled.programs[0])`` shows the steps.

    >>> import tinygrad_bp as tg
    >>> doubled = tg.compile(lambda x: x * 2)
    >>> [doubled(tg.ones(n)).sum().item() for n in (1, 1, 1, 3, 3)], len(doubled.programs)
    ([2.0, 2.0, 2.0, 6.0, 6.0], 2)
    """

    def __init__(self, function: Callable[..., Any], build: Build, exact: bool) -> None:
        self.function: Callable[..., Any] = function
        self.exact: bool = exact
        self._build = build
        self._entries: dict[Any, list[Entry]] = {}
        self._quicks: dict[Entry, Quick | None] = {}  # the quick way into each
        self._quick: Quick | None = None  # that into the program that ran last
        self._last_run: Any = None  # that program
        # The run of each kind that was written down last, by whether it read gradients of earlier ones.
        self._last: dict[Any, dict[bool, Captured]] = {}
        self._full: bool = False  # no more kinds than these: too many came once
        self._tries: Counter[Any] = Counter()
        self._plain: set[Any] = set()  # kinds of arguments with which Python runs the function
        self._lock = RLock()  # over all of these while a run is compared with others
        self._varying: dict[Any, set[int]] = {}  # which numbers among the arguments were seen to change
        functools.update_wrapper(self, function)

    def __get__(self, holder: Any, kind: Any = None) -> Any:
        """As a method, called with the object that has it."""
        return self if holder is None else MethodType(self, holder)

    def __reduce__(self) -> Any:
        """A copy has no programs yet."""
        return Compiled, (self.function, self._build, self.exact)

    @property
    def programs(self) -> list[Program]:
        """The programs that run in the place of the function."""
        return [entry.program for entries in [*self._entries.values()] for entry in entries]

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """What the function returns; written down, compared, and from then on computed by its program."""
        if self._quick is not None and not kwargs:
            try:
                found = self._quick(args)
            except IndexError:  # labels of which Python leaves some out, or says what is wrong with them
                if not self._last_run.restarts:
                    raise
                return self.function(*args)
            if found is not MISSING:
                return found
        if mode().watchers or any_stands_for_many((args, kwargs)):  # someone wants to see every op, or vmap calls it
            return self.function(*args, **kwargs)
        key, leaves = self._key(args, kwargs)
        known = len(self._entries.get(key, ()))
        found = self._find(key, leaves)
        if found is not None:
            entry, arrays = found
            try:
                result = entry.run(leaves, arrays)
            except IndexError:  # as above
                if not entry.restarts:
                    raise
                return self.function(*args, **kwargs)
            if entry not in self._quicks:
                self._quicks[entry] = quick(entry, leaves)
            self._quick, self._last_run = self._quicks[entry], entry
            return result
        if key in self._plain or (self._full and key not in self._last):
            return self.function(*args, **kwargs)
        return self._write_down(key, (args, kwargs), known)

    def loop(self, *args: Any, n: int | None = None, **kwargs: Any) -> Any:
        """``n`` calls with the same arguments, without returning to Python in between.

        Without ``n`` every tensor and array among the arguments has one dimension more, in front: one item a call.
        Gives what the calls return, stacked in front; of what is no tensor, the one value, or a list where the calls
        gave others. Raises ``ArgumentError`` where the counts differ.

        >>> import tinygrad_bp as tg
        >>> w = tg.tensor([1.0], requires_grad=True)
        >>> optimizer = tg.optim.SGD([w], lr=0.25)
        >>> @tg.compile
        ... def step(x):
        ...     optimizer.zero_grad()
        ...     loss = ((w * x) ** 2).sum()
        ...     loss.backward()
        ...     optimizer.step()
        ...     return loss
        >>> step.loop(tg.ones(1), n=4)
        tensor([1.0000, 0.2500, 0.0625, 0.0156])
        """
        leaves, back = flatten((args, kwargs))
        if n is not None and (not isinstance(n, (int, np.integer)) or n < 1):
            raise ArgumentError(f"loop: n is a number of calls, 1 or more, got {n!r}")
        stacked = [n is None and isinstance(leaf, (Tensor, np.ndarray)) for leaf in leaves]
        counts = {len(leaf) if leaf.ndim else -1 for leaf, each in zip(leaves, stacked) if each} if n is None else {n}
        if len(counts) != 1 or counts <= {-1, 0}:
            raise ArgumentError(
                f"loop: give n, or arguments with one first dimension for all of them, one item a call; got {n=} and "
                f"first dimensions {sorted(counts)}"
            )
        (count,) = counts
        each_in = [leaf for leaf, each in zip(leaves, stacked) if each]
        results: list[Any] = []
        while len(results) < count:
            now = [leaf[len(results)] if each else leaf for leaf, each in zip(leaves, stacked)]
            args, kwargs = back(now)
            found = None if mode().watchers else self._find(*self._key(args, kwargs))
            if found is None or found[0].adds_gradients or found[0].writes_into(each_in):
                results.append(self(*args, **kwargs))
                continue
            rest = [leaf[len(results) :] if each else leaf for leaf, each in zip(leaves, stacked)]
            looped = found[0].loop(count - len(results), rest, stacked, found[1])
            return _joined(results, looped, count)
        return _joined(results, None, count)

    def _key(self, args: Any, kwargs: Any) -> tuple[Any, list[Any]]:
        """What a program for these arguments depends on, and their leaves."""
        leaves, _ = flatten((args, kwargs))
        kind = kind_of((args, kwargs)), places_of(leaves), mode().grad, mode().inference, get_default_dtype()
        numbers = numbers_of(leaves)
        varying = self._varying.get(kind, ())
        return (kind, tuple([None if i in varying else x for i, x in enumerate(numbers)])), leaves

    def _find(self, key: Any, leaves: list[Any]) -> tuple[Entry, list[Any]] | None:
        """The program for a kind of arguments that may run now, and the arrays that it reads."""
        for entry in self._entries.get(key, ()):
            arrays = entry.find(leaves)
            if arrays is not None and entry.guards.hold():
                return entry, arrays
        return None

    # ------------------------------------------------------------------ to be read

    @property
    def source(self) -> str:
        """The program that ran last as a file of Python that imports NumPy alone."""
        return str(self._latest().runnable.source)

    @property
    def c_source(self) -> str:
        """The program that ran last as a file of C; an empty text where it runs by NumPy."""
        return str(getattr(self._latest().runnable, "c_source", ""))

    def save(self, path: str | Path) -> None:
        """The program that ran last as a file of Python that goes on from here, to the bit, with NumPy alone.

        ``python backprop.py 100`` runs 100 steps on the arguments of the last call and prints what each returns. Large
        arrays lie in an ``.npz`` beside it. Raises ``FormulaError`` for an op without a formula in plain NumPy, before
        anything is written.
        """
        entry = self._latest()
        if not entry.arrays:
            raise ArgumentError("save: the program has not run yet: call the function once more")
        now = [
            array if isinstance(source, int) else source()
            for source, array in zip(entry.captured.sources, entry.arrays, strict=True)
        ]
        for value, item in zip(entry.program.inputs, now):
            if item is None:
                raise ArgumentError(
                    f"save: {value.name or 'a tensor'} {shape_text(value.shape)}, which the program reads, is no more; "
                    "a gradient is there until the function, or zero_grad(), forgets it"
                )
        save(entry.program, [item._value if isinstance(item, Tensor) else item for item in now], path)

    def _latest(self) -> Entry:
        entries = [entry for entries in [*self._entries.values()] for entry in entries]
        if not entries and self._plain:
            raise ArgumentError(
                f"compile: there is no program, Python runs {self._name()}: either a gradient is wanted of what it "
                "returns, then return t.detach(), or a warning said why"
            )
        if not entries:
            raise ArgumentError("compile: there is no program yet: one is made after two calls that were alike")
        return max(entries, key=lambda entry: entry.moment)

    def _write_down(self, key: Any, arguments: Any, known: int) -> Any:
        """Run the function and write it down; where the run before was the same, that is a program.

        ``known`` programs were looked at before: where there are more by now, another thread was faster.
        """
        kind = key[0]
        guards = Guards(self.function, arguments)
        leaves = flatten(arguments)[0]
        floats = [i for i, x in enumerate(leaves) if x.__class__ is float]
        varying = [floats[i] for i in self._varying.get(kind, ())]
        names = argument_names(self.function, *arguments)
        try:
            captured, returned = capture(self.function, arguments, names, varying, exact=self.exact)
        except CaptureError:
            if not varying:
                raise
            self._varying[kind] = set()  # the function reads one of these numbers
            key = kind, tuple(numbers_of(leaves))
            return self._write_down(key, arguments, len(self._entries.get(key, ())))
        with self._lock:
            if len(self._entries.get(key, ())) == known:
                self._take_down(key, captured, guards, leaves)
        return returned

    def _take_down(self, key: Any, captured: Captured, guards: Guards, leaves: list[Any]) -> None:
        """Make a program of a run that is like the one before; what changes too often is left to Python."""
        kind, numbers = key
        if captured.wants_grad:  # backward comes later, through what Python records
            self._plain.add(key)
            return
        runs, adds = self._last.setdefault(key, {}), any(isinstance(source, GradientOf) for source in captured.sources)
        before = runs.get(adds)
        runs[adds] = captured
        if len(self._last) == MOST_KINDS and not self._full:
            self._full = True
            self._say(
                f"where its arguments are not one of the {MOST_KINDS} kinds that came so far: whole numbers, texts and "
                "shapes, and numbers that the function reads, are other kinds",
                "Pass a number that changes as a tensor",
            )
        changed = ""
        if before is not None and alike(before, captured):
            changed = guards.settle([source() for source in captured.sources if not isinstance(source, int)])
            if changed and key in self._entries:  # it has a program for another state of that
                return
            if not changed and len(self.programs) < MOST_PROGRAMS:
                self._entries.setdefault(key, []).insert(0, Entry(captured, guards, self._build, self.exact, leaves))
                self._tries.pop(key, None)
                return
        elif before is None:
            self._look_for_varying(kind, numbers)
            return
        self._tries[key] += 1
        if self._tries[key] > MOST_TRIES or len(self.programs) >= MOST_PROGRAMS:
            self._plain.add(key)
            self._warn(before, captured, changed)

    def _look_for_varying(self, kind: Any, numbers: tuple[Any, ...]) -> None:
        """Numbers that were others before, in calls that were the same but for them, are inputs from now on."""
        known = self._varying.get(kind)
        if known is not None and not known:  # the function reads them
            return
        for other, values in self._last:
            if other == kind and len(values) == len(numbers):
                changed = {i for i, (a, b) in enumerate(zip(values, numbers)) if None not in (a, b) and a != b}
                if changed:
                    self._varying[kind] = changed | (known or set())
                    return

    def _warn(self, before: Captured, captured: Captured, changed: str) -> None:
        instead = "Pass what changes as an argument, a tensor or a number"
        if changed:
            said = f"each run changes what the next one begins with, {changed}, which no program would do"
            instead = "Return it, or write t.copy_(value) into a tensor that stays"
        elif alike(before, captured):
            said = f"it has {len(self.programs)} programs already, for other arguments or settings"
        else:
            lines = zip_longest(str(before.program).splitlines(), str(captured.program).splitlines(), fillvalue="")
            pair = next(
                (pair for pair in lines if pair[0] != pair[1]), ("an array or object made in it", "another one")
            )
            said = f"no two runs are the same program: {pair[0].strip()!r} was then {pair[1].strip()!r}"
        self._say(f"where it is called so: {said}", instead)

    def _say(self, where: str, instead: str) -> None:
        warn(f"compile: Python runs {self._name()} from now on, {where}. {instead}")

    def _name(self) -> str:
        return getattr(self.function, "__qualname__", type(self.function).__name__)


class CompiledModule(Module):
    """A module whose results are computed by a program where no gradient is wanted of them.

    It holds the module as ``_orig_mod``, as in PyTorch, and has its attributes, to be read and set.

    >>> import tinygrad_bp as tg
    >>> layer = tg.nn.Linear(2, 1)
    >>> compiled = tg.compile(layer)
    >>> compiled.weight is layer.weight, list(compiled.state_dict())
    (True, ['_orig_mod.weight', '_orig_mod.bias'])
    """

    _orig_mod: Module

    def __init__(self, module: Module, build: Build, exact: bool) -> None:
        super().__init__()
        self._orig_mod = module
        self.compiled: Compiled = Compiled(module, build, exact)

    @property
    def training(self) -> bool:  # type: ignore[override]
        """That of the module inside."""
        return self._orig_mod.training

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

    def __setattr__(self, name: str, value: Any) -> None:
        if name in ("_orig_mod", "compiled", "_held") or "_orig_mod" not in vars(self):
            super().__setattr__(name, value)
        else:
            setattr(self._orig_mod, name, value)


def alike(a: Captured, b: Captured) -> bool:
    """Whether two runs were the same program, on the same tensors and arrays from outside."""
    if a.itself != b.itself or len(a.sources) != len(b.sources) or not same_steps(a.program, b.program):
        return False
    outputs = zip(a.program.outputs, b.program.outputs, strict=True)
    if not all(same(x, y) for x, y in outputs if not isinstance(x, Value)):  # an object that is made in every run
        return False
    constants = zip(a.program.constants(), b.program.constants())  # by bits: 0.0 is not -0.0
    if not all(x.array is y.array or x.array.tobytes() == y.array.tobytes() for x, y in constants):
        return False
    return all(_same_source(x, y) for x, y in zip(a.sources, b.sources)) and [g[1:] for g in a.grads] == [
        g[1:] for g in b.grads
    ]


def _same_source(a: Any, b: Any) -> bool:
    if isinstance(a, int) or isinstance(b, int):
        return bool(a == b)
    if isinstance(a, GradientOf) and isinstance(b, GradientOf):
        return a.tensor() is b.tensor()
    now, then = a(), b()
    return now is then or (isinstance(now, (int, float)) and isinstance(then, (int, float)))
