"""NVIDIA's GPUs: none is here, and a program that asks for one learns so and computes on the CPU.

Where PyTorch answers without a device, so does this; what needs one raises ``DeviceError`` with PyTorch's words.
"""

from __future__ import annotations

from typing import Any, NoReturn

from ..autograd.device import DeviceLike, absent
from . import amp as amp

__all__ = [
    "Event", "Stream", "current_device", "current_stream", "device_count", "empty_cache", "get_arch_list",
    "get_device_capability", "get_device_name", "get_device_properties", "get_rng_state", "get_rng_state_all",
    "init", "initial_seed", "ipc_collect", "is_available", "is_bf16_supported", "is_initialized", "manual_seed",
    "manual_seed_all", "max_memory_allocated", "max_memory_reserved", "mem_get_info", "memory_allocated",
    "memory_reserved", "memory_summary", "reset_peak_memory_stats", "seed", "seed_all", "set_device",
    "set_rng_state", "set_rng_state_all", "synchronize",
]  # fmt: skip


def is_available() -> bool:
    """Whether a CUDA device can be used: no."""
    return False


def is_initialized() -> bool:
    """Whether CUDA was started: no."""
    return False


def is_bf16_supported(including_emulation: bool = True) -> bool:
    """Whether a CUDA device computes in bfloat16: no."""
    return False


def device_count() -> int:
    """How many CUDA devices there are: 0."""
    return 0


def manual_seed(seed: int) -> None:
    """Nothing: there is no stream of a CUDA device."""


def manual_seed_all(seed: int) -> None:
    """Nothing: there is no stream of a CUDA device."""


def seed() -> None:
    """Nothing: there is no stream of a CUDA device."""


def seed_all() -> None:
    """Nothing: there is no stream of a CUDA device."""


def empty_cache() -> None:
    """Nothing: there is no cache."""


def ipc_collect() -> None:
    """Nothing: there is no memory of a CUDA device."""


def memory_allocated(device: DeviceLike = None) -> int:
    """How many bytes tensors take on a CUDA device: 0."""
    return 0


def max_memory_allocated(device: DeviceLike = None) -> int:
    """The most bytes that tensors took on a CUDA device: 0."""
    return 0


def memory_reserved(device: DeviceLike = None) -> int:
    """How many bytes are set aside on a CUDA device: 0."""
    return 0


def max_memory_reserved(device: DeviceLike = None) -> int:
    """The most bytes that were set aside on a CUDA device: 0."""
    return 0


def reset_peak_memory_stats(device: DeviceLike = None) -> None:
    """Nothing: no byte is on a CUDA device."""


def get_arch_list() -> list[str]:
    """The architectures that were compiled for: none."""
    return []


def get_rng_state_all() -> list[Any]:
    """The states of the streams of all CUDA devices: none."""
    return []


def set_rng_state_all(new_states: list[Any]) -> None:
    """Nothing: there is no stream of a CUDA device."""


def current_device() -> NoReturn:
    """The number of the current device: raises ``DeviceError``, there is none."""
    raise absent("cuda")


def set_device(device: DeviceLike) -> NoReturn:
    """Choose the current device: raises ``DeviceError``, there is none."""
    raise absent("cuda")


def synchronize(device: DeviceLike = None) -> NoReturn:
    """Wait for a device: raises ``DeviceError``, there is none."""
    raise absent("cuda")


def init() -> NoReturn:
    """Start CUDA: raises ``DeviceError``, there is none."""
    raise absent("cuda")


def get_device_name(device: DeviceLike = None) -> NoReturn:
    """The name of a device: raises ``DeviceError``, there is none."""
    raise absent("cuda")


def get_device_properties(device: DeviceLike = None) -> NoReturn:
    """What a device is: raises ``DeviceError``, there is none."""
    raise absent("cuda")


def get_device_capability(device: DeviceLike = None) -> NoReturn:
    """What a device can do: raises ``DeviceError``, there is none."""
    raise absent("cuda")


def current_stream(device: DeviceLike = None) -> NoReturn:
    """The stream of a device: raises ``DeviceError``, there is none."""
    raise absent("cuda")


def mem_get_info(device: DeviceLike = None) -> NoReturn:
    """The free memory of a device: raises ``DeviceError``, there is none."""
    raise absent("cuda")


def memory_summary(device: DeviceLike = None, abbreviated: bool = False) -> NoReturn:
    """The memory of a device: raises ``DeviceError``, there is none."""
    raise absent("cuda")


def get_rng_state(device: DeviceLike = "cuda") -> NoReturn:
    """The state of a device's stream: raises ``DeviceError``, there is none."""
    raise absent("cuda")


def set_rng_state(new_state: Any, device: DeviceLike = "cuda") -> NoReturn:
    """Set a device's stream: raises ``DeviceError``, there is none."""
    raise absent("cuda")


def initial_seed() -> NoReturn:
    """The seed of a device's stream: raises ``DeviceError``, there is none."""
    raise absent("cuda")


def Event(enable_timing: bool = False, blocking: bool = False, interprocess: bool = False) -> NoReturn:
    """A mark in a stream: raises ``DeviceError``, there is none."""
    raise absent("cuda")


def Stream(device: DeviceLike = None, priority: int = 0) -> NoReturn:
    """A stream of a device: raises ``DeviceError``, there is none."""
    raise absent("cuda")


def __getattr__(name: str) -> object:
    from ..not_here import missing

    raise missing("cuda", name)
