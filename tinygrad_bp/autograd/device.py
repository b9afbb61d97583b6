"""Where tensors live: in the memory of the CPU, as NumPy's arrays, or in a GPU's, as CuPy's."""

from __future__ import annotations

import functools
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, ParamSpec, TypeVar

from .elsewhere import ARRAYS, PLACES, found, hosted, missing
from .errors import ArgumentError, DeviceError

P = ParamSpec("P")
R = TypeVar("R")

__all__ = ["device", "get_default_device", "set_default_device"]

# The kinds that PyTorch's programs may name.
KINDS = (
    "cpu", "cuda", "ipu", "xpu", "mkldnn", "opengl", "opencl", "ideep", "hip", "ve", "fpga", "maia", "xla", "lazy",
    "vulkan", "mps", "meta", "hpu", "mtia", "privateuseone",
)  # fmt: skip
# What PyTorch says of those that a build without them does not have.
ABSENT = {
    "cuda": "Torch not compiled with CUDA enabled",
    "xpu": "Torch not compiled with XPU enabled",
    "accelerator": "Cannot access accelerator device when none is available",
    "mps": "PyTorch is not linked with support for mps devices",
}


class device:
    """A place for tensors, by its kind and a number: ``"cpu"``, ``"cuda"``, ``"cuda:1"``.

    As a context manager, the device of the tensors that are made inside. Raises ``DeviceError`` for what is no device.

    >>> import tinygrad_bp as tg
    >>> tg.device("cuda" if tg.cuda.is_available() else "cpu")
    device(type='cpu')
    >>> tg.zeros(2).device == tg.device("cpu")
    True
    """

    __slots__ = ("_index", "_type")

    _type: str
    _index: int | None

    def __new__(cls, type: str | int | device, index: int | None = None) -> device:
        """Of a text, of a kind and a number, or of a device; a number alone is a CUDA device."""
        if isinstance(type, device) and index is None:
            return type
        if isinstance(type, int) and not isinstance(type, bool) and index is None:
            return device("cuda", type)
        if not isinstance(type, str) or not (index is None or isinstance(index, int)):
            raise ArgumentError(f"device: give a text such as 'cpu', or a kind and a number, got {type!r}, {index!r}")
        kind, colon, number = type.partition(":")
        if kind not in KINDS:
            raise DeviceError(f"Expected one of {', '.join(KINDS)} device type at start of device string: {kind}")
        if (colon and not number.isdecimal()) or (colon and index is not None):
            raise DeviceError(f"Invalid device string: {type!r}")
        self = object.__new__(cls)
        self._type, self._index = kind, int(number) if colon else index
        return self

    @property
    def type(self) -> str:
        """The kind: ``"cpu"``."""
        return self._type

    @property
    def index(self) -> int | None:
        """The number, None where none was given."""
        return self._index

    def __repr__(self) -> str:
        return f"device(type={self._type!r}{'' if self._index is None else f', index={self._index}'})"

    def __str__(self) -> str:
        return self._type if self._index is None else f"{self._type}:{self._index}"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, device) and (self._type, self._index) == (other._type, other._index)

    def __hash__(self) -> int:
        return hash((self._type, self._index))

    def __reduce__(self) -> Any:
        return device, (str(self),)

    def __enter__(self) -> device:
        _CHOSEN.set((*_CHOSEN.get(), self))
        return self

    def __exit__(self, *error: object) -> None:
        _CHOSEN.set(_CHOSEN.get()[:-1])


DeviceLike = device | str | int | None

CPU = device("cpu")
# The default, and inside it the device of each ``with`` block, of this thread or task.
_CHOSEN: ContextVar[tuple[device, ...]] = ContextVar("tinygrad_bp.device", default=(CPU,))


def get_default_device() -> device:
    """The device of tensors that are made without one.

    >>> import tinygrad_bp as tg
    >>> tg.get_default_device()
    device(type='cpu')
    """
    return _CHOSEN.get()[-1]


def set_default_device(device: DeviceLike) -> None:
    """Choose the device of tensors that are made without one; None is the CPU. Raises ``DeviceError`` for one that is
    not here.

    >>> import tinygrad_bp as tg
    >>> tg.set_default_device("cpu")
    """
    _CHOSEN.set((*_CHOSEN.get()[:-1], resolve(CPU if device is None else device)))


def resolve(where: DeviceLike = None) -> device:
    """The device for a tensor: the one given, else the default; ``DeviceError`` for one that is not here.

    >>> resolve("cpu:0")
    device(type='cpu', index=0)
    """
    chosen = _CHOSEN.get()[-1] if where is None else device(where)
    if chosen.type != "cpu":
        place = found(chosen.type)
        if place is None:
            raise absent(chosen.type)
        if chosen._index not in (None, place.current()):
            raise DeviceError(
                f"{chosen}: the current one is {chosen.type}:{place.current()}; write "
                f"tg.cuda.set_device({chosen._index}) first"
            )
    return chosen


