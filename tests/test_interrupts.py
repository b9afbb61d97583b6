"""Ctrl-C at any moment of a training leaves a whole number of steps."""

import signal
import subprocess
import sys
import textwrap
import threading
import weakref

import numpy as np
import pytest

import tinygrad_bp as tg
from tinygrad_bp.autograd.errors import TargetError
from tinygrad_bp.train.interrupts import Interrupts

# One process trains again and again and is interrupted each time, by real signals at random moments. What it has then
# is looked up among the states after 0, 1, 2, ... whole steps.
PROGRAM = textwrap.dedent("""
    import os, random, signal, sys, threading, time
    import numpy as np
    import tinygrad_bp as tg
    from tinygrad_bp.train import interrupts

    if sys.argv[1] == "unprotected":
        interrupts.Held.__enter__ = interrupts.Held.__exit__ = lambda self, *_: setattr(self._interrupts, "presses", 0)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # in the background of a shell it is ignored
    rng = random.Random(7)
    x, y = tg.tensor(np.eye(16, 40, dtype=np.float32)), tg.tensor(np.arange(16) % 4)

    def parts():
        tg.manual_seed(0)
        layers = [tg.nn.Linear(40, 40) for _ in range(30)]
        model = tg.nn.Sequential(*layers[:2], tg.nn.BatchNorm1d(40), *layers[2:], tg.nn.Linear(40, 4))
        return model, tg.optim.Adam(model.parameters(), lr=1e-3)

    def state(model, optimizer):
        arrays = [value.detach().numpy() for value in model.state_dict().values()]
        arrays += [np.asarray(v) for s in optimizer.state_dict()["state"].values() for v in s.values()]
        return hash(b"".join(a.tobytes() for a in arrays))

    def fit(model, optimizer, epochs, callbacks=()):
        return tg.train.fit(model, tg.nn.CrossEntropyLoss(), optimizer, [(x, y)], [(x, y)], epochs=epochs,
                            callbacks=callbacks, progress=False)

    model, optimizer = parts()
    known = {state(model, optimizer): 0}
    fit(model, optimizer, 100, [lambda training: known.setdefault(state(model, optimizer), len(known)) and None])
    before, half, ended = signal.getsignal(signal.SIGINT), 0, 0
    for _ in range(int(sys.argv[2])):
        model, optimizer = parts()
        timer = threading.Timer(rng.uniform(0.005, 0.06), os.kill, (os.getpid(), signal.SIGINT))
        try:
            timer.start()
            history = fit(model, optimizer, 100)
            ended += history.stopped is not None
            while not history.stopped:
                time.sleep(0.01)
        except KeyboardInterrupt:
            pass  # it came before the first step or after the last
        half += state(model, optimizer) not in known
        assert signal.getsignal(signal.SIGINT) is before
    print(ended, half)
""")


