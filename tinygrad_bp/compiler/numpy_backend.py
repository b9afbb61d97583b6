"""The backend of NumPy: a program as Python source, compiled once for each way its inputs lie in memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import islice, repeat
from threading import RLock
from typing import Any

import numpy as np

from ..autograd.errors import BusyError
from ..program.program import Program, Value
from .emit_numpy import Emitted
from .lines import Lines, Slot
from .lowering import lowered
from .numpy_expressions import FormulaError
from .passes import simplified
from .plan import Layout, Seen, planned
from .standalone import text_of

MOST_LAYOUTS = 8


def build(program: Program, exact: bool = False) -> Runnable:
    """What runs ``program`` by NumPy alone; with ``exact``, to the same bits as the ops called one by one."""
    return Runnable(program, exact)


class Runnable:
    """A compiled program: takes one array for each input, gives one for each output, and writes what is written.

    The first run is of the lines by themselves, and shows how results lie in memory; from then on they have memory of
    their own. One run at a time: another thread waits, and a signal handler in the middle of one gets ``BusyError``.
    """

    def __init__(self, program: Program, exact: bool) -> None:
        self.program: Program = program
        self.exact: bool = exact
        self._simple = simplified(program, exact)
        self._lock, self._running = RLock(), False
        self._functions: list[Callable[..., Any]] = []
        self._run: Callable[..., Any] = _nothing
        self._code = ""

    @property
    def source(self) -> str:
        """The program as a file that imports NumPy alone; where an op has no formula there, as what runs."""
        try:
            return text_of(self.program)
        except FormulaError as error:
            return f"# {error}.\n{self._code}"

    @property
    def code(self) -> str:
        """The text of the function that ran last, with its memory planned; "" before the first run."""
        return self._code

    def __call__(self, *arrays: Any) -> tuple[Any, ...]:
        """The outputs, fresh arrays; the inputs that the program writes are changed in place."""
        with self._lock:
            if self._running:
                raise busy()
            self._running = True
            try:
                found = self._run(*arrays)
                return self._other(arrays) if found is None else found
            finally:
                self._running = False

    def _other(self, arrays: tuple[Any, ...]) -> tuple[Any, ...]:
        """Run for arrays that lie in another way than those before."""
        for function in self._functions:
            found: tuple[Any, ...] | None = function(*arrays)
            if found is not None:
                self._run = function
                return found
        given = [np.asarray(array) for array in arrays]
        apart = not any(np.may_share_memory(a, b) for i, a in enumerate(given) for b in given[:i])
        lines = lowered(self._simple, self.exact, apart)
        results, seen = _observed(lines, given)
        emitted = Emitted(lines, planned(lines, seen, apart), seen)
        space = emitted.space()
        exec(compile(emitted.source, "<compiled>", "exec"), space)
        space.pop("look", None)  # functions that stand in their own namespace would be freed by the garbage collector
        self._functions = [space.pop("run"), *self._functions[: MOST_LAYOUTS - 1]]
        self._run, self._code = self._functions[0], emitted.source
        return results

    def loop(self, n: int, arrays: Sequence[Any], stacked: Sequence[bool]) -> tuple[Any, ...]:
        """Run ``n`` times; an input that is ``stacked`` has one item a run. Outputs are stacked as well."""
        outputs = self.program.outputs
        results = [np.empty((n, *o.shape), o.dtype) if isinstance(o, Value) else o for o in outputs]
        filled = [(i, result) for i, result in enumerate(results) if isinstance(result, np.ndarray)]
        runs = zip(*[array if each else repeat(array) for array, each in zip(arrays, stacked, strict=True)])
        for i, given in enumerate(islice(runs, n) if arrays else repeat((), n)):
            found = self(*given)
            for place, result in filled:
                result[i] = found[place]
        return tuple(results)


def busy() -> BusyError:
    """The error of a run inside a run of the same thread, which it would wait for without end."""
    return BusyError(
        "a compiled function was called while its own thread is in the middle of a run of it, as by a signal handler: "
        "both would write the same memory. Have the handler set a flag, and call the function after the run"
    )


def _nothing(*arrays: Any) -> None:
    """No function was made yet."""


def _observed(lines: Lines, arrays: Sequence[Any]) -> tuple[tuple[Any, ...], Seen]:
    """Run the lines by themselves, each result in memory of its own: the outputs, and how results lie."""
    space, seen = lines.space(), Seen()
    known: dict[Slot, Any] = dict(zip(lines.inputs(), arrays, strict=True)) | dict(lines.constants())
    seen.layouts |= {slot: Layout.of(array) for slot, array in known.items()}
    seen.strides |= {slot: array.strides for slot, array in zip(lines.inputs(), arrays, strict=True)}
    program = lines.program
    last = {slot: i for i, line in enumerate(lines.lines) for slot in line.reads}
    stays = {lines.slots[value] for value in (*program.inputs, *program.results())}
    for i, line in enumerate(lines.lines):
        given = {slot.name: known[slot] for slot in line.reads}
        text = line.spelled(lambda slot: slot.name)
        if not line.gives:
            exec(text, space, given)
        else:
            found = eval(text, space, given)
            for slot, array in zip(line.gives, found if len(line.gives) > 1 else (found,), strict=True):
                known[slot] = array
                if isinstance(array, np.ndarray):
                    seen.layouts[slot] = Layout.of(array)
                    shares = [read for read in line.reads if _shares(array, known[read])]
                    seen.bases |= dict.fromkeys([slot], shares[0]) if shares else {}
        for slot in {*line.reads} - stays:
            if last[slot] == i:
                del known[slot]
    outputs = [np.array(known[lines.slots[o]]) if isinstance(o, Value) else o for o in program.outputs]
    places = {lines.slots[place]: lines.slots[value] for place, value in program.writes.items()}
    moved = [
        np.array(known[slot]) if slot is not place and seen.root(slot) in places else known[slot]
        for place, slot in places.items()
    ]
    for (place, slot), array in zip(places.items(), moved, strict=True):
        if slot is not place:
            known[place][...] = array
    return tuple(outputs), seen


def _shares(array: Any, read: Any) -> bool:
    return isinstance(read, np.ndarray) and np.may_share_memory(array, read)
