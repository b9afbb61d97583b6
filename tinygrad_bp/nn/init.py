"""First values for parameters, with PyTorch's names, arguments and random numbers.

Each function writes into a tensor, records nothing (a leaf that requires grad may be given), and returns the tensor.
Fan in is the size of dimension 1, fan out that of dimension 0, each times the elements of the dimensions after them.
"""

from __future__ import annotations

import functools
import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from ..autograd.errors import ArgumentError, ShapeError, shape_text
from ..autograd.modes import no_grad
from ..autograd.tensor import Tensor
from ..random.generator import Generator
from ..random.sampling import randn, randperm

_GAINS = {"linear": 1.0, "sigmoid": 1.0, "tanh": 5 / 3, "relu": math.sqrt(2.0), "selu": 3 / 4}


def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    """How much larger the deviation should be for an activation behind the layer.

    1 for linear and sigmoid, 5/3 for tanh, √2 for relu, 3/4 for selu, ``√(2 / (1 + param²))`` for leaky_relu
    (``param`` is its slope, 0.01 unless given). Source: He et al. 2015, equation 15; the rest is PyTorch's.

    >>> import tinygrad_bp as tg
    >>> tg.nn.init.calculate_gain("leaky_relu", 1.0)
    1.0
    """
    if nonlinearity == "leaky_relu":
        return math.sqrt(2.0 / (1 + (0.01 if param is None else param) ** 2))
    if nonlinearity not in _GAINS:
        raise ArgumentError(
            f"calculate_gain: knows {', '.join([*_GAINS, 'leaky_relu'])}; got {nonlinearity!r}; pass the gain itself"
        )
    return _GAINS[nonlinearity]


# By PyTorch's names, which layers of programs import to choose the bounds of their biases.
def _calculate_fan_in_and_fan_out(tensor: Tensor) -> tuple[int, int]:
    if tensor.ndim < 2:
        raise ShapeError(
            f"fan in and fan out need two dimensions or more, got {shape_text(tensor.shape)}; use uniform_ or normal_"
        )
    field = math.prod(tensor.shape[2:])
    return tensor.shape[1] * field, tensor.shape[0] * field


def _calculate_correct_fan(tensor: Tensor, mode: str) -> int:
    mode = mode.lower()
    if mode not in ("fan_in", "fan_out"):
        raise ArgumentError(f"mode is 'fan_in' or 'fan_out', got {mode!r}")
    return _calculate_fan_in_and_fan_out(tensor)[mode == "fan_out"]


def _kaiming_deviation(tensor: Tensor, a: float, mode: str, nonlinearity: str) -> float:
    fan, gain = _calculate_correct_fan(tensor, mode), calculate_gain(nonlinearity, a)
    return gain / math.sqrt(fan) if fan else 0.0


def _xavier_deviation(tensor: Tensor, gain: float) -> float:
    fans = sum(_calculate_fan_in_and_fan_out(tensor))
    return gain * math.sqrt(2.0 / fans) if fans else 0.0


