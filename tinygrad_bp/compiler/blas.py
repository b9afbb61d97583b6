"""The matrix product of the BLAS that NumPy or SciPy brings, as addresses that C can call."""

from __future__ import annotations

import ctypes
from functools import cache
from typing import Any, NamedTuple

import numpy as np


class Gemm(NamedTuple):
    """The addresses of ``sgemm`` and ``dgemm``, and how they are called (``kind`` in the C text)."""

    single: int
    double: int
    kind: int


@cache
def gemm() -> Gemm | None:
    """NumPy's own, else SciPy's; None where neither says where its functions are."""
    found = _of_numpy()
    return found if found is not None else _of_scipy()


def _of_numpy() -> Gemm | None:
    core: Any = np._core  # type: ignore[attr-defined]
    try:
        library = ctypes.CDLL(core._multiarray_umath.__file__)  # it is loaded; what it links is searched too
    except OSError:
        return None
    for pattern, kind in (
        ("scipy_cblas_{}gemm64_", 0),
        ("cblas_{}gemm64_", 0),
        ("scipy_cblas_{}gemm", 1),
        ("cblas_{}gemm", 1),
    ):
        try:
            single, double = (getattr(library, pattern.format(letter)) for letter in "sd")
        except AttributeError:
            continue
        return Gemm(_address(single), _address(double), kind)
    return None


def _of_scipy() -> Gemm | None:
    try:
        from scipy.linalg import cython_blas  # type: ignore[import-untyped,unused-ignore]
    except ImportError:
        return None
    name_of, address_of = ctypes.pythonapi.PyCapsule_GetName, ctypes.pythonapi.PyCapsule_GetPointer
    name_of.restype, name_of.argtypes = ctypes.c_char_p, [ctypes.py_object]
    address_of.restype, address_of.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    capsules = (cython_blas.__pyx_capi__[name] for name in ("sgemm", "dgemm"))
    single, double = (address_of(capsule, name_of(capsule)) for capsule in capsules)
    return Gemm(single, double, 2)


def _address(function: Any) -> int:
    address = ctypes.cast(function, ctypes.c_void_p).value
    assert address is not None
    return address
