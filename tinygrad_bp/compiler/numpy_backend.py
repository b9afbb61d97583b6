"""The backend of NumPy: a program as Python source, compiled once and called on arrays."""

from __future__ import annotations

from collections.abc import Sequence
from threading import Lock
from typing import Any

import numpy as np

from ..program.program import Program, Value
from .emit_numpy import Emitted
from .passes import simplified


def build(program: Program, exact: bool = False) -> Runnable:
    """What runs ``program`` by NumPy alone; with ``exact``, to the same bits as the ops called one by one."""
    return Runnable(program, exact)


class Runnable:
    """A compiled program: takes one array for each input, gives one for each output, and writes what is written.

    One run at a time: another thread waits.
    """

    def __init__(self, program: Program, exact: bool) -> None:
        self.program, self.exact = program, exact
        self._lock = Lock()
        emitted = Emitted(simplified(program, exact))
        self.source = emitted.source
        space = dict(emitted.objects)
        exec(compile(emitted.source, "<compiled>", "exec"), space)
        self._run = space["run"]

    def __call__(self, *arrays: Any) -> tuple[Any, ...]:
        """The outputs, fresh arrays; the inputs that the program writes are changed in place."""
        with self._lock:
            return self._run(*arrays)  # type: ignore[no-any-return]

    def loop(self, n: int, arrays: Sequence[Any], stacked: Sequence[bool]) -> tuple[Any, ...]:
        """Run ``n`` times; an input that is ``stacked`` has one item a run. Outputs are stacked as well."""
        outputs = self.program.outputs
        results = [np.empty((n, *o.shape), o.dtype) if isinstance(o, Value) else o for o in outputs]
        for i in range(n):
            found = self(*[array[i] if each else array for array, each in zip(arrays, stacked, strict=True)])
            for result, one in zip(results, found, strict=True):
                if isinstance(result, np.ndarray):
                    result[i] = one
        return tuple(results)
