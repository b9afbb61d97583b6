"""NumPy in, gradients out, and you can look inside.

>>> import tinygrad_bp as tg
>>> w = tg.tensor([1.0, 2.0], requires_grad=True)
>>> (w ** 2).sum().backward()
>>> w.grad
tensor([2., 4.])
"""

import sys as _sys
from importlib import import_module as _import_module
from typing import TYPE_CHECKING

# Each file says in `__all__` what users call; `name as name` marks a single name as public to type checkers.
from . import autograd as autograd
from . import fft as fft
from . import linalg as linalg
from . import functions as functions
from . import numpy_names as numpy_names
from . import ops as ops
from . import random as random
from . import special as special
from .autograd import (
    enable_grad as enable_grad,
    is_grad_enabled as is_grad_enabled,
    no_grad as no_grad,
    set_grad_enabled as set_grad_enabled,
)
from .autograd import doors as _doors
from .autograd import dtypes as _dtypes
from .autograd.dtypes import *
from .autograd.errors import AutogradError as AutogradError
from .autograd.tensor import Tensor as Tensor
from .ops.activations import *
from .ops.borders import *
from .ops.cholesky import *
from .ops.comparisons import *
from .ops.complex_numbers import *
from .ops.diagonals import *
from .ops.einsum import *
from .ops.elementwise import *
from .ops.error_functions import *
from .ops.extremes import *
from .ops.gamma_functions import *
from .ops.indexing import *
from .ops.joining import *
from .ops.limits import *
from .ops.lu import *
from .ops.matrix_functions import *
from .ops.norms import *
from .ops.powers import *
from .ops.products import *
from .ops.qr import *
from .ops.rearranging import *
from .ops.reduction import *
from .ops.rounding import *
from .ops.scans import *
from .ops.scatter import *
from .ops.shape import *
from .ops.solving import *
from .ops.sorting import *
from .ops.special_functions import *
from .ops.statistics import *
from .ops.trigonometry import *
from .functions.copies import *
from .functions.creation import *
from .functions.dropout import rrelu as rrelu
from .functions.frequencies import *
from .functions.older_linalg import *
from .functions.searching import *
from .functions.similarity import *
from .functions.splitting import *
from .random.generator import *
from .random.sampling import *

bool, int, long = _dtypes.bool_, _dtypes.int32, _dtypes.int64
half, float, double = _dtypes.float16, _dtypes.float32, _dtypes.float64
cfloat, cdouble = _dtypes.complex64, _dtypes.complex128

_doors.open_doors(globals(), __name__)

# Parts that a program may not need are imported when they are first asked for: `import tinygrad_bp` stays quick.
_LATER = {name: name for name in ("data", "drawing", "func", "models", "nn", "optim", "train", "utils", "verify")}
_LATER |= {"draw": "drawing"} | {name: "functions.grid_sampling" for name in ("grid_sampler_2d", "grid_sampler_3d")}
# PyTorch's place for these; autograd itself imports nothing of what stands on it.
_LATER_OF_AUTOGRAD = {
    "functional": "functional", "gradcheck": "verify", "gradgradcheck": "verify",
}  # fmt: skip

if TYPE_CHECKING:
    from . import data as data
    from . import func as func
    from . import models as models
    from . import nn as nn
    from . import optim as optim
    from . import train as train
    from . import utils as utils
    from . import verify as verify
    from .drawing import draw as draw
    from .functions.grid_sampling import grid_sampler_2d as grid_sampler_2d, grid_sampler_3d as grid_sampler_3d
else:

    def _asked_for(owner, places):
        """A module's ``__getattr__``: import the place of a name, and give the module of that name or what it holds."""

        def find(name):
            if name not in places:
                raise _import_module(f"{__name__}.not_here").missing(owner, name)
            module = _import_module(f"{__name__}.{places[name]}")
            if places[name].startswith("functions."):
                return _doors.door(getattr(module, name))
            return module if places[name].endswith(name) else getattr(module, name)

        return find

    def __dir__():
        return sorted({*globals(), *_LATER})

    __getattr__ = _asked_for("", _LATER)
    autograd.__getattr__ = _asked_for("autograd", _LATER_OF_AUTOGRAD)
    # `from tinygrad_bp.autograd.functional import jacobian` asks no package for it: Python looks for the module alone.
    _place = type(autograd)(f"{autograd.__name__}.functional")
    _place.__getattr__ = lambda name: getattr(autograd.functional, name)
    _sys.modules[_place.__name__] = _place

__version__ = "0.1.0"
