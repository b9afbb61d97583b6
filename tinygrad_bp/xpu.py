"""Intel's GPUs: none is here, and a program that asks for one learns so and computes on the CPU.

Where PyTorch answers without a device, so does this; what needs one raises ``DeviceError`` with PyTorch's words.
"""

from __future__ import annotations

from typing import NoReturn

from .autograd.device import DeviceLike, absent

__all__ = [
    "current_device", "device_count", "empty_cache", "get_device_name", "is_available", "is_bf16_supported",
    "manual_seed", "manual_seed_all", "set_device", "synchronize",
]  # fmt: skip


def is_available() -> bool:
    """Whether an XPU device can be used: no."""
    return False


def is_bf16_supported() -> bool:
    """Whether an XPU device computes in bfloat16: no."""
    return False


def device_count() -> int:
    """How many XPU devices there are: 0."""
    return 0


def manual_seed(seed: int) -> None:
    """Nothing: there is no stream of an XPU device."""


def manual_seed_all(seed: int) -> None:
    """Nothing: there is no stream of an XPU device."""


def empty_cache() -> None:
    """Nothing: there is no cache."""


def current_device() -> NoReturn:
    """The number of the current device: raises ``DeviceError``, there is none."""
    raise absent("xpu")


def set_device(device: DeviceLike) -> NoReturn:
    """Choose the current device: raises ``DeviceError``, there is none."""
    raise absent("xpu")


def synchronize(device: DeviceLike = None) -> NoReturn:
    """Wait for a device: raises ``DeviceError``, there is none."""
    raise absent("xpu")


def get_device_name(device: DeviceLike = None) -> NoReturn:
    """The name of a device: raises ``DeviceError``, there is none."""
    raise absent("xpu")
