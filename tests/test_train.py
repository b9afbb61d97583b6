"""fit gives the numbers of the loop written by hand, and leaves everything as it should be."""

import builtins
import io
import re
import subprocess
import sys
import time

import numpy as np
import pytest

import tinygrad_bp as tg
from tinygrad_bp.autograd.errors import ArgumentError, AutogradError, NonScalarError
from tinygrad_bp.random.sampling import default_generator
from tinygrad_bp.train import DivergedError, Figures, evaluate, fit


class Net(tg.nn.Module):
    """Dropout draws random numbers and batch norm keeps statistics, in train mode alone."""

    def __init__(self):
        super().__init__()
        self.hidden = tg.nn.Linear(4, 6)
        self.norm = tg.nn.BatchNorm1d(6)
        self.drop = tg.nn.Dropout(0.3)
        self.out = tg.nn.Linear(6, 3)

    def forward(self, x):
        return self.out(self.drop(self.norm(self.hidden(x)).relu()))


def problem(rows=50):
    rng = np.random.default_rng(0)
    x = rng.standard_normal((rows, 4)).astype(np.float32)
    return tg.data.TensorDataset(tg.tensor(x), tg.tensor(x[:, :3].argmax(1)))


def parts(lr=0.1, momentum=0.9, rows=50, batch_size=16):
    tg.manual_seed(3)
    model = Net()
    optimizer = tg.optim.SGD(model.parameters(), lr=lr, momentum=momentum)
    return model, tg.nn.CrossEntropyLoss(), optimizer, tg.data.DataLoader(problem(rows), batch_size, shuffle=True)


def by_hand(model, loss_of, optimizer, loader, epochs, val=None, schedule=None):
    """The loop of the guide, keeping what fit keeps."""
    losses, val_losses, accuracies = [], [], []
    for _ in range(epochs):
        model.train()
        total = rows = right = 0
        for x, y in loader:
            optimizer.zero_grad()
            scores = model(x)
            loss = loss_of(scores, y)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(x)
            rows += len(x)
            right += (scores.argmax(dim=1) == y).sum().item()
        losses.append(total / rows)
        accuracies.append(right / rows)
        if val is not None:
            model.eval()
            total = rows = 0
            with tg.no_grad():
                for x, y in val:
                    total += loss_of(model(x), y).item() * len(x)
                    rows += len(x)
            val_losses.append(total / rows)
        if schedule is not None:
            schedule.step()
    return losses, accuracies, val_losses


def test_a_loop_by_hand_gives_bit_equal_losses():
    val = tg.data.DataLoader(problem(30), 8)
    model, loss, optimizer, loader = parts()
    schedule = tg.optim.lr_scheduler.StepLR(optimizer, 2, gamma=0.5)
    losses, accuracies, val_losses = by_hand(model, loss, optimizer, loader, 5, val, schedule)
    other, loss, optimizer, loader = parts()
    schedule = tg.optim.lr_scheduler.StepLR(optimizer, 2, gamma=0.5)
    history = fit(other, loss, optimizer, loader, val, epochs=5, schedule=schedule)
    assert history.loss == losses
    assert history.val_loss == val_losses
    assert history.accuracy == accuracies
    assert history.lr == [0.1, 0.1, 0.05, 0.05, 0.025]
    for a, b in zip(model.parameters(), other.parameters(), strict=True):
        np.testing.assert_array_equal(a.detach().numpy(), b.detach().numpy())


def test_compiled_steps_give_the_same_training():
    val = tg.data.DataLoader(problem(30), 8)
    model, loss, optimizer, loader = parts()
    schedule = tg.optim.lr_scheduler.StepLR(optimizer, 2, gamma=0.5)
    losses, accuracies, val_losses = by_hand(model, loss, optimizer, loader, 5, val, schedule)
    other, loss, optimizer, loader = parts()
    schedule = tg.optim.lr_scheduler.StepLR(optimizer, 2, gamma=0.5)
    history = fit(other, loss, optimizer, loader, val, epochs=5, schedule=schedule, compile=True)
    np.testing.assert_allclose(history.loss, losses, rtol=1e-5)
    np.testing.assert_allclose(history.val_loss, val_losses, rtol=1e-5)
    assert history.accuracy == accuracies and history.lr == [0.1, 0.1, 0.05, 0.05, 0.025]
    for a, b in zip(model.parameters(), other.parameters(), strict=True):
        np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy(), rtol=1e-4, atol=1e-6)


