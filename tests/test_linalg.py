"""Linear algebra against PyTorch (golden numbers), against NumPy, and against its own definitions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_bp as tg
from tinygrad_bp.autograd.errors import AutogradError, ShapeError

GOLDEN = json.loads((Path(__file__).parent / "golden" / "linalg.json").read_text())


def array(flat: Any) -> Any:
    kind, shape, values = flat
    found = np.array(values, float)
    return (found.view(np.complex128) if kind == "c" else found).reshape(shape)


def spd(x: Any) -> Any:
    return x @ x.mH + np.eye(x.shape[-1])


def leaf(data: Any) -> Any:
    return tg.tensor(np.asarray(data), requires_grad=True)


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


# ---------------------------------------------------------------------- PyTorch's numbers


@pytest.mark.parametrize("case", GOLDEN, ids=[f"{c['call']}-{c['inputs'][0][0]}" for c in GOLDEN])
def test_values_and_gradients_are_pytorchs(case: Any) -> None:
    leaves = [leaf(array(flat)) for flat in case["inputs"]]
    y = eval(case["call"], {"T": tg, "spd": spd, **dict(zip("abc", leaves, strict=False))})
    expected = array(case["y"])
    np.testing.assert_allclose(y.detach().numpy(), expected, rtol=1e-9, atol=1e-10)
    assert y.dtype == expected.dtype
    grads = tg.autograd.grad(y, leaves, tg.tensor(array(case["g"])), allow_unused=True)
    for g, flat in zip(grads, case["grads"], strict=True):
        np.testing.assert_allclose(0 if g is None else g.detach().numpy(), array(flat), rtol=1e-7, atol=1e-8)


def test_the_golden_comparison_can_fail() -> None:
    case = {**GOLDEN[0], "grads": [["f", [2, 3, 3], (-array(GOLDEN[0]["grads"][0])).ravel().tolist()]]}
    with pytest.raises(AssertionError):
        test_values_and_gradients_are_pytorchs(case)


# ---------------------------------------------------------------------- NumPy's functions on Tensors

A, B = rng().standard_normal((3, 3)), rng().standard_normal((4, 3))
S = np.array([[6.0, 2, 3], [2, 3, 1], [3, 1, 11]])
V, W = rng().standard_normal(3), rng().standard_normal(3) + 1
BATCH = rng().standard_normal((2, 3, 3))
INTEGERS = np.array([[2, 1], [1, 3]])

NUMPY = {
    "dot": lambda f: (np.dot(f(A), f(V)), np.dot(f(A), f(BATCH)), np.dot(f(V), f(W)), np.dot(f(A), 2.0)),
    "inner": lambda f: (np.inner(f(BATCH), f(A)), np.inner(f(V), f(W))),
    "outer": lambda f: (np.outer(f(A), f(V)), np.linalg.outer(f(V), f(W))),
    "vdot": lambda f: (np.vdot(f(A + 1j), f(BATCH[0])),),
    "vecdot": lambda f: (np.vecdot(f(A), f(V)), np.linalg.vecdot(f(A), f(V), axis=0)),
    "tensordot": lambda f: (np.tensordot(f(BATCH), f(B), axes=([2], [1])), np.linalg.tensordot(f(A), f(A), axes=1)),
    "kron": lambda f: (np.kron(f(A), f(V)),),
    "convolve": lambda f: tuple(np.convolve(x, y, mode) for x, y in ((f(V), f(W[:2])), (f(W[:2]), f(V)), (f(V), 2.0))
                                for mode in ("full", "same", "valid")),
    "correlate": lambda f: tuple(np.correlate(x, y, mode) for x, y in ((f(V), f(W[:2])), (f(W[:2]), f(V)))
                                 for mode in ("full", "same", "valid")),
    "trace": lambda f: (np.trace(f(B)), np.trace(f(BATCH), 1, 1, 2), np.linalg.trace(f(BATCH), offset=-1)),
    "diagonal": lambda f: (np.linalg.diagonal(f(BATCH), offset=1), np.linalg.matrix_transpose(f(BATCH))),
    "cross": lambda f: (np.cross(f(B), f(V)), np.cross(f(A), f(A.T), axis=0), np.linalg.cross(f(V), f(W)),
                        np.cross(f(BATCH), f(B[:3]), axisa=1, axisb=0, axisc=0)),
    "einsum": lambda f: (np.einsum("ij,kj->ik", f(A), f(B)), np.einsum(f(A), [0, 0]), np.einsum("...i->i...", f(BATCH)),
                         np.einsum("ij,jk,kl", f(A), f(A), f(A), optimize=True)),
    "matmul": lambda f: (np.matmul(f(BATCH), f(A)), np.linalg.matmul(f(A), f(A))),
    "inv": lambda f: (np.linalg.inv(f(BATCH)), np.linalg.inv(f(INTEGERS))),
    "solve": lambda f: (np.linalg.solve(f(A), f(V)), np.linalg.solve(f(BATCH), f(A)),
                        np.linalg.solve(f(INTEGERS), f(INTEGERS))),
    "det": lambda f: (np.linalg.det(f(BATCH)), np.linalg.det(f(INTEGERS))),
    "slogdet": lambda f: (*np.linalg.slogdet(f(BATCH)), np.linalg.slogdet(f(A)).sign,
                          np.linalg.slogdet(f(A)).logabsdet),
    "cholesky": lambda f: (np.linalg.cholesky(f(S)), np.linalg.cholesky(f(S), upper=True)),
    "qr": lambda f: (*np.linalg.qr(f(B)), np.linalg.qr(f(B), mode="r"), np.linalg.qr(f(BATCH)).R,
                     *np.linalg.qr(f(B.T), "complete")),
    "eigh": lambda f: (*np.linalg.eigh(f(S)), np.linalg.eigh(f(A), UPLO="U").eigenvalues, np.linalg.eigvalsh(f(A))),
    "eig": lambda f: (*np.linalg.eig(f(S)), np.linalg.eigvals(f(S))),
    "svd": lambda f: (*np.linalg.svd(f(A)), *np.linalg.svd(f(B), full_matrices=False), np.linalg.svd(f(B))[0].shape,
                      np.linalg.svd(f(BATCH), compute_uv=False), np.linalg.svdvals(f(B))),
    "pinv": lambda f: (np.linalg.pinv(f(B)), np.linalg.pinv(f(S), hermitian=True), np.linalg.pinv(f(B), rtol=0.5)),
    "norm": lambda f: (np.linalg.norm(f(BATCH)), np.linalg.norm(f(B), axis=1), np.linalg.norm(f(B), 1),
                       np.linalg.norm(f(B), "nuc"), np.linalg.norm(f(V), 3), np.linalg.norm(f(V), -np.inf),
                       np.linalg.norm(f(BATCH), 2, axis=(0, 2), keepdims=True), np.linalg.norm(f(V), 0),
                       np.linalg.vector_norm(f(BATCH), axis=0, ord=1), np.linalg.matrix_norm(f(BATCH), ord=-2)),
    "matrix_power": lambda f: (np.linalg.matrix_power(f(A), 6), np.linalg.matrix_power(f(A), -3),
                               np.linalg.matrix_power(f(A), 0), np.linalg.matrix_power(f(INTEGERS), 3)),
    "lstsq": lambda f: (*np.linalg.lstsq(f(B), f(B @ A)), *np.linalg.lstsq(f(B), f(B[:, 0]))),
    "multi_dot": lambda f: (np.linalg.multi_dot([f(V), f(A), f(B.T), f(B)]),),
    "cond": lambda f: (np.linalg.cond(f(A)), np.linalg.cond(f(A), 1), np.linalg.cond(f(np.ones((2, 2))), 1)),
    "rank": lambda f: (np.linalg.matrix_rank(f(B)), np.linalg.matrix_rank(f(np.outer(V, V)))),
    "vander": lambda f: (np.vander(f(V)), np.vander(f(V), 2, increasing=True), np.vander(f(V), 1)),
    "tensorsolve": lambda f: (np.linalg.tensorsolve(f(np.eye(6).reshape(2, 3, 6) + 0.1), f(np.ones((2, 3)))),
                              np.linalg.tensorinv(f(np.eye(6).reshape(2, 3, 6) + 0.1))),
}  # fmt: skip


@pytest.mark.parametrize("name", NUMPY)
def test_numpy_functions_keep_numpys_meaning(name: str) -> None:
    expected, found = NUMPY[name](np.asarray), NUMPY[name](lambda x: tg.tensor(x))
    assert len(expected) == len(found)
    for mine, theirs in zip(found, expected, strict=True):
        value = mine.detach().numpy() if isinstance(mine, tg.Tensor) else np.asarray(mine)
        np.testing.assert_allclose(value, theirs, rtol=1e-9, atol=1e-10)
        assert value.dtype == np.asarray(theirs).dtype or value.dtype.kind == "i"


@pytest.mark.parametrize("name", sorted(set(NUMPY) - {"rank"}))
def test_numpy_functions_record(name: str) -> None:
    for mine in NUMPY[name](lambda x: tg.tensor(x, requires_grad=x.dtype.kind in "fc")):
        if isinstance(mine, tg.Tensor) and mine.dtype.kind in "fc" and mine.size:
            assert mine.requires_grad or name in ("inv", "solve", "det", "matrix_power", "lstsq")


@pytest.mark.skipif(not hasattr(np, "matvec"), reason="from NumPy 2.2 on")
def test_matvec_and_vecmat() -> None:
    np.testing.assert_allclose(np.matvec(leaf(BATCH), V).detach().numpy(), np.matvec(BATCH, V))
    np.testing.assert_allclose(np.vecmat(V + 1j, leaf(BATCH)).detach().numpy(), np.vecmat(V + 1j, BATCH))


def test_a_numpy_call_without_a_rule_refuses() -> None:
    with pytest.raises(AutogradError, match=r"np.linalg.qr: mode='raw' is not recorded"):
        np.linalg.qr(leaf(A), mode="raw")


def test_an_order_of_memory_changes_no_value_of_einsum_and_no_gradient() -> None:
    x = leaf(A)
    y = np.einsum("ij->ji", x, order="F")
    np.testing.assert_array_equal(y.detach().numpy(), A.T)
    (y * y).sum().backward()
    np.testing.assert_array_equal(x.grad.numpy(), 2 * A)


# ---------------------------------------------------------------------- einsum


@st.composite
def contractions(draw: Any) -> tuple[str, list[tuple[int, ...]]]:
    """Subscripts with repeated labels, an ellipsis and sizes of 1, and the shapes for them."""
    size = {label: draw(st.integers(1, 3)) for label in "abcd"}
    spread = [draw(st.integers(1, 3)) for _ in range(draw(st.integers(0, 2)))]
    terms, shapes = [], []
    for _ in range(draw(st.integers(1, 3))):
        labels = draw(st.lists(st.sampled_from("abcd"), max_size=3))
        mine = draw(st.integers(0, len(spread))) if spread else 0
        middle = [draw(st.sampled_from([1, n])) for n in spread[len(spread) - mine :]]
        place = draw(st.integers(0, len(labels)))
        dots = "..." if spread else ""
        terms.append("".join(labels[:place]) + dots + "".join(labels[place:]))
        ones = {x for x in set(labels) if labels.count(x) == 1 and draw(st.booleans()) and draw(st.booleans())}
        sizes = [1 if x in ones else size[x] for x in labels]
        shapes.append((*sizes[:place], *middle, *sizes[place:]))
    used = sorted(set("".join(terms)) - {"."})
    if draw(st.booleans()):
        out = draw(st.permutations(used))[: draw(st.integers(0, len(used)))]
        return ",".join(terms) + "->" + ("..." if spread else "") + "".join(out), shapes
    return ",".join(terms), shapes


@settings(deadline=None, max_examples=200)
@given(contractions())
def test_einsum_is_numpys_and_linear_in_each_operand(call: Any) -> None:
    subscripts, shapes = call
    arrays = [rng().standard_normal(shape) for shape in shapes]
    leaves = [leaf(a) for a in arrays]
    result = tg.einsum(subscripts, *leaves)
    expected = np.einsum(subscripts, *arrays)
    np.testing.assert_allclose(result.detach().numpy(), expected, rtol=1e-10, atol=1e-12)
    w = rng().standard_normal(expected.shape)
    for place, g in enumerate(tg.autograd.grad(result, leaves, tg.tensor(w))):
        direction = rng().standard_normal(shapes[place]) + 1
        moved = np.einsum(subscripts, *arrays[:place], direction, *arrays[place + 1 :])
        np.testing.assert_allclose(np.sum(g.detach().numpy() * direction), np.sum(w * moved), rtol=1e-9, atol=1e-10)


EINSUM_MISTAKES = {
    "another number of axes": lambda: tg.einsum("ij", tg.zeros(3)),
    "size 3 in operand 1": lambda: tg.einsum("ij,jk", tg.zeros(2, 2), tg.zeros(3, 2)),
    "describes 2 operands, 1 were given": lambda: tg.einsum("ij,jk", tg.zeros(2, 2)),
    "names 'z'": lambda: tg.einsum("ij->iz", tg.zeros(2, 2)),
    "letters and at most one ...": lambda: tg.einsum("i1", tg.zeros(2, 2)),
    "with two sizes": lambda: tg.einsum("ii", tg.zeros(2, 1)),
    "an integer from 0 to 51": lambda: tg.einsum(tg.zeros(2, 2), ["i", "j"]),
}  # fmt: skip


@pytest.mark.parametrize("said", EINSUM_MISTAKES)
def test_einsum_says_what_does_not_fit(said: str) -> None:
    with pytest.raises(AutogradError, match=said):
        EINSUM_MISTAKES[said]()


# ---------------------------------------------------------------------- matrices that cannot be used

SINGULAR = np.stack([np.eye(2), np.ones((2, 2)), np.eye(2)])
MISTAKES = {
    r"inv: matrix 1 of the batch is singular": lambda: tg.linalg.inv(leaf(SINGULAR)),
    r"inv: the matrix is singular": lambda: tg.linalg.inv(leaf(SINGULAR[1])),
    r"solve: matrix \(0, 1\) of the batch is singular":
        lambda: tg.linalg.solve(leaf(SINGULAR[None]), leaf(np.ones((2, 1)))),
    r"cholesky: matrix 1 of the batch is not positive-definite":
        lambda: tg.linalg.cholesky(leaf([np.eye(2), -np.eye(2)])),
    r"inv_ex: matrix 1 ": lambda: tg.linalg.inv_ex(leaf(SINGULAR), check_errors=True),
    r"lu_factor_ex: matrix 1 ": lambda: tg.linalg.lu_factor_ex(leaf(SINGULAR), check_errors=True),
    r"write pivot=True": lambda: tg.linalg.lu(leaf(np.array([[0.0, 1.0], [1.0, 0.0]])), pivot=False),
    r"eig: no result": lambda: tg.linalg.eig(leaf(np.full((2, 2), np.nan))),
    r"svd: no result": lambda: tg.linalg.svd(leaf(np.full((2, 2), np.nan))),
    r"columns beyond the reduced decomposition": lambda: tg.linalg.qr(leaf(B), mode="complete").Q.sum().backward(),
}  # fmt: skip


@pytest.mark.parametrize("said", MISTAKES)
def test_an_unusable_matrix_is_named(said: str) -> None:
    with pytest.raises(tg.linalg.LinAlgError, match=said) as caught:
        MISTAKES[said]()
    assert isinstance(caught.value, np.linalg.LinAlgError)


WRONG_SHAPES = {
    "inv": lambda: tg.linalg.inv(tg.zeros(2, 3)), "det": lambda: tg.det(tg.zeros(3)),
    "cholesky": lambda: tg.linalg.cholesky(tg.zeros(2, 3)), "svd": lambda: tg.linalg.svd(tg.zeros(3)),
    "eigh": lambda: tg.linalg.eigh(tg.zeros(2, 3)), "matrix_exp": lambda: tg.matrix_exp(tg.zeros(2, 3)),
    "mm": lambda: tg.mm(tg.zeros(2), tg.zeros(2, 2)), "bmm": lambda: tg.bmm(tg.zeros(2, 1, 1), tg.zeros(3, 1, 1)),
    "cross": lambda: tg.cross(tg.zeros(2), tg.zeros(2)),
    "multi_dot": lambda: tg.linalg.multi_dot([tg.zeros(2, 2), tg.zeros(())]),
    "tensordot": lambda: tg.tensordot(tg.zeros(2, 3), tg.zeros(2, 3), 1),
    "norm": lambda: tg.linalg.norm(tg.zeros(1, 1, 1), 2),
    "inner": lambda: tg.inner(tg.zeros(2), tg.zeros(3)),
    "lstsq": lambda: tg.linalg.lstsq(tg.zeros(2, 2), tg.zeros(3, 1)),
    "tensorinv": lambda: tg.linalg.tensorinv(tg.zeros(2, 3), ind=1),
    "vector_norm": lambda: tg.linalg.vector_norm(tg.zeros(0), float("inf")),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG_SHAPES)
def test_a_wrong_shape_is_refused_by_name(name: str) -> None:
    with pytest.raises(tg.autograd.errors.ShapeError, match=name):
        WRONG_SHAPES[name]()


def test_the_ex_functions_mark_what_failed() -> None:
    inverse, info = tg.linalg.inv_ex(leaf(SINGULAR))
    assert info.tolist() == [0, 1, 0]
    assert np.isnan(inverse.detach().numpy()[1]).all() and np.isfinite(inverse.detach().numpy()[::2]).all()
    solution, info = tg.linalg.solve_ex(tg.tensor(SINGULAR), tg.ones(3, 2, dtype=tg.float64))
    assert info.tolist() == [0, 1, 0] and np.isnan(solution.detach().numpy()[1]).all()
    assert tg.linalg.cholesky_ex(tg.tensor(-SINGULAR)).info.tolist() == [1, 1, 1]
    assert tg.linalg.lu_factor_ex(tg.tensor(SINGULAR)).info.tolist() == [0, 2, 0]


# ---------------------------------------------------------------------- where derivatives are delicate


def cofactors(x: Any) -> Any:
    minors = [[np.linalg.det(np.delete(np.delete(x, i, 0), j, 1)) for j in range(len(x))] for i in range(len(x))]
    return np.array(minors) * (-1.0) ** np.add.outer(range(len(x)), range(len(x)))


@pytest.mark.parametrize("x", [np.arange(9.0).reshape(3, 3), np.ones((3, 3)), np.zeros((3, 3)),
                               np.diag([1.0, 2.0, 0.0]), np.diag([1.0, 1e-20, 3.0])])  # fmt: skip
def test_the_gradient_of_det_holds_at_singular_matrices(x: Any) -> None:
    w = leaf(x)
    tg.linalg.det(w).backward()
    np.testing.assert_allclose(w.grad.numpy(), cofactors(x), atol=1e-12)


def test_functions_of_repeated_values_have_their_gradient() -> None:
    x = leaf(np.eye(3))
    tg.linalg.svdvals(x).sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), np.eye(3), atol=1e-12)
    x = leaf(2 * np.eye(3))
    (tg.linalg.eigvalsh(x) ** 3).sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), 12 * np.eye(3), atol=1e-12)


@pytest.mark.parametrize("p", [1, 1.5, 2, 3, float("inf")])
def test_a_norm_has_the_gradient_zero_at_zero(p: float) -> None:
    x = leaf(np.zeros(3))
    tg.linalg.vector_norm(x, p).backward()
    np.testing.assert_array_equal(x.grad.numpy(), np.zeros(3))


def test_columns_that_full_matrices_add_take_part_without_a_gradient() -> None:
    x = leaf(B)
    U, S, _ = tg.linalg.svd(x)
    np.testing.assert_allclose((U.mT @ U).detach().numpy(), np.eye(4), atol=1e-12)
    (U[:, :3] * S).abs().sum().backward()
    assert np.isfinite(x.grad.numpy()).all()
    with pytest.raises(tg.linalg.LinAlgError, match="full_matrices=False"):
        tg.linalg.svd(x).U.sum().backward()


def test_complex_vectors_have_a_real_largest_component() -> None:
    x = rng().standard_normal((2, 3, 3)) + 1j * rng().standard_normal((2, 3, 3))[::-1]
    vectors = [tg.linalg.eigh(tg.tensor(x)).eigenvectors, tg.linalg.eig(tg.tensor(x)).eigenvectors,
               tg.linalg.svd(tg.tensor(x)).U]  # fmt: skip
    for v in vectors:
        top = np.take_along_axis(v.detach().numpy(), np.abs(v.detach().numpy()).argmax(-2, keepdims=True), -2)
        np.testing.assert_array_equal(top.imag, 0)
    U, S, Vh = tg.linalg.svd(tg.tensor(x))
    np.testing.assert_allclose(((U * S[..., None, :]) @ Vh).detach().numpy(), x, atol=1e-12)


def test_only_one_triangle_is_read() -> None:
    S_upper, S_lower = np.triu(S) + np.tril(A, -1), np.tril(S) + np.triu(A, 1)
    np.testing.assert_allclose(tg.linalg.cholesky(tg.tensor(S_lower)).detach().numpy(), np.linalg.cholesky(S))
    np.testing.assert_allclose(tg.linalg.cholesky(tg.tensor(S_upper), upper=True).numpy(), np.linalg.cholesky(S).T)
    np.testing.assert_allclose(tg.linalg.eigvalsh(tg.tensor(S_upper), UPLO="U").detach().numpy(), np.linalg.eigvalsh(S))
    L = np.tril(A) + 3 * np.eye(3)
    spoiled = tg.tensor(np.where(np.tri(3, dtype=bool), L, np.nan))
    solution = tg.linalg.solve_triangular(spoiled, tg.tensor(S), upper=False)
    np.testing.assert_allclose(solution.detach().numpy(), np.linalg.solve(L, S))


def test_the_triangle_that_is_not_read_gets_no_gradient() -> None:
    # PyTorch's cholesky_solve and cholesky_inverse give it numbers, although their value does not depend on it.
    factor = leaf(np.tril(A) + 3 * np.eye(3))
    (tg.cholesky_solve(tg.tensor(S), factor) ** 2).sum().backward()
    (tg.cholesky_inverse(factor) ** 2).sum().backward()
    np.testing.assert_array_equal(np.triu(factor.grad.numpy(), 1), 0)
    assert np.all(np.tril(factor.grad.numpy())[np.tri(3, dtype=bool)] != 0)


def test_lu_takes_a_matrix_apart() -> None:
    for shape in ((5, 5), (2, 4, 3), (2, 3, 5), (0, 2, 2), (3, 0)):
        x = rng().standard_normal(shape)
        P, L, U = tg.linalg.lu(tg.tensor(x))
        np.testing.assert_allclose((P @ L @ U).detach().numpy(), x, atol=1e-12)
        assert (np.abs(L.detach().numpy()) <= 1 + 1e-15).all()
        parts = tg.lu_unpack(*tg.linalg.lu_factor(tg.tensor(x)))
        for one, two in zip((P, L, U), parts, strict=True):
            np.testing.assert_array_equal(one.detach().numpy(), two.detach().numpy())


def test_cond_is_the_product_of_norms() -> None:
    for p in (1, -1, "fro", "nuc", float("inf")):
        x, z = leaf(A), leaf(A)
        ours = tg.linalg.cond(x, p)
        product = tg.linalg.matrix_norm(z, p) * tg.linalg.matrix_norm(tg.linalg.inv(z), p)
        ours.backward()
        product.backward()
        np.testing.assert_allclose(ours.item(), np.linalg.cond(A, p))
        np.testing.assert_allclose(x.grad.numpy(), z.grad.numpy())


def test_the_exponential_of_what_is_not_finite_is_nan() -> None:
    assert np.isnan(tg.matrix_exp(tg.tensor([[float("nan"), 1.0], [0.0, 1.0]])).detach().numpy()).any()


def test_the_exponential_of_large_and_mixed_norms() -> None:
    x = np.array([[[0.0, 40.0], [-40.0, 0.0]], [[0.0, 1e-3], [-1e-3, 0.0]]])
    angle = np.array([40.0, 1e-3])
    expected = np.array([[[np.cos(t), np.sin(t)], [-np.sin(t), np.cos(t)]] for t in angle])
    np.testing.assert_allclose(tg.matrix_exp(tg.tensor(x)).detach().numpy(), expected, atol=1e-12)


@pytest.mark.parametrize("dtype", [tg.float32, tg.complex64, tg.float64])
def test_results_keep_their_precision(dtype: Any) -> None:
    x = tg.tensor(S.astype(dtype), requires_grad=True)
    parts = [tg.linalg.inv(x), tg.linalg.det(x), *tg.linalg.slogdet(x), tg.linalg.cholesky(x), *tg.linalg.qr(x),
             *tg.linalg.eigh(x), *tg.linalg.svd(x), tg.linalg.pinv(x), tg.linalg.lu_factor(x).LU, tg.matrix_exp(x / 9),
             tg.linalg.matrix_norm(x, 2), tg.linalg.cond(x), tg.einsum("ij,jk,ki", x, x, x),
             tg.linalg.matrix_power(x, 0), *tg.linalg.eig(x), tg.linalg.lstsq(x, x).solution]  # fmt: skip
    for part in parts:
        assert np.empty(0, part.dtype).real.dtype == np.empty(0, dtype).real.dtype
    gradients = tg.autograd.grad([p.abs().sum() for p in parts], x)
    assert gradients[0].dtype == dtype


def test_arrays_in_give_arrays_out() -> None:
    found = [*tg.linalg.inv_ex(S), *tg.linalg.cholesky_ex(S), *tg.linalg.lu(S), *tg.linalg.lu_factor_ex(S),
             *tg.linalg.lstsq(S, S, driver="gelsd"), *tg.linalg.qr(B, "complete"), *tg.linalg.svd(B),
             *tg.linalg.eig(S), *tg.linalg.slogdet(S),
             tg.linalg.matrix_rank(S), tg.linalg.norm(S, 2), tg.einsum("ij,jk", S, S)]  # fmt: skip
    assert not any(isinstance(part, tg.Tensor) for part in found)


def test_integers_give_the_default_float_dtype() -> None:
    x = tg.tensor([[2, 1], [1, 3]])
    for part in (tg.linalg.inv(x), tg.linalg.det(x), tg.linalg.cholesky(x), tg.linalg.svdvals(x), tg.linalg.norm(x)):
        assert part.dtype == tg.float32
    assert tg.mm(x, x).dtype == tg.einsum("ij,jk", x, x).dtype == tg.trace(x).dtype == tg.int64


def test_addmm_does_not_read_an_input_that_counts_for_nothing() -> None:
    nothing = tg.full((2, 2), float("nan"))
    assert tg.addmm(nothing, tg.eye(2), tg.eye(2), beta=0).tolist() == [[1.0, 0.0], [0.0, 1.0]]


@pytest.mark.parametrize("call", [
    "np.linalg.norm(A, axis=())", "np.linalg.norm(A, 2, axis=())",
    "np.linalg.norm(A[None], axis=(0, 1, 2))", "np.vecdot(A[0], A[0, :1])", "np.vecdot(A[0, 0], A[0, 0])",
    "np.vecdot(A, A[:, :1])", "np.linalg.vecdot(A, A[:1], axis=0)",
])  # fmt: skip
@pytest.mark.parametrize("requires_grad", [True, False])
def test_sizes_and_axes_that_numpy_refuses(call: str, requires_grad: bool) -> None:
    with pytest.raises(ValueError):
        eval(call, {"np": np, "A": np.ones((3, 3))})
    with pytest.raises(ShapeError):
        eval(call, {"np": np, "A": tg.ones(3, 3, requires_grad=requires_grad)})


@pytest.mark.parametrize("order", [2, 1, 3.0, 0.5, -1, np.inf, -np.inf])
def test_over_no_axis_each_element_is_a_vector(order: float) -> None:
    x = tg.tensor([[3.0, -2.0], [0.5, -1.5]], dtype=tg.float64, requires_grad=True)
    y = np.linalg.vector_norm(x, axis=(), ord=order)
    y.sum().backward()
    np.testing.assert_allclose(y.detach(), [[3.0, 2.0], [0.5, 1.5]], 1e-14)
    np.testing.assert_allclose(x.grad, [[1.0, -1.0], [1.0, -1.0]], 1e-14)
