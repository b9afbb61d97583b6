"""A training that was killed and goes on from a snapshot ends with the bits of one that was never killed."""

from __future__ import annotations

import errno
import inspect
import os
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import tinygrad_bp as tg
from benchmarks.killed import TRAININGS
from benchmarks.resumed import Net, checksum, data, told
from tinygrad_bp.autograd.errors import ArgumentError, DataFileError, StateDictError
from tinygrad_bp.compiler.build import BuildError, compiler
from tinygrad_bp.optim import lr_scheduler
from tinygrad_bp.train import Checkpoint, fit

ROOT = Path(__file__).parent.parent
forking = pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are forked")


# ---------------------------------------------------------------------- killed


def killed(name, times, folder, how):
    """Kills that cut a write short, and how many trainings ended with the same bits and with others."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "benchmarks.killed", name, str(times), str(folder), how],
        capture_output=True, text=True, timeout=300, cwd=ROOT, env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return [int(number) for number in done.stdout.split()]


@forking
@pytest.mark.parametrize("name", TRAININGS)
def test_killed_at_random_moments_it_ends_with_the_same_bits(name, tmp_path):
    _, same, other = killed(name, 8, tmp_path / "runs", "at-random")
    assert same >= 1 and other == 0


@forking
@pytest.mark.parametrize("name", ["compiled", "by-hand"])
def test_killed_at_every_call_of_which_a_snapshot_consists_it_ends_with_the_same_bits(name, tmp_path):
    cut, same, other = killed(name, 17, tmp_path / "runs", "while-writing")
    assert cut >= 3 and same >= 1 and other == 0


@forking
@pytest.mark.parametrize("left_out", ["without-streams", "without-place"])
def test_other_bits_are_seen(left_out, tmp_path):
    _, _, other = killed("fit", 17, tmp_path / "runs", left_out)
    assert other


# ---------------------------------------------------------------------- whatever is trained


class Stopped(Exception):
    pass


class StopAt(tg.train.Callback):
    """Ends a training in the middle of the step of this number (from 1), as a kill would."""

    def __init__(self, step):
        self.left = step

    def on_step(self, training, loss):
        self.left -= 1
        if not self.left:
            raise Stopped


def parts(optimizer=lambda params: tg.optim.SGD(params, lr=0.05, momentum=0.9), train=None, width=8):
    tg.manual_seed(3)
    model = Net(width)
    batches = train() if train else tg.data.DataLoader(data(40), 16, shuffle=True)
    return model, tg.nn.CrossEntropyLoss(), optimizer(list(model.parameters())), batches


def assert_same_training(made, folder, stops=(2, 5), epochs=4, **settings):
    """Stopped in the middle of epochs, and resumed, it ends as one that was not."""
    settings = {name: value if callable(value) else (lambda *_, value=value: value) for name, value in settings.items()}

    def run(resume, callbacks=()):
        model, loss, optimizer, train = made()
        given = {name: value(optimizer) for name, value in settings.items() if resume or name != "compile"}
        listening = [*given.pop("callbacks", ()), *callbacks, *([Checkpoint(folder, steps=1)] if resume else [])]
        history = fit(
            model, loss, optimizer, train, epochs=epochs, callbacks=listening, resume=resume, progress=False, **given
        )
        return checksum(model, optimizer, told(history)), history, model

    whole = run(None)
    for stop in stops:
        with pytest.raises(Stopped):
            run(folder, [StopAt(stop)])
    found = run(folder)
    assert found[0] == whole[0]
    return found[1:]


OPTIMIZERS = [name for name in tg.optim.__all__ if name not in ("Optimizer", "LBFGS", "lr_scheduler", "swa_utils")]


@pytest.mark.parametrize("name", [name for name in OPTIMIZERS if inspect.isclass(getattr(tg.optim, name))])
def test_every_optimizer_goes_on(name, tmp_path):
    kind = getattr(tg.optim, name)
    assert_same_training(lambda: parts(lambda params: kind(params, lr=0.02)), tmp_path)


def groups(params):
    return tg.optim.Adam([{"params": params[:2], "lr": 0.1}, {"params": params[2:]}], lr=0.01)


def test_groups_go_on(tmp_path):
    assert_same_training(lambda: parts(groups), tmp_path, clip_grad_norm=0.5)


SCHEDULES = {
    "LambdaLR": lambda o: lr_scheduler.LambdaLR(o, lambda epoch: 0.9**epoch),
    "MultiplicativeLR": lambda o: lr_scheduler.MultiplicativeLR(o, lambda epoch: 0.9),
    "StepLR": lambda o: lr_scheduler.StepLR(o, 2),
    "MultiStepLR": lambda o: lr_scheduler.MultiStepLR(o, [1, 2, 2]),
    "ConstantLR": lambda o: lr_scheduler.ConstantLR(o, 0.5, 3),
    "LinearLR": lambda o: lr_scheduler.LinearLR(o, 0.5, total_iters=3),
    "ExponentialLR": lambda o: lr_scheduler.ExponentialLR(o, 0.7),
    "PolynomialLR": lambda o: lr_scheduler.PolynomialLR(o, 5),
    "CosineAnnealingLR": lambda o: lr_scheduler.CosineAnnealingLR(o, 4),
    "CosineAnnealingWarmRestarts": lambda o: lr_scheduler.CosineAnnealingWarmRestarts(o, 2),
    "ReduceLROnPlateau": lambda o: lr_scheduler.ReduceLROnPlateau(o, patience=0, threshold=10.0),
    "CyclicLR": lambda o: lr_scheduler.CyclicLR(o, 0.01, 0.1, step_size_up=2),
    "OneCycleLR": lambda o: lr_scheduler.OneCycleLR(o, 0.3, total_steps=20),
    "SequentialLR": lambda o: lr_scheduler.SequentialLR(
        o, [lr_scheduler.ConstantLR(o, 0.1, 2), lr_scheduler.ExponentialLR(o, 0.5)], [2]
    ),
    "ChainedScheduler": lambda o: lr_scheduler.ChainedScheduler(
        [lr_scheduler.ConstantLR(o, 0.1, 2), lr_scheduler.ExponentialLR(o, 0.5)]
    ),
}


def test_there_is_a_training_with_every_schedule():
    kinds = {name for name in lr_scheduler.__all__ if inspect.isclass(getattr(lr_scheduler, name))}
    assert kinds - {"LRScheduler", "_LRScheduler"} == set(SCHEDULES)


@pytest.mark.parametrize("name", SCHEDULES)
def test_every_schedule_goes_on(name, tmp_path):
    history, _ = assert_same_training(parts, tmp_path, schedule=SCHEDULES[name])
    assert len(set(history.lr)) > 1


class Draws(tg.data.Dataset):
    """Samples that are changed at random, by Python's and by NumPy's own streams."""

    def __len__(self):
        return 40

    def __getitem__(self, index):
        x, y = data(40)[index]
        return x + random.random() + float(np.random.standard_normal()), y


class Stream(tg.data.IterableDataset):
    def __iter__(self):
        return iter([data(40)[i] for i in tg.randperm(40).tolist()])


class Backwards(tg.data.Sampler):
    """A sampler with a stream of its own, and a state."""

    def __init__(self):
        self.drawn = np.random.default_rng(5)

    def __iter__(self):
        return iter(self.drawn.permutation(40).tolist())

    def __len__(self):
        return 40

    def state_dict(self):
        return self.drawn.bit_generator.state

    def load_state_dict(self, state):
        self.drawn.bit_generator.state = state


class Shuffled:
    """A list of batches that shuffles itself by Python's stream, and knows of no snapshots."""

    def __iter__(self):
        rows = [data(40)[i : i + 10] for i in range(0, 40, 10)]
        random.shuffle(rows)
        yield from rows


