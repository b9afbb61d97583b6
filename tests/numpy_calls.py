"""A call of every function of NumPy's namespaces, as text, with the names of ``public_calls``; the keywords follow.

``CALLS`` are written by hand, one a function at least; ``with_keywords`` adds to each what the function's signature
offers beside, with a value that says something, from ``KEYWORDS``.
"""

from __future__ import annotations

import public_calls as pc

# ---------------------------------------------------------------------- functions

CALLS: list[str] = [
    *pc.NUMPY,
    *pc.each("np.@(x)", """nanstd nanvar cumulative_prod cumulative_sum ediff1d unwrap sort_complex real_if_close
        array asarray asanyarray ascontiguousarray asfortranarray asarray_chkfinite spacing
        histogram histogram_bin_edges unique_values unique_counts unique_inverse unique_all isfortran array2string
        trim_zeros iterable isscalar"""),
    *pc.each("np.@(x)", "abs acos asin asinh atan atanh conj permute_dims"), "np.acosh(x + 1.0)", "np.atan2(x, y)",
    *pc.each("np.@(x, y)", "mod pow true_divide"), "np.concat([x, y])",
    *pc.each("np.@([x, y])", """mean sum max min std var median prod sort array asarray asanyarray diff cumsum exp sin
        transpose"""),
    *pc.each("np.@([s, s * 2.0])", "array asarray mean sum max std exp prod cumsum"),
    *pc.each("np.@(x, y)", "intersect1d setdiff1d setxor1d union1d"),
    *pc.each("np.@(v, u)", "polyval polyadd polysub polymul polydiv histogram2d"),
    *pc.each("np.@(v)", "poly polyder polyint roots trim_zeros"),
    *pc.each("np.@.outer(v, u)", """add arctan2 copysign divide equal float_power floor_divide fmax fmin fmod greater
        heaviside hypot logaddexp logaddexp2 maximum minimum multiply power remainder subtract"""),
    *pc.each("np.@.reduce(x)", """arctan2 divide fmax fmin fmod hypot logaddexp2 power subtract floor_divide remainder
        float_power copysign logical_and logical_or logical_xor heaviside"""),
    *pc.each("np.@.accumulate(x)", """arctan2 divide fmax fmin fmod hypot logaddexp2 power subtract float_power copysign
        logical_and logical_or"""),
    *pc.each("np.@.reduceat(x, [0, 2, 1], 1)", """add multiply maximum minimum logaddexp subtract divide hypot fmax
        power"""),
    *pc.each("at(np.@, x.copy(), ([0, 0, 1], [1, 1, 2]), v[:3])", "add subtract multiply divide maximum power hypot"),
    "at(np.negative, x.copy(), ([0, 1], [1, 2]))", "at(np.exp, x.copy(), [0, 1])",
    "np.interp(x, np.array([0.0, 0.5, 1.0]), np.array([1.0, 3.0, 2.0]))", "np.interp(x, np.sort(v), u)",
    "np.interp(v, np.array([0.0, 0.5, 1.0]), np.array([1.0, 3.0, 2.0]), 5.0, 6.0)",
    "np.apply_along_axis(np.sum, 1, x)", "np.apply_along_axis(lambda r: r * r[0], 0, x)",
    "np.apply_over_axes(np.sum, x, [0, 1])", "np.linspace(s, 2.0, 5)", "np.linspace(v, u, 3)",
    "np.geomspace(s, 2.0, 5)",
    "np.geomspace(v, u, 3)", "np.logspace(s, 2.0, 5)", "np.logspace(v, u, 3)", "np.full((2, 3), s)",
    "np.full((2, 4), v)", "np.arange(s, 2.0)", "np.rollaxis(c, 2)", "np.astype(x, np.float32)", "np.polyfit(v, u, 1)",
    "np.histogramdd(x)", "np.place(x.copy(), m, v)", "np.cov(x, y)", "np.vectorize(lambda a: a * a)(x)",
    "np.vectorize(lambda a, b: a * b)(x, v)", "np.vectorize(lambda a: a.sum(), signature='(n)->()')(x)",
    "np.r_[v, u]", "np.r_[v, 1.0, u]", "np.c_[v, u]", "np.r_[1.0, v]", "np.r_[x, y]", "np.c_[x, v[:3]]",
    "np.array([x, y])", "np.array([[s, s], [s, s]])", "np.stack([s, 1.0])", "np.array([s, 1.0, s])",
    "written(np.fill_diagonal, A.copy(), 3.0)", "written(np.fill_diagonal, A.copy(), v[:3])",
    "written(np.put_along_axis, x.copy(), k, y, 0)", "written(np.put, x.copy(), i, v[:3])",
    "written(np.copyto, x.copy(), y)", "written(np.putmask, x.copy(), m, y)", "written(np.place, x.copy(), m, u)",
    "np.add(x, y, where=m, out=z.copy())", "np.exp(x, out=z.copy())", "np.log(x, where=m, out=z.copy())",
    "np.sum(x, 0, out=v.copy())", "np.matmul(A, B, out=A.copy())", "np.maximum(x, y, out=x.copy())",
    "np.sum(x, where=m)", "np.sum(x, 0, initial=s)", "np.mean(x, 1, where=m)", "np.max(x, 0, where=m, initial=0.0)",
    "np.std(x, 0, where=m)", "np.add(x, y, dtype=np.float32)", "np.prod(x, 1, where=m, initial=2.0)",
    "np.max(x, initial=s)", "np.add.reduce(x, 1, where=m, initial=s)", "np.mean(x, dtype=np.float32)",
    *[f"np.quantile(x, 0.3, axis=0, method='{method}')" for method in (
        "inverted_cdf", "averaged_inverted_cdf", "closest_observation", "interpolated_inverted_cdf", "hazen", "weibull",
        "linear", "median_unbiased", "normal_unbiased", "lower", "higher", "midpoint", "nearest")],
    *[f"np.quantile(x, s * 3.0, axis=0, method='{method}')" for method in (
        "interpolated_inverted_cdf", "hazen", "weibull", "median_unbiased", "normal_unbiased", "inverted_cdf")],
    "np.nanpercentile(x, s * 100.0, axis=1, method='weibull')",
    "np.quantile(x, 0.3, axis=0, method='inverted_cdf', weights=y)", "np.percentile(x, [10.0, 60.0], method='weibull')",
    *[f"np.pad(x, ((1, 2), (0, 3)), '{mode}')" for mode in (
        "constant", "edge", "reflect", "symmetric", "wrap", "linear_ramp", "maximum", "mean", "median", "minimum")],
    "np.pad(v, 2, 'linear_ramp', end_values=s)", "np.pad(v, 2, 'mean', stat_length=2)",
    "np.pad(v, 2, 'reflect', reflect_type='odd')", "np.pad(x, 1, constant_values=s)",
    "np.pad(x, 1, 'empty')[1:-1, 1:-1]",
    "np.block([[A, B], [B, A]])", "np.einsum('ij,jk->ik', A, B, out=A.copy())",
    "np.concatenate([x, y], out=np.concatenate([y, x]))", "np.stack([x, y], 1)", "np.ptp(x, 1, out=v[:3].copy())",
    "np.clip(x, 0.2, 0.6, out=z.copy())", "np.round(x, 1, out=z.copy())", "np.cumsum(x, 1, out=z.copy())",
    "np.mean(x, 0, out=v.copy())", "np.take(x, i, 0, out=z.copy())", "np.dot(A, B, out=A.copy())",
    "np.choose(k, [x, y, z])", "np.trace(A, out=s.copy())", "np.nan_to_num(x, nan=1.0)", "np.triu_indices_from(x)",
    *pc.each("np.@(3, like=x)", "empty eye identity ones tri zeros"), "np.convolve(v, u, 'same')", "np.kron(v, u)",
    "np.linalg.qr(x, 'r')", "np.linalg.norm(x, 'nuc')",
    "np.linalg.norm(x, 1, axis=0)", "np.average(x, 0, returned=True)", "np.trapezoid(x, dx=0.5, axis=0)",
]  # fmt: skip
CALLS = [call for call in CALLS if all(pc.in_numpy(name) for name in pc.NAME.findall(call))]

