"""PyTorch's questions for Apple's GPUs: not here."""


def is_available() -> bool:
    """Whether an MPS device can be used: no."""
    return False


def is_built() -> bool:
    """Whether MPS is built in: no."""
    return False


def is_macos_or_newer(major: int, minor: int) -> bool:
    """Whether this is macOS of a version from which on MPS works: not asked, there is no MPS."""
    return False
