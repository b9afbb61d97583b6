"""Calls of every function of the array API standard, for ``test_array_api``.

``x`` and ``y`` are (3, 4), ``v`` and ``w`` (4,), ``s`` (3, 3), ``p`` (2, 3, 3) and positive definite, ``e`` (0, 4),
``o`` 0-d; ``k`` are positions, ``b`` booleans, ``d`` is the dtype.
"""

from __future__ import annotations

UNARY = """
abs acos acosh asin asinh atan atanh bitwise_invert ceil conj cos cosh exp expm1 floor imag isfinite isinf
isnan log log10 log1p log2 logical_not negative positive real reciprocal round sign signbit sin sinh sqrt square tan
tanh trunc"""
BINARY = """add atan2 bitwise_and bitwise_left_shift bitwise_or bitwise_right_shift bitwise_xor copysign divide equal
floor_divide greater greater_equal hypot less less_equal logaddexp logical_and logical_or logical_xor maximum minimum
multiply nextafter not_equal pow remainder subtract"""
# With a number of Python on one side.
NUMBERS = "add subtract multiply divide pow maximum minimum equal less greater floor_divide remainder atan2 hypot"
OPERATORS = "+ - * / // % ** & | ^ << >> == != < <= > >="
REDUCTIONS = "all any argmax argmin count_nonzero max mean min prod std sum var"

