"""EMG gestures: which of four gestures an arm makes, from the electrical activity of its muscles."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from ..autograd.errors import DataFileError
from .folder import file_of

FILE = "emg_gestures.npz"
GREATEST = 2**28  # bytes of one array; the real file's has 743,936


def emg(path: str | os.PathLike[str] | None = None) -> tuple[Any, Any]:
    """Measurements int8 (n, 64) and gestures uint8 (n,) in 0 to 3; the full table has 11,624 rows.

    ``path`` is the file ``emg_gestures.npz`` (arrays ``x`` and ``y``) or its folder; None: the folder that the
    environment variable ``TINYGRAD_BP_DATA`` names. Nothing is unpickled. Raises ``FileNotFoundError``, and
    ``DataFileError`` for a file with other arrays.
    """
    from ..saving import npz  # which reads more than a data set needs

    path = file_of(path, FILE)
    arrays, _ = npz.unpack(path.read_bytes(), str(path), GREATEST)
    if not {"x", "y"} <= set(arrays):
        raise DataFileError(f"{path}: expected the arrays x and y, found {', '.join(arrays)[:80] or 'none'}")
    x, y = arrays["x"], arrays["y"]
    if x.ndim != 2 or x.shape[1] != 64 or x.dtype != np.int8:
        raise DataFileError(f"{path}: expected x of shape (n, 64), int8, found {x.shape}, {x.dtype}")
    if y.shape != x.shape[:1] or y.dtype != np.uint8:
        raise DataFileError(f"{path}: expected y of shape {x.shape[:1]}, uint8, found {y.shape}, {y.dtype}")
    if len(y) and y.max() > 3:
        raise DataFileError(f"{path}: expected labels in 0 to 3, found {y.max()}")
    return x, y
