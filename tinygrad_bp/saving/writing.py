"""Writing: beside the file that it replaces, and then in its place, so that there is always a whole one."""

from __future__ import annotations

import contextlib
import os
import stat
from typing import Any

from ..autograd.errors import ArgumentError
from . import npz, safetensors
from .structure import take_apart


def save(
    obj: Any, f: Any, pickle_module: Any = None, pickle_protocol: int = 2,
    _use_new_zipfile_serialization: bool = True,
) -> None:  # fmt: skip
    """Write tensors, state dicts, and dicts, lists and tuples of them and of plain values to ``f``, never as a pickle.

    ``f`` is a path or a file opened for writing. A path that ends in ``.safetensors`` or ``.npz`` chooses that format;
    any other file, ``ck.pt`` too, is safetensors where that package is installed and npz elsewhere, and ``tg.load``
    sees which. Plain values are numbers, strings, bytes, None, booleans and dtypes; NumPy arrays stay arrays. Tensors
    on the same elements are stored once, and are one tensor again. An existing file is replaced only once the new one
    is whole on the disk, and keeps its permissions. PyTorch's pickle settings are accepted and change nothing.

    Raises ``ArgumentError`` for anything else, before a byte is written: of a model, an optimizer or a schedule, save
    its ``state_dict()``. ``ModuleNotFoundError`` for ``.safetensors`` without the package safetensors.

    >>> import io
    >>> import tinygrad_bp as tg
    >>> tg.save({"model": tg.nn.Linear(2, 1).state_dict(), "epoch": 3}, io.BytesIO())
    """
    to_file = hasattr(f, "write")
    if not to_file and not isinstance(f, (str, os.PathLike)):
        raise ArgumentError(f"save: give a path or a file opened for writing, got {type(f).__name__}")
    ending = "" if to_file else os.path.splitext(os.fspath(f))[1]
    chosen = {".safetensors": safetensors, ".npz": npz}.get(ending) or (safetensors if safetensors.installed() else npz)
    data = chosen.pack(*take_apart(obj))
    if not to_file:
        replace(os.fspath(f), data)
    elif hasattr(f, "encoding"):
        raise ArgumentError("save: the file takes text; write open(path, 'wb')")
    else:
        f.write(data)


def replace(path: str, data: bytes) -> None:
    """Put ``data`` in the place of the file ``path``, or of what it links to, at once."""
    path = os.path.realpath(path)
    known = os.stat(path) if os.path.exists(path) else None
    if known is not None and not stat.S_ISREG(known.st_mode):  # a pipe, a device: nothing is replaced
        with open(path, "wb") as file:
            file.write(data)
        return
    folder, name = os.path.split(path)
    beside = os.path.join(folder, f".{name[:100]}.{os.urandom(6).hex()}.part")
    try:
        with open(beside, "xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if known is not None:
            os.chmod(beside, stat.S_IMODE(known.st_mode))
        os.replace(beside, path)
    except BaseException as error:
        if isinstance(error, OSError) and error.filename in (beside, None):  # None: a full disk
            error.filename = path  # the name that was given
        with contextlib.suppress(OSError):
            os.unlink(beside)
        raise
    if os.name == "posix":  # the new name is on the disk as well
        with contextlib.suppress(OSError):  # some folders may not be read, some file systems cannot do it
            entry = os.open(folder, os.O_RDONLY)
            try:
                os.fsync(entry)
            finally:
                os.close(entry)
