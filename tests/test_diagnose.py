"""A check of a network's hand-written gradients: right ones are called right, and mistakes by their names."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from parts import some

import tinygrad_bp as tg
from tinygrad_bp.autograd.errors import ArgumentError
from tinygrad_bp.verify import HandWrittenError, check_backward, check_forward, check_gradients, diagnose

REG = 0.05


def network(seed: int, n: int = 7, sizes: tuple[int, ...] = (4, 5, 5, 3), dtype: Any = np.float64, scale: float = 1.0):
    """Parameters, inputs and labels that include every class; n is odd and no size divides another."""
    rng = np.random.default_rng(seed)
    params = {}
    for i, (a, b) in enumerate(pairwise(sizes), 1):
        params[f"W{i}"] = (rng.standard_normal((a, b)) / np.sqrt(a)).astype(dtype)
        params[f"b{i}"] = (0.1 * rng.standard_normal(b)).astype(dtype)
    x = (scale * rng.standard_normal((n, sizes[0]))).astype(dtype)
    return params, x, rng.permutation(np.arange(n) % sizes[-1])


def run(params: dict[str, Any], x: Any, y: Any, bug: str = "") -> tuple[Any, dict[str, Any]]:
    """Tanh after the first layer, ReLU after the others, softmax cross-entropy, ``REG`` · ΣW²; with one mistake."""
    depth, n = len(params) // 2, len(x)
    h, inputs, before = x, [], []
    for i in range(1, depth + 1):
        inputs.append(h)
        z = h @ params[f"W{i}"] + params[f"b{i}"]
        before.append(z)
        h = z if i == depth else np.tanh(z) if i == 1 else np.maximum(z, 0)
    z = h - np.max(h, axis=1, keepdims=True)
    logp = z - np.log(np.sum(np.exp(z), axis=1, keepdims=True))
    loss = -np.mean(logp[np.arange(n), y]) + REG * sum(np.sum(params[f"W{i}"] ** 2) for i in range(1, depth + 1))
    if isinstance(loss, tg.Tensor):
        return loss, {}

    g = np.exp(logp)
    g[np.arange(n), y] -= 1
    g /= 1 if bug == "summed" else n**2 if bug == "divided twice" else n
    if bug == "term missing":
        g[y == 1] = 0
    grads = {}
    for i in range(depth, 0, -1):
        if i < depth:
            relu, tanh = before[i - 1] > 0, 1 - np.tanh(before[i - 1]) ** 2
            relu = {"mask inverted": ~relu, "mask missing": np.ones_like(relu)}.get(bug, relu)
            g = g * (relu if i > 1 else 1 if bug == "derivative missing" else tanh)
        regularised = bug not in ("regularisation", "term missing", "summed", "divided twice")
        grads[f"W{i}"] = inputs[i - 1].T @ g + (2 * REG * params[f"W{i}"] if regularised else 0)
        grads[f"b{i}"] = g.sum(0)
        g = g @ params[f"W{i}"].T
    return loss, grads


def differenced(f: Any) -> Any:
    """The same where parameters leave the graph before anything is made of them: only differences tell its slope."""
    return lambda p, *batch: f({name: w.__array__() for name, w in p.items()}, *batch)


def by_differences(found: Any) -> bool:
    return any(note.startswith("Differences of its values") for note in found.notes)


WAYS = {"on tensors": lambda f: f, "by differences": differenced}


def test_right_gradients_are_right() -> None:
    params, x, y = network(0)
    assert check_gradients(run, params, (x, y), labels=y).ok
    check_gradients(run, params, (x, y)).raise_if_wrong()


@settings(max_examples=150, deadline=None)
@given(
    seed=st.integers(0, 10**6), n=st.integers(1, 12), inner=st.lists(st.integers(1, 6), min_size=1, max_size=3),
    dtype=st.sampled_from([np.float32, np.float64]), scale=st.sampled_from([0.0, 1e-3, 1.0, 10.0, 300.0]),
)  # fmt: skip
def test_no_false_alarm(seed: int, n: int, inner: list[int], dtype: Any, scale: float) -> None:
    params, x, y = network(seed, n, (3, *inner, 4), dtype, scale)
    found = check_gradients(run, params, (x, y), labels=y)
    assert found.ok, str(found)


@pytest.mark.parametrize("way", WAYS)
def test_a_kink_next_to_the_parameters_is_no_mistake(way: str) -> None:
    """One unit gets −4.6e-8: every difference long enough to be exact reaches over its kink."""
    params, x, y = network(318145, 1, (3, 1, 6, 6, 4), np.float32, 1e-3)
    found = check_gradients(WAYS[way](run), params, (x, y), labels=y)
    assert found.ok, str(found)
    assert by_differences(found) == (way == "by differences")


@pytest.mark.parametrize("seed", some(range(40), 20))
@pytest.mark.parametrize("way", WAYS)
def test_biases_of_zero_are_no_mistake(way: str, seed: int) -> None:
    """A unit that gets nothing lies at its kink: there ``z > 0`` takes one side's slope, ``maximum`` half of each."""
    params, x, y = at_kinks(seed)
    found = check_gradients(WAYS[way](run), params, (x, y), labels=y)
    assert found.ok, str(found)
    assert by_differences(found) == (way == "by differences")


