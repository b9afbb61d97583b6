"""A forward that calls a method of two meanings is run on arrays too, and the check names the method."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

import tinygrad_bp as tg
from tinygrad_bp.autograd.errors import ArgumentError
from tinygrad_bp.verify import check_backward, check_forward, check_gradients
from tinygrad_bp.verify.two_meanings import METHODS, two_meanings

X = np.random.default_rng(3).normal(size=(5, 3))
CALLS = {
    "max": lambda x: x.max(0), "min": lambda x: x.min(axis=1), "nonzero": lambda x: x.nonzero(),
    "put": lambda x: x.put([0], 1.0), "repeat": lambda x: x[0].repeat(2), "sort": lambda x: x.sort(),
    "std": lambda x: x.std(), "transpose": lambda x: x.transpose(0, 1), "var": lambda x: (2 * x).var(axis=0),
}  # fmt: skip
OF_DTYPE = {"all", "any", "clip", "cumprod", "cumsum", "mean", "prod", "sum", "trace"}  # of integers: the dtypes differ
REFUSED = {"imag", "view"}


def normalized(x):
    return (x - x.mean(0)) / x.std(0)


def backward(g, x):
    xh = normalized(np.asarray(x))
    return (g - g.mean(0) - xh * (g * xh).mean(0)) / x.std(0)


def test_the_methods_are_those_of_the_documented_table() -> None:
    page = (Path(__file__).parents[1] / "docs" / "numpy.md").read_text(encoding="utf-8")
    listed = {name for row in re.findall(r"^\| (`.*?`) \|", page, re.MULTILINE) for name in re.findall(r"`(\w+)`", row)}
    assert set(METHODS) == listed - OF_DTYPE - REFUSED == set(CALLS)


def of_tensors(g, x):
    """The backward of the same forward with the n − 1 that a Tensor's method has."""
    s = np.std(x, 0, ddof=1)
    xh = (x - x.mean(0)) / s
    return (g - g.mean(0) - xh * (g * xh).sum(0) / (len(x) - 1)) / s


@pytest.mark.parametrize("name", METHODS)
def test_a_method_whose_numbers_differ_is_named(name: str) -> None:
    assert [what.split()[0] for what in two_meanings(CALLS[name], [X])] == [name]


def test_what_means_the_same_is_not_named() -> None:
    assert two_meanings(lambda x: np.std(x, 0) + x.std(0, ddof=0) + x.sum(1).mean() + x.max(), [X]) == []
    assert two_meanings(tg.nn.Linear(3, 2), [X]) == []  # does not run on arrays


def test_checks_name_it() -> None:
    found = check_backward(backward, normalized, (X,))
    assert found["forward"].kind == "two meanings"
    assert "std of (5, 3) has other numbers than on Tensors" in found["forward"].sentence
    assert "np.std(" in found["forward"].sentence and found.ok  # the gradient by hand is right for arrays
    assert not check_backward(lambda g, x: 2 * backward(g, x), normalized, (X,)).ok
    assert check_backward(of_tensors, normalized, (X,)).ok
    assert check_backward(backward, lambda x: (x - x.mean(0)) / np.std(x, 0), (X,)).ok
    assert "var of (5, 3)" in str(check_forward(lambda x: np.var(x, 0), lambda x: x.var(0), (X,)))


def test_a_method_that_gives_another_shape_on_tensors() -> None:
    found = check_backward(lambda g, x: g.reshape(*x.shape, 2).sum(-1), lambda x: x.repeat(2, 1), (X,))
    assert found.ok and "repeat of (5, 3)" in found["forward"].sentence
    wrong = check_backward(lambda g, x: g.reshape(*x.shape, 2)[..., 0], lambda x: x.repeat(2, 1), (X,))
    assert [f.kind == "two meanings" for f in wrong.findings] == [False, True] and not wrong.ok


def loss(params, x):
    z = x @ params["w"]
    return z.std(), {"w": x.T @ (z - z.mean()) / len(x) / z.std()}


def kept_back(params, x):
    """The same loss, of an array that has left the graph."""
    z = x @ params["w"]
    return (z.std() if isinstance(z, tg.Tensor) else np.std([float(one) for one in z])) + 1, loss(params, x)[1]


def test_gradients_with_a_forward_of_its_own() -> None:
    params = {"w": np.ones(3)}
    assert check_gradients(loss, params, (X,)).ok  # as an array: on Tensors its loss is another one
    found = check_gradients(loss, params, (X,), forward=lambda p, x: (x @ p["w"]).std())
    assert "std of (5,)" in found["forward"].sentence
    wide = np.random.default_rng(0).normal(size=(2, 20_001))
    assert check_gradients(loss, {"w": np.ones(20_001)}, (wide,)).ok  # on Tensors that behave as arrays
    with pytest.raises(ArgumentError, match=r"does not run on Tensors, where std of \(2,\) has other numbers"):
        check_gradients(kept_back, {"w": np.ones(20_001)}, (wide,))


def test_numpys_functions_are_no_methods_of_two_meanings() -> None:
    """``np.max(x, axis=1)`` calls the method of whatever array it is given."""
    for call in (lambda x: np.max(x, axis=1, keepdims=True), lambda x: np.std(x, 0), lambda x: np.transpose(x)):
        assert two_meanings(call, [X]) == []
