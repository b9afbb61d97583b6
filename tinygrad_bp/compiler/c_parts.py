"""A program of which C has only some steps: parts in C, and calls of NumPy between them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from threading import RLock
from typing import Any

import numpy as np

from ..program.program import Constant, Program, Step, Value, replaced, values_in
from . import numpy_backend
from .c_lowering import supported
from .c_runnable import Runnable, order_of
from .c_steps import VIEWS


def split(program: Program) -> list[Program | Step]:
    """The program in pieces, in order: programs that C has as a whole, and single steps that it does not have.

    As many steps as can be go into each part. An input is written by a part only if no later piece reads it.
    """
    there = supported(program)
    in_c = {step.result: step.result in there for step in program.steps}
    known: set[Value] = {*program.inputs, *program.constants()}
    rest, pieces = list(program.steps), []
    while rest:
        part = _ready(rest, known, lambda step: in_c[step.result])
        if any(step.op.name not in VIEWS for step in part):
            pieces.append(part)
        else:
            pieces += [[step] for step in part]
            in_c.update({step.result: False for step in part})
        others = _ready(rest, known, lambda step: not in_c[step.result])
        pieces += [[step] for step in others]
    return [_piece(program, pieces, i, in_c) for i in range(len(pieces))]


def _ready(rest: list[Step], known: set[Value], wanted: Callable[[Step], bool]) -> list[Step]:
    """Take the steps of one kind whose operands are known, or become known on the way."""
    taken = []
    for step in list(rest):
        if wanted(step) and all(value in known for value in step.reads()):
            taken.append(step)
            known.add(step.result)
            rest.remove(step)
    return taken


def _piece(program: Program, pieces: list[list[Step]], i: int, in_c: dict[Value, bool]) -> Program | Step:
    steps = pieces[i]
    if not in_c[steps[0].result]:
        return steps[0]
    made = {step.result for step in steps}
    later = {value for piece in pieces[i + 1 :] for step in piece for value in step.reads()}
    given = set(values_in(program.outputs))
    early = {*later, *given, *program.writes.values()}
    writes = {held: value for held, value in program.writes.items() if value in made and held not in early}
    copied = {value for held, value in program.writes.items() if held not in writes}
    read = dict.fromkeys(value for step in steps for value in step.reads() if not isinstance(value, Constant))
    inputs = tuple(dict.fromkeys([*(value for value in read if value not in made), *writes]))
    outputs = tuple(step.result for step in steps if step.result in later | given | copied)
    return Program(inputs, tuple(steps), outputs, writes)


class Parts:
    """What runs the pieces one after another. One run at a time: another thread waits."""

    def __init__(self, program: Program, pieces: Sequence[Program | Step]) -> None:
        self.program = program
        self._pieces: list[Runnable | Step] = [
            Runnable(piece, fresh=False) if isinstance(piece, Program) else piece for piece in pieces
        ]
        self._lock, self._running = RLock(), False
        self._instead: numpy_backend.Runnable | None = None
        self._begun = False
        self._constants: dict[Value, Any] = {constant: constant.array for constant in program.constants()}
        written = {held for piece in pieces if isinstance(piece, Program) for held in piece.writes}
        self._late = [(held, value) for held, value in program.writes.items() if held not in written]

    @property
    def source(self) -> str:
        """The program as a file that imports NumPy alone, as with the other backend."""
        return numpy_backend.build(self.program).source

    @property
    def c_source(self) -> str:
        """The C texts of the parts, and what runs between them."""
        texts = [
            piece.c_source if isinstance(piece, Runnable) else f"/* then NumPy: {piece.op.name} */\n"
            for piece in self._pieces
        ]
        return "\n".join(texts)

    def __call__(self, *arrays: Any) -> tuple[Any, ...]:
        """The outputs, fresh arrays; the inputs that the program writes are changed in place."""
        with self._lock:
            if self._running:
                raise numpy_backend.busy()
            self._running = True
            try:
                if not self._begun:
                    self._begin(arrays)
                if self._instead is not None:
                    return self._instead(*arrays)
                return self._run(arrays)
            finally:
                self._running = False

    def _begin(self, arrays: Sequence[Any]) -> None:
        """Compile all parts, before anything is written."""
        orders = dict(zip(self.program.inputs, map(order_of, arrays), strict=True))
        for piece in self._pieces:
            if isinstance(piece, Runnable):
                piece.prepare([orders.get(value, "C") for value in piece.program.inputs])
                if piece.instead is not None:
                    self._instead = numpy_backend.build(self.program)
                    break
        self._begun = True

    def _run(self, arrays: Sequence[Any]) -> tuple[Any, ...]:
        known: dict[Value, Any] = dict(self._constants)
        for value, array in zip(self.program.inputs, arrays, strict=True):
            known[value] = array if isinstance(array, np.ndarray) else np.array(array, value.dtype)
        find = known.__getitem__
        for piece in self._pieces:
            if isinstance(piece, Runnable):
                found = piece(*map(find, piece.program.inputs))
                known.update(zip(piece.program.outputs, found, strict=True))
                continue
            result = piece.op.compute(*replaced(piece.operands, find), **replaced(piece.params, find))
            # A view would change with the input that it shows.
            known[piece.result] = np.array(result) if piece.op.views else np.asarray(result)
        results: Any = replaced(self.program.outputs, lambda value: np.array(known[value]))
        late = [(known[held], np.array(known[value])) for held, value in self._late]
        for array, new in late:
            array[...] = new
        return tuple(results)

    def loop(self, n: int, arrays: Sequence[Any], stacked: Sequence[bool]) -> tuple[Any, ...]:
        """Run ``n`` times; an input that is ``stacked`` has one item a run. Outputs are stacked as well."""
        results = [
            np.empty((n, *item.shape), item.dtype) if isinstance(item, Value) else item for item in self.program.outputs
        ]
        for i in range(n):
            found = self(*[array[i] if many else array for array, many in zip(arrays, stacked, strict=True)])
            for result, one in zip(results, found, strict=True):
                if isinstance(result, np.ndarray):
                    result[i] = one
        return tuple(results)
