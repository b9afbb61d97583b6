"""NumPy in, gradients out, and you can look inside.

>>> import tinygrad_bp as tg
>>> w = tg.tensor([1.0, 2.0], requires_grad=True)
>>> (w ** 2).sum().backward()
>>> w.grad
tensor([2., 4.])
"""

from importlib import import_module as _import_module
from typing import TYPE_CHECKING

# `name as name` marks a name as public to type checkers.
from . import autograd as autograd
from . import fft as fft
from . import linalg as linalg
from . import functions as functions
from . import numpy_names as numpy_names
from . import ops as ops
from . import random as random
from . import special as special
from .autograd import (
    enable_grad as enable_grad,
    is_grad_enabled as is_grad_enabled,
    no_grad as no_grad,
    set_grad_enabled as set_grad_enabled,
)
from .autograd.dtypes import (
    complex64 as complex64,
    complex128 as complex128,
    float16 as float16,
    float32 as float32,
    float64 as float64,
    get_default_dtype as get_default_dtype,
    int8 as int8,
    int16 as int16,
    int32 as int32,
    int64 as int64,
    set_default_dtype as set_default_dtype,
    uint8 as uint8,
)
from .autograd.errors import (
    AutogradError as AutogradError,
)
from .autograd.tensor import (
    Tensor as Tensor,
)
from .ops.activations import (
    celu as celu,
    log_softmax as log_softmax,
    prelu as prelu,
    selu as selu,
    softmax as softmax,
    threshold as threshold,
)
from .ops.comparisons import (
    bitwise_and as bitwise_and,
    bitwise_left_shift as bitwise_left_shift,
    bitwise_not as bitwise_not,
    bitwise_or as bitwise_or,
    bitwise_right_shift as bitwise_right_shift,
    bitwise_xor as bitwise_xor,
    eq as eq,
    gcd as gcd,
    ge as ge,
    gt as gt,
    isclose as isclose,
    isfinite as isfinite,
    isinf as isinf,
    isnan as isnan,
    isneginf as isneginf,
    isposinf as isposinf,
    isreal as isreal,
    lcm as lcm,
    le as le,
    logical_and as logical_and,
    logical_not as logical_not,
    logical_or as logical_or,
    logical_xor as logical_xor,
    lt as lt,
    ne as ne,
    signbit as signbit,
)
from .ops.complex_numbers import (
    angle as angle,
    complex as complex,
    conj as conj,
    conj_physical as conj_physical,
    imag as imag,
    polar as polar,
    real as real,
    resolve_conj as resolve_conj,
    resolve_neg as resolve_neg,
    sgn as sgn,
    view_as_complex as view_as_complex,
    view_as_real as view_as_real,
)
from .functions.creation import (
    arange as arange,
    as_tensor as as_tensor,
    empty as empty,
    empty_like as empty_like,
    eye as eye,
    from_numpy as from_numpy,
    full as full,
    full_like as full_like,
    linspace as linspace,
    logspace as logspace,
    ones as ones,
    ones_like as ones_like,
    tensor as tensor,
    zeros as zeros,
    zeros_like as zeros_like,
)
from .ops.cholesky import (
    cholesky as cholesky,
    cholesky_inverse as cholesky_inverse,
    cholesky_solve as cholesky_solve,
)
from .functions.dropout import (
    rrelu as rrelu,
)
from .ops.einsum import (
    einsum as einsum,
)
from .ops.elementwise import (
    abs as abs,
    add as add,
    addcdiv as addcdiv,
    addcmul as addcmul,
    cbrt as cbrt,
    clone as clone,
    div as div,
    exp as exp,
    exp2 as exp2,
    expm1 as expm1,
    float_power as float_power,
    floor_divide as floor_divide,
    lerp as lerp,
    log as log,
    log10 as log10,
    log1p as log1p,
    log2 as log2,
    logaddexp as logaddexp,
    logaddexp2 as logaddexp2,
    maximum as maximum,
    minimum as minimum,
    mul as mul,
    neg as neg,
    positive as positive,
    pow as pow,
    reciprocal as reciprocal,
    relu as relu,
    rsqrt as rsqrt,
    rsub as rsub,
    sigmoid as sigmoid,
    sign as sign,
    sqrt as sqrt,
    square as square,
    sub as sub,
)
from .ops.error_functions import (
    erf as erf,
    erfc as erfc,
    erfinv as erfinv,
)
from .ops.gamma_functions import (
    digamma as digamma,
    lgamma as lgamma,
    mvlgamma as mvlgamma,
    polygamma as polygamma,
)
from .functions.copies import (
    alias_copy as alias_copy,
    as_strided_copy as as_strided_copy,
    diagonal_copy as diagonal_copy,
    expand_copy as expand_copy,
    narrow_copy as narrow_copy,
    permute_copy as permute_copy,
    select_copy as select_copy,
    slice_copy as slice_copy,
    split_copy as split_copy,
    split_with_sizes_copy as split_with_sizes_copy,
    squeeze_copy as squeeze_copy,
    t_copy as t_copy,
    transpose_copy as transpose_copy,
    unbind_copy as unbind_copy,
    unfold_copy as unfold_copy,
    unsqueeze_copy as unsqueeze_copy,
    view_as_complex_copy as view_as_complex_copy,
    view_as_real_copy as view_as_real_copy,
    view_copy as view_copy,
)
from .ops.diagonals import (
    block_diag as block_diag,
    diag as diag,
    diag_embed as diag_embed,
    diagflat as diagflat,
    diagonal as diagonal,
    diagonal_scatter as diagonal_scatter,
    tril as tril,
    tril_indices as tril_indices,
    triu as triu,
    triu_indices as triu_indices,
)
from .ops.joining import (
    cartesian_prod as cartesian_prod,
    cat as cat,
    column_stack as column_stack,
    combinations as combinations,
    dstack as dstack,
    hstack as hstack,
    meshgrid as meshgrid,
    row_stack as row_stack,
    stack as stack,
    vstack as vstack,
)
from .ops.rearranging import (
    channel_shuffle as channel_shuffle,
    flip as flip,
    fliplr as fliplr,
    flipud as flipud,
    pixel_shuffle as pixel_shuffle,
    pixel_unshuffle as pixel_unshuffle,
    repeat_interleave as repeat_interleave,
    roll as roll,
    rot90 as rot90,
    tile as tile,
)
from .ops.scatter import (
    fill as fill,
    index_add as index_add,
    index_copy as index_copy,
    index_fill as index_fill,
    index_put as index_put,
    index_reduce as index_reduce,
    masked_fill as masked_fill,
    masked_scatter as masked_scatter,
    put as put,
    scatter as scatter,
    scatter_add as scatter_add,
    scatter_reduce as scatter_reduce,
)
from .functions.searching import (
    argwhere as argwhere,
    bucketize as bucketize,
    isin as isin,
    nonzero as nonzero,
    searchsorted as searchsorted,
    unique as unique,
    unique_consecutive as unique_consecutive,
    unravel_index as unravel_index,
    where as where,
)
from .functions.splitting import (
    chunk as chunk,
    dsplit as dsplit,
    hsplit as hsplit,
    narrow as narrow,
    select as select,
    select_scatter as select_scatter,
    slice as slice,
    slice_scatter as slice_scatter,
    split as split,
    split_with_sizes as split_with_sizes,
    tensor_split as tensor_split,
    unbind as unbind,
    unsafe_chunk as unsafe_chunk,
    unsafe_split as unsafe_split,
    unsafe_split_with_sizes as unsafe_split_with_sizes,
    vsplit as vsplit,
)
from .ops.borders import (
    as_strided as as_strided,
    as_strided_scatter as as_strided_scatter,
    constant_pad_nd as constant_pad_nd,
)
from .random.generator import (
    Generator as Generator,
    get_rng_state as get_rng_state,
    initial_seed as initial_seed,
    manual_seed as manual_seed,
    seed as seed,
    set_rng_state as set_rng_state,
)
from .ops.indexing import (
    gather as gather,
    index_select as index_select,
    masked_select as masked_select,
    take as take,
    take_along_axis as take_along_axis,
    take_along_dim as take_along_dim,
)
from .ops.lu import (
    lu_unpack as lu_unpack,
)
from .ops.matrix_functions import (
    matrix_exp as matrix_exp,
    matrix_power as matrix_power,
)
from .ops.norms import (
    dist as dist,
)
from .functions.older_linalg import (
    chain_matmul as chain_matmul,
    cross as cross,
    inverse as inverse,
    lu as lu,
    lu_solve as lu_solve,
    norm as norm,
    pinverse as pinverse,
    qr as qr,
    svd as svd,
    triangular_solve as triangular_solve,
)
from .ops.products import (
    addbmm as addbmm,
    addmm as addmm,
    addmv as addmv,
    addr as addr,
    baddbmm as baddbmm,
    bmm as bmm,
    dot as dot,
    inner as inner,
    kron as kron,
    matmul as matmul,
    mm as mm,
    mv as mv,
    outer as outer,
    tensordot as tensordot,
    trace as trace,
    vdot as vdot,
)
from .ops.qr import (
    ormqr as ormqr,
)
from .ops.limits import (
    clamp_max as clamp_max,
    clamp_min as clamp_min,
    clip as clip,
    fmax as fmax,
    fmin as fmin,
    nan_to_num as nan_to_num,
)
from .random.sampling import (
    bernoulli as bernoulli,
    multinomial as multinomial,
    normal as normal,
    rand as rand,
    rand_like as rand_like,
    randint as randint,
    randint_like as randint_like,
    randn as randn,
    randn_like as randn_like,
    randperm as randperm,
)
from .ops.extremes import (
    all as all,
    allclose as allclose,
    aminmax as aminmax,
    any as any,
    argmax as argmax,
    argmin as argmin,
    count_nonzero as count_nonzero,
    equal as equal,
    max as max,
    min as min,
)
from .functions.frequencies import (
    stft as stft,
)
from .ops.reduction import (
    amax as amax,
    amin as amin,
    logsumexp as logsumexp,
    mean as mean,
    nanmean as nanmean,
    nansum as nansum,
    prod as prod,
    std as std,
    std_mean as std_mean,
    sum as sum,
    var as var,
    var_mean as var_mean,
)
from .ops.scans import (
    cummax as cummax,
    cummin as cummin,
    cumprod as cumprod,
    cumsum as cumsum,
    cumulative_trapezoid as cumulative_trapezoid,
    diff as diff,
    gradient as gradient,
    logcumsumexp as logcumsumexp,
    trapezoid as trapezoid,
    trapz as trapz,
)
from .ops.sorting import (
    argsort as argsort,
    kthvalue as kthvalue,
    median as median,
    mode as mode,
    msort as msort,
    nanmedian as nanmedian,
    nanquantile as nanquantile,
    quantile as quantile,
    sort as sort,
    topk as topk,
)
from .ops.statistics import (
    bincount as bincount,
    corrcoef as corrcoef,
    cov as cov,
    histc as histc,
    renorm as renorm,
)
from .ops.rounding import (
    ceil as ceil,
    copysign as copysign,
    floor as floor,
    fmod as fmod,
    frac as frac,
    frexp as frexp,
    heaviside as heaviside,
    ldexp as ldexp,
    nextafter as nextafter,
    remainder as remainder,
    round as round,
    trunc as trunc,
)
from .ops.shape import (
    atleast_1d as atleast_1d,
    atleast_2d as atleast_2d,
    atleast_3d as atleast_3d,
    broadcast_tensors as broadcast_tensors,
    broadcast_to as broadcast_to,
    expand_as as expand_as,
    flatten as flatten,
    moveaxis as moveaxis,
    movedim as movedim,
    permute as permute,
    ravel as ravel,
    reshape as reshape,
    squeeze as squeeze,
    swapaxes as swapaxes,
    swapdims as swapdims,
    t as t,
    transpose as transpose,
    unflatten as unflatten,
    unsqueeze as unsqueeze,
)
from .ops.solving import (
    det as det,
    logdet as logdet,
    slogdet as slogdet,
)
from .functions.similarity import (
    cdist as cdist,
    cosine_similarity as cosine_similarity,
    pairwise_distance as pairwise_distance,
    pdist as pdist,
)
from .ops.special_functions import (
    i0 as i0,
    logit as logit,
    xlogy as xlogy,
)
from .ops.trigonometry import (
    acos as acos,
    acosh as acosh,
    asin as asin,
    asinh as asinh,
    atan as atan,
    atan2 as atan2,
    atanh as atanh,
    cos as cos,
    cosh as cosh,
    deg2rad as deg2rad,
    hypot as hypot,
    rad2deg as rad2deg,
    sin as sin,
    sinc as sinc,
    sinh as sinh,
    tan as tan,
    tanh as tanh,
)

