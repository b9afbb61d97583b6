"""Transforms of functions: a function of tensors in, its derivatives as a function out. Names are ``torch.func``'s.

Arguments and results are tensors, arrays or numbers, also inside nested dicts, lists and tuples. Transforms nest:
``grad(grad(f))`` is the second derivative.
"""

import typing as _typing

from .jacobians import hessian, jacfwd, jacrev
from .mapping import vmap
from .modules import functional_call, replace_all_batch_norm_modules_, stack_module_state
from .transforms import grad, grad_and_value, hvp, jvp, linearize, value_and_grad, vjp

__all__ = [
    "functional_call",
    "grad",
    "grad_and_value",
    "hessian",
    "hvp",
    "jacfwd",
    "jacrev",
    "jvp",
    "linearize",
    "replace_all_batch_norm_modules_",
    "stack_module_state",
    "value_and_grad",
    "vjp",
    "vmap",
]

if not _typing.TYPE_CHECKING:

    def __getattr__(name):
        from ..not_here import missing

        raise missing("func", name)
