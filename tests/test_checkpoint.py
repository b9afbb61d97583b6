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
    return [
        *(t.detach().numpy() for t in (y, after, tg.rand(1), x.grad)),
        *(p.grad.numpy() for p in model.parameters()),
    ]


def test_same_bits_dropout_included() -> None:
    for one, two in zip(gradients(True), gradients(False), strict=True):
        assert np.array_equal(one, two)


def test_second_order() -> None:
    model = tg.nn.Sequential(tg.nn.Linear(3, 8), tg.nn.Tanh(), tg.nn.Linear(8, 2))
    x = tg.randn(4, 3).requires_grad_()

    def second(run: Any) -> list[Any]:
        (slope,) = tg.autograd.grad((run(x) ** 2).sum(), x, create_graph=True)
        return [
            g.detach().numpy()
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
        arrays.append(weakref.ref(y.detach().numpy()))
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
    np.testing.assert_allclose(x.grad.numpy(), 2 * np.exp(2.0), rtol=1e-6)


def test_tensors_from_outside_get_their_gradient() -> None:
    w = tg.tensor([1.0, 2.0], requires_grad=True)
    inner = w * 3
    x = tg.tensor([0.1, 0.2], requires_grad=True)
    (checkpoint(lambda v: (v * inner).exp(), x).sum() + inner.sum()).backward()
    np.testing.assert_allclose(
        w.grad.numpy(), 3 + 3 * x.detach().numpy() * np.exp(3 * w.detach().numpy() * x.detach().numpy()), rtol=1e-6
    )


def test_trees_in_and_out() -> None:
    x, k = tg.tensor([0.5], requires_grad=True), tg.tensor([2.0])
    result = checkpoint(lambda v, scale: {"a": v["x"] * scale, "b": [v["x"].sin()]}, {"x": x}, scale=k)
    (result["a"] + result["b"][0]).sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), 2 + np.cos([0.5]), rtol=1e-6)


def test_a_parameter_written_in_between_is_refused() -> None:
    model = network()
    loss = checkpoint(model, tg.ones(1, 3)).sum()
    with tg.no_grad():
        model[0].weight.zero_()
    with pytest.raises(ModifiedError, match=r"0\.weight"):
        loss.backward()


K = [2.0, 3.0]


def _closed_over(change: str) -> Any:
    """A function that reads something from outside, and the write to it between the two runs."""
    k = tg.tensor(K, requires_grad=change == "a recorded result")
    array = np.array(K, np.float32)
    if change == "an array":
        return lambda v: v * array, lambda: array.fill(7.0)
    if change == "the array under a tensor":
        k = tg.from_numpy(array)
        return lambda v: v * k, lambda: array.fill(7.0)
    if change == "a recorded result":
        k = k * 1
        return lambda v: v * k, lambda: k.add_(1)
    if change == "a view of a constant":
        view = k[:1]
        return lambda v: v * k, lambda: view.zero_()
    if change == "a variable":
        scale = [2.0]
        return lambda v: (v * 3).exp() * scale[0], lambda: scale.__setitem__(0, 5.0)
    return lambda v: v * k, lambda: k.zero_()


@pytest.mark.parametrize("change", [
    "a constant", "a view of a constant", "an array", "the array under a tensor", "a recorded result", "a variable",
])  # fmt: skip
def test_what_the_function_reads_and_that_changed_is_refused(change: str) -> None:
    function, write = _closed_over(change)
    x = tg.tensor([0.5, 0.25], requires_grad=True)
    checkpoint(function, x).sum().backward()  # nothing changed
    loss = checkpoint(function, x).sum()
    before = x.grad.tolist()
    write()
    with pytest.raises(ModifiedError, match="checkpoint"):
        loss.backward()
    assert x.grad.tolist() == before


def test_an_argument_without_a_gradient_is_watched_where_the_result_does_not_show_it() -> None:
    x, k = tg.zeros(2, requires_grad=True), tg.tensor(K)
    loss = checkpoint(lambda v, k: v * k, x, k).sum()
    k.fill_(9.0)  # 0 · k stays 0
    with pytest.raises(ModifiedError, match=r"mul reads b \(2,\)"):
        loss.backward()


def test_writing_the_result_is_no_change() -> None:
    x = tg.tensor([0.5, 0.25], requires_grad=True)
    y = checkpoint(lambda v: v.tanh(), x)
    first = y[:1]
    first *= 10
    y.sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), np.array([10, 1]) * (1 - np.tanh([0.5, 0.25]) ** 2), rtol=1e-6)


def test_statistics_that_the_function_updates_itself_are_no_change() -> None:
    layer = tg.nn.BatchNorm1d(3)
    x = tg.tensor(np.random.default_rng(0).standard_normal((4, 3)), dtype=tg.float32, requires_grad=True)
    for _ in range(2):
        (checkpoint(layer, x) ** 2).sum().backward()


def test_without_recording_it_is_the_call() -> None:
    with tg.no_grad():
        assert not checkpoint(lambda v: v * 2, tg.ones(1, requires_grad=True)).requires_grad
    with pytest.raises(ArgumentError, match="float"):
        checkpoint(lambda v: 3.0, tg.ones(1, requires_grad=True))
    assert "checkpoint" not in OPS


@pytest.mark.parametrize("segments", [1, 2, 3, 5])
def test_functions_in_a_row_are_checkpointed_in_segments(segments: int) -> None:
    tg.manual_seed(0)
    layers = [tg.nn.Linear(3, 3), tg.nn.Tanh(), tg.nn.Linear(3, 3), tg.nn.Dropout(0.5), tg.nn.Linear(3, 1)]
    model, calls = tg.nn.Sequential(*layers), []
    layers[1].register_forward_hook(lambda *_: calls.append(1))
    found = []
    for run in (model, lambda x: tg.utils.checkpoint.checkpoint_sequential(model, segments, x)):
        tg.manual_seed(1)
        x = tg.arange(6.0).reshape(2, 3).requires_grad_()
        model.zero_grad()
        y = run(x)
        y.sum().backward()
        found.append([y.tolist(), x.grad.tolist(), layers[0].weight.grad.tolist()])
    assert found[0] == found[1]
    assert len(calls) == (2 if segments == 1 else 3)
    for wrong in (0, 6):
        with pytest.raises(ArgumentError, match=f"segments is from 1 to 5, got {wrong}"):
            tg.utils.checkpoint.checkpoint_sequential(model, wrong, x)
