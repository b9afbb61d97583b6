"""PyTorch's switches of oneDNN, which is not here: they can be set, and change nothing."""

enabled = True
deterministic = False


def is_available() -> bool:
    """Whether oneDNN is here: no."""
    return False
