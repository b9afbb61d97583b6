"""Discrete Fourier transforms under PyTorch's names: ``tg.fft.fft``, ``tg.fft.rfft``, … Real input is promoted."""

from .functions.frequencies import (
    fftfreq as fftfreq, fftshift as fftshift, ifftshift as ifftshift, rfftfreq as rfftfreq,
)  # fmt: skip
from .ops.fourier import *
