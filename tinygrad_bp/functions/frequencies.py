"""Around the Fourier transform: the frequencies of its bins, their order, and transforms of short pieces."""

from __future__ import annotations

import math
from operator import index as integer
from typing import Any

import numpy as np

from ..autograd import dtypes
from ..autograd.device import DeviceLike, settled
from ..autograd.elsewhere import moved
from ..autograd.errors import ArgumentError, ShapeError, shape_text
from ..autograd.operands import in_floats, rounds_once
from ..autograd.tensor import wrap
from ..autograd.types import Array, Axis, DTypeLike
from ..autograd.values import held
from ..ops.fourier import fft, ifft, irfft, rfft
from ..ops.indexing import along, place
from ..ops.joining import cat
from ..ops.scatter import index_add
from ..ops.shape import dim_of, reshape, takes_axis

__all__ = ["istft", "stft"]


def _frequencies(bins: Any, length: float, dtype: DTypeLike) -> Any:
    """Each number of a bin times the distance of two, rounded in the dtype as in PyTorch."""
    kind = np.dtype(dtypes.get_default_dtype() if dtype is None else dtype)
    wide = np.result_type(kind, np.float32)
    return wrap((bins.astype(wide) * wide.type(1 / length)).astype(kind), None)


def fftfreq(n: int, d: float = 1.0, *, dtype: DTypeLike = None, device: DeviceLike = None) -> Any:
    """The frequencies of the ``n`` bins of ``fft``, for samples ``d`` apart: 0, 1, …, −2, −1, each over n · d.

    >>> import tinygrad_bp as tg
    >>> tg.fft.fftfreq(4)
    tensor([ 0.0000,  0.2500, -0.5000, -0.2500])
    """
    n = integer(n)
    return settled(_frequencies(np.fft.ifftshift(np.arange(n) - n // 2), n * d, dtype), device)


def rfftfreq(n: int, d: float = 1.0, *, dtype: DTypeLike = None, device: DeviceLike = None) -> Any:
    """The frequencies of the n // 2 + 1 bins of ``rfft``, for samples ``d`` apart.

    >>> import tinygrad_bp as tg
    >>> tg.fft.rfftfreq(4)
    tensor([0.0000, 0.2500, 0.5000])
    """
    n = integer(n)
    return settled(_frequencies(np.arange(n // 2 + 1), n * d, dtype), device)


def _rotated(x: Any, dim: Any, name: str, back: bool) -> Any:
    dims = range(x.ndim) if dim is None else (dim,) if isinstance(dim, int) else dim
    for d in dims:
        p = dim_of(d, x.ndim, name)
        cut = x.shape[p] // 2 if back else (x.shape[p] + 1) // 2
        x = cat([x[along(p, slice(cut, None))], x[along(p, slice(0, cut))]], p)
    return x


@takes_axis
def fftshift(input: Array, dim: Axis = None) -> Any:
    """The bins of ``fft`` in the order of their frequencies, 0 in the middle, over ``dim`` (all by default).

    >>> import tinygrad_bp as tg
    >>> tg.fft.fftshift(tg.tensor([0, 1, -2, -1]))
    tensor([-2, -1,  0,  1])
    """
    return _rotated(input, dim, "fftshift", False)


@takes_axis
def ifftshift(input: Array, dim: Axis = None) -> Any:
    """The inverse of ``fftshift``.

    >>> import tinygrad_bp as tg
    >>> tg.fft.ifftshift(tg.tensor([-2, -1, 0, 1]))
    tensor([ 0,  1, -2, -1])
    """
    return _rotated(input, dim, "ifftshift", True)


_PADDING = {"reflect": "reflect", "replicate": "edge", "circular": "wrap"}


def _padded(x: Any, width: int, mode: str) -> Any:
    size = x.shape[-1]
    if mode == "constant":
        return place(x, (*x.shape[:-1], size + 2 * width), (..., slice(width, width + size)))
    if mode not in _PADDING:
        raise ArgumentError(f"stft: pad_mode is 'constant' or one of {', '.join(_PADDING)}, got {mode!r}")
    if mode != "replicate" and width >= size + (mode == "circular"):
        raise ShapeError(f"stft: {width} elements are padded on either side of {size}; give a longer signal")
    return x[..., np.pad(np.arange(size), width, mode=_PADDING[mode])]  # type: ignore[call-overload]


@rounds_once
@in_floats("input window")
def stft(
    input: Array,
    n_fft: int,
    hop_length: int | None = None,
    win_length: int | None = None,
    window: Any = None,
    center: bool = True,
    pad_mode: str = "reflect",
    normalized: bool = False,
    onesided: bool | None = None,
    return_complex: bool | None = None,
    align_to_window: bool | None = None,
) -> Any:
    """The short-time Fourier transform of signals (batch, samples) or (samples,): (batch, bins, frames), complex.

    Frames of ``n_fft`` samples, ``hop_length`` apart (n_fft // 4 unless given), are multiplied by ``window``
    (``win_length`` numbers, all 1 unless given) and transformed. With ``center`` frame t is around t · hop_length: the
    signal is padded by n_fft // 2. ``normalized`` divides by √n_fft; ``onesided`` gives n_fft // 2 + 1 bins, the
    default for real signals. ``return_complex=False`` gives real and imaginary parts in a last dimension instead.

    >>> import tinygrad_bp as tg
    >>> tg.stft(tg.ones(16), 8, return_complex=True).shape
    torch.Size([5, 9])
    """
    if input.ndim not in (1, 2):
        raise ShapeError(f"stft: the signal is (samples,) or (batch, samples), got {shape_text(input.shape)}")
    hop = n_fft // 4 if hop_length is None else hop_length
    size = n_fft if win_length is None else win_length
    if hop <= 0 or not 0 < size <= n_fft:
        raise ArgumentError(f"stft: needs hop_length > 0 and 0 < win_length <= n_fft, got {hop}, {size} and {n_fft}")
    if window is not None and tuple(window.shape) != (size,):
        raise ShapeError(f"stft: the window must have {size} numbers, got {shape_text(tuple(window.shape))}")
    x = _padded(input, n_fft // 2, pad_mode) if center else input
    if x.shape[-1] < n_fft:
        raise ShapeError(f"stft: a frame has n_fft={n_fft} samples, the signal {x.shape[-1]}")
    is_complex = x.dtype.kind == "c" or (window is not None and window.dtype.kind == "c")
    if return_complex is None and not is_complex:
        raise ArgumentError("stft: say return_complex=True, or False for real and imaginary parts in a last dimension")
    starts = np.arange(0, x.shape[-1] - n_fft + 1, hop)
    frames = x[..., starts[:, None] + np.arange(n_fft)]
    if window is None and size < n_fft:
        window = moved(np.ones(size, x.dtype), x)
    if window is not None:
        left = (n_fft - size) // 2
        frames = frames * place(window, (n_fft,), (slice(left, left + size),))
    half = not is_complex if onesided is None else onesided
    spectrum = (rfft if half else fft)(frames)
    if normalized:
        spectrum = spectrum / math.sqrt(n_fft)
    spectrum = np.swapaxes(spectrum, -1, -2)
    if return_complex or is_complex:
        return spectrum
    return cat([reshape(part, *part.shape, 1) for part in (np.real(spectrum), np.imag(spectrum))], -1)


@rounds_once
def istft(
    input: Array,
    n_fft: int,
    hop_length: int | None = None,
    win_length: int | None = None,
    window: Any = None,
    center: bool = True,
    normalized: bool = False,
    onesided: bool | None = None,
    length: int | None = None,
    return_complex: bool = False,
) -> Any:
    """The signal (batch, samples) or (samples,) whose ``stft`` is given, (batch, bins, frames) or (bins, frames).

    The frames, transformed back and multiplied by ``window``, are added where they lie and divided by the sum of the
    squared windows there (Griffin and Lim 1984), which must not be 0 anywhere. The other arguments are those of
    ``stft``; ``length`` is that of the signal.

    >>> import tinygrad_bp as tg
    >>> spectrum = tg.stft(tg.arange(16.0), 8, return_complex=True)
    >>> tg.istft(spectrum, 8)[-2:]
    tensor([14., 15.])
    """
    if input.dtype.kind != "c" or input.ndim not in (2, 3):
        raise ShapeError(
            f"istft: needs a complex spectrum (bins, frames) or (batch, bins, frames), got {shape_text(input.shape)} "
            f"{input.dtype}"
        )
    hop = n_fft // 4 if hop_length is None else hop_length
    size = n_fft if win_length is None else win_length
    half = input.shape[-2] != n_fft if onesided is None else onesided
    bins = n_fft // 2 + 1 if half else n_fft
    if not 0 < hop <= size <= n_fft:
        raise ArgumentError(f"istft: needs 0 < hop_length <= win_length <= n_fft, got {hop}, {size} and {n_fft}")
    if input.shape[-2] != bins:
        raise ShapeError(f"istft: n_fft={n_fft} has {bins} bins, the spectrum {input.shape[-2]}")
    if window is not None and tuple(window.shape) != (size,):
        raise ShapeError(f"istft: the window must have {size} numbers, got {shape_text(tuple(window.shape))}")
    if return_complex and half:
        raise ArgumentError("istft: half of the bins give a real signal; give all with onesided=False")
    rows = np.swapaxes(input, -1, -2)
    frames = ifft(rows) if return_complex else irfft(rows[..., : n_fft // 2 + 1], n_fft)
    if normalized:
        frames = frames * math.sqrt(n_fft)
    weight = moved(np.ones(size, np.real(held(frames)).dtype), frames) if window is None else window
    left = (n_fft - size) // 2
    weight = place(weight, (n_fft,), (slice(left, left + size),))
    count = input.shape[-1]
    lies = (np.arange(count)[:, None] * hop + np.arange(n_fft)).ravel()
    whole = n_fft + hop * (count - 1)

    def added(parts: Any) -> Any:
        parts = reshape(parts, (*parts.shape[:-2], count * n_fft))
        return index_add(np.zeros_like(held(parts), shape=(*parts.shape[:-1], whole)), -1, lies, parts)

    start = n_fft // 2 if center else 0
    end = start + length if length is not None else whole - start
    signal = added(frames * weight)[..., start:end]
    envelope = added(np.broadcast_to(weight * weight, (count, n_fft)))[start:end]
    if np.any(np.absolute(held(envelope)) < 1e-11):
        raise ArgumentError("istft: the windows do not cover the signal: the sum of their squares is 0 somewhere")
    signal = signal / envelope
    missing = 0 if length is None else length - signal.shape[-1]
    return signal if missing <= 0 else place(signal, (*signal.shape[:-1], length), (..., slice(0, signal.shape[-1])))
