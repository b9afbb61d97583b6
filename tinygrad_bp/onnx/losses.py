"""Losses, in ONNX."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .dims import fixed
from .elementwise import c_max, softplus
from .graph import Ref
from .shapes import ndim_of, shape_of
from .table import Call, entry


def _reduced(c: Call, losses: Ref, reduction: str) -> Ref:
    if reduction == "none":
        return losses
    return c.graph.sum(losses, None, False, "ReduceMean" if reduction == "mean" else "ReduceSum")


@entry("mse_loss")
def _mse(c: Call, x: Ref, target: Ref, reduction: str) -> Ref:
    d = x.cast(c.dtype) - target.cast(c.dtype)
    return _reduced(c, d * d, reduction)


@entry("l1_loss")
def _l1(c: Call, x: Ref, target: Ref, reduction: str) -> Ref:
    return _reduced(c, (x.cast(c.dtype) - target.cast(c.dtype)).unary("Abs"), reduction)


@entry("huber_loss")
def _huber(c: Call, x: Ref, target: Ref, reduction: str, delta: float) -> Ref:
    d = x - target
    size = d.unary("Abs")
    return _reduced(c, (size < delta).choose(d * d * 0.5, (size - delta / 2) * delta), reduction)


@entry("binary_cross_entropy_with_logits")
def _bce_with_logits(c: Call, x: Ref, target: Ref, reduction: str) -> Ref:
    return _reduced(c, softplus(x) - x * target, reduction)


@entry("binary_cross_entropy")
def _bce(c: Call, x: Ref, target: Ref, reduction: str) -> Ref:
    def log(p: Ref) -> Ref:
        return c_max(p.unary("Log"), -100)

    return _reduced(c, -(target * log(x) + (1 - target) * log(1 - x)), reduction)


@entry("cross_entropy")
def _cross_entropy(c: Call, x: Ref, target: Ref, reduction: str) -> Ref:
    axis = min(1, ndim_of(c) - 1)
    log_p = c.graph.node("LogSoftmax", x, axis=axis)
    found = c.graph.node("GatherElements", log_p, c.graph.unsqueeze(target.cast(np.int64), axis), axis=axis)
    return _reduced(c, -c.graph.squeeze(found, axis), reduction)


def _weighed(x: Ref, target: Ref) -> Ref:
    return target.eq(0).choose(0, x * target)


@entry("nll_loss")
def _nll(c: Call, x: Ref, target: Ref, divisor: Ref) -> Ref:
    return -c.graph.sum(_weighed(x, target), None) / divisor.cast(c.dtype)


@entry("nll_rows")
def _nll_rows(c: Call, x: Ref, target: Ref) -> Ref:
    return -c.graph.sum(_weighed(x, target), [min(1, ndim_of(c) - 1)])


@entry("nll_scale")
def _nll_scale(c: Call, divisor: Ref) -> Ref:
    return divisor.isnan().choose(0, -1 / divisor)


@entry("class_coefficients")
def _coefficients(c: Call, target: Ref, weight: Ref, shape: Any, name: str, ignore_index: int, smoothing: float) -> Ref:
    axis = min(1, len(c.shape) - 1)
    count, target = fixed(shape_of(c, 1)[0]), target.cast(np.int64)
    per_class = (-1, *(1,) * (len(c.shape) - 1 - axis))
    hits = c.graph.unsqueeze(target, axis).eq(np.arange(count).reshape(per_class))
    share = hits.choose(c.graph.constant(1 - smoothing + smoothing / count, weight.dtype), smoothing / count)
    rows = share * c.graph.unsqueeze(weight, *range(1, len(per_class)))
    return c.graph.unsqueeze(target.eq(ignore_index), axis).choose(0, rows)


@entry("class_weight_total")
def _weight_total(c: Call, target: Ref, weight: Ref, ignore_index: int) -> Ref:
    target = target.cast(np.int64)
    kept = ~target.eq(ignore_index)
    total = c.graph.sum(kept.choose(c.graph.take(weight, kept.choose(target, 0), 0), 0), None)
    none = c.graph.sum(kept.cast(np.int64), None).eq(0)
    return none.choose(math.nan, total)
