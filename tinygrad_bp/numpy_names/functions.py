"""What ``np.*`` functions do with Tensors: NumPy's names, arguments and meaning over the same ops.

Ufuncs need no entry: an op whose forward is a ufunc stands for it (``UFUNCS``).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np

from ..autograd.arrays import as_array
from ..autograd.errors import ArgumentError
from ..autograd.modes import reading
from ..autograd.numpy_protocols import plainly, without_rule
from ..autograd.op import FUNCTIONS, UFUNCS
from ..autograd.tensor import Tensor
from ..autograd.types import Array
from ..autograd.values import form_of, value_of
from ..ops import elementwise as e
from ..ops import limits, powers
from ..ops.complex_numbers import angle, real
from ..ops.special_functions import i0
from ..ops.trigonometry import sinc

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


def _clip(
    a: Any, a_min: Any = None, a_max: Any = None, *, min: Any = None, max: Any = None, dtype: Any = None,
    casting: str = "same_kind", order: str = "K", subok: bool = True,
) -> Any:  # fmt: skip
    if not (min is max is None or a_min is a_max is None):
        raise ArgumentError("np.clip: a_min and min, a_max and max are two names of one argument; give one of each")
    lower, upper = a_min if min is None else min, a_max if max is None else max
    a = a if dtype is None else operand(a).to(np.dtype(dtype))
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
    """A NumPy function whose result carries no gradient (tests, positions, counts): it sees the arrays."""
    return lambda *args, **kwargs: function(*plainly(args), **{k: plainly(v) for k, v in kwargs.items()})


def of_forms(function: Callable[..., Any]) -> Callable[..., Any]:
    """The same, of shapes, dtypes and places in memory alone."""
    return lambda *args, **kwargs: function(
        *plainly(args, form_of), **{k: plainly(v, form_of) for k, v in kwargs.items()}
    )


def of_values(function: Callable[..., Any]) -> Callable[..., Any]:
    """The same, where the result is no array but depends on values: whoever follows them is told."""

    def numpy_function(*args: Any, **kwargs: Any) -> Any:
        for x in (*args, *kwargs.values()):
            if isinstance(x, Tensor):
                reading(x, f"np.{function.__name__}")
        return function(*plainly(args), **{k: plainly(v) for k, v in kwargs.items()})

    return numpy_function


def of_inexact(function: Callable[..., Any], rule: Callable[..., Any]) -> Callable[..., Any]:
    """A rule for floating point and complex numbers; of others alone NumPy's own result is right, and has no slope."""
    name = f"np.{function.__name__}"

    @wraps(rule)
    def numpy_function(*args: Any, **kwargs: Any) -> Any:
        given = (*args, *kwargs.values())
        if any(isinstance(x, Tensor) and x.dtype.kind in "fc" for x in given):
            return rule(*args, **kwargs)
        return without_rule(name, function, args, kwargs)

    return numpy_function


def _angle(z: Any, deg: bool = False) -> Any:
    return angle(z) * (180 / np.pi) if deg else angle(z)


_TABLE: dict[Any, Callable[..., Any]] = {
    np.where: _where, np.clip: _clip, np.copy: _copy,
    np.astype: _astype, np.real_if_close: _real_if_close, np.angle: of_inexact(np.angle, _angle),
    np.i0: of_inexact(np.i0, i0), np.sinc: of_inexact(np.sinc, sinc),
    **{f: of_forms(f) for f in (np.shape, np.ndim, np.size, np.iscomplexobj, np.isrealobj, np.result_type,
                                np.may_share_memory, np.shares_memory)},
    **{f: without_gradient(f) for f in (np.array_repr, np.array_str, np.array2string)},
    **{f: of_values(f) for f in (np.array_equal, np.allclose, np.array_equiv, np.nonzero, np.count_nonzero)},
}  # fmt: skip
FUNCTIONS.update(_TABLE)
