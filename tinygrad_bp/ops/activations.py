"""Activation functions of networks."""

from __future__ import annotations

import math
from operator import index as integer
from typing import Any

import numpy as np

from ..autograd.define import elementwise
from ..autograd.elsewhere import boxed, number
from ..autograd.errors import ArgumentError, ShapeError, shape_text
from ..autograd.op import REQUIRED
from ..autograd.operands import in_floats, of_reals, rounds_once
from ..autograd.steps import recorded_as
from ..autograd.types import Array, DTypeLike, Raw
from ..autograd.values import refuse_gradient
from .elementwise import ONE, ZERO, above_zero, cast, sigmoid, sigmoid_slope, two_sides, where
from .error_functions import bell, bounded, erf, within
from .network import log_softmax as _log_softmax
from .network import softmax as _softmax
from .passes import choose, in_blocks
from .samples import fixed, nonzero, sample, unary
from .trigonometry import tanh

__all__ = ["celu", "log_softmax", "prelu", "selu", "softmax", "threshold"]

# ---------------------------------------------------------------------- smooth units


def _silu(x: Any) -> tuple[Any, Any]:
    p, slope = two_sides(x)
    slope *= x
    slope += 1
    slope *= p
    return x * p, slope


silu_slope = elementwise(
    "silu_slope", lambda x: in_blocks(_silu, x)[1],
    lambda g, x: g * (sigmoid_slope(x) * (2 + x * (sigmoid(-x) - sigmoid(x)))), floats=True,
    formula="σ(x) · (1 + x · σ(−x))", samples=unary(),
    reference=lambda x: np.exp(-np.logaddexp(0, -x)) * (1 + x * np.exp(-np.logaddexp(0, x))),
    doc="The slope of silu.")

silu = elementwise("silu", lambda x: in_blocks(_silu, x), lambda g, x, slope: g * slope,
                   residuals={"slope": lambda x: silu_slope(x)},
                   floats=True, formula="x / (1 + e⁻ˣ)", samples=unary(),
                   reference=lambda x: x * np.exp(-np.logaddexp(0, -x)),
                   doc="x · sigmoid(x), also called swish (Elfwing et al. 2018; Ramachandran et al. 2017).")


def _elu(x: Any, alpha: float) -> Any:
    y = np.expm1(np.minimum(x, ZERO.get(x.dtype, 0)))
    y *= alpha
    y += above_zero(x)  # one of the two is 0
    return y


elu = elementwise("elu", of_reals("elu", lambda x, alpha: in_blocks(lambda part: _elu(part, alpha), x)),
                  lambda g, x, alpha: g * np.exp(np.fmin(x, ZERO.get(x.dtype, 0))) if alpha == 1 else where(
                      x <= 0, g * (alpha * np.exp(np.minimum(x, ZERO.get(x.dtype, 0)))), g),
                  params={"alpha": 1.0}, floats=True, formula="x if x > 0 else alpha · (eˣ − 1)",
                  samples=(*unary(nonzero), *unary(nonzero, alpha=0.3)),
                  reference=lambda x, alpha=1.0: np.maximum(x, 0) + np.minimum(alpha * np.expm1(np.minimum(x, 0)), 0),
                  doc="x above 0, alpha · (eˣ − 1) below (Clevert et al. 2016).")


def log_1_exp(x: Raw) -> tuple[Any, Any]:
    """ln(1 + eˣ) of a raw array, by vector instructions (np.logaddexp has none), and its slope, the sigmoid."""
    zero = ZERO.get(x.dtype)
    above = above_zero(x) if zero is None else np.maximum(x, zero)  # a call less
    below = np.minimum(x, 0 if zero is None else zero)
    e = np.exp(below - above)
    y = np.log1p(e)
    y += above
    slope = np.exp(below)  # 1 or e, in less time than a choice takes
    e += ONE.get(y.dtype, 1.0)
    slope /= e
    return y, slope


def _softplus(x: Any, beta: float, threshold: float) -> tuple[Any, Any]:
    refuse_gradient(beta, "softplus: beta", "softplus(x * beta) / beta")
    z = x if beta == 1 else x * beta
    y, slope = log_1_exp(z)
    if beta != 1:
        y /= beta
    over = z > threshold
    return (choose(over, x, y), choose(over, 1.0, slope)) if over.any() else (y, slope)


