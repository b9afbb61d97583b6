"""Sweeps: their figures, side by side and after kills; what they keep, and how they are told."""

from __future__ import annotations

import csv
import os
import runpy
import signal
import subprocess
import sys
import time
import warnings

import numpy as np
import pytest

import tinygrad_bp as tg
from benchmarks.swept import killed
from tinygrad_bp.autograd.errors import ArgumentError
from tinygrad_bp.train import sweep

GRID = {"lr": [0.01, 0.1, 0.3], "hidden": [2, 8]}
PROGRAM = """
import sys, time, numpy as np, tinygrad_bp as tg

data = tg.tensor(np.random.default_rng(0).standard_normal((20, 3)), dtype=tg.float32)

def train(lr, hidden):
    model = tg.models.MLP([3, hidden, 1], activation=tg.nn.Tanh)
    history = tg.train.fit(
        model, tg.nn.MSELoss(), tg.optim.SGD(model.parameters(), lr=lr), [(data, data.sum(1, keepdim=True))],
        epochs=EPOCHS,
    )
    time.sleep(SLEEP)
    return {"loss": history.loss[-1], "drawn": np.random.rand() + tg.rand(1).item()}
"""


def train_of(epochs=5, sleep=0.0):
    space: dict = {"EPOCHS": epochs, "SLEEP": sleep}
    exec(PROGRAM, space)
    return space["train"]


def program(folder, jobs, sleep):
    text = f"EPOCHS, SLEEP = 5, {sleep}\n{PROGRAM}"
    text += "print('ready', flush=True)\n"
    text += f"found = tg.train.sweep(train, {GRID!r}, seeds=3, n_jobs={jobs}, folder={str(folder)!r})\n"
    return text + "print(found)\nfound.csv(sys.argv[1])\n"


def test_means_spreads_and_the_table():
    found = sweep(lambda a, seed: a + seed, {"a": [1, 10.0]}, seeds=3)
    assert repr(found) == "Sweep: 2 settings, 3 seeds\n   a  result\n   1   2 ± 1\n10.0  11 ± 1"
    assert [(setting, *means["result"]) for setting, means in found.means()] == [
        ({"a": 1}, 2, 1, 3),
        ({"a": 10.0}, 11, 1, 3),
    ]
    assert repr(sweep(lambda a: a, {"a": [1]}, seeds=1)).endswith("a  result\n1       1")
    assert "<td>2 ± 1</td>" in found._repr_html_()


def test_a_list_of_settings_and_the_last_epoch_of_a_history():
    def train(lr, width=3, momentum=0.0):
        model = tg.nn.Linear(2, 1)
        optimizer = tg.optim.SGD(model.parameters(), lr=lr, momentum=momentum)
        return tg.train.fit(model, tg.nn.MSELoss(), optimizer, [(tg.ones(3, 2), tg.ones(3, 1))], epochs=2)

    found = sweep(train, [{"lr": 0.1}, {"lr": 0.1, "momentum": 0.5}], seeds=[7, 3])
    assert found.figures == ["loss", "accuracy"] and [run.seed for run in found.runs] == [7, 3, 7, 3]
    assert "momentum" in repr(found) and "lr=0.1" in repr(found).splitlines()[0]


@pytest.mark.parametrize("names", [3, 12])
def test_a_table_fits_80_columns(names):
    figures = {f"a figure called {i}": 1 / 3 for i in range(names)}
    grid = {"activation": ["x" * 50, tg.nn.ReLU], "lr": [1 / 3, 1], "fixed": ["y" * 70]}
    text = repr(sweep(lambda activation, lr, fixed: figures, grid, seeds=2))
    assert max(map(len, text.splitlines())) <= 80 and text.count("0.3333 ± 0") == 4 * names


def test_every_run_is_seeded_and_nothing_else_is():
    tg.manual_seed(5)
    np.random.seed(5)
    wanted = tg.rand(1).item(), np.random.rand()
    tg.manual_seed(5)
    np.random.seed(5)
    found = sweep(train_of(), GRID, seeds=2)
    assert (tg.rand(1).item(), np.random.rand()) == wanted
    assert len({run.figures["drawn"] for run in found.runs if run.seed == 0}) == len(GRID["hidden"])
    assert sweep(train_of(), GRID, seeds=2).runs == found.runs


def test_processes_give_the_same_runs_and_take_lambdas_and_tensors_along(tmp_path):
    pytest.importorskip("joblib")
    alone, beside = (sweep(train_of(), GRID, seeds=2, n_jobs=jobs, folder=tmp_path / str(jobs)) for jobs in (1, 2))
    assert alone.runs == beside.runs and repr(alone) == repr(beside)
    assert len(list((tmp_path / "2").glob("run-*.npz"))) == 12
    model = tg.nn.Linear(1, 1)
    with pytest.warns(UserWarning, match=r"sweep: x=0\.0, seed 0 ended in ZeroDivisionError: .*, and 1 more"):
        found = sweep(lambda x: model(tg.ones(1, 1)).item() / x, {"x": [0.0, 1.0]}, seeds=2, n_jobs=2)
    assert [run.figures for run in found.runs if run.figures] == [{"result": model(tg.ones(1, 1)).item()}] * 2


