"""PyTorch's place for ``checkpoint`` and ``data``."""

import typing as _typing

from .. import data
from . import checkpoint

__all__ = ["checkpoint", "data"]


if not _typing.TYPE_CHECKING:

    def __getattr__(name):
        from ..not_here import missing

        raise missing("utils", name)
