"""Reading: what a file is, its bytes say; a pickle is refused with the way to convert it."""

from __future__ import annotations

import os
from typing import Any

from ..autograd.device import CPU, device, resolve
from ..autograd.errors import ArgumentError, DataFileError
from . import npz, safetensors
from .structure import put_together


def load(
    f: Any, map_location: Any = None, pickle_module: Any = None, *, weights_only: bool | None = None,
    mmap: bool | None = None,
) -> Any:  # fmt: skip
    """What ``tg.save`` wrote to ``f``, a path or a file opened for reading: tensors, state dicts, plain values.

    The file's own bytes say what it is: safetensors or npz, whatever its name, and also where another program wrote
    it; then a dict of tensors by name. Reading never runs code, so ``weights_only`` changes nothing; ``map_location``
    is the device of the tensors, ``pickle_module`` and ``mmap`` are accepted as PyTorch has them.

    Raises ``DataFileError`` for anything else, or a damaged file, before any of it is used; a pickle (what
    ``torch.save`` writes) is refused with the lines that convert it. ``ModuleNotFoundError`` for a safetensors file
    without the package safetensors.

    >>> import io
    >>> import tinygrad_bp as tg
    >>> file = io.BytesIO()
    >>> tg.save({"w": tg.tensor([1.0, 2.0]), "epoch": 3}, file)
    >>> _ = file.seek(0)
    >>> tg.load(file)
    {'w': tensor([1., 2.]), 'epoch': 3}
    """
    where = CPU
    if isinstance(map_location, (str, device)):
        where = resolve(map_location)
    elif map_location is not None and not callable(map_location) and not isinstance(map_location, dict):
        raise ArgumentError(f"load: map_location is a device such as 'cpu', got {type(map_location).__name__}")
    data, name = _read(f)
    if safetensors.begins(data):
        return put_together(*safetensors.unpack(data, name), name, where)
    if npz.begins(data):
        if any(member.endswith(("data.pkl", "constants.pkl")) for member in npz.members(data, name)):
            raise DataFileError(_pickled(name))
        return put_together(*npz.unpack(data, name), name, where)
    if data[:1] == b"\x80" and data[1:2] <= b"\x05":
        raise DataFileError(_pickled(name))
    if data[:6] == b"\x93NUMPY":
        raise DataFileError(f"{name}: one array as np.save writes it; write tg.tensor(np.load(path))")
    if not data:
        raise DataFileError(f"{name}: empty; a file object that was just written is read after f.seek(0)")
    raise DataFileError(f"{name}: neither a safetensors nor an npz file; it begins with {data[:16]!r}")


def _read(f: Any) -> tuple[bytes, str]:
    """All bytes of a file, and what errors call it."""
    if hasattr(f, "read"):
        data, name = f.read(), str(getattr(f, "name", "the file"))
        if not isinstance(data, bytes):
            raise ArgumentError(f"load: {name} gives {type(data).__name__}, not bytes; write open(path, 'rb')")
        return data, name
    if not isinstance(f, (str, os.PathLike)):
        raise ArgumentError(f"load: give a path or a file opened for reading, got {type(f).__name__}")
    with open(f, "rb") as file:
        return file.read(), os.fspath(f)


def _pickled(name: str) -> str:
    path = name if name != "the file" else "ck.pt"
    converted = f"{os.path.splitext(path)[0]}.npz"
    return (
        f"{name}: a pickle, as torch.save writes it, and reading a pickle can run code. Convert it once, where PyTorch "
        "is installed (of a checkpoint, the model's state dict in it), and load the result:\n"
        f"  import numpy, torch\n"
        f"  state = torch.load({path!r}, weights_only=True)\n"
        f"  numpy.savez({converted!r}, **{{name: t.detach().numpy() for name, t in state.items()}})\n"
        f"  model.load_state_dict(tg.load({converted!r}))"
    )
