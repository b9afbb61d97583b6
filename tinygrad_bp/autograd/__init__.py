"""What a recorded computation is: tensors, nodes, ops, and the backward pass. Names no mathematical function.

To understand backward, read in this order: ``op`` (what an op is), ``node`` (one recorded step), ``tensor`` (a value
and its node), ``call`` (what calling an op means), ``history`` (the nodes behind a value), ``backward`` (the chain rule
along them). About 650 lines, none of which needs a later file; ``READING_ORDER`` is that list, and a test holds it.

Then what makes it fast, safe and convenient. ``define``: the four ways to define an op. ``frames``: ``call`` unrolled.
``watch``: the one slow path, for ``anomaly`` mode and ``lines``. ``gradient``: PyTorch's ``backward`` and ``grad``;
``flat``: zeros that follow. ``batched``: tensors that stand for many, as in vmap. ``forward``: forward mode;
``forward_ad``: its dual tensors. ``kept``, ``writes``, ``writing``: values that are written; ``sharing``: who else sees
their memory. ``hooks``, ``grad_fn``, ``graph``, ``function``: code of the user in backward; ``whole``: several results
of it as one. ``numpy_protocols``, ``python_protocols``, ``copying``: what NumPy and Python do with a Tensor.
``printing``: the text of a tensor. ``definitions``: what an op's documentation says. ``doors``: errors of functions
made of ops. ``gathering``: importing the files of ops that nobody asked for. ``heap``: freed memory that stays at hand.
``trees``: nested arguments. ``operands``, ``arrays``, ``dtypes``, ``types``, ``modes``, ``errors``: what the others
stand on.
"""

from collections.abc import Callable
from types import ModuleType

from . import copying as copying  # these give Tensor its protocols
from . import heap as heap
from . import numpy_protocols as numpy_protocols
from . import python_protocols as python_protocols
from .anomaly import detect_anomaly, is_anomaly_enabled, set_detect_anomaly
from .function import Function
from .gradient import backward, grad
from .keeping_lines import record_lines
from .modes import (
    enable_grad,
    inference_mode,
    is_grad_enabled,
    is_inference_mode_enabled,
    no_grad,
    set_grad_enabled,
)
from .variable import Variable

READING_ORDER = ("op", "node", "tensor", "call", "history", "backward")

# Bound by the package, which imports them when they are asked for.
forward_ad: ModuleType
functional: ModuleType
graph: ModuleType
gradcheck: Callable[..., bool]
gradgradcheck: Callable[..., bool]

__all__ = [
    "Function",
    "Variable",
    "backward",
    "detect_anomaly",
    "enable_grad",
    "grad",
    "gradcheck",
    "gradgradcheck",
    "inference_mode",
    "is_anomaly_enabled",
    "is_grad_enabled",
    "is_inference_mode_enabled",
    "no_grad",
    "record_lines",
    "set_detect_anomaly",
    "set_grad_enabled",
]