# ---------------------------------------------------------------------- methods

# Of arrays, and what they mean through a Tensor. ``i`` and ``k`` are arrays in all calls.
METHODS: dict[str, str] = {
    "T": "x.T", "all": "x.all(); x.all(0); x.all(axis=(0, 1)); x.all(where=m); (9 * x).astype(np.uint8).all()",
    "any": "x.any(); x.any(0); x.any(axis=(0, 1), keepdims=True); x.any(where=m); (9 * x).astype(np.uint8).any()",
    "argmax": "x.argmax(); x.argmax(1); x.argmax(axis=0, keepdims=True)", "argmin": "x.argmin(); x.argmin(axis=1)",
    "argpartition": "v.argpartition(0)[0]", "argsort": "x.argsort(); x.argsort(0); x.argsort(axis=1, kind='stable')",
    "astype": "x.astype(np.float32); x.astype(complex); (9 * x).astype(int); x.astype('float64', copy=False)",
    "choose": "(2 * x).astype(int).choose([x, y])",
    "clip": "x.clip(0.2, 0.6); x.clip(0.2); x.clip(max=s); (9 * x).astype(int).clip(0.5)",
    "compress": "x.compress(m[0], axis=1); x.compress([True, False])", "conj": "x.conj()",
    "conjugate": "x.conjugate(); (x + 1j * y).conjugate()", "copy": "x.copy(); x.copy('F')",
    "cumprod": "x.cumprod(); x.cumprod(1); x.cumprod(axis=0); (9 * v).astype(np.uint8).cumprod(0)", "data": "x.data",
    "cumsum": "x.cumsum(); x.cumsum(1); x.cumsum(axis=0); (9 * v).astype(np.uint8).cumsum(0)",
    "diagonal": "x.diagonal(); x.diagonal(1); c.diagonal(axis1=0, axis2=2)",
    "dot": "x.dot(y.T); x.dot(v); v.dot(u); v.dot(x.T); x.dot(2.0); c.dot(u[0])", "dtype": "x.dtype",
    "fill": "written(lambda a: a.fill(2.0), x.copy())", "flatten": "x.flatten(); x.flatten('F')", "imag": "x.imag",
    "item": "s.item(); x.item(3); x.item(1, 2); x.item((0, 1))", "itemsize": "x.itemsize", "mT": "c.mT",
    "max": "x.max(); x.max(1); x.max(axis=0, keepdims=True); x.max(axis=(0, 1)); x.max(initial=s);"
           "x.max(where=m, initial=s)",
    "mean": "x.mean(); x.mean(0); x.mean(axis=(0, 1)); x.mean(axis=1, keepdims=True); (9 * x).astype(int).mean();"
            "x.mean(where=m); x.mean(1, where=m)",
    "min": "x.min(); x.min(1); x.min(axis=(0, 1)); x.min(initial=s); x.min(0, where=m, initial=s)",
    "nbytes": "x.nbytes", "ndim": "x.ndim",
    "nonzero": "x.nonzero()", "partition": "written(lambda a: a.partition(0), v.copy())[0]",
    "prod": "x.prod(); x.prod(0); x.prod(axis=(0, 1)); x.prod(initial=s); x.prod(1, where=m, initial=s);"
            "(9 * v).astype(np.uint8).prod()",
    "put": "written(lambda a: a.put(i, v[:3]), x.copy())",
    "ravel": "x.ravel(); x.ravel('F'); x.T.ravel(order='K')", "real": "x.real",
    "repeat": "v.repeat(2); x.repeat(2); x.repeat(2, axis=0); x.repeat([1, 2, 1], axis=0)",
    "reshape": "x.reshape(4, 3); x.reshape((2, 6)); x.reshape(4, 3, order='F'); x.reshape((4, 3), order='A')",
    "round": "x.round(); x.round(1); x.round(decimals=1)", "searchsorted": "np.sort(v).searchsorted(x)",
    "shape": "x.shape", "size": "x.size; x / x.size; np.arange(x.size); x.sum() / (2 * x.size)",
    "sort": "written(lambda a: a.sort(), x.copy()); written(lambda a: a.sort(axis=0, kind='stable'), x.copy())",
    "squeeze": "x[None].squeeze(); x[None].squeeze(0); x[None].squeeze(axis=0)",
    "std": "x.std(); x.std(0); x.std(ddof=0); x.std(axis=1, ddof=1, keepdims=True); x.std(ddof=1); x.std(1, where=m)",
    "strides": "x.strides",
    "sum": "x.sum(); x.sum(0); x.sum(axis=(0, 1)); x.sum(axis=1, keepdims=True); (9 * x).astype(np.uint8).sum();"
           "x.sum(where=m); x.sum(0, initial=s); x.sum(1, where=m, initial=2.0, keepdims=True)",
    "swapaxes": "c.swapaxes(0, 2); c.swapaxes(-1, -2)",
    "take": "x.take(i); x.take(i, axis=1); x.take(i, 0); x.take([5, 9], mode='wrap')", "tobytes": "x.tobytes()",
    "to_device": "x.to_device('cpu')",
    "tolist": "x.tolist()", "trace": "x.trace(); x.trace(1); x.trace(offset=-1); (9 * x).astype(np.uint8).trace()",
    "transpose": "x.transpose(); x.transpose(1, 0); x.transpose((1, 0)); x.transpose(0, 1); c.transpose(2, 0, 1)",
    "var": "x.var(); x.var(0); x.var(ddof=0); x.var(axis=1, ddof=1)", "view": "x.view()",
}  # fmt: skip
# Those that both have and that mean two things: the table in docs/numpy.md, which a test holds.
DIFFER = {"all", "any", "clip", "cumprod", "cumsum", "imag", "max", "mean", "min", "nonzero", "prod", "put", "repeat",
          "sort", "std", "sum", "trace", "transpose", "var", "view"}  # fmt: skip
