"""The normal distribution of vectors. Source: Bishop, *Pattern recognition and machine learning*, section 2.3."""

from __future__ import annotations

import math
from typing import Any

from ..autograd.errors import ArgumentError, ShapeError
from ..autograd.tensor import Tensor
from ..functions.creation import eye
from ..functions.kinds import broadcast_shapes
from ..ops.cholesky import cholesky, cholesky_inverse
from ..ops.solving import solve_triangular
from ..random.sampling import randn
from . import constraints
from .constraints import Constraint
from .distribution import Distribution
from .parameters import lazy_property

__all__ = ["MultivariateNormal"]


class MultivariateNormal(Distribution):
    """Vectors (..., n) around ``loc``, with a covariance, a precision (its inverse) or its lower Cholesky factor.

    >>> import tinygrad_bp as tg
    >>> d = tg.distributions.MultivariateNormal(tg.zeros(2), tg.eye(2))
    >>> d.log_prob(tg.zeros(2))
    tensor(-1.8379)
    """

    arg_constraints: dict[str, Constraint] = {
        "loc": constraints.real_vector, "covariance_matrix": constraints.positive_definite,
        "precision_matrix": constraints.positive_definite, "scale_tril": constraints.lower_cholesky,
    }  # fmt: skip
    support: Any = constraints.real_vector
    has_rsample = True

    loc: Tensor

    def __init__(
        self, loc: Tensor, covariance_matrix: Tensor | None = None, precision_matrix: Tensor | None = None,
        scale_tril: Tensor | None = None, validate_args: bool | None = None,
    ) -> None:  # fmt: skip
        matrices = {
            "covariance_matrix": covariance_matrix, "precision_matrix": precision_matrix, "scale_tril": scale_tril
        }  # fmt: skip
        given = {name: matrix for name, matrix in matrices.items() if matrix is not None}
        if len(given) != 1:
            raise ArgumentError("MultivariateNormal: give one of covariance_matrix, precision_matrix and scale_tril")
        ((name, matrix),) = given.items()
        if loc.ndim < 1 or matrix.ndim < 2:
            raise ShapeError(f"MultivariateNormal: loc is (..., n) and {name} (..., n, n)")
        batch = broadcast_shapes(matrix.shape[:-2], loc.shape[:-1])
        setattr(self, name, matrix.expand((*batch, *matrix.shape[-2:])))
        self.loc = loc.expand((*batch, *loc.shape[-1:]))
        super().__init__(batch, self.loc.shape[-1:], validate_args)
        self._factor = _factor(name, matrix)

    @lazy_property
    def scale_tril(self) -> Any:
        """The lower triangular factor L of the covariance L Lᵀ."""
        return self._factor.expand((*self.batch_shape, *self.event_shape, *self.event_shape))

    @lazy_property
    def covariance_matrix(self) -> Any:
        """The covariance."""
        return self.scale_tril @ self.scale_tril.mT

    @lazy_property
    def precision_matrix(self) -> Any:
        """Its inverse."""
        return cholesky_inverse(self.scale_tril)

    @property
    def mean(self) -> Any:
        return self.loc

    mode = mean

    @property
    def variance(self) -> Any:
        return (self.scale_tril**2).sum(dim=-1)

    def rsample(self, sample_shape: Any = ()) -> Any:
        eps = randn(self._extended_shape(sample_shape), dtype=self.loc.dtype, device=self.loc.device)
        return self.loc + (self._factor @ eps.unsqueeze(-1)).squeeze(-1)

    def log_prob(self, value: Tensor) -> Any:
        self._judge(value)
        difference = value - self.loc
        if self._factor.ndim == 2:  # one system for all
            rows = solve_triangular(self._factor, difference.reshape(-1, difference.shape[-1]).mT, upper=False)
            squares = (rows**2).sum(dim=0).reshape(difference.shape[:-1])
        else:
            solved = solve_triangular(self._factor, difference.unsqueeze(-1), upper=False)
            squares = (solved.squeeze(-1) ** 2).sum(dim=-1)
        return -0.5 * (self.event_shape[0] * math.log(2 * math.pi) + squares) - self._half_log_det()

    def entropy(self) -> Any:
        entropy = 0.5 * self.event_shape[0] * (1.0 + math.log(2 * math.pi)) + self._half_log_det()
        return entropy.expand(self.batch_shape)

    def _half_log_det(self) -> Any:
        return self._factor.diagonal(dim1=-2, dim2=-1).log().sum(dim=-1)


def _factor(name: str, matrix: Any) -> Any:
    """L of a covariance L Lᵀ that is given in one of three ways."""
    if name == "scale_tril":
        return matrix
    if name == "covariance_matrix":
        return cholesky(matrix)
    # With J the exchange of first and last, J P J = M Mᵀ gives P⁻¹ = L Lᵀ for L = (J M J)⁻ᵀ, which is lower triangular.
    inverse = cholesky(matrix.flip((-2, -1))).flip((-2, -1)).mT
    return solve_triangular(inverse, eye(matrix.shape[-1], dtype=matrix.dtype, device=matrix.device), upper=False)
