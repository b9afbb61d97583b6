"""PyTorch's switches of how it computes. NumPy computes in one way: they are taken, and say what holds."""

from __future__ import annotations

import operator
import os

from .. import blas
from ..autograd.device import device
from ..autograd.dtypes import set_default_dtype
from ..autograd.errors import ArgumentError

__all__ = [
    "are_deterministic_algorithms_enabled", "get_deterministic_debug_mode", "get_float32_matmul_precision",
    "get_num_interop_threads", "get_num_threads", "is_autocast_enabled",
    "is_deterministic_algorithms_warn_only_enabled", "is_warn_always_enabled", "set_default_tensor_type",
    "set_deterministic_debug_mode", "set_float32_matmul_precision", "set_flush_denormal", "set_num_interop_threads",
    "set_num_threads", "set_warn_always", "use_deterministic_algorithms",
]  # fmt: skip


def use_deterministic_algorithms(mode: bool, *, warn_only: bool = False) -> None:
    """Changes nothing: the same program and seed give the same numbers on one machine in any case.

    >>> import tinygrad_bp as tg
    >>> tg.use_deterministic_algorithms(True)
    """


def are_deterministic_algorithms_enabled() -> bool:
    """True: no other ones are used.

    >>> import tinygrad_bp as tg
    >>> tg.are_deterministic_algorithms_enabled()
    True
    """
    return True


def is_autocast_enabled(device_type: str | None = None) -> bool:
    """False, also within ``autocast``: tensors are computed in their own dtypes.

    >>> import tinygrad_bp as tg
    >>> tg.is_autocast_enabled()
    False
    """
    if device_type is not None:
        device(device_type)
    return False


def is_deterministic_algorithms_warn_only_enabled() -> bool:
    """False: there is nothing to warn of.

    >>> import tinygrad_bp as tg
    >>> tg.is_deterministic_algorithms_warn_only_enabled()
    False
    """
    return False


def set_deterministic_debug_mode(debug_mode: int | str) -> None:
    """Changes nothing, as ``use_deterministic_algorithms``.

    >>> import tinygrad_bp as tg
    >>> tg.set_deterministic_debug_mode(0)
    """
    if debug_mode not in (0, 1, 2, "default", "warn", "error"):
        raise ArgumentError(
            f"set_deterministic_debug_mode: give 0, 1 or 2, or 'default', 'warn' or 'error', got {debug_mode!r}"
        )


def get_deterministic_debug_mode() -> int:
    """2: only deterministic algorithms are used.

    >>> import tinygrad_bp as tg
    >>> tg.get_deterministic_debug_mode()
    2
    """
    return 2


def set_float32_matmul_precision(precision: str) -> None:
    """Changes nothing: products of float32 are computed in float32.

    >>> import tinygrad_bp as tg
    >>> tg.set_float32_matmul_precision("high")
    """
    if precision not in ("highest", "high", "medium"):
        raise ArgumentError(f"set_float32_matmul_precision: give 'highest', 'high' or 'medium', got {precision!r}")


def get_float32_matmul_precision() -> str:
    """``"highest"``: products of float32 are computed in float32.

    >>> import tinygrad_bp as tg
    >>> tg.get_float32_matmul_precision()
    'highest'
    """
    return "highest"


def set_num_threads(int: int) -> None:
    """Give matrix products this many threads; all else that NumPy computes has one.

    At the start there are as many as processors, or what ``OPENBLAS_NUM_THREADS`` or ``OMP_NUM_THREADS`` says. It holds
    for NumPy's own builds and others with OpenBLAS; with another BLAS set its variable before Python starts. Raises
    ``ArgumentError`` for what is no integer, and below 1.

    >>> import tinygrad_bp as tg
    >>> tg.set_num_threads(1)
    """
    try:
        number = operator.index(int)
    except TypeError:
        raise ArgumentError(f"set_num_threads: needs an integer, got {type(int).__name__}: {int!r}") from None
    if number < 1:
        raise ArgumentError(f"set_num_threads: needs a positive number, got {number}")
    blas.choose_threads(number)


def get_num_threads() -> int:
    """The number of threads that matrix products have.

    >>> import tinygrad_bp as tg
    >>> tg.get_num_threads() >= 1
    True
    """
    return blas.threads() or blas.threads_by_environment() or os.cpu_count() or 1


def set_num_interop_threads(int: int) -> None:
    """Changes nothing: ops run one after the other. Raises ``ArgumentError`` below 1.

    >>> import tinygrad_bp as tg
    >>> tg.set_num_interop_threads(1)
    """
    if int < 1:
        raise ArgumentError(f"set_num_interop_threads: needs a positive number, got {int}")


def get_num_interop_threads() -> int:
    """1: ops run one after the other.

    >>> import tinygrad_bp as tg
    >>> tg.get_num_interop_threads() >= 1
    True
    """
    return 1


def set_flush_denormal(mode: bool) -> bool:
    """False: very small numbers stay as they are, which is what PyTorch says of a processor that cannot drop them.

    >>> import tinygrad_bp as tg
    >>> tg.set_flush_denormal(False)
    False
    """
    return False


def set_warn_always(b: bool, /) -> None:
    """Changes nothing: how often a warning is shown is what Python's ``warnings`` filters say.

    >>> import tinygrad_bp as tg
    >>> tg.set_warn_always(False)
    """


def is_warn_always_enabled() -> bool:
    """False: how often a warning is shown is what Python's ``warnings`` filters say.

    >>> import tinygrad_bp as tg
    >>> tg.is_warn_always_enabled()
    False
    """
    return False


_OF_TYPES = {"HalfTensor": "float16", "FloatTensor": "float32", "DoubleTensor": "float64"}


def set_default_tensor_type(t: object, /) -> None:
    """Choose the default dtype by the old name of a tensor type: ``"torch.DoubleTensor"``, ``tg.FloatTensor``.

    Raises ``ArgumentError`` for another one; ``tg.set_default_dtype`` is the newer spelling.

    >>> import tinygrad_bp as tg
    >>> tg.set_default_tensor_type("torch.FloatTensor")
    """
    name = (t if isinstance(t, str) else getattr(t, "__name__", "")).rpartition(".")[2]
    if name not in _OF_TYPES:
        raise ArgumentError(f"set_default_tensor_type: give one of {', '.join(_OF_TYPES)}, got {t!r:.60}")
    set_default_dtype(_OF_TYPES[name])
