"""Arrays that lie elsewhere than NumPy's, in the memory of a GPU: CuPy's.

They implement NumPy's two protocols, so ops compute with them as with NumPy's. What only NumPy can be asked stands
here: whose an array is, and how its numbers come to the CPU and back.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any, NamedTuple

import numpy as np

from .errors import DeviceError


class Place(NamedTuple):
    """A device beside the CPU: the class of its arrays, and how numbers come there and back."""

    array: type
    put: Callable[[Any], Any]  # an array of the device with the numbers of one of NumPy's, in memory of its own
    get: Callable[[Any], Any]  # and the other way
    library: Any = None  # what asks the device itself: the module cupy

    def current(self) -> int:
        """The number of the device that computes."""
        return 0 if self.library is None else int(self.library.cuda.runtime.getDevice())


PLACES: dict[str, Place] = {}  # those that were found, by kind
ARRAYS: set[Any] = set()  # the classes of their arrays


def known(kind: str, place: Place) -> None:
    """Put a device in its place: from now on its arrays are values of tensors."""
    PLACES[kind] = place
    ARRAYS.add(place.array)
    for table in NUMBERS:
        table.update({dtype: one[()] for dtype, one in table.items()})


def found(kind: str) -> Place | None:
    """The device of a kind, looked for until it is there; None where there is none."""
    if kind == "cuda" and kind not in PLACES and not missing():
        cupy = import_module("cupy")
        known(kind, Place(cupy.ndarray, cupy.array, lambda array: array.get(order="A"), cupy))
    return PLACES.get(kind)


def missing() -> str:
    """What CUDA lacks here, and what to write; nothing where it can be used."""
    try:
        cupy = import_module("cupy")
    except ImportError:
        return 'CuPy is not installed; on a machine with an NVIDIA GPU write pip install "tinygrad_bp[cuda]"'
    return "" if cupy.is_available() else "CuPy finds no NVIDIA GPU here, or one whose driver is older than its CUDA"


def boxed(value: Any) -> Any:
    """What an op gave, as an array: NumPy gives scalars where no dimension is left."""
    return value if value.__class__ in ARRAYS else np.asarray(value)


def copied(array: Any, order: Any = "K") -> Any:
    """The same numbers in memory of their own, in the same order or in another."""
    return array.copy(order) if array.__class__ in ARRAYS else np.array(array, order=order)


def moved(array: Any, x: Any) -> Any:
    """An array of NumPy's where ``x`` lies, an array or a tensor."""
    if ARRAYS:
        while hasattr(x, "slices"):  # a tensor that stands for many
            x = x.slices
        x = getattr(x, "_value", x)
        if x.__class__ in ARRAYS:
            return np.asarray(array, like=x)
    return array


def number(value: Any, dtype: Any) -> Any:
    """A number beside arrays of a dtype: without dimensions, as NumPy takes it fastest, until there is a device."""
    return dtype.type(value) if PLACES else np.asarray(value, dtype)


_KEPT: dict[tuple[Any, Any], Any] = {}


def kept_number(value: float, dtype: Any) -> Any:
    """``number``, read-only and made once: of what comes again in every step."""
    if PLACES:
        return number(value, dtype)
    found = _KEPT.get((value, dtype))
    if found is None:
        if len(_KEPT) >= 256:
            _KEPT.clear()
        found = _KEPT[value, dtype] = np.asarray(value, dtype)
        found.flags.writeable = False
    return found


NUMBERS: list[dict[Any, Any]] = []


def numbers(table: dict[Any, Any]) -> dict[Any, Any]:
    """Numbers by dtype as arrays without dimensions, which NumPy takes faster than a number. CuPy takes numbers alone.

    So these they become once there is a device beside the CPU.
    """
    for one in table.values():
        one.flags.writeable = False  # nobody may, and a program has them as constants
    NUMBERS.append(table)
    return table


def on_cpu(array: Any, what: str) -> Any:
    """An array of NumPy's as it is. Raises ``DeviceError`` for one of a device, which ``what`` would move."""
    if array.__class__ in ARRAYS:
        raise DeviceError(f"{what} runs on the CPU, and moves no tensor there by itself. Write t.cpu() first")
    return array


def hosted(array: Any) -> Any:
    """The numbers of an array as one of NumPy's, on the CPU."""
    for place in PLACES.values():
        if array.__class__ is place.array:
            return place.get(array)
    return array


def zeros(shape: Any, dtype: Any, x: Any) -> Any:
    """Zeros where ``x`` lies."""
    return np.zeros(shape, dtype, like=x) if x.__class__ in ARRAYS else np.zeros(shape, dtype)


def empty(shape: Any, dtype: Any, x: Any) -> Any:
    """An unfilled array where ``x`` lies."""
    return np.empty(shape, dtype, like=x) if x.__class__ in ARRAYS else np.empty(shape, dtype)


def outermost(ufunc: Any, x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """``ufunc.reduce`` of ``np.maximum`` or ``np.minimum``. CuPy's ufuncs have none, its arrays have."""
    if x.__class__ not in ARRAYS:
        return ufunc.reduce(x, axis, None, None, keepdims)
    return (x.max if ufunc is np.maximum else x.min)(axis, None, keepdims)


def in_rows(x: Any) -> Any:
    """The array itself where it lies row by row, else a copy that does."""
    return x if x.flags.c_contiguous else x.copy("C")
