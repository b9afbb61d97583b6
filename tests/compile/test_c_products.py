"""Products in C: of few rows, of many, and those that BLAS takes."""

from __future__ import annotations

import re

import numpy as np
import pytest

import tinygrad_bp as tg
from tests.compile.in_c import built, moved_alike, near
from tests.compile.programs import training, written_down
from tinygrad_bp.program import evaluate
from tinygrad_bp.program.capture import capture

nn, F = tg.nn, tg.nn.functional


def test_products_that_blas_takes() -> None:
    layers = lambda: (nn.Linear(200, 96), nn.ReLU(), nn.Linear(96, 128), nn.ReLU(), nn.Linear(128, 3))  # noqa: E731
    step, arguments, _ = training(layers, F.cross_entropy, lambda: tg.randn(70, 200), lambda: tg.arange(70) % 3)
    moved_alike(step, arguments, units=512)
    assert "gemmf(" in built(written_down(step, arguments).program).c_source


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize(("rows", "dtype"), [*((rows, "float32") for rows in (1, 2, 7, 8, 9, 16)), (7, "float64")])
def test_large_products_of_few_rows(rows, dtype, turned, order) -> None:
    """Forward, and the update that takes its gradient at once, wherever the matrix lies."""

    def step(w, x, g):
        y, gradient = x @ (w.T if turned else w), x.T @ g
        w.copy_(w - (gradient.T if turned else gradient) * 0.1)
        return y

    rng = np.random.default_rng(rows)
    w, *given = (rng.standard_normal(size).astype(dtype) for size in ((1040, 544), (rows, 1040), (rows, 544)))
    w = np.array(w.T if turned else w, order=order)
    captured, _ = capture(step, (tuple(map(tg.tensor, (w, *given))), {}))
    (wanted,), (after,) = evaluate(captured.program, [w, *given])
    runnable, ours = built(captured.program), w.copy(order="K")
    assert near(runnable(ours, *given)[0], wanted, 64) and near(ours, after, 64)
    row_by_row = (order == "C") is not turned  # of the matrix that x is multiplied by
    assert "factor[" in runnable.c_source and ("sums[" in runnable.c_source) == row_by_row
    assert bool(re.search(r" gemmf?\(", runnable.c_source)) != row_by_row


@pytest.mark.parametrize(
    ("rows", "columns", "dtype"), [(17, 528, "float32"), (8, 530, "float32"), (17, 528, "float64")]
)
def test_large_products_of_more_rows_are_left_to_blas(rows, columns, dtype) -> None:
    captured, _ = capture(lambda w, x, g: (x @ w, w.sub_(x.T @ g)), (
        tuple(tg.zeros(*size, dtype=dtype) for size in ((1040, columns), (rows, 1040), (rows, columns))), {},
    ))  # fmt: skip
    source = built(captured.program).c_source
    assert "gemm" in source and "sums[" not in source and "factor[" not in source


@pytest.mark.parametrize("dtype", [tg.float32, tg.float64])
@pytest.mark.parametrize("rows", [1, 2, 5, 16, 20, 33, 64, 65])
def test_few_rows_of_a_weight_of_some_size(rows, dtype) -> None:
    """They are not taken 16 at a time, as more rows are and those of small weights."""
    tg.set_default_dtype(dtype)
    layers = lambda: (nn.Linear(300, 20), nn.Tanh(), nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 64), nn.Linear(64, 3))  # noqa: E731
    step, arguments, _ = training(layers, F.cross_entropy, lambda: tg.randn(rows, 300), lambda: tg.arange(rows) % 3)
    source = moved_alike(step, arguments, units=512).c_source
    taken = re.search(r"(sums|factor)\[| gemmf?\(", source)
    assert (taken is not None) == (rows <= 64)


