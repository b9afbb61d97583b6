"""Mistakes that were once named by another's name, and kinds of mistakes: what a finding says, and what it may not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tinygrad_bp.verify import check_backward, check_gradients
from tinygrad_bp.verify.array_like import ArrayLike, Run
from tinygrad_bp.verify.mutants.recorder import Recorder
from tinygrad_bp.verify.recorded import leaf

RNG = np.random.default_rng(11)
X = RNG.normal(size=(9, 4))


def said(check: Any) -> str:
    """Kinds and sentences of what is wrong, one to a line."""
    return "\n".join(f"{finding.kind}: {finding.sentence}" for finding in check.wrong)


def test_a_statistic_taken_for_a_constant_is_no_odd_derivative() -> None:
    def forward(x: Any) -> Any:
        return x * np.log(np.sum(np.exp(x), axis=1, keepdims=True))

    def backward(g: Any, x: Any) -> Any:
        return g * np.log(np.sum(np.exp(x), axis=1, keepdims=True))

    text = said(check_backward(backward, forward, (X,)))
    assert "left out" in text and "x ≤ 0" not in text and "√" not in text, text


def test_a_plain_factor_is_not_told_as_a_sign_and_a_factor() -> None:
    target = RNG.normal(size=9)

    def f(params: Any) -> Any:
        loss = -np.mean(np.tanh(X @ params["w"]) * target)
        dz = -(1 - np.tanh(X @ params["w"]) ** 2) * target / 9
        return loss, {"w": X.T @ dz / 9}

    text = said(check_gradients(f, {"w": RNG.normal(size=4)}))
    assert "1/9" in text or "divided by 9" in text, text
    assert "neg" not in text and "minus" not in text, text


def test_a_penalty_left_out_is_no_use_that_does_not_count() -> None:
    def f(params: Any) -> Any:
        w = params["w"]
        error = X @ w
        loss = np.mean(error**2) + 0.3 * np.sum(np.abs(w))
        return loss, {"w": 2 * X.T @ error / 9}

    text = said(check_gradients(f, {"w": RNG.normal(size=4)}))
    assert "penalty" in text or "egularisation" in text, text
    assert "use count" not in text, text


def test_a_sign_within_a_sum_is_a_sign() -> None:
    y = (RNG.uniform(size=(9, 1)) > 0.5) * 1.0

    def forward(p: Any) -> Any:
        return -(y * np.log(p) + (1 - y) * np.log(1 - p))

    def backward(g: Any, p: Any) -> Any:
        return g * -(y / p + (1 - y) / (1 - p))

    text = said(check_backward(backward, forward, (RNG.uniform(0.2, 0.8, (9, 1)),)))
    assert "sign" in text and "derivative is left out" not in text, text


def standard(x: Any) -> Any:
    return (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + 1e-5)


@pytest.mark.parametrize(
    ("wrong", "kind"),
    [
        (lambda g, h, s, axis: (g - g.mean(1, keepdims=True) - h * (g * h).mean(0)) / s, "wrong axis"),
        (lambda g, h, s, axis: (g - g.mean(0) - h * (g * h).mean(1, keepdims=True)) / s, "wrong axis"),
        (lambda g, h, s, axis: (g - g.mean(0) - h * (g * h).mean(0)) / s**2, "derivative"),
        (lambda g, h, s, axis: (g - h * (g * h).mean(0)) / s, "term missing"),
        (lambda g, h, s, axis: (g - g.mean(0) / 9 - h * (g * h).mean(0)) / s, "averaged"),
        (lambda g, h, s, axis: (g - g.mean(0) - s * h * (g * h).mean(0)) / s, "derivative"),
    ],
)  # fmt: skip
def test_normalisation(wrong: Any, kind: str) -> None:
    def backward(g: Any, x: Any) -> Any:
        return wrong(g, standard(x), np.sqrt(x.var(axis=0) + 1e-5), 0)

    def forward(x: Any) -> Any:
        centred = x - x.mean(axis=0)
        return centred / np.sqrt((centred**2).mean(axis=0) + 1e-5)

    text = said(check_backward(backward, forward, (X,)))
    assert text.startswith(f"{kind}: The normalisation"), text


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (lambda g, y, s: g / s, "constant"),
        (lambda g, y, s: (g - y * (g * y).sum(1, keepdims=True)) / s, "a sum for the mean"),
        (lambda g, y, s: (g - g.mean(1, keepdims=True) - y * (g * y).mean(1, keepdims=True)) / s, "− mean g"),
        (lambda g, y, s: (g + y * (g * y).mean(1, keepdims=True)) / s, "+ y · mean"),
        (lambda g, y, s: (g - y * (g * y).mean(0)) / s, "axis 0"),
    ],
)  # fmt: skip
def test_root_mean_square(wrong: Any, words: str) -> None:
    def size(x: Any) -> Any:
        return np.sqrt((x * x).mean(axis=1, keepdims=True) + 1e-6)

    text = said(check_backward(lambda g, x: wrong(g, x / size(x), size(x)), lambda x: x / size(x), (X,)))
    assert "root mean square" in text and words in text, text


@pytest.mark.parametrize("text", ["x + 1", "e⁻ˣ", "y, the result itself"])
def test_elu_below_zero(text: str) -> None:
    tails = {"x + 1": lambda z: z + 1, "e⁻ˣ": lambda z: np.exp(-z), "y, the result itself": lambda z: np.exp(z) - 1}

    def forward(z: Any) -> Any:
        return np.where(z > 0, z, np.exp(np.minimum(z, 0)) - 1)

    answer = said(check_backward(lambda g, z: g * np.where(z > 0, 1, tails[text](z)), forward, (X,)))
    assert "ELU" in answer and text in answer, answer


@pytest.mark.parametrize(
    ("mask", "kind"), [(lambda x: x > 0, "mask inverted"), (np.ones_like, "mask missing"), (lambda x: x <= 0, "")]
)
def test_the_slope_of_a_choice(mask: Any, kind: str) -> None:
    def forward(x: Any, alpha: Any) -> Any:
        return np.where(x > 0, x, alpha * x)

    def backward(g: Any, x: Any, alpha: Any) -> Any:
        return g * np.where(x > 0, 1, alpha), (g * x * mask(x)).sum(0)

    check = check_backward(backward, forward, (X, RNG.uniform(0.1, 0.5, 4)))
    assert [finding.kind for finding in check.wrong] == ([kind] if kind else []), said(check)


@pytest.mark.parametrize(
    ("label", "words"),
    [
        (lambda hits: -1.0, "−1 for the correct class"), (lambda hits: 0 * hits, "nothing for the correct class"),
        (lambda hits: -hits - 1, "among its own"), (lambda hits: hits, "+ for the correct class"),
        (lambda hits: -hits, ""),
    ],
)  # fmt: skip
def test_hinge_over_classes(label: Any, words: str) -> None:
    y = np.arange(9) % 3

    def f(params: Any, x: Any) -> Any:
        rows = np.arange(9)
        s = x @ params["W"]
        margins = np.maximum(0, s - s[rows, y].reshape(-1, 1) + 1)
        other = np.ones((9, 3))
        other[rows, y] = 0
        mask = (margins > 0) * other
        mask[rows, y] = label(mask.sum(axis=1))
        return np.sum(margins * other) / 9, {"W": x.T @ mask / 9}

    text = said(check_gradients(f, {"W": RNG.normal(size=(4, 3))}, (X,)))
    assert words in text if words else not text, text


@pytest.mark.parametrize(
    ("term", "kind"),
    [
        (lambda w: 0.1 * w * w, "regularisation"), (lambda w: 0.1 * np.sign(w), "regularisation"),
        (lambda w: 0 * w, "regularisation"), (lambda w: 0.2 * w, ""),
    ],
)  # fmt: skip
def test_a_penalty_written_as_another(term: Any, kind: str) -> None:
    def f(params: Any, x: Any, y: Any) -> Any:
        w = params["W"]
        error = np.tanh(x @ w) - y
        loss = np.sum(error**2) / 2 + 0.1 * np.sum(w * w)
        return loss, {"W": x.T @ (error * (1 - np.tanh(x @ w) ** 2)) + term(w)}

    check = check_gradients(f, {"W": RNG.normal(size=(4, 3))}, (X, RNG.normal(size=(9, 3))))
    assert [finding.kind for finding in check.wrong] == ([kind] if kind else []), said(check)


def test_a_bias_taken_before_the_derivative() -> None:
    def f(params: Any, x: Any, y: Any) -> Any:
        h = np.tanh(x @ params["W"] + params["b"])
        error = h - y
        dz = error * (1 - h * h)
        return np.sum(error**2) / 2, {"W": x.T @ dz, "b": error.sum(axis=0)}

    params = {"W": RNG.normal(size=(4, 3)), "b": RNG.normal(size=3)}
    text = said(check_gradients(f, params, (X, RNG.normal(size=(9, 3)))))
    assert text.startswith("derivative missing: The gradient of b") and "the derivative of tanh between" in text, text


def test_what_does_not_depend_gets_nothing() -> None:
    def f(params: Any, x: Any) -> Any:
        return np.sum((x @ params["w"]) ** 2), {"w": 2 * x.T @ (x @ params["w"]), "idle": np.ones(2)}

    text = said(check_gradients(f, {"w": RNG.normal(size=4), "idle": np.ones(2)}, (X,)))
    assert "should be zero" in text, text


IMAGES = RNG.normal(size=(3, 2, 4, 4))
OVER = (0, 2, 3)


@pytest.mark.parametrize(
    ("over", "count", "words"),
    [(OVER, 48, ""), (OVER, 3, "16 times"), ((0, 1, 2, 3), 48, "averaged over everything"),
     ((0,), 48, "averaged over axis 0"), ((0,), 3, "averaged over axis 0")],
)  # fmt: skip
def test_means_over_other_axes_or_of_another_count(over: Any, count: int, words: str) -> None:
    def forward(x: Any, gamma: Any) -> Any:
        mu = x.mean(axis=OVER, keepdims=True)
        var = ((x - mu) ** 2).mean(axis=OVER, keepdims=True)
        return gamma[None, :, None, None] * (x - mu) / np.sqrt(var + 1e-2)

    def backward(g: Any, x: Any, gamma: Any) -> Any:
        centred = x - x.mean(axis=OVER, keepdims=True)
        std = np.sqrt((centred**2).mean(axis=OVER, keepdims=True) + 1e-2)
        h, d = centred / std, g * gamma[None, :, None, None]
        a, b = d.sum(over, keepdims=True), (d * h).sum(over, keepdims=True)
        return (count * d - a - h * b) / (count * std), (g * h).sum(OVER)

    text = said(check_backward(backward, forward, (IMAGES, RNG.uniform(0.5, 2, 2))))
    assert words in text if words else not text, text


@pytest.mark.parametrize(
    ("deviation", "kind"),
    [
        (lambda v: np.sqrt(v * 9 / 8 + 1e-3), "n − 1"), (lambda v: np.sqrt(v) + 1e-3, "epsilon"),
        (lambda v: np.sqrt(v + 2e-3), "epsilon"), (lambda v: np.sqrt(v + 1e-3), ""),
    ],
)  # fmt: skip
def test_a_deviation_computed_again_otherwise(deviation: Any, kind: str) -> None:
    def forward(x: Any, gamma: Any) -> Any:
        centred = x - x.mean(axis=0)
        return gamma * centred / np.sqrt((centred**2).mean(axis=0) + 1e-3)

    def backward(g: Any, x: Any, gamma: Any) -> Any:
        centred = x - x.mean(axis=0)
        s = deviation((centred**2).mean(axis=0))
        h, d = centred / s, g * gamma
        return (d - d.mean(0) - h * (d * h).mean(0)) / s, (g * h).sum(0)

    check = check_backward(backward, forward, (X, RNG.uniform(0.5, 2, 4)))
    assert {finding.kind for finding in check.wrong} == ({kind} if kind else set()), said(check)


def test_a_gain_after_the_derivative_of_what_comes_before_it() -> None:
    def forward(x: Any, w: Any) -> Any:
        return w * (x / np.sqrt((x * x).mean(axis=1, keepdims=True)))

    def backward(g: Any, x: Any, w: Any) -> Any:
        s = np.sqrt((x * x).mean(axis=1, keepdims=True))
        y = x / s
        return w * (g - y * (g * y).mean(1, keepdims=True)) / s, (g * y).sum(0)

    text = said(check_backward(backward, forward, (X, RNG.uniform(0.5, 2, 4))))
    assert text.startswith("wrong order"), text


@pytest.mark.parametrize("bug", ["mask not applied", "without p", "joined early", ""])
def test_attention_and_its_residual_connection(bug: str) -> None:
    mask, w = np.tril(np.ones((4, 4))), RNG.normal(size=(3, 3))
    x = RNG.normal(size=(2, 4, 3))

    def softmax(s: Any) -> Any:
        e = np.exp(s - s.max(-1, keepdims=True))
        return e / e.sum(-1, keepdims=True)

    def f(params: Any, x: Any) -> Any:
        h = np.tanh(x @ params["W"])
        s = h @ np.swapaxes(h @ w, 1, 2)
        a = softmax(np.where(mask > 0, s, -1e9))
        y = h + a @ x
        loss = np.sum(y**2) / len(x)
        dy = 2 * y / len(x)
        da = dy @ np.swapaxes(x, 1, 2)
        p = softmax(s) if bug == "mask not applied" else a
        ds = p * (da - (da * p).sum(-1, keepdims=True))
        if bug == "without p":
            ds = da - (da * p).sum(-1, keepdims=True)
        dh = dy + ds @ (h @ w) + np.swapaxes(ds, 1, 2) @ h @ w.T
        dz = dh * (1 - h**2)
        if bug == "joined early":
            dz = (dh - dy) * (1 - h**2) + dy
        return loss, {"W": np.einsum("bti,btj->ij", x, dz)}

    kind = {"mask not applied": "mask missing", "without p": "derivative", "joined early": "wrong branch", "": ""}[bug]
    check = check_gradients(f, {"W": RNG.normal(size=(3, 3))}, (x,))
    assert [finding.kind for finding in check.wrong] == ([kind] if kind else []), said(check)


@pytest.mark.parametrize("bug", ["other gate", "cut off", "tokens shifted", ""])
def test_loops_with_gates(bug: str) -> None:
    tokens = np.array([[1, 3, 3], [2, 0, 4], [5, 1, 0], [2, 2, 3]])

    def sigmoid(z: Any) -> Any:
        return 1 / (1 + np.exp(-z))

    def f(params: Any) -> Any:
        E, Wf, Wi = params["E"], params["Wf"], params["Wi"]
        c, kept = np.zeros((3, 3)), []
        for t in range(4):
            x = E[tokens[t]]
            forget, new = sigmoid(x + c @ Wf), sigmoid(x @ Wi)
            kept.append((x, c, forget, new))
            c = forget * c + new * x
        grads = {name: np.zeros(value.shape) for name, value in params.items()}
        loss, dc = np.sum(c**2), 2 * c
        for t in reversed(range(4)):
            x, c, forget, new = kept[t]
            df, di = dc * c, dc * x
            slope = new * (1 - new)
            zf, zi = df * (slope if bug == "other gate" else forget * (1 - forget)), di * slope
            dx = dc * new + zf + zi @ Wi.T
            grads["Wf"] = grads["Wf"] + c.T @ zf
            grads["Wi"] = grads["Wi"] + x.T @ zi
            dE = np.zeros(E.shape)
            if bug == "tokens shifted":
                np.add.at(dE, tokens[t][1:], np.asarray(dx)[:-1])
            else:
                np.add.at(dE, tokens[t], np.asarray(dx))
            grads["E"] = grads["E"] + dE
            dc = dc * forget + zf @ Wf.T
            if bug == "cut off" and t == 2:
                dc = 0 * dc
        return loss, grads

    params = {"E": RNG.normal(size=(6, 3)), "Wf": RNG.normal(size=(3, 3)), "Wi": RNG.normal(size=(3, 3))}
    kind = {"other gate": "derivative", "cut off": "branch missing", "tokens shifted": "shifted", "": None}[bug]
    check = check_gradients(f, params)
    assert {finding.kind for finding in check.wrong} == ({kind} if kind else set()), said(check)


def test_a_place_in_a_loop_is_one_place() -> None:
    recorder, x = Recorder(), ArrayLike(leaf(np.arange(70.0)), Run())
    with recorder:
        for i in range(60):  # so often that the interpreter puts a faster instruction there
            x[i : i + 2]
    sites = {call.site for node, call in recorder.calls.items() if node.op is not None and node.op.name == "getitem"}
    assert len(recorder.calls) == 60 and len(sites) == 1


def test_examples_are_as_many_as_labels() -> None:
    labels, weight = np.array([2, 0, 1, 1, 0, 2, 1, 3]), np.array([1.0, 0.5, 3.0, 2.0])
    rows = np.arange(8)

    def forward(z: Any) -> Any:
        e = np.exp(z - z.max(axis=1, keepdims=True))
        p = e / e.sum(axis=1, keepdims=True)
        return -(weight[labels] * np.log(p[rows, labels])).sum() / weight[labels].sum()

    def backward(g: Any, z: Any) -> Any:
        e = np.exp(z - z.max(axis=1, keepdims=True))
        d = e / e.sum(axis=1, keepdims=True) * weight[labels][:, None]
        d[rows, labels] -= 1
        return g * d / weight[labels].sum()

    text = said(check_backward(backward, forward, (RNG.normal(size=(8, 4)),), labels=labels))
    assert "not multiplied by the weight" in text, text


def test_what_gradients_are_of_has_the_name_that_the_forward_gives_it() -> None:
    def backward(g: Any, x: Any, w: Any) -> Any:
        return g @ w, x.T @ g

    text = said(check_backward(backward, lambda x, w: x @ w, (X, RNG.normal(size=(4, 4))), names=("dx", "dw")))
    assert "In the gradient of x through" in text, text
