"""Powers: of a number, whose rule reads the base alone, and of a tensor."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..autograd import dtypes
from ..autograd.define import elementwise
from ..autograd.elsewhere import boxed
from ..autograd.op import REQUIRED
from ..autograd.steps import as_step
from ..autograd.tensor import Tensor
from ..autograd.types import Array, Operand
from .elementwise import cast, where
from .passes import MANY
from .samples import binary, complexes, fixed, nonzero, real, sample, unary
from .samples import positive as above_0

__all__ = ["float_power", "pow"]


def _to_power(x: Any, exponent: Any) -> Any:
    """``x ** exponent``: NumPy takes fifty times as long for negative floats to whole powers, thrice for 1 / √x."""
    if not getattr(x, "ndim", 0):
        x = boxed(x)  # a scalar's ** rounds otherwise than an array's, and a rule may meet either
    plain = getattr(x, "dtype", None) not in (dtypes.float32, dtypes.float64) or exponent % 1 != 0 or -2 < exponent < 3
    if plain or math.isinf(exponent):
        if exponent == -0.5 and getattr(x, "size", 0) >= MANY and x.dtype.kind == "f" and x.min() > 0:
            y = np.sqrt(x)
            return np.true_divide(1, y, out=y)
        return x**exponent
    if exponent == 3:
        return x * x * x
    y = np.absolute(x) ** exponent
    return np.copysign(y, x) if exponent % 2 else y


_pow: Callable[..., Any] = elementwise("pow", _to_power,
                   lambda g, x, exponent: g * (exponent * _pow(x, exponent - 1)) if exponent else g * np.zeros_like(x),
                   params={"exponent": REQUIRED}, formula="x^exponent", ufunc=None,
                   samples=(*unary(above_0, extremes=False, exponent=2.5), *unary(extremes=False, exponent=3),
                            *unary(extremes=False, exponent=2), *unary(extremes=False, exponent=1),
                            *unary(extremes=False, exponent=0), *unary(nonzero, extremes=False, exponent=-2),
                            *unary(extremes=False, exponent=5), *unary(nonzero, extremes=False, exponent=-3.0),
                            *complexes(nonzero, exponent=2.0), *complexes(nonzero, exponent=-1.5)),
                   reference=lambda x, exponent: np.power(x, float(exponent)),
                   doc="A tensor to the power of a number.")

_power = elementwise("power", np.power,
                     lambda g, a, b: g * (b * _base(a, b) ** (b - 1)),
                     lambda g, a, b, y: g * (y * _safe_log(a, b)),
                     wide=True, formula="aᵇ",
                     samples=(*binary(above_0, real), sample((4,), (4,), of=(above_0, fixed(0.0, 1.0, 2.0, -1.0)))),
                     grad_fn="PowBackward1",
                     doc="A tensor or number to the power of a tensor.")


def _base(a: Any, b: Any) -> Any:
    """``a``, and 1 where it is 0 or NaN and its power is 1 because b is 0: the slope is 0 there."""
    return np.where((b == 0) & ~(np.absolute(a) > 0), np.ones_like(a), a)


def _safe_log(a: Any, b: Any) -> Any:
    """log(a) for a > 0, NaN below; at a = 0 it is 0 where the power is 0 or 1, and −∞ where it is ∞."""
    if getattr(a, "dtype", np.result_type(type(a))).kind == "c":
        return np.log(np.where(a == 0, np.ones_like(a), a))
    if isinstance(a, (int, float)) and a != 0:
        return math.log(a) if a > 0 else math.nan
    at_0 = where(b < 0, -np.inf, np.zeros_like(b))  # the one condition that holds at random
    if isinstance(a, (int, float)):
        return at_0
    zero = np.zeros_like(a)
    return np.log(np.where(a > 0, a, np.ones_like(a))) + np.where(a > 0, zero, np.where(a == 0, at_0, np.nan))


def pow(input: Operand, exponent: Operand) -> Any:
    """``input`` to the power ``exponent``, tensors of shapes that broadcast or numbers, in their common dtype.

    >>> import tinygrad_bp as tg
    >>> tg.pow(tg.tensor([1.0, 2.0, 3.0]), 2)
    tensor([1., 4., 9.])
    """
    if isinstance(exponent, np.generic):
        exponent = exponent.item()
    if isinstance(exponent, (int, float)) and not isinstance(exponent, bool):
        kind = getattr(getattr(input, "dtype", None), "kind", "f")
        if kind == "b" and isinstance(exponent, int):
            input = cast(input, np.dtype(np.int64))  # NumPy's would be int8
        if kind in "fc" or (isinstance(exponent, int) and exponent >= 0):
            return _pow(input, exponent)
        if isinstance(exponent, float) and isinstance(input, Tensor):
            return _pow(cast(input, dtypes.get_default_dtype()), exponent)
    y = _power(input, exponent)
    return y if hasattr(input, "shape") else as_step("PowBackward2", y)


def float_power(input: Array, exponent: Operand) -> Any:
    """``input`` to the power ``exponent`` in double precision, whatever the dtypes.

    >>> import tinygrad_bp as tg
    >>> tg.float_power(tg.tensor([2]), -1)
    tensor([0.5000], dtype=torch.float64)
    """
    return pow(_double(input), _double(exponent))


def _double(x: Any) -> Any:
    if not hasattr(x, "dtype"):
        return x
    target = np.result_type(x.dtype, np.float64)
    return x.astype(target) if not isinstance(x, Tensor) else x if x.dtype == target else cast(x, target)