def own():
    return tg.Generator().manual_seed(8)


def loader(dataset=None, size=16, **settings):
    return tg.data.DataLoader(data(40) if dataset is None else dataset, size, **settings)


LOADERS = {
    "in order": lambda: loader(drop_last=True),
    "shuffled": lambda: loader(shuffle=True),
    "shuffled by a generator": lambda: loader(shuffle=True, generator=own()),
    "with workers": lambda: loader(shuffle=True, num_workers=2),
    "with persistent workers": lambda: loader(shuffle=True, num_workers=2, persistent_workers=True),
    "with replacement": lambda: loader(sampler=tg.data.RandomSampler(data(40), True, 50)),
    "by its own generator": lambda: loader(sampler=tg.data.RandomSampler(data(40), True, 90, own()), generator=own()),
    "weighted": lambda: loader(sampler=tg.data.WeightedRandomSampler(np.arange(40), 50)),
    "a subset at random": lambda: loader(sampler=tg.data.SubsetRandomSampler(range(5, 35), own())),
    "batches": lambda: loader(
        size=1, batch_sampler=tg.data.BatchSampler(tg.data.RandomSampler(data(40), generator=own()), 9, False)
    ),
    "a subset": lambda: loader(tg.data.Subset(data(60), range(3, 50)), shuffle=True),
    "changed at random": lambda: loader(Draws(), shuffle=True),
    "a stream": lambda: loader(Stream()),
    "a sampler with a state": lambda: loader(sampler=Backwards()),
    "a list": lambda: [data(40)[i : i + 10] for i in range(0, 40, 10)],
    "an iterable": Shuffled,
}


