"""Cross-entropy and negative log-likelihood: losses of scores against classes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..autograd.arrays import whole
from ..autograd.define import constant, general
from ..autograd.elsewhere import boxed, copied, kept_number, moved, outermost, zeros
from ..autograd.errors import ArgumentError, DtypeError, ShapeError, TargetError, shape_text
from ..autograd.op import REQUIRED
from ..autograd.types import Array
from ..autograd.values import held, refuse_gradient
from .elementwise import in_dtype
from .losses import REDUCTIONS, check_reduction, is_one, plainly_reduced, refuse_nan
from .network import log_softmax, ones_of, softmax
from .samples import below, fixed, real, sample
from .shape import reshape

__all__ = ["cross_entropy", "nll_loss"]

# ---------------------------------------------------------------------- class indices, the quick way

_CLASSES: dict[int, Any] = {}


def _classes(count: int, x: Any) -> Any:
    """The class numbers as a column, beside ``x``."""
    classes = _CLASSES.get(count)
    if classes is None:
        classes = _CLASSES[count] = np.arange(count)[:, None]
        classes.flags.writeable = False
    return moved(classes, x)


def _classes_first(x: Any) -> Any:
    """Scores as (classes, rows): NumPy reduces over few classes several times faster when they come first."""
    if x.ndim == 2:
        return x.T
    return x[:, None] if x.ndim == 1 else np.reshape(np.moveaxis(x, 1, 0), (x.shape[1], -1))


def _as_scores(d: Any, shape: tuple[int, ...]) -> Any:
    """The way back from (classes, rows) to the shape of the scores."""
    if len(shape) == 2:
        return d.T
    if len(shape) == 1:
        return np.reshape(d, shape)
    return np.moveaxis(np.reshape(d, (shape[1], shape[0], *shape[2:])), 0, 1)


def _check_labels(x: Any, target: Any) -> None:
    if x.ndim == 0:
        raise ValueError("scores need a class dimension")
    wanted = x.shape[:1] + x.shape[2:] if x.ndim > 1 else ()
    if target.dtype.kind not in "ui":
        nan = " (some are NaN)" if target.dtype.kind == "f" and np.isnan(target).any() else ""
        raise TargetError(
            f"cross_entropy: the target holds class indices, integers of shape {shape_text(wanted)}, or class "
            f"probabilities, floats of shape {shape_text(x.shape)}; got {target.dtype} {shape_text(target.shape)}{nan}"
            ". For indices write target.long()"
        )
    if target.shape != wanted:
        raise ValueError(f"scores {shape_text(x.shape)} need a target of shape {shape_text(wanted)}")


def _cross_entropy(x: Any, target: Any, reduction: str) -> Any:
    if reduction not in REDUCTIONS:
        check_reduction("cross_entropy", reduction)
    if x.ndim != 2 or target.shape != x.shape[:1] or target.dtype.kind != "i" or x.dtype.kind != "f":
        _check_labels(_scores("cross_entropy", x), target)
    labels = target.ravel()
    scores = copied(_classes_first(x), "C")
    hits = labels == _classes(len(scores), x)
    if np.count_nonzero(hits) != labels.size:
        bad = labels[~hits.any(axis=0)]
        raise TargetError(
            f"cross_entropy: class index {int(bad[0])} is out of range for scores {shape_text(x.shape)}: classes run "
            f"from 0 to {len(scores) - 1}"
        )
    if labels.size:
        scores -= outermost(np.maximum, scores, 0)
    e = np.exp(scores)
    total = np.add.reduce(e, axis=0)
    p = np.divide(e, total, out=e)
    if reduction == "none":
        return np.reshape(np.log(total) - scores[labels, moved(np.arange(labels.size), x)], target.shape), p, hits
    loss = np.add.reduce(np.log(total)) - np.add.reduce(scores[hits])
    if reduction == "mean":
        loss = loss / labels.size if labels.size else loss * np.nan
    return loss, p, hits


def _hits(x: Any, target: Any) -> Any:
    """Where each row's label stands, (classes, rows)."""
    return np.equal(np.reshape(target, (-1,)), _classes(x.shape[min(1, x.ndim - 1)], x))


