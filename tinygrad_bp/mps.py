"""Apple's GPUs: none is here, and a program that asks for one learns so and computes on the CPU.

Where PyTorch answers without a device, so does this; what needs one raises ``DeviceError`` with PyTorch's words.
"""

from __future__ import annotations

from typing import NoReturn

from .autograd.device import absent

__all__ = [
    "current_allocated_memory", "device_count", "driver_allocated_memory", "empty_cache", "is_available",
    "manual_seed", "seed", "synchronize",
]  # fmt: skip


def is_available() -> bool:
    """Whether an MPS device can be used: no."""
    return False


def device_count() -> int:
    """How many MPS devices there are: 0."""
    return 0


def manual_seed(seed: int) -> NoReturn:
    """Seed a device's stream: raises ``DeviceError``, there is none."""
    raise absent("mps")


def seed() -> NoReturn:
    """Seed a device's stream: raises ``DeviceError``, there is none."""
    raise absent("mps")


def empty_cache() -> NoReturn:
    """Empty the cache of a device: raises ``DeviceError``, there is none."""
    raise absent("mps")


def synchronize() -> NoReturn:
    """Wait for a device: raises ``DeviceError``, there is none."""
    raise absent("mps")


def current_allocated_memory() -> NoReturn:
    """The memory that tensors take: raises ``DeviceError``, there is none."""
    raise absent("mps")


def driver_allocated_memory() -> NoReturn:
    """The memory that is taken: raises ``DeviceError``, there is none."""
    raise absent("mps")
