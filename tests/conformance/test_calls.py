"""Calls as scripts write them, of many dtypes and shapes, by keyword and in place: the same text on both engines.

``calls.txt`` has one a line. Names: ``T`` the package; float64 ``x`` (3, 4) and ``v`` (5,), complex ``z`` (2, 5);
``i8 b f16 c f32 i`` of the dtypes that they say; ``e`` (0, 3) and ``s`` ().
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tinygrad_bp as tg

torch = pytest.importorskip("torch", reason='needs pip install "tinygrad_bp[conformance]"')

CALLS = Path(__file__).with_name("calls.txt").read_text(encoding="utf-8").splitlines()
DRAWN = np.random.default_rng(0)
GIVEN: dict[str, Any] = {
    "x": DRAWN.standard_normal((3, 4)), "v": DRAWN.standard_normal(5),
    "z": DRAWN.standard_normal((2, 5)) + 1j * DRAWN.standard_normal((2, 5)),
    "i8": np.array([1, -2, 3], np.int8), "b": np.array([True, False, True]), "f16": np.array([1, 2, 3], np.float16),
    "c": np.array([1 + 2j, 3 - 1j]), "e": np.zeros((0, 3)), "s": np.array(2.5), "i": np.array([[3, 1], [2, 0]]),
    "f32": np.arange(6, dtype=np.float32).reshape(2, 3),
}  # fmt: skip


def results(engine: Any, call: str) -> list[Any]:
    """The parts of what a call gives, as arrays and plain values."""
    engine.manual_seed(0)
    given = {name: engine.tensor(np.array(array)) for name, array in GIVEN.items()}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return list(parts(eval(call, {"T": engine, **given})))


def parts(result: Any) -> Any:
    if isinstance(result, (tuple, list)):
        for part in result:
            yield from parts(part)
    else:
        yield result.detach().numpy() if hasattr(result, "detach") else result


def agree(call: str) -> None:
    ours, theirs = results(tg, call), results(torch, call)
    assert len(ours) == len(theirs)
    for mine, other in zip(ours, theirs, strict=True):
        one, two = np.asarray(mine), np.asarray(other)
        assert (one.shape, one.dtype) == (two.shape, two.dtype)
        tolerance = {2: 2e-3, 4: 1e-5, 8: 1e-9}[one.real.itemsize] if one.dtype.kind in "fc" else 0
        np.testing.assert_allclose(one, two, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("call", CALLS)
def test_both_engines_give_the_same(call: str) -> None:
    agree(call)


def test_a_difference_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tg, "sum", lambda x: tg.mean(x))
    with pytest.raises(AssertionError):
        agree("T.sum(f32)")
    monkeypatch.setattr(tg, "sum", lambda x: tg.tensor(np.array(15.0)))  # the right value, another dtype
    with pytest.raises(AssertionError):
        agree("T.sum(f32)")