def _cross_entropy_slope(g: Any, x: Any, target: Any, p: Any, hits: Any, reduction: str) -> Any:
    if reduction == "none":
        g = np.reshape(g, (-1,))
    elif reduction == "mean":
        factor = 1 / (math.prod(target.shape) or 1)
        g = kept_number(factor, g.dtype) if is_one(g) else g * factor
    return _as_scores((p - hits) * g, x.shape)


_cross_entropy_op = general(
    "cross_entropy", _cross_entropy, _cross_entropy_slope, None,
    inputs="x target", params={"reduction": "mean"}, formula="mean [ln Σ eˣ − x[target]]",
    residuals={"p": lambda x: softmax(_classes_first(x), 0), "hits": _hits},
    samples=(sample((5, 3), (5,), of=(real, below(3))), sample((5, 3), (5,), of=(real, below(3)), reduction="sum"),
             sample((5, 3), (5,), of=(real, below(3)), reduction="none"), sample((3,), (), of=(real, below(3))),
             sample((2, 3, 4), (2, 4), of=(real, below(3))),
             sample((2, 3, 4), (2, 4), of=(real, below(3)), reduction="none"),
             sample((3, 3), (3,), smooth=False,
                    of=(fixed(1e30, -1e30, 0.0, 800.0, -800.0, 88.0, 1e-30, 3.0, -88.0), below(3)))),
    reference=lambda x, target, reduction="mean": _cross_entropy_reference(x, target, reduction),
    hint="scores are (rows, classes) and the target one class index per row",
    grad_fn="NllLossBackward0",
    doc="Cross-entropy of scores (before the softmax) against class indices; finite for any finite score.")


def _cross_entropy_reference(x: Any, target: Any, reduction: str) -> Any:
    axis = 1 if x.ndim > 1 else 0
    log_p = x - np.logaddexp.reduce(x, axis=axis, keepdims=True)
    losses = -np.squeeze(np.take_along_axis(log_p, np.expand_dims(target, axis), axis), axis)
    return plainly_reduced(reduction, losses)


# ---------------------------------------------------------------------- a coefficient for every score


def _weighed(x: Any, target: Any) -> Any:
    if x.shape != target.shape:
        raise ValueError("every log-probability needs its coefficient")
    # Where the coefficient is 0 the log-probability may be -inf.
    return np.multiply(x, target, out=np.zeros_like(x), where=target != 0)


def _nll(x: Any, target: Any, divisor: Any) -> Any:
    total = np.add.reduce(_weighed(x, target), axis=None)
    divisor = in_dtype(divisor, x.dtype) if hasattr(divisor, "dtype") else x.dtype.type(divisor)
    value = -total / divisor if divisor else np.where(total == 0, np.nan, np.copysign(np.inf, -total))
    return value if value == value else refuse_nan("nll_loss", boxed(value), target)


def _inverse(divisor: Any) -> Any:
    divisor = boxed(divisor)
    if divisor != divisor:  # no label counts: the loss is NaN, its gradient 0
        return np.zeros_like(divisor)
    return -1 / divisor if divisor else np.full_like(divisor, -math.inf)


_inverse_op = constant(
    "nll_scale", _inverse, inputs="divisor", samples=(sample((), of=fixed(2.5)), sample((), of=fixed(math.nan))),
    reference=lambda divisor: np.nan_to_num(-1 / divisor), doc="−1 / divisor; 0 of NaN, which no label gave.")


def _nll_slope(g: Any, factor: Any, divisor: Any) -> Any:
    """``factor`` (rows, classes, ...) times what arrives at the total."""
    return factor * (g * moved(in_dtype(_inverse_op(divisor), g.dtype), g))


