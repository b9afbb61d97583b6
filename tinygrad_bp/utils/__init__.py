"""PyTorch's place for ``checkpoint``."""

from . import checkpoint

__all__ = ["checkpoint"]


def __getattr__(name: str) -> object:
    from ..not_here import missing

    raise missing("utils", name)
