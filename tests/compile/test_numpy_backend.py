"""What the NumPy backend builds gives the numbers of the ops called one by one, to the bit."""

from __future__ import annotations

from threading import Thread

import numpy as np
import pytest

import tinygrad_bp as tg
from tinygrad_bp.autograd.op import OPS
from tinygrad_bp.compiler.numpy_backend import build
from tinygrad_bp.program import evaluate
from tinygrad_bp.program.capture import capture
from tinygrad_bp.verify.contracts import draw

CALLS = [pytest.param(op, s, id=f"{op.name}-{i}") for op in OPS.values() for i, s in enumerate(op.samples or ())]
RATE = 0.1


def same_bits(found, wanted) -> bool:
    found, wanted = np.asarray(found), np.asarray(wanted)
    both = found.dtype == wanted.dtype and found.shape == wanted.shape
    return both and np.array_equal(found.reshape(-1).view("u1"), np.ascontiguousarray(wanted).reshape(-1).view("u1"))


def inputs_of(captured, arguments):
    """The arrays that a program reads, tensors and settings from outside among them."""
    found = [arguments[s] if isinstance(s, int) else s() for s in captured.sources]
    return [item.numpy(force=True) if isinstance(item, tg.Tensor) else item for item in found]


@pytest.mark.parametrize(("op", "sample"), CALLS)
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


def network():
    tg.manual_seed(0)
    model = tg.nn.Sequential(tg.nn.Linear(4, 10), tg.nn.ReLU(), tg.nn.Linear(10, 3))
    parameters = list(model.parameters())

    def step(x, y):
        for p in parameters:
            p.grad = None
        loss = tg.nn.functional.cross_entropy(model(x), y)
        loss.backward()
        with tg.no_grad():
            for p in parameters:
                p -= RATE * p.grad
        return loss

    return step, tg.randn(5, 4), tg.tensor([0, 1, 2, 2, 1]), parameters


def test_a_training_step_moves_the_parameters() -> None:
    step, x, y, parameters = network()
    captured, _ = capture(step, ((x, y), {}), ("x", "y"))
    eager, x2, y2, theirs = network()
    eager(x2, y2)  # writing it down was a step as well
    runnable = build(captured.program, exact=True)
    for _ in range(5):
        (loss,) = runnable(*inputs_of(captured, (x, y)))
        assert same_bits(loss, eager(x2, y2).detach().numpy())
    for p, q in zip(parameters, theirs, strict=True):
        assert same_bits(p.detach().numpy(), q.detach().numpy())


def test_a_loop_is_one_run_after_another() -> None:
    step, x, y, _ = network()
    captured, _ = capture(step, ((x, y), {}), ("x", "y"))
    given = inputs_of(captured, (x, y))
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
    runnable = build(program)
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
