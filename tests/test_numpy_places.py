"""Where a function of NumPy has its rule: one table, by which one file is imported when it is first called."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from tinygrad_bp.autograd.op import FUNCTIONS, UFUNCS
from tinygrad_bp.numpy_names import PLACES, name_of

KEYS = {name_of(key): key for key in (*FUNCTIONS, *UFUNCS) if not isinstance(key, tuple)}
NAMES = [name for names in PLACES.values() for name in names.split()]


def test_the_table_has_every_function_with_a_rule_once() -> None:
    later = {"cumulative_prod", "cumulative_sum", "matvec", "unstack", "vecmat"}  # since NumPy 2.1 and 2.2
    assert len(NAMES) == len(set(NAMES))
    assert set(NAMES) - set(KEYS) <= later - set(dir(np))
    assert set(KEYS) - set(NAMES) == set()


@pytest.mark.parametrize("place", PLACES)
def test_its_file_alone_has_the_rule(place: str) -> None:
    program = (
        "from importlib import import_module\n"
        "import tinygrad_bp\n"
        "from tinygrad_bp.autograd.op import FUNCTIONS, UFUNCS\n"
        "from tinygrad_bp.numpy_names import PLACES, name_of\n"
        f"import_module('tinygrad_bp.{place}')\n"
        "here = {name_of(key) for key in (*FUNCTIONS, *UFUNCS) if not isinstance(key, tuple)}\n"
        f"print(*sorted(set(PLACES['{place}'].split()) - here))\n"
    )
    missing = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    assert [name for name in missing if name in KEYS] == []


def test_a_call_imports_no_other_files() -> None:
    program = (
        "import sys, numpy as np, tinygrad_bp as tg\n"
        "t = tg.tensor([0.1, 0.2], requires_grad=True)\n"
        "print(np.sum(np.sin(t)).requires_grad, np.hypot.outer(t, t).shape)\n"
        "print([name for name in ('numpy_names.polynomials', 'ops.fourier', 'numpy_names.sets', 'nn')\n"
        "       if 'tinygrad_bp.' + name in sys.modules])\n"
    )
    printed = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert printed.splitlines() == ["True torch.Size([2, 2])", "[]"]
