"""NumPy in, gradients out, and you can look inside.

>>> import tinygrad_bp as tg
>>> w = tg.tensor([1.0, 2.0], requires_grad=True)
>>> (w ** 2).sum().backward()
>>> w.grad
tensor([2., 4.])
"""

from importlib import import_module as _import_module
from math import e as e, inf as inf, nan as nan, pi as pi

from . import autograd as autograd
from . import places as _places
from .autograd import (
    enable_grad as enable_grad,
    inference_mode as inference_mode,
    is_grad_enabled as is_grad_enabled,
    is_inference_mode_enabled as is_inference_mode_enabled,
    no_grad as no_grad,
    set_grad_enabled as set_grad_enabled,
)
from .autograd import doors as _doors
from .autograd import dtypes as _dtypes
from .autograd import gathering as _gathering
from .autograd.dtypes import *
from .autograd.errors import AutogradError as AutogradError
from .autograd.tensor import Tensor as Tensor
from .functions import methods as _methods
from .ops import operators as _operators  # noqa: F401

bool, short, int, long = _dtypes.bool_, _dtypes.int16, _dtypes.int32, _dtypes.int64
half, float, double = _dtypes.float16, _dtypes.float32, _dtypes.float64
cfloat, cdouble = _dtypes.complex64, _dtypes.complex128
dtype = _dtypes.np.dtype
uint16, uint32, uint64 = dtype("uint16"), dtype("uint32"), dtype("uint64")
newaxis = None
has_lapack = has_spectral = True
has_mkl = has_openmp = False

_doors.open_doors(globals(), __name__)

# Type checkers read `__init__.pyi`.
# `import tinygrad_bp` stays quick: parts and files are imported when something of them is first asked for.
_PARTS = {
    "GradScaler": "amp", "accelerator": "", "amp": "", "array_api": "", "autocast": "amp", "backends": "", "cuda": "",
    "data": "", "device": "autograd.device", "diagnose": "faults", "draw": "drawing", "drawing": "",
    "explain": "explaining", "explaining": "", "faults": "",
    "fft": "", "func": "", "functional": "",
    "get_default_device": "autograd.device", "compile": "compiler", "compiler": "",
    "distributed": "", "distributions": "", "jit": "",
    "install_as_torch": "as_torch", "linalg": "", "load": "saving", "models": "", "mps": "", "nn": "", "optim": "",
    "hub": "", "onnx": "", "profiler": "", "program": "", "random": "",
    "replay": "replaying", "replaying": "", "save": "saving", "saving": "", "signal": "",
    "set_default_device": "autograd.device",
    "sklearn": "", "special": "", "testing": "", "train": "", "types": "", "utils": "", "verify": "", "version": "",
    "xpu": "", "compare": "verify",
    "grid_sampler_2d": "functions.grid_sampling", "grid_sampler_3d": "functions.grid_sampling",
    "rrelu": "functions.dropout", "vmap": "func", "is_anomaly_enabled": "autograd",
    "set_printoptions": "autograd.printing", "Size": "autograd.size",
}  # fmt: skip
# Functions of layers that PyTorch has in both places.
_PARTS |= dict.fromkeys(
    (
        "adaptive_avg_pool1d", "adaptive_max_pool1d", "avg_pool1d", "bilinear", "conv1d", "conv2d", "conv3d",
        "conv_transpose1d", "conv_transpose2d", "conv_transpose3d", "group_norm", "hardshrink",
        "layer_norm", "max_pool1d", "max_pool2d", "max_pool3d",
        "rms_norm", "celu_", "rrelu_", "selu_", "threshold_", "conv_tbc", "max_pool1d_with_indices",
    ),
    "nn.functional",
)  # fmt: skip
# What is public of these stands in their `__all__`. They are opened in this order, until one has the name.
_FILES = (
    "functions.creation", "autograd.layout", "ops.elementwise", "ops.reduction", "ops.shape", "ops.products",
    "ops.indexing", "ops.joining", "ops.activations", "ops.trigonometry", "ops.complex_numbers", "ops.diagonals",
    "ops.scans", "ops.error_functions", "ops.powers", "ops.rounding", "ops.comparisons", "random.generator",
    "random.sampling", "ops.extremes", "ops.limits", "functions.searching", "functions.splitting",
    "ops.rearranging", "ops.sorting", "ops.scatter", "ops.statistics", "ops.norms", "functions.similarity",
    "ops.borders", "ops.einsum", "functions.copies", "ops.special_functions", "ops.gamma_functions",
    "ops.solving", "ops.matrix_functions", "ops.cholesky", "ops.qr", "ops.lu", "functions.older_linalg",
    "functions.frequencies", "functions.kinds", "functions.settings", "random.counts",
    "functions.argument_orders", "functions.in_place", "functions.constructors", "functions.memory",
    "functions.windows", "ops.histograms", "autograd.storage", "ops.incomplete_gamma",
    "functions.segments", "functions.dlpack",
)  # fmt: skip
# PyTorch's place for these; autograd itself imports nothing of what stands on it.
_PARTS_OF_AUTOGRAD = {
    "gradcheck": "verify", "gradgradcheck": "verify", "graph": "autograd.graph",
    "forward_ad": "autograd.forward_ad",
}  # fmt: skip


def _room(place):
    return _import_module(f"{__name__}.{place}")


def _sought(name):
    if name in _PARTS:
        room = _room(_PARTS[name] or name)
        return getattr(room, name) if _PARTS[name] else room
    for place in _FILES:
        file = _room(place)
        if name in file.__all__:
            return getattr(file, name)
    if name in _methods.FUNCTIONS_TOO:
        return _methods.in_place_function(name)
    if name[0] == "_" and (found := _room("functions.underscored").underscored(name)):
        return found
    raise _room("not_here").missing("", name)


def __getattr__(name):
    if name.startswith("__"):
        if name == "__all__":
            return __dir__()
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = _doors.opened(_sought(name))
    return value


def __dir__():
    names = {name for place in _FILES for name in _room(place).__all__}
    return sorted({name for name in globals() if name[0] != "_"} | names | {*_PARTS, *_methods.FUNCTIONS_TOO})


def _sought_in_autograd(name):
    if f"autograd.{name}" in _places.PLACES:
        return _room(f"autograd.{name}")
    if name not in _PARTS_OF_AUTOGRAD:
        raise _room("not_here").missing("autograd", name)
    room = _room(_PARTS_OF_AUTOGRAD[name])
    return room if room.__name__.endswith(f".{name}") else getattr(room, name)


autograd.__getattr__ = _sought_in_autograd
_places.look_there()  # `from tinygrad_bp.autograd.functional import jacobian` asks no package for it


def _gather():
    for place in (*_room("numpy_names").PLACES, "special", "linalg", "nn.functional", *_FILES):
        _room(place)
    _room("array_api.special").bring()


_gathering.BRINGING.append(_gather)
_gathering.FINDING.append(lambda key: _room("numpy_names").bring(key))
_gathering.BATCHING.append(lambda: _room("func.batching"))
_gathering.SAVING.append(lambda: _room("saving"))

__version__ = "0.1.0"
