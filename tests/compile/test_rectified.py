"""ReLU that C takes while a product is in registers: the numbers of the op, and only where nobody else reads it."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_bp as tg
from tinygrad_bp.compiler import c_backend
from tinygrad_bp.compiler.build import BuildError, compiler
from tinygrad_bp.program import evaluate
from tinygrad_bp.program.capture import capture

F = tg.nn.functional
try:
    compiler()
except BuildError as error:
    pytest.skip(str(error), allow_module_level=True)


def both(function, dtype):
    """What C gives for 21 rows, as the ops do, with NaN, infinities and both zeros among them, and its text."""
    rng = np.random.default_rng(0)
    x, weight, bias = (rng.integers(-3, 4, shape).astype(dtype) for shape in ((21, 4), (6, 4), (6,)))
    x[:5, 0] = [np.nan, np.inf, -np.inf, 0, -0.0]
    weight[0], bias[0] = (0, 0, 0, -1), -0.0
    x[5, 3] = 0
    given = [x, weight, bias]
    with np.errstate(invalid="ignore"):
        captured, _ = capture(function, (tuple(map(tg.tensor, given)), {}))
        runnable = c_backend.build(captured.program)
        assert isinstance(runnable, c_backend.Runnable)
        found, (wanted, _) = runnable(*given), evaluate(captured.program, given)
    for one, other in zip(found, wanted, strict=True):
        np.testing.assert_array_equal(one, other, strict=True)
    return found[0], runnable.c_source


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_product_itself_is_never_written(dtype) -> None:
    found, source = both(lambda x, w, b: F.relu(F.linear(x, w, b)), dtype)
    assert np.isnan(found).any() and np.isinf(found).any()
    assert "/* t0 = linear, t1 = relu */" in source and " t0[" not in source


KEPT = {
    "returned": lambda x, w, b: (lambda h: (h, F.relu(h)))(F.linear(x, w, b)),
    "read by another op": lambda x, w, b: (lambda h: F.relu(h) * h)(F.linear(x, w, b)),
    "a part of it": lambda x, w, b: F.relu(F.linear(x, w, b)[:, 1:3]),
    "repeated": lambda x, w, b: F.relu(F.linear(x, w, b)[None].expand(2, 21, 6)),
}


@pytest.mark.parametrize("case", KEPT)
def test_what_another_step_reads_stays(case) -> None:
    _, source = both(KEPT[case], np.float32)
    assert "linear, " not in source


def test_a_row_of_products() -> None:
    """Each of two layers takes its own."""
    _, source = both(lambda x, w, b: F.relu(F.relu(F.linear(x, w, b)) @ w), np.float32)
    assert source.count(" = relu */") == 2
