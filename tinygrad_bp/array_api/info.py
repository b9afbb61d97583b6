"""What the standard lets one ask of a namespace: its devices and dtypes; and of a tensor: its namespace."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType
from typing import Any

import numpy as np

from ..autograd import dtypes
from ..autograd.device import CPU, DeviceLike, device, get_default_device, resolve
from ..autograd.elsewhere import PLACES
from ..autograd.errors import ArgumentError
from ..autograd.tensor import Tensor

VERSIONS = ("2021.12", "2022.12", "2023.12", "2024.12")
_NAMES = ("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float32", "float64",
          "complex64", "complex128")  # fmt: skip


def array_namespace(self: Tensor, /, *, api_version: str | None = None) -> ModuleType:
    """The functions of the array API standard for tensors, ``tinygrad_bp.array_api``.

    Raises ``ArgumentError`` for a version that it does not follow.

    >>> import tinygrad_bp as tg
    >>> tg.ones(2).__array_namespace__().sum(tg.ones(2))
    tensor(2.)
    """
    if api_version not in (None, *VERSIONS):
        raise ArgumentError(f"__array_namespace__: give one of the versions {', '.join(VERSIONS)}, got {api_version!r}")
    return import_module(__package__)


class Info:
    """The devices and dtypes of tensors.

    >>> from tinygrad_bp import array_api as xp
    >>> xp.__array_namespace_info__().default_device()
    device(type='cpu')
    """

    def capabilities(self) -> dict[str, Any]:
        """Boolean masks as an index, shapes that depend on values, and how many dimensions a tensor may have."""
        return {"boolean indexing": True, "data-dependent shapes": True, "max dimensions": 64}

    def default_device(self) -> device:
        """Where tensors are made."""
        return get_default_device()

    def default_dtypes(self, *, device: DeviceLike = None) -> dict[str, np.dtype[Any]]:
        """The dtypes of what is made of Python's numbers."""
        resolve(device)
        floats = dtypes.get_default_dtype()
        pair = np.result_type(floats, np.complex64)
        return {"real floating": floats, "complex floating": pair, "integral": dtypes.int64, "indexing": dtypes.int64}

    def devices(self) -> list[device]:
        """All devices."""
        return [CPU, *(device(kind, place.current()) for kind, place in PLACES.items())]

    def dtypes(
        self, *, device: DeviceLike = None, kind: str | tuple[str, ...] | None = None
    ) -> dict[str, np.dtype[Any]]:
        """The dtypes of a kind by name, or of all; ``ValueError`` for what is no kind."""
        resolve(device)
        found = {name: np.dtype(name) for name in _NAMES}
        return {name: dtype for name, dtype in found.items() if kind is None or np.isdtype(dtype, kind)}
