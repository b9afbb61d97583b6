"""NumPy in, gradients out, and you can look inside.

>>> import tinygrad_bp as tg
>>> w = tg.tensor([1.0, 2.0], requires_grad=True)
>>> (w ** 2).sum().backward()
>>> w.grad
tensor([2., 4.])
"""

# `name as name` marks a name as public to type checkers.
from . import autograd as autograd
from . import data as data
from . import func as func
from . import linalg as linalg
from . import models as models
from . import nn as nn
from . import ops as ops
from . import optim as optim
from . import train as train
from . import utils as utils
from . import verify as verify
from .autograd import functional as _functional  # noqa: F401  (bound as tg.autograd.functional)
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
from .drawing import (
    draw as draw,
)
from .ops.activations import (
    erf as erf,
)
from .ops.complex_numbers import (
    angle as angle,
    complex as complex,
    conj as conj,
    imag as imag,
    polar as polar,
    real as real,
    sgn as sgn,
    view_as_complex as view_as_complex,
    view_as_real as view_as_real,
)
from .ops.creation import (
    arange as arange,
    as_tensor as as_tensor,
    empty as empty,
    empty_like as empty_like,
    eye as eye,
    from_numpy as from_numpy,
    full as full,
    full_like as full_like,
    linspace as linspace,
    ones as ones,
    ones_like as ones_like,
    tensor as tensor,
    zeros as zeros,
    zeros_like as zeros_like,
)
from .ops.einsum import (
    einsum as einsum,
)
from .ops.elementwise import (
    abs as abs,
    add as add,
    bitwise_and as bitwise_and,
    bitwise_not as bitwise_not,
    bitwise_or as bitwise_or,
    bitwise_xor as bitwise_xor,
    clip as clip,
    clone as clone,
    cos as cos,
    div as div,
    eq as eq,
    exp as exp,
    expm1 as expm1,
    ge as ge,
    gt as gt,
    isfinite as isfinite,
    isinf as isinf,
    isnan as isnan,
    le as le,
    log as log,
    log1p as log1p,
    logical_and as logical_and,
    logical_not as logical_not,
    logical_or as logical_or,
    logical_xor as logical_xor,
    lt as lt,
    maximum as maximum,
    minimum as minimum,
    mul as mul,
    ne as ne,
    neg as neg,
    pow as pow,
    relu as relu,
    sigmoid as sigmoid,
    sign as sign,
    sin as sin,
    sqrt as sqrt,
    square as square,
    sub as sub,
    tanh as tanh,
    where as where,
)
from .ops.generator import (
    Generator as Generator,
    get_rng_state as get_rng_state,
    initial_seed as initial_seed,
    manual_seed as manual_seed,
    seed as seed,
    set_rng_state as set_rng_state,
)
from .ops.indexing import (
    take_along_axis as take_along_axis,
)
from .ops.products import (
    addbmm as addbmm,
    addmm as addmm,
    addmv as addmv,
    addr as addr,
    baddbmm as baddbmm,
    bmm as bmm,
    chain_matmul as chain_matmul,
    cross as cross,
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
from .ops.network import (
    log_softmax as log_softmax,
    softmax as softmax,
)
from .ops.random import (
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
from .ops.reduction import (
    all as all,
    allclose as allclose,
    amax as amax,
    amin as amin,
    any as any,
    argmax as argmax,
    argmin as argmin,
    equal as equal,
    logsumexp as logsumexp,
    max as max,
    mean as mean,
    min as min,
    std as std,
    sum as sum,
    var as var,
)
from .ops.shape import (
    broadcast_to as broadcast_to,
    cat as cat,
    expand_as as expand_as,
    flatten as flatten,
    permute as permute,
    ravel as ravel,
    reshape as reshape,
    squeeze as squeeze,
    stack as stack,
    t as t,
    transpose as transpose,
    unsqueeze as unsqueeze,
)

absolute = abs
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
long = int64
int = int32

__version__ = "0.1.0"
