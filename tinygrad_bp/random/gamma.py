"""Numbers of the gamma distribution: PyTorch's.

Source: Marsaglia and Tsang 2000, *A simple method for generating gamma variables*.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..autograd.types import Raw


def standard_gamma(concentration: Raw, generator: Any) -> Any:
    """One number of rate 1 for each element of an array of concentrations, in its shape and dtype."""
    dtype = concentration.dtype.type
    drawn = [_gamma(alpha, generator, dtype) for alpha in concentration.ravel().tolist()]
    least = np.finfo(concentration.dtype).tiny
    return np.maximum(np.array(drawn, concentration.dtype), least).reshape(concentration.shape)


def _gamma(alpha: float, generator: Any, dtype: Any) -> float:
    scale = 1.0
    if alpha < 1:
        if alpha == 0:
            return 0.0
        scale = float(1 - generator.uniform(1, np.float64)[0]) ** float(dtype(1) / dtype(alpha))
        alpha = float(dtype(alpha) + dtype(1))
    d = float(dtype(alpha) - dtype(np.float32(1) / np.float32(3)))
    c = 1.0 / math.sqrt(9.0 * d)
    while True:
        x = float(generator.normal(1, np.float64)[0])
        y = 1.0 + c * x
        if y <= 0:
            continue
        v = y * y * y
        u = 1 - float(generator.uniform(1, np.float64)[0])
        if u < 1.0 - float(np.float32(0.0331)) * x**4 or math.log(u) < 0.5 * x * x + d * (1.0 - v + math.log(v)):
            return scale * d * v
