"""PyTorch's names of what signatures say, which programs import for annotations and ``isinstance``."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike
from typing import IO, Any

import numpy as np

from .autograd.device import device
from .autograd.size import Size
from .autograd.tensor import Tensor

__all__ = ["Device", "FileLike", "Number"]

Number = int | float | bool
Device = device | str | int | None
FileLike = str | PathLike[str] | IO[bytes]
_Number = (int, float, bool)
_size = Size | list[int] | tuple[int, ...]
_bool, _bytes, _complex, _float, _int, _str = bool, bytes, complex, float, int, str
_device, _dtype = device, np.dtype
_TensorOrTensors = Tensor | Sequence[Tensor]
_TensorOrOptionalTensors = Tensor | Sequence[Tensor | None]


def __getattr__(name: str) -> Any:
    from .not_here import missing

    raise missing("types", name)