def test_compiled_steps_refuse_what_others_refuse():
    with pytest.raises(tg.train.DivergedError, match="the loss became"):
        model = tg.nn.Linear(2, 1)
        batches = [(tg.full((3, 2), value), tg.zeros(3, 1)) for value in (1.0, 1.0, 1.0, tg.nan)]
        fit(model, tg.nn.MSELoss(), tg.optim.SGD(model.parameters(), lr=0.1), batches, compile=True)
    with pytest.raises(tg.AutogradError, match="backend is"):
        fit(*parts(), epochs=1, compile="fortran")
    model, _, optimizer, loader = parts()
    with pytest.raises(tg.AutogradError, match="must be a tensor of one number"):
        fit(model, tg.nn.CrossEntropyLoss(reduction="none"), optimizer, loader, compile=True)


def test_the_comparison_with_a_loop_by_hand_can_fail():
    losses, _, _ = by_hand(*parts(), 3)
    assert fit(*parts(lr=0.1 + 1e-6), epochs=3).loss != losses


PROGRAM = """
import sys
sys.path.insert(0, "tests")
from test_train import parts
from tinygrad_bp.train import fit
print([loss.hex() for loss in fit(*parts(), epochs=3).loss])
"""


def test_the_same_seed_gives_bit_equal_losses_again_and_in_a_fresh_process():
    first = [loss.hex() for loss in fit(*parts(), epochs=3).loss]
    assert [loss.hex() for loss in fit(*parts(), epochs=3).loss] == first
    fresh = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    assert fresh.stdout.strip() == str(first)


def test_fit_goes_on_where_an_earlier_one_ended():
    whole = fit(*parts(), epochs=4).loss
    model, loss, optimizer, loader = parts()
    assert (
        fit(model, loss, optimizer, loader, epochs=1).loss + fit(model, loss, optimizer, loader, epochs=3).loss == whole
    )


def test_batches_may_be_lists_of_arrays_or_a_generator_for_one_epoch():
    x, y = (tensor.detach().numpy() for tensor in problem().tensors)
    pairs = [(x[:30], y[:30]), [x[30:].tolist(), y[30:].tolist()]]
    model, loss, optimizer, _ = parts()
    a = fit(model, loss, optimizer, pairs).loss
    model, loss, optimizer, _ = parts()
    assert fit(model, loss, optimizer, (pair for pair in pairs)).loss == a


def test_the_epochs_loss_is_the_mean_over_rows_not_over_batches():
    x = tg.tensor([[1.0], [1.0], [4.0]])
    model = tg.nn.Identity()
    assert evaluate(model, tg.nn.MSELoss(), [(x[:2], x[:2] + 1), (x[2:], x[2:] - 4)]) == Figures(6.0, None)


def test_clip_grad_norm_and_batch_schedule_are_those_of_a_loop_by_hand():
    model, loss_of, optimizer, loader = parts()
    schedule = tg.optim.lr_scheduler.OneCycleLR(optimizer, 0.5, epochs=2, steps_per_epoch=len(loader))
    losses, rates = [], []
    for _ in range(2):
        rates.append(optimizer.param_groups[0]["lr"])
        total = 0
        for x, y in loader:
            optimizer.zero_grad()
            loss = loss_of(model(x), y)
            loss.backward()
            tg.nn.clip_grad_norm_(model.parameters(), 0.2)
            optimizer.step()
            schedule.step()
            total += loss.item() * len(x)
        losses.append(total / 50)
    model, loss_of, optimizer, loader = parts()
    schedule = tg.optim.lr_scheduler.OneCycleLR(optimizer, 0.5, epochs=2, steps_per_epoch=len(loader))
    history = fit(model, loss_of, optimizer, loader, epochs=2, batch_schedule=schedule, clip_grad_norm=0.2)
    assert (history.loss, history.lr) == (losses, rates)
    assert fit(*parts(), epochs=2).loss != losses


