"""The one table of a tensor's methods: ops, and functions made of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..autograd import dtypes
from ..autograd.doors import door
from ..autograd.tensor import Tensor
from ..autograd.types import Array, Operand
from ..autograd.writing import copy_, fill_, in_place, reshaping, zero_
from ..ops import (
    activations,
    borders,
    cholesky,
    comparisons,
    complex_numbers,
    diagonals,
    error_functions,
    extremes,
    gamma_functions,
    indexing,
    limits,
    matrix_functions,
    norms,
    powers,
    products,
    qr,
    rearranging,
    reduction,
    rounding,
    scans,
    scatter,
    shape,
    solving,
    sorting,
    special_functions,
    statistics,
    trigonometry,
)
from ..ops import elementwise as e
from ..ops.operators import to
from ..random import sampling
from . import creation, frequencies, older_linalg, searching, splitting


def _caster(dtype: dtypes.DType) -> Callable[[Any], Any]:
    def cast(self: Any, memory_format: Any = None) -> Any:
        return to(self, dtype)

    cast.__doc__ = f"The tensor as {dtype}."
    return cast


def type_as(self: Any, other: Array) -> Any:
    """The tensor in the dtype of another one."""
    return to(self, other.dtype)


def contiguous(self: Any) -> Any:
    """The tensor itself: every op takes any memory layout, and all memory is the CPU's."""
    return self


def where(self: Any, condition: Operand, other: Operand) -> Any:
    """The tensor's elements where the condition holds, those of ``other`` elsewhere."""
    return e.where(condition, self, other)


def _polygamma(self: Any, n: int) -> Any:
    """The derivative of order ``n`` of ``digamma``."""
    return gamma_functions.polygamma(n, self)


# ---------------------------------------------------------------------- the table


def _named(module: Any, names: str) -> dict[str, Any]:
    """Functions of one file that are methods of the same name."""
    return {name: getattr(module, name) for name in names.split()}


