"""Every op once, a file per kind of mathematics; ``operators`` and ``numpy_functions`` bind them to syntax."""

from . import (
    creation,
    elementwise,
    indexing,
    linalg,
    network,
    numpy_functions,
    operators,
    random,
    reduction,
    shape,
)

__all__ = [
    "creation", "elementwise", "indexing", "linalg", "network", "numpy_functions", "operators", "random",
    "reduction", "shape",
]  # fmt: skip
