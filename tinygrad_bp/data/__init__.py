"""Data as NumPy arrays."""

from .toy import linear, xor

__all__ = ["linear", "xor"]
