"""Writing in place: a program means the same whether a gradient is wanted or not.

A tensor that requires no grad, and a leaf under ``no_grad``, are written in their memory. A recorded tensor gets a new
recorded value; where other tensors or arrays see its memory, that value is written there, and the tensors on it (its
base, its views) take over the history of the elements that were written. Nothing is said of how a view was made: the
addresses of its elements tell which of them they are.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from . import dtypes
from .arrays import as_array
from .batched import Batched, batched, lowered, stands_for_many
from .elsewhere import PLACES, copied, moved
from .errors import (
    ArgumentError,
    DtypeError,
    IndexRangeError,
    LeafWriteError,
    ModifiedError,
    ReadOnlyError,
    ShapeError,
    ViewWriteError,
    shape_text,
)
from .hooks import Hooks
from .modes import enable_grad, holding, mode, on_failure, same, traced
from .node import Cell, Node, leaf
from .op import OPS
from .sharing import aliases, lies_there, own, seen, start_of, turned, writable
from .steps import as_step
from .tensor import Tensor, handed_out, wrap
from .types import Array, Operand
from .writes import take_back, tick, wrote


def recorded(*operands: Any) -> bool:
    """Whether an operation on these is recorded now."""
    return mode().grad and any([x._node is not None for x in operands if isinstance(x, Tensor)])


def refuse(x: Tensor, what: str) -> None:
    """Raise where ``what`` would write, while recording, a leaf that requires grad or a view made without recording."""
    if not mode().grad:
        return
    if x._node is not None and x._node.op is None:
        raise LeafWriteError(_leaf_text(x, what, "is a leaf that requires_grad"))
    views = getattr(x, "_views", None)
    for other in aliases(x) if views is not None and views.recorded else ():
        if other._node is None or not _common(other._value, x._value):
            continue
        if other._node.op is None:
            raise LeafWriteError(_leaf_text(x, what, "lies in the memory of a leaf that requires_grad"))
        if x._node is None and hasattr(x, "_quiet"):
            raise ViewWriteError(
                f"{what}: the tensor {shape_text(x.shape)} is a view made without recording, of one that is recorded: "
                "whether a gradient should flow through the write is not clear. Make the view outside no_grad(), or "
                "write it inside"
            )


def _leaf_text(x: Tensor, what: str, why: str) -> str:
    who = f"{x.name} " if x.name else ""
    return (
        f"{what}: {who}{shape_text(x.shape)} {why}, so an in-place operation on it would be lost to backward. Write it "
        "inside `with tg.no_grad():`, or make a new tensor"
    )


def array_to_write(x: Tensor, what: str, index: Any = None) -> Any:
    """The array into which ``what`` writes now, without a history, at a basic index; the write is counted."""
    if x._node is not None and x._node.op is not None and not _shared(x):
        # What was kept for backward stays as it was.
        x._value = _copied(x)._value
    array = array_of_write(x, what)
    wrote(array, index=index)
    return array


def array_of_write(x: Tensor, what: str) -> Any:
    """The array that a write would go to, which is not counted yet; raises ``ReadOnlyError`` where there is none."""
    array = writable(x._value)
    if array is None:
        raise ReadOnlyError(
            f"{what}: the memory of the tensor {shape_text(x.shape)} cannot be written: it is read-only, or an "
            "expanded view in which several elements are one, or the copy that view() gave of elements that lie in "
            "another order. Write into a copy: x = x.clone(), or into the tensor itself, not its view"
        )
    return array


def _shared(x: Tensor) -> bool:
    """Whether another tensor, or someone outside, sees the memory of ``x``."""
    for watcher in mode().watchers:
        watcher.let_go()
    return bool(aliases(x)) or seen(x._value)


def replace(x: Tensor, what: str, compute: Callable[[Tensor], Tensor], *operands: Any) -> Tensor:
    """Give ``x``, and all that see its memory, the value that ``compute(x)`` has; ``operands`` are what it reads."""
    if isinstance(x, Batched):
        level = x.level
        replace(x.slices, what, lambda inner: lowered(compute(batched(inner, level)), level), *operands)
        return x
    refuse(x, what)
    recording, following = recorded(x, *operands), traced()
    if following:
        for one in (x, *aliases(x)):
            holding(one)
    shared = recording and _shared(x)
    # The op may keep what it reads, and the memory is written: it reads a copy.
    result = same_kind(x, compute(_copied(x) if shared else x), what)
    if stands_for_many(result):
        raise ArgumentError(
            f"{what}: inside vmap each slice would write a value of its own into the tensor {shape_text(x.shape)}, "
            "which all slices share. Make a new tensor, or write into one that is sliced"
        )
    if result._value.shape != x._value.shape:
        raise ShapeError(
            f"{what}: the result has shape {shape_text(result.shape)}, the tensor written {shape_text(x.shape)}; an "
            "in-place operation keeps the shape"
        )
    if not recording and result._node is None:
        seen_by = [(other._value, _written(other, x, result)._value) for other in aliases(x)] if following else []
        array_to_write(x, what)[...] = result._value
        for array, value in [(x._value, result._value), *seen_by] if following else ():
            same(array, value)
        return x
    array = array_of_write(x, what)
    if shared or (not recording and _shared(x)):
        others = aliases(x)
        changed: list[Tensor] = [x, *others]
        results: list[Tensor] = [result, *(_written(other, x, result) for other in others)]
        nodes = [t._node for t in results]
        before = [t._node for t in changed]
        wrote(array)
        histories = map(_set_node, changed, nodes)
        # Python looks for Ctrl-C after a call: values and histories change together, or neither.
        array[...] = result._value
        any(histories)
        for t, value in zip(changed, results) if following else ():
            same(t._value, value._value)
        for t, node in zip(changed, before):
            carry(t, node)
    else:
        old = x._node
        x._value = result._value
        x._node = result._node
        carry(x, old)
    return x


def _copied(x: Tensor) -> Tensor:
    """A copy with the same history."""
    array = copied(x._value)
    same(array, x._value)
    return wrap(array, x._node)


_set_node: Callable[[Tensor, Node | None], None] = Tensor._node.__set__  # type: ignore[union-attr]


def same_kind(x: Tensor, result: Tensor, what: str) -> Tensor:
    """What is written, in the dtype of ``x``; ``DtypeError`` where that is of a lesser kind."""
    if result.dtype == x.dtype:
        return result
    if dtypes.category(result.dtype) > dtypes.category(x.dtype):
        raise DtypeError(f"{what}: the result has dtype {result.dtype} and can't be cast to {x.dtype} in place")
    return result.to(x.dtype)


def carry(x: Tensor, before: Node | None) -> None:
    """Take the name, ``.grad`` and ``retain_grad`` of ``x`` along to its new node.

    Hooks stay with the value for which they were registered.
    """
    node = x._node
    if hasattr(x, "_views"):
        x._views.recorded = True
    cell: Cell | None = getattr(x, "_cell", None)
    if cell is None or before is node:
        return
    if before is not None and before.cell is cell:
        stays = before.cell = Cell(None)
        stays.name, stays.hooks, stays.sums = cell.name, cell.hooks, cell.sums
        cell.hooks = None
        if stays.hooks is not None and stays.hooks.retain:
            stays.hooks.retain = False
            cell.hooks = Hooks()
            cell.hooks.retain = True
    if node is not None:
        cell.sums = node.cell.sums if node.cell is not None else None
        node.cell = cell


# ---------------------------------------------------------------------- which elements two tensors have in common


def _addresses(array: Any) -> Any:
    """Where each element lies in memory."""
    places = np.full((), start_of(array), np.intp)
    for size, step in zip(array.shape, array.strides, strict=True):
        places = places[..., None] + np.arange(size, dtype=np.intp) * step
    return places


def _places(array: Any, written: Any) -> tuple[Any, Any]:
    """Which elements of ``array`` are among those of ``written``, and for these, which ones, counted row by row."""
    mine, theirs = _addresses(array), _addresses(written)
    first = min(mine.min(), theirs.min())
    mine, theirs = (mine - first) // array.itemsize, (theirs - first) // array.itemsize
    table = np.full(max(mine.max(), theirs.max()) + 1, -1)
    table[theirs.ravel()] = np.arange(theirs.size)
    which = table[mine]
    inside = which >= 0
    return inside, which[inside]


def _parts(array: Any, other: Any) -> list[Any]:
    """The array, or where it is complex and the other one real, its two parts."""
    return [array.real, array.imag] if array.dtype.kind == "c" != other.dtype.kind else [array]


def _common(array: Any, written: Any) -> bool:
    """Whether two arrays, neither of them empty, have an element in common."""
    return any(_places(mine, theirs)[0].any() for mine in _parts(array, written) for theirs in _parts(written, array))


def _written(other: Tensor, x: Tensor, result: Tensor) -> Tensor:
    """``other`` with the elements that it has in common with ``x`` taken from ``result``, the new value of ``x``."""
    return as_step("CopySlices", _taken(wrap(other._value, other._node), other._value, x._value, result))


def _taken(t: Tensor, array: Any, written: Any, result: Tensor) -> Tensor:
    if array.dtype.kind == "c" != written.dtype.kind:
        parts = [_taken(part, place, written, result) for part, place in ((t.real, array.real), (t.imag, array.imag))]
        return OPS["complex"].function(*parts)  # type: ignore[no-any-return]
    if written.dtype.kind == "c" != array.dtype.kind:
        return _taken(_taken(t, array, written.real, result.real), array, written.imag, result.imag)
    reshape, getitem, setitem = (OPS[name].function for name in ("reshape", "getitem", "setitem"))
    row = reshape(result, (-1,))
    if array.flags.c_contiguous and written.flags.c_contiguous:  # one run of elements
        skipped = (start_of(array) - start_of(written)) // array.itemsize
        start, stop = max(0, -skipped), min(array.size, written.size - skipped)
        if start >= stop:
            return t
        row = getitem(row, slice(start + skipped, stop + skipped))
        if stop - start < array.size:
            row = setitem(reshape(t, (-1,)), row, slice(start, stop))
        return reshape(row, array.shape)  # type: ignore[no-any-return]
    inside, which = _places(array, written)
    if not inside.any():
        return t
    if inside.all():
        return getitem(row, which.reshape(array.shape))  # type: ignore[no-any-return]
    return setitem(t, getitem(row, which), inside)  # type: ignore[no-any-return]


# ---------------------------------------------------------------------- the ways to write


def assign(
    x: Tensor, what: str, value: Operand, replaced: Callable[[Tensor, Any], Tensor], put: Callable[[Any, Any], None],
    index: Any = None,
) -> None:  # fmt: skip
    """Write ``value`` into ``x``: ``replaced`` gives the new value of x, and ``put`` writes an array in place.

    ``index``, a basic one, says where; without it the write counts as one to all of the memory.
    """
    if isinstance(value, Tensor):
        value = same_kind(x, value, what)
    elif not isinstance(value, (bool, int, float, complex)):
        value = moved(as_array(value), x)
    if recorded(x, value) or traced() or stands_for_many(x) or stands_for_many(value):
        if not isinstance(value, (Tensor, bool, int, float, complex)):
            value = value.astype(x.dtype, casting="same_kind")  # type: ignore[union-attr]
        replace(x, what, lambda x: replaced(x, value), value)
        return
    refuse(x, what)
    raw = value._value if isinstance(value, Tensor) else value
    array = array_to_write(x, what, index)
    try:
        put(array, raw)
    except (ValueError, IndexError, TypeError) as error:  # NumPy looks before it writes
        take_back(array)
        given = shape_text(np.shape(raw))
        kind = IndexRangeError if isinstance(error, IndexError) else ShapeError
        raise kind(f"{what}: x {shape_text(x.shape)}, value {given}: {error}") from error


_FILLING = {"fill_": "FillBackward2", "zero_": "ZeroBackward0"}


def fill(x: Tensor, value: Operand, what: str) -> Tensor:
    """Every element of ``x`` taken from ``value``, which broadcasts; ``what`` is what does it."""

    def put(array: Any, value: Any) -> None:
        array[...] = value

    def replaced(x: Tensor, v: Any) -> Tensor:
        if not isinstance(v, Tensor) or v.shape != x.shape or recorded(x, v) or v._node is not None:
            result: Tensor = OPS["setitem"].function(x, v, ...)
            return as_step(_FILLING[what], result) if what in _FILLING else result
        if not stands_for_many(v):
            holding(v)
        return v

    assign(x, what, value, replaced, put)
    return x


def fill_(self: Tensor, value: Operand) -> Tensor:
    """Every element set to one number.

    >>> import tinygrad_bp as tg
    >>> tg.zeros(2).fill_(3.0)
    tensor([3., 3.])
    """
    return fill(self, value, "fill_")


def zero_(self: Tensor) -> Tensor:
    """Every element set to 0.

    >>> import tinygrad_bp as tg
    >>> tg.ones(2).zero_()
    tensor([0., 0.])
    """
    return fill(self, 0, "zero_")


def copy_(self: Tensor, src: Array, non_blocking: bool = False) -> Tensor:
    """Every element taken from ``src``, which broadcasts and is cast; ``non_blocking`` changes nothing.

    >>> import tinygrad_bp as tg
    >>> tg.zeros(2).copy_(tg.tensor([1.0, 2.0]))
    tensor([1., 2.])
    """
    if isinstance(src, Tensor) and (src.dtype != self.dtype or PLACES):
        src = src.to(self.dtype, device=self.device)
    return fill(self, src, "copy_")


def in_place(what: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """``x += y`` and ``x.add_(y)``, made of the function that gives the new value."""

    def operator(self: Tensor, *others: Any, **options: Any) -> Tensor:
        return replace(self, what, lambda x: function(x, *others, **options), *others, *options.values())

    operator.__name__ = what if what.isidentifier() else "written"
    operator.__doc__ = f"``{what[:-1]}``, written into the tensor itself."
    operator.__wrapped__ = function  # type: ignore[attr-defined]
    return operator


def reshaping(what: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """``x.squeeze_()`` and the like: the tensor itself becomes the view, of the same memory in another shape."""

    def operator(self: Tensor, *args: Any, **options: Any) -> Tensor:
        if self.is_leaf and self.requires_grad:
            raise LeafWriteError(
                f"{what}: the tensor {shape_text(self.shape)} is a leaf that requires grad, and its gradient has its "
                f"shape. Write x = x.{what[:-1]}(...)"
            )
        with enable_grad():  # no value is written: the history stays
            result = function(self, *args, **options)
        if isinstance(self, Batched):
            self.slices = result.slices
            return self
        if self._value.flags.c_contiguous and not result._value.flags.c_contiguous:
            turned(self._value)
        before = self._node
        self._value = result._value
        self._node = result._node
        carry(self, before)
        tick()
        return self

    operator.__name__ = what
    operator.__doc__ = f"``{what[:-1]}`` on the tensor itself, which keeps its memory."
    operator.__wrapped__ = function  # type: ignore[attr-defined]
    return operator


# ---------------------------------------------------------------------- the memory itself


def data(self: Tensor) -> Tensor:
    """A tensor without history on the same memory; arrays come from ``numpy()``.

    A write through it, and assigning it, is counted: a graph that kept the old value refuses backward. A value of
    another shape makes a leaf that requires grad a new one, whose gradient starts from nothing; backward through what
    was recorded with the old one raises ``ModifiedError``.

    >>> import tinygrad_bp as tg
    >>> w = tg.ones(2, requires_grad=True)
    >>> w.data -= 0.5
    >>> w
    tensor([0.5000, 0.5000], requires_grad=True)
    """
    return self.detach()


def set_data(self: Tensor, value: Any) -> None:
    """Take over the memory of ``value``, a tensor or an array."""
    for x in (self, value) if isinstance(value, Tensor) else (self,):
        holding(x)
    array = handed_out(value) if isinstance(value, Tensor) else as_array(value)
    if lies_there(array, self._value):  # Python ends ``t.data += 1`` with such an assignment
        return
    array, node = own(array), self._node
    if node is not None and array.dtype.kind not in "fc":
        raise DtypeError(f"data: a tensor that requires grad holds floating point values, got {array.dtype}")
    if node is not None and array.shape != self._value.shape:
        if node.op is not None:
            raise ShapeError(
                f"data: {self.name or 'the tensor'} was recorded with shape {shape_text(self._value.shape)}, the new "
                f"value has {shape_text(array.shape)}; make a new tensor for a new shape"
            )
        gone, cell = Cell(None), self._own_cell()  # graphs of the old shape lead to what is no more
        gone.hooks = Hooks()
        gone.hooks.arrived.add(partial(_refuse_old_shape, self.name or "a leaf", array.shape), "data")
        node.cell, cell.grad = gone, None
        self._node = leaf(array.shape, cell)
    wrote(self._value)
    on_failure(partial(setattr, self, "_value", self._value))
    self._value = array


def _refuse_old_shape(what: str, shape: tuple[int, ...], gradient: Tensor) -> None:
    raise ModifiedError(
        f"backward: {what} had shape {shape_text(gradient.shape)} when this was recorded, and .data gave it a value of "
        f"shape {shape_text(shape)} since: its gradient has no place. Record again after the change"
    )


setattr(Tensor, "data", property(data, set_data))  # noqa: B010  (type checkers know it from the stub)