def absent(kind: str) -> DeviceError:
    """The error for a device that is not here, which begins as PyTorch's does."""
    said = ABSENT.get(kind, f"There is no device {kind!r}")
    if kind == "cuda":
        return DeviceError(f"{said}: {missing()}, or write 'cpu'")
    return DeviceError(f"{said}: tensors live in the memory of the CPU. Leave the device out, or write 'cpu'")


def placed(array: Any, where: DeviceLike = None) -> Any:
    """An array on a device: the one given, else where it is, and of NumPy's on the default."""
    if where is None and array.__class__ in ARRAYS:
        return array
    kind = resolve(where).type
    if kind == "cpu":
        return hosted(array) if array.__class__ in ARRAYS else array
    place = PLACES[kind]
    return array if array.__class__ is place.array else place.put(array)


def settled(tensor: R, where: DeviceLike = None) -> R:
    """A tensor that was made now, on a device: the one given, else where it is; one of the CPU on the default."""
    if where is not None or PLACES or _CHOSEN.get()[-1] is not CPU:
        inner: Any = tensor
        while hasattr(inner, "slices"):  # it stands for many
            inner = inner.slices
        inner._value = placed(inner._value, where)
    return tensor


def near(made: R, x: Any) -> R:
    """A tensor that was made now, where ``x`` lies if that is a tensor, else on the default device."""
    if not PLACES:
        return made
    return settled(made, device_of(x) if hasattr(x, "_node") else None)


def apart(values: Any) -> str:
    """Which of several values lie where, in words, where they lie on several devices; else nothing."""
    where = [device_of_array(value) for value in values if hasattr(value, "dtype")]
    if len({str(one) for one in where}) < 2:
        return ""
    return (
        "Expected all tensors to be on the same device, but found at least two devices, "
        f"{' and '.join(sorted({str(one) for one in where}, reverse=True))}!"
    )


def is_device(item: Any) -> bool:
    """Whether an argument names a device: ``"cpu"``, ``"cuda:0"``, 0, ``tg.device("cpu")``."""
    if isinstance(item, str):
        return item.partition(":")[0] in KINDS
    return isinstance(item, (device, int)) and not isinstance(item, bool)


def laid_out(function: Callable[P, R]) -> Callable[P, R]:
    """A function that makes tensors, with PyTorch's other words of where memory lies: taken, and without a meaning."""

    @functools.wraps(function)
    def made(*args: Any, layout: Any = None, pin_memory: bool = False, memory_format: Any = None, **kwargs: Any) -> R:
        return function(*args, **kwargs)

    return made  # type: ignore[return-value]


# ---------------------------------------------------------------------- of a tensor


def device_of(self: Any) -> device:
    """Where the tensor is: ``device(type='cpu')``, or the GPU.

    >>> import tinygrad_bp as tg
    >>> tg.ones(2).device
    device(type='cpu')
    """
    while hasattr(self, "slices"):  # one that stands for many
        self = self.slices
    return device_of_array(self._value) if ARRAYS else CPU


def device_of_array(array: Any) -> device:
    """Where an array is."""
    kinds = [kind for kind, place in PLACES.items() if type(array) is place.array]
    return device(kinds[0], int(array.device.id)) if kinds else CPU


def _on(kind: str) -> Callable[[Any], bool]:
    def is_there(self: Any) -> bool:
        return device_of(self).type == kind

    is_there.__doc__ = (
        f"Whether the tensor is on a device of the kind {kind!r}.\n\n"
        f"    >>> import tinygrad_bp as tg\n    >>> tg.ones(2).is_{kind}\n    {kind == 'cpu'}\n"
    )
    return is_there


# Whether a tensor is on a device of a kind: ``t.is_cuda``.
QUESTIONS = {f"is_{kind}": _on(kind) for kind in ("cpu", "cuda", "ipu", "maia", "meta", "mps", "mtia", "xla", "xpu")}


def get_device(self: Any) -> int:
    """The number of the tensor's device; −1 for the CPU.

    >>> import tinygrad_bp as tg
    >>> tg.ones(2).get_device()
    -1
    """
    index = device_of(self).index
    return -1 if index is None else index


def cpu(self: Any, memory_format: Any = None) -> Any:
    """The tensor in the memory of the CPU: itself where it is there.

    >>> import tinygrad_bp as tg
    >>> tg.ones(2).cpu()
    tensor([1., 1.])
    """
    return self.to("cpu")


def to_device(self: Any, device: DeviceLike, *, stream: None = None) -> Any:
    """The tensor on a device, under the array API's name; ``DeviceError`` for one that is not here.

    >>> import tinygrad_bp as tg
    >>> tg.ones(2).to_device("cpu")
    tensor([1., 1.])
    """
    resolve(device)
    if stream is not None:
        raise ArgumentError(f"to_device: streams are not chosen here, got stream={stream!r}; leave it out")
    return self.to(device)


def cuda(self: Any, device: DeviceLike = None, non_blocking: bool = False, memory_format: Any = None) -> Any:
    """The tensor on a GPU: itself where it is there. Raises ``DeviceError``, in one line, for what is missing."""
    return self.to("cuda" if device is None else device)
