"""The homework check and programs that loop, take all memory, end their process: a row each, never a traceback."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tinygrad_bp.check.__main__ import main
from tinygrad_bp.check.runner import Limits, report

PAIR = """
def relu_forward(x):
    return (x > 0) * x, x
def relu_backward(dout, cache):
    return dout * (cache > 0)
"""
POSIX = pytest.mark.skipif(os.name != "posix", reason="forks and limits")
# What is at the top of a file that also has a right pair; what is said of it.
AT_THE_TOP = {
    "loops": ("while True:\n    pass", "longer"),
    "loops and swallows": ("while True:\n    try:\n        pass\n    except BaseException:\n        pass", "longer"),
    "raises": ("1 / 0", "ZeroDivisionError"),
    "exits": ("import sys\nsys.exit('bye')", "SystemExit"),
    "ends its process": ("import os\nos._exit(0)", "status 0"),
    "crashes": ("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)", "signal 9"),
    "asks": ("name = input('Your name? ')", "EOFError"),
    "takes 100 GB": ("import numpy as np\nx = np.ones(100_000_000_000 // 8)", "memory ran out"),
    "has no data": ("data = open('train.csv').read()", "FileNotFoundError"),
    "lacks a library": ("import not_installed_here", "not_installed_here"),
    "prints": ("print('x' * 10_000_000)", ""),
    "forks": ("import os\nfor _ in range(2):\n    os.fork()", ""),
    "leaves a child": ("import os, time\nif os.fork() == 0:\n    time.sleep(1000)", ""),
    "interrupts itself": ("raise KeyboardInterrupt", "KeyboardInterrupt"),
    "shows a plot": ("import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()", ""),
    "was a notebook": ("!pip install tqdm\n%matplotlib inline\nget_ipython().system('ls')\nopen('results', 'x')", ""),
    "reads its arguments": ("import sys\nassert len(sys.argv) == 1", ""),
}


@POSIX
@pytest.mark.parametrize("what", AT_THE_TOP)
def test_what_is_at_the_top_does_not_prevent_the_check(what: str, tmp_path: Path) -> None:
    top, said = AT_THE_TOP[what]
    file = tmp_path / "homework.py"
    file.write_text(f"{top}\n{PAIR}")
    found = report(file, Limits(time=9))
    assert [(v.name, v.verdict) for v in found.verdicts] == [("relu_backward", "right")], (found.notes, found.verdicts)
    assert said in " ".join(found.notes)
    assert [p.name for p in tmp_path.iterdir()] == ["homework.py"]  # it wrote nothing


# What stands in a forward; what is said of its pair. The pair after it is checked all the same.
IN_A_FORWARD = {
    "loops": ("while True:\n        pass", "longer"),
    "exits": ("raise SystemExit", "sys.exit"),
    "ends its process": ("import os; os._exit(3)", "status 3"),
    "raises": ("raise ValueError('not written yet')", "ValueError"),
    "takes 100 GB": ("import numpy as np; return np.ones(100_000_000_000 // 8), x", "memory ran out"),
    "gives nothing": ("pass", "no finite numbers"),
}


@POSIX
@pytest.mark.parametrize("what", IN_A_FORWARD)
def test_what_a_forward_does_is_said_of_it_alone(what: str, tmp_path: Path) -> None:
    inside, said = IN_A_FORWARD[what]
    file = tmp_path / "homework.py"
    file.write_text(f"def odd_forward(x):\n    {inside}\ndef odd_backward(dout, cache):\n    return dout\n{PAIR}")
    found = report(file, Limits(time=9))
    assert [v.verdict for v in found.verdicts] == ["unchecked", "right"], found.verdicts
    assert said in found.verdicts[0].sentence


NOT_READ = {
    "syntax.py": (b"def f(:", "no Python"),
    "old.py": (b'print "hello"', "Python 2"),
    "zero.py": (b"a\0b", "zero bytes"),
    "bad.ipynb": (b"nothing", "no notebook"),
    "empty.ipynb": (b'{"cells": []}', "no code cells"),
}


@pytest.mark.parametrize("name", NOT_READ)
def test_what_cannot_be_read_is_one_sentence(name: str, tmp_path: Path) -> None:
    text, said = NOT_READ[name]
    (tmp_path / name).write_bytes(text)
    found = report(tmp_path / name, Limits())
    assert len(found.verdicts) == 1 and said in found.verdicts[0].sentence and found.verdict == "unchecked"


def test_latin_text_is_read(tmp_path: Path) -> None:
    file = tmp_path / "homework.py"
    file.write_bytes(b"# \xe9\n" + PAIR.encode())
    found = report(file, Limits())
    assert found.verdict == "right" and "Latin-1" in found.notes[0]


def test_a_notebook_is_read_without_its_magics(tmp_path: Path) -> None:
    lines = PAIR.splitlines(keepends=True)
    cells = [
        {"cell_type": "code", "source": ["%matplotlib inline\n", "!pip install numpy\n", "import numpy as np"]},
        {"cell_type": "markdown", "source": "# Homework"},
        {"cell_type": "code", "source": "this is no python"},
        {"cell_type": "code", "source": "%%time\nrun()"},
        {"cell_type": "code", "source": lines},
    ]
    file = tmp_path / "homework.ipynb"
    file.write_text(json.dumps({"cells": cells}))
    found = report(file, Limits())
    assert [v.verdict for v in found.verdicts] == ["right"] and "Code cell 2" in found.notes[0]


def test_the_exit_status(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    right, wrong, nothing = tmp_path / "a.py", tmp_path / "b.py", tmp_path / "c.py"
    right.write_text(PAIR)
    wrong.write_text(PAIR.replace("(cache > 0)", "(cache < 0)"))
    nothing.write_text("x = 1\n")
    assert main([str(right)]) == 0
    assert main([str(wrong)]) == 1
    assert "mask inverted" in capsys.readouterr().out
    assert main([str(nothing)]) == 2
    said = capsys.readouterr().out
    assert "No forward with its backward" in said and all(len(line) <= 80 for line in said.splitlines()[1:])
    assert main([str(tmp_path / "missing.py")]) == 2
    assert main([str(right), "--spec", str(tmp_path / "missing.toml")]) == 2
    with pytest.raises(SystemExit) as end:
        main([str(right), "--memory", "much"])
    assert end.value.code == 2


def test_a_folder_is_a_row_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "b.py").write_text(PAIR)
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "ada.py").write_text(PAIR.replace("> 0)\n", "> 0) * 2\n"))
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__" / "c.py").write_text("")
    (tmp_path / "notes.txt").write_text("")
    assert main([str(tmp_path), "--jobs", "2"]) == 1
    head, *rows, last = capsys.readouterr().out.splitlines()
    assert [row.split()[:4] for row in rows] == [["a/ada.py", "0", "1", "0"], ["b.py", "1", "0", "0"]]
    assert head.split()[:4] == ["file", "right", "wrong", "?"] and last.startswith("2 files: 1 right, 1 wrong")
    assert all(len(row) <= 80 for row in rows)


def test_the_fields_of_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "b.py").write_text(PAIR)
    main([str(tmp_path / "b.py"), "--json"])
    found = json.loads(capsys.readouterr().out)
    (file,) = found["files"]
    assert found["version"] == 1 and file["right"] == 1 and file["verdict"] == "right"
    (pair,) = file["pairs"]
    fields = {"name", "verdict", "sentence", "line", "truth", "why", "findings", "shapes", "of_loss", "divides"}
    assert set(pair) == fields
    assert pair["findings"][0]["kind"] == "right" and pair["truth"] == "engine" and pair["shapes"]["x"] == [6, 4]


DENSE = """\
def dense_forward(x, w, b):
    return x @ w + b

