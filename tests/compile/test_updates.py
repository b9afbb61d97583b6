"""``W −= A · B`` by one call of BLAS: where it is taken, where not, and what it makes of every memory order."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_bp as tg
from tinygrad_bp import blas
from tinygrad_bp.blas import subtract_product
from tinygrad_bp.compiler.lowering import updates
from tinygrad_bp.compiler.numpy_backend import build
from tinygrad_bp.program import evaluate
from tinygrad_bp.program.capture import capture

pytestmark = pytest.mark.skipif(blas.gemm() is None, reason="neither NumPy nor SciPy says where its BLAS is")

ORDERS = {
    "rows": lambda a: np.array(a, order="C"),
    "columns": lambda a: np.array(a, order="F"),
    "every second": lambda a: np.repeat(a, 2, axis=1)[:, ::2],
}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("w_order", ORDERS)
@pytest.mark.parametrize("a_order", ORDERS)
@pytest.mark.parametrize("b_order", ORDERS)
def test_every_memory_order(dtype, w_order: str, a_order: str, b_order: str) -> None:
    rng = np.random.default_rng(0)
    w, a, b = (rng.standard_normal(shape).astype(dtype) for shape in ((7, 5), (7, 3), (3, 5)))
    wanted = w - a @ b
    w = ORDERS[w_order](w)
    subtract_product(w, ORDERS[a_order](a), ORDERS[b_order](b))
    np.testing.assert_allclose(w, wanted, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("sizes", [(4, 3, 0), (1, 1, 1), (1, 5, 2), (5, 1, 2), (0, 3, 2), (3, 0, 2)])
def test_the_least_sizes(sizes: tuple[int, int, int]) -> None:
    rows, columns, inner = sizes
    w, a, b = np.ones((rows, columns)), np.full((rows, inner), 2.0), np.full((inner, columns), 3.0)
    subtract_product(w, a, b)
    assert w.shape == (rows, columns) and (w == 1 - 6 * inner).all()


def test_what_lies_between_the_bytes_of_others() -> None:
    odd = np.zeros(7 * 7 * 8 + 1, np.uint8)[1:].view(np.float64).reshape(7, 7)
    a = np.eye(7)
    subtract_product(odd, a, a)
    assert (odd == -a).all() and not odd.flags.aligned
    w = np.zeros((7, 7))
    subtract_product(w, odd, a)
    assert (w == a).all()


def test_by_the_blas_of_scipy_where_numpy_does_not_say(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("scipy")
    monkeypatch.setattr(blas, "gemm", blas._of_scipy)
    blas._by_ctypes.cache_clear()
    try:
        for order in ORDERS:
            test_every_memory_order(np.float32, order, "rows", "columns")
            test_every_memory_order(np.float64, order, "columns", "every second")
    finally:
        blas._by_ctypes.cache_clear()


def moved(step, *sizes):
    rng = np.random.default_rng(0)
    arrays = [rng.standard_normal(size).astype(np.float32) for size in sizes]
    captured, _ = capture(step, (tuple(tg.tensor(a) for a in arrays), {}))
    outputs, wanted = evaluate(captured.program, arrays)
    runnable, ours = build(captured.program), [a.copy() for a in arrays]
    for output, found in zip(outputs, runnable(*ours), strict=True):
        np.testing.assert_allclose(found, output, rtol=1e-4, atol=1e-4)
    for place, after in zip(captured.program.writes, wanted, strict=True):
        np.testing.assert_allclose(ours[captured.program.inputs.index(place)], after, rtol=1e-4, atol=1e-4)
    return runnable.code


def _plain(w, a, b):
    w -= a @ b
    return a.sum()


def _turned(w, a, b):
    w -= (b.T @ a.T).T
    return a.sum()


@pytest.mark.parametrize("step", [_plain, _turned])
def test_a_large_update_is_one_call(step) -> None:
    assert "subtract_product(" in moved(step, (256, 256), (256, 8), (8, 256))


def _product_read(w, a, b):
    product = a @ b
    w -= product
    return product.sum()


def _returned(w, a, b):
    w -= a @ b
    return w


def _of_itself(w, a, b):
    w -= w @ w
    return a.sum()


@pytest.mark.parametrize("step", [_product_read, _returned])
def test_what_something_else_reads_is_made(step) -> None:
    assert "subtract_product(" not in moved(step, (256, 256), (256, 8), (8, 256))


def test_small_updates_are_two_calls() -> None:
    assert "subtract_product(" not in moved(_plain, (16, 16), (16, 8), (8, 16))


def test_an_update_by_a_product_of_itself() -> None:
    assert "subtract_product(" not in moved(_of_itself, (256, 256), (256, 8), (8, 256))


def test_without_blas_numpy_does_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(updates, "gemm", lambda: None)
    assert "subtract_product(" not in moved(_plain, (256, 256), (256, 8), (8, 256))


def test_exactly_it_is_not_taken() -> None:
    w, a, b = (tg.ones(*size) for size in ((256, 256), (256, 8), (8, 256)))
    runnable = build(capture(_plain, ((w, a, b), {}))[0].program, exact=True)
    runnable(w.numpy(), a.numpy(), b.numpy())
    assert "subtract_product(" not in runnable.code
