"""The main job as a user runs it: ``python -m demos`` in a process of its own."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
import pytest

pytest.importorskip("matplotlib", reason='needs pip install "tinygrad_bp[demos]"')
pytest.importorskip("tqdm", reason='needs pip install "tinygrad_bp[demos]"')

from demos import __main__ as command
from demos.__main__ import REPORTS
from demos.reports.pictures import LINES, Panel, curves
from demos.reports.r2.figures import best_line, why
from demos.reports.r2.training import CONVENTIONS, SETTINGS, Setting, data, train
from demos.reports.summary import Line
from demos.reports.table import WIDTH, Page, table
from tinygrad_bp.autograd.errors import DataFileError

ROOT = Path(__file__).resolve().parent.parent
PICTURES = (
    "r2-learning-curves-xor.png", "r2-learning-curves-linear.png", "r2-decisions.png", "r2-sigmoid.png",
    "r2-xor-graph.png",
)  # fmt: skip


def start(*arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-W", "error", *arguments]
    return subprocess.Popen(
        command, cwd=ROOT, text=True, encoding="utf-8", stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip


def finished(*arguments: str) -> tuple[int, str, str]:
    process = start("-m", "demos", *arguments)
    out, err = process.communicate(timeout=600)
    return process.returncode, out, err


class Quick(NamedTuple):
    code: int
    text: str
    errors: str
    out: Path


@pytest.fixture(scope="module")
def quick(tmp_path_factory: pytest.TempPathFactory) -> list[Quick]:
    """The same command twice, side by side."""
    folders = [tmp_path_factory.mktemp("demos") / "new" for _ in range(2)]
    processes = [start("-m", "demos", "r2", "--quick", "--seed", "3", "--out", str(folder)) for folder in folders]
    texts = [process.communicate(timeout=600) for process in processes]
    return [
        Quick(process.returncode, out, err, folder)
        for process, (out, err), folder in zip(processes, texts, folders, strict=True)
    ]


def test_it_runs_without_a_word_on_stderr(quick: list[Quick]) -> None:
    assert [(run.code, run.errors) for run in quick] == [(0, ""), (0, "")]


def test_the_table_has_every_setting(quick: list[Quick]) -> None:
    text = quick[0].text
    rows = [line for line in text.splitlines() if line.startswith(("XOR ", "linear "))]
    for setting, row in zip(SETTINGS, rows, strict=False):
        words = [setting.problem, f"{setting.hidden[0]},", str(setting.hidden[1])]
        words += [setting.activation if setting.output else "none,", f"{setting.lr:g}", str(setting.epochs)]
        assert row.split()[:6] == words
        assert setting.said.splitlines()[0] in row
    assert all(len(line) <= WIDTH for line in text.splitlines() if str(quick[0].out) not in line)


def test_the_reports_table_is_all_there() -> None:
    said = {(s.problem, s.hidden, s.activation, s.lr): s.said.replace("\n", " ") for s in SETTINGS if s.output}
    assert said["XOR", (10, 5), "sigmoid", 0.1] == "1.0"
    assert said["linear", (10, 5), "sigmoid", 0.1] == "0.97"
    assert said["linear", (50, 30), "sigmoid", 0.1] == "0.48"
    assert said["XOR", (10, 5), "none", 0.1] == "0.7619"
    assert said["linear", (10, 5), "none", 0.1] == "1.0"
    assert said["XOR", (10, 5), "ReLU", 0.1] == "converges at 150"
    assert said["linear", (10, 5), "ReLU", 0.1] == "good at 50"
    for problem in ("XOR", "linear"):
        for lr in (0.5, 1.0):
            assert (problem, (10, 5), "sigmoid", lr) in said
        for hidden in ((5, 3), (50, 30)):
            assert (problem, hidden, "sigmoid", 0.1) in said


def test_the_same_seed_prints_the_same(quick: list[Quick]) -> None:
    # All but the last line, which says how long it took.
    first, second = (run.text.replace(str(run.out), "OUT").rstrip().splitlines()[:-1] for run in quick)
    assert first == second


def test_the_pictures_are_written(quick: list[Quick]) -> None:
    for name in PICTURES:
        assert (quick[0].out / name).read_bytes().startswith(b"\x89PNG"), name
        assert str(quick[0].out / name) in quick[0].text
    assert ElementTree.parse(quick[0].out / "r2-xor-graph.svg").getroot().tag.endswith("svg")
    assert {path.name for path in quick[0].out.iterdir()} == {*PICTURES, "r2-xor-graph.svg"}


def test_the_reports_bias_rule_is_a_factor_n_too_small(quick: list[Quick]) -> None:
    (line,) = [line for line in quick[0].text.splitlines() if line.startswith("| Dense: db")]
    assert "g.mean(0)" in line and "1/21" in line and "wrong: averaged" in line


def test_help_names_every_option() -> None:
    code, out, _ = finished("--help")
    assert code == 0
    for word in ("r2", "--quick", "--seed", "--data", "--download", "--out"):
        assert word in out
    for module in REPORTS.values():
        assert f"Full form: {module.FULL_FORM}." in out


def test_ctrl_c_ends_the_report_and_not_one_training(tmp_path: Path) -> None:
    process = start("-m", "demos", "r3", "--out", str(tmp_path))
    assert process.stdout is not None
    assert process.stdout.readline().startswith("R3, full form: takes about five minutes")
    assert any("minibatches run for" in line for line in process.stdout)
    time.sleep(0.5)  # into the first training
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=600)
    assert (process.returncode, out.strip(), err) == (130, "", "\npython -m demos: interrupted\n")


@pytest.mark.parametrize(
    "arguments, reason",
    [
        (["r9"], "r9"),
        (["--seed", "-1"], "must be from 0"),
        (["--seed", str(2**32)], "must be from 0"),
        (["--seed", "x"], "x"),
        (["--fast"], "--fast"),
    ],
)
def test_bad_arguments_are_one_line(arguments: list[str], reason: str) -> None:
    code, out, err = finished(*arguments)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert reason in err and "--help" in err


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    code, out, err = finished("--out", str(tmp_path / "file"))
    assert (code, out, err.count("\n")) == (1, "", 1)


@pytest.mark.parametrize("name", ["matplotlib", "tqdm"])
def test_a_missing_extra_is_one_line(name: str) -> None:
    code = f"import sys; sys.modules[{name!r}] = None; from demos.__main__ import main; sys.exit(main([]))"
    process = start("-c", code)
    out, err = process.communicate(timeout=600)
    assert (process.returncode, out, err.count("\n")) == (1, "", 1)
    assert name in err and 'pip install "tinygrad_bp[demos]"' in err


def test_a_report_that_cannot_run_is_told_by_the_exit_code(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def damaged(*_: Any) -> list[Line]:
        raise DataFileError("train-images: cut short")

    sound = SimpleNamespace(run=lambda *_: [Line("R2", "a", "b", "c", "d")], FULL_FORM="")
    monkeypatch.setattr(command, "REPORTS", {"r1": SimpleNamespace(run=damaged, FULL_FORM=""), "r2": sound})
    assert command.main(["--out", str(tmp_path)]) == 1
    out, err = capsys.readouterr()
    assert "R2" in out and err.splitlines()[-1] == "python -m demos: R1 did not run: train-images: cut short"
    monkeypatch.setitem(command.REPORTS, "r1", sound)
    assert command.main(["--out", str(tmp_path)]) == 0


def test_a_straight_line_gets_16_of_21() -> None:
    assert best_line(*data("XOR", 0)) == 16 / 21
    assert best_line(*data("linear", 0)) >= 0.99


def test_the_reasons_follow_the_runs() -> None:
    wide = Setting("linear", hidden=(50, 30), accuracy=0.48)
    results = {setting: {c: [train(setting, c, 0)] for c in CONVENTIONS} for setting in (wide, wide.base)}
    assert "the step was too long" in why(wide, results)
    swapped = {**results, wide: {**results[wide], "as written": results[wide]["averaged"]}}
    assert "0/1 agree" in why(wide, swapped) and "too long" not in why(wide, swapped)


def test_a_table_wraps_its_last_column() -> None:
    lines = table(["a", "why"], [["1\n2", "word " * 60]]).splitlines()
    assert max(map(len, lines)) <= WIDTH
    assert lines[3].startswith("2  word")


def test_a_table_that_is_too_wide_for_the_page_lists_its_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Page, "width", 80)
    lines = table(["setting", "ours", "why"], [["s" * 40, "o" * 30, "word " * 20], ["t", "", "no"]]).splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[0] == f"setting  {'s' * 40}" and lines[1] == f"ours     {'o' * 30}"
    assert lines[2].startswith("why      word word") and lines[-2:] == ["setting  t", "why      no"]


@pytest.mark.parametrize(("columns", "width"), [("80", 80), ("300", WIDTH), ("7", 40)])
def test_the_page_is_as_wide_as_the_terminal(monkeypatch: pytest.MonkeyPatch, columns: str, width: int) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    monkeypatch.setattr(Page, "width", WIDTH)
    Page.fit()
    assert Page.width == width


def test_a_panel_has_a_colour_for_each_line_or_refuses(tmp_path: Path) -> None:
    def panel(count: int) -> list[Panel]:
        return [Panel("", "", "", {str(i): np.zeros((1, 3)) for i in range(count)})]

    assert curves(tmp_path / "all.png", "", panel(len(LINES))).is_file()
    with pytest.raises(ValueError, match="zip"):
        curves(tmp_path / "one more.png", "", panel(len(LINES) + 1))