# These give numbers to Python, which leave the graph in PyTorch too.
LEAVE = {"data", "item", "tobytes", "tolist"}

# A value of each keyword that says something, as text.
KEYWORDS: dict[str, list[str]] = {
    "axis": ["0", "-1", "(0, 1)"], "keepdims": ["True"], "dtype": ["np.float32", "np.complex128"], "where": ["m",
    "m[0]"], "where of a ufunc": ["m, out=z.copy()"],
    "initial": ["s", "2.0"], "ddof": ["1"], "correction": ["1"], "mean": ["x.mean(0)"], "order": ["'F'", "'A'"],
    "casting": ["'unsafe'"], "out": ["z.copy()"], "axes": ["(1, 0)"], "rtol": ["0.1"], "atol": ["0.1"],
    "equal_nan": ["True"], "copy": ["True", "False"], "nan": ["1.0"], "posinf": ["1.0"], "neginf": ["1.0"],
    "decimals": ["1"], "deg": ["True"], "shape": ["(3, 2)"], "subok": ["False"], "offset": ["1"], "axis1": ["1"],
    "axis2": ["0"], "axisa": ["0"], "axisb": ["0"], "axisc": ["0"], "upper": ["True"], "full_matrices": ["False"],
    "compute_uv": ["False"], "hermitian": ["True"], "UPLO": ["'U'"], "rcond": ["0.1"], "p": ["1"], "ord": ["1"],
    "tol": ["0.1"], "N": ["2"], "increasing": ["True"], "n": ["2"], "s": ["(2, 2)"], "norm": ["'ortho'"],
    "prepend": ["0.0", "s"], "append": ["0.0"], "edge_order": ["1"], "dx": ["2.0"], "kind": ["'stable'"],
    "stable": ["True"], "method": ["'lower'", "'hazen'"], "returned": ["True"], "rowvar": ["False"], "bias": ["True"],
    "aweights": ["v"], "sparse": ["True"], "indexing": ["'ij'"], "k": ["1"], "return_index": ["True"],
    "return_inverse": ["True"], "return_counts": ["True"], "minlength": ["5"], "side": ["'right'"], "right": ["True"],
    "invert": ["True"], "default": ["1.0"], "optimize": ["True"], "min": ["0.1"], "max": ["0.5"],
    "descending": ["True"],
    "bins": ["3"], "include_initial": ["True"], "to_end": ["v"], "to_begin": ["s"], "period": ["0.7"],
    "discont": ["0.2"], "left": ["s"], "endpoint": ["False"], "num": ["4"], "density": ["True"], "weights": ["y"],
    "max_line_width": ["20"], "precision": ["2"], "suppress_small": ["True"], "y": ["y"], "fweights": ["[1, 2, 1, 3]"],
    "device": ["'cpu'"], "overwrite_input": ["False"], "x": ["v"], "sorted": ["True"], "assume_unique": ["True"],
    "max_work": ["1"], "a_min": ["0.3"], "a_max": ["0.6"], "writeable": ["False"], "ind": ["2"],
    "sorter": ["np.array([0, 1, 2, 3])"], "ndmin": ["3"], "ndmax": [], "like": ["x"], "range": ["(0.2, 0.8)"],
    "separator": ["','"], "prefix": ["'a'"], "formatter": ["{'float': str}"], "threshold": ["3"], "edgeitems": ["1"],
    "sign": ["'+'"], "floatmode": ["'fixed'"], "suffix": ["'a'"], "legacy": ["'1.13'"], "trim": ["'f'"],
    "retstep": ["True"], "stop": ["3.0"], "step": ["0.5"], "start": ["1"], "full": ["True"],
    "w": ["w"], "cov": ["True"], "wrap": ["True"], "interpolation": ["'lower'"], "style": [], "newshape": [],
    "mode": ["'wrap'"], "base": ["3.0"], "m": ["1"], "edge": ["True"], "return_indices": ["True"],
}  # fmt: skip

