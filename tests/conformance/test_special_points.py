"""Every elementwise function of PyTorch's table where it is special: 0, the infinities, NaN, poles, ends of domains."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch", reason='needs pip install "tinygrad_bp[conformance]"')
pytest.importorskip("expecttest", reason='needs pip install "tinygrad_bp[conformance]"')

import torch
from torch.testing._internal.opinfo.core import BinaryUfuncInfo, UnaryUfuncInfo

import tinygrad_bp as tg

from . import operators as o

pytestmark = pytest.mark.filterwarnings("ignore")

inf, nan = float("inf"), float("nan")
ONE = [0.0, -0.0, 0.5, -0.5, 1.0, -1.0, 2.0, -2.0, 3.0, -3.0, 21.0, -21.0, 750.0, -750.0, inf, -inf, nan,
       1e-300, -1e-300, 1e300, -1e300]  # fmt: skip
TWO = [0.0, 1.0, -1.0, 2.0, -0.5, inf, -inf, nan, 1e-300, 1e300]

LEFT_OUT = {"frexp", "fill", "nn.functional.threshold", "nn.functional.prelu"}  # they take or give more than numbers
DIGITS = "PyTorch subtracts two numbers that nearly cancel, or squares one out of the range"
DIFFERENT = {
    "abs": "the slope at NaN is NaN, as NumPy's sign is; PyTorch: 0",
    "sign": "of NaN it is NaN, as in NumPy; PyTorch: 0",
    "sgn": "of NaN it is NaN, as in NumPy; PyTorch: 0",
    "acosh": "below 1 the slope is NaN, as the value is; PyTorch's is a number",
    "nn.functional.hardsigmoid": "PyTorch rounds 1 / 6 to float32; at NaN its slope is 0",
    "sinc": DIGITS,
    "expm1": DIGITS,
    "sigmoid": DIGITS,
    "special.ndtr": DIGITS,
    "special.log_ndtr": DIGITS,
    "special.erfcx": DIGITS,
    "atan2": DIGITS,
    "__rdiv__": DIGITS,
    "digamma": "at the poles the slope is ∞, where PyTorch's is a large number",
    "logit": "at −0 the slope is that of a number below 0",
    "special.i1": "where it overflows the slope is ∞, and at NaN NaN; PyTorch: NaN and 0.5",
    "special.i1e": "the slope at NaN is NaN; PyTorch: 0.5",
    "copysign": "at the infinities the slope is the sign; PyTorch: NaN",
    "nextafter": "of equal numbers the slope in the first is 1; PyTorch: 0",
    "hypot": "the slope at (0, 0) is 0, as the norm's; PyTorch: NaN",
}


def at(engine: Any, function: Callable[..., Any], point: tuple[float, ...]) -> list[float]:
    """The value and the gradients at a point, by PyTorch or by us."""
    tensors = [engine.tensor(x, dtype=engine.float64, requires_grad=True) for x in point]
    y = function(*tensors)
    slopes = engine.autograd.grad(y, tensors, allow_unused=True) if y.requires_grad else []
    return [y.item(), *(0.0 if slope is None else slope.item() for slope in slopes)]


def differences(op: Any, points: Any) -> list[str]:
    """The points at which the two engines differ; +0 and −0 are one number."""
    found = []
    for point in points:
        with np.errstate(all="ignore"):
            try:
                theirs = at(torch, op.get_op(), point)
            except RuntimeError:
                continue
            ours = at(tg, o.ours(op.name), point)
        same = np.isclose(ours, theirs, rtol=1e-9, atol=1e-300, equal_nan=True)
        if not same.all():
            found.append(f"at {point}: {ours}, PyTorch {theirs}")
    return found


def functions(kind: type) -> list[Any]:
    """The table's functions of one or of two numbers."""
    return [op for op in o.table() if isinstance(op, kind) and o.ours(op.name) is not None and op.name not in LEFT_OUT]


@pytest.mark.parametrize("op", functions(UnaryUfuncInfo), ids=lambda op: op.name)
def test_of_one_number(op: Any) -> None:
    found = differences(op, [(x,) for x in ONE])
    assert bool(found) == (op.name in DIFFERENT), "\n".join(found)


@pytest.mark.parametrize("op", functions(BinaryUfuncInfo), ids=lambda op: op.name)
def test_of_two_numbers(op: Any) -> None:
    found = differences(op, itertools.product(TWO, repeat=2))
    assert bool(found) == (op.name in DIFFERENT), "\n".join(found)
