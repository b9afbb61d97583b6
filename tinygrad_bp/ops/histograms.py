"""Histograms with edges: how many elements, or how much weight, lies in each bin. No gradient passes."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ..autograd.define import constant
from ..autograd.elsewhere import hosted, moved, on_cpu
from ..autograd.errors import ArgumentError, DtypeError, ShapeError, shape_text
from ..autograd.op import REQUIRED
from ..autograd.returned import returned
from ..autograd.tensor import Tensor, wrap
from ..autograd.types import Array
from ..autograd.values import held, refuse_gradient
from .samples import real, sample
from .shape import ravel, reshape

__all__ = ["histogram", "histogramdd"]


class Histogram(NamedTuple):
    """What is in each bin, and the edges between them: one more than there are bins."""

    hist: Tensor
    bin_edges: Tensor

    def __repr__(self) -> str:
        return returned("histogram", self)


class HistogramOfPoints(NamedTuple):
    """What is in each bin, and the edges along each dimension."""

    hist: Tensor
    bin_edges: tuple[Tensor, ...]

    def __repr__(self) -> str:
        return returned("histogramdd", self)


def _counts(x: Any, bins: Any, range: Any, weight: Any, density: bool) -> Any:
    found, edges = np.histogram(hosted(x).ravel(), bins, range, density, weight)
    return moved(np.concatenate([found, edges]).astype(x.dtype), x)


def _counts_of_points(x: Any, bins: Any, range: Any, weight: Any, density: bool) -> Any:
    found, edges = np.histogramdd(hosted(x), bins, range, density, weight)
    return moved(np.concatenate([found.ravel(), *edges]).astype(x.dtype), x)


_SETTINGS = {"bins": REQUIRED, "range": None, "weight": None, "density": False}

# Bins, edges, the ends of the range and weights may be others in each run of a program: arrays among the parameters.
_histogram_op: Any = constant(
    "histogram", _counts, params=_SETTINGS,
    samples=(sample((4, 5), of=real, bins=3), sample((7,), of=real, bins=np.array([-1.0, 0.0, 2.0]), density=True)),
    reference=lambda x, bins, range=None, weight=None, density=False: _counts(x, bins, range, weight, density),
    doc="How many elements lie in each bin, and behind that the edges of the bins.")

_points_op: Any = constant(
    "histogramdd", _counts_of_points, params=_SETTINGS,
    samples=(sample((6, 2), of=real, bins=[2, 3]),
             sample((6, 1), of=real, bins=[np.array([-1.0, 0.0, 2.0])], density=True)),
    reference=lambda x, bins, range=None, weight=None, density=False: _counts_of_points(
        x, bins, range, weight, density),
    doc="How many points lie in each bin, row by row, and behind that the edges of each dimension.")


def _check_floats(name: str, x: Any) -> None:
    refuse_gradient(x, name)
    on_cpu(held(x), name)
    if x.dtype.kind != "f":
        raise DtypeError(f"{name}: needs floating point numbers, got {x.dtype}; write t.float()")


def _tensor(found: Any) -> Any:
    return found if isinstance(found, Tensor) else wrap(found, None)


def _given(x: Any, what: str) -> Any:
    """An array among the parameters."""
    refuse_gradient(x, what)
    return hosted(held(x))


def _edges(bins: Any, what: str) -> Any:
    """A number of bins, or their edges."""
    if isinstance(bins, (int, np.integer)):
        return int(bins)
    edges = _given(bins, what)
    if np.ndim(edges) != 1:
        raise ShapeError(f"{what} is a number, or the edges in one row, got the shape {shape_text(np.shape(edges))}")
    return edges


def histogram(
    input: Array, bins: int | Array = 100, *, range: Sequence[float] | None = None, weight: Array | None = None,
    density: bool = False,
) -> Histogram:  # fmt: skip
    """How many elements lie in each of ``bins`` equal parts of ``range`` (of all), or between edges that are given.

    With ``weight`` the sum of the elements' weights, with ``density`` such that the area is 1. Raises ``DtypeError``
    for integers, ``NoRuleError`` for a tensor that requires grad, ``ArgumentError`` where the range has other than two
    ends.

    >>> import tinygrad_bp as tg
    >>> tg.histogram(tg.tensor([1.0, 2.0, 1.0]), bins=2, range=(0.0, 3.0)).hist
    tensor([2., 1.])
    """
    _check_floats("histogram", input)
    edges = _edges(bins, "histogram: bins")
    if range is not None and len(range) != 2:
        raise ArgumentError(f"histogram: range is the lower and the upper end, got {len(range)} numbers")
    within = None if range is None else _given(range, "histogram: range")
    weights = None if weight is None else ravel(_given(weight, "histogram: weight"))
    both = _tensor(_histogram_op(input, edges, within, weights, density))
    count = edges if isinstance(edges, int) else len(edges) - 1
    return Histogram(both[:count], both[count:])


def histogramdd(
    input: Array, bins: int | Sequence[int] | Sequence[Array], range: Sequence[float] | None = None,
    weight: Array | None = None, density: bool = False,
) -> HistogramOfPoints:  # fmt: skip
    """The histogram of points (…, dimensions): ``bins`` is a number, or one or the edges for each dimension.

    ``range`` holds the lower and upper end of each dimension in a row. The edges are a tuple, one tensor a dimension.

    >>> import tinygrad_bp as tg
    >>> tg.histogramdd(tg.tensor([[0.0, 1.0], [1.0, 0.0]]), bins=[2, 2], range=[0.0, 1.0, 0.0, 1.0]).hist
    tensor([[0., 1.],
            [1., 0.]])
    """
    _check_floats("histogramdd", input)
    if input.ndim < 2:
        raise ShapeError(f"histogramdd: needs points (…, dimensions), got {shape_text(input.shape)}")
    points = reshape(input, (-1, input.shape[-1]))
    each = [bins] * points.shape[1] if isinstance(bins, (int, np.integer)) else list(bins)
    if len(each) != points.shape[1] or (range is not None and len(range) != 2 * points.shape[1]):
        raise ArgumentError(
            f"histogramdd: points of {points.shape[1]} dimensions need bins, and two ends of the range, for each"
        )
    edges = [_edges(item, "histogramdd: bins") for item in each]
    within = None if range is None else reshape(_given(range, "histogramdd: range"), (-1, 2))
    weights = None if weight is None else ravel(_given(weight, "histogramdd: weight"))
    both = _tensor(_points_op(points, edges, within, weights, density))
    sizes = [item if isinstance(item, int) else len(item) - 1 for item in edges]
    ends = np.cumsum([math.prod(sizes), *[size + 1 for size in sizes]])
    limits = [both[start:end] for start, end in itertools.pairwise(ends)]
    return HistogramOfPoints(reshape(both[: ends[0]], tuple(sizes)), tuple(limits))
