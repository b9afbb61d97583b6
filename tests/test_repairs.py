"""What puts a backward's own program right: how it is written down, and what a change has to show to be named."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tinygrad_bp.verify import check_backward, check_gradients
from tinygrad_bp.verify.case import MENDED, Case
from tinygrad_bp.verify.repairs.program import Program, Variant
from tinygrad_bp.verify.repairs.repaired import Hand, repaired
from tinygrad_bp.verify.repairs.search import Search
from tinygrad_bp.verify.repairs.traced import Traced

RNG = np.random.default_rng(5)
INDEX = np.array([0, 2, 2, 1])


def in_place(x: Any) -> Any:
    out = np.zeros_like(x)
    out[1:] += 2 * x[:-1]
    row = out[0]
    row += x[1]
    np.add.at(out, INDEX, x)
    out -= out.mean(axis=0)
    return out.T.copy()


def in_parts(x: Any) -> Any:
    first, second = np.split(np.asarray(x, dtype=float), 2)
    total = 0
    for a, b in zip(first, second, strict=True):
        total += np.outer(a, b) / len(a)
    return np.where(total > 0, total, np.full((3, 3), 0.5))


def by_methods(x: Any) -> Any:
    best = int(x.argmax(axis=1)[0])
    y = x.reshape(2, -1).clip(-1, 1).astype(np.float64)
    return np.concatenate([y, [y[0] * float(x[0, best])]]) @ y.T


@pytest.mark.parametrize("function", [in_place, in_parts, by_methods])
def test_a_program_is_written_down_and_computed_again(function: Callable[..., Any]) -> None:
    x = RNG.normal(size=(4, 3))
    kept = x.copy()
    expected = function(x.copy())
    run = Hand(lambda values: [function(values[0])], ["x"]).recorded([x], [expected])
    assert run is not None and np.array_equal(x, kept)
    program, (place,) = run
    assert place is not None and np.allclose(program.steps[place].value, expected)
    moved = program.replay({0: Variant((), lambda values: 2 * x)}, lambda n: None)
    if function is not by_methods:  # a number that was taken out stays what it was
        assert np.allclose(moved[place], function(2 * x))


def test_what_cannot_be_written_down_is_left_alone() -> None:
    def hashed(values: Any) -> Any:
        return [{values[0]: 1}]

    assert Hand(hashed, ["x"]).recorded([np.ones(2)], [np.ones(2)]) is None
    other = Hand(lambda values: [3 * values[0]], ["x"]).recorded([np.ones(2)], [np.ones(2)])
    assert other is None  # other numbers than the run on arrays gave


def test_a_change_that_fits_at_one_place_alone_is_not_named() -> None:
    x = np.array([1.0, 2.0, 2.0, 1.0])  # here x · (3 − x) is 2 everywhere
    hand = Hand(lambda values: [values[0] * 2], ["g", "x"])
    g = RNG.normal(size=4)
    cases = [Case(2 * g, 4 * g)]
    program, places = hand.recorded([g, x], [2 * g]) or pytest.fail("not recorded")
    search = Search(program, cases, places)
    search.run()
    assert search.found  # where nothing else is asked something fits

    def elsewhere() -> list[tuple[list[Any], list[Case]]]:
        y = RNG.uniform(1, 2, 4)
        return [([g, y], [Case(2 * g, 2 * y * (3 - y) * g)])]

    assert repaired(hand, [g, x], cases, elsewhere) == []


def test_a_mistake_that_no_change_puts_right_stays_unknown() -> None:
    w = RNG.normal(size=(3, 3))

    def backward(g: Any, x: Any) -> Any:
        return np.cumsum(g[::-1] * np.sinh(x), axis=0) @ np.roll(w.T + 0.1, 1, axis=0)

    found = check_backward(backward, lambda x: x @ w, (RNG.normal(size=(5, 3)),)).findings[0]
    assert found.kind == "unknown" and MENDED not in found.sentence, found


def forward(x: Any, U: Any, V: Any) -> Any:
    return np.tanh(np.tanh(x @ U) @ V)


@pytest.mark.parametrize("name, words", [("V", "V is transposed"), ("both", "U"), ("twice", "2")])
def test_the_sentence_has_the_users_names_and_the_line(name: str, words: str) -> None:
    def backward(g: Any, x: Any, U: Any, V: Any) -> Any:
        a = np.tanh(x @ U)
        da = g * (1 - np.tanh(a @ V) ** 2)
        if name == "twice":
            da = da * np.array([1.0, 2.0, 2.0])
        dz = (da @ (V.T if name == "twice" else V)) * (1 - a * a)
        return dz @ (U if name == "both" else U.T), x.T @ dz, a.T @ da

    inputs = [RNG.normal(size=(4, 3)), RNG.normal(size=(3, 3)), RNG.normal(size=(3, 3))]
    found = check_backward(backward, forward, inputs, names=("dx", "dU", "dV"))
    assert not found["dx"].ok and "test_repairs.py" in str(found), found
    assert words in found["dx"].sentence or "transpose" in found["dx"].sentence, found


ROWS, EACH = np.array([[1.0], [2.0], [4.0]]), np.arange(1.0, 10).reshape(3, 3)


@pytest.mark.parametrize(
    ("change", "kind", "start"),
    [
        (lambda d: d * ROWS, "factor per row", "Each row"),
        (lambda d: d * EACH, "too much", "This multiply"),
        (lambda d: d + EACH, "too much", "This add"),
        (lambda d: d + np.random.default_rng(3).normal(size=(3, 3)), "unknown", "This add"),  # nothing explains it
    ],
)
def test_a_step_too_much_has_the_kind_that_its_numbers_have(change: Any, kind: str, start: str) -> None:
    x = RNG.normal(size=(6, 3))

    def f(params: Any, x: Any) -> Any:
        z = np.tanh(x @ params["W"])
        return np.sum(z**2), {"W": change(x.T @ (2 * z * (1 - z**2)))}

    found = check_gradients(f, {"W": RNG.normal(size=(3, 3))}, (x,))["W"]
    assert found.kind == kind and found.sentence.startswith(start) and found.sentence.endswith(MENDED), found


def chain(params: Any, x: Any, y: Any, mistake: str) -> Any:
    """Two layers with sigmoids in a loop over examples, a likelihood, and penalties, one of which spares a row."""
    W, n = [params["W0"], params["W1"]], len(x)
    loss, grads = 0.05 * np.sum(W[0] ** 2) + 0.05 * np.sum(W[1][1:] ** 2), [np.zeros_like(w) for w in W]
    for row, label in zip(x, y, strict=True):
        kept = [row]
        for w in W:
            kept.append(1 / (1 + np.exp(-kept[-1] @ w)))
        p = kept[-1]
        loss -= np.sum(label * np.log(p) + (1 - label) * np.log(1 - p)) / n
        d = -(label / p - (1 - label) / (1 - p)) / n * (n if mistake == "all but the penalty" else 1)
        if mistake == "the other label":
            d = -(label / p + (1 - label) / p) / n
        for k in (1, 0):
            d = d if mistake == "one layer" and k else d * kept[k + 1] * (1 - kept[k + 1])
            grads[k] += np.outer(kept[k], d)
            d = W[k] @ d
    grads = [grads[0] + 0.1 * W[0], grads[1] + 0.1 * W[1]]
    if mistake != "spared row":
        grads[1][0] -= 0.1 * W[1][0]
    return loss, {"W0": grads[0], "W1": grads[1]}


@pytest.mark.parametrize(
    ("mistake", "words"),
    [
        ("", ""),
        ("spared row", "A term of 0.1 times the parameter is too much in row 0"),
        ("all but the penalty", "the division by 4 is left out"),
        ("the other label", "is written p − 1 everywhere"),
        ("one layer", "(p − y)/(p(1 − p)), that of p in every step"),
    ],
)
def test_mistakes_beside_penalties_and_of_a_likelihood_in_a_loop(mistake: str, words: str) -> None:
    rng = np.random.default_rng(8)
    params = {"W0": rng.normal(size=(3, 4)), "W1": rng.normal(size=(4, 3))}
    data = rng.normal(size=(4, 3)), np.array([[1.0, 0, 1], [0, 1, 1], [1, 0, 0], [0, 1, 0]])
    found = check_gradients(lambda p, x, y: chain(p, x, y, mistake), params, data)
    assert all(words in finding.sentence for finding in found.wrong) and found.ok == (not mistake), found


def test_one_layer_of_a_loop_over_layers_and_examples() -> None:
    def f(params: Any, x: Any) -> Any:
        W, loss = [params["W0"], params["W1"]], 0.0
        grads = [np.zeros_like(w) for w in W]
        for row in x:
            kept = [row]
            for w in W:
                kept.append(1 / (1 + np.exp(-kept[-1] @ w)))
            loss, d = loss + np.sum(kept[-1] ** 3), 3 * kept[-1] ** 2
            for k in (1, 0):
                d = d if k else d * kept[k + 1] * (1 - kept[k + 1])
                grads[k] += np.outer(kept[k], d)
                d = W[k] @ d
        return loss, {"W0": grads[0], "W1": grads[1]}

    found = check_gradients(
        f, {"W0": RNG.normal(size=(3, 4)), "W1": RNG.normal(size=(4, 3))}, (RNG.normal(size=(4, 3)),)
    )
    assert all("in the layer of W1: its derivative is left out" in finding.sentence for finding in found.wrong), found


def test_what_comes_in_at_the_wrong_step() -> None:
    def states(x: Any, w: Any) -> list[Any]:
        h, kept = 0.1 * x, [0.1 * x]
        for _ in range(4):
            h = np.tanh(x + h @ w)
            kept.append(h)
        return kept

    def backward(g: Any, x: Any, w: Any, at: int) -> Any:
        kept, dh, dx, dw = states(x, w), np.zeros_like(x), np.zeros_like(x), np.zeros_like(w)
        for t in (4, 3, 2, 1):
            dz = (dh + (2 * g if t == at else 0)) * (1 - kept[t] ** 2)
            dx, dw, dh = dx + dz, dw + kept[t - 1].T @ dz, dz @ w.T
        return dx + 0.1 * dh, dw

    inputs = RNG.normal(size=(3, 4)), RNG.normal(size=(4, 4))
    for at in (4, 1):
        found = check_backward(lambda *v, at=at: backward(*v, at), lambda x, w: 2 * states(x, w)[-1], inputs)
        assert found.ok if at == 4 else "last step of a loop is given to that of the first" in str(found), found


def test_a_root_whose_derivative_is_multiplied_where_it_divides() -> None:
    x = RNG.normal(size=(4, 3))

    def backward(g: Any, x: Any) -> Any:
        s = np.sqrt(np.mean(x**2, axis=1, keepdims=True) + 1e-3)
        ds = -np.sum(g * x, axis=1, keepdims=True) / s**2
        return g / s + 2 * x * ds * 0.5 * s / 3

    found = check_backward(backward, lambda x: x / np.sqrt(np.mean(x**2, axis=1, keepdims=True) + 1e-3), (x,))
    assert not found.ok and found.findings[0].kind != "unknown", found


def test_a_mean_of_a_list_keeps_its_graph() -> None:
    def forward(x: Any) -> Any:
        h, kept = np.zeros(3), []
        for row in x:
            h = np.tanh(h + row)
            kept.append(h)
        return np.mean(kept, axis=0)

    found = check_backward(lambda g, x: g * np.ones_like(x), forward, (RNG.normal(size=(4, 3)),))
    assert not found.ok and not any("Differences" in note for note in found.notes), found


def test_a_mask_that_the_forward_has_before_its_softmax() -> None:
    mask = np.tril(np.ones((3, 3)))

    def softmax(s: Any) -> Any:
        e = np.exp(s - s.max(-1, keepdims=True))
        return e / e.sum(-1, keepdims=True)

    def f(params: Any, x: Any) -> Any:
        s = x @ params["W"]
        p, q = softmax(np.where(mask > 0, s, -1e9)), softmax(s)
        return np.sum(p**2), {"W": x.T @ (q * (2 * p - (2 * p * q).sum(-1, keepdims=True)))}

    found = check_gradients(f, {"W": RNG.normal(size=(3, 3))}, (RNG.normal(size=(3, 3)),))["W"]
    assert found.kind == "mask missing", found


def test_a_write_through_a_view_reaches_what_it_is_a_part_of() -> None:
    program = Program()
    x = Traced(program, program.leaf(np.zeros((2, 3)), "x"))
    row = x[1]
    row += 1.0
    x[0, 2] = 5.0
    assert np.array_equal(x.value, [[0, 0, 5], [1, 1, 1]])


def test_the_forward_is_not_put_right() -> None:
    x = RNG.normal(size=(6, 3))

    def f(params: Any) -> Any:
        z = x @ params["W"]
        a = np.tanh(z) * 3
        d = 2 * a
        return np.sum(a**2), {"W": x.T @ (d * (1 - np.tanh(z) ** 2) * np.array([1.0, 2.0, 4.0]))}

    found = check_gradients(f, {"W": RNG.normal(size=(3, 3))})
    assert "test_repairs.py" not in found["W"].sentence or "np.tanh(z) * 3`" not in found["W"].sentence, found


def test_names_that_are_of_no_value_are_said() -> None:
    X, y = RNG.normal(size=(6, 2)), RNG.normal(size=6)

    def f(params: Any) -> Any:
        z = X @ params["w"]
        d = 2 * (z - y) / 6
        return np.mean((z - y) ** 2), {"w": X.T @ d, "dz": d, "dq": d}

    found = check_gradients(f, {"w": RNG.normal(size=2)})
    assert found.ok and any("'dq'" in note and "not compared" in note and "w, z" in note for note in found.notes), found
    assert not any("'dz'" in note for note in found.notes)
