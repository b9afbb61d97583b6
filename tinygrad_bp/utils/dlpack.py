"""PyTorch's place for DLPack."""

from ..functions.dlpack import from_dlpack, to_dlpack

__all__ = ["from_dlpack", "to_dlpack"]
