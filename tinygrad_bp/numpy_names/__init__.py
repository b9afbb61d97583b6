"""What ``np.*`` functions do with tensors: NumPy's names, arguments and meaning over the same ops."""

from . import fourier, functions, linalg, order, reductions, shapes, statistics, ufuncs

__all__ = ["fourier", "functions", "linalg", "order", "reductions", "shapes", "statistics", "ufuncs"]
