"""A check of the rule of one layer or loss: right ones are called right, and mistakes by their names."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_bp as tg
from tinygrad_bp.verify import check_backward, check_forward


def test_a_layer_at_its_kink() -> None:
    """Either side's slope is right in every element, and no other."""
    x = np.array([[0.0, 1.0, -2.0], [3.0, 0.0, 0.0]])
    for engine in (tg.relu, lambda x: np.maximum(x, 0), lambda x: np.where(x > 0, x, 0)):
        assert check_backward(lambda g, x: g * (x > 0), engine, (x,)).ok
        assert check_backward(lambda g, x: g * (x >= 0), engine, (x,)).ok
        assert not check_backward(lambda g, x: g * np.where(x == 0, 2, x > 0), engine, (x,)).ok
        assert not check_backward(lambda g, x: g * np.where(x == 0, np.nan, x > 0), engine, (x,)).ok


def test_the_whole_gradient_to_each_of_several_maxima_is_a_mistake() -> None:
    """Moved together they are maxima still: what is wrong there is no matter of a side."""
    x = np.array([[1.0, 1.0, 0.0], [0.0, 2.0, 2.0]])
    engine = lambda x: tg.amax(x, 1)  # noqa: E731

    def shared(g: Any, x: Any) -> Any:
        largest = x == x.max(1, keepdims=True)
        return g[:, None] * largest / largest.sum(1, keepdims=True)

    assert check_backward(shared, engine, (x,)).ok
    assert not check_backward(lambda g, x: g[:, None] * (x == x.max(1, keepdims=True)), engine, (x,)).ok
    halves = check_backward(lambda g, x: g[:, None] * (x == x.max(1, keepdims=True)) / 2, engine, (x,))
    assert not halves.ok and "Right on the numbers given, wrong on others" in halves.findings[0].sentence


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10**6), n=st.integers(1, 9), width=st.integers(1, 5),
    dtype=st.sampled_from([np.float32, np.float64]), scale=st.sampled_from([1e-3, 1.0, 30.0]),
)  # fmt: skip
def test_no_false_alarm_for_layers(seed: int, n: int, width: int, dtype: Any, scale: float) -> None:
    rng = np.random.default_rng(seed)
    x, w, b = ((scale * rng.standard_normal(s)).astype(dtype) for s in ((n, width), (width, 3), 3))
    y = rng.integers(0, width, n)

    def softmax(z: Any) -> Any:
        e = np.exp(z - z.max(1, keepdims=True))
        return e / e.sum(1, keepdims=True)

    checks = (
        check_backward(lambda g, x, w, b: (g @ w.T, x.T @ g, g.sum(0)), lambda x, w, b: x @ w + b, (x, w, b)),
        check_backward(lambda g, x: g * (x > 0), tg.relu, (x,)),
        check_backward(lambda g, x: g * (1 - np.tanh(x) ** 2), np.tanh, (x,)),
        check_backward(
            lambda g, z, y: (g * (softmax(z) - np.eye(width)[y]) / n, None), tg.nn.functional.cross_entropy, (x, y),
            batched=(0, 1), labels=y,
        ),
        check_forward(softmax, tg.softmax, (x,)),
        check_forward(lambda x: 1 / (1 + np.exp(-x)), tg.sigmoid, (x,)),
        check_backward(
            lambda g, z: softmax(z) * (g - (g * softmax(z)).sum(1, keepdims=True)), tg.softmax, (x,),
        ),
    )  # fmt: skip
    for found in checks:
        assert found.ok, str(found)


@pytest.mark.parametrize("n", [1, 2, 5, 16])
def test_a_bias_that_is_not_summed(n: int) -> None:
    rng = np.random.default_rng(n)
    x, w, b = rng.standard_normal((n, 3)), rng.standard_normal((3, 4)), rng.standard_normal(4)
    found = check_backward(lambda g, x, w, b: (g @ w.T, x.T @ g, g), lambda x, w, b: x @ w + b, (x, w, b))
    assert [f.kind for f in found.findings] == ["right", "right", "not summed"]


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(
    "kind, hand",
    [
        ("mask missing", lambda g, x: g),
        ("mask inverted", lambda g, x: g * (x < 0)),
        ("sign", lambda g, x: -g * (x > 0)),
        ("mask too strict", lambda g, x: g * (x > 0.3)),
        ("averaged", lambda g, x: g * (x > 0) / len(x)),
        ("overflow", lambda g, x: g * np.exp(x) / np.exp(x) * (x > 0)),
    ],
)
def test_layers(kind: str, hand: Any, seed: int) -> None:
    x = np.random.default_rng(seed).standard_normal((9, 6))
    assert check_backward(hand, tg.relu, (x,)).findings[0].kind == kind


def whole_maximum(z: Any) -> Any:
    e = np.exp(z - z.max())
    return e / e.sum(1, keepdims=True)


def no_maximum(z: Any) -> Any:
    e = np.exp(z)
    return e / e.sum(1, keepdims=True)


def whole_sum(z: Any) -> Any:
    e = np.exp(z - z.max(1, keepdims=True))
    return e / e.sum() if len(z) > 1 else e / e.sum(1, keepdims=True)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    "kind, hand", [("batch coupling", whole_maximum), ("overflow", no_maximum), ("batch coupling", whole_sum)]
)
@pytest.mark.parametrize("axis", [0, 1])
def test_softmax_of_a_batch(kind: str, hand: Any, dtype: Any, axis: int) -> None:
    z = np.random.default_rng(0).standard_normal((6, 4)).astype(dtype)
    if axis == 0:
        found = check_forward(hand, tg.softmax, (z,))
    else:
        found = check_forward(lambda z: hand(z.T).T, lambda z: tg.softmax(z, 0), (z.T.copy(),), axis=1)
    assert found["value"].kind == kind, str(found)


def test_a_loss_without_one_of_its_terms() -> None:
    p = np.array([0.2, 0.7, 0.9, 0.4])
    y = np.array([0.0, 1.0, 1.0, 0.0])
    half = check_forward(
        lambda p, y: -np.mean(y * np.log(p)), tg.nn.functional.binary_cross_entropy, (p, y), batched=(0, 1), labels=y
    )
    assert half["value"].kind == "term missing" and "label 0.0 alone give nothing" in half["value"].sentence


def test_rules_that_write_into_their_inputs() -> None:
    def relu_backward(g: Any, x: Any) -> Any:
        g[x <= 0] = 0
        x *= 0
        return g

    x, g = np.random.default_rng(0).standard_normal((2, 5, 4))
    kept = x.copy(), g.copy()
    assert check_backward(relu_backward, tg.relu, (x,), upstream=g).ok
    assert np.array_equal(x, kept[0]) and np.array_equal(g, kept[1])


def test_a_function_that_refuses_extreme_inputs_is_not_blamed() -> None:
    def log(p: Any) -> Any:
        if np.any(p > 1):
            raise ValueError("no probability")
        return np.log(p)

    assert check_forward(log, np.log, (np.array([[0.2, 0.3], [0.5, 0.9]]),)).ok


def test_what_was_found_is_shown_as_text_and_as_a_table() -> None:
    found = check_forward(lambda x: 2 * x, lambda x: np.where(x < 2, 2 * x, 0), [np.array([1.0, 2.0])])
    assert repr(found) == str(found) and repr(found.findings[0]) == str(found.findings[0])
    html = found._repr_html_()
    assert html.count("<tr>") == 1 + len(found.findings) and "<b>" in html and "dataclass" not in html
