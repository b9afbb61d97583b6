"""Derived from the op table: nobody writes a test per op."""

from __future__ import annotations

import numpy as np
import pytest
from together import together

import tinygrad_bp  # noqa: F401  (fills the table)
from tinygrad_bp.autograd.frames import build_back, build_function, build_pull
from tinygrad_bp.autograd.op import OPS, Op, arguments, kept_for
from tinygrad_bp.autograd.watch import enter
from tinygrad_bp.ops.elementwise import flat
from tinygrad_bp.verify import contracts as c

CALLS = [pytest.param(op, s, id=f"{op.name}-{i}") for op in OPS.values() for i, s in enumerate(op.samples or ())]
SMOOTH = [p for p in CALLS if p.values[1].smooth and p.values[0].kind != "constant"]
KINDS = [p for p in SMOOTH if p.values[0].kind in ("elementwise", "linear")]
EXTREME = [p for p in CALLS if not p.values[1].smooth]


@pytest.fixture(autouse=True)
def strict_numbers():
    """Overflow, 0/0 and 1/0 are errors; a tiny number that becomes 0 is not."""
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        yield


@pytest.mark.parametrize("op", OPS.values(), ids=OPS)
def test_every_op_says_what_it_is(op: Op) -> None:
    assert op.samples, f"{op.name} has no samples"
    assert op.doc.endswith("."), f"{op.name} needs a one-line doc"
    assert op.formula or op.kind == "constant", f"{op.name} needs a formula"
    assert op.function.__doc__ and op.doc in op.function.__doc__
    own = getattr(op.forward, "__module__", "") or ""
    if own.startswith("tinygrad_bp"):
        assert op.reference is not None, f"{op.name}: its forward is not NumPy's own, so it needs a reference"


@pytest.mark.parametrize("dtype", [np.float64, np.float32], ids=["float64", "float32"])
@together(("op", "sample"), [p for p in CALLS if p.values[1].smooth])
def test_value(op: Op, sample, dtype) -> None:
    c.check_value(op, sample, dtype)


@together(("op", "sample"), EXTREME)
def test_extreme_values_stay_finite(op: Op, sample) -> None:
    c.check_finite(op, sample)


@together(("op", "sample"), CALLS)
def test_inputs_that_are_not_contiguous(op: Op, sample) -> None:
    c.check_strides(op, sample)


@together(("op", "sample"), SMOOTH)
def test_first_and_second_derivative(op: Op, sample) -> None:
    c.check_derivatives(op, sample)


@together(("op", "sample"), [p for p in SMOOTH if p.values[0].kind == "elementwise"])
def test_third_derivative(op: Op, sample) -> None:
    c.check_third(op, sample)


@together(("op", "sample"), SMOOTH)
def test_forward_mode(op: Op, sample) -> None:
    c.check_forward(op, sample)


@together(("op", "sample"), KINDS)
def test_kind(op: Op, sample) -> None:
    c.check_kind(op, sample)


@together(("op", "sample"), [p for p in SMOOTH if p.values[0].bilinear])
def test_bilinear(op: Op, sample) -> None:
    rng = np.random.default_rng(0)
    (a, b), (c, d) = ([domain(rng, shape) for domain, shape in zip(sample.domains, sample.shapes)] for _ in range(2))
    for one, two, both in (((a, b), (c, b), (a + c, b)), ((a, b), (a, d), (a, b + d))):
        parts = op.function(*one, **sample.params) + op.function(*two, **sample.params)
        np.testing.assert_allclose(op.function(*both, **sample.params), parts, rtol=1e-10, atol=1e-12)


# ---------------------------------------------------------------------- the checker is checked


def variant(op: Op, rules: tuple) -> Op:
    """The op with other rules, outside the table."""
    other = Op()
    for name in Op.__slots__:
        setattr(other, name, getattr(op, name))
    other.rules, other.kept = rules, kept_for(rules)
    other.function, other.pull, other.back = build_function(other, enter), build_pull(other), build_back(other)
    return other


def spoiled(rule, text: str):
    """The rule with its result changed: ``text`` is an expression in ``result``."""
    names = ", ".join(arguments(rule))
    return eval(f"lambda {names}: change(rule({names}))", {"rule": rule, "change": eval(f"lambda result: {text}")})


def caught(op: Op) -> bool:
    for sample in op.samples:
        if not sample.smooth or 0 in [n for shape in sample.shapes for n in shape]:
            continue
        try:
            c.check_derivatives(op, sample)
        except (c.ContractError, AssertionError, ValueError):
            return True
    return False


MUTANTS = [
    pytest.param(op, i, text, id=f"{op.name}-{i}-{label}")
    for op in OPS.values()
    for i, rule in enumerate(op.rules)
    if rule is not None
    for label, text in (
        {"slope": "result + 1e-3"} if rule is flat else {"sign": "-result", "factor": "result * 1.00001"}
    ).items()
]


@pytest.mark.parametrize(("op", "i", "text"), MUTANTS)
def test_a_wrong_rule_is_caught(op: Op, i: int, text: str) -> None:
    if op.variadic:
        text = f"tuple({text.replace('result', 'r')} for r in result)"
    if op.together:
        text = f"tuple({text.replace('result', 'r')} if k == {i} else r for k, r in enumerate(result))"
    wrong = spoiled(op.rules[i], text)
    assert caught(variant(op, tuple(wrong if k == i or op.together else rule for k, rule in enumerate(op.rules))))


@pytest.mark.parametrize(("name", "rules"), [
    ("matmul", (lambda g, b: np.matmul(g, b), lambda g, a: np.matmul(np.swapaxes(a, -1, -2), g))),
    ("permute", (lambda g, axes: np.transpose(g, axes),)),
    ("linear", (lambda g, weight: np.dot(g, weight), lambda g, x: np.dot(x.T, g), lambda g: np.add.reduce(g, axis=0))),
])  # fmt: skip
def test_a_transposed_rule_is_caught(name: str, rules: tuple) -> None:
    assert caught(variant(OPS[name], rules))


def test_a_rule_right_in_first_order_only_is_caught() -> None:
    def detached(g, y):
        constant = y.detach().numpy() if hasattr(y, "grad_fn") else y  # the recorded mode loses the way y depends on x
        return g * (1 - constant * constant)

    assert caught(variant(OPS["tanh"], (detached,)))


def test_a_rule_right_in_second_order_only_is_caught() -> None:
    def detached(g, x):
        # The slope of the slope, −2 tanh(x) (1 − tanh²(x)), without a history of its own.
        raw = x.detach().numpy() if hasattr(x, "grad_fn") else x
        slope, bend = 1 - np.tanh(raw) ** 2, -2 * np.tanh(raw) * (1 - np.tanh(raw) ** 2)
        return g * (slope + bend * (x - raw))

    sample, wrong = OPS["tanh"].samples[0], variant(OPS["tanh"], (detached,))
    c.check_derivatives(wrong, sample)
    with pytest.raises(c.ContractError, match="the third derivative"):
        c.check_third(wrong, sample)


def test_a_bias_averaged_where_it_is_summed_is_caught() -> None:
    weight_rule, x_rule = OPS["linear"].rules[1], OPS["linear"].rules[0]
    assert caught(variant(OPS["linear"], (x_rule, weight_rule, lambda g: np.mean(g, axis=tuple(range(g.ndim - 1))))))
