"""PyTorch's question for OpenMP: NumPy brings its own libraries."""


def is_available() -> bool:
    """Whether PyTorch's operators run on OpenMP: no, they are NumPy's."""
    return False
