"""Which accuracy a loss has, what callbacks see and do, and how a history is shown."""

import builtins
import csv
import struct
import sys

import numpy as np
import pytest

import tinygrad_bp as tg
from tinygrad_bp.autograd.errors import ArgumentError
from tinygrad_bp.train import Callback, DivergedError, EarlyStopping, Figures, History, KeepBest, evaluate, fit

F = tg.nn.functional
SCORES = [[2.0, 1.0, 0.0], [0.0, 1.0, 2.0], [0.0, 3.0, 2.0], [5.0, 1.0, 0.0]]
INDEX = [0, 1, 1, 0]  # three of four
ONE_HOT = np.eye(3, dtype=np.float32)[INDEX]
SOFT = 0.8 * ONE_HOT + 0.2 / 3
SIDES = [[1.5], [0.3], [-0.2], [0.7]]
LABELS = [[1.0], [0.0], [0.0], [1.0]]
PROBABILITIES = [[0.9], [0.6], [0.2], [0.4]]
ACCURACIES = [
    (tg.nn.CrossEntropyLoss(), SCORES, INDEX, 0.75),
    (tg.nn.CrossEntropyLoss(), SCORES, ONE_HOT, 0.75),
    (tg.nn.CrossEntropyLoss(), SCORES, SOFT, 0.75),
    (tg.nn.CrossEntropyLoss(ignore_index=1), SCORES, INDEX, 1.0),
    (tg.nn.CrossEntropyLoss(), SCORES, [0, -100, 1, -100], 1.0),
    (tg.nn.NLLLoss(), SCORES, INDEX, 0.75),
    (F.cross_entropy, SCORES, INDEX, 0.75),
    (lambda p, y: F.cross_entropy(p, y), SCORES, INDEX, 0.75),
    (tg.nn.BCEWithLogitsLoss(), SIDES, LABELS, 0.75),
    (F.binary_cross_entropy_with_logits, SIDES, LABELS, 0.75),
    (tg.nn.BCEWithLogitsLoss(), [[1.0, -1.0], [1.0, 1.0]], [[1.0, 1.0], [1.0, 1.0]], 0.75),
    (tg.nn.BCELoss(), PROBABILITIES, LABELS, 0.5),
    (tg.nn.BCELoss(), [0.9, 0.6], [1.0, 0.0], 0.5),
    (tg.nn.MSELoss(), PROBABILITIES, LABELS, 0.5),
    (tg.nn.MSELoss(reduction="sum"), SCORES, ONE_HOT, 0.75),
    (tg.nn.MSELoss(), PROBABILITIES, [[0.9], [0.0], [0.0], [1.0]], None),
    (tg.nn.MSELoss(), SCORES, np.zeros((4, 3), np.float32), None),
    (lambda p, y: F.mse_loss(p, y), PROBABILITIES, LABELS, None),
]


@pytest.mark.parametrize("loss, scores, target, accuracy", ACCURACIES)
def test_the_accuracy_of_each_loss(loss, scores, target, accuracy):
    found = evaluate(tg.nn.Identity(), loss, [(tg.tensor(scores), tg.tensor(target))])
    assert found.accuracy == accuracy
    assert found.accuracy is None or type(found.accuracy) is float


def test_a_regression_whose_first_batch_looks_like_labels_has_no_accuracy():
    batches = [(tg.tensor([0.2]), tg.tensor([1.0])), (tg.tensor([0.2]), tg.tensor([0.7]))]
    assert evaluate(tg.nn.Identity(), tg.nn.MSELoss(), batches).accuracy is None


