"""Random tensors: drawn anew, or written into the memory of a tensor. The numbers are those of PyTorch."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..autograd import dtypes
from ..autograd.arrays import whole
from ..autograd.device import DeviceLike, device_of, laid_out, resolve, settled
from ..autograd.errors import ArgumentError, DtypeError, ShapeError, shape_text
from ..autograd.layout import row_by_row
from ..autograd.tensor import Tensor, wrap
from ..autograd.types import Array, DTypeLike, Size
from ..autograd.values import detached, held, refuse_gradient
from ..autograd.writing import refuse
from ..ops.complex_numbers import view_as_complex
from ..ops.draws import draw
from ..ops.elementwise import clone, exp, in_dtype, log
from ..ops.scans import cumsum
from ..ops.searching import sorted_places
from ..ops.shape import either, reshape, shape_of
from ..ops.sorting import argsort
from ..ops.trigonometry import tan
from .generator import Generator, default_generator
from .layout import in_memory_order, order_of
from .slices import draws

__all__ = [
    "bernoulli", "multinomial", "normal", "rand", "rand_like", "randint", "randint_like", "randn", "randn_like",
    "randperm",
]  # fmt: skip


_WIDE = np.dtype(np.float64)


def _count(shape: tuple[int, ...]) -> int:
    return int(np.prod(shape, dtype=np.int64))


def _drawn(
    stream: str, given: tuple[Any, ...], shape: tuple[int, ...], generator: Generator | None, dtype: Any = None,
    order: Any = None, requires_grad: bool = False, device: DeviceLike = None,
) -> Tensor:  # fmt: skip
    """Numbers of the CPU's stream, on whatever device: results are the same on all."""
    drawn: Tensor = draw(stream, given, shape, generator or default_generator(), dtype, order)
    return settled(drawn, device).requires_grad_(requires_grad)


def _where(x: Any, device: DeviceLike = None) -> DeviceLike:
    """The device for numbers beside ``x``, unless one is given."""
    return device_of(x) if device is None and isinstance(x, Tensor) else device


def _complex(dtype: Any) -> Any:
    """The dtype of the two parts of a complex one; None for others."""
    return None if dtype is None or np.dtype(dtype).kind != "c" else np.dtype(dtype).type().real.dtype


def _of_parts(parts: Tensor, requires_grad: bool) -> Tensor:
    """Complex numbers of their parts, which lie in the last dimension."""
    whole: Tensor = view_as_complex(parts)
    return whole.detach().requires_grad_(requires_grad)


def _float_dtype(name: str, dtype: Any) -> Any:
    chosen = dtypes.get_default_dtype() if dtype is None else np.dtype(dtype)
    if chosen.kind != "f":
        raise DtypeError(f"{name}: gives floating point numbers, not {chosen}")
    return chosen


