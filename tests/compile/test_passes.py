"""Every pass gives a program that computes the same: to the bit, but for the one that reassociates."""

from __future__ import annotations

import numpy as np
import pytest
from programs import NETWORKS, inputs_of, network, same_bits, written_down

import tinygrad_bp as tg
from tinygrad_bp.autograd.op import OPS
from tinygrad_bp.compiler.passes import simplified
from tinygrad_bp.compiler.passes.casts import without_casts
from tinygrad_bp.compiler.passes.common import shared
from tinygrad_bp.compiler.passes.constants import folded
from tinygrad_bp.compiler.passes.dead import without_dead_steps
from tinygrad_bp.compiler.passes.residuals import kept_residuals
from tinygrad_bp.compiler.passes.scalars import with_plain_scalars
from tinygrad_bp.compiler.passes.scaling import scaled_early
from tinygrad_bp.compiler.passes.transposes import without_transposes
from tinygrad_bp.program import Program, Step, Value, evaluate

SAME_BITS = [with_plain_scalars, without_casts, shared, folded, without_dead_steps, without_transposes]


def names(program: Program) -> list[str]:
    return [step.op.name for step in program.steps]


@pytest.fixture(params=NETWORKS)
def step(request):
    step, arguments, parameters = network(request.param)
    captured = written_down(step, arguments)
    return step, arguments, parameters, captured, inputs_of(captured, arguments)


def equal(one, other) -> bool:
    return all(
        same_bits(a, b) for found, wanted in zip(one, other, strict=True) for a, b in zip(found, wanted, strict=True)
    )


@pytest.mark.parametrize("a_pass", SAME_BITS, ids=lambda a_pass: a_pass.__name__)
def test_a_pass_keeps_every_bit(a_pass, step) -> None:
    *_, captured, arrays = step
    before = str(captured.program)
    after = a_pass(captured.program)
    assert equal(evaluate(after, arrays), evaluate(captured.program, arrays))
    assert str(captured.program) == before
    assert str(a_pass(after)) == str(after)


def test_all_passes_together_give_the_bits_of_a_step_run_by_python(step) -> None:
    eager, arguments, parameters, captured, arrays = step
    (loss,), moved = evaluate(simplified(captured.program, exact=True), arrays)
    assert same_bits(eager(*arguments).detach().numpy(), loss)
    assert all(same_bits(p.detach().numpy(), after) for p, after in zip(parameters, moved, strict=True))


def test_scaling_is_close(step) -> None:
    *_, captured, arrays = step
    program = simplified(captured.program, exact=True)
    scaled = scaled_early(program)
    assert len(scaled.steps) <= len(program.steps)
    for found, wanted in zip(evaluate(scaled, arrays), evaluate(program, arrays), strict=True):
        for a, b in zip(found, wanted, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-7)


def test_casts_to_the_same_dtype_go() -> None:
    program = tg.program(lambda x: x.clone().to(tg.float64).float() + x, tg.ones(2))
    assert names(without_casts(program)) == ["cast", "cast", "add"]


def test_transposes_cancel() -> None:
    program = without_dead_steps(without_transposes(tg.program(lambda x: x.T.T + 1, tg.ones(2, 3))))
    assert names(program) == ["add"]
    twice = tg.program(lambda x: x.permute(1, 2, 0).permute(1, 2, 0), tg.ones(2, 3, 4))
    program = without_dead_steps(without_transposes(twice))
    assert [step.params["axes"] for step in program.steps] == [(2, 0, 1)]


def test_what_is_computed_twice_is_computed_once() -> None:
    program = shared(tg.program(lambda x: x.exp() * x.exp() + x.exp(), tg.ones(2)))
    assert names(program) == ["exp", "mul", "add"]


def test_zero_and_minus_zero_are_two_constants() -> None:
    program = shared(tg.program(lambda x: (x * 0.0, x * -0.0), tg.ones(2)))
    assert names(program) == ["mul", "mul"]


