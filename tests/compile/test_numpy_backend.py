"""What the NumPy backend builds gives the numbers of the ops called one by one, to the bit."""

from __future__ import annotations

from threading import Thread

import numpy as np
import pytest
from programs import NETWORKS, inputs_of, network, same_bits, written_down
from together import together

import tinygrad_bp as tg
from tinygrad_bp.autograd.op import OPS
from tinygrad_bp.compiler.numpy_backend import build
from tinygrad_bp.program import evaluate
from tinygrad_bp.program.capture import capture
from tinygrad_bp.verify.contracts import draw

CALLS = [pytest.param(op, s, id=f"{op.name}-{i}") for op in OPS.values() for i, s in enumerate(op.samples or ())]


@together(("op", "sample"), CALLS)
def test_every_op(op, sample) -> None:
    arrays = draw(op, sample)
    tensors = [tg.tensor(array) for array in arrays]
    called = [tensors] if op.variadic else tensors
    with np.errstate(all="ignore"):
        try:
            captured, result = capture(lambda *xs: op.function(*called, **sample.params), (tuple(tensors), {}))
        except tg.program.CaptureError as error:
            pytest.skip(str(error))
        runnable = build(captured.program, exact=True)
        given = inputs_of(captured, tensors)
        for _ in range(2):
            (found,) = runnable(*given)
            assert same_bits(found, result.numpy())


@pytest.mark.parametrize("name", NETWORKS)
def test_a_training_step_moves_the_parameters(name: str) -> None:
    step, arguments, parameters = network(name)
    captured = written_down(step, arguments)
    eager, others, theirs = network(name)
    with tg.no_grad():  # what writes a step down computes it by formulas of residuals: other last bits
        for p, q in zip(theirs, parameters, strict=True):
            p.copy_(q)
    runnable = build(captured.program, exact=True)
    for _ in range(5):
        (loss,) = runnable(*inputs_of(captured, arguments))
        assert same_bits(loss, eager(*others).detach().numpy())
    for p, q in zip(parameters, theirs, strict=True):
        assert same_bits(p.detach().numpy(), q.detach().numpy())


@pytest.mark.parametrize("name", NETWORKS)
def test_without_exact_a_training_comes_close(name: str) -> None:
    step, arguments, _ = network(name)
    captured = written_down(step, arguments)
    given = inputs_of(captured, arguments)
    exactly, closely = ([a.copy(order="K") for a in given] for _ in range(2))
    quick, exact = build(captured.program), build(captured.program, exact=True)
    for _ in range(20):
        np.testing.assert_allclose(quick(*closely)[0], exact(*exactly)[0], rtol=1e-5)
    for a, b in zip(closely, exactly, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)


def test_a_loop_is_one_run_after_another() -> None:
    step, arguments, _ = network("relu")
    captured = written_down(step, arguments)
    given = inputs_of(captured, arguments)
    first, second = [a.copy(order="K") for a in given], [a.copy(order="K") for a in given]
    runnable = build(captured.program)
    one_by_one = [runnable(*first)[0] for _ in range(3)]
    (losses,) = runnable.loop(3, second, [False] * len(second))
    assert same_bits(losses, one_by_one)
    assert all(same_bits(a, b) for a, b in zip(first, second, strict=True))


def test_outputs_are_fresh() -> None:
    program = tg.program(lambda x: (x, x.reshape(-1), x.T), tg.ones(2, 2))
    x = np.ones((2, 2), np.float32)
    for result in build(program)(x):
        assert not np.may_share_memory(result, x)