@pytest.mark.parametrize("name", LOADERS)
def test_every_order_goes_on_in_the_middle(name, tmp_path):
    def made():
        random.seed(1)
        np.random.seed(1)
        return parts(train=LOADERS[name])

    assert_same_training(made, tmp_path, stops=(2, 3, 4, 2), val=lambda _: LOADERS[name]())


@pytest.mark.parametrize("name", [name for name in LOADERS if name not in ("a list", "an iterable")])
def test_a_loader_goes_on_where_another_stood(name):
    def batches(loader, more):
        return [(x.tolist(), y.tolist()) for _, (x, y) in zip(range(more), loader)]

    for given in range(4):
        found = []
        for again in (False, True):
            tg.manual_seed(0), random.seed(2), np.random.seed(2)
            loader = LOADERS[name]()
            loader.state_dict()
            batches(loader, 99)
            passing = iter(loader)
            batches(passing, given)
            state = loader.state_dict()
            if again and state["place"] is not None:
                streams = tg.get_rng_state(), random.getstate(), np.random.get_state()
                tg.manual_seed(9), random.seed(9), np.random.seed(9)
                loader = LOADERS[name]()
                loader.load_state_dict(state)
                tg.set_rng_state(streams[0]), random.setstate(streams[1]), np.random.set_state(streams[2])
                passing = iter(loader)
            found.append([batches(passing, 99), batches(loader, 99), tg.get_rng_state().tolist()])
        assert found[0] == found[1]


def test_a_pass_that_was_given_up_is_none_to_go_on_with():
    loader = LOADERS["shuffled"]()
    next(iter(loader))
    assert loader.state_dict()["place"] is None
    passing = iter(loader)
    assert loader.state_dict()["place"]["batches"] == 0
    assert len(list(passing)) == 3 and loader.state_dict()["place"] is None
    with pytest.raises(StateDictError, match="comes from generator, of the saved from nothing"):
        LOADERS["shuffled by a generator"]().load_state_dict(loader.state_dict())
    with pytest.raises(StateDictError, match="what its state_dict"):
        loader.load_state_dict({})
    late = LOADERS["shuffled"]()
    passing = iter(late)
    with pytest.raises(StateDictError, match="once before the loop"):
        late.state_dict()
    assert len(list(passing)) == 3


@pytest.mark.parametrize("backend", ["numpy", "c"])
def test_compiled_steps_go_on(backend, tmp_path, monkeypatch):
    """To the bit as by Python: otherwise the first steps after a snapshot would differ, which Python runs again."""
    if backend == "c":
        monkeypatch.setenv("TINYGRAD_BP_CACHE", str(tmp_path / "compiled"))
        try:
            compiler()
        except BuildError as error:
            pytest.skip(str(error))
    assert_same_training(parts, tmp_path, compile=backend, stops=(3, 4, 7))


# ---------------------------------------------------------------------- callbacks and what else has a state


