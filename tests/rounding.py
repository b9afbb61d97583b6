"""Whether a function gives in a small dtype what it gives in float64, rounded: its value and its gradient.

The criterion is backward stability. A result may be off by a few times what rounding the inputs to the dtype changes
(measured in float64, by moving every input by one rounding error at random), by a few roundings of the result itself
(of an op that mixes elements: of the result's largest number), and by a few of the dtype's smallest steps. It overflows
where the float64 result does, and only there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import tinygrad_bp as tg

DTYPES = {"float16": np.dtype(np.float16), "float32": np.dtype(np.float32)}
STEPS = 8  # how many times the rounding of the inputs, or of the result
DRAWS = 4

Function = Callable[[Sequence[Any]], Any]


def scales(dtype: Any) -> list[int]:
    """Powers of 2 for numbers around 1: as they are, to where functions level off, halfway and to the ends."""
    info = np.finfo(dtype)
    low, high = int(info.minexp), int(info.maxexp)
    return [0, 2, 4, low + 1, low // 2, high // 2 - 4, high - 4]


def as_dtype(array: Any, dtype: Any) -> Any:
    """An array of floats in ``dtype``, others as they are."""
    return array.astype(dtype) if array.dtype.kind == "f" else array


def results(function: Function, arrays: Sequence[Any], dtype: Any) -> list[Any]:
    """What the function gives on the arrays in ``dtype``, and its gradients for fixed weights."""
    tensors = [tg.tensor(np.array(as_dtype(a, dtype)), requires_grad=a.dtype.kind == "f") for a in arrays]
    found = function(tensors)
    outputs = [t for t in (found if isinstance(found, (tuple, list)) else (found,)) if isinstance(t, tg.Tensor)]
    wanted = [t for t in tensors if t.requires_grad]
    pairs = [(t, weights(t.shape, t.dtype)) for t in outputs if t.requires_grad]
    slopes = tg.autograd.grad([t for t, _ in pairs], wanted, [w for _, w in pairs], allow_unused=True) if pairs else []
    return [t.detach().numpy() for t in outputs] + [t.numpy() for t in slopes if t is not None]


def weights(shape: tuple[int, ...], dtype: Any) -> Any:
    """What arrives at a result: the same for every dtype, and exact in each."""
    return tg.tensor(np.random.default_rng(5).choice([-1.0, 1.0], shape).astype(dtype))


def faults(function: Function, arrays: Sequence[Any], dtype: Any, mixes: bool = True) -> list[str]:
    """Where the results in ``dtype`` are not those of float64, rounded; the arrays are rounded first."""
    rng = np.random.default_rng(6)
    with np.errstate(all="ignore"):
        arrays = [as_dtype(a, dtype) for a in arrays]
        wide = [as_dtype(a, np.float64) for a in arrays]
        try:
            truth = results(function, wide, np.float64)
        except tg.AutogradError:
            return []
        ours = results(function, arrays, dtype)
        slopes = sum(a.dtype.kind == "f" for a in arrays)
        if not _found(ours, truth, [], dtype, mixes, slopes):  # what rounded inputs change only gives more room
            return []
        moved = [
            results(function, [_moved(a, dtype, rng) if a.dtype.kind == "f" else a for a in wide], np.float64)
            for _ in range(DRAWS)
        ]
        return _found(ours, truth, moved, dtype, mixes, slopes)


def _found(
    ours: list[Any], truth: list[Any], moved: list[list[Any]], dtype: Any, mixes: bool, slopes: int
) -> list[str]:
    found = []
    for place, (one, true) in enumerate(zip(ours, truth, strict=True)):
        if true.dtype.kind not in "fc":
            wrong = one != true
        elif true.dtype.kind == "c":
            continue
        else:
            wrong = _wrong(one, true, [m[place] for m in moved], dtype, mixes)
        if np.any(wrong):
            what = "the value" if place < len(ours) - slopes else "a gradient"
            at = tuple(int(i) for i in np.argwhere(wrong)[0])
            found.append(f"{what} at {at} is {one[at]!r}, in float64 {true[at]!r}")
    return found


def _moved(array: Any, dtype: Any, rng: Any) -> Any:
    """An array with every number moved by one rounding error of the dtype."""
    info = np.finfo(dtype)
    error = np.maximum(float(info.eps) * np.abs(array), float(info.smallest_subnormal))
    return np.where(np.isfinite(array), array + error * rng.choice([-1, 1], array.shape), array)


def _wrong(ours: Any, truth: Any, moved: list[Any], dtype: Any, mixes: bool) -> Any:
    info = np.finfo(dtype)
    one = ours.astype(np.float64)
    spread = np.max([np.nan_to_num(np.abs(m - truth), nan=0.0, posinf=0.0) for m in moved] or 0.0, axis=0)
    size = np.abs(truth)
    rounding = np.max(size[np.isfinite(size)], initial=0.0) if mixes else size
    room = STEPS * (spread + float(info.eps) * rounding + float(info.smallest_subnormal))
    close = np.abs(one - truth) <= room
    both = np.isnan(one) & np.isnan(truth)
    over = ~np.isfinite(one) & (size + room >= float(info.max))
    return ~(close | both | over)
