"""PyTorch's place of ``tinygrad_bp.data``.

Written by `python docs/make_reference.py`.
"""

from ..data import *
