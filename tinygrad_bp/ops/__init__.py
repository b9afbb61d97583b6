"""Every op once, a file per kind of mathematics; ``operators`` and ``numpy_functions`` bind them to syntax."""

from . import (
    activations,
    complex_numbers,
    creation,
    cross_entropy,
    elementwise,
    indexing,
    einsum,
    products,
    losses,
    network,
    normalization,
    numpy_functions,
    operators,
    random,
    reduction,
    shape,
)

__all__ = [
    "activations", "complex_numbers", "creation", "cross_entropy", "elementwise", "indexing", "einsum", "products", "losses",
    "network", "normalization", "numpy_functions", "operators", "random", "reduction", "shape",
]  # fmt: skip
