"""``tg.train.Monitor``: silent where a training is sound, a sentence where it is not, and it leaves no trace."""

from __future__ import annotations

import builtins
import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import monitored_trainings as trainings
import numpy as np
import pytest
from parts import some

import tinygrad_bp as tg
from tinygrad_bp import nn, optim
from tinygrad_bp.autograd.errors import ArgumentError
from tinygrad_bp.train import Monitor, Report, fit


@pytest.mark.parametrize("training", trainings.SOUND, ids=lambda t: t.__name__)
@pytest.mark.parametrize("seed", some([0, 1], 1))
def test_nothing_is_said_of_a_sound_training(training: Callable[[], Monitor], seed: int) -> None:
    tg.manual_seed(seed)
    report = training().report()
    assert report == () and str(report) == "Nothing went wrong that a monitor can see."


@pytest.mark.filterwarnings("ignore:(overflow|invalid)")  # it diverges
@pytest.mark.parametrize("training", trainings.BROKEN, ids=lambda t: t.__name__)
@pytest.mark.parametrize("seed", [0, 1])
def test_each_broken_training_has_its_sentence(training: Callable[[], Monitor], seed: int) -> None:
    tg.manual_seed(seed)
    monitor = training()
    report = monitor.report()
    code = trainings.BROKEN[training]
    assert code in report.codes and len(report) <= 2, report
    assert str(monitor) == str(report) == "\n".join(f"{code}: {text}" for code, text in report)


def test_there_is_a_broken_training_for_every_rule() -> None:
    from tinygrad_bp.train.remarks import RULES

    codes = [code for code, _, _ in RULES]
    assert sorted(codes) == sorted(trainings.BROKEN.values())
    assert all(hidden in codes for _, _, hides in RULES for hidden in hides)


def test_what_a_loss_climbs_to_at_first_is_not_its_beginning() -> None:
    from tinygrad_bp.train.remarks import Record

    seen = Record([0.7] * 12 + list(np.geomspace(0.7, 1e9, 90)) + [0.7] * 900, [], [], None, None)
    assert seen.first == 0.7 and not seen.learned


def parts(seed: int = 0) -> tuple[Any, Any, Any, Any, Any]:
    tg.manual_seed(seed)
    x, y = trainings.digits(200)
    model = nn.Sequential(nn.Linear(64, 16), nn.ReLU(), nn.Linear(16, 16), nn.Tanh(), nn.Linear(16, 10))
    return model, nn.CrossEntropyLoss(), optim.SGD(model.parameters(), lr=0.1, momentum=0.9), x, y


def test_what_it_records() -> None:
    model, loss_of, optimizer, x, y = parts()
    monitor = Monitor(model, optimizer, every=1)
    before = [model[i].weight.detach().numpy().copy() for i in (0, 2, 4)]
    loss = loss_of(model(x), y)
    monitor.step(loss)
    assert all(p.grad is None for p in model.parameters())
    loss.backward()
    optimizer.step()
    monitor.report()
    (sample,) = monitor.samples
    assert monitor.losses == [loss.item()] and list(sample.gradients) == ["0.weight", "2.weight", "4.weight"]
    relu, tanh = sample.units
    assert (relu.layer, relu.kind, tanh.layer, tanh.kind) == ("0.weight", "relu", "2.weight", "tanh")
    assert relu.alive.shape == (16,) and 0 <= tanh.saturated < 0.1
    for i, old in zip((0, 2, 4), before, strict=True):
        layer = model[i].weight
        rms = np.sqrt(np.mean(layer.grad.numpy() ** 2))
        np.testing.assert_allclose(sample.gradients[f"{i}.weight"], rms, rtol=1e-4)
        moved = np.linalg.norm(layer.detach().numpy() - old) / np.linalg.norm(old)
        np.testing.assert_allclose(sample.updates[f"{i}.weight"], moved, rtol=1e-4)


def test_dead_units_are_those_that_no_example_reaches() -> None:
    model, loss_of, optimizer, x, y = parts()
    with tg.no_grad():
        model[0].bias[:5] = -100.0
    monitor = Monitor(model, optimizer, every=1)
    monitor.step(loss_of(model(x), y))
    assert not monitor.samples[0].units[0].alive[:5].any() and monitor.samples[0].units[0].alive[5:].mean() > 0.5


def test_training_is_bit_equal_with_it() -> None:
    runs = []
    for monitored in (False, True):
        model, loss, optimizer, x, y = parts()
        callbacks = [Monitor(every=1), Monitor(every=3)] if monitored else []
        runs.append(fit(model, loss, optimizer, trainings.batches(x, y, 32), epochs=3, callbacks=callbacks).loss)
        assert not model._hooks and not any(p.requires_grad is False for p in model.parameters())
    assert runs[0] == runs[1] and len(callbacks[0].samples) == 21 and len(callbacks[1].samples) == 7


def test_it_begins_afresh() -> None:
    monitor = Monitor(every=1)
    for _ in range(2):
        model, loss, optimizer, x, y = parts()
        fit(model, loss, optimizer, [(x, y)], epochs=4, callbacks=[monitor])
        assert len(monitor.losses) == len(monitor.samples) == 4 and monitor.epochs == [1, 2, 3, 4]
    assert all(sample.updates for sample in monitor.samples)


