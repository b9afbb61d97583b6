"""What a recorded computation is: tensors, nodes, ops, and the backward pass. Names no mathematical function."""

from collections.abc import Callable

from . import numpy_protocols as numpy_protocols  # gives Tensor its protocols
from .anomaly import detect_anomaly, is_anomaly_enabled, set_detect_anomaly
from .function import Function
from .gradient import backward, grad
from .modes import enable_grad, is_grad_enabled, no_grad, set_grad_enabled

gradcheck: Callable[..., bool]  # verify's, bound by the package
gradgradcheck: Callable[..., bool]

__all__ = [
    "Function",
    "backward",
    "detect_anomaly",
    "enable_grad",
    "grad",
    "gradcheck",
    "gradgradcheck",
    "is_anomaly_enabled",
    "is_grad_enabled",
    "no_grad",
    "set_detect_anomaly",
    "set_grad_enabled",
]