@pytest.mark.parametrize("validated", [False, True])
def test_a_plateau_schedule_gets_the_validation_loss_or_else_the_training_loss(validated):
    model, loss, optimizer, loader = parts(lr=0.0)
    seen = []

    class Recording(tg.optim.lr_scheduler.ReduceLROnPlateau):
        def step(self, metrics, epoch=None):
            seen.append(metrics)

    val = tg.data.DataLoader(problem(30), 8) if validated else None
    history = fit(model, loss, optimizer, loader, val, epochs=2, schedule=Recording(optimizer))
    assert seen == (history.val_loss if validated else history.loss)
    plateau = tg.optim.lr_scheduler.ReduceLROnPlateau(optimizer, patience=0)
    optimizer.param_groups[0]["lr"] = 1e-30  # too small a step to improve anything
    constant = [next(iter(tg.data.DataLoader(problem(), 50)))]
    model.drop.p, model.norm.momentum = 0.0, 0.0
    assert fit(model, loss, optimizer, constant, epochs=3, schedule=plateau).lr[-1] == pytest.approx(1e-30)


def test_train_and_eval_modes_during_and_after():
    model, loss, optimizer, loader = parts()
    model.norm.eval()
    model.drop.training = False
    before = [module.training for module in model.modules()]
    seen = []

    def spy(scores, y):
        seen.append((model.norm.training and model.drop.training, tg.is_grad_enabled()))
        return loss(scores, y)

    fit(
        model,
        spy,
        optimizer,
        loader,
        [next(iter(loader))],
        epochs=2,
        callbacks=[lambda training: training.model.eval()],
    )
    # The validation data is tried out first.
    assert seen == [(False, False), *[*[(True, True)] * 4, (False, False)] * 2]
    assert [module.training for module in model.modules()] == before
    with pytest.raises(ZeroDivisionError):
        fit(model, lambda *_: 1 / 0, optimizer, loader)
    assert [module.training for module in model.modules()] == before
    evaluate(model, loss, loader)
    assert [module.training for module in model.modules()] == before


def test_a_loss_that_is_not_finite_raises_before_the_step_and_keeps_the_history():
    model, loss_of, optimizer, loader = parts()
    seen = []

    def breaks(scores, y):
        seen.append([p.detach().numpy().copy() for p in model.parameters()])
        return loss_of(scores, y) * (float("nan") if len(seen) == 7 else 1.0)

    with pytest.raises(DivergedError, match=r"loss became nan in epoch 2, batch 3 \(learning rate 0.1\)\. Try") as info:
        fit(model, breaks, optimizer, loader, epochs=3)
    assert len(info.value.history) == 1
    assert isinstance(info.value, (AutogradError, FloatingPointError))
    for p, before in zip(model.parameters(), seen[-1], strict=True):
        np.testing.assert_array_equal(p.detach().numpy(), before)
    assert model.training
    bad = [(tg.zeros(2, 4), tg.tensor([0, 1])), (tg.full((2, 4), float("inf")), tg.tensor([0, 1]))]
    model, loss_of, optimizer, loader = parts()
    with (
        np.errstate(all="ignore"),
        pytest.raises(DivergedError, match="nan in the validation after epoch 1") as info,
    ):
        fit(model, loss_of, optimizer, loader, bad)
    assert len(info.value.history) == 0


def test_an_interrupt_returns_the_history_so_far():
    model, loss_of, optimizer, loader = parts()
    model.eval()
    calls = []

    def interrupted(scores, y):
        calls.append(0)
        if len(calls) == 11:
            raise KeyboardInterrupt
        return loss_of(scores, y)

    history = fit(model, interrupted, optimizer, loader, epochs=9)
    assert history.stopped == "interrupted in epoch 3"
    assert history.loss == fit(*parts(), epochs=2).loss
    assert not model.training


