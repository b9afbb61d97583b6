"""NumPy in, gradients out, and you can look inside.

Written by `python docs/make_reference.py`.
"""

import numpy as np
import os
from builtins import bool as _bool, float as _float, int as _int
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from numpy import dtype as dtype
from numpy.typing import ArrayLike
from typing import Any, Literal, SupportsIndex, overload
from . import (
    accelerator as accelerator, amp as amp, array_api as array_api, as_torch as as_torch, autograd as autograd,
    backends as backends, blas as blas, check as check, compiler as compiler, cuda as cuda, data as data,
    distributed as distributed, distributions as distributions, drawing as drawing, explaining as explaining,
    faults as faults, fft as fft, func as func, functional as functional, functions as functions, hub as hub,
    jit as jit, linalg as linalg, models as models, mps as mps, nn as nn, not_here as not_here,
    numpy_names as numpy_names, onnx as onnx, ops as ops, optim as optim, places as places, playground as playground,
    profiler as profiler, program as program, random as random, replaying as replaying, saving as saving,
    signal as signal, sklearn as sklearn, special as special, testing as testing, train as train, types as types,
    utils as utils, verify as verify, version as version, xpu as xpu,
)
from .amp import GradScaler as GradScaler, autocast as autocast
from .autograd import dtypes, size
from .autograd.device import DeviceLike, device as device
from .autograd.dtypes import DType, MissingDType
from .autograd.errors import AutogradError as AutogradError
from .autograd.layout import layout as layout, memory_format as memory_format
from .autograd.modes import (
    enable_grad as enable_grad, inference_mode as inference_mode, no_grad as no_grad,
    set_grad_enabled as set_grad_enabled,
)
from .autograd.size import Size as Size
from .autograd.storage import TypedStorage as TypedStorage, UntypedStorage as UntypedStorage
from .autograd.tensor import Tensor as Tensor
from .autograd.types import Array, Axis, DTypeLike, Index, Operand, Size as _Size
from .compiler import F
from .drawing.picture import Picture
from .explaining.explanation import Explanation
from .faults.finding import Findings
from .func.transforms import Function
from .functions.constructors import TensorType
from .functions.kinds import finfo as finfo, iinfo as iinfo
from .functions.older_linalg import OlderQR, OlderSignLogdet, Reflections, TriangularSolution, UnconjugatedSVD
from .ops.extremes import Range
from .ops.histograms import Histogram, HistogramOfPoints
from .ops.lu import UnpackedLU
from .ops.rounding import Frexp
from .ops.scans import Found
from .ops.sliding import Target
from .optim.optimizer import Optimizer
from .random.generator import Generator as Generator
from .replaying.forms import Replay
from .verify.compared import Compared

BoolTensor: TensorType
ByteTensor: TensorType
CharTensor: TensorType
DoubleTensor: TensorType
FloatTensor: TensorType
HalfTensor: TensorType
IntTensor: TensorType
LongTensor: TensorType
ShortTensor: TensorType
bfloat16: MissingDType
bool: np.dtype[np.bool]
cdouble: np.dtype[np.complex128]
cfloat: np.dtype[np.complex64]
channels_last: memory_format
channels_last_3d: memory_format
complex128: np.dtype[np.complex128]
complex64: np.dtype[np.complex64]
contiguous_format: memory_format
double: np.dtype[np.float64]
e: _float
float: np.dtype[np.float32]
float16: np.dtype[np.float16]
float32: np.dtype[np.float32]
float64: np.dtype[np.float64]
half: np.dtype[np.float16]
has_lapack: _bool
has_mkl: _bool
has_openmp: _bool
has_spectral: _bool
inf: _float
int: np.dtype[np.int32]
int16: np.dtype[np.int16]
int32: np.dtype[np.int32]
int64: np.dtype[np.int64]
int8: np.dtype[np.int8]
long: np.dtype[np.int64]
nan: _float
newaxis: None
pi: _float
preserve_format: memory_format
short: np.dtype[np.int16]
strided: layout
uint16: np.dtype[np.uint16]
uint32: np.dtype[np.uint32]
uint64: np.dtype[np.uint64]
uint8: np.dtype[np.uint8]
__version__: str
def abs(input: Array, *, out: Tensor | None = None) -> Tensor:
    """Absolute value; its gradient at 0 is 0. Formula: |x|"""
def abs_(input: Array, *, out: Tensor | None = None) -> Tensor:
    """``abs``, written into the tensor itself."""
def absolute(input: Array, *, out: Tensor | None = None) -> Tensor:
    """Absolute value; its gradient at 0 is 0. Formula: |x|"""
def acos(input: Array, *, out: Tensor | None = None) -> Tensor:
    """The angle in [0, π] with this cosine; NaN outside [−1, 1]. Formula: arccos x"""
def acos_(input: Array, *, out: Tensor | None = None) -> Tensor:
    """``acos``, written into the tensor itself."""
def acosh(input: Array, *, out: Tensor | None = None) -> Tensor:
    """Inverse hyperbolic cosine; NaN below 1. Formula: arcosh x"""
def acosh_(input: Array, *, out: Tensor | None = None) -> Tensor:
    """``acosh``, written into the tensor itself."""
def adaptive_avg_pool1d(input: Array, output_size: Target, *, out: Tensor | None = None) -> Tensor:
    """The means of ``output_size`` parts of (rows, channels, length); as ``adaptive_avg_pool2d``."""
@overload
def adaptive_max_pool1d(
    input: Array, output_size: Target, return_indices: Literal[False] = False, *, out: Tensor | None = None,
) -> Tensor:
    """The largest elements of ``output_size`` parts of (rows, channels, length); as ``adaptive_max_pool2d``."""
@overload
def adaptive_max_pool1d(
    input: Array, output_size: Target, return_indices: _bool = False, *, out: Tensor | tuple[Tensor, ...] | None = None,
) -> tuple[Tensor, Tensor]:
    """The largest elements of ``output_size`` parts of (rows, channels, length); as ``adaptive_max_pool2d``."""
def add(input: Operand, other: Operand, *, alpha: Any = 1, out: Tensor | None = None) -> Tensor:
    """``input + alpha · other``; shapes broadcast."""
def addbmm(
    input: Array, batch1: Array, batch2: Array, *, beta: _float = 1, alpha: _float = 1, out: Tensor | None = None,
) -> Tensor:
    """``beta · input + alpha · Σ batch1[i] @ batch2[i]``."""
def addcdiv(input: Array, tensor1: Array, tensor2: Array, *, value: Operand = 1, out: Tensor | None = None) -> Tensor:
    """``input + value · tensor1 / tensor2``."""
def addcmul(input: Array, tensor1: Array, tensor2: Array, *, value: Operand = 1, out: Tensor | None = None) -> Tensor:
    """``input + value · tensor1 · tensor2``."""
def addmm(
    input: Array, mat1: Array, mat2: Array, *, beta: _float = 1, alpha: _float = 1, out: Tensor | None = None,
) -> Tensor:
    """``beta · input + alpha · mat1 @ mat2``; with ``beta`` 0 the input is not read."""
def addmv(
    input: Array, mat: Array, vec: Array, *, beta: _float = 1, alpha: _float = 1, out: Tensor | None = None,
) -> Tensor:
    """``beta · input + alpha · mat @ vec``."""
def addmv_(
    input: Array, mat: Array, vec: Array, *, beta: _float = 1, alpha: _float = 1, out: Tensor | None = None,
) -> Tensor:
    """``addmv``, written into the tensor itself."""
def addr(
    input: Array, vec1: Array, vec2: Array, *, beta: _float = 1, alpha: _float = 1, out: Tensor | None = None,
) -> Tensor:
    """``beta · input + alpha · outer(vec1, vec2)``."""
def adjoint(input: Array, *, out: Tensor | None = None) -> Tensor:
    """The conjugate transpose of matrices."""
def affine_grid_generator(
    theta: Array, size: Sequence[_int], align_corners: _bool, *, out: Tensor | None = None,
) -> Tensor:
    """``nn.functional.affine_grid``: where ``grid_sample`` reads images that are turned, scaled and moved."""
def alias_copy(input: Array, memory_format: Any = None, *, out: Tensor | None = None) -> Tensor:
    """A copy that records; memory_format changes nothing. Formula: x"""
def all(
    input: Array, axis: Axis = None, keepdims: _bool = False, *, dim: Axis = None, keepdim: _bool | None = None,
    out: Tensor | None = None,
) -> Tensor:
    """Whether all elements are not 0."""
def allclose(
    input: Operand, other: Operand, rtol: _float = 1e-05, atol: _float = 1e-08, equal_nan: _bool = False,
) -> _bool:
    """Whether all elements satisfy ``|input − other| ≤ atol + rtol · |other|``."""
def alpha_dropout(input: Array, p: _float, train: _bool, *, out: Tensor | None = None) -> Tensor:
    """``nn.functional.alpha_dropout``, which keeps mean and variance behind ``selu``."""
def alpha_dropout_(input: Tensor, p: _float, train: _bool, *, out: Tensor | None = None) -> Tensor:
    """``alpha_dropout`` written into the tensor itself."""
def amax(
    input: Array, axis: Axis = None, keepdims: _bool = False, *, dim: Axis = None, keepdim: _bool | None = None,
    out: Tensor | None = None,
) -> Tensor:
    """Largest element over the given axes; ties share the gradient equally. Formula: max x"""
def amin(
    input: Array, axis: Axis = None, keepdims: _bool = False, *, dim: Axis = None, keepdim: _bool | None = None,
    out: Tensor | None = None,
) -> Tensor:
    """Smallest element over the given axes; ties share the gradient equally. Formula: min x"""
def aminmax(
    input: Array, *, dim: _int | None = None, keepdim: _bool = False, axis: _int | None = None,
    keepdims: _bool | None = None,
) -> Range:
    """The smallest and the largest element over ``dim`` (all by default); ties share the gradient equally."""
def angle(input: Array, *, out: Tensor | None = None) -> Tensor:
    """The angle in radians; of a real number 0, or π where it is negative, without a slope."""
def any(
    input: Array, axis: Axis = None, keepdims: _bool = False, *, dim: Axis = None, keepdim: _bool | None = None,
    out: Tensor | None = None,
) -> Tensor:
    """Whether any element is not 0."""
def arange(
    start: _float | None = None, end: _float | None = None, step: _float = 1, *, dtype: DTypeLike = None,
    device: DeviceLike | None = None, requires_grad: _bool = False, out: Tensor | None = None,
) -> Tensor:
    """Numbers from ``start`` (0) up to, not including, ``end``; integers give int64, floats the default dtype."""
def arccos(input: Array, *, out: Tensor | None = None) -> Tensor:
    """The angle in [0, π] with this cosine; NaN outside [−1, 1]. Formula: arccos x"""
def arccos_(input: Array, *, out: Tensor | None = None) -> Tensor:
    """``arccos``, written into the tensor itself."""
def arccosh(input: Array, *, out: Tensor | None = None) -> Tensor:
    """Inverse hyperbolic cosine; NaN below 1. Formula: arcosh x"""
def arccosh_(input: Array, *, out: Tensor | None = None) -> Tensor:
    """``arccosh``, written into the tensor itself."""
def arcsin(input: Array, *, out: Tensor | None = None) -> Tensor:
    """The angle in [−π/2, π/2] with this sine; NaN outside [−1, 1]. Formula: arcsin x"""
def arcsin_(input: Array, *, out: Tensor | None = None) -> Tensor:
    """``arcsin``, written into the tensor itself."""
def arcsinh(input: Array, *, out: Tensor | None = None) -> Tensor:
    """Inverse hyperbolic sine. Formula: arsinh x"""
def arcsinh_(input: Array, *, out: Tensor | None = None) -> Tensor:
    """``arcsinh``, written into the tensor itself."""
def arctan(input: Array, *, out: Tensor | None = None) -> Tensor:
    """The angle in (−π/2, π/2) with this tangent. Formula: arctan x"""
def arctan2(input: Operand, other: Operand, *, out: Tensor | None = None) -> Tensor:
    """The angle of the point (b, a) from the first axis, in (−π, π]; its slope at (0, 0) is 0. Formula: arg(b + i a)"""
def arctan_(input: Array, *, out: Tensor | None = None) -> Tensor:
    """``arctan``, written into the tensor itself."""
def arctanh(input: Array, *, out: Tensor | None = None) -> Tensor:
    """Inverse hyperbolic tangent; NaN outside [−1, 1]. Formula: artanh x"""
def arctanh_(input: Array, *, out: Tensor | None = None) -> Tensor:
    """``arctanh``, written into the tensor itself."""
def are_deterministic_algorithms_enabled() -> _bool:
    """True: no other ones are used."""
def argmax(
    input: Array, axis: Axis = None, keepdims: _bool = False, *, dim: Axis = None, keepdim: _bool | None = None,
    out: Tensor | None = None,
) -> Tensor:
    """Index of the first largest element along an axis, or of all."""
def argmin(
    input: Array, axis: Axis = None, keepdims: _bool = False, *, dim: Axis = None, keepdim: _bool | None = None,
    out: Tensor | None = None,
) -> Tensor:
    """Index of the first smallest element along an axis, or of all."""
def argsort(
    input: Array, dim: _int = -1, descending: _bool = False, *, stable: _bool = False, axis: _int | None = None,
    out: Tensor | None = None,
) -> Tensor:
    """The indices that sort x along ``dim``; equal elements always keep their order."""
def argwhere(input: Array, *, out: Tensor | None = None) -> Tensor:
    """The positions of the elements that are not 0, (n, dimensions)."""
def as_strided(
    input: Array, size: _Size, stride: _Size, storage_offset: _int | None = None, *, out: Tensor | None = None,
) -> Tensor:
    """``result[i, j] = memory[storage_offset + i·stride[0] + j·stride[1]]``, and so on: a view."""
def as_strided_(
    input: Array, size: _Size, stride: _Size, storage_offset: _int | None = None, *, out: Tensor | None = None,
) -> Tensor:
    """``as_strided`` on the tensor itself, which keeps its memory."""
def as_strided_copy(
    input: Array, size: _Size, stride: _Size, storage_offset: _int | None = None, *, out: Tensor | None = None,
) -> Tensor:
    """A copy of what ``as_strided`` gives, which shares no memory with the input."""
def as_strided_scatter(
    input: Array, src: Array, size: _Size, stride: _Size, storage_offset: _int | None = None, *,
    out: Tensor | None = None,
) -> Tensor:
    """A copy of ``input`` with the elements that ``as_strided`` reads replaced by ``src``."""
def as_tensor(
    data: Any, dtype: DTypeLike = None, device: DeviceLike | None = None, *, out: Tensor | None = None,
) -> Tensor:
    """The data as a tensor, sharing an array's memory where dtype allows; a tensor comes back as it is."""
def asarray(
    obj: Any, *, dtype: DTypeLike = None, device: DeviceLike | None = None, copy: _bool | None = None,
    requires_grad: _bool | None = None, out: Tensor | None = None,
) -> Tensor:
    """Numbers, lists, an array, a tensor or a buffer as a tensor: on the same memory where ``copy`` and dtype allow."""
def asin(input: Array, *, out: Tensor | None = None) -> Tensor:
    """The angle in [−π/2, π/2] with this sine; NaN outside [−1, 1]. Formula: arcsin x"""
def asin_(input: Array, *, out: Tensor | None = None) -> Tensor:
    """``asin``, written into the tensor itself."""
def asinh(input: Array, *, out: Tensor | None = None) -> Tensor:
    """Inverse hyperbolic sine. Formula: arsinh x"""
def asinh_(input: Array, *, out: Tensor | None = None) -> Tensor:
    """``asinh``, written into the tensor itself."""
