"""Windows: what the samples of a signal are multiplied by. Source: Harris 1978, *On the use of windows*.

A symmetric window has equal ends; a periodic one is a symmetric one of one more sample without its last.
"""

from __future__ import annotations

from collections.abc import Iterable
from operator import index as integer
from typing import Any

import numpy as np

from ..autograd import dtypes
from ..autograd.device import DeviceLike, resolve, settled
from ..autograd.errors import ArgumentError, DtypeError
from ..autograd.tensor import Tensor, wrap
from ..autograd.types import DTypeLike

__all__ = ["bartlett_window", "blackman_window", "hamming_window", "hann_window", "kaiser_window"]


def _made(
    name: str, size: int, symmetric: bool, dtype: Any, device: DeviceLike, requires_grad: bool, shape: Any
) -> Tensor:
    """The window whose value at distance ``shape(t)`` along it is given, t from 0 to 1 at its last sample."""
    resolve(device)
    kind = dtypes.get_default_dtype() if dtype is None else np.dtype(dtype)
    if kind.kind != "f":
        raise DtypeError(f"{name}: gives floating point numbers, not {kind}")
    size = integer(size)
    if size < 0:
        raise ArgumentError(f"{name}: the number of samples must not be negative, got {size}")
    if size <= 1:
        values = np.ones(size)
    else:
        values = shape(np.arange(size) / (size - 1 if symmetric else size))
    return settled(wrap(np.asarray(values, kind), None), device).requires_grad_(requires_grad)


def _cosines(factors: Iterable[float]) -> Any:
    """``a₀ − a₁ cos 2πt + a₂ cos 4πt − …``"""
    return lambda t: sum((-1) ** k * a * np.cos(2 * np.pi * k * t) for k, a in enumerate(factors))


def _kaiser(beta: float) -> Any:
    return lambda t: np.i0(beta * np.sqrt(np.maximum(0, 1 - (2 * t - 1) ** 2))) / np.i0(beta)


_BLACKMAN = (0.42, 0.5, 0.08)


