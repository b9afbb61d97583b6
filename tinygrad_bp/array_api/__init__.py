"""The functions of the Python array API standard on tensors: the namespace that ``t.__array_namespace__()`` gives.

Most are NumPy's own, whose protocols find the ops; written here is what makes tensors, and what the standard says
otherwise than NumPy, or before it. Whoever asks an array for its namespace (SciPy, scikit-learn) computes with tensors
then, recorded.

>>> import tinygrad_bp as tg
>>> x = tg.tensor([3.0, 1.0], requires_grad=True)
>>> xp = x.__array_namespace__()
>>> xp.sort(x, descending=True)
tensor([3., 1.], grad_fn=<FlipBackward0>)
"""

from math import e as e, inf as inf, nan as nan, pi as pi

import numpy as _np

from ..autograd import dtypes as _dtypes
from ..autograd.dtypes import (
    complex64 as complex64, complex128 as complex128, float32 as float32, float64 as float64, int8 as int8,
    int16 as int16, int32 as int32, int64 as int64, uint8 as uint8,
)  # fmt: skip
from . import fft as fft, linalg as linalg, special as special
from .creation import (
    arange as arange, asarray as asarray, empty as empty, empty_like as empty_like, eye as eye,
    from_dlpack as from_dlpack, full as full, full_like as full_like, linspace as linspace, ones as ones,
    ones_like as ones_like, zeros as zeros, zeros_like as zeros_like,
)  # fmt: skip
from .functions import (
    argsort as argsort, astype as astype, broadcast_arrays as broadcast_arrays, can_cast as can_cast, ceil as ceil,
    clip as clip, count_nonzero as count_nonzero, cumulative_prod as cumulative_prod, cumulative_sum as cumulative_sum,
    expand_dims as expand_dims, finfo as finfo, floor as floor, iinfo as iinfo, meshgrid as meshgrid,
    nonzero as nonzero, reshape as reshape, sort as sort, take_along_axis as take_along_axis, tensors_of as _tensors_of,
    trunc as trunc, unstack as unstack,
)  # fmt: skip
from .info import Info as _Info

__array_namespace_info__ = _Info

bool = _dtypes.bool_
uint16, uint32, uint64 = _np.dtype("uint16"), _np.dtype("uint32"), _np.dtype("uint64")
newaxis = None
__array_api_version__ = "2024.12"

# NumPy's functions of these names are those of the standard.
_NAMES = """
abs acos acosh add all any argmax argmin asin asinh atan atan2 atanh bitwise_and bitwise_invert bitwise_left_shift
bitwise_or bitwise_right_shift bitwise_xor broadcast_shapes broadcast_to concat conj copysign cos cosh
diff divide equal exp expm1 flip floor_divide greater greater_equal hypot imag isdtype isfinite isin isinf isnan less
less_equal log log10 log1p log2 logaddexp logical_and logical_not logical_or logical_xor matmul matrix_transpose max
maximum mean min minimum moveaxis multiply negative nextafter not_equal permute_dims positive pow prod real
reciprocal remainder repeat result_type roll round searchsorted sign signbit sin sinh sqrt square squeeze stack std
subtract sum take tan tanh tensordot tile tril triu unique_all unique_counts unique_inverse unique_values var vecdot
where
"""
_NUMPYS = frozenset(_NAMES.split())


def __getattr__(name: str) -> object:
    if name not in _NUMPYS:
        raise AttributeError(f"the array API has no {name!r}: tg.{name} or np.{name} may be what is meant")
    function = globals()[name] = _tensors_of(getattr(_np, name))
    return function


def __dir__() -> list[str]:
    return sorted({*_NUMPYS, *(name for name in globals() if not name.startswith("_"))})
