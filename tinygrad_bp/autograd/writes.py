"""Memory: when it was last written through a Tensor.

Recording an op costs nothing here. One clock numbers the recorded nodes and the writes alike, so a value that a
node keeps was written since if and only if its memory carries a later number than the node. All views of one
memory share the number, because it belongs to the array that owns the memory. Who else sees it: ``sharing``.
"""

from __future__ import annotations

import itertools
from _thread import RLock  # the threading module takes a hundred times as long to import
from collections.abc import Callable, Iterator, Sequence
from typing import Any
from weakref import ref as reference

import numpy as np

from .modes import mode

tick: Callable[[], int] = itertools.count(1).__next__

# id of the owning array -> its writes; a weak reference removes the entry with the array.
_written: dict[int, _Writes] = {}
_last = 0
# A write of another thread must not put an earlier number here. A signal handler, which may write, must not wait.
lock = RLock()


def owner(array: Any) -> Any:
    """The array at the end of the chain of views, also of views through a ``memoryview``: it owns the memory."""
    base = array.base
    while base is not None:
        if base.__class__ is memoryview:
            base = base.obj
        if not hasattr(base, "base"):
            break
        array, base = base, base.base
    return array


class _Writes:
    """The writes to one memory: the numbers of the last, of the one before, and of the last whose place is not known;
    of the later ones number and index. The numbers of those that it shares with other memory are moments."""

    __slots__ = ("anywhere", "before", "last", "memory", "moments", "parts")

    def __init__(self, memory: Any) -> None:
        self.memory = reference(memory, forgetting(_written, id(memory)))
        self.last = self.before = self.anywhere = 0
        self.parts: list[tuple[int, Any]] = []
        self.moments: tuple[_Moment, ...] = ()

    def shared(self) -> int:
        """The number of the last write together with other memory."""
        return max([moment.number for moment in self.moments], default=0)


class _Moment:
    """The number of the last write to several memories at one time."""

    __slots__ = ("counts", "number")

    def __init__(self, number: int) -> None:
        self.number, self.counts = number, True  # whether all of them look at it


_MOST_PARTS = 32
_MOST_MOMENTS = 8


def wrote(*arrays: Any, index: Any = None) -> None:
    """Note that the memory under the arrays changes now; of one that is all of it, only at a basic ``index``."""
    with lock:
        now = _now(arrays)
        for array in arrays:
            memory = array if array.base is None else owner(array)
            entry = _written.get(id(memory))
            if entry is None or entry.memory() is not memory:  # Ctrl-C may have come while an earlier one was forgotten
                entry = _written[id(memory)] = _Writes(memory)
            entry.before = entry.last
            entry.last = now
            if index is None or (memory is not array and _part(array, memory)):
                entry.anywhere = now
                if entry.parts:
                    entry.parts = []
            else:
                entry.parts.append((now, index))
                if len(entry.parts) > _MOST_PARTS:
                    entry.anywhere = entry.parts.pop(0)[0]


def _now(arrays: Sequence[Any]) -> int:
    """The number of a write to arrays that happens now."""
    global _last
    _last = tick()
    for watcher in mode().watchers:
        _last = watcher.written(_last)
        watcher.writing(arrays)
    return _last


class Together:
    """Arrays that are written again and again at one time, by the steps of an optimizer: one number serves for all."""

    __slots__ = ("_arrays", "_moment")

    def __init__(self) -> None:
        self._arrays: tuple[Any, ...] = ()  # weak references: a parameter may get other memory
        self._moment: _Moment | None = None  # from the second write to the same arrays on

    def __reduce__(self) -> Any:
        return Together, ()  # a copy writes other arrays

    def wrote(self, arrays: Sequence[Any]) -> None:
        """Note that the memory under the arrays changes now."""
        with lock:
            if len(arrays) == len(self._arrays):
                for known, array in zip(self._arrays, arrays):
                    if known() is not array:
                        break
                else:
                    if (moment := self._moment) is not None and moment.counts:
                        moment.number = _now(arrays)
                    else:
                        wrote(*arrays)
                        self._moment = _moment_of(arrays)
                    return
            wrote(*arrays)
            self._moment, self._arrays = None, tuple(map(reference, arrays))


def _moment_of(arrays: Sequence[Any]) -> _Moment:
    """A moment at which the memory under all of the arrays looks; the oldest of too many goes into its own numbers."""
    moment = _Moment(_last)
    for array in arrays:
        entry = _written[id(owner(array))]
        if len(entry.moments) == _MOST_MOMENTS:
            oldest = entry.moments[0]
            oldest.counts = False
            entry.last, entry.anywhere = max(entry.last, oldest.number), max(entry.anywhere, oldest.number)
            entry.moments = entry.moments[1:]
        entry.moments = (*entry.moments, moment)
    return moment


def _part(array: Any, memory: Any) -> bool:
    """Whether a view has other elements than the array that owns its memory, or in another order."""
    return array.shape != memory.shape or array.strides != memory.strides  # type: ignore[no-any-return]


def take_back(array: Any) -> None:
    """Forget the last write to the memory under ``array``: NumPy refused it, and nothing has changed."""
    entry = _written[id(owner(array))]
    with lock:
        if entry.parts and entry.parts[-1][0] == entry.last:
            entry.parts.pop()
        else:
            entry.anywhere = entry.before
        entry.last = entry.before


def forgetting(entries: dict[int, Any], key: int) -> Any:
    """What a weak reference calls where the array is no more whose ``id`` is the key of an entry."""
    forget = entries.pop
    return lambda _: forget(key, None)


def last_write(array: Any = None) -> int:
    """The number of the last write to the memory under ``array`` (0: never written), or of the last write at all."""
    if array is None:
        return _last
    entry = _entry(array)
    return max(entry.last, entry.shared()) if entry is not None else 0


def written_since(array: Any, number: int) -> bool:
    """Whether an element of ``array`` may have been written since a number of the clock."""
    entry = _entry(array)
    if entry is None or not array.size:
        return False
    if entry.anywhere > number or entry.shared() > number:
        return True
    if entry.last <= number:
        return False
    memory = owner(array)
    return any([np.shares_memory(array, memory[index]) for n, index in entry.parts if n > number])


def _entry(array: Any) -> _Writes | None:
    memory = owner(array)
    entry = _written.get(id(memory))
    return entry if entry is not None and entry.memory() is memory else None


def arrays_in(kept: Any) -> Iterator[Any]:
    """The arrays in what a node keeps, also those inside tuples and lists, such as an index."""
    for value in kept:
        if hasattr(value, "strides"):
            yield value
        elif value.__class__ is tuple or value.__class__ is list:
            yield from arrays_in(value)
