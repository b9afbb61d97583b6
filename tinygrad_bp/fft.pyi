"""Discrete Fourier transforms under PyTorch's names: ``tg.fft.fft``, ``tg.fft.rfft``, … Real input is promoted.

Written by `python docs/make_reference.py`.
"""

from .autograd.device import DeviceLike
from .autograd.tensor import Tensor
from .autograd.types import Array, Axis, DTypeLike, Size

def fft(
    input: Array, n: int | None = None, dim: int = -1, norm: str | None = None, *, axis: int | None = None,
    out: Tensor | None = None,
) -> Tensor:
    """The discrete Fourier transform along ``dim``, of the first ``n`` elements (with zeros behind where needed)."""
def fft2(
    input: Array, s: Size | None = None, dim: Axis = ..., norm: str | None = None, *, axis: Axis = None,
    out: Tensor | None = None,
) -> Tensor:
    """The discrete Fourier transform over two dimensions, the last by default."""
def fftfreq(
    n: int, d: float = 1.0, *, dtype: DTypeLike = None, device: DeviceLike | None = None, out: Tensor | None = None,
) -> Tensor:
    """The frequencies of the ``n`` bins of ``fft``, for samples ``d`` apart: 0, 1, …, −2, −1, each over n · d."""
def fftn(
    input: Array, s: Size | None = None, dim: Axis = None, norm: str | None = None, *, axis: Axis = None,
    out: Tensor | None = None,
) -> Tensor:
    """The discrete Fourier transform over ``dim`` (all by default), of sizes ``s``."""
def fftshift(input: Array, dim: Axis = None, *, axis: Axis = None, out: Tensor | None = None) -> Tensor:
    """The bins of ``fft`` in the order of their frequencies, 0 in the middle, over ``dim`` (all by default)."""
def hfft(
    input: Array, n: int | None = None, dim: int = -1, norm: str | None = None, *, axis: int | None = None,
    out: Tensor | None = None,
) -> Tensor:
    """``fft`` of half of a signal, its conjugate the other: ``n`` real numbers, 2 · (size − 1) unless given."""
def hfft2(
    input: Array, s: Size | None = None, dim: Axis = ..., norm: str | None = None, *, axis: Axis = None,
    out: Tensor | None = None,
) -> Tensor:
    """The transform, real, of half of a signal that is conjugate symmetric over two dimensions, the last by default."""
def hfftn(
    input: Array, s: Size | None = None, dim: Axis = None, norm: str | None = None, *, axis: Axis = None,
    out: Tensor | None = None,
) -> Tensor:
    """The real transform of half of a conjugate symmetric signal, over ``dim`` (all by default), of sizes ``s``."""
def ifft(
    input: Array, n: int | None = None, dim: int = -1, norm: str | None = None, *, axis: int | None = None,
    out: Tensor | None = None,
) -> Tensor:
    """The inverse of ``fft``: by default divided by n."""
def ifft2(
    input: Array, s: Size | None = None, dim: Axis = ..., norm: str | None = None, *, axis: Axis = None,
    out: Tensor | None = None,
) -> Tensor:
    """The inverse Fourier transform over two dimensions, the last by default."""
def ifftn(
    input: Array, s: Size | None = None, dim: Axis = None, norm: str | None = None, *, axis: Axis = None,
    out: Tensor | None = None,
) -> Tensor:
    """The inverse Fourier transform over ``dim`` (all by default), of sizes ``s``."""
def ifftshift(input: Array, dim: Axis = None, *, axis: Axis = None, out: Tensor | None = None) -> Tensor:
    """The inverse of ``fftshift``."""
def ihfft(
    input: Array, n: int | None = None, dim: int = -1, norm: str | None = None, *, axis: int | None = None,
    out: Tensor | None = None,
) -> Tensor:
    """The inverse of ``hfft``: half of the inverse transform of real numbers."""
def ihfft2(
    input: Array, s: Size | None = None, dim: Axis = ..., norm: str | None = None, *, axis: Axis = None,
    out: Tensor | None = None,
) -> Tensor:
    """Half of the inverse transform of real numbers: the inverse of ``hfft2`` over two dimensions, the last by default.
    """
def ihfftn(
    input: Array, s: Size | None = None, dim: Axis = None, norm: str | None = None, *, axis: Axis = None,
    out: Tensor | None = None,
) -> Tensor:
    """The inverse of ``hfftn``: half of the inverse transform of real numbers."""
def irfft(
    input: Array, n: int | None = None, dim: int = -1, norm: str | None = None, *, axis: int | None = None,
    out: Tensor | None = None,
) -> Tensor:
    """The inverse of ``rfft``: ``n`` real numbers, 2 · (bins − 1) unless given."""
def irfft2(
    input: Array, s: Size | None = None, dim: Axis = ..., norm: str | None = None, *, axis: Axis = None,
    out: Tensor | None = None,
) -> Tensor:
    """Real numbers from half of their spectrum: the inverse of ``rfft2``, over two dimensions, the last by default."""
def irfftn(
    input: Array, s: Size | None = None, dim: Axis = None, norm: str | None = None, *, axis: Axis = None,
    out: Tensor | None = None,
) -> Tensor:
    """The inverse of ``rfftn``: real numbers from half of their spectrum."""
def rfft(
    input: Array, n: int | None = None, dim: int = -1, norm: str | None = None, *, axis: int | None = None,
    out: Tensor | None = None,
) -> Tensor:
    """``fft`` of real numbers: the n // 2 + 1 bins from frequency 0; the others are their conjugates."""
def rfft2(
    input: Array, s: Size | None = None, dim: Axis = ..., norm: str | None = None, *, axis: Axis = None,
    out: Tensor | None = None,
) -> Tensor:
    """The Fourier transform of real numbers, half of the last dimension, over two dimensions, the last by default."""
def rfftfreq(
    n: int, d: float = 1.0, *, dtype: DTypeLike = None, device: DeviceLike | None = None, out: Tensor | None = None,
) -> Tensor:
    """The frequencies of the n // 2 + 1 bins of ``rfft``, for samples ``d`` apart."""
def rfftn(
    input: Array, s: Size | None = None, dim: Axis = None, norm: str | None = None, *, axis: Axis = None,
    out: Tensor | None = None,
) -> Tensor:
    """The Fourier transform of real numbers, half of the last dimension, over ``dim`` (all by default), of sizes ``s``.
    """
