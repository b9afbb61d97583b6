"""What ``np.*`` functions do with tensors: NumPy's names, arguments and meaning over the same ops."""

from . import functions, linalg, reductions, shapes

__all__ = ["functions", "linalg", "reductions", "shapes"]
