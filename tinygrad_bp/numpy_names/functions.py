"""What ``np.*`` functions do with Tensors: NumPy's names, arguments and meaning over the same ops.

Ufuncs need no entry: an op whose forward is a ufunc stands for it (``UFUNCS``).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..autograd.arrays import as_array
from ..autograd.errors import ArgumentError
from ..autograd.numpy_protocols import plainly
from ..autograd.op import FUNCTIONS, UFUNCS
from ..autograd.tensor import Tensor, value_of
from ..autograd.types import Array
from ..ops import elementwise as e
from ..ops import limits, powers
from ..ops.complex_numbers import real

UFUNCS[np.power] = powers.pow
UFUNCS[np.float_power], UFUNCS[np.fabs] = powers.float_power, e.abs


def _where(condition: Any, *choices: Any) -> Any:
    if not choices:
        return np.nonzero(condition)
    choices = tuple(c if isinstance(c, (bool, int, float, complex)) else operand(c) for c in choices)
    if any(hasattr(c, "dtype") for c in choices):
        kinds = [c.dtype if hasattr(c, "dtype") else c for c in choices]
        dtype = np.result_type(*kinds)
        choices = tuple(c.to(dtype) if isinstance(c, Tensor) else c for c in choices)
    return e.where(condition, *choices)


def _clip(a: Any, a_min: Any = None, a_max: Any = None, *, min: Any = None, max: Any = None) -> Any:
    if not (min is max is None or a_min is a_max is None):
        raise ArgumentError("np.clip: a_min and min, a_max and max are two names of one argument; give one of each")
    lower, upper = a_min if min is None else min, a_max if max is None else max
    return e.clone(a) if lower is None and upper is None else limits.clip(a, lower, upper)


def _copy(a: Any, order: str = "K", subok: bool = False) -> Any:
    return e.clone(a)


def _astype(x: Any, dtype: Any, /, *, copy: bool = True, device: Any = None) -> Any:
    return x.to(dtype, copy=copy)


def _real_if_close(a: Any, tol: float = 100) -> Any:
    """The real part where NumPy finds the others near 0."""
    return real(a) if a.dtype.kind == "c" and np.real_if_close(value_of(a), tol).dtype.kind != "c" else a


def operand(x: Array) -> Any:
    """A tensor as it is, anything else as an array."""
    return x if isinstance(x, Tensor) else as_array(x)


def without_gradient(function: Callable[..., Any]) -> Callable[..., Any]:
    """A NumPy function whose result carries no gradient (shapes, tests, positions, counts): it sees the arrays."""
    return lambda *args, **kwargs: function(*plainly(args), **{k: plainly(v) for k, v in kwargs.items()})


_TABLE: dict[Any, Callable[..., Any]] = {
    np.where: _where, np.clip: _clip, np.copy: _copy,
    np.astype: _astype, np.real_if_close: _real_if_close,
    **{f: without_gradient(f) for f in (np.shape, np.ndim, np.size, np.array_equal, np.allclose, np.array_equiv,
                               np.nonzero, np.count_nonzero, np.iscomplexobj, np.isrealobj, np.result_type,
                               np.may_share_memory, np.shares_memory, np.array_repr, np.array_str,
                               np.array2string)},
}  # fmt: skip
FUNCTIONS.update(_TABLE)
