"""Layers, losses and containers under PyTorch's names."""

import typing as _typing

from . import functional as functional, init as init, utils as utils
from .activations import *
from .attention import *
from .clip import *
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
from .module import *
from .normalization import *
from .padding import *
from .pooling import *
from .recurrent import *
from .transformer import *
from .upsampling import *


if not _typing.TYPE_CHECKING:

    def __getattr__(name):
        from ..not_here import missing

        raise missing("nn", name)