@pytest.mark.parametrize("backend", ["numpy", True])
def test_compiled_it_sees_losses_and_updates(backend: Any) -> None:
    model, loss, optimizer, x, y = parts()
    monitor = Monitor(every=2)
    fit(model, loss, optimizer, [(x, y)], epochs=10, callbacks=[monitor], compile=backend)
    assert len(monitor.losses) == 10 and len(monitor.samples) == 5
    assert all(sample.updates and not sample.units for sample in monitor.samples)


def test_after_backward_it_sees_what_is_left() -> None:
    model, loss_of, optimizer, x, y = parts()
    monitor = Monitor(model, optimizer, every=1)
    for _ in range(3):
        optimizer.zero_grad()
        loss = loss_of(model(x), y)
        loss.backward()
        optimizer.step()
        monitor.step(loss)
    assert all(len(sample.gradients) == 3 and not sample.units for sample in monitor.samples)
    monitor.step(0.5)  # a number alone
    assert monitor.losses[-1] == 0.5 and len(monitor.samples) == 3 and isinstance(monitor.report(), Report)


def test_a_model_called_twice_in_a_step() -> None:
    model, _, optimizer, x, _ = parts()
    monitor = Monitor(model, optimizer, every=1)
    monitor.step(((model(x[:50]) - model(x[50:100])) ** 2).mean())
    assert [unit.kind for unit in monitor.samples[0].units] == ["relu", "tanh"] * 2


def test_the_model_is_copied_and_saved_meanwhile(tmp_path: Path) -> None:
    model, loss_of, optimizer, x, y = parts()
    monitor = Monitor(model, optimizer, every=1)
    monitor.step(loss_of(model(x), y))
    tg.save(model.state_dict(), tmp_path / "model.npz")
    loaded = parts(1)[0]
    loaded.load_state_dict(tg.load(tmp_path / "model.npz"))
    for other in (copy.deepcopy(model), loaded):
        assert np.array_equal(other(x).detach().numpy(), model(x).detach().numpy())
    assert len(monitor.losses) == 1


def test_an_interrupt_leaves_it_and_the_model_whole() -> None:
    model, loss, optimizer, x, y = parts()
    monitor = Monitor(every=1)

    def interrupt(training: Any) -> None:
        if len(training.history) == 3:
            raise KeyboardInterrupt

    history = fit(model, loss, optimizer, [(x, y)], epochs=9, callbacks=[monitor, interrupt])
    assert history.stopped and len(monitor.losses) == 3 and monitor.samples[-1].updates
    assert model(x).shape == (200, 10) and not model._hooks


def test_settings_without_a_meaning() -> None:
    for made, said in (
        (lambda: Monitor(every=0), "every is a number of steps from 1, got 0"),
        (lambda: Monitor(3), "expected a Module, got int"),  # type: ignore[arg-type]
        (lambda: Monitor(nn.Linear(1, 1), 3), "expected a tg.optim optimizer, got int"),  # type: ignore[arg-type]
        (lambda: Monitor().step(tg.tensor(1.0)), r"give it the model, Monitor\(model, optimizer\)"),
        (lambda: Monitor().plot(), "has seen no step"),
    ):
        with pytest.raises(ArgumentError, match=said):
            made()
    assert Monitor().report() == () and repr(Monitor()) == "Monitor(0 steps, 0 looked at)"


def test_how_often_it_looks_is_bounded_by_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a clock that a step moves by 100 and a look by 300, it looks at about one step in 300."""
    clock = [1.0]
    monkeypatch.setattr("tinygrad_bp.train.monitor.thread_time", lambda: clock[0])
    model, loss_of, optimizer, x, y = parts()
    monitor = Monitor(model, optimizer)
    look = monitor._look

    def slow(loss: Any) -> None:
        clock[0] += 300
        look(loss)

    monitor._look = slow  # type: ignore[method-assign]
    loss = loss_of(model(x), y)
    for _ in range(3001):
        clock[0] += 100
        monitor.step(loss)
    assert 8 <= len(monitor.samples) <= 12


def test_the_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("matplotlib")
    model, loss, optimizer, x, y = parts()
    monitor = Monitor(every=1)
    fit(model, loss, optimizer, trainings.batches(x, y, 32), epochs=3, callbacks=[monitor])
    figure = monitor.plot(tmp_path / "monitor.png")
    assert (tmp_path / "monitor.png").stat().st_size > 10_000
    assert [len(axes.lines) for axes in figure.axes] == [1, 3, 3, 2]
    plain = Monitor(nn.Linear(2, 1))
    plain.step(0.5)
    assert plain.plot().axes[3].texts[0].get_text() == "no hidden units were seen"

    def without(name: str, *args: Any, **kwargs: Any) -> Any:
        if name.startswith("matplotlib"):
            raise ImportError(name)
        return real(name, *args, **kwargs)

    real = builtins.__import__
    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ImportError, match=r'Monitor.plot needs matplotlib: pip install "tinygrad_bp\[demos\]"'):
        plain.plot()
