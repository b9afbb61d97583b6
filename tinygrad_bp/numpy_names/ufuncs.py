"""What the keywords and methods of NumPy's ufuncs do with Tensors, made of the op that stands for the ufunc.

``outer``, ``accumulate``, ``reduceat``, ``at`` and a call with ``where=`` or ``dtype=`` mean the same for every ufunc;
reductions that are ops stand in ``reductions``, all others fold the slices one by one.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..autograd.errors import LeafWriteError
from ..autograd.numpy_protocols import as_numpy_promotes, plainly, without_rule
from ..autograd.op import UFUNC_METHODS, UFUNCS
from ..autograd.tensor import Tensor, wrap
from ..autograd.values import held, value_of
from ..autograd.writing import replace
from ..ops import joining, shape
from ..ops.elementwise import in_dtype
from ..ops.elementwise import where as choose
from ..ops.indexing import getitem, place, setitem
from ..ops.shape import broadcast_to, reshape
from .functions import operand

UNSAID: Any = np._NoValue
Function = Callable[..., Any]


# ---------------------------------------------------------------------- a call


def _call(
    ufunc: Any, function: Function, *inputs: Any, where: Any = True, dtype: Any = None, signature: Any = None,
    casting: str = "same_kind", order: str = "K", subok: bool = True, **others: Any,
) -> Any:  # fmt: skip
    """The ufunc with keywords; outside ``where`` the result is 0, where NumPy leaves what the memory held."""
    if others.keys() <= {"axis", "keepdims"} and ufunc.signature == "(n),(n)->()":
        axis, keepdims = others.pop("axis", -1), others.pop("keepdims", False)
        inputs = tuple(np.moveaxis(operand(x), axis, -1) for x in inputs)
        if keepdims:
            said = {"where": where, "dtype": dtype, "signature": signature, "casting": casting}
            return np.expand_dims(_call(ufunc, function, *inputs, **said), axis)
    if others:
        return without_rule(f"np.{ufunc.__name__}", ufunc, inputs, others, tuple(others))
    if dtype is not None:
        signature = (None,) * ufunc.nin + (np.dtype(dtype),) * ufunc.nout
    asked = {} if signature is None else {"signature": signature}
    if asked or casting != "same_kind":
        inputs = as_numpy_promotes(ufunc, inputs, casting=casting, **asked)
    else:
        inputs = as_numpy_promotes(ufunc, inputs)
    if where is True:
        return function(*inputs)
    mask = value_of(where)
    sizes = np.broadcast_shapes(mask.shape, *(np.shape(plainly(x, held)) for x in inputs))
    mask = np.broadcast_to(mask, sizes)
    read = [getitem(broadcast_to(operand(x), sizes), mask) if np.ndim(plainly(x, held)) else x for x in inputs]
    found = function(*read)
    several = isinstance(found, (tuple, list))
    put = [setitem(wrap(np.zeros(sizes, x.dtype), None), x, mask) for x in (found if several else [found])]
    return tuple(put) if several else put[0]


def _outer(ufunc: Any, function: Function, a: Any, b: Any, **said: Any) -> Any:
    a, b = operand(a), operand(b)
    return _call(ufunc, function, reshape(a, (*a.shape, *(1,) * b.ndim)), b, **said)


# ---------------------------------------------------------------------- slices one by one


def _is_test(ufunc: Any) -> bool:
    """Whether a ufunc gives truths, which have no gradient."""
    return all(kinds.endswith("?") for kinds in ufunc.types if "O" not in kinds)


def _reduce(
    ufunc: Any, function: Function, a: Any, axis: Any = 0, dtype: Any = None, keepdims: bool = False,
    initial: Any = UNSAID, where: Any = True,
) -> Any:  # fmt: skip
    said = {"axis": axis, "dtype": dtype, "keepdims": keepdims, "where": plainly(where)}
    if initial is not UNSAID:
        said["initial"] = plainly(initial)
    wanted = ufunc.reduce(held(a), **said)  # NumPy itself says what cannot be reduced so
    if _is_test(ufunc):
        return wrap(np.asarray(wanted), None)
    a = in_dtype(operand(a), dtype)
    axes = range(a.ndim) if axis is None else np.atleast_1d(axis).astype(int) % max(a.ndim, 1)
    parts = list(_joined(a, axes))
    masks = [True] * len(parts) if where is True else list(_joined(np.broadcast_to(value_of(where), a.shape), axes))
    start = ufunc.identity if initial is UNSAID and (where is not True or not parts) else initial
    if start is UNSAID or start is None:
        result, parts, masks = parts[0], parts[1:], masks[1:]
    else:
        sizes = [size for d, size in enumerate(a.shape) if d not in axes]
        result = broadcast_to(in_dtype(operand(start), np.asarray(wanted).dtype), sizes)
    for part, mask in zip(parts, masks, strict=True):
        if mask is True:
            result = function(result, part)
        else:  # where an element does not count its slope must be finite all the same
            result = choose(mask, function(result, choose(mask, part, 1)), result)
    return reshape(result, np.shape(wanted))


def _joined(x: Any, axes: Any) -> Any:
    """The array with some axes as one, the first."""
    rest = [size for d, size in enumerate(x.shape) if d not in axes]
    return np.reshape(np.moveaxis(x, tuple(axes), range(len(axes))), (x.size // max(math.prod(rest), 1), *rest))


def _accumulate(ufunc: Any, function: Function, array: Any, axis: int = 0, dtype: Any = None) -> Any:
    if _is_test(ufunc):
        return wrap(ufunc.accumulate(value_of(array), axis, dtype), None)
    array = in_dtype(operand(array), dtype)
    if not array.shape[axis]:
        return array
    first, *parts = shape.movedim(array, axis, 0)
    found = [first]
    for part in parts:
        found.append(function(found[-1], part))
    return joining.stack(found, axis)


def _reduceat(
    ufunc: Any, function: Function, array: Any, indices: Any, axis: int = 0, dtype: Any = None
) -> Any:  # fmt: skip
    starts = [int(i) for i in value_of(indices)]
    wanted = ufunc.reduceat(held(array), starts, axis, dtype)  # NumPy itself says what is out of range
    if _is_test(ufunc):
        return wrap(wanted, None)
    moved = shape.movedim(in_dtype(operand(array), dtype), axis, 0)
    ends = [*starts[1:], moved.shape[0]]
    runs = [moved[a : b if a < b else a + 1] for a, b in zip(starts, ends, strict=True)]
    return joining.stack([ufunc.reduce(run) for run in runs], axis)


# ---------------------------------------------------------------------- in place


def _at(ufunc: Any, function: Function, a: Any, indices: Any, *others: Any) -> None:
    """``ufunc.at``: of a position that comes several times, one after the other."""
    what = f"np.{ufunc.__name__}.at"
    if not isinstance(a, Tensor):
        raise LeafWriteError(
            f"{what}: writes an array, and a tensor given to it requires grad: that cannot be recorded. Give a tensor "
            "as the first argument, or detach the other (t.detach())"
        )
    index = plainly(indices)
    numbers = np.arange(a.numel()).reshape(a.shape)[index]
    values = [broadcast_to(operand(x), numbers.shape) for x in others]

    def changed(x: Tensor) -> Any:
        if ufunc in (np.add, np.subtract):
            value = in_dtype(values[0], x.dtype)
            total = place(reshape(value, (-1,)), (x.numel(),), (numbers.reshape(-1),))
            return function(x, reshape(total, x.shape))
        flat, left, places = reshape(x, (-1,)), [reshape(v, (-1,)) for v in values], numbers.reshape(-1)
        turn = np.arange(places.size)
        while turn.size:
            first = turn[np.unique(places[turn], return_index=True)[1]]
            at = places[first]
            flat = setitem(flat, function(flat[at], *(v[first] for v in left)), at)
            turn = np.setdiff1d(turn, first)
        return reshape(flat, x.shape)

    replace(a, what, changed, a, *others)


UFUNC_METHODS.update({
    "__call__": _call, "outer": _outer, "reduce": _reduce, "accumulate": _accumulate, "reduceat": _reduceat, "at": _at,
})  # fmt: skip
UFUNCS[np.spacing] = lambda x: wrap(np.asarray(np.spacing(value_of(x))), None)  # in steps: without a slope
