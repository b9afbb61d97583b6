"""vmap, Jacobians and Hessians against PyTorch's: values, what is refused, and what is not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tinygrad_bp as tg

# What PyTorch says of itself when its torch.func is first used, and of ops for which it has no batching rule.
pytestmark = [
    pytest.mark.filterwarnings("ignore:.torch.jit.script. is:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:There is a performance drop:UserWarning"),
]

torch = pytest.importorskip("torch", reason='needs pip install "tinygrad_bp[conformance]"')

RNG = np.random.default_rng(0)
X, Y, W, B = (RNG.standard_normal(shape) for shape in ((5, 3), (5, 3), (3, 3), (3,)))


def model(t: Any, w: Any, b: Any, x: Any) -> Any:
    return t.tanh(x @ w + b)


def loss(t: Any, w: Any, b: Any, x: Any, y: Any) -> Any:
    return ((model(t, w, b, x) - y) ** 2).mean()


def written(x: Any) -> Any:
    y = x.clone()
    y[0] = x.sum()
    y[1:].mul_(2)
    return y.add_(x)


def rows_pulled(t: Any, w: Any, b: Any, x: Any) -> Any:
    _, pull = t.func.vjp(lambda x: model(t, w, b, x), x)
    return t.func.vmap(pull)(t.eye(3, dtype=t.float64))[0]


def rosenbrock(x: Any) -> Any:
    return (100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum()


CASES = {
    "a batch of samples": lambda t, w, b, x, y: t.func.vmap(lambda x: model(t, w, b, x))(x),
    "gradients by sample": lambda t, w, b, x, y: t.func.vmap(
        t.func.grad(lambda p, x, y: loss(t, *p, x, y)), in_dims=(None, 0, 0))((w, b), x, y)[0],
    "ensembles": lambda t, w, b, x, y: t.func.vmap(lambda w, b: model(t, w, b, x), out_dims=1)(
        t.stack([w, 2 * w]), t.stack([b, -b])),
    "in and out dims": lambda t, w, b, x, y: t.func.vmap(lambda x, y: x * y, in_dims=(1, 0), out_dims=-1)(x, y.T),
    "nested": lambda t, w, b, x, y: t.func.vmap(lambda x: t.func.vmap(lambda y: (x * y).cumsum(0))(y))(x),
    "in place": lambda t, w, b, x, y: t.func.vmap(written)(x),
    "sorting": lambda t, w, b, x, y: t.func.vmap(lambda x: x.sort(descending=True)[0])(x),
    "positions": lambda t, w, b, x, y: t.func.vmap(lambda x: x.gather(0, x.argsort()))(x),
    "chunks": lambda t, w, b, x, y: t.func.vmap(lambda x: model(t, w, b, x), chunk_size=2)(x),
    "what is shared": lambda t, w, b, x, y: t.func.vmap(lambda x: b)(x),
    "linear algebra": lambda t, w, b, x, y: t.func.vmap(lambda x: t.linalg.solve(w + x.diag(), b))(x),
    "jacrev": lambda t, w, b, x, y: t.func.jacrev(lambda x: model(t, w, b, x))(x),
    "jacfwd": lambda t, w, b, x, y: t.func.jacfwd(lambda w: model(t, w, b, x))(w),
    "rows pulled": lambda t, w, b, x, y: rows_pulled(t, w, b, x[0]),
    "hessian": lambda t, w, b, x, y: t.func.hessian(lambda w: loss(t, w, b, x, y))(w),
    "hessian of Rosenbrock": lambda t, w, b, x, y: t.func.hessian(rosenbrock)(x[0]),
    "hessians": lambda t, w, b, x, y: t.func.vmap(t.func.hessian(rosenbrock))(x),
    "jacobian of a gradient": lambda t, w, b, x, y: t.func.jacrev(t.func.grad(lambda x: loss(t, w, b, x, y)))(x),
    "functional": lambda t, w, b, x, y: t.autograd.functional.hessian(rosenbrock, x[0], vectorize=True),
    "grads batched": lambda t, w, b, x, y: (lambda leaf: t.autograd.grad(
        t.tanh(leaf), leaf, t.eye(3, dtype=t.float64), is_grads_batched=True)[0])(b.clone().requires_grad_()),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_as_pytorch(name: str) -> None:
    ours, theirs = (CASES[name](t, *(t.tensor(array) for array in (W, B, X, Y))) for t in (tg, torch))
    np.testing.assert_allclose(ours.detach().numpy(), theirs.detach().numpy(), rtol=1e-10, atol=1e-12)


REFUSED = {
    "item": lambda t, x: t.func.vmap(lambda x: x * x.sum().item())(x),
    "if": lambda t, x: t.func.vmap(lambda x: x if x.sum() > 0 else -x)(x),
    "a draw": lambda t, x: t.func.vmap(lambda x: t.rand(3))(x),
    "a write into what is shared": lambda t, x: t.func.vmap(lambda x: t.zeros(3, dtype=t.float64).add_(x))(x),
    "sizes that differ": lambda t, x: t.func.vmap(lambda x, y: x + y.sum())(x, x.T),
    "no tensor": lambda t, x: t.func.vmap(lambda x: 3)(x),
    "no slices": lambda t, x: t.func.vmap(lambda x: x, in_dims=None)(x),
    "a place that it lacks": lambda t, x: t.func.vmap(lambda x: x.sum(), in_dims=2)(x),
    "a gradient of one": lambda t, x: t.func.vmap(lambda x: x.requires_grad_())(x),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_pytorch_refuses_is_refused(name: str) -> None:
    for t in (torch, tg):
        with pytest.raises((RuntimeError, ValueError, IndexError)):
            REFUSED[name](t, t.tensor(X))
