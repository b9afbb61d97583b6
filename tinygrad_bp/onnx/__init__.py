"""Models and functions as files of ONNX, which other programs run and Netron shows; the extra ``onnx``."""

from .exporting import export

__all__ = ["export"]
