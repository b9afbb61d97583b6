"""A compiled function among others: those who watch, who call, who write, and who read its text."""

import sys
import threading
import warnings

import numpy as np
import pytest

import tinygrad_bp as tg
from tests.compile.both_ways import X
from tinygrad_bp import nn

pytestmark = [
    pytest.mark.usefixtures("every_backend"), pytest.mark.filterwarnings("ignore:the backend of C does not have"),
]  # fmt: skip


def test_someone_who_watches_sees_every_op():
    compiled = tg.compile(lambda x: tg.log(x))
    [compiled(X.abs()) for _ in range(3)]
    with tg.autograd.detect_anomaly(), pytest.raises(tg.autograd.anomaly.AnomalyError, match="log made the first"):
        compiled(tg.tensor([0.0]))


def test_compiled_functions_call_each_other():
    inner = tg.compile(lambda x: x * 2)
    outer = tg.compile(lambda x: inner(x) + 1)
    for _ in range(4):
        assert outer(X).tolist() == [3.0, -3.0, 7.0]
        assert inner(X).tolist() == [2.0, -4.0, 6.0]


def test_threads():
    layer = nn.Linear(50, 2)
    with tg.no_grad():
        expected = [layer(tg.full((50,), float(i))).tolist() for i in range(6)]
    interval, wrong, found = sys.getswitchinterval(), [], []

    def work(i, compiled):
        x = tg.full((50,), float(i))
        for _ in range(50):
            with tg.no_grad():
                if not np.allclose(compiled(x).tolist(), expected[i], rtol=1e-5):
                    wrong.append(i)

    try:
        sys.setswitchinterval(1e-6)
        for _ in range(3):
            compiled = tg.compile(lambda x: layer(x))
            threads = [threading.Thread(target=work, args=(i, compiled)) for i in range(6)]
            [t.start() for t in threads]
            [t.join() for t in threads]
            found.append(len(compiled.programs))
    finally:
        sys.setswitchinterval(interval)
    assert wrong == [] and found == [1] * 3


def test_a_write_by_a_program_is_counted():
    w = tg.ones(3)

    def update(x):
        w.mul_(2)
        return x * 1

    compiled = tg.compile(update)
    [compiled(X) for _ in range(3)]
    x = tg.ones(3, requires_grad=True)
    y = x * w  # keeps w
    compiled(X)
    with pytest.raises(tg.AutogradError, match=r"written|modified|changed"):
        y.sum().backward()


def test_nothing_is_said_in_ordinary_use():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        compiled = tg.compile(lambda x: x * 2)
        [compiled(tg.ones(n)) for n in (1, 2, 3) for _ in range(3)]
    assert len(compiled.programs) == 3


def test_what_runs_can_be_read(request):
    compiled = tg.compile(lambda x: (x * 2).tanh())
    with pytest.raises(tg.AutogradError, match="there is no program yet"):
        _ = compiled.source
    [compiled(X) for _ in range(4)]
    assert compiled.source.count("np.tanh(") == 1 and "import numpy as np" in compiled.source
    in_c = "[c]" in request.node.name
    assert ("#include <math.h>" in compiled.c_source) == in_c and ("int tg_step(void)" in compiled.c_source) == in_c
