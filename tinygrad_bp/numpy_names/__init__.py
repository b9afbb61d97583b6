"""What ``np.*`` functions do with tensors: NumPy's names, arguments and meaning over the same ops.

A file is imported when one of its functions is first called with a tensor: ``bring`` finds it by the function's name.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

# The functions and ufuncs of NumPy, by the file that has what stands for them.
PLACES: dict[str, str] = {
    "numpy_names.creation": """arange array asanyarray asarray ascontiguousarray asfortranarray empty empty_like eye
        full full_like geomspace identity linspace logspace ones ones_like tri zeros zeros_like""",
    "numpy_names.fourier": """fft.fft fft.fft2 fft.fftn fft.fftshift fft.hfft fft.ifft fft.ifft2 fft.ifftn
        fft.ifftshift fft.ihfft fft.irfft fft.irfft2 fft.irfftn fft.rfft fft.rfft2 fft.rfftn""",
    "numpy_names.functions": """allclose angle array2string array_equal array_equiv array_repr array_str astype clip
        copy count_nonzero fabs float_power i0 iscomplexobj isrealobj may_share_memory ndim nonzero power real_if_close
        result_type shape shares_memory sinc size where""",
    "numpy_names.linalg": """convolve correlate cross dot einsum inner kron linalg.cholesky linalg.cond linalg.cross
        linalg.det linalg.diagonal linalg.eig linalg.eigh linalg.eigvals linalg.eigvalsh linalg.inv linalg.lstsq
        linalg.matmul linalg.matrix_norm linalg.matrix_power linalg.matrix_rank linalg.matrix_transpose linalg.multi_dot
        linalg.norm linalg.outer linalg.pinv linalg.qr linalg.slogdet linalg.solve linalg.svd linalg.svdvals
        linalg.tensordot linalg.tensorinv linalg.tensorsolve linalg.trace linalg.vecdot linalg.vector_norm matvec outer
        tensordot trace vander vdot vecdot vecmat""",
    "numpy_names.order": """argsort median nanmedian nanpercentile nanquantile partition percentile quantile sort
        sort_complex""",
    "numpy_names.padding": "pad",
    "numpy_names.polynomials": "poly polyadd polyder polydiv polyfit polyint polymul polysub polyval roots",
    "numpy_names.reductions": """all amax amin any argmax argmin cumprod cumsum cumulative_prod cumulative_sum max
        mean min nancumprod nancumsum nanmax nanmean nanmin nanprod nanstd nansum nanvar prod ptp std sum var""",
    "numpy_names.sets": """histogram histogram_bin_edges intersect1d setdiff1d setxor1d trim_zeros union1d unique
        unique_all unique_counts unique_inverse unique_values""",
    "numpy_names.shapes": """append apply_along_axis apply_over_axes argpartition argwhere array_split atleast_1d
        atleast_2d atleast_3d bincount block broadcast_arrays broadcast_to choose column_stack compress concatenate
        delete diag diagflat diagonal digitize dsplit dstack expand_dims extract flatnonzero flip fliplr flipud hsplit
        hstack insert iscomplex isin ix_ lexsort matrix_transpose meshgrid moveaxis nanargmax nanargmin piecewise ravel
        ravel_multi_index repeat reshape resize roll rollaxis rot90 searchsorted select sliding_window_view split
        squeeze stack swapaxes take take_along_axis tile transpose tril tril_indices_from triu triu_indices_from
        unravel_index unstack vsplit vstack""",
    "numpy_names.statistics": "average corrcoef cov diff ediff1d gradient interp trapezoid unwrap",
    "numpy_names.ufuncs": "spacing",
    "numpy_names.writing": "copyto fill_diagonal place put put_along_axis putmask",
    "ops.comparisons": """bitwise_and bitwise_or bitwise_xor equal gcd greater greater_equal invert isclose isfinite
        isinf isnan isneginf isposinf isreal lcm left_shift less less_equal logical_and logical_not logical_or
        logical_xor not_equal right_shift signbit""",
    "ops.complex_numbers": "conjugate imag real sign",
    "ops.elementwise": """absolute add cbrt divide exp exp2 expm1 floor_divide log log10 log1p log2 logaddexp
        logaddexp2 maximum minimum multiply negative positive reciprocal sqrt square subtract""",
    "ops.limits": "fmax fmin nan_to_num",
    "ops.products": "matmul",
    "ops.rounding": """around ceil copysign divmod fix floor fmod frexp heaviside ldexp modf nextafter remainder rint
        round trunc""",
    "ops.trigonometry": """arccos arccosh arcsin arcsinh arctan arctan2 arctanh cos cosh deg2rad degrees hypot rad2deg
        radians sin sinh tan tanh""",
}
# The methods of ufuncs, and their calls with keywords.
_OF_UFUNCS = ("numpy_names.reductions", "numpy_names.ufuncs")
_FILES = {name: place for place, names in PLACES.items() for name in names.split()}


def name_of(function: Any) -> str:
    """The name of a function of NumPy: ``sum``, ``linalg.norm``."""
    room = (getattr(function, "__module__", None) or "").partition(".")[2]
    return f"{room}.{function.__name__}" if room in ("linalg", "fft") else str(function.__name__)


def bring(key: Any) -> None:
    """Import the file where a function of NumPy, or a pair of a ufunc and a method, has its rule, if it has one."""
    file = None if isinstance(key, tuple) else _FILES.get(name_of(key))
    for place in _OF_UFUNCS if isinstance(key, tuple) else [file] if file else ():
        import_module(f"..{place}", __name__)
