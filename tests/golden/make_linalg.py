"""Writes linalg.json: PyTorch's values and gradients of linear algebra, real and complex. Run by hand, needs torch.

python tests/golden/make_linalg.py
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from make import write

# Programs with T for the package; a, b, c are the inputs of these shapes. Signs and phases of vectors do not count,
# so of them only what no phase changes is compared. "spd(x)" is a positive-definite matrix made of x.
CASES: list[tuple[str, list[tuple[int, ...]]]] = [
    ("T.linalg.inv(a)", [(2, 3, 3)]),
    ("T.linalg.solve(a, b)", [(3, 3), (3, 2)]),
    ("T.linalg.solve(a, b)", [(2, 3, 3), (2, 3)]),
    ("T.linalg.solve(a, b, left=False)", [(3, 3), (2, 3)]),
    ("T.linalg.solve_triangular(a, b, upper=True)", [(3, 3), (3, 2)]),
    ("T.linalg.solve_triangular(a, b, upper=False, left=False, unitriangular=True)", [(3, 3), (2, 3)]),
    ("T.linalg.det(a)", [(2, 3, 3)]),
    ("T.linalg.slogdet(a)[0]", [(3, 3)]),
    ("T.linalg.slogdet(a)[1]", [(3, 3)]),
    ("T.logdet(spd(a))", [(3, 3)]),
    ("T.linalg.cholesky(spd(a))", [(2, 3, 3)]),
    ("T.linalg.cholesky(spd(a), upper=True)", [(3, 3)]),
    ("T.cholesky_solve(b, T.linalg.cholesky(spd(a)))", [(3, 3), (3, 2)]),
    ("T.cholesky_inverse(T.linalg.cholesky(spd(a)))", [(3, 3)]),
    ("abs(T.linalg.qr(a).R)", [(4, 3)]),
    ("abs(T.linalg.qr(a).Q)", [(2, 4, 3)]),
    ("abs(T.linalg.qr(a).R)", [(2, 4)]),
    ("abs(T.linalg.qr(a).Q)", [(3, 3)]),
    ("T.linalg.eigvalsh(a + a.mH)", [(2, 3, 3)]),
    ("abs(T.linalg.eigh(a + a.mH).eigenvectors)", [(3, 3)]),
    ("abs(T.linalg.eigh(a, UPLO='U').eigenvectors)", [(3, 3)]),
    ("abs(T.linalg.eig(a).eigenvectors).sum(-1)", [(3, 3)]),
    ("abs(T.linalg.eigvals(a)).sum(-1)", [(2, 3, 3)]),
    ("T.linalg.svdvals(a)", [(4, 3)]),
    ("abs(T.linalg.svd(a, full_matrices=False).U)", [(4, 3)]),
    ("abs(T.linalg.svd(a, full_matrices=False).Vh)", [(2, 4)]),
    ("(lambda s: s.U[..., :1] @ s.Vh[..., :1, :])(T.linalg.svd(a))", [(3, 3)]),
    ("T.linalg.pinv(a)", [(4, 3)]),
    ("T.linalg.pinv(a)", [(2, 2, 3)]),
    ("T.linalg.pinv(a @ b, rtol=1e-6)", [(4, 2), (2, 3)]),
    ("T.linalg.lstsq(a, b).solution", [(4, 3), (4, 2)]),
    ("T.linalg.lstsq(a, b, driver='gelsd').residuals", [(4, 3), (4, 2)]),
    ("T.linalg.lu_factor(a).LU", [(3, 3)]),
    ("T.linalg.lu_factor(a).LU", [(4, 2)]),
    ("T.linalg.lu(a).L", [(2, 4)]),
    ("T.linalg.lu(a).U", [(2, 3, 4)]),
    ("T.linalg.lu_solve(*T.linalg.lu_factor(a), b, adjoint=True)", [(3, 3), (3, 2)]),
    ("T.linalg.matrix_exp(a)", [(2, 3, 3)]),
    ("T.linalg.matrix_exp(20 * a)", [(2, 2)]),
    ("T.linalg.matrix_power(a, 5)", [(3, 3)]),
    ("T.linalg.matrix_power(a, -2)", [(3, 3)]),
    ("T.linalg.householder_product(a, b)", [(4, 3), (3,)]),
    ("T.ormqr(a, b, c, left=False, transpose=True)", [(4, 3), (3,), (2, 4)]),
    ("T.linalg.tensorinv(a, ind=1)", [(4, 2, 2)]),
    ("T.linalg.tensorsolve(a, b)", [(2, 3, 6), (2, 3)]),
    *((f"T.linalg.vector_norm(a, {p}, dim={dim})", [(3, 4)])
      for p in ("2", "1", "3", "2.5", "0.5", "-1", "0", "float('inf')", "-float('inf')") for dim in ("None", "0")),
    *((f"T.linalg.matrix_norm(a, {p}, keepdim=True)", [(2, 3, 4)])
      for p in ("'fro'", "'nuc'", "2", "-2", "1", "-1", "float('inf')", "-float('inf')")),
    *((f"T.linalg.cond(a, {p})", [(3, 3)]) for p in ("None", "-2")),
    ("T.norm(a, p='nuc')", [(3, 3)]), ("T.norm(a)", [(2, 3)]), ("T.norm(a, 3, dim=1)", [(2, 3)]),
    ("T.dist(a, b, 3)", [(2, 3), (3,)]),
    ("T.einsum('bij,bkj,k->bi', a, b, c)", [(2, 3, 4), (2, 5, 4), (5,)]),
    ("T.einsum('...ii->...i', a)", [(2, 3, 3)]), ("T.einsum('ii', a)", [(3, 3)]),
    ("T.einsum('iji,j->', a, b)", [(2, 3, 2), (3,)]),
    ("T.einsum('b...,...c', a, b)", [(2, 3, 1), (4, 5)]), ("T.einsum(a, [0, 1], b, [1, 2], [2, 0])", [(2, 3), (3, 4)]),
    ("T.tensordot(a, b, dims=([0, 2], [1, 0]))", [(2, 3, 4), (4, 2, 5)]), ("T.kron(a, b)", [(2, 3), (2, 1, 2)]),
    ("T.vdot(a, b)", [(4,), (4,)]), ("T.inner(a, b)", [(2, 3), (4, 3)]), ("T.outer(a, b)", [(2,), (3,)]),
    ("T.addmm(a, b, c, beta=0.5, alpha=2)", [(3,), (2, 4), (4, 3)]),
    ("T.addbmm(a, b, c)", [(2, 3), (5, 2, 4), (5, 4, 3)]),
    ("T.linalg.cross(a, b, dim=0)", [(3, 2), (3, 1)]), ("T.linalg.vecdot(a, b)", [(2, 3), (3,)]),
    ("T.linalg.multi_dot([a, b, c])", [(4,), (4, 3), (3, 2)]),
    ("T.linalg.vander(a, N=4)", [(2, 3)]), ("T.trace(a)", [(3, 4)]),
]  # fmt: skip


def flat(array: Any) -> Any:
    """The shape and the numbers of an array; complex ones as pairs."""
    array = np.asarray(array)
    values = array.ravel().view(np.float64) if array.dtype.kind == "c" else array.ravel()
    return [array.dtype.kind, list(array.shape), [float(f"{x:.12g}") for x in values.tolist()]]


def inputs(shapes: list[tuple[int, ...]], kind: str, seed: int) -> list[Any]:
    rng = np.random.default_rng(seed)
    arrays = [rng.standard_normal(shape) for shape in shapes]
    if kind == "c":
        arrays = [a + 1j * rng.standard_normal(a.shape) for a in arrays]
    return [a.round(2) for a in arrays]


def weights(shape: tuple[int, ...], kind: str) -> Any:
    """The gradient that arrives: numbers without a pattern, of the result's shape."""
    places = np.arange(int(np.prod(shape))).reshape(shape) + 1.0
    return (np.cos(places * places) + (1j * np.sin(3 * places) if kind == "c" else 0.0)).round(2)


def spd(x: torch.Tensor) -> torch.Tensor:
    return x @ x.mH + torch.eye(x.shape[-1], dtype=x.dtype)


def case(text: str, shapes: list[tuple[int, ...]], kind: str, seed: int) -> dict[str, Any]:
    arrays = inputs(shapes, kind, seed)
    leaves = [torch.tensor(a, requires_grad=True) for a in arrays]
    y = eval(text, {"T": torch, "spd": spd, **dict(zip("abc", leaves, strict=False))})
    g = weights(tuple(y.shape), "c" if y.is_complex() else "f")
    found: dict[str, Any] = {"call": text, "inputs": [flat(a) for a in arrays], "g": flat(g)}
    found["y"] = flat(y.detach().resolve_conj().numpy())
    y.backward(torch.tensor(g))
    found["grads"] = [flat((torch.zeros_like(x) if x.grad is None else x.grad).resolve_conj().numpy()) for x in leaves]
    return found


if __name__ == "__main__":
    write(
        "linalg.json",
        [
            case(text, shapes, kind, i)
            for i, (text, shapes) in enumerate(CASES)
            for kind in "fc"
            if not (kind == "c" and "UPLO" in text)
        ],
    )
