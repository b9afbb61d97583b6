"""``assert_close``, with which tests written for PyTorch compare tensors."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from .autograd.errors import ArgumentError
from .autograd.size import Size
from .autograd.values import held

__all__ = ["assert_close"]

# What two values of a dtype may be apart, relative and absolute; integers and bools not at all.
_APART = {
    "float16": (1e-3, 1e-5), "float32": (1.3e-6, 1e-5), "float64": (1e-7, 1e-7),
    "complex64": (1.3e-6, 1e-5), "complex128": (1e-7, 1e-7),
}  # fmt: skip


def assert_close(
    actual: Any, expected: Any, *, allow_subclasses: bool = True, rtol: float | None = None, atol: float | None = None,
    equal_nan: bool = False, check_device: bool = True, check_dtype: bool = True, check_layout: bool = True,
    check_stride: bool = False, msg: str | Callable[[str], str] | None = None,
) -> None:  # fmt: skip
    """Raise ``AssertionError`` where ``actual`` is further from ``expected`` than ``atol + rtol * |expected|``.

    Both are tensors, arrays, numbers or None, or sequences and mappings of them. ``rtol`` and ``atol``, given together,
    are otherwise those of the dtype, as PyTorch has them: 1.3e-6 and 1e-5 for float32, 1e-7 both for float64, 0 for
    integers. Shapes must be the same, and dtypes where ``check_dtype``; two NaNs are close where ``equal_nan``. ``msg``
    replaces the text, or is a function of it. ``allow_subclasses``, ``check_device``, ``check_layout`` and
    ``check_stride`` are taken and change nothing.

    >>> import tinygrad_bp as tg
    >>> assert_close(tg.tensor([0.1]) * 3, tg.tensor([0.3]))
    >>> assert_close({"loss": 1.0}, {"loss": 1.5})
    Traceback (most recent call last):
    AssertionError: Scalars are not close!
    <BLANKLINE>
    Expected 1.5 but got 1.0.
    Absolute difference: 0.5 (up to 1e-07 allowed)
    Relative difference: 0.3333333333333333 (up to 1e-07 allowed)
    <BLANKLINE>
    The failure occurred for item ['loss']
    """
    if (rtol is None) != (atol is None):
        raise ArgumentError("assert_close: give rtol and atol together, or neither")
    wrong = _first(actual, expected, rtol, atol, equal_nan, check_dtype, "")
    if wrong is not None:
        raise AssertionError(msg(wrong) if callable(msg) else wrong if msg is None else msg)


def _first(a: Any, b: Any, rtol: Any, atol: Any, nans: bool, dtypes: bool, place: str) -> str | None:
    """What is said of the first pair that is not close."""
    # A text is a sequence of texts, without end.
    kind = next((kind for kind in (Mapping, Sequence) if isinstance(b, kind) and not isinstance(b, str)), None)
    if kind is None:
        wrong = _pair(a, b, rtol, atol, nans, dtypes)
        return wrong if wrong is None or not place else f"{wrong}\n\nThe failure occurred for item {place}"
    if not isinstance(a, kind) or isinstance(a, str):
        raise ArgumentError(f"assert_close: compares like with like, got {type(a).__name__} and {type(b).__name__}")
    keys = list(b) if kind is Mapping else range(len(b))
    if kind is Mapping and set(a) != set(b):
        return f"The keys of the mappings do not match: {sorted(map(str, a))} != {sorted(map(str, b))}"
    if len(a) != len(b):
        return f"The length of the sequences mismatch: {len(a)} != {len(b)}"
    found = (_first(a[key], b[key], rtol, atol, nans, dtypes, f"{place}[{key!r}]") for key in keys)
    return next((wrong for wrong in found if wrong is not None), None)


def _pair(a: Any, b: Any, rtol: Any, atol: Any, nans: bool, dtypes: bool) -> str | None:
    if isinstance(a, bool) and isinstance(b, bool):
        return None if a is b else f"Booleans mismatch: {a} is not {b}"
    if a is None or b is None:
        return None if a is b else f"None mismatch: {a} is not {b}"
    x, y = np.asarray(held(a)), np.asarray(held(b))
    if x.shape != y.shape:
        return f"The values for attribute 'shape' do not match: {Size(x.shape)} != {Size(y.shape)}."
    if dtypes and x.dtype != y.dtype:
        return f"The values for attribute 'dtype' do not match: torch.{x.dtype} != torch.{y.dtype}."
    if rtol is None:
        rtol, atol = map(max, *(_APART.get(one.dtype.name, (0.0, 0.0)) for one in (x, y)))
    both = np.result_type(x, y)
    work = both if both.kind in "fc" else np.dtype(object)  # Python's integers: a difference has room
    if both.kind in "fc" and x.ndim == 0:
        work = np.result_type(both, np.float64)  # one number is compared as Python's
    x, y = x.astype(work), y.astype(work)
    with np.errstate(all="ignore"):
        apart = np.asarray(np.abs(x - y))
        size = np.asarray(np.abs(y))
        near = (apart <= atol + rtol * size) & (apart != np.inf)
        right = np.asarray((x == y) | near | (x != x) & (y != y) & nans, bool)
        if right.all():
            return None
        floats = np.dtype(float) if work.kind == "O" else apart.dtype
        relative = np.asarray(apart.astype(floats) / size.astype(floats))
    exact, one = rtol == atol == 0, x.ndim == 0
    said = f"{'Scalars' if one else 'Tensor-likes'} are not {'equal' if exact else 'close'}!\n\n"
    wrong = int((~right).sum())
    said += (
        f"Expected {y.tolist()} but got {x.tolist()}.\n" if one
        else f"Mismatched elements: {wrong} / {right.size} ({100 * wrong / right.size:.1f}%)\n"
    )  # fmt: skip
    for what, values, allowed in (("absolute", apart, atol), ("relative", relative, rtol)):
        at = np.unravel_index(np.argmax(np.where(right, 0, values.astype(float))), values.shape)
        name = f"{what.capitalize()} difference" if one else f"Greatest {what} difference"
        place = "" if one else f" at index {tuple(map(int, at))}"
        said += f"{name}: {values.astype(object)[at]}{place}" + ("" if exact else f" (up to {allowed} allowed)") + "\n"
    return said.rstrip("\n")
