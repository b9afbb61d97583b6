"""Tensors are printed as PyTorch prints them, to the character. Golden texts: tests/golden/make_printing.py."""

from __future__ import annotations

import copy
import json
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from printed_tensors import CALLS, EXPRESSIONS, drawn, recorded

import tinygrad_bp as tg
from tinygrad_bp.autograd.define import linear
from tinygrad_bp.autograd.errors import ArgumentError
from tinygrad_bp.autograd.op import OPS

GOLDEN = json.loads((Path(__file__).parent / "golden" / "printing.json").read_text())


@pytest.fixture(autouse=True)
def usual_options():
    yield
    tg.set_printoptions(profile="default")


@pytest.mark.parametrize("text", EXPRESSIONS)
def test_an_expression_prints_as_in_pytorch(text):
    assert str(eval(text, {"T": tg})) == GOLDEN["expressions"][text]


@pytest.mark.parametrize("text", EXPRESSIONS)
def test_so_it_does_with_another_default_dtype(text):
    tg.set_default_dtype(tg.float64)
    assert str(eval(text, {"T": tg})) == GOLDEN["float64"][text]


@pytest.mark.parametrize("call", CALLS)
def test_the_result_of_a_call_says_what_made_it(call):
    assert recorded(call, tg) == GOLDEN["calls"][call]


def test_drawn_tensors_print_as_in_pytorch():
    for wanted, (array, options, requires_grad) in zip(GOLDEN["drawn"], drawn(len(GOLDEN["drawn"]))):
        tg.set_printoptions(profile="default")
        tg.set_printoptions(**options)
        assert repr(tg.tensor(array, requires_grad=requires_grad)) == wanted


def test_what_lies_otherwise_in_memory_prints_the_same():
    t = tg.arange(24.0).reshape(4, 6)
    for view in (t.T, t[::2, 1:], t.permute(1, 0)[2], t[None].expand(2, 4, 6)):
        assert repr(view) == repr(tg.tensor(np.ascontiguousarray(view.numpy())))


@pytest.mark.parametrize("profile", ["default", "short", "full"])
def test_profiles(profile):
    tg.set_printoptions(profile=profile)
    shown = repr(tg.linspace(0, 1, 1001))
    assert ("..." in shown) == (profile != "full") and ("0.00, " in shown) == (profile == "short")
    assert shown.count("\n") == (0 if profile != "full" else 111)


def test_options_that_are_not_given_stay_but_for_sci_mode():
    tg.set_printoptions(precision=2, sci_mode=True)
    assert repr(tg.tensor([1.5])) == "tensor([1.50e+00])"
    tg.set_printoptions(linewidth=10)
    assert repr(tg.tensor([1.5, 2.0])) == "tensor([1.50,\n        2.00])"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"profile": "long"}, "profile is one of default, short, full, got 'long'"),
        ({"precision": -1}, "precision is a number from 0, got -1"),
        ({"precision": 2.5}, "precision is a number from 0, got 2.5"),
        ({"edgeitems": "3"}, "edgeitems is a number from 0, got '3'"),
        ({"threshold": float("nan")}, "threshold is a number from 0, got nan"),
        ({"linewidth": 100, "threshold": -1}, "threshold is a number from 0, got -1"),
    ],
)
def test_other_options_are_refused_before_anything_changes(options, message):
    with pytest.raises(ArgumentError, match=message):
        tg.set_printoptions(**options)
    assert repr(tg.ones(30)).count("\n") == 1


@pytest.mark.parametrize("make", [lambda: tg.ones(3), lambda: tg.ones(1), lambda: tg.nn.Parameter(tg.ones(2, 2))])
def test_a_format_writes_one_number(make):
    with pytest.raises(TypeError, match=r"'\.2f' writes one number, and the tensor has shape .*t\.item\(\)"):
        f"{make():.2f}"


def test_a_name_outlasts_backward():
    x = tg.ones(2, 3, requires_grad=True)
    for y in (x.prod(), x.mean(), (x * x)[0].sum(0), (x @ x.T).sum()):
        before = repr(y)
        y.backward()
        assert repr(y) == before


def test_a_subclass_and_a_function_of_the_user_have_their_names():
    class Twice(tg.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def backward(ctx, g):
            return g * 2

    assert repr(Twice.apply(tg.ones(1, requires_grad=True))) == "tensor([2.], grad_fn=<TwiceBackward>)"


def test_a_name_reads_nothing_that_backward_frees():
    for op in (op for op in OPS.values() if op.kind != "constant"):
        assert isinstance(op.grad_fn, str) or callable(op.grad_fn), op.name
    with pytest.raises(TypeError, match=r"op bad: its grad_fn reads \('x',\), which its nodes do not keep to the end"):
        linear("bad", lambda x: x, lambda g, x: g, grad_fn=lambda x: "Bad")


def test_printing_is_imported_with_the_first_tensor_that_is_printed():

    code = "import sys, tinygrad_bp as tg\nprint('tinygrad_bp.autograd.printing' in sys.modules)\nprint(tg.ones(1))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\ntensor([1.])\n"


def test_a_shape_is_a_tuple_still():
    shape = tg.zeros(2, 3).shape
    assert isinstance(shape, tg.Size) and isinstance(shape, tuple) and shape == (2, 3) and {(2, 3): 1}[shape] == 1
    assert shape.numel() == 6 and tg.Size(()).numel() == 1 and tg.Size(np.array([2, 3])) == shape
    joined = (shape[1:], shape + (1,), (1,) + shape, shape * 2, 2 * shape)  # noqa: RUF005
    assert {type(s) for s in joined} == {tg.Size}
    assert copy.deepcopy(shape) == shape and type(pickle.loads(pickle.dumps(shape))) is tg.Size
    assert tg.zeros(shape).reshape(shape[::-1]).shape == (3, 2) and np.zeros(shape).shape == shape
    for wrong in (3, [2.5], ["a"]):
        with pytest.raises(ArgumentError, match="Size: give the sizes, an iterable of integers, got"):
            tg.Size(wrong)


def test_results_by_name_are_copied_and_pickled_with_their_names():

    pair = tg.ones(2, 3).max(0)
    for twin in (copy.copy(pair), copy.deepcopy(pair)):
        assert repr(twin) == repr(pair) and isinstance(twin, type(pair))
    assert pickle.loads(pickle.dumps(type(pair)(1, 2))) == (1, 2)
