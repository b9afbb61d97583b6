"""The line of the user's program that made a node: of the first ops of a process, and of every op that is asked to."""

from __future__ import annotations

import subprocess
import sys
import threading
from textwrap import dedent
from typing import Any

import numpy as np
import pytest

import tinygrad_bp as tg
from tinygrad_bp.autograd import lines
from tinygrad_bp.autograd.frames import frame_code, source
from tinygrad_bp.autograd.history import history
from tinygrad_bp.autograd.lines import Line, line_of
from tinygrad_bp.autograd.op import OPS, Op
from tinygrad_bp.autograd.tensor import Tensor
from tinygrad_bp.autograd.watch import Following, Watcher
from tinygrad_bp.verify import contracts as c

RECORDED = [op for op in OPS.values() if op.samples and any(op.rules)]


def recorded(op: Op) -> list[Any]:
    """The nodes of the op's first sample, called here with inputs that want gradients."""
    sample = op.samples[0]
    given: Any = [tg.as_tensor(array) for array in c.draw(op, sample)]
    for tensor, rule in zip(given, op.rules * (len(given) if op.variadic else 1)):
        if rule is not None and tensor.dtype.kind in "fc":
            tensor.requires_grad = True
    with np.errstate(all="ignore"):
        result = op.function(*([given] if op.variadic else given), **sample.params)
    return [node for node in history([result._node]) if node.op is not None]


@pytest.mark.parametrize("op", RECORDED, ids=lambda op: op.name)
def test_every_op_knows_the_line_that_called_it(op: Op) -> None:
    with tg.autograd.record_lines():
        nodes = recorded(op)
        with Following(Watcher()):
            watched = recorded(op)
    assert nodes and len(nodes) == len(watched)
    for node in (*nodes, *watched):
        line = line_of(node)
        assert line is not None and (line.file, line.function) == (__file__, "recorded")
        assert "op.function(" in line.text


def test_that_a_line_is_missing_is_seen() -> None:
    with pytest.raises(AssertionError), pytest.MonkeyPatch.context() as patch:
        patch.setattr(lines, "inside_package", lambda file: True)
        patch.setattr(lines, "OURS", set())
        lines.USERS.discard(__file__)
        test_every_op_knows_the_line_that_called_it(OPS["exp"])


def test_a_call_of_a_module_is_the_users_line() -> None:
    model = tg.nn.Sequential(tg.nn.Linear(2, 2), tg.nn.LayerNorm(2), tg.nn.Linear(2, 1))
    with tg.autograd.record_lines():
        loss = tg.nn.functional.mse_loss(
            model(tg.ones(3, 2)),
            tg.ones(3, 1),
        )
    found = {line_of(node).text for node in history([loss._node]) if node.op is not None}
    assert found == {"model(tg.ones(3, 2)),", "loss = tg.nn.functional.mse_loss("}


def test_numpys_functions_and_what_writes_in_place() -> None:
    x = tg.ones(3, requires_grad=True)
    with tg.autograd.record_lines():
        y = np.exp(x)
        before = y._node
        y += x
        z = np.mean(y)
    assert [line_of(node).text for node in (before, y._node, z._node)] == ["y = np.exp(x)", "y += x", "z = np.mean(y)"]


@pytest.mark.usefixtures("later")
def test_inside_the_mode_alone_frames_keep_lines() -> None:
    op = OPS["mul"]
    x = tg.ones(2, requires_grad=True)
    assert line_of((x * x)._node) is None and op.function.__code__ == frame_code(op, "none")
    with tg.autograd.record_lines():
        with tg.autograd.record_lines():
            x * x
        assert line_of((x * x)._node) is not None and op.function.__code__ == frame_code(op, "all")
        found: list[Line | None] = []
        thread = threading.Thread(target=lambda: found.append(line_of((x * x)._node)))
        thread.start()
        thread.join()
        assert found[0] is not None and found[0].text.startswith("thread =")
    assert line_of((x * x)._node) is None and op.function.__code__ == frame_code(op, "none")
    decorated = tg.autograd.record_lines()(lambda: x * x)
    assert line_of(decorated()._node) is not None and line_of((x * x)._node) is None
    with Following(Watcher()):
        assert line_of((x * x)._node) is None


def test_a_frame_that_keeps_no_line_spends_nothing_on_it() -> None:
    more = set(source(OPS["mul"], "all").splitlines()) - set(source(OPS["mul"]).splitlines())
    assert len(more) == 4 and "frame" not in source(OPS["mul"]).partition("return function")[0].partition("def f")[2]


def run(program: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", dedent(program)], capture_output=True, text=True, timeout=100
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_the_first_ops_of_a_process_know_their_line() -> None:
    found = run(
        f"""
        import tinygrad_bp as tg
        from tinygrad_bp.autograd.lines import line_of
        x = tg.ones(2, requires_grad=True)
        known = [line_of((x * x)._node) is not None for _ in range({lines.FIRST + 3})]
        print(known[0], known[-1], known.index(False) in range({lines.FIRST - 10}, {lines.FIRST + 2}))
        print(any(known[known.index(False):]))
        with tg.autograd.record_lines():
            print(line_of((x * x)._node).number)
        print(tg.replay((x * x).sum()).lines, line_of((x * x)._node))
        """
    )
    assert found == ["True False True", "False", "9", "False None"]


def test_a_loss_that_was_computed_before_is_replayed_with_its_lines(tmp_path: Any) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import tinygrad_bp as tg\n"
        "w = tg.ones(3, requires_grad=True)\n"
        "hidden = tg.tanh(w * 2)\n"
        "loss = hidden.sum()\n"
        "r = tg.replay(loss)\n"
        "print(*[f'{step.source.number} {step.source.text}' for step in r.steps], sep='\\n')\n"
        "print('record_lines' in r.text())\n"
    )
    found = run(f"import runpy; runpy.run_path({str(script)!r}, run_name='__main__')")
    assert found == ["4 loss = hidden.sum()", "3 hidden = tg.tanh(w * 2)", "3 hidden = tg.tanh(w * 2)", "False"]


def test_a_node_whose_code_has_no_lines_names_the_function() -> None:
    made = (tg.ones(1, requires_grad=True) * 2)._node
    made.where = run.__code__.replace(co_linetable=b""), 0
    assert line_of(made) == Line(__file__, run.__code__.co_firstlineno, "run")


def test_what_is_no_op_knows_none() -> None:
    x: Tensor = tg.ones(1, requires_grad=True)
    assert line_of(x._node) is None


def test_a_warning_names_the_users_line() -> None:
    F, w = tg.nn.functional, tg.ones(2, requires_grad=True)
    two, one = tg.ones(2, 1), tg.ones(2)
    for call in (
        lambda: F.mse_loss(two, one), lambda: F.l1_loss(two, one, size_average=True), lambda: F.huber_loss(two, one),
        lambda: tg.nn.MSELoss()(two, one), lambda: float(w.sum()), lambda: (w * 1).grad, lambda: tg.tensor(w),
        lambda: tg.exp(two, out=tg.zeros(3)), lambda: tg.flip(two, (0,), out=tg.zeros(3)),
        lambda: tg.data.random_split([1], [0.5, 0.5]),
    ):  # fmt: skip
        with pytest.warns(UserWarning) as caught:
            call()
        assert [warning.filename for warning in caught] == [__file__]
