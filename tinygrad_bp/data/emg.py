"""EMG gestures: which of four gestures an arm makes, from the electrical activity of its muscles."""

from __future__ import annotations

import os
from pathlib import Path
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
    path = file_of(path, FILE)
    x, y = _arrays(path)
    if x.ndim != 2 or x.shape[1] != 64 or x.dtype != np.int8:
        raise DataFileError(f"{path}: expected x of shape (n, 64), int8, found {x.shape}, {x.dtype}")
    if y.shape != x.shape[:1] or y.dtype != np.uint8:
        raise DataFileError(f"{path}: expected y of shape {x.shape[:1]}, uint8, found {y.shape}, {y.dtype}")
    if len(y) and y.max() > 3:
        raise DataFileError(f"{path}: expected labels in 0 to 3, found {y.max()}")
    return x, y


def _arrays(path: Path) -> list[Any]:
    import zipfile
    import zlib

    # A file that cannot be opened is the system's error, not a damaged one.
    with path.open("rb") as file:
        try:
            return _members(path, file)
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError) as error:
            raise DataFileError(f"{path}: expected an npz file, found a damaged one ({error})") from error


def _members(path: Path, raw: Any) -> list[Any]:
    import zipfile

    arrays = []
    with zipfile.ZipFile(raw) as archive:
        names = archive.namelist()
        for name in ("x.npy", "y.npy"):
            if name not in names:
                raise DataFileError(f"{path}: expected the arrays x and y, found {', '.join(names) or 'none'}")
            size = archive.getinfo(name).file_size
            if size > GREATEST:
                raise DataFileError(f"{path}: expected at most {GREATEST} bytes for {name}, found {size}")
        for name in ("x.npy", "y.npy"):
            with archive.open(name) as file:
                arrays.append(_npy(path, name, file, archive.getinfo(name).file_size))
    return arrays


def _npy(path: Path, name: str, file: Any, size: int) -> Any:
    """One array; its header is checked against the member's real size before anything is allocated."""
    read = np.lib.format
    try:
        version = read.read_magic(file)
        header = {(1, 0): read.read_array_header_1_0, (2, 0): read.read_array_header_2_0}[version]
        shape, fortran, dtype = header(file)
    except (ValueError, KeyError, EOFError) as error:
        raise DataFileError(f"{path}: expected {name} to be an npy file, found another header ({error})") from error
    if dtype.hasobject:
        raise DataFileError(
            f"{path}: expected {name} to hold numbers, found Python objects, which are pickled: "
            "reading a pickle can run code"
        )
    wanted = int(np.prod(shape, dtype=object)) * dtype.itemsize
    data = file.read(min(wanted, size) + 1)
    if len(data) != wanted:
        raise DataFileError(f"{path}: expected {wanted} bytes in {name} for {shape} {dtype}, found {len(data)}")
    return np.frombuffer(data, dtype).reshape(shape, order="F" if fortran else "C").copy()
