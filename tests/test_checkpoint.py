"""Checkpointing: the same numbers, less memory, and no silent change in between."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import numpy as np
import pytest

import tinygrad_bp as tg
from tinygrad_bp.autograd.errors import ArgumentError, ModifiedError
from tinygrad_bp.autograd.op import OPS
from tinygrad_bp.utils.checkpoint import checkpoint


def network() -> Any:
    tg.manual_seed(0)
    return tg.nn.Sequential(tg.nn.Linear(3, 8), tg.nn.Tanh(), tg.nn.Dropout(0.5), tg.nn.Linear(8, 2))


def gradients(through: bool) -> list[Any]:
    model = network()
    x = tg.randn(4, 3).requires_grad_()
    tg.manual_seed(1)
    y = checkpoint(model, x) if through else model(x)
    after = tg.rand(1)
    (y * y).sum().backward()
    return [y.data, after.data, tg.rand(1).data, x.grad.data, *(p.grad.data for p in model.parameters())]


def test_same_bits_dropout_included() -> None:
    for one, two in zip(gradients(True), gradients(False), strict=True):
        assert np.array_equal(one, two)


def test_second_order() -> None:
    model = tg.nn.Sequential(tg.nn.Linear(3, 8), tg.nn.Tanh(), tg.nn.Linear(8, 2))
    x = tg.randn(4, 3).requires_grad_()

    def second(run: Any) -> list[Any]:
        (slope,) = tg.autograd.grad((run(x) ** 2).sum(), x, create_graph=True)
        return [
            g.data
            for g in tg.autograd.grad((slope * slope).sum(), [x, *model.parameters()], allow_unused=True)
            if g is not None
        ]

    for one, two in zip(second(lambda x: checkpoint(model, x)), second(model), strict=True):
        np.testing.assert_allclose(one, two, rtol=1e-5, atol=1e-7)


def test_values_inside_are_let_go() -> None:
    held = []

    def part(x: Any) -> Any:
        y = x.exp()
        held.append(weakref.ref(y))
        arrays.append(weakref.ref(y.data))
        return (y * y).sum()

    arrays: list[Any] = []
    x = tg.ones(3, requires_grad=True)
    gc.disable()
    try:
        loss = checkpoint(part, x)
        assert arrays[0]() is None
    finally:
        gc.enable()
    loss.backward()
    assert len(held) == 2  # it ran again
    np.testing.assert_allclose(x.grad.data, 2 * np.exp(2.0), rtol=1e-6)


def test_tensors_from_outside_get_their_gradient() -> None:
    w = tg.tensor([1.0, 2.0], requires_grad=True)
    inner = w * 3
    x = tg.tensor([0.1, 0.2], requires_grad=True)
    (checkpoint(lambda v: (v * inner).exp(), x).sum() + inner.sum()).backward()
    np.testing.assert_allclose(w.grad.data, 3 + 3 * x.data * np.exp(3 * w.data * x.data), rtol=1e-6)


def test_trees_in_and_out() -> None:
    x, k = tg.tensor([0.5], requires_grad=True), tg.tensor([2.0])
    result = checkpoint(lambda v, scale: {"a": v["x"] * scale, "b": [v["x"].sin()]}, {"x": x}, scale=k)
    (result["a"] + result["b"][0]).sum().backward()
    np.testing.assert_allclose(x.grad.data, 2 + np.cos([0.5]), rtol=1e-6)


def test_a_parameter_written_in_between_is_refused() -> None:
    model = network()
    loss = checkpoint(model, tg.ones(1, 3)).sum()
    with tg.no_grad():
        model[0].weight.zero_()
    with pytest.raises(ModifiedError, match=r"0\.weight"):
        loss.backward()


def test_without_recording_it_is_the_call() -> None:
    with tg.no_grad():
        assert not checkpoint(lambda v: v * 2, tg.ones(1, requires_grad=True)).requires_grad
    with pytest.raises(ArgumentError, match="float"):
        checkpoint(lambda v: 3.0, tg.ones(1, requires_grad=True))
    assert "checkpoint" not in OPS
