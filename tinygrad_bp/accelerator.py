"""The device beside the CPU: an NVIDIA GPU where CuPy finds one.

Where PyTorch answers without a device, so does this; what needs one raises ``DeviceError`` with PyTorch's words.
"""

from __future__ import annotations

from typing import NoReturn

from .autograd.device import DeviceLike, absent, device
from .autograd.elsewhere import found

__all__ = [
    "current_accelerator", "current_device_index", "current_stream", "device_count", "empty_cache", "is_available",
    "set_device_index", "synchronize",
]  # fmt: skip


def is_available() -> bool:
    """Whether there is a device beside the CPU."""
    return found("cuda") is not None


def current_accelerator(check_available: bool = False) -> device | None:
    """The device beside the CPU; None where there is none."""
    return device("cuda") if is_available() else None


def device_count() -> int:
    """How many devices there are beside the CPU."""
    place = found("cuda")
    if place is None:
        return 0
    return 1 if place.library is None else int(place.library.cuda.runtime.getDeviceCount())


def empty_cache() -> None:
    """Nothing: there is no cache."""


def current_device_index() -> NoReturn:
    """The number of the current device: raises ``DeviceError``, there is none."""
    raise absent("accelerator")


def set_device_index(device: DeviceLike) -> NoReturn:
    """Choose the current device: raises ``DeviceError``, there is none."""
    raise absent("accelerator")


def synchronize(device: DeviceLike = None) -> NoReturn:
    """Wait for a device: raises ``DeviceError``, there is none."""
    raise absent("accelerator")


def current_stream(device: DeviceLike = None) -> NoReturn:
    """The stream of a device: raises ``DeviceError``, there is none."""
    raise absent("accelerator")
