"""Weights that are computed: with rows or columns of length 1, at right angles to each other."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np

from ...autograd.errors import ArgumentError, ShapeError, shape_text
from ...autograd.tensor import Tensor
from ...functions.creation import eye, zeros
from ...functions.older_linalg import geqrf
from ...ops.complex_numbers import sgn
from ...ops.diagonals import diagonal, tril
from ...ops.elementwise import mul
from ...ops.joining import cat
from ...ops.matrix_functions import matrix_exp
from ...ops.products import matmul
from ...ops.qr import householder_product, qr
from ...ops.solving import solve
from ...random.sampling import randn
from ..module import Module
from .parametrize import register_parametrization

__all__ = ["orthogonal"]

M = TypeVar("M", bound=Module)
MAPS = ("matrix_exp", "cayley", "householder")


class _Orthogonal(Module):
    base: Tensor | None

    def __init__(self, shape: tuple[int, ...], orthogonal_map: str, use_trivialization: bool) -> None:
        self.shape, self.map = shape, orthogonal_map
        if use_trivialization:
            self.register_buffer("base", None)
        self.trivialized = use_trivialization

    def forward(self, x: Any) -> Any:
        """The matrix with orthonormal columns (rows, where there are more of them) that ``x`` stands for."""
        wide = x.shape[-2] < x.shape[-1]
        found = self._columns(x.mT if wide else x)
        if self.trivialized and self.base is not None:
            found = matmul(self.base, found)
        return found.mT if wide else found

    def _columns(self, x: Any) -> Any:
        n, k = x.shape[-2:]
        if self.map == "householder":
            below = tril(x, -1)
            tau = 2.0 / (1.0 + (below * below.conj()).sum(-2))
            return mul(householder_product(below, tau), sgn(diagonal(x, 0, -2, -1).detach()).unsqueeze(-2))
        x = tril(x)
        if n != k:
            x = cat([x, zeros(*x.shape[:-1], n - k, dtype=x.dtype)], -1)
        skew = x - x.mH
        if self.map == "matrix_exp":
            return matrix_exp(skew)[..., :k]
        one = eye(n, dtype=x.dtype)
        return solve(one - skew / 2, one + skew / 2)[..., :k]

    def right_inverse(self, value: Any) -> Any:
        """What stands for an orthogonal matrix; of another its nearest by QR."""
        if tuple(value.shape) != self.shape:
            raise ShapeError(
                f"orthogonal: the weight is {shape_text(self.shape)}, got {shape_text(tuple(value.shape))}"
            )
        wide = value.shape[-2] < value.shape[-1]
        columns = value.mT if wide else value
        n, k = columns.shape[-2:]
        if not self.trivialized:
            if self.map != "householder":
                raise NotImplementedError(f"the inverse of {self.map}: assign with use_trivialization=True")
            a, tau = geqrf(columns)
            signs = sgn(diagonal(a, 0, -2, -1)) * (1.0 - 2.0 * (tau == 0).to(a.dtype))
            a = tril(a, -1) + (a - tril(a)) + eye(n, k, dtype=a.dtype) * signs.unsqueeze(-2)
            return a.mT if wide else a
        if n != k:
            columns = cat([columns, randn(*columns.shape[:-1], n - k, dtype=columns.dtype)], -1)
        if n != k or not _is_orthonormal(columns):
            q, r = qr(columns)
            columns = q * sgn(diagonal(r, 0, -2, -1)).unsqueeze(-2)
        self.base = columns.clone()
        return -(eye(*value.shape[-2:], dtype=value.dtype).expand(value.shape)).clone()


def _is_orthonormal(columns: Tensor) -> bool:
    gap = matmul(columns.mH, columns) - eye(columns.shape[-1], dtype=columns.dtype)
    limit = 10 * columns.shape[-2] * float(np.finfo(columns.dtype).eps)
    return bool((gap.abs() < limit).all())


def orthogonal(
    module: M, name: str = "weight", orthogonal_map: str | None = None, *, use_trivialization: bool = True
) -> M:
    """A weight whose columns (or rows, where there are more columns) stay orthonormal while it is learned.

    ``orthogonal_map`` says how: ``"matrix_exp"`` of a skew matrix, for square ones, ``"cayley"``, its rational
    neighbour, or ``"householder"`` reflections, for others; None chooses. With ``use_trivialization`` the map starts at
    the weight itself, made orthogonal, which costs one more matrix of its size. Raises ``ArgumentError`` for a weight
    of fewer than 2 dimensions and for another map.
    Source: Lezcano-Casado, *Trivializations for Gradient-Based Optimization on Manifolds*, 2019 (arXiv 1909.09501).

    >>> import tinygrad_bp as tg
    >>> layer = tg.nn.utils.parametrizations.orthogonal(tg.nn.Linear(4, 2))
    >>> tg.allclose(layer.weight @ layer.weight.T, tg.eye(2), atol=1e-6)
    True
    """
    weight = getattr(module, name, None)
    if not isinstance(weight, Tensor):
        raise ArgumentError(f"orthogonal: {type(module).__name__} has no parameter or buffer {name!r}")
    if weight.ndim < 2:
        raise ArgumentError(f"orthogonal: a matrix or more is needed, {name} is {shape_text(tuple(weight.shape))}")
    if orthogonal_map is None:
        square = weight.shape[-2] == weight.shape[-1] or weight.dtype.kind == "c"
        orthogonal_map = "matrix_exp" if square else "householder"
    if orthogonal_map not in MAPS:
        raise ArgumentError(f"orthogonal: orthogonal_map is one of {', '.join(MAPS)}, got {orthogonal_map!r}")
    part = _Orthogonal(tuple(weight.shape), orthogonal_map, use_trivialization)
    return register_parametrization(module, name, part, unsafe=True)