def hann_window(
    window_length: int, periodic: bool = True, *, dtype: DTypeLike = None, device: DeviceLike = None,
    requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """``½ − ½ cos 2πt``, t from 0 to 1 over the window.

    >>> import tinygrad_bp as tg
    >>> tg.hann_window(4)
    tensor([0.0000, 0.5000, 1.0000, 0.5000])
    """
    return _made("hann_window", window_length, not periodic, dtype, device, requires_grad, _cosines((0.5, 0.5)))


def hamming_window(
    window_length: int, periodic: bool = True, alpha: float = 0.54, beta: float = 0.46, *, dtype: DTypeLike = None,
    device: DeviceLike = None, requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """``alpha − beta cos 2πt``, t from 0 to 1 over the window.

    >>> import tinygrad_bp as tg
    >>> tg.hamming_window(4)
    tensor([0.0800, 0.5400, 1.0000, 0.5400])
    """
    return _made("hamming_window", window_length, not periodic, dtype, device, requires_grad, _cosines((alpha, beta)))


def blackman_window(
    window_length: int, periodic: bool = True, *, dtype: DTypeLike = None, device: DeviceLike = None,
    requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """``0.42 − 0.5 cos 2πt + 0.08 cos 4πt``, t from 0 to 1 over the window.

    >>> import tinygrad_bp as tg
    >>> tg.blackman_window(5, periodic=False)[2]
    tensor(1.)
    """
    return _made("blackman_window", window_length, not periodic, dtype, device, requires_grad, _cosines(_BLACKMAN))


def bartlett_window(
    window_length: int, periodic: bool = True, *, dtype: DTypeLike = None, device: DeviceLike = None,
    requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """A triangle: from 0 up to 1 in the middle and down again.

    >>> import tinygrad_bp as tg
    >>> tg.bartlett_window(5, periodic=False)
    tensor([0.0000, 0.5000, 1.0000, 0.5000, 0.0000])
    """
    return _made("bartlett_window", window_length, not periodic, dtype, device, requires_grad, _triangle)


def _triangle(t: Any) -> Any:
    return 1 - np.abs(2 * t - 1)


def kaiser_window(
    window_length: int, periodic: bool = True, beta: float = 12.0, *, dtype: DTypeLike = None,
    device: DeviceLike = None, requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """``i0(beta √(1 − (2t − 1)²)) / i0(beta)``, t from 0 to 1 over the window.

    >>> import tinygrad_bp as tg
    >>> tg.kaiser_window(3, periodic=False, beta=0.0)
    tensor([1., 1., 1.])
    """
    return _made("kaiser_window", window_length, not periodic, dtype, device, requires_grad, _kaiser(beta))


# ---------------------------------------------------------------------- under the names of torch.signal.windows


def hann(
    M: int, *, sym: bool = True, dtype: DTypeLike = None, device: DeviceLike = None, requires_grad: bool = False
) -> Tensor:
    """``½ − ½ cos 2πt``, t from 0 to 1 over the window."""
    return _made("hann", M, sym, dtype, device, requires_grad, _cosines((0.5, 0.5)))


def hamming(
    M: int, *, sym: bool = True, dtype: DTypeLike = None, device: DeviceLike = None, requires_grad: bool = False
) -> Tensor:
    """``0.54 − 0.46 cos 2πt``, t from 0 to 1 over the window."""
    return general_hamming(M, sym=sym, dtype=dtype, device=device, requires_grad=requires_grad)


def blackman(
    M: int, *, sym: bool = True, dtype: DTypeLike = None, device: DeviceLike = None, requires_grad: bool = False
) -> Tensor:
    """``0.42 − 0.5 cos 2πt + 0.08 cos 4πt``, t from 0 to 1 over the window."""
    return _made("blackman", M, sym, dtype, device, requires_grad, _cosines(_BLACKMAN))


def nuttall(
    M: int, *, sym: bool = True, dtype: DTypeLike = None, device: DeviceLike = None, requires_grad: bool = False
) -> Tensor:
    """Four cosines whose side lobes are least (Nuttall 1981, *Some windows with very good sidelobe behavior*)."""
    factors = (0.3635819, 0.4891775, 0.1365995, 0.0106411)
    return _made("nuttall", M, sym, dtype, device, requires_grad, _cosines(factors))


def bartlett(
    M: int, *, sym: bool = True, dtype: DTypeLike = None, device: DeviceLike = None, requires_grad: bool = False
) -> Tensor:
    """A triangle: from 0 up to 1 in the middle and down again."""
    return _made("bartlett", M, sym, dtype, device, requires_grad, _triangle)


def cosine(
    M: int, *, sym: bool = True, dtype: DTypeLike = None, device: DeviceLike = None, requires_grad: bool = False
) -> Tensor:
    """Half a wave of the sine, its samples in the middle of M equal parts (of M + 1 where it is not symmetric)."""
    parts = M if sym else M + 1
    return _made("cosine", M, True, dtype, device, requires_grad, lambda t: np.sin(np.pi * (t * (M - 1) + 0.5) / parts))


def exponential(
    M: int, *, center: float | None = None, tau: float = 1.0, sym: bool = True, dtype: DTypeLike = None,
    device: DeviceLike = None, requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """``e^(−|n − center| / tau)`` at sample n; a center can be given where the window is not symmetric."""
    if tau <= 0 or (sym and center is not None):
        raise ArgumentError(f"exponential: needs tau > 0, and no center where sym=True; got {tau} and {center}")
    middle = ((M if not sym else M - 1) / 2) if center is None else center
    decay = lambda t: np.exp(-np.abs(t * (M - 1) - middle) / tau)  # noqa: E731
    return _made("exponential", M, True, dtype, device, requires_grad, decay)


def gaussian(
    M: int, *, std: float = 1.0, sym: bool = True, dtype: DTypeLike = None, device: DeviceLike = None,
    requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """``e^(−½ ((n − middle) / std)²)`` at sample n."""
    if std <= 0:
        raise ArgumentError(f"gaussian: std must be positive, got {std}")
    middle = (M if not sym else M - 1) / 2
    bell = lambda t: np.exp(-0.5 * ((t * (M - 1) - middle) / std) ** 2)  # noqa: E731
    return _made("gaussian", M, True, dtype, device, requires_grad, bell)


def general_cosine(
    M: int, *, a: Iterable[float], sym: bool = True, dtype: DTypeLike = None, device: DeviceLike = None,
    requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """``a₀ − a₁ cos 2πt + a₂ cos 4πt − …``, t from 0 to 1 over the window."""
    factors = tuple(a)
    if not factors:
        raise ArgumentError("general_cosine: give at least one factor a")
    return _made("general_cosine", M, sym, dtype, device, requires_grad, _cosines(factors))


def general_hamming(
    M: int, *, alpha: float = 0.54, sym: bool = True, dtype: DTypeLike = None, device: DeviceLike = None,
    requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """``alpha − (1 − alpha) cos 2πt``, t from 0 to 1 over the window."""
    return _made("general_hamming", M, sym, dtype, device, requires_grad, _cosines((alpha, 1 - alpha)))


def kaiser(
    M: int, *, beta: float = 12.0, sym: bool = True, dtype: DTypeLike = None, device: DeviceLike = None,
    requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """``i0(beta √(1 − (2t − 1)²)) / i0(beta)``, t from 0 to 1 over the window."""
    return _made("kaiser", M, sym, dtype, device, requires_grad, _kaiser(beta))
