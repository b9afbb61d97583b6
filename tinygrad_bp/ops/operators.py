"""The one table that binds ops to Tensor syntax: operators, methods and properties."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..autograd import dtypes
from ..autograd.errors import (
    ArgumentError,
    DtypeError,
    IndexRangeError,
    LeafWriteError,
    ReadOnlyError,
    ShapeError,
    shape_text,
)
from ..autograd.modes import mode
from ..autograd.tensor import Tensor, wrap
from . import (
    activations,
    borders,
    cholesky,
    comparisons,
    complex_numbers,
    creation,
    diagonals,
    error_functions,
    extremes,
    frequencies,
    gamma_functions,
    indexing,
    limits,
    matrix_functions,
    norms,
    older_linalg,
    products,
    qr,
    random,
    rearranging,
    reduction,
    rounding,
    scans,
    scatter,
    searching,
    shape,
    solving,
    sorting,
    special_functions,
    splitting,
    statistics,
    trigonometry,
)  # fmt: skip
from . import elementwise as e

_OPERANDS = (Tensor, np.ndarray, np.generic, bool, int, float, complex, list, tuple)


def _reflected(function: Callable[..., Any]) -> Callable[..., Any]:
    def operator(self: Tensor, other: Any) -> Any:
        return function(other, self)

    return operator


def _compared(function: Callable[..., Any]) -> Callable[..., Any]:
    # `t == None` and `t == "text"` are answered by Python (False), not refused.
    def operator(self: Tensor, other: Any) -> Any:
        return function(self, other) if isinstance(other, _OPERANDS) else NotImplemented

    return operator


# ---------------------------------------------------------------------- writing


def _recorded_here(*operands: Any) -> bool:
    return mode().grad and any(isinstance(x, Tensor) and x._node is not None for x in operands)


def _same_kind(x: Tensor, result: Tensor, what: str) -> Tensor:
    if result.dtype == x.dtype:
        return result
    if dtypes.category(result.dtype) > dtypes.category(x.dtype):
        raise DtypeError(f"{what}: the result has dtype {result.dtype} and can't be cast to {x.dtype} in place")
    return to(result, x.dtype)  # type: ignore[no-any-return]


def _in_place(what: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """``x += y`` and ``x.add_(y)``: a new recorded value where history is concerned, else a write in place."""

    def operator(self: Tensor, *others: Any, **options: Any) -> Tensor:
        self._refuse_recorded_leaf(what)
        result = _same_kind(self, function(self, *others, **options), what)
        if _recorded_here(self, *others, *options.values()):
            return self._become(result, what)
        if result.shape != self.shape:
            raise ShapeError(
                f"{what}: the result has shape {shape_text(result.shape)}, the tensor written "
                f"{shape_text(self.shape)}; an in-place operation keeps the shape"
            )
        _overwrite(self, ..., result._value, what)
        return self

    return operator


def _reshaping(what: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """``x.squeeze_()`` and the like: the tensor itself becomes the view, of the same memory in another shape."""

    def operator(self: Tensor, *args: Any, **options: Any) -> Tensor:
        if self.is_leaf and self.requires_grad:
            raise LeafWriteError(
                f"{what}: the tensor {shape_text(self.shape)} is a leaf that requires grad, and its gradient has its "
                f"shape. Write x = x.{what[:-1]}(...)"
            )
        result = function(self, *args, **options)
        self._value, self._node = result._value, result._node
        if hasattr(self, "_cell"):
            del self._cell
        return self

    operator.__doc__ = f"``{what[:-1]}`` on the tensor itself, which keeps its memory."
    return operator


def _overwrite(x: Tensor, index: Any, value: Any, what: str) -> None:
    x._array_to_write(what)[index] = value


def set_item(self: Tensor, index: Any, value: Any, what: str = "x[index] = value") -> None:
    """``x[index] = value``; of repeated positions the last one counts."""
    self._refuse_recorded_leaf(what)
    index = indexing.plain_index(index)
    if isinstance(value, Tensor):
        value = _same_kind(self, value, what)
    elif isinstance(value, (np.ndarray, np.generic, list, tuple)):
        value = np.asarray(value)
    if _recorded_here(self, value):
        if isinstance(value, np.ndarray):
            value = value.astype(self.dtype, casting="same_kind")
        self._become(indexing.setitem(self, value, index), what)
        return
    raw = value._value if isinstance(value, Tensor) else value
    try:
        _overwrite(self, index, raw, what)
    except ReadOnlyError:
        raise
    except (ValueError, IndexError, TypeError) as error:
        given = shape_text(np.shape(raw))
        kind = IndexRangeError if isinstance(error, IndexError) else ShapeError
        raise kind(f"{what}: x {shape_text(self.shape)}, value {given}: {error}") from error


def fill_(self: Tensor, value: Any) -> Tensor:
    """Every element set to one number."""
    set_item(self, ..., value, "fill_")
    return self


def zero_(self: Tensor) -> Tensor:
    """Every element set to 0."""
    set_item(self, ..., 0, "zero_")
    return self


def copy_(self: Tensor, source: Any) -> Tensor:
    """Every element taken from ``source``, which broadcasts and is cast."""
    if isinstance(source, Tensor) and source.dtype != self.dtype:
        source = to(source, self.dtype)
    set_item(self, ..., source, "copy_")
    return self


# ---------------------------------------------------------------------- dtype


def to(self: Any, *args: Any, dtype: Any = None, device: Any = None, copy: bool = False, **_: Any) -> Any:
    """The tensor in another dtype (or that of another tensor); itself where nothing changes, unless ``copy``.

    A device, which is always the CPU, may come before the dtype; ``non_blocking`` and ``memory_format`` change nothing.
    """
    flags = [item for item in args if isinstance(item, bool)]  # PyTorch's non_blocking, copy
    for item in (device, *(item for item in args if not isinstance(item, bool))):
        if isinstance(item, Tensor):
            dtype = item.dtype
        elif item is not None and not (isinstance(item, str) and item.split(":")[0] == "cpu"):
            dtype = item
    try:
        target = self.dtype if dtype is None else np.dtype(dtype)
    except TypeError:
        raise ArgumentError(f"to: give a dtype such as tg.float64, got {dtype!r}") from None
    if self.dtype == target:
        return e.clone(self) if copy or flags[1:2] == [True] else self
    if target.kind not in "fc":
        dtypes.category(target)
        return wrap(self._value.astype(target), None)
    return e.cast(self, target)


def _caster(dtype: dtypes.DType) -> Callable[[Any], Any]:
    def cast(self: Any, memory_format: Any = None) -> Any:
        return to(self, dtype)

    cast.__doc__ = f"The tensor as {dtype}."
    return cast


def type_as(self: Any, other: Any) -> Any:
    """The tensor in the dtype of another one."""
    return to(self, other.dtype)


def contiguous(self: Any) -> Any:
    """The tensor itself: every op takes any memory layout, and all memory is the CPU's."""
    return self