def _logsigmoid(x: Any) -> tuple[Any, Any]:
    y, slope = log_1_exp(-x)
    return -y, slope


softplus_slope = elementwise(
    "softplus_slope", lambda x, beta, threshold: in_blocks(lambda part: _softplus(part, beta, threshold), x)[1],
    lambda g, x, beta, threshold: where(x * beta > threshold, 0.0, g * (beta * sigmoid_slope(x * beta))),
    params={"beta": 1.0, "threshold": math.inf}, floats=True, formula="σ(beta · x) if beta · x ≤ threshold else 1",
    samples=(*unary(), *unary(beta=2.0), *unary(extremes=False, threshold=0.0)),
    reference=lambda x, beta=1.0, threshold=np.inf: np.where(
        beta * x > threshold, 1.0, np.exp(-np.logaddexp(0, -beta * x))),
    doc="The slope of softplus: a sigmoid, 1 where beta · x is above threshold.")

softplus = elementwise("softplus", lambda x, beta, threshold: in_blocks(
                           lambda part: _softplus(part, beta, threshold), x),
                       lambda g, x, slope, beta, threshold: g * slope,
                       residuals={"slope": lambda x, beta, threshold: softplus_slope(x, beta, threshold)},
                       params={"beta": 1.0, "threshold": 20.0}, floats=True,
                       formula="ln(1 + e^(beta · x)) / beta if beta · x ≤ threshold else x",
                       samples=(*unary(), *unary(beta=2.0), *unary(extremes=False, threshold=0.0)),
                       reference=lambda x, beta=1.0, threshold=20.0: np.where(
                           beta * x > threshold, x, np.maximum(x, 0) + np.log1p(np.exp(-np.abs(beta * x))) / beta),
                       doc="A smooth relu; x itself where beta · x is above threshold (Dugas et al. 2001).")

logsigmoid = elementwise("logsigmoid", lambda x: in_blocks(_logsigmoid, x), lambda g, x, slope: g * slope, floats=True,
                         residuals={"slope": lambda x: softplus_slope(-x)},
                         formula="−ln(1 + e⁻ˣ)", samples=unary(), reference=lambda x: -np.logaddexp(0, -x),
                         grad_fn="LogSigmoidBackward0",
                         doc="ln sigmoid(x), finite for any finite number.")

_TANH = math.sqrt(2 / math.pi)


def _cumulative(x: Any, approximate: str) -> Any:
    """The standard normal distribution function, exactly or by the tanh that stands for it."""
    if approximate == "none":
        return 0.5 + 0.5 * erf(x * math.sqrt(0.5))
    z = bounded(x, 10.0)
    return 0.5 + 0.5 * np.tanh(z * (_TANH + _TANH * 0.044715 * (z * z)))


def _gelu_slope(x: Any, p: Any, approximate: str) -> Any:
    if approximate == "none":
        return p + x * bell(x, math.sqrt(0.5 / math.pi), 0.5)
    z = bounded(x, 10.0)
    return p + x * (p * (1 - p)) * (2 * _TANH + 6 * _TANH * 0.044715 * (z * z))


def _gelu(x: Any, approximate: str) -> tuple[Any, Any]:
    """The value and the slope, as ``_cumulative`` and ``_gelu_slope`` find them, in fewer arrays."""
    if approximate == "none":
        p = boxed(erf(x * math.sqrt(0.5)))
        p *= 0.5
        p += 0.5
        slope = boxed(bell(x, math.sqrt(0.5 / math.pi), 0.5))
        slope *= x
    else:
        z = within(x, 10.0)
        square = boxed(z * z)
        p = square * (_TANH * 0.044715)
        p += _TANH
        p *= z
        p = boxed(np.tanh(p))
        p *= 0.5
        p += 0.5
        slope = 1 - p
        slope *= p
        slope *= x
        square *= 6 * _TANH * 0.044715
        square += 2 * _TANH
        slope *= square
    slope += p
    return x * p, slope


def _any_gelu(x: Any, approximate: str) -> tuple[Any, Any]:
    if approximate not in ("none", "tanh"):
        raise ArgumentError(f"gelu: approximate is 'none' or 'tanh', got {approximate!r}")
    both: tuple[Any, Any] = in_blocks(lambda part: _gelu(part, approximate), x)
    return both