OTHERS = """
arange(3) | arange(1, 7, 2) | arange(0.0, 1.0, 0.25) | arange(3, dtype=d) | arange(5, 1, -2) | arange(0, 0)
asarray(2) | asarray(2.5) | asarray(True) | asarray(1j) | asarray([[1, 2], [3, 4]], dtype=d) | asarray([1.5, 2.5])
asarray(x) | asarray(x, copy=True) | asarray(x, dtype=float64) | asarray(x, copy=False) | asarray([1, 2], copy=True)
asarray(k, dtype=float32, copy=False)
empty((2, 3)).shape | empty(2, dtype=d).dtype | empty_like(x).shape | empty_like(x, dtype=float32).dtype
eye(3) | eye(2, 3, k=1) | eye(3, 2, k=-1, dtype=d)
full((2, 2), 3) | full(2, 1.5) | full((), True) | full((2,), 2, dtype=d) | full_like(x, 1) | full_like(x, 1, dtype=int8)
linspace(0, 1, 5) | linspace(0.0, 1.0, 4, endpoint=False) | linspace(0, 9, 3, dtype=float32) | linspace(2, 3, 1)
meshgrid(v, w) | meshgrid(v, w, indexing="ij") | meshgrid(v)
ones((2, 3)) | ones(2, dtype=d) | ones_like(x) | ones_like(x, dtype=bool) | zeros((2, 0)) | zeros((), dtype=d)
zeros_like(x) | zeros_like(x, dtype=int64)
tril(x) | tril(p, k=-1) | triu(x, k=1) | triu(p)
astype(x, float64) | astype(x, d, copy=False) | astype(b, d) | astype(x, bool) | astype(k, complex64)
broadcast_arrays(x, v) | broadcast_to(v, (2, 4)) | broadcast_to(x, (2, 3)) | broadcast_to(o, (2, 2))
can_cast(x, d) | can_cast(float64, float32) | result_type(x, float32) | result_type(x, b, k)
result_type(int8, uint8) | result_type(x, 1) | result_type(k, int8) | result_type(float32, 1.0)
isdtype(d, "numeric") | isdtype(d, "bool") | isdtype(d, "integral") | isdtype(d, "real floating") | isdtype(d, float64)
isdtype(d, ("signed integer", "complex floating")) | isdtype(d, "unsigned integer") | isdtype(d, "number")
finfo(float32).eps | finfo(d).max | finfo(d).bits | finfo(d).smallest_normal | finfo(d).dtype | finfo(x).min
iinfo(int8).max | iinfo(d).min | iinfo(d).bits | iinfo(d).dtype | iinfo(k).max
clip(x, 1, 2) | clip(x, min=1) | clip(x, max=1) | clip(x) | clip(x, y, None) | clip(x, max=v)
take(x, k, axis=0) | take(v, k) | take(x, k, axis=-1) | take_along_axis(x, argsort(x, axis=1), axis=1)
take_along_axis(x, argsort(x)) | take(x, asarray([9]), axis=0)
concat([x, y]) | concat((x, y), axis=1) | concat([x, y], axis=None) | concat([x, k]) | concat([e, x])
expand_dims(x, axis=0) | expand_dims(x, axis=-1) | expand_dims(x, axis=2) | expand_dims(x, axis=4)
flip(x) | flip(x, axis=1) | flip(x, axis=(0, 1)) | flip(x, axis=3) | moveaxis(p, 0, -1) | moveaxis(p, (0, 1), (1, 2))
permute_dims(x, (1, 0)) | permute_dims(p, (2, 0, 1)) | permute_dims(x, (0,)) | repeat(x, 2) | repeat(x, 2, axis=1)
repeat(v, k) | reshape(x, (4, 3)) | reshape(x, (-1,)) | reshape(x, (2, 6), copy=True) | reshape(x, (5, 3))
reshape(x, (12,), copy=False)
roll(x, 1) | roll(x, 2, axis=1) | roll(x, (1, 2), axis=(0, 1)) | squeeze(x[None, ...], axis=0) | squeeze(x, axis=0)
stack([x, y]) | stack((x, y), axis=-1) | stack([x, v]) | tile(x, (2, 1)) | tile(v, (2, 2)) | unstack(x)
unstack(x, axis=1)
argmax(e) | nonzero(x) | nonzero(b) | nonzero(o) | searchsorted(sort(v), w) | searchsorted(sort(v), x, side="right")
searchsorted(v, w, sorter=argsort(v)) | where(b, x, y) | where(b, x, 1) | where(b, 0, v) | where(b, x, k)
count_nonzero(x, axis=0) | count_nonzero(b) | count_nonzero(x, axis=1, keepdims=True)
isin(x, v)
unique_all(reshape(x, (-1,))) | unique_counts(x) | unique_inverse(x) | sort(unique_values(x))
sort(x) | sort(x, axis=0) | sort(x, descending=True) | sort(x, axis=0, descending=True, stable=False) | sort(v)
argsort(x) | argsort(x, axis=0, descending=True) | argsort(x, descending=True) | argsort(v, stable=True)
cumulative_sum(v) | cumulative_sum(x, axis=1) | cumulative_sum(x, axis=0, include_initial=True) | cumulative_sum(x)
cumulative_sum(x, axis=1, dtype=float64) | cumulative_prod(v) | cumulative_prod(x, axis=-1, include_initial=True)
diff(x) | diff(x, axis=0) | diff(v, n=2) | diff(x, prepend=x[:, :1]) | diff(x, append=x[:, :1])
sum(x, dtype=float64) | prod(x, dtype=float32) | sum(x, axis=(0, 1)) | mean(x, axis=(0, 1), keepdims=True)
std(x, correction=1) | std(x, axis=0, correction=1.0) | var(x, axis=1, correction=1, keepdims=True) | max(e) | sum(e)
sum(e, axis=0) | sum(x, axis=2) | all(x, axis=(0, 1)) | any(e, axis=1)
matmul(s, x) | matmul(x, v) | matmul(v, v) | matmul(p, s) | matmul(x, x) | matrix_transpose(x) | matrix_transpose(p)
tensordot(x, y, axes=2) | tensordot(x, v, axes=1) | tensordot(x, y, axes=((0,), (0,))) | tensordot(v, w, axes=0)
vecdot(x, y) | vecdot(x, v) | vecdot(p, p, axis=-2) | vecdot(x, s) | vecdot(x, v[:1])
matrix_transpose(v)
linalg.cholesky(p) | linalg.cholesky(p, upper=True) | linalg.cross(s, s[::-1, :]) | linalg.cross(p, s, axis=-1)
linalg.cross(x, x) | linalg.det(p) | linalg.diagonal(x) | linalg.diagonal(p, offset=1) | linalg.eigh(p).eigenvalues
linalg.eigvalsh(p) | linalg.inv(p) | linalg.matmul(s, x) | linalg.matrix_norm(x) | linalg.matrix_norm(p, keepdims=True)
linalg.matrix_norm(x, ord=1) | linalg.matrix_norm(x, ord=2) | linalg.matrix_norm(x, ord="nuc")
linalg.matrix_power(p, 2) | linalg.matrix_power(s, 3) | linalg.matrix_rank(p) | linalg.matrix_rank(x, rtol=0.1)
linalg.matrix_transpose(x)
linalg.outer(v, w) | linalg.pinv(x) | linalg.pinv(p, rtol=1e-3) | abs(linalg.qr(x).R)
abs(linalg.qr(p, mode="complete").Q)
linalg.slogdet(p) | linalg.slogdet(p).sign | linalg.solve(p, x) | linalg.solve(p, s[:, 0]) | linalg.solve(x, x)
linalg.svd(x).S | abs(linalg.svd(x, full_matrices=False).U) | abs(linalg.svd(x).U) | linalg.svdvals(p)
linalg.tensordot(x, y) | linalg.trace(x) | linalg.trace(p, offset=1) | linalg.trace(s, dtype=float64)
linalg.vecdot(x, y) | linalg.vecdot(x[:, :1], v) | linalg.vector_norm(x) | linalg.vector_norm(x, axis=1)
linalg.vector_norm(x, axis=(0, 1), ord=1) | linalg.vector_norm(x, axis=()) | linalg.vector_norm(v, axis=(), ord=0)
linalg.vector_norm(x, axis=(), ord=3, keepdims=True)
linalg.vector_norm(x, axis=0, ord=3, keepdims=True) | linalg.vector_norm(v, ord=inf)
linalg.vector_norm(p, axis=2, ord=0)
linalg.inv(x) | linalg.det(x) | linalg.cholesky(-p)
linalg.eigvals(p).shape | linalg.eig(p).eigenvalues.shape
fft.fft(x) | fft.fft(x, n=3) | fft.fft(x, axis=0, norm="ortho") | fft.ifft(x, norm="forward") | fft.fftn(x)
fft.fftn(p, axes=(0, 1)) | fft.ifftn(p, s=(2, 2), axes=(1, 2)) | fft.rfft(x) | fft.rfft(x, n=6, axis=0) | fft.irfft(x)
fft.irfft(x, n=5) | fft.rfftn(p) | fft.irfftn(p) | fft.irfftn(p, s=(3, 4), axes=(1, 2)) | fft.hfft(x) | fft.ihfft(x)
fft.hfft(x, n=7) | fft.fftshift(x) | fft.fftshift(x, axes=0) | fft.ifftshift(x, axes=(1,)) | fft.fftfreq(5)
fft.fftfreq(4, d=0.5) | fft.rfftfreq(6) | fft.rfftfreq(5, d=2.0, dtype=float32)
x[0, :] | x[1, 2] | x[:, ::-1] | x[..., 1] | x[None, 0, ...] | x[b2] | x[-1, -1] | x[9] | x[0, 0, 0] | o[()] | e[:, 0]
x.T | x.mT | x.shape | x.ndim | x.size | x.dtype | p.mT | abs(x) | -x | +x | ~x | s @ x | x @ v | x @ x
bool(o) | int(o) | float(o) | complex(o) | x.to_device(x.device) | bool(x) | float(x) | o.__index__()
from_dlpack(x) | from_dlpack(x, copy=True) | from_dlpack(x[:, ::2])
e | pi | inf | newaxis
""".strip()


def calls() -> list[str]:
    """Expressions, without doubles."""
    found = [call.strip() for line in OTHERS.splitlines() for call in line.split(" | ")]
    found += [f"{name}({arg})" for name in UNARY.split() for arg in ("x", "o", "e", "special")]
    found += [
        f"{name}({args})"
        for name in BINARY.split()
        for args in ("x, y", "x, v", "x, k", "special, special_too", "x, s")
    ]
    found += [f"{name}({args})" for name in NUMBERS.split() for args in ("x, 2", "2, x", "x, 2.0")]
    found += [f"x {sign} {y}" for sign in OPERATORS.split() for y in ("y", "v", "2", "2.5", "s")]
    found += [f"2 {sign} x" for sign in OPERATORS.split()]
    found += [
        f"{name}({args})"
        for name in REDUCTIONS.split()
        for args in ("x", "x, axis=0", "x, axis=-1, keepdims=True", "o", "special", "x, axis=5")
    ]
    return list(dict.fromkeys(found))
