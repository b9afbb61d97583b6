"""Powers and the exponential of a matrix."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..autograd.define import general
from ..autograd.elsewhere import copied, moved
from ..autograd.errors import ArgumentError
from ..autograd.operands import rounds_once
from ..autograd.types import Array
from .samples import sample
from .shape import apart
from .solving import complex_matrices, inv, refuse_shape, well_conditioned

__all__ = ["matrix_exp", "matrix_power"]


@rounds_once
def matrix_power(A: Array, n: int) -> Any:
    """A square matrix multiplied with itself ``n`` times, by repeated squaring; its inverse for negative ``n``.

    >>> import tinygrad_bp as tg
    >>> tg.linalg.matrix_power(tg.tensor([[1.0, 1.0], [0.0, 1.0]]), 5)
    tensor([[1., 5.],
            [0., 1.]])
    """
    refuse_shape("matrix_power", A)
    if not isinstance(n, (int, np.integer)) or isinstance(n, bool):
        raise ArgumentError(f"matrix_power: n is an integer, got {n!r}")
    if n == 0:
        nowhere, eye = (moved(x, A) for x in (np.zeros(A.shape, bool), np.eye(A.shape[-1], dtype=A.dtype)))
        return np.where(nowhere, A, np.broadcast_to(eye, A.shape))
    square: Any = inv(A) if n < 0 else A
    result: Any = None
    n = abs(int(n))
    while True:
        if n & 1:
            result = square if result is None else np.matmul(result, square)
        n >>= 1
        if not n:
            return apart(result, A)
        square = np.matmul(square, square)


# Padé approximant of degree 13 and the norm up to which it is exact to rounding: Higham 2005, *The scaling and
# squaring method for the matrix exponential revisited*, table 2.3 and algorithm 2.3.
_PADE = (64764752532480000.0, 32382376266240000.0, 7771770303897600.0, 1187353796428800.0, 129060195264000.0,
         10559470521600.0, 670442572800.0, 33522128640.0, 1323241920.0, 40840800.0, 960960.0, 16380.0, 182.0, 1.0)
_PADE_NORM = 5.371920351148152


def _matrix_exp(x: Any) -> Any:
    refuse_shape("matrix_exp", x)
    if not x.size:
        return copied(x)
    norm = np.abs(x).sum(-2).max(-1)
    counted = np.where(np.isfinite(norm) & (norm > 0), norm, np.ones_like(norm))
    halvings = np.ceil(np.log2(counted / _PADE_NORM)).clip(0)[..., None, None]
    scaled = x / np.exp2(halvings).astype(norm.dtype)
    p2 = scaled @ scaled
    p4 = p2 @ p2
    p6 = p4 @ p2
    eye = moved(np.eye(x.shape[-1], dtype=x.dtype), x)
    c = _PADE
    odd = scaled @ (p6 @ (c[13] * p6 + c[11] * p4 + c[9] * p2) + c[7] * p6 + c[5] * p4 + c[3] * p2 + c[1] * eye)
    even = p6 @ (c[12] * p6 + c[10] * p4 + c[8] * p2) + c[6] * p6 + c[4] * p4 + c[2] * p2 + c[0] * eye
    result = np.linalg.solve(even - odd, even + odd)
    for i in range(int(halvings.max())):
        result = np.where(halvings > i, result @ result, result)
    return result


def _exp_rule(g: Any, x: Any) -> Any:
    """The derivative in direction g at xᵀ, a block of a larger exponential. Al-Mohy and Higham 2009, eq. 2.3."""
    n = x.shape[-1]
    top = np.concatenate([x.mT, g], -1)
    bottom = np.concatenate([np.zeros_like(g), x.mT], -1)
    return matrix_exp(np.concatenate([top, bottom], -2))[..., :n, n:]


def _exp_reference(x: Any) -> Any:
    """The power series, after halving ten times."""
    term = total_ = np.broadcast_to(np.eye(x.shape[-1]), x.shape)
    for k in range(1, 25):
        term = term @ (x / 1024) / k
        total_ = total_ + term
    return np.linalg.matrix_power(total_, 1024)


matrix_exp: Any = general("matrix_exp", _matrix_exp, _exp_rule, floats=True, formula="Σ xᵏ / k!",
                          samples=(sample((3, 3)), sample((2, 2, 2), of=well_conditioned),
                                   sample((1, 1)), sample((0, 0)),
                                   sample((2, 2), of=complex_matrices)),
                          reference=_exp_reference, grad_fn="LinalgMatrixExpBackward0",
                          doc="Exponential of a square matrix.")