def test_a_metric_takes_the_place_of_the_accuracy():
    def absolute(p, y):
        assert not p.requires_grad
        return (p - y).abs().mean()

    layer = tg.nn.Linear(1, 1)
    with tg.no_grad():
        layer.weight.fill_(1.0)
        layer.bias.zero_()
    batches = [(tg.tensor([[1.0], [1.0]]), tg.tensor([[2.0], [2.0]])), (tg.tensor([[1.0]]), tg.tensor([[5.0]]))]
    optimizer = tg.optim.SGD(layer.parameters(), lr=0.0)
    history = fit(layer, tg.nn.MSELoss(), optimizer, batches, batches, metric=absolute)
    assert history.accuracy == history.val_accuracy == [2.0]
    assert evaluate(layer, tg.nn.MSELoss(), batches, metric=absolute) == Figures(6.0, 2.0)


# ---------------------------------------------------------------------- callbacks


class Scripted(tg.nn.Module):
    """A model whose validation loss is a given list: its weight counts the steps."""

    def __init__(self, values):
        super().__init__()
        self.weight = tg.nn.Parameter(tg.zeros(1))
        self.values = values

    def forward(self, x):
        if self.training:
            return -self.weight + 0 * x  # gradient -1: a step of lr 1 adds 1
        return tg.tensor([self.values[int(self.weight.item()) - 1]])


X = [(tg.zeros(1), tg.zeros(1))]


def scripted(values, callbacks, epochs=None):
    model = Scripted(values)
    optimizer = tg.optim.SGD(model.parameters(), lr=1.0)
    history = fit(model, lambda p, y: p.sum(), optimizer, X, X, epochs=epochs or len(values), callbacks=callbacks)
    return model, history


def test_a_function_is_called_after_each_epoch_and_true_stops():
    seen = []

    def look(training):
        seen.append((training.history.val_loss[-1], len(training.history), training.epochs, training.validates))
        return len(seen) == 2

    _, history = scripted([3.0, 2.0, 1.0], [look])
    assert seen == [(3.0, 1, 3, True), (2.0, 2, 3, True)]
    assert history.stopped == "look after epoch 2"
    _, history = scripted([3.0, 2.0], [lambda training: np.float64(training.history.loss[-1]) >= 0])  # NumPy's True
    assert len(history) == 1 and history.stopped
    _, history = scripted([3.0, 2.0], [lambda training: 1])  # a number is not True
    assert len(history) == 2 and not history.stopped


def test_early_stopping_waits_for_patience_epochs_without_improvement():
    stopping = EarlyStopping(patience=2)
    values = [5.0, 4.0, 4.5, 3.875, 3.875, 4.0, 1.0]
    model, history = scripted(values, [stopping])
    assert history.val_loss == values[:6]
    assert history.stopped == "EarlyStopping(monitor='val_loss', patience=2) after epoch 6"
    assert model.weight.item() == 6
    assert scripted(values, [stopping])[1].val_loss == values[:6]  # the same object begins afresh
    assert scripted(values, [EarlyStopping(patience=1, min_delta=0.5)])[1].val_loss == values[:3]
    assert scripted(values, [EarlyStopping(patience=1, mode="max")])[1].val_loss == values[:2]
    assert scripted(values, [EarlyStopping(patience=3)])[1].val_loss == values


def test_keep_best_restores_the_best_weights():
    keep = KeepBest()
    model, history = scripted([5.0, 2.0, 4.0, 2.0, 3.0], [keep, EarlyStopping(patience=3)])
    assert (model.weight.item(), keep.epoch, keep.best, history.best) == (2, 1, 2.0, 1)
    assert scripted([1.0, 3.0, 2.0], [KeepBest(mode="max")])[0].weight.item() == 2
    assert scripted([1.0], [keep])[0].weight.item() == 1


def interrupt(training):
    if len(training.history) == 3:
        raise KeyboardInterrupt


def broken(training):
    if len(training.history) == 3:
        raise ZeroDivisionError


