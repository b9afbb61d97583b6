"""Public functions that take floats, called on complex numbers: for PyTorch's golden results and for this package."""

from __future__ import annotations

from typing import Any

import numpy as np
import public_calls as pc

CALLS = [call for call in pc.CALLS if pc.used(call)]


def complex_of(array: np.ndarray) -> np.ndarray:
    """Complex numbers in the place of floats; a symmetric matrix becomes a Hermitian one."""
    imaginary = np.random.default_rng(int(1e6 * array.sum())).uniform(0.1, 0.9, array.shape)
    if array.shape == (3, 3) and np.allclose(array, array.T):
        imaginary = imaginary - imaginary.T
    return np.asarray(array + 1j * imaginary)


def digest(array: Any) -> list[Any]:
    """Shape, dtype, and two weighted sums of the elements."""
    array = np.asarray(array)
    weights = np.sqrt(np.arange(2.0, array.size + 2))
    total = complex(np.ravel(array) @ weights)
    return [list(array.shape), str(array.dtype), float(f"{total.real:.9g}"), float(f"{total.imag:.9g}")]
