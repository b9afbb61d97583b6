"""Right code is called right, in whatever style it is written; what cannot be checked gets one sentence."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from parts import some

import tinygrad_bp as tg
from tests.right_layers import LAYERS, Z
from tests.right_networks import BITS, COLUMNS, NETWORKS, Network, T, X, Y, columns, params, two_layers
from tests.right_styles import RUNNING, STYLES
from tinygrad_bp.autograd.errors import ArgumentError
from tinygrad_bp.verify import check_backward, check_forward, check_gradients


@pytest.mark.parametrize("name", LAYERS)
def test_a_right_layer_is_called_right(name: str) -> None:
    hand, forward, inputs, options = LAYERS[name]
    found = check_backward(hand, forward, inputs, **options)
    assert found.ok, str(found)


@pytest.mark.parametrize("name", [*NETWORKS, *STYLES])
def test_a_right_network_is_called_right(name: str) -> None:
    f, weights, batch, options = (NETWORKS | STYLES)[name]
    found = check_gradients(f, weights, batch, **options)
    assert found.ok, str(found)


def spoilt(result: Any, k: int, how: Any) -> Any:
    """The same gradients with one of them changed."""
    if isinstance(result, dict):
        name = [name for name in result if result[name] is not None][k]
        return result | {name: how(np.asarray(result[name]))}
    if isinstance(result, (tuple, list)):
        return [how(np.asarray(d)) if i == k else d for i, d in enumerate(result)]
    return how(result)


WAYS = {
    "doubled": lambda d: 2 * d,
    "turned": lambda d: -d,
    "one element": lambda d: d + (np.arange(d.size).reshape(d.shape) == d.size // 2) * (0.1 + np.abs(d).max()),
    "shape": lambda d: d[None],
}


@pytest.mark.parametrize("way", WAYS)
def test_the_same_layers_with_a_mistake_are_called_wrong(way: str) -> None:
    for name in some([*LAYERS], len(LAYERS) // 2):
        hand, forward, inputs, options = LAYERS[name]
        if "embedding" not in name:  # whose first gradient is none
            found = check_backward(
                lambda g, *a, hand=hand: spoilt(hand(g, *a), 0, WAYS[way]), forward, inputs, **options
            )
            assert not found.ok and found.findings[0].kind != "right", name


@pytest.mark.parametrize("way", WAYS)
def test_the_same_networks_with_a_mistake_are_called_wrong(way: str) -> None:
    for name in some([*NETWORKS], len(NETWORKS) // 2):
        f, weights, batch, options = NETWORKS[name]

        def g(*a: Any, f: Any = f) -> Any:
            loss, grads = f(*a)[:2]
            return loss, spoilt(grads, 0, WAYS[way])

        if "loops" not in name and "numbers" not in name:
            assert not check_gradients(g, weights, batch, **options).ok, name


def test_a_subgradient_is_said_to_be_one() -> None:
    z = np.array([[0.0, 1.0, -2.0], [3.0, 0.0, -1.0]])
    for hand in (lambda g, z: g * (z > 0), lambda g, z: g * (z >= 0), lambda g, z: 0.5 * g * (np.sign(z) + 1)):
        for engine in (tg.relu, lambda z: np.maximum(z, 0)):
            found = check_backward(hand, engine, (z,)).findings[0]
            assert found.ok and (found.kind == "right" or "one of the subgradients" in found.sentence)
    assert not check_backward(lambda g, z: g * np.where(z == 0, -1, z > 0), tg.relu, (z,)).ok


class Kept:
    """A layer whose backward uses what its forward kept: a mask, and the input."""

    def forward(self, x: Any) -> Any:
        self.x, self.mask = x, x > 0.1
        return np.where(self.mask, x**2, 0)

    def backward(self, g: Any) -> Any:
        return g * self.mask * 2 * self.x


def test_a_layer_keeps_what_its_backward_uses() -> None:
    layer = Kept()
    for seed in range(5):
        x = np.random.default_rng(seed).normal(size=(4, 3))
        assert check_backward(lambda g, x: layer.backward(g), layer.forward, (x,)).ok
        assert np.array_equal(layer.x, x)  # it is left as its forward on these inputs left it
        assert check_backward(lambda g, x: layer.backward(g), lambda x: np.where(x > 0.1, x * x, 0), (x,)).ok
        wrong = check_backward(lambda g, x: layer.backward(g) / 2, layer.forward, (x,))
        assert wrong.findings[0].kind == "factor" and not wrong.notes


def test_it_says_why_differences_served() -> None:
    found = check_backward(
        lambda g, x: g / (2 * np.sqrt(x)),
        lambda x: np.array([v**0.5 for v in x.tolist()]),
        (np.array([1.0, 4.0, 9.0]),),
    )
    assert "Note: Differences of its values serve as the right gradient" in str(found)
    assert "<p>Note: Differences of its values" in found._repr_html_()
    assert not check_backward(*LAYERS["convolution"][:3]).notes
    assert not check_backward(*LAYERS["convolution, loops"][:3]).notes  # the array that the loops fill is followed
    assert not check_gradients(*NETWORKS["methods and a float"][:3]).notes  # the number is found again in the graph


def test_what_is_learnt_from_other_batches_is_not_learnt_where_labels_are_inside() -> None:
    def summed(p: Any, x: Any) -> Any:
        loss, grads = two_layers(p, x, Y)
        return loss, {name: 6 * d for name, d in grads.items()}

    found = check_gradients(summed, params(4, 5, 3), (X,))
    assert {f.kind for f in found.findings} == {"summed"}
    assert "run on some of them alone it raised IndexError" in found.notes[0]


def test_columns_are_found_to_be_the_examples() -> None:
    def summed(p: Any, x: Any, y: Any) -> Any:
        loss, grads = columns(p, x, y)
        return loss, {name: x.shape[1] * d for name, d in grads.items()}

    found = check_gradients(summed, COLUMNS, (X.T, BITS[None]))
    assert {f.kind for f in found.findings} == {"summed"} and "N = 6" in found["W1"].sentence


def test_the_inputs_stay_what_they_are() -> None:
    kept = [a.copy() for a in (X, Y)]
    weights = params(4, 5, 3)
    before = {name: a.copy() for name, a in weights.items()}
    check_gradients(two_layers, weights, (X, Y))
    assert all(np.array_equal(a, b) for a, b in zip(kept, (X, Y), strict=True))
    assert all(np.array_equal(before[name], weights[name]) for name in weights)


def test_what_a_program_keeps_of_a_run_is_an_array_again() -> None:
    f, weights, batch, _ = STYLES["a running mean"]
    assert not check_gradients(f, weights, batch).notes
    f(weights, *batch)
    assert isinstance(RUNNING["mean"], np.ndarray)


def raising(*_: Any) -> Any:
    raise KeyError("W3")


def interrupted(*_: Any) -> Any:
    raise KeyboardInterrupt


W = {"w": np.array([1.0, 2.0, 3.0])}
NET = Network((4, 5, 2))
CANNOT: dict[str, tuple[Any, str]] = {
    "f raises": (lambda: check_gradients(raising, W), "f raised KeyError: 'W3'"),
    "the backward raises": (lambda: check_backward(lambda g, z: g @ g, tg.relu, (Z,)), "hand-written function raised"),
    "the forward raises": (lambda: check_backward(lambda g, z: g, raising, (Z,)), "engine's function raised KeyError"),
    "forward= raises": (lambda: check_gradients(two_layers, params(4, 5, 3), (X, Y), forward=raising), "forward raise"),
    "the order of results": (lambda: check_gradients(lambda p: (p, 1.0), W), "the loss first"),
    "a loss alone": (lambda: check_gradients(lambda p: 1.0, W), "f must return loss, grads; got float"),
    "one by one": (lambda: check_gradients(lambda p: (1.0, p["w"], p["w"]), W), "grads built like params"),
    "a list for a dict": (lambda: check_gradients(lambda p: (1.0, [p["w"]]), W), "give a dict with the same keys"),
    "a dict for a list": (lambda: check_gradients(lambda p: (1.0, W), [W["w"]]), "in the order of params"),
    "a loss of many numbers": (lambda: check_gradients(lambda p: (p["w"] ** 2, W), W), r"its shape is \(3,\)"),
    "a loss that is no number": (lambda: check_gradients(lambda p: ("low", W), W), "must return numbers"),
    "too many gradients": (lambda: check_backward(lambda g, z: (g, g), tg.relu, (Z,)), "2 hand-written results for 1"),
    "no gradient": (lambda: check_backward(lambda g, z: None, tg.relu, (Z,)), "gave no gradient: return one for each"),
    "what arrives last": (lambda: check_backward(lambda z, g: g * (z > 0), tg.relu, (Z,)), r"hand\(\*inputs, g\)"),
    "what arrives last, shapes": (
        lambda: check_backward(lambda z, w, g: (g @ w.T, z.T @ g), lambda z, w: z @ w, (Z, Z.T)), "is right with the",
    ),
    "a name too few": (
        lambda: check_backward(lambda g, z, w: (g, g), lambda z, w: z + w, (Z, Z), names=["dz"]), "names has 1, the",
    ),
    "no such input": (lambda: check_backward(lambda g, z: g, tg.relu, (Z,), batched=(1,)), "batched has 1"),
    "none so far out": (lambda: check_gradients(lambda p: (1.0, W), W, extremes=(1,)), "extremes has 1"),
    "no such axis": (lambda: check_backward(lambda g, z: g, tg.relu, (Z,), axis=2), "axis=2: the inputs that hold"),
    "labels of others": (lambda: check_backward(lambda g, z: g, tg.relu, (Z,), labels=[1]), "labels holds 1 classes"),
    "another step before": (lambda: check_gradients(lambda p: ((p["w"] ** 2).sum(), W), W, previous={}), "step before"),
    "words for gradients": (lambda: check_gradients(lambda p: (1.0, {"w": "up"}), W), "must be numbers in one array"),
    "words for parameters": (lambda: check_gradients(lambda p: (1.0, p), {"w": "up"}), "arrays of real numbers; w is"),
    "no parameters": (lambda: check_gradients(lambda p: (1.0, {}), {}), "params is empty"),
    "a dict for a value": (lambda: check_forward(lambda z: {"a": z}, tg.relu, (Z,)), "must be numbers in one array"),
    "complex numbers": (lambda: check_backward(lambda g, z: g, lambda z: 2 * z, (1j * Z,)), "real and imaginary"),
    "nothing to compare": (lambda: tg.compare({"dw": None}, tg.ones(2, requires_grad=True).sum()), "no gradient yet"),
    "a forward with a cache": (lambda: check_backward(lambda g, z: g, lambda z: (z, 1), (Z,)), "returned a tuple of 2"),
    "a draw of its own": (
        lambda: check_backward(lambda g, z: g, lambda z: z * np.random.random(z.shape), (Z,)), "draw its random",
    ),
    "weights that it holds": (
        lambda: check_gradients(lambda p, x, t: (NET.loss(x, t), NET.gradients(t)), NET.w, (X, T)), "uses arrays",
    ),
    "one array for inputs": (
        lambda: check_backward(lambda g, z: g, tg.relu, Z), r"of both functions, got ndarray \(",
    ),
    "a number for inputs": (lambda: check_forward(np.exp, np.exp, 3), "got int 3: of one, write"),
    "one tensor for batch": (lambda: check_gradients(lambda p, x: (1.0, W), W, tg.ones(2)), r"got Tensor \(2,\): of"),
    "a value that is not finite": (lambda: check_forward(np.log, np.log, (0 * Z,)), "not finite on these inputs"),
}  # fmt: skip


@pytest.mark.parametrize("what", CANNOT)
def test_what_cannot_be_checked_is_said_in_a_sentence(what: str) -> None:
    call, text = CANNOT[what]
    with pytest.raises(ArgumentError, match=text) as caught:
        call()
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 400
    if "raises" in what:
        assert caught.value.__cause__ is not None


def test_an_interrupt_passes_through() -> None:
    with pytest.raises(KeyboardInterrupt):
        check_gradients(interrupted, W)
    with pytest.raises(KeyboardInterrupt):
        check_backward(lambda g, z: g, interrupted, (Z,))


def test_a_terminal_of_80_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    found = check_backward(lambda g, z: g * np.cos(z) + z, tg.relu, (Z,), names=("dz",))
    whole = str(found)
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    monkeypatch.setenv("COLUMNS", "80")
    assert max(map(len, str(found).splitlines())) <= 80 < max(map(len, whole.splitlines()))
    assert str(found).split() == whole.split() and "\n    " in str(found)


@pytest.mark.parametrize(("share", "right"), [("len(doc)", True), ("1", False)])
def test_texts_of_several_lengths_come_as_lists(share, right):
    space = {"np": np}
    exec(
        "def f(params, docs, wanted):\n"
        "    loss, grad = 0.0, np.zeros_like(params['E'])\n"
        "    for doc, y in zip(docs, wanted):\n"
        "        mean = np.mean([params['E'][w] for w in doc], axis=0)\n"
        "        loss += ((mean - y) ** 2).sum() / len(docs)\n"
        "        for w in doc:\n"
        f"            grad[w] += 2 * (mean - y) / len(docs) / {share}\n"
        "    return loss, {'E': grad}\n",
        space,
    )
    rng = np.random.default_rng(3)
    data = ([[0, 3, 3], [1, 5], [6, 4, 2, 2], (5, 0)], rng.normal(size=(4, 3)))
    assert tg.verify.check_gradients(space["f"], {"E": rng.normal(size=(7, 3))}, data).ok == right
