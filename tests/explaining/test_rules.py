"""The rules of every op, written down: they compute what the rules compute, and name what they read."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from together import together

import tinygrad_bp as tg
from tinygrad_bp.autograd.backward import pull_and_keep, unbroadcast
from tinygrad_bp.autograd.errors import FreedError
from tinygrad_bp.autograd.op import OPS
from tinygrad_bp.explaining.notation import names_in, text
from tinygrad_bp.explaining.rules import kept_arrays, rule_of, spoken
from tinygrad_bp.program.program import Program, Step, evaluate

from .calls import CALLS, recorded

# Rules of many steps (solvers, recurrent layers, normalizations), and those that read values: a step by themselves.
BY_THEMSELVES = {
    "batch_norm", "cofactors_slope", "distances", "eig", "eigh", "erfcx", "fixed_batch_norm", "gru", "layer_norm",
    "lstm", "lstm_gates", "lu", "norm_pull", "other_products", "power", "qr", "rnn", "svd",
}  # fmt: skip


def pulled(node: Any, g: Any) -> list[Any]:
    found = pull_and_keep(node, g)
    return [d if p is None or d is None else unbroadcast(d, p.shape) for p, d in zip(node.parents, found, strict=True)]


def differences(node: Any, g: Any, program: Program | None = None) -> list[str]:
    """In what the written rule differs from the rule."""
    rule = rule_of(node, g)
    arrays = kept_arrays(node)
    found, _ = evaluate(program or rule.program, [g, *[arrays[name] for name in rule.reads]])
    wrong = []
    for name, ours, theirs in zip(node.op.inputs * len(found), found, pulled(node, g)):
        if (ours is None) != (theirs is None):
            wrong.append(f"{name}: {ours} and {theirs}")
        elif ours is not None and not np.allclose(ours, theirs, rtol=1e-10, atol=1e-12, equal_nan=True):
            wrong.append(name)
    return wrong


@together(("op", "sample"), CALLS)
def test_a_written_rule_computes_what_the_rule_computes(op: Any, sample: Any) -> None:
    _, result, g = recorded(op, sample)
    with np.errstate(all="ignore"):
        assert not differences(result._node, g)
        rule = rule_of(result._node, g)
    assert rule.seen or op.name in BY_THEMSELVES
    terms = [term for term in spoken(result._node, g=g) if term is not None]
    assert terms
    for term in terms:
        assert text(term)


def test_a_rule_that_is_written_wrongly_is_found() -> None:
    x = tg.tensor([1.0, 2.0], dtype=tg.float64, requires_grad=True)
    node = tg.tanh(x).grad_fn
    program = rule_of(node).program
    first = program.steps[0]
    wrong = Step(OPS["add"], first.operands, first.params, first.result)  # y + y in the place of y · y
    assert differences(node, np.ones(2)) == []
    assert differences(node, np.ones(2), Program(program.inputs, (wrong, *program.steps[1:]), program.outputs)) == ["x"]


RULES = {
    "relu": (lambda x: tg.relu(x), ["g ∘ [y ≠ 0]"]),
    "tanh": (lambda x: tg.tanh(x), ["g ∘ (1 − y²)"]),
    "sigmoid": (lambda x: tg.sigmoid(x), ["g ∘ sigmoid′(x)"]),
    "exp": (lambda x: tg.exp(x), ["g ∘ y"]),
    "log": (lambda x: tg.log(x), ["g / x"]),
    "square": (lambda x: x**2, ["2 · g ∘ x"]),
    "sum": (lambda x: x.sum(), ["g"]),
    "mean": (lambda x: x.mean(), ["g / 6"]),
    "softmax": (lambda x: tg.softmax(x, 1), ["y ∘ (g − Σ columns g ∘ y)"]),
    "a row added": (lambda x: x + tg.ones(3, requires_grad=True), ["g", "Σ rows g"]),
    "cross-entropy": (
        lambda x: tg.nn.functional.cross_entropy(x, tg.tensor([0, 2])),
        ["(softmax(x) − [target = 0…2]) · (g / 2)", None],
    ),
    "linear": (
        lambda x: tg.nn.functional.linear(x, tg.ones(4, 3, requires_grad=True), tg.ones(4, requires_grad=True)),
        ["g · weight", "gᵀ · x", "Σ rows g"],
    ),
}


@pytest.mark.parametrize(("function", "wanted"), RULES.values(), ids=list(RULES))
def test_rules_read_as_the_reports_write_them(function: Any, wanted: list[str | None]) -> None:
    node = function(tg.ones(2, 3, requires_grad=True)).grad_fn
    assert [term and text(term) for term in spoken(node)] == wanted


def test_the_names_are_the_callers() -> None:
    x, w = tg.ones(5, 3, requires_grad=True), tg.ones(3, 2, requires_grad=True)
    terms = spoken((x @ w).grad_fn, {"g": "δ1", "a": "X", "b": "W1"})
    assert [text(term) for term in terms if term] == ["δ1 · W1ᵀ", "Xᵀ · δ1"]
    assert {name for term in terms if term for name in names_in(term)} == {"δ1", "X", "W1"}


def test_equal_steps_have_one_rule() -> None:
    x = tg.ones(3, requires_grad=True)
    y = tg.ones(4, requires_grad=True)
    assert rule_of((x * 2).grad_fn) is rule_of((x * 2).grad_fn)
    assert rule_of((x * 2).grad_fn) is not rule_of((y * 2).grad_fn)
    assert rule_of(x[0].grad_fn) is not rule_of(x[1].grad_fn)
    assert rule_of(x[:2].grad_fn) is not rule_of(x[1:].grad_fn)


class Cube(tg.autograd.Function):
    """A user's own: the rule is what backward computes."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * x * x

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return g * 3 * x * x


class Hidden(Cube):
    """It computes with NumPy, unseen."""

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return tg.tensor(g.numpy() * 3 * x.numpy() ** 2)


@pytest.mark.parametrize(("function", "said"), [(Cube, "3 · g ∘ x ∘ x"), (Hidden, "Hidden_vjp(g, x)")])
def test_a_function_of_the_users(function: Any, said: str) -> None:
    x = tg.tensor([1.0, 2.0], requires_grad=True)
    node = function.apply(x).grad_fn
    assert [text(term) for term in spoken(node, {"input 0": "x"}) if term] == [said]
    assert not differences(node, np.ones(2, np.float32))


def test_a_freed_graph_says_what_to_write() -> None:
    x = tg.ones(2, requires_grad=True)
    y = (x * x).sum()
    y.backward()
    with pytest.raises(FreedError, match=r"Explain before backward\(\), or write backward\(retain_graph=True\)"):
        rule_of(y.grad_fn.parents[0])


def test_packed_values_leave_no_number_in_a_rule() -> None:
    x = tg.tensor([0.25, 1.5, 2.5, 3.5, 4.5], requires_grad=True)  # of a shape that no other test has
    with tg.autograd.graph.saved_tensors_hooks(lambda t: t.numpy(force=True), lambda a: tg.tensor(a)):
        node = x.exp().grad_fn
    assert rule_of(node).program.constants() == ()
    assert rule_of(node) is rule_of((x * 1).exp().grad_fn)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.complex64, np.complex128])
def test_other_dtypes(dtype: Any) -> None:
    x = tg.tensor(np.array([1.5, 0.5], dtype), requires_grad=True)
    for function in (lambda x: x * x, lambda x: x.reshape(2, 1), tg.exp, lambda x: x / 2):
        node = function(x).grad_fn
        g = np.ones(node.shape, dtype)
        assert not differences(node, g)
        assert rule_of(node, g).program.outputs[0].dtype == dtype