def atan(input: Array, *, out: Tensor | None = None) -> Tensor:
    """The angle in (−π/2, π/2) with this tangent. Formula: arctan x"""
def atan2(input: Operand, other: Operand, *, out: Tensor | None = None) -> Tensor:
    """The angle of the point (b, a) from the first axis, in (−π, π]; its slope at (0, 0) is 0. Formula: arg(b + i a)"""
def atan_(input: Array, *, out: Tensor | None = None) -> Tensor:
    """``atan``, written into the tensor itself."""
def atanh(input: Array, *, out: Tensor | None = None) -> Tensor:
    """Inverse hyperbolic tangent; NaN outside [−1, 1]. Formula: artanh x"""
def atanh_(input: Array, *, out: Tensor | None = None) -> Tensor:
    """``atanh``, written into the tensor itself."""
@overload
def atleast_1d(tensor: Array, /, *, out: Tensor | None = None) -> Tensor:
    """A 0-d tensor as (1,); several tensors give a tuple."""
@overload
def atleast_1d(*tensors: Array, out: Tensor | tuple[Tensor, ...] | None = None) -> tuple[Tensor, ...]:
    """A 0-d tensor as (1,); several tensors give a tuple."""
@overload
def atleast_2d(tensor: Array, /, *, out: Tensor | None = None) -> Tensor:
    """With new dimensions in front, up to two; several tensors give a tuple."""
@overload
def atleast_2d(*tensors: Array, out: Tensor | tuple[Tensor, ...] | None = None) -> tuple[Tensor, ...]:
    """With new dimensions in front, up to two; several tensors give a tuple."""
@overload
def atleast_3d(tensor: Array, /, *, out: Tensor | None = None) -> Tensor:
    """With three dimensions: (n,) becomes (1, n, 1), (m, n) becomes (m, n, 1); several tensors give a tuple."""
@overload
def atleast_3d(*tensors: Array, out: Tensor | tuple[Tensor, ...] | None = None) -> tuple[Tensor, ...]:
    """With three dimensions: (n,) becomes (1, n, 1), (m, n) becomes (m, n, 1); several tensors give a tuple."""
def avg_pool1d(
    input: Array, kernel_size: _Size, stride: _Size | None = None, padding: _Size = 0, ceil_mode: _bool = False,
    count_include_pad: _bool = True, *, out: Tensor | None = None,
) -> Tensor:
    """The means of windows of ``input`` (rows, channels, length); as ``avg_pool2d``."""
def baddbmm(
    input: Array, batch1: Array, batch2: Array, *, beta: _float = 1, alpha: _float = 1, out: Tensor | None = None,
) -> Tensor:
    """``beta · input + alpha · bmm(batch1, batch2)``."""
def bartlett_window(
    window_length: _int, periodic: _bool = True, *, dtype: DTypeLike = None, device: DeviceLike | None = None,
    requires_grad: _bool = False, out: Tensor | None = None,
) -> Tensor:
    """A triangle: from 0 up to 1 in the middle and down again."""
def batch_norm(
    input: Array, weight: Array | None, bias: Array | None, running_mean: Array | None, running_var: Array | None,
    training: _bool, momentum: _float, eps: _float, cudnn_enabled: _bool = False, *, out: Tensor | None = None,
) -> Tensor:
    """``nn.functional.batch_norm``, with the weight and the bias first."""
def bernoulli(
    input: Array, p: _float | None = None, *, generator: Generator | None = None, out: Tensor | None = None,
) -> Tensor:
    """1 with the probability that each element of ``input`` gives, or with ``p``, else 0; of its shape and dtype."""
def bilinear(
    input1: Array, input2: Array, weight: Array, bias: Array | None = None, *, out: Tensor | None = None,
) -> Tensor:
    """``x1ᵀ weight x2 + bias``: (..., in1) and (..., in2) to (..., out), for weight (out, in1, in2), bias (out)."""
def bincount(input: Array, weights: Any = None, minlength: _int = 0, *, out: Tensor | None = None) -> Tensor:
    """How often each integer from 0 occurs, or the sum of its ``weights``; at least ``minlength`` numbers."""
def binomial(count: Array, prob: Array, generator: Generator | None = None, *, out: Tensor | None = None) -> Tensor:
    """How many of ``count`` attempts succeed, each with the probability ``prob``; both broadcast."""
def bitwise_and(input: Operand, other: Operand, *, out: Tensor | None = None) -> Tensor:
    """Bitwise and; of masks: both."""
def bitwise_left_shift(input: Operand, other: Operand, *, out: Tensor | None = None) -> Tensor:
    """a · 2ᵇ of integers."""
def bitwise_not(input: Array, *, out: Tensor | None = None) -> Tensor:
    """Bitwise not; of a mask: not."""
def bitwise_or(input: Operand, other: Operand, *, out: Tensor | None = None) -> Tensor:
    """Bitwise or; of masks: either."""
def bitwise_right_shift(input: Operand, other: Operand, *, out: Tensor | None = None) -> Tensor:
    """⌊a / 2ᵇ⌋ of integers."""
def bitwise_xor(input: Operand, other: Operand, *, out: Tensor | None = None) -> Tensor:
    """Bitwise exclusive or."""
def blackman_window(
    window_length: _int, periodic: _bool = True, *, dtype: DTypeLike = None, device: DeviceLike | None = None,
    requires_grad: _bool = False, out: Tensor | None = None,
) -> Tensor:
    """``0.42 − 0.5 cos 2πt + 0.08 cos 4πt``, t from 0 to 1 over the window."""
def block_diag(*tensors: Array, out: Tensor | None = None) -> Tensor:
    """A matrix with the tensors (of at most 2 dimensions) as blocks on its diagonal, zeros elsewhere."""
def bmm(input: Array, mat2: Array, *, out: Tensor | None = None) -> Tensor:
    """The products of two batches (b, n, m) and (b, m, p) of matrices. Raises ``ShapeError`` for other ranks."""
def broadcast_shapes(*shapes: _Size) -> size.Size:
    """The shape in which shapes broadcast. Raises ``ShapeError`` where they do not."""
def broadcast_tensors(*tensors: Array, out: Tensor | tuple[Tensor, ...] | None = None) -> tuple[Tensor, ...]:
    """All tensors, each repeated without a copy to the shape that they have together."""
def broadcast_to(input: Array, *sizes: _Size, size: _Size | None = None, out: Tensor | None = None) -> Tensor:
    """Repeated, without a copy, to the shape ``size``."""
def bucketize(
    input: Operand, boundaries: Array, *, out_int32: _bool = False, right: _bool = False, out: Tensor | None = None,
) -> Tensor:
    """The number of the bucket, between sorted boundaries, that each number falls in; ``right``: a boundary opens one.
    """
def can_cast(from_: DTypeLike, to: DTypeLike) -> _bool:
    """Whether a result of one dtype may be written into a tensor of another: its kind of number must not be lower."""
def cartesian_prod(*tensors: Array, out: Tensor | None = None) -> Tensor:
    """All ways to take one element of each vector, a row each; of one vector, itself."""
def cat(tensors: Sequence[Array], axis: _int = 0, *, dim: _int | None = None, out: Tensor | None = None) -> Tensor:
    """Tensors joined along an existing dimension. Formula: [tensors₀, tensors₁, …] along axis"""
def cbrt(input: Array, *, out: Tensor | None = None) -> Tensor:
    """Cube root, of either sign. Formula: ∛x"""
def cdist(
    x1: Array, x2: Array, p: _float = 2.0, compute_mode: str | None = 'use_mm_for_euclid_dist_if_necessary', *,
    out: Tensor | None = None,
) -> Tensor:
    """The ``p``-norm of the difference of every row of ``x1`` (..., rows, size) and every row of ``x2``."""
def ceil(input: Array, *, out: Tensor | None = None) -> Tensor:
    """The smallest whole number not below each element; its gradient is 0. Formula: ⌈x⌉"""
def ceil_(input: Array, *, out: Tensor | None = None) -> Tensor:
    """``ceil``, written into the tensor itself."""
def celu(input: Array, alpha: _float = 1.0, *, out: Tensor | None = None) -> Tensor:
    """x above 0, ``alpha · (exp(x / alpha) − 1)`` below: an elu without a kink (Barron 2017)."""
def celu_(input: Array, alpha: _float = 1.0, inplace: _bool = False, *, out: Tensor | None = None) -> Tensor:
    """x above 0, ``alpha · (exp(x / alpha) − 1)`` below: an elu without a kink (Barron 2017)."""
def chain_matmul(*matrices: Any, out: Tensor | None = None) -> Tensor:
    """``multi_dot`` of matrices given one by one; of one alone a copy."""
def channel_shuffle(input: Array, groups: _int, *, out: Tensor | None = None) -> Tensor:
    """The channels (dimension 1) of ``groups`` groups, one of each group in turn (Zhang et al. 2018)."""
def cholesky(A: Array, upper: _bool = False, *, out: Tensor | None = None) -> Tensor:
    """The lower triangular L with ``A = L Lᴴ`` (``upper``: U with ``A = Uᴴ U``); one triangle of A is read."""
def cholesky_inverse(L: Array, upper: _bool = False, *, out: Tensor | None = None) -> Tensor:
    """The inverse of ``L Lᴴ`` (``Uᴴ U`` where ``upper``)."""
def cholesky_solve(B: Array, L: Array, upper: _bool = False, *, out: Tensor | None = None) -> Tensor:
    """The X with ``A X = B`` for ``A = L Lᴴ`` (``Uᴴ U`` where ``upper``), by two triangular solutions."""
def chunk(
    input: Array, chunks: _int, dim: _int = 0, *, axis: _int | None = None,
    out: Tensor | tuple[Tensor, ...] | None = None,
) -> tuple[Tensor, ...]:
    """At most ``chunks`` pieces of one size, the last one smaller where it does not divide."""
def clamp(input: Array, min: Operand | None = None, max: Operand | None = None, *, out: Tensor | None = None) -> Tensor:
    """Each element of ``input`` brought into [min, max]; a bound is a number, a tensor that broadcasts, or None."""
def clamp_(
    input: Array, min: Operand | None = None, max: Operand | None = None, *, out: Tensor | None = None,
) -> Tensor:
    """``clamp``, written into the tensor itself."""
def clamp_max(input: Operand, max: Operand, *, out: Tensor | None = None) -> Tensor:
    """Each element at most max; a tie gives the gradient to x. Formula: min(x, max)"""
def clamp_max_(input: Operand, max: Operand, *, out: Tensor | None = None) -> Tensor:
    """``clamp_max``, written into the tensor itself."""
def clamp_min(input: Operand, min: Operand, *, out: Tensor | None = None) -> Tensor:
    """Each element at least min; a tie gives the gradient to x. Formula: max(x, min)"""
def clamp_min_(input: Operand, min: Operand, *, out: Tensor | None = None) -> Tensor:
    """``clamp_min``, written into the tensor itself."""
def clip(input: Array, min: Operand | None = None, max: Operand | None = None, *, out: Tensor | None = None) -> Tensor:
    """Each element of ``input`` brought into [min, max]; a bound is a number, a tensor that broadcasts, or None."""
def clip_(input: Array, min: Operand | None = None, max: Operand | None = None, *, out: Tensor | None = None) -> Tensor:
    """``clip``, written into the tensor itself."""
def clone(input: Array, memory_format: Any = None, *, out: Tensor | None = None) -> Tensor:
    """A copy that records; memory_format changes nothing. Formula: x"""
def column_stack(tensors: Sequence[Array], *, out: Tensor | None = None) -> Tensor:
    """Side by side: joined along dimension 1, vectors and numbers as columns."""
def combinations(input: Array, r: _int = 2, with_replacement: _bool = False, *, out: Tensor | None = None) -> Tensor:
    """All choices of ``r`` elements of a vector in their order, a row each."""
def compare(
    manual: Mapping[str, Tensor | ArrayLike | None], loss: Tensor, values: Mapping[str, Tensor] | None = None,
) -> Compared:
    """Compare gradients made by hand with the engine's, value by value, and point at the first that is wrong."""
@overload
def compile(model: F, *, backend: str = ..., exact: _bool = ..., **settings: object) -> F:
    """A function, or a module, that runs as a program of NumPy calls; without one, a decorator."""
@overload
def compile(model: None = None, *, backend: str = ..., exact: _bool = ..., **settings: object) -> Callable[[F], F]:
    """A function, or a module, that runs as a program of NumPy calls; without one, a decorator."""
def complex(real: Operand, imag: Operand, *, out: Tensor | None = None) -> Tensor:
    """Complex numbers of two real tensors. Formula: real + i · imag"""
def concat(tensors: Sequence[Array], axis: _int = 0, *, dim: _int | None = None, out: Tensor | None = None) -> Tensor:
    """Tensors joined along an existing dimension. Formula: [tensors₀, tensors₁, …] along axis"""
def concatenate(
    tensors: Sequence[Array], axis: _int = 0, *, dim: _int | None = None, out: Tensor | None = None,
) -> Tensor:
    """Tensors joined along an existing dimension. Formula: [tensors₀, tensors₁, …] along axis"""
def conj(input: Array, *, out: Tensor | None = None) -> Tensor:
    """The complex conjugate; a real tensor is returned as it is."""
def conj_physical(input: Array, *, out: Tensor | None = None) -> Tensor:
    """The complex conjugate; a real tensor is returned as it is. Here it is never a lazy view: the same as ``conj``."""
def conj_physical_(input: Array, *, out: Tensor | None = None) -> Tensor:
    """``conj_physical``, written into the tensor itself."""
def constant_pad_nd(input: Array, pad: Sequence[_int], value: Operand = 0, *, out: Tensor | None = None) -> Tensor:
    """``input`` with a border of one number; ``pad`` holds (before, after) for the last dimension first."""
def conv1d(
    input: Array, weight: Array, bias: Array | None = None, stride: _Size = 1, padding: _Size | str = 0,
    dilation: _Size = 1, groups: _int = 1, *, out: Tensor | None = None,
) -> Tensor:
    """Sums of windows of ``input`` (rows, channels, length) times ``weight`` (outputs, channels / groups, kernel)."""
def conv2d(
    input: Array, weight: Array, bias: Array | None = None, stride: _Size = 1, padding: _Size | str = 0,
    dilation: _Size = 1, groups: _int = 1, *, out: Tensor | None = None,
) -> Tensor:
    """Sums of windows of ``input`` (rows, channels, height, width) times ``weight``, plus ``bias``."""
def conv3d(
    input: Array, weight: Array, bias: Array | None = None, stride: _Size = 1, padding: _Size | str = 0,
    dilation: _Size = 1, groups: _int = 1, *, out: Tensor | None = None,
) -> Tensor:
    """As ``conv2d``, over three dimensions: ``input`` is (rows, channels, depth, height, width)."""
def conv_tbc(input: Array, weight: Array, bias: Array, pad: _int = 0, *, out: Tensor | None = None) -> Tensor:
    """A convolution along the first dimension: (steps, rows, in) to (steps, rows, out), weight (width, in, out)."""
def conv_transpose1d(
    input: Array, weight: Array, bias: Array | None = None, stride: _Size = 1, padding: _Size = 0,
    output_padding: _Size = 0, groups: _int = 1, dilation: _Size = 1, *, out: Tensor | None = None,
) -> Tensor:
    """As ``conv_transpose2d``, over one dimension."""
def conv_transpose2d(
    input: Array, weight: Array, bias: Array | None = None, stride: _Size = 1, padding: _Size = 0,
    output_padding: _Size = 0, groups: _int = 1, dilation: _Size = 1, *, out: Tensor | None = None,
) -> Tensor:
    """The transpose of ``conv2d``: each element of ``input`` adds the kernel, times itself, at its window."""
