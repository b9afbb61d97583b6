"""Runs of rows reduced. The numbers are PyTorch's."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_bp as tg
from tinygrad_bp.autograd.errors import ArgumentError, ShapeError

NAN, INF = float("nan"), float("inf")
# Of [1, 2, 2, 4] in runs of 1, 0 and 3: the values, those with initial=3, and the gradient.
FOUND = {
    "sum": ([1, 0, 8], [4, 3, 11], [1, 1, 1, 1]), "mean": ([1, NAN, 8 / 3], [4, 3, 11 / 3], [1, 1 / 3, 1 / 3, 1 / 3]),
    "max": ([1, -INF, 4], [3, 3, 4], [1, 0, 0, 1]), "min": ([1, INF, 2], [1, 3, 2], [1, 0.5, 0.5, 0]),
    "prod": ([1, 1, 16], [3, 3, 48], [1, 8, 8, 4]),
}  # fmt: skip


@pytest.mark.parametrize("reduce", FOUND)
def test_runs(reduce: str) -> None:
    values, with_initial, gradient = FOUND[reduce]
    x = tg.tensor([1.0, 2.0, 2.0, 4.0], requires_grad=True)
    found = tg.segment_reduce(x, reduce, lengths=tg.tensor([1, 0, 3]))
    np.testing.assert_allclose(found.detach().numpy(), values, rtol=1e-6)
    found = tg.segment_reduce(x, reduce, offsets=tg.tensor([0, 1, 1, 4]), initial=3.0)
    np.testing.assert_allclose(found.detach().numpy(), with_initial, rtol=1e-6)
    tg.segment_reduce(x, reduce, lengths=tg.tensor([1, 3])).sum().backward()
    assert x.grad is not None
    np.testing.assert_allclose(x.grad.numpy(), gradient, rtol=1e-6)


def test_rows_and_what_does_not_fit() -> None:
    x = tg.arange(6.0).reshape(3, 2)
    assert tg.segment_reduce(x, "sum", lengths=tg.tensor([2, 1])).tolist() == [[2, 4], [4, 5]]
    for error, options in (
        (ArgumentError, {"reduce": "median", "lengths": tg.tensor([3])}),
        (ArgumentError, {"reduce": "sum"}),
        (ShapeError, {"reduce": "sum", "lengths": tg.tensor([2])}),
    ):
        with pytest.raises(error, match="segment_reduce"):
            tg.segment_reduce(x, **options)
