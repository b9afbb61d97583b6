"""PyTorch's place for the same functions with gradients."""

from . import all_gather as all_gather
from . import all_reduce as all_reduce
from . import broadcast as broadcast
