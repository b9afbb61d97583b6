"""What ``np.fft`` does with Tensors: the same transforms with NumPy's argument names, in which integers are double."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..autograd.errors import ArgumentError
from ..autograd.op import FUNCTIONS
from ..functions import frequencies
from ..ops import fourier
from .reductions import as_mean


def _transform(name: str, default: Any) -> Callable[..., Any]:
    """``np.fft.*``: the same transforms with NumPy's argument names, in which integers are double."""
    function: Callable[..., Any] = getattr(fourier, name)

    def run(a: Any, sizes: Any, places: Any, norm: Any) -> Any:
        if not isinstance(default, int) and isinstance(places, int):
            raise ArgumentError(f"np.fft.{name}: axes is a tuple of integers, got {places}")
        return function(as_mean(a), sizes, places, norm)

    if isinstance(default, int):
        return lambda a, n=None, axis=default, norm=None: run(a, n, axis, norm)
    return lambda a, s=None, axes=default, norm=None: run(a, s, axes, norm)


# The axes where none are named.
for _end, _axes in (("", -1), ("2", (-2, -1)), ("n", None)):
    for _kind in ("fft", "ifft", "rfft", "irfft") if _end else ("fft", "ifft", "rfft", "irfft", "hfft", "ihfft"):
        FUNCTIONS[getattr(np.fft, _kind + _end)] = _transform(_kind + _end, _axes)
FUNCTIONS[np.fft.fftshift] = lambda x, axes=None: frequencies.fftshift(x, axes)
FUNCTIONS[np.fft.ifftshift] = lambda x, axes=None: frequencies.ifftshift(x, axes)