def test_numbers_of_constants_are_folded() -> None:
    program = folded(tg.program(tg.func.grad(lambda x: (2 * x).mean()), tg.ones(4)))
    assert "mul" in names(tg.program(tg.func.grad(lambda x: (2 * x).mean()), tg.ones(4)))
    assert names(program) == ["mul", "mean"] and len(program.constants()) == 1


@pytest.mark.parametrize("function", [
    lambda x: x * 1.0, lambda x: 1 * x, lambda x: x / 1, lambda x: x**1, lambda x: x * tg.ones(()),
    lambda x: x * tg.ones(()).expand(2),
])  # fmt: skip
def test_what_changes_nothing_goes(function) -> None:
    program = without_dead_steps(with_plain_scalars(folded(tg.program(lambda x: function(x) - 3, tg.ones(2)))))
    assert names(program) == ["sub"]


def test_a_number_meets_an_array_as_it_is() -> None:
    program = tg.program(lambda x, s: x + s.expand(2, 3), tg.ones(2, 3), tg.ones(()))
    assert names(without_dead_steps(with_plain_scalars(program))) == ["add"]
    program = tg.program(lambda x, s: x + s.expand(2, 3), tg.ones(3), tg.ones(()))
    assert names(without_dead_steps(with_plain_scalars(program))) == ["broadcast_to", "add"]


def test_nothing_leads_to_dead_steps() -> None:
    program = without_dead_steps(tg.program(lambda x: (x.exp(), x.sin())[0], tg.ones(2)))
    assert names(program) == ["exp"]


def test_a_forward_gives_its_residuals() -> None:
    def both(x):
        return tg.func.value_and_grad(lambda x: tg.sigmoid(x).sum())(x)

    x = np.array([-3.0, 0.2, 40.0, -100.0], np.float32)
    program = shared(without_casts(tg.program(both, tg.tensor(x))))
    assert names(program).count("sigmoid") == names(program).count("sigmoid_slope") == 1
    program = kept_residuals(program)
    assert names(program).count("sigmoid") == 1 and "sigmoid_slope" not in names(program)
    for found, wanted in zip(evaluate(program, [x])[0], both(tg.tensor(x)), strict=True):
        assert same_bits(found, wanted.numpy())


def test_a_formula_of_other_values_is_no_residual() -> None:
    slope = OPS["sigmoid_slope"].function
    program = tg.program(lambda x, y: tg.sigmoid(x) + tg.sigmoid(y) * slope(y), tg.ones(2), tg.ones(2))
    kept = kept_residuals(shared(program))
    assert [step.op.name for step in kept.steps if step.beside] == ["sigmoid"]
    assert names(kept).count("sigmoid") == 2 and "sigmoid_slope" not in names(kept)


@pytest.mark.parametrize("spoil", ["another factor", "an output", "not linear"])
def test_scaling_leaves_what_is_not_scaled_throughout(spoil: str) -> None:
    def f(w, x):
        g = (x - w) * 0.5
        if spoil == "another factor":
            return w - 0.1 * g.sum(0), w - 0.2 * g.sum(1)
        if spoil == "an output":
            return w - 0.1 * g, g
        return w - 0.1 * g.exp()

    program = tg.program(f, tg.ones(2, 2), tg.ones(2, 2))
    assert str(scaled_early(program)) == str(program)


def test_a_learning_rate_that_comes_late_is_read_early() -> None:
    rate = tg.ones(())
    program = tg.program(lambda w, x: w - (rate + 1) * ((x - w) * 0.5), tg.ones(2), tg.ones(2))
    scaled = scaled_early(program)
    assert len(scaled.steps) == len(program.steps)
    arrays = [np.array([1, 2], np.float32), np.array([5, 7], np.float32), np.array(3, np.float32)]
    assert equal(evaluate(scaled, arrays), evaluate(program, arrays))


def test_a_check_of_bits_can_fail() -> None:
    value = Value((2,), np.dtype(np.float32))
    wrong = Program((value,), (Step(OPS["exp"], (value,), {}, result := Value((2,), value.dtype)),), (result,))
    right = tg.program(lambda x: x.exp() + 0.0001, tg.ones(2))
    x = [np.ones(2, np.float32)]
    assert not equal(evaluate(wrong, x), evaluate(right, x))
