"""Histograms, positions of a fixed number, powers, and few of the singular values. The numbers are PyTorch's."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_bp as tg
from tinygrad_bp.autograd.errors import ArgumentError, DtypeError, NoRuleError, ShapeError

X = tg.tensor([1.0, 2.0, 1.0, 4.0])


def test_histograms() -> None:
    hist, edges = tg.histogram(X, bins=3)
    assert hist.tolist() == [2, 1, 1] and edges.tolist() == [1, 2, 3, 4] and hist.dtype == tg.float32
    assert tg.histogram(X, np.int64(2), range=(0.0, 3.0)).hist.tolist() == [2, 1]
    assert X.histogram(tg.tensor([0.0, 1.5, 4.0])).hist.tolist() == [2, 2]
    assert tg.histogram(X, 3, weight=X).hist.tolist() == [2, 2, 4]
    assert tg.histogram(X, 3, density=True).hist.tolist() == [0.5, 0.25, 0.25]
    assert tg.histogram(tg.ones(3), 2).bin_edges.tolist() == [0.5, 1, 1.5]
    assert tg.histogram(tg.zeros(0), 2).bin_edges.tolist() == [0, 0.5, 1]
    with pytest.raises(DtypeError, match=r"write t.float\(\)"):
        tg.histogram(tg.arange(3), 2)
    with pytest.raises(NoRuleError):
        tg.histogram(tg.ones(3, requires_grad=True), 2)
    with pytest.raises(ArgumentError, match="histogram: range is the lower and the upper end, got 3 numbers"):
        tg.histogram(X, 2, range=(0.0, 1.0, 2.0))
    with pytest.raises(ShapeError, match="histogram: bins is a number, or the edges in one row"):
        tg.histogram(X, tg.tensor(2))


def test_histograms_of_points() -> None:
    points = tg.tensor([[0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    hist, edges = tg.histogramdd(points, bins=[2, 2], weight=tg.tensor([1.0, 2.0, 5.0]))
    assert repr(tg.histogramdd(points, np.int64(2))).startswith("torch.return_types.histogramdd(")
    assert hist.tolist() == [[0, 1], [2, 5]] and [edge.tolist() for edge in edges] == [[0, 0.5, 1]] * 2
    assert tg.histogramdd(points, 2, [0.0, 2.0, 0.0, 2.0]).hist.tolist() == [[0, 1], [1, 1]]
    assert tg.histogramdd(points, [tg.tensor([0.0, 2.0]), tg.tensor([0.0, 0.5, 1.0])]).hist.tolist() == [[1, 2]]
    for error, call in (
        (ShapeError, lambda: tg.histogramdd(X, 2)),
        (ArgumentError, lambda: tg.histogramdd(points, [2])),
        (ShapeError, lambda: tg.histogramdd(points, tg.tensor([2, 2]))),
        (ArgumentError, lambda: tg.histogramdd(points, 2, [0.0, 1.0])),
    ):
        with pytest.raises(error, match="histogramdd"):
            call()


def test_a_fixed_number_of_positions() -> None:
    assert tg.nonzero_static(tg.tensor([5, 0, 7]), size=1).tolist() == [[0]]
    assert tg.tensor([[0, 1]]).nonzero_static(size=2, fill_value=9).tolist() == [[0, 1], [9, 9]]


def test_powers() -> None:
    x = tg.tensor([2.0, 3.0], requires_grad=True)
    assert tg.vander(x).tolist() == [[2, 1], [3, 1]] and tg.vander(x, 0).shape == (2, 0)
    assert tg.vander(x, 3, increasing=True).tolist() == [[1, 2, 4], [1, 3, 9]] and tg.vander(x, 1).tolist() == [
        [1],
        [1],
    ]
    assert tg.vander(tg.tensor([2, 3])).dtype == tg.int64
    tg.vander(x, 3).sum().backward()
    assert x.grad is not None and x.grad.tolist() == [5, 7]


def test_older_norms() -> None:
    A = tg.tensor([[3.0, 4.0], [0.0, 0.0]])
    assert tg.frobenius_norm(A) == 5 and tg.frobenius_norm(A, 1, keepdim=True).tolist() == [[5], [0]]
    assert tg.nuclear_norm(A).item() == pytest.approx(5) and tg.nuclear_norm(A, (0, 1), True).shape == (1, 1)
    assert tg.norm_except_dim(A, 2, 0).tolist() == [[5], [0]] and tg.norm_except_dim(A, 1, 1).tolist() == [[3, 4]]
    assert tg.norm_except_dim(A, 1, -1) == 7


def test_reflections_multiply_to_the_orthogonal_factor() -> None:
    A = tg.tensor(np.random.default_rng(0).standard_normal((2, 4, 3)))
    a, tau = tg.geqrf(A)
    np.testing.assert_allclose((tg.orgqr(a, tau) @ tg.triu(a[..., :3, :])).numpy(), A.numpy(), atol=1e-12)
    with pytest.raises(NoRuleError, match=r"tg.linalg.qr"):
        tg.geqrf(tg.ones(2, 2, requires_grad=True))


@pytest.mark.parametrize("shape", [(7, 4), (4, 7), (2, 5, 5)])
def test_few_of_the_singular_values(shape: tuple[int, ...]) -> None:
    A = tg.tensor(np.random.default_rng(0).standard_normal(shape))
    tg.manual_seed(0)
    U, S, V = tg.svd_lowrank(A, q=4)
    np.testing.assert_allclose(S.numpy(), np.linalg.svd(A.numpy(), compute_uv=False)[..., :4], rtol=0.05)
    if 4 in shape:
        np.testing.assert_allclose((U * S.unsqueeze(-2) @ V.mT).numpy(), A.numpy(), atol=1e-10)
    centered = A - A.mean(-2, keepdim=True)
    S = tg.pca_lowrank(A, q=3, niter=6).S
    np.testing.assert_allclose(S.numpy(), np.linalg.svd(centered.numpy(), compute_uv=False)[..., :3], rtol=0.02)
    with pytest.raises(ShapeError, match="svd_lowrank"):
        tg.svd_lowrank(A, q=9)
