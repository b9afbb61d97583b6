"""Memory: who else sees it.

What a recorded op computed may be kept for backward. NumPy cannot be asked to count its writes, so outsiders
(``.numpy()``, ``np.asarray``, views without history) see that memory through a *guard*, a view that NumPy refuses to
write.

The tensors on one memory know each other: a base and its views share one ``Views``, weak references, so that a write
through one of them reaches the history of all.
"""

from __future__ import annotations

from typing import Any
from weakref import ref as reference

import numpy as np

from .elsewhere import ARRAYS
from .errors import ArgumentError
from .modes import same
from .writes import forgetting, lock, owner, tick

# id of the owning array -> weak reference that removes the entry: memory that outsiders see read-only, and memory that
# they see as it is.
_guarded: dict[int, Any] = {}
_shown: dict[int, Any] = {}
# Memory that lies as the user wanted it: it was theirs before it was a tensor's, or they transposed it in place.
_lent: dict[int, Any] = {}
# id of an owning array that lies column by column -> the same, and who is on it beside a tensor and its views.
_detached: dict[int, tuple[Any, Groups]] = {}


def guard(array: Any) -> Any:
    """A view of memory that backward may need, for outsiders: NumPy refuses to write it, and views of it."""
    if array.__class__ in ARRAYS or not array.flags.writeable:  # no outsider writes a device's
        return array
    _note(_guarded, array)
    view = array.view()
    view.flags.writeable = False
    return view


def shown(array: Any) -> Any:
    """The array itself, which outsiders see from now on: what is written later must be written there."""
    _note(_shown, array)
    return array


def lent(array: Any) -> Any:
    """An array of the user's that a tensor is put on: it is seen from the start, and lies as the user made it."""
    turned(array)
    return shown(array)


def turned(array: Any) -> None:
    """What lies in this memory counts as it lies, not row by row."""
    _note(_lent, array)


def seen(array: Any) -> bool:
    """Whether outsiders, or tensors without history, may see the memory under ``array``."""
    memory = owner(array)
    return handed(memory) or id(memory) in _detached


def handed(memory: Any) -> bool:
    """Whether outsiders may see memory, given by its owner."""
    return id(memory) in _guarded or id(memory) in _shown


def lies_there(array: Any, other: Any) -> bool:
    """Whether two arrays are the same elements at the same place, in the same order."""
    if array is other:
        return True
    same = array.shape == other.shape and array.strides == other.strides and array.dtype == other.dtype
    return same and start_of(array) == start_of(other)


def start_of(array: Any) -> int:
    """The address of the first element."""
    return int(array.data.ptr if array.__class__ in ARRAYS else array.__array_interface__["data"][0])


def _note(entries: dict[int, Any], array: Any) -> None:
    memory = owner(array)
    if id(memory) not in entries:
        entries[id(memory)] = reference(memory, forgetting(entries, id(memory)))


def guard_view(value: Any, inputs: Any, nodes: Any) -> Any:
    """A result that does not record, behind a guard where it lies in the memory of a recorded input."""
    memory = owner(value)
    for x, node in zip(inputs, nodes):
        if node is not None and node.op is not None and owner(x) is memory:
            return guard(value)
    return value


def own(array: Any) -> Any:
    """The array for a leaf, which optimizers write: a copy where it lies behind a guard."""
    if array.__class__ in ARRAYS or array.flags.writeable or id(owner(array)) not in _guarded:
        return array
    copy = array.copy()
    same(copy, array)
    return copy


def writable(array: Any) -> Any:
    """The array for a write through a Tensor, which is counted, also where a guard keeps outsiders away; else None."""
    if array.__class__ in ARRAYS:  # CuPy does not know what is read-only
        return None if overlaps(array) else array
    if array.flags.writeable:
        return array
    memory = owner(array)
    if id(memory) not in _guarded or not memory.flags.writeable or overlaps(array):
        return None
    view = array.view()
    try:
        view.flags.writeable = True
    except ValueError:  # windows made by NumPy: it does not know whose memory they are
        return None
    return view


def overlaps(array: Any) -> bool:
    """Whether several elements are one, as in an expanded view."""
    reach = 1
    for step, size in sorted((abs(step), size) for step, size in zip(array.strides, array.shape) if size > 1):
        if step < reach:
            return True
        reach = step * size
    return False


# ---------------------------------------------------------------------- memory that may move


