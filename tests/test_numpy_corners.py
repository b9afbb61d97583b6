"""What NumPy does with empty arrays, 0-d arrays and vectors in unusual places, ``np.*`` does with tensors."""

import warnings

import numpy as np
import pytest

import tinygrad_bp as tg
from tinygrad_bp.autograd.errors import ArgumentError, AutogradError

F = tg.nn.functional
V, M, S = np.array([1.0, 2.0, 3.0]), np.array([[1.0, 2.0], [3.0, 4.0]]), np.array(2.0)
NEWEST = np.lib.NumpyVersion(np.__version__) >= "2.4.0"
E, E2, E3 = np.zeros(0), np.zeros((2, 0)), np.zeros((2, 0, 3))

CALLS = [
    *((f, x, 2) for f in (np.atleast_1d, np.atleast_2d, np.atleast_3d) for x in (S, V, M)),
    (lambda x: np.atleast_1d(2, x), V), (lambda x: np.atleast_2d([1, 2], x), V),
    (lambda x: np.isclose(x, [1, 2, 4], rtol=x * 1e-3), V), (lambda x: np.isclose(x, 2 * x, atol=x), V),
    (lambda x: np.allclose(x, x, rtol=x), V),
    *((np.transpose, V, axes) for axes in (0, -1, (0,), [0], None)),
    *((np.pad, S, width) for width in (0, 2, (1, 2))),
    *((f, x, axis) for f in (np.median, np.nanmedian) for x, axis in (
        (E, None), (E, 0), (E2, None), (E2, 0), (E2, 1), (E3, 1), (M, ()), (M, 0), (M, (0, 1)))),
    *((lambda x, f=f: f(x, axis=1, keepdims=True), E2) for f in (np.median, np.nanmedian)),
    *((lambda x, f=f: f(x, axis=(), keepdims=True), M) for f in (np.median, np.nanmedian, np.sum, np.max)),
    (lambda x: np.quantile(x, 0.25, axis=()), M), (lambda x: np.quantile(x, [0.25, 0.5], axis=0), E2),
    (lambda x: np.roll(x, (), axis=()), M), (lambda x: np.roll(x, 1, axis=()), M), (lambda x: np.roll(x, ()), M),
    *((f, V, k) for f in (np.tril, np.triu) for k in (-1, 0, 1)),
    (lambda x: np.clip(x, None, None), V), (np.clip, V), (lambda x: np.clip(x, None, 2.0), V),
    (lambda x: np.clip(x, 0, 2, dtype=None, casting="same_kind", order="K", subok=True), V),
    (lambda x: np.clip(x, 0, 2, dtype=np.float32), V),
    *((np.linalg.norm, E, order) for order in (None, 0, 1, 2, 3, 0.5, -1, -2, -np.inf)),
    *((np.linalg.norm, E2, order) for order in (None, "fro", "nuc", 1, 2, np.inf, -1, -2)),
    *((np.linalg.norm, E2, order, axis) for order in (1, 2, -1) for axis in (0, 1)),
    (np.linalg.norm, E3, "fro", (0, 2)), (np.linalg.vector_norm, E2), (np.linalg.matrix_norm, E2),
    (np.linalg.matrix_rank, S), (np.linalg.matrix_rank, V), (np.linalg.matrix_rank, 0 * V), (np.linalg.matrix_rank, E),
    (np.linalg.cond, 0 * M), (np.linalg.cond, M), (np.linalg.inv, V), (np.linalg.inv, E2), (np.linalg.qr, V),
    (np.modf, np.array([np.inf, -np.inf, 1.5])), (np.imag, V * np.inf), (np.imag, V * np.nan), (np.argsort, S),
    (np.median, np.full(4, np.inf)), (np.median, np.array([1.0, np.inf])), (np.nanmedian, np.full((2, 2), np.inf), 0),
    *((f, x, 30.0 / scale) for f, scale in ((np.nanquantile, 100), (np.nanpercentile, 1)) for x in (E, E2)),
    (np.linalg.det, np.array([[np.nan, 1.0], [1.0, 2.0]])), (np.linalg.det, np.zeros((0, 0))),
    (np.linalg.det, np.full((2, 2, 2), np.nan)),
]  # fmt: skip


def flat(result):
    results = result if isinstance(result, (tuple, list)) else (result,)
    return [x.detach().numpy() if isinstance(x, tg.Tensor) else x for x in results]


@pytest.mark.parametrize("recorded", [False, True])
@pytest.mark.parametrize("call", CALLS, ids=lambda c: f"{getattr(c[0], '__name__', '')}-{c[1:]}")
def test_numpy_does_the_same_with_a_tensor(call, recorded):
    function, x, *others = call
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of empty slices
        try:
            wanted = function(x, *others)
        except (ValueError, IndexError, TypeError) as error:
            if not NEWEST:  # which could not do all of this yet
                return
            kind = next(k for k in (ValueError, IndexError, TypeError) if isinstance(error, k))
            with pytest.raises(AutogradError) as caught:
                function(tg.tensor(x, requires_grad=recorded), *others)
            assert isinstance(caught.value, kind)
            return
        found = function(tg.tensor(x, requires_grad=recorded), *others)
    for ours, numpys in zip(flat(found), flat(wanted), strict=True):
        np.testing.assert_allclose(ours, numpys)
        assert np.shape(ours) == np.shape(numpys)


