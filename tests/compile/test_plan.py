"""The plan: nothing alive overlaps, chains share memory, and inputs are written only when nobody reads them later."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_bp as tg
from tinygrad_bp.autograd.op import OPS
from tinygrad_bp.compiler.numpy_backend import build
from tinygrad_bp.compiler.plan import ALIGNED, Lifetime, places
from tinygrad_bp.program.capture import capture

lifetimes = st.lists(
    st.builds(lambda first, length, size: Lifetime(first, first + length, size),
              st.integers(0, 20), st.integers(0, 8), st.integers(1, 1000)), max_size=30)  # fmt: skip


def overlap(a: Lifetime, b: Lifetime) -> bool:
    return a.first <= b.last and b.first <= a.last


@given(lifetimes)
@settings(max_examples=300, derandomize=True)
def test_nothing_alive_overlaps(alive: list[Lifetime]) -> None:
    offsets, size = places(alive)
    assert size <= sum(-(-one.size // ALIGNED) * ALIGNED for one in alive)
    for i, (one, offset) in enumerate(zip(alive, offsets, strict=True)):
        assert offset % ALIGNED == 0 and offset + one.size <= size
        for other, place in list(zip(alive, offsets, strict=True))[:i]:
            apart = offset + one.size <= place or place + other.size <= offset
            assert apart or not overlap(one, other)


def test_memory_is_used_again() -> None:
    chain = [Lifetime(i, i + 1, 640) for i in range(50)]
    assert places(chain)[1] == 1280


def arena(function, *tensors) -> tuple[str, object]:
    runnable = build(tg.program(function, *tensors), exact=True)
    arrays = [t.numpy() for t in tensors]
    first, again = runnable(*arrays)[0], runnable(*arrays)[0]
    assert first.tobytes() == again.tobytes() and not np.may_share_memory(first, again)
    return runnable.code, first


def test_a_chain_runs_in_one_place() -> None:
    source, _ = arena(lambda x: ((x + 1).exp() * 2).log() - 3, tg.ones(100))
    assert source.count("add(") == 1 and "exp(t0, t1)" in source


@pytest.mark.parametrize("function", [
    lambda x: (x + 1) * (x + 1).T,
    lambda x: (y := x.exp()) + y.T + y.reshape(2, 8).reshape(4, 4),
    lambda x: (x * 2)[::2].sum() + (x * 2)[1::2].exp(),
    lambda x: tg.stack([x + 1, (x + 1).T]).sum(0) / (x - 5),
    lambda x: (x - x.mean(0)) / (x.var(0) + 1).sqrt(),
    lambda x: ((x.exp() @ x) @ x.T).softmax(1).log(),
], ids=range(6))  # fmt: skip
def test_views_keep_what_they_look_at(function) -> None:
    x = tg.tensor(np.random.default_rng(0).standard_normal((4, 4)).astype(np.float32))
    _, found = arena(function, x)
    assert found.tobytes() == np.ascontiguousarray(function(x).numpy()).tobytes()


def written(step, *arrays):
    """What a step that writes makes of arrays, run by Python and as a program: twice each."""
    eager = [tg.tensor(a) for a in arrays]
    captured = capture(step, (tuple(tg.tensor(a) for a in arrays), {}))[0]
    runnable, ours = build(captured.program, exact=True), [a.copy() for a in arrays]
    for _ in range(2):
        wanted = step(*eager)
        (found,) = runnable(*ours)
        assert np.array_equal(found, wanted.numpy())
    for t, a in zip(eager, ours, strict=True):
        assert np.array_equal(t.numpy(), a)


def _swap(a, b):
    kept = a.clone()
    a.copy_(b)
    b.copy_(kept)
    return a - b


def _read_late(a, b):
    before = a * 1
    a += b
    return before @ a


def _read_turned(a, b):
    a.copy_(a.T + b)
    return a.sum()


def _both(a, b):
    a += b
    b += a
    return a * b


@pytest.mark.parametrize("step", [_swap, _read_late, _read_turned, _both])
def test_inputs_are_written_when_nobody_reads_them(step) -> None:
    rng = np.random.default_rng(0)
    written(step, rng.standard_normal((3, 3)), rng.standard_normal((3, 3)))


def test_inputs_in_one_memory() -> None:
    def step(a, b):
        a += 1
        return a + b

    program = tg.program(step, tg.ones(3), tg.ones(3))
    memory = np.arange(4.0, dtype=np.float32)
    runnable = build(program)
    runnable(memory[:3], memory[1:])
    assert memory.tolist() == [1, 2, 3, 3]


def test_what_an_op_gives_may_lie_in_what_it_reads_in_a_later_run(monkeypatch) -> None:
    op = OPS["nan_to_num"]
    monkeypatch.setattr(op, "forward", lambda x, *rest: x if x[0] > 0 else x.copy())

    def function(x):
        same = tg.nan_to_num(x * 2)
        other = (x - 1).exp() + 3
        return same + other

    runnable = build(tg.program(function, tg.ones(64)), exact=True)
    for sign in (-1, 1, 1):
        x = np.full(64, sign, np.float32)
        assert np.array_equal(runnable(x)[0], x * 2 + (np.exp(x - 1) + 3))