gelu = elementwise("gelu", _any_gelu, lambda g, x, slope, approximate: g * slope,
                   params={"approximate": "none"}, floats=True, formula="x · Φ(x)",
                   residuals={"slope": lambda x, approximate: _gelu_slope(
                       x, _cumulative(x, approximate), approximate)},
                   samples=(*unary(), *unary(approximate="tanh")),
                   reference=lambda x, approximate="none": x * (
                       0.5 * (1 + np.reshape([math.erf(v * math.sqrt(0.5)) for v in np.ravel(x)], np.shape(x)))
                       if approximate == "none" else 1 / (1 + np.exp(np.maximum(
                           -2 * _TANH * (x + 0.044715 * x * x * x), -700.0).clip(None, 700.0)))),
                   doc="x times the standard normal distribution function, exactly ('none') or by 'tanh' "
                       "(Hendrycks and Gimpel 2016).")


@recorded_as("MishBackward0")
@rounds_once
def mish(input: Array) -> Any:
    """``x · tanh(softplus(x))`` (Misra 2019, *Mish*).

    >>> import tinygrad_bp as tg
    >>> tg.nn.functional.mish(tg.tensor([1.0]))
    tensor([0.8651])
    """
    return input * tanh(softplus(input))


@rounds_once
@in_floats("input")
def softsign(input: Array) -> Any:
    """``x / (1 + |x|)`` (Turian et al. 2009).

    >>> import tinygrad_bp as tg
    >>> tg.nn.functional.softsign(tg.tensor([1.0, -3.0]))
    tensor([ 0.5000, -0.7500])
    """
    return input / (1 + np.absolute(input))


@rounds_once
def tanhshrink(input: Array) -> Any:
    """``x − tanh(x)``.

    >>> import tinygrad_bp as tg
    >>> tg.nn.functional.tanhshrink(tg.tensor([1.0]))
    tensor([0.2384])
    """
    return input - tanh(input)


@recorded_as("CeluBackward0")
@rounds_once
def celu(input: Array, alpha: float = 1.0) -> Any:
    """x above 0, ``alpha · (exp(x / alpha) − 1)`` below: an elu without a kink (Barron 2017).

    >>> import tinygrad_bp as tg
    >>> tg.nn.functional.celu(tg.tensor([1.0, -1.0]), 2.0)
    tensor([ 1.0000, -0.7869])
    """
    if not alpha:
        raise ArgumentError("celu: alpha divides, so it cannot be 0")
    return elu(input / alpha) * alpha


_SELU_ALPHA, _SELU_SCALE = 1.6732632423543772848170429916717, 1.0507009873554804934193349852946


@recorded_as("EluBackward0")
@rounds_once
def selu(input: Array) -> Any:
    """A scaled elu that keeps mean 0 and variance 1 (Klambauer et al. 2017, *Self-Normalizing Neural Networks*).

    >>> import tinygrad_bp as tg
    >>> tg.nn.functional.selu(tg.tensor([1.0, -1.0]))
    tensor([ 1.0507, -1.1113])
    """
    return elu(input, _SELU_ALPHA) * _SELU_SCALE


# ---------------------------------------------------------------------- units of straight lines

_off_kinks = fixed(0.7, -1.6, 2.7, -0.2, 5.6, -3.3, 0.2)

hardtanh = elementwise("hardtanh", of_reals("hardtanh", np.clip),
                       lambda g, x, min_val, max_val: where((x <= min_val) | (x >= max_val), 0.0, g),
                       params={"min_val": -1.0, "max_val": 1.0}, floats=True, formula="min(max(x, min_val), max_val)",
                       grad_grad_fn="HardtanhBackwardBackward0",
                       samples=(*unary(_off_kinks), *unary(_off_kinks, min_val=0.0, max_val=6.0)),
                       reference=lambda x, min_val=-1.0, max_val=1.0: np.minimum(np.maximum(x, min_val), max_val),
                       doc="x between two bounds; its gradient at the bounds is 0.")


def relu6(input: Array) -> Any:
    """``min(max(x, 0), 6)`` (Krizhevsky 2010).

    >>> import tinygrad_bp as tg
    >>> tg.nn.functional.relu6(tg.tensor([-1.0, 3.0, 9.0]))
    tensor([0., 3., 6.])
    """
    return hardtanh(input, 0.0, 6.0)


