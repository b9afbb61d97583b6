"""The one table of a tensor's methods: ops, and functions made of them, by the file where each is found."""

from __future__ import annotations

import functools
from collections.abc import Callable
from functools import wraps
from importlib import import_module
from typing import Any

from ..autograd import dtypes
from ..autograd.arrays import kind_of
from ..autograd.doors import RAW, door, of_slices, refusal
from ..autograd.errors import ArgumentError, ValueReadError
from ..autograd.layout import contiguous_format, is_contiguous, memory_format
from ..autograd.steps import as_step
from ..autograd.tensor import Tensor, TensorClass
from ..autograd.types import Array, Operand
from ..autograd.writing import copy_, fill_, in_place, reshaping, zero_
from ..ops.operators import to
from ..ops.shape import takes_axis


def _caster(dtype: dtypes.DType) -> Callable[[Any], Any]:
    def cast(self: Any, memory_format: Any = None) -> Any:
        return to(self, dtype)

    cast.__doc__ = f"The tensor as {dtype}."
    return cast


def type_as(self: Any, other: Array) -> Any:
    """The tensor in the dtype of another one.

    >>> import tinygrad_bp as tg
    >>> tg.tensor([1, 2]).type_as(tg.ones(1))
    tensor([1., 2.])
    """
    return to(self, other.dtype)


def contiguous(self: Any, memory_format: memory_format = contiguous_format) -> Any:
    """The tensor where its elements lie row by row, a copy in which they do where not; other formats change nothing.

    >>> import tinygrad_bp as tg
    >>> tg.ones(2, 3).T.contiguous().stride()
    (2, 1)
    """
    if memory_format is not contiguous_format or is_contiguous(self):
        return self
    from ..ops.shape import ravel, reshape

    return as_step("CloneBackward0", reshape(ravel(self), self.shape))


def index(self: Any, indices: Any) -> Any:
    """The elements at indices, one for each dimension: ``t[indices]``."""
    return self[tuple(indices)]


@takes_axis
def split(self: Any, split_size: Any, dim: int = 0) -> tuple[Any, ...]:
    """Pieces of one size, the last one smaller where it does not divide; or of a list of sizes."""
    from .splitting import split

    return split(self, split_size, dim)


def to_dense(self: Any, dtype: Any = None) -> Any:
    """The tensor itself, which is dense; in another dtype where one is given."""
    return self if dtype is None else to(self, dtype)


def where(self: Any, condition: Operand, other: Operand) -> Any:
    """The tensor's elements where the condition holds, those of ``other`` elsewhere.

    >>> import tinygrad_bp as tg
    >>> tg.tensor([1.0, -1.0]).where(tg.tensor([True, False]), 0.0)
    tensor([1., 0.])
    """
    from ..ops.elementwise import where

    return where(condition, self, other)


def polygamma(self: Any, n: int) -> Any:
    """The derivative of order ``n`` of ``digamma``.

    >>> import tinygrad_bp as tg
    >>> tg.tensor([1.0]).polygamma(1)
    tensor([1.6449])
    """
    from ..ops.gamma_functions import polygamma

    return polygamma(n, self)


# ---------------------------------------------------------------------- the table

OWN: dict[str, Any] = {
    "index": index, "polygamma": polygamma, "split": split, "to_dense": to_dense, "where": where,
    "zero_": zero_, "fill_": fill_, "copy_": copy_,
    "to": to, "type_as": type_as, "contiguous": contiguous,
    "float": _caster(dtypes.float32), "double": _caster(dtypes.float64), "half": _caster(dtypes.float16),
    "cfloat": _caster(dtypes.complex64), "cdouble": _caster(dtypes.complex128),
    "long": _caster(dtypes.int64), "int": _caster(dtypes.int32), "short": _caster(dtypes.int16),
    "char": _caster(dtypes.int8), "byte": _caster(dtypes.uint8), "bool": _caster(dtypes.bool_),
}  # fmt: skip

