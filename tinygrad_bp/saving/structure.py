"""What was saved, taken apart into named arrays and a text (JSON) that says how they belong together; and back.

In the text numbers, strings, None, booleans and lists stand for themselves, and everything else is an object with one
key, its kind: ``{"tuple": [1, 2]}``, ``{"tensor": ["weight", true]}`` (the array's name, and whether it requires grad).
"""

from __future__ import annotations

import json
import os
from base64 import b64decode, b64encode
from collections import OrderedDict
from typing import Any

import numpy as np

from ..autograd.device import CPU, DeviceLike, device, settled
from ..autograd.elsewhere import hosted
from ..autograd.errors import ArgumentError, AutogradError, DataFileError
from ..autograd.sharing import start_of
from ..autograd.size import Size
from ..autograd.tensor import Tensor
from ..functions.creation import from_numpy
from ..nn.parameter import Parameter

DTYPES = frozenset(
    np.dtype(name)
    for name in (
        "bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float16", "float32",
        "float64", "complex64", "complex128",
    )
)  # fmt: skip

ITEMS: dict[str, Any] = {kind.__name__: kind for kind in (tuple, set, frozenset, Size)}  # kinds that are their items

LONGEST_NAME = 200

# What is raised on the way where a text says something else than was saved: 10⁴⁰⁰ is no float, {} no name of an array.
DAMAGED = (LookupError, TypeError, ValueError, ArithmeticError, AttributeError, RecursionError)


def take_apart(value: Any) -> tuple[dict[str, Any], str]:
    """The arrays in ``value`` by name, C-contiguous, and the text. Raises ``ArgumentError`` for what is never saved."""
    apart = _Apart()
    try:
        return apart.arrays, json.dumps(apart.described(value, ()))
    except RecursionError:
        raise ArgumentError("save: the value contains itself, or is nested too deep") from None
    except ValueError as error:
        if isinstance(error, ArgumentError):
            raise
        raise ArgumentError(f"save: {error}") from None  # an integer of thousands of digits


class _Apart:
    """The arrays met so far. Tensors on the same elements share one of them."""

    def __init__(self) -> None:
        self.arrays: dict[str, Any] = {}
        self.names: dict[Any, str] = {}  # where an array lies -> its name
        self.met: list[Any] = []  # alive until all is written: where they lie stays theirs

    def described(self, value: Any, path: tuple[str, ...]) -> Any:
        """What the text says of ``value``, found at ``path``."""
        kind = type(value)
        if value is None or kind in (bool, int, float, str):
            return value
        if kind is list:
            return self._items(value, path)
        if kind in ITEMS.values():
            return {kind.__name__: self._items(value, path)}
        if kind in (dict, OrderedDict):
            pairs = [[self.described(k, path), self.described(v, (*path, str(k)))] for k, v in value.items()]
            return {kind.__name__: pairs}
        if isinstance(value, Tensor):
            name = self._named(value.detach()._value, path)
            return {"parameter" if isinstance(value, Parameter) else "tensor": [name, value.requires_grad]}
        if kind is np.ndarray:
            return {"array": self._named(value, path)}
        if isinstance(value, np.generic):
            return {"scalar": self._named(np.asarray(value), path)}
        if kind is complex:
            return {"complex": [value.real, value.imag]}
        if kind in (bytes, bytearray):
            return {kind.__name__: b64encode(value).decode("ascii")}
        if isinstance(value, np.dtype) and value in DTYPES:
            return {"dtype": value.name}
        if kind is device:
            return {"device": str(value)}
        raise ArgumentError(f"save: {_refused(value, path)}")

    def _items(self, values: Any, path: tuple[str, ...]) -> list[Any]:
        return [self.described(item, (*path, str(i))) for i, item in enumerate(values)]

    def _named(self, array: Any, path: tuple[str, ...]) -> str:
        """The name of an array, which is kept under it."""
        if array.dtype.newbyteorder("=") not in DTYPES:
            raise ArgumentError(
                f"save: {_place(path)} is an array of {array.dtype}; arrays of numbers and booleans are saved, of at "
                "most 64 bits (complex 128)"
            )
        where = (start_of(array), array.shape, array.strides, array.dtype.str)
        if array.size and where in self.names:
            return self.names[where]
        name = ".".join(path) or "tensor"
        odd = not name.isprintable() or "\\" in name or name.startswith("__") or len(name) > LONGEST_NAME
        if odd or name in self.arrays:
            name = f"{'array' if odd else name} {len(self.arrays)}"
        self.met.append(array)
        self.names[where] = name
        self.arrays[name] = np.array(hosted(array), array.dtype.newbyteorder("="), order="C", copy=None)
        return name