def where(self: Any, condition: Any, other: Any) -> Any:
    """The tensor's elements where the condition holds, those of ``other`` elsewhere."""
    return e.where(condition, self, other)


def _polygamma(self: Any, n: int) -> Any:
    """The derivative of order ``n`` of ``digamma``."""
    return gamma_functions.polygamma(n, self)


# ---------------------------------------------------------------------- the table

OPERATORS: dict[str, Any] = {
    "__add__": e.add_op, "__radd__": _reflected(e.add_op), "__iadd__": _in_place("+=", e.add_op),
    "__sub__": e.sub_op, "__rsub__": _reflected(e.sub_op), "__isub__": _in_place("-=", e.sub_op),
    "__mul__": e.mul, "__rmul__": _reflected(e.mul), "__imul__": _in_place("*=", e.mul),
    "__truediv__": e.div_op, "__rtruediv__": _reflected(e.div_op), "__itruediv__": _in_place("/=", e.div_op),
    "__pow__": e.pow, "__rpow__": _reflected(e.pow), "__ipow__": _in_place("**=", e.pow),
    "__matmul__": products.matmul, "__rmatmul__": _reflected(products.matmul),
    "__mod__": rounding.remainder, "__rmod__": _reflected(rounding.remainder),
    "__imod__": _in_place("%=", rounding.remainder), "__rdiv__": _reflected(e.div_op),
    "__floordiv__": e.floor_divide, "__rfloordiv__": _reflected(e.floor_divide),
    "__ifloordiv__": _in_place("//=", e.floor_divide),
    "__divmod__": rounding.divmod, "__rdivmod__": _reflected(rounding.divmod),
    "__lshift__": comparisons.bitwise_left_shift, "__rlshift__": _reflected(comparisons.bitwise_left_shift),
    "__rshift__": comparisons.bitwise_right_shift, "__rrshift__": _reflected(comparisons.bitwise_right_shift),
    "__neg__": e.neg, "__pos__": e.positive, "__abs__": e.abs, "__invert__": comparisons.bitwise_not,
    "__and__": comparisons.bitwise_and, "__rand__": _reflected(comparisons.bitwise_and),
    "__or__": comparisons.bitwise_or, "__ror__": _reflected(comparisons.bitwise_or),
    "__xor__": comparisons.bitwise_xor, "__rxor__": _reflected(comparisons.bitwise_xor),
    "__eq__": _compared(comparisons.eq), "__ne__": _compared(comparisons.ne),
    "__lt__": comparisons.lt, "__le__": comparisons.le, "__gt__": comparisons.gt, "__ge__": comparisons.ge,
    "__getitem__": indexing.getitem, "__setitem__": set_item,
}  # fmt: skip



