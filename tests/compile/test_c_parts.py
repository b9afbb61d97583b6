"""Programs in C as they run: parts with NumPy between them, what is refused, threads, and the text."""

from __future__ import annotations

from threading import Thread

import numpy as np
import pytest

import tinygrad_bp as tg
from tests.compile.in_c import built, moved_alike, near
from tests.compile.programs import NETWORKS, inputs_of, network, same_bits, training, written_down
from tinygrad_bp.autograd.errors import TargetError
from tinygrad_bp.compiler import c_backend, numpy_backend
from tinygrad_bp.program import evaluate
from tinygrad_bp.program.capture import capture

nn, F = tg.nn, tg.nn.functional


class Sums(nn.Module):
    """A layer that C does not have."""

    def forward(self, x):
        return x.cumsum(1)


def test_steps_that_c_does_not_have_are_called_in_numpy() -> None:
    layers = lambda: (nn.Linear(4, 6), Sums(), nn.ReLU(), nn.Linear(6, 3))  # noqa: E731
    step, arguments, _ = training(layers, F.cross_entropy, lambda: tg.randn(4, 4), lambda: tg.tensor([0, 1, 2, 0]))
    fast = moved_alike(step, arguments, kind=c_backend.Parts)
    assert "/* then NumPy: cumsum */" in fast.c_source


def test_what_a_later_part_reads_is_written_last() -> None:
    def step(a, b):
        a.copy_(a * 2 + b)  # the old value of a is read again, behind a step of NumPy
        return a.sum(), (tg.linalg.inv(b) * a).sum()

    def moved_on(a, b):
        old = a * 1
        a.copy_(tg.linalg.inv(b + 3 * a))
        b.copy_(old)
        return a.sum(), b.sum()

    def twice(a, b):
        old = a * 1
        inverse = tg.linalg.inv(b + a)
        a.copy_(old * 2)
        return (inverse @ a).sum(), inverse * 0 + old

    rng = np.random.default_rng(0)
    for function in (step, twice, moved_on):
        captured, _ = capture(function, ((tg.eye(3), tg.eye(3)), {}))
        runnable = built(captured.program, c_backend.Parts)
        ours = [(2 * np.eye(3) + 0.1 * rng.standard_normal((3, 3))).astype(np.float32) for _ in range(2)]
        for _ in range(3):
            wanted, written = evaluate(captured.program, ours)
            assert all(near(a, b, 256) for a, b in zip(runnable(*ours), wanted, strict=True))
            held = [ours[captured.program.inputs.index(value)] for value in captured.program.writes]
            assert all(near(a, b, 256) for a, b in zip(held, written, strict=True))


def test_parts_loop_and_give_fresh_arrays() -> None:
    captured, _ = capture(lambda x: (tg.linalg.inv(x) * 2, x + 1, 7), ((tg.eye(2),), {}))
    runnable = built(captured.program, c_backend.Parts)
    x = np.eye(2, dtype=np.float32)
    first, second = runnable(x), runnable(x * 2)
    assert first[2] == 7
    assert near(first[0], x * 2)
    assert near(second[0], x)
    assert near(first[1], x + 1)
    stacked = runnable.loop(2, [np.stack([x, x * 2])], [True])
    assert near(stacked[0], np.stack([first[0], second[0]]))


def test_programs_that_would_take_long_to_compile(monkeypatch) -> None:
    monkeypatch.setattr(c_backend, "MOST_STEPS", 2)
    program = tg.program(lambda x: [x.sum(0), x.sum(1), x.sum()], tg.ones(2, 2))
    with pytest.warns(UserWarning, match="a C compiler would take long for 3 steps; the program runs by NumPy"):
        runnable = c_backend.build(program)
    assert near(runnable(np.ones((2, 2), np.float32))[2], np.float32(4))


def test_a_label_out_of_range_is_refused_before_anything_is_written() -> None:
    step, arguments, _ = network("relu")
    captured = written_down(step, arguments)
    given = [np.array(a, order="K") for a in inputs_of(captured, arguments)]
    runnable = built(captured.program)
    runnable(*given)
    bad = [np.array(a, order="K") for a in given]
    bad[1][2] = 7
    before = [np.array(a, order="K") for a in bad]
    for _ in range(2):
        with pytest.raises(TargetError, match="class index 7 is out of range"):
            runnable(*bad)
    assert all(same_bits(a, b) for a, b in zip(bad, before, strict=True))
    runnable(*given)


def test_arrays_of_another_kind_are_refused() -> None:
    captured, _ = capture(lambda x, y: x + y, ((tg.ones(3), tg.ones(3)), {}))
    runnable = built(captured.program)
    x = np.ones(3, np.float32)
    for _ in range(2):
        with pytest.raises(TypeError, match=r"input 1 of the program is float32 \(3,\), got float64"):
            runnable(x, np.ones(3))
        with pytest.raises(TypeError, match="takes 2 arrays, got 1"):
            runnable(x)
        assert near(runnable(x, x)[0], x + x)


def test_an_array_that_cannot_be_written_is_refused() -> None:
    captured, _ = capture(lambda x: x.add_(1).sum(), ((tg.ones(3),), {}))
    x = np.ones(3, np.float32)
    x.flags.writeable = False
    with pytest.raises(ValueError, match="read-only"):
        built(captured.program)(x)


def test_names_that_c_has_already() -> None:
    names = ("int", "exp", "i", "at", "größe", "t0", "s", "tg_exp")
    captured, _ = capture(lambda *xs: sum(x.exp() for x in xs), (tuple(tg.ones(2) for _ in names), {}), names)
    x = np.ones(2, np.float32)
    assert near(built(captured.program)(*[x] * len(names))[0], np.exp(x) * len(names))


def test_what_c_does_not_have_runs_by_numpy() -> None:
    program = tg.program(lambda x: tg.linalg.inv(x), tg.eye(2))
    with pytest.warns(UserWarning, match="does not have inv; the program runs by NumPy"):
        runnable = c_backend.build(program)
    assert near(runnable(np.eye(2, dtype="f") * 2)[0], np.eye(2, dtype="f") / 2)


def test_exact_is_left_to_numpy() -> None:
    assert isinstance(c_backend.build(tg.program(lambda x: x + 1, tg.ones(2)), exact=True), numpy_backend.Runnable)


def test_threads_take_turns() -> None:
    program = tg.program(lambda x: (x.exp() + 1).log().sum(), tg.ones(1000))
    runnables = [built(program), built(program)]  # both are one library
    arrays = [np.full(1000, i, np.float32) for i in range(8)]
    wanted = [runnables[0](array)[0] for array in arrays]
    wrong = []

    def work(i: int) -> None:
        wrong.extend(i for _ in range(200) if not same_bits(runnables[i % 2](arrays[i])[0], wanted[i]))

    threads = [Thread(target=work, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_the_text_names_what_the_program_names() -> None:
    step, arguments, _ = network("relu")
    source = built(written_down(step, arguments).program).c_source
    for line in ("t0 = linear(", "weight_0[i] = weight_0[i] - ", "/* t0 = linear, t1 = relu"):
        assert line in source


assert set(NETWORKS) >= {"relu", "sigmoid", "two classes"}
