"""A signal handler that calls the compiled function in whose run it came: one sentence, and both go on."""

from __future__ import annotations

import signal
import threading
from typing import Any

import numpy as np
import pytest

import tinygrad_bp as tg
from tinygrad_bp.autograd.errors import BusyError
from tinygrad_bp.compiler.build import BuildError, compiler

BACKENDS = ["numpy", "c", "c and NumPy"]

pytestmark = pytest.mark.skipif(
    not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread(),
    reason="needs a timer that interrupts the main thread",
)


def made(kind: str) -> Any:
    """A compiled step that has its program, and takes some microseconds a run."""
    if kind != "numpy":
        try:
            compiler()
        except BuildError as error:
            pytest.skip(str(error))
    w = tg.zeros(64)

    def step(x: Any) -> Any:
        y = tg.sort(x * 2.0).values if "NumPy" in kind else x * 2.0  # C has no sort
        w.add_(y)
        return w.sum()

    compiled = tg.compile(step, backend="numpy" if kind == "numpy" else "c")
    x = tg.ones(64)
    for _ in range(4):
        compiled(x)
    assert compiled.programs
    return compiled, w, x


@pytest.mark.parametrize("looped", [False, True], ids=["calls", "loop"])
@pytest.mark.parametrize("kind", BACKENDS)
def test_a_handler_that_calls_what_is_running(kind: str, looped: bool) -> None:
    compiled, w, x = made(kind)
    refused, ran, done = 0, 0, 0

    def handler(number: int, frame: Any) -> None:
        nonlocal refused, ran
        try:
            compiled(x)
            ran += 1
        except BusyError as error:
            assert "Have the handler set a flag" in str(error)
            refused += 1

    before = signal.signal(signal.SIGALRM, handler)
    signal.setitimer(signal.ITIMER_REAL, 0.0005, 0.0005)
    try:
        while refused < 3 and done < 2_000_000:
            (compiled.loop(x, n=1000) if looped else compiled(x))
            done += 1000 if looped else 1
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert refused >= (3 if kind != "c" else 0)  # C is in Python for a part of a microsecond alone
    assert w[0].item() == 2.0 * (4 + done + ran)


@pytest.mark.parametrize("kind", BACKENDS)
def test_a_run_that_failed_leaves_nobody_running(kind: str) -> None:
    compiled, w, x = made(kind)
    runnable = next(iter(compiled._entries.values()))[0].runnable
    for _ in range(2):
        with pytest.raises((TypeError, ValueError, IndexError)):
            runnable(np.ones(3))
    assert compiled(x).item() == 2.0 * 64 * 5 and w[0].item() == 10.0
