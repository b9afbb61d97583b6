"""Histograms with edges: how many elements, or how much weight, lies in each bin. No gradient passes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ..autograd.elsewhere import on_cpu
from ..autograd.errors import ArgumentError, DtypeError, ShapeError, shape_text
from ..autograd.returned import returned
from ..autograd.tensor import Tensor, wrap
from ..autograd.types import Array
from ..autograd.values import fixed_value

__all__ = ["histogram", "histogramdd"]


class Histogram(NamedTuple):
    """What is in each bin, and the edges between them: one more than there are bins."""

    hist: Tensor
    bin_edges: Any

    def __repr__(self) -> str:
        return returned("histogram", self)


def _floats(name: str, x: Any) -> Any:
    values = on_cpu(fixed_value(x, name), name)
    if values.dtype.kind != "f":
        raise DtypeError(f"{name}: needs floating point numbers, got {values.dtype}; write t.float()")
    return values


def histogram(
    input: Array, bins: int | Array = 100, *, range: Sequence[float] | None = None, weight: Array | None = None,
    density: bool = False,
) -> Histogram:  # fmt: skip
    """How many elements lie in each of ``bins`` equal parts of ``range`` (of all), or between edges that are given.

    With ``weight`` the sum of the elements' weights, with ``density`` such that the area is 1. Raises ``DtypeError``
    for integers, ``NoRuleError`` for a tensor that requires grad.

    >>> import tinygrad_bp as tg
    >>> tg.histogram(tg.tensor([1.0, 2.0, 1.0]), bins=2, range=(0.0, 3.0)).hist
    tensor([2., 1.])
    """
    values = _floats("histogram", input)
    edges = bins if isinstance(bins, int) else fixed_value(bins, "histogram: bins")
    within = None if range is None else tuple(fixed_value(range, "histogram: range"))
    weights = None if weight is None else fixed_value(weight, "histogram: weight").ravel()
    found, limits = np.histogram(values.ravel(), edges, within, density, weights)
    return Histogram(*(wrap(np.asarray(part, values.dtype), None) for part in (found, limits)))


def histogramdd(
    input: Array, bins: int | Sequence[int] | Sequence[Array], range: Sequence[float] | None = None,
    weight: Array | None = None, density: bool = False,
) -> Histogram:  # fmt: skip
    """The histogram of points (…, dimensions): ``bins`` is a number, or one or the edges for each dimension.

    ``range`` holds the lower and upper end of each dimension in a row. The edges are a tuple, one tensor a dimension.

    >>> import tinygrad_bp as tg
    >>> tg.histogramdd(tg.tensor([[0.0, 1.0], [1.0, 0.0]]), bins=[2, 2], range=[0.0, 1.0, 0.0, 1.0]).hist
    tensor([[0., 1.],
            [1., 0.]])
    """
    values = _floats("histogramdd", input)
    if values.ndim < 2:
        raise ShapeError(f"histogramdd: needs points (…, dimensions), got {shape_text(values.shape)}")
    points = values.reshape(-1, values.shape[-1])
    each = [bins] * points.shape[1] if isinstance(bins, int) else list(bins)
    if len(each) != points.shape[1] or (range is not None and len(range) != 2 * points.shape[1]):
        raise ArgumentError(
            f"histogramdd: points of {points.shape[1]} dimensions need bins, and two ends of the range, for each"
        )
    edges = [item if isinstance(item, int) else fixed_value(item, "histogramdd: bins") for item in each]
    within = None if range is None else fixed_value(range, "histogramdd: range").reshape(-1, 2)
    weights = None if weight is None else fixed_value(weight, "histogramdd: weight").ravel()
    found, limits = np.histogramdd(points, edges, within, density, weights)
    hist: Tensor = wrap(np.asarray(found, values.dtype), None)
    return Histogram(hist, tuple([wrap(np.asarray(limit, values.dtype), None) for limit in limits]))
