"""What a recorded computation is: tensors, nodes, ops, and the backward pass. Names no mathematical function."""

from . import numpy_protocols as numpy_protocols  # gives Tensor its protocols
from .function import Function
from .gradient import backward, grad
from .modes import enable_grad, is_grad_enabled, no_grad, set_grad_enabled

__all__ = ["Function", "backward", "enable_grad", "grad", "is_grad_enabled", "no_grad", "set_grad_enabled"]