def test_a_run_that_raises_is_named_and_loses_no_other(tmp_path):
    calls = []

    def train(a, seed):
        calls.append((a, seed))
        if (a, seed) == (2, 1) and len(calls) < 7:
            raise ValueError("a bad day")
        return a

    with pytest.warns(UserWarning, match=r"a=2, seed 1 ended in ValueError: a bad day; \.failed"):
        found = sweep(train, {"a": [1, 2]}, seeds=3, folder=tmp_path)
    assert "failed: a=2, seed 1: ValueError: a bad day" in repr(found) and "2 ± 0 (2 of 3)" in repr(found)
    assert [run.name for run in found.failed] == ["a=2, seed 1"]
    found = sweep(train, {"a": [1, 2]}, seeds=3, folder=tmp_path)
    assert calls[6:] == [(2, 1)] and not found.failed


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
@pytest.mark.parametrize(("jobs", "kills"), [(1, 4), (2, 2)])
def test_killed_again_and_again_it_ends_with_the_same_table(jobs, kills, tmp_path):
    told = killed(jobs, kills, tmp_path, seed=jobs)
    assert told.kills == kills and told.same >= 1 and not told.other


def test_a_damaged_run_is_named_and_done_anew(tmp_path):
    whole = sweep(train_of(), GRID, seeds=1, folder=tmp_path)
    files = sorted(tmp_path.glob("run-*.npz"))
    files[0].write_bytes(files[0].read_bytes()[:-20])
    data = bytearray(files[1].read_bytes())
    data[len(data) // 2] ^= 1
    files[1].write_bytes(data)
    files[2].write_bytes(files[3].read_bytes())
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        again = sweep(train_of(), GRID, seeds=1, folder=tmp_path)
    said = [str(warning.message) for warning in caught]
    assert len(said) == 3 and all(any(file.name in line for line in said) for file in files[:3])
    assert all("Its run is done anew: lr=" in line for line in said)
    assert again.runs == whole.runs


def test_a_folder_belongs_to_one_function_and_one_sweep(tmp_path):
    sweep(lambda a: a, {"a": [1]}, folder=tmp_path)
    with pytest.raises(ArgumentError, match=r"runs of another function, or of .*before it was changed"):
        sweep(lambda a: a + 1, {"a": [1]}, folder=tmp_path)
    refused = []

    def inner(a):
        with pytest.raises(ArgumentError, match=rf"another sweep \(process {os.getpid()}\) writes to"):
            sweep(inner, {"a": [1]}, folder=tmp_path / "inner")
        return refused.append(1) or 1.0

    sweep(inner, {"a": [1]}, seeds=1, folder=tmp_path / "inner")
    assert refused


@pytest.mark.parametrize("catches", [False, True])
def test_ctrl_c_keeps_what_has_ended_and_nothing_half_done(catches, tmp_path):
    """Also where the function catches the interrupt, as ``fit`` does, and returns a figure of half a training."""
    calls = []

    def train(a):
        calls.append(a)
        try:
            if len(calls) == 3:
                signal.raise_signal(signal.SIGINT)
        except KeyboardInterrupt:
            if not catches:
                raise
        return float(a)

    found = sweep(train, {"a": [1, 2, 3, 4]}, seeds=1, folder=tmp_path)
    assert found.stopped == "interrupted after 2 of 4 runs" and "interrupted" in repr(found)
    assert len(found.runs) == 2 == len(list(tmp_path.glob("run-*.npz")))
    assert not sweep(train, {"a": [1, 2, 3, 4]}, seeds=1, folder=tmp_path).stopped and calls == [1, 2, 3, 3, 4]


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_ctrl_c_on_a_terminal_ends_the_processes_too(tmp_path):
    """A terminal sends it to every process of the job; ``fit`` catches it in each, and no half training is kept."""
    text = program(tmp_path / "runs", 2, 0.0).replace("epochs=EPOCHS", "epochs=10**9 if hidden == 8 else 2")
    process = subprocess.Popen(
        [sys.executable, "-c", text, str(tmp_path / "found.csv")],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    deadline = time.monotonic() + 60
    while len(list(tmp_path.glob("runs/run-*.npz"))) < 3 and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(0.5)  # both processes train without an end
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0 and "Traceback" not in err, err
    assert "interrupted after" in out and "±" in out
    rows = list(csv.DictReader((tmp_path / "found.csv").read_text().splitlines()))
    assert len(rows) >= 3 and {row["hidden"] for row in rows} == {"2"}
    kept = [tg.load(path)["run"] for path in tmp_path.glob("runs/run-*.npz")]  # one may have ended after Ctrl-C
    assert len(kept) >= len(rows) and all("hidden=2" in run for run in kept)


def test_the_csv_and_the_plot(tmp_path):
    found = sweep(lambda lr, act: lr if act == "a" else float("nan"), {"lr": [1e-3, 0.1], "act": ["a", "b"]}, seeds=2)
    found.csv(tmp_path / "found.csv")
    rows = list(csv.reader((tmp_path / "found.csv").read_text().splitlines()))
    assert rows[:2] == [["lr", "act", "seed", "result", "error"], ["0.001", "a", "0", "0.001", ""]] and len(rows) == 9
    figure = found.plot(tmp_path / "found.png")
    (axes,) = figure.axes
    assert axes.get_xscale() == "log" and axes.get_xlabel() == "lr" and (tmp_path / "found.png").stat().st_size > 1000
    assert [text.get_text() for text in axes.get_legend().texts] == ["act=a", "act=b"]
    sweep(lambda lr: {"seed": 3, "lr": lr, "loss": 1}, {"lr": [1]}, seeds=1).csv(tmp_path / "found.csv")
    assert (tmp_path / "found.csv").read_text().startswith("lr,seed,figure.seed,figure.lr,loss,error\n1,0,3.0,1.0,1.0,")
    names = sweep(lambda act: 1.0, {"act": [tg.nn.ReLU, tg.nn.Tanh]}, seeds=2).plot(figure="result")
    assert [label.get_text() for label in names.axes[0].get_xticklabels()] == ["act=ReLU", "act=Tanh"]
    with pytest.raises(ArgumentError, match="no figure 'loss'; there are result"):
        found.plot(figure="loss")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ((3, {"a": [1]}), "int cannot be called"), ((lambda a: 1, {"a": 3}), r"write 'a': \[3\]"),
        ((lambda a: 1, {"a": "relu"}), r"write 'a': \['relu'\]"),
        ((lambda a: 1, {"b": [1]}), "cannot be called with b=1"),
        ((lambda a: 1, {"a": []}), "no setting"), ((lambda a: 1, 3), "a dict of lists"),
        ((lambda a: 1, {"a": [1, 1]}), "two settings read a=1"),
        ((lambda a: 1, {"a": [object()]}), "says nothing of itself"),
        ((lambda a: 1, {"a": [1]}, 0), "seeds"), ((lambda a: 1, {"a": [1]}, [1, 1]), "seeds"),
        ((lambda a: 1, {"a": [1]}, True), "got True"), ((lambda a: 1, {"a": [1]}, 2.5), "got 2.5"),
        ((lambda a: 1, {"a": [1]}, [-1]), "seeds"),
        ((lambda **k: 1, {"seed": [1]}), "not among the settings"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_said_before_anything_runs(given, said):
    with pytest.raises(ArgumentError, match=said):
        sweep(*given)


@pytest.mark.parametrize("jobs", [0, -2, True, "2"])
def test_numbers_of_processes_without_a_meaning(jobs):
    with pytest.raises(ArgumentError, match="n_jobs"):
        sweep(lambda a: 1, {"a": [1]}, n_jobs=jobs)


@pytest.mark.parametrize("result", [None, {}, [1, 2], {"a": [1, 2]}, "x"])
def test_what_a_run_may_not_return_is_its_error(result):
    with pytest.warns(UserWarning, match="ended in"):
        assert sweep(lambda a: result, {"a": [1]}, seeds=1).failed


def test_without_joblib_one_line_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "joblib", None)
    with pytest.raises(ModuleNotFoundError, match=r'pip install "tinygrad_bp\[sweep\]"'):
        sweep(lambda a: a, {"a": [1]}, n_jobs=2)
    assert sweep(lambda a: a, {"a": [1]}, n_jobs=1).runs


def test_nothing_is_drawn_where_nobody_looks(capsys):
    sweep(lambda a: a, {"a": [1, 2]})
    assert capsys.readouterr() == ("", "")


def test_the_example_gives_a_reports_tables(tmp_path, monkeypatch, capsys):
    pytest.importorskip("matplotlib")
    monkeypatch.setattr(sys, "argv", ["sweep", str(tmp_path)])
    runpy.run_module("demos.examples.sweep")
    rates, sizes = (table.splitlines()[2:] for table in capsys.readouterr().out.split("\n\n"))
    assert [line.split()[0] for line in rates] == ["0.01", "0.1", "0.5", "1.0"] and "1 ± 0" in rates[1]
    assert len(sizes) == 3 and "1 ± 0" in sizes[1] and "1 ± 0" not in sizes[0]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["rates.png", "sizes.png"]