absolute = abs
arccos, arccosh, arcsin, arcsinh = acos, acosh, asin, asinh
arctan, arctan2, arctanh = atan, atan2, atanh
fix = trunc
greater, greater_equal, less, less_equal, not_equal = gt, ge, lt, le, ne
ger = outer
clamp = clip
concat = cat
negative = neg
subtract = sub
true_divide = div
concatenate = cat
multiply = mul
divide = div
float = float32
double = float64
bool = autograd.dtypes.bool_
half = float16
cfloat, cdouble = complex64, complex128
long = int64
int = int32

# Parts that a program may not need are imported when they are first asked for: `import tinygrad_bp` stays quick.
_LATER = {name: name for name in ("data", "drawing", "func", "models", "nn", "optim", "train", "utils", "verify")}
_LATER |= {"draw": "drawing"} | {name: "functions.grid_sampling" for name in ("grid_sampler_2d", "grid_sampler_3d")}
# PyTorch's place for these; autograd itself imports nothing of what stands on it.
_LATER_OF_AUTOGRAD = {
    "functional": "functional", "gradcheck": "verify", "gradgradcheck": "verify",
}  # fmt: skip

if TYPE_CHECKING:
    from . import data as data
    from . import func as func
    from . import models as models
    from . import nn as nn
    from . import optim as optim
    from . import train as train
    from . import utils as utils
    from . import verify as verify
    from .drawing import draw as draw
    from .functions.grid_sampling import grid_sampler_2d as grid_sampler_2d, grid_sampler_3d as grid_sampler_3d
else:

    def _asked_for(owner, places):
        """A module's ``__getattr__``: import the place of a name, and give the module of that name or what it holds."""

        def find(name):
            if name not in places:
                raise AttributeError(f"module {owner!r} has no attribute {name!r}")
            module = _import_module(f"{__name__}.{places[name]}")
            return module if places[name].endswith(name) else getattr(module, name)

        return find

    def __dir__():
        return sorted({*globals(), *_LATER})

    __getattr__ = _asked_for(__name__, _LATER)
    autograd.__getattr__ = _asked_for(autograd.__name__, _LATER_OF_AUTOGRAD)

__version__ = "0.1.0"
