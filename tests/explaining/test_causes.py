"""Why a gradient is zero, None, NaN, large or small: the op that did it, its line, and the share lost there."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

import tinygrad_bp as tg

F = tg.nn.functional


def leaf(*values: float) -> Any:
    return tg.tensor([float(value) for value in values], requires_grad=True)


def times(count: int, function: Any, x: Any) -> Any:
    for _ in range(count):
        x = function(x)
    return x


class Nothing(tg.autograd.Function):
    """Its backward gives nothing."""

    @staticmethod
    def forward(ctx, x):
        return x * 2

    @staticmethod
    def backward(ctx, g):
        return None


def without_history(x: Any) -> Any:
    with tg.no_grad():
        return x * 2


def in_inference(x: Any) -> Any:
    with tg.inference_mode():
        return x * 2


M = 3 * tg.eye(3)
V = leaf(1.0, 2.0, 3.0)
NONE = [
    ("detach", lambda w: ((w * w).detach() * V).sum(), "detach", "takes its history away"),
    ("data", lambda w: (w.data * V).sum(), "data", "gives a tensor without history"),
    ("no_grad", lambda w: (without_history(w) * V).sum(), "mul", "no_grad() records nothing"),
    ("inference_mode", lambda w: (in_inference(w) * V).sum(), "mul", "inference_mode() records nothing"),
    ("integers", lambda w: (w.long() * V).sum(), "cast", "the result is int64: whole numbers have no slope"),
    ("booleans", lambda w: ((w > 0) * V).sum(), "gt", "the result is bool: True and False have no slope"),
    ("argmax", lambda w: (w.argmax() * V).sum(), "argmax", "whole numbers have no slope"),
    ("item", lambda w: w.sum().item() * V.sum(), "item", "item() turns it into numbers"),
    ("numpy", lambda w: (tg.tensor(w.detach().numpy() * 2) * V).sum(), "numpy", "numpy() turns it into numbers"),
    ("tolist", lambda w: (tg.tensor(w.tolist()) * V).sum(), "tolist", "tolist() turns it into numbers"),
    ("nothing left", lambda w: (w.detach() * 2).sum(), "detach", "takes its history away"),
    ("a Function", lambda w: (Nothing.apply(w) * V).sum(), "Nothing", "its backward returns None for this input"),
]  # fmt: skip
ZERO = [
    ("dead", (1, 2, 3), lambda w: tg.relu(-w).sum(), "relu", "all 3 elements of A1 are ≤ 0 (dead), from −3 to −1"),
    ("saturated", (200, 300, -400), lambda w: tg.sigmoid(w).sum(), "sigmoid", "saturated"),
    ("tanh", (20, 30, -40), lambda w: tg.tanh(w).sum(), "tanh", "w goes from −40 to 30"),
    ("clipped", (5, 6, 7), lambda w: tg.clip(w, -1, 1).sum(), "clip", "all 3 elements of w are outside its bounds −1"),
    ("hardtanh", (5, 6, 7), lambda w: F.hardtanh(w).sum(), "hardtanh", "outside its bounds −1 and 1"),
    ("clamped", (5, 6, 7), lambda w: tg.clamp(w, max=tg.ones(3)).sum(), "clamp_max", "all 3 elements of w are outside"),
    ("maximum", (1, 2, 3), lambda w: tg.maximum(w, 10 * V).sum(), "maximum", "none of these is"),
    ("amax", (1, 2, 3), lambda w: tg.cat([w, 10 * V]).amax(), "cat", "for its other tensors"),
    ("index", (1, 2, 3), lambda w: tg.stack([w, V])[1].sum(), "stack", "for its other tensors"),
    ("times 0", (1, 2, 3), lambda w: (w * 0 + V).sum(), "mul", "it is multiplied by 0"),
    ("a mask", (1, 2, 3), lambda w: (w * tg.zeros(3)).sum(), "mul", "it is multiplied by 0"),
    ("matrices of 0", (1, 2, 3), lambda w: (w @ tg.zeros(3, 2)).sum(), "matmul", "it is multiplied by 0"),
    ("where", (1, 2, 3), lambda w: tg.where(w > 9, w, V).sum(), "where", "holds in 0 of 3 elements"),
    ("floor", (1, 2, 3), lambda w: tg.floor(w).sum(), "floor", "slope is 0 everywhere"),
    ("round", (1, 2, 3), lambda w: tg.round(w).sum(), "round", "slope is 0 everywhere"),
    ("sign", (1, 2, 3), lambda w: tg.sign(w).sum(), "sign", "slope is 0 everywhere"),
    ("cancelled", (1, 2, 3), lambda w: (w - w).sum(), "sub", "adds up to exactly 0"),
    ("the target", (1, 2, 3), lambda w: F.mse_loss(w, tg.tensor([1.0, 2.0, 3.0])), "mse_loss", "the prediction is"),
    ("a square", (0, 0, 0), lambda w: (w**2).sum(), "pow", "its slope is 0 at w = 0"),
    ("dropped", (1, 2, 3), lambda w: F.dropout(w, 1.0).sum(), None, ""),
]  # fmt: skip
OTHERS = [
    ("NaN", (0, 1, 2), lambda w: tg.where(w > 0, tg.sqrt(w), 0.0).sum(), "sqrt", "and 0 arrives: 0 · ∞ is NaN"),
    ("infinite", (0, 1, 2), lambda w: tg.log(w).sum(), "log", "the first value that is not finite: −∞ of 0, at [0]"),
    ("NaN", (1000, 1, 2), lambda w: (tg.exp(w) - tg.exp(w)).sum(), "exp", "∞ of 1000, at [0] (an overflow of float32)"),
    ("NaN", (0, 1, 2), lambda w: (w / w).sum(), "div", "the first value that is not finite: NaN"),
    ("infinite", (0, 1, 2), lambda w: tg.sqrt(w).sum(), "sqrt", "its rule gave the first ∞, where w[0] is 0"),
    ("exploding", (1, 2, 3), lambda w: times(40, lambda h: h @ M, w).sum(), "matmul", "40 times, each time times 3"),
    ("vanishing", (1, 2, 3), lambda w: times(60, tg.sigmoid, w).sum(), "sigmoid", "60 times, each time times 0.22"),
    ("partly zero", (1, -2, -3), lambda w: tg.relu(w).sum(), "relu", "67% of what arrives goes no further: 2 of 3"),
    ("ordinary", (1, 2, 3), lambda w: (w * w).sum(), None, "nothing is wrong"),
    ("ordinary", (1, 2, -3), lambda w: tg.log(w).sum(), "log", "but the loss is NaN"),
    ("ordinary", (1, 2, 3), lambda w: (w + tg.where(V > 0, 1.0, 1 / tg.zeros(1))).sum(), None, "nothing is wrong"),
]  # fmt: skip


def explained(function: Any, w: Any) -> Any:
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return tg.explain(lambda: function(w), wrt=w)


@pytest.mark.parametrize(("function", "op", "said"), [case[1:] for case in NONE], ids=[case[0] for case in NONE])
def test_why_there_is_none(function: Any, op: str, said: str) -> None:
    w = leaf(1, 2, 3)
    e = explained(function, w)
    cause = e.cause
    assert (cause.kind, cause.op, cause.share) == ("None", op, 1.0), str(cause)
    assert said in str(cause) and cause.line is not None
    assert cause.line.file == __file__
    assert e.evaluate() is None and e.lines == () and str(cause) in str(e)
    assert "∂L/∂w is None" in e.markdown() and e.latex()


@pytest.mark.parametrize(("at", "function", "op", "said"), [case[1:] for case in ZERO], ids=[case[0] for case in ZERO])
def test_why_it_is_zero(at: Any, function: Any, op: Any, said: str) -> None:
    w = leaf(*at)
    e = explained(function, w)
    assert not np.any(e.evaluate()) and e.cause.kind == "zero", str(e.cause)
    assert op is None or e.cause.op == op
    assert said in str(e.cause) and e.cause.line.file == __file__
    assert e.cause.share > 0.3


@pytest.mark.parametrize(("kind", "at", "function", "op", "said"), OTHERS, ids=[f"{k[0]}-{k[3]}" for k in OTHERS])
def test_why_it_is_not_as_it_should_be(kind: str, at: Any, function: Any, op: Any, said: str) -> None:
    w = leaf(*at)
    e = explained(function, w)
    assert e.cause.kind == kind, str(e.cause)
    assert e.cause.op == op and said in str(e.cause), str(e.cause)
    assert op is None or e.cause.line.file == __file__


def test_every_cause_differs_from_an_ordinary_gradient() -> None:
    """The checks above can fail: the same networks where nothing is wrong."""
    w = leaf(0.5, 0.6, 0.7)
    functions: list[Any] = [
        tg.relu, tg.sigmoid, lambda w: tg.clip(w, -1, 1), lambda w: tg.where(w > 0, tg.sqrt(w), 0.0),
    ]  # fmt: skip
    for function in functions:
        assert explained(lambda w, function=function: function(w).sum(), w).cause.kind == "ordinary"


def test_of_several_places_each_has_its_share() -> None:
    w = leaf(1, 2, 3)
    e = explained(lambda w: 3 * tg.relu(-w).sum() + tg.floor(w).sum(), w)
    assert {place.op: round(place.share, 2) for place in e.cause.places} == {"relu": 0.75, "floor": 0.25}


def test_what_a_tensor_alone_tells() -> None:
    w = leaf(1, 2, 3)
    cause = tg.explain((w.detach() * V).sum(), wrt=w).cause
    assert cause.kind == "None" and "without their history" in str(cause) and "tg.explain(f, wrt=w)" in str(cause)
    cause = tg.explain((V * V).sum(), wrt=w).cause
    assert "it is not in the history of the loss" in str(cause) and "tg.explain(f, wrt=w)" in str(cause)
    x = tg.ones(3)
    assert "Write x.requires_grad_()" in str(tg.explain((V * x).sum(), wrt=x).cause)
    n = tg.tensor([1, 2, 3])
    assert "whole numbers have no gradient" in str(tg.explain((V * n).sum(), wrt=n).cause)
    with tg.no_grad():
        loss = (w * 2).sum()
    assert "nothing was recorded for the loss" in str(tg.explain(loss, wrt=w).cause)
    assert "the loss is int64" in str(tg.explain(tg.tensor(3), wrt=w).cause)
    assert "the function computes the loss without it" in str(tg.explain(lambda: (V * V).sum(), wrt=w).cause)
    target = tg.tensor([0.2, 0.3, 0.5])
    assert tg.explain(F.mse_loss(V, target), wrt=target).cause.kind == "None"


@pytest.mark.usefixtures("later")
def test_lines_are_known_where_they_were_kept() -> None:
    w = leaf(-1, -2, -3)
    assert tg.explain(tg.relu(w).sum(), wrt=w).cause.line is None
    with tg.autograd.record_lines():
        loss = tg.relu(w).sum()
    assert tg.explain(loss, wrt=w).cause.line.text == "loss = tg.relu(w).sum()"


def test_several_tensors_have_a_cause_each() -> None:
    w = leaf(-1, -2, -3)
    e = tg.explain(lambda: (tg.relu(w) + V).sum(), wrt={"w": w, "v": V})
    assert {word: cause.kind for word, cause in e.causes.items()} == {"w": "zero", "v": "ordinary"}
    assert e.cause is e.causes["w"]


def test_each_tensor_has_its_own_cuts() -> None:
    w, v = leaf(1, 2, 3), leaf(1, 2, 3)

    def loss() -> Any:
        a = w.detach()
        b = v.argmax()
        return (a * b * V).sum() + (V * v).sum()

    e = tg.explain(loss, wrt={"w": w, "v": v})
    assert (e.causes["w"].kind, e.causes["w"].op) == ("None", "detach") and len(e.causes["w"].places) == 1
    assert e.causes["v"].kind == "ordinary"
    assert "A part of the loss depends on it without history: argmax at" in str(e.causes["v"])
    assert "without history" not in str(tg.explain(lambda: (v * v).sum(), wrt=v))


def test_a_function_with_arguments_and_its_variables() -> None:
    w, x = leaf(1, 2, 3), tg.tensor([0.5, -1.0, 2.0])

    def loss(x: Any) -> Any:
        score = w * x
        return (score - score.mean()).square().sum()

    e = tg.explain(loss, x, wrt=w)
    assert "score = w ∘ x" in " ".join(str(e).split())
    (truth,) = tg.autograd.grad(loss(x), w)
    np.testing.assert_allclose(e.evaluate(), truth.numpy(), rtol=1e-6)


def test_a_gradient_of_zeros_that_was_given() -> None:
    w = leaf(1, 2, 3)
    assert "the gradient that was given for the loss is 0" in str(tg.explain(w * w, wrt=w, gradient=np.zeros(3)).cause)


def test_an_empty_gradient() -> None:
    w = tg.ones(0, 3, requires_grad=True)
    assert "is empty: (0, 3)" in str(tg.explain((w * w).sum(), wrt=w).cause)
