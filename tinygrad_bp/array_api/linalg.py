"""The standard's linear algebra on tensors, which is NumPy's."""

import numpy as _np

from .functions import tensors_of as _tensors_of

_NAMES = """
cholesky cross det diagonal eig eigh eigvals eigvalsh inv matmul matrix_norm matrix_power matrix_rank matrix_transpose
outer pinv qr slogdet solve svd svdvals tensordot trace vecdot vector_norm
"""
_NUMPYS = frozenset(_NAMES.split())


def __getattr__(name: str) -> object:
    if name not in _NUMPYS:
        raise AttributeError(f"the array API has no linalg.{name!r}")
    function = globals()[name] = _tensors_of(getattr(_np.linalg, name))
    return function


def __dir__() -> list[str]:
    return sorted(_NUMPYS)
