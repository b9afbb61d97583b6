"""What ``np.linalg``, ``np.einsum``, ``np.dot``, … do with Tensors: NumPy's arguments and meaning over the same ops."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..autograd.errors import ArgumentError, DtypeError, ShapeError, shape_text
from ..autograd.numpy_protocols import without_rule
from ..autograd.op import FUNCTIONS, UFUNCS
from ..autograd.values import value_of
from ..ops import cholesky, eigenvalues, elementwise, matrix_functions, norms, products, qr, singular_values, solving
from ..ops.complex_numbers import conj, real
from ..ops.diagonals import diagonal
from ..ops.einsum import einsum
from ..ops.elementwise import in_dtype
from ..ops.indexing import place
from ..ops.rearranging import flip
from ..ops.reduction import kept_shape
from ..ops.reduction import sum as total
from ..ops.shape import matrix_transpose, ravel, reshape
from .functions import operand

ALWAYS_COMPLEX = np.lib.NumpyVersion(np.__version__) >= "2.5.0"  # what np.linalg.eig gives


def _floats(a: Any) -> Any:
    """NumPy computes integers in float64 here."""
    a = operand(a)
    if a.dtype.kind not in "bui":
        return a
    return in_dtype(a, np.float64)


def _of_floats(function: Callable[..., Any]) -> Callable[..., Any]:
    """The same arguments as in PyTorch; the first is a matrix."""
    return lambda a, *others, **named: function(_floats(a), *others, **named)


def as_one(a: Any, b: Any) -> tuple[Any, Any]:
    """Both in the dtype that NumPy gives the pair."""
    a, b = operand(a), operand(b)
    if a.dtype == b.dtype:
        return a, b
    dtype = np.result_type(a.dtype, b.dtype)
    return in_dtype(a, dtype), in_dtype(b, dtype)


def _dot(a: Any, b: Any) -> Any:
    a, b = as_one(a, b)
    if a.ndim == 0 or b.ndim == 0:
        return elementwise.mul(a, b)
    if b.ndim <= 2:
        return products.matmul(a, b)
    # np.dot sums over the second-to-last axis of b and keeps all the others.
    return products.tensordot(a, b, ([-1], [-2]))


def _inner(a: Any, b: Any) -> Any:
    return products.inner(*as_one(a, b))


def _outer(a: Any, b: Any) -> Any:
    a, b = as_one(a, b)
    return products.outer(ravel(a), ravel(b))


def _vdot(a: Any, b: Any) -> Any:
    a, b = as_one(a, b)
    return products.vdot(ravel(a), ravel(b))


def _tensordot(a: Any, b: Any, axes: Any = 2) -> Any:
    return products.tensordot(*as_one(a, b), axes)


def _kron(a: Any, b: Any) -> Any:
    return products.kron(*as_one(a, b))


def _einsum(*operands: Any, optimize: Any = False, dtype: Any = None, order: str = "K", casting: Any = "safe") -> Any:
    if dtype is None:
        return einsum(*operands)
    if not all(np.can_cast(x.dtype, dtype, casting) for x in operands if hasattr(x, "dtype")):
        raise DtypeError(f"np.einsum: not every operand can be cast to {np.dtype(dtype)} by the rule {casting!r}")
    items = [x if isinstance(x, (str, list, tuple)) or x is ... else in_dtype(operand(x), dtype) for x in operands]
    return einsum(*items)


def _trace(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1, dtype: Any = None) -> Any:
    a = operand(a)
    dtype = np.uint64 if dtype is None and a.dtype.kind == "u" else dtype
    return total(diagonal(a, offset, axis1, axis2), -1, dtype=dtype)


def _cross(a: Any, b: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None) -> Any:
    if axis is not None:
        axisa = axisb = axisc = axis
    a, b = (np.moveaxis(x, place, -1) for x, place in zip(as_one(a, b), (axisa, axisb)))
    if a.shape[-1] != 3 or b.shape[-1] != 3:
        raise ShapeError(f"np.cross: needs vectors of size 3, got {shape_text(a.shape)} and {shape_text(b.shape)}")
    return np.moveaxis(products.cross_op(a, b, -1), -1, axisc)


def _solve(a: Any, b: Any) -> Any:
    a, b = as_one(_floats(a), _floats(b))
    if b.ndim == 1:
        return reshape(solving.solve_op(a, b[:, None]), *a.shape[:-1])
    return solving.solve_op(a, b)


def _qr(a: Any, mode: str = "reduced") -> Any:
    if mode == "raw":
        return without_rule("np.linalg.qr", np.linalg.qr, (a,), {"mode": mode}, ("mode",))
    found = qr.qr(_floats(a), mode)
    return found.R if mode == "r" else found


def _svd(a: Any, full_matrices: bool = True, compute_uv: bool = True, hermitian: bool = False) -> Any:
    a = cholesky.hermitian("svd", _floats(a), False) if hermitian else _floats(a)
    return singular_values.svd(a, full_matrices) if compute_uv else singular_values.svdvals(a)


_UNSAID: Any = object()


def _pinv(a: Any, rcond: Any = None, hermitian: bool = False, *, rtol: Any = _UNSAID) -> Any:
    if rtol is _UNSAID:
        rtol = 1e-15 if rcond is None else rcond
    elif rcond is not None:
        raise ArgumentError("np.linalg.pinv: rcond and rtol are two names of one argument; give one")
    return singular_values.pinv(_floats(a), hermitian=hermitian, rtol=rtol)


def _norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    vector = x.ndim == 1 if axis is None else not isinstance(axis, (tuple, list)) or len(axis) == 1
    if isinstance(axis, (tuple, list)) and len(axis) not in (1, 2):
        raise ShapeError(f"np.linalg.norm: norms are of vectors or matrices, one or two axes, got axis={axis}")
    if vector and ord is not None:
        return _vector_norm(x, axis=axis, keepdims=keepdims, ord=ord)
    return norms.norm(_floats(x), ord, axis, keepdims)


def _lstsq(a: Any, b: Any, rcond: Any = None) -> tuple[Any, Any, int, Any]:
    a, b = as_one(_floats(a), _floats(b))
    found = singular_values.lstsq(a, b[:, None] if b.ndim == 1 else b, rcond, driver="gelsd")
    solution = found.solution[:, 0] if b.ndim == 1 else found.solution
    return solution, found.residuals, int(found.rank), found.singular_values


def _cond(x: Any, p: Any = None) -> Any:
    found = norms.cond(_floats(x), p)
    # 0 / 0 is infinite too, as NumPy has it.
    lost = np.isnan(value_of(found)) & ~np.isnan(value_of(x)).any((-2, -1))
    return elementwise.where(lost, np.inf, found) if lost.any() else found


def _vector_norm(x: Any, *, axis: Any = None, keepdims: bool = False, ord: float = 2) -> Any:
    x = _floats(x)
    if axis == ():  # each element is a vector of its own
        return norms.vector_norm(x[None], ord, 0)
    if any(size == 0 != kept for size, kept in zip(x.shape, kept_shape(x.shape, axis))):  # PyTorch refuses some
        if ord == np.inf:
            ord = 1
        elif -np.inf < ord < 0:
            return norms.vector_norm(x, 1, axis, keepdims) + np.inf
    return norms.vector_norm(x, ord, axis, keepdims)


def _matrix_norm(x: Any, *, keepdims: bool = False, ord: Any = "fro") -> Any:
    return norms.matrix_norm(_floats(x), ord, keepdim=keepdims)


def _eig(a: Any) -> Any:
    """Before NumPy 2.5 a real matrix with real eigenvalues alone has real results, from then on complex ones."""
    a = _floats(a)
    found = eigenvalues.eig(a)
    if a.dtype.kind == "c" or ALWAYS_COMPLEX or np.any(np.imag(value_of(found.eigenvalues))):
        return found
    return eigenvalues.Eigen(real(found.eigenvalues), real(found.eigenvectors))


def _matrix_rank(A: Any, tol: Any = None, hermitian: bool = False, *, rtol: Any = None) -> Any:
    if A.ndim < 2:
        return np.any(A != 0) * 1
    return singular_values.matrix_rank(_floats(A), tol, hermitian, rtol=rtol)


def _sequences(a: Any, v: Any, name: str) -> tuple[Any, Any]:
    a, v = (reshape(x, (-1,)) if x.ndim == 0 else x for x in as_one(a, v))
    if a.ndim != 1 or v.ndim != 1 or not a.shape[0] or not v.shape[0]:
        raise ShapeError(
            f"np.{name}: both are vectors with at least one element, got {shape_text(a.shape)} and "
            f"{shape_text(v.shape)}"
        )
    return a, v


def _products_by_sum(a: Any, v: Any) -> Any:
    """The sum over i + j = k of a[i] · v[j], for every k."""
    places = np.add.outer(np.arange(a.shape[0]), np.arange(v.shape[0]))
    return place(products.outer(a, v), (a.shape[0] + v.shape[0] - 1,), (places,))


def _convolve(a: Any, v: Any, mode: str = "full") -> Any:
    a, v = _sequences(a, v, "convolve")
    return _middle(_products_by_sum(a, v), a.shape[0], v.shape[0], mode, False)


def _correlate(a: Any, v: Any, mode: str = "valid") -> Any:
    a, v = _sequences(a, v, "correlate")
    n, m = a.shape[0], v.shape[0]
    return _middle(_products_by_sum(a, conj(v)[::-1]), n, m, mode, n < m)


def _middle(full: Any, n: int, m: int, mode: str, from_the_end: bool) -> Any:
    """The part of all sums that ``mode`` asks for; NumPy turns the shorter sequence round where it comes first."""
    long, short = (n, m) if n > m else (m, n)
    if mode not in ("full", "same", "valid"):
        raise ArgumentError(f"mode is 'full', 'same' or 'valid', got {mode!r}")
    if mode == "full":
        return full
    if mode == "valid":
        return full[short - 1 : long]
    start = short // 2 if from_the_end else (short - 1) // 2
    return full[start : start + long]


def _vander(x: Any, N: int | None = None, increasing: bool = False) -> Any:
    x = in_dtype(x, np.result_type(x.dtype, int))
    count = x.shape[0] if N is None else N
    powers = products.vander(x, max(count, 2))[:, :count]
    return powers if increasing else flip(powers, [1])


def _vecdot(x1: Any, x2: Any, *, axis: int = -1, **said: Any) -> Any:
    return np.vecdot(*(np.moveaxis(operand(x), axis, -1) for x in (x1, x2)), **said)


def _last_with_last(x1: Any, x2: Any) -> Any:
    x1, x2 = as_one(x1, x2)
    if not (x1.ndim and x2.ndim) or x1.shape[-1] != x2.shape[-1]:  # PyTorch repeats a vector of one element
        raise ShapeError(
            f"np.vecdot: the sizes of the vectors must agree, got {shape_text(x1.shape)} and {shape_text(x2.shape)}"
        )
    return products.vecdot(x1, x2)


FUNCTIONS.update({
    np.dot: _dot, np.inner: _inner, np.outer: _outer, np.vdot: _vdot, np.tensordot: _tensordot, np.kron: _kron,
    np.einsum: _einsum, np.trace: _trace, np.cross: _cross, np.convolve: _convolve, np.correlate: _correlate,
    np.linalg.inv: _of_floats(solving.inv), np.linalg.solve: _solve, np.linalg.det: _of_floats(solving.det),
    np.linalg.slogdet: _of_floats(solving.slogdet), np.linalg.tensorinv: _of_floats(solving.tensorinv),
    np.linalg.tensorsolve: lambda a, b, axes=None: solving.tensorsolve(*as_one(_floats(a), _floats(b)), axes),
    np.linalg.cholesky: lambda a, *, upper=False: cholesky.cholesky(_floats(a), upper),
    np.linalg.qr: _qr, np.linalg.svd: _svd, np.linalg.svdvals: _of_floats(singular_values.svdvals),
    np.linalg.eigh: _of_floats(eigenvalues.eigh), np.linalg.eigvalsh: _of_floats(eigenvalues.eigvalsh),
    np.linalg.pinv: _pinv, np.linalg.lstsq: _lstsq, np.linalg.cond: _cond, np.linalg.norm: _norm,
    np.linalg.vector_norm: _vector_norm, np.linalg.matrix_norm: _matrix_norm,
    np.linalg.matrix_power: lambda a, n: matrix_functions.matrix_power(operand(a) if n >= 0 else _floats(a), n),
    np.linalg.eig: _eig, np.linalg.eigvals: lambda a: _eig(a).eigenvalues, np.linalg.matrix_rank: _matrix_rank,
    np.linalg.outer: _outer, np.linalg.matmul: products.matmul, np.linalg.matrix_transpose: matrix_transpose,
    np.linalg.tensordot: lambda x1, x2, *, axes=2: _tensordot(x1, x2, axes),
    np.linalg.vecdot: _vecdot,
    np.linalg.cross: lambda x1, x2, *, axis=-1: _cross(x1, x2, axis=axis),
    np.linalg.trace: lambda x, *, offset=0, dtype=None: _trace(x, offset, -2, -1, dtype),
    np.linalg.diagonal: lambda x, *, offset=0: diagonal(x, offset, -2, -1), np.vander: _vander,
    np.linalg.multi_dot: lambda arrays: products.multi_dot([operand(a) for a in arrays]),
})  # fmt: skip
UFUNCS[np.vecdot] = _last_with_last
if hasattr(np, "matvec"):  # NumPy 2.2
    UFUNCS[np.matvec] = lambda a, b: products.matmul(a, operand(b)[..., None])[..., 0]
    UFUNCS[np.vecmat] = lambda a, b: products.matmul(conj(operand(a))[..., None, :], b)[..., 0, :]
