"""NVIDIA's GPUs, through CuPy (``pip install "tinygrad_bp[cuda]"``): what is there, and the one that computes.

Where PyTorch answers without a device, so does this; what needs one raises ``DeviceError`` with PyTorch's words, and
says what is missing.
"""

from __future__ import annotations

from typing import Any, NoReturn

from ..autograd.device import DeviceLike, absent
from ..autograd.device import device as _device
from ..autograd.elsewhere import Place as _Place
from ..autograd.elsewhere import found as _found
from ..autograd.errors import DeviceError
from . import amp as amp

__all__ = [
    "Event", "Stream", "current_device", "current_stream", "device_count", "empty_cache", "get_arch_list",
    "get_device_capability", "get_device_name", "get_device_properties", "get_rng_state", "get_rng_state_all",
    "init", "initial_seed", "ipc_collect", "is_available", "is_bf16_supported", "is_initialized", "manual_seed",
    "manual_seed_all", "max_memory_allocated", "max_memory_reserved", "mem_get_info", "memory_allocated",
    "memory_reserved", "memory_summary", "reset_peak_memory_stats", "seed", "seed_all", "set_device",
    "set_rng_state", "set_rng_state_all", "synchronize",
]  # fmt: skip


def _there() -> _Place:
    place = _found("cuda")
    if place is None:
        raise absent("cuda")
    return place


def _lacking() -> DeviceError:
    """The error of what is not asked of CuPy; of a machine without a GPU, what is missing."""
    if _found("cuda") is None:
        return absent("cuda")
    return DeviceError("not supported here: of the GPU itself ask CuPy, import cupy")


def _library() -> Any:
    """The module cupy; None where there is no GPU."""
    place = _found("cuda")
    return None if place is None else place.library


def is_available() -> bool:
    """Whether there is a GPU that CuPy can use."""
    return _found("cuda") is not None


def is_initialized() -> bool:
    """Whether CUDA was started: it is where there is a GPU."""
    return is_available()


def is_bf16_supported(including_emulation: bool = True) -> bool:
    """Whether a CUDA device computes in bfloat16: no."""
    return False


def device_count() -> int:
    """How many GPUs there are."""
    place = _found("cuda")
    if place is None:
        return 0
    return 1 if place.library is None else int(place.library.cuda.runtime.getDeviceCount())


def manual_seed(seed: int) -> None:
    """Nothing: numbers are drawn from the CPU's stream, whatever the device; write ``tg.manual_seed``."""


def manual_seed_all(seed: int) -> None:
    """Nothing: numbers are drawn from the CPU's stream, whatever the device; write ``tg.manual_seed``."""


def seed() -> None:
    """Nothing: numbers are drawn from the CPU's stream, whatever the device; write ``tg.manual_seed``."""


def seed_all() -> None:
    """Nothing: numbers are drawn from the CPU's stream, whatever the device; write ``tg.manual_seed``."""


def empty_cache() -> None:
    """Give memory that no tensor takes back to the GPU."""
    if _library() is not None:
        _library().get_default_memory_pool().free_all_blocks()


def ipc_collect() -> None:
    """Nothing: there is no memory of a CUDA device."""


def memory_allocated(device: DeviceLike = None) -> int:
    """How many bytes tensors take on the GPU."""
    return 0 if _library() is None else int(_library().get_default_memory_pool().used_bytes())


def max_memory_allocated(device: DeviceLike = None) -> int:
    """The most bytes that tensors took on a CUDA device: 0."""
    return 0


def memory_reserved(device: DeviceLike = None) -> int:
    """How many bytes are set aside on the GPU."""
    return 0 if _library() is None else int(_library().get_default_memory_pool().total_bytes())


def max_memory_reserved(device: DeviceLike = None) -> int:
    """The most bytes that were set aside on a CUDA device: 0."""
    return 0


def reset_peak_memory_stats(device: DeviceLike = None) -> None:
    """Nothing: no byte is on a CUDA device."""


def get_arch_list() -> list[str]:
    """The architectures that were compiled for: none."""
    return []


def get_rng_state_all() -> list[Any]:
    """The states of the streams of all CUDA devices: none, numbers are drawn on the CPU."""
    return []


def set_rng_state_all(new_states: list[Any]) -> None:
    """Nothing: numbers are drawn from the CPU's stream, whatever the device; write ``tg.manual_seed``."""


def current_device() -> int:
    """The number of the GPU that computes. Raises ``DeviceError`` where there is none."""
    return _there().current()


def set_device(device: DeviceLike) -> None:
    """Choose the GPU that computes, by its number. Raises ``DeviceError`` where there is none."""
    place, chosen = _there(), _device("cuda" if device is None else device)
    if place.library is not None and chosen.index is not None:
        place.library.cuda.Device(chosen.index).use()


def synchronize(device: DeviceLike = None) -> None:
    """Wait until the GPU has computed everything. Raises ``DeviceError`` where there is none."""
    if _there().library is not None:
        _library().cuda.Device().synchronize()


def init() -> None:
    """Start CUDA. Raises ``DeviceError`` where there is none."""
    _there()


def get_device_name(device: DeviceLike = None) -> str:
    """The name of a GPU, the one that computes unless given. Raises ``DeviceError`` where there is none."""
    place = _there()
    if place.library is None:
        return place.array.__name__
    number = None if device is None else _device(device).index
    about = place.library.cuda.runtime.getDeviceProperties(place.current() if number is None else number)
    return str(about["name"], "utf8")


def get_device_properties(device: DeviceLike = None) -> NoReturn:
    """What a device is: raises ``DeviceError``, as CuPy is not asked for it."""
    raise _lacking()


def get_device_capability(device: DeviceLike = None) -> NoReturn:
    """What a device can do: raises ``DeviceError``, as CuPy is not asked for it."""
    raise _lacking()


def current_stream(device: DeviceLike = None) -> NoReturn:
    """The stream of a device: raises ``DeviceError``, as CuPy is not asked for it."""
    raise _lacking()


def mem_get_info(device: DeviceLike = None) -> tuple[int, int]:
    """The bytes of the GPU that are free, and all of them. Raises ``DeviceError`` where there is none."""
    return (0, 0) if _there().library is None else tuple(_library().cuda.runtime.memGetInfo())


def memory_summary(device: DeviceLike = None, abbreviated: bool = False) -> NoReturn:
    """The memory of a device: raises ``DeviceError``, as CuPy is not asked for it."""
    raise _lacking()


def get_rng_state(device: DeviceLike = "cuda") -> NoReturn:
    """The state of a device's stream: raises ``DeviceError``, as CuPy is not asked for it."""
    raise _lacking()


def set_rng_state(new_state: Any, device: DeviceLike = "cuda") -> NoReturn:
    """Set a device's stream: raises ``DeviceError``, as CuPy is not asked for it."""
    raise _lacking()


def initial_seed() -> NoReturn:
    """The seed of a device's stream: raises ``DeviceError``, as CuPy is not asked for it."""
    raise _lacking()


def Event(enable_timing: bool = False, blocking: bool = False, interprocess: bool = False) -> NoReturn:
    """A mark in a stream: raises ``DeviceError``, as CuPy is not asked for it."""
    raise _lacking()


def Stream(device: DeviceLike = None, priority: int = 0) -> NoReturn:
    """A stream of a device: raises ``DeviceError``, as CuPy is not asked for it."""
    raise _lacking()


def __getattr__(name: str) -> object:
    from ..not_here import missing

    raise missing("cuda", name)