@pytest.fixture(autouse=True)
def pythons_own_handler():
    """What Ctrl-C does in a terminal; tests may run where it is ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def interrupted(how, times):
    result = subprocess.run(
        [sys.executable, "-c", PROGRAM, how, str(times)], capture_output=True, text=True, timeout=300
    )
    assert result.returncode == 0, result.stderr
    return [int(number) for number in result.stdout.split()]


@pytest.mark.skipif(sys.platform == "win32", reason="os.kill ends a process there")
def test_150_interrupts_leave_no_half_step():
    ended, half = interrupted("protected", 150)
    assert ended > 100 and half == 0


@pytest.mark.skipif(sys.platform == "win32", reason="os.kill ends a process there")
def test_the_count_of_half_steps_can_fail():
    ended, half = interrupted("unprotected", 40)
    assert ended > 25 and half > 0


# ---------------------------------------------------------------------- when it passes


def press(times=1):
    for _ in range(times):
        signal.raise_signal(signal.SIGINT)


def test_an_interrupt_waits_for_the_end_and_passes_elsewhere():
    seen = []
    with pytest.raises(KeyboardInterrupt), Interrupts() as interrupts, interrupts.held(0):
        with interrupts.held(1):
            press()
            seen.append("end")
        seen.append("never")
    assert seen == ["end"]
    with pytest.raises(KeyboardInterrupt), Interrupts() as interrupts, interrupts.held(0):
        press()
        seen.append("never")
    assert seen == ["end"]


def test_an_interrupt_that_python_drops_comes_again(monkeypatch):
    dropped, seen = [], []
    monkeypatch.setattr(sys, "unraisablehook", lambda what: dropped.append(what.exc_type))
    thing = Interrupts()
    watch = weakref.ref(thing, lambda _: press())
    with pytest.raises(KeyboardInterrupt), Interrupts() as interrupts, interrupts.held(0):
        with interrupts.held(0):
            del thing
            seen.append(watch())
        seen.append("never")
    assert dropped == [KeyboardInterrupt] and seen == [None]


def test_a_second_interrupt_passes_at_once_but_not_in_an_update():
    seen = []
    with pytest.raises(KeyboardInterrupt), Interrupts() as interrupts, interrupts.held(0), interrupts.held(1):
        press()
        seen.append("first")
        press()
        seen.append("never")
    with pytest.raises(KeyboardInterrupt), Interrupts() as interrupts, interrupts.held(0), interrupts.held(1):
        with interrupts.held(float("inf")):
            press(3)
            seen.append("update")
        seen.append("never")
    assert seen == ["first", "update"]


def test_one_that_waits_at_the_end_is_not_lost_and_the_handler_of_before_is_called():
    calls, before = [], signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt), Interrupts():
        press()
    signal.signal(signal.SIGINT, lambda number, frame: calls.append(number))
    try:
        with Interrupts() as interrupts, interrupts.held(0):
            with interrupts.held(1):
                press()
                assert not calls
            assert calls == [signal.SIGINT]
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        with Interrupts():
            press()
    finally:
        signal.signal(signal.SIGINT, before)


def test_an_error_passes_before_an_interrupt():
    with pytest.raises(ZeroDivisionError), Interrupts() as interrupts, interrupts.held(1):
        press()
        raise ZeroDivisionError
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_in_another_thread_nothing_changes():
    seen = []

    def work():
        with Interrupts() as interrupts, interrupts.held(1):
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [signal.default_int_handler]


# ---------------------------------------------------------------------- validation data


def problem(labels):
    x = tg.tensor(np.eye(4, dtype=np.float32))
    return [(x, tg.tensor(labels))]


@pytest.mark.parametrize("labels", [[0, 1, 2, 3], [0, -1, 0, 0]])
def test_bad_validation_labels_are_found_before_anything_is_trained(labels):
    model = tg.nn.Sequential(tg.nn.Linear(4, 3), tg.nn.BatchNorm1d(3))
    optimizer = tg.optim.SGD(model.parameters(), lr=0.1)
    before = {name: np.array(value.detach().numpy()) for name, value in model.state_dict().items()}
    with pytest.raises(TargetError, match="class index") as caught:
        tg.train.fit(model, tg.nn.CrossEntropyLoss(), optimizer, problem([0, 1, 2, 0]), problem(labels), epochs=3)
    assert "nothing was trained" in caught.value.__notes__[0]
    for name, value in model.state_dict().items():
        np.testing.assert_array_equal(value.detach().numpy(), before[name])
    assert model.training


@pytest.mark.parametrize("own", [False, True])
def test_the_first_measure_uses_up_no_random_number(own):
    x, y = problem([0, 1, 2, 0])[0]
    found = []
    for val in (None, True):
        tg.manual_seed(0)
        stream = tg.Generator().manual_seed(1) if own else None
        train = tg.data.DataLoader(tg.data.TensorDataset(x, y), 2, shuffle=True, generator=stream)
        val = val and tg.data.DataLoader(tg.data.TensorDataset(x, y), 2, shuffle=True, generator=stream)
        model = tg.nn.Sequential(tg.nn.Linear(4, 3), tg.nn.Dropout(0.5))
        optimizer = tg.optim.SGD(model.parameters(), lr=0.1)
        found.append(tg.train.fit(model, tg.nn.CrossEntropyLoss(), optimizer, train, val, epochs=1).loss)
    assert found[0] == found[1]
