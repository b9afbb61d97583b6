"""Functions made of ops: no op is defined here. ``methods`` binds ops and functions as methods of tensors.

What only layers and losses need (attention, pooling, interpolation, …) is imported with ``nn``.
"""

from . import copies, creation, dropout, frequencies, methods, older_linalg, searching, similarity, splitting

__all__ = [
    "copies",
    "creation",
    "dropout",
    "frequencies",
    "methods",
    "older_linalg",
    "searching",
    "similarity",
    "splitting",
]