def _named(module: Any, names: str) -> dict[str, Any]:
    """Functions of one file that are methods of the same name."""
    return {name: getattr(module, name) for name in names.split()}


METHODS: dict[str, Any] = {
    # elementwise
    **_named(e, "abs add addcdiv addcmul clone div exp exp2 expm1 float_power floor_divide lerp log log10 log1p log2 "
                "logaddexp logaddexp2 maximum minimum mul neg pow reciprocal relu rsqrt sigmoid sign sqrt square sub"),
    **_named(limits, "clamp_max clamp_min clip fmax fmin nan_to_num"),
    **_named(trigonometry, "acos acosh asin asinh atan atan2 atanh cos cosh deg2rad hypot rad2deg sin sinc sinh tan "
                           "tanh"),
    **_named(rounding, "ceil copysign floor fmod frac frexp heaviside ldexp nextafter remainder round trunc"),
    **_named(comparisons, "bitwise_and bitwise_left_shift bitwise_not bitwise_or bitwise_right_shift bitwise_xor eq "
                          "gcd ge gt isclose isfinite isinf isnan isneginf isposinf isreal lcm le logical_and "
                          "logical_not logical_or logical_xor lt ne signbit"),
    **_named(error_functions, "erf erfc erfinv"),
    **_named(gamma_functions, "digamma lgamma mvlgamma"), "polygamma": _polygamma,
    **_named(special_functions, "i0 logit xlogy"),
    **_named(complex_numbers, "angle conj conj_physical resolve_conj resolve_neg sgn"),
    "absolute": e.abs, "clamp": limits.clip, "divide": e.div, "true_divide": e.div, "fix": rounding.trunc,
    "greater": comparisons.gt, "greater_equal": comparisons.ge, "less": comparisons.lt, "less_equal": comparisons.le,
    "multiply": e.mul, "negative": e.neg, "not_equal": comparisons.ne, "positive": e.positive, "subtract": e.sub,
    "arccos": trigonometry.acos, "arccosh": trigonometry.acosh, "arcsin": trigonometry.asin,
    "arcsinh": trigonometry.asinh, "arctan": trigonometry.atan, "arctan2": trigonometry.atan2,
    "arctanh": trigonometry.atanh, "where": where,
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
    **_named(products, "addbmm addmm addmv addr baddbmm bmm dot inner kron matmul mm mv outer trace vdot"),
    "ger": products.outer,
    # linear algebra
    **_named(solving, "det logdet slogdet"), **_named(cholesky, "cholesky cholesky_inverse cholesky_solve"),
    **_named(older_linalg, "cross inverse lu lu_solve norm pinverse qr svd triangular_solve"),
    **_named(matrix_functions, "matrix_exp matrix_power"), "dist": norms.dist, "ormqr": qr.ormqr,
    **_named(activations, "log_softmax prelu softmax"),
    # writing
    "zero_": zero_, "fill_": fill_, "copy_": copy_,
    "uniform_": random.uniform_, "normal_": random.normal_, "bernoulli_": random.bernoulli_, "random_": random.random_,
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
METHODS |= {f"{name}_": _in_place(f"{name}_", METHODS[name]) for name in _WRITING.split()}

_RESHAPING = "squeeze swapaxes swapdims t transpose unsqueeze"
METHODS |= {f"{name}_": _reshaping(f"{name}_", METHODS[name]) for name in _RESHAPING.split()}

PROPERTIES: dict[str, Any] = {
    "T": property(shape.reverse_axes), "mT": property(shape.matrix_transpose),
    "H": property(complex_numbers.conjugate_transpose), "mH": property(complex_numbers.conjugate_transpose),
    "real": property(complex_numbers.real), "imag": property(complex_numbers.imag),
}  # fmt: skip

for _table in (OPERATORS, METHODS, PROPERTIES):
    for _name, _function in _table.items():
        setattr(Tensor, _name, _function)
