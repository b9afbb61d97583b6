"""The standard's Fourier transforms on tensors, which are NumPy's."""

from collections.abc import Callable as _Callable
from typing import Any as _Any

import numpy as _np

from ..autograd.device import DeviceLike as _DeviceLike
from ..autograd.tensor import Tensor as _Tensor
from ..autograd.types import DTypeLike as _DTypeLike
from .creation import making as _making
from .functions import tensors_of as _tensors_of

fft: _Callable[..., _Any]
ifft: _Callable[..., _Any]
hfft: _Callable[..., _Any]
ihfft: _Callable[..., _Any]
rfft: _Callable[..., _Any]
irfft: _Callable[..., _Any]
rfftn: _Callable[..., _Any]
irfftn: _Callable[..., _Any]
fftn: _Callable[..., _Any]
ifftn: _Callable[..., _Any]
fftshift: _Callable[..., _Any]
ifftshift: _Callable[..., _Any]
fft, ifft, hfft, ihfft = (_tensors_of(f) for f in (_np.fft.fft, _np.fft.ifft, _np.fft.hfft, _np.fft.ihfft))
rfft, irfft, rfftn, irfftn = (_tensors_of(f) for f in (_np.fft.rfft, _np.fft.irfft, _np.fft.rfftn, _np.fft.irfftn))
fftn, ifftn = _tensors_of(_np.fft.fftn), _tensors_of(_np.fft.ifftn)
fftshift, ifftshift = _tensors_of(_np.fft.fftshift), _tensors_of(_np.fft.ifftshift)


def fftfreq(n: int, /, *, d: float = 1.0, dtype: _DTypeLike = None, device: _DeviceLike = None) -> _Tensor:
    """The frequencies of the terms that ``fft`` gives for ``n`` numbers at distances ``d``."""
    return _making(_np.fft.fftfreq)(n, d, dtype=dtype, device=device)


def rfftfreq(n: int, /, *, d: float = 1.0, dtype: _DTypeLike = None, device: _DeviceLike = None) -> _Tensor:
    """The frequencies of the terms that ``rfft`` gives for ``n`` numbers at distances ``d``."""
    return _making(_np.fft.rfftfreq)(n, d, dtype=dtype, device=device)
