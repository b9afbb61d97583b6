"""Rounding, signs, remainders and the parts of a number. What is flat between its jumps records a gradient of 0."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ..autograd.define import constant, elementwise
from ..autograd.op import FUNCTIONS, UFUNCS
from ..autograd.operands import in_floats
from ..autograd.returned import returned
from ..autograd.tensor import Tensor
from ..autograd.types import Array, Operand
from .elementwise import DIVISORS, flat, floor_divide, in_dtype, mul, trunc_divide, where
from .powers import pow
from .samples import binary, fixed, nonzero, unary

__all__ = [
    "ceil", "copysign", "fix", "floor", "fmod", "frac", "frexp", "heaviside", "ldexp", "nextafter", "remainder",
    "round", "trunc",
]  # fmt: skip

_between = fixed(0.3, -1.4, 2.7, -0.2, 5.6, -3.3)  # away from every jump


def _whole(ufunc: Any) -> Callable[[Any], Any]:
    # NumPy 2.0 makes floats of integers here, later ones keep them, as PyTorch does.
    return lambda x: ufunc(x) if x.dtype.kind not in "bui" else x.copy()


floor = elementwise("floor", _whole(np.floor), flat, formula="⌊x⌋", samples=unary(_between), ufunc=np.floor,
                    reference=np.floor, doc="The largest whole number not above each element; its gradient is 0.")

ceil = elementwise("ceil", _whole(np.ceil), flat, formula="⌈x⌉", samples=unary(_between), ufunc=np.ceil,
                   reference=np.ceil, doc="The smallest whole number not below each element; its gradient is 0.")

_without_fraction = _whole(np.trunc)

trunc = elementwise("trunc", _without_fraction, flat, formula="sign(x) · ⌊|x|⌋", samples=unary(_between),
                    ufunc=np.trunc, reference=np.trunc, doc="Each element without its fraction; its gradient is 0.")
fix = trunc


def _rounded(x: Any, decimals: int) -> Any:
    if decimals <= 0 or x.dtype.kind not in "f":
        return np.round(x, decimals)
    with np.errstate(over="ignore"):
        y = np.round(x, decimals)
    return np.where(np.isfinite(y), y, x)  # a number so large that its digits were pushed out of the range is whole


round = elementwise("round", _rounded, flat, params={"decimals": 0},
                    formula="x, rounded to so many decimals",
                    samples=(*unary(_between), *unary(fixed(0.317, -1.428, 2.723), extremes=False, decimals=1)),
                    ufunc=np.rint, reference=lambda x, decimals=0: np.rint(x * 10.0**decimals) / 10.0**decimals,
                    doc="The nearest number with so many decimals; a half goes to the even one. Its gradient is 0.")

frac = elementwise("frac", lambda x: x - _without_fraction(x), lambda g: g, formula="x − trunc x",
                   samples=unary(_between), reference=lambda x: np.sign(x) * (np.abs(x) % 1),
                   doc="The fraction of each element, with its sign.")

# ---------------------------------------------------------------------- division with a remainder

remainder = elementwise("remainder", np.remainder, lambda g: g, lambda g, a, b: -g * np.floor_divide(a, b),
                        formula="a − b · ⌊a / b⌋", samples=DIVISORS,
                        doc="What is left of a after whole steps of b, with the sign of b, as Python's %.")

fmod = elementwise("fmod", np.fmod, lambda g: g, lambda g, a, b: -g * trunc_divide(a, b),
                   formula="a − b · trunc(a / b)", samples=DIVISORS,
                   doc="What is left of a after whole steps of b, with the sign of a, as in C.")


def divmod(a: Operand, b: Operand) -> tuple[Any, Any]:
    """``(a // b, a % b)``.

    >>> import tinygrad_bp as tg
    >>> divmod(tg.tensor([7.0]), 2)
    (tensor([3.]), tensor([1.]))
    """
    return floor_divide(a, b), remainder(a, b)


# ---------------------------------------------------------------------- signs and neighbours

copysign = elementwise("copysign", np.copysign, lambda g, a, b: g * (np.sign(a) * np.copysign(np.ones_like(a), b)),
                       flat, floats=True, formula="|a| · sign b", samples=binary(nonzero, nonzero),
                       doc="The size of a with the sign of b (that of −0.0 counts); its slope at a = 0 is 0.")

nextafter = elementwise("nextafter", np.nextafter, lambda g: g, flat, formula="a ± ulp, towards b",
                        samples=binary(), floats=True,
                        doc="The next floating point number after a towards b.")


def _heaviside(a: Any, b: Any) -> Any:
    return np.heaviside(a, b).astype(np.result_type(a, b), copy=False)  # NumPy gives floats for integers


heaviside = constant("heaviside", _heaviside, ufunc=np.heaviside, inputs="a values", promotes="a values",
                     samples=binary(nonzero), reference=np.heaviside,
                     doc="0 where a is negative, 1 where it is positive, ``values`` where it is 0.")

# ---------------------------------------------------------------------- mantissa and exponent


class Frexp(NamedTuple):
    """What ``frexp`` gives: ``mantissa · 2^exponent``, the mantissa in ±[0.5, 1), the exponent an int32."""

    mantissa: Tensor
    exponent: Tensor

    def __repr__(self) -> str:
        return returned("frexp", self)


exponent_op = constant("exponent", lambda x: np.frexp(x)[1], samples=unary(nonzero), hint="",
                       reference=lambda x: np.where(x == 0, 0, np.floor(np.log2(np.where(x == 0, 1, np.abs(x)))) + 1),
                       doc="The power of 2 that scales a mantissa in ±[0.5, 1) to each element.")

mantissa_op = elementwise("mantissa", lambda x: np.frexp(x)[0], lambda g, x: np.ldexp(g, -exponent_op(x)),
                          formula="x / 2ᵏ, k = exponent(x)",
                          samples=unary(fixed(0.3, -1.4, 2.7, -0.2, 5.6, -3.3), extremes=False),
                          reference=lambda x: x / np.exp2(np.floor(np.log2(np.abs(x))) + 1),
                          doc="Each element scaled by a power of 2 into ±[0.5, 1).")


@in_floats("input")
def frexp(input: Array) -> Frexp:
    """Mantissa in ±[0.5, 1) and exponent of each element: ``input = mantissa · 2^exponent``.

    >>> import tinygrad_bp as tg
    >>> tg.frexp(tg.tensor([6.0])).mantissa
    tensor([0.7500])
    """
    return Frexp(mantissa_op(input), exponent_op(input))


def ldexp(input: Array, other: Operand) -> Any:
    """``input · 2^other``; a slope flows to both where ``other`` holds floats.

    >>> import tinygrad_bp as tg
    >>> tg.ldexp(tg.tensor([0.75]), tg.tensor([3]))
    tensor([6.])
    """
    if getattr(other, "dtype", input.dtype).kind in "bui" and input.dtype.kind == "f":
        other = in_dtype(other, input.dtype)
    return mul(input, pow(2.0, other))


def _modf(x: Any) -> tuple[Any, Any]:
    return where(np.isinf(x), 0.0, frac(x)), trunc(x)  # PyTorch: frac of an infinity is NaN


UFUNCS[np.modf], UFUNCS[np.frexp], UFUNCS[np.divmod] = _modf, lambda x: tuple(frexp(x)), divmod
UFUNCS[np.ldexp] = ldexp
FUNCTIONS[np.fix] = trunc
FUNCTIONS[np.round] = FUNCTIONS[np.around] = lambda a, decimals=0: round(a, decimals)