# Methods that are functions of a file: of the same name, or `method=function`. It is imported when one is asked for.
METHODS: dict[str, str] = {
    "ops.elementwise": """abs absolute add addcdiv addcmul clone div divide exp exp2 expm1 floor_divide lerp log log10
        log1p log2 logaddexp logaddexp2 maximum minimum mul multiply neg negative positive reciprocal relu rsqrt sigmoid
        sign sqrt square sub subtract true_divide""",
    "ops.powers": "float_power pow",
    "ops.limits": "clamp clamp_max clamp_min clip fmax fmin nan_to_num",
    "ops.trigonometry": """acos acosh arccos arccosh arcsin arcsinh arctan arctan2 arctanh asin asinh atan atan2 atanh
        cos cosh deg2rad hypot rad2deg sin sinc sinh tan tanh""",
    "ops.rounding": "ceil copysign fix floor fmod frac frexp heaviside ldexp nextafter remainder round trunc",
    "ops.comparisons": """bitwise_and bitwise_left_shift bitwise_not bitwise_or bitwise_right_shift bitwise_xor eq gcd
        ge greater greater_equal gt isclose isfinite isinf isnan isneginf isposinf isreal lcm le less less_equal
        logical_and logical_not logical_or logical_xor lt ne not_equal signbit""",
    "ops.error_functions": "erf erfc erfinv",
    "ops.gamma_functions": "digamma lgamma mvlgamma",
    "ops.incomplete_gamma": "igamma igammac",
    "ops.special_functions": "i0 logit xlogy",
    "ops.complex_numbers": "adjoint angle conj conj_physical conjugate=conj resolve_conj resolve_neg sgn",
    # reductions
    "ops.reduction": "amax amin logsumexp mean nanmean nansum prod std sum var",
    "ops.extremes": "all allclose aminmax any argmax argmin count_nonzero equal max min",
    "ops.scans": "cummax cummin cumprod cumsum diff logcumsumexp",
    "ops.sorting": "argsort kthvalue median mode msort nanmedian nanquantile quantile sort topk",
    "ops.statistics": "bincount corrcoef cov histc renorm",
    # where it is, and what
    "autograd.device": "cpu cuda get_device to_device",
    "array_api.info": "__array_namespace__=array_namespace",
    "functions.dlpack": "__dlpack__=dlpack __dlpack_device__=dlpack_device",
    "autograd.layout": """data_ptr dim element_size=itemsize is_complex is_contiguous is_floating_point nelement=numel
        numel ndimension=dim storage_offset stride""",
    "autograd.storage": "storage untyped_storage",
    # shape
    "ops.shape": """broadcast_to expand expand_as flatten moveaxis movedim permute ravel reshape reshape_as squeeze
        sum_to_size swapaxes swapdims t transpose unflatten unsqueeze view view_as""",
    "functions.splitting": """chunk dsplit hsplit narrow select select_scatter slice_scatter split_with_sizes
        tensor_split unbind unsafe_chunk unsafe_split unsafe_split_with_sizes vsplit""",
    "ops.rearranging": "flip fliplr flipud repeat repeat_interleave roll rot90 tile",
    "ops.diagonals": "diag diag_embed diagflat diagonal diagonal_scatter tril triu",
    "ops.borders": "as_strided as_strided_scatter unfold",
    "functions.constructors": "as_subclass new type",
    "functions.creation": "new_empty new_full new_ones new_tensor new_zeros",
    # reading and writing at an index
    "ops.indexing": "gather index_select masked_select take take_along_dim",
    "ops.scatter": """index_add index_copy index_fill index_put index_reduce masked_fill masked_scatter put scatter
        scatter_add scatter_reduce""",
    "functions.searching": "argwhere nonzero nonzero_static unique unique_consecutive",
    # products and networks
    "ops.products": "addbmm addmm addmv addr baddbmm bmm dot ger inner kron matmul mm mv outer trace vdot",
    "ops.activations": "hardshrink log_softmax prelu softmax",
    # linear algebra
    "ops.solving": "det logdet",
    "ops.cholesky": "cholesky cholesky_inverse cholesky_solve",
    "functions.older_linalg": "cross geqrf inverse lu lu_solve norm orgqr pinverse qr slogdet svd triangular_solve",
    "ops.matrix_functions": "matrix_exp matrix_power",
    "ops.norms": "dist",
    "ops.qr": "ormqr",
    "functions.frequencies": "istft stft",
    "ops.histograms": "histogram",
    "functions.copies": "narrow_copy",
    "functions.memory": "new_empty_strided",
    "functions.in_place": "apply_ detach_ fill_diagonal_ map2_ map_ resize_ resize_as_",
    "functions.kinds": "is_conj is_neg is_nonzero is_same_size is_signed",
    # NumPy's alone
    "numpy_names.methods": """argpartition astype choose compress copy fill partition ptp searchsorted tobytes""",
    # drawn
    "random.sampling": """bernoulli bernoulli_ cauchy_ exponential_ geometric_ log_normal_ multinomial normal_ random_
        uniform_""",
}

