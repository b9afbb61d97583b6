"""Matrices that lie column by column in memory where PyTorch's lie row by row, and the views of them.

``nn.Linear`` keeps its weight so, and the products of a step give gradients that do. What PyTorch reads of such a
matrix in a row is no view of NumPy's: where one is asked for, the matrix is laid row by row first, with all tensors on
it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .modes import laying, same
from .sharing import all_on, columns_of, handed, lies_there, moved_to, start_of
from .writes import owner


def strides_of(x: Any) -> tuple[int, ...]:
    """How many bytes apart the elements along each dimension lie in PyTorch's memory, which has no negative steps."""
    laying(strides_of)
    return _strides(x)


def _strides(x: Any) -> tuple[int, ...]:
    array, columns = getattr(x, "_value", x), columns_of(x)
    strides = tuple([abs(stride) for stride in array.strides])
    if columns is None:
        return strides
    (height, width), size = columns.shape, columns.itemsize
    return tuple([(stride // size % height * width + stride // size // height) * size for stride in strides])


def _moved(array: Any, columns: Any, rows: Any) -> Any:
    """The elements of ``rows`` that ``array`` has of ``columns``, the same matrix; None where that is no view."""
    (height, width), size = columns.shape, columns.itemsize
    if array.itemsize != size:
        return None
    turns = tuple([slice(None, None, -1 if stride < 0 else 1) for stride in array.strides])
    forward = array[turns]
    column, row = divmod((start_of(forward) - start_of(columns)) // size, height)
    steps = [divmod(stride // size, height) for stride in forward.strides]
    last = row + sum([down * (n - 1) for (_, down), n in zip(steps, array.shape, strict=True)])
    if last >= height or not array.size:  # it runs on from one column into the next
        return None
    strides = [(down * width + right) * size for right, down in steps]
    view = np.ndarray(array.shape, array.dtype, rows, (row * width + column) * size, strides)[turns]
    view.flags.writeable = array.flags.writeable
    return rows if lies_there(view, rows) and view.flags.writeable else view


def lay_in_rows(x: Any, columns: Any) -> bool:
    """Lay the matrix under a tensor row by row, and every tensor on it there; False where others see the memory."""
    memory, tensors = owner(columns), all_on(x)
    if handed(memory):
        return False
    rows = np.ascontiguousarray(columns)
    arrays = [_moved(t._value, columns, rows) for t in tensors]
    if any(array is None for array in arrays):
        return False
    moved_to(memory, rows)
    for t, array in zip(tensors, arrays):
        same(array, t._value)
    any(map(type(x)._value.__set__, tensors, arrays))  # all or none: Python looks for Ctrl-C after a call
    return True


def _is_view(shape: Any, strides: Any, sizes: tuple[int, ...]) -> bool:
    """Whether elements at these steps are elements at equal steps in another shape; an impossible shape raises."""
    reach = sum([(n - 1) * abs(stride) for n, stride in zip(shape, strides)]) + 1
    first = sum([(n - 1) * -stride for n, stride in zip(shape, strides) if stride < 0])
    elements = np.ndarray(shape, np.int8, np.empty(max(reach, 1), np.int8), first, strides)
    return np.may_share_memory(elements, elements.reshape(sizes))


def in_shape(x: Any, sizes: tuple[int, ...], reshape: Callable[..., Any], clone: Callable[..., Any], view: bool) -> Any:
    """A tensor that does not lie row by row, as NumPy has it, in another shape: a view or a copy as in PyTorch.

    ``view``: a copy is not to be written, since what is written would be lost to the tensor.
    """
    array, columns = x._value, columns_of(x)
    if columns is None or not array.size:
        result = reshape(x, sizes)
        if view and array.size and not np.may_share_memory(result._value, array):
            result._value.flags.writeable = False
        return result
    steps = [[stride // array.itemsize for stride in strides] for strides in (array.strides, _strides(x))]
    try:
        numpys, pytorchs = (_is_view(array.shape, each, sizes) for each in steps)
    except ValueError:
        return reshape(x, sizes)  # says what is wrong
    lost = view and not pytorchs  # whether a write would be
    if numpys and not pytorchs:
        x = clone(x)
    elif pytorchs and not numpys:
        lost = not lay_in_rows(x, columns)
    result = reshape(x, sizes)
    if lost:
        result._value.flags.writeable = False
    return result
