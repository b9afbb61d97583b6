"""A wrong rule is called wrong, whatever the program has drawn."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tinygrad_bp as tg
from tinygrad_bp.verify import check_backward, check_derivatives, check_gradients
from tinygrad_bp.verify.drawn import DIRECTIONS, alike, arriving, elsewhere

SEEDS = range(51)


def draw(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


def normalized(x: Any) -> Any:
    return (x - np.mean(x, 0)) / np.sqrt(np.var(x, 0) + 1e-5)


def no_mean_term(g: Any, x: Any) -> Any:
    xh = normalized(x)
    return (g - xh * np.mean(g * xh, 0)) / np.sqrt(np.var(x, 0) + 1e-5)


def softmax(z: Any) -> Any:
    e = np.exp(z - np.max(z, 1, keepdims=True))
    return e / np.sum(e, 1, keepdims=True)


def sigmoid(z: Any) -> Any:
    return 1 / (1 + np.exp(-z))


LAYERS: dict[str, tuple[Any, Any]] = {  # what is wrong: the rule, the layer
    "a mask of what arrives": (lambda g, z: g * (g > 0), tg.relu),
    "a mask of the smaller ones": (lambda g, z: g * (np.abs(g) < 0.7), tg.relu),
    "no mask": (lambda g, z: g, tg.relu),
    "an inverted mask": (lambda g, z: g * (z < 0), tg.relu),
    "tanh of what arrives": (lambda g, z: g * (1 - np.tanh(g) ** 2), np.tanh),
    "1 − z² for tanh": (lambda g, z: g * (1 - z**2), np.tanh),
    "σ′ of the output's place": (lambda g, z: g * z * (1 - z), sigmoid),
    "small ones left out": (lambda g, z: g * (np.abs(g) > 0.01), lambda z: 2.0 * z - z),
    "leaky by what arrives": (lambda g, z: np.where(g > 0, g, 0.1 * g), lambda z: np.where(z > 0, z, 0.1 * z)),
    "softmax's diagonal": (lambda g, z: g * softmax(z) * (1 - softmax(z)), softmax),
    "no mean term": (no_mean_term, normalized),
    "a square not doubled": (lambda g, z: g * z, lambda z: z**2),
    "the sign of what arrives": (lambda g, z: np.abs(g) * np.sign(z), np.abs),
}


@pytest.mark.parametrize("what", LAYERS)
def test_no_seed_hides_a_wrong_layer(what: str) -> None:
    hand, engine = LAYERS[what]
    for seed in SEEDS:
        z = draw(seed).normal(size=(4, 3))
        assert not check_backward(hand, engine, (z,), extremes=()).ok, f"seed {seed}"


@pytest.mark.parametrize("what", [what for what in LAYERS if "arrives" in what or "small" in what])
def test_what_is_not_linear_is_said_to_be_so(what: str) -> None:
    hand, engine = LAYERS[what]
    found = check_backward(hand, engine, (draw(0).normal(size=(4, 3)),))
    assert found.findings[0].kind in ("not linear", "mask of g") and "the gradient arriving" in str(found)


@pytest.mark.parametrize("beside", [1.0, np.arange(3.0)])
def test_a_part_that_is_not_of_what_arrives(beside: Any) -> None:
    found = check_backward(lambda g, z: np.where(z > 0, g, beside), tg.relu, (draw(0).normal(size=(4, 3)),))
    assert found.findings[0].kind == "g missing" and "Where no gradient arrives it is not zero" in str(found)


def test_the_layers_are_right_when_they_are_repaired() -> None:
    z = draw(0).normal(size=(4, 3))
    for hand, engine in (
        (lambda g, z: g * (z > 0), tg.relu),
        (lambda g, z: g * (1 - np.tanh(z) ** 2), np.tanh),
        (lambda g, z: g * sigmoid(z) * (1 - sigmoid(z)), sigmoid),
        (lambda g, z: softmax(z) * (g - np.sum(g * softmax(z), 1, keepdims=True)), softmax),
    ):
        assert check_backward(hand, engine, (z,)).ok


def network(p: Any, x: Any, y: Any, wrong: str = "") -> Any:
    """Two layers and a mean squared error, with one mistake."""
    z = x @ p["W1"] + p["b1"]
    a = np.maximum(z, 0)
    d = a @ p["W2"] - y
    loss = np.mean(d**2) + 0.1 * np.sum(p["W2"] ** 2)
    g = 2 * d / d.size
    da = g @ p["W2"].T
    da = da * {"": z > 0, "no mask": z == z, "by what arrives": da > 0, "inverted": z < 0}[wrong]
    return loss, {"W1": x.T @ da, "b1": np.sum(da, 0), "W2": a.T @ g + 0.2 * p["W2"]}


@pytest.mark.parametrize("wrong", ["no mask", "by what arrives", "inverted"])
def test_no_seed_hides_a_wrong_network(wrong: str) -> None:
    """Of few units and examples: at some seeds every unit is on, and only other numbers tell a mask that is missing."""
    for seed in SEEDS:
        rng = draw(seed)
        p = {"W1": rng.normal(size=(2, 2)), "b1": np.full(2, 3.0 if seed % 2 else 0.0), "W2": rng.normal(size=(2, 1))}
        x, y = rng.normal(size=(3, 2)), rng.normal(size=(3, 1))
        assert check_gradients(network, p, (x, y)).ok, f"seed {seed}"
        assert not check_gradients(lambda p, x, y: network(p, x, y, wrong), p, (x, y)).ok, f"seed {seed}"


def test_weights_of_zero_hide_nothing() -> None:
    """Every gradient but one is zero there, right or wrong."""
    p = {"W1": np.zeros((2, 3)), "b1": np.zeros(3), "W2": np.zeros((3, 1))}
    x, y = draw(0).normal(size=(5, 2)), draw(1).normal(size=(5, 1))
    assert check_gradients(network, p, (x, y)).ok
    found = check_gradients(lambda p, x, y: network(p, x, y, "no mask"), p, (x, y))
    assert not found.ok and "Right on the numbers given, wrong on others" in str(found)


def test_a_given_upstream_is_not_the_only_one() -> None:
    z = draw(0).normal(size=(4, 3))
    found = check_backward(lambda g, z: g * (g > 0), tg.relu, (z,), upstream=z)
    assert not found.ok and "Right for one gradient arriving, wrong for another" in str(found)


@pytest.mark.parametrize("shape", [(1,), (2,), (3, 1), (4, 3), (50, 20)])
def test_what_arrives_is_like_nothing_else(shape: tuple[int, ...]) -> None:
    others = [draw(seed).normal(size=shape) for seed in SEEDS]
    drawn = list(arriving(shape, np.float64, others))
    assert len(drawn) == DIRECTIONS and all(np.min(np.abs(g)) >= 0.5 for g in drawn)
    assert np.array_equal(np.sign(drawn[1]), -np.sign(drawn[0]))
    if np.prod(shape) > 20:
        assert not any(alike(g, other) for g in drawn for other in others)
    assert all(np.array_equal(a, b) for a, b in zip(drawn, arriving(shape, np.float64, others), strict=True))


def test_other_numbers_are_of_the_same_kind() -> None:
    rng = draw(0)
    given = [
        rng.normal(size=(3, 4)),
        np.zeros(3),
        np.eye(3),
        np.arange(3),
        rng.random(5),
        np.tril(rng.normal(size=(3, 3))),
    ]
    for signs in (0, 1, 2):
        moved = elsewhere(given, range(6), True, signs)
        assert [m.shape for m in moved] == [a.shape for a in given] and [m.dtype for m in moved] == [
            a.dtype for a in given
        ]
        assert moved[1].all() and np.array_equal(moved[2] != 0, given[2] != 0) and moved[3] is given[3]
        assert np.all((moved[4] > 0) & (moved[4] < 1)) and np.array_equal(moved[5] != 0, given[5] != 0)
        assert not np.array_equal(moved[0], given[0])


class Masked(tg.autograd.Function):
    """ReLU whose backward asks for the sign of what arrives."""

    @staticmethod
    def forward(ctx: Any, z: Any) -> Any:
        return z.clamp(min=0)

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        return g * (g > 0)


def test_no_seed_hides_a_wrong_function() -> None:
    for seed in SEEDS:
        z = draw(seed).standard_normal((4, 3))
        x = tg.tensor(np.array(z), requires_grad=True)
        for fast_mode in (True, False):
            assert not tg.autograd.gradcheck(Masked.apply, x, raise_exception=False, fast_mode=fast_mode), (
                f"seed {seed}"
            )
        assert not check_derivatives(Masked.apply, z, seed=seed).ok


def test_a_function_that_is_not_linear_in_what_arrives() -> None:
    """Right for the gradients that differences are taken with, which are all of one sign, and for no others."""
    z = np.abs(draw(0).standard_normal((1,)))
    found = check_derivatives(Masked.apply, z)
    assert not found.ok, str(found)
    assert tg.autograd.gradcheck(tg.relu, tg.tensor(z, requires_grad=True))
