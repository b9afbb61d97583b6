"""PyTorch's place for ``checkpoint``, ``data`` and ``dlpack``."""

import typing as _typing

from .. import data
from . import checkpoint, dlpack

__all__ = ["checkpoint", "data", "dlpack"]


if not _typing.TYPE_CHECKING:

    def __getattr__(name):
        from ..not_here import missing

        raise missing("utils", name)