def dense_backward(dout, x, w, b):
    return dout @ w.T, x.T @ dout, dout.sum(axis=0, keepdims=True)
"""


def test_no_gradient_is_passed_over(tmp_path: Path) -> None:
    """Of results without names: one that has not the shape of a flat bias is that of a bias in a row."""
    (tmp_path / "b.py").write_text(DENSE)
    (verdict,) = report(tmp_path / "b.py", Limits(time=60)).verdicts
    assert (verdict.verdict, verdict.shapes["b"]) == ("right", [1, 5])
    assert [finding["of"] for finding in verdict.findings] == ["x", "w", "b"]


def test_json_has_no_infinity(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "b.py").write_text(DENSE)
    (tmp_path / "spec.toml").write_text("[dense_forward]\nx = [6, 4]\nw = [4, 5]\nb = [5]\n")
    assert main([str(tmp_path / "b.py"), "--json", "--spec", str(tmp_path / "spec.toml")]) == 1
    found = json.loads(capsys.readouterr().out, parse_constant=lambda word: pytest.fail(word))
    *_, finding = found["files"][0]["pairs"][0]["findings"]
    assert finding["kind"] in ("shape", "not summed") and finding["error"] is None


@pytest.mark.parametrize(
    "options", [["--jobs", "0"], ["--jobs", "two"], ["--time", "0"], ["--memory", "much"], ["--spec", "none.toml"]]
)
def test_bad_options_are_one_sentence(options: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "b.py").write_text(DENSE)
    try:
        status = main([str(tmp_path / "b.py"), *options])
    except SystemExit as left:
        status = left.code
    said = capsys.readouterr().err.splitlines()[-1]
    assert status == 2 and (repr(options[1]) in said or options[1] in said)


def test_the_command_in_a_process(tmp_path: Path) -> None:
    (tmp_path / "homework.py").write_text(PAIR)
    command = [sys.executable, "-m", "tinygrad_bp.check", "homework.py"]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parent.parent), "PYTHONIOENCODING": "ascii"}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0 and done.stderr == "" and "relu_backward" in done.stdout


PAGE = Path(__file__).resolve().parent.parent / "docs" / "homework.md"


def block(kind: str, start: str) -> str:
    """The first block of code on the page that starts so."""
    return next(part for part in re.findall(rf"```{kind}\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.S)
                if part.startswith(start))  # fmt: skip


def test_the_page_shows_what_is_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("homework.py").write_text(block("python", "import numpy"), encoding="utf-8")
    assert main(["homework.py"]) == 1
    *shown, _ = block("text", "homework.py").splitlines()
    *printed, last = capsys.readouterr().out.splitlines()
    assert printed == shown and last.startswith("1 right, 2 wrong; ")


def test_the_spec_of_the_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "spec.toml").write_text(block("toml", "[my_norm]"), encoding="utf-8")
    text = block("python", "import numpy")
    text += "\n\ndef my_norm(x, eps):\n    return x / (np.abs(x) + eps)\n\n\n"
    text += "def my_norm_back(g, x, eps):\n    return g * eps / (np.abs(x) + eps) ** 2\n"
    (tmp_path / "homework.py").write_text(text, encoding="utf-8")
    main([str(tmp_path / "homework.py"), "--spec", str(tmp_path / "spec.toml"), "--json"])
    pairs = {pair["name"]: pair for pair in json.loads(capsys.readouterr().out)["files"][0]["pairs"]}
    assert pairs["my_norm_back"]["verdict"] == "right" and pairs["my_norm_back"]["shapes"]["x"] == [5, 3]
    assert pairs["softmax_loss"]["shapes"] == {"scores": [5, 4], "y": [5]}
    assert pairs["Dense"]["shapes"]["W"] == [3, 2] and "averaged" in pairs["Dense"]["sentence"]


def test_what_the_spec_asks_for_and_the_file_lacks(tmp_path: Path) -> None:
    (tmp_path / "homework.py").write_text(PAIR)
    (tmp_path / "spec.py").write_text("CHECK = {'gelu_forward': {'x': [3]}}")
    found = report(tmp_path / "homework.py", Limits(spec=str(tmp_path / "spec.py")))
    assert [(v.name, v.verdict) for v in found.verdicts] == [("gelu_forward", "unchecked"), ("relu_backward", "right")]


BAD_SPECS = {
    "x = 1": "no tables",
    "[f]\nx = [1.5]": "a list is a shape",
    "[f]\nx = {shape = [2], hi = 3}": "hi is not known",
    "[f": "cannot be read",
}


@pytest.mark.parametrize("text", BAD_SPECS)
def test_a_bad_spec_is_one_sentence(text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "homework.py").write_text(PAIR)
    (tmp_path / "spec.toml").write_text(text)
    assert main([str(tmp_path / "homework.py"), "--spec", str(tmp_path / "spec.toml")]) == 2
    said = capsys.readouterr().err
    assert BAD_SPECS[text] in said and len(said.splitlines()) == 1


@POSIX
def test_an_interrupt_ends_the_processes(tmp_path: Path) -> None:
    begun = tmp_path / "begun"
    (tmp_path / "homework.py").write_text(f"open({str(begun)!r}, 'w').close()\nwhile True:\n    pass")
    command = [sys.executable, "-m", "tinygrad_bp.check", str(tmp_path / "homework.py"), "--time", "60"]
    environment = {**os.environ, "PYTHONPATH": str(PAGE.parent.parent)}
    running = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while not begun.exists() and running.poll() is None:  # on a busy machine it takes seconds to start
        time.sleep(0.05)
    running.send_signal(signal.SIGINT)
    _, said = running.communicate(timeout=30)
    assert running.returncode == 130 and said == "check: interrupted\n"


@POSIX
@pytest.mark.parametrize("more", [[], ["--json"]])
def test_who_reads_may_have_enough(more: list[str], tmp_path: Path) -> None:
    (tmp_path / "homework.py").write_text(PAIR)
    command = [sys.executable, "-m", "tinygrad_bp.check", str(tmp_path), *more]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        assert running.stdout is not None and running.stderr is not None
        running.stdout.close()
        assert (running.stderr.read(), running.wait()) == (b"", 141)
