"""``testing.assert_close`` tells what is close from what is not, with PyTorch's tolerances and PyTorch's texts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tinygrad_bp as tg
from tinygrad_bp.testing import assert_close

KINDS = (tg.float16, tg.float32, tg.float64, tg.complex64, tg.complex128)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", [(), (3,), (0,), (2, 2)])
def test_the_tolerance_is_the_dtypes(kind: Any, shape: tuple[int, ...]) -> None:
    rtol = {"float16": 1e-3, "float32": 1.3e-6, "complex64": 1.3e-6}.get(kind.name, 1e-7)
    x = tg.full(shape, 100.0, dtype=kind)
    assert_close(tg.full(shape, 100 + 50 * rtol, dtype=kind), x)
    if x.numel():
        with pytest.raises(AssertionError, match="are not close!"):
            assert_close(tg.full(shape, 100 + 400 * rtol, dtype=kind), x)
        with pytest.raises(AssertionError, match="'dtype' do not match"):
            assert_close(x, tg.zeros(shape, dtype=tg.int64))
    with pytest.raises(AssertionError, match="'shape' do not match"):
        assert_close(x, tg.zeros(7, dtype=kind))


@pytest.mark.parametrize(
    ("a", "b", "text"),
    [
        (
            tg.tensor([[1.0, 2.0], [3.0, 5.0]]),
            tg.tensor([[1.0, 2.0], [3.0, 4.0]]),
            "Tensor-likes are not close!\n\nMismatched elements: 1 / 4 (25.0%)\nGreatest absolute difference: 1.0 at "
            "index (1, 1) (up to 1e-05 allowed)\nGreatest relative difference: 0.25 at index (1, 1) (up to 1.3e-06 "
            "allowed)",
        ),
        (
            tg.tensor([0, 200], dtype=tg.uint8),
            tg.tensor([255, 200], dtype=tg.uint8),
            "Tensor-likes are not equal!\n\nMismatched elements: 1 / 2 (50.0%)\nGreatest absolute difference: 255 at "
            "index (0,)\nGreatest relative difference: 1.0 at index (0,)",
        ),
        (
            {"a": [1, 2**60]},
            {"a": [1, 2**60 + 1]},
            "Scalars are not equal!\n\nExpected 1152921504606846977 but got 1152921504606846976.\nAbsolute difference: "
            "1\nRelative difference: 8.673617379884035e-19\n\nThe failure occurred for item ['a'][1]",
        ),
        ([1.0], [1.0, 2.0], "The length of the sequences mismatch: 1 != 2"),
        ({"a": 1}, {"b": 1}, "The keys of the mappings do not match: ['a'] != ['b']"),
        (True, False, "Booleans mismatch: True is not False"),
        ({"step": None}, {"step": 1}, "None mismatch: None is not 1\n\nThe failure occurred for item ['step']"),
    ],
)
def test_it_says_what_differs(a: Any, b: Any, text: str) -> None:
    assert_close(a, a)
    with pytest.raises(AssertionError) as caught:
        assert_close(a, b)
    assert str(caught.value) == text
    with pytest.raises(AssertionError, match=r"^mine: "):
        assert_close(a, b, msg=lambda said: f"mine: {said}")


def test_nan_inf_arrays_and_what_is_refused() -> None:
    nan, inf = tg.tensor([np.nan, 1.0]), tg.tensor([np.inf, 1.0])
    assert_close(inf, inf)
    assert_close(nan, nan.numpy(), equal_nan=True)
    for a, b in ((nan, nan), (inf, -inf), (inf, tg.ones(2)), (tg.ones(2), inf)):
        with pytest.raises(AssertionError):
            assert_close(a, b)
    assert_close(tg.tensor([1.0]), tg.tensor([1], dtype=tg.int64), check_dtype=False)
    assert_close(tg.tensor([1.0]), tg.tensor([1.4]), rtol=0, atol=0.5)
    with pytest.raises(tg.AutogradError, match="rtol and atol together"):
        assert_close(1.0, 1.0, rtol=1.0)
    for a, b in ((tg.ones(1), [1.0]), ("a", ["a"])):
        with pytest.raises(tg.AutogradError, match="like with like"):
            assert_close(a, b)
    for a, b in (("a", "a"), ({"kind": "Adam"}, {"kind": "Adam"}), (["a"], "a")):
        with pytest.raises(tg.AutogradError, match="give numbers or booleans"):
            assert_close(a, b)
