"""One program of a compiled function, bound to the tensors that it reads and writes."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.lib.array_utils import byte_bounds

from ..autograd.hooks import Calls
from ..autograd.sharing import shown
from ..autograd.tensor import Tensor, wrap
from ..autograd.writes import owner, tick, wrote
from ..program import Program, Value
from ..program.captured import Captured
from .guards import Guards, place_of


class Runnable(Protocol):
    """What a backend builds of a program."""

    @property
    def source(self) -> str:
        """The program as a text."""

    def __call__(self, *arrays: Any) -> Sequence[Any]:
        """Run it on one array for each input: a fresh array for each output; inputs that it writes are changed."""

    def loop(self, n: int, arrays: Sequence[Any], stacked: Sequence[bool]) -> Sequence[Any]:
        """Run it ``n`` times; inputs that are ``stacked`` have one item a run, and outputs are stacked in front."""


Build = Callable[[Program, bool], Runnable]


class Entry:
    """One program of a compiled function, bound to the tensors that it reads and writes."""

    def __init__(self, captured: Captured, guards: Guards, build: Build, exact: bool, leaves: Sequence[Any]) -> None:
        self.captured, self.guards, self.program = captured, guards, captured.program
        guards.conditions = (*captured.conditions, *guards.of_tensors)
        self.runnable = build(captured.program, exact)
        self._kinds = [
            (value.shape, value.dtype, not isinstance(source, int) and getattr(source(), "_node", None) is not None)
            for value, source in zip(captured.program.inputs, captured.sources, strict=True)
        ]
        self.arrays: list[Any] = []  # of the last run
        self.moment = -1  # of the last run, on the clock of writes; -1 where a tensor from outside is no more
        outside = [source() for source in captured.sources if not isinstance(source, int)]
        read = {id(x) for x in outside}
        for i, leaf in enumerate(leaves):  # the gradient of an argument is that of this tensor
            cell = getattr(leaf, "_cell", None)
            if cell is not None and id(cell.grad) in read:
                guards.bound.append((i, weakref.ref(leaf)))
        self._hooks, self._changes = _hooks_of(outside), Calls.changes
        forget = _forgetting(weakref.ref(self))
        self._living = [weakref.ref(x, forget) for x in outside if isinstance(x, (Tensor, np.ndarray))]
        self._written = [i for i, value in enumerate(captured.program.inputs) if value in captured.program.writes]
        self.writes_arguments = any([isinstance(captured.sources[i], int) for i in self._written])
        self.restarts = _writes_last(captured.program)  # whether Python may begin again where a run refused a label
        self.owners: set[int] = set()  # by id, those of the memory that the last run wrote
        given = [_from(source, leaves) for source in captured.sources]
        self._layouts = self._lying(leaves)
        self._overlaps = self._overlapping([_array(item) for item in given])

    @property
    def adds_gradients(self) -> bool:
        """Whether it leaves gradients that the next run adds to, so that this program is for the first run alone."""
        return any(grad.output is not None and not grad.cleared for grad in self.captured.grads)

    def find(self, leaves: Sequence[Any]) -> list[Any] | None:
        """The arrays that a run reads; None where one is no more, or is of another kind."""
        if not all([_lies_at(leaves[i], tensor()) for i, tensor in self.guards.bound]):
            return None
        found: list[Any] = []
        for source, (shape, dtype, wants) in zip(self.captured.sources, self._kinds, strict=True):
            item = _from(source, leaves)
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
        if self._changes != Calls.changes:
            if _hooks_of(source() for source in self.captured.sources if not isinstance(source, int)) != self._hooks:
                return None
            self._changes = Calls.changes
        if self._written and self._overlapping(found) != self._overlaps:
            return None
        if self.captured.layout and self._layouts != self._lying(leaves):
            return None
        for grad in self.captured.grads:
            leaf = _from(grad.source, leaves)
            if leaf is None or (not grad.cleared and leaf._cell.grad is not None):
                return None
        for source, there in self.captured.asked:
            leaf = _from(source, leaves)
            if leaf is None or (getattr(getattr(leaf, "_cell", None), "grad", None) is not None) is not there:
                return None
        return found

    def _lying(self, leaves: Sequence[Any]) -> list[Any]:
        """How the inputs lie in memory, of what the function asked about that."""
        items = [_from(source, leaves) for source in self.captured.sources]
        return [how(item) for how in self.captured.layout for item in items if isinstance(item, Tensor)]

    def _overlapping(self, arrays: list[Any]) -> list[tuple[int, int, int]]:
        """The inputs of which one is written and lies in memory of the other, by number, and how far apart they begin.

        What is written then shows in the other one, in the order in which the function writes and reads.
        """
        self.owners = {id(owner(arrays[i])) for i in self._written if arrays[i] is not None}
        shared = [i for i, a in enumerate(arrays) if isinstance(a, np.ndarray) and id(owner(a)) in self.owners]
        if len(shared) == len(self.owners):
            return []
        spans = sorted([(*byte_bounds(arrays[i]), i) for i in shared])
        found, written = [], set(self._written)
        for k, (start, _, i) in enumerate(spans):
            for other, end, j in spans[:k]:
                if end > start and (i in written or j in written):
                    found.append((i, j, start - other))
        return found

    def writes_into(self, leaves: Sequence[Any]) -> bool:
        """Whether some of these tensors and arrays lie in memory that the program writes."""
        return any([id(owner(_array(x))) in self.owners for x in leaves if isinstance(x, (Tensor, np.ndarray))])

    def look_again(self, leaves: Sequence[Any]) -> list[Any] | None:
        """Something happened since the last run: what is there now, where the program may run on it; else None."""
        arrays = self.find(leaves)
        if arrays is None or not all([holds() for holds, of_tensors in self.guards.conditions if of_tensors]):
            return None
        self._begin(arrays, leaves)
        self.arrays = [*arrays]  # other threads write into it
        return arrays

    def _begin(self, arrays: list[Any], leaves: Sequence[Any]) -> None:
        """Count what the program writes as written, and forget the gradients that its function forgets or uses up."""
        if self._written:
            wrote(*[arrays[i] for i in self._written])
        for grad in self.captured.grads:
            _from(grad.source, leaves)._cell.grad = None

    def run(self, leaves: Sequence[Any], arrays: list[Any]) -> Any:
        """Run the program: what the function would return, and what it would write."""
        captured = self.captured
        before = [_from(grad.source, leaves)._cell.grad for grad in captured.grads]
        self._begin(arrays, leaves)
        try:
            outputs = self.runnable(*arrays)
        except IndexError:  # Python may take over
            for grad, was in zip(captured.grads, before):
                _from(grad.source, leaves)._cell.grad = was
            raise
        for grad in captured.grads:
            if grad.output is not None:
                _from(grad.source, leaves)._cell.grad = wrap(outputs[grad.output], None)
        results = self._results(leaves, outputs)
        self.arrays, self.moment = arrays, tick()
        return captured.back(results)

    def _results(self, leaves: Sequence[Any], outputs: Sequence[Any]) -> list[Any]:
        results = []
        for place, item, output in zip(self.captured.itself, self.program.outputs, outputs):
            if place is None:
                results.append(wrap(output, None) if isinstance(item, Value) else output)
            else:
                source = self.captured.sources[place]
                found = _from(source, leaves)
                results.append(wrap(shown(found), None) if isinstance(found, np.ndarray) else found)
        return results

    def loop(self, count: int, leaves: Sequence[Any], stacked: Sequence[bool], arrays: list[Any]) -> Any:
        """Run the program ``count`` times; leaves that are ``stacked`` have one item a run. Results are stacked too."""
        captured = self.captured
        each = [isinstance(source, int) and stacked[source] for source in captured.sources]
        given = [
            _array(leaves[source]) if isinstance(source, int) and one else array
            for source, one, array in zip(captured.sources, each, arrays, strict=True)
        ]
        self._begin(given, leaves)
        self.arrays = [array[-1] if one else array for one, array in zip(each, given)]
        outputs = self.runnable.loop(count, given, each)
        for grad in captured.grads:
            if grad.output is not None:
                _from(grad.source, leaves)._cell.grad = wrap(np.array(outputs[grad.output][-1]), None)
        results = self._results(leaves, outputs)
        for i, place in enumerate(captured.itself):
            if place is not None and not each[place] and isinstance(results[i], Tensor):  # it is that of every run
                results[i] = wrap(np.repeat(results[i]._value[None], count, 0), None)
        return captured.back(results)


def _writes_last(program: Program) -> bool:
    """Whether all steps that may refuse their operands come before what is written."""
    written = {*program.writes.values()}
    firsts = [i for i, step in enumerate(program.steps) if not written.isdisjoint(step.gives())]
    later = program.steps[min(firsts) :] if firsts else ()
    return not any(
        step.op.kind in ("general", "constant") or any(value.dtype.kind in "iu" for value in step.reads())
        for step in later
    )


def _forgetting(entry: weakref.ref[Entry]) -> Callable[[Any], None]:
    """Called where a tensor from outside is no more."""

    def forget(_: Any) -> None:
        living = entry()
        if living is not None:
            living.moment = -1

    return forget


def _hooks_of(items: Iterable[Any]) -> list[int]:
    """The functions that backward calls with the gradients of tensors, by number."""
    cells = [getattr(item, "_cell", None) for item in items]
    hooks = [cell.hooks for cell in cells if cell is not None and cell.hooks is not None]
    return [number for each in hooks for calls in (each.arrived, each.accumulated) for number in calls]


def _from(source: Any, leaves: Sequence[Any]) -> Any:
    """What an input or a gradient belongs to: an argument, or what comes from outside."""
    return leaves[source] if isinstance(source, int) else source()


def _lies_at(item: Any, other: Any) -> bool:
    return other is not None and place_of(item) == place_of(other)


def _array(item: Any) -> Any:
    return item._value if isinstance(item, Tensor) else item