def test_many_rows_of_a_narrow_layer_stay_side_by_side() -> None:
    """A product of the same shape as one of few rows, where what is few is a layer's features."""
    layers = lambda: (nn.Linear(64, 8), nn.ReLU(), nn.Linear(8, 64), nn.ReLU(), nn.Linear(64, 16))  # noqa: E731
    step, arguments, _ = training(layers, F.cross_entropy, lambda: tg.randn(200, 64), lambda: tg.arange(200) % 16)
    source = moved_alike(step, arguments, units=512).c_source
    assert not re.search(r"(sums|factor)\[| gemmf?\(", source)


@pytest.mark.parametrize(("rows", "blas"), [(64, False), (48, True)])
def test_rows_that_fill_vectors_and_stay_in_the_cache_go_side_by_side(rows, blas) -> None:
    """BLAS would copy them and their weight first; either way the weight moves in one pass."""
    layers = lambda: (nn.Linear(300, 128), nn.ReLU(), nn.Linear(128, 3))  # noqa: E731
    step, arguments, _ = training(layers, F.cross_entropy, lambda: tg.randn(rows, 300), lambda: tg.arange(rows) % 3)
    source = moved_alike(step, arguments, units=512).c_source
    assert (" gemmf(" in source) == blas and "factor[" in source


def test_many_products_of_few_rows_each() -> None:
    captured, _ = capture(lambda x, w: x @ w, ((tg.ones(3, 8, 40), tg.ones(3, 40, 48)), {}))
    rng = np.random.default_rng(0)
    given = [rng.standard_normal(size).astype(np.float32) for size in ((3, 8, 40), (3, 40, 48))]
    assert near(built(captured.program)(*given)[0], given[0] @ given[1], 64)


def test_rows_of_a_batch_on_either_side_of_a_product() -> None:
    def function(x, w, b, v):
        h = F.linear(x, w, b).relu()
        return v @ h.T, h @ v.T

    rng = np.random.default_rng(0)
    given = [rng.standard_normal(size).astype(np.float32) for size in ((20, 4), (5, 4), (5,), (7, 5))]
    captured, _ = capture(function, (tuple(map(tg.tensor, given)), {}))
    outputs, _ = evaluate(captured.program, given)
    assert all(near(a, b) for a, b in zip(built(captured.program)(*given), outputs, strict=True))


def test_a_training_step_with_few_rows() -> None:
    layers = lambda: (nn.Linear(1030, 528), nn.ReLU(), nn.Linear(528, 3))  # noqa: E731
    step, arguments, _ = training(layers, F.cross_entropy, lambda: tg.randn(8, 1030), lambda: tg.arange(8) % 3)
    source = moved_alike(step, arguments, units=512).c_source
    assert "sums[" in source and "factor[" in source and "gemmf(" not in source


def test_a_weight_that_its_own_product_moves() -> None:
    def step(w, x):
        w.copy_(w - (w @ x) * 0.1)
        return w.sum()

    captured, _ = capture(step, ((tg.zeros(100, 100), tg.zeros(100, 100)), {}))
    rng = np.random.default_rng(0)
    ours = [rng.standard_normal((100, 100)).astype(np.float32) for _ in range(2)]
    _, (wanted,) = evaluate(captured.program, ours)
    built(captured.program)(*ours)
    assert near(ours[0], wanted, 64)


@pytest.mark.parametrize(("rows", "sizes"), [(3, (3, 5, 2)), (3, (6, 7, 2)), (7, (4, 6, 2))])
def test_narrow_products_of_doubles(rows, sizes) -> None:
    """GCC 12 made vectors of the lines of one run that were none, and the results were wrong by whole numbers."""
    rng = np.random.default_rng(rows)

    def slopes(x, first, second):
        hidden = np.maximum(x @ first, 0)
        d = (hidden @ second - 1) / rows
        return d, d.sum(0), hidden.T @ d

    def drawn():
        return [rng.standard_normal(shape) for shape in ((rows, sizes[0]), sizes[:2], sizes[1:])]

    captured, _ = capture(slopes, (tuple(map(tg.tensor, drawn())), {}))
    runnable = built(captured.program)
    for _ in range(8):
        given = drawn()
        assert all(near(*pair, 64) for pair in zip(runnable(*given), slopes(*given)))