def uniform_(tensor: Tensor, a: float = 0.0, b: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Uniform numbers from [a, b).

    >>> import tinygrad_bp as tg
    >>> w = tg.nn.init.uniform_(tg.empty(3, 5), -1, 1)
    >>> bool((w >= -1).all() and (w < 1).all())
    True
    """
    with no_grad():
        tensor.uniform_(a, b, generator=generator)
    return tensor


def normal_(tensor: Tensor, mean: float = 0.0, std: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Normal numbers.

    >>> import tinygrad_bp as tg
    >>> tg.nn.init.normal_(tg.empty(2, 3)).shape
    torch.Size([2, 3])
    """
    with no_grad():
        tensor.normal_(mean, std, generator=generator)
    return tensor


def trunc_normal_(
    tensor: Tensor, mean: float = 0.0, std: float = 1.0, a: float = -2.0, b: float = 2.0,
    generator: Generator | None = None,
) -> Tensor:  # fmt: skip
    """Normal numbers, drawn again until they lie in [a, b]; a and b are values, not deviations.

    >>> import tinygrad_bp as tg
    >>> tg.nn.init.trunc_normal_(tg.empty(2, 3)).shape
    torch.Size([2, 3])
    """
    if not (std > 0 and a <= b):
        raise ArgumentError(f"trunc_normal_: needs std > 0 and a <= b, got std={std}, a={a} and b={b}")
    share = (math.erf((b - mean) / std / math.sqrt(2)) - math.erf((a - mean) / std / math.sqrt(2))) / 2
    with no_grad():
        if share > 0.3:
            low, high = (tensor.dtype.type(bound) for bound in (a, b))
            values = np.array(tensor.normal_(mean, std, generator=generator).numpy(force=True))
            while (outside := (values < low) | (values > high)).any():
                again = tensor.normal_(mean, std, generator=generator).numpy(force=True)
                values = np.where(outside, again, values)
            tensor.copy_(values)
            return tensor
        # Too much would be thrown away: uniform numbers, kept with the probability of their density.
        mode = max(a, min(mean, b))
        peak = -0.5 * ((mode - mean) / std) ** 2
        values, pending = np.empty(tensor.shape, tensor.dtype), np.ones(tensor.shape, bool)
        while pending.any():
            candidates = np.array(tensor.uniform_(a, b, generator=generator).numpy(force=True))
            values = np.where(pending, candidates, values)
            density = ((candidates - mean) / std) ** 2 * -0.5 - peak
            with np.errstate(divide="ignore"):
                pending &= np.log(tensor.uniform_(generator=generator).numpy(force=True)) > density
        tensor.copy_(values)
    return tensor


def constant_(tensor: Tensor, val: float) -> Tensor:
    """Every element ``val``.

    >>> import tinygrad_bp as tg
    >>> tg.nn.init.constant_(tg.zeros(2), 3.0)
    tensor([3., 3.])
    """
    with no_grad():
        tensor.fill_(val)
    return tensor


def zeros_(tensor: Tensor) -> Tensor:
    """Every element 0.

    >>> import tinygrad_bp as tg
    >>> tg.nn.init.zeros_(tg.empty(2))
    tensor([0., 0.])
    """
    return constant_(tensor, 0.0)


def ones_(tensor: Tensor) -> Tensor:
    """Every element 1.

    >>> import tinygrad_bp as tg
    >>> tg.nn.init.ones_(tg.empty(2))
    tensor([1., 1.])
    """
    return constant_(tensor, 1.0)


def eye_(tensor: Tensor) -> Tensor:
    """1 on the diagonal of a matrix, 0 elsewhere.

    >>> import tinygrad_bp as tg
    >>> tg.nn.init.eye_(tg.empty(2, 2))
    tensor([[1., 0.],
            [0., 1.]])
    """
    if tensor.ndim != 2:
        raise ShapeError(f"eye_: needs a matrix, got {shape_text(tensor.shape)}")
    with no_grad():
        tensor.copy_(np.eye(*tensor.shape, dtype=tensor.dtype))
    return tensor


def xavier_uniform_(tensor: Tensor, gain: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Uniform in ±gain · √(6 / (fan in + fan out)). Source: Glorot and Bengio 2010, equation 16.

    >>> import tinygrad_bp as tg
    >>> tg.nn.init.xavier_uniform_(tg.empty(2, 3)).shape
    torch.Size([2, 3])
    """
    bound = math.sqrt(3.0) * _xavier_deviation(tensor, gain)
    return uniform_(tensor, -bound, bound, generator)


def xavier_normal_(tensor: Tensor, gain: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Normal with deviation gain · √(2 / (fan in + fan out)). Source: Glorot and Bengio 2010, equation 12.

    >>> import tinygrad_bp as tg
    >>> tg.nn.init.xavier_normal_(tg.empty(2, 3)).shape
    torch.Size([2, 3])
    """
    return normal_(tensor, 0.0, _xavier_deviation(tensor, gain), generator)


def kaiming_uniform_(
    tensor: Tensor, a: float = 0.0, mode: str = "fan_in", nonlinearity: str = "leaky_relu",
    generator: Generator | None = None,
) -> Tensor:  # fmt: skip
    """Uniform in ±√3 · gain / √fan, for ReLU networks; ``a`` is the slope of a leaky one.

    Source: He et al. 2015, equations 10 and 14 (``mode`` says which fan).

    >>> import tinygrad_bp as tg
    >>> tg.nn.init.kaiming_uniform_(tg.empty(2, 3)).shape
    torch.Size([2, 3])
    """
    bound = math.sqrt(3.0) * _kaiming_deviation(tensor, a, mode, nonlinearity)
    return uniform_(tensor, -bound, bound, generator)


def kaiming_normal_(
    tensor: Tensor, a: float = 0.0, mode: str = "fan_in", nonlinearity: str = "leaky_relu",
    generator: Generator | None = None,
) -> Tensor:  # fmt: skip
    """Normal with deviation gain / √fan, for ReLU networks; arguments as for ``kaiming_uniform_``.

    >>> import tinygrad_bp as tg
    >>> tg.nn.init.kaiming_normal_(tg.empty(2, 3)).shape
    torch.Size([2, 3])
    """
    return normal_(tensor, 0.0, _kaiming_deviation(tensor, a, mode, nonlinearity), generator)


def orthogonal_(tensor: Tensor, gain: float = 1.0, generator: Generator | None = None) -> Tensor:
    """A random matrix with orthonormal rows or columns, whichever are fewer, times ``gain``.

    Dimensions after the first count as columns. Source: Saxe et al. 2014, by the QR factors of a normal matrix with
    the signs of Mezzadri 2007.

    >>> import tinygrad_bp as tg
    >>> w = tg.nn.init.orthogonal_(tg.empty(2, 2))
    >>> tg.allclose(w @ w.T, tg.eye(2), atol=1e-6)
    True
    """
    if tensor.ndim < 2:
        raise ShapeError(f"orthogonal_: needs two dimensions or more, got {shape_text(tensor.shape)}")
    if not tensor.numel():
        return tensor
    with no_grad():
        rows = tensor.shape[0]
        drawn = randn(rows, tensor.numel() // rows, generator=generator, dtype=tensor.dtype).numpy(force=True)
        wide = drawn.shape[0] < drawn.shape[1]
        q, r = np.linalg.qr(drawn.T if wide else drawn)
        q = q * np.sign(np.diagonal(r))
        tensor.copy_((q.T if wide else q).reshape(tensor.shape) * tensor.dtype.type(gain))
    return tensor


def dirac_(tensor: Tensor, groups: int = 1) -> Tensor:
    """A convolution's weight that gives back as many input channels as it can, those of each of ``groups`` groups.

    >>> import tinygrad_bp as tg
    >>> tg.nn.init.dirac_(tg.empty(2, 2, 3)).tolist()
    [[[0.0, 1.0, 0.0], [0.0, 0.0, 0.0]], [[0.0, 0.0, 0.0], [0.0, 1.0, 0.0]]]
    """
    if not 3 <= tensor.ndim <= 5:
        raise ShapeError(f"dirac_: the weight has 3, 4 or 5 dimensions, got {shape_text(tensor.shape)}")
    if groups < 1 or tensor.shape[0] % groups:
        raise ArgumentError(f"dirac_: groups must divide the {tensor.shape[0]} channels, got {groups}")
    outputs = tensor.shape[0] // groups
    channel = np.arange(min(outputs, tensor.shape[1]))
    middle = tuple(size // 2 for size in tensor.shape[2:])
    value = np.zeros(tensor.shape, tensor.dtype)
    for group in range(groups):
        value[(group * outputs + channel, channel, *middle)] = 1
    with no_grad():
        tensor.copy_(value)
    return tensor


def sparse_(tensor: Tensor, sparsity: float, std: float = 0.01, generator: Generator | None = None) -> Tensor:
    """Normal numbers of a matrix, of which a share of each column, ``sparsity`` rounded up, is 0 (Martens 2010).

    >>> import tinygrad_bp as tg
    >>> (tg.nn.init.sparse_(tg.empty(4, 3), 0.5) == 0).sum(dim=0)
    tensor([2, 2, 2])
    """
    if tensor.ndim != 2:
        raise ShapeError(f"sparse_: needs a matrix, got {shape_text(tensor.shape)}")
    rows, columns = tensor.shape
    count = math.ceil(sparsity * rows)
    value = np.array(normal_(tensor, 0.0, std, generator).numpy(force=True))
    for column in range(columns):
        # PyTorch draws the places from the default generator alone.
        value[randperm(rows).numpy(force=True)[:count], column] = 0
    with no_grad():
        tensor.copy_(value)
    return tensor


# The names of these before they ended in an underscore, which older programs have.
_OLDER = (
    "constant", "dirac", "eye", "kaiming_normal", "kaiming_uniform", "normal", "orthogonal", "sparse", "uniform",
    "xavier_normal", "xavier_uniform",
)  # fmt: skip


def _older(name: str) -> Callable[..., Tensor]:
    newer: Callable[..., Tensor] = globals()[f"{name}_"]

    @functools.wraps(newer)
    def deprecated(*args: Any, **kwargs: Any) -> Tensor:
        old, new = f"nn.init.{name}", f"nn.init.{name}_"
        warnings.warn(f"`{old}` is now deprecated in favor of `{new}`.", FutureWarning, stacklevel=2)
        return newer(*args, **kwargs)

    deprecated.__name__ = name
    return deprecated


def __getattr__(name: str) -> object:
    if name == "__path__":  # the import system asks every module
        raise AttributeError(name)
    if name in _OLDER:
        return _older(name)
    from ..not_here import missing

    raise missing("nn.init", name)