def test_callbacks_go_on(tmp_path):
    monitors = []

    def callbacks(_):
        monitors.append(tg.train.Monitor(every=2))
        return [
            tg.train.EarlyStopping("loss", patience=2, min_delta=0.1), tg.train.KeepBest("loss"), monitors[-1],
        ]  # fmt: skip

    history, _ = assert_same_training(parts, tmp_path, epochs=30, stops=(3, 2), callbacks=callbacks)
    assert history.stopped.startswith("EarlyStopping")
    whole, *_, last = monitors
    assert last.losses == whole.losses and last.epochs == whole.epochs
    assert [(s.step, s.gradients, s.updates) for s in last.samples] == [
        (s.step, s.gradients, s.updates) for s in whole.samples
    ]
    assert str(last.report()) == str(whole.report())
    again = fit(*parts(), epochs=30, callbacks=callbacks(0), resume=tmp_path)  # it had ended, and stays so
    assert told(again) == told(history)


class Counting(tg.train.Callback):
    def __init__(self):
        self.seen = 0

    def on_epoch_end(self, training):
        self.seen += 1
        return self.seen == 3

    def state_dict(self):
        return {"seen": self.seen}

    def load_state_dict(self, state):
        self.seen = state["seen"]

    def __repr__(self):
        return "Counting"


def test_a_callback_of_ones_own_goes_on(tmp_path):
    history, _ = assert_same_training(parts, tmp_path, callbacks=lambda _: [Counting()])
    assert history.stopped == "Counting after epoch 3"


def test_what_a_state_dict_leaves_out_is_kept(tmp_path):
    def made():
        model = tg.nn.Linear(2, 2)
        model.register_buffer("mask", tg.zeros(2), persistent=False)
        return model

    model = made()
    model.mask.fill_(3)
    model.bias.requires_grad = False
    Checkpoint(tmp_path).save(model=model, epoch=1)
    other = made()
    assert Checkpoint(tmp_path).resume(model=other) == {"epoch": 1}
    assert other.mask.tolist() == [3, 3] and not other.bias.requires_grad and other.weight.requires_grad
    other.load_state_dict(tg.load(Checkpoint(tmp_path).newest)["model"])


def test_an_interrupt_loses_only_what_came_after_the_last_snapshot(tmp_path):
    def pressed(training):
        if len(training.history) == 2:
            raise KeyboardInterrupt

    whole = fit(*parts(), epochs=4)
    assert fit(*parts(), epochs=4, callbacks=[pressed], resume=tmp_path).stopped
    assert fit(*parts(), epochs=4, resume=tmp_path).loss == whole.loss


# ---------------------------------------------------------------------- how many epochs, and which snapshots


def names(folder):
    return sorted(path.name for path in folder.glob("*.npz"))


def test_a_training_that_is_over_goes_on_when_more_epochs_are_asked_for(tmp_path):
    whole = fit(*parts(), epochs=5)
    assert fit(*parts(), epochs=2, resume=tmp_path).loss == whole.loss[:2]
    model, loss, optimizer, train = parts()
    assert fit(model, loss, optimizer, train, epochs=2, resume=tmp_path).loss == whole.loss[:2]
    assert fit(*parts(), epochs=5, resume=str(tmp_path)).loss == whole.loss
    with pytest.raises(ArgumentError, match="has 5 epochs behind it, and epochs=3"):
        fit(*parts(), epochs=3, resume=tmp_path)


def test_the_last_and_the_best_are_kept(tmp_path):
    losses = iter([5.0, 1.0, 4.0, 3.0, 2.0, float("nan"), 9.0])
    keeper = Checkpoint(tmp_path, keep=2, monitor="val_loss")
    assert keeper.newest is None and keeper.best is None
    model = tg.nn.Linear(1, 1)
    for epoch, loss in enumerate(losses):
        model.bias.data.fill_(epoch)
        keeper.save(model=model, val_loss=loss)
    assert names(tmp_path) == ["snapshot-000002.npz", "snapshot-000006.npz", "snapshot-000007.npz"]
    assert keeper.best.name == "snapshot-000002.npz" and keeper.newest.name == "snapshot-000007.npz"
    assert Checkpoint(tmp_path).best == keeper.best
    assert tg.load(keeper.best)["model"]["bias"].tolist() == [1]
    keeper.close()
    for monitor, best in (("accuracy", 3), ("score", 2)):
        folder = tmp_path / monitor
        keeper = Checkpoint(folder, monitor=monitor, keep=1)
        for value in (2.0, 1.0, tg.tensor(3.0)):
            keeper.save(model=model, **{monitor: value})
        assert keeper.best.name == f"snapshot-{best:06d}.npz" and len(names(folder)) == 2 - (best == 3)


