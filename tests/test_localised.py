"""Where a backward by hand is wrong: between which values, and at which lines."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from parts import some

import tinygrad_bp as tg
from tinygrad_bp.verify import Diagnosis, check_gradients

SIZES = (3, 5, 4, 2)
# Three layers by hand. The mistake: the line that is another one; what is wrong; and between what to look, without
# and with the gradients of the values on the way.
BACKWARD = {
    "dz3": "2 * (z3 - y) / y.size", "dW3": "a2.T @ dz3", "db3": "dz3.sum(0)", "da2": "dz3 @ W3.T",
    "dz2": "da2 * a2 * (1 - a2)", "dW2": "a1.T @ dz2", "db2": "dz2.sum(0)", "da1": "dz2 @ W2.T",
    "dz1": "da1 * (1 - a1**2)", "dW1": "x.T @ dz1", "db1": "dz1.sum(0)",
}  # fmt: skip
MISTAKES = {
    "dz3": ("(z3 - y) ** 2", "All are wrong", "the loss and dz3", "the loss and dz3"),
    "dW3": ("a2.T @ np.exp(dz3)", "W1, b1, W2, b2, b3 right, W3 wrong", "dz3 and dW3", "dz3 and dW3"),
    "da2": ("dz3 @ np.abs(W3).T", "W3, b3 right, W1, b1, W2, b2 wrong", "dz3 and dz2", "dz3 and da2"),
    "dz2": ("da2 * z2 * (1 - z2)", "W3, b3 right, W1, b1, W2, b2 wrong", "dz3 and dz2", "da2 and dz2"),
    "dW2": ("a1.T @ da2", "W1, b1, b2, W3, b3 right, W2 wrong", "dz2 and dW2", "dz2 and dW2"),
    "da1": ("da2 @ W2.T", "W2, b2, W3, b3 right, W1, b1 wrong", "dz2 and dz1", "dz2 and da1"),
    "dz1": ("da1 * (1 - z1**2)", "W2, b2, W3, b3 right, W1, b1 wrong", "dz2 and dz1", "da1 and dz1"),
    "db1": ("da1.sum(0)", "W1, W2, b2, W3, b3 right, b1 wrong", "dz1 and db1", "dz1 and db1"),
}  # fmt: skip


def data(seed: int = 0) -> tuple[dict[str, Any], tuple[Any, Any]]:
    rng = np.random.default_rng(seed)
    params: dict[str, Any] = {}
    for i in range(3):
        params[f"W{i + 1}"] = rng.standard_normal(SIZES[i : i + 2])
        params[f"b{i + 1}"] = rng.standard_normal(SIZES[i + 1])
    return params, (rng.standard_normal((9, 3)), rng.standard_normal((9, 2)))


def variables_of(p: dict[str, Any], x: Any, y: Any, steps: dict[str, str]) -> tuple[Any, dict[str, Any]]:
    W1, b1, W2, b2, W3, b3 = p.values()
    z1 = x @ W1 + b1
    a1 = np.tanh(z1)
    z2 = a1 @ W2 + b2
    a2 = 1 / (1 + np.exp(-z2))
    z3 = a2 @ W3 + b3
    loss = ((z3 - y) ** 2).mean()
    space = {"np": np, **locals()}
    for name, step in steps.items():
        space[name] = eval(step, space)
    return loss, {name: space[name] for name in steps}


def in_a_cache(p: dict[str, Any], x: Any, y: Any, steps: dict[str, str]) -> tuple[Any, dict[str, Any]]:
    """The forward gives back a dict of its values."""

    def layer(h: Any, i: int, cache: dict[str, Any]) -> Any:
        cache[f"z{i}"] = h @ p[f"W{i}"] + p[f"b{i}"]
        return cache[f"z{i}"]

    cache: dict[str, Any] = {"x": x}
    cache["a1"] = np.tanh(layer(x, 1, cache))
    cache["a2"] = 1 / (1 + np.exp(-layer(cache["a1"], 2, cache)))
    loss = ((layer(cache["a2"], 3, cache) - y) ** 2).mean()
    space = {"np": np, "y": y, **cache, **p}
    for name, step in steps.items():
        space[name] = eval(step, space)
    return loss, {name: space[name] for name in steps}


class Network:
    """The values are attributes."""

    def forward(self, x: Any) -> Any:
        self.z1 = x @ self.W1 + self.b1
        self.a1 = np.tanh(self.z1)
        self.z2 = self.a1 @ self.W2 + self.b2
        self.a2 = 1 / (1 + np.exp(-self.z2))
        self.z3 = self.a2 @ self.W3 + self.b3
        return self.z3


def in_attributes(p: dict[str, Any], x: Any, y: Any, steps: dict[str, str]) -> tuple[Any, dict[str, Any]]:
    network = Network()
    vars(network).update(p)
    loss = ((network.forward(x) - y) ** 2).mean()
    space = {"np": np, "x": x, "y": y, **vars(network)}
    for name, step in steps.items():
        space[name] = eval(step, space)
    return loss, {name: space[name] for name in steps}


STYLES = [variables_of, in_a_cache, in_attributes]


def checked(style: Callable[..., Any], steps: dict[str, str], between: bool, seed: int = 0) -> Diagnosis:
    params, batch = data(seed)

    def f(p: dict[str, Any], x: Any, y: Any) -> Any:
        loss, grads = style(p, x, y, steps)
        return loss, {k: g for k, g in grads.items() if between or k[1:] in params}

    return check_gradients(f, params, batch)


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("between", [False, True])
def test_right_ones_have_no_place(style: Callable[..., Any], between: bool) -> None:
    found = checked(style, BACKWARD, between)
    assert found.ok and not found.place


@pytest.mark.parametrize("seed", some([0, 1], 1))
@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("between", [False, True])
@pytest.mark.parametrize("mistake", MISTAKES)
def test_the_place(mistake: str, between: bool, style: Callable[..., Any], seed: int) -> None:
    instead, parts, without, given = MISTAKES[mistake]
    found = checked(style, {**BACKWARD, mistake: instead}, between, seed)
    first, *lines = found.place.split("\n")
    assert first == f"{parts}: look between {given if between else without}.", found
    assert all("test_localised.py:" in line for line in lines) and 1 <= len(lines) <= 3, found
    if between:
        own = [f.name for f in found.findings if not f.ok and f.kind != "follows" and f.name[0] == "d"]
        assert own == [mistake] * (mistake[1] in "za"), found
    if between and mistake == "dz1":
        assert "np.tanh(" in lines[0] and len(lines) == 1, found


def test_a_division_by_n_that_comes_last_is_no_mistake() -> None:
    steps = {**BACKWARD, "dz3": "2 * (z3 - y)"}
    steps |= {name: f"({step}) / y.size" for name, step in steps.items() if name[1] in "Wb"}
    assert checked(variables_of, steps, True).ok
    for mistake in ("dz2", "da1", "dz1"):
        found = checked(variables_of, {**steps, mistake: MISTAKES[mistake][0]}, True)
        assert f"look between {MISTAKES[mistake][3]}." in found.place, found
        assert found["dz3"].ok


def test_an_array_that_is_written_after_it_had_its_name() -> None:
    """``da[z <= 0] = 0``: what is called ``da`` is the gradient of z then."""
    params, (x, y) = data()

    def f(p: Any, x: Any, y: Any, wrong: float = 0.3) -> Any:
        z = x @ p["W1"] + p["b1"]
        a = np.maximum(z, 0)
        s = a @ p["W2"] + p["b2"]
        loss = (s**2).mean()
        if isinstance(loss, tg.Tensor):
            return loss, {}
        ds = 2 * s / s.size
        da = ds @ p["W2"].T
        da[z <= 0] = 0
        grads = {"W1": x.T @ da, "b1": da.sum(0), "W2": a.T @ ds + wrong * np.abs(p["W2"]), "b2": ds.sum(0)}
        return loss, {**grads, "da": da, "ds": ds, "dunknown": ds}

    params = {name: params[name] for name in ("W1", "b1", "W2", "b2")}
    found = check_gradients(f, params, (x, y))
    assert found["da"].ok and found["ds"].ok, found
    assert found.place.startswith("W1, b1, b2 right, W2 wrong: look between ds and dW2."), found
    assert check_gradients(lambda p, x, y: f(p, x, y, 0.0), params, (x, y)).ok


def test_a_variable_that_is_assigned_again_and_again() -> None:
    """In a recurrent network ``h`` is many values: the gradient that is left of it is not accused."""
    rng = np.random.default_rng(2)
    params = {"Wx": rng.standard_normal((2, 4)), "Wh": rng.standard_normal((4, 4)), "Wy": rng.standard_normal((4, 1))}
    x = rng.standard_normal((5, 3, 2))

    def f(p: Any) -> Any:
        h, hs = np.zeros((3, 4)), []
        for t in range(5):
            h = np.tanh(x[t] @ p["Wx"] + h @ p["Wh"])
            hs.append(h)
        out = h @ p["Wy"]
        loss = (out**2).mean()
        if isinstance(loss, tg.Tensor):
            return loss, {}
        dout = 2 * out / out.size
        grads = {"Wy": h.T @ dout, "Wx": 0, "Wh": 0}
        dh = dout @ p["Wy"].T
        for t in reversed(range(5)):
            da = dh * (1 - hs[t])
            grads["Wx"] = grads["Wx"] + x[t].T @ da
            grads["Wh"] = grads["Wh"] + (hs[t - 1].T @ da if t else 0)
            dh = da @ p["Wh"].T
        return loss, {**grads, "dh": dh, "dout": dout}

    found = check_gradients(f, params)
    assert [finding.name for finding in found.findings] == ["Wx", "Wh", "Wy", "dout"], found
    assert found.place.startswith("Wy right, Wx, Wh wrong: look between dout and dWx, dWh."), found


def test_two_parameters_below_a_value_that_is_right() -> None:
    found = checked(variables_of, {**BACKWARD, "db1": "da1.sum(0)", "dW1": "x.T @ da1"}, True)
    assert "look between dz1 and db1, and between dz1 and dW1." in found.place, found


def test_two_places() -> None:
    found = checked(variables_of, {**BACKWARD, "dz1": MISTAKES["dz1"][0], "dW3": MISTAKES["dW3"][0]}, False)
    assert found.place.startswith(
        "W2, b2, b3 right, W1, b1, W3 wrong: look between dz3 and dW3, and between dz2 and dz1."
    ), found


def test_a_residual_and_a_shared_weight() -> None:
    params, (x, y) = data()
    params = {"W": params["W1"][:, :3], "b": params["b1"][:3], "V": params["W2"][:3, :2]}

    def f(p: Any, x: Any, y: Any) -> Any:
        a = np.tanh(x @ p["W"] + p["b"])
        h = x + a
        b = np.tanh(h @ p["W"] + p["b"])
        s = (h + b) @ p["V"]
        loss = ((s - y) ** 2).mean()
        if isinstance(loss, tg.Tensor):
            return loss, {}
        ds = 2 * (s - y) / s.size
        dsum = ds @ p["V"].T
        dzb = dsum * (1 - b * b)
        dh = dzb @ p["W"].T  # and the residual's own way
        dza = dh * (1 - a * a)
        return loss, {"V": (h + b).T @ ds, "W": x.T @ dza + h.T @ dzb, "b": (dza + dzb).sum(0), "ds": ds, "dh": dh}

    found = check_gradients(f, params, (x, y))
    assert found.place.startswith("V right, W, b wrong: look between ds and dh."), found
    assert found["dh"].kind == "path missing", found


def test_with_a_forward_of_its_own() -> None:
    params, batch = data()
    steps = {**BACKWARD, "dz1": MISTAKES["dz1"][0]}
    forward = lambda p, x, y: variables_of(p, x, y, {})[0]  # noqa: E731
    found = check_gradients(lambda p, x, y: variables_of(p, x, y, steps), params, batch, forward=forward)
    assert found["loss"].ok and "look between da1 and dz1." in found.place, found


def test_a_forward_that_is_written_for_arrays() -> None:
    """Its methods are NumPy's: ``max(axis=1)`` gives values alone."""
    params, (x, _) = data()
    y = np.arange(9) % 2

    def f(p: Any, x: Any, wrong: bool = True) -> Any:
        z1 = x @ p["W1"] + p["b1"]
        a1 = np.tanh(z1)
        z2 = a1 @ p["W2"] + p["b2"]
        shifted = z2 - z2.max(axis=1, keepdims=True)
        logp = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
        loss = -logp[np.arange(9), y].mean()
        dz2 = np.exp(logp)
        dz2[np.arange(9), y] -= 1
        dz2 = dz2 / 9
        dz1 = dz2 @ p["W2"].T * (1 - (z1 if wrong else a1) ** 2)
        return loss, {"W1": x.T @ dz1, "b1": dz1.sum(0), "W2": a1.T @ dz2, "b2": dz2.sum(0), "dz2": dz2, "dz1": dz1}

    params = {name: params[name] for name in ("W1", "b1", "W2", "b2")}
    found = check_gradients(f, params, (x,))
    assert found.place.startswith("W2, b2 right, W1, b1 wrong: look between dz2 and dz1."), found
    assert check_gradients(lambda p, x: f(p, x, False), params, (x,)).ok