def test_keep_best_restores_after_an_interrupt_a_divergence_and_an_error():
    model, history = scripted([5.0, 2.0, 4.0, 1.0], [KeepBest(), interrupt])
    assert (model.weight.item(), len(history)) == (2, 3)
    for end, values, callback in [
        (DivergedError, [5.0, 2.0, float("inf")], None),
        (ZeroDivisionError, [5.0, 2.0, 3.0], broken),
    ]:
        model = Scripted(values)
        optimizer = tg.optim.SGD(model.parameters(), lr=1.0)
        callbacks = [KeepBest(), *([callback] if callback else [])]
        with pytest.raises(end):
            fit(model, lambda p, y: p.sum(), optimizer, X, X, epochs=3, callbacks=callbacks)
        assert model.weight.item() == 2


def test_keep_best_brings_back_the_statistics_of_batch_norm():
    model = tg.nn.Sequential(tg.nn.Linear(2, 4), tg.nn.BatchNorm1d(4), tg.nn.Linear(4, 2))
    data = [(tg.randn(8, 2), tg.randint(0, 2, (8,)))]
    optimizer = tg.optim.SGD(model.parameters(), lr=3.0)
    keep = KeepBest()
    history = fit(model, tg.nn.CrossEntropyLoss(), optimizer, data, data, epochs=6, callbacks=[keep])
    assert evaluate(model, tg.nn.CrossEntropyLoss(), data).loss == min(history.val_loss) == keep.best
    assert len(set(history.val_loss)) == 6


def test_a_callback_object_is_told_of_start_and_end():
    told = []

    class Telling(Callback):
        def on_fit_start(self, training):
            told.append(("start", len(training.history)))

        def on_epoch_end(self, training):
            told.append(("epoch", len(training.history)))

        def on_fit_end(self, training):
            told.append(("end", len(training.history)))

    scripted([2.0, 1.0], [Telling(), Callback()])
    assert told == [("start", 0), ("epoch", 1), ("epoch", 2), ("end", 2)]


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: KeepBest("accuracy_val"), "KeepBest: monitor is one of loss, accuracy, val_loss, val_accuracy; got"),
        (lambda: EarlyStopping(mode="low"), "mode is 'min' or 'max'"),
        (lambda: EarlyStopping(patience=0), "patience is a number of epochs from 1, got 0"),
        (lambda: EarlyStopping(min_delta=-1.0), "min_delta must not be negative"),
        (lambda: scripted([1.0], [KeepBest("accuracy")]), "this loss has no accuracy"),
    ],
)
def test_settings_without_a_meaning_are_refused(make, message):
    with pytest.raises(ArgumentError, match=message):
        make()


# ---------------------------------------------------------------------- history