_nll_op = general(
    "nll_loss", _nll,
    lambda g, target, divisor: _nll_slope(g, target, divisor),
    lambda g, x, divisor: _nll_slope(g, x, divisor), None,
    inputs="x target divisor", formula="−Σ target · x / divisor",
    grad_grad_fn="NllLossBackwardBackward0",
    samples=tuple(sample(shape, shape, (), of=(real, real, fixed(divisor)))
                  for shape, divisor in (((5, 3), 1.0), ((5, 3), 2.5), ((3,), 1.0), ((2, 3, 4), 2.0))),
    reference=lambda x, target, divisor: -np.sum(x * target) / divisor,
    hint="log-probabilities and coefficients need one shape",
    doc="Negative log-likelihood: each log-probability times its coefficient, Σ / divisor (NaN: no label counts).")

_nll_rows_op = general(
    "nll_rows", lambda x, target: -np.add.reduce(_weighed(x, target), axis=min(1, x.ndim - 1)),
    lambda g, target: -target * np.expand_dims(g, min(1, target.ndim - 1)),
    lambda g, x: -x * np.expand_dims(g, min(1, x.ndim - 1)),
    inputs="x target", formula="−Σ over classes of target · x", grad_fn="NllLossBackward0",
    grad_grad_fn="NllLossBackwardBackward0", samples=tuple(sample(shape, shape) for shape in ((5, 3), (3,), (2, 3, 4))),
    reference=lambda x, target: -np.sum(x * target, axis=min(1, x.ndim - 1)),
    hint="log-probabilities and coefficients need one shape",
    doc="Negative log-likelihood, row by row: each log-probability times its coefficient.")


def _coefficients(
    target: Any, weight: Any, shape: tuple[int, ...], name: str, ignore_index: int, smoothing: float
) -> Any:
    axis = min(1, len(shape) - 1)
    count, labels = shape[axis], target.ravel()
    kept = labels != ignore_index
    bad = labels[kept & ((labels < 0) | (labels >= count))]
    if bad.size:
        raise TargetError(
            f"{name}: class index {int(bad[0])} is out of range for scores {shape_text(shape)}: classes run from 0 "
            f"to {count - 1}, and ignore_index={ignore_index} is left out"
        )
    rows = zeros((count, labels.size), weight.dtype, weight)
    rows += smoothing / count
    rows[np.where(kept, labels, 0), moved(np.arange(labels.size), weight)] += 1 - smoothing
    rows *= weight[:, None]
    rows[:, ~kept] = 0
    return _as_scores(rows, shape)


def _coefficients_reference(
    target: Any, weight: Any, shape: tuple[int, ...], name: str = "", ignore_index: int = -100, smoothing: float = 0.0
) -> Any:
    axis, count = min(1, len(shape) - 1), weight.size
    hits = np.expand_dims(target, axis) == np.reshape(np.arange(count), (-1,) + (1,) * (len(shape) - 1 - axis))
    rows = (hits * (1 - smoothing) + smoothing / count) * np.reshape(weight, (-1,) + (1,) * (len(shape) - 1 - axis))
    return rows * (np.expand_dims(target, axis) != ignore_index)


_coefficients_op = constant(
    "class_coefficients", _coefficients, inputs="target weight",
    params={"shape": REQUIRED, "name": "nll_loss", "ignore_index": -100, "smoothing": 0.0},
    samples=(sample((5,), (3,), of=(below(3), real), shape=(5, 3)),
             sample((2, 4), (3,), of=(below(3), real), shape=(2, 3, 4), ignore_index=1, smoothing=0.1),
             sample((), (3,), of=(below(3), real), shape=(3,))),
    reference=_coefficients_reference,
    doc="Class indices as coefficients of scores of a shape: the weight of a row's class, smoothed; 0 where ignored.")


def _total_weight(target: Any, weight: Any, ignore_index: int) -> Any:
    labels = target.ravel()
    labels = labels[labels != ignore_index]
    return np.add.reduce(weight[labels]) if labels.size else zeros((), weight.dtype, weight) + weight.dtype.type(np.nan)


