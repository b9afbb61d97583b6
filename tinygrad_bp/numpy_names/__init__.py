"""What ``np.*`` functions do with tensors: NumPy's names, arguments and meaning over the same ops."""

from . import (
    creation,
    fourier,
    functions,
    linalg,
    order,
    padding,
    polynomials,
    reductions,
    sets,
    shapes,
    statistics,
    ufuncs,
    writing,
)

__all__ = [
    "creation",
    "fourier",
    "functions",
    "linalg",
    "order",
    "padding",
    "polynomials",
    "reductions",
    "sets",
    "shapes",
    "statistics",
    "ufuncs",
    "writing",
]