def test_parameters_in_a_list_are_called_by_their_variables() -> None:
    params, batch = data()

    def f(p: list[Any], x: Any, y: Any) -> Any:
        loss, grads = variables_of(dict(zip(params, p, strict=True)), x, y, {**BACKWARD, "db1": "da1.sum(0)"})
        return loss, [grads[f"d{name}"] for name in params]

    found = check_gradients(f, list(params.values()), batch)
    assert found.place.startswith("0, 2, 3, 4, 5 right, 1 wrong: look between dz1 and db1."), found


def test_in_a_thread_and_beside_a_profiler() -> None:
    seen: list[Any] = []

    def profiler(frame: Any, event: str, argument: Any) -> None:
        seen.append(event)

    def work() -> None:
        sys.setprofile(profiler)
        found.append(checked(variables_of, {**BACKWARD, "dz1": MISTAKES["dz1"][0]}, True))
        found.append(sys.getprofile())
        sys.setprofile(None)

    found: list[Any] = []
    worker = threading.Thread(target=work)
    worker.start()
    worker.join()
    assert "look between da1 and dz1." in found[0].place and found[1] is profiler and seen
    assert "look between da1 and dz1." in found[0]._repr_html_()


def test_an_interrupt_passes() -> None:
    params, batch = data()
    calls: list[int] = []

    def f(p: Any, x: Any, y: Any) -> Any:
        loss, grads = variables_of(p, x, y, {**BACKWARD, "db1": "da1.sum(0)"})
        calls.append(1)
        if len(calls) == last:
            raise KeyboardInterrupt
        return loss, grads

    last = 0
    assert not check_gradients(f, params, batch).ok
    last, calls = len(calls), []
    with pytest.raises(KeyboardInterrupt):
        check_gradients(f, params, batch)


def test_what_is_wrong_on_the_way_has_the_reason_of_the_parameters() -> None:
    """1 − z² for 1 − a² is told from the weights; the gradient on the way, from which theirs follow, says the same."""
    rng = np.random.default_rng(4)
    params = {"W1": rng.normal(size=(4, 5)), "W2": rng.normal(size=(5, 3))}
    x, y = rng.normal(size=(6, 4)), rng.normal(size=(6, 3))

    def f(params, x, y):
        z = x @ params["W1"]
        a = np.tanh(z)
        d = a @ params["W2"] - y
        da = 2 * d / len(x) @ params["W2"].T
        dz = da * (1 - z**2)
        return (d**2).sum() / len(x), {"W1": x.T @ dz, "W2": a.T @ d * 2 / len(x), "da": da, "dz": dz}

    found = check_gradients(f, params, (x, y))
    assert found["dz"].kind == found["W1"].kind == "derivative" and found["dz"].sentence == found["W1"].sentence
    assert "look between da and dz" in found.place
