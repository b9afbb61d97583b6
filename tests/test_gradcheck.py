"""The check of derivatives is checked: right ones pass in every dtype, wrong ones are named, kinks are kinks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import random_functions
from parts import some

import tinygrad_bp as tg
from tinygrad_bp.autograd.errors import ArgumentError
from tinygrad_bp.verify import GradcheckError, check_derivatives, derivatives
from tinygrad_bp.verify.differences import slope

DTYPES = [np.float32, np.float64]


def drawn(*shapes: tuple[int, ...], dtype: Any = np.float64, seed: int = 0, scale: float = 1.0) -> tuple[Any, ...]:
    rng = np.random.default_rng(seed)
    return tuple(np.asarray(scale * rng.standard_normal(shape)).astype(dtype) for shape in shapes)


def with_rule(forward: Any, backward: Any) -> Any:
    """A function with a backward of its own: ``backward(g, *inputs)`` on Tensors."""

    class Own(tg.autograd.Function):
        @staticmethod
        def forward(ctx: Any, *inputs: Any) -> Any:
            ctx.save_for_backward(*inputs)
            return forward(*inputs)

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            return backward(g, *ctx.saved_tensors)

    return Own.apply


# ---------------------------------------------------------------------- right ones


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e3])
def test_right_derivatives_are_right_to_third_order(dtype: Any, scale: float) -> None:
    x, w, b = drawn((4, 3), (3, 2), (2,), dtype=dtype, scale=scale)

    def layer(x: Any, w: Any, b: Any) -> Any:
        return np.tanh((x @ w + b) / scale**2)

    found = check_derivatives(layer, (x, w, b), order=3)
    assert found.ok, str(found)
    assert [f.name for f in found.findings[:3]] == ["x", "w", "b"] and "g, order 2" in str(found)


def test_nested_arguments_and_results_have_their_names() -> None:
    (w, b, x) = drawn((3, 2), (2,), (4, 3))

    def f(params: Any, x: Any, power: Any) -> Any:
        h = x @ params["layers"][0]["W"] + params["b"]
        return {"h": h, "parts": (h**power, np.sum(x))}

    found = check_derivatives(f, ({"layers": [{"W": w}], "b": b}, x, 2), order=2)
    assert found.ok and [f.name for f in found.findings[:3]] == ["params.layers.0.W", "params.b", "x"]


def test_only_tensors_that_require_grad_are_checked() -> None:
    x, y = (tg.tensor(a) for a in drawn((3,), (3,)))
    x.requires_grad = True
    assert [f.name for f in check_derivatives(lambda x, y: x * y.detach(), (x, y)).findings] == ["x"]
    with pytest.raises(ArgumentError, match="no input of the function can be differentiated in"):
        tg.autograd.gradcheck(lambda x: x, (y,))


def test_complex_functions() -> None:
    z, w = (a + 1j * b for a, b in zip(drawn((3, 3), (3,)), drawn((3, 3), (3,), seed=1), strict=True))
    for f in (np.exp, np.conj, np.abs, lambda z: np.real(z) ** 2, lambda z: z * np.conj(z), tg.linalg.inv):
        found = check_derivatives(f, z, order=2)
        assert found.ok, str(found)
    assert check_derivatives(lambda z, w: z @ w, (z, w), order=2).ok
    assert check_derivatives(tg.complex, drawn((3,), (3,)), order=2).ok


@pytest.mark.parametrize("order", [1, 2])
def test_no_false_alarm_on_random_smooth_functions(order: int) -> None:
    """A small part of what ``python tests/random_functions.py 10000`` does."""
    outcomes = [random_functions.outcome(seed, order) for seed in range(120 // order)]
    assert not [text for kind, text in outcomes if kind not in random_functions.NO_ALARM]
    assert sum(kind == "right" for kind, _ in outcomes) > 0.7 * len(outcomes)


# ---------------------------------------------------------------------- wrong ones


X, Y = (5, 4), (5, 4)
WRONG = {
    "factor": (lambda x, y: x * y, lambda g, x, y: (g * y * 1.01, g * x), "x", "factor"),
    "a small factor": (lambda x, y: x * y, lambda g, x, y: (g * y, g * x * 1.00001), "y", "factor"),
    "sign": (lambda x, y: x * y, lambda g, x, y: (-g * y, g * x), "x", "sign"),
    "twice": (lambda x, y: x * x + y, lambda g, x, y: (4 * g * x, g), "x", "factor"),
    "half": (lambda x, y: x * x + y, lambda g, x, y: (g * x, g), "x", "factor"),
    "a missing term": (lambda x, y: x * y + x**3, lambda g, x, y: (g * y, g * x), "x", "unknown"),
    "nothing": (lambda x, y: x * y, lambda g, x, y: (g * y, 0 * g), "y", "missing"),
    "a mask missing": (lambda x, y: tg.relu(x) + y, lambda g, x, y: (g, g), "x", "mask missing"),
    "a mask inverted": (lambda x, y: tg.relu(x) + y, lambda g, x, y: (g * (x < 0).to(x.dtype), g),
                        "x", "mask inverted"),
    "averaged": (lambda x, y: x + y, lambda g, x, y: (g, g / len(g)), "y", "averaged"),
    "summed": (lambda x, y: x.mean(0) + 0 * y.sum(), lambda g, x, y: (0 * x + g, 0 * y), "x", "summed"),
    "shifted": (lambda x, y: x * y, lambda g, x, y: (tg.roll(g * y, 1, 0), g * x), "x", "shifted"),
    "regularisation": (lambda x, y: y * y.sum() + x * x, lambda g, x, y: (3 * g.sum() * x, g * y.sum() + (g * y).sum()),
                       "x", "unknown"),
}  # fmt: skip


KINDS = [
    (1e-2, np.float32),
    (1e-2, np.float64),
    (1.0, np.float64),
    (1.0, np.float32),
    (1e2, np.float32),
    (1e2, np.float64),
]


@pytest.mark.parametrize(("scale", "dtype"), some(KINDS, 3))
@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_rule_is_named(case: str, scale: float, dtype: Any) -> None:
    forward, backward, name, kind = WRONG[case]
    inputs = drawn(X, Y, dtype=dtype, scale=scale)
    f = with_rule(forward, backward)
    found = check_derivatives(lambda x, y: f(x, y), inputs, forward=False)
    assert [(finding.name, finding.kind) for finding in found.wrong] == [(name, kind)], str(found)
    with pytest.raises(GradcheckError, match=rf"{name}: {kind}\. The derivative of the function at {name}\["):
        found.raise_if_wrong()


@pytest.mark.parametrize("fast", [False, True])
@pytest.mark.parametrize("case", WRONG)
def test_gradcheck_refuses_a_wrong_rule(case: str, fast: bool) -> None:
    forward, backward, *_ = WRONG[case]
    assert not tg.autograd.gradcheck(with_rule(forward, backward), drawn(X, Y), raise_exception=False, fast_mode=fast)


def test_a_square_matrix_the_wrong_way_round() -> None:
    x, w = drawn((4, 4), (4, 4))
    f = with_rule(lambda x, w: x @ w, lambda g, x, w: (g @ w.T, (x.T @ g).T))
    assert check_derivatives(lambda x, w: f(x, w), (x, w), forward=False)["w"].kind == "transposed"


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_rule_that_is_wrong_where_it_broadcasts(dtype: Any) -> None:
    def backward(g: Any, x: Any, b: Any) -> Any:
        return g, g if g.shape == b.shape else g.mean(0)

    f = with_rule(lambda x, b: x + b, backward)
    assert check_derivatives(f, drawn((5, 3), (5, 3), dtype=dtype), order=2).ok
    found = check_derivatives(lambda x, b: f(x, b), drawn((5, 3), (3,), dtype=dtype), forward=False)
    assert ([(f.name, f.kind) for f in found.wrong] == [("b", "factor")] and "1/5" in str(found)) or "0.2" in str(found)


def test_one_wrong_element_among_many() -> None:
    def backward(g: Any, x: Any) -> Any:
        spoil = np.ones(x.shape)
        spoil[7, 3] = 1.001
        return g * np.cos(x) * tg.tensor(spoil)

    f = with_rule(np.sin, backward)
    found = check_derivatives(f, drawn((20, 30)), forward=False)
    assert found.wrong[0].where == (7, 3) and "[7, 3]" in str(found)


@pytest.mark.parametrize("dtype", DTYPES)
def test_right_in_first_order_and_wrong_in_second(dtype: Any) -> None:
    f = with_rule(np.tanh, lambda g, x: g * (1 - np.tanh(x.detach()) ** 2))
    x = drawn((6,), dtype=dtype)
    assert check_derivatives(f, x, forward=False).ok and tg.autograd.gradcheck(f, x)
    found = check_derivatives(f, x, order=2, forward=False)
    assert [(f.name, f.kind) for f in found.wrong] == [("input 0, order 2", "missing")]
    with pytest.raises(GradcheckError, match="input 0, order 2: missing"):
        tg.autograd.gradgradcheck(f, x)
    assert tg.autograd.gradgradcheck(np.tanh, x, (np.ones(6, dtype),))


def test_wrong_in_third_order_only() -> None:
    def second(g: Any, x: Any) -> Any:
        return with_rule(lambda g, x: g * 3 * x**2, lambda h, g, x: (h * 3 * x**2, h * g * 6 * x.detach()))(g, x)

    f = with_rule(lambda x: x**3, second)
    x = drawn((4,))
    assert check_derivatives(f, x, order=2, forward=False).ok
    assert {f.name for f in check_derivatives(f, x, order=3, forward=False).wrong} == {"input 0, order 3"}


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_function_that_leaves_the_graph(dtype: Any) -> None:
    x = drawn((3,), dtype=dtype)
    with pytest.raises(GradcheckError, match=r"x: factor.* It is 1/2 times the differences' everywhere"):
        tg.autograd.gradcheck(lambda x: x * x.detach(), x)
    with pytest.raises(GradcheckError, match="x: missing"):
        tg.autograd.gradcheck(lambda x: (x * x).detach(), x)


def test_a_function_that_gives_another_result_each_time() -> None:
    x = drawn((3,))
    rng = np.random.default_rng(0)

    def noisy(x: Any) -> Any:
        return x * x + 1e-9 * tg.tensor(rng.standard_normal(3))

    with pytest.raises(GradcheckError, match=r"noisy: not deterministic\. Two runs on the same inputs differ by"):
        tg.autograd.gradcheck(noisy, x)
    assert tg.autograd.gradcheck(noisy, x, nondet_tol=1e-7)
    assert not tg.autograd.gradcheck(
        lambda x: 1.01 * x.detach() * x + noisy(x), x, nondet_tol=1e-7, raise_exception=False
    )


def squared(z: Any) -> Any:
    return tg.real(z) ** 2 + tg.imag(z) ** 2


def test_a_complex_gradient_that_is_the_conjugate() -> None:
    z = drawn((3,))[0] + 1j * drawn((3,), seed=1)[0]
    assert check_derivatives(with_rule(squared, lambda g, z: 2 * g * z), z, forward=False).ok
    wrong = check_derivatives(with_rule(squared, lambda g, z: 2 * g * z.conj()), z, forward=False)
    assert wrong.wrong[0].kind == "conjugate"


@pytest.mark.parametrize("dtype", [np.float32, np.complex64])
def test_wrong_in_one_dtype_only(dtype: Any) -> None:
    def backward(g: Any, x: Any) -> Any:
        return 2 * g * x * (1.01 if x.dtype == dtype else 1.0)

    forward = np.square if dtype == np.float32 else squared
    (x,) = drawn((5,))
    found = check_derivatives(with_rule(forward, backward), (x + 1j * x[::-1]).astype(dtype) if forward is squared
                              else x.astype(dtype), forward=False)  # fmt: skip
    assert found.wrong[0].kind == f"wrong in {np.dtype(dtype)}"


def test_saturation_in_float32_is_rounding_and_no_mistake() -> None:
    found = check_derivatives(np.tanh, np.array([9.5], np.float32))
    assert found.ok and found.findings[0].kind in ("right", "rounding")


def test_forward_mode_that_differs(monkeypatch: pytest.MonkeyPatch) -> None:
    right = derivatives.push_forward
    x = drawn((3,))
    assert check_derivatives(np.sin, x).ok
    monkeypatch.setattr(derivatives, "push_forward", lambda *args: [1.001 * t for t in right(*args)])
    assert check_derivatives(np.sin, x).wrong[0].kind == "forward mode"
    assert not tg.autograd.gradcheck(np.sin, x, check_forward_ad=True, raise_exception=False)
    assert tg.autograd.gradcheck(np.sin, x)


def test_several_results_with_a_gradient_for_one() -> None:
    class Both(tg.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return x + 0, 2 * x

        @staticmethod
        def backward(ctx: Any, g: Any, h: Any) -> Any:
            lost = float(np.all(g.detach().numpy() == 0))  # a gradient that is not there is not taken for zeros
            return g + 2 * h * (1 - lost)

    x = drawn((3,))
    assert check_derivatives(Both.apply, x, forward=False).wrong[0].kind == "undefined gradient"
    assert not tg.autograd.gradcheck(Both.apply, x, raise_exception=False)
    assert tg.autograd.gradcheck(Both.apply, x, check_undefined_grad=False)


# ---------------------------------------------------------------------- kinks


KINKS = {
    "relu": (tg.relu, [1.0, 0.0, -2.0], "[1]", "0 and 1", "0"),
    "abs": (np.abs, [1.0, -1.0, 0.0], "[2]", "−1 and 1", "0"),
    "clip": (lambda x: np.clip(x, -1, 2), [1.0, 2.0, 0.5], "[1]", "1 and 0", "1"),
    "amax": (lambda x: tg.amax(x, 0), [1.0, 3.0, 3.0], "[1]", "0 and 1", "0.5"),
    "maximum": (lambda x: np.maximum(x, 2), [1.0, 3.0, 2.0], "[2]", "0 and 1", "0.5"),
    "sort": (lambda x: tg.sort(x)[0], [1.0, 3.0, 3.0], "[1]", "", ""),
}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", KINKS)
def test_a_kink_is_a_kink(name: str, dtype: Any) -> None:
    f, values, place, slopes, rule = KINKS[name]
    x = np.array(values, dtype)
    found = check_derivatives(lambda x: f(x), x, order=2)
    assert found.ok and [f.kind for f in found.findings] == ["kink"], str(found)
    assert found.findings[0].name == "x" + place
    assert f"slopes {slopes}" in str(found) and f"the rule gives {rule}" in str(found)
    assert tg.autograd.gradcheck(f, x) and tg.autograd.gradcheck(f, x, fast_mode=True)


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_value_outside_the_subgradients_is_wrong(dtype: Any) -> None:
    f = with_rule(tg.relu, lambda g, x: g * (x > 0).to(x.dtype) + 1.5 * g * (x == 0).to(x.dtype))
    found = check_derivatives(f, np.array([1.0, 0.0], dtype), forward=False)
    assert [f.kind for f in found.wrong] == ["no subgradient"] and "slopes 0 and 1" in str(found)
    assert not tg.autograd.gradcheck(f, np.array([1.0, 0.0], dtype), raise_exception=False)


def test_a_wrong_rule_is_wrong_beside_a_kink() -> None:
    f = with_rule(tg.relu, lambda g, x: 2 * g * (x > 0).to(x.dtype))
    assert check_derivatives(f, np.array([1.0, 0.0, 3.0]), forward=False).wrong[0].where in ((0,), (2,))


@pytest.mark.parametrize("near", [1e-3, 1e-6, -1e-6])
def test_near_a_kink_is_no_kink(near: float) -> None:
    found = check_derivatives(tg.relu, np.array([1.0, near, -2.0]), order=2, every_element=True)
    assert all(f.kind == "right" for f in found.findings), str(found)


def test_jumps_and_edges() -> None:
    assert "The value jumps there" in str(check_derivatives(np.sign, np.array([1.0, 0.0])))
    at_zero = check_derivatives(lambda x: x**1.5, np.array([0.0, 1.0]))
    assert at_zero.ok and "edge of the domain" in str(at_zero)


# ---------------------------------------------------------------------- slopes, arguments


def test_slopes_of_functions_that_are_hard_to_difference() -> None:
    def error(f: Any, truth: float, noise: float = 1e-16) -> float:
        return abs(slope(f, noise).value - truth) / truth

    assert error(lambda t: np.sin(1e5 * t + 1), 1e5 * np.cos(1)) < 1e-8
    assert error(lambda t: np.tanh(1e6 * t + 0.2), 1e6 / np.cosh(0.2) ** 2) < 1e-8
    assert error(lambda t: np.log(1e-4 + t), 1e4) < 1e-8
    assert error(lambda t: np.float32(np.exp(np.float32(1 + t))), np.e, 3e-7) < 1e-4
    assert slope(lambda t: max(t - 1e-3, 0)).value == 0
    assert slope(lambda t: max(t + 1e-5, 0)).value == pytest.approx(1)
    assert slope(lambda t: float(t > 0)).kind == "jump"
    assert slope(np.sqrt).kind == "edge"


def test_steps_and_tolerances_may_be_given() -> None:
    x = drawn((3,))
    off = with_rule(np.sin, lambda g, x: 1.001 * g * np.cos(x))
    assert not tg.autograd.gradcheck(off, x, raise_exception=False)
    assert tg.autograd.gradcheck(off, x, rtol=0.01) and tg.autograd.gradcheck(off, x, atol=0.1)
    assert tg.autograd.gradcheck(np.sin, x, eps=1e-6, atol=1e-5, rtol=1e-3)
    assert tg.autograd.gradcheck(off, x, check_backward_ad=False)


def test_arguments_that_cannot_be_checked() -> None:
    with pytest.raises(ArgumentError, match="is not finite at these inputs"), np.errstate(all="ignore"):
        check_derivatives(np.log, np.array([-1.0]))
    with pytest.raises(ArgumentError, match="must return Tensors, got float"):
        check_derivatives(lambda x: 1.0, np.ones(2))
    with pytest.raises(ArgumentError, match="order counts from 1"):
        check_derivatives(np.sin, np.ones(2), order=0)
    assert check_derivatives(np.sin, np.ones((0, 3))).ok
