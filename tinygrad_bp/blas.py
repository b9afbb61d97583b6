"""The BLAS that NumPy or SciPy brings: its matrix product, as addresses that C can call, and its threads."""

from __future__ import annotations

import contextlib
import ctypes
import os
import re
from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import numpy as np

_chosen = False  # whether the user has said in this process how many threads products have


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


def subtract_product(w: Any, a: Any, b: Any) -> None:
    """``w −= a @ b`` in the memory of ``w``, all of one dtype; ``gemm`` has found its function."""
    if not (w.flags.c_contiguous or w.flags.f_contiguous) or not w.flags.aligned or not w.size:
        w -= a @ b
        return
    if w.flags.c_contiguous:
        w, a, b = w.T, b.T, a.T  # column by column
    (a, turned_a), (b, turned_b) = _columns(a), _columns(b)
    inner = len(a) if turned_a else a.shape[1]
    _by_ctypes(w.dtype == np.float32)(turned_a, turned_b, *w.shape, inner, a, b, w)


def _columns(x: Any) -> tuple[Any, bool]:
    """A matrix that lies column by column, and whether it is the transpose of what was given."""
    if not x.flags.aligned or not (x.flags.c_contiguous or x.flags.f_contiguous):
        return np.array(x, order="F"), False
    return (x, False) if x.flags.f_contiguous else (x.T, True)


@cache
def _by_ctypes(is_single: bool) -> Callable[..., None]:
    """``c −= a · b``, matrices column by column: which of a and b are transposes, the sizes m, n and k, and a, b, c."""
    found = gemm()
    assert found is not None
    address, real = (found.single, ctypes.c_float) if is_single else (found.double, ctypes.c_double)
    size, place = ctypes.c_int64 if found.kind == 0 else ctypes.c_int, ctypes.c_void_p
    minus, one = real(-1), real(1)
    if found.kind < 2:
        head: list[Any] = [ctypes.c_int] * 3
        function = ctypes.CFUNCTYPE(None, *head, size, size, size, real, place, size, place, size, real, place, size)(
            address
        )
    else:
        function = ctypes.CFUNCTYPE(None, *[place] * 13)(address)

    def subtract(turned_a: bool, turned_b: bool, m: int, n: int, k: int, a: Any, b: Any, c: Any) -> None:
        steps = [max(len(x), 1) for x in (a, b, c)]
        at_a, at_b, at_c = (x.ctypes.data for x in (a, b, c))
        if found.kind < 2:
            sides = (112 if turned else 111 for turned in (turned_a, turned_b))
            function(102, *sides, m, n, k, minus, at_a, steps[0], at_b, steps[1], one, at_c, steps[2])
            return
        letters = [ctypes.c_char(b"T" if turned else b"N") for turned in (turned_a, turned_b)]
        numbers = [size(number) for number in (m, n, k, *steps)]
        (ta, tb), (m_, n_, k_, as_, bs_, cs_) = map(ctypes.addressof, letters), map(ctypes.addressof, numbers)
        alpha, beta = ctypes.addressof(minus), ctypes.addressof(one)
        function(ta, tb, m_, n_, k_, alpha, at_a, as_, at_b, bs_, beta, at_c, cs_)

    return subtract


def threads() -> int | None:
    """How many threads NumPy's products have; None where the library has no function that tells."""
    found = _threads()
    return None if found is None else int(found[0]())


def set_threads(number: int) -> None:
    """Give NumPy's products this many threads, where the library has a function for it."""
    found = _threads()
    if found is not None:
        found[1](number)


def choose_threads(number: int) -> None:
    """The same, because the user says so."""
    global _chosen
    _chosen = True
    set_threads(number)


def threads_are_chosen() -> bool:
    """Whether the user has said how many threads there are."""
    return _chosen or threads_by_environment() is not None


def threads_by_environment() -> int | None:
    """What the user has asked for before Python started; OpenBLAS reads these names, the first one first.

    It takes the number at the front (``4,2`` is OpenMP's for teams in teams), and 0 for nothing said.
    """
    named = (os.environ.get(name, "") for name in ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS"))
    numbers = (re.match(r"\s*\+?0*([1-9][0-9]*)", text) for text in named)
    return next((int(number[1]) for number in numbers if number), None)


@cache
def _threads() -> tuple[Callable[[], int], Callable[[int], None]] | None:
    """The functions of OpenBLAS, under the names of its builds, that tell and set the number of threads."""
    for pattern in ("scipy_openblas_{}64_", "openblas_{}64_", "scipy_openblas_{}", "openblas_{}"):
        with contextlib.suppress(AttributeError):
            tell, give = (getattr(_library(), pattern.format(name)) for name in ("get_num_threads", "set_num_threads"))
            tell.argtypes, tell.restype = [], ctypes.c_int
            give.argtypes, give.restype = [ctypes.c_int], None
            return tell, give
    return None


@cache
def _library() -> ctypes.CDLL | None:
    """NumPy's own, which is loaded; what it links is searched too."""
    core: Any = np._core  # type: ignore[attr-defined]
    try:
        return ctypes.CDLL(core._multiarray_umath.__file__)
    except OSError:
        return None


def _of_numpy() -> Gemm | None:
    for pattern, kind in (
        ("scipy_cblas_{}gemm64_", 0),
        ("cblas_{}gemm64_", 0),
        ("scipy_cblas_{}gemm", 1),
        ("cblas_{}gemm", 1),
    ):
        with contextlib.suppress(AttributeError):
            single, double = (getattr(_library(), pattern.format(letter)) for letter in "sd")
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
