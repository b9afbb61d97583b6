"""Ops that work on each element alone."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..autograd import dtypes
from ..autograd.op import REQUIRED, constant, elementwise, linear
from ..autograd.tensor import Tensor
from .samples import binary, boolean, distinct, fixed, nonzero, positive, real, sample, unary

# ---------------------------------------------------------------------- arithmetic

add = elementwise("add", np.add, lambda g: g, lambda g: g,
                  formula="a + b", samples=binary(), doc="Sum of two tensors, with broadcasting.")

sub = elementwise("sub", np.subtract, lambda g: g, lambda g: -g,
                  formula="a − b", samples=binary(), doc="Difference of two tensors.")

mul = elementwise("mul", np.multiply, lambda g, b: g * b, lambda g, a: g * a,
                  formula="a · b", samples=binary(), doc="Product, element by element.")

div = elementwise("div", np.true_divide, lambda g, b: g / b, lambda g, a, b: -g * a / (b * b),
                  formula="a / b", samples=binary(real, nonzero), floats=True,
                  doc="Quotient, element by element; integers give the default float dtype.")

neg = elementwise("neg", np.negative, lambda g: -g, formula="−x", samples=unary(), doc="The negative.")

positive_ = elementwise("positive", np.positive, lambda g: g, formula="x", samples=unary(), doc="The same value.")

_pow = elementwise("pow", lambda x, exponent: x**exponent,
                   lambda g, x, exponent: g * (exponent * x ** (exponent - 1)) if exponent else g * np.zeros_like(x),
                   params={"exponent": REQUIRED}, formula="xⁿ", ufunc=None,
                   samples=(*unary(positive, extremes=False, exponent=2.5), *unary(extremes=False, exponent=3),
                            *unary(extremes=False, exponent=2), *unary(extremes=False, exponent=1),
                            *unary(extremes=False, exponent=0), *unary(nonzero, extremes=False, exponent=-2)),
                   reference=lambda x, exponent: np.power(x, float(exponent)),
                   doc="A tensor to the power of a number.")

_power = elementwise("power", np.power,
                     lambda g, a, b: g * b * a ** np.where(b == 0, np.ones_like(b), b - 1),
                     lambda g, a, b, y: g * y * _safe_log(a),
                     formula="aᵇ", samples=binary(positive, real),
                     doc="A tensor or number to the power of a tensor.")


def _safe_log(a: Any) -> Any:
    """log(a) for a > 0; 0 at 0, where the power itself is 0; NaN below, where no real derivative exists."""
    if isinstance(a, (int, float)):
        return np.log(a) if a > 0 else a * 0.0 if a == 0 else float("nan")
    return np.log(np.where(a > 0, a, np.ones_like(a))) + np.where(a < 0, np.nan, np.zeros_like(a))


def pow(a: Any, b: Any) -> Any:
    """``a`` to the power ``b``: tensors of shapes that broadcast, or numbers; the dtype is the operands' common one.

    >>> import tinygrad_bp as tg
    >>> tg.pow(tg.tensor([1.0, 2.0, 3.0]), 2)
    tensor([1., 4., 9.])
    """
    if isinstance(b, np.generic):
        b = b.item()
    if isinstance(b, (int, float)) and not isinstance(b, bool):
        kind = getattr(getattr(a, "dtype", None), "kind", "f")
        if kind == "f" or (isinstance(b, int) and b >= 0):
            return _pow(a, b)
        if isinstance(b, float) and isinstance(a, Tensor):
            return _pow(cast(a, dtypes.get_default_dtype()), b)
    return _power(a, b)


abs = elementwise("abs", np.absolute, lambda g, x: g * np.sign(x), holomorphic=False, gives="real",
                  formula="|x|", samples=unary(nonzero), doc="Absolute value; its gradient at 0 is 0.")

sign = constant("sign", np.sign, samples=unary(nonzero), doc="−1, 0 or 1; it never records (its slope is 0).")

# ---------------------------------------------------------------------- exponentials and roots

exp = elementwise("exp", np.exp, lambda g, y: g * y, floats=True,
                  formula="eˣ", samples=unary(extremes=False), doc="Exponential.")

log = elementwise("log", np.log, lambda g, x: g / x, floats=True,
                  formula="ln x", samples=unary(positive, extremes=False), doc="Natural logarithm.")

log1p = elementwise("log1p", np.log1p, lambda g, x: g / (1 + x), floats=True,
                    formula="ln(1 + x)", samples=unary(positive, extremes=False), doc="log(1 + x), exact near 0.")

expm1 = elementwise("expm1", np.expm1, lambda g, y: g * (y + 1), floats=True,
                    formula="eˣ − 1", samples=unary(extremes=False), doc="exp(x) − 1, exact near 0.")

sqrt = elementwise("sqrt", np.sqrt, lambda g, y: g * 0.5 / y, floats=True,
                   formula="√x", samples=unary(positive, extremes=False), doc="Square root.")

square = elementwise("square", np.square, lambda g, x: g * (2 * x),
                     formula="x²", samples=unary(extremes=False), doc="Square.")

sin = elementwise("sin", np.sin, lambda g, x: g * np.cos(x), floats=True,
                  formula="sin x", samples=unary(), doc="Sine of an angle in radians.")

cos = elementwise("cos", np.cos, lambda g, x: -g * np.sin(x), floats=True,
                  formula="cos x", samples=unary(), doc="Cosine of an angle in radians.")

tanh = elementwise("tanh", np.tanh, lambda g, y: g * (1 - y * y), floats=True,
                   formula="tanh x", samples=unary(), doc="Hyperbolic tangent.")

# 0-d arrays of each float dtype: NumPy takes them faster than Python numbers.
ONE = {dtype: np.ones((), dtype) for dtype in (dtypes.float16, dtypes.float32, dtypes.float64)}
ZERO = {dtype: np.zeros((), dtype) for dtype in ONE}
# exp overflows above this; 1 / (1 + exp(limit)) is the smallest number that sigmoid returns.
_EXP_LIMIT = {dtype: np.floor(np.log(np.finfo(dtype).max)) for dtype in ONE}
_EXP_LIMIT = {dtype: np.array(limit, dtype) for dtype, limit in _EXP_LIMIT.items()}


def _sigmoid(x: Any) -> Any:
    if x.dtype not in ONE:
        x = x.astype(np.float64)
    e = np.exp(np.minimum(np.negative(x), _EXP_LIMIT[x.dtype]))
    return np.reciprocal(e + ONE[x.dtype])


sigmoid = elementwise("sigmoid", _sigmoid, lambda g, y: g * (y * (1 - y)), floats=True,
                      formula="1 / (1 + e⁻ˣ)", samples=unary(),
                      reference=lambda x: np.exp(-np.logaddexp(0, -x)),
                      doc="Logistic sigmoid; no overflow at either end.")

_INFINITY = {dtype: np.array(np.inf, dtype) for dtype in ONE}


def _relu(x: Any) -> Any:
    if x.size >= 4096 and x.dtype in ONE:
        # np.maximum with one number runs without vector instructions; clip does not, but takes longer to call.
        return x.clip(ZERO[x.dtype], _INFINITY[x.dtype])
    return np.maximum(x, ZERO.get(x.dtype, 0))


relu = elementwise("relu", _relu, lambda g, y: g * (y > ZERO.get(y.dtype, 0)),
                   formula="max(x, 0)", samples=(*unary(nonzero), sample((64, 64), of=nonzero)),
                   reference=lambda x: np.where(x > 0, x, 0),
                   doc="max(x, 0); its gradient at 0 is 0.")

leaky_relu = elementwise("leaky_relu", lambda x, negative_slope: np.where(x > 0, x, x * negative_slope),
                         lambda g, x, negative_slope: np.where(x > 0, g, g * negative_slope),
                         params={"negative_slope": 0.01}, formula="x if x > 0 else slope · x",
                         samples=(*unary(nonzero), *unary(nonzero, negative_slope=0.3)),
                         reference=lambda x, negative_slope=0.01: np.maximum(x, 0) + negative_slope * np.minimum(x, 0),
                         doc="x above 0, negative_slope · x below (Maas et al. 2013).")

# ---------------------------------------------------------------------- choice

maximum = elementwise("maximum", np.maximum,
                      lambda g, a, b: np.where(a > b, g, np.where(a == b, g / 2, np.zeros_like(g))),
                      lambda g, a, b: np.where(b > a, g, np.where(a == b, g / 2, np.zeros_like(g))),
                      formula="max(a, b)", samples=(*binary(fixed(0.1, 0.7, -0.5), fixed(-0.3, 0.9, 0.2)),),
                      doc="The larger of two elements; a tie shares the gradient equally.")

minimum = elementwise("minimum", np.minimum,
                      lambda g, a, b: np.where(a < b, g, np.where(a == b, g / 2, np.zeros_like(g))),
                      lambda g, a, b: np.where(b < a, g, np.where(a == b, g / 2, np.zeros_like(g))),
                      formula="min(a, b)", samples=(*binary(fixed(0.1, 0.7, -0.5), fixed(-0.3, 0.9, 0.2)),),
                      doc="The smaller of two elements; a tie shares the gradient equally.")

where = elementwise("where", np.where, None,
                    lambda g, condition: np.where(condition, g, np.zeros_like(g)),
                    lambda g, condition: np.where(condition, np.zeros_like(g), g),
                    inputs="condition a b", formula="a if condition else b",
                    samples=tuple(sample(*shapes, of=(boolean, real, real)) for shapes in (
                        ((2, 3), (2, 3), (2, 3)), ((3,), (2, 3), ()), ((2, 1), (), (1, 3)), ((), (), ()),
                        ((0,), (0,), ()))),
                    doc="a where the condition holds, b elsewhere.")


def _clip(x: Any, min: Any, max: Any) -> Any:
    if min is not None:
        x = np.maximum(x, np.asarray(min, x.dtype))
    return x if max is None else np.minimum(x, np.asarray(max, x.dtype))


def _inside(x: Any, min: Any, max: Any) -> Any:
    if min is None:
        return x <= max
    return x >= min if max is None else (x >= min) & (x <= max)


_clip_op = elementwise("clip", _clip, lambda g, x, min, max: np.where(_inside(x, min, max), g, np.zeros_like(g)),
                       params={"min": None, "max": None}, formula="min ≤ x ≤ max",
                       samples=(*unary(distinct, min=-0.5, max=0.5), *unary(distinct, min=0), *unary(distinct, max=0)),
                       reference=lambda x, min=None, max=None: np.clip(x, min, max),
                       doc="Each element brought into [min, max]; the gradient is 1 at the bounds.")


def clip(x: Any, min: Any = None, max: Any = None) -> Any:
    """Each element of ``x`` brought into [min, max]; a bound is a number, a tensor that broadcasts, or None.

    The gradient passes inside and at numeric bounds. Raises ``ArgumentError`` where both bounds are None.

    >>> import tinygrad_bp as tg
    >>> tg.clip(tg.tensor([-2.0, 0.5, 2.0]), -1, 1)
    tensor([-1. ,  0.5,  1. ])
    """
    from ..autograd.errors import ArgumentError

    if min is None and max is None:
        raise ArgumentError("clip: give min, max or both; both are None")
    if not isinstance(min, (int, float, type(None))) or not isinstance(max, (int, float, type(None))):
        if min is not None:
            x = maximum(x, min)
        return x if max is None else minimum(x, max)
    floating = isinstance(min, float) or isinstance(max, float)
    if floating and isinstance(x, Tensor) and x.dtype.kind in "bui":
        x = cast(x, dtypes.get_default_dtype())
    return _clip_op(x, min, max)


# ---------------------------------------------------------------------- dtype and copies


def _cast(x: Any, dtype: Any) -> Any:
    target = np.dtype(dtype)
    if target.kind == "c":
        dtypes.saw_complex()
    elif x.dtype.kind == "c":
        x = x.real
    return x.astype(target)


cast = linear("cast", _cast, lambda g, x_dtype: _cast_back(g, x_dtype),
              params={"dtype": REQUIRED}, formula="x", samples=(sample((2, 3), dtype=dtypes.float64),),
              reference=lambda x, dtype: np.asarray(x, dtype),
              doc="The same numbers in another dtype.")


def _cast_back(g: Any, dtype: Any) -> Any:
    return cast(g, dtype) if isinstance(g, Tensor) else _cast(np.asarray(g), dtype)


clone = linear("clone", lambda x: np.array(x), lambda g: g, formula="x", samples=unary(), reference=np.copy,
               doc="A copy that records.")

# ---------------------------------------------------------------------- without gradient

_pairs = binary(fixed(0.1, 0.7, -0.5), fixed(-0.3, 0.7, 0.2))
eq = constant("eq", np.equal, inputs="a b", samples=_pairs, doc="a == b, element by element.")
ne = constant("ne", np.not_equal, inputs="a b", samples=_pairs, doc="a != b, element by element.")
lt = constant("lt", np.less, inputs="a b", samples=_pairs, doc="a < b, element by element.")
le = constant("le", np.less_equal, inputs="a b", samples=_pairs, doc="a <= b, element by element.")
gt = constant("gt", np.greater, inputs="a b", samples=_pairs, doc="a > b, element by element.")
ge = constant("ge", np.greater_equal, inputs="a b", samples=_pairs, doc="a >= b, element by element.")
logical_not = constant("logical_not", np.logical_not, samples=unary(), doc="Whether each element is 0.")
logical_and = constant("logical_and", np.logical_and, inputs="a b", samples=_pairs, doc="Both are not 0.")
logical_or = constant("logical_or", np.logical_or, inputs="a b", samples=_pairs, doc="One of both is not 0.")
logical_xor = constant("logical_xor", np.logical_xor, inputs="a b", samples=_pairs, doc="Exactly one is not 0.")
_masks = (sample((2, 3), (3,), of=boolean), sample((), (), of=boolean))
bitwise_and = constant("bitwise_and", np.bitwise_and, inputs="a b", samples=_masks, doc="Bitwise and; of masks: both.")
bitwise_or = constant("bitwise_or", np.bitwise_or, inputs="a b", samples=_masks, doc="Bitwise or; of masks: either.")
bitwise_xor = constant("bitwise_xor", np.bitwise_xor, inputs="a b", samples=_masks, doc="Bitwise exclusive or.")
bitwise_not = constant("bitwise_not", np.invert, samples=(sample((2, 3), of=boolean),),
                       doc="Bitwise not; of a mask: not.")
isnan = constant("isnan", np.isnan, samples=unary(), doc="Whether each element is NaN.")
isinf = constant("isinf", np.isinf, samples=unary(), doc="Whether each element is infinite.")
isfinite = constant("isfinite", np.isfinite, samples=unary(), doc="Whether each element is finite.")
