"""Ops that work on each element alone."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy import ndarray

from ..autograd import dtypes
from ..autograd.arrays import as_array
from ..autograd.define import constant, elementwise, linear
from ..autograd.device import placed
from ..autograd.elsewhere import ARRAYS, boxed, copied, numbers
from ..autograd.errors import ArgumentError, DtypeError
from ..autograd.op import REQUIRED, UFUNCS
from ..autograd.operands import in_floats, of_reals, refuse_complex, rounds_once
from ..autograd.steps import as_step, recorded_as
from ..autograd.tensor import Tensor, wrap
from ..autograd.types import Array, DTypeLike, Operand, Raw
from .passes import BLOCK, choose, in_blocks
from .samples import binary, boolean, complexes, fixed, nonzero, real, sample, unary
from .samples import positive as above_0

__all__ = [
    "abs",
    "absolute",
    "add",
    "addcdiv",
    "addcmul",
    "cbrt",
    "clone",
    "div",
    "divide",
    "exp",
    "exp2",
    "expm1",
    "floor_divide",
    "lerp",
    "log",
    "log1p",
    "log2",
    "log10",
    "logaddexp",
    "logaddexp2",
    "maximum",
    "minimum",
    "mul",
    "multiply",
    "neg",
    "negative",
    "positive",
    "reciprocal",
    "relu",
    "rsqrt",
    "rsub",
    "sigmoid",
    "sign",
    "sqrt",
    "square",
    "sub",
    "subtract",
    "true_divide",
]  # fmt: skip

# ---------------------------------------------------------------------- arithmetic

def flat(g: Array) -> Any:
    """The rule of a function whose slope is 0 wherever it has one."""
    return np.zeros_like(g)


add_op = elementwise("add", np.add, lambda g: g, lambda g: g,
                     formula="a + b", samples=binary(), doc="Sum of two tensors, with broadcasting.")

sub_op = elementwise("sub", np.subtract, lambda g: g, lambda g: -g,
                     formula="a − b", samples=binary(), doc="Difference of two tensors.")

mul = elementwise("mul", np.multiply, lambda g, b: g * b, lambda g, a: g * a,
                  formula="a · b", samples=binary(), doc="Product, element by element.")
multiply = mul

div_op = elementwise("div", np.true_divide, lambda g, b: g / b, lambda g, b, y: -g * (y / b),
                     formula="a / b", samples=binary(real, nonzero), floats=True, wide=False,
                     doc="Quotient, element by element; integers give the default float dtype.")

DIVISORS = binary(fixed(3.3, -4.1, 0.7), fixed(1.2, -2.3, 0.9))

floor_divide = elementwise("floor_divide", np.floor_divide, flat, flat, formula="⌊a / b⌋", samples=DIVISORS,
                           doc="The quotient rounded down; its gradient is 0.")

trunc_divide = elementwise("trunc_divide", lambda a, b: _trunc_divide(a, b), flat, flat, formula="trunc(a / b)",
                           samples=DIVISORS, reference=lambda a, b: np.trunc(np.true_divide(a, b)),
                           doc="The quotient rounded towards 0; its gradient is 0.")


def _trunc_divide(a: Any, b: Any) -> Any:
    if np.result_type(a, b).kind in "bui":
        return (a - np.fmod(a, b)) // b
    return np.trunc(np.true_divide(a, b))


def div(input: Operand, other: Operand, *, rounding_mode: str | None = None) -> Any:
    """``input / other``; rounded down (``"floor"``) or towards 0 (``"trunc"``), and then without a slope.

    Shapes broadcast. Integers give the default float dtype, unless rounded. Raises ``ArgumentError`` for another mode.

    >>> import tinygrad_bp as tg
    >>> tg.div(tg.tensor([7.0, -7.0]), 2, rounding_mode="trunc")
    tensor([ 3., -3.])
    """
    if rounding_mode is None:
        return div_op(input, other)
    if rounding_mode not in ("floor", "trunc"):
        raise ArgumentError(f"div: rounding_mode is None, 'floor' or 'trunc', got {rounding_mode!r}")
    return (floor_divide if rounding_mode == "floor" else trunc_divide)(input, other)


divide = true_divide = div


def _scaled(input: Any, other: Any, alpha: Any) -> Any:
    """``alpha · other`` in the dtype of the sum, which whole numbers times alpha alone would not have."""
    if isinstance(input, Tensor) and isinstance(other, Tensor) and other.dtype.kind in "bui":
        dtype = dtypes.result_type([input, other], [])
        if dtype == np.bool_ and isinstance(alpha, (bool, int)):
            alpha = bool(alpha)
        other = other if dtype == other.dtype else other.to(dtype)
    return mul(other, alpha)


@rounds_once
def _plus(input: Any, other: Any, alpha: Any) -> Any:
    return add_op(input, _scaled(input, other, alpha))


@rounds_once
def _minus(input: Any, other: Any, alpha: Any) -> Any:
    return sub_op(input, _scaled(input, other, alpha))  # among unsigned numbers there is no −alpha


def is_number(number: float, factor: Any) -> bool:
    """Whether a factor is a number and has a value; that of a tensor has a slope, and may be another in a next run."""
    return not isinstance(factor, Tensor) and factor == number


def add(input: Operand, other: Operand, *, alpha: Any = 1) -> Any:
    """``input + alpha · other``; shapes broadcast.

    >>> import tinygrad_bp as tg
    >>> tg.add(tg.tensor([1.0]), tg.tensor([2.0]), alpha=10)
    tensor([21.])
    """
    return add_op(input, other) if is_number(1, alpha) else _plus(input, other, alpha)


def sub(input: Operand, other: Operand, *, alpha: Any = 1) -> Any:
    """``input − alpha · other``; shapes broadcast.

    >>> import tinygrad_bp as tg
    >>> tg.sub(tg.tensor([1.0]), tg.tensor([2.0]), alpha=10)
    tensor([-19.])
    """
    return sub_op(input, other) if is_number(1, alpha) else _minus(input, other, alpha)


subtract = sub


@recorded_as("RsubBackward1")
def rsub(input: Operand, other: Operand, *, alpha: Any = 1) -> Any:
    """``other − alpha · input``.

    >>> import tinygrad_bp as tg
    >>> tg.rsub(tg.tensor([1.0]), 3.0)
    tensor([2.])
    """
    return sub(other, input, alpha=alpha)


neg = elementwise("neg", np.negative, lambda g: -g, formula="−x", samples=unary(), doc="The negative.")
negative = neg

positive = elementwise("positive", np.positive, lambda g: g, formula="x", samples=unary(), doc="The same value.")


abs = elementwise("abs", np.absolute, lambda g, x: g * np.sign(x), holomorphic=False, gives="real",
                  formula="|x|", samples=unary(nonzero), doc="Absolute value; its gradient at 0 is 0.")
absolute = abs

def _sign(x: Any) -> Any:
    if x.dtype.kind == "c":
        raise DtypeError(f"sign: complex numbers ({x.dtype}) have none; write tg.sgn(x) for x / |x|")
    return np.sign(x) if x.dtype.kind != "b" else x & x


sign = elementwise("sign", _sign, flat, formula="sign x", samples=unary(nonzero), reference=np.sign,
                   doc="−1, 0 or 1; its gradient is 0.")

# ---------------------------------------------------------------------- exponentials and roots

_LN2 = math.log(2)

exp = elementwise("exp", np.exp, lambda g, y: g * y, floats=True, wide=False,
                  formula="eˣ", samples=(*unary(extremes=False), *complexes()), doc="Exponential.")

log = elementwise("log", np.log, lambda g, x: g / x, floats=True, wide=False,
                  formula="ln x", samples=(*unary(above_0, extremes=False), *complexes(nonzero)),
                  doc="Natural logarithm.")


log1p = elementwise("log1p", np.log1p, lambda g, x: g / (1 + x), floats=True,
                    formula="ln(1 + x)", samples=unary(above_0, extremes=False), grad_fn="Log1PBackward0",
                    doc="log(1 + x), exact near 0.")

expm1 = elementwise("expm1", np.expm1, lambda g, x: g * np.exp(x), floats=True,
                    formula="eˣ − 1", samples=unary(extremes=False), doc="exp(x) − 1, exact near 0.")

exp2 = elementwise("exp2", np.exp2, lambda g, y: g * (y * _LN2), floats=True,
                   formula="2ˣ", samples=unary(extremes=False), doc="2 to the power of each element.")

log2 = elementwise("log2", np.log2, lambda g, x: g * (1 / _LN2) / x, floats=True,
                   formula="ln x / ln 2", samples=(*unary(above_0, extremes=False), *complexes(nonzero)),
                   doc="Logarithm to base 2.")

log10 = elementwise("log10", np.log10, lambda g, x: g * (1 / math.log(10)) / x, floats=True,
                    formula="ln x / ln 10", samples=(*unary(above_0, extremes=False), *complexes(nonzero)),
                    doc="Logarithm to base 10.")

sqrt = elementwise("sqrt", np.sqrt, lambda g, y: g * 0.5 / y, floats=True, wide=False,
                   formula="√x", samples=(*unary(above_0, extremes=False), *complexes(nonzero)), doc="Square root.")

rsqrt = elementwise("rsqrt", lambda x: 1 / np.sqrt(x), lambda g, y: g * (-0.5 * y * y * y), floats=True,
                    formula="1 / √x", samples=(*unary(above_0, extremes=False), *complexes(nonzero)),
                    reference=lambda x: x**-0.5, doc="1 over the square root.")

cbrt = elementwise("cbrt", np.cbrt, lambda g, y: g / (3 * y * y), floats=True,
                   formula="∛x", samples=unary(nonzero, extremes=False), doc="Cube root, of either sign.")

reciprocal = elementwise("reciprocal", lambda x: np.true_divide(1, x), lambda g, y: -g * (y * y), floats=True,
                         formula="1 / x", samples=(*unary(nonzero, extremes=False), *complexes(nonzero)),
                         reference=lambda x: x**-1.0, doc="1 over each element; integers give the default float dtype.")
UFUNCS[np.reciprocal] = lambda x: reciprocal(x) if x.dtype.kind in "fc" else wrap(np.reciprocal(x.numpy()), None)

square = elementwise("square", np.square, lambda g, x: g * (2 * x),
                     formula="x²", samples=(*unary(extremes=False), *complexes()), grad_fn="PowBackward0",
                     doc="Square.")

logaddexp = elementwise("logaddexp", np.logaddexp, lambda g, a, b: g * sigmoid(a - b),
                        lambda g, a, b: g * sigmoid(b - a),
                        formula="ln(eᵃ + eᵇ)", samples=binary(), floats=True,
                        doc="Logarithm of a sum of exponentials; it does not overflow.")

logaddexp2 = elementwise("logaddexp2", np.logaddexp2, lambda g, a, b: g * sigmoid((a - b) * _LN2),
                         lambda g, a, b: g * sigmoid((b - a) * _LN2),
                         formula="log₂(2ᵃ + 2ᵇ)", samples=binary(), floats=True,
                         doc="Logarithm to base 2 of a sum of powers of 2.")

# Of each float dtype.
ONE = numbers({dtype: np.ones((), dtype) for dtype in (dtypes.float16, dtypes.float32, dtypes.float64)})
ZERO = numbers({dtype: np.zeros((), dtype) for dtype in ONE})
# Below it exp(−x) overflows.
_FAR = {dtype: -float(np.floor(np.log(np.finfo(dtype).max))) for dtype in ONE}


def two_sides(x: Raw) -> tuple[Any, Any]:
    """sigmoid(x) and sigmoid(−x), each to its last digits: one minus the other would lose those of the smaller."""
    far = _FAR.get(x.dtype)
    if far is None:
        if x.dtype.kind == "c":
            y = 1 / (1 + np.exp(-x))
            return y, 1 - y
        return two_sides(x.astype(np.float64))
    least: Any = 0  # of NumPy's quicker so
    if x.size:
        least = x.min() if x.__class__ in ARRAYS else x.item(x.argmin())
    if not least >= far:  # an element is far below 0, where the sigmoid is eˣ, or NaN
        below, above = np.exp(np.minimum(x, 0)), np.exp(np.minimum(np.negative(x), 0))
        total = below + above
        return below / total, above / total
    e = np.exp(np.negative(x))
    y = np.reciprocal(e + ONE[x.dtype])
    e *= y
    return y, e


def _sigmoid(x: Any) -> tuple[Any, Any]:
    if x.nbytes > BLOCK and x.__class__ not in ARRAYS:
        return in_blocks(_sigmoid, x)  # type: ignore[no-any-return]
    y, slope = two_sides(x)
    slope *= y
    return y, slope


sigmoid_slope: Callable[..., Any] = elementwise(
    "sigmoid_slope", lambda x: _sigmoid(x)[1], lambda g, x, y: -g * y * np.tanh(0.5 * x),
    floats=True, formula="σ(x) · σ(−x)", samples=(*unary(), *complexes()),
    reference=lambda x: 0.25 / np.cosh(np.where(np.absolute(x) < 700, 0.5 * x, 350.0)) ** 2,
    doc="The slope of the sigmoid.")

sigmoid: Callable[..., Any] = elementwise(
    "sigmoid", _sigmoid, lambda g, x, slope: g * slope, floats=True,
    residuals={"slope": lambda x: sigmoid_slope(x)},
    formula="1 / (1 + e⁻ˣ)", samples=(*unary(), *complexes()),
    reference=lambda x: 0.5 + 0.5 * np.tanh(0.5 * x),
    doc="Logistic sigmoid; no overflow at either end.")
expit = sigmoid

_INFINITY = numbers({dtype: np.full((), np.inf, dtype) for dtype in ONE})


def above_zero(x: Raw) -> Any:
    """max(x, 0) of a raw array."""
    zero = ZERO.get(x.dtype)
    if zero is None:
        if x.dtype.kind == "c":
            refuse_complex("relu", x)
        return np.maximum(x, 0)
    if x.size >= 4096:
        # np.maximum with one number runs without vector instructions; clip does not, but takes longer to call.
        return x.clip(zero, _INFINITY[x.dtype])
    return np.maximum(x, zero)


def _times(g: Any, there: Any) -> Any:
    """``g * there``; of arrays by numbers, as NumPy multiplies faster than by booleans, into the memory of these."""
    if there.__class__ is not ndarray or g.__class__ is not ndarray:
        return g * there
    numbers = there.astype(g.dtype)
    numbers *= g
    return numbers


relu = elementwise("relu", above_zero, lambda g, y: _times(g, y != ZERO.get(y.dtype, 0)),
                   formula="max(x, 0)", samples=(*unary(nonzero), sample((64, 64), of=nonzero)),
                   grad_grad_fn="ThresholdBackwardBackward0",
                   reference=lambda x: np.where(x > 0, x, 0),
                   doc="max(x, 0); its gradient at 0 is 0, and 1 at NaN.")


def _leaky_relu(x: Any, negative_slope: float) -> Any:
    below = x * negative_slope
    return np.maximum(x, below, out=below) if 0 < negative_slope <= 1 and x.ndim else choose(x > 0, x, below)


def _leaky_slope(x: Any, negative_slope: float) -> Any:
    above = x > 0
    if 0 <= negative_slope <= 1:
        return above.astype(x.dtype).clip(negative_slope, 1)
    return choose(above, x.dtype.type(1), x.dtype.type(negative_slope))


leaky_slope = constant("leaky_slope", lambda x, negative_slope: in_blocks(
                           lambda part: _leaky_slope(part, negative_slope), x),
                       params={"negative_slope": 0.01},
                       samples=(*unary(nonzero), *unary(nonzero, negative_slope=1.5)),
                       reference=lambda x, negative_slope=0.01: np.where(x > 0, 1, negative_slope),
                       doc="The slope of leaky_relu: 1 above 0, negative_slope below.")

leaky_relu = elementwise("leaky_relu", of_reals("leaky_relu", _leaky_relu),
                         lambda g, x, negative_slope: g * leaky_slope(x, negative_slope),
                         params={"negative_slope": 0.01}, floats=True, formula="x if x > 0 else negative_slope · x",
                         grad_grad_fn="LeakyReluBackwardBackward0",
                         samples=(*unary(nonzero), *unary(nonzero, negative_slope=0.3)),
                         reference=lambda x, negative_slope=0.01: np.maximum(x, 0) + negative_slope * np.minimum(x, 0),
                         doc="x above 0, negative_slope · x below (Maas et al. 2013).")

# ---------------------------------------------------------------------- choice

maximum = elementwise("maximum", np.maximum,
                      lambda g, a, b: where(a < b, 0.0, where(a == b, g / 2, g)),
                      lambda g, a, b: where(b < a, 0.0, where(a == b, g / 2, g)),
                      formula="max(a, b)", samples=(*binary(fixed(0.1, 0.7, -0.5), fixed(-0.3, 0.9, 0.2)),),
                      doc="The larger of two elements; a tie shares the gradient equally, NaN passes it to both.")

minimum = elementwise("minimum", np.minimum,
                      lambda g, a, b: where(a > b, 0.0, where(a == b, g / 2, g)),
                      lambda g, a, b: where(b > a, 0.0, where(a == b, g / 2, g)),
                      formula="min(a, b)", samples=(*binary(fixed(0.1, 0.7, -0.5), fixed(-0.3, 0.9, 0.2)),),
                      doc="The smaller of two elements; a tie shares the gradient equally, NaN passes it to both.")

where: Callable[..., Any] = elementwise("where", choose, None,
                    lambda g, condition: where(condition, g, 0.0),
                    lambda g, condition: where(condition, 0.0, g),
                    inputs="condition a b", formula="a if condition else b",
                    samples=tuple(sample(*shapes, of=(boolean, real, real)) for shapes in (
                        ((2, 3), (2, 3), (2, 3)), ((3,), (2, 3), ()), ((2, 1), (), (1, 3)), ((), (), ()),
                        ((0,), (0,), ()), ((64, 64), (64, 64), (64, 64)))),
                    reference=np.where, doc="a where the condition holds, b elsewhere.")

# ---------------------------------------------------------------------- three tensors


@rounds_once
@in_floats("input end")
def lerp(input: Array, end: Operand, weight: Operand) -> Any:
    """``input + weight · (end − input)``: a part of the way, 0 at the start, 1 at the end.

    >>> import tinygrad_bp as tg
    >>> tg.lerp(tg.tensor([0.0]), tg.tensor([10.0]), 0.3)
    tensor([3.])
    """
    kind = int(hasattr(weight, "shape"))
    return as_step(f"LerpBackward{kind}", on_the_way(input, end, weight))


def on_the_way(a: Any, b: Any, share: Any) -> Any:
    """What lies a share of the way from ``a`` to ``b``, counted from the nearer one: both are met exactly."""
    if not hasattr(share, "shape"):
        return a + share * (b - a) if abs(share) < 0.5 else b + (share - 1) * (b - a)
    near = absolute(share) < 0.5
    return where(near, a, b) + where(near, share, share - 1) * (b - a)


@recorded_as("AddcmulBackward0")
@rounds_once
def addcmul(input: Array, tensor1: Array, tensor2: Array, *, value: Operand = 1) -> Any:
    """``input + value · tensor1 · tensor2``.

    >>> import tinygrad_bp as tg
    >>> tg.addcmul(tg.tensor([1.0]), tg.tensor([2.0]), tg.tensor([3.0]), value=0.5)
    tensor([4.])
    """
    return add(input, mul(tensor1, tensor2), alpha=value)


@recorded_as("AddcdivBackward0")
@rounds_once
def addcdiv(input: Array, tensor1: Array, tensor2: Array, *, value: Operand = 1) -> Any:
    """``input + value · tensor1 / tensor2``.

    >>> import tinygrad_bp as tg
    >>> tg.addcdiv(tg.tensor([1.0]), tg.tensor([3.0]), tg.tensor([2.0]), value=2)
    tensor([4.])
    """
    return add(input, div_op(tensor1, tensor2), alpha=value)


# ---------------------------------------------------------------------- dtype and copies


def _cast(x: Any, dtype: Any) -> Any:
    return x.astype(dtype)  # NumPy warns where that cuts an imaginary part off


cast = linear("cast", _cast, lambda g, x_dtype: cast_back(g, x_dtype),
              params={"dtype": REQUIRED}, formula="x", samples=(sample((2, 3), dtype=dtypes.float64),),
              reference=lambda x, dtype: x.astype(dtype),
              grad_fn="ToCopyBackward0",
              doc="The same numbers in another dtype; complex ones lose their imaginary part, with a ComplexWarning.")


def cast_back(g: Array, dtype: np.dtype[Any]) -> Any:
    """A real number that became complex has the real part of the gradient: nothing is lost there."""
    g = np.real(g) if dtype.kind != "c" else g
    return cast(g, dtype) if isinstance(g, Tensor) else _cast(boxed(g), dtype)


def in_dtype(x: Operand, dtype: DTypeLike) -> Any:
    """A tensor, or anything else as an array, in the dtype that ``dtype=`` asks for; as it is for None."""
    if dtype is None:
        return x
    if isinstance(x, Tensor):
        return x.to(dtype)
    array = as_array(x)
    return array if array.dtype == dtype else cast(array, dtype)


def _moved(x: Any, there: str, back: str) -> Any:
    found = placed(x, there)
    return copied(x) if found is x else found


move: Any = linear("to_device", _moved, lambda g, there, back: move(g, back, there), formula="x",
                   params={"there": "cpu", "back": "cpu"}, samples=unary(),
                   reference=lambda x, there="cpu", back="cpu": np.copy(x),
                   grad_fn="ToCopyBackward0", doc="The same numbers in the memory of another device.")


clone = linear("clone", lambda x, memory_format=None: copied(x), lambda g: g, formula="x", samples=unary(),
               params={"memory_format": None}, reference=lambda x, memory_format=None: np.copy(x),
               doc="A copy that records; memory_format changes nothing.")
