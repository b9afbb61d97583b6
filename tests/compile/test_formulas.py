"""The formulas of standalone files give the bits of the ops."""

from __future__ import annotations

import inspect

import numpy as np
import pytest
from programs import same_bits

from tinygrad_bp.autograd.op import OPS
from tinygrad_bp.compiler import formulas
from tinygrad_bp.verify.contracts import draw

NAMED = {name: f for name, f in inspect.getmembers(formulas, inspect.isfunction) if name in OPS}
CALLS = [
    pytest.param(name, s, dtype, id=f"{name}-{i}-{dtype.__name__}")
    for name in NAMED for i, s in enumerate(OPS[name].samples) for dtype in (np.float32, np.float64)
]  # fmt: skip


@pytest.mark.parametrize(("name", "sample", "dtype"), CALLS)
def test_a_formula_is_the_op(name, sample, dtype) -> None:
    op, arrays = OPS[name], draw(OPS[name], sample, dtype=dtype)
    if any(a.dtype.kind == "c" for a in arrays):
        pytest.skip("formulas are of real numbers")
    params = {**op.params, **sample.params}.values()
    with np.errstate(all="ignore"):
        found, wanted = NAMED[name](*arrays, *params), op.forward(*arrays, *params)
    found, wanted = (a if op.residuals else (a,) for a in (found, wanted))
    assert len(found) == len(wanted)
    for a, b in zip(found, wanted, strict=True):
        assert same_bits(a, b)


def test_there_are_formulas() -> None:
    assert {"sigmoid", "cross_entropy", "mse_loss", "relu", "softmax"} <= set(NAMED)