def long_history(epochs=7, validated=True, lr=0.1):
    history = History("CrossEntropyLoss")
    for i in range(epochs):
        validation = Figures(0.5 + abs(i - 3) / 16, 0.75) if validated else None
        history.append(Figures(1 / (1 + i), 0.5 + i / 16), validation, lr / (1 + i // 4), 0.25)
    return history


SHOWN = """\
History: 7 epochs, 1.75 s; lowest val_loss 0.5 in epoch 4
epoch    loss  accuracy  val_loss  val_accuracy    lr  seconds
    …
    3  0.3333    0.6250    0.5625        0.7500   0.1     0.25
    4    0.25    0.6875       0.5        0.7500   0.1     0.25
    5     0.2    0.7500    0.5625        0.7500  0.05     0.25
    6  0.1667    0.8125     0.625        0.7500  0.05     0.25
    7  0.1429    0.8750    0.6875        0.7500  0.05     0.25"""


def test_the_history_shows_its_last_epochs_as_a_table():
    history = long_history()
    assert repr(history) == str(history) == SHOWN
    assert history.best == 3 and len(history) == 7
    assert "val" not in repr(long_history(validated=False)) and "…" not in repr(long_history(5))
    assert repr(History()) == "History: no epoch"
    history = long_history(1, validated=False)
    history.stopped = "interrupted in epoch 2"
    assert repr(history).splitlines()[0] == (
        "History: 1 epoch, 0.25 s; lowest loss 1 in epoch 1; stopped: interrupted in epoch 2"
    )
    with pytest.raises(ArgumentError, match="no epoch"):
        History().best  # noqa: B018


def test_to_csv_gives_every_figure_back(tmp_path):
    history = long_history(3)
    history.accuracy[1] = None
    history.to_csv(tmp_path / "history.csv")
    text = (tmp_path / "history.csv").read_bytes()
    assert b"\r\n\r\n" not in text
    with open(tmp_path / "history.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["epoch"]) for row in rows] == [1, 2, 3]
    for name in ("loss", "accuracy", "val_loss", "val_accuracy", "lr", "seconds"):
        assert [float(row[name]) if row[name] else None for row in rows] == getattr(history, name)


@pytest.mark.parametrize(
    "history, labels",
    [
        (long_history(), ["CrossEntropyLoss, mean", "accuracy (%)", "learning rate"]),
        (long_history(3), ["CrossEntropyLoss, mean", "accuracy (%)"]),
        (long_history(1, validated=False), ["CrossEntropyLoss, mean", "accuracy (%)"]),
    ],
)
def test_plot_draws_what_there_is(history, labels, tmp_path):
    figure = history.plot(tmp_path / "history.png")
    assert [axes.get_ylabel() for axes in figure.axes] == labels
    assert all(axes.get_xlabel() == "epoch" for axes in figure.axes)
    lines = figure.axes[0].lines
    np.testing.assert_array_equal(lines[0].get_ydata(), history.loss)
    assert (figure.axes[0].get_legend() is not None) == (len(lines) == 2) == (None not in history.val_loss)
    np.testing.assert_allclose(figure.axes[1].lines[0].get_ydata(), 100 * np.array(history.accuracy))
    png = (tmp_path / "history.png").read_bytes()
    width, height = struct.unpack(">II", png[16:24])
    assert png[1:4] == b"PNG" and width > 1000 and height > 400


def test_plot_of_a_regression_has_no_accuracy(tmp_path):
    history = History("MSELoss")
    history.append(Figures(1.0, None), Figures(2.0, None), 0.1, 0.5)
    assert [axes.get_ylabel() for axes in history.plot().axes] == ["MSELoss, mean"]
    with pytest.raises(ArgumentError, match="no epoch to draw"):
        History().plot()


def test_plot_draws_into_axes_that_are_there():
    figure = pytest.importorskip("matplotlib.figure").Figure()
    first, second = figure.subplots(1, 2)
    history = long_history()
    assert history.plot(ax=first) is first and first.get_ylabel() == "CrossEntropyLoss, mean" and not second.lines
    both = figure.subplots(1, 2)
    assert history.plot(ax=both) is both and [axes.get_ylabel() for axes in both][1] == "accuracy (%)"
    assert long_history().plot(ax=list(both)) == list(both)


def test_pyplot_shows_the_figure_where_it_is_imported(monkeypatch, tmp_path):
    pyplot = pytest.importorskip("matplotlib.pyplot")
    figure = long_history().plot()
    assert pyplot.get_fignums() == [figure.number]
    pyplot.close(figure)
    long_history().plot(tmp_path / "history.png")
    assert not pyplot.get_fignums()
    monkeypatch.delitem(sys.modules, "matplotlib.pyplot")
    long_history().plot()
    assert not pyplot.get_fignums()


def test_the_history_as_html():
    text = long_history()._repr_html_()
    assert text.startswith("<p>History: 7 epochs, 1.75 s; lowest val_loss 0.5 in epoch 4</p><table><tr><th>epoch</th>")
    assert text.count("<tr>") == 7 and "<td>0.1429</td>" in text
    assert History()._repr_html_() == "<p>History: no epoch</p><table><tr></tr></table>"


def test_plot_without_matplotlib_names_the_extra(monkeypatch):
    real = builtins.__import__

    def without(name, *args, **kwargs):
        if name.startswith("matplotlib"):
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ImportError, match=r'pip install "tinygrad_bp\[demos\]"'):
        long_history().plot()