def test_threads_take_turns() -> None:
    program = tg.program(lambda x: (x.exp() + 1).log().sum(), tg.ones(1000))
    runnable = build(program, exact=True)
    arrays = [np.full(1000, i, np.float32) for i in range(8)]
    wanted = [evaluate(program, [array])[0][0] for array in arrays]
    wrong = []

    def work(i: int) -> None:
        wrong.extend(i for _ in range(50) if not same_bits(runnable(arrays[i])[0], wanted[i]))

    threads = [Thread(target=work, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_a_bad_label_is_refused_before_anything_moves() -> None:
    step, (x, y), parameters = network("relu")
    captured = written_down(step, (x, y))
    for exact in (False, True):
        runnable = build(captured.program, exact)
        given = inputs_of(captured, (x, y))
        runnable(*given)
        before = [p.detach().numpy().copy() for p in parameters]
        given[1] = np.array([0, 1, 2, 3, 1])
        with pytest.raises(tg.autograd.errors.TargetError, match="class index 3 is out of range"):
            runnable(*given)
        assert all(same_bits(p.detach().numpy(), b) for p, b in zip(parameters, before, strict=True))


@pytest.mark.parametrize("name", ["sigmoid", "two classes"])
def test_far_scores_stay_finite(name: str) -> None:
    step, arguments, _ = network(name)
    captured = written_down(step, arguments)
    given = inputs_of(captured, arguments)
    for array in given[2:]:
        array *= 1e4
    exactly = [a.copy(order="K") for a in given]
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        quick, exact = build(captured.program), build(captured.program, exact=True)
        for _ in range(3):
            np.testing.assert_allclose(quick(*given)[0], exact(*exactly)[0], rtol=1e-5)
    assert all(np.isfinite(array).all() for array in given)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "complex64", "int8", "uint8", "int64", "bool"])
@pytest.mark.parametrize("shape", [(), (3,), (0, 2), (2, 3)])
def test_every_dtype_and_shape(dtype: str, shape) -> None:
    def function(x):
        wide = tg.complex128 if x.is_complex() else tg.float64
        return (x + x) * x, x.sum(), x.reshape(-1), x.to(wide) / 3, tg.where(x == x, x, 0), -x.to(wide)

    x = tg.tensor(np.ones(shape)).to(getattr(tg, dtype))
    wanted = [t.numpy() for t in function(x)]
    for exact in (False, True):
        runnable = build(tg.program(function, x), exact)
        for _ in range(2):
            assert all(same_bits(a, b) for a, b in zip(runnable(x.numpy()), wanted, strict=True))


def test_other_memory_orders_are_other_functions() -> None:
    runnable = build(tg.program(lambda x: (x + 1).sum(0), tg.ones(3, 4)), exact=True)
    x = np.random.default_rng(0).standard_normal((3, 4)).astype(np.float32)
    for array in (x, np.asfortranarray(x), np.repeat(x, 2, axis=1)[:, ::2], x, np.asfortranarray(x)):
        assert same_bits(runnable(array)[0], (array + 1).sum(0))


def test_other_parameters_are_looked_at() -> None:
    step, arguments, _ = network("relu")
    captured = written_down(step, arguments)
    given = inputs_of(captured, arguments)
    runnable = build(captured.program)
    runnable(*given)
    runnable(*given)
    others = [a.copy(order="K") for a in given]
    for order in ("K", "C"):
        others = [a.copy(order=order) for a in others]
        wanted = [a.copy() for a in others]
        np.testing.assert_allclose(runnable(*others)[0], build(captured.program)(*wanted)[0], rtol=1e-6)
        for a, b in zip(others, wanted, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("both", [False, True])
def test_a_sum_that_is_wanted_with_the_other_sign_only(both: bool) -> None:
    def function(x, w, b):
        z = tg.nn.functional.linear(x, w, b)
        return (tg.sigmoid(z), z) if both else tg.sigmoid(z)

    tensors = [tg.randn(5, 4), tg.randn(3, 4), tg.randn(3)]
    runnable = build(tg.program(function, *tensors))
    arrays = [t.numpy() for t in tensors]
    for _ in range(2):
        found = runnable(*arrays)
    wanted = function(*tensors)
    for a, b in zip(found, wanted if both else [wanted], strict=True):
        np.testing.assert_allclose(a, b.numpy(), rtol=1e-6)
    assert ("negative(" in runnable.code) == both