@pytest.mark.parametrize("seed", some(range(40), 6))
@pytest.mark.parametrize("way", WAYS)
def test_beside_biases_of_zero_a_factor_is_named(way: str, seed: int) -> None:
    params, x, y = at_kinks(seed)

    def wrong(p: Any, x: Any, y: Any) -> Any:
        loss, grads = run(p, x, y)
        return loss, times(grads, 3)

    found = check_gradients(WAYS[way](wrong), params, (x, y))
    assert found["W4"].kind == found["b4"].kind == "factor", str(found)


def at_kinks(seed: int) -> tuple[dict[str, Any], Any, Any]:
    """A network whose biases are zero."""
    params, x, y = network(seed, 6, (3, 4, 2, 4, 4))
    return {name: w * (name[0] == "W") for name, w in params.items()}, x, y


NETWORK_BUGS = ("derivative missing", "mask inverted", "mask missing", "regularisation")
LOSS_BUGS = ("summed", "divided twice", "term missing")


@pytest.mark.parametrize("seed", some(range(8), 3))
@pytest.mark.parametrize("bug", NETWORK_BUGS)
def test_a_mistake_in_a_network_is_named(bug: str, seed: int) -> None:
    params, x, y = network(seed, n=11)
    found = check_gradients(lambda p, x, y: run(p, x, y, bug), params, (x, y), labels=y)
    assert {finding.kind for finding in found.wrong} == {bug}, str(found)
    untouched = {"regularisation": ("b1", "b2", "b3"), "derivative missing": ("W2", "b2", "W3", "b3")}
    right = untouched.get(bug, ("W3", "b3"))
    assert all(found[name].ok for name in right)
    if bug == "regularisation":
        assert "0.1 times the parameter" in found["W1"].sentence


@pytest.mark.parametrize("seed", some(range(8), 3))
@pytest.mark.parametrize("bug", LOSS_BUGS)
def test_a_mistake_in_the_loss_is_named(bug: str, seed: int) -> None:
    params, x, y = network(seed, n=11)

    def without_reg(p: Any, x: Any, y: Any) -> Any:
        loss, grads = run(p, x, y, bug)
        return loss - REG * sum(np.sum(w**2) for name, w in p.items() if name[0] == "W"), grads

    found = check_gradients(without_reg, params, (x, y), labels=y)
    assert {finding.kind for finding in found.findings} == {bug}, str(found)
    factor = {"summed": 11, "divided twice": 1 / 11}.get(bug)
    assert all(finding.factor == pytest.approx(factor) for finding in found.findings) if factor else True


CHANGES = {
    "sign": lambda w, i: -w,
    "factor": lambda w, i: 3.7 * w,
    "transposed": lambda w, i: w.T,
    "permuted": lambda w, i: w[[2, 0, 4, 1, 3]],
    "shifted": lambda w, i: np.roll(w, 1, 0),
    "missing": lambda w, i: 0 * w,
    "factor per row": lambda w, i: w * np.arange(1, 6)[:, None],
    "factor per column": lambda w, i: w * np.arange(1, 6),
    "unknown": lambda w, i: w + np.random.default_rng(i).standard_normal(w.shape),
    "overflow": lambda w, i: np.where(np.arange(5) == 2, np.nan, w),
}


