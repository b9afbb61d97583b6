"""Discrete Fourier transforms under PyTorch's names: ``tg.fft.fft``, ``tg.fft.rfft``, … Real input is promoted."""

from .autograd.doors import open_doors as _open_doors
from .functions.frequencies import (
    fftfreq as fftfreq, fftshift as fftshift, ifftshift as ifftshift, rfftfreq as rfftfreq,
)  # fmt: skip
from .ops.fourier import *

_open_doors(globals(), __name__.partition(".")[0])


def __getattr__(name: str) -> object:
    from .not_here import missing

    raise missing("fft", name)