# Methods that also write their result into the tensor: ``exp_``, ``clamp_``, ...
_WRITING = """
index_add index_copy index_fill index_put index_reduce masked_fill masked_scatter put scatter scatter_add scatter_reduce
tril triu
abs absolute acos acosh add addcdiv addcmul arccos arccosh arcsin arcsinh arctan arctan2 arctanh asin asinh atan atan2
atanh bitwise_and bitwise_left_shift bitwise_not bitwise_or bitwise_right_shift bitwise_xor ceil clamp clamp_max
clamp_min clip copysign cos cosh deg2rad div divide eq exp exp2 expm1 fix floor floor_divide fmod frac gcd ge greater
greater_equal gt heaviside hypot lcm ldexp le lerp less less_equal log log10 log1p log2 logical_and logical_not
logical_or logical_xor lt mul multiply nan_to_num ne neg negative nextafter not_equal pow rad2deg reciprocal relu
remainder round rsqrt sgn erf erfc erfinv digamma lgamma polygamma i0 logit xlogy sigmoid sign sin sinc sinh sqrt
square sub subtract tan tanh true_divide trunc
addbmm addmm addmv addr baddbmm conj_physical cumprod cumsum float_power igamma igammac mvlgamma renorm
"""
# In-place methods that are functions of the package as well.
_TOO = """
abs_ acos_ acosh_ addmv_ arccos_ arccosh_ arcsin_ arcsinh_ arctan_ arctanh_ as_strided_ asin_ asinh_ atan_ atanh_ ceil_
clamp_ clamp_max_ clamp_min_ clip_ conj_physical_ cos_ cosh_ deg2rad_ detach erf_ erfc_ exp2_ exp_ expm1_ fill_
fix_ floor_ frac_ gcd_ i0_ index_put_ lcm_ ldexp_ log10_ log1p_ log2_ log_ logit_ nan_to_num_ neg_ negative_ rad2deg_
reciprocal_ relu_ round_ rsqrt_ sigmoid_ sin_ sinc_ sinh_ sqrt_ square_ tan_ tanh_ trunc_ xlogy_ zero_
"""
FUNCTIONS_TOO = frozenset(_TOO.split())