@pytest.mark.parametrize("seed", some(range(6), 2))
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("kind", CHANGES)
def test_one_wrong_parameter_is_named_and_the_others_are_right(kind: str, dtype: Any, seed: int) -> None:
    params, x, y = network(seed, n=11, dtype=dtype)

    def wrong(p: Any, x: Any, y: Any) -> Any:
        loss, grads = run(p, x, y)
        return loss, {**grads, "W2": CHANGES[kind](grads["W2"], seed)} if grads else {}

    found = check_gradients(wrong, params, (x, y))
    assert [(f.name, f.kind) for f in found.wrong] == [("W2", kind)], str(found)
    assert "Wrong: W2. Right: W1, b1, b2, W3, b3." in str(found)
    with pytest.raises(HandWrittenError, match="W2: " + kind):
        found.raise_if_wrong()


@pytest.mark.parametrize(
    "factor, n, text",
    [(2, 11, "2"), (0.5, 11, "1/2"), (3, 11, "C"), (1 / 3, 11, "1/C"), (33, 11, "N·C"), (-1, 11, "")],
)
def test_factors_are_named(factor: float, n: int, text: str) -> None:
    params, x, y = network(1, n=n)

    def scaled(p: Any, x: Any, y: Any) -> Any:
        loss, grads = run(p, x, y)
        return loss, {name: g * (factor if factor != 33 else 3 * len(x)) for name, g in grads.items()}

    found = check_gradients(scaled, params, (x, y), sizes={"C": 3})
    sentence = found["W1"].sentence
    assert f"It is {text} " in sentence if text else "wrong sign" in sentence


def test_a_constant_that_equals_n_is_told_from_n() -> None:
    """The factor 7 is no batch size: with every example twice it stays 7."""
    params, x, y = network(1, n=7)
    seven = check_gradients(lambda p, x, y: (run(p, x, y)[0], times(run(p, x, y)[1], 7)), params, (x, y))
    batch = check_gradients(lambda p, x, y: (run(p, x, y)[0], times(run(p, x, y)[1], len(x))), params, (x, y))
    assert {f.kind for f in seven.findings} == {"factor"} and {f.kind for f in batch.findings} == {"summed"}


def times(grads: dict[str, Any], factor: float) -> dict[str, Any]:
    return {name: factor * g for name, g in grads.items()}


def test_a_gradient_of_the_step_before_is_stale() -> None:
    before, x, y = network(1)
    _, old = run(before, x, y)
    now = {name: array - 0.1 * old[name] for name, array in before.items()}
    found = check_gradients(lambda p, x, y: (run(p, x, y)[0], old), now, (x, y), previous=before)
    assert {f.kind for f in found.findings} == {"stale"}


def test_a_loss_that_does_not_run_on_tensors_is_differenced() -> None:
    params, x, y = network(3)

    def plain(p: Any, x: Any, y: Any) -> Any:
        loss, grads = run(p, x, y, "regularisation")
        return float(loss), grads

    assert not by_differences(check_gradients(plain, params, (x, y)))  # the number is one that the graph has
    found = check_gradients(differenced(plain), params, (x, y))
    assert by_differences(found)
    assert {f.name: f.kind for f in found.findings} == {
        name: "regularisation" if name[0] == "W" else "right" for name in params
    }
    assert check_gradients(differenced(run), params, (x, y)).ok


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 10**6), n=st.integers(1, 8), scale=st.sampled_from([0.0, 1e-2, 1.0, 30.0]))
def test_no_false_alarm_from_differences(seed: int, n: int, scale: float) -> None:
    params, x, y = network(seed, n, (3, 4, 4, 3), scale=scale)

    found = check_gradients(differenced(lambda p: run(p, x, y)), params)
    assert found.ok and by_differences(found), str(found)


