"""Largest and smallest elements, where they stand, and tests of all elements."""

from __future__ import annotations

from typing import Any, NamedTuple, overload

import numpy as np

from ..autograd.define import constant
from ..autograd.dtypes import counted
from ..autograd.errors import ArgumentError
from ..autograd.returned import returned
from ..autograd.tensor import Tensor
from ..autograd.types import Array, Axis, Operand, Raw
from ..autograd.values import held, value_of
from .elementwise import maximum, minimum
from .indexing import one_along, take_along_axis
from .reduction import amax, amin, axes_of
from .samples import distinct, reductions, sample
from .scans import Found, found, kept_indices
from .shape import squeeze, takes_axis

__all__ = ["all", "allclose", "aminmax", "any", "argmax", "argmin", "count_nonzero", "equal", "max", "min"]

_AXES = {"axis": None, "keepdims": False}


_one_axis = (sample((2, 3), of=distinct), sample((2, 3), of=distinct, axis=1), sample((), of=distinct, axis=0),
             sample((2, 3), of=distinct, axis=0, keepdims=True))
argmax = constant("argmax",
                  lambda x, axis, keepdims: counted(x.argmax(axes_of(axis, x.ndim), keepdims=keepdims)),
                  params=_AXES, samples=_one_axis, doc="Index of the first largest element along an axis, or of all.",
                  reference=lambda x, axis=None, keepdims=False: np.argmax(x, axis=axis, keepdims=keepdims))
argmin = constant("argmin",
                  lambda x, axis, keepdims: counted(x.argmin(axes_of(axis, x.ndim), keepdims=keepdims)),
                  params=_AXES, samples=_one_axis, doc="Index of the first smallest element along an axis, or of all.",
                  reference=lambda x, axis=None, keepdims=False: np.argmin(x, axis=axis, keepdims=keepdims))


def _tested(test: Any, x: Any, axis: Axis, keepdims: bool) -> Any:
    # No axes, (), reduce nothing here; a uint8 tensor gives uint8: both as in PyTorch.
    found = test(x, axis=() if axis == () or axis == [] else axes_of(axis, x.ndim), keepdims=keepdims)
    return found.astype(x.dtype) if x.dtype == np.uint8 else found


any = constant("any", lambda x, axis, keepdims: _tested(np.any, x, axis, keepdims), params=_AXES,
               samples=reductions(), doc="Whether any element is not 0.",
               reference=lambda x, axis=None, keepdims=False: np.any(x, axis=axis, keepdims=keepdims))
all = constant("all", lambda x, axis, keepdims: _tested(np.all, x, axis, keepdims), params=_AXES,
               samples=reductions(), doc="Whether all elements are not 0.",
               reference=lambda x, axis=None, keepdims=False: np.all(x, axis=axis, keepdims=keepdims))
count_nonzero = constant("count_nonzero", lambda x, axis: counted(np.count_nonzero(x, axis=axes_of(axis, x.ndim))),
                         params={"axis": None}, samples=(sample((2, 3)), sample((2, 3), axis=1), sample(())),
                         doc="How many elements are not 0.",
                         reference=lambda x, axis=None: np.count_nonzero(x, axis=axis))


def equal(input: Operand, other: Operand) -> bool:
    """Whether two tensors have one shape and the same elements.

    >>> import tinygrad_bp as tg
    >>> tg.equal(tg.tensor([1, 2]), tg.tensor([1, 2]))
    True
    """
    return bool(np.array_equal(value_of(input), value_of(other)))


