"""Every op of the table in ONNX: its own samples, run by onnxruntime; and every op without an entry says why."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx_runs import assert_same, exported, run, session

import tinygrad_bp as tg
from tinygrad_bp.autograd.gathering import gather
from tinygrad_bp.autograd.op import OPS, Op
from tinygrad_bp.onnx.writing import ENTRIES, REFUSED
from tinygrad_bp.verify import contracts as c

gather()  # the rooms that come on first use, whose ops are in the table then

# Of 1e30, −1e30 and 800 the sum is 0 or 800, by the order in which they are added.
REORDERED = {"sum", "mean", "prod", "std", "batch_norm", "layer_norm"}
# onnxruntime ends the process on a batch without rows.
NEED_ROWS = {"rnn", "lstm", "gru"}
# onnxruntime's processor has no float64 of these operators: the models are right, and run elsewhere.
SINGLE = {
    "tan", "asin", "acos", "atan", "sinh", "cosh", "asinh", "acosh", "atanh", "atan2", "erf", "erfc", "gelu", "det",
    "convolution", "transposed_convolution", "convolution_weight", "rnn", "lstm", "gru",
}  # fmt: skip


def taken(op: Op, dtype: Any) -> list[tuple[Any, list[Any]]]:
    """The samples of an op that are compared, and their arrays."""
    found = []
    for sample in op.samples:
        with np.errstate(all="ignore"):
            arrays = c.draw(op, sample, dtype=dtype)
            gives = c.run(op, [tg.tensor(array) for array in arrays], sample).dtype
        left_out = (
            any(kind.kind == "c" for kind in [gives, *(array.dtype for array in arrays)])
            or (op.name in REORDERED and not sample.smooth)
            or (op.name in NEED_ROWS and any(0 in shape for shape in sample.shapes))
            or (op.name == "median_index" and sample.params.get("ignore"))  # refused: which NaN counts is a value
        )
        if not left_out:
            found.append((sample, arrays))
    return found


def all_of(op: Op, samples: list[tuple[Any, list[Any]]]) -> Any:
    """A function that gives the results of all samples at once."""
    return lambda *groups: [c.run(op, group, sample) for group, (sample, _) in zip(groups, samples, strict=True)]


def compare(op: Op, dtype: Any, tolerance: float) -> None:
    samples = taken(op, dtype)
    assert samples
    function, args = all_of(op, samples), [[tg.tensor(array) for array in arrays] for _, arrays in samples]
    with np.errstate(all="ignore"):
        ours, model = function(*args), exported(function, *args)
    try:
        theirs = run(session(model), args)
    except Exception as error:
        assert "double" in str(error) or "NOT_IMPLEMENTED" in str(error), error
        assert dtype == np.float64 and op.name in SINGLE, error
        return
    assert_same(ours, theirs, tolerance)


def test_every_op_has_an_entry_or_a_reason() -> None:
    assert set(ENTRIES) | set(REFUSED) == set(OPS)
    assert not set(ENTRIES) & set(REFUSED)


def test_the_page_lists_them_all(monkeypatch: pytest.MonkeyPatch) -> None:
    docs = Path(__file__).parent.parent / "docs"
    monkeypatch.syspath_prepend(docs)
    written = importlib.import_module("make_onnx").page()
    assert (docs / "onnx.md").read_text(encoding="utf-8") == written, "run PYTHONPATH=. python docs/make_onnx.py"


@pytest.mark.parametrize("name", ENTRIES)
def test_an_op_in_onnx_is_the_op(name: str) -> None:
    compare(OPS[name], np.float32, 1e-5)


@pytest.mark.parametrize("name", sorted(ENTRIES)[::4])
@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float64, 1e-9), (np.float16, 2e-3)])
def test_other_dtypes(name: str, dtype: Any, tolerance: float) -> None:
    compare(OPS[name], dtype, tolerance)


@pytest.mark.parametrize("name", [name for name in ENTRIES if OPS[name].floats])
def test_integers_that_become_floats(name: str) -> None:
    op = OPS[name]
    sample = next(sample for sample in op.samples if all(0 not in shape for shape in sample.shapes))
    args = [tg.ones(shape, dtype=tg.int64) for shape in sample.shapes]
    with np.errstate(all="ignore"):
        ours, model = c.run(op, args, sample), exported(lambda *xs: c.run(op, xs, sample), *args)
        if name not in SINGLE:  # NumPy makes float64 of integers
            assert_same([ours], run(session(model), args))


@pytest.mark.parametrize("name", REFUSED)
def test_an_op_without_an_entry_says_so(name: str) -> None:
    op, sample = OPS[name], OPS[name].samples[0]
    arrays = [tg.tensor(array) for array in c.draw(op, sample, dtype=np.float32)]
    given = arrays or [tg.ones(1)]  # what draws has no input of its own
    with pytest.raises(tg.AutogradError, match=rf"the op {name} cannot be exported: .*[;:,] "):
        exported(lambda *xs: c.run(op, xs if arrays else [], sample), *given)


def test_the_comparison_can_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ENTRIES, "tanh", lambda call, x: x.unary("Sin"))
    with pytest.raises(AssertionError):
        compare(OPS["tanh"], np.float32, 1e-5)