def test_a_loss_that_leaves_the_graph_on_the_way_is_differenced() -> None:
    """On Tensors the scale would be taken for a constant, and the right gradient be called wrong."""

    def f(p: Any) -> Any:
        scale = float(np.sum(p["w"].numpy() if isinstance(p["w"], tg.Tensor) else p["w"]))
        return scale * np.sum(p["w"] ** 2), {"w": np.sum(np.square(p["w"])) + 2 * scale * p["w"]}

    assert check_gradients(f, {"w": np.array([1.0, 2.0, 4.0])}).ok


@pytest.mark.parametrize("way", WAYS)
def test_a_kink_nearby_is_no_mistake(way: str) -> None:
    """The first step of the differences reaches over the kink, the next one does not."""

    def f(p: Any) -> Any:
        return np.sum(np.maximum(p["w"], 0) * np.arange(1.0, 4.0)), {"w": (p["w"] > 0) * np.arange(1.0, 4.0)}

    found = check_gradients(WAYS[way](f), {"w": np.array([5e-6, 1.0, -8e-6])})
    assert found.ok and by_differences(found) == (way == "by differences")


def test_without_the_batch_the_name_of_the_factor_decides() -> None:
    params, x, y = network(1, n=11)
    found = check_gradients(lambda p: (run(p, x, y)[0], times(run(p, x, y)[1], 11)), params, sizes={"N": 11})
    assert {f.kind for f in found.findings} == {"summed"}


def test_a_forward_of_its_own_has_its_loss_compared() -> None:
    params, x, y = network(3, sizes=(4, 3))

    def forward(p: Any, x: Any, y: Any) -> Any:
        return tg.nn.functional.cross_entropy(x @ p["W1"] + p["b1"], y) + REG * (p["W1"] ** 2).sum()

    assert check_gradients(run, params, (x, y), forward=forward).ok
    doubled = check_gradients(run, params, (x, y), forward=lambda p, x, y: 2 * forward(p, x, y))
    assert [(f.name, f.kind) for f in doubled.findings] == [(name, "factor") for name in ("loss", "W1", "b1")]


def test_lists_and_names_with_d() -> None:
    w = np.array([1.0, 2.0, 3.0])
    assert check_gradients(lambda p: (np.sum(p[0] ** 2), [2 * p[0]]), [w]).ok
    assert check_gradients(lambda p: (np.sum(p["w"] ** 2), {"dw": 2 * p["w"]}), {"w": w}).ok
    with pytest.raises(ArgumentError, match=r"no 'w' and no 'dw'; it has \['v'\]"):
        check_gradients(lambda p: (np.sum(p["w"] ** 2), {"v": 2 * p["w"]}), {"w": w})
    with pytest.raises(ArgumentError, match="1 parameters but 2 gradients"):
        check_gradients(lambda p: (np.sum(p[0] ** 2), [p[0], p[0]]), [w])


def test_arguments_that_cannot_be_checked() -> None:
    x = np.ones((2, 2))
    with pytest.raises(ArgumentError, match="upstream has shape"):
        check_backward(lambda g, x: g, tg.relu, (x,), upstream=np.ones(3))
    with pytest.raises(ArgumentError, match="not finite on these inputs"), np.errstate(all="ignore"):
        check_forward(np.log, np.log, (0 * x,))
    with pytest.raises(ArgumentError, match="too many for differences"):
        check_gradients(lambda p: (sum(x * x for x in p[0].tolist()), [2 * p[0]]), [np.ones(30_000)])
    assert check_gradients(lambda p: (float(np.sum(np.array(p[0]) ** 2)), [2 * p[0]]), [np.ones(30_000)]).ok
    assert check_gradients(lambda p: (float(np.sum(p[0] ** 2)), [2 * p[0]]), [np.ones(30_000)]).ok


def test_two_arrays() -> None:
    g = np.random.default_rng(0).standard_normal((4, 3))
    assert diagnose(g, g).ok and diagnose(g.astype(np.float32), g).ok
    assert diagnose(np.ones((4, 2)), g).kind == "shape"
    assert diagnose(g * 4, g, sizes={"N": 4}).kind == "summed"
    assert diagnose(g + 0.5 * g.T[:, :3].sum() * 0 + 0.1, g, parameter=np.ones((4, 3))).kind == "regularisation"