METHODS: dict[str, Any] = {
    # elementwise
    **_named(e, "abs absolute add addcdiv addcmul clone div divide exp exp2 expm1 floor_divide lerp log "
                "log10 log1p log2 logaddexp logaddexp2 maximum minimum mul multiply neg negative positive "
                "reciprocal relu rsqrt sigmoid sign sqrt square sub subtract true_divide"),
    **_named(powers, "float_power pow"),
    **_named(limits, "clamp clamp_max clamp_min clip fmax fmin nan_to_num"),
    **_named(trigonometry, "acos acosh arccos arccosh arcsin arcsinh arctan arctan2 arctanh asin asinh atan atan2 "
                           "atanh cos cosh deg2rad hypot rad2deg sin sinc sinh tan tanh"),
    **_named(rounding, "ceil copysign fix floor fmod frac frexp heaviside ldexp nextafter remainder round trunc"),
    **_named(comparisons, "bitwise_and bitwise_left_shift bitwise_not bitwise_or bitwise_right_shift bitwise_xor eq "
                          "gcd ge greater greater_equal gt isclose isfinite isinf isnan isneginf isposinf isreal lcm "
                          "le less less_equal logical_and logical_not logical_or logical_xor lt ne not_equal signbit"),
    **_named(error_functions, "erf erfc erfinv"),
    **_named(gamma_functions, "digamma lgamma mvlgamma"), "polygamma": _polygamma,
    **_named(special_functions, "i0 logit xlogy"),
    **_named(complex_numbers, "angle conj conj_physical resolve_conj resolve_neg sgn"),
    "where": where,
    # reductions
    "sum": reduction.sum, "mean": reduction.mean, "var": reduction.var, "std": reduction.std,
    "prod": reduction.prod, "nansum": reduction.nansum, "nanmean": reduction.nanmean, "logsumexp": reduction.logsumexp,
    "max": extremes.max, "min": extremes.min, "amax": reduction.amax, "amin": reduction.amin,
    "aminmax": extremes.aminmax, "argmax": extremes.argmax, "argmin": extremes.argmin,
    "any": extremes.any, "all": extremes.all, "count_nonzero": extremes.count_nonzero,
    "equal": extremes.equal, "allclose": extremes.allclose,
    "cumsum": scans.cumsum, "cumprod": scans.cumprod, "logcumsumexp": scans.logcumsumexp,
    "cummax": scans.cummax, "cummin": scans.cummin, "diff": scans.diff,
    "sort": sorting.sort, "argsort": sorting.argsort, "msort": sorting.msort, "topk": sorting.topk,
    "kthvalue": sorting.kthvalue, "median": sorting.median, "nanmedian": sorting.nanmedian, "mode": sorting.mode,
    "quantile": sorting.quantile, "nanquantile": sorting.nanquantile,
    "cov": statistics.cov, "corrcoef": statistics.corrcoef, "renorm": statistics.renorm,
    "bincount": statistics.bincount, "histc": statistics.histc, "stft": frequencies.stft,
    # shape
    **_named(shape, "broadcast_to expand expand_as flatten moveaxis movedim permute ravel reshape reshape_as squeeze "
                    "sum_to_size swapaxes swapdims t transpose unflatten unsqueeze view"), "view_as": shape.reshape_as,
    **_named(splitting, "chunk dsplit hsplit narrow select select_scatter slice_scatter split split_with_sizes "
                        "tensor_split unbind unsafe_chunk unsafe_split vsplit"),
    **_named(rearranging, "flip fliplr flipud repeat repeat_interleave roll rot90 tile"),
    **_named(diagonals, "diag diag_embed diagflat diagonal diagonal_scatter tril triu"),
    **_named(borders, "as_strided as_strided_scatter unfold"),
    **_named(creation, "new_empty new_full new_ones new_tensor new_zeros"),
    # reading and writing at an index
    **_named(indexing, "gather index_select masked_select take take_along_dim"),
    **_named(scatter, "index_add index_copy index_fill index_put index_reduce masked_fill masked_scatter put scatter "
                      "scatter_add scatter_reduce"),
    **_named(searching, "argwhere nonzero unique unique_consecutive"),
    # products and networks
    **_named(products, "addbmm addmm addmv addr baddbmm bmm dot ger inner kron matmul mm mv outer trace vdot"),
    # linear algebra
    **_named(solving, "det logdet slogdet"), **_named(cholesky, "cholesky cholesky_inverse cholesky_solve"),
    **_named(older_linalg, "cross inverse lu lu_solve norm pinverse qr svd triangular_solve"),
    **_named(matrix_functions, "matrix_exp matrix_power"), "dist": norms.dist, "ormqr": qr.ormqr,
    **_named(activations, "log_softmax prelu softmax"),
    # writing
    "zero_": zero_, "fill_": fill_, "copy_": copy_,
    "uniform_": sampling.uniform_, "normal_": sampling.normal_, "bernoulli_": sampling.bernoulli_,
    "random_": sampling.random_,
    # dtype
    "to": to, "type_as": type_as, "contiguous": contiguous, "cpu": contiguous,
    "float": _caster(dtypes.float32), "double": _caster(dtypes.float64), "half": _caster(dtypes.float16),
    "cfloat": _caster(dtypes.complex64), "cdouble": _caster(dtypes.complex128),
    "long": _caster(dtypes.int64), "int": _caster(dtypes.int32), "bool": _caster(dtypes.bool_),
}  # fmt: skip

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
"""
METHODS |= {f"{name}_": in_place(f"{name}_", METHODS[name]) for name in _WRITING.split()}

_RESHAPING = "squeeze swapaxes swapdims t transpose unsqueeze"
METHODS |= {f"{name}_": reshaping(f"{name}_", METHODS[name]) for name in _RESHAPING.split()}

for _name, _function in METHODS.items():
    setattr(Tensor, _name, door(_function))
