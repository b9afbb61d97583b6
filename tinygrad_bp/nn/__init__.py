"""Layers, losses and containers under PyTorch's names."""

import typing as _typing

from . import functional as functional, grad as grad, init as init, tuples as common_types, utils as utils  # noqa: F401
from .activations import *
from .adaptive_softmax import *
from .attention import *
from .containers import *
from .convolution import *
from .dropout import *
from .embedding import *
from .parameter import *
from .parameter_containers import *
from .layers import *
from .lazy import *
from .losses import *
from .margin_losses import *
from .hooks_of_all import *
from .module import *
from .normalization import *
from .padding import *
from .pooling import *
from .recurrent import *
from .synchronized import *
from .transformer import *
from .upsampling import *
from .utils.clip_grad import *

# The bases by which programs ask for a family of them, and what their own layers import.
from .convolution import _Convolution as _ConvNd, _ConvTranspose as _ConvTransposeNd  # noqa: F401
from .dropout import Dropout as _DropoutNd  # noqa: F401
from .losses import Loss as _Loss, WeightedLoss as _WeightedLoss  # noqa: F401
from .normalization import _BatchNorm as _BatchNorm, _InstanceNorm as _InstanceNorm, _RunningNorm as _NormBase  # noqa: F401
from .padding import _ConstantPad as _ConstantPadNd  # noqa: F401
from .pooling import _Adaptive as _AdaptiveAvgPoolNd, _AdaptiveMax as _AdaptiveMaxPoolNd  # noqa: F401
from .pooling import _AvgPool as _AvgPoolNd, _MaxPool as _MaxPoolNd  # noqa: F401
from .state import _IncompatibleKeys as _IncompatibleKeys
from .transformer import _get_activation_fn as _get_activation_fn, _get_clones as _get_clones
from .tuples import (
    _ntuple as _ntuple, _pair as _pair, _quadruple as _quadruple, _single as _single, _triple as _triple,
)  # fmt: skip

if not _typing.TYPE_CHECKING:

    def __getattr__(name):
        if name in ("parallel", "DataParallel"):  # which other programs never ask for
            from importlib import import_module

            parallel = import_module(f"{__name__}.parallel")
            return parallel if name == "parallel" else parallel.DataParallel
        from ..not_here import missing
        from ..places import module_at

        if (found := module_at("nn", name)) is not None:  # PyTorch's place of all layers
            return found
        raise missing("nn", name)