_total_weight_op = constant(
    "class_weight_total", _total_weight, inputs="target weight", params={"ignore_index": -100},
    samples=(sample((5,), (3,), of=(below(3), real)), sample((2, 4), (3,), of=(below(3), real), ignore_index=1)),
    reference=lambda target, weight, ignore_index=-100: np.sum(weight[target] * (target != ignore_index)),
    doc="The sum of the weights of the labels, which the mean divides by; NaN where every label is ignored.")


def _by_labels(
    name: str, x: Any, target: Any, weight: Any, ignore_index: int, smoothing: float, reduction: str
) -> tuple[Any, Any]:
    """Class indices as coefficients of the scores ``x``, and what their sum is divided by (NaN: no label counts)."""
    if weight is None:
        weight = ones_of(x.shape[min(1, x.ndim - 1)], x.dtype, x)
    else:
        refuse_gradient(weight, f"{name}: weight beside class indices")
    rows = _coefficients_op(target, weight, x.shape, name, ignore_index, smoothing)
    return rows, _total_weight_op(target, weight, ignore_index) if reduction == "mean" else 1.0


def _nll_loss(log_p: Any, rows: Any, divisor: Any, reduction: str) -> Any:
    return _nll_rows_op(log_p, rows) if reduction == "none" else _nll_op(log_p, rows, divisor)


def _class_weight(name: str, weight: Any, x: Any) -> Any:
    """One weight per class in the dtype of ``x``; None stays None."""
    if weight is None:
        return None
    array = held(weight)
    wanted = (x.shape[min(1, x.ndim - 1)],)
    if array.shape != wanted:
        raise ShapeError(
            f"{name}: scores {shape_text(x.shape)} have {wanted[0]} classes, weight is {shape_text(array.shape)}; give "
            f"one weight per class, {shape_text(wanted)}"
        )
    return in_dtype(weight, x.dtype)


def _scores(name: str, x: Any) -> Any:
    """The array of ``x``, floats with a class dimension."""
    value = held(x)
    if value.dtype.kind != "f" or not value.ndim:
        raise DtypeError(f"{name}: x holds floats with a class dimension, got {value.dtype} {shape_text(value.shape)}")
    return value


def _check_fit(name: str, x: Any, target: Any) -> None:
    try:
        _check_labels(x, target)
    except ValueError as error:
        if isinstance(error, TargetError):
            raise
        sides = f"x {shape_text(x.shape)} and target {shape_text(target.shape)}"
        raise ShapeError(f"{name}: {sides} do not fit ({error})") from None


def nll_loss(
    input: Array, target: Array, weight: Array | None = None, ignore_index: int = -100, reduction: str = "mean"
) -> Any:
    """``−weight[target] · x[target]``: the loss of log-probabilities (from ``log_softmax``) for class indices.

    ``input`` is (classes,), (rows, classes) or (rows, classes, ...), the target integers of that shape without classes.
    ``weight`` (classes,) counts classes more or less and has no gradient; rows whose label is ``ignore_index`` count
    for nothing. The mean divides by the sum of the weights of the labels. Raises ``TargetError`` for a label out of
    range or no integer, ``ShapeError`` where shapes differ, ``NoRuleError`` for a weight that requires grad.

    >>> import tinygrad_bp as tg
    >>> tg.nn.functional.nll_loss(tg.tensor([[-0.5, -1.0]]), tg.tensor([1]))
    tensor(1.)
    """
    check_reduction("nll_loss", reduction)
    ignore_index = whole(ignore_index, "nll_loss", "ignore_index")
    value, labels = _scores("nll_loss", input), held(target)
    _check_fit("nll_loss", value, labels)
    weight = _class_weight("nll_loss", weight, value)
    rows, divisor = _by_labels("nll_loss", value, target, weight, ignore_index, 0.0, reduction)
    return _nll_loss(input, rows, divisor, reduction)


