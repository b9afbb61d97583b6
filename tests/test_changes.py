"""Every kind of wrong backward is tried on every op: none stumbles, and each change has a reason."""

from __future__ import annotations

import itertools
import warnings
from typing import Any

import numpy as np
import pytest
from random_functions import CALLS

import tinygrad_bp as tg
from tinygrad_bp.autograd.op import Op
from tinygrad_bp.ops.samples import Sample
from tinygrad_bp.verify.contracts import draw, leaves, run
from tinygrad_bp.verify.mutants.explain import KINDS
from tinygrad_bp.verify.mutants.formulas import ALONG, KNOWN, SPELLINGS, right_along, slips, slips_along
from tinygrad_bp.verify.mutants.functions import ELEMENTWISE, level, sigmoid, softmax
from tinygrad_bp.verify.mutants.tape import Recorder, Tape


def tape_of(op: Op, sample: Sample) -> Tape | None:
    """The op, a product with a weight, a sigmoid and a mean after it."""
    given = leaves(op, draw(op, sample))
    recorder = Recorder()
    with recorder:
        y = run(op, given, sample)
        if y.dtype.kind != "f" or not y.size or y._node is None:
            return None
        weight = tg.tensor(0.1 + np.arange(y.size, dtype=float).reshape(y.shape), requires_grad=True)
        loss = (1 / (1 + np.exp(-weight * y))).mean()
    nodes = [leaf._node for leaf in (*given, weight) if getattr(leaf, "_node", None) is not None]
    return Tape(loss._node, nodes, recorder, np.ones(()))


LARGEST = {op.name: (op, sample) for op, sample in sorted(CALLS, key=lambda call: max(map(len, call[1].shapes)))}


@pytest.mark.parametrize("op, sample", LARGEST.values(), ids=list(LARGEST))
def test_no_kind_stumbles_over_an_op(op: Op, sample: Sample) -> None:
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # as in a check
        tape = tape_of(op, sample)
        for kind in KINDS if tape is not None else ():
            for change in itertools.islice(kind(tape), 200):  # type: ignore[arg-type]
                assert change.kind and change.sentence.endswith("."), change


class Doubled(tg.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        return 2 * x

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        return 2 * g


GRAPHS: dict[str, tuple[Any, tuple[int, ...]]] = {
    "a Function of the user": (lambda x: Doubled.apply(x) * x, (3, 2)),
    "numbers": (lambda x: np.sin(x) * x / (1 + x * x), ()),
    "nothing": (lambda x: np.maximum(x, 0) @ np.ones((3, 2)), (0, 3)),
    "one element": (lambda x: np.exp(x) / np.sum(np.exp(x)), (1, 1)),
    "a view": (lambda x: x.T[::2, None] * x[0, ::2, None, None], (4, 5)),
    "complex on the way": (lambda x: np.abs(np.exp(1j * x) + x), (4,)),
    "several results": (lambda x: tg.topk(x, 2)[0] * np.max(x), (3, 4)),
    "written in place": (lambda x: written(x), (3, 2)),
    "integers beside": (lambda x: x[[0, 0, 2]] * np.array([1, 2, 3])[:, None], (3, 2)),
    "a vector times a vector": (lambda x: np.dot(x, x) * np.outer(x, x) @ x, (4,)),
    "nothing but a maximum": (lambda x: np.max(x, axis=1), (3, 4)),
    "equal numbers": (lambda x: np.tanh(x * 0 + 1) / np.sqrt(np.var(x * 0 + 2) + 1e-5), (3, 3)),
}


def written(x: Any) -> Any:
    y = x * 1.0
    y[0] = x[1] * 2
    return y


@pytest.mark.parametrize("name", GRAPHS)
def test_no_wrong_gradient_of_any_graph_ends_a_check(name: str) -> None:
    function, shape = GRAPHS[name]
    x = np.random.default_rng(8).normal(size=shape)
    wrong = np.random.default_rng(9).normal(size=shape)
    said = tg.verify.check_backward(lambda g, x: wrong, function, (x,), batched=())
    assert said.ok == (x.size == 0), said


@pytest.mark.parametrize("name", SPELLINGS)
def test_spellings_are_right_and_slips_are_not(name: str) -> None:
    x = np.random.default_rng(3).uniform(0.1, 2.5, 40) * np.where(np.arange(40) % 2, 1, -1)
    if name in ("log", "sqrt", "log1p"):
        x = np.abs(x)
    others = {"clip": lambda x: np.clip(x, -1, 1), "atan": np.arctan}
    function: Any = {**ELEMENTWISE, **others}.get(name, getattr(np, name, None))
    if function is None or name == "leaky_relu":
        return
    y, h = function(x), 1e-6
    right = (function(x + h) - function(x - h)) / (2 * h)
    for text in SPELLINGS[name]:
        value = eval(text, {"__builtins__": {}}, {**KNOWN, **level(name, x, y), "x": x, "y": y, "s": sigmoid(x)})
        assert np.allclose(value, right, atol=1e-6), text
    with np.errstate(all="ignore"):
        wrong = [not np.allclose(formula(x, y), right, atol=1e-6) for _, _, formula in slips(name)]
    assert sum(wrong) >= (1 if name in ("exp", "sinh") else 2)


def centred(x: Any, axis: int) -> Any:
    return x - np.mean(x, axis, keepdims=True)


ALONG_AXES: dict[str, Any] = {
    "softmax": softmax,
    "log_softmax": lambda x, axis: np.log(softmax(x, axis)),
    "normalisation": lambda x, axis: centred(x, axis) / np.sqrt(np.mean(centred(x, axis) ** 2, axis, keepdims=True)),
    "root mean square": lambda x, axis: x / np.sqrt(np.mean(x * x, axis, keepdims=True)),
    "unit length": lambda x, axis: x / np.sqrt(np.sum(x * x, axis, keepdims=True)),
}


@pytest.mark.parametrize("name", ALONG)
def test_spellings_along_an_axis_are_right_and_slips_are_not(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(4)
    x, g, v = rng.normal(size=(3, 4, 5)), rng.normal(size=(4, 5)), rng.normal(size=(4, 5))
    x, h, axes = x[0], 1e-6, (1,)
    function = ALONG_AXES[name]
    along = np.sum(g * (function(x + h * v, 1) - function(x - h * v, 1)) / (2 * h))
    y = function(x, 1)
    for spelling in ALONG[name]:
        right_along.cache_clear()
        monkeypatch.setitem(ALONG, name, (spelling,))
        assert np.isclose(np.sum(right_along(name)(g, x, y, axes) * v), along, rtol=1e-6), spelling
    monkeypatch.undo()
    right_along.cache_clear()
    wrong = [
        not np.isclose(np.sum(gradient(g, x, y, axes) * v), along, rtol=1e-6) for *_, gradient in slips_along(name)
    ]
    assert len(wrong) > 10 and np.mean(wrong) > 0.8