def conv_transpose3d(
    input: Array, weight: Array, bias: Array | None = None, stride: _Size = 1, padding: _Size = 0,
    output_padding: _Size = 0, groups: _int = 1, dilation: _Size = 1, *, out: Tensor | None = None,
) -> Tensor:
    """As ``conv_transpose2d``, over three dimensions."""
def copysign(input: Operand, other: Operand, *, out: Tensor | None = None) -> Tensor:
    """The size of a with the sign of b (that of −0.0 counts); its slope at a = 0 is 0. Formula: |a| · sign b"""
def corrcoef(input: Array, *, out: Tensor | None = None) -> Tensor:
    """The correlation matrix of variables (one a row) over observations (one a column)."""
def cos(input: Array, *, out: Tensor | None = None) -> Tensor:
    """Cosine of an angle in radians. Formula: cos x"""
def cos_(input: Array, *, out: Tensor | None = None) -> Tensor:
    """``cos``, written into the tensor itself."""
def cosh(input: Array, *, out: Tensor | None = None) -> Tensor:
    """Hyperbolic cosine. Formula: cosh x"""
def cosh_(input: Array, *, out: Tensor | None = None) -> Tensor:
    """``cosh``, written into the tensor itself."""
def cosine_similarity(
    x1: Array, x2: Array, dim: _int = 1, eps: _float = 1e-08, *, axis: _int | None = None, out: Tensor | None = None,
) -> Tensor:
    """The cosine of the angle between vectors along ``dim``; a norm counts as at least ``eps``. Shapes broadcast."""
def count_nonzero(input: Array, axis: Axis = None, *, dim: Axis = None, out: Tensor | None = None) -> Tensor:
    """How many elements are not 0."""
def cov(
    input: Array, *, correction: _float = 1, fweights: Any = None, aweights: Any = None, out: Tensor | None = None,
) -> Tensor:
    """The covariance matrix of variables (one a row) over observations (one a column), divided by n − correction."""
def cross(
    input: Array, other: Array, dim: _int | None = None, *, axis: _int | None = None, out: Tensor | None = None,
) -> Tensor:
    """Vector products along ``dim``, by default the first dimension of size 3."""
def cummax(input: Array, dim: _int | None = None, *, axis: _int | None = None) -> Found:
    """The largest element up to each one along ``dim``, and where it stands; of equal elements the last counts."""
def cummin(input: Array, dim: _int | None = None, *, axis: _int | None = None) -> Found:
    """The smallest element up to each one along ``dim``, and where it stands; of equal elements the last counts."""
def cumprod(
    input: Array, dim: _int | None = None, *, dtype: DTypeLike = None, axis: _int | None = None,
    out: Tensor | None = None,
) -> Tensor:
    """Products of all elements up to each one along ``dim``, in ``dtype``; booleans and integers give int64."""
def cumsum(
    input: Array, dim: _int | None = None, *, dtype: DTypeLike = None, axis: _int | None = None,
    out: Tensor | None = None,
) -> Tensor:
    """Sums of all elements up to each one along ``dim``, in ``dtype``; booleans and integers give int64."""
def cumulative_trapezoid(
    y: Array, x: Array | None = None, *, dx: Any = 1, dim: _int = -1, axis: _int | None = None,
    out: Tensor | None = None,
) -> Tensor:
    """The integral up to each point but the first, by the trapezoidal rule; arguments as for ``trapezoid``."""
def deg2rad(input: Array, *, out: Tensor | None = None) -> Tensor:
    """Degrees as radians. Formula: x · π / 180"""
def deg2rad_(input: Array, *, out: Tensor | None = None) -> Tensor:
    """``deg2rad``, written into the tensor itself."""
def det(input: Array, *, out: Tensor | None = None) -> Tensor:
    """Determinant; its gradient, the cofactors, also holds where the matrix is singular. Formula: det x"""
def detach(self: Any, *, out: Tensor | None = None) -> Tensor:
    """The same memory without history: nothing flows back through it."""