def allclose(input: Operand, other: Operand, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> bool:
    """Whether all elements satisfy ``|input − other| ≤ atol + rtol · |other|``.

    >>> import tinygrad_bp as tg
    >>> tg.allclose(tg.tensor([1.0]), tg.tensor([1.0000001]))
    True
    """
    return bool(np.allclose(value_of(input), value_of(other), rtol=rtol, atol=atol, equal_nan=equal_nan))


def _extreme(name: str, reduce: Any, pick: Any, pair: Any, x: Any, dim: Any, keepdim: bool, other: Any) -> Any:
    if other is not None or isinstance(dim, Tensor) or getattr(dim, "ndim", False):
        return pair(x, dim if other is None else other)
    if dim is None:
        return reduce(x, None, keepdim)
    if not isinstance(dim, (int, np.integer)) or isinstance(dim, bool):
        raise ArgumentError(f"{name}: dim is one integer, got {dim!r}; for several axes use a{name}(x, dim)")
    if keepdim or not x.ndim:
        return chosen(name, x, pick(x, int(dim), True), int(dim), keepdim)
    return at(name, x, held(pick(x, int(dim))), int(dim))


def chosen(name: str, x: Array, indices: Any, dim: int, keepdim: bool) -> Found:
    """The elements at ``indices``, one along ``dim``, and the indices."""
    if keepdim or not x.ndim:
        indices = kept_indices(x, indices)
        return found(name, take_along_axis(x, indices, dim), indices)
    return at(name, x, squeeze(held(indices), dim), dim)


def at(name: str, x: Array, indices: Raw, dim: int) -> Found:
    """The elements at ``indices``, one for each place in the other dimensions, and the indices."""
    return found(name, one_along(x, dim % x.ndim, indices), kept_indices(x, indices))


@overload
def max(input: Array, dim: None = None, keepdim: bool = False) -> Any: ...
@overload
def max(input: Array, dim: int, keepdim: bool = False) -> Found: ...
@overload
def max(input: Array, other: Array, /) -> Any: ...
@overload
def max(input: Array, *, other: Operand) -> Any: ...
@takes_axis
def max(input: Array, dim: Axis | Array = None, keepdim: bool = False, *, other: Operand | None = None) -> Any:
    """The largest element; with ``dim`` a pair ``(values, indices)`` along it; with a second tensor ``maximum``.

    Without ``dim`` ties share the gradient equally; with ``dim`` the first of them gets it.

    >>> import tinygrad_bp as tg
    >>> tg.max(tg.tensor([[1.0, 5.0], [7.0, 2.0]]), dim=1)
    torch.return_types.max(
    values=tensor([5., 7.]),
    indices=tensor([1, 0]))
    """
    return _extreme("max", amax, argmax, maximum, input, dim, keepdim, other)


@overload
def min(input: Array, dim: None = None, keepdim: bool = False) -> Any: ...
@overload
def min(input: Array, dim: int, keepdim: bool = False) -> Found: ...
@overload
def min(input: Array, other: Array, /) -> Any: ...
@overload
def min(input: Array, *, other: Operand) -> Any: ...
@takes_axis
def min(input: Array, dim: Axis | Array = None, keepdim: bool = False, *, other: Operand | None = None) -> Any:
    """The smallest element; with ``dim`` a pair ``(values, indices)`` along it; with a second tensor ``minimum``.

    >>> import tinygrad_bp as tg
    >>> tg.min(tg.tensor([3.0, 1.0, 2.0]))
    tensor(1.)
    """
    return _extreme("min", amin, argmin, minimum, input, dim, keepdim, other)


class Range(NamedTuple):
    """What ``aminmax`` returns."""

    min: Tensor
    max: Tensor

    def __repr__(self) -> str:
        return returned("aminmax", self)


@takes_axis
def aminmax(input: Array, *, dim: int | None = None, keepdim: bool = False) -> Range:
    """The smallest and the largest element over ``dim`` (all by default); ties share the gradient equally.

    >>> import tinygrad_bp as tg
    >>> tg.aminmax(tg.tensor([3.0, 1.0, 2.0]))
    torch.return_types.aminmax(
    min=tensor(1.),
    max=tensor(3.))
    """
    return Range(amin(input, dim, keepdim), amax(input, dim, keepdim))
