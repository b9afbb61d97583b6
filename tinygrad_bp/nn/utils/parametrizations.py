"""Weights that are computed: of a norm of their own, of a largest singular value of 1, orthogonal."""

from __future__ import annotations

from typing import Any, TypeVar

from ...autograd.errors import ArgumentError
from ...autograd.modes import no_grad
from ...autograd.tensor import Tensor
from ...functions.older_linalg import norm_except_dim
from ...functions.similarity import normalize
from ...ops.elementwise import clone, div, mul
from ...ops.products import matmul
from ...ops.reduction import sum as total
from ...ops.shape import dim_of, permute, reshape
from ...random.sampling import randn
from ..convolution import ConvTranspose1d, ConvTranspose2d, ConvTranspose3d
from ..module import Module
from .orthogonal import orthogonal
from .parametrize import register_parametrization

__all__ = ["orthogonal", "spectral_norm", "weight_norm"]

M = TypeVar("M", bound=Module)


class _WeightNorm(Module):
    def __init__(self, dim: int | None = 0) -> None:
        self.dim = -1 if dim is None else dim

    def forward(self, g: Any, v: Any) -> Any:
        """The direction ``v`` with the norm ``g``."""
        return mul(v, div(g, norm_except_dim(v, 2, self.dim)))

    def right_inverse(self, weight: Any) -> tuple[Any, Any]:
        """Norm and direction of a weight."""
        return norm_except_dim(weight, 2, self.dim), weight


def weight_norm(module: M, name: str = "weight", dim: int | None = 0) -> M:
    """A weight that is learned as its norm, ``original0``, and its direction, ``original1``: ``g v / |v|``.

    The norm is one for each slice along ``dim``, or one for all where it is None. Source: Salimans and Kingma, *Weight
    Normalization*, 2016 (arXiv 1602.07868).

    >>> import tinygrad_bp as tg
    >>> layer = tg.nn.utils.parametrizations.weight_norm(tg.nn.Linear(2, 3))
    >>> [name for name, _ in layer.named_parameters()][1:]
    ['parametrizations.weight.original0', 'parametrizations.weight.original1']
    """
    return register_parametrization(module, name, _WeightNorm(dim), unsafe=True)


def as_matrix(weight: Any, dim: int) -> Any:
    """The dimension ``dim`` as rows, all others as columns."""
    dim = dim % weight.ndim
    if dim:
        weight = permute(weight, (dim, *[d for d in range(weight.ndim) if d != dim]))
    return reshape(weight, (weight.shape[0], -1))


def power_steps(matrix: Any, u: Tensor, v: Tensor, steps: int, eps: float) -> None:
    """Bring two vectors, in place, nearer to the first left and right singular vectors of a matrix."""
    with no_grad():
        for _ in range(steps):
            u.copy_(normalize(matmul(matrix, v), dim=0, eps=eps))
            v.copy_(normalize(matmul(matrix.T, u), dim=0, eps=eps))


def unit_vectors(matrix: Any, eps: float) -> tuple[Tensor, Tensor]:
    """Random vectors of length 1 on the left and on the right of a matrix."""
    rows, columns = matrix.shape
    u, v = randn(rows, dtype=matrix.dtype), randn(columns, dtype=matrix.dtype)
    return normalize(u, dim=0, eps=eps), normalize(v, dim=0, eps=eps)


def divided(weight: Any, matrix: Any, u: Tensor, v: Tensor) -> Any:
    """The weight by its largest singular value, as the two vectors say it."""
    u, v = clone(u), clone(v)  # the next call writes into them, and backward reads them
    return div(weight, total(mul(u, matmul(matrix, v))))


class _SpectralNorm(Module):
    _u: Tensor
    _v: Tensor

    def __init__(self, n_power_iterations: int, dim: int, eps: float) -> None:
        check_steps(n_power_iterations)
        self.n_power_iterations, self.dim, self.eps = n_power_iterations, dim, eps

    def start(self, weight: Tensor) -> None:
        """Have singular vectors of a matrix; a vector needs none."""
        self.dim = dim_of(self.dim, weight.ndim, "spectral_norm")
        if weight.ndim > 1:
            matrix = as_matrix(weight.detach(), self.dim)
            u, v = unit_vectors(matrix, self.eps)
            self.register_buffer("_u", u)
            self.register_buffer("_v", v)
            power_steps(matrix, u, v, 15, self.eps)

    def forward(self, weight: Any) -> Any:
        """The weight with 1 as its largest singular value."""
        if weight.ndim == 1:
            return normalize(weight, dim=0, eps=self.eps)
        matrix = as_matrix(weight, self.dim)
        if self.training:
            power_steps(matrix.detach(), self._u, self._v, self.n_power_iterations, self.eps)
        return divided(weight, matrix, self._u, self._v)

    def right_inverse(self, value: Any) -> Any:
        """The value itself: it is taken to have the norm."""
        return value


def check_steps(n_power_iterations: int) -> None:
    """Raise for fewer steps than one."""
    if n_power_iterations < 1:
        raise ArgumentError(f"spectral_norm: n_power_iterations is at least 1, got {n_power_iterations}")


def rows_of_weight(module: Module, dim: int | None) -> int:
    """The dimension of a weight that counts as rows: that of the outputs unless it is given."""
    transposed = isinstance(module, (ConvTranspose1d, ConvTranspose2d, ConvTranspose3d))
    return int(transposed) if dim is None else dim


def spectral_norm(
    module: M, name: str = "weight", n_power_iterations: int = 1, eps: float = 1e-12, dim: int | None = None
) -> M:
    """A weight divided by its largest singular value, which power iterations follow while training.

    Source: Miyato et al., *Spectral Normalization for Generative Adversarial Networks*, 2018 (arXiv 1802.05957).

    >>> import tinygrad_bp as tg
    >>> layer = tg.nn.utils.parametrizations.spectral_norm(tg.nn.Linear(3, 2))
    >>> round(tg.linalg.matrix_norm(layer.weight, 2).item(), 3)
    1.0
    """
    weight = getattr(module, name, None)
    if not isinstance(weight, Tensor):
        raise ArgumentError(f"spectral_norm: {type(module).__name__} has no parameter or buffer {name!r}")
    norm = _SpectralNorm(n_power_iterations, rows_of_weight(module, dim), eps)
    norm.start(weight)
    return register_parametrization(module, name, norm)
