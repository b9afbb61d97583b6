"""What PyTorch has beside its layers: clipped gradients, parameters as one vector, sequences of different lengths."""

from ..clip import *
from . import rnn as rnn
