"""What PyTorch has beside its layers: clipped gradients, parameters as one vector, sequences of different lengths."""

from . import parametrizations as parametrizations, parametrize as parametrize, prune as prune, rnn as rnn
from .clip_grad import *
from .convert_parameters import *
from .fusion import *
from .init import *
from .older_norms import *


def __getattr__(name: str) -> object:
    from ...not_here import missing

    raise missing("nn.utils", name)
