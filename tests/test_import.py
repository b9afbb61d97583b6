"""What ``import tinygrad_bp`` leaves for later, and that it is found when it is asked for."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import tinygrad_bp as tg

HERE = Path(__file__).parent
LATER = ("data", "drawing", "func", "models", "nn", "optim", "saving", "train", "utils", "verify")


def printed(code: str) -> str:
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True
    ).stdout


def test_parts_are_imported_when_they_are_asked_for() -> None:
    code = (
        "import sys, tinygrad_bp as tg\n"
        f"print([name for name in {LATER} if 'tinygrad_bp.' + name in sys.modules])\n"
        "print(tg.nn.Linear(1, 1), 'tinygrad_bp.nn' in sys.modules)\n"
        "print(tg.autograd.gradcheck.__name__, tg.autograd.functional.jacobian.__name__, tg.draw.__name__)"
    )
    assert printed(code).splitlines() == [
        "[]",
        "Linear(in_features=1, out_features=1, bias=True) True",
        "gradcheck jacobian draw",
    ]


def test_files_of_ops_are_imported_when_something_of_them_is_asked_for() -> None:
    code = (
        "import sys, numpy as np, tinygrad_bp as tg\n"
        "there = lambda name: f'tinygrad_bp.{name}' in sys.modules\n"
        "files = ('ops.gamma_functions', 'ops.sorting', 'numpy_names.reductions', 'random.sampling')\n"
        "print([there(file) for file in files])\n"
        "t = tg.tensor([2.0, 1.0], requires_grad=True)\n"
        "print(t.lgamma().sum().item(), there('ops.gamma_functions'), there('ops.sorting'))\n"
        "print(tg.Tensor.lgamma is tg.Tensor.__dict__['lgamma'], tg.lgamma is vars(tg)['lgamma'])\n"
        "print(np.cumsum(t), there('numpy_names.reductions'), there('nn'))\n"
        "from tinygrad_bp import *\n"
        "print(logdet(eye(2)), isinstance(eye(2), Tensor))"
    )
    assert printed(code).splitlines() == [
        "[False, False, False, False]",
        "0.0 True False",
        "True True",
        "tensor([2., 3.], grad_fn=<CumsumBackward0>) True False",
        "tensor(0.) True",
    ]


def test_whoever_gathers_has_every_op() -> None:
    code = (
        "import importlib, pkgutil, tinygrad_bp as tg\n"
        "from tinygrad_bp.autograd.gathering import gather\n"
        "from tinygrad_bp.autograd.op import OPS\n"
        "gather()\n"
        "known = set(OPS)\n"
        "for room in (tg.ops, tg.functions, tg.nn, tg.random):\n"
        "    for file in pkgutil.walk_packages(room.__path__, room.__name__ + '.'):\n"
        "        importlib.import_module(file.name)\n"
        "print(len(known) > 270, set(OPS) - known)"
    )
    assert printed(code) == "True set()\n"


needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="every call is made in a child of one process")


@needs_fork
def test_every_function_of_numpy_can_be_the_first_that_is_called() -> None:
    run = subprocess.run(
        [sys.executable, "-W", "ignore", str(HERE / "first_calls.py")], capture_output=True, text=True, check=False
    )
    assert (run.stdout, run.stderr, run.returncode) == ("", "", 0)


@needs_fork
def test_what_only_a_later_import_brings_is_missed_by_a_first_call() -> None:
    code = (
        f"import sys; sys.path.insert(0, {str(HERE)!r})\n"
        "import numpy as np, first_calls\n"
        "from tinygrad_bp.autograd.op import FUNCTIONS, UFUNC_METHODS, UFUNCS\n"
        "from tinygrad_bp.numpy_names import linalg\n"
        "FUNCTIONS[np.linalg.vecdot] = lambda x1, x2: UFUNC_METHODS['__call__'](np.vecdot, UFUNCS[np.vecdot], x1, x2)\n"
        "print(first_calls.first('np.linalg.vecdot(x, y)'))\n"
        "np.add(np.ones(2), first_calls.numpy_sweep.tg.ones(2, requires_grad=True), where=np.array([True, False]))\n"
        "print(first_calls.first('np.linalg.vecdot(x, y)'))"
    )
    assert printed(code) == "raises KeyError: '__call__'\nright\n"


def test_pytorchs_place_of_the_functional_transforms_can_be_imported_from() -> None:
    code = (
        "from tinygrad_bp.autograd.functional import jacobian, hvp\n"
        "import tinygrad_bp.autograd.functional as functional\n"
        "import tinygrad_bp.functional\n"
        "print(functional is tinygrad_bp.functional, functional.jacobian is jacobian)\n"
        "try:\n"
        "    from tinygrad_bp.autograd.functional import nothing\n"
        "except ImportError:\n"
        "    print('not there')"
    )
    assert printed(code).splitlines() == ["True True", "not there"]


def test_they_are_listed_and_others_are_not_there() -> None:
    assert set(LATER) | {"draw", "grid_sampler_2d"} <= set(dir(tg))
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = tg.nothing
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = tg.autograd.nothing


def test_anomaly_mode_watches_ops_that_are_imported_inside_it() -> None:
    code = (
        "import numpy as np, tinygrad_bp as tg\n"
        "x = tg.tensor([1e30], requires_grad=True)\n"
        "try:\n"
        "    with tg.autograd.detect_anomaly():\n"
        "        tg.nn.functional.mse_loss(x, tg.zeros(1))\n"
        "except tg.autograd.errors.AnomalyError as error:\n"
        "    print(str(error).split(':')[0])"
    )
    assert printed(code) == "mse_loss made the first inf\n"