def test_in_fit_the_best_epoch_is_known_and_settings_say_when(tmp_path):
    history = fit(*parts(), epochs=6, callbacks=[Checkpoint(tmp_path / "a", keep=1)])
    keeper = Checkpoint(tmp_path / "a")
    assert tg.load(keeper.best)["history"]["loss"] == history.loss[: history.best + 1]
    fit(*parts(), epochs=5, callbacks=[Checkpoint(tmp_path / "b", epochs=2, keep=99)])
    assert [len(tg.load(tmp_path / "b" / name)["history"]["loss"]) for name in names(tmp_path / "b")] == [2, 4, 5]
    fit(*parts(), epochs=1, callbacks=[Checkpoint(tmp_path / "c", steps=2, keep=99)])
    assert len(names(tmp_path / "c")) == 2  # after step 2 of 3, and after the epoch


# ---------------------------------------------------------------------- damaged


def saved(folder, count=3):
    keeper = Checkpoint(folder)
    model = tg.nn.Linear(3, 2)
    for number in range(1, count + 1):
        model.bias.data.fill_(number)
        keeper.save(model=model, epoch=number)
    keeper.close()


@pytest.mark.parametrize("damage", ["empty", "half", "other bytes", "another file", "another version"])
def test_a_damaged_snapshot_is_named_and_the_one_before_is_used(damage, tmp_path):
    saved(tmp_path)
    path = tmp_path / "snapshot-000003.npz"
    whole = path.read_bytes()
    if damage == "another file":
        tg.save({"epoch": 3}, path)
    elif damage == "another version":
        tg.save({**tg.load(path), "snapshot": {**tg.load(path)["snapshot"], "version": 2}}, path)
    else:
        path.write_bytes({"empty": b"", "half": whole[: len(whole) // 2], "other bytes": bytes(len(whole))}[damage])
    model = tg.nn.Linear(3, 2)
    keeper = Checkpoint(tmp_path)
    with pytest.warns(UserWarning, match=r"snapshot-000003\.npz.*Skipped.*snapshot-000002\.npz"):
        assert keeper.resume(model=model) == {"epoch": 2}
    assert model.bias.tolist() == [2, 2]
    keeper.save(model=model, epoch=3)  # takes the place of the damaged one
    keeper.close()
    assert Checkpoint(tmp_path).resume(model=model) == {"epoch": 3}


def test_no_byte_changes_without_notice(tmp_path):
    saved(tmp_path)
    path, draw, seen = tmp_path / "snapshot-000003.npz", np.random.default_rng(0), 0
    whole, model = path.read_bytes(), tg.nn.Linear(3, 2)
    for _ in range(150):
        damaged = bytearray(whole)
        for place in draw.integers(0, len(whole), draw.integers(1, 3)):
            damaged[place] ^= 1 << draw.integers(0, 8)
        path.write_bytes(damaged)
        keeper = Checkpoint(tmp_path)
        with pytest.warns(UserWarning, match="Skipped") if _refused(path) else _nothing():
            found = keeper.resume(model=model)
        seen += found["epoch"] == 2
        assert model.bias.tolist() == [found["epoch"]] * 2
        keeper.close()
    assert seen > 100


def _refused(path):
    try:
        return not isinstance(tg.load(path).get("snapshot"), dict)
    except DataFileError:
        return True


class _nothing:
    def __enter__(self):
        return self

    def __exit__(self, *_):
        return None


def test_where_no_snapshot_is_whole_nothing_starts_anew(tmp_path):
    saved(tmp_path, 2)
    for path in tmp_path.glob("*.npz"):
        path.write_bytes(b"")
    with pytest.raises(DataFileError, match=r"000002\.npz.*000001\.npz.*No snapshot is whole"):
        Checkpoint(tmp_path).resume(model=tg.nn.Linear(3, 2))
    with pytest.raises(DataFileError, match="No snapshot is whole"):
        fit(*parts(), resume=tmp_path)


@pytest.mark.parametrize("times", [1, 99])
def test_a_disk_without_room_is_a_warning_and_the_training_goes_on(times, tmp_path, monkeypatch):
    whole, left = fit(*parts(), epochs=3), [times]
    fsync = os.fsync

    def full(file):
        left[0] -= 1
        if left[0] >= 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        fsync(file)

    monkeypatch.setattr(os, "fsync", full)
    with pytest.warns(UserWarning, match=r"000001\.npz could not be written .*No space.*the last snapshot is none"):
        assert fit(*parts(), epochs=3, resume=tmp_path).loss == whole.loss
    assert names(tmp_path) == ([] if times == 99 else ["snapshot-000001.npz", "snapshot-000002.npz"])
    assert not list(tmp_path.glob(".*.part"))
    monkeypatch.undo()
    assert fit(*parts(), epochs=3, resume=tmp_path).loss == whole.loss


# ---------------------------------------------------------------------- another training


def sgd(**settings):
    return lambda params: tg.optim.SGD(params, **{"lr": 0.05, "momentum": 0.9, **settings})


def nested(params):
    return tg.optim.SGD([{"params": params[:1]}, {"params": params[1:]}], lr=0.05, momentum=0.9)


def other_rows():
    rows = data(40)
    return tg.data.DataLoader(tg.data.TensorDataset(rows.tensors[0] + 1, rows.tensors[1]), 16, shuffle=True)


def less_dropout():
    tg.manual_seed(3)
    model = Net(8)
    model.drop = tg.nn.Dropout(0.1)
    optimizer = sgd()(list(model.parameters()))
    return model, tg.nn.CrossEntropyLoss(), optimizer, loader(shuffle=True)


OTHERS = {
    "another width": (dict(width=9), {}, r"model: hidden\.weight was float32 \(8, 20\), is float32 \(9, 20\)"),
    "another rate": (dict(optimizer=sgd(lr=0.1)), {}, r"optimizer: lr was 0\.05, is 0\.1"),
    "another optimizer": (dict(optimizer=tg.optim.Adam), {}, "optimizer: kind was SGD, is Adam"),
    "other groups": (dict(optimizer=nested), {}, r"parameters in groups was \[6\], is \[1, 5\]"),
    "more rows": (dict(train=lambda: loader(data(41), shuffle=True)), {}, "train: samples was 40, is 41"),
    "other rows": (dict(train=other_rows), {}, r"train: contents was \['float32 \(40, 20\)"),
    "other batches": (dict(train=lambda: loader(size=8, shuffle=True)), {}, "train: batch_size was 16, is 8"),
    "another order": (dict(train=loader), {}, "train: order was .*RandomSampler, is .*SequentialSampler"),
    "a list": (dict(train=LOADERS["a list"]), {}, "train: kind was DataLoader, is Iterated"),
    "a schedule": ({}, dict(schedule=SCHEDULES["StepLR"]), "it has no schedule"),
    "clipped": ({}, dict(clip_grad_norm=lambda _: 1.0), r"epoch: clip_grad_norm was None, is 1\.0"),
    "validated": ({}, dict(val=lambda _: loader()), "it has no val"),
    "a callback": ({}, dict(callbacks=lambda _: [tg.train.KeepBest("loss")]), r"it has no callback 1 \(KeepBest\)"),
}


@pytest.mark.parametrize("name", OTHERS)
def test_another_training_is_refused_before_anything_changes(name, tmp_path):
    fit(*parts(), epochs=1, resume=tmp_path)
    how, settings, said = OTHERS[name]
    model, loss, optimizer, train = parts(**how)
    given = {key: value(optimizer) for key, value in settings.items()}
    before = checksum(model, optimizer, None), tg.get_rng_state().tolist()
    with pytest.raises(ArgumentError, match=rf"snapshot-000001\.npz is of another training: .*{said}"):
        fit(model, loss, optimizer, train, epochs=3, resume=tmp_path, **given)
    assert (checksum(model, optimizer, None), tg.get_rng_state().tolist()) == before
    assert names(tmp_path) == ["snapshot-000001.npz"]
    model, _, optimizer, train = parts()
    with pytest.raises(ArgumentError, match="epoch: loss was CrossEntropyLoss, is cross_entropy"):
        fit(model, tg.nn.functional.cross_entropy, optimizer, train, epochs=3, resume=tmp_path)


def test_a_layer_with_other_settings_is_another_training(tmp_path):
    fit(*parts(), epochs=1, resume=tmp_path)
    with pytest.raises(ArgumentError, match=r"model: layer drop was Dropout\(p=0\.3.*is Dropout\(p=0\.1"):
        fit(*less_dropout(), epochs=2, resume=tmp_path)


def test_layers_that_say_nothing_of_themselves_are_the_same_in_every_process(tmp_path):
    class Own(tg.nn.Module):
        def extra_repr(self):
            return f"f={object()}"

    Checkpoint(tmp_path).save(model=Own())
    assert Checkpoint(tmp_path).resume(model=Own()) == {}


@pytest.mark.parametrize("dtype", ["float16", "float64", "complex64", "int8", "bool"])
def test_parts_of_every_kind_come_back(dtype, tmp_path):
    def made(seed):
        tg.manual_seed(seed)
        kind = getattr(tg, dtype)
        model = tg.nn.Module()
        model.register_buffer("of", (tg.rand(3, 2) * 9).to(kind))
        model.register_buffer("empty", tg.zeros(0, 3, dtype=kind))
        model.register_buffer("number", (tg.rand(()) * 9).to(kind))
        model.register_buffer("across", (tg.rand(3, 2) * 9).to(kind).T)
        model.w = tg.nn.Parameter(tg.rand(4, 2).T)
        averaged = tg.optim.swa_utils.AveragedModel(model)
        return {"model": model, "averaged": averaged, "scaler": tg.amp.GradScaler(enabled=False), "stream": own()}

    saved, fresh = made(0), made(1)
    saved["averaged"].update_parameters(saved["model"])
    saved["stream"].normal(3, np.float32)
    Checkpoint(tmp_path).save(**saved)
    Checkpoint(tmp_path).resume(**fresh)
    for name in ("model", "averaged"):
        for key, value in saved[name].state_dict().items():
            again = fresh[name].state_dict()[key]
            assert again.dtype == value.dtype and again.numpy().tobytes() == value.numpy().tobytes()
            assert again.stride() == value.stride()
    assert fresh["stream"].get_state().tolist() == saved["stream"].get_state().tolist()


def test_lazy_layers_go_on_once_they_have_their_size(tmp_path):
    def made():
        tg.manual_seed(0)
        model = tg.nn.Sequential(tg.nn.LazyLinear(6), tg.nn.ReLU(), tg.nn.LazyLinear(5))
        model(tg.zeros(1, 20))
        optimizer = sgd()(list(model.parameters()))
        return model, tg.nn.CrossEntropyLoss(), optimizer, loader(shuffle=True)

    assert_same_training(made, tmp_path)


def test_a_part_that_refuses_its_state_changes_nothing(tmp_path):
    class Fussy(Counting):
        def load_state_dict(self, state):
            raise StateDictError("not mine")

    model = tg.nn.Linear(1, 1)
    Checkpoint(tmp_path).save(model=model, fussy=Counting())
    Fussy.__name__ = "Counting"
    other = tg.nn.Linear(1, 1)
    before = other.weight.tolist()
    with pytest.raises(StateDictError, match="not mine"):
        Checkpoint(tmp_path).resume(model=other, fussy=Fussy())
    assert other.weight.tolist() == before


def test_a_part_that_is_missing_or_new_is_named(tmp_path):
    model = tg.nn.Linear(1, 1)
    optimizer = tg.optim.SGD(model.parameters(), lr=0.1)
    Checkpoint(tmp_path).save(model=model, optimizer=optimizer)
    with pytest.raises(ArgumentError, match="its optimizer is not given"):
        Checkpoint(tmp_path).resume(model=model)
    with pytest.raises(ArgumentError, match="it has no generator"):
        Checkpoint(tmp_path).resume(model=model, optimizer=optimizer, generator=own())
    with pytest.raises(ArgumentError, match="epoch has no state"):
        Checkpoint(tmp_path).resume(model=model, optimizer=optimizer, epoch=3)


def test_a_folder_with_snapshots_is_not_begun_anew(tmp_path):
    fit(*parts(), epochs=1, callbacks=[Checkpoint(tmp_path)])
    with pytest.raises(ArgumentError, match=r"has snapshots already.*resume="):
        fit(*parts(), epochs=1, callbacks=[Checkpoint(tmp_path)])
    with pytest.raises(ArgumentError, match=r"checkpoint\.resume"):
        Checkpoint(tmp_path).save(model=tg.nn.Linear(1, 1))


def test_a_folder_belongs_to_one_training_at_a_time(tmp_path):
    def second(training):
        with pytest.raises(ArgumentError, match=f"another training .process {os.getpid()}. writes"):
            fit(*parts(), epochs=1, resume=tmp_path)
        code = f"import tinygrad_bp as tg; tg.train.Checkpoint({str(tmp_path)!r}).resume(model=tg.nn.Linear(1, 1))"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        assert "another training" in done.stderr

    assert len(fit(*parts(), epochs=1, callbacks=[second], resume=tmp_path)) == 1
    keeper = Checkpoint(tmp_path)
    keeper.resume(**{"model": tg.nn.Linear(1, 1)}) if not names(tmp_path) else keeper.__enter__()
    with pytest.raises(ArgumentError, match="another training"):
        Checkpoint(tmp_path).__enter__()
    keeper.close()
    with Checkpoint(tmp_path) as other:
        assert other.newest is not None


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (dict(keep=0), "keep is a whole number"),
        (dict(epochs=None), "epochs is a whole number"),
        (dict(steps=True), "steps is a whole number"),
        (dict(mode="low"), "mode is 'min' or 'max'"),
    ],
)
def test_settings_without_a_meaning(settings, said, tmp_path):
    with pytest.raises(ArgumentError, match=said):
        Checkpoint(tmp_path / "x", **settings)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("keep", [Checkpoint, lambda folder: tg.train.sweep(lambda: {}, {}, folder=folder)])
def test_a_folder_is_no_file_and_has_a_name(keep, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("mine")
    with pytest.raises(ArgumentError, match=r"file' is a file$"):
        keep(tmp_path / "file")
    with pytest.raises(ArgumentError, match=r"'' is no name; the folder of the program is '\.'$"):
        keep("")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


class Bare:
    """A schedule without a state."""

    def step(self):
        pass


class Unsaved(Counting):
    def state_dict(self):
        return {"what": object()}


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (dict(resume=3), "resume is a folder"),
        (dict(resume="x", callbacks=[Checkpoint("y")]), "name one folder"),
        (dict(callbacks=[Checkpoint("x"), Checkpoint("y")]), "2 Checkpoints"),
        (dict(callbacks=[Checkpoint("x", monitor="score")]), "monitor is one of"),
        (dict(callbacks=[Checkpoint("x", monitor="val_loss")]), "no validation data"),
        (dict(resume="x", schedule=Bare()), "Bare has no state_dict"),
        (dict(resume="x", callbacks=[Unsaved()]), "is a object"),
    ],
)
def test_what_fit_refuses_before_anything_changes(settings, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    model, loss, optimizer, train = parts()
    before = checksum(model, optimizer, None)
    with pytest.raises(ArgumentError, match=said):
        fit(model, loss, optimizer, train, **settings)
    assert checksum(model, optimizer, None) == before and not list(tmp_path.rglob("*.npz"))


def test_a_name_of_its_own(tmp_path):
    with pytest.raises(ArgumentError, match="'snapshot' is a name of its own"):
        Checkpoint(tmp_path).save(snapshot=3)
