"""Named arrays and a text as one npz file, as ``np.load`` reads it: a zip of .npy files and, beside them, the text."""

from __future__ import annotations

import io
import math
import re
import struct
import zipfile
import zlib
from typing import Any

import numpy as np

from ..autograd.errors import DataFileError
from .structure import DTYPES

TEXT = "tinygrad_bp.json"
GREATEST_RATIO = 1032  # deflate makes at most 1032 bytes out of one

# The header of a .npy file, a dict as Python writes it: three pairs, in any order. No part of it is evaluated.
_LENGTH = r"(?:0|-?[1-9][0-9]{0,18})L?"
_PAIR = re.compile(
    r"S*(['\"])(descr|fortran_order|shape)\1S*:S*"
    r"('[^'\\]*'|\"[^\"\\]*\"|True|False|\(S*(?:NS*,S*)*(?:NS*)?\))S*(,|$)"
    .replace("S", r"[ \t\n]").replace("N", _LENGTH)
)  # fmt: skip
_LONGEST = 10_000  # bytes of a header: as much as NumPy reads
_NUMBERS = re.compile(r"[<>|=]?(?:\?|b1|[iu][1248]|f[248]|c8|c16)")

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


def unpack(data: bytes, file: str, most: int | None = None) -> tuple[dict[str, Any], str | None]:
    """The arrays and the text (None: not one of ours); no array of more than ``most`` bytes.

    No more memory is used than the file can hold: what its directory says of a member's size is checked against what
    deflate can make of the member's bytes before any is unpacked, and all members together have no more bytes than the
    file. Raises ``DataFileError``.
    """
    archive = _opened(data, file)
    entries = archive.infolist()
    if sum(entry.compress_size for entry in entries) > len(data):
        raise DataFileError(f"{file}: its members have more bytes than the file: they overlap")
    for entry in entries:
        _check(entry, f"{file}: {entry.filename!r:.80} in it", len(data), most)
    arrays, text = {}, None
    for entry in entries:
        name = entry.filename
        what = f"{file}: {name!r:.80} in it"
        try:
            with archive.open(entry) as member:
                content = member.read(entry.file_size)
                whole = len(content) == entry.file_size and not member.read(1)
        except _DAMAGED as error:
            raise DataFileError(f"{what} is damaged: {error!s:.120}") from None
        if not whole:
            raise DataFileError(f"{what} is damaged: it has not the {entry.file_size} bytes that it promises")
        if name == TEXT:
            text = content.decode("utf-8", "replace")
        else:
            arrays[name.removesuffix(".npy")] = _array(content, what)
    return arrays, text


def _check(entry: zipfile.ZipInfo, what: str, size: int, most: int | None) -> None:
    """Refuse what is not to be unpacked."""
    if entry.filename != TEXT and not entry.filename.endswith(".npy"):
        raise DataFileError(f"{what.removesuffix(' in it')}: expected a zip of .npy files alone")
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise DataFileError(f"{what} is compressed in a way that NumPy does not write")
    packed = entry.compress_type == zipfile.ZIP_DEFLATED
    # The text is stored as it stands: what it turns into takes far more memory than an array's bytes.
    holds = (
        entry.compress_size * GREATEST_RATIO if packed and entry.filename != TEXT else min(entry.compress_size, size)
    )
    if entry.file_size > holds:
        raise DataFileError(f"{what} promises {entry.file_size} bytes; its {entry.compress_size} hold at most {holds}")
    if most is not None and entry.file_size > most:
        raise DataFileError(f"{what} has {entry.file_size} bytes; expected at most {most}")


def _opened(data: bytes, file: str) -> zipfile.ZipFile:
    if not begins(data):  # a zip may have anything before it, and this is none that NumPy writes or reads
        raise DataFileError(f"{file}: expected an npz file, found a damaged one: it begins with {data[:8]!r}")
    try:
        return zipfile.ZipFile(io.BytesIO(data))
    except _DAMAGED as error:
        raise DataFileError(f"{file}: expected an npz file, found a damaged one: {error!s:.120}") from None


def _array(content: bytes, what: str) -> Any:
    """The array in a .npy file, in memory of its own, where its header says what its bytes are."""
    try:
        descr, columns_first, shape, start = _header(content)
    except ValueError as error:
        raise DataFileError(f"{what} is not a .npy file of numbers: {error!s:.120}") from None
    if not _NUMBERS.fullmatch(descr) or np.dtype(descr).newbyteorder("=") not in DTYPES:
        raise DataFileError(f"{what}: expected numbers, found {descr!r:.40}; nothing is unpickled")
    dtype = np.dtype(descr)
    size = math.prod(shape) * dtype.itemsize
    if any(length < 0 for length in shape) or size != len(content) - start:
        raise DataFileError(
            f"{what}: its header promises {f'{shape}':.80} of {dtype}, {size} bytes; found {len(content) - start}"
        )
    try:
        array = np.ndarray(shape, dtype, content, start, order="F" if columns_first else "C")
    except ValueError as error:  # 65 dimensions, or empty and of more elements than can be counted
        raise DataFileError(f"{what}: its header promises {f'{shape}':.80}: {error!s:.80}") from None
    return np.array(array, dtype.newbyteorder("="), order="C")


def _header(content: bytes) -> tuple[str, bool, tuple[int, ...], int]:
    """What a .npy file says of its array, and where that begins. Raises ``ValueError``.

    The format: NumPy Enhancement Proposal 1. It is read here since NumPy evaluates it, which warns and raises errors of
    many kinds where somebody has changed it.
    """
    if content[:6] != b"\x93NUMPY" or content[6:8] not in (b"\x01\x00", b"\x02\x00"):
        raise ValueError(f"another beginning, {content[:8]!r}")
    wide = 2 * content[6]
    start = 8 + wide + int.from_bytes(content[8 : 8 + wide], "little")
    if not 8 + wide < start <= min(len(content), 8 + wide + _LONGEST):
        raise ValueError("a header of another length")
    text = content[8 + wide : start].decode("latin-1").strip(" \t\n")
    if text[:1] != "{" or text[-1:] != "}":
        raise ValueError("another header")
    said, at, inner = {}, 0, text[1:-1].rstrip(" \t\n")
    while at < len(inner):
        pair = _PAIR.match(inner, at)
        if pair is None or pair[2] in said:
            raise ValueError(f"another header, {text!r:.80}")
        said[pair[2]], at = pair[3], pair.end()
    if len(said) < 3:
        raise ValueError(f"another header, {text!r:.80}")
    descr, order, shape = said["descr"], said["fortran_order"], said["shape"]
    lengths = [length for length in re.split(r"[\s,L()]+", shape) if length]
    if (
        descr[0] not in "'\""
        or order not in ("True", "False")
        or shape[0] != "("
        or (len(lengths) == 1 and "," not in shape)
    ):
        raise ValueError(f"another header, {text!r:.80}")
    return descr[1:-1], order == "True", tuple([int(length) for length in lengths]), start