# Calls without one right answer: memory as it comes, vectors up to their sign, what NumPy itself does in two ways.
UNSETTLED = {"np.empty(", "np.empty_like(", "np.linalg.eigh(A, UPLO='U')", "np.arctan2.reduce(x, axis=-1)",
             "np.power.reduce(x, axis=-1)", "np.power.reduceat(x"}  # fmt: skip

# Functions that take no numbers to differentiate, or give nothing that a number could flow into.
WITHOUT = set(pc.each("np.@", """
    asmatrix base_repr binary_repr bartlett blackman bmat broadcast_shapes busday_count busday_offset can_cast
    common_type datetime_as_string datetime_data diag_indices diag_indices_from einsum_path empty eye
    format_float_positional format_float_scientific from_dlpack frombuffer fromfile fromfunction frompyfunc fromiter
    fromregex fromstring genfromtxt get_include get_printoptions getbufsize geterr geterrcall hamming hanning
    identity indices
    info is_busday isdtype isnat issubdtype kaiser load loadtxt mask_indices min_scalar_type nested_iters ones packbits
    printoptions promote_types require save savetxt savez savez_compressed set_printoptions setbufsize seterr seterrcall
    show_config show_runtime test tri tril_indices triu_indices typename unpackbits zeros row_stack result_type
    bitwise_and bitwise_or bitwise_xor gcd invert lcm left_shift right_shift bitwise_invert bitwise_left_shift
    bitwise_not bitwise_right_shift bitwise_count empty_like asarray_chkfinite linalg.test fft.test fft.fftfreq
    fft.rfftfreq in1d mintypecode trapz""".replace("\n", " ")))  # fmt: skip