@recorded_as("HardsigmoidBackward0")
@rounds_once
def hardsigmoid(input: Array) -> Any:
    """``relu6(x + 3) / 6``: straight lines in place of the sigmoid.

    >>> import tinygrad_bp as tg
    >>> tg.nn.functional.hardsigmoid(tg.tensor([-4.0, 0.0, 1.5]))
    tensor([0.0000, 0.5000, 0.7500])
    """
    return hardtanh(input, -3.0, 3.0) / 6 + 0.5


def _hardswish(x: Any) -> Any:
    y = x.clip(-3, 3) / 6
    y += 0.5
    y *= x
    return y


def _hardswish_slope(x: Any) -> Any:
    slope = boxed(x / 3)
    slope += 0.5
    np.copyto(slope, 1, where=~(x < 3))
    np.copyto(slope, 0, where=x <= -3)
    return slope


hardswish_slope = elementwise("hardswish_slope", lambda x: in_blocks(_hardswish_slope, x),
                              lambda g, x: where(np.absolute(x) < 3, g / 3, 0.0),
                              floats=True, formula="x / 3 + ½ if |x| < 3 else 0 or 1", samples=unary(_off_kinks),
                              reference=lambda x: np.where(x <= -3, 0, np.where(x < 3, x / 3 + 0.5, 1)),
                              doc="The slope of hardswish.")

hardswish = elementwise("hardswish", of_reals("hardswish", lambda x: in_blocks(_hardswish, x)),
                        lambda g, x: g * hardswish_slope(x),
                        floats=True, formula="x · hardsigmoid(x)", samples=unary(_off_kinks),
                        reference=lambda x: x * np.minimum(np.maximum(x + 3, 0), 6) / 6,
                        doc="x · hardsigmoid(x) (Howard et al. 2019, Searching for MobileNetV3).")

hardshrink = elementwise("hardshrink", of_reals("hardshrink", lambda x, lambd: choose(
                             (x <= lambd) & (x >= -lambd), np.zeros_like(x), x)),
                         lambda g, x, lambd: where(np.absolute(x) <= lambd, 0.0, g),
                         params={"lambd": 0.5}, formula="x if |x| > lambd else 0",
                         grad_grad_fn="HardshrinkBackwardBackward0",
                         samples=(*unary(_off_kinks), *unary(_off_kinks, lambd=1.0)),
                         reference=lambda x, lambd=0.5: x * (np.abs(x) > lambd),
                         doc="x, and 0 between −lambd and lambd.")

softshrink = elementwise("softshrink",
                         of_reals("softshrink", lambda x, lambd: x - np.clip(x, -_shrinks(lambd), lambd)),
                         lambda g, x, lambd: where(np.absolute(x) <= lambd, 0.0, g),
                         params={"lambd": 0.5}, floats=True, formula="sign(x) · max(|x| − lambd, 0)",
                         grad_grad_fn="SoftshrinkBackwardBackward0",
                         samples=(*unary(_off_kinks), *unary(_off_kinks, lambd=1.0)),
                         reference=lambda x, lambd=0.5: np.sign(x) * np.maximum(np.abs(x) - lambd, 0),
                         doc="x moved towards 0 by lambd, and 0 between −lambd and lambd.")


def _shrinks(lambd: float) -> float:
    if lambd < 0:
        raise ArgumentError(f"softshrink: lambd is how far x moves towards 0, not negative; got {lambd}")
    return lambd


threshold = elementwise("threshold",
                        of_reals("threshold", lambda x, threshold, value: where(
                            x <= threshold, number(value, x.dtype), x)),
                        lambda g, x, threshold: where(x <= threshold, 0.0, g),
                        params={"threshold": REQUIRED, "value": REQUIRED}, formula="x if x > threshold else value",
                        grad_grad_fn="ThresholdBackwardBackward0",
                        samples=unary(_off_kinks, threshold=0.5, value=-7.0),
                        reference=lambda x, threshold, value: np.where(np.less_equal(x, threshold), value, x),
                        doc="x above a threshold, a fixed value elsewhere.")