def cross_entropy(
    input: Array, target: Array, weight: Array | None = None, ignore_index: int = -100, reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Any:
    """Cross-entropy of scores ``input`` (before the softmax) against classes; finite for any finite score.

    ``input`` is (classes,), (rows, classes) or (rows, classes, ...). The target is one of

    - class indices: integers of its shape without classes; rows labelled ``ignore_index`` count for nothing;
    - class probabilities: floats of the shape of ``input``; a gradient flows to them too;
    - one-hot rows: integers or booleans of the shape of ``input``, a single 1 per row (PyTorch wants floats there).

    ``weight`` (classes,) counts classes more or less; a gradient flows to it beside probabilities, and it must not
    require grad beside class indices. ``label_smoothing`` ε replaces the target t by
    (1 − ε) · t + ε / classes (Szegedy et al. 2016, *Rethinking the Inception Architecture*, section 7). The mean
    divides by the sum of the weights of the labels; with probabilities, by the number of rows.
    Raises ``TargetError`` for labels that are out of range, NaN or no one-hot rows, ``ShapeError`` where shapes
    differ, and ``ArgumentError`` for a smoothing outside [0, 1].

    >>> import tinygrad_bp as tg
    >>> scores = tg.tensor([[2.0, 0.0], [0.0, 0.0]])
    >>> tg.nn.functional.cross_entropy(scores, tg.tensor([0, 1]))
    tensor(0.4100)
    >>> tg.nn.functional.cross_entropy(scores, tg.tensor([[0.5, 0.5], [0.0, 1.0]]), label_smoothing=0.1)
    tensor(0.9100)
    """
    labels = held(target)
    differ = labels.ndim != input.ndim or labels.shape != input.shape
    if differ and weight is None and not label_smoothing and ignore_index.__class__ is int and ignore_index < 0:
        try:
            return _cross_entropy_op(input, target, reduction)
        except TargetError:
            if labels.dtype.kind not in "ui" or not np.any(labels == ignore_index):
                raise
    check_reduction("cross_entropy", reduction)
    ignore_index = whole(ignore_index, "cross_entropy", "ignore_index")
    if not 0 <= label_smoothing <= 1:
        raise ArgumentError(f"cross_entropy: label_smoothing goes from 0 to 1, got {label_smoothing}")
    value = _scores("cross_entropy", input)
    weight = _class_weight("cross_entropy", weight, value)
    if labels.shape == value.shape:
        rows = _probabilities(target, labels, value, weight, label_smoothing)
        many = value.size // (value.shape[min(1, value.ndim - 1)] or 1)
        divisor: Any = float(many) if reduction == "mean" else 1.0
    else:
        _check_fit("cross_entropy", value, labels)
        rows, divisor = _by_labels("cross_entropy", value, target, weight, ignore_index, label_smoothing, reduction)
    log_p = log_softmax(input, min(1, value.ndim - 1))
    return _nll_loss(log_p, rows, divisor, reduction)


def _probabilities(target: Any, array: Any, x: Any, weight: Any, smoothing: float) -> Any:
    """A target of the shape of the scores ``x``, smoothed and weighted; it records where the target does."""
    axis = min(1, x.ndim - 1)
    if array.dtype.kind != "f":
        if array.dtype.kind not in "bui" or not (
            np.isin(array, (0, 1)).all() and (np.add.reduce(array, axis=axis, dtype=np.int64) == 1).all()
        ):
            raise TargetError(
                f"cross_entropy: a target of {array.dtype} and of the scores' shape {shape_text(x.shape)} must be "
                "one-hot, a single 1 in each row; write class indices, or probabilities as floats"
            )
        target = in_dtype(target, x.dtype)
    if smoothing:
        target = target * (1 - smoothing) + smoothing / x.shape[axis]
    if weight is not None:
        target = target * reshape(weight, (-1,) + (1,) * (x.ndim - 1 - axis))
    return target
