"""Many threads at once, on graphs of their own, on leaves that they share, and in modes of their own."""

from __future__ import annotations

import sys
import sysconfig
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable
from functools import cache
from random import Random
from typing import Any

import numpy as np

import tinygrad_bp as tg
from tinygrad_bp.autograd.errors import AnomalyError

from ..sections import printed_by
from .reader import Wrong

THREADS = 8


class Shared:
    """What the threads share: leaves, a stream, a compiled function; and what has to come out."""

    def __init__(self) -> None:
        self.leaves = [tg.zeros(3, dtype=tg.float64, requires_grad=True) for _ in range(4)]
        self.arrived = [Counter[int]() for _ in range(THREADS)]  # of each thread: what it sent to each leaf, in units
        self.drawn: list[list[float]] = [[] for _ in range(THREADS)]
        self.compiled = tg.compile(_step)
        self.step = _step
        tg.manual_seed(7)


def _step(w: Any, x: Any) -> Any:
    return ((x @ w).tanh() ** 2).sum()


def equal(found: Any, right: Any, what: str, rtol: float = 0.0) -> None:
    """Raise ``Wrong`` unless both are the same."""
    found = found.detach().numpy() if isinstance(found, tg.Tensor) else found
    if not np.allclose(found, right, rtol=rtol, atol=0):
        raise Wrong(f"{what}: {np.ravel(found)[:3]}, right is {np.ravel(right)[:3]}")


# ---------------------------------------------------------------------- what a thread does


def own_graph(rng: Random, number: int, shared: Shared) -> None:
    """A graph of its own: values, gradients, and gradients of gradients."""
    start = np.array([rng.uniform(-1, 1) for _ in range(6)]).reshape(2, 3)
    w = tg.tensor(start, requires_grad=True)
    y = w
    for _ in range(rng.randrange(1, 40)):
        y = y * 1.0 + 0.0
    (first,) = tg.autograd.grad((y.sin() * w).sum(), w, create_graph=True)
    equal(first, np.cos(start) * start + np.sin(start), "a gradient", 1e-12)
    first.sum().backward()
    equal(w.grad, 2 * np.cos(start) - np.sin(start) * start, "a second gradient", 1e-12)


def shared_leaf(rng: Random, number: int, shared: Shared) -> None:
    """A gradient into leaves that all share; numbers are whole, so that any order of sums is exact."""
    size = rng.randrange(1, 9)
    place, other = rng.sample(range(len(shared.leaves)), 2)
    (shared.leaves[place] * float(size) + shared.leaves[other]).sum().backward()
    shared.arrived[number][place] += size
    shared.arrived[number][other] += 1


def modes(rng: Random, number: int, shared: Shared) -> None:
    """Modes that hold in this thread, while the others are in others."""
    w = tg.ones(2, requires_grad=True)
    with tg.no_grad():
        time.sleep(0)
        if tg.is_grad_enabled() or (w * 2).requires_grad:
            raise Wrong("no_grad has leaked away")
        with tg.enable_grad():
            if not (w * 2).requires_grad:
                raise Wrong("enable_grad has leaked away")
    with tg.inference_mode():
        time.sleep(0)
        if not tg.is_inference_mode_enabled() or (w * 2).requires_grad:
            raise Wrong("inference_mode has leaked away")
    if not tg.is_grad_enabled() or tg.is_inference_mode_enabled() or not (w * 2).requires_grad:
        raise Wrong("a mode of another thread is here")
    tg.set_grad_enabled(False)
    time.sleep(0)
    if tg.is_grad_enabled():
        raise Wrong("set_grad_enabled was undone by another thread")
    tg.set_grad_enabled(True)


def anomaly(rng: Random, number: int, shared: Shared) -> None:
    """Anomaly detection here; others compute NaN, and nobody tells them."""
    x = tg.tensor([-1.0], requires_grad=True)
    if rng.random() < 0.5:
        with np.errstate(all="ignore"):
            tg.log(x).sum().backward()
        return
    with tg.autograd.detect_anomaly(), np.errstate(all="ignore"):
        try:
            tg.log(x).sum().backward()
        except AnomalyError:
            return
    raise Wrong("anomaly detection saw nothing")


def captured(rng: Random, number: int, shared: Shared) -> None:
    """A program of its own: it has its steps, and none of the others'."""
    w, x = tg.tensor([[0.5], [0.25]], dtype=tg.float64, requires_grad=True), tg.ones(3, 2, dtype=tg.float64)
    program = tg.program(_step, w, x)
    if len(program.steps) != shared_steps():
        raise Wrong(f"a program of {len(program.steps)} steps, right are {shared_steps()}")


@cache
def shared_steps() -> int:
    """The steps of the program, captured alone."""
    w, x = tg.tensor([[0.5], [0.25]], dtype=tg.float64, requires_grad=True), tg.ones(3, 2, dtype=tg.float64)
    return len(tg.program(_step, w, x).steps)


def compiled(rng: Random, number: int, shared: Shared) -> None:
    """One compiled function, called by all."""
    w, x = np.array([[rng.uniform(-1, 1)], [0.25]]), np.full((3, 2), rng.uniform(-1, 1))
    weight = tg.tensor(w, requires_grad=True)
    loss = shared.compiled(weight, tg.tensor(x))
    right = np.tanh(x @ w)
    equal(loss, np.sum(right**2), "a compiled value", 1e-9)


