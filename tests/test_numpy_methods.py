"""The methods of NumPy's arrays on Tensors: the same, or listed in the one table of those that mean two things."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import numpy_sweep as sweep
import pytest
from numpy_calls import LEAVE, METHODS

import tinygrad_bp as tg
from tinygrad_bp.autograd.errors import AutogradError

PAGE = (Path(__file__).parents[1] / "docs" / "numpy.md").read_text(encoding="utf-8")
GONE = {"itemset", "newbyteorder", "ptp", "tostring"}  # in NumPy 2.0 named still, and refused
ARRAYS = {name for name in dir(np.ndarray) if not name.startswith("_")} - GONE
MEMORY = {"device", "flags"}  # objects of NumPy's own


def outcomes(name: str) -> list[str]:
    return [sweep.outcome(call, recorded) for call in METHODS[name].split("; ") for recorded in (True, False)
            if not (recorded and name in LEAVE)]  # fmt: skip


def test_every_method_of_arrays_has_a_call_or_is_listed() -> None:
    listed = re.search(r"Not here: `([\w ]+)`", PAGE)
    assert listed is not None
    assert ARRAYS - {*METHODS} - MEMORY == {*listed.group(1).split()} == ARRAYS - {*dir(tg.Tensor)}


def test_the_table_lists_the_methods_that_mean_two_things() -> None:
    rows = re.findall(r"^\| (`.*?`) \|", PAGE, re.MULTILINE)
    listed = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
    assert listed == {name for name in METHODS if set(outcomes(name)) != {"right"}} - {"data"}


def test_what_pytorch_refuses_and_numpy_too_is_refused_as_pytorch_does() -> None:
    x = tg.ones(2, 3)
    for call, words in {
        "x.dot(x)": "two vectors", "x.max(axis=5)": "dimension", "x.std(ddof=0, dim=0)": "ddof",
        "x.reshape(4, order='F')": "reshape", "x.round(decimals='a')": "round", "x.flatten('Q')": "flatten",
    }.items():  # fmt: skip
        with pytest.raises((AutogradError, TypeError), match=words):
            eval(call, {"x": x})


def test_size_is_a_number_and_pytorchs_method() -> None:
    x = tg.ones(2, 3, requires_grad=True)
    assert x.size == 6 and isinstance(x.size, int) and x.size() == (2, 3) and x.size(-1) == 3 and x.size(dim=0) == 2
    assert (x / x.size).sum().item() == pytest.approx(1) and 6 / x.size == 1 and len(range(x.size)) == 6
    assert np.size(x) == 6 and tg.ones(()).size == 1 and tg.ones(0).size == 0
    for wrong in (2, "a"):
        with pytest.raises(AutogradError, match="size"):
            x.size(wrong)


@pytest.mark.parametrize("kind", ["float16", "int8", "bool", "complex64"])
def test_other_dtypes(kind: str) -> None:
    a = np.arange(6).reshape(2, 3).astype(kind)
    t = tg.tensor(a)
    for call in (
        "x.astype(complex)", "x.copy()", "x.repeat(2, axis=0)", "x.take([0], axis=1)", "x.flatten('F')",
        "x.transpose()", "x.compress([True, False], axis=0)", "x.reshape(3, 2, order='F')", "x.cumsum()",
    ):  # fmt: skip
        found, wanted = (np.asarray(eval(call, {"x": x, "np": np})) for x in (t, a))
        np.testing.assert_array_equal(found, wanted)


def test_writing_methods_write() -> None:
    x: Any = tg.tensor([3.0, 1.0, 2.0])
    assert x.fill(2.0) is None and x.tolist() == [2.0] * 3
    w = tg.tensor([3.0, 1.0, 2.0], requires_grad=True)
    y: Any = w * 1
    assert y.sort(kind="stable") is None and y.tolist() == [1.0, 2.0, 3.0]
    (y * tg.tensor([1.0, 10.0, 100.0])).sum().backward()
    assert w.grad is not None and w.grad.tolist() == [100.0, 1.0, 10.0]
    with pytest.raises(AutogradError, match="leaf"):
        w.fill(0.0)
