"""Which value lies where in memory, for as long as the memory is there.

Nothing here keeps an array: a captured run takes the memory that it takes by itself. All views of the same elements are
one place, so a value is known by whichever of them turns up.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from numpy.lib.array_utils import byte_bounds

from ..autograd.sharing import start_of
from ..autograd.writes import owner
from .program import Value


@dataclass(eq=False, slots=True)
class Known:
    """The value at a place. None: it was written, and nobody said by which ops; it held ``before``."""

    value: Value | None
    span: tuple[int, int]  # the first address, and the one after the last
    before: Value | None = None


@dataclass(eq=False, slots=True)
class _Memory:
    owner: Callable[[], Any]
    places: dict[Any, Known] = field(default_factory=dict)


class Places:
    """Values by place."""

    def __init__(self) -> None:
        self._memories: dict[int, _Memory] = {}  # by id of the array that owns the memory

    def put(self, array: Any, value: Value) -> None:
        """At the place of ``array`` lies ``value`` from now on."""
        memory = owner(array)
        known = self._memories.get(id(memory))
        if known is None or known.owner() is not memory:
            known = self._memories[id(memory)] = _Memory(self._reference(memory))
        known.places[_place(array)] = Known(value, byte_bounds(array))

    def at(self, array: Any) -> Known | None:
        """What is known of the place of ``array``."""
        memory = owner(array)
        known = self._memories.get(id(memory))
        return known.places.get(_place(array)) if known is not None and known.owner() is memory else None

    def written(self, arrays: Sequence[Any]) -> None:
        """Forget what lies where these arrays lie."""
        spans = [byte_bounds(array) for array in arrays if array.size]
        for known in self._all():
            if any(start < known.span[1] and known.span[0] < end for start, end in spans):
                known.value, known.before = None, known.value or known.before

    def _all(self) -> Iterator[Known]:
        for memory in list(self._memories.values()):  # one may end meanwhile
            yield from memory.places.values()

    def _reference(self, memory: Any) -> Callable[[], Any]:
        forget, key = self._memories.pop, id(memory)
        try:
            return weakref.ref(memory, lambda _: forget(key, None))
        except TypeError:  # a buffer of another kind than arrays
            return lambda: memory


def _place(array: Any) -> Any:
    return start_of(array), array.shape, array.strides, array.dtype
