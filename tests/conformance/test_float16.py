"""Every function of PyTorch's table in float16 and at the ends of its range, against itself in float64, rounded."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch", reason='needs pip install "tinygrad_bp[conformance]"')
pytest.importorskip("expecttest", reason='needs pip install "tinygrad_bp[conformance]"')

import rounding
import torch

from . import operators as o
from .test_operators import EXPORTED

FEW = 4  # samples of each function, taken at equal distances
OVER = "of a broadcast operand single gradients overflow before they are summed"
CANCEL = "the gradient is what is left where all parts cancel"
# What differs somewhere, and why.
KNOWN = {
    "true_divide": OVER,
    "__rdiv__": OVER,
    "nn.functional.batch_norm": "the running statistics overflow",
    "nn.functional.rms_norm": "eps is the dtype's own unless given",
    "nn.functional.normalize": CANCEL,
    "corrcoef": CANCEL,
    "nn.functional.grid_sample": "far outside the picture the position between two pixels is rounded",
}

pytestmark = pytest.mark.filterwarnings("ignore")


def calls(op: Any) -> Iterator[tuple[Callable[[Any], Any], list[Any]]]:
    """Each sample as a function of our tensors, and the arrays of those."""
    function = o.ours(op.name)
    for sample in o.samples(op):
        arrays: list[Any] = []
        parts = [_held(part, arrays) for part in (sample.input, sample.args, sample.kwargs)]

        def call(tensors: Any, parts: Any = parts) -> Any:
            first, args, kwargs = (_given(part, tensors) for part in parts)
            return function(first, *args, **kwargs)  # type: ignore[misc]

        yield call, arrays


class _Place(int):
    """Where an array of floats stands among the inputs."""


def _held(value: Any, arrays: list[Any]) -> Any:
    if isinstance(value, torch.Tensor) and value.dtype.is_floating_point:
        arrays.append(np.array(value.numpy(force=True)))
        return _Place(len(arrays) - 1)
    if isinstance(value, dict):
        return {name: _held(item, arrays) for name, item in value.items() if name != "device"}
    if isinstance(value, (tuple, list)) and not isinstance(value, torch.Size):
        return type(value)([_held(item, arrays) for item in value])
    return o.converted(value, [], [])


def _given(value: Any, tensors: Any) -> Any:
    if isinstance(value, _Place):
        return tensors[value]
    if isinstance(value, dict):
        return {name: _given(item, tensors) for name, item in value.items()}
    return type(value)([_given(item, tensors) for item in value]) if type(value) in (tuple, list) else value


def found(op: Any) -> list[str]:
    """What is wrong in some samples of a function, scaled to several sizes."""
    samples = [(call, arrays) for call, arrays in calls(op) if arrays and sum(a.size for a in arrays) <= 5000]
    return [
        f"2^{power}: {fault}"
        for call, arrays in samples[:: max(1, len(samples) // FEW)]
        for power in rounding.scales(np.float16)
        for fault in rounding.faults(call, [array * 2.0**power for array in arrays], np.dtype(np.float16))
    ]


@pytest.mark.parametrize("op", EXPORTED, ids=lambda op: op.name)
def test_function(op: Any) -> None:
    wrong = found(op)
    assert bool(wrong) == (op.name in KNOWN), "\n".join(wrong[:5])