@draws
@laid_out
def rand(
    *sizes: Size, size: Size | None = None, generator: Generator | None = None, dtype: DTypeLike = None,
    device: DeviceLike = None, requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """Uniform numbers in [0, 1) of a shape, given as integers or one tuple; both parts of complex ones are such.

    >>> import tinygrad_bp as tg
    >>> tg.rand(2, 3).shape
    torch.Size([2, 3])
    """
    resolve(device)
    shape = shape_of(either(sizes, size), "rand")
    if (part := _complex(dtype)) is not None:
        return _of_parts(rand(*shape, 2, generator=generator, dtype=part, device=device), requires_grad)
    given = _count(shape), _float_dtype("rand", dtype)
    return _drawn("uniform", given, shape, generator, requires_grad=requires_grad, device=device)


@draws
@laid_out
def randn(
    *sizes: Size, size: Size | None = None, generator: Generator | None = None, dtype: DTypeLike = None,
    device: DeviceLike = None, requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """Standard normal numbers of a shape, given as integers or one tuple; the parts of complex ones have variance 1/2.

    >>> import tinygrad_bp as tg
    >>> tg.randn(4).shape
    torch.Size([4])
    """
    resolve(device)
    shape = shape_of(either(sizes, size), "randn")
    if (part := _complex(dtype)) is not None:
        parts = randn(*shape, 2, generator=generator, dtype=part, device=device) * part.type(0.5**0.5)
        return _of_parts(parts, requires_grad)
    given = _count(shape), _float_dtype("randn", dtype)
    return _drawn("normal", given, shape, generator, requires_grad=requires_grad, device=device)


@draws
@laid_out
def randint(
    low: Any = None, high: Any = None, size: Size | None = None, *, generator: Generator | None = None,
    dtype: DTypeLike = None, device: DeviceLike = None, requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """Integers from ``low`` (0 where left out) up to, not including, ``high``: ``randint(high, size)`` as well.

    >>> import tinygrad_bp as tg
    >>> tg.randint(0, 10, (3,)).dtype
    dtype('int64')
    """
    resolve(device)
    if size is None:
        low, high, size = None, low, high
    elif high is None:
        low, high = None, low
    low = 0 if low is None else low
    if size is None or isinstance(size, int) or high is None:
        raise ArgumentError("randint: give the shape as a tuple: randint(high, size) or randint(low, high, size)")
    kind = np.dtype(np.int64 if dtype is None else dtype)
    bounds = _bounds("randint", low, high, kind)
    shape = shape_of((size,), "randint")
    given = *bounds, _count(shape)
    return _drawn("integers", given, shape, generator, kind, requires_grad=requires_grad, device=device)


@draws
@laid_out
def randperm(
    n: int, *, generator: Generator | None = None, dtype: DTypeLike = None, device: DeviceLike = None,
    requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """The integers below ``n`` in random order.

    >>> import tinygrad_bp as tg
    >>> sorted(tg.randperm(4).tolist())
    [0, 1, 2, 3]
    """
    resolve(device)
    if n < 0:
        raise ArgumentError(f"randperm: n must not be negative, got {n}")
    kind = np.dtype(np.int64 if dtype is None else dtype)
    return _drawn("permutation", (n,), (n,), generator, kind, requires_grad=requires_grad, device=device)


@draws
@laid_out
def rand_like(
    input: Array, *, generator: Generator | None = None, dtype: DTypeLike = None, device: DeviceLike = None,
    requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """Uniform numbers in [0, 1) of the shape of ``input``, and of its dtype unless one is given.

    >>> import tinygrad_bp as tg
    >>> tg.rand_like(tg.ones(2, 3)).shape
    torch.Size([2, 3])
    """
    resolve(device)
    if _complex(dtype or input.dtype) is not None:
        return rand(*input.shape, generator=generator, dtype=dtype or input.dtype, device=_where(input, device),
                   requires_grad=requires_grad)  # fmt: skip
    given = held(input).size, _float_dtype("rand_like", dtype or input.dtype)
    return _drawn(
        "uniform", given, tuple(input.shape), generator, None, order_of(input), requires_grad, _where(input, device)
    )


@draws
@laid_out
def randn_like(
    input: Array, *, generator: Generator | None = None, dtype: DTypeLike = None, device: DeviceLike = None,
    requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """Standard normal numbers of the shape of ``input``, and of its dtype unless one is given.

    >>> import tinygrad_bp as tg
    >>> tg.randn_like(tg.ones(2, 3)).shape
    torch.Size([2, 3])
    """
    resolve(device)
    if _complex(dtype or input.dtype) is not None:
        return randn(*input.shape, generator=generator, dtype=dtype or input.dtype, device=_where(input, device),
                   requires_grad=requires_grad)  # fmt: skip
    count = held(input).size
    rows = row_by_row(in_memory_order(np.empty(count), input))  # the result has no gaps and no repetitions
    given = count, _float_dtype("randn_like", dtype or input.dtype), 0.0, 1.0, rows
    return _drawn(
        "normal", given, tuple(input.shape), generator, None, order_of(input), requires_grad, _where(input, device)
    )


@draws
@laid_out
def randint_like(
    input: Array, low: int | None = None, high: int | None = None, *, generator: Generator | None = None,
    dtype: DTypeLike = None, device: DeviceLike = None, requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """Integers from ``low`` (0 where left out) up to ``high``, of the shape and (unless given) dtype of ``input``.

    >>> import tinygrad_bp as tg
    >>> tg.randint_like(tg.ones(2, 3), 10).shape
    torch.Size([2, 3])
    """
    resolve(device)
    if high is None:
        low, high = None, low
    low, kind = 0 if low is None else low, np.dtype(dtype or input.dtype)
    if high is None:
        raise ArgumentError("randint_like: give high, below which the integers lie")
    given = *_bounds("randint_like", low, high, kind), held(input).size
    return _drawn(
        "integers", given, tuple(input.shape), generator, kind, order_of(input), requires_grad, _where(input, device)
    )


@draws
def normal(
    mean: Any, std: Any = 1.0, size: Size | None = None, *, generator: Generator | None = None,
    dtype: DTypeLike = None, device: DeviceLike = None, requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """Normal numbers: of one ``mean`` and ``std`` and a ``size``, or one for every element of tensors of them.

    Raises ``NoRuleError`` for a mean or std that requires grad: write ``mean + std * tg.randn_like(mean)``.

    >>> import tinygrad_bp as tg
    >>> tg.normal(5.0, 0.1, (2, 3)).shape
    torch.Size([2, 3])
    >>> tg.normal(tg.arange(3.0), tg.tensor([1.0, 2.0, 3.0])).shape
    torch.Size([3])
    """
    resolve(device)
    instead = "mean + std * tg.randn_like(mean)"
    for name, v in (("mean", mean), ("std", std)):
        refuse_gradient(v, f"normal: {name}", instead)
    if np.any((held(std) if isinstance(std, Tensor) else np.asarray(std)) < 0):
        raise ArgumentError(f"normal: std must not be negative, got {std}")
    arrays = [v for v in (mean, std) if isinstance(v, (Tensor, np.ndarray))]
    if arrays:
        if size is not None:
            raise ArgumentError("normal: tensors of means or deviations have a shape; leave size out")
        kind = _float_dtype("normal", dtype or np.result_type(*(v.dtype for v in arrays)))
        shape = np.broadcast_shapes(*(tuple(v.shape) for v in arrays))
        device = _where(next((v for v in arrays if isinstance(v, Tensor)), None), device)
        mean, std = (detached(v) if isinstance(v, (Tensor, np.ndarray)) else v for v in (mean, std))
        noise = _drawn("normal", (_count(shape), kind), shape, generator, device=device)
        found: Tensor = in_dtype(noise * std + mean, kind)
        return found.requires_grad_(requires_grad)
    if size is None:
        raise ArgumentError("normal: give the shape: normal(mean, std, size)")
    shape = shape_of((size,), "normal")
    given = _count(shape), _float_dtype("normal", dtype), mean, std
    return _drawn("normal", given, shape, generator, requires_grad=requires_grad, device=device)


def _probabilities(name: str, x: Any) -> Any:
    p = held(x)
    if p.dtype.kind != "f":
        raise DtypeError(f"{name}: probabilities are floating point numbers, got {p.dtype}")
    return p


@draws
def bernoulli(input: Array, p: float | None = None, *, generator: Generator | None = None) -> Tensor:
    """1 with the probability that each element of ``input`` gives, or with ``p``, else 0; of its shape and dtype.

    >>> import tinygrad_bp as tg
    >>> tg.bernoulli(tg.tensor([0.0, 1.0]))
    tensor([0., 1.])
    """
    if p is not None:
        return bernoulli_(wrap(np.empty_like(held(input)), None), p, generator=generator)
    kind, chances = _chances("bernoulli", input), held(input)
    drawn = _drawn("uniform", (chances.size, kind), chances.shape, generator, device=_where(input))
    return in_dtype(drawn < detached(input), chances.dtype)  # type: ignore[no-any-return]


def _chances(name: str, p: Any) -> Any:
    """The dtype of the numbers that are compared with these probabilities: 53 bits for float64, 24 for others."""
    chances = _probabilities(name, p)
    if not np.all((chances >= 0) & (chances <= 1)):
        raise ArgumentError(f"{name}: every probability must be in [0, 1]")
    return np.dtype(np.float64 if chances.dtype == np.float64 else np.float32)


@draws
def multinomial(
    input: Array, num_samples: int, replacement: bool = False, *, generator: Generator | None = None
) -> Tensor:
    """Indices drawn with the probabilities of (n,) or (rows, n), which need not sum to 1.

    The result is int64 of shape (num_samples,) or (rows, num_samples); without ``replacement`` no index comes twice
    in a row. Source: without replacement, the largest of p / q with q exponential (Efraimidis and Spirakis 2006).

    >>> import tinygrad_bp as tg
    >>> tg.multinomial(tg.tensor([0.0, 3.0, 0.0]), 2, replacement=True)
    tensor([1, 1])
    """
    p = _probabilities("multinomial", input)
    if p.ndim not in (1, 2) or p.shape[-1] == 0:
        raise ShapeError(f"multinomial: give probabilities of shape (n,) or (rows, n), got {shape_text(p.shape)}")
    if num_samples < 1 or (num_samples > p.shape[-1] and not replacement):
        raise ArgumentError(
            f"multinomial: cannot draw {num_samples} of {p.shape[-1]} indices{'' if replacement else ', each once'}"
        )
    if not np.all(np.isfinite(p)) or np.any(p < 0) or np.any(np.sum(p, axis=-1) <= 0):
        raise ArgumentError("multinomial: probabilities must be finite, not negative, and not all 0 in a row")
    weights = wrap(detached(input), None) if isinstance(input, np.ndarray) else detached(input)
    if not replacement or num_samples == 1:
        with np.errstate(divide="ignore", invalid="ignore"):
            race = weights / _drawn(
                "exponential", (p.size, p.dtype), p.shape, generator, None, order_of(p), device=_where(input)
            )
        return clone(argsort(-race)[..., :num_samples])  # type: ignore[no-any-return]
    rows = reshape(weights, (-1, p.shape[-1]))
    sums = cumsum(rows, 1)
    sums = sums / sums[:, -1:]
    count = rows.shape[0] * num_samples
    drawn = _drawn(
        "uniform", (count, np.dtype(np.float64)), (rows.shape[0], num_samples), generator, device=_where(input)
    )
    chosen = sorted_places(in_dtype(sums, np.float64), drawn)
    return reshape(chosen, (*p.shape[:-1], num_samples))  # type: ignore[no-any-return]


# ---------------------------------------------------------------------- writing


def _writable(x: Tensor, what: str, kinds: str, generator: Generator | None) -> Generator:
    """The generator to draw from, once it is sure that ``x`` can be written."""
    refuse(x, what)
    if x.dtype.kind not in kinds:
        raise DtypeError(f"{what}: cannot fill a tensor of {x.dtype} with such numbers")
    return generator or default_generator()


def _for(x: Tensor, stream: str, generator: Generator, *given: Any) -> Tensor:
    """Numbers for every element, the first one for the first in memory."""
    return _drawn(stream, given, tuple(x.shape), generator, None, order_of(x), device=device_of(x))


@draws
def uniform_(x: Tensor, low: float = 0.0, to: float = 1.0, *, generator: Generator | None = None) -> Tensor:
    """Every element drawn uniformly from [low, to).

    >>> import tinygrad_bp as tg
    >>> bool((tg.zeros(2).uniform_() < 1).all())
    True
    """
    generator = _writable(x, "uniform_", "f", generator)
    for bound in (low, to):
        refuse_gradient(bound, "uniform_: a bound")
    if not low <= to:
        raise ArgumentError(f"uniform_: needs low <= to, got low={low} and to={to}")
    return x.copy_(_for(x, "uniform", generator, x.numel(), x.dtype, low, to))


@draws
def normal_(x: Tensor, mean: float = 0.0, std: float = 1.0, *, generator: Generator | None = None) -> Tensor:
    """Every element drawn from the normal distribution.

    >>> import tinygrad_bp as tg
    >>> tg.zeros(2).normal_().shape
    torch.Size([2])
    """
    generator = _writable(x, "normal_", "f", generator)
    for given in (mean, std):
        refuse_gradient(given, "normal_: mean or std", "mean + std * tg.randn_like(x)")
    if not std >= 0:
        raise ArgumentError(f"normal_: std must not be negative, got {std}")
    return x.copy_(_for(x, "normal", generator, x.numel(), x.dtype, mean, std, row_by_row(x)))


@draws
def bernoulli_(x: Tensor, p: Tensor | float = 0.5, *, generator: Generator | None = None) -> Tensor:
    """Every element 1 with probability ``p``, else 0; a tensor of probabilities broadcasts to ``x``.

    >>> import tinygrad_bp as tg
    >>> tg.zeros(2).bernoulli_(1.0)
    tensor([1., 1.])
    """
    generator = _writable(x, "bernoulli_", "fiub", generator)
    if isinstance(p, Tensor):
        kind, chances = _chances("bernoulli_", p), p.detach().expand(x.shape)
        return x.copy_(_for(x, "uniform", generator, x.numel(), kind) < chances)
    if not 0 <= p <= 1:
        raise ArgumentError(f"bernoulli_: p must be in [0, 1], got {p}")
    return x.copy_(_for(x, "bernoulli", generator, x.numel(), p))


@draws
def random_(x: Tensor, low: int | None = None, to: int | None = None, *, generator: Generator | None = None) -> Tensor:
    """Every element an integer from [low, to), [0, low), or all that the dtype holds from 0 on.

    >>> import tinygrad_bp as tg
    >>> bool((tg.zeros(2).random_(10) < 10).all())
    True
    """
    generator = _writable(x, "random_", "fiub", generator)
    if low is None:
        long = x.dtype in (np.int64, np.float64)
        return x.copy_(_for(x, "below", generator, x.numel(), _largest(x.dtype) + 1, long))
    low, to = (0, low) if to is None else (low, to)
    return x.copy_(_for(x, "integers", generator, *_bounds("random_", low, to, x.dtype, "to"), x.numel()))


@draws
def exponential_(x: Tensor, lambd: float = 1.0, *, generator: Generator | None = None) -> Tensor:
    """Every element drawn from the exponential distribution of rate ``lambd``.

    >>> import tinygrad_bp as tg
    >>> bool((tg.zeros(2).exponential_() >= 0).all())
    True
    """
    generator = _writable(x, "exponential_", "f", generator)
    if not lambd > 0:
        raise ArgumentError(f"exponential_: lambd must be positive, got {lambd}")
    return x.copy_(_for(x, "exponential", generator, x.numel(), _WIDE) / lambd)


@draws
def cauchy_(x: Tensor, median: float = 0.0, sigma: float = 1.0, *, generator: Generator | None = None) -> Tensor:
    """Every element drawn from Cauchy's distribution.

    >>> import tinygrad_bp as tg
    >>> tg.zeros(2).cauchy_().shape
    torch.Size([2])
    """
    generator = _writable(x, "cauchy_", "f", generator)
    if not sigma > 0:
        raise ArgumentError(f"cauchy_: sigma must be positive, got {sigma}")
    return x.copy_(median + sigma * tan(np.pi * (_for(x, "uniform", generator, x.numel(), _WIDE) - 0.5)))


@draws
def log_normal_(x: Tensor, mean: float = 1.0, std: float = 2.0, *, generator: Generator | None = None) -> Tensor:
    """Every element the exponential of a normal number of this mean and standard deviation.

    >>> import tinygrad_bp as tg
    >>> bool((tg.zeros(2).log_normal_() > 0).all())
    True
    """
    generator = _writable(x, "log_normal_", "f", generator)
    if not std > 0:
        raise ArgumentError(f"log_normal_: std must be positive, got {std}")
    return x.copy_(exp(_for(x, "normal", generator, x.numel(), _WIDE, 0.0, 1.0, False) * std + mean))


@draws
def geometric_(x: Tensor, p: float, *, generator: Generator | None = None) -> Tensor:
    """Every element the number of attempts up to the first success, each with probability ``p``.

    >>> import tinygrad_bp as tg
    >>> bool((tg.zeros(2).geometric_(0.5) >= 1).all())
    True
    """
    generator = _writable(x, "geometric_", "fiu", generator)
    if not 0 < p < 1:
        raise ArgumentError(f"geometric_: p must be in (0, 1), got {p}")
    with np.errstate(divide="ignore"):
        return x.copy_(np.ceil(log(_for(x, "uniform", generator, x.numel(), _WIDE)) / np.log1p(-p)))


def _bounds(name: str, low: Any, high: Any, dtype: Any, end: str = "high") -> tuple[int, int]:
    low, high = whole(low, name, "low"), whole(high, name, end)
    if not low < high:
        raise ArgumentError(f"{name}: needs low < {end}, got low={low} and {end}={high}")
    if dtype.kind != "f" and (high - 1 > _largest(dtype) or low < _smallest(dtype)):
        raise ArgumentError(f"{name}: {dtype} does not hold all integers of [{low}, {high})")
    return low, high


def _largest(dtype: Any) -> int:
    """The largest integer up to which the dtype has them all."""
    if dtype.kind == "f":
        return int(2 ** (np.finfo(dtype).nmant + 1))
    return 1 if dtype.kind == "b" else int(np.iinfo(dtype).max)


def _smallest(dtype: Any) -> int:
    return 0 if dtype.kind == "b" else int(np.iinfo(dtype).min)
