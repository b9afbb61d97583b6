"""When a piece of memory was last written through a Tensor.

Recording an op costs nothing here. One clock numbers the recorded nodes and the writes alike, so a value that a
node keeps was written since if and only if its memory carries a later number than the node. All views of one
memory share the number, because it belongs to the array that owns the memory.

What a recorded op computed may be kept for backward. NumPy cannot be asked to count its writes, so outsiders
(``.data``, ``.numpy()``, views without history) see that memory through a *guard*: a view that NumPy will not write.
"""

from __future__ import annotations

import itertools
import weakref
from collections.abc import Iterator
from typing import Any

tick = itertools.count(1).__next__
now = tick  # the number that a write takes; anomaly mode puts one here that knows the user's line

# id of the owning array -> [number of its last write, weak reference that removes the entry with the array].
_written: dict[int, list[Any]] = {}
_last = 0
# id of the owning array -> weak reference that removes the entry: memory that outsiders see read-only.
_guarded: dict[int, Any] = {}


def owner(array: Any) -> Any:
    """The array at the end of the chain of views: it owns the memory."""
    base = array.base
    while base is not None and hasattr(base, "base"):
        array, base = base, base.base
    return array


def wrote(*arrays: Any) -> None:
    """Note that the memory under the arrays changes now."""
    global _last
    _last = now()
    for array in arrays:
        if array.base is not None:
            array = owner(array)
        entry = _written.get(id(array))
        if entry is None:
            _written[id(array)] = [_last, weakref.ref(array, _forgetting(_written, id(array)))]
        else:
            entry[0] = _last


def _forgetting(entries: dict[int, Any], key: int) -> Any:
    forget = entries.pop
    return lambda _: forget(key, None)


def last_write(array: Any = None) -> int:
    """The number of the last write to the memory under ``array`` (0: never written), or of the last write at all."""
    if array is None:
        return _last
    entry = _written.get(id(owner(array)))
    return entry[0] if entry is not None else 0


def arrays_in(kept: Any) -> Iterator[Any]:
    """The arrays in what a node keeps, also those inside tuples and lists, such as an index."""
    for value in kept:
        if hasattr(value, "strides"):
            yield value
        elif value.__class__ is tuple or value.__class__ is list:
            yield from arrays_in(value)


def guard(array: Any) -> Any:
    """A view of memory that backward may need, for outsiders: NumPy refuses to write it, and views of it."""
    if not array.flags.writeable:
        return array
    memory = owner(array)
    if id(memory) not in _guarded:
        _guarded[id(memory)] = weakref.ref(memory, _forgetting(_guarded, id(memory)))
    view = array.view()
    view.flags.writeable = False
    return view


def guard_view(value: Any, inputs: Any, nodes: Any) -> Any:
    """A result that does not record, behind a guard where it lies in the memory of a recorded input."""
    memory = owner(value)
    for x, node in zip(inputs, nodes):
        if node is not None and node.op is not None and owner(x) is memory:
            return guard(value)
    return value


def own(array: Any) -> Any:
    """The array for a leaf, which optimizers write: a copy where it lies behind a guard."""
    return array.copy() if not array.flags.writeable and id(owner(array)) in _guarded else array


def writable(array: Any) -> Any:
    """The array for a write through a Tensor, which is counted, also where a guard keeps outsiders away; else None."""
    if array.flags.writeable:
        return array
    memory = owner(array)
    if id(memory) not in _guarded or not memory.flags.writeable or _overlaps(array):
        return None
    view = array.view()
    view.flags.writeable = True
    return view


def _overlaps(array: Any) -> bool:
    """Whether several elements are one, as in an expanded view."""
    reach = 1
    for step, size in sorted((abs(step), size) for step, size in zip(array.strides, array.shape) if size > 1):
        if step < reach:
            return True
        reach = step * size
    return False
