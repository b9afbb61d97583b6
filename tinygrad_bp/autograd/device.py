"""Where tensors live. There is one device, the memory of the CPU; of a second one this file would know first."""

from __future__ import annotations

import functools
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, ParamSpec, TypeVar

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
    """A place for tensors, by its kind and a number: ``"cpu"``, ``"cuda:1"`` (which no tensor can be put on).

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
    """Choose the device of tensors that are made without one; None is the CPU. Raises ``DeviceError`` for another.

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
        raise absent(chosen.type)
    return chosen


def absent(kind: str) -> DeviceError:
    """The error for a device that is not here, which begins as PyTorch's does."""
    said = ABSENT.get(kind, f"There is no device {kind!r}")
    return DeviceError(f"{said}: tensors live in the memory of the CPU. Leave the device out, or write 'cpu'")


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
    """Where the tensor is: ``device(type='cpu')``.

    >>> import tinygrad_bp as tg
    >>> tg.ones(2).device
    device(type='cpu')
    """
    return CPU


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
    """The tensor in the memory of the CPU: itself.

    >>> import tinygrad_bp as tg
    >>> tg.ones(2).cpu()
    tensor([1., 1.])
    """
    return self


def to_device(self: Any, device: DeviceLike, *, stream: None = None) -> Any:
    """The tensor on a device, under the array API's name: itself on the CPU; ``DeviceError`` for another.

    >>> import tinygrad_bp as tg
    >>> tg.ones(2).to_device("cpu")
    tensor([1., 1.])
    """
    resolve(device)
    if stream is not None:
        raise ArgumentError(f"to_device: the CPU has no streams, got stream={stream!r}; leave it out")
    return self


def cuda(self: Any, device: DeviceLike = None, non_blocking: bool = False, memory_format: Any = None) -> Any:
    """The tensor on a CUDA device: raises ``DeviceError``, since there is none."""
    resolve("cuda" if device is None else device)
    return self