_prelu = elementwise("prelu", lambda x, weight: choose(x > 0, x, weight * x),
                     lambda g, x, weight: where(x > 0, g, g * weight),
                     lambda g, x: where(x > 0, 0.0, g * x),
                     inputs="x weight", formula="x if x > 0 else weight · x",
                     grad_grad_fn="PreluKernelBackwardBackward0",
                     samples=tuple(sample(*shapes, of=nonzero) for shapes in (
                         ((2, 3), (3,)), ((2, 3, 4), (3, 1)), ((4,), (1,)), ((), ()), ((0, 3), (3,)))),
                     reference=lambda x, weight: np.maximum(x, 0) + weight * np.minimum(x, 0),
                     grad_fn="PreluKernelBackward0",
                     doc="x above 0, weight · x below (He et al. 2015).")


@in_floats("input weight", real=True)
def prelu(input: Array, weight: Array) -> Any:
    """x above 0, ``weight · x`` below; ``weight`` is one number, or one per channel (dimension 1 of ``input``).

    Raises ``ShapeError`` for another number of weights. Source: He et al., *Delving Deep into Rectifiers*, 2015.

    >>> import tinygrad_bp as tg
    >>> tg.nn.functional.prelu(tg.tensor([2.0, -2.0]), tg.tensor([0.25]))
    tensor([ 2.0000, -0.5000])
    """
    count = math.prod(weight.shape)
    if count == 1:
        return _prelu(input, np.reshape(weight, ()))
    if weight.ndim != 1 or input.ndim < 2 or input.shape[1] != count:
        raise ShapeError(
            f"prelu: the input {shape_text(input.shape)} and weight {shape_text(weight.shape)} do not fit: give one "
            "weight, or one for each channel, the input's dimension 1"
        )
    return _prelu(input, np.reshape(weight, (count, *(1,) * (input.ndim - 2))))


# ---------------------------------------------------------------------- along a dimension


@recorded_as("GluBackward0")
@rounds_once
def glu(input: Array, dim: int = -1) -> Any:
    """The first half along ``dim`` times the sigmoid of the second (Dauphin et al. 2017, gated linear units).

    Raises ``ShapeError`` where that dimension has an odd size.

    >>> import tinygrad_bp as tg
    >>> tg.nn.functional.glu(tg.tensor([2.0, 4.0, 0.0, 0.0]))
    tensor([1., 2.])
    """
    if not -input.ndim <= dim < input.ndim or input.shape[dim] % 2:
        raise ShapeError(f"glu: halves dimension {dim}, which must exist and be even; got {shape_text(input.shape)}")
    half, before = input.shape[dim] // 2, (slice(None),) * (dim % input.ndim)
    return input[(*before, slice(None, half))] * sigmoid(input[(*before, slice(half, None))])


def softmax(input: Array, dim: int = -1, dtype: DTypeLike = None, *, axis: int | None = None) -> Any:
    """Exponentials that sum to 1 along ``dim``; of numbers cast to ``dtype`` first, where it is given.

    >>> import tinygrad_bp as tg
    >>> tg.softmax(tg.tensor([0.0, 0.0]), dim=0)
    tensor([0.5000, 0.5000])
    """
    return _softmax(_in(input, dtype), integer(dim if axis is None else axis))


def log_softmax(input: Array, dim: int = -1, dtype: DTypeLike = None, *, axis: int | None = None) -> Any:
    """``ln softmax``, finite for any finite scores; of numbers cast to ``dtype`` first, where it is given.

    >>> import tinygrad_bp as tg
    >>> tg.log_softmax(tg.tensor([0.0, 0.0]), dim=0)
    tensor([-0.6931, -0.6931])
    """
    return _log_softmax(_in(input, dtype), integer(dim if axis is None else axis))


@in_floats("input")
def softmin(input: Array, dim: int = -1, dtype: DTypeLike = None, *, axis: int | None = None) -> Any:
    """``softmax(−input)``: the smallest number gets the largest share.

    >>> import tinygrad_bp as tg
    >>> tg.nn.functional.softmin(tg.tensor([0.0, 0.0]), dim=0)
    tensor([0.5000, 0.5000])
    """
    return softmax(-input, dim, dtype, axis=axis)


def _in(x: Any, dtype: Any) -> Any:
    return x if dtype is None or x.dtype == dtype else cast(x, dtype)
