"""Signals: ``windows``, under PyTorch's names. Short-time transforms are ``tg.stft`` and ``tg.istft``."""

from . import windows

__all__ = ["windows"]