def test_the_largest_size_of_nothing_is_0():
    """As in NumPy since 2.1; before, it raised ``ValueError``."""
    assert np.linalg.norm(tg.zeros(0), np.inf).item() == 0.0
    assert np.linalg.norm(tg.zeros(2, 0), np.inf, axis=1).tolist() == [0.0, 0.0]
    with pytest.raises(RuntimeError, match="the norm of order inf of nothing"):
        tg.linalg.norm(tg.zeros(0), float("inf"))
    assert [tg.linalg.matrix_norm(tg.zeros(2, 0), order).item() for order in (1, 2, "nuc", "fro")] == [0.0] * 4


@pytest.mark.parametrize("width", [1.5, (), "a"])
def test_pad_widths_are_integers(width):
    with pytest.raises(ArgumentError, match="pad_width is integers"):
        np.pad(tg.tensor(V), width)


def test_the_gradient_of_what_was_mended():
    x = tg.tensor(V, requires_grad=True)
    (np.tril(x) * np.arange(9.0).reshape(3, 3)).sum().backward()
    np.testing.assert_array_equal(x.grad.numpy(), np.tril(np.arange(9.0).reshape(3, 3)).sum(0))
    x = tg.tensor(M, requires_grad=True)
    (np.median(x, axis=()) * M).sum().backward()
    np.testing.assert_array_equal(x.grad.numpy(), M)


# ---------------------------------------------------------------------- determinants


def second(a):
    """The gradient of Σ w · (the gradient of det), with w = 0, 1, 2, …"""
    a = np.asarray(a, float)
    x = tg.tensor(a, requires_grad=True)
    (first,) = tg.autograd.grad(tg.linalg.det(x).sum(), x, create_graph=True)
    (bent,) = tg.autograd.grad((first * np.arange(a.size).reshape(a.shape)).sum(), x)
    return first.detach().numpy(), bent.numpy()


def by_minors(a):
    """The same from the definition: det is a sum of products, so its second derivatives are minors of minors."""
    n, w, bent = len(a), np.arange(float(a.size)).reshape(a.shape), np.zeros(a.shape)
    for i in range(n):
        for j in range(n):
            minor = np.delete(np.delete(a, i, 0), j, 1)
            for k in range(n - 1):
                for m in range(n - 1):
                    inner = np.delete(np.delete(minor, k, 0), m, 1)
                    sign = (-1) ** (i + j + k + m)
                    row, column = k + (k >= i), m + (m >= j)
                    bent[row, column] += w[i, j] * sign * (np.linalg.det(inner) if inner.size else 1.0)
    return bent


@pytest.mark.parametrize("a", [
    [[1, 2], [2, 4]], [[0, 0], [0, 0]], [[1, 0, 0], [0, 1, 0], [0, 0, 0]], [[1, 2, 3], [2, 4, 6], [1, 1, 1]],
    [[1, 2, 3], [2, 4, 6], [3, 6, 9]], [[0]], [[3]], [[2, 1], [1, 3]], np.diag([1, 2, 0, 0]), np.diag([1e-9, 1, 1]),
], ids=str)  # fmt: skip
def test_the_second_derivative_of_det_also_where_the_matrix_is_singular(a):
    a = np.asarray(a, float)
    np.testing.assert_allclose(second(a)[1], by_minors(a), atol=1e-12)


def test_a_batch_with_nan_and_singular_matrices_keeps_them_apart():
    a = np.array([[[1.0, 2.0], [2.0, 4.0]], [[np.nan, 1.0], [1.0, 2.0]], [[2.0, 1.0], [1.0, 3.0]]])
    with np.errstate(invalid="ignore"):  # NumPy's det says that it met NaN
        first, bent = second(a)
    assert np.isnan(first[1]).all() and np.isnan(bent[1]).all()
    np.testing.assert_allclose(first[[0, 2]], [[[4, -2], [-2, 1]], [[3, -1], [-1, 2]]])
    assert np.isfinite(bent[[0, 2]]).all()


# ---------------------------------------------------------------------- PyTorch's names


@pytest.mark.parametrize("call", [
    lambda **k: tg.randint(3, size=[2, 2], **k), lambda **k: tg.randint(high=3, size=(2, 2), **k),
    lambda **k: tg.randint(3, (2, 2), **k), lambda **k: tg.randint(0, 3, (2, 2), **k),
    lambda **k: tg.randint(low=0, high=3, size=[2, 2], **k), lambda **k: tg.randint(0, 3, size=(2, 2), **k),
    lambda **k: tg.randint_like(tg.zeros(2, 2, dtype=tg.int64), 3, **k),
    lambda **k: tg.randint_like(tg.zeros(2, 2, dtype=tg.int64), high=3, **k),
])  # fmt: skip
def test_every_way_to_ask_for_random_integers(call):
    tg.manual_seed(0)
    assert call(dtype=tg.int64).tolist() == [[2, 0], [2, 0]]  # PyTorch 2.13


@pytest.mark.parametrize("call", [
    lambda: tg.randint(size=(2,)), lambda: tg.randint(3), lambda: tg.randint(3, size=2), lambda: tg.randint(),
    lambda: tg.randint(high=3),
])  # fmt: skip
def test_random_integers_need_a_bound_and_a_shape(call):
    with pytest.raises(ArgumentError, match=r"randint\(high, size\) or randint\(low, high, size\)"):
        call()


def test_normalizing_rows_without_elements():
    x, weight = tg.zeros(2, 0, requires_grad=True), tg.ones(0, requires_grad=True)
    for norm in (F.layer_norm, F.rms_norm):
        y = norm(x, (0,), weight)
        assert y.shape == (2, 0)
        y.sum().backward()
        assert x.grad.shape == (2, 0) and weight.grad.shape == (0,)
    assert tg.nn.LayerNorm(0)(tg.zeros(3, 0)).shape == (3, 0)