def test_an_interrupt_leaves_no_half_of_an_epoch_in_the_history():
    class Interrupting(list):
        def append(self, value):
            raise KeyboardInterrupt

    history = tg.train.History()
    history.append(Figures(1.0, None), None, 0.1, 0.5)
    history.lr = Interrupting(history.lr)
    with pytest.raises(KeyboardInterrupt):
        history.append(Figures(0.5, None), None, 0.1, 0.5)
    assert [
        len(getattr(history, name)) for name in ("loss", "accuracy", "val_loss", "val_accuracy", "lr", "seconds")
    ] == [1] * 6


MODEL = tg.nn.Linear(2, 1)
SGD = tg.optim.SGD(MODEL.parameters(), lr=0.1)
LBFGS = tg.optim.LBFGS(MODEL.parameters())
PLATEAU = tg.optim.lr_scheduler.ReduceLROnPlateau(SGD)
MSE = tg.nn.MSELoss()
XY = [(np.zeros((3, 2), np.float32), np.zeros((3, 1), np.float32))]
ROWS = tg.data.TensorDataset(*XY[0])
REFUSED = [
    (lambda: fit(MSE, MSE, SGD, XY), "none of the optimizer's tensors is a parameter of the model"),
    (lambda: fit(lambda x: x, MSE, SGD, XY), "fit: model: expected a Module, got function"),
    (lambda: fit(MODEL, "mse", SGD, XY), r"loss is called with \(model\(x\), y\), and str cannot be called"),
    (lambda: fit(MODEL, SGD, MSE, XY), "SGD cannot be called"),
    (lambda: fit(MODEL, MSE, MODEL, XY), "expected a tg.optim optimizer, got Linear"),
    (lambda: fit(MODEL, MSE, SGD, XY, epochs=-1), "epochs is a whole number from 0, got -1"),
    (lambda: fit(MODEL, MSE, SGD, XY, epochs=1.5), "epochs is a whole number from 0, got 1.5"),
    (lambda: fit(MODEL, MSE, SGD, []), "train is empty"),
    (lambda: fit(MODEL, MSE, SGD, XY, []), "val is empty"),
    (lambda: fit(MODEL, MSE, SGD, tg.data.DataLoader(ROWS, 8, drop_last=True)), "train is empty.*drop_last"),
    (lambda: fit(MODEL, MSE, SGD, iter(())), "train: the data gave no row"),
    (lambda: fit(MODEL, MSE, SGD, XY[0]), r"give \[\(x, y\)\] for a single batch"),
    (lambda: fit(MODEL, MSE, SGD, XY[0][0]), r"give \[\(x, y\)\] for a single batch"),
    (lambda: fit(MODEL, MSE, SGD, tg.tensor(XY[0][0])), r"give \[\(x, y\)\] for a single batch"),
    (lambda: fit(MODEL, MSE, SGD, ROWS), r"got TensorDataset; a dataset goes into DataLoader\(train"),
    (lambda: fit(MODEL, MSE, SGD, XY, 3), "val is a DataLoader or a list of pairs"),
    (lambda: fit(MODEL, MSE, SGD, iter(XY), epochs=2), "list_iterator, which ends after one epoch, and 2 were"),
    (lambda: fit(MODEL, MSE, SGD, XY, (p for p in XY), epochs=2), "val is a generator, which ends after one epoch"),
    (lambda: fit(MODEL, MSE, SGD, [XY[0][0]]), r"a batch is a pair \(x, y\), got a ndarray of 3"),
    (lambda: fit(MODEL, MSE, SGD, [(*XY[0], 1)]), r"a batch is a pair \(x, y\), got a tuple of 3"),
    (lambda: fit(MODEL, MSE, SGD, [7]), r"a batch is a pair \(x, y\), got a int"),
    (lambda: fit(MODEL, MSE, SGD, XY, clip_grad_norm=0.0), "clip_grad_norm is a norm above 0, got 0.0"),
    (lambda: fit(MODEL, MSE, SGD, XY, schedule=0.9), r"a schedule has a step\(\), float has none"),
    (lambda: fit(MODEL, MSE, SGD, XY, batch_schedule=SCHEDULE), "changes another optimizer's learning rate"),
    (lambda: fit(MODEL, MSE, SGD, XY, batch_schedule=PLATEAU), "ReduceLROnPlateau wants the loss of an epoch"),
    (lambda: fit(MODEL, MSE, LBFGS, XY), "LBFGS asks for the loss several times in a step"),
    (lambda: fit(MODEL, MSE, SGD, XY, callbacks=[3]), "a callback is a function or a tg.train.Callback, got int"),
    (lambda: fit(MODEL, MSE, SGD, XY, callbacks=[tg.train.KeepBest()]), "no validation data.*monitor='loss'"),
    (lambda: evaluate(MODEL, MSE, []), "evaluate: the data gave no row"),
    (lambda: evaluate(MSE.forward, MSE, XY), "evaluate: expected a Module"),
]  # fmt: skip
SCHEDULE = tg.optim.lr_scheduler.ExponentialLR(tg.optim.SGD([tg.zeros(1, requires_grad=True)], lr=0.1), 0.5)


