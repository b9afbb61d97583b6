"""PyTorch's question for MKL: NumPy brings its own libraries."""


def is_available() -> bool:
    """Whether PyTorch's operators run on MKL: no, they are NumPy's."""
    return False
