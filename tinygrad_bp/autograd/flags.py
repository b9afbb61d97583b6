"""A processor's flags for numbers that leave their range, and what to do where there are none."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

# WebAssembly has none: `np.errstate` sees no overflow, and where LAPACK fails NumPy gives NaN instead of an error.
DEAF = sys.platform == "emscripten"


def heard(result: Any, *inputs: Any) -> Any:
    """What a function of ``np.linalg`` gave for its inputs; without flags, NaN of finite numbers is a failure.

    >>> heard(np.ones(2), np.ones((2, 2)))
    array([1., 1.])
    """
    if DEAF and all(np.isfinite(array).all() for array in inputs):
        parts = result if isinstance(result, tuple) else (result,)
        if any(np.isnan(part).any() for part in parts):
            raise np.linalg.LinAlgError("no result")
    return result


def refuse_unseen(*arrays: Any, small: bool = False) -> None:
    """Without flags, ``FloatingPointError`` where a sum of squares may leave the range (``small``: at either end)."""
    if DEAF and (small or any(np.sum(np.absolute(a), dtype=np.float64) ** 2 > np.finfo(a.dtype).max for a in arrays)):
        raise FloatingPointError("what leaves the range is not seen here")