def streams(rng: Random, number: int, shared: Shared) -> None:
    """A stream of its own goes on undisturbed; from the stream of all, each draw comes once."""
    seed = rng.randrange(2**32)
    mine = tg.Generator().manual_seed(seed)
    found = [tg.rand(3, generator=mine).tolist() for _ in range(3)]
    again = tg.Generator().manual_seed(seed)
    if found != [tg.rand(3, generator=again).tolist() for _ in range(3)]:
        raise Wrong("a stream of its own was disturbed")
    if len(shared.drawn[number]) < 50_000:
        shared.drawn[number] += tg.rand(2, dtype=tg.float64).tolist()


def seen(rng: Random, number: int, shared: Shared) -> None:
    """Drawings, replays and explanations of its own graph."""
    w = tg.tensor([rng.uniform(0.1, 1), 2.0], dtype=tg.float64, requires_grad=True)
    loss = (w * w).sum()
    if tg.draw(loss).source.count(" -> ") != tg.draw(loss).source.count(" -> ") or len(tg.replay(loss).steps) != 2:
        raise Wrong("a drawing or a replay of something else")
    found = tg.explain(lambda: (w * w).sum(), wrt=w)
    equal(found.evaluate(), 2 * w.detach().numpy(), "an explanation", 1e-12)
    replay = tg.replay(lambda w: (w * w).sum(), w)
    if [step.op for step in replay.forward] != ["mul", "sum"]:
        raise Wrong("a replay with steps of another thread")


def trained(rng: Random, number: int, shared: Shared) -> None:
    """A small network of its own, trained beside the others: the same bits as alone."""
    generator = tg.Generator().manual_seed(number)
    x = tg.rand(8, 2, generator=generator)
    w = tg.rand(2, 1, generator=generator).requires_grad_(True)
    plain, velocity = w.detach().numpy().copy(), 0
    optimizer = tg.optim.SGD([w], lr=0.1, momentum=0.9)
    for _ in range(5):
        optimizer.zero_grad()
        ((x @ w) ** 2).mean().backward()
        optimizer.step()
        g = 2 * x.numpy().T @ (x.numpy() @ plain) / 8
        velocity = 0.9 * velocity + g
        plain = plain - 0.1 * velocity
    equal(w, plain, "trained weights", 1e-4)


TASKS: tuple[Callable[[Random, int, Shared], None], ...] = (
    own_graph, shared_leaf, shared_leaf, modes, anomaly, captured, compiled, streams, seen, trained,
)  # fmt: skip


# ---------------------------------------------------------------------- all of them


def run(seconds: float, count: int = THREADS) -> tuple[Counter[str], list[str]]:
    """How often each task was done by all threads, and what went wrong."""
    shared, done, wrong = Shared(), [Counter[str]() for _ in range(count)], []
    shared_steps()
    began, end = threading.Barrier(count), time.monotonic() + seconds
    switching = sys.getswitchinterval()

    def work(number: int) -> None:
        rng = Random(number)
        began.wait()
        while time.monotonic() < end and len(wrong) < 20:
            task = rng.choice(TASKS)
            try:
                task(rng, number, shared)
                done[number][task.__name__] += 1
            except BaseException as error:
                frame = traceback.extract_tb(error.__traceback__)[-1]
                where = f"{frame.filename.rpartition('/')[2]}:{frame.lineno}"
                wrong.append(f"{task.__name__}: {type(error).__name__} ({where}): {error!s:.200}")

    sys.setswitchinterval(1e-5)  # seconds: many more switches than there are by themselves
    try:
        threads = [threading.Thread(target=work, args=(number,)) for number in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(switching)
    wrong += checked(shared)
    return sum(done, Counter()), wrong


def checked(shared: Shared) -> list[str]:
    """What all threads did together: sums of gradients, and draws from one stream."""
    wrong = []
    for place, leaf in enumerate(shared.leaves):
        right = float(sum(arrived[place] for arrived in shared.arrived))
        found = leaf.grad.tolist() if leaf.grad is not None else [0.0] * 3
        if found != [right] * 3:
            wrong.append(f"the gradients of a shared leaf are {found}, their sum is {right}")
    drawn = sorted(number for numbers in shared.drawn for number in numbers)
    tg.manual_seed(7)
    serial = sorted(number for _ in range(len(drawn) // 2) for number in tg.rand(2, dtype=tg.float64).tolist())
    if drawn != serial:
        wrong.append(f"of {len(drawn)} draws from one stream {len(set(drawn) - set(serial))} are not its own")
    return wrong


def free() -> bool:
    """Whether this Python runs without the global interpreter lock."""
    return bool(sysconfig.get_config_var("Py_GIL_DISABLED")) and not getattr(sys, "_is_gil_enabled", lambda: True)()


def section(seconds: float) -> tuple[str, bool]:
    """The section, and whether nothing went wrong."""
    done, wrong = run(seconds)
    lock = (
        "without the global interpreter lock"
        if free()
        else "with the global interpreter lock, which changes every 10 µs"
    )
    lines = [
        printed_by(f"python -m benchmarks.attacks threads --seconds {seconds:g} --write docs/reliability.md"),
        "",
        f"{THREADS} threads work for {seconds:g} s, {lock}. Each takes one task after another: graphs of",
        "its own, gradients into four leaves that all share, modes that nobody else may see, programs, one compiled",
        "function that all call, streams of its own and the common one, drawings, replays, explanations,",
        "training. Whole numbers arrive at the shared leaves, so that their sum is exact in any order; at the",
        "end it is compared.",
        "",
        "| task | times | wrong |",
        "|---|---|---|",
        *(
            f"| `{name}` | {times:,} | {sum(w.startswith(name + ':') for w in wrong)} |"
            for name, times in sorted(done.items())
        ),
        f"| **all** | {sum(done.values()):,} | **{len(wrong)}** |",
        *(f"\n    {text[:200]!r}" for text in wrong[:20]),
    ]
    return "\n".join(lines), not wrong
