"""Comparisons, tests and logic, element by element. No gradient passes."""

from __future__ import annotations

import numpy as np

from ..autograd.define import constant
from ..autograd.numpy_protocols import plainly
from ..autograd.op import FUNCTIONS
from ..autograd.values import held
from .samples import below, binary, boolean, fixed, sample, unary

__all__ = [
    "bitwise_and", "bitwise_left_shift", "bitwise_not", "bitwise_or", "bitwise_right_shift", "bitwise_xor", "eq", "gcd",
    "ge", "greater", "greater_equal", "gt", "isclose", "isfinite", "isinf", "isnan", "isneginf", "isposinf", "isreal",
    "lcm", "le", "less", "less_equal", "logical_and", "logical_not", "logical_or", "logical_xor", "lt", "ne",
    "not_equal", "signbit",
]  # fmt: skip

_pairs = binary(fixed(0.1, 0.7, -0.5), fixed(-0.3, 0.7, 0.2))
eq = constant("eq", np.equal, inputs="a b", samples=_pairs, doc="a == b, element by element.")
ne = constant("ne", np.not_equal, inputs="a b", samples=_pairs, doc="a != b, element by element.")
not_equal = ne
lt = constant("lt", np.less, inputs="a b", samples=_pairs, doc="a < b, element by element.")
less = lt
le = constant("le", np.less_equal, inputs="a b", samples=_pairs, doc="a <= b, element by element.")
less_equal = le
gt = constant("gt", np.greater, inputs="a b", samples=_pairs, doc="a > b, element by element.")
greater = gt
ge = constant("ge", np.greater_equal, inputs="a b", samples=_pairs, doc="a >= b, element by element.")
greater_equal = ge
logical_not = constant("logical_not", np.logical_not, samples=unary(), doc="Whether each element is 0.")
logical_and = constant("logical_and", np.logical_and, inputs="a b", samples=_pairs, doc="Both are not 0.")
logical_or = constant("logical_or", np.logical_or, inputs="a b", samples=_pairs, doc="One of both is not 0.")
logical_xor = constant("logical_xor", np.logical_xor, inputs="a b", samples=_pairs, doc="Exactly one is not 0.")
_masks = (sample((2, 3), (3,), of=boolean), sample((), (), of=boolean))
bitwise_and = constant("bitwise_and", np.bitwise_and, inputs="a b", promotes="a b", samples=_masks,
                       doc="Bitwise and; of masks: both.")
bitwise_or = constant("bitwise_or", np.bitwise_or, inputs="a b", promotes="a b", samples=_masks,
                      doc="Bitwise or; of masks: either.")
bitwise_xor = constant("bitwise_xor", np.bitwise_xor, inputs="a b", promotes="a b", samples=_masks,
                       doc="Bitwise exclusive or.")
bitwise_not = constant("bitwise_not", np.invert, samples=(sample((2, 3), of=boolean),),
                       doc="Bitwise not; of a mask: not.")
isnan = constant("isnan", np.isnan, samples=unary(), doc="Whether each element is NaN.")
isinf = constant("isinf", np.isinf, samples=unary(), doc="Whether each element is infinite.")
isfinite = constant("isfinite", np.isfinite, samples=unary(), doc="Whether each element is finite.")

signbit = constant("signbit", np.signbit, samples=unary(),
                   doc="Whether the sign of each element is minus, also of −0.0.")
isposinf = constant("isposinf", np.isposinf, samples=unary(), doc="Whether each element is +∞.")
isneginf = constant("isneginf", np.isneginf, samples=unary(), doc="Whether each element is −∞.")
isreal = constant("isreal", np.isreal, samples=unary(), doc="Whether the imaginary part of each element is 0.")
bitwise_left_shift = constant("bitwise_left_shift", np.left_shift, inputs="a b", promotes="a b",
                              samples=(sample((2, 3), (3,), of=below(5)),), doc="a · 2ᵇ of integers.")
bitwise_right_shift = constant("bitwise_right_shift", np.right_shift, inputs="a b", promotes="a b",
                               samples=(sample((2, 3), (3,), of=below(5)),), doc="⌊a / 2ᵇ⌋ of integers.")
gcd = constant("gcd", np.gcd, inputs="a b", promotes="a b", samples=(sample((2, 3), (3,), of=below(50)),),
               doc="Greatest common divisor of integers.")
lcm = constant("lcm", np.lcm, inputs="a b", promotes="a b", samples=(sample((2, 3), (3,), of=below(50)),),
               doc="Least common multiple of integers.")

isclose = constant("isclose", lambda a, b, rtol, atol, equal_nan: np.isclose(
                       a, b, plainly(rtol, held), plainly(atol, held), equal_nan),
                   inputs="a b", params={"rtol": 1e-5, "atol": 1e-8, "equal_nan": False}, samples=_pairs,
                   reference=lambda a, b: np.abs(a - b) <= 1e-8 + 1e-5 * np.abs(b),
                   doc="Whether |a − b| ≤ atol + rtol · |b|.")

FUNCTIONS.update({np.isclose: isclose, np.isposinf: isposinf, np.isneginf: isneginf, np.isreal: isreal})
