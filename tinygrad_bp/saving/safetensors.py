"""Named arrays and a text as one safetensors file, by the library of that name."""

from __future__ import annotations

import json
from importlib.util import find_spec
from typing import Any

import numpy as np

from ..autograd.errors import DataFileError
from .structure import DAMAGED

NAME = "safetensors"
# In the file's metadata: the text, and the names of complex arrays, which lie there as pairs of floats.
TEXT, COMPLEX = "tinygrad_bp", "tinygrad_bp.complex"

_DTYPES = {
    "BOOL": "bool", "I8": "int8", "I16": "int16", "I32": "int32", "I64": "int64", "U8": "uint8", "U16": "uint16",
    "U32": "uint32", "U64": "uint64", "F16": "float16", "F32": "float32", "F64": "float64", "C64": "complex64",
}  # fmt: skip


def installed() -> bool:
    """Whether the library is there."""
    return find_spec(NAME) is not None


def begins(data: bytes) -> bool:
    """Whether a file of these bytes is one of them: the length of a header, then the header, which is JSON."""
    return len(data) > 8 and data[8:9] == b"{" and int.from_bytes(data[:8], "little") <= len(data) - 8


def pack(arrays: dict[str, Any], text: str) -> bytes:
    """The bytes of a file. Raises ``ModuleNotFoundError`` where the library is not installed."""
    numpy = _library().numpy
    paired = {name: _pairs(array) if array.dtype.kind == "c" else array for name, array in arrays.items()}
    metadata = {TEXT: text, COMPLEX: json.dumps([name for name in arrays if arrays[name].dtype.kind == "c"])}
    packed: bytes = numpy.save(paired, metadata)
    return packed


def unpack(data: bytes, file: str) -> tuple[dict[str, Any], str | None]:
    """The arrays and the text (None: not one of ours). Raises ``DataFileError``."""
    library = _library()
    try:
        found = dict(library.deserialize(data))  # which also checks the header
        header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
        metadata = header.pop("__metadata__", {})
        complexes = json.loads(metadata.get(COMPLEX, "[]"))
        arrays = {name: _array(found[name], name in complexes, name, file) for name in header}
        if TEXT not in metadata:  # PyTorch's save_model keeps tied weights under one name, and notes the others here
            arrays |= {also: arrays[name] for also, name in metadata.items() if name in arrays and also not in arrays}
        return arrays, metadata.get(TEXT)
    except DataFileError:
        raise
    except (library.SafetensorError, *DAMAGED) as error:
        raise DataFileError(f"{file}: not a whole safetensors file: {type(error).__name__}: {error!s:.120}") from None


def _library() -> Any:
    try:
        import safetensors.numpy
    except ImportError:
        raise ModuleNotFoundError(
            "a .safetensors file needs the package safetensors: pip install safetensors; or save under a name that "
            "ends in .npz",
            name=NAME,
        ) from None
    return safetensors


def _pairs(array: Any) -> Any:
    return array.reshape(*array.shape, 1).view(array.real.dtype)


def _array(view: dict[str, Any], is_complex: bool, name: str, file: str) -> Any:
    kind, data, shape = view["dtype"], view["data"], view["shape"]
    if kind == "BF16":  # the upper half of a float32: as exact, and twice as wide
        wide = np.frombuffer(data, "<u2").astype("<u4") << 16
        return wide.view(np.float32).reshape(shape)
    if kind not in _DTYPES:
        raise DataFileError(f"{file}: {name!r:.80} is of {kind}, which NumPy does not have")
    array = np.frombuffer(data, np.dtype(_DTYPES[kind]).newbyteorder("<")).reshape(shape)
    array = array.astype(array.dtype.newbyteorder("="))  # a copy, which can be written
    if is_complex:
        array = array.view(np.result_type(array, np.complex64))[..., 0]
    return array
