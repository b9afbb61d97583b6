"""Whoever watches a program changes nothing of it: what a watcher holds does not count as in use."""

import contextlib
import json
import re
from pathlib import Path

import pytest
import random_writes

import tinygrad_bp as tg
from tinygrad_bp.autograd.watch import Following
from tinygrad_bp.drawing.names import Frames
from tinygrad_bp.explaining.running import Running
from tinygrad_bp.faults.recording import Recording
from tinygrad_bp.replaying.watching import Run
from tinygrad_bp.verify.mutants.tape import Recorder
from tinygrad_bp.verify.naming import Trail

BY_HAND = [
    ["v0 = w0 * 2", "v0[0] = v0[1] * v0[1]"],
    ["v0 = w0 * 2", "def square(t):\n    v = t[1]\n    return v * v", "v0[0] = square(v0)"],
    ["v0 = w0 * 2", "v1 = [v0[i] * v0[2] for i in range(2)]", "v0[0] = v1[0] + v1[1]", "del v1"],
]
START = ["w0 = T.tensor([1.0, 2.0, 3.0], requires_grad=True)", "w1, x0 = w0, w0 * 1"]
GOLDEN = (Path(__file__).parent / "golden" / "writes.jsonl").read_text(encoding="utf-8").splitlines()[::3]
# `.numpy()` shows memory to outsiders for good: nothing that a watcher holds would be seen after it.
PROGRAMS = [[*START, *lines] for lines in BY_HAND] + [
    [line for line in json.loads(text)[0] if ".numpy" not in line] for text in GOLDEN
]
WATCHED = {
    "Anomaly": tg.autograd.detect_anomaly, "_Clock": tg.profiler.profile,
    "_Saving": lambda: tg.autograd.graph.saved_tensors_hooks(lambda x: x, lambda x: x),
    "Running": lambda: Following(Running([])), "Trail": lambda: Following(Trail()), "Recorder": Recorder,
    "Recording": lambda: Following(Recording({})), "Run": lambda: Following(Run()),
}  # fmt: skip
ELSEWHERE = {
    "Capture": "computes a run of its own; tests/program",
    "Numbers": "is told of no op but makes the numbers of one check; test_named_mistakes.py",
    "_Pulls": "watches backward alone; test_replaying.py",
    "_Disabled": "refuses whatever is kept; test_graph.py",
}


def outcome(lines):
    """The first and second derivatives of a program, or the kind of its error and where."""
    names, done, error = random_writes.run(tg, lines)
    if error is not None:
        return done, type(error)
    names["__builtins__"] = __builtins__
    for line in random_writes.ENDING:
        error = random_writes.run(tg, [line], names)[2]
        if error is not None:
            return line, type(error)
    return random_writes.gradients(names, "first"), random_writes.gradients(names, "second")


def changed(name):
    """The programs of which something changes where the watcher watches."""
    found = []
    for lines in PROGRAMS:
        with WATCHED[name]() if name else contextlib.nullcontext():
            watched = outcome(lines)
        if watched != outcome(lines):
            found.append(lines)
    return found


@pytest.mark.parametrize("name", WATCHED)
def test_a_watcher_changes_nothing(name):
    assert changed(name) == []


def test_the_programs_have_derivatives():
    assert sum(isinstance(outcome(lines)[0], list) for lines in PROGRAMS) > 0.9 * len(PROGRAMS) > 40


@pytest.mark.parametrize("name", ["Running", "Run"])
def test_frames_that_are_held_would_be_found(name, monkeypatch):
    monkeypatch.setattr(Frames, "let_go", lambda self: None)
    assert changed(name) == [PROGRAMS[1]]


def test_tensors_that_are_held_would_be_found(monkeypatch):
    monkeypatch.setattr("tinygrad_bp.faults.recording.witnessed", lambda x: x)
    assert PROGRAMS[0] in changed("Recording")


def test_every_watcher_is_here():
    sources = [path.read_text(encoding="utf-8") for path in Path(tg.__file__).parent.rglob("*.py")]
    names = {name for text in sources for name in re.findall(r"^class (\w+)\((?:\w+, )*Watcher\)", text, re.MULTILINE)}
    assert names == {*WATCHED, *ELSEWHERE}


def test_what_runs_a_function_runs_these():
    def f(w):
        y = w * 2
        y[0] = y[1] * y[1]
        return y.sum()

    w = tg.tensor([1.0, 2.0, 3.0], requires_grad=True)
    with tg.autograd.detect_anomaly():
        f(w).backward()
    assert w.grad.tolist() == [0.0, 18.0, 2.0]
    assert tg.explain(f, w, wrt=w).evaluate().tolist() == [0.0, 18.0, 2.0]
    assert tg.replay(f, w).of(w).gradient.tolist() == [0.0, 18.0, 2.0]
