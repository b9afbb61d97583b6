"""Where PyTorch's gradient requires grad under ``create_graph``, ours does: over PyTorch's operator table."""

from __future__ import annotations

import functools
import itertools

import pytest

pytest.importorskip("torch", reason='needs pip install "tinygrad_bp[conformance]"')
pytest.importorskip("expecttest", reason='needs pip install "tinygrad_bp[conformance]"')

import torch

import tinygrad_bp as tg

from . import operators as o

pytestmark = pytest.mark.filterwarnings("ignore")

SAMPLES = 4
# Linear functions made of several ops here: PyTorch's one node for them holds their input, and gives it zeros.
LINEAR = {
    "stft", "nn.functional.adaptive_avg_pool1d", "nn.functional.adaptive_avg_pool2d",
    "nn.functional.adaptive_avg_pool3d", "nn.functional.conv1d", "nn.functional.conv2d", "nn.functional.conv3d",
    "nn.functional.conv_transpose1d", "nn.functional.conv_transpose2d", "nn.functional.conv_transpose3d",
    "nn.functional.instance_norm",
}  # fmt: skip
# The position does not matter for the value: there is no gradient for it at all.
NEAREST = {"nn.functional.grid_sample", "grid_sampler_2d"}
OPS = [
    op for op in o.table() if op.supports_gradgrad and o.ours(op.name) is not None and op.name not in LINEAR | NEAREST
]


def gradients(engine, result, inputs):
    results = [y for y in o.leaves(result) if isinstance(y, engine.Tensor) and y.requires_grad]
    ones = [engine.ones_like(y) for y in results]
    return engine.autograd.grad(results, inputs, ones, create_graph=True, allow_unused=True) if results else ()


@pytest.mark.parametrize("op", OPS, ids=lambda op: op.name)
def test_gradients_require_grad_where_pytorchs_do(op) -> None:
    for sample in itertools.islice(o.samples(op), SAMPLES):
        theirs_in, ours_in = [], []
        convert = functools.partial(o.converted, theirs=theirs_in, ours=ours_in)
        arguments = convert(sample.input), convert(sample.args), convert(sample.kwargs)
        try:
            theirs = gradients(torch, op.get_op()(sample.input, *sample.args, **sample.kwargs), theirs_in)
        except RuntimeError:  # PyTorch refuses eigenvectors whose phase counts
            continue
        input, args, kwargs = arguments
        for mine, g in zip(gradients(tg, o.ours(op.name)(input, *args, **kwargs), ours_in), theirs):
            if g is not None and g.requires_grad:
                assert mine is not None and mine.requires_grad
