"""PyTorch's place for ``checkpoint``."""

import typing as _typing

from . import checkpoint

__all__ = ["checkpoint"]


if not _typing.TYPE_CHECKING:

    def __getattr__(name):
        from ..not_here import missing

        raise missing("utils", name)