def in_place_function(name: str) -> Callable[..., Any]:
    """An in-place method as a function: ``tg.relu_(x)``."""
    method = getattr(Tensor, name)

    @functools.wraps(method)
    def function(input: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        if not isinstance(input, Tensor):
            raise ArgumentError(f"{name}: writes into a tensor, got a {kind_of(input)}; write tg.tensor(...) first")
        return method(input, *args, **kwargs)  # type: ignore[no-any-return]

    return function


_RESHAPING = "as_strided squeeze swapaxes swapdims t transpose unsqueeze"

# Methods of which a call that PyTorch refuses may be one of NumPy's: ``t.std(ddof=1)``, ``t.dot(matrix)``.
_OF_BOTH = {
    "all", "any", "argsort", "cumprod", "cumsum", "diagonal", "dot", "flatten", "max", "min", "prod", "ravel", "repeat",
    "reshape", "round", "sort", "std", "swapaxes", "take", "trace", "transpose", "var",
}  # fmt: skip

_PLACES = {
    name: (place, function or name)
    for place, entries in METHODS.items()
    for name, _, function in (entry.partition("=") for entry in entries.split())
}


# In-place methods to which older programs give the factor of the tensors before these: ``p.add_(-lr, grad)``.
_FACTOR_FIRST = {"add_": ("alpha", 1), "sub_": ("alpha", 1), "addcmul_": ("value", 2), "addcdiv_": ("value", 2)}


def _factor_first(function: Callable[..., Any], factor: str, tensors: int) -> Callable[..., Any]:
    @wraps(function)
    def entered(self: Tensor, *args: Any, **kwargs: Any) -> Any:
        if len(args) > tensors and not hasattr(args[0], "shape"):
            return function(self, *args[1:], **{factor: args[0]}, **kwargs)
        return function(self, *args, **kwargs)

    return entered


def function_of(name: str) -> Callable[..., Any]:
    """The function that a method is."""
    function: Any = OWN.get(name)
    if name in _PLACES:
        place, own = _PLACES[name]
        function = getattr(import_module(f"...{place}", __name__), own)
    elif function is None:
        made = reshaping if name[:-1] in _RESHAPING.split() else in_place
        function = made(name, function_of(name[:-1]))
        if name in _FACTOR_FIRST:
            function = _factor_first(function, *_FACTOR_FIRST[name])
    return function  # type: ignore[no-any-return]


def _of_both(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """PyTorch's method, and NumPy's for a call that it refuses: one door, as every function has."""

    @wraps(function)
    def entered(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except ValueReadError as read:
            return of_slices(read, function, args, kwargs)
        except RAW as error:
            refused = refusal(function.__name__, function, error, args, kwargs)
            arrays = import_module("...numpy_names.methods", __name__)
            return arrays.as_of_arrays(name, refused, args, kwargs)

    return entered


class Method:
    """A method of tensors until it is first asked for: then its function takes its place in the class."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name: str = name

    def __get__(self, tensor: Any, owner: Any = None) -> Any:
        function: Any = function_of(self.name)
        function = _of_both(self.name, function) if self.name in _OF_BOTH else door(function)
        setattr(Tensor, self.name, function)
        return function if tensor is None else function.__get__(tensor, owner)


def _construct(kind: type[Tensor], *items: Any, **named: Any) -> Any:
    """``tg.Tensor(…)``, by sizes or by data; a subclass with a ``__new__`` of its own is called as Python calls it."""
    if kind.__new__ is not object.__new__:
        return type.__call__(kind, *items, **named)
    from .constructors import as_subclass, legacy_tensor

    tensor = legacy_tensor("Tensor", dtypes.get_default_dtype(), items, **named)
    if kind is not Tensor:
        tensor = as_subclass(tensor, kind)
        if kind.__init__ is not object.__init__:
            kind.__init__(tensor, *items, **named)
    return tensor


TensorClass.__call__ = _construct  # type: ignore[assignment, method-assign]

for _name in (*OWN, *_PLACES, *(f"{_name}_" for _name in (_WRITING + _RESHAPING).split())):
    setattr(Tensor, _name, Method(_name))

# ---------------------------------------------------------------------- what is not here

# PyTorch's methods that tensors do not have, and of which ``not_here`` says why.
ABSENT = """bfloat16 ccol_indices chalf coalesce col_indices const_data_ptr crow_indices dense_dim dequantize
    dim_order eig grad_dtype hash_tensor indices int_repr ipu is_coalesced is_distributed is_inference
    is_pinned is_set_to is_shared is_vulkan lstsq module_load mtia output_nr pin_memory q_per_channel_axis
    q_per_channel_scales q_per_channel_zero_points q_scale q_zero_point qscheme record_stream reinforce
    resize resize_as resize_as_sparse_ row_indices set_ share_memory_ slice_inverse smm solve sparse_dim
    sparse_mask sparse_resize_ sparse_resize_and_clear_ sspaddmm storage_type symeig to_mkldnn
    to_padded_tensor to_sparse to_sparse_bsc to_sparse_bsr to_sparse_coo to_sparse_csc to_sparse_csr values
    volatile xpu"""


class Absent:
    """A method of a ``place`` that is asked for and is not here."""

    __slots__ = ("name", "place")

    def __init__(self, place: str, name: str) -> None:
        self.place: str = place
        self.name: str = name

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        from ..not_here import missing

        raise missing(self.place, self.name)


def listed_without(names: str, lists: Callable[[Any], Any] = object.__dir__) -> Callable[[Any], list[str]]:
    """``__dir__`` of what has absent methods: without them."""

    def __dir__(self: Any) -> list[str]:
        return sorted({*lists(self)} - {*names.split()})

    return __dir__


for _name in ABSENT.split():
    setattr(Tensor, _name, Absent("Tensor", _name))
for _kind, _lists in ((TensorClass, type.__dir__), (Tensor, object.__dir__)):
    _kind.__dir__ = listed_without(ABSENT, _lists)  # type: ignore[method-assign, assignment]
