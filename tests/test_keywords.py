"""PyTorch's names of arguments, by keyword: each call gives what it gives with the arguments in their places."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tinygrad_bp as tg
from tinygrad_bp.autograd.errors import ArgumentError, NoRuleError

X = tg.tensor(np.random.default_rng(0).standard_normal((3, 4)))
V = X[0]
K = tg.tensor([[0, 1, 2, 0]])
ALIKE = {
    "T.sum(input=x)": "T.sum(x)",
    "T.mul(input=x, other=2)": "x * 2",
    "T.pow(input=x, exponent=2)": "x ** 2",
    "x.pow(exponent=2)": "x ** 2",
    "T.mm(input=x, mat2=x.T)": "x @ x.T",
    "T.mv(input=x, vec=v)": "x @ v",
    "T.dot(input=v, tensor=v)": "v @ v",
    "T.bmm(input=x[None], mat2=x.T[None])": "x[None] @ x.T[None]",
    "T.outer(input=v, vec2=v)": "v[:, None] * v",
    "T.split(tensor=x, split_size_or_sections=2)[1]": "x[2:]",
    "x.split(split_size=2)[1]": "x[2:]",
    "T.add(input=x, other=x, alpha=2)": "3 * x",
    "x.sub(other=1, alpha=2)": "x - 2",
    "T.addmm(input=x, mat1=x[:, :3], mat2=x, beta=2, alpha=3)": "2 * x + 3 * x[:, :3] @ x",
    "x.clamp(min=0)": "T.relu(x)",
    "x.clone().clamp_(min=0, max=1)": "x.clip(0, 1)",
    "x.view(size=(4, 3))": "x.view(4, 3)",
    "T.where(condition=x > 0, input=x, other=0.0)": "T.relu(x)",
    "x.permute(dims=(1, 0))": "x.T",
    "x.scatter(dim=0, index=k, src=x)": "x.scatter(0, k, x)",
    "x.masked_fill(mask=x < 0, value=0.0)": "T.relu(x)",
    "T.softmax(input=x, dim=0, dtype=T.float64)": "x.softmax(0)",
    "T.max(input=x, dim=1).values": "x.amax(1)",
    "T.arange(start=1, end=4, step=2)": "T.tensor([1, 3])",
    "T.arange(end=3)": "T.tensor([0, 1, 2])",
    "T.full(size=(2,), fill_value=3)": "T.tensor([3, 3])",
    "T.linspace(start=0, end=1, steps=3)": "T.tensor([0, 0.5, 1])",
    "T.clone(x, memory_format=T.preserve_format)": "x",
    "T.zeros_like(x, memory_format=T.preserve_format)": "0 * x",
    "T.ones(2, layout=T.strided, pin_memory=False)": "T.ones(2)",
    "T.unique(input=k, return_counts=True)[1]": "T.tensor([2, 1, 1])",
}
DRAWN = {
    "T.rand(size=(2, 3))": "T.rand(2, 3)",
    "T.randn(size=(2, 3))": "T.randn(2, 3)",
    "T.randint(high=5, size=(3,))": "T.randint(5, (3,))",
    "T.randint(low=1, high=5, size=(3,))": "T.randint(1, 5, (3,))",
    "T.normal(mean=0.0, std=1.0, size=(3,))": "T.randn(3)",
    "T.randperm(n=4, requires_grad=False)": "T.randperm(4)",
    "T.rand_like(input=x)": "T.rand(3, 4, dtype=x.dtype)",
    "x.clone().uniform_(to=2.0)": "x.clone().uniform_(0.0, 2.0)",
    "T.bernoulli(x, p=0.5)": "x.clone().bernoulli_(0.5)",
    "x.abs().multinomial(2)": "T.multinomial(x.abs(), 2)",
    "T.randn(3, generator=T.Generator().manual_seed(0))": "T.randn(3)",
}


def run(call: str) -> Any:
    tg.manual_seed(0)
    return eval(call, {"T": tg, "x": X, "v": V, "k": K})


@pytest.mark.parametrize("call", [*ALIKE, *DRAWN])
def test_by_keyword(call: str) -> None:
    expected = run({**ALIKE, **DRAWN}[call])
    found = run(call)
    assert found.dtype == expected.dtype
    np.testing.assert_allclose(found.numpy(), expected.numpy(), rtol=1e-12)


def test_while_it_is_watched() -> None:
    with tg.autograd.detect_anomaly():
        assert tg.exp(input=tg.zeros(1)).tolist() == [1] == tg.mul(input=tg.ones(1), other=1).tolist()


def test_the_bytes_as_another_dtype() -> None:
    x = tg.tensor([1.0, 2.0])
    bits = x.view(tg.int32)
    assert bits.tolist() == [1065353216, 1073741824] and x.view(dtype=tg.uint8).shape == (8,)
    bits[0] = 0
    assert x.tolist() == [0, 2]
    with pytest.raises(ArgumentError, match="a shape or a dtype"):
        x.view(2, dtype=tg.int32)
    with pytest.raises(NoRuleError, match=r"t.to\(dtype\)"):
        x.requires_grad_().view(tg.int32)
