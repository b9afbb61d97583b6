"""For type checkers and editors: what other files bind to ``Tensor``.

Written by `python docs/make_reference.py`.
"""

from builtins import bool as _bool, float as _float, int as _int
from collections.abc import Callable, Iterator, Sequence
from types import ModuleType
from typing import Any, Literal, SupportsIndex, overload
from ..functions.constructors import TensorType
from ..functions.older_linalg import OlderQR, OlderSignLogdet, Reflections, TriangularSolution, UnconjugatedSVD
from ..ops.extremes import Range
from ..ops.histograms import Histogram
from ..ops.rounding import Frexp
from ..ops.scans import Found
from ..random.generator import Generator
from .device import DeviceLike, device as _device
from .hooks import RemovableHandle
from .layout import Elements, layout as _layout, memory_format
from .storage import TypedStorage, UntypedStorage
from .tensor import Tensor
from .types import Array, Axis, DTypeLike, Index, Operand, Size

class Syntax:
    """Operators, methods and properties; the files that bind them have the code."""

    def __init__(self, *items: Any, **named: Any) -> None: ...
    @property
    def H(self) -> Tensor:
        """The last two dimensions swapped, and the complex conjugate: ``x.mH``."""
    @property
    def T(self) -> Tensor:
        """All dimensions in reverse order: ``t.T``."""
    def __abs__(self) -> Tensor: ...
    def __add__(self, other: Operand, /) -> Tensor: ...
    def __and__(self, other: Operand, /) -> Tensor: ...
    def __array__(self, dtype: Any = None, copy: _bool | None = None, /) -> Any: ...
    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any: ...
    def __array_namespace__(self, *, api_version: str | None = None) -> ModuleType: ...
    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any: ...
    def __bool__(self) -> _bool: ...
    def __complex__(self) -> complex: ...
    def __contains__(self, item: Any, /) -> _bool: ...
    def __copy__(self) -> Tensor: ...
    def __deepcopy__(self, memo: dict[_int, Any], /) -> Tensor: ...
    def __dir__(self) -> list[str]: ...
    def __divmod__(self, b: Operand, /) -> tuple[Tensor, Tensor]: ...
    def __dlpack__(
        self, *, stream: None = None, max_version: tuple[_int, _int] | None = None,
        dl_device: tuple[_int, _int] | None = None, copy: _bool | None = None,
    ) -> Tensor: ...
    def __dlpack_device__(self) -> tuple[_int, _int]: ...
    def __eq__(self, other: Any, /) -> Tensor: ...  # type: ignore[override]
    def __float__(self) -> _float: ...
    def __floordiv__(self, other: Operand, /) -> Tensor: ...
    def __format__(self, spec: str, /) -> str: ...
    def __ge__(self, other: Operand, /) -> Tensor: ...
    def __getitem__(self, index: Index, /) -> Tensor: ...
    def __gt__(self, other: Operand, /) -> Tensor: ...
    def __iadd__(self, other: Operand, /) -> Tensor: ...
    def __iand__(self, other: Operand, /) -> Tensor: ...
    def __ifloordiv__(self, other: Operand, /) -> Tensor: ...
    def __ilshift__(self, other: Operand, /) -> Tensor: ...
    def __imod__(self, other: Operand, /) -> Tensor: ...
    def __imul__(self, other: Operand, /) -> Tensor: ...
    def __index__(self) -> _int: ...
    def __int__(self) -> _int: ...
    def __invert__(self) -> Tensor: ...
    def __ior__(self, other: Operand, /) -> Tensor: ...
    def __ipow__(self, exponent: Operand, /) -> Tensor: ...
    def __irshift__(self, other: Operand, /) -> Tensor: ...
    def __isub__(self, other: Operand, /) -> Tensor: ...
    def __iter__(self) -> Iterator[Tensor]: ...
    def __itruediv__(self, other: Operand, /) -> Tensor: ...
    def __ixor__(self, other: Operand, /) -> Tensor: ...
    def __le__(self, other: Operand, /) -> Tensor: ...
    def __len__(self) -> _int: ...
    def __lshift__(self, other: Operand, /) -> Tensor: ...
    def __lt__(self, other: Operand, /) -> Tensor: ...
    def __matmul__(self, other: Operand, /) -> Tensor: ...
    def __mod__(self, other: Operand, /) -> Tensor: ...
    def __mul__(self, other: Operand, /) -> Tensor: ...
    def __ne__(self, other: Any, /) -> Tensor: ...  # type: ignore[override]
    def __neg__(self) -> Tensor: ...
    def __or__(self, other: Operand, /) -> Tensor: ...
    def __pos__(self) -> Tensor: ...
    def __pow__(self, exponent: Operand, /) -> Tensor: ...
    def __radd__(self, other: Operand, /) -> Tensor: ...
    def __rand__(self, other: Operand, /) -> Tensor: ...
    def __rdiv__(self, other: Operand, /) -> Tensor: ...
    def __rdivmod__(self, b: Operand, /) -> tuple[Tensor, Tensor]: ...
    def __reduce_ex__(self, protocol: Any, /) -> Any: ...
    def __rfloordiv__(self, other: Operand, /) -> Tensor: ...
    def __rlshift__(self, other: Operand, /) -> Tensor: ...
    def __rmatmul__(self, other: Operand, /) -> Tensor: ...
    def __rmod__(self, other: Operand, /) -> Tensor: ...
    def __rmul__(self, other: Operand, /) -> Tensor: ...
    def __ror__(self, other: Operand, /) -> Tensor: ...
    def __rpow__(self, exponent: Operand, /) -> Tensor: ...
    def __rrshift__(self, other: Operand, /) -> Tensor: ...
    def __rshift__(self, other: Operand, /) -> Tensor: ...
    def __rsub__(self, other: Operand, /) -> Tensor: ...
    def __rtruediv__(self, other: Operand, /) -> Tensor: ...
    def __rxor__(self, other: Operand, /) -> Tensor: ...
    def __setitem__(self, index: Index, value: Operand, /) -> None: ...
    def __sub__(self, other: Operand, /) -> Tensor: ...
    def __truediv__(self, other: Operand, /) -> Tensor: ...
    def __xor__(self, other: Operand, /) -> Tensor: ...
    def abs(self) -> Tensor:
        """Absolute value; its gradient at 0 is 0. Formula: |x|"""
    def abs_(self) -> Tensor:
        """``abs``, written into the tensor itself."""
    def absolute(self) -> Tensor:
        """Absolute value; its gradient at 0 is 0. Formula: |x|"""
    def absolute_(self) -> Tensor:
        """``absolute``, written into the tensor itself."""
    def acos(self) -> Tensor:
        """The angle in [0, π] with this cosine; NaN outside [−1, 1]. Formula: arccos x"""
    def acos_(self) -> Tensor:
        """``acos``, written into the tensor itself."""
    def acosh(self) -> Tensor:
        """Inverse hyperbolic cosine; NaN below 1. Formula: arcosh x"""
    def acosh_(self) -> Tensor:
        """``acosh``, written into the tensor itself."""
    def add(self, other: Operand, *, alpha: Any = 1) -> Tensor:
        """``input + alpha · other``; shapes broadcast."""
    def add_(self, other: Operand, *, alpha: Any = 1) -> Tensor:
        """``add``, written into the tensor itself."""
    def addbmm(self, batch1: Array, batch2: Array, *, beta: _float = 1, alpha: _float = 1) -> Tensor:
        """``beta · input + alpha · Σ batch1[i] @ batch2[i]``."""
    def addbmm_(self, batch1: Array, batch2: Array, *, beta: _float = 1, alpha: _float = 1) -> Tensor:
        """``addbmm``, written into the tensor itself."""
    def addcdiv(self, tensor1: Array, tensor2: Array, *, value: Operand = 1) -> Tensor:
        """``input + value · tensor1 / tensor2``."""
    def addcdiv_(self, tensor1: Array, tensor2: Array, *, value: Operand = 1) -> Tensor:
        """``addcdiv``, written into the tensor itself."""
    def addcmul(self, tensor1: Array, tensor2: Array, *, value: Operand = 1) -> Tensor:
        """``input + value · tensor1 · tensor2``."""
    def addcmul_(self, tensor1: Array, tensor2: Array, *, value: Operand = 1) -> Tensor:
        """``addcmul``, written into the tensor itself."""
    def addmm(self, mat1: Array, mat2: Array, *, beta: _float = 1, alpha: _float = 1) -> Tensor:
        """``beta · input + alpha · mat1 @ mat2``; with ``beta`` 0 the input is not read."""
    def addmm_(self, mat1: Array, mat2: Array, *, beta: _float = 1, alpha: _float = 1) -> Tensor:
        """``addmm``, written into the tensor itself."""
    def addmv(self, mat: Array, vec: Array, *, beta: _float = 1, alpha: _float = 1) -> Tensor:
        """``beta · input + alpha · mat @ vec``."""
    def addmv_(self, mat: Array, vec: Array, *, beta: _float = 1, alpha: _float = 1) -> Tensor:
        """``addmv``, written into the tensor itself."""
    def addr(self, vec1: Array, vec2: Array, *, beta: _float = 1, alpha: _float = 1) -> Tensor:
        """``beta · input + alpha · outer(vec1, vec2)``."""
    def addr_(self, vec1: Array, vec2: Array, *, beta: _float = 1, alpha: _float = 1) -> Tensor:
        """``addr``, written into the tensor itself."""
    def adjoint(self) -> Tensor:
        """The conjugate transpose of matrices."""
    def all(
        self, axis: Axis = None, keepdims: _bool = False, *, dim: Axis = None, keepdim: _bool | None = None,
    ) -> Tensor:
        """Whether all elements are not 0."""
    def allclose(self, other: Operand, rtol: _float = 1e-05, atol: _float = 1e-08, equal_nan: _bool = False) -> _bool:
        """Whether all elements satisfy ``|input − other| ≤ atol + rtol · |other|``."""
    def amax(
        self, axis: Axis = None, keepdims: _bool = False, *, dim: Axis = None, keepdim: _bool | None = None,
    ) -> Tensor:
        """Largest element over the given axes; ties share the gradient equally. Formula: max x"""
    def amin(
        self, axis: Axis = None, keepdims: _bool = False, *, dim: Axis = None, keepdim: _bool | None = None,
    ) -> Tensor:
        """Smallest element over the given axes; ties share the gradient equally. Formula: min x"""
    def aminmax(
        self, *, dim: _int | None = None, keepdim: _bool = False, axis: _int | None = None,
        keepdims: _bool | None = None,
    ) -> Range:
        """The smallest and the largest element over ``dim`` (all by default); ties share the gradient equally."""
    def angle(self) -> Tensor:
        """The angle in radians; of a real number 0, or π where it is negative, without a slope."""
    def any(
        self, axis: Axis = None, keepdims: _bool = False, *, dim: Axis = None, keepdim: _bool | None = None,
    ) -> Tensor:
        """Whether any element is not 0."""
    def apply_(self, callable: Callable[..., Any], /) -> Tensor:
        """Every element what a Python function makes of it, as a Python number: slow, and never recorded."""
    def arccos(self) -> Tensor:
        """The angle in [0, π] with this cosine; NaN outside [−1, 1]. Formula: arccos x"""
    def arccos_(self) -> Tensor:
        """``arccos``, written into the tensor itself."""
    def arccosh(self) -> Tensor:
        """Inverse hyperbolic cosine; NaN below 1. Formula: arcosh x"""
    def arccosh_(self) -> Tensor:
        """``arccosh``, written into the tensor itself."""
    def arcsin(self) -> Tensor:
        """The angle in [−π/2, π/2] with this sine; NaN outside [−1, 1]. Formula: arcsin x"""
    def arcsin_(self) -> Tensor:
        """``arcsin``, written into the tensor itself."""
    def arcsinh(self) -> Tensor:
        """Inverse hyperbolic sine. Formula: arsinh x"""
    def arcsinh_(self) -> Tensor:
        """``arcsinh``, written into the tensor itself."""
    def arctan(self) -> Tensor:
        """The angle in (−π/2, π/2) with this tangent. Formula: arctan x"""
    def arctan2(self, other: Operand) -> Tensor:
        """The angle of the point (b, a) from the first axis, in (−π, π]; its slope at (0, 0) is 0. Formula: arg(b + i
        a)
        """
    def arctan2_(self, other: Operand) -> Tensor:
        """``arctan2``, written into the tensor itself."""
    def arctan_(self) -> Tensor:
        """``arctan``, written into the tensor itself."""
    def arctanh(self) -> Tensor:
        """Inverse hyperbolic tangent; NaN outside [−1, 1]. Formula: artanh x"""
    def arctanh_(self) -> Tensor:
        """``arctanh``, written into the tensor itself."""
    def argmax(
        self, axis: Axis = None, keepdims: _bool = False, *, dim: Axis = None, keepdim: _bool | None = None,
    ) -> Tensor:
        """Index of the first largest element along an axis, or of all."""
    def argmin(
        self, axis: Axis = None, keepdims: _bool = False, *, dim: Axis = None, keepdim: _bool | None = None,
    ) -> Tensor:
        """Index of the first smallest element along an axis, or of all."""
    def argpartition(self, kth: Any, axis: _int | None = -1) -> Tensor:
        """The positions of the elements in the order of ``partition``."""
    def argsort(
        self, dim: _int = -1, descending: _bool = False, *, stable: _bool = False, axis: _int | None = None,
    ) -> Tensor:
        """The indices that sort x along ``dim``; equal elements always keep their order."""
    def argwhere(self) -> Tensor:
        """The positions of the elements that are not 0, (n, dimensions)."""
    def as_strided(self, size: Size, stride: Size, storage_offset: _int | None = None) -> Tensor:
        """``result[i, j] = memory[storage_offset + i·stride[0] + j·stride[1]]``, and so on: a view."""
    def as_strided_(self, size: Size, stride: Size, storage_offset: _int | None = None) -> Tensor:
        """``as_strided`` on the tensor itself, which keeps its memory."""
    def as_strided_scatter(self, src: Array, size: Size, stride: Size, storage_offset: _int | None = None) -> Tensor:
        """A copy of ``input`` with the elements that ``as_strided`` reads replaced by ``src``."""
    def as_subclass(self, cls: Any) -> Tensor:
        """The tensor as one of a subclass of ``tg.Tensor``, on the same memory and with the same history."""
    def asin(self) -> Tensor:
        """The angle in [−π/2, π/2] with this sine; NaN outside [−1, 1]. Formula: arcsin x"""
    def asin_(self) -> Tensor:
        """``asin``, written into the tensor itself."""
    def asinh(self) -> Tensor:
        """Inverse hyperbolic sine. Formula: arsinh x"""
    def asinh_(self) -> Tensor:
        """``asinh``, written into the tensor itself."""
    def astype(
        self, dtype: DTypeLike, order: str = 'K', casting: Any = 'unsafe', subok: _bool = True, copy: _bool = True,
    ) -> Tensor:
        """The tensor in another dtype, a new one also where nothing changes, unless ``copy`` is False."""
    def atan(self) -> Tensor:
        """The angle in (−π/2, π/2) with this tangent. Formula: arctan x"""
    def atan2(self, other: Operand) -> Tensor:
        """The angle of the point (b, a) from the first axis, in (−π, π]; its slope at (0, 0) is 0. Formula: arg(b + i
        a)
        """
    def atan2_(self, other: Operand) -> Tensor:
        """``atan2``, written into the tensor itself."""
    def atan_(self) -> Tensor:
        """``atan``, written into the tensor itself."""
    def atanh(self) -> Tensor:
        """Inverse hyperbolic tangent; NaN outside [−1, 1]. Formula: artanh x"""
    def atanh_(self) -> Tensor:
        """``atanh``, written into the tensor itself."""
    def backward(
        self, gradient: Any = None, retain_graph: _bool | None = None, create_graph: _bool = False, inputs: Any = None,
    ) -> None:
        """Fill ``.grad`` of every leaf that led here: ``tg.autograd.backward`` of this one tensor."""
    def baddbmm(self, batch1: Array, batch2: Array, *, beta: _float = 1, alpha: _float = 1) -> Tensor:
        """``beta · input + alpha · bmm(batch1, batch2)``."""
    def baddbmm_(self, batch1: Array, batch2: Array, *, beta: _float = 1, alpha: _float = 1) -> Tensor:
        """``baddbmm``, written into the tensor itself."""
    def bernoulli(self, p: _float | None = None, *, generator: Generator | None = None) -> Tensor:
        """1 with the probability that each element of ``input`` gives, or with ``p``, else 0; of its shape and dtype.
        """
    def bernoulli_(self, p: Tensor | _float = 0.5, *, generator: Generator | None = None) -> Tensor:
        """Every element 1 with probability ``p``, else 0; a tensor of probabilities broadcasts to ``x``."""
    def bincount(self, weights: Any = None, minlength: _int = 0) -> Tensor:
        """How often each integer from 0 occurs, or the sum of its ``weights``; at least ``minlength`` numbers."""
    def bitwise_and(self, other: Operand) -> Tensor:
        """Bitwise and; of masks: both."""
    def bitwise_and_(self, other: Operand) -> Tensor:
        """``bitwise_and``, written into the tensor itself."""
    def bitwise_left_shift(self, other: Operand) -> Tensor:
        """a · 2ᵇ of integers."""
    def bitwise_left_shift_(self, other: Operand) -> Tensor:
        """``bitwise_left_shift``, written into the tensor itself."""
    def bitwise_not(self) -> Tensor:
        """Bitwise not; of a mask: not."""
    def bitwise_not_(self) -> Tensor:
        """``bitwise_not``, written into the tensor itself."""
    def bitwise_or(self, other: Operand) -> Tensor:
        """Bitwise or; of masks: either."""
    def bitwise_or_(self, other: Operand) -> Tensor:
        """``bitwise_or``, written into the tensor itself."""
    def bitwise_right_shift(self, other: Operand) -> Tensor:
        """⌊a / 2ᵇ⌋ of integers."""
    def bitwise_right_shift_(self, other: Operand) -> Tensor:
        """``bitwise_right_shift``, written into the tensor itself."""
    def bitwise_xor(self, other: Operand) -> Tensor:
        """Bitwise exclusive or."""
    def bitwise_xor_(self, other: Operand) -> Tensor:
        """``bitwise_xor``, written into the tensor itself."""
    def bmm(self, mat2: Array) -> Tensor:
        """The products of two batches (b, n, m) and (b, m, p) of matrices. Raises ``ShapeError`` for other ranks."""
    def bool(self, memory_format: Any = None) -> Tensor:
        """The tensor as bool."""
    def broadcast_to(self, *sizes: Size, size: Size | None = None) -> Tensor:
        """Repeated, without a copy, to the shape ``size``."""
    def byte(self, memory_format: Any = None) -> Tensor:
        """The tensor as uint8."""
    def cauchy_(self, median: _float = 0.0, sigma: _float = 1.0, *, generator: Generator | None = None) -> Tensor:
        """Every element drawn from Cauchy's distribution."""
    def cdouble(self, memory_format: Any = None) -> Tensor:
        """The tensor as complex128."""
    def ceil(self) -> Tensor:
        """The smallest whole number not below each element; its gradient is 0. Formula: ⌈x⌉"""
    def ceil_(self) -> Tensor:
        """``ceil``, written into the tensor itself."""
    def cfloat(self, memory_format: Any = None) -> Tensor:
        """The tensor as complex64."""
    def char(self, memory_format: Any = None) -> Tensor:
        """The tensor as int8."""
    def cholesky(self, upper: _bool = False) -> Tensor:
        """The lower triangular L with ``A = L Lᴴ`` (``upper``: U with ``A = Uᴴ U``); one triangle of A is read."""
    def cholesky_inverse(self, upper: _bool = False) -> Tensor:
        """The inverse of ``L Lᴴ`` (``Uᴴ U`` where ``upper``)."""
    def cholesky_solve(self, L: Array, upper: _bool = False) -> Tensor:
        """The X with ``A X = B`` for ``A = L Lᴴ`` (``Uᴴ U`` where ``upper``), by two triangular solutions."""
    def choose(self, choices: Any, mode: Any = 'raise') -> Tensor:
        """The tensor's integers say from which of the ``choices`` each element comes."""
    def chunk(self, chunks: _int, dim: _int = 0, *, axis: _int | None = None) -> tuple[Tensor, ...]:
        """At most ``chunks`` pieces of one size, the last one smaller where it does not divide."""
    def clamp(self, min: Operand | None = None, max: Operand | None = None) -> Tensor:
        """Each element of ``input`` brought into [min, max]; a bound is a number, a tensor that broadcasts, or None."""
    def clamp_(self, min: Operand | None = None, max: Operand | None = None) -> Tensor:
        """``clamp``, written into the tensor itself."""
    def clamp_max(self, max: Operand) -> Tensor:
        """Each element at most max; a tie gives the gradient to x. Formula: min(x, max)"""
    def clamp_max_(self, max: Operand) -> Tensor:
        """``clamp_max``, written into the tensor itself."""
    def clamp_min(self, min: Operand) -> Tensor:
        """Each element at least min; a tie gives the gradient to x. Formula: max(x, min)"""
    def clamp_min_(self, min: Operand) -> Tensor:
        """``clamp_min``, written into the tensor itself."""
    def clip(self, min: Operand | None = None, max: Operand | None = None) -> Tensor:
        """Each element of ``input`` brought into [min, max]; a bound is a number, a tensor that broadcasts, or None."""
    def clip_(self, min: Operand | None = None, max: Operand | None = None) -> Tensor:
        """``clip``, written into the tensor itself."""
    def clone(self, memory_format: Any = None) -> Tensor:
        """A copy that records; memory_format changes nothing. Formula: x"""
    def compress(self, condition: Array, axis: _int | None = None) -> Tensor:
        """The slices along an axis where ``condition`` holds; of all elements in a row where no axis is named."""
    def conj(self) -> Tensor:
        """The complex conjugate; a real tensor is returned as it is."""
    def conj_physical(self) -> Tensor:
        """The complex conjugate; a real tensor is returned as it is. Here it is never a lazy view: the same as
        ``conj``.
        """
    def conj_physical_(self) -> Tensor:
        """``conj_physical``, written into the tensor itself."""
    def conjugate(self) -> Tensor:
        """The complex conjugate; a real tensor is returned as it is."""
    def contiguous(self, memory_format: memory_format = ...) -> Tensor:
        """The tensor where its elements lie row by row, a copy in which they do where not; other formats change
        nothing.
        """
    def copy(self, order: str = 'C') -> Tensor:
        """A tensor of the same elements in memory of its own, recorded as ``clone``."""
    def copy_(self, src: Array, non_blocking: _bool = False) -> Tensor:
        """Every element taken from ``src``, which broadcasts and is cast; ``non_blocking`` changes nothing."""
    def copysign(self, other: Operand) -> Tensor:
        """The size of a with the sign of b (that of −0.0 counts); its slope at a = 0 is 0. Formula: |a| · sign b"""
    def copysign_(self, other: Operand) -> Tensor:
        """``copysign``, written into the tensor itself."""
    def corrcoef(self) -> Tensor:
        """The correlation matrix of variables (one a row) over observations (one a column)."""
    def cos(self) -> Tensor:
        """Cosine of an angle in radians. Formula: cos x"""
    def cos_(self) -> Tensor:
        """``cos``, written into the tensor itself."""
    def cosh(self) -> Tensor:
        """Hyperbolic cosine. Formula: cosh x"""
    def cosh_(self) -> Tensor:
        """``cosh``, written into the tensor itself."""
    def count_nonzero(self, axis: Axis = None, *, dim: Axis = None) -> Tensor:
        """How many elements are not 0."""
    def cov(self, *, correction: _float = 1, fweights: Any = None, aweights: Any = None) -> Tensor:
        """The covariance matrix of variables (one a row) over observations (one a column), divided by n − correction.
        """
    def cpu(self, memory_format: Any = None) -> Any:
        """The tensor in the memory of the CPU: itself where it is there."""
    def cross(self, other: Array, dim: _int | None = None, *, axis: _int | None = None) -> Tensor:
        """Vector products along ``dim``, by default the first dimension of size 3."""
    def cuda(self, device: DeviceLike | None = None, non_blocking: _bool = False, memory_format: Any = None) -> Any:
        """The tensor on a GPU: itself where it is there. Raises ``DeviceError``, in one line, for what is missing."""
    def cummax(self, dim: _int | None = None, *, axis: _int | None = None) -> Found:
        """The largest element up to each one along ``dim``, and where it stands; of equal elements the last counts."""
    def cummin(self, dim: _int | None = None, *, axis: _int | None = None) -> Found:
        """The smallest element up to each one along ``dim``, and where it stands; of equal elements the last counts."""
    def cumprod(self, dim: _int | None = None, *, dtype: DTypeLike = None, axis: _int | None = None) -> Tensor:
        """Products of all elements up to each one along ``dim``, in ``dtype``; booleans and integers give int64."""
    def cumprod_(self, dim: _int | None = None, *, dtype: DTypeLike = None, axis: _int | None = None) -> Tensor:
        """``cumprod``, written into the tensor itself."""
    def cumsum(self, dim: _int | None = None, *, dtype: DTypeLike = None, axis: _int | None = None) -> Tensor:
        """Sums of all elements up to each one along ``dim``, in ``dtype``; booleans and integers give int64."""
    def cumsum_(self, dim: _int | None = None, *, dtype: DTypeLike = None, axis: _int | None = None) -> Tensor:
        """``cumsum``, written into the tensor itself."""
    @property
    def data(self) -> Tensor:
        """A tensor without history on the same memory; arrays come from ``numpy()``."""
    @data.setter
    def data(self, value: Operand) -> None: ...
    def data_ptr(self) -> _int:
        """The address of the first element; 0 where there is none."""
    def deg2rad(self) -> Tensor:
        """Degrees as radians. Formula: x · π / 180"""
    def deg2rad_(self) -> Tensor:
        """``deg2rad``, written into the tensor itself."""
    def det(self) -> Tensor:
        """Determinant; its gradient, the cofactors, also holds where the matrix is singular. Formula: det x"""
    def detach_(self) -> Tensor:
        """The tensor without its history, from now on a leaf that requires no grad. Raises for a view."""
    @property
    def device(self) -> _device:
        """Where the tensor is: ``device(type='cpu')``, or the GPU."""
    def diag(self, diagonal: _int = 0) -> Tensor:
        """A matrix with the vector ``input`` on a diagonal; of a matrix, a copy of its diagonal."""
    def diag_embed(self, offset: _int = 0, dim1: _int = -2, dim2: _int = -1) -> Tensor:
        """Square matrices in two new dimensions, with the last dimension of ``input`` on their diagonal."""
    def diagflat(self, offset: _int = 0) -> Tensor:
        """A matrix with all elements of ``input``, row by row, on a diagonal."""
    def diagonal(self, offset: _int = 0, dim1: _int = 0, dim2: _int = 1) -> Tensor:
        """The diagonal of two dimensions, ``offset`` above the main one, as the last dimension."""
    def diagonal_scatter(self, src: Array, offset: _int = 0, dim1: _int = 0, dim2: _int = 1) -> Tensor:
        """A copy of ``input`` with a diagonal replaced by ``src``."""
    def diff(
        self, n: _int = 1, dim: _int = -1, prepend: Any = None, append: Any = None, *, axis: _int | None = None,
    ) -> Tensor:
        """The ``n``-th difference along ``dim``, of input with ``prepend`` in front and ``append`` behind; of masks:
        xor.
        """
    def digamma(self) -> Tensor:
        """The derivative of ``lgamma``."""
    def digamma_(self) -> Tensor:
        """``digamma``, written into the tensor itself."""
    def dim(self) -> _int:
        """How many dimensions."""
    def dist(self, other: Operand, p: _float = 2) -> Tensor:
        """The ``p``-norm of the difference, as one number."""
    def div(self, other: Operand, *, rounding_mode: str | None = None) -> Tensor:
        """``input / other``; rounded down (``"floor"``) or towards 0 (``"trunc"``), and then without a slope."""
    def div_(self, other: Operand, *, rounding_mode: str | None = None) -> Tensor:
        """``div``, written into the tensor itself."""
    def divide(self, other: Operand, *, rounding_mode: str | None = None) -> Tensor:
        """``input / other``; rounded down (``"floor"``) or towards 0 (``"trunc"``), and then without a slope."""
    def divide_(self, other: Operand, *, rounding_mode: str | None = None) -> Tensor:
        """``divide``, written into the tensor itself."""
    def dot(self, tensor: Array) -> Tensor:
        """The inner product of two vectors, neither conjugated."""
    def double(self, memory_format: Any = None) -> Tensor:
        """The tensor as float64."""
    def dsplit(self, indices_or_sections: Any) -> tuple[Tensor, ...]:
        """Equal pieces, or cuts at positions, along the third dimension."""
    def element_size(self) -> _int:
        """The bytes of one element."""
    def eq(self, other: Operand) -> Tensor:
        """a == b, element by element."""
    def eq_(self, other: Operand) -> Tensor:
        """``eq``, written into the tensor itself."""
    def equal(self, other: Operand) -> _bool:
        """Whether two tensors have one shape and the same elements."""
    def erf(self) -> Tensor:
        """The error function (Cody 1969). Formula: 2 / √π · ∫₀ˣ e^(−t²) dt"""
    def erf_(self) -> Tensor:
        """``erf``, written into the tensor itself."""
    def erfc(self) -> Tensor:
        """1 − erf(x), to the last digits where that is small (Cody 1969). Formula: 1 − erf x"""
    def erfc_(self) -> Tensor:
        """``erfc``, written into the tensor itself."""
    def erfinv(self) -> Tensor:
        """The number whose erf is x; ±∞ at ±1, NaN beyond (Wichura 1988). Formula: erf⁻¹(x)"""
    def erfinv_(self) -> Tensor:
        """``erfinv``, written into the tensor itself."""
    def exp(self) -> Tensor:
        """Exponential. Formula: eˣ"""
    def exp2(self) -> Tensor:
        """2 to the power of each element. Formula: 2ˣ"""
    def exp2_(self) -> Tensor:
        """``exp2``, written into the tensor itself."""
    def exp_(self) -> Tensor:
        """``exp``, written into the tensor itself."""
    def expand(self, *sizes: Size, size: Size | None = None) -> Tensor:
        """Repeated, without a copy, along dimensions of size 1; −1 keeps a size."""
    def expand_as(self, other: Array) -> Tensor:
        """``expand`` to the shape of another tensor."""
    def expm1(self) -> Tensor:
        """exp(x) − 1, exact near 0. Formula: eˣ − 1"""
    def expm1_(self) -> Tensor:
        """``expm1``, written into the tensor itself."""
    def exponential_(self, lambd: _float = 1.0, *, generator: Generator | None = None) -> Tensor:
        """Every element drawn from the exponential distribution of rate ``lambd``."""
    def fill(self, value: Operand) -> None:
        """Every element set to one number, as ``fill_`` does; None is returned."""
    def fill_(self, value: Operand) -> Tensor:
        """Every element set to one number."""
    def fill_diagonal_(self, fill_value: Operand, wrap: _bool = False) -> Tensor:
        """The elements whose indices are all equal set to one number; ``wrap``: again below the last row."""
    def fix(self) -> Tensor:
        """Each element without its fraction; its gradient is 0. Formula: sign(x) · ⌊|x|⌋"""
    def fix_(self) -> Tensor:
        """``fix``, written into the tensor itself."""
    @property
    def flags(self) -> Any:
        """NumPy's flags of the memory."""
    def flatten(self, start_dim: _int = 0, end_dim: _int = -1) -> Tensor:
        """The dimensions from ``start_dim`` to ``end_dim`` as one."""
    def flip(self, *order: Any, dims: Size | None = None) -> Tensor:
        """A copy with the elements in reverse order along each of ``dims``."""
    def fliplr(self) -> Tensor:
        """The columns in reverse order."""
    def flipud(self) -> Tensor:
        """The rows in reverse order."""
    def float(self, memory_format: Any = None) -> Tensor:
        """The tensor as float32."""
    def float_power(self, exponent: Operand) -> Tensor:
        """``input`` to the power ``exponent`` in double precision, whatever the dtypes."""
    def float_power_(self, exponent: Operand) -> Tensor:
        """``float_power``, written into the tensor itself."""
    def floor(self) -> Tensor:
        """The largest whole number not above each element; its gradient is 0. Formula: ⌊x⌋"""
    def floor_(self) -> Tensor:
        """``floor``, written into the tensor itself."""
    def floor_divide(self, other: Operand) -> Tensor:
        """The quotient rounded down; its gradient is 0. Formula: ⌊a / b⌋"""
    def floor_divide_(self, other: Operand) -> Tensor:
        """``floor_divide``, written into the tensor itself."""
    def fmax(self, other: Operand) -> Tensor:
        """The larger of two elements, where one is NaN the other; a tie gives the gradient to a. Formula: max(a, b)"""
    def fmin(self, other: Operand) -> Tensor:
        """The smaller of two elements, where one is NaN the other; a tie gives the gradient to a. Formula: min(a, b)"""
    def fmod(self, other: Operand) -> Tensor:
        """What is left of a after whole steps of b, with the sign of a, as in C. Formula: a − b · trunc(a / b)"""
    def fmod_(self, other: Operand) -> Tensor:
        """``fmod``, written into the tensor itself."""
    def frac(self) -> Tensor:
        """The fraction of each element, with its sign. Formula: x − trunc x"""
    def frac_(self) -> Tensor:
        """``frac``, written into the tensor itself."""
    def frexp(self) -> Frexp:
        """Mantissa in ±[0.5, 1) and exponent of each element: ``input = mantissa · 2^exponent``."""
    def gather(self, dim: _int, index: Index, *, sparse_grad: _bool = False) -> Tensor:
        """``result[i, j] = input[index[i, j], j]`` for dim 0, and so on: what an integer tensor names along ``dim``."""
    def gcd(self, other: Operand) -> Tensor:
        """Greatest common divisor of integers."""
    def gcd_(self, other: Operand) -> Tensor:
        """``gcd``, written into the tensor itself."""
    def ge(self, other: Operand) -> Tensor:
        """a >= b, element by element."""
    def ge_(self, other: Operand) -> Tensor:
        """``ge``, written into the tensor itself."""
    def geometric_(self, p: _float, *, generator: Generator | None = None) -> Tensor:
        """Every element the number of attempts up to the first success, each with probability ``p``."""
    def geqrf(self) -> Reflections:
        """The QR decomposition as LAPACK keeps it: R, and below it the reflections that ``orgqr`` multiplies to Q."""
    def ger(self, vec2: Array) -> Tensor:
        """All products of two vectors: ``result[i, j] = input[i] vec2[j]``."""
    def get_device(self) -> _int:
        """The number of the tensor's device; −1 for the CPU."""
    def greater(self, other: Operand) -> Tensor:
        """a > b, element by element."""
    def greater_(self, other: Operand) -> Tensor:
        """``greater``, written into the tensor itself."""
    def greater_equal(self, other: Operand) -> Tensor:
        """a >= b, element by element."""
    def greater_equal_(self, other: Operand) -> Tensor:
        """``greater_equal``, written into the tensor itself."""
    def gt(self, other: Operand) -> Tensor:
        """a > b, element by element."""
    def gt_(self, other: Operand) -> Tensor:
        """``gt``, written into the tensor itself."""
    def half(self, memory_format: Any = None) -> Tensor:
        """The tensor as float16."""
    def hardshrink(self, lambd: _float = 0.5) -> Tensor:
        """x, and 0 between −lambd and lambd. Formula: x if |x| > lambd else 0"""
    def heaviside(self, values: Operand) -> Tensor:
        """0 where a is negative, 1 where it is positive, ``values`` where it is 0."""
    def heaviside_(self, values: Operand) -> Tensor:
        """``heaviside``, written into the tensor itself."""
    def histc(self, bins: _int = 100, min: _float = 0.0, max: _float = 0.0) -> Tensor:
        """How many elements lie in each of ``bins`` equal parts of [min, max] (of all, where both are 0)."""
    def histogram(
        self, bins: _int | Array = 100, *, range: Sequence[_float] | None = None, weight: Array | None = None,
        density: _bool = False,
    ) -> Histogram:
        """How many elements lie in each of ``bins`` equal parts of ``range`` (of all), or between edges that are given.
        """
    def hsplit(self, indices_or_sections: Any) -> tuple[Tensor, ...]:
        """Equal pieces, or cuts at positions, along the columns (of one dimension: along it)."""
    def hypot(self, other: Operand) -> Tensor:
        """The length of (a, b), without overflow; its slope at (0, 0) is 0. Formula: √(a² + b²)"""
    def hypot_(self, other: Operand) -> Tensor:
        """``hypot``, written into the tensor itself."""
    def i0(self) -> Tensor:
        """Modified Bessel function of the first kind, order 0."""
    def i0_(self) -> Tensor:
        """``i0``, written into the tensor itself."""
    def igamma(self, other: Array) -> Tensor:
        """``1 / Γ(a) ∫₀ˣ tᵃ⁻¹ e⁻ᵗ dt`` for a in ``input`` and x in ``other``, which broadcast: from 0 to 1 as x grows.
        """
    def igamma_(self, other: Array) -> Tensor:
        """``igamma``, written into the tensor itself."""
    def igammac(self, other: Array) -> Tensor:
        """``1 − igamma(input, other)``, exact where it is small."""
    def igammac_(self, other: Array) -> Tensor:
        """``igammac``, written into the tensor itself."""
    @property
    def imag(self) -> Tensor:
        """The imaginary part. Raises ``DtypeError`` for a real tensor."""
    @imag.setter
    def imag(self, value: Operand) -> None: ...
    def index(self, indices: Any) -> Tensor:
        """The elements at indices, one for each dimension: ``t[indices]``."""
    def index_add(self, dim: _int, index: Index, source: Array, *, alpha: Operand = 1) -> Tensor:
        """``result[index[i]] += alpha · source[i]`` along ``dim``; an index named twice is added twice."""
    def index_add_(self, dim: _int, index: Index, source: Array, *, alpha: Operand = 1) -> Tensor:
        """``index_add``, written into the tensor itself."""
    def index_copy(self, dim: _int, index: Index, source: Array) -> Tensor:
        """``result[index[i]] = source[i]`` along ``dim``."""
    def index_copy_(self, dim: _int, index: Index, source: Array) -> Tensor:
        """``index_copy``, written into the tensor itself."""
    def index_fill(self, dim: _int, index: Index, value: Operand) -> Tensor:
        """The slices of ``dim`` that ``index`` names, filled with one number or a 0-d tensor."""
    def index_fill_(self, dim: _int, index: Index, value: Operand) -> Tensor:
        """``index_fill``, written into the tensor itself."""
    def index_put(self, indices: Sequence[Index], values: Array, accumulate: _bool = False) -> Tensor:
        """``input[indices] = values`` on a copy; with ``accumulate`` ``+=``, where an index named twice is added twice.
        """
    def index_put_(self, indices: Sequence[Index], values: Array, accumulate: _bool = False) -> Tensor:
        """``index_put``, written into the tensor itself."""
    def index_reduce(
        self, dim: _int, index: Index, source: Array, reduce: str, *, include_self: _bool = True,
    ) -> Tensor:
        """``scatter_reduce`` of whole slices along ``dim``."""
    def index_reduce_(
        self, dim: _int, index: Index, source: Array, reduce: str, *, include_self: _bool = True,
    ) -> Tensor:
        """``index_reduce``, written into the tensor itself."""
    def index_select(self, dim: _int, index: Index) -> Tensor:
        """The slices of ``dim`` that an integer tensor of one dimension names."""
    def inner(self, other: Array) -> Tensor:
        """Products summed over the last dimension of both: ``result[i, j] = Σ input[i] other[j]``; a number multiplies.
        """
    def int(self, memory_format: Any = None) -> Tensor:
        """The tensor as int32."""
    def inverse(self) -> Tensor:
        """Inverse matrix (Giles 2008, section 2.2.3). Formula: x⁻¹"""
    def is_complex(self) -> _bool:
        """Whether the dtype is complex."""
    def is_conj(self) -> _bool:
        """False: a conjugate is computed at once, and needs no mark."""
    def is_contiguous(self, memory_format: memory_format = ...) -> _bool:
        """Whether the elements lie row by row, without gaps, or in the order of a memory format."""
    @property
    def is_cpu(self) -> _bool:
        """Whether the tensor is on a device of the kind 'cpu'."""
    @property
    def is_cuda(self) -> _bool:
        """Whether the tensor is on a device of the kind 'cuda'."""
    def is_floating_point(self) -> _bool:
        """Whether the dtype is a float."""
    @property
    def is_ipu(self) -> _bool:
        """Whether the tensor is on a device of the kind 'ipu'."""
    @property
    def is_maia(self) -> _bool:
        """Whether the tensor is on a device of the kind 'maia'."""
    @property
    def is_meta(self) -> _bool:
        """Whether the tensor is on a device of the kind 'meta'."""
    @property
    def is_mkldnn(self) -> _bool:
        """Whether the elements lie in an order of oneDNN's: no."""
    @property
    def is_mps(self) -> _bool:
        """Whether the tensor is on a device of the kind 'mps'."""
    @property
    def is_mtia(self) -> _bool:
        """Whether the tensor is on a device of the kind 'mtia'."""
    def is_neg(self) -> _bool:
        """False: a negative is computed at once, and needs no mark."""
    @property
    def is_nested(self) -> _bool:
        """Whether rows may differ in length: no."""
    def is_nonzero(self) -> _bool:
        """Whether the one element is not 0. Raises ``ShapeError`` where there are several, or none."""
    @property
    def is_quantized(self) -> _bool:
        """Whether the elements are integers that stand for floats: no."""
    def is_same_size(self, other: Array) -> _bool:
        """Whether two tensors have one shape."""
    def is_signed(self) -> _bool:
        """Whether the dtype holds negative numbers."""
    @property
    def is_sparse(self) -> _bool:
        """Whether only some elements are kept: no."""
    @property
    def is_sparse_csr(self) -> _bool:
        """Whether only some elements are kept, row by row: no."""
    @property
    def is_xla(self) -> _bool:
        """Whether the tensor is on a device of the kind 'xla'."""
    @property
    def is_xpu(self) -> _bool:
        """Whether the tensor is on a device of the kind 'xpu'."""
    def isclose(self, other: Operand, rtol: _float = 1e-05, atol: _float = 1e-08, equal_nan: _bool = False) -> Tensor:
        """Whether |a − b| ≤ atol + rtol · |b|."""
    def isfinite(self) -> Tensor:
        """Whether each element is finite."""
    def isinf(self) -> Tensor:
        """Whether each element is infinite."""
    def isnan(self) -> Tensor:
        """Whether each element is NaN."""
    def isneginf(self) -> Tensor:
        """Whether each element is −∞."""
    def isposinf(self) -> Tensor:
        """Whether each element is +∞."""
    def isreal(self) -> Tensor:
        """Whether the imaginary part of each element is 0."""
    def istft(
        self, n_fft: _int, hop_length: _int | None = None, win_length: _int | None = None, window: Any = None,
        center: _bool = True, normalized: _bool = False, onesided: _bool | None = None, length: _int | None = None,
        return_complex: _bool = False,
    ) -> Tensor:
        """The signal (batch, samples) or (samples,) whose ``stft`` is given, (batch, bins, frames) or (bins, frames).
        """
    @property
    def itemsize(self) -> _int:
        """The bytes of one element."""
    def kron(self, other: Array) -> Tensor:
        """Kronecker product: every element of ``input`` times all of ``other``; missing dimensions count as 1, in
        front.
        """
    def kthvalue(
        self, k: _int, dim: _int = -1, keepdim: _bool = False, *, axis: _int | None = None,
        keepdims: _bool | None = None,
    ) -> Found:
        """The ``k``-th smallest element along ``dim`` (1 is the smallest), and where it stands."""
    @property
    def layout(self) -> _layout:
        """``tg.strided``: every element is kept."""
    def lcm(self, other: Operand) -> Tensor:
        """Least common multiple of integers."""
    def lcm_(self, other: Operand) -> Tensor:
        """``lcm``, written into the tensor itself."""
    def ldexp(self, other: Operand) -> Tensor:
        """``input · 2^other``; a slope flows to both where ``other`` holds floats."""
    def ldexp_(self, other: Operand) -> Tensor:
        """``ldexp``, written into the tensor itself."""
    def le(self, other: Operand) -> Tensor:
        """a <= b, element by element."""
    def le_(self, other: Operand) -> Tensor:
        """``le``, written into the tensor itself."""
    def lerp(self, end: Operand, weight: Operand) -> Tensor:
        """``input + weight · (end − input)``: a part of the way, 0 at the start, 1 at the end."""
    def lerp_(self, end: Operand, weight: Operand) -> Tensor:
        """``lerp``, written into the tensor itself."""
    def less(self, other: Operand) -> Tensor:
        """a < b, element by element."""
    def less_(self, other: Operand) -> Tensor:
        """``less``, written into the tensor itself."""
    def less_equal(self, other: Operand) -> Tensor:
        """a <= b, element by element."""
    def less_equal_(self, other: Operand) -> Tensor:
        """``less_equal``, written into the tensor itself."""
    def lgamma(self) -> Tensor:
        """Logarithm of the size of the gamma function (Moshier). Formula: ln |Γ(x)|"""
    def lgamma_(self) -> Tensor:
        """``lgamma``, written into the tensor itself."""
    def log(self) -> Tensor:
        """Natural logarithm. Formula: ln x"""
    def log10(self) -> Tensor:
        """Logarithm to base 10. Formula: ln x / ln 10"""
    def log10_(self) -> Tensor:
        """``log10``, written into the tensor itself."""
    def log1p(self) -> Tensor:
        """log(1 + x), exact near 0. Formula: ln(1 + x)"""
    def log1p_(self) -> Tensor:
        """``log1p``, written into the tensor itself."""
    def log2(self) -> Tensor:
        """Logarithm to base 2. Formula: ln x / ln 2"""
    def log2_(self) -> Tensor:
        """``log2``, written into the tensor itself."""
    def log_(self) -> Tensor:
        """``log``, written into the tensor itself."""
    def log_normal_(self, mean: _float = 1.0, std: _float = 2.0, *, generator: Generator | None = None) -> Tensor:
        """Every element the exponential of a normal number of this mean and standard deviation."""
    def log_softmax(self, dim: _int = -1, dtype: DTypeLike = None, *, axis: _int | None = None) -> Tensor:
        """``ln softmax``, finite for any finite scores; of numbers cast to ``dtype`` first, where it is given."""
    def logaddexp(self, other: Operand) -> Tensor:
        """Logarithm of a sum of exponentials; it does not overflow. Formula: ln(eᵃ + eᵇ)"""
    def logaddexp2(self, other: Operand) -> Tensor:
        """Logarithm to base 2 of a sum of powers of 2. Formula: log₂(2ᵃ + 2ᵇ)"""
    def logcumsumexp(self, dim: _int | None = None, *, axis: _int | None = None) -> Tensor:
        """``log(cumsum(exp(input), dim))`` of real numbers, without overflow."""
    def logdet(self) -> Tensor:
        """The logarithm of the determinant: NaN where it is negative, complex of a complex matrix."""
    def logical_and(self, other: Operand) -> Tensor:
        """Both are not 0."""
    def logical_and_(self, other: Operand) -> Tensor:
        """``logical_and``, written into the tensor itself."""
    def logical_not(self) -> Tensor:
        """Whether each element is 0."""
    def logical_not_(self) -> Tensor:
        """``logical_not``, written into the tensor itself."""
    def logical_or(self, other: Operand) -> Tensor:
        """One of both is not 0."""
    def logical_or_(self, other: Operand) -> Tensor:
        """``logical_or``, written into the tensor itself."""
    def logical_xor(self, other: Operand) -> Tensor:
        """Exactly one is not 0."""
    def logical_xor_(self, other: Operand) -> Tensor:
        """``logical_xor``, written into the tensor itself."""
    def logit(self, eps: _float | None = None) -> Tensor:
        """The inverse of the sigmoid; with eps, of x brought into [eps, 1 − eps]. Formula: ln(x / (1 − x))"""
    def logit_(self, eps: _float | None = None) -> Tensor:
        """``logit``, written into the tensor itself."""
    def logsumexp(
        self, axis: Axis = None, keepdims: _bool = False, *, dim: Axis = None, keepdim: _bool | None = None,
    ) -> Tensor:
        """log of the sum of exponentials, without overflow. Formula: ln Σ eˣ"""
    def long(self, memory_format: Any = None) -> Tensor:
        """The tensor as int64."""
    def lt(self, other: Operand) -> Tensor:
        """a < b, element by element."""
    def lt_(self, other: Operand) -> Tensor:
        """``lt``, written into the tensor itself."""
    def lu(self, pivot: _bool = True, get_infos: _bool = False) -> tuple[Tensor, ...]:
        """PyTorch's older name: ``(LU, pivots)``, and ``info`` with ``get_infos``."""
    def lu_solve(self, LU_data: Array, LU_pivots: Array) -> Tensor:
        """PyTorch's older order of the arguments of ``linalg.lu_solve``."""
    @property
    def mH(self) -> Tensor:
        """The last two dimensions swapped, and the complex conjugate: ``x.mH``."""
    @property
    def mT(self) -> Tensor:
        """The last two dimensions exchanged: ``t.mT``."""
    def map2_(self, x: Array, y: Array, callable: Callable[..., Any], /) -> Tensor:
        """Every element what a Python function makes of it and those of two other tensors, which broadcast."""
    def map_(self, tensor: Array, callable: Callable[..., Any], /) -> Tensor:
        """Every element what a Python function makes of it and that of another tensor, which broadcasts."""
    def masked_fill(self, mask: Array, value: Operand) -> Tensor:
        """One number (or a 0-d tensor) where a boolean tensor holds, ``input`` elsewhere; both broadcast."""
    def masked_fill_(self, mask: Array, value: Operand) -> Tensor:
        """``masked_fill``, written into the tensor itself."""
    def masked_scatter(self, mask: Array, source: Array) -> Tensor:
        """The first elements of ``source``, row by row, put where a boolean tensor holds."""
    def masked_scatter_(self, mask: Array, source: Array) -> Tensor:
        """``masked_scatter``, written into the tensor itself."""
    def masked_select(self, mask: Array) -> Tensor:
        """The elements where a boolean tensor holds, row by row, in one dimension; both broadcast."""
    def matmul(self, other: Operand) -> Tensor:
        """Matrix product; leading dimensions broadcast. Formula: a @ b"""
    def matrix_exp(self) -> Tensor:
        """Exponential of a square matrix. Formula: Σ xᵏ / k!"""
    def matrix_power(self, n: _int) -> Tensor:
        """A square matrix multiplied with itself ``n`` times, by repeated squaring; its inverse for negative ``n``."""
    @overload
    def max(
        self, dim: None = None, keepdim: _bool = False, *, axis: None = None, keepdims: _bool | None = None,
    ) -> Tensor:
        """The largest element; with ``dim`` a pair ``(values, indices)`` along it; with a second tensor ``maximum``."""
    @overload
    def max(self, dim: _int, keepdim: _bool = False, *, keepdims: _bool | None = None) -> Found:
        """The largest element; with ``dim`` a pair ``(values, indices)`` along it; with a second tensor ``maximum``."""
    @overload
    def max(self, *, axis: _int, keepdims: _bool = False) -> Found:
        """The largest element; with ``dim`` a pair ``(values, indices)`` along it; with a second tensor ``maximum``."""
    @overload
    def max(self, other: Array, /) -> Tensor:
        """The largest element; with ``dim`` a pair ``(values, indices)`` along it; with a second tensor ``maximum``."""
    @overload
    def max(self, *, other: Operand) -> Tensor:
        """The largest element; with ``dim`` a pair ``(values, indices)`` along it; with a second tensor ``maximum``."""
    def maximum(self, other: Operand) -> Tensor:
        """The larger of two elements; a tie shares the gradient equally, NaN passes it to both. Formula: max(a, b)"""
    def mean(
        self, axis: Axis = None, keepdims: _bool = False, dtype: DTypeLike = None, *, dim: Axis = None,
        keepdim: _bool | None = None, where: Array | None = None,
    ) -> Tensor:
        """Mean over the given axes, in ``dtype``; integers give the default float dtype; NaN of nothing. Formula: Σ x /
        n
        """
    @overload
    def median(
        self, dim: None = None, keepdim: _bool = False, *, axis: None = None, keepdims: _bool | None = None,
    ) -> Tensor:
        """The middle element, the lower one of two (``np.median`` averages them); with ``dim`` also where it stands."""
    @overload
    def median(self, dim: _int, keepdim: _bool = False, *, keepdims: _bool | None = None) -> Found:
        """The middle element, the lower one of two (``np.median`` averages them); with ``dim`` also where it stands."""
    @overload
    def median(self, *, axis: _int, keepdims: _bool = False) -> Found:
        """The middle element, the lower one of two (``np.median`` averages them); with ``dim`` also where it stands."""
    @overload
    def min(
        self, dim: None = None, keepdim: _bool = False, *, axis: None = None, keepdims: _bool | None = None,
    ) -> Tensor:
        """The smallest element; with ``dim`` a pair ``(values, indices)`` along it; with a second tensor ``minimum``.
        """
    @overload
    def min(self, dim: _int, keepdim: _bool = False, *, keepdims: _bool | None = None) -> Found:
        """The smallest element; with ``dim`` a pair ``(values, indices)`` along it; with a second tensor ``minimum``.
        """
    @overload
    def min(self, *, axis: _int, keepdims: _bool = False) -> Found:
        """The smallest element; with ``dim`` a pair ``(values, indices)`` along it; with a second tensor ``minimum``.
        """
    @overload
    def min(self, other: Array, /) -> Tensor:
        """The smallest element; with ``dim`` a pair ``(values, indices)`` along it; with a second tensor ``minimum``.
        """
    @overload
    def min(self, *, other: Operand) -> Tensor:
        """The smallest element; with ``dim`` a pair ``(values, indices)`` along it; with a second tensor ``minimum``.
        """
    def minimum(self, other: Operand) -> Tensor:
        """The smaller of two elements; a tie shares the gradient equally, NaN passes it to both. Formula: min(a, b)"""
    def mm(self, mat2: Array) -> Tensor:
        """The product of two matrices. Raises ``ShapeError`` for other ranks."""
    def mode(
        self, dim: _int = -1, keepdim: _bool = False, *, axis: _int | None = None, keepdims: _bool | None = None,
    ) -> Found:
        """The most frequent element along ``dim``, of several the smallest, and where the last of them stands."""
    def moveaxis(self, source: _int | Sequence[_int], destination: _int | Sequence[_int]) -> Tensor:
        """The dimensions ``source`` (an int or several) put at the places ``destination``; the others keep their order.
        """
    def movedim(self, source: _int | Sequence[_int], destination: _int | Sequence[_int]) -> Tensor:
        """The dimensions ``source`` (an int or several) put at the places ``destination``; the others keep their order.
        """
    def msort(self) -> Tensor:
        """The elements in order along the first dimension."""
    def mul(self, other: Operand) -> Tensor:
        """Product, element by element. Formula: a · b"""
    def mul_(self, other: Operand) -> Tensor:
        """``mul``, written into the tensor itself."""
    def multinomial(
        self, num_samples: _int, replacement: _bool = False, *, generator: Generator | None = None,
    ) -> Tensor:
        """Indices drawn with the probabilities of (n,) or (rows, n), which need not sum to 1."""
    def multiply(self, other: Operand) -> Tensor:
        """Product, element by element. Formula: a · b"""
    def multiply_(self, other: Operand) -> Tensor:
        """``multiply``, written into the tensor itself."""
    def mv(self, vec: Array) -> Tensor:
        """A matrix times a vector. Raises ``ShapeError`` for other ranks."""
    def mvlgamma(self, p: _int) -> Tensor:
        """Logarithm of the gamma function of ``p`` dimensions: ``p (p − 1) / 4 · ln π + Σ lnΓ(input − i / 2)``, i < p.
        """
    def mvlgamma_(self, p: _int) -> Tensor:
        """``mvlgamma``, written into the tensor itself."""
    def nan_to_num(self, nan: _float = 0.0, posinf: _float | None = None, neginf: _float | None = None) -> Tensor:
        """NaN and the infinities replaced by numbers: 0 and the largest ones, unless given. Formula: x where it is
        finite, else nan, posinf or neginf
        """
    def nan_to_num_(self, nan: _float = 0.0, posinf: _float | None = None, neginf: _float | None = None) -> Tensor:
        """``nan_to_num``, written into the tensor itself."""
    def nanmean(
        self, dim: Axis = None, keepdim: _bool = False, *, dtype: DTypeLike = None, axis: Axis = None,
        keepdims: _bool | None = None,
    ) -> Tensor:
        """The mean over ``dim`` of what is not NaN."""
    @overload
    def nanmedian(
        self, dim: None = None, keepdim: _bool = False, *, axis: None = None, keepdims: _bool | None = None,
    ) -> Tensor:
        """``median`` of what is not NaN; NaN where nothing else is there."""
    @overload
    def nanmedian(self, dim: _int, keepdim: _bool = False, *, keepdims: _bool | None = None) -> Found:
        """``median`` of what is not NaN; NaN where nothing else is there."""
    @overload
    def nanmedian(self, *, axis: _int, keepdims: _bool = False) -> Found:
        """``median`` of what is not NaN; NaN where nothing else is there."""
    def nanquantile(
        self, q: Operand, dim: _int | None = None, keepdim: _bool = False, *, interpolation: str = 'linear',
        axis: _int | None = None, keepdims: _bool | None = None,
    ) -> Tensor:
        """``quantile`` of what is not NaN; NaN where nothing else is there."""
    def nansum(
        self, dim: Axis = None, keepdim: _bool = False, *, dtype: DTypeLike = None, axis: Axis = None,
        keepdims: _bool | None = None,
    ) -> Tensor:
        """The sum over ``dim`` in which NaN counts as 0 and gets no gradient."""
    def narrow(self, dim: _int, start: SupportsIndex, length: _int) -> Tensor:
        """``length`` positions of dimension ``dim``, from ``start`` on (negative: counted from the end)."""
    def narrow_copy(self, dim: _int, start: SupportsIndex, length: _int) -> Tensor:
        """A copy of what ``narrow`` gives, which shares no memory with the input."""
    @property
    def nbytes(self) -> _int:
        """The bytes of all elements."""
    def ndimension(self) -> _int:
        """How many dimensions."""
    def ne(self, other: Operand) -> Tensor:
        """a != b, element by element."""
    def ne_(self, other: Operand) -> Tensor:
        """``ne``, written into the tensor itself."""
    def neg(self) -> Tensor:
        """The negative. Formula: −x"""
    def neg_(self) -> Tensor:
        """``neg``, written into the tensor itself."""
    def negative(self) -> Tensor:
        """The negative. Formula: −x"""
    def negative_(self) -> Tensor:
        """``negative``, written into the tensor itself."""
    def nelement(self) -> _int:
        """How many elements."""
    def new(self, *items: Any, device: DeviceLike | None = None) -> Tensor:
        """A tensor of the same dtype, by sizes or by data: ``t.new(2, 3)``, ``t.new([1, 2])``."""
    def new_empty(
        self, *sizes: Size, size: Size | None = None, dtype: DTypeLike = None, device: DeviceLike | None = None,
        requires_grad: _bool = False,
    ) -> Tensor:
        """An unfilled tensor of another shape in the dtype of ``x``."""
    def new_empty_strided(
        self, size: Size, stride: Size, *, dtype: DTypeLike = None, device: DeviceLike | None = None,
        requires_grad: _bool = False,
    ) -> Tensor:
        """An unfilled tensor in the dtype of ``x`` whose elements lie ``stride`` elements apart along each dimension.
        """
    def new_full(
        self, size: Size, fill_value: Operand, *, dtype: DTypeLike = None, device: DeviceLike | None = None,
        requires_grad: _bool = False,
    ) -> Tensor:
        """One number everywhere, in another shape and the dtype of ``x``."""
    def new_ones(
        self, *sizes: Size, size: Size | None = None, dtype: DTypeLike = None, device: DeviceLike | None = None,
        requires_grad: _bool = False,
    ) -> Tensor:
        """Ones of another shape in the dtype of ``x``."""
    def new_tensor(
        self, data: Any, *, dtype: DTypeLike = None, device: DeviceLike | None = None, requires_grad: _bool = False,
    ) -> Tensor:
        """A tensor of other data in the dtype of ``x``. Warns where the data requires grad: the copy has no history."""
    def new_zeros(
        self, *sizes: Size, size: Size | None = None, dtype: DTypeLike = None, device: DeviceLike | None = None,
        requires_grad: _bool = False,
    ) -> Tensor:
        """Zeros of another shape in the dtype of ``x``."""
    def nextafter(self, other: Operand) -> Tensor:
        """The next floating point number after a towards b. Formula: a ± ulp, towards b"""
    def nextafter_(self, other: Operand) -> Tensor:
        """``nextafter``, written into the tensor itself."""
    def nonzero(self, *, as_tuple: _bool = False) -> Tensor:
        """The positions of the elements that are not 0: (n, dimensions), or with ``as_tuple`` one tensor per dimension.
        """
    def nonzero_static(self, *, size: _int, fill_value: _int = -1) -> Tensor:
        """The first ``size`` positions of elements that are not 0, (size, dimensions); rows of ``fill_value`` after
        them.
        """
    def norm(
        self, p: Any = 'fro', dim: Axis = None, keepdim: _bool = False, dtype: DTypeLike = None, *, axis: Axis = None,
        keepdims: _bool | None = None,
    ) -> Tensor:
        """PyTorch's older name: "fro" and numbers are norms of the elements, "nuc" is one of matrices."""
    def normal_(self, mean: _float = 0.0, std: _float = 1.0, *, generator: Generator | None = None) -> Tensor:
        """Every element drawn from the normal distribution."""
    def not_equal(self, other: Operand) -> Tensor:
        """a != b, element by element."""
    def not_equal_(self, other: Operand) -> Tensor:
        """``not_equal``, written into the tensor itself."""
    def numel(self) -> _int:
        """How many elements."""
    def orgqr(self, tau: Array) -> Tensor:
        """The first columns of H₁ H₂ … with ``Hᵢ = 1 − tau[i] vᵢ vᵢᴴ``; vᵢ is column i of A below a 1 on its diagonal.
        """
    def ormqr(self, tau: Array, other: Array, left: _bool = True, transpose: _bool = False) -> Tensor:
        """Q times ``other`` (``other`` times Q where not ``left``; Qᴴ with ``transpose``), Q the reflections in A, tau.
        """
    def outer(self, vec2: Array) -> Tensor:
        """All products of two vectors: ``result[i, j] = input[i] vec2[j]``."""
    def partition(self, kth: Any, axis: _int = -1) -> None:
        """Reorder in place: the element ``kth`` where sorting would put it, no larger one before it."""
    def permute(self, *order: Any, dims: Size | None = None) -> Tensor:
        """The dimensions in the order given."""
    def pinverse(self, rcond: _float = 1e-15) -> Tensor:
        """PyTorch's older name of ``pinv``."""
    def polygamma(self, n: _int) -> Tensor:
        """The derivative of order ``n`` of ``digamma``."""
    def polygamma_(self, n: _int) -> Tensor:
        """``polygamma``, written into the tensor itself."""
    def positive(self) -> Tensor:
        """The same value. Formula: x"""
    def pow(self, exponent: Operand) -> Tensor:
        """``input`` to the power ``exponent``, tensors of shapes that broadcast or numbers, in their common dtype."""
    def pow_(self, exponent: Operand) -> Tensor:
        """``pow``, written into the tensor itself."""
    def prelu(self, weight: Array) -> Tensor:
        """x above 0, ``weight · x`` below; ``weight`` is one number, or one per channel (dimension 1 of ``input``)."""
    def prod(
        self, dim: Axis = None, keepdim: _bool = False, *, dtype: DTypeLike = None, axis: Axis = None,
        keepdims: _bool | None = None,
    ) -> Tensor:
        """The product over ``dim`` (all axes by default), in ``dtype``; the gradient is right also where elements are
        0.
        """
    def ptp(self, axis: Axis = None, keepdims: _bool = False) -> Tensor:
        """The largest less the smallest element over the axes."""
    def put(self, index: Index, source: Array, accumulate: _bool = False) -> Tensor:
        """The elements that ``index`` names, counted row by row, replaced by ``source`` (or added to)."""
    def put_(self, index: Index, source: Array, accumulate: _bool = False) -> Tensor:
        """``put``, written into the tensor itself."""
    def qr(self, some: _bool = True) -> OlderQR:
        """PyTorch's older name: ``mode="reduced"`` where ``some``, else ``"complete"``."""
    def quantile(
        self, q: Operand, dim: _int | None = None, keepdim: _bool = False, *, interpolation: str = 'linear',
        axis: _int | None = None, keepdims: _bool | None = None,
    ) -> Tensor:
        """What stands at the share ``q`` (a number or 1-d, in [0, 1]) of the elements in order; NaN where there is one.
        """
    def rad2deg(self) -> Tensor:
        """Radians as degrees. Formula: x · 180 / π"""
    def rad2deg_(self) -> Tensor:
        """``rad2deg``, written into the tensor itself."""
    def random_(self, low: _int | None = None, to: _int | None = None, *, generator: Generator | None = None) -> Tensor:
        """Every element an integer from [low, to), [0, low), or all that the dtype holds from 0 on."""
    def ravel(self) -> Tensor:
        """All elements, row by row, in one dimension: a view where they lie side by side in memory, else a copy."""
    @property
    def real(self) -> Tensor:
        """The real part; a real tensor is returned as it is."""
    @real.setter
    def real(self, value: Operand) -> None: ...
    def reciprocal(self) -> Tensor:
        """1 over each element; integers give the default float dtype. Formula: 1 / x"""
    def reciprocal_(self) -> Tensor:
        """``reciprocal``, written into the tensor itself."""
    def register_hook(self, hook: Callable[[Tensor], Tensor | None]) -> RemovableHandle:
        """Call ``hook(gradient)`` in each backward when this tensor's gradient is complete."""
    def register_post_accumulate_grad_hook(self, hook: Callable[[Tensor], None]) -> RemovableHandle:
        """Call ``hook(tensor)`` in each backward after this leaf's ``.grad`` was set or added to."""
    def relu(self) -> Tensor:
        """max(x, 0); its gradient at 0 is 0, and 1 at NaN. Formula: max(x, 0)"""
    def relu_(self) -> Tensor:
        """``relu``, written into the tensor itself."""
    def remainder(self, other: Operand) -> Tensor:
        """What is left of a after whole steps of b, with the sign of b, as Python's %. Formula: a − b · ⌊a / b⌋"""
    def remainder_(self, other: Operand) -> Tensor:
        """``remainder``, written into the tensor itself."""
    def renorm(self, p: _float, dim: _int, maxnorm: _float) -> Tensor:
        """Each slice along ``dim`` whose ``p``-norm is above ``maxnorm`` scaled down to it."""
    def renorm_(self, p: _float, dim: _int, maxnorm: _float) -> Tensor:
        """``renorm``, written into the tensor itself."""
    def repeat(self, *sizes: Size, repeats: Operand | None = None) -> Tensor:
        """A copy with the whole tensor repeated along each dimension; new dimensions come in front."""
    def repeat_interleave(
        self, repeats: Operand | None = None, dim: _int | None = None, *, output_size: _int | None = None,
        axis: _int | None = None,
    ) -> Tensor:
        """Each element (of dimension ``dim``: each slice) repeated, one number of times or one number for each."""
    def reshape(self, *sizes: Size, shape: Size | None = None) -> Tensor:
        """The elements of ``input``, row by row, in another shape; one size may be −1."""
    def reshape_as(self, other: Array) -> Tensor:
        """The elements of ``input`` in the shape of ``other``."""
    def resize_(self, *sizes: Size, size: Size | None = None) -> Tensor:
        """Another shape, whatever its size: the first elements stay, further ones are what the memory holds."""
    def resize_as_(self, the_template: Array) -> Tensor:
        """The shape of another tensor, as ``resize_``."""
    def resolve_conj(self) -> Tensor:
        """The tensor itself: a conjugate is never a lazy view here."""
    def resolve_neg(self) -> Tensor:
        """The tensor itself: a negative is never a lazy view here."""
    def retain_grad(self) -> None:
        """Keep the gradient of this non-leaf tensor in ``.grad`` at the next backward."""
    @property
    def retains_grad(self) -> _bool:
        """Whether backward keeps the gradient of this inner tensor in ``.grad``."""
    def roll(self, shifts: Size, dims: Size | None = None) -> Tensor:
        """The elements moved by ``shifts`` along ``dims``, around the end; without ``dims`` in the order row by row."""
    def rot90(self, k: _int = 1, dims: Sequence[_int] = ...) -> Tensor:
        """Turned by ``k`` quarter turns in the plane of two dimensions, from the first towards the second."""
    def round(self, decimals: _int = 0) -> Tensor:
        """The nearest number with so many decimals; a half goes to the even one. Its gradient is 0. Formula: x, rounded
        to so many decimals
        """
    def round_(self, decimals: _int = 0) -> Tensor:
        """``round``, written into the tensor itself."""
    def rsqrt(self) -> Tensor:
        """1 over the square root. Formula: 1 / √x"""
    def rsqrt_(self) -> Tensor:
        """``rsqrt``, written into the tensor itself."""
    def scatter(
        self, dim: _int, index: Index, src: Operand | None = None, *, value: Operand | None = None,
        reduce: str | None = None,
    ) -> Tensor:
        """``result[index[i, j], j] = src[i, j]`` for dim 0, and so on; ``src`` is a tensor or a number."""
    def scatter_(
        self, dim: _int, index: Index, src: Operand | None = None, *, value: Operand | None = None,
        reduce: str | None = None,
    ) -> Tensor:
        """``scatter``, written into the tensor itself."""
    def scatter_add(self, dim: _int, index: Index, src: Array) -> Tensor:
        """``result[index[i, j], j] += src[i, j]`` for dim 0, and so on."""
    def scatter_add_(self, dim: _int, index: Index, src: Array) -> Tensor:
        """``scatter_add``, written into the tensor itself."""
    def scatter_reduce(
        self, dim: _int, index: Index, src: Operand, reduce: str, *, include_self: _bool = True,
    ) -> Tensor:
        """The elements of ``src`` that ``index`` sends to one place, reduced together."""
    def scatter_reduce_(
        self, dim: _int, index: Index, src: Operand, reduce: str, *, include_self: _bool = True,
    ) -> Tensor:
        """``scatter_reduce``, written into the tensor itself."""
    def searchsorted(self, v: Operand, side: Any = 'left', sorter: Index | None = None) -> Tensor:
        """Where in the tensor, sorted and 1-d, ``v`` would stand."""
    def select(self, dim: _int, index: _int) -> Tensor:
        """The slice at one position of dimension ``dim``, without that dimension."""
    def select_scatter(self, src: Array, dim: _int, index: _int) -> Tensor:
        """A copy of ``input`` with ``select(dim, index)`` replaced by ``src``."""
    def sgn(self) -> Tensor:
        """``input / |input|``, 0 at 0; of a real tensor its sign."""
    def sgn_(self) -> Tensor:
        """``sgn``, written into the tensor itself."""
    def short(self, memory_format: Any = None) -> Tensor:
        """The tensor as int16."""
    def sigmoid(self) -> Tensor:
        """Logistic sigmoid; no overflow at either end. Formula: 1 / (1 + e⁻ˣ)"""
    def sigmoid_(self) -> Tensor:
        """``sigmoid``, written into the tensor itself."""
    def sign(self) -> Tensor:
        """−1, 0 or 1; its gradient is 0. Formula: sign x"""
    def sign_(self) -> Tensor:
        """``sign``, written into the tensor itself."""
    def signbit(self) -> Tensor:
        """Whether the sign of each element is minus, also of −0.0."""
    def sin(self) -> Tensor:
        """Sine of an angle in radians. Formula: sin x"""
    def sin_(self) -> Tensor:
        """``sin``, written into the tensor itself."""
    def sinc(self) -> Tensor:
        """``sin(πx) / (πx)``, 1 at 0; smooth there in every derivative."""
    def sinc_(self) -> Tensor:
        """``sinc``, written into the tensor itself."""
    def sinh(self) -> Tensor:
        """Hyperbolic sine. Formula: sinh x"""
    def sinh_(self) -> Tensor:
        """``sinh``, written into the tensor itself."""
    @property
    def size(self) -> Elements:
        """The number of elements, which called as in PyTorch gives the shape, or the size of one dimension."""
    def slice_scatter(
        self, src: Array, dim: _int = 0, start: _int | None = None, end: _int | None = None, step: _int = 1, *,
        axis: _int | None = None,
    ) -> Tensor:
        """A copy of ``input`` with the positions ``start:end:step`` of ``dim`` replaced by ``src``."""
    def slogdet(self) -> OlderSignLogdet:
        """PyTorch's older name of ``tg.linalg.slogdet``."""
    def softmax(self, dim: _int = -1, dtype: DTypeLike = None, *, axis: _int | None = None) -> Tensor:
        """Exponentials that sum to 1 along ``dim``; of numbers cast to ``dtype`` first, where it is given."""
    def sort(
        self, dim: _int = -1, descending: _bool = False, *, stable: _bool = False, axis: _int | None = None,
    ) -> Found:
        """The elements in order along ``dim``, and where each stood; equal elements always keep their order."""
    def split(self, split_size: Any, dim: _int = 0, *, axis: _int | None = None) -> tuple[Tensor, ...]:
        """Pieces of one size, the last one smaller where it does not divide; or of a list of sizes."""
    def split_with_sizes(
        self, split_sizes: Sequence[_int], dim: _int = 0, *, axis: _int | None = None,
    ) -> tuple[Tensor, ...]:
        """Pieces of the sizes given, which must add up to the size of ``dim``."""
    def sqrt(self) -> Tensor:
        """Square root. Formula: √x"""
    def sqrt_(self) -> Tensor:
        """``sqrt``, written into the tensor itself."""
    def square(self) -> Tensor:
        """Square. Formula: x²"""
    def square_(self) -> Tensor:
        """``square``, written into the tensor itself."""
    def squeeze(self, dim: Axis = None, *, axis: Axis = None) -> Tensor:
        """Without its dimensions of size 1; with ``dim`` (an int or several) only those, where their size is 1."""
    def squeeze_(self, dim: Axis = None, *, axis: Axis = None) -> Tensor:
        """``squeeze`` on the tensor itself, which keeps its memory."""
    def std(
        self, dim: Axis = None, unbiased: _bool | None = None, keepdim: _bool = False, *,
        correction: _float | None = None, axis: Axis = None, keepdims: _bool | None = None,
    ) -> Tensor:
        """Standard deviation over ``dim``: the square root of ``var``; no gradient passes where it is 0."""
    def stft(
        self, n_fft: _int, hop_length: _int | None = None, win_length: _int | None = None, window: Any = None,
        center: _bool = True, pad_mode: str = 'reflect', normalized: _bool = False, onesided: _bool | None = None,
        return_complex: _bool | None = None, align_to_window: _bool | None = None,
    ) -> Tensor:
        """The short-time Fourier transform of signals (batch, samples) or (samples,): (batch, bins, frames), complex.
        """
    def storage(self) -> TypedStorage:
        """The memory that the tensor lies in, all of it, as one row of elements."""
    def storage_offset(self) -> _int:
        """How many elements of its memory lie before the first one of the tensor."""
    def stride(self, dim: _int | None = None) -> Any:
        """How many elements lie between neighbours along each dimension, or along one."""
    @property
    def strides(self) -> tuple[_int, ...]:
        """By how many bytes the elements of each dimension lie apart."""
    def sub(self, other: Operand, *, alpha: Any = 1) -> Tensor:
        """``input − alpha · other``; shapes broadcast."""
    def sub_(self, other: Operand, *, alpha: Any = 1) -> Tensor:
        """``sub``, written into the tensor itself."""
    def subtract(self, other: Operand, *, alpha: Any = 1) -> Tensor:
        """``input − alpha · other``; shapes broadcast."""
    def subtract_(self, other: Operand, *, alpha: Any = 1) -> Tensor:
        """``subtract``, written into the tensor itself."""
    def sum(
        self, axis: Axis = None, keepdims: _bool = False, dtype: DTypeLike = None, *, dim: Axis = None,
        keepdim: _bool | None = None, initial: Operand | None = None, where: Array | None = None,
    ) -> Tensor:
        """Sum over the given axes (all by default), in ``dtype``; booleans and integers give int64. Formula: Σ x"""
    def sum_to_size(self, *sizes: Size, size: Size | None = None) -> Tensor:
        """Summed over the dimensions along which a tensor of ``size`` would be repeated: what undoes ``expand``."""
    def svd(self, some: _bool = True, compute_uv: _bool = True) -> UnconjugatedSVD:
        """PyTorch's older name: ``(U, S, V)`` with V instead of Vh; zeros for U and V without ``compute_uv``."""
    def swapaxes(self, dim0: _int, dim1: _int) -> Tensor:
        """With two dimensions exchanged (PyTorch's meaning; ``np.transpose(t)`` reverses them all)."""
    def swapaxes_(self, dim0: _int, dim1: _int) -> Tensor:
        """``swapaxes`` on the tensor itself, which keeps its memory."""
    def swapdims(self, dim0: _int, dim1: _int) -> Tensor:
        """With two dimensions exchanged (PyTorch's meaning; ``np.transpose(t)`` reverses them all)."""
    def swapdims_(self, dim0: _int, dim1: _int) -> Tensor:
        """``swapdims`` on the tensor itself, which keeps its memory."""
    def t(self) -> Tensor:
        """A matrix transposed; a vector as it is."""
    def t_(self) -> Tensor:
        """``t`` on the tensor itself, which keeps its memory."""
    def take(self, index: Index) -> Tensor:
        """The elements that an integer tensor names, counted row by row; in the shape of ``index``."""
    def take_along_dim(self, indices: Array, dim: _int | None = None, *, axis: _int | None = None) -> Tensor:
        """The elements that ``indices`` names along ``dim``; both broadcast elsewhere. Without ``dim``, row by row."""
    def tan(self) -> Tensor:
        """Tangent of an angle in radians. Formula: tan x"""
    def tan_(self) -> Tensor:
        """``tan``, written into the tensor itself."""
    def tanh(self) -> Tensor:
        """Hyperbolic tangent. Formula: tanh x"""
    def tanh_(self) -> Tensor:
        """``tanh``, written into the tensor itself."""
    def tensor_split(self, indices_or_sections: Any, dim: _int = 0, *, axis: _int | None = None) -> tuple[Tensor, ...]:
        """That many pieces, the first ones larger by one where it does not divide; or cut at the positions of a list.
        """
    def tile(self, *sizes: Size, dims: Size | None = None) -> Tensor:
        """``repeat`` with as many counts as wanted: missing ones, in front, are 1."""
    def to(
        self, *args: Any, dtype: DTypeLike = None, device: DeviceLike | None = None, non_blocking: _bool = False,
        copy: _bool = False, memory_format: Any = None, other: Any = None,
    ) -> Tensor:
        """The tensor in another dtype, on another device, or as another tensor is; itself where nothing changes."""
    def to_dense(self, dtype: Any = None) -> Tensor:
        """The tensor itself, which is dense; in another dtype where one is given."""
    def to_device(self, device: DeviceLike, *, stream: None = None) -> Any:
        """The tensor on a device, under the array API's name; ``DeviceError`` for one that is not here."""
    def tobytes(self, order: Any = 'C') -> bytes:
        """The memory of the elements in a row."""
    def topk(
        self, k: _int, dim: _int = -1, largest: _bool = True, sorted: _bool = True, *, axis: _int | None = None,
    ) -> Found:
        """The ``k`` largest (or smallest) elements along ``dim`` in order, and where they stand."""
    def trace(self) -> Tensor:
        """The sum of a matrix' diagonal."""
    def transpose(self, dim0: _int, dim1: _int) -> Tensor:
        """With two dimensions exchanged (PyTorch's meaning; ``np.transpose(t)`` reverses them all)."""
    def transpose_(self, dim0: _int, dim1: _int) -> Tensor:
        """``transpose`` on the tensor itself, which keeps its memory."""
    def triangular_solve(
        self, A: Array, upper: _bool = True, transpose: _bool = False, unitriangular: _bool = False,
    ) -> TriangularSolution:
        """PyTorch's older order of arguments: ``(solution, A)`` of ``A X = input``, or of ``Aᵀ X`` with ``transpose``.
        """
    def tril(self, diagonal: _int = 0) -> Tensor:
        """The lower triangle of the last two dimensions, up to and including a diagonal; zeros above."""
    def tril_(self, diagonal: _int = 0) -> Tensor:
        """``tril``, written into the tensor itself."""
    def triu(self, diagonal: _int = 0) -> Tensor:
        """The upper triangle of the last two dimensions, from a diagonal on; zeros below."""
    def triu_(self, diagonal: _int = 0) -> Tensor:
        """``triu``, written into the tensor itself."""
    def true_divide(self, other: Operand, *, rounding_mode: str | None = None) -> Tensor:
        """``input / other``; rounded down (``"floor"``) or towards 0 (``"trunc"``), and then without a slope."""
    def true_divide_(self, other: Operand, *, rounding_mode: str | None = None) -> Tensor:
        """``true_divide``, written into the tensor itself."""
    def trunc(self) -> Tensor:
        """Each element without its fraction; its gradient is 0. Formula: sign(x) · ⌊|x|⌋"""
    def trunc_(self) -> Tensor:
        """``trunc``, written into the tensor itself."""
    def type(self, dtype: DTypeLike | TensorType | str | None = None, non_blocking: _bool = False) -> Tensor:
        """The tensor in a dtype, given as such, as a tensor type or by name; without one, the name of its tensor type.
        """
    def type_as(self, other: Array) -> Tensor:
        """The tensor in the dtype of another one."""
    def unbind(self, dim: _int = 0, *, axis: _int | None = None) -> tuple[Tensor, ...]:
        """All slices of dimension ``dim``, without it."""
    def unflatten(self, dim: _int, sizes: _int | tuple[_int, ...] | list[_int]) -> Tensor:
        """Dimension ``dim`` as several, of the sizes given; one may be −1."""
    def unfold(self, dimension: _int, size: _int, step: _int) -> Tensor:
        """All windows of ``size`` elements along ``dimension``, one every ``step``; the window is a new last dimension.
        """
    def uniform_(self, low: _float = 0.0, to: _float = 1.0, *, generator: Generator | None = None) -> Tensor:
        """Every element drawn uniformly from [low, to)."""
    @overload
    def unique(
        self, sorted: _bool = True, return_inverse: Literal[False] = False, return_counts: Literal[False] = False,
        dim: _int | None = None, *, axis: _int | None = None,
    ) -> Tensor:
        """The different elements (with ``dim``: slices), always sorted; of equal ones the first gets the gradient."""
    @overload
    def unique(
        self, sorted: _bool = True, return_inverse: _bool = False, return_counts: _bool = False,
        dim: _int | None = None, *, axis: _int | None = None,
    ) -> tuple[Tensor, ...]:
        """The different elements (with ``dim``: slices), always sorted; of equal ones the first gets the gradient."""
    @overload
    def unique_consecutive(
        self, return_inverse: Literal[False] = False, return_counts: Literal[False] = False, dim: _int | None = None, *,
        axis: _int | None = None,
    ) -> Tensor:
        """Each run of equal elements (with ``dim``: slices) as one; the first of the run gets the gradient."""
    @overload
    def unique_consecutive(
        self, return_inverse: _bool = False, return_counts: _bool = False, dim: _int | None = None, *,
        axis: _int | None = None,
    ) -> tuple[Tensor, ...]:
        """Each run of equal elements (with ``dim``: slices) as one; the first of the run gets the gradient."""
    def unsafe_chunk(self, chunks: _int, dim: _int = 0, *, axis: _int | None = None) -> tuple[Tensor, ...]:
        """At most ``chunks`` pieces of one size, the last one smaller where it does not divide."""
    def unsafe_split(
        self, split_size_or_sections: Any, dim: _int = 0, *, axis: _int | None = None,
    ) -> tuple[Tensor, ...]:
        """Pieces of one size, the last one smaller where it does not divide; or of a list of sizes."""
    def unsafe_split_with_sizes(
        self, split_sizes: Sequence[_int], dim: _int = 0, *, axis: _int | None = None,
    ) -> tuple[Tensor, ...]:
        """Pieces of the sizes given, which must add up to the size of ``dim``."""
    def unsqueeze(self, dim: _int) -> Tensor:
        """With a new dimension of size 1 at position ``dim``."""
    def unsqueeze_(self, dim: _int) -> Tensor:
        """``unsqueeze`` on the tensor itself, which keeps its memory."""
    def untyped_storage(self) -> UntypedStorage:
        """The memory that the tensor lies in, all of it, as one row of bytes."""
    def var(
        self, dim: Axis = None, unbiased: _bool | None = None, keepdim: _bool = False, *,
        correction: _float | None = None, axis: Axis = None, keepdims: _bool | None = None,
    ) -> Tensor:
        """Variance over ``dim`` (all axes by default), divided by n − correction; the correction is 1 unless given."""
    def vdot(self, other: Array) -> Tensor:
        """The inner product of two vectors, the first conjugated: Σ ā b."""
    def view(self, *shape: Any, size: Size | None = None, dtype: DTypeLike = None) -> Tensor:
        """The same memory in another shape, or its bytes read as another dtype without gradient (``to(dtype)``
        converts).
        """
    def view_as(self, other: Array) -> Tensor:
        """``view`` in the shape of ``other``."""
    def vsplit(self, indices_or_sections: Any) -> tuple[Tensor, ...]:
        """Equal pieces, or cuts at positions, along the rows of at least two dimensions."""
    def where(self, condition: Operand, other: Operand) -> Tensor:
        """The tensor's elements where the condition holds, those of ``other`` elsewhere."""
    def xlogy(self, other: Operand) -> Tensor:
        """x · log(other), 0 where x is 0. Formula: x · ln other"""
    def xlogy_(self, other: Operand) -> Tensor:
        """``xlogy``, written into the tensor itself."""
    def zero_(self) -> Tensor:
        """Every element set to 0."""
