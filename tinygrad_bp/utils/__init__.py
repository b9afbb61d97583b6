"""PyTorch's place for ``benchmark``, ``checkpoint``, ``data`` and ``dlpack``."""

import typing as _typing

from .. import data
from . import checkpoint, dlpack

__all__ = ["benchmark", "checkpoint", "data", "dlpack"]


if _typing.TYPE_CHECKING:
    from . import benchmark as benchmark
else:

    def __getattr__(name):
        if name == "benchmark":  # its modules of the standard library take a while to import
            from importlib import import_module

            return import_module(f"{__name__}.benchmark")
        from ..not_here import missing
        from ..places import module_at

        if (found := module_at("utils", name)) is not None:
            return found
        raise missing("utils", name)
