"""Discrete Fourier transforms, over any dimensions, in PyTorch's convention of names, sizes and norms.

Three linear ops do all: complex to complex, real to half a spectrum, half a spectrum to real. A DFT matrix is
symmetric, so the transpose of a transform is that transform; between real numbers and half a spectrum the bins that
stand for two (k and −k) count twice on one side.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..autograd import dtypes
from ..autograd.define import linear
from ..autograd.elsewhere import copied, moved
from ..autograd.errors import ArgumentError, DtypeError, ShapeError, shape_text
from ..autograd.op import REQUIRED
from ..autograd.types import Array, Axis, Size
from .complex_numbers import conj
from .elementwise import cast, in_dtype
from .indexing import along, place
from .samples import complex_of, sample
from .shape import dim_of, takes_axis

__all__ = [
    "fft", "fft2", "fftn", "hfft", "hfft2", "hfftn", "ifft", "ifft2", "ifftn", "ihfft", "ihfft2", "ihfftn", "irfft",
    "irfft2", "irfftn", "rfft", "rfft2", "rfftn",
]  # fmt: skip

_OTHER = {"backward": "forward", "forward": "backward", "ortho": "ortho"}  # the norm of the transform back


def _c2c_of(x: Any, axes: tuple[int, ...], inverse: bool, norm: str) -> Any:
    transform: Any = np.fft.ifftn if inverse else np.fft.fftn
    return transform(x, axes=axes, norm=norm)


def _r2c_of(x: Any, axis: int, norm: Any) -> Any:
    return np.fft.rfft(x, axis=axis, norm=norm)


def _dft_matrix(n: int, inverse: bool, norm: str) -> Any:
    """The transform of n numbers, written out."""
    turn = 2j * np.pi * np.outer(np.arange(n), np.arange(n)) / n
    scale = {"ortho": n**-0.5, "backward": 1 / n if inverse else 1.0, "forward": 1.0 if inverse else 1 / n}[norm]
    return np.exp(turn if inverse else -turn) * scale


def _by_matrix(x: Any, axes: tuple[int, ...], inverse: bool, norm: str) -> Any:
    for axis in axes:
        x = np.moveaxis(np.tensordot(_dft_matrix(x.shape[axis], inverse, norm), x, (1, axis)), 0, axis)
    return x


_complex = complex_of()
_calls = (((4,), (0,), False, "backward"), ((5,), (0,), True, "backward"), ((2, 3), (1, 0), False, "ortho"),
          ((2, 3, 4), (0, 2), True, "forward"), ((1,), (0,), False, "forward"))

_c2c: Callable[..., Any] = linear(
    "fft_c2c", _c2c_of, lambda g, axes, inverse, norm: _c2c(g, axes, inverse, norm),
    params={"axes": REQUIRED, "inverse": REQUIRED, "norm": REQUIRED}, formula="Yₖ = Σₙ xₙ e^(∓2πi kn / N)",
    samples=tuple(sample(s, of=_complex, axes=a, inverse=i, norm=n) for s, a, i, n in _calls), reference=_by_matrix,
    grad_fn="FftC2CBackward0",
    doc="Discrete Fourier transform of complex numbers over axes, or its inverse.")


def _counts(g: Any, axis: int, size: int, dtype: Any) -> Any:
    """For each bin of half a spectrum how many of the whole one it stands for: 1 at 0 and in the middle, else 2."""
    counts = np.full(size // 2 + 1, 2, np.finfo(dtype).dtype)
    counts[0] = 1
    if size % 2 == 0:
        counts[-1] = 1
    return moved(np.reshape(counts, [-1 if i == axis else 1 for i in range(g.ndim)]), g)


def _r2c_rule(g: Any, x_shape: tuple[int, ...], x_dtype: Any, axis: int, norm: str) -> Any:
    return _c2r(g / _counts(g, axis, x_shape[axis], x_dtype), axis, x_shape[axis], _OTHER[norm])


def _c2r_rule(g: Any, x_dtype: Any, axis: int, size: int, norm: str) -> Any:
    return _r2c(g, axis, _OTHER[norm]) * _counts(g, axis, size, x_dtype)


def _whole(x: Any, axis: int, size: int) -> Any:
    """The whole spectrum of real numbers: bin −k is the conjugate of bin k."""
    x = np.moveaxis(copied(x), axis, -1)
    x[..., 0] = x[..., 0].real
    if size % 2 == 0:
        x[..., -1] = x[..., -1].real
    return np.moveaxis(np.concatenate([x, np.conjugate(x[..., 1 : (size + 1) // 2])[..., ::-1]], -1), -1, axis)


_halves = (((4,), 0, "backward"), ((5,), 0, "ortho"), ((2, 6), 1, "forward"), ((3, 2), 0, "backward"),
           ((1,), 0, "backward"))

_r2c: Callable[..., Any] = linear(
    "fft_r2c", _r2c_of, _r2c_rule, params={"axis": REQUIRED, "norm": REQUIRED}, holomorphic=False, gives="complex",
    formula="Yₖ = Σₙ xₙ e^(−2πi kn / N), 0 ≤ k ≤ N / 2",
    samples=tuple(sample(s, axis=a, norm=n) for s, a, n in _halves),
    reference=lambda x, axis, norm: np.take(_by_matrix(x, (axis,), False, norm), range(x.shape[axis] // 2 + 1), axis),
    grad_fn="FftR2CBackward0",
    doc="Discrete Fourier transform of real numbers along an axis: the half of the spectrum that tells the rest.")

_c2r: Callable[..., Any] = linear(
    "fft_c2r", lambda x, axis, size, norm: np.fft.irfft(x, size, axis=axis, norm=norm), _c2r_rule,
    params={"axis": REQUIRED, "size": REQUIRED, "norm": REQUIRED}, holomorphic=False, gives="real",
    formula="xₙ = Σₖ Yₖ e^(2πi kn / N) / N, Y₋ₖ = conj Yₖ",
    samples=tuple(sample((*s[:a], s[a] // 2 + 1, *s[a + 1 :]), of=_complex, axis=a, size=s[a], norm=n)
                  for s, a, n in _halves),
    reference=lambda x, axis, size, norm: np.real(_by_matrix(_whole(x, axis, size), (axis,), True, norm)),
    grad_fn="FftC2RBackward0",
    doc="Real numbers from half of their spectrum along an axis: the inverse of the transform of real numbers.")

# ---------------------------------------------------------------------- arguments


def _norm(norm: str | None, name: str) -> str:
    if norm is None:
        return "backward"
    if norm not in _OTHER:
        raise ArgumentError(f"{name}: norm is 'backward', 'ortho' or 'forward', got {norm!r}")
    return norm


def _resized(x: Any, place_of_dim: int, size: int, name: str) -> Any:
    """x cut, or filled up with zeros, to a size along one dimension."""
    if size < 1:
        raise ArgumentError(f"{name}: invalid number of data points ({size}) along dimension {place_of_dim}")
    have = x.shape[place_of_dim]
    if have == size:
        return x
    if have > size:
        return x[along(place_of_dim, slice(0, size))]
    shape = (*x.shape[:place_of_dim], size, *x.shape[place_of_dim + 1 :])
    return place(x, shape, along(place_of_dim, slice(0, have)))


def _as_float(x: Any) -> Any:
    if x.dtype.kind in "fc":
        return x
    dtype = dtypes.get_default_dtype()
    return in_dtype(x, dtype)


def _as_complex(x: Any) -> Any:
    x = _as_float(x)
    if x.dtype.kind == "c":
        return x
    return cast(x, np.complex64 if x.dtype.itemsize <= 4 else np.complex128)


def _as_real(x: Any, name: str) -> Any:
    if x.dtype.kind == "c":
        raise DtypeError(f"{name}: needs real numbers, got {x.dtype}; use {name.replace('rfft', 'fft')} or t.real")
    return _as_float(x)


def _places(x: Any, s: Any, dim: Any, name: str) -> tuple[list[int], list[int | None]]:
    """The dimensions to transform, and the size wanted of each (None: as it is)."""
    if dim is None:
        places = list(range(x.ndim)) if s is None else list(range(x.ndim - len(s), x.ndim))
    else:
        places = [dim_of(d, x.ndim, name) for d in ((dim,) if isinstance(dim, int) else dim)]
    sizes: list[int | None] = [None] * len(places) if s is None else [None if n in (None, -1) else n for n in (
        (s,) if isinstance(s, int) else s)]
    if len(sizes) != len(places) or not all(0 <= p < x.ndim for p in places):
        raise ShapeError(f"{name}: {len(sizes)} sizes for {len(places)} dimensions of {shape_text(x.shape)}")
    if len(set(places)) != len(places):
        raise ArgumentError(f"{name}: the dimensions {tuple(dim)} must differ")
    return places, sizes


def _complex_transform(x: Any, s: Any, dim: Any, norm: str | None, inverse: bool, name: str) -> Any:
    norm, x = _norm(norm, name), _as_complex(x)
    places, sizes = _places(x, s, dim, name)
    for p, size in zip(places, sizes, strict=True):
        x = _resized(x, p, x.shape[p] if size is None else size, name)
    return _c2c(x, tuple(places), inverse, norm) if places else x


def _from_real(x: Any, s: Any, dim: Any, norm: str | None, inverse: bool, name: str) -> Any:
    """Half of the spectrum; ``inverse``: of the transform back, which is its conjugate with the other norm."""
    norm, x = _norm(norm, name), _as_real(x, name)
    places, sizes = _places(x, s, dim, name)
    if not places:
        raise ArgumentError(f"{name}: needs at least one dimension to transform")
    for p, size in zip(places, sizes, strict=True):
        x = _resized(x, p, x.shape[p] if size is None else size, name)
    half = _r2c(x, places[-1], _OTHER[norm] if inverse else norm)
    half = conj(half) if inverse else half
    return _c2c(half, tuple(places[:-1]), inverse, norm) if len(places) > 1 else half


def _to_real(x: Any, s: Any, dim: Any, norm: str | None, inverse: bool, name: str) -> Any:
    """Real numbers of half a spectrum; not ``inverse``: of its conjugate, with the other norm."""
    norm, x = _norm(norm, name), _as_complex(x)
    places, sizes = _places(x, s, dim, name)
    if not places:
        raise ArgumentError(f"{name}: needs at least one dimension to transform")
    last = sizes[-1] if sizes[-1] is not None else 2 * (x.shape[places[-1]] - 1)
    if last < 1:
        raise ArgumentError(f"{name}: invalid number of data points ({last}) along dimension {places[-1]}")
    for p, size in zip(places[:-1], sizes[:-1], strict=True):
        x = _resized(x, p, x.shape[p] if size is None else size, name)
    x = _resized(x, places[-1], last // 2 + 1, name)
    if len(places) > 1:
        x = _c2c(x, tuple(places[:-1]), inverse, norm)
    return _c2r(x, places[-1], last, norm) if inverse else _c2r(conj(x), places[-1], last, _OTHER[norm])


# ---------------------------------------------------------------------- transforms of one dimension


@takes_axis
def fft(input: Array, n: int | None = None, dim: int = -1, norm: str | None = None) -> Any:
    """The discrete Fourier transform along ``dim``, of the first ``n`` elements (with zeros behind where needed).

    ``norm``: ``"backward"`` (the default) leaves the sum as it is, ``"forward"`` divides it by n, ``"ortho"`` by √n.
    Real numbers give complex ones of their width.

    >>> import tinygrad_bp as tg
    >>> tg.fft.fft(tg.tensor([1.0, 0.0, 0.0, 0.0]))
    tensor([1.+0.j, 1.+0.j, 1.+0.j, 1.+0.j])
    """
    return _complex_transform(input, None if n is None else (n,), (dim,), norm, False, "fft")


@takes_axis
def ifft(input: Array, n: int | None = None, dim: int = -1, norm: str | None = None) -> Any:
    """The inverse of ``fft``: by default divided by n.

    >>> import tinygrad_bp as tg
    >>> tg.fft.ifft(tg.tensor([4.0, 0.0, 0.0, 0.0]))
    tensor([1.+0.j, 1.+0.j, 1.+0.j, 1.+0.j])
    """
    return _complex_transform(input, None if n is None else (n,), (dim,), norm, True, "ifft")


@takes_axis
def rfft(input: Array, n: int | None = None, dim: int = -1, norm: str | None = None) -> Any:
    """``fft`` of real numbers: the n // 2 + 1 bins from frequency 0; the others are their conjugates.

    >>> import tinygrad_bp as tg
    >>> tg.fft.rfft(tg.tensor([1.0, 2.0, 3.0, 4.0]))
    tensor([10.+0.j, -2.+2.j, -2.+0.j])
    """
    return _from_real(input, None if n is None else (n,), (dim,), norm, False, "rfft")


@takes_axis
def irfft(input: Array, n: int | None = None, dim: int = -1, norm: str | None = None) -> Any:
    """The inverse of ``rfft``: ``n`` real numbers, 2 · (bins − 1) unless given.

    >>> import tinygrad_bp as tg
    >>> tg.fft.irfft(tg.fft.rfft(tg.tensor([1.0, 2.0, 3.0, 4.0])))
    tensor([1., 2., 3., 4.])
    """
    return _to_real(input, None if n is None else (n,), (dim,), norm, True, "irfft")


@takes_axis
def hfft(input: Array, n: int | None = None, dim: int = -1, norm: str | None = None) -> Any:
    """``fft`` of half of a signal, its conjugate the other: ``n`` real numbers, 2 · (size − 1) unless given.

    >>> import tinygrad_bp as tg
    >>> tg.fft.hfft(tg.tensor([1.0, 2.0, 3.0]))
    tensor([ 8., -2.,  0., -2.])
    """
    return _to_real(input, None if n is None else (n,), (dim,), norm, False, "hfft")


@takes_axis
def ihfft(input: Array, n: int | None = None, dim: int = -1, norm: str | None = None) -> Any:
    """The inverse of ``hfft``: half of the inverse transform of real numbers.

    >>> import tinygrad_bp as tg
    >>> tg.fft.ihfft(tg.tensor([8.0, -2.0, 0.0, -2.0]))
    tensor([1.-0.j, 2.-0.j, 3.-0.j])
    """
    return _from_real(input, None if n is None else (n,), (dim,), norm, True, "ihfft")


# ---------------------------------------------------------------------- transforms of two dimensions and of several


@takes_axis
def fftn(input: Array, s: Size | None = None, dim: Axis = None, norm: str | None = None) -> Any:
    """The discrete Fourier transform over ``dim`` (all by default), of sizes ``s``.

    >>> import tinygrad_bp as tg
    >>> tg.fft.fftn(tg.ones(2, 2))
    tensor([[4.+0.j, 0.+0.j],
            [0.+0.j, 0.+0.j]])
    """
    return _complex_transform(input, s, dim, norm, False, "fftn")


@takes_axis
def ifftn(input: Array, s: Size | None = None, dim: Axis = None, norm: str | None = None) -> Any:
    """The inverse Fourier transform over ``dim`` (all by default), of sizes ``s``.

    >>> import tinygrad_bp as tg
    >>> tg.fft.ifftn(tg.ones(2, 2))
    tensor([[1.+0.j, 0.+0.j],
            [0.+0.j, 0.+0.j]])
    """
    return _complex_transform(input, s, dim, norm, True, "ifftn")


@takes_axis
def rfftn(input: Array, s: Size | None = None, dim: Axis = None, norm: str | None = None) -> Any:
    """The Fourier transform of real numbers, half of the last dimension, over ``dim`` (all by default), of sizes ``s``.

    >>> import tinygrad_bp as tg
    >>> tg.fft.rfftn(tg.ones(2, 4)).shape
    torch.Size([2, 3])
    """
    return _from_real(input, s, dim, norm, False, "rfftn")


@takes_axis
def irfftn(input: Array, s: Size | None = None, dim: Axis = None, norm: str | None = None) -> Any:
    """The inverse of ``rfftn``: real numbers from half of their spectrum.

    >>> import tinygrad_bp as tg
    >>> tg.fft.irfftn(tg.ones(2, 3)).shape
    torch.Size([2, 4])
    """
    return _to_real(input, s, dim, norm, True, "irfftn")


@takes_axis
def hfftn(input: Array, s: Size | None = None, dim: Axis = None, norm: str | None = None) -> Any:
    """The real transform of half of a conjugate symmetric signal, over ``dim`` (all by default), of sizes ``s``.

    >>> import tinygrad_bp as tg
    >>> tg.fft.hfftn(tg.ones(2, 3)).shape
    torch.Size([2, 4])
    """
    return _to_real(input, s, dim, norm, False, "hfftn")


@takes_axis
def ihfftn(input: Array, s: Size | None = None, dim: Axis = None, norm: str | None = None) -> Any:
    """The inverse of ``hfftn``: half of the inverse transform of real numbers.

    >>> import tinygrad_bp as tg
    >>> tg.fft.ihfftn(tg.ones(2, 4)).shape
    torch.Size([2, 3])
    """
    return _from_real(input, s, dim, norm, True, "ihfftn")


@takes_axis
def fft2(input: Array, s: Size | None = None, dim: Axis = (-2, -1), norm: str | None = None) -> Any:
    """The discrete Fourier transform over two dimensions, the last by default.

    >>> import tinygrad_bp as tg
    >>> tg.fft.fft2(tg.ones(2, 2))
    tensor([[4.+0.j, 0.+0.j],
            [0.+0.j, 0.+0.j]])
    """
    return _complex_transform(input, s, dim, norm, False, "fft2")


@takes_axis
def ifft2(input: Array, s: Size | None = None, dim: Axis = (-2, -1), norm: str | None = None) -> Any:
    """The inverse Fourier transform over two dimensions, the last by default.

    >>> import tinygrad_bp as tg
    >>> tg.fft.ifft2(tg.ones(2, 2))
    tensor([[1.+0.j, 0.+0.j],
            [0.+0.j, 0.+0.j]])
    """
    return _complex_transform(input, s, dim, norm, True, "ifft2")


@takes_axis
def rfft2(input: Array, s: Size | None = None, dim: Axis = (-2, -1), norm: str | None = None) -> Any:
    """The Fourier transform of real numbers, half of the last dimension, over two dimensions, the last by default.

    >>> import tinygrad_bp as tg
    >>> tg.fft.rfft2(tg.ones(2, 4)).shape
    torch.Size([2, 3])
    """
    return _from_real(input, s, dim, norm, False, "rfft2")


@takes_axis
def irfft2(input: Array, s: Size | None = None, dim: Axis = (-2, -1), norm: str | None = None) -> Any:
    """Real numbers from half of their spectrum: the inverse of ``rfft2``, over two dimensions, the last by default.

    >>> import tinygrad_bp as tg
    >>> tg.fft.irfft2(tg.ones(2, 3)).shape
    torch.Size([2, 4])
    """
    return _to_real(input, s, dim, norm, True, "irfft2")


@takes_axis
def hfft2(input: Array, s: Size | None = None, dim: Axis = (-2, -1), norm: str | None = None) -> Any:
    """The transform, real, of half of a signal that is conjugate symmetric over two dimensions, the last by default.

    >>> import tinygrad_bp as tg
    >>> tg.fft.hfft2(tg.ones(2, 3)).shape
    torch.Size([2, 4])
    """
    return _to_real(input, s, dim, norm, False, "hfft2")


@takes_axis
def ihfft2(input: Array, s: Size | None = None, dim: Axis = (-2, -1), norm: str | None = None) -> Any:
    """Half of the inverse transform of real numbers: the inverse of ``hfft2`` over two dimensions, the last by default.

    >>> import tinygrad_bp as tg
    >>> tg.fft.ihfft2(tg.ones(2, 4)).shape
    torch.Size([2, 3])
    """
    return _from_real(input, s, dim, norm, True, "ihfft2")