def detach_(self: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The tensor without its history, from now on a leaf that requires no grad. Raises for a view."""
def detach_copy(input: Array, *, out: Tensor | None = None) -> Tensor:
    """A copy of the tensor without history, which shares no memory with it."""
def diag(input: Array, diagonal: _int = 0, *, out: Tensor | None = None) -> Tensor:
    """A matrix with the vector ``input`` on a diagonal; of a matrix, a copy of its diagonal."""
def diag_embed(
    input: Array, offset: _int = 0, dim1: _int = -2, dim2: _int = -1, *, out: Tensor | None = None,
) -> Tensor:
    """Square matrices in two new dimensions, with the last dimension of ``input`` on their diagonal."""
def diagflat(input: Array, offset: _int = 0, *, out: Tensor | None = None) -> Tensor:
    """A matrix with all elements of ``input``, row by row, on a diagonal."""
def diagnose(
    model: Callable[[Any], Any], loss_fn: Callable[[Any, Any], Any], batch: tuple[Any, Any],
    optimizer: Optimizer | None = None,
) -> Findings:
    """Say why a training does not learn: run a step of it, and name the mistakes that the step shows."""
def diagonal(input: Array, offset: _int = 0, dim1: _int = 0, dim2: _int = 1, *, out: Tensor | None = None) -> Tensor:
    """The diagonal of two dimensions, ``offset`` above the main one, as the last dimension."""
def diagonal_copy(
    input: Array, offset: _int = 0, dim1: _int = 0, dim2: _int = 1, *, out: Tensor | None = None,
) -> Tensor:
    """A copy of what ``diagonal`` gives, which shares no memory with the input."""
def diagonal_scatter(
    input: Array, src: Array, offset: _int = 0, dim1: _int = 0, dim2: _int = 1, *, out: Tensor | None = None,
) -> Tensor:
    """A copy of ``input`` with a diagonal replaced by ``src``."""
def diff(
    input: Array, n: _int = 1, dim: _int = -1, prepend: Any = None, append: Any = None, *, axis: _int | None = None,
    out: Tensor | None = None,
) -> Tensor:
    """The ``n``-th difference along ``dim``, of input with ``prepend`` in front and ``append`` behind; of masks: xor.
    """
def digamma(input: Array, *, out: Tensor | None = None) -> Tensor:
    """The derivative of ``lgamma``."""
def dist(input: Array, other: Operand, p: _float = 2, *, out: Tensor | None = None) -> Tensor:
    """The ``p``-norm of the difference, as one number."""
def div(input: Operand, other: Operand, *, rounding_mode: str | None = None, out: Tensor | None = None) -> Tensor:
    """``input / other``; rounded down (``"floor"``) or towards 0 (``"trunc"``), and then without a slope."""
def divide(input: Operand, other: Operand, *, rounding_mode: str | None = None, out: Tensor | None = None) -> Tensor:
    """``input / other``; rounded down (``"floor"``) or towards 0 (``"trunc"``), and then without a slope."""
def dot(input: Array, tensor: Array, *, out: Tensor | None = None) -> Tensor:
    """The inner product of two vectors, neither conjugated."""
def draw(
    what: Any, *inputs: Any, params: Mapping[str, Tensor] | Any | None = None, values: _bool = False,
    grads: _bool = False, graph: Literal['forward', 'backward', 'both'] = 'forward',
    open: _int | str | Iterable[str] | None = None, fold: _bool = True, legend: _bool = True,
) -> Picture:
    """The graph behind tensors, of a model or a function, or of a program, as a ``graphviz.Digraph``."""
def dropout(input: Array, p: _float, train: _bool, *, out: Tensor | None = None) -> Tensor:
    """``nn.functional.dropout``: elements are 0 with probability ``p`` while training, the others 1 / (1 − p) as large.
    """
def dropout_(input: Tensor, p: _float, train: _bool, *, out: Tensor | None = None) -> Tensor:
    """``dropout`` written into the tensor itself."""
def dsplit(
    input: Array, indices_or_sections: Any, *, out: Tensor | tuple[Tensor, ...] | None = None,
) -> tuple[Tensor, ...]:
    """Equal pieces, or cuts at positions, along the third dimension."""
def dstack(tensors: Sequence[Array], *, out: Tensor | None = None) -> Tensor:
    """Behind each other: joined along dimension 2, as ``atleast_3d`` sees them."""
def einsum(*arguments: Any, out: Tensor | None = None) -> Tensor:
    """Sum of products in Einstein's notation: ``einsum("ij,jk->ik", a, b)`` is ``a @ b``."""
def embedding(
    weight: Array, indices: Array, padding_idx: _int = -1, scale_grad_by_freq: _bool = False, sparse: _bool = False, *,
    out: Tensor | None = None,
) -> Tensor:
    """``nn.functional.embedding``, with the table first; −1 is no padding."""
def embedding_renorm_(
    input: Tensor, indices: Array, max_norm: _float, norm_type: _float, *, out: Tensor | None = None,
) -> Tensor:
    """The rows of a table that the indices name brought, in place, to at most a length of order ``norm_type``."""
def empty(
    *sizes: _Size, size: _Size | None = None, dtype: DTypeLike = None, device: DeviceLike | None = None,
    requires_grad: _bool = False, out: Tensor | None = None,
) -> Tensor:
    """A tensor whose values are whatever the memory held."""
def empty_like(
    input: Array, *, dtype: DTypeLike = None, device: DeviceLike | None = None, requires_grad: _bool = False,
    out: Tensor | None = None,
) -> Tensor:
    """An unfilled tensor of the shape and dtype of ``input``."""
def empty_permuted(
    size: _Size, physical_layout: _Size, *, dtype: DTypeLike = None, device: DeviceLike | None = None,
    requires_grad: _bool = False, out: Tensor | None = None,
) -> Tensor:
    """An unfilled tensor whose dimensions lie in memory in the order given, the last one densest."""
def empty_strided(
    size: _Size, stride: _Size, *, dtype: DTypeLike = None, device: DeviceLike | None = None,
    requires_grad: _bool = False, out: Tensor | None = None,
) -> Tensor:
    """An unfilled tensor whose elements lie ``stride`` elements apart along each dimension."""
def eq(input: Operand, other: Operand, *, out: Tensor | None = None) -> Tensor:
    """a == b, element by element."""
def equal(input: Operand, other: Operand) -> _bool:
    """Whether two tensors have one shape and the same elements."""
def erf(input: Array, *, out: Tensor | None = None) -> Tensor:
    """The error function (Cody 1969). Formula: 2 / √π · ∫₀ˣ e^(−t²) dt"""
def erf_(input: Array, *, out: Tensor | None = None) -> Tensor:
    """``erf``, written into the tensor itself."""
def erfc(input: Array, *, out: Tensor | None = None) -> Tensor:
    """1 − erf(x), to the last digits where that is small (Cody 1969). Formula: 1 − erf x"""
def erfc_(input: Array, *, out: Tensor | None = None) -> Tensor:
    """``erfc``, written into the tensor itself."""
def erfinv(input: Array, *, out: Tensor | None = None) -> Tensor:
    """The number whose erf is x; ±∞ at ±1, NaN beyond (Wichura 1988). Formula: erf⁻¹(x)"""
def exp(input: Array, *, out: Tensor | None = None) -> Tensor:
    """Exponential. Formula: eˣ"""
def exp2(input: Array, *, out: Tensor | None = None) -> Tensor:
    """2 to the power of each element. Formula: 2ˣ"""
def exp2_(input: Array, *, out: Tensor | None = None) -> Tensor:
    """``exp2``, written into the tensor itself."""
def exp_(input: Array, *, out: Tensor | None = None) -> Tensor:
    """``exp``, written into the tensor itself."""
def expand_as(input: Array, other: Array, *, out: Tensor | None = None) -> Tensor:
    """``expand`` to the shape of another tensor."""
def expand_copy(input: Array, *sizes: _Size, size: _Size | None = None, out: Tensor | None = None) -> Tensor:
    """A copy of what ``expand`` gives, which shares no memory with the input."""
def explain(
    loss: Tensor | Callable[..., Any], *args: Any, wrt: Tensor | Sequence[Tensor] | Mapping[str, Tensor] | Any,
    gradient: Array | None = None, params: Mapping[str, Tensor] | Any | None = None,
) -> Explanation:
    """Why the gradient of ``loss`` in ``wrt`` has this value: its derivation, and what became of it on the way."""
def expm1(input: Array, *, out: Tensor | None = None) -> Tensor:
    """exp(x) − 1, exact near 0. Formula: eˣ − 1"""
def expm1_(input: Array, *, out: Tensor | None = None) -> Tensor:
    """``expm1``, written into the tensor itself."""
def eye(
    n: _int, m: _int | None = None, *, dtype: DTypeLike = None, device: DeviceLike | None = None,
    requires_grad: _bool = False, out: Tensor | None = None,
) -> Tensor:
    """Ones on the diagonal of an (n, m) matrix, zeros elsewhere."""
def feature_alpha_dropout(input: Array, p: _float, train: _bool, *, out: Tensor | None = None) -> Tensor:
    """``nn.functional.feature_alpha_dropout``: ``alpha_dropout`` of whole channels."""
def feature_alpha_dropout_(input: Tensor, p: _float, train: _bool, *, out: Tensor | None = None) -> Tensor:
    """``feature_alpha_dropout`` written into the tensor itself."""
def feature_dropout(input: Array, p: _float, train: _bool, *, out: Tensor | None = None) -> Tensor:
    """``nn.functional.dropout2d``: whole channels of (rows, channels, …) are 0 while training."""
def feature_dropout_(input: Tensor, p: _float, train: _bool, *, out: Tensor | None = None) -> Tensor:
    """``feature_dropout`` written into the tensor itself."""
def fill(input: Array, value: Operand, *, out: Tensor | None = None) -> Tensor:
    """One number (or a 0-d tensor) everywhere, in the shape and dtype of ``input``."""
def fill_(self: Tensor, value: Operand, *, out: Tensor | None = None) -> Tensor:
    """Every element set to one number."""
def fix(input: Array, *, out: Tensor | None = None) -> Tensor:
    """Each element without its fraction; its gradient is 0. Formula: sign(x) · ⌊|x|⌋"""
def fix_(input: Array, *, out: Tensor | None = None) -> Tensor:
    """``fix``, written into the tensor itself."""
def flatten(input: Array, start_dim: _int = 0, end_dim: _int = -1, *, out: Tensor | None = None) -> Tensor:
    """The dimensions from ``start_dim`` to ``end_dim`` as one."""
def flip(input: Array, *order: Any, dims: _Size | None = None, out: Tensor | None = None) -> Tensor:
    """A copy with the elements in reverse order along each of ``dims``."""
def fliplr(input: Array, *, out: Tensor | None = None) -> Tensor:
    """The columns in reverse order."""
def flipud(input: Array, *, out: Tensor | None = None) -> Tensor:
    """The rows in reverse order."""
def float_power(input: Array, exponent: Operand, *, out: Tensor | None = None) -> Tensor:
    """``input`` to the power ``exponent`` in double precision, whatever the dtypes."""
def floor(input: Array, *, out: Tensor | None = None) -> Tensor:
    """The largest whole number not above each element; its gradient is 0. Formula: ⌊x⌋"""
def floor_(input: Array, *, out: Tensor | None = None) -> Tensor:
    """``floor``, written into the tensor itself."""
def floor_divide(input: Operand, other: Operand, *, out: Tensor | None = None) -> Tensor:
    """The quotient rounded down; its gradient is 0. Formula: ⌊a / b⌋"""
def fmax(input: Operand, other: Operand, *, out: Tensor | None = None) -> Tensor:
    """The larger of two elements, where one is NaN the other; a tie gives the gradient to a. Formula: max(a, b)"""
def fmin(input: Operand, other: Operand, *, out: Tensor | None = None) -> Tensor:
    """The smaller of two elements, where one is NaN the other; a tie gives the gradient to a. Formula: min(a, b)"""
def fmod(input: Operand, other: Operand, *, out: Tensor | None = None) -> Tensor:
    """What is left of a after whole steps of b, with the sign of a, as in C. Formula: a − b · trunc(a / b)"""
def fork_rng(devices: Any = None, enabled: _bool = True, device_type: str = 'cuda') -> Iterator[None]:
    """What is drawn inside leaves the default stream where it was. ``devices`` and their type change nothing."""
def frac(input: Array, *, out: Tensor | None = None) -> Tensor:
    """The fraction of each element, with its sign. Formula: x − trunc x"""
def frac_(input: Array, *, out: Tensor | None = None) -> Tensor:
    """``frac``, written into the tensor itself."""
def frexp(input: Array) -> Frexp:
    """Mantissa in ±[0.5, 1) and exponent of each element: ``input = mantissa · 2^exponent``."""
def frobenius_norm(input: Array, dim: Axis = (), keepdim: _bool = False, *, out: Tensor | None = None) -> Tensor:
    """The root of the sum of squares, of all elements or along dimensions."""
def from_dlpack(
    ext_tensor: Any, /, *, device: DeviceLike | None = None, copy: _bool | None = None, out: Tensor | None = None,
) -> Tensor:
    """An array of any library that knows DLPack, or its capsule, as a tensor on the same memory, unless ``copy``."""
def from_file(
    filename: str | os.PathLike[str], shared: _bool | None = None, size: _int = 0, *, dtype: DTypeLike = None,
    device: DeviceLike | None = None, requires_grad: _bool = False, out: Tensor | None = None,
) -> Tensor:
    """The first ``size`` numbers of a file, without reading them all: what is ``shared`` is also written there."""
def from_numpy(array: Array, *, out: Tensor | None = None) -> Tensor:
    """A tensor on the memory of an ndarray: writing one writes the other."""
def frombuffer(
    buffer: Any, *, dtype: DTypeLike, count: _int = -1, offset: _int = 0, requires_grad: _bool = False,
    out: Tensor | None = None,
) -> Tensor:
    """The bytes of an object (``bytes``, ``bytearray``, ``array.array``, …) as a tensor on the same memory."""
def full(
    size: _Size, fill_value: Operand, *, dtype: DTypeLike = None, device: DeviceLike | None = None,
    requires_grad: _bool = False, out: Tensor | None = None,
) -> Tensor:
    """One number everywhere; its kind (bool, integer, float, complex) decides the dtype unless given."""
def full_like(
    input: Array, fill_value: Operand, *, dtype: DTypeLike = None, device: DeviceLike | None = None,
    requires_grad: _bool = False, out: Tensor | None = None,
) -> Tensor:
    """One number everywhere, in the shape and dtype of ``input``."""
def gather(input: Array, dim: _int, index: Index, *, sparse_grad: _bool = False, out: Tensor | None = None) -> Tensor:
    """``result[i, j] = input[index[i, j], j]`` for dim 0, and so on: what an integer tensor names along ``dim``."""
def gcd(input: Operand, other: Operand, *, out: Tensor | None = None) -> Tensor:
    """Greatest common divisor of integers."""
def gcd_(input: Operand, other: Operand, *, out: Tensor | None = None) -> Tensor:
    """``gcd``, written into the tensor itself."""
def ge(input: Operand, other: Operand, *, out: Tensor | None = None) -> Tensor:
    """a >= b, element by element."""
def geqrf(input: Array) -> Reflections:
    """The QR decomposition as LAPACK keeps it: R, and below it the reflections that ``orgqr`` multiplies to Q."""
def ger(input: Array, vec2: Array, *, out: Tensor | None = None) -> Tensor:
    """All products of two vectors: ``result[i, j] = input[i] vec2[j]``."""
def get_default_device() -> device:
    """The device of tensors that are made without one."""
def get_default_dtype() -> DType:
    """The float dtype in use where none is given."""
def get_deterministic_debug_mode() -> _int:
    """2: only deterministic algorithms are used."""
def get_device(input: Array) -> _int:
    """The number of the tensor's device, as its method: −1 on the CPU."""
def get_float32_matmul_precision() -> str:
    """``"highest"``: products of float32 are computed in float32."""
def get_num_interop_threads() -> _int:
    """1: ops run one after the other."""
def get_num_threads() -> _int:
    """The number of threads that matrix products have."""
def get_rng_state(*, out: Tensor | None = None) -> Tensor:
    """Where the default stream is, as bytes."""
def gradient(
    input: Array, *, spacing: Any = None, dim: Axis = None, edge_order: _int = 1, axis: Axis = None,
    out: Tensor | tuple[Tensor, ...] | None = None,
) -> tuple[Tensor, ...]:
    """The slope of the function sampled in ``input`` along each dimension of ``dim`` (all by default), one tensor each.
    """
def greater(input: Operand, other: Operand, *, out: Tensor | None = None) -> Tensor:
    """a > b, element by element."""
def greater_equal(input: Operand, other: Operand, *, out: Tensor | None = None) -> Tensor:
    """a >= b, element by element."""
def grid_sampler(
    input: Array, grid: Array, interpolation_mode: _int, padding_mode: _int, align_corners: _bool, *,
    out: Tensor | None = None,
) -> Tensor:
    """``nn.functional.grid_sample`` with numbers for its modes."""
def grid_sampler_2d(
    input: Array, grid: Array, interpolation_mode: _int, padding_mode: _int, align_corners: _bool, *,
    out: Tensor | None = None,
) -> Tensor:
    """``nn.functional.grid_sample`` of images with PyTorch's numbers for its modes."""
def grid_sampler_3d(
    input: Array, grid: Array, interpolation_mode: _int, padding_mode: _int, align_corners: _bool, *,
    out: Tensor | None = None,
) -> Tensor:
    """``nn.functional.grid_sample`` of images with PyTorch's numbers for its modes."""
def group_norm(
    input: Array, num_groups: _int, weight: Array | None = None, bias: Array | None = None, eps: _float = 1e-05, *,
    out: Tensor | None = None,
) -> Tensor:
    """Each group of channels of each row with mean 0 and variance 1, times weight, plus bias."""
def gt(input: Operand, other: Operand, *, out: Tensor | None = None) -> Tensor:
    """a > b, element by element."""
def hamming_window(
    window_length: _int, periodic: _bool = True, alpha: _float = 0.54, beta: _float = 0.46, *, dtype: DTypeLike = None,
    device: DeviceLike | None = None, requires_grad: _bool = False, out: Tensor | None = None,
) -> Tensor:
    """``alpha − beta cos 2πt``, t from 0 to 1 over the window."""
def hann_window(
    window_length: _int, periodic: _bool = True, *, dtype: DTypeLike = None, device: DeviceLike | None = None,
    requires_grad: _bool = False, out: Tensor | None = None,
) -> Tensor:
    """``½ − ½ cos 2πt``, t from 0 to 1 over the window."""
def hardshrink(input: Array, lambd: _float = 0.5, *, out: Tensor | None = None) -> Tensor:
    """x, and 0 between −lambd and lambd. Formula: x if |x| > lambd else 0"""
def heaviside(input: Operand, values: Operand, *, out: Tensor | None = None) -> Tensor:
    """0 where a is negative, 1 where it is positive, ``values`` where it is 0."""
def histc(input: Array, bins: _int = 100, min: _float = 0.0, max: _float = 0.0, *, out: Tensor | None = None) -> Tensor:
    """How many elements lie in each of ``bins`` equal parts of [min, max] (of all, where both are 0)."""
def histogram(
    input: Array, bins: _int | Array = 100, *, range: Sequence[_float] | None = None, weight: Array | None = None,
    density: _bool = False,
) -> Histogram:
    """How many elements lie in each of ``bins`` equal parts of ``range`` (of all), or between edges that are given."""
def histogramdd(
    input: Array, bins: _int | Sequence[_int] | Sequence[Array], range: Sequence[_float] | None = None,
    weight: Array | None = None, density: _bool = False,
) -> HistogramOfPoints:
    """The histogram of points (…, dimensions): ``bins`` is a number, or one or the edges for each dimension."""
def hsplit(
    input: Array, indices_or_sections: Any, *, out: Tensor | tuple[Tensor, ...] | None = None,
) -> tuple[Tensor, ...]:
    """Equal pieces, or cuts at positions, along the columns (of one dimension: along it)."""
def hstack(tensors: Sequence[Array], *, out: Tensor | None = None) -> Tensor:
    """Side by side: joined along dimension 1, vectors along their only one."""
def hypot(input: Operand, other: Operand, *, out: Tensor | None = None) -> Tensor:
    """The length of (a, b), without overflow; its slope at (0, 0) is 0. Formula: √(a² + b²)"""
def i0(input: Array, *, out: Tensor | None = None) -> Tensor:
    """Modified Bessel function of the first kind, order 0."""
def i0_(input: Array, *, out: Tensor | None = None) -> Tensor:
    """``i0``, written into the tensor itself."""
def igamma(input: Array, other: Array, *, out: Tensor | None = None) -> Tensor:
    """``1 / Γ(a) ∫₀ˣ tᵃ⁻¹ e⁻ᵗ dt`` for a in ``input`` and x in ``other``, which broadcast: from 0 to 1 as x grows."""
def igammac(input: Array, other: Array, *, out: Tensor | None = None) -> Tensor:
    """``1 − igamma(input, other)``, exact where it is small."""
def imag(input: Array, *, out: Tensor | None = None) -> Tensor:
    """The imaginary part. Raises ``DtypeError`` for a real tensor."""
def index_add(
    input: Array, dim: _int, index: Index, source: Array, *, alpha: Operand = 1, out: Tensor | None = None,
) -> Tensor:
    """``result[index[i]] += alpha · source[i]`` along ``dim``; an index named twice is added twice."""
def index_copy(input: Array, dim: _int, index: Index, source: Array, *, out: Tensor | None = None) -> Tensor:
    """``result[index[i]] = source[i]`` along ``dim``."""
def index_fill(input: Array, dim: _int, index: Index, value: Operand, *, out: Tensor | None = None) -> Tensor:
    """The slices of ``dim`` that ``index`` names, filled with one number or a 0-d tensor."""
def index_put(
    input: Array, indices: Sequence[Index], values: Array, accumulate: _bool = False, *, out: Tensor | None = None,
) -> Tensor:
    """``input[indices] = values`` on a copy; with ``accumulate`` ``+=``, where an index named twice is added twice."""
def index_put_(
    input: Array, indices: Sequence[Index], values: Array, accumulate: _bool = False, *, out: Tensor | None = None,
) -> Tensor:
    """``index_put``, written into the tensor itself."""
def index_reduce(
    input: Array, dim: _int, index: Index, source: Array, reduce: str, *, include_self: _bool = True,
    out: Tensor | None = None,
) -> Tensor:
    """``scatter_reduce`` of whole slices along ``dim``."""
def index_select(input: Array, dim: _int, index: Index, *, out: Tensor | None = None) -> Tensor:
    """The slices of ``dim`` that an integer tensor of one dimension names."""
def initial_seed() -> _int:
    """The seed that the default stream started from."""
def inner(input: Array, other: Array, *, out: Tensor | None = None) -> Tensor:
    """Products summed over the last dimension of both: ``result[i, j] = Σ input[i] other[j]``; a number multiplies."""
def install_as_torch() -> None:
    """Have ``import torch`` give this package from now on, ``torch.nn`` and the other modules too."""
def instance_norm(
    input: Array, weight: Array | None, bias: Array | None, running_mean: Array | None, running_var: Array | None,
    use_input_stats: _bool, momentum: _float, eps: _float, cudnn_enabled: _bool = False, *, out: Tensor | None = None,
) -> Tensor:
    """``nn.functional.instance_norm``, with the weight and the bias first."""
def inverse(input: Array, *, out: Tensor | None = None) -> Tensor:
    """Inverse matrix (Giles 2008, section 2.2.3). Formula: x⁻¹"""
def is_anomaly_enabled() -> _bool:
    """Whether anomaly detection is on, in this thread or task."""
def is_autocast_enabled(device_type: str | None = None) -> _bool:
    """False, also within ``autocast``: tensors are computed in their own dtypes."""
def is_complex(input: Array) -> _bool:
    """Whether the dtype is complex."""
def is_conj(input: Array) -> _bool:
    """False: a conjugate is computed at once, and needs no mark."""
def is_deterministic_algorithms_warn_only_enabled() -> _bool:
    """False: there is nothing to warn of."""
def is_floating_point(input: Array) -> _bool:
    """Whether the dtype is a float."""
def is_grad_enabled() -> _bool:
    """Whether operations record now, in this thread or task."""
def is_inference_mode_enabled() -> _bool:
    """Whether ``inference_mode`` holds now, in this thread or task."""
def is_neg(input: Array) -> _bool:
    """False: a negative is computed at once, and needs no mark."""
def is_nonzero(input: Array) -> _bool:
    """Whether the one element is not 0. Raises ``ShapeError`` where there are several, or none."""
def is_same_size(input: Array, other: Array) -> _bool:
    """Whether two tensors have one shape."""
def is_signed(input: Array) -> _bool:
    """Whether the dtype holds negative numbers."""
def is_tensor(obj: object) -> _bool:
    """Whether an object is a tensor."""
def is_warn_always_enabled() -> _bool:
    """False: how often a warning is shown is what Python's ``warnings`` filters say."""
def isclose(
    input: Operand, other: Operand, rtol: _float = 1e-05, atol: _float = 1e-08, equal_nan: _bool = False, *,
    out: Tensor | None = None,
) -> Tensor:
    """Whether |a − b| ≤ atol + rtol · |b|."""
def isfinite(input: Array, *, out: Tensor | None = None) -> Tensor:
    """Whether each element is finite."""
def isin(
    elements: Operand, test_elements: Operand, *, assume_unique: _bool = False, invert: _bool = False,
    out: Tensor | None = None,
) -> Tensor:
    """Whether each element is among the test elements (with ``invert``: is not)."""
def isinf(input: Array, *, out: Tensor | None = None) -> Tensor:
    """Whether each element is infinite."""
def isnan(input: Array, *, out: Tensor | None = None) -> Tensor:
    """Whether each element is NaN."""
def isneginf(input: Array, *, out: Tensor | None = None) -> Tensor:
    """Whether each element is −∞."""
def isposinf(input: Array, *, out: Tensor | None = None) -> Tensor:
    """Whether each element is +∞."""
def isreal(input: Array, *, out: Tensor | None = None) -> Tensor:
    """Whether the imaginary part of each element is 0."""
def istft(
    input: Array, n_fft: _int, hop_length: _int | None = None, win_length: _int | None = None, window: Any = None,
    center: _bool = True, normalized: _bool = False, onesided: _bool | None = None, length: _int | None = None,
    return_complex: _bool = False, *, out: Tensor | None = None,
) -> Tensor:
    """The signal (batch, samples) or (samples,) whose ``stft`` is given, (batch, bins, frames) or (bins, frames)."""
def kaiser_window(
    window_length: _int, periodic: _bool = True, beta: _float = 12.0, *, dtype: DTypeLike = None,
    device: DeviceLike | None = None, requires_grad: _bool = False, out: Tensor | None = None,
) -> Tensor:
    """``i0(beta √(1 − (2t − 1)²)) / i0(beta)``, t from 0 to 1 over the window."""
def kron(input: Array, other: Array, *, out: Tensor | None = None) -> Tensor:
    """Kronecker product: every element of ``input`` times all of ``other``; missing dimensions count as 1, in front."""
def kthvalue(
    input: Array, k: _int, dim: _int = -1, keepdim: _bool = False, *, axis: _int | None = None,
    keepdims: _bool | None = None,
) -> Found:
    """The ``k``-th smallest element along ``dim`` (1 is the smallest), and where it stands."""
def layer_norm(
    input: Array, normalized_shape: _Size, weight: Array | None = None, bias: Array | None = None, eps: _float = 1e-05,
    *, out: Tensor | None = None,
) -> Tensor:
    """``(x − mean) / √(var + eps) · weight + bias`` over the last dimensions, which are ``normalized_shape``."""
def lcm(input: Operand, other: Operand, *, out: Tensor | None = None) -> Tensor:
    """Least common multiple of integers."""
def lcm_(input: Operand, other: Operand, *, out: Tensor | None = None) -> Tensor:
    """``lcm``, written into the tensor itself."""
def ldexp(input: Array, other: Operand, *, out: Tensor | None = None) -> Tensor:
    """``input · 2^other``; a slope flows to both where ``other`` holds floats."""
def ldexp_(input: Array, other: Operand, *, out: Tensor | None = None) -> Tensor:
    """``ldexp``, written into the tensor itself."""
def le(input: Operand, other: Operand, *, out: Tensor | None = None) -> Tensor:
    """a <= b, element by element."""
def lerp(input: Array, end: Operand, weight: Operand, *, out: Tensor | None = None) -> Tensor:
    """``input + weight · (end − input)``: a part of the way, 0 at the start, 1 at the end."""
def less(input: Operand, other: Operand, *, out: Tensor | None = None) -> Tensor:
    """a < b, element by element."""
def less_equal(input: Operand, other: Operand, *, out: Tensor | None = None) -> Tensor:
    """a <= b, element by element."""
def lgamma(input: Array, *, out: Tensor | None = None) -> Tensor:
    """Logarithm of the size of the gamma function (Moshier). Formula: ln |Γ(x)|"""
def linspace(
    start: _float, end: _float, steps: _int, *, dtype: DTypeLike = None, device: DeviceLike | None = None,
    requires_grad: _bool = False, out: Tensor | None = None,
) -> Tensor:
    """``steps`` numbers at equal distances, both ends included."""
def load(
    f: Any, map_location: Any = None, pickle_module: Any = None, *, weights_only: _bool | None = None,
    mmap: _bool | None = None, out: Tensor | None = None,
) -> Any:
    """What ``tg.save`` wrote to ``f``, a path or a file opened for reading: tensors, state dicts, plain values."""
def log(input: Array, *, out: Tensor | None = None) -> Tensor:
    """Natural logarithm. Formula: ln x"""
def log10(input: Array, *, out: Tensor | None = None) -> Tensor:
    """Logarithm to base 10. Formula: ln x / ln 10"""
def log10_(input: Array, *, out: Tensor | None = None) -> Tensor:
    """``log10``, written into the tensor itself."""
def log1p(input: Array, *, out: Tensor | None = None) -> Tensor:
    """log(1 + x), exact near 0. Formula: ln(1 + x)"""
def log1p_(input: Array, *, out: Tensor | None = None) -> Tensor:
    """``log1p``, written into the tensor itself."""
def log2(input: Array, *, out: Tensor | None = None) -> Tensor:
    """Logarithm to base 2. Formula: ln x / ln 2"""
def log2_(input: Array, *, out: Tensor | None = None) -> Tensor:
    """``log2``, written into the tensor itself."""
def log_(input: Array, *, out: Tensor | None = None) -> Tensor:
    """``log``, written into the tensor itself."""
def log_softmax(
    input: Array, dim: _int = -1, dtype: DTypeLike = None, *, axis: _int | None = None, out: Tensor | None = None,
) -> Tensor:
    """``ln softmax``, finite for any finite scores; of numbers cast to ``dtype`` first, where it is given."""
def logaddexp(input: Operand, other: Operand, *, out: Tensor | None = None) -> Tensor:
    """Logarithm of a sum of exponentials; it does not overflow. Formula: ln(eᵃ + eᵇ)"""
def logaddexp2(input: Operand, other: Operand, *, out: Tensor | None = None) -> Tensor:
    """Logarithm to base 2 of a sum of powers of 2. Formula: log₂(2ᵃ + 2ᵇ)"""
def logcumsumexp(
    input: Array, dim: _int | None = None, *, axis: _int | None = None, out: Tensor | None = None,
) -> Tensor:
    """``log(cumsum(exp(input), dim))`` of real numbers, without overflow."""
def logdet(A: Array, *, out: Tensor | None = None) -> Tensor:
    """The logarithm of the determinant: NaN where it is negative, complex of a complex matrix."""
def logical_and(input: Operand, other: Operand, *, out: Tensor | None = None) -> Tensor:
    """Both are not 0."""
def logical_not(input: Array, *, out: Tensor | None = None) -> Tensor:
    """Whether each element is 0."""
def logical_or(input: Operand, other: Operand, *, out: Tensor | None = None) -> Tensor:
    """One of both is not 0."""
def logical_xor(input: Operand, other: Operand, *, out: Tensor | None = None) -> Tensor:
    """Exactly one is not 0."""
def logit(input: Array, eps: _float | None = None, *, out: Tensor | None = None) -> Tensor:
    """The inverse of the sigmoid; with eps, of x brought into [eps, 1 − eps]. Formula: ln(x / (1 − x))"""
def logit_(input: Array, eps: _float | None = None, *, out: Tensor | None = None) -> Tensor:
    """``logit``, written into the tensor itself."""
def logspace(
    start: _float, end: _float, steps: _int, base: _float = 10.0, *, dtype: DTypeLike = None,
    device: DeviceLike | None = None, requires_grad: _bool = False, out: Tensor | None = None,
) -> Tensor:
    """``base ** start`` to ``base ** end``, ``steps`` numbers of which each is the same multiple of the one before."""
def logsumexp(
    input: Array, axis: Axis = None, keepdims: _bool = False, *, dim: Axis = None, keepdim: _bool | None = None,
    out: Tensor | None = None,
) -> Tensor:
    """log of the sum of exponentials, without overflow. Formula: ln Σ eˣ"""
def lt(input: Operand, other: Operand, *, out: Tensor | None = None) -> Tensor:
    """a < b, element by element."""
def lu(
    A: Array, pivot: _bool = True, get_infos: _bool = False, *, out: Tensor | tuple[Tensor, ...] | None = None,
) -> tuple[Tensor, ...]:
    """PyTorch's older name: ``(LU, pivots)``, and ``info`` with ``get_infos``."""
def lu_solve(b: Array, LU_data: Array, LU_pivots: Array, *, out: Tensor | None = None) -> Tensor:
    """PyTorch's older order of the arguments of ``linalg.lu_solve``."""
def lu_unpack(LU_data: Array, LU_pivots: Array, unpack_data: _bool = True, unpack_pivots: _bool = True) -> UnpackedLU:
    """P, L and U from what ``lu_factor`` returned; parts that are not wanted are empty."""
def manual_seed(seed: _int) -> Generator:
    """Start the default stream from ``seed``: the same seed, the same numbers, those of ``torch.manual_seed``."""
def masked_fill(input: Array, mask: Array, value: Operand, *, out: Tensor | None = None) -> Tensor:
    """One number (or a 0-d tensor) where a boolean tensor holds, ``input`` elsewhere; both broadcast."""
def masked_scatter(input: Array, mask: Array, source: Array, *, out: Tensor | None = None) -> Tensor:
    """The first elements of ``source``, row by row, put where a boolean tensor holds."""
def masked_select(input: Array, mask: Array, *, out: Tensor | None = None) -> Tensor:
    """The elements where a boolean tensor holds, row by row, in one dimension; both broadcast."""
def matmul(input: Operand, other: Operand, *, out: Tensor | None = None) -> Tensor:
    """Matrix product; leading dimensions broadcast. Formula: a @ b"""
def matrix_exp(input: Array, *, out: Tensor | None = None) -> Tensor:
    """Exponential of a square matrix. Formula: Σ xᵏ / k!"""
def matrix_power(A: Array, n: _int, *, out: Tensor | None = None) -> Tensor:
    """A square matrix multiplied with itself ``n`` times, by repeated squaring; its inverse for negative ``n``."""
@overload
def max(
    input: Array, dim: None = None, keepdim: _bool = False, *, axis: None = None, keepdims: _bool | None = None,
    out: Tensor | None = None,
) -> Tensor:
    """The largest element; with ``dim`` a pair ``(values, indices)`` along it; with a second tensor ``maximum``."""
@overload
def max(input: Array, dim: _int, keepdim: _bool = False, *, keepdims: _bool | None = None) -> Found:
    """The largest element; with ``dim`` a pair ``(values, indices)`` along it; with a second tensor ``maximum``."""
@overload
def max(input: Array, *, axis: _int, keepdims: _bool = False) -> Found:
    """The largest element; with ``dim`` a pair ``(values, indices)`` along it; with a second tensor ``maximum``."""
@overload
def max(input: Array, other: Array, /, *, out: Tensor | None = None) -> Tensor:
    """The largest element; with ``dim`` a pair ``(values, indices)`` along it; with a second tensor ``maximum``."""
@overload
def max(input: Array, *, other: Operand, out: Tensor | None = None) -> Tensor:
    """The largest element; with ``dim`` a pair ``(values, indices)`` along it; with a second tensor ``maximum``."""
@overload
def max_pool1d(
    input: Array, kernel_size: _Size, stride: _Size | None = None, padding: _Size = 0, dilation: _Size = 1,
    ceil_mode: _bool = False, return_indices: Literal[False] = False, *, out: Tensor | None = None,
) -> Tensor:
    """The largest elements of windows of (rows, channels, length); as ``max_pool2d``."""
@overload
def max_pool1d(
    input: Array, kernel_size: _Size, stride: _Size | None = None, padding: _Size = 0, dilation: _Size = 1,
    ceil_mode: _bool = False, return_indices: _bool = False, *, out: Tensor | tuple[Tensor, ...] | None = None,
) -> tuple[Tensor, Tensor]:
    """The largest elements of windows of (rows, channels, length); as ``max_pool2d``."""
@overload
def max_pool1d_with_indices(
    input: Array, kernel_size: _Size, stride: _Size | None = None, padding: _Size = 0, dilation: _Size = 1,
    ceil_mode: _bool = False, return_indices: Literal[False] = False, *, out: Tensor | None = None,
) -> Tensor:
    """``max_pool1d`` with ``return_indices=True``."""
@overload
def max_pool1d_with_indices(
    input: Array, kernel_size: _Size, stride: _Size | None = None, padding: _Size = 0, dilation: _Size = 1,
    ceil_mode: _bool = False, return_indices: _bool = False, *, out: Tensor | tuple[Tensor, ...] | None = None,
) -> tuple[Tensor, Tensor]:
    """``max_pool1d`` with ``return_indices=True``."""
@overload
def max_pool2d(
    input: Array, kernel_size: _Size, stride: _Size | None = None, padding: _Size = 0, dilation: _Size = 1,
    ceil_mode: _bool = False, return_indices: Literal[False] = False, *, out: Tensor | None = None,
) -> Tensor:
    """The largest elements of windows of ``input`` (rows, channels, height, width), where the rows can be missing."""
@overload
def max_pool2d(
    input: Array, kernel_size: _Size, stride: _Size | None = None, padding: _Size = 0, dilation: _Size = 1,
    ceil_mode: _bool = False, return_indices: _bool = False, *, out: Tensor | tuple[Tensor, ...] | None = None,
) -> tuple[Tensor, Tensor]:
    """The largest elements of windows of ``input`` (rows, channels, height, width), where the rows can be missing."""
@overload
def max_pool3d(
    input: Array, kernel_size: _Size, stride: _Size | None = None, padding: _Size = 0, dilation: _Size = 1,
    ceil_mode: _bool = False, return_indices: Literal[False] = False, *, out: Tensor | None = None,
) -> Tensor:
    """The largest elements of windows of (rows, channels, depth, height, width); as ``max_pool2d``."""
@overload
def max_pool3d(
    input: Array, kernel_size: _Size, stride: _Size | None = None, padding: _Size = 0, dilation: _Size = 1,
    ceil_mode: _bool = False, return_indices: _bool = False, *, out: Tensor | tuple[Tensor, ...] | None = None,
) -> tuple[Tensor, Tensor]:
    """The largest elements of windows of (rows, channels, depth, height, width); as ``max_pool2d``."""
def maximum(input: Operand, other: Operand, *, out: Tensor | None = None) -> Tensor:
    """The larger of two elements; a tie shares the gradient equally, NaN passes it to both. Formula: max(a, b)"""
def mean(
    input: Array, axis: Axis = None, keepdims: _bool = False, dtype: DTypeLike = None, *, dim: Axis = None,
    keepdim: _bool | None = None, where: Array | None = None, out: Tensor | None = None,
) -> Tensor:
    """Mean over the given axes, in ``dtype``; integers give the default float dtype; NaN of nothing. Formula: Σ x / n
    """
@overload
def median(
    input: Array, dim: None = None, keepdim: _bool = False, *, axis: None = None, keepdims: _bool | None = None,
    out: Tensor | None = None,
) -> Tensor:
    """The middle element, the lower one of two (``np.median`` averages them); with ``dim`` also where it stands."""
@overload
def median(input: Array, dim: _int, keepdim: _bool = False, *, keepdims: _bool | None = None) -> Found:
    """The middle element, the lower one of two (``np.median`` averages them); with ``dim`` also where it stands."""
@overload
def median(input: Array, *, axis: _int, keepdims: _bool = False) -> Found:
    """The middle element, the lower one of two (``np.median`` averages them); with ``dim`` also where it stands."""
def meshgrid(
    *tensors: Array, indexing: str = 'ij', out: Tensor | tuple[Tensor, ...] | None = None,
) -> tuple[Tensor, ...]:
    """Each vector repeated along the dimensions of all the others; with ``indexing="xy"`` the first two swap places."""
@overload
def min(
    input: Array, dim: None = None, keepdim: _bool = False, *, axis: None = None, keepdims: _bool | None = None,
    out: Tensor | None = None,
) -> Tensor:
    """The smallest element; with ``dim`` a pair ``(values, indices)`` along it; with a second tensor ``minimum``."""
@overload
def min(input: Array, dim: _int, keepdim: _bool = False, *, keepdims: _bool | None = None) -> Found:
    """The smallest element; with ``dim`` a pair ``(values, indices)`` along it; with a second tensor ``minimum``."""
@overload
def min(input: Array, *, axis: _int, keepdims: _bool = False) -> Found:
    """The smallest element; with ``dim`` a pair ``(values, indices)`` along it; with a second tensor ``minimum``."""
@overload
def min(input: Array, other: Array, /, *, out: Tensor | None = None) -> Tensor:
    """The smallest element; with ``dim`` a pair ``(values, indices)`` along it; with a second tensor ``minimum``."""
@overload
def min(input: Array, *, other: Operand, out: Tensor | None = None) -> Tensor:
    """The smallest element; with ``dim`` a pair ``(values, indices)`` along it; with a second tensor ``minimum``."""
def minimum(input: Operand, other: Operand, *, out: Tensor | None = None) -> Tensor:
    """The smaller of two elements; a tie shares the gradient equally, NaN passes it to both. Formula: min(a, b)"""
def mm(input: Array, mat2: Array, *, out: Tensor | None = None) -> Tensor:
    """The product of two matrices. Raises ``ShapeError`` for other ranks."""
def mode(
    input: Array, dim: _int = -1, keepdim: _bool = False, *, axis: _int | None = None, keepdims: _bool | None = None,
) -> Found:
    """The most frequent element along ``dim``, of several the smallest, and where the last of them stands."""
def moveaxis(
    input: Array, source: _int | Sequence[_int], destination: _int | Sequence[_int], *, out: Tensor | None = None,
) -> Tensor:
    """The dimensions ``source`` (an int or several) put at the places ``destination``; the others keep their order."""
def movedim(
    input: Array, source: _int | Sequence[_int], destination: _int | Sequence[_int], *, out: Tensor | None = None,
) -> Tensor:
    """The dimensions ``source`` (an int or several) put at the places ``destination``; the others keep their order."""
def msort(input: Array, *, out: Tensor | None = None) -> Tensor:
    """The elements in order along the first dimension."""
def mul(input: Operand, other: Operand, *, out: Tensor | None = None) -> Tensor:
    """Product, element by element. Formula: a · b"""
def multinomial(
    input: Array, num_samples: _int, replacement: _bool = False, *, generator: Generator | None = None,
    out: Tensor | None = None,
) -> Tensor:
    """Indices drawn with the probabilities of (n,) or (rows, n), which need not sum to 1."""
def multiply(input: Operand, other: Operand, *, out: Tensor | None = None) -> Tensor:
    """Product, element by element. Formula: a · b"""
def mv(input: Array, vec: Array, *, out: Tensor | None = None) -> Tensor:
    """A matrix times a vector. Raises ``ShapeError`` for other ranks."""
def mvlgamma(input: Array, p: _int, *, out: Tensor | None = None) -> Tensor:
    """Logarithm of the gamma function of ``p`` dimensions: ``p (p − 1) / 4 · ln π + Σ lnΓ(input − i / 2)``, i < p."""
def nan_to_num(
    input: Array, nan: _float = 0.0, posinf: _float | None = None, neginf: _float | None = None, *,
    out: Tensor | None = None,
) -> Tensor:
    """NaN and the infinities replaced by numbers: 0 and the largest ones, unless given. Formula: x where it is finite,
    else nan, posinf or neginf
    """
def nan_to_num_(
    input: Array, nan: _float = 0.0, posinf: _float | None = None, neginf: _float | None = None, *,
    out: Tensor | None = None,
) -> Tensor:
    """``nan_to_num``, written into the tensor itself."""
def nanmean(
    input: Array, dim: Axis = None, keepdim: _bool = False, *, dtype: DTypeLike = None, axis: Axis = None,
    keepdims: _bool | None = None, out: Tensor | None = None,
) -> Tensor:
    """The mean over ``dim`` of what is not NaN."""
@overload
def nanmedian(
    input: Array, dim: None = None, keepdim: _bool = False, *, axis: None = None, keepdims: _bool | None = None,
    out: Tensor | None = None,
) -> Tensor:
    """``median`` of what is not NaN; NaN where nothing else is there."""
@overload
def nanmedian(input: Array, dim: _int, keepdim: _bool = False, *, keepdims: _bool | None = None) -> Found:
    """``median`` of what is not NaN; NaN where nothing else is there."""
@overload
def nanmedian(input: Array, *, axis: _int, keepdims: _bool = False) -> Found:
    """``median`` of what is not NaN; NaN where nothing else is there."""
def nanquantile(
    input: Array, q: Operand, dim: _int | None = None, keepdim: _bool = False, *, interpolation: str = 'linear',
    axis: _int | None = None, keepdims: _bool | None = None, out: Tensor | None = None,
) -> Tensor:
    """``quantile`` of what is not NaN; NaN where nothing else is there."""
def nansum(
    input: Array, dim: Axis = None, keepdim: _bool = False, *, dtype: DTypeLike = None, axis: Axis = None,
    keepdims: _bool | None = None, out: Tensor | None = None,
) -> Tensor:
    """The sum over ``dim`` in which NaN counts as 0 and gets no gradient."""
def narrow(input: Array, dim: _int, start: SupportsIndex, length: _int, *, out: Tensor | None = None) -> Tensor:
    """``length`` positions of dimension ``dim``, from ``start`` on (negative: counted from the end)."""
def narrow_copy(input: Array, dim: _int, start: SupportsIndex, length: _int, *, out: Tensor | None = None) -> Tensor:
    """A copy of what ``narrow`` gives, which shares no memory with the input."""
def ne(input: Operand, other: Operand, *, out: Tensor | None = None) -> Tensor:
    """a != b, element by element."""
def neg(input: Array, *, out: Tensor | None = None) -> Tensor:
    """The negative. Formula: −x"""
def neg_(input: Array, *, out: Tensor | None = None) -> Tensor:
    """``neg``, written into the tensor itself."""
def negative(input: Array, *, out: Tensor | None = None) -> Tensor:
    """The negative. Formula: −x"""
def negative_(input: Array, *, out: Tensor | None = None) -> Tensor:
    """``negative``, written into the tensor itself."""
def nextafter(input: Operand, other: Operand, *, out: Tensor | None = None) -> Tensor:
    """The next floating point number after a towards b. Formula: a ± ulp, towards b"""
def nonzero(input: Array, *, as_tuple: _bool = False, out: Tensor | None = None) -> Tensor:
    """The positions of the elements that are not 0: (n, dimensions), or with ``as_tuple`` one tensor per dimension."""
def nonzero_static(input: Array, *, size: _int, fill_value: _int = -1, out: Tensor | None = None) -> Tensor:
    """The first ``size`` positions of elements that are not 0, (size, dimensions); rows of ``fill_value`` after them.
    """
def norm(
    x: Array, p: Any = 'fro', dim: Axis = None, keepdim: _bool = False, dtype: DTypeLike = None, *, axis: Axis = None,
    keepdims: _bool | None = None, out: Tensor | None = None,
) -> Tensor:
    """PyTorch's older name: "fro" and numbers are norms of the elements, "nuc" is one of matrices."""
def norm_except_dim(v: Array, pow: _float = 2, dim: _int = 0, *, out: Tensor | None = None) -> Tensor:
    """The norm of order ``pow`` of each slice along ``dim``, whose other dimensions have size 1; −1: of all elements.
    """
def normal(
    mean: Any, std: Any = 1.0, size: _Size | None = None, *, generator: Generator | None = None,
    dtype: DTypeLike = None, device: DeviceLike | None = None, requires_grad: _bool = False, out: Tensor | None = None,
) -> Tensor:
    """Normal numbers: of one ``mean`` and ``std`` and a ``size``, or one for every element of tensors of them."""
def not_equal(input: Operand, other: Operand, *, out: Tensor | None = None) -> Tensor:
    """a != b, element by element."""
def nuclear_norm(input: Array, dim: Axis = None, keepdim: _bool = False, *, out: Tensor | None = None) -> Tensor:
    """The sum of the singular values of matrices, which lie in the last two dimensions or in those given."""
def numel(input: Array) -> _int:
    """How many elements."""
def ones(
    *sizes: _Size, size: _Size | None = None, dtype: DTypeLike = None, device: DeviceLike | None = None,
    requires_grad: _bool = False, out: Tensor | None = None,
) -> Tensor:
    """Ones of a shape, given as integers or one tuple."""
def ones_like(
    input: Array, *, dtype: DTypeLike = None, device: DeviceLike | None = None, requires_grad: _bool = False,
    out: Tensor | None = None,
) -> Tensor:
    """Ones of the shape and dtype of ``input``."""
def orgqr(A: Array, tau: Array, *, out: Tensor | None = None) -> Tensor:
    """The first columns of H₁ H₂ … with ``Hᵢ = 1 − tau[i] vᵢ vᵢᴴ``; vᵢ is column i of A below a 1 on its diagonal."""
def ormqr(
    A: Array, tau: Array, other: Array, left: _bool = True, transpose: _bool = False, *, out: Tensor | None = None,
) -> Tensor:
    """Q times ``other`` (``other`` times Q where not ``left``; Qᴴ with ``transpose``), Q the reflections in A, tau."""
def outer(input: Array, vec2: Array, *, out: Tensor | None = None) -> Tensor:
    """All products of two vectors: ``result[i, j] = input[i] vec2[j]``."""
def pairwise_distance(
    x1: Array, x2: Array, p: _float = 2.0, eps: _float = 1e-06, keepdim: _bool = False, *, out: Tensor | None = None,
) -> Tensor:
    """The ``p``-norm of ``x1 − x2 + eps`` along the last dimension."""
def pca_lowrank(A: Array, q: _int | None = None, center: _bool = True, niter: _int = 2) -> UnconjugatedSVD:
    """The principal components of rows of data: ``svd_lowrank`` of A, less the mean of its columns with ``center``."""
def pdist(input: Array, p: _float = 2.0, *, out: Tensor | None = None) -> Tensor:
    """The ``p``-norms of the differences of all pairs of rows i < j of a matrix, in order."""
def permute(input: Array, *order: Any, dims: _Size | None = None, out: Tensor | None = None) -> Tensor:
    """The dimensions in the order given."""
def permute_copy(input: Array, *order: Any, dims: _Size | None = None, out: Tensor | None = None) -> Tensor:
    """A copy of what ``permute`` gives, which shares no memory with the input."""
def pinverse(input: Array, rcond: _float = 1e-15, *, out: Tensor | None = None) -> Tensor:
    """PyTorch's older name of ``pinv``."""
def pixel_shuffle(input: Array, upscale_factor: _int, *, out: Tensor | None = None) -> Tensor:
    """Channels as finer pixels: (…, C·r², H, W) becomes (…, C, H·r, W·r) (Shi et al. 2016)."""
def pixel_unshuffle(input: Array, downscale_factor: _int, *, out: Tensor | None = None) -> Tensor:
    """Pixels as channels: (…, C, H·r, W·r) becomes (…, C·r², H, W); undoes ``pixel_shuffle``."""
def poisson(input: Array, generator: Generator | None = None, *, out: Tensor | None = None) -> Tensor:
    """Counts of Poisson's distribution, of the rate that each element of ``input`` gives; shape and dtype are its."""
def polar(abs: Operand, angle: Operand, *, out: Tensor | None = None) -> Tensor:
    """Complex numbers of sizes and angles (radians)."""
def polygamma(n: _int, input: Array, *, out: Tensor | None = None) -> Tensor:
    """The derivative of order ``n`` of ``digamma``. Raises ``ArgumentError`` for a negative order."""
def positive(input: Array, *, out: Tensor | None = None) -> Tensor:
    """The same value. Formula: x"""
def pow(input: Operand, exponent: Operand, *, out: Tensor | None = None) -> Tensor:
    """``input`` to the power ``exponent``, tensors of shapes that broadcast or numbers, in their common dtype."""
def prelu(input: Array, weight: Array, *, out: Tensor | None = None) -> Tensor:
    """x above 0, ``weight · x`` below; ``weight`` is one number, or one per channel (dimension 1 of ``input``)."""
def prod(
    input: Array, dim: Axis = None, keepdim: _bool = False, *, dtype: DTypeLike = None, axis: Axis = None,
    keepdims: _bool | None = None, out: Tensor | None = None,
) -> Tensor:
    """The product over ``dim`` (all axes by default), in ``dtype``; the gradient is right also where elements are 0."""
def promote_types(type1: DTypeLike, type2: DTypeLike) -> dtypes.DType:
    """The dtype of what arithmetic makes of two tensors of these dtypes."""
def put(input: Array, index: Index, source: Array, accumulate: _bool = False, *, out: Tensor | None = None) -> Tensor:
    """The elements that ``index`` names, counted row by row, replaced by ``source`` (or added to)."""
def qr(input: Array, some: _bool = True) -> OlderQR:
    """PyTorch's older name: ``mode="reduced"`` where ``some``, else ``"complete"``."""
def quantile(
    input: Array, q: Operand, dim: _int | None = None, keepdim: _bool = False, *, interpolation: str = 'linear',
    axis: _int | None = None, keepdims: _bool | None = None, out: Tensor | None = None,
) -> Tensor:
    """What stands at the share ``q`` (a number or 1-d, in [0, 1]) of the elements in order; NaN where there is one."""
def rad2deg(input: Array, *, out: Tensor | None = None) -> Tensor:
    """Radians as degrees. Formula: x · 180 / π"""
def rad2deg_(input: Array, *, out: Tensor | None = None) -> Tensor:
    """``rad2deg``, written into the tensor itself."""
def rand(
    *sizes: _Size, size: _Size | None = None, generator: Generator | None = None, dtype: DTypeLike = None,
    device: DeviceLike | None = None, requires_grad: _bool = False, out: Tensor | None = None,
) -> Tensor:
    """Uniform numbers in [0, 1) of a shape, given as integers or one tuple; both parts of complex ones are such."""
def rand_like(
    input: Array, *, generator: Generator | None = None, dtype: DTypeLike = None, device: DeviceLike | None = None,
    requires_grad: _bool = False, out: Tensor | None = None,
) -> Tensor:
    """Uniform numbers in [0, 1) of the shape of ``input``, and of its dtype unless one is given."""
def randint(
    low: Any = None, high: Any = None, size: _Size | None = None, *, generator: Generator | None = None,
    dtype: DTypeLike = None, device: DeviceLike | None = None, requires_grad: _bool = False, out: Tensor | None = None,
) -> Tensor:
    """Integers from ``low`` (0 where left out) up to, not including, ``high``: ``randint(high, size)`` as well."""
def randint_like(
    input: Array, low: _int | None = None, high: _int | None = None, *, generator: Generator | None = None,
    dtype: DTypeLike = None, device: DeviceLike | None = None, requires_grad: _bool = False, out: Tensor | None = None,
) -> Tensor:
    """Integers from ``low`` (0 where left out) up to ``high``, of the shape and (unless given) dtype of ``input``."""
def randn(
    *sizes: _Size, size: _Size | None = None, generator: Generator | None = None, dtype: DTypeLike = None,
    device: DeviceLike | None = None, requires_grad: _bool = False, out: Tensor | None = None,
) -> Tensor:
    """Standard normal numbers of a shape, given as integers or one tuple; the parts of complex ones have variance 1/2.
    """
def randn_like(
    input: Array, *, generator: Generator | None = None, dtype: DTypeLike = None, device: DeviceLike | None = None,
    requires_grad: _bool = False, out: Tensor | None = None,
) -> Tensor:
    """Standard normal numbers of the shape of ``input``, and of its dtype unless one is given."""
def randperm(
    n: _int, *, generator: Generator | None = None, dtype: DTypeLike = None, device: DeviceLike | None = None,
    requires_grad: _bool = False, out: Tensor | None = None,
) -> Tensor:
    """The integers below ``n`` in random order."""
def range(
    start: _float = 0, end: _float | None = None, step: _float = 1, *, dtype: DTypeLike = None,
    device: DeviceLike | None = None, requires_grad: _bool = False, out: Tensor | None = None,
) -> Tensor:
    """Numbers from ``start`` up to ``end``, which is included, of the default dtype; ``arange`` is the newer spelling.
    """
def ravel(input: Array, *, out: Tensor | None = None) -> Tensor:
    """All elements, row by row, in one dimension: a view where they lie side by side in memory, else a copy."""
def real(input: Array, *, out: Tensor | None = None) -> Tensor:
    """The real part; a real tensor is returned as it is."""
def reciprocal(input: Array, *, out: Tensor | None = None) -> Tensor:
    """1 over each element; integers give the default float dtype. Formula: 1 / x"""
def reciprocal_(input: Array, *, out: Tensor | None = None) -> Tensor:
    """``reciprocal``, written into the tensor itself."""
def relu(input: Array, *, out: Tensor | None = None) -> Tensor:
    """max(x, 0); its gradient at 0 is 0, and 1 at NaN. Formula: max(x, 0)"""
def relu_(input: Array, *, out: Tensor | None = None) -> Tensor:
    """``relu``, written into the tensor itself."""
def remainder(input: Operand, other: Operand, *, out: Tensor | None = None) -> Tensor:
    """What is left of a after whole steps of b, with the sign of b, as Python's %. Formula: a − b · ⌊a / b⌋"""
def renorm(input: Array, p: _float, dim: _int, maxnorm: _float, *, out: Tensor | None = None) -> Tensor:
    """Each slice along ``dim`` whose ``p``-norm is above ``maxnorm`` scaled down to it."""
def repeat_interleave(
    x: Array, repeats: Operand | None = None, dim: _int | None = None, *, output_size: _int | None = None,
    axis: _int | None = None, out: Tensor | None = None,
) -> Tensor:
    """Each element (of dimension ``dim``: each slice) repeated, one number of times or one number for each."""
def replay(
    outputs: Tensor | Sequence[Tensor] | Callable[..., Any], *args: Any,
    gradient: Array | Sequence[Array | None] | None = None, params: Mapping[str, Tensor] | Any | None = None,
) -> Replay:
    """The computation behind ``outputs`` and its backward, step by step, with every number in it."""
def reshape(input: Array, *sizes: _Size, shape: _Size | None = None, out: Tensor | None = None) -> Tensor:
    """The elements of ``input``, row by row, in another shape; one size may be −1."""
def resize_as_(self: Tensor, the_template: Array, *, out: Tensor | None = None) -> Tensor:
    """The shape of another tensor, as ``resize_``."""
def resolve_conj(input: Array, *, out: Tensor | None = None) -> Tensor:
    """The tensor itself: a conjugate is never a lazy view here."""
def resolve_neg(input: Array, *, out: Tensor | None = None) -> Tensor:
    """The tensor itself: a negative is never a lazy view here."""
def result_type(tensor1: Operand, tensor2: Operand) -> dtypes.DType:
    """The dtype of what arithmetic makes of two tensors or numbers."""
def rms_norm(
    input: Array, normalized_shape: _Size, weight: Array | None = None, eps: _float | None = None, *,
    out: Tensor | None = None,
) -> Tensor:
    """``x / √(mean x² + eps) · weight`` over the last dimensions, which are ``normalized_shape``."""
def roll(input: Array, shifts: _Size, dims: _Size | None = None, *, out: Tensor | None = None) -> Tensor:
    """The elements moved by ``shifts`` along ``dims``, around the end; without ``dims`` in the order row by row."""
def rot90(input: Array, k: _int = 1, dims: Sequence[_int] = ..., *, out: Tensor | None = None) -> Tensor:
    """Turned by ``k`` quarter turns in the plane of two dimensions, from the first towards the second."""
def round(input: Array, decimals: _int = 0, *, out: Tensor | None = None) -> Tensor:
    """The nearest number with so many decimals; a half goes to the even one. Its gradient is 0. Formula: x, rounded to
    so many decimals
    """
def round_(input: Array, decimals: _int = 0, *, out: Tensor | None = None) -> Tensor:
    """``round``, written into the tensor itself."""
def row_stack(tensors: Sequence[Array], *, out: Tensor | None = None) -> Tensor:
    """On top of each other: joined along dimension 0, vectors as rows."""
def rrelu(
    input: Array, lower: _float = 0.125, upper: _float = 0.3333333333333333, training: _bool = False, *,
    generator: Generator | None = None, out: Tensor | None = None,
) -> Tensor:
    """A leaky relu whose slope is drawn from [lower, upper) for each negative element; its mean where not ``training``.
    """
def rrelu_(
    input: Array, lower: _float = 0.125, upper: _float = 0.3333333333333333, training: _bool = False,
    inplace: _bool = False, *, generator: Generator | None = None, out: Tensor | None = None,
) -> Tensor:
    """A leaky relu whose slope is drawn from [lower, upper) for each negative element; its mean where not ``training``.
    """
def rsqrt(input: Array, *, out: Tensor | None = None) -> Tensor:
    """1 over the square root. Formula: 1 / √x"""
def rsqrt_(input: Array, *, out: Tensor | None = None) -> Tensor:
    """``rsqrt``, written into the tensor itself."""
def rsub(input: Operand, other: Operand, *, alpha: Any = 1, out: Tensor | None = None) -> Tensor:
    """``other − alpha · input``."""
def save(
    obj: Any, f: Any, pickle_module: Any = None, pickle_protocol: _int = 2,
    _use_new_zipfile_serialization: _bool = True,
) -> None:
    """Write tensors, state dicts, and dicts, lists and tuples of them and of plain values to ``f``, never as a pickle.
    """
def scalar_tensor(
    s: Operand, *, dtype: DTypeLike = None, device: DeviceLike | None = None, requires_grad: _bool = False,
    out: Tensor | None = None,
) -> Tensor:
    """One number as a 0-d tensor, of the default dtype unless one is given."""
def scatter(
    input: Array, dim: _int, index: Index, src: Operand | None = None, *, value: Operand | None = None,
    reduce: str | None = None, out: Tensor | None = None,
) -> Tensor:
    """``result[index[i, j], j] = src[i, j]`` for dim 0, and so on; ``src`` is a tensor or a number."""
def scatter_add(input: Array, dim: _int, index: Index, src: Array, *, out: Tensor | None = None) -> Tensor:
    """``result[index[i, j], j] += src[i, j]`` for dim 0, and so on."""
def scatter_reduce(
    input: Array, dim: _int, index: Index, src: Operand, reduce: str, *, include_self: _bool = True,
    out: Tensor | None = None,
) -> Tensor:
    """The elements of ``src`` that ``index`` sends to one place, reduced together."""
def searchsorted(
    sorted_sequence: Array, input: Operand, *, out_int32: _bool = False, right: _bool = False, side: str | None = None,
    sorter: Array | None = None, out: Tensor | None = None,
) -> Tensor:
    """Where each number of ``input`` would go in a sorted sequence: before the first element not below it."""
def seed() -> _int:
    """Start the default stream from a seed that the operating system draws, and return it."""
def segment_reduce(
    data: Array, reduce: str, *, lengths: Array | None = None, indices: Array | None = None,
    offsets: Array | None = None, axis: _int = 0, unsafe: _bool = False, initial: _float | None = None,
    out: Tensor | None = None,
) -> Tensor:
    """The rows of ``data`` reduced run by run: ``reduce`` is "sum", "mean", "max", "min" or "prod"."""
def select(input: Array, dim: _int, index: _int, *, out: Tensor | None = None) -> Tensor:
    """The slice at one position of dimension ``dim``, without that dimension."""
def select_copy(input: Array, dim: _int, index: _int, *, out: Tensor | None = None) -> Tensor:
    """A copy of what ``select`` gives, which shares no memory with the input."""
def select_scatter(input: Array, src: Array, dim: _int, index: _int, *, out: Tensor | None = None) -> Tensor:
    """A copy of ``input`` with ``select(dim, index)`` replaced by ``src``."""
def selu(input: Array, *, out: Tensor | None = None) -> Tensor:
    """A scaled elu that keeps mean 0 and variance 1 (Klambauer et al. 2017, *Self-Normalizing Neural Networks*)."""
def selu_(input: Array, inplace: _bool = False, *, out: Tensor | None = None) -> Tensor:
    """A scaled elu that keeps mean 0 and variance 1 (Klambauer et al. 2017, *Self-Normalizing Neural Networks*)."""
def set_default_device(device: DeviceLike) -> None:
    """Choose the device of tensors that are made without one; None is the CPU. Raises ``DeviceError`` for one that is
    not here.
    """
def set_default_dtype(d: Any) -> None:
    """The float dtype that Python floats, ``zeros``, ``rand`` and integer division get (float32 at the start)."""
def set_default_tensor_type(t: object, /) -> None:
    """Choose the default dtype by the old name of a tensor type: ``"torch.DoubleTensor"``, ``tg.FloatTensor``."""
def set_deterministic_debug_mode(debug_mode: _int | str) -> None:
    """Changes nothing, as ``use_deterministic_algorithms``."""
def set_float32_matmul_precision(precision: str) -> None:
    """Changes nothing: products of float32 are computed in float32."""
def set_flush_denormal(mode: _bool) -> _bool:
    """False: very small numbers stay as they are, which is what PyTorch says of a processor that cannot drop them."""
def set_num_interop_threads(int: _int) -> None:
    """Changes nothing: ops run one after the other. Raises ``ArgumentError`` below 1."""
def set_num_threads(int: _int) -> None:
    """Give matrix products this many threads; all else that NumPy computes has one."""
def set_printoptions(
    precision: _int | None = None, threshold: _float | None = None, edgeitems: _int | None = None,
    linewidth: _int | None = None, profile: str | None = None, sci_mode: _bool | None = None,
) -> None:
    """How tensors are printed from now on. What is not given stays; ``sci_mode`` not given is chosen by the values."""
def set_rng_state(new_state: Any) -> None:
    """Go on where ``get_rng_state`` was called."""
def set_warn_always(b: _bool, /) -> None:
    """Changes nothing: how often a warning is shown is what Python's ``warnings`` filters say."""
def sgn(input: Array, *, out: Tensor | None = None) -> Tensor:
    """``input / |input|``, 0 at 0; of a real tensor its sign."""
def sigmoid(input: Array, *, out: Tensor | None = None) -> Tensor:
    """Logistic sigmoid; no overflow at either end. Formula: 1 / (1 + e⁻ˣ)"""
def sigmoid_(input: Array, *, out: Tensor | None = None) -> Tensor:
    """``sigmoid``, written into the tensor itself."""
def sign(input: Array, *, out: Tensor | None = None) -> Tensor:
    """−1, 0 or 1; its gradient is 0. Formula: sign x"""
def signbit(input: Array, *, out: Tensor | None = None) -> Tensor:
    """Whether the sign of each element is minus, also of −0.0."""
def sin(input: Array, *, out: Tensor | None = None) -> Tensor:
    """Sine of an angle in radians. Formula: sin x"""
def sin_(input: Array, *, out: Tensor | None = None) -> Tensor:
    """``sin``, written into the tensor itself."""
def sinc(input: Array, *, out: Tensor | None = None) -> Tensor:
    """``sin(πx) / (πx)``, 1 at 0; smooth there in every derivative."""
def sinc_(input: Array, *, out: Tensor | None = None) -> Tensor:
    """``sinc``, written into the tensor itself."""
def sinh(input: Array, *, out: Tensor | None = None) -> Tensor:
    """Hyperbolic sine. Formula: sinh x"""
def sinh_(input: Array, *, out: Tensor | None = None) -> Tensor:
    """``sinh``, written into the tensor itself."""
def slice(
    x: Array, dim: _int = 0, start: _int | None = None, end: _int | None = None, step: _int = 1, *,
    axis: _int | None = None, out: Tensor | None = None,
) -> Tensor:
    """The positions ``start:end:step`` of dimension ``dim``."""
def slice_copy(
    x: Array, dim: _int = 0, start: _int | None = None, end: _int | None = None, step: _int = 1, *,
    axis: _int | None = None, out: Tensor | None = None,
) -> Tensor:
    """A copy of what ``slice`` gives, which shares no memory with the input."""
def slice_scatter(
    input: Array, src: Array, dim: _int = 0, start: _int | None = None, end: _int | None = None, step: _int = 1, *,
    axis: _int | None = None, out: Tensor | None = None,
) -> Tensor:
    """A copy of ``input`` with the positions ``start:end:step`` of ``dim`` replaced by ``src``."""
def slogdet(input: Array) -> OlderSignLogdet:
    """PyTorch's older name of ``tg.linalg.slogdet``."""
def softmax(
    input: Array, dim: _int = -1, dtype: DTypeLike = None, *, axis: _int | None = None, out: Tensor | None = None,
) -> Tensor:
    """Exponentials that sum to 1 along ``dim``; of numbers cast to ``dtype`` first, where it is given."""
def sort(
    input: Array, dim: _int = -1, descending: _bool = False, *, stable: _bool = False, axis: _int | None = None,
) -> Found:
    """The elements in order along ``dim``, and where each stood; equal elements always keep their order."""
def split(
    tensor: Array, split_size_or_sections: Any, dim: _int = 0, *, axis: _int | None = None,
    out: Tensor | tuple[Tensor, ...] | None = None,
) -> tuple[Tensor, ...]:
    """Pieces of one size, the last one smaller where it does not divide; or of a list of sizes."""
def split_copy(
    tensor: Array, split_size_or_sections: Any, dim: _int = 0, *, axis: _int | None = None,
    out: Tensor | tuple[Tensor, ...] | None = None,
) -> tuple[Tensor, ...]:
    """A copy of what ``split`` gives, which shares no memory with the input."""
def split_with_sizes(
    input: Array, split_sizes: Sequence[_int], dim: _int = 0, *, axis: _int | None = None,
    out: Tensor | tuple[Tensor, ...] | None = None,
) -> tuple[Tensor, ...]:
    """Pieces of the sizes given, which must add up to the size of ``dim``."""
def split_with_sizes_copy(
    input: Array, split_sizes: Sequence[_int], dim: _int = 0, *, axis: _int | None = None,
    out: Tensor | tuple[Tensor, ...] | None = None,
) -> tuple[Tensor, ...]:
    """A copy of what ``split_with_sizes`` gives, which shares no memory with the input."""
def sqrt(input: Array, *, out: Tensor | None = None) -> Tensor:
    """Square root. Formula: √x"""
def sqrt_(input: Array, *, out: Tensor | None = None) -> Tensor:
    """``sqrt``, written into the tensor itself."""
def square(input: Array, *, out: Tensor | None = None) -> Tensor:
    """Square. Formula: x²"""
def square_(input: Array, *, out: Tensor | None = None) -> Tensor:
    """``square``, written into the tensor itself."""
def squeeze(input: Array, dim: Axis = None, *, axis: Axis = None, out: Tensor | None = None) -> Tensor:
    """Without its dimensions of size 1; with ``dim`` (an int or several) only those, where their size is 1."""
def squeeze_copy(input: Array, dim: Axis = None, *, axis: Axis = None, out: Tensor | None = None) -> Tensor:
    """A copy of what ``squeeze`` gives, which shares no memory with the input."""
def stack(tensors: Sequence[Array], axis: _int = 0, *, dim: _int | None = None, out: Tensor | None = None) -> Tensor:
    """Tensors of one shape joined along a new dimension. Formula: [tensors₀, tensors₁, …] along a new axis"""
def std(
    input: Array, dim: Axis = None, unbiased: _bool | None = None, keepdim: _bool = False, *,
    correction: _float | None = None, axis: Axis = None, keepdims: _bool | None = None, out: Tensor | None = None,
) -> Tensor:
    """Standard deviation over ``dim``: the square root of ``var``; no gradient passes where it is 0."""
def std_mean(
    input: Array, dim: Axis = None, unbiased: _bool | None = None, keepdim: _bool = False, *,
    correction: _float | None = None, axis: Axis = None, keepdims: _bool | None = None,
    out: Tensor | tuple[Tensor, ...] | None = None,
) -> tuple[Tensor, Tensor]:
    """The standard deviation and the mean over ``dim``: ``std`` and ``mean`` with one set of arguments."""
def stft(
    input: Array, n_fft: _int, hop_length: _int | None = None, win_length: _int | None = None, window: Any = None,
    center: _bool = True, pad_mode: str = 'reflect', normalized: _bool = False, onesided: _bool | None = None,
    return_complex: _bool | None = None, align_to_window: _bool | None = None, *, out: Tensor | None = None,
) -> Tensor:
    """The short-time Fourier transform of signals (batch, samples) or (samples,): (batch, bins, frames), complex."""
def sub(input: Operand, other: Operand, *, alpha: Any = 1, out: Tensor | None = None) -> Tensor:
    """``input − alpha · other``; shapes broadcast."""
def subtract(input: Operand, other: Operand, *, alpha: Any = 1, out: Tensor | None = None) -> Tensor:
    """``input − alpha · other``; shapes broadcast."""
def sum(
    input: Array, axis: Axis = None, keepdims: _bool = False, dtype: DTypeLike = None, *, dim: Axis = None,
    keepdim: _bool | None = None, initial: Operand | None = None, where: Array | None = None, out: Tensor | None = None,
) -> Tensor:
    """Sum over the given axes (all by default), in ``dtype``; booleans and integers give int64. Formula: Σ x"""
def svd(input: Array, some: _bool = True, compute_uv: _bool = True) -> UnconjugatedSVD:
    """PyTorch's older name: ``(U, S, V)`` with V instead of Vh; zeros for U and V without ``compute_uv``."""
def svd_lowrank(A: Array, q: _int = 6, niter: _int = 2, M: Array | None = None) -> UnconjugatedSVD:
    """About the ``q`` largest singular values of ``A − M`` and their vectors, by random directions."""
def swapaxes(input: Array, dim0: _int, dim1: _int, *, out: Tensor | None = None) -> Tensor:
    """With two dimensions exchanged (PyTorch's meaning; ``np.transpose(t)`` reverses them all)."""
def swapdims(input: Array, dim0: _int, dim1: _int, *, out: Tensor | None = None) -> Tensor:
    """With two dimensions exchanged (PyTorch's meaning; ``np.transpose(t)`` reverses them all)."""
def t(input: Array, *, out: Tensor | None = None) -> Tensor:
    """A matrix transposed; a vector as it is."""
def t_copy(input: Array, *, out: Tensor | None = None) -> Tensor:
    """A copy of what ``t`` gives, which shares no memory with the input."""
def take(input: Array, index: Index, *, out: Tensor | None = None) -> Tensor:
    """The elements that an integer tensor names, counted row by row; in the shape of ``index``."""
def take_along_axis(
    input: Array, indices: Array, dim: _int | None = None, *, axis: _int | None = None, out: Tensor | None = None,
) -> Tensor:
    """The elements that ``indices`` names along ``dim``; both broadcast elsewhere. Without ``dim``, row by row."""
def take_along_dim(
    input: Array, indices: Array, dim: _int | None = None, *, axis: _int | None = None, out: Tensor | None = None,
) -> Tensor:
    """The elements that ``indices`` names along ``dim``; both broadcast elsewhere. Without ``dim``, row by row."""
def tan(input: Array, *, out: Tensor | None = None) -> Tensor:
    """Tangent of an angle in radians. Formula: tan x"""
def tan_(input: Array, *, out: Tensor | None = None) -> Tensor:
    """``tan``, written into the tensor itself."""
def tanh(input: Array, *, out: Tensor | None = None) -> Tensor:
    """Hyperbolic tangent. Formula: tanh x"""
def tanh_(input: Array, *, out: Tensor | None = None) -> Tensor:
    """``tanh``, written into the tensor itself."""
def tensor(
    data: Any, dtype: DTypeLike = None, requires_grad: _bool = False, *, device: DeviceLike | None = None,
    out: Tensor | None = None,
) -> Tensor:
    """A tensor with a copy of the data: a number, nested lists, an array or a tensor (whose history it leaves behind).
    """
def tensor_split(
    input: Array, indices_or_sections: Any, dim: _int = 0, *, axis: _int | None = None,
    out: Tensor | tuple[Tensor, ...] | None = None,
) -> tuple[Tensor, ...]:
    """That many pieces, the first ones larger by one where it does not divide; or cut at the positions of a list."""
def tensordot(a: Array, b: Array, dims: _int | Sequence[Any] = 2, *, out: Tensor | None = None) -> Tensor:
    """Products summed over the last ``dims`` dimensions of ``a`` and the first of ``b``, or over two lists of them."""
def threshold(input: Array, threshold: _float, value: _float, *, out: Tensor | None = None) -> Tensor:
    """x above a threshold, a fixed value elsewhere. Formula: x if x > threshold else value"""
def threshold_(
    input: Array, threshold: _float, value: _float, inplace: _bool = False, *, out: Tensor | None = None,
) -> Tensor:
    """x above a threshold, a fixed value elsewhere. Formula: x if x > threshold else value"""
def tile(input: Array, *sizes: _Size, dims: _Size | None = None, out: Tensor | None = None) -> Tensor:
    """``repeat`` with as many counts as wanted: missing ones, in front, are 1."""
def topk(
    input: Array, k: _int, dim: _int = -1, largest: _bool = True, sorted: _bool = True, *, axis: _int | None = None,
) -> Found:
    """The ``k`` largest (or smallest) elements along ``dim`` in order, and where they stand."""
def trace(input: Array, *, out: Tensor | None = None) -> Tensor:
    """The sum of a matrix' diagonal."""
def transpose(input: Array, dim0: _int, dim1: _int, *, out: Tensor | None = None) -> Tensor:
    """With two dimensions exchanged (PyTorch's meaning; ``np.transpose(t)`` reverses them all)."""
def transpose_copy(input: Array, dim0: _int, dim1: _int, *, out: Tensor | None = None) -> Tensor:
    """A copy of what ``transpose`` gives, which shares no memory with the input."""
def trapezoid(
    y: Array, x: Array | None = None, *, dx: Any = 1, dim: _int = -1, axis: _int | None = None,
    out: Tensor | None = None,
) -> Tensor:
    """The integral of heights ``y`` along ``dim`` by the trapezoidal rule, over points ``x`` or of width ``dx``."""
def trapz(
    y: Array, x: Array | None = None, *, dx: Any = 1, dim: _int = -1, axis: _int | None = None,
    out: Tensor | None = None,
) -> Tensor:
    """The integral of heights ``y`` along ``dim`` by the trapezoidal rule, over points ``x`` or of width ``dx``."""
def triangular_solve(
    input: Array, A: Array, upper: _bool = True, transpose: _bool = False, unitriangular: _bool = False,
) -> TriangularSolution:
    """PyTorch's older order of arguments: ``(solution, A)`` of ``A X = input``, or of ``Aᵀ X`` with ``transpose``."""
def tril(input: Array, diagonal: _int = 0, *, out: Tensor | None = None) -> Tensor:
    """The lower triangle of the last two dimensions, up to and including a diagonal; zeros above."""
def tril_indices(
    row: _int, col: _int, offset: _int = 0, *, dtype: DTypeLike = ..., out: Tensor | None = None,
) -> Tensor:
    """The rows and the columns, (2, n), of the lower triangle of a (row, col) matrix."""
def triu(input: Array, diagonal: _int = 0, *, out: Tensor | None = None) -> Tensor:
    """The upper triangle of the last two dimensions, from a diagonal on; zeros below."""
def triu_indices(
    row: _int, col: _int, offset: _int = 0, *, dtype: DTypeLike = ..., out: Tensor | None = None,
) -> Tensor:
    """The rows and the columns, (2, n), of the upper triangle of a (row, col) matrix."""
def true_divide(
    input: Operand, other: Operand, *, rounding_mode: str | None = None, out: Tensor | None = None,
) -> Tensor:
    """``input / other``; rounded down (``"floor"``) or towards 0 (``"trunc"``), and then without a slope."""
def trunc(input: Array, *, out: Tensor | None = None) -> Tensor:
    """Each element without its fraction; its gradient is 0. Formula: sign(x) · ⌊|x|⌋"""
def trunc_(input: Array, *, out: Tensor | None = None) -> Tensor:
    """``trunc``, written into the tensor itself."""
def typename(obj: object) -> str:
    """The class of an object with its module; of a tensor ``torch.FloatTensor`` and so on, as its ``type()``."""
def unbind(
    input: Array, dim: _int = 0, *, axis: _int | None = None, out: Tensor | tuple[Tensor, ...] | None = None,
) -> tuple[Tensor, ...]:
    """All slices of dimension ``dim``, without it."""
def unbind_copy(
    input: Array, dim: _int = 0, *, axis: _int | None = None, out: Tensor | tuple[Tensor, ...] | None = None,
) -> tuple[Tensor, ...]:
    """A copy of what ``unbind`` gives, which shares no memory with the input."""
def unflatten(
    input: Array, dim: _int, sizes: _int | tuple[_int, ...] | list[_int], *, out: Tensor | None = None,
) -> Tensor:
    """Dimension ``dim`` as several, of the sizes given; one may be −1."""
def unfold_copy(input: Array, dimension: _int, size: _int, step: _int, *, out: Tensor | None = None) -> Tensor:
    """A copy of what ``unfold`` gives, which shares no memory with the input."""
@overload
def unique(
    input: Array, sorted: _bool = True, return_inverse: Literal[False] = False, return_counts: Literal[False] = False,
    dim: _int | None = None, *, axis: _int | None = None, out: Tensor | None = None,
) -> Tensor:
    """The different elements (with ``dim``: slices), always sorted; of equal ones the first gets the gradient."""
@overload
def unique(
    input: Array, sorted: _bool = True, return_inverse: _bool = False, return_counts: _bool = False,
    dim: _int | None = None, *, axis: _int | None = None, out: Tensor | tuple[Tensor, ...] | None = None,
) -> tuple[Tensor, ...]:
    """The different elements (with ``dim``: slices), always sorted; of equal ones the first gets the gradient."""
@overload
def unique_consecutive(
    input: Array, return_inverse: Literal[False] = False, return_counts: Literal[False] = False,
    dim: _int | None = None, *, axis: _int | None = None, out: Tensor | None = None,
) -> Tensor:
    """Each run of equal elements (with ``dim``: slices) as one; the first of the run gets the gradient."""
@overload
def unique_consecutive(
    input: Array, return_inverse: _bool = False, return_counts: _bool = False, dim: _int | None = None, *,
    axis: _int | None = None, out: Tensor | tuple[Tensor, ...] | None = None,
) -> tuple[Tensor, ...]:
    """Each run of equal elements (with ``dim``: slices) as one; the first of the run gets the gradient."""
def unravel_index(
    indices: Index, shape: _Size, *, out: Tensor | tuple[Tensor, ...] | None = None,
) -> tuple[Tensor, ...]:
    """Positions counted row by row, as one index tensor per dimension of ``shape``."""
def unsafe_chunk(
    input: Array, chunks: _int, dim: _int = 0, *, axis: _int | None = None,
    out: Tensor | tuple[Tensor, ...] | None = None,
) -> tuple[Tensor, ...]:
    """At most ``chunks`` pieces of one size, the last one smaller where it does not divide."""
def unsafe_split(
    tensor: Array, split_size_or_sections: Any, dim: _int = 0, *, axis: _int | None = None,
    out: Tensor | tuple[Tensor, ...] | None = None,
) -> tuple[Tensor, ...]:
    """Pieces of one size, the last one smaller where it does not divide; or of a list of sizes."""
def unsafe_split_with_sizes(
    input: Array, split_sizes: Sequence[_int], dim: _int = 0, *, axis: _int | None = None,
    out: Tensor | tuple[Tensor, ...] | None = None,
) -> tuple[Tensor, ...]:
    """Pieces of the sizes given, which must add up to the size of ``dim``."""
def unsqueeze(input: Array, dim: _int, *, out: Tensor | None = None) -> Tensor:
    """With a new dimension of size 1 at position ``dim``."""
def unsqueeze_copy(input: Array, dim: _int, *, out: Tensor | None = None) -> Tensor:
    """A copy of what ``unsqueeze`` gives, which shares no memory with the input."""
def use_deterministic_algorithms(mode: _bool, *, warn_only: _bool = False) -> None:
    """Changes nothing: the same program and seed give the same numbers on one machine in any case."""
def vander(x: Array, N: _int | None = None, increasing: _bool = False, *, out: Tensor | None = None) -> Tensor:
    """The powers of each number of a vector, a row each, the highest first unless ``increasing``."""
def var(
    input: Array, dim: Axis = None, unbiased: _bool | None = None, keepdim: _bool = False, *,
    correction: _float | None = None, axis: Axis = None, keepdims: _bool | None = None, out: Tensor | None = None,
) -> Tensor:
    """Variance over ``dim`` (all axes by default), divided by n − correction; the correction is 1 unless given."""
def var_mean(
    input: Array, dim: Axis = None, unbiased: _bool | None = None, keepdim: _bool = False, *,
    correction: _float | None = None, axis: Axis = None, keepdims: _bool | None = None,
    out: Tensor | tuple[Tensor, ...] | None = None,
) -> tuple[Tensor, Tensor]:
    """The variance and the mean over ``dim``: ``var`` and ``mean`` with one set of arguments."""
def vdot(input: Array, other: Array, *, out: Tensor | None = None) -> Tensor:
    """The inner product of two vectors, the first conjugated: Σ ā b."""
def view_as_complex(input: Array, *, out: Tensor | None = None) -> Tensor:
    """Pairs of real numbers (..., 2) as complex ones (...), on the same memory where it holds them side by side."""
def view_as_complex_copy(input: Array, *, out: Tensor | None = None) -> Tensor:
    """A copy of what ``view_as_complex`` gives, which shares no memory with the input."""
def view_as_real(input: Array, *, out: Tensor | None = None) -> Tensor:
    """Complex numbers (...) as pairs of real ones (..., 2), on the same memory."""
def view_as_real_copy(input: Array, *, out: Tensor | None = None) -> Tensor:
    """A copy of what ``view_as_real`` gives, which shares no memory with the input."""
def view_copy(
    input: Array, *shape: Any, size: _Size | None = None, dtype: DTypeLike = None, out: Tensor | None = None,
) -> Tensor:
    """A copy of what ``view`` gives, which shares no memory with the input."""
def vmap(
    func: Function, in_dims: Any = 0, out_dims: Any = 0, randomness: str = 'error', *, chunk_size: _int | None = None,
) -> Function:
    """``func`` for every slice of its arguments along ``in_dims``, results stacked along ``out_dims``."""
def vsplit(
    input: Array, indices_or_sections: Any, *, out: Tensor | tuple[Tensor, ...] | None = None,
) -> tuple[Tensor, ...]:
    """Equal pieces, or cuts at positions, along the rows of at least two dimensions."""
def vstack(tensors: Sequence[Array], *, out: Tensor | None = None) -> Tensor:
    """On top of each other: joined along dimension 0, vectors as rows."""
def where(
    condition: Any, *choices: Any, input: Array | None = None, other: Operand | None = None, out: Tensor | None = None,
) -> Tensor:
    """The elements of ``input`` where the condition holds, those of ``other`` elsewhere; all broadcast."""
def xlogy(input: Operand, other: Operand, *, out: Tensor | None = None) -> Tensor:
    """x · log(other), 0 where x is 0. Formula: x · ln other"""
def xlogy_(input: Operand, other: Operand, *, out: Tensor | None = None) -> Tensor:
    """``xlogy``, written into the tensor itself."""
def zero_(self: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Every element set to 0."""
def zeros(
    *sizes: _Size, size: _Size | None = None, dtype: DTypeLike = None, device: DeviceLike | None = None,
    requires_grad: _bool = False, out: Tensor | None = None,
) -> Tensor:
    """Zeros of a shape, given as integers or one tuple."""
def zeros_like(
    input: Array, *, dtype: DTypeLike = None, device: DeviceLike | None = None, requires_grad: _bool = False,
    out: Tensor | None = None,
) -> Tensor:
    """Zeros of the shape and dtype of ``input``."""