def _place(path: tuple[str, ...]) -> str:
    return f"the value at {'.'.join(path)!r}" if path else "the value"


def _refused(value: Any, path: tuple[str, ...]) -> str:
    """Why ``value`` is not saved, and what to save instead."""
    kind, what = type(value).__name__, _place(path)
    if hasattr(value, "state_dict"):
        return (
            f"{what} is a {kind}, and only a pickle, which can run code when it is read, could hold it. Save its "
            "state_dict(), and read it into one that you build: new.load_state_dict(tg.load(path))"
        )
    plain = [known for known in (dict, list, tuple, set, str, int, float) if isinstance(value, known)]
    if plain:
        instead = f"give {plain[0].__name__}(value)"
    elif isinstance(value, os.PathLike):
        instead = "give str(value)"
    elif hasattr(value, "__iter__"):
        instead = "give list(value)"
    elif hasattr(value, "__dict__") and not callable(value):
        instead = "give vars(value), a dict"
    else:
        instead = "give numbers, strings or tensors that it can be made from"
    return (
        f"{what} is a {kind}; saved are tensors, arrays, numbers, strings, bytes, None, and lists, tuples, sets and "
        f"dicts of them: {instead}"
    )


# ---------------------------------------------------------------------- back


def put_together(arrays: dict[str, Any], text: str | None, file: str, where: DeviceLike = CPU) -> Any:
    """The value from its arrays and its text, its tensors on a device; without a text, a dict of tensors.

    Raises ``DataFileError``.
    """
    if text is None:
        return {name: settled(from_numpy(array), where) for name, array in arrays.items()}
    try:
        return _Together(arrays, where).value(json.loads(text))
    except (*DAMAGED, AutogradError) as error:
        raise DataFileError(
            f"{file}: the text that says how its arrays belong together is damaged ({type(error).__name__}: "
            f"{error!s:.80})"
        ) from None


class _Together:
    """The tensors made so far: an array that was saved once is one again."""

    def __init__(self, arrays: dict[str, Any], where: DeviceLike = CPU) -> None:
        self.arrays, self.where = arrays, where
        self.tensors: dict[Any, Tensor] = {}

    def value(self, said: Any) -> Any:
        """What the text says, as it was."""
        if isinstance(said, list):
            return [self.value(item) for item in said]
        if not isinstance(said, dict):
            return said
        ((kind, given),) = said.items()
        if kind in ("tensor", "parameter"):
            return self._tensor(kind, *given)
        if kind == "array":
            return self.arrays[given]
        if kind == "scalar":
            return self.arrays[given][()]
        if kind in ITEMS:
            return ITEMS[kind](self.value(given))
        if kind in ("dict", "OrderedDict"):
            pairs = [(self.value(key), self.value(item)) for key, item in given]
            return dict(pairs) if kind == "dict" else OrderedDict(pairs)
        if kind == "complex":
            return complex(*given)
        if kind in ("bytes", "bytearray"):
            data = b64decode(given, validate=True)
            return data if kind == "bytes" else bytearray(data)
        if kind == "dtype" and np.dtype(given) in DTYPES:
            return np.dtype(given)
        if kind == "device":
            return device(given)
        raise ValueError(f"no kind {kind!r:.40}")

    def _tensor(self, kind: str, name: str, requires_grad: bool) -> Tensor:
        key = kind, name, requires_grad
        if key not in self.tensors:
            tensor = settled(from_numpy(self.arrays[name]), self.where)
            if kind == "parameter":
                tensor = Parameter(tensor, requires_grad=requires_grad)
            elif requires_grad:
                tensor.requires_grad = True
            self.tensors[key] = tensor
        return self.tensors[key]
