"""Tensors, state dicts and plain values in a file and back: safetensors or npz, never a pickle."""

from .loading import load
from .writing import save

__all__ = ["load", "save"]
