"""A learner finds an op: its documentation, its source and its tracebacks lead to where it is defined."""

from __future__ import annotations

import inspect
import io
import os
import pydoc
import subprocess
import sys
import traceback
from pathlib import Path

import numpy as np
import pytest

import tinygrad_bp as tg
import tinygrad_bp.nn
from tinygrad_bp.autograd.define import elementwise
from tinygrad_bp.autograd.definitions import described, written_rules
from tinygrad_bp.autograd.op import OPS, Op

ALL = [pytest.param(op, id=name) for name, op in sorted(OPS.items())]


def text_of(function: object) -> str:
    return pydoc.plain(pydoc.render_doc(function))


def test_help_says_the_file_the_line_and_the_rule() -> None:
    text = text_of(tg.tanh)
    line = OPS["tanh"].place[1]
    assert "tanh(input, *, out=None)" in text and "Hyperbolic tangent." in text
    assert f"Defined in tinygrad_bp/ops/trigonometry.py, line {line}." in text
    assert "Rule: g * (1 - y * y)" in text
    assert "Rule of a: g * b" not in text and "Rule of b: g * a" in text_of(tg.mul)


def test_a_rule_that_is_a_function_is_named_with_its_line() -> None:
    (rule,) = OPS["cholesky"].rules
    assert rule is not None
    assert f"Rule: {rule.__name__}, line {inspect.getsourcelines(rule)[1]}" in text_of(OPS["cholesky"].function)


@pytest.mark.parametrize("op", ALL)
def test_every_op_says_where_it_is_defined(op: Op) -> None:
    file, line = op.place
    assert Path(file).parent.name == "ops"
    defining = Path(file).read_text(encoding="utf-8").split("\n")[line - 1]
    assert any(f"{kind}(" in defining for kind in ("elementwise", "linear", "general", "constant"))
    assert f"Defined in tinygrad_bp/ops/{Path(file).name}, line {line}." in text_of(op.function)
    wanted = [name for name, rule in zip(op.inputs, op.rules, strict=True) if rule is not None]
    assert list(written_rules(op)) == wanted and all(written_rules(op).values())


@pytest.mark.parametrize("op", ALL)
def test_inspect_shows_the_definition_or_the_rule(op: Op) -> None:
    assert inspect.getsourcefile(op.function) == op.place[0]
    shown = inspect.getsource(op.function)
    parts = [getattr(function, "__name__", "") for function in (*op.rules, op.forward) if function is not None]
    assert f'"{op.name}"' in shown or "lambda" in shown or any(f"def {name}" in shown for name in parts)


@pytest.mark.parametrize("op", [op for op in ALL if len(op.values[0].inputs) == 1 and not op.values[0].variadic])
def test_an_op_of_one_input_says_nothing_of_shapes_that_broadcast(op: Op) -> None:
    assert "broadcast" not in described(op) or op.name.startswith(("broadcast", "expand"))


def shown_traceback(function: object, *args: object) -> list[traceback.FrameSummary]:
    with pytest.raises(tg.AutogradError) as caught:
        function(*args)  # type: ignore[operator]
    return list(traceback.extract_tb(caught.value.__traceback__))


def test_a_traceback_names_the_op_and_its_definition() -> None:
    for _ in range(2):  # before its first call an op runs other code
        frames = shown_traceback(tg.mul, tg.ones(2), tg.ones(3))
        assert {(frame.filename, frame.lineno) for frame in frames if frame.name == "mul"} == {OPS["mul"].place}
        tg.mul(tg.ones(2), tg.ones(2))


def test_a_traceback_through_backward_names_the_op() -> None:
    def refuse(g: object, x: object) -> object:
        raise tg.AutogradError("no")

    double = elementwise("double_of_the_test", lambda x: x * 2, refuse)
    try:
        frames = shown_traceback(double(tg.ones(2, requires_grad=True)).sum().backward)
    finally:
        del OPS["double_of_the_test"]
    assert [frame.name for frame in frames][-2:] == ["double_of_the_test", "refuse"]
    assert frames[-2].filename == __file__


def test_where_a_file_is_missing_the_rest_of_the_documentation_stands() -> None:
    code = (
        "from tinygrad_bp.autograd.define import elementwise\n"
        "double = elementwise('double', lambda x: x * 2, lambda g: g * 2, doc='Twice x.')\n"
        "help(double)"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert "Twice x." in said and "Rule" not in said


def test_an_import_reads_no_source(tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "def watch(event, args):\n"
        "    if event == 'open' and 'tinygrad_bp' in str(args[0]) and str(args[0]).endswith('.py') and "
        "'r' == args[1]: print(args[0])\n"
        "import numpy, tinygrad_bp.autograd.errors\n"
        "sys.addaudithook(watch)\n"
        "from tinygrad_bp import tanh\n"
        "tanh.__doc__\n"
    )
    settings = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    settings["PYTHONPYCACHEPREFIX"] = str(tmp_path)  # the first import writes bytecode here, the second reads it

    def read() -> str:
        run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=settings)
        return run.stdout

    assert "tinygrad_bp" in read()
    assert read() == ""


def test_the_text_of_the_documentation_is_what_is_shown() -> None:
    out = io.StringIO()
    print(tg.tanh.__doc__, file=out)
    assert out.getvalue().strip() == inspect.getdoc(tg.tanh)
    assert isinstance(tg.tanh.__doc__, str) and np.tanh.__doc__ != tg.tanh.__doc__
