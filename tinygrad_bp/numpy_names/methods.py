"""The methods of NumPy's arrays that PyTorch's tensors do not have, and what calls mean that PyTorch refuses.

``t.std(0)`` is PyTorch's; ``t.std(0, ddof=1)``, ``t.dot(matrix)`` and ``t.transpose()`` mean nothing there, and have
NumPy's meaning.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..autograd.errors import AutogradError, DtypeError
from ..autograd.numpy_protocols import plainly
from ..autograd.tensor import Tensor, wrap
from ..autograd.types import Array, Axis, DTypeLike, Index, Operand
from ..autograd.values import value_of
from ..autograd.writing import fill_, replace
from ..ops.elementwise import clone
from ..ops.operators import to
from ..ops.sorting import sort


def astype(
    self: Tensor, dtype: DTypeLike, order: str = "K", casting: Any = "unsafe", subok: bool = True, copy: bool = True
) -> Tensor:
    """The tensor in another dtype, a new one also where nothing changes, unless ``copy`` is False.

    Raises ``DtypeError`` for what ``casting`` does not allow.

    >>> import tinygrad_bp as tg
    >>> tg.tensor([1.5, 2.5]).astype(int)
    tensor([1, 2])
    """
    if not np.can_cast(self.dtype, np.dtype(dtype), casting):
        raise DtypeError(f"astype: {self.dtype} cannot be cast to {np.dtype(dtype)} by the rule {casting!r}")
    return to(self, np.dtype(dtype), copy=copy)  # type: ignore[no-any-return]


def copy(self: Tensor, order: str = "C") -> Tensor:
    """A tensor of the same elements in memory of its own, recorded as ``clone``.

    >>> import tinygrad_bp as tg
    >>> tg.tensor([1.0]).copy()
    tensor([1.])
    """
    return clone(self)  # type: ignore[no-any-return]


def fill(self: Tensor, value: Operand) -> None:
    """Every element set to one number, as ``fill_`` does; None is returned.

    >>> import tinygrad_bp as tg
    >>> x = tg.zeros(2)
    >>> x.fill(3)
    >>> x
    tensor([3., 3.])
    """
    fill_(self, value)


def ptp(self: Tensor, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The largest less the smallest element over the axes.

    >>> import tinygrad_bp as tg
    >>> tg.tensor([1.0, 4.0, 2.0]).ptp()
    tensor(3.)
    """
    return np.ptp(self, axis, keepdims=keepdims)  # type: ignore[no-any-return]


def compress(self: Tensor, condition: Array, axis: int | None = None) -> Tensor:
    """The slices along an axis where ``condition`` holds; of all elements in a row where no axis is named.

    >>> import tinygrad_bp as tg
    >>> tg.tensor([1.0, 2.0, 3.0]).compress([True, False, True])
    tensor([1., 3.])
    """
    return np.compress(condition, self, axis)  # type: ignore[return-value]


def choose(self: Tensor, choices: Any, mode: Any = "raise") -> Tensor:
    """The tensor's integers say from which of the ``choices`` each element comes.

    >>> import tinygrad_bp as tg
    >>> tg.tensor([0, 1]).choose([tg.tensor([1.0, 2.0]), tg.tensor([3.0, 4.0])])
    tensor([1., 4.])
    """
    return np.choose(self, choices, mode=mode)  # type: ignore[return-value]


def searchsorted(self: Tensor, v: Operand, side: Any = "left", sorter: Index | None = None) -> Tensor:
    """Where in the tensor, sorted and 1-d, ``v`` would stand.

    >>> import tinygrad_bp as tg
    >>> tg.tensor([1.0, 2.0, 3.0]).searchsorted(2.5)
    tensor(2)
    """
    return wrap(np.asarray(np.searchsorted(value_of(self), value_of(v), side, plainly(sorter))), None)


def partition(self: Tensor, kth: Any, axis: int = -1) -> None:
    """Reorder in place: the element ``kth`` where sorting would put it, no larger one before it.

    >>> import tinygrad_bp as tg
    >>> x = tg.tensor([3.0, 1.0, 2.0])
    >>> x.partition(0)
    >>> x[0]
    tensor(1.)
    """
    replace(self, "partition", lambda x: np.partition(x, kth, axis))  # type: ignore[arg-type, return-value]


def argpartition(self: Tensor, kth: Any, axis: int | None = -1) -> Tensor:
    """The positions of the elements in the order of ``partition``.

    >>> import tinygrad_bp as tg
    >>> tg.tensor([3.0, 1.0, 2.0]).argpartition(0)[0]
    tensor(1)
    """
    return wrap(np.argpartition(value_of(self), kth, axis), None)


def tobytes(self: Tensor, order: Any = "C") -> bytes:
    """The memory of the elements in a row.

    >>> import tinygrad_bp as tg
    >>> tg.tensor([1], dtype=tg.uint8).tobytes()
    b'\\x01'
    """
    return value_of(self).tobytes(order)  # type: ignore[no-any-return]


# ---------------------------------------------------------------------- what PyTorch refuses


def _sort(x: Tensor, axis: int = -1, kind: Any = None, order: Any = None) -> None:
    replace(x, "sort", lambda x: sort(x, axis).values)


def _sizes(x: Any) -> Any:
    return x[0] if len(x) == 1 else x


# Methods that both have, as NumPy's arrays have them.
_ARRAYS: dict[str, Callable[..., Any]] = {
    **{name: getattr(np, name) for name in ("all", "any", "argsort", "cumprod", "cumsum", "diagonal", "dot", "max",
                                            "min", "prod", "ravel", "repeat", "round", "std", "swapaxes", "take",
                                            "trace", "var")},
    "flatten": lambda x, order="C": clone(np.ravel(x, order)),
    "reshape": lambda x, *shape, order="C", copy=None: np.reshape(
        np.copy(x) if copy else x, _sizes(shape), order=order),
    "sort": _sort,
    "transpose": lambda x, *axes: np.transpose(x, _sizes(axes) if axes else None),
}  # fmt: skip


def as_of_arrays(name: str, error: Exception, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """What a method of NumPy's arrays gives for arguments that led to ``error`` in PyTorch's.

    Where both refuse them, PyTorch's error is raised, unless it only says that PyTorch has no such argument.
    """
    try:
        return _ARRAYS[name](*args, **kwargs)
    except (TypeError, ValueError, IndexError, AttributeError) as other:
        raise error if isinstance(error, AutogradError) or not isinstance(other, AutogradError) else other from None
