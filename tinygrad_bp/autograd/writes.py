"""When a piece of memory was last written through a Tensor.

Recording an op costs nothing here. One clock numbers the recorded nodes and the writes alike, so a value that a
node keeps was written since if and only if its memory carries a later number than the node. All views of one
memory share the number, because it belongs to the array that owns the memory.
"""

from __future__ import annotations

import itertools
import weakref
from typing import Any

tick = itertools.count(1).__next__

# id of the owning array -> [number of its last write, weak reference that removes the entry with the array].
_written: dict[int, list[Any]] = {}
_last = 0


def owner(array: Any) -> Any:
    """The array at the end of the chain of views: it owns the memory."""
    base = array.base
    while base is not None and hasattr(base, "base"):
        array, base = base, base.base
    return array


def wrote(*arrays: Any) -> None:
    """Note that the memory under the arrays changes now."""
    global _last
    _last = tick()
    for array in arrays:
        if array.base is not None:
            array = owner(array)
        entry = _written.get(id(array))
        if entry is None:
            _written[id(array)] = [_last, weakref.ref(array, _forgetting(id(array)))]
        else:
            entry[0] = _last


def _forgetting(key: int) -> Any:
    forget = _written.pop
    return lambda _: forget(key, None)


def last_write(array: Any = None) -> int:
    """The number of the last write to the memory under ``array`` (0: never written), or of the last write at all."""
    if array is None:
        return _last
    entry = _written.get(id(owner(array)))
    return entry[0] if entry is not None else 0
