"""The IDX format of MNIST: a magic number, the sizes, then the bytes; plain or gzip.

Source of the format: LeCun, Cortes and Burges, *The MNIST database of handwritten digits*, "File formats".
"""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np

from ..autograd.errors import DataFileError

UNSIGNED_BYTE = 0x08  # the third byte of the magic number; MNIST uses no other dtype
GREATEST_RATIO = 1032  # deflate makes at most 1032 bytes out of one


def read_idx(path: str | os.PathLike[str], ndim: int) -> Any:
    """The array of an IDX file of unsigned bytes with ``ndim`` dimensions; ``.gz`` in its name means gzip.

    Returns uint8 of the shape that the header states. No more is read than the header promises, and no header is
    believed that promises more than the file can hold. Raises ``DataFileError``.
    """
    path = Path(path)
    if path.suffix != ".gz":
        with open(path, "rb") as file:
            return _array(path, file, ndim, path.stat().st_size)
    import gzip
    import zlib

    try:
        with gzip.open(path, "rb") as unpacked:
            return _array(path, cast(BinaryIO, unpacked), ndim, path.stat().st_size * GREATEST_RATIO)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise DataFileError(f"{path}: expected one whole gzip stream, found a damaged one ({error})") from error


def _array(path: Path, file: BinaryIO, ndim: int, most: int) -> Any:
    """``most``: more bytes than this the file cannot hold."""
    head = 4 + 4 * ndim
    header = file.read(head)
    magic = bytes([0, 0, UNSIGNED_BYTE, ndim])
    if header[:4] != magic:
        raise DataFileError(
            f"{path}: expected the IDX magic number {magic.hex()} (unsigned bytes, {ndim} dimensions), "
            f"found {header[:4].hex() or 'an empty file'}"
        )
    if len(header) < head:
        raise DataFileError(f"{path}: expected an IDX header of {head} bytes, found {len(header)} bytes in all")
    shape = tuple(int.from_bytes(header[i : i + 4], "big") for i in range(4, head, 4))
    count = math.prod(shape)
    if count > most - head:
        raise DataFileError(
            f"{path}: expected {count} bytes after the header, which states the shape {shape}, "
            f"found a file that holds at most {max(most - head, 0)}"
        )
    data = file.read(count + 1)  # one more, to see whether the file goes on
    if len(data) != count:
        raise DataFileError(
            f"{path}: expected {count} bytes after the header, which states the shape {shape}, "
            f"found {'more' if len(data) > count else len(data)}"
        )
    return np.frombuffer(data, np.uint8).reshape(shape).copy()