def columns_of(x: Any) -> Any:
    """The matrix, column by column, in which a tensor or array lies and which counts as row by row; None if in none.

    It owns its memory, or is a product's transposed result, and not what the user transposed and lent.
    """
    memory = owner(getattr(x, "_value", x))
    if memory.ndim != 2 or memory.__class__ in ARRAYS:
        return None
    flags = memory.flags
    if not flags.c_contiguous:
        return memory if flags.f_contiguous else None
    views = getattr(x, "_views", None)
    first = x if views is None else views[0]()
    base = getattr(first, "_value", None)
    if base is None or base.ndim != 2 or base.size != memory.size or id(memory) in _lent or owner(base) is not memory:
        return None
    return base if base.flags.f_contiguous and not base.flags.c_contiguous else None


def may_move(x: Any) -> bool:
    """Whether a tensor without a history to keep lies in a matrix that may be laid row by row."""
    return not x._value.flags.c_contiguous and x.is_leaf and columns_of(x) is not None


# ---------------------------------------------------------------------- tensors on one memory


class Views(list[Any]):
    """Weak references to a base and the views of it, and to views of those."""

    room: int = 32  # grows with the number of those that live
    recorded = False  # whether one of them ever had a history

    def tidy(self) -> None:
        """Let go of the references to tensors that are no more."""
        self[:] = [known for known in self if known() is not None]
        self.room = 2 * len(self) + 32


def share(x: Any, result: Any) -> None:
    """Note that the tensor ``result`` lies in the memory of the tensor ``x``, where it does."""
    mine, value = x._value, result._value
    base = value.base
    if base is mine or value is mine or (base is mine.base is not None) or owner(value) is owner(mine):
        views = getattr(x, "_views", None)
        if views is None:
            views = _views_of(x)
        views.append(reference(result))
        result._views = views
        if x._node is not None:
            views.recorded = True
        if result._node is None and (x._node is not None or hasattr(x, "_quiet")):
            result._quiet = True
        if len(views) > views.room:
            views.tidy()


def _views_of(x: Any) -> Views:
    """The list of a tensor, its base and its views; a new one where there is none yet."""
    views: Views | None = getattr(x, "_views", None)
    if views is None:
        with lock:  # another thread may make the first view of the same tensor
            views = getattr(x, "_views", None)
            if views is None:
                views = x._views = Views((reference(x),))
    return views


class Groups(dict[int, Views]):
    """By id, the lists of tensors that lie in one memory with different histories: one, and what ``detach`` gave."""

    room: int = 32

    def tidy(self) -> None:
        """Let go of the lists in which nothing lives any more."""
        for views in list(self.values()):
            if not any([known() is not None for known in views]):
                del self[id(views)]
        self.room = 2 * len(self) + 32


def detached(x: Any, result: Any) -> Any:
    """``result``, which is ``x`` without its history, in memory that lies column by column and may be moved."""
    memory = owner(x._value)
    entry = _detached.get(id(memory))
    if entry is None:
        entry = _detached[id(memory)] = reference(memory, forgetting(_detached, id(memory))), Groups()
    groups, of_x, views = entry[1], _views_of(x), Views((reference(result),))
    result._views = groups[id(views)] = views
    groups[id(of_x)] = of_x
    if len(groups) > groups.room:
        groups.tidy()
    return result


def all_on(x: Any) -> list[Any]:
    """Every tensor in the memory of a tensor, with whatever history."""
    memory = owner(x._value)
    groups = (_views_of(x), *(_detached[id(memory)][1].values() if id(memory) in _detached else ()))
    tensors = {id(t): t for views in groups for known in views if (t := known()) is not None}
    return [t for t in tensors.values() if owner(t._value) is memory]


def moved_to(memory: Any, array: Any) -> None:
    """Note that ``array`` is from now on the memory of the tensors that lay in ``memory``."""
    tick()
    same(array, memory)
    entry = _detached.pop(id(memory), None)
    if entry is not None:
        _detached[id(array)] = reference(array, forgetting(_detached, id(array))), entry[1]


def aliases(x: Any) -> list[Any]:
    """The base, views and siblings of a tensor that may have elements in common with it."""
    views = getattr(x, "_views", None)
    if views is None:
        return []
    value, memory = x._value, owner(x._value)
    tensors = [tensor for known in views if (tensor := known()) is not None and tensor is not x]
    return [t for t in tensors if owner(t._value) is memory and np.may_share_memory(t._value, value)]


def own_memory(x: Any) -> None:
    """Give a tensor that becomes a leaf memory that an optimizer may write: its own, or that of its views."""
    value, views = own(x._value), getattr(x, "_views", None)
    if value is not x._value and aliases(x):
        raise ArgumentError(
            "requires_grad: the tensor lies in the memory of a recorded result, and so does a view of it, which a leaf "
            "would leave. Write t.detach().clone().requires_grad_(), or make the view afterwards"
        )
    if views is not None:
        views.recorded = True
    x._value = value
