"""PyTorch's place for ``checkpoint``."""

from . import checkpoint

__all__ = ["checkpoint"]
