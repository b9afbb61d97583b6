"""Symmetric matrices as L D Lᵀ, in LAPACK's packed form. The numbers are PyTorch's."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_bp as tg
from tinygrad_bp.autograd.errors import LinAlgError, NoRuleError, ShapeError

# No entry on the diagonal: a block of two, and a swap.
A = tg.tensor([[0.0, 1.0, 4.0], [1.0, 0.0, 2.0], [4.0, 2.0, 0.0]], dtype=tg.float64)


def test_the_packed_form() -> None:
    LD, pivots = tg.linalg.ldl_factor(A)
    assert pivots.tolist() == [-3, -3, 3] and pivots.dtype == tg.int32
    np.testing.assert_allclose(LD.numpy(), [[0, 0, 0], [4, 0, 0], [0.5, 0.25, -1]])
    LD, pivots = tg.linalg.ldl_factor(tg.tensor([[4.0, 99.0], [2.0, 3.0]]))  # the lower triangle is read
    assert LD.tolist() == [[4, 0], [0.5, 2]] and pivots.tolist() == [1, 2]
    assert tg.linalg.ldl_factor(tg.tensor([[4, 2], [2, 3]])).LD.dtype == tg.float32


@pytest.mark.parametrize("kind", ["real", "symmetric", "Hermitian"])
def test_solutions_and_their_gradient(kind: str) -> None:
    rng = np.random.default_rng(0)
    matrices = rng.standard_normal((2, 6, 6)) + (0 if kind == "real" else 1j * rng.standard_normal((2, 6, 6)))
    matrices = matrices + (matrices.conj() if kind == "Hermitian" else matrices).swapaxes(-1, -2)
    LD, pivots = tg.linalg.ldl_factor(tg.tensor(matrices), hermitian=kind == "Hermitian")
    B = tg.tensor(rng.standard_normal((2, 6, 2)).astype(matrices.dtype), requires_grad=True)
    X = tg.linalg.ldl_solve(LD, pivots, B, hermitian=kind == "Hermitian")
    np.testing.assert_allclose(matrices @ X.detach().numpy(), B.detach().numpy(), atol=1e-10)
    assert tg.autograd.gradcheck(lambda b: tg.linalg.ldl_solve(LD, pivots, b, hermitian=kind == "Hermitian"), (B,))


def test_singular_matrices_and_what_does_not_fit() -> None:
    assert tg.linalg.ldl_factor_ex(tg.zeros(2, 2)).info == 1 and tg.linalg.ldl_factor_ex(tg.eye(2)).info == 0
    for error, call in (
        (LinAlgError, lambda: tg.linalg.ldl_factor(tg.zeros(2, 2))),
        (LinAlgError, lambda: tg.linalg.ldl_factor(tg.zeros(2, 3))),
        (NoRuleError, lambda: tg.linalg.ldl_factor(tg.eye(2).requires_grad_())),
        (ShapeError, lambda: tg.linalg.ldl_solve(*tg.linalg.ldl_factor(A), tg.zeros(3))),
    ):
        with pytest.raises(error, match="ldl_"):
            call()
