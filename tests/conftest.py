"""Settings that every test shares."""

from __future__ import annotations

import gc
import os
import shutil
import signal
from pathlib import Path

import hypothesis
import one_core  # noqa: F401  (before NumPy)
import pytest
from parts import all_examples, parsed, part_of
from together import start_afresh

import tinygrad_bp as tg
import tinygrad_bp.nn  # its ops are part of the table
from tinygrad_bp.autograd import lines
from tinygrad_bp.autograd.gathering import gather
from tinygrad_bp.autograd.watch import enter_every_op
from tinygrad_bp.compiler import build

gather()
for space in (tg, tg.Tensor):  # what is found when it is asked for is found: tests go through the names
    for name in dir(space):
        getattr(space, name, None)

# Every test meets what the first ops of a process do, whichever tests ran before it: they know the user's line.
ALL_LINES = tg.autograd.record_lines()
ALL_LINES.__enter__()

# Compiled programs are kept together, for all processes of a run and for the next one.
os.environ.setdefault("TINYGRAD_BP_CACHE", str(Path(__file__).resolve().parent.parent / "build" / "compiled"))

# Examples are the same in every run; ``python -m pytest --hypothesis-profile=random`` looks for others.
hypothesis.settings.register_profile("fixed", derandomize=True, deadline=None, database=None)
hypothesis.settings.register_profile("random", deadline=None, print_blob=True)
hypothesis.settings.load_profile("fixed")


def pytest_configure():
    """Ctrl-C raises in tests and in what they start, also in the background of a shell, where it is ignored."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser):
    parser.addoption("--part", default="1/1", help="run the k-th of n parts of the tests, as in 1/4")
    parser.addoption("--seed", default="", help="any text; another one cuts other parts")


def pytest_collection_modifyitems(config, items):
    part, count = parsed(config.getoption("--part"))
    numbers = [part_of(item.nodeid, count, config.getoption("--seed")) for item in items]
    config.hook.pytest_deselected(items=[item for item, number in zip(items, numbers) if number != part])
    items[:] = [item for item, number in zip(items, numbers) if number == part]


@pytest.hookimpl(wrapper=True)
def pytest_collection():
    """What collection makes lives to the end: the garbage collector walks it neither meanwhile nor in the tests."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.collect()
        gc.freeze()
        gc.enable()


@pytest.fixture
def later(monkeypatch):
    """As after the first ops of a process: an op knows no line where it is not asked to."""
    monkeypatch.setattr(lines, "asked", [])
    monkeypatch.setattr(lines, "_over", True)
    enter_every_op()
    yield
    monkeypatch.undo()
    enter_every_op()


@pytest.fixture
def plain_c(monkeypatch):
    """For tests of the C text that is written: one that a compiler makes less of takes a third of the time."""
    if not all_examples():
        monkeypatch.setattr(build, "FLAGS", tuple("-O1" if flag == "-O3" else flag for flag in build.FLAGS))


@pytest.fixture(params=["numpy", "c"])
def every_backend(request, monkeypatch):
    """``tg.compile`` with every backend; the one of C where there is a compiler."""
    if request.param == "c" and not any(shutil.which(name) for name in ("cc", "gcc", "clang")):
        pytest.skip("no C compiler")
    compiler = tg.compile

    def chosen(model=None, **settings):
        return compiler(model, **{"backend": request.param, **settings})

    monkeypatch.setattr(tg, "compile", chosen)


@pytest.fixture(autouse=True)
def fresh_defaults():
    """Each test starts from the same dtype, seed and mode, whatever the one before left."""
    start_afresh()
    yield
    tg.set_default_dtype(tg.float32)
    assert tg.is_grad_enabled()
