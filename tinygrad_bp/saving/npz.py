"""Named arrays and a text as one npz file, as ``np.load`` reads it: a zip of .npy files and, beside them, the text."""

from __future__ import annotations

import io
import math
import struct
import zipfile
import zlib
from typing import Any

import numpy as np

from ..autograd.errors import DataFileError
from .structure import DTYPES

TEXT = "tinygrad_bp.json"

# What zipfile raises where the bytes are not those of a zip.
_DAMAGED = (
    zipfile.BadZipFile, zlib.error, struct.error, NotImplementedError, RuntimeError, EOFError, MemoryError, ValueError,
    OverflowError, OSError,
)  # fmt: skip


def begins(data: bytes) -> bool:
    """Whether a file of these bytes is a zip."""
    return data[:4] in (b"PK\x03\x04", b"PK\x05\x06")


def members(data: bytes, file: str) -> list[str]:
    """The names in a zip. Raises ``DataFileError`` where it is none."""
    return _opened(data, file).namelist()


def pack(arrays: dict[str, Any], text: str) -> bytes:
    """The bytes of a file."""
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w") as archive:
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=array.nbytes > 1 << 30) as member:
                np.lib.format.write_array(member, array, allow_pickle=False)
        archive.writestr(TEXT, text)
    return whole.getvalue()


def unpack(data: bytes, file: str) -> tuple[dict[str, Any], str | None]:
    """The arrays and the text (None: not one of ours). Raises ``DataFileError``."""
    archive = _opened(data, file)
    arrays, text = {}, None
    for entry in archive.infolist():
        name = entry.filename
        if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise DataFileError(f"{file}: {name!r} in it is compressed in a way that NumPy does not write")
        try:
            member = archive.read(entry)
        except _DAMAGED as error:
            raise DataFileError(f"{file}: {name!r} in it is damaged: {error!s:.120}") from None
        if name == TEXT:
            text = member.decode("utf-8", "replace")
        elif name.endswith(".npy"):
            arrays[name.removesuffix(".npy")] = _array(member, f"{file}: {name!r} in it")
        else:
            raise DataFileError(f"{file}: expected a zip of .npy files alone, found {name!r} in it")
    return arrays, text


def _opened(data: bytes, file: str) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(io.BytesIO(data))
    except _DAMAGED as error:
        raise DataFileError(f"{file}: begins as a zip (npz), and is not a whole one: {error!s:.120}") from None


def _array(member: bytes, what: str) -> Any:
    """The array in a .npy file, in memory of its own, where its header says what its bytes are."""
    stream = io.BytesIO(member)
    try:
        version = np.lib.format.read_magic(stream)
        read = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}[version]
        shape, columns_first, dtype = read(stream)
    except (ValueError, KeyError, TypeError, SyntaxError, RecursionError, MemoryError) as error:
        raise DataFileError(f"{what} is not a .npy file of numbers: {type(error).__name__}: {error!s:.120}") from None
    if dtype.newbyteorder("=") not in DTYPES:
        raise DataFileError(f"{what}: expected numbers, found {dtype}; nothing is unpickled")
    start, size = stream.tell(), math.prod(shape) * dtype.itemsize
    if any(length < 0 for length in shape) or size != len(member) - start:
        raise DataFileError(
            f"{what}: its header promises {shape} of {dtype}, {size} bytes; found {len(member) - start}"
        )
    array = np.ndarray(shape, dtype, member, start, order="F" if columns_first else "C")
    return np.array(array, dtype.newbyteorder("="), order="C")
