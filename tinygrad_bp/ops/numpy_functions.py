"""What ``np.*`` functions do with Tensors: NumPy's names, arguments and meaning over the same ops.

Ufuncs need no entry: an op whose forward is a ufunc stands for it (``UFUNCS``).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..autograd.errors import ShapeError, shape_text
from ..autograd.numpy_protocols import without_rule
from ..autograd.op import FUNCTIONS, UFUNCS
from ..autograd.tensor import Tensor
from . import creation, indexing, products, reduction, shape
from . import elementwise as e

UFUNCS[np.power] = e.pow
UFUNCS[np.float_power] = lambda a, b: e.pow(_double(a), _double(b))


def _double(x: Any) -> Any:
    return x.to(np.float64) if isinstance(x, Tensor) else x


def _reduction(function: Callable[..., Any]) -> Callable[..., Any]:
    def numpy_function(a: Any, axis: Any = None, dtype: Any = None, keepdims: Any = False, **others: Any) -> Any:
        if others:
            return _plainly(function.__name__, a, axis=axis, dtype=dtype, keepdims=_flag(keepdims), **others)
        return function(a if dtype is None else a.to(dtype), axis, _flag(keepdims))

    return numpy_function


def _plainly(name: str, a: Any, **arguments: Any) -> Any:
    """The NumPy function itself, for arguments that no rule covers (where=, initial=, out=)."""
    return without_rule(f"np.{name} with these arguments", getattr(np, name), (a,), arguments)


def _flag(keepdims: Any) -> bool:
    return keepdims is True or keepdims == 1


def _plain_reduction(function: Callable[..., Any]) -> Callable[..., Any]:
    def numpy_function(a: Any, axis: Any = None, keepdims: Any = False, **others: Any) -> Any:
        if others:
            return _plainly(function.__name__, a, axis=axis, keepdims=_flag(keepdims), **others)
        return function(a, axis, _flag(keepdims))

    return numpy_function


def _as_float(a: Any, dtype: Any) -> Any:
    """The dtype in which NumPy averages: float64 for integers unless one is given."""
    dtype = np.float64 if dtype is None and a.dtype.kind in "bui" else dtype
    return a if dtype is None else a.to(dtype)


def _mean(a: Any, axis: Any = None, dtype: Any = None, keepdims: Any = False, **others: Any) -> Any:
    if others:
        return _plainly("mean", a, axis=axis, dtype=dtype, keepdims=_flag(keepdims), **others)
    return reduction.mean(_as_float(a, dtype), axis, _flag(keepdims))


def _spread(function: Callable[..., Any]) -> Callable[..., Any]:
    """``np.var`` and ``np.std``: divided by n unless ``ddof`` says otherwise."""

    def numpy_function(
        a: Any, axis: Any = None, dtype: Any = None, ddof: float = 0, keepdims: Any = False, **others: Any
    ) -> Any:
        if others:
            name = function.__name__
            return _plainly(name, a, axis=axis, dtype=dtype, ddof=ddof, keepdims=_flag(keepdims), **others)
        return function(_as_float(a, dtype), axis=axis, correction=ddof, keepdims=_flag(keepdims))

    return numpy_function


def _where(condition: Any, *choices: Any) -> Any:
    if not choices:
        return np.nonzero(condition)
    if any(hasattr(c, "dtype") for c in choices):
        kinds = [c.dtype if hasattr(c, "dtype") else c for c in choices]
        dtype = np.result_type(*kinds)
        choices = tuple(c.to(dtype) if isinstance(c, Tensor) else c for c in choices)
    return e.where(condition, *choices)


def _transpose(a: Any, axes: Any = None) -> Any:
    return shape.reverse_axes(a) if axes is None else shape.permute(a, *axes)


def _swapaxes(a: Any, axis1: int, axis2: int) -> Any:
    return shape.transpose(a, axis1, axis2)


def _reshape(a: Any, newshape: Any = None, *, shape: Any = None) -> Any:
    from .shape import reshape

    wanted = newshape if shape is None else shape
    return reshape(a, *((wanted,) if isinstance(wanted, int) else tuple(wanted)))


def _squeeze(a: Any, axis: Any = None) -> Any:
    for place in () if axis is None else (axis,) if isinstance(axis, int) else axis:
        if a.shape[place] != 1:  # PyTorch lets that pass, NumPy does not
            raise ShapeError(f"np.squeeze: axis {place} of {shape_text(a.shape)} has a size other than 1")
    return shape.squeeze(a, axis)


def _expand_dims(a: Any, axis: Any) -> Any:
    axes = (axis,) if isinstance(axis, int) else tuple(axis)
    ndim = a.ndim + len(axes)
    places = {shape.dim_of(x, ndim, "expand_dims") for x in axes}
    sizes = iter(a.shape)
    return shape.reshape(a, tuple(1 if i in places else next(sizes) for i in range(ndim)))


def _moveaxis(a: Any, source: int, destination: int) -> Any:
    order = [i for i in range(a.ndim) if i != source % a.ndim]
    order.insert(destination % a.ndim, source % a.ndim)
    return shape.permute(a, *order)


def _concatenate(arrays: Any, axis: Any = 0) -> Any:
    if axis is None:
        return shape.cat([shape.ravel(a) if isinstance(a, Tensor) else np.ravel(a) for a in arrays], 0)
    return shape.cat(arrays, axis)


def _broadcast_to(array: Any, shape: Any) -> Any:
    from .shape import broadcast_to

    return broadcast_to(array, *((shape,) if isinstance(shape, int) else tuple(shape)))


def _clip(a: Any, a_min: Any = None, a_max: Any = None, *, min: Any = None, max: Any = None) -> Any:
    return e.clip(a, a_min if min is None else min, a_max if max is None else max)


def _dot(a: Any, b: Any) -> Any:
    if np.ndim(a) == 0 or np.ndim(b) == 0:
        return e.mul(a, b)
    if np.ndim(b) <= 2:
        return products.matmul(a, b)
    # np.dot sums over the second-to-last axis of b and keeps all the others.
    moved = np.moveaxis(b, -2, 0)
    flat = np.reshape(moved, (b.shape[-2], -1))
    return np.reshape(products.matmul(a, flat), (*a.shape[:-1], *b.shape[:-2], b.shape[-1]))


def _copy(a: Any) -> Any:
    return e.clone(a)


def _nan_ok(function: Callable[..., Any]) -> Callable[..., Any]:
    """A NumPy function whose result carries no gradient (shapes, tests): it sees the plain arrays."""

    def numpy_function(*args: Any, **kwargs: Any) -> Any:
        plain = [a._value if isinstance(a, Tensor) else a for a in args]
        return function(*plain, **{k: v._value if isinstance(v, Tensor) else v for k, v in kwargs.items()})

    return numpy_function


_TABLE: dict[Any, Callable[..., Any]] = {
    np.sum: _reduction(reduction.sum), np.mean: _mean, np.var: _spread(reduction.var), np.std: _spread(reduction.std),
    np.max: _plain_reduction(reduction.amax), np.amax: _plain_reduction(reduction.amax),
    np.min: _plain_reduction(reduction.amin), np.amin: _plain_reduction(reduction.amin),
    np.argmax: _plain_reduction(reduction.argmax), np.argmin: _plain_reduction(reduction.argmin),
    np.any: _plain_reduction(reduction.any), np.all: _plain_reduction(reduction.all),
    np.where: _where, np.clip: _clip, np.copy: _copy, np.dot: _dot,
    np.reshape: _reshape, np.ravel: shape.ravel, np.transpose: _transpose, np.swapaxes: _swapaxes,
    np.moveaxis: _moveaxis, np.squeeze: _squeeze, np.expand_dims: _expand_dims, np.broadcast_to: _broadcast_to,
    np.concatenate: _concatenate, np.stack: shape.stack, np.take_along_axis: indexing.take_along_axis,
    np.zeros_like: creation.zeros_like, np.ones_like: creation.ones_like,
    np.empty_like: creation.empty_like, np.full_like: creation.full_like,
    # A reduce without an axis argument runs over the first axis.
    (np.add, "reduce"): lambda a, axis=0, keepdims=False: reduction.sum(a, axis, keepdims),
    (np.maximum, "reduce"): lambda a, axis=0, keepdims=False: reduction.amax(a, axis, keepdims),
    (np.minimum, "reduce"): lambda a, axis=0, keepdims=False: reduction.amin(a, axis, keepdims),
    **{f: _nan_ok(f) for f in (np.shape, np.ndim, np.size, np.array_equal, np.allclose, np.isclose, np.array_equiv,
                               np.nonzero, np.count_nonzero, np.iscomplexobj, np.isrealobj, np.result_type,
                               np.may_share_memory, np.shares_memory, np.array_repr, np.array_str)},
}  # fmt: skip
FUNCTIONS.update(_TABLE)
