"""A program in C that runs on arrays: it knows the memory of the last ones, and a run is then one call."""

from __future__ import annotations

import ctypes
import weakref
from collections.abc import Callable, Sequence
from time import perf_counter
from typing import Any

import numpy as np

from ..autograd.lines import warn
from ..blas import gemm
from ..program.program import Program, Value
from . import numpy_backend
from .build import RUNNING, BuildError, Library, library
from .c_lowering import lowered
from .emit_c import Emitted

SHORT = 1 << 22  # up to this many elements read and written a step runs without letting other threads of Python go on


class Runnable:
    """A compiled program: takes one array for each input, gives one for each output, and writes what is written.

    It is compiled when it is called first, for arrays in the memory order of that call. One run at a time: another
    thread waits. Raises ``Unknown`` for a step that C does not have.
    """

    def __init__(self, program: Program, fresh: bool = True) -> None:
        self.program = program
        self._lowered = lowered(program)
        self._fresh = fresh  # whether outputs are copies; if not, they are the same arrays in each run
        self._emitted: Emitted | None = None
        self._orders: tuple[str, ...] = ()  # in which the inputs lie, by the first run
        self._library: Library | None = None
        self.instead: numpy_backend.Runnable | None = None  # what runs where nothing could be compiled
        self._written = frozenset(program.inputs.index(value) for value in program.writes)
        self._values = [value for value in program.outputs if isinstance(value, Value)]
        self._plain = len(self._values) == len(program.outputs)
        self._outputs = [np.zeros(value.shape, value.dtype) for value in self._values]
        # For each input: what was given last (None: look again), the array that C reads, its first and last address.
        self._given: list[Any] = [None] * len(program.inputs)
        self._held: list[Any] = list(self._given)
        self._spans: list[tuple[int, int]] = [(0, 0)] * len(program.inputs)
        self._copies: dict[int, Any] = {}  # inputs of which C writes a copy
        self._mine = object()  # by which a library knows whose arrays it has
        self.run: Callable[..., tuple[Any, ...]] | None = None  # what a call runs, once it is compiled

    @property
    def source(self) -> str:
        """The program as a file that imports NumPy alone, as with the other backend."""
        return numpy_backend.build(self.program).source

    @property
    def c_source(self) -> str:
        """The C text; before the first run, that for arrays which lie row by row."""
        return self._written_for(self._orders or ("C",) * len(self.program.inputs)).source

    def _written_for(self, orders: tuple[str, ...]) -> Emitted:
        if self._emitted is None or self._emitted.orders != orders:
            self._emitted = Emitted(self.program, self._lowered, orders)
        return self._emitted

    def __call__(self, *arrays: Any) -> tuple[Any, ...]:
        """The outputs, fresh arrays; the inputs that the program writes are changed in place."""
        return (self.run or self._first_run)(*arrays)

    def _first_run(self, *arrays: Any) -> tuple[Any, ...]:
        """Compile, and run what came of it."""
        if self.instead is None:
            self.prepare([order_of(array) for array in arrays])
        return (self.instead or self.run)(*arrays)  # type: ignore[misc]

    def _quick_run(self, library: Library) -> Callable[..., tuple[Any, ...]]:
        """A run as a function without attributes to look up: a small program takes less time than those."""
        given, copies, step, lock = self._given, self._copies, library.step, library.lock
        plain, count = self._plain and self._fresh, len(given)
        copied = [output.copy for output in self._outputs]
        mine = self._mine
        known: Any = weakref.ref(self)  # a cycle would be freed by the garbage collector alone

        def run(*arrays: Any) -> tuple[Any, ...]:
            with lock:
                before, after = library.bound_by, None
                if before is RUNNING:
                    raise numpy_backend.busy()
                library.bound_by = RUNNING
                try:
                    if before is not mine or len(arrays) != count:
                        known()._bind(library, arrays)
                    for array, last in zip(arrays, given):  # counted above
                        if array is not last:
                            known()._bind(library, arrays)
                            break
                    after = mine
                    if step():
                        return known()._refused(arrays)  # type: ignore[no-any-return]
                    if copies:
                        known()._write_back()
                    if plain:
                        return tuple([copy() for copy in copied])
                    me: Runnable = known()
                    return me._in_place([copy() for copy in copied] if me._fresh else me._outputs)
                finally:
                    library.bound_by = after

        return run

    def again(self, places: Sequence[int]) -> Callable[..., Any]:
        """A function for runs like the one before, called with the arrays that stand at ``places``: the outputs.

        It gives None where one of these is another than in that run, and all have to be given; and None in the place of
        an output that is no array.
        """
        library, outputs = self._library, self._outputs
        if library is None or not self._fresh:
            return lambda *arrays: None
        taken = ", ".join([f"a{i}" for i in places])
        same = "".join([f" and given[{i}] is a{i}" for i in places])
        space = {"library": library, "mine": self._mine, "given": self._given, "lock": library.lock,
                 "copies": self._copies, "step": library.step, "RUNNING": RUNNING}  # fmt: skip
        space |= {f"copy{i}": output.copy for i, output in enumerate(outputs)}
        fresh = (f"copy{i}()" for i in range(len(outputs)))
        results = "".join([f"{next(fresh) if isinstance(item, Value) else None}, " for item in self.program.outputs])
        text = (
            f"def run({taken}):\n    with lock:\n"
            f"        if library.bound_by is mine and not copies{same}:\n"
            f"            library.bound_by = RUNNING\n"
            f"            try:\n"
            f"                if not step():\n"
            f"                    return ({results})\n"
            f"            finally:\n"
            f"                library.bound_by = mine\n"
        )
        exec(text, space)
        made: Callable[..., Any] = space.pop("run")
        return made

    def _in_place(self, results: list[Any]) -> tuple[Any, ...]:
        """The results where values are returned, and the numbers of Python that are returned as they are."""
        found = iter(results)
        return tuple(next(found) if isinstance(item, Value) else item for item in self.program.outputs)

    def prepare(self, orders: Sequence[str]) -> Library | None:
        """Compile for inputs in these memory orders; where that fails, say so and go on with NumPy."""
        if self.instead is not None:
            return None
        if len(orders) != len(self.program.inputs):
            raise TypeError(f"the program takes {len(self.program.inputs)} arrays, got {len(orders)}")
        emitted = self._written_for(tuple(orders))
        try:
            found = library(emitted.source, holds_the_gil=emitted.size <= SHORT)
            if emitted.uses_blas:
                found.use_blas(gemm())
        except BuildError as error:
            warn(f"{error}; the program runs by NumPy")
            self.instead = numpy_backend.build(self.program)
            return None
        with found.lock:
            if self._library is None:  # no other thread was faster
                self._begin(found, emitted)
        return self._library

    def _begin(self, found: Library, emitted: Emitted) -> None:
        self._orders = emitted.orders
        self._constants = [array for _, array in emitted.large]
        inputs = len(self.program.inputs)
        self._block = (ctypes.c_void_p * max(inputs + len(self._outputs) + len(self._constants), 1))()
        for i, array in enumerate((*self._outputs, *self._constants), start=inputs):
            self._block[i] = array.ctypes.data
        self._library = found
        self.run = self._quick_run(found)

    # ------------------------------------------------------------------ the arrays of a run

    def _bind(self, library: Library, arrays: Sequence[Any]) -> None:
        """Take the memory of these arrays for the runs to come; what cannot be read where it lies is copied."""
        if len(arrays) != len(self._given):
            raise TypeError(f"the program takes {len(self._given)} arrays, got {len(arrays)}")
        found = [self._array(i, array) for i, array in enumerate(arrays) if array is not self._given[i]]
        for i, given, array in found:
            self._given[i] = None
            self._hold(i, array, given)
        for i, given, _ in found:
            held = self._held[i]
            others = range(len(arrays)) if i in self._written else self._written
            if any(_meet(self._spans[i], self._spans[j]) for j in others if j != i):
                self._hold(i, np.array(held, order=_ORDERS[self._orders[i]]), given)
            elif held is given or not isinstance(given, np.ndarray):
                self._given[i] = arrays[i]
        library.bind(self._block)

    def _array(self, i: int, item: Any) -> tuple[int, Any, Any]:
        """An input's number, what was given, and the array of it that C can read. Raises ``TypeError``."""
        value, order = self.program.inputs[i], self._orders[i]
        array = item if isinstance(item, np.ndarray) else np.array(item, value.dtype)
        if array.dtype != value.dtype or array.shape != value.shape:
            raise TypeError(f"input {i} of the program is {value.dtype} {value.shape}, got {array.dtype} {array.shape}")
        if i in self._written and not array.flags.writeable:
            raise ValueError(f"input {i} of the program is written, and the array is read-only")
        return i, item, array if _fits(array, order) else np.array(array, order=_ORDERS[order])

    def _hold(self, i: int, array: Any, given: Any) -> None:
        start = array.ctypes.data
        self._held[i], self._spans[i], self._block[i] = array, (start, start + array.nbytes), start
        self._copies.pop(i, None)
        if i in self._written and array is not given:
            self._copies[i] = given

    def _write_back(self) -> None:
        for i, given in self._copies.items():
            given[...] = self._held[i]

    def _refused(self, arrays: Sequence[Any]) -> tuple[Any, ...]:
        """A label is out of range: the ops themselves say what is wrong, before anything is written."""
        return numpy_backend.build(self.program)(*arrays)

    # ------------------------------------------------------------------ many runs

    def loop(self, n: int, arrays: Sequence[Any], stacked: Sequence[bool]) -> tuple[Any, ...]:
        """Run ``n`` times without coming back to Python; an input that is ``stacked`` has one item a run.

        Outputs are stacked as well. Ctrl-C is seen between runs, some 20 times a second.
        """
        if n == 0:
            return self._in_place([np.empty((0, *value.shape), value.dtype) for value in self._values])
        firsts = [np.asarray(a)[0] if many else a for a, many in zip(arrays, stacked, strict=True)]
        library = self._library or self.prepare([order_of(first) for first in firsts])
        if library is None:
            return (self.instead or numpy_backend.build(self.program)).loop(n, arrays, stacked)
        whole = [self._stack(i, a, n) if many else a for i, (a, many) in enumerate(zip(arrays, stacked, strict=True))]
        results = [np.empty((n, *value.shape), value.dtype) for value in self._values]
        with library.lock:
            if library.bound_by is RUNNING:
                raise numpy_backend.busy()
            library.bound_by = RUNNING
            try:
                done = self._loop(library, n, arrays, whole, stacked, results)
            finally:
                library.bound_by = None
            if done < n:
                self._refused([a[done] if many else a for a, many in zip(arrays, stacked, strict=True)])
        return self._in_place(results)

    def _loop(
        self, library: Library, n: int, arrays: Sequence[Any], whole: Sequence[Any], stacked: Sequence[bool],
        results: Sequence[Any],
    ) -> int:  # fmt: skip
        """``n`` runs on ``whole``, which is ``arrays`` as C reads them, into ``results``: how many were done."""
        self._given[:] = [None] * len(arrays)
        self._bind(library, [a[0, ...] if many else a for a, many in zip(whole, stacked, strict=True)])
        advance = [a.strides[0] if many else 0 for a, many in zip(whole, stacked, strict=True)]
        advance += [result.strides[0] for result in results] + [0] * len(self._constants)
        inputs = len(arrays)
        for i, result in enumerate(results, start=inputs):
            self._block[i] = result.ctypes.data
        library.bind(self._block)
        steps = (ctypes.c_int64 * max(len(advance), 1))(*advance)
        try:
            return _in_parts(library, n, steps)
        finally:
            self._given[:] = [None] * inputs
            for i, output in enumerate(self._outputs, start=inputs):
                self._block[i] = output.ctypes.data
            self._write_back()
            for given, copy in zip(arrays, whole, strict=True):
                if copy is not given and isinstance(given, np.ndarray) and given.flags.writeable:
                    given[...] = copy

    def _stack(self, i: int, items: Any, n: int) -> Any:
        """Arrays for ``n`` runs, each as C reads it."""
        value, order = self.program.inputs[i], self._orders[i]
        items = np.asarray(items, value.dtype if not value.shape else None)
        if items.shape != (n, *value.shape) or items.dtype != value.dtype:
            raise TypeError(
                f"input {i} of the program is {value.dtype} {value.shape}, stacked for {n} runs; got {items.dtype} "
                f"{items.shape}"
            )
        axes = (0, *range(1, items.ndim)[:: -1 if order == "F" else 1])
        if _fits(items[0], order) and (i not in self._written or items.flags.writeable):
            return items
        return np.ascontiguousarray(items.transpose(axes)).transpose(np.argsort(axes))


_ORDERS: dict[str, Any] = {"C": "C", "F": "F"}


def _in_parts(library: Library, n: int, steps: Any) -> int:
    """``n`` runs, by as many at a time as take about a twentieth of a second. How many were done."""
    done, part = 0, 1
    while done < n:
        began = perf_counter()
        asked = min(part, n - done)
        ran = library.loop(asked, steps)
        done += ran
        if ran < asked:
            break
        if perf_counter() - began < 0.025:
            part *= 2
    return done


def _fits(array: Any, order: str) -> bool:
    flags = array.flags
    return bool(flags.aligned and (flags.f_contiguous if order == "F" else flags.c_contiguous))


def _meet(a: tuple[int, int], b: tuple[int, int]) -> bool:
    return a[0] < b[1] and b[0] < a[1]


def order_of(array: Any) -> str:
    """``"F"`` for an array that lies column by column, else ``"C"``."""
    flags = getattr(array, "flags", None)
    return "F" if flags is not None and flags.f_contiguous and not flags.c_contiguous else "C"