@pytest.mark.parametrize("call, message", REFUSED, ids=[message[:40] for _, message in REFUSED])
def test_what_does_not_fit_is_refused_before_anything_changes(call, message):
    before = [p.detach().numpy().copy() for p in MODEL.parameters()]
    state = default_generator().get_state()
    with pytest.raises(ArgumentError, match=message):
        call()
    for p, old in zip(MODEL.parameters(), before, strict=True):
        np.testing.assert_array_equal(p.detach().numpy(), old)
    assert tg.equal(default_generator().get_state(), state)


@pytest.mark.parametrize("loss", [tg.nn.MSELoss(reduction="none"), lambda p, y: 3.0])
def test_a_loss_of_several_numbers_is_refused(loss):
    with pytest.raises(NonScalarError, match=r'one number, got (a tensor \(3, 1\)|float); use reduction="mean"'):
        fit(MODEL, loss, SGD, XY)


def test_mismatched_shapes_pass_through():
    with pytest.raises(tg.autograd.errors.ShapeError, match=r"linear: x \(3, 5\)"):
        fit(MODEL, MSE, SGD, [(np.zeros((3, 5), np.float32), XY[0][1])])


def test_no_epoch_changes_nothing():
    before = [p.detach().numpy().copy() for p in MODEL.parameters()]
    assert len(fit(MODEL, MSE, SGD, XY, epochs=0)) == 0
    for p, old in zip(MODEL.parameters(), before, strict=True):
        np.testing.assert_array_equal(p.detach().numpy(), old)


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize(
    "stream, progress, drawn", [(Terminal, True, True), (Terminal, False, False), (io.StringIO, True, False)]
)
def test_the_progress_bar_is_drawn_on_a_terminal_alone(monkeypatch, stream, progress, drawn):
    monkeypatch.setattr(sys, "stderr", stream())
    # tqdm draws ten times a second at most
    fit(*parts(), epochs=3, callbacks=[lambda training: time.sleep(0.15)], progress=progress)
    assert (re.search(r"/12 .*, loss \d\.\d+, accuracy 0\.\d+", sys.stderr.getvalue()) is not None) == drawn
    assert drawn or not sys.stderr.getvalue()


def test_without_tqdm_it_is_silent(monkeypatch):
    real = builtins.__import__

    def no_tqdm(name, *args, **kwargs):
        if name.startswith("tqdm"):
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", no_tqdm)
    monkeypatch.setattr(sys, "stderr", Terminal())
    assert len(fit(*parts(), epochs=2)) == 2
    assert sys.stderr.getvalue() == ""
