"""Random tensors: the numbers of PyTorch's CPU generator (MT19937), from NumPy's.

Source of the recipes: PyTorch, ``ATen/core/TransformationHelper.h`` and ``DistributionTemplates.h``, each compared
with torch itself. MT19937: Matsumoto and Nishimura, *Mersenne Twister*, 1998.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..autograd import dtypes
from ..autograd.errors import ArgumentError, DtypeError
from ..autograd.tensor import Tensor, wrap
from .shape import shape_of


class Generator:
    """A stream of random numbers of its own.

    >>> import tinygrad_bp as tg
    >>> a, b = tg.Generator().manual_seed(7), tg.Generator().manual_seed(7)
    >>> bool((tg.rand(3, generator=a) == tg.rand(3, generator=b)).all())
    True
    """

    def __init__(self, seed: int = 67280421310721) -> None:
        self.manual_seed(seed)

    def manual_seed(self, seed: int) -> Generator:
        """Start the stream again from ``seed`` (its low 32 bits count)."""
        from numpy.random import MT19937

        self._seed = int(seed)
        self._bits = MT19937()
        self._bits._legacy_seeding(self._seed & 0xFFFFFFFF)
        self._next_normal: float | None = None
        return self

    def initial_seed(self) -> int:
        """The seed that the stream started from."""
        return self._seed

    def words(self, count: int) -> Any:
        """The next ``count`` 32-bit words of the stream, as uint64."""
        return self._bits.random_raw(count)

    def _doubles(self, count: int) -> Any:
        """53-bit uniform numbers: two words each, the first one high."""
        words = self.words(2 * count).reshape(count, 2)
        return (((words[:, 0] << np.uint64(32)) | words[:, 1]) & np.uint64(2**53 - 1)) * 2.0**-53

    def uniform(self, count: int, dtype: Any) -> Any:
        """``count`` numbers in [0, 1)."""
        if dtype == np.float64:
            return self._doubles(count)
        bits = 24 if dtype == np.float32 else 11
        return ((self.words(count) & np.uint64(2**bits - 1)) * 2.0**-bits).astype(dtype)

    def normal(self, count: int, dtype: Any) -> Any:
        """``count`` standard normal numbers by Box and Muller's method."""
        if count < 16:
            return np.array([self._one_normal() for _ in range(count)], dtype)
        work = np.float64 if dtype == np.float64 else np.float32
        uniform = self.uniform(count, work)
        result = np.empty(count, work)
        blocks = count // 16 * 16
        result[:blocks] = _box_muller(uniform[:blocks].reshape(-1, 16)).ravel()
        if count % 16:  # the last 16 are drawn again
            result[-16:] = _box_muller(self.uniform(16, work).reshape(1, 16)).ravel()
        return result.astype(dtype)

    def _one_normal(self) -> float:
        if self._next_normal is not None:
            value, self._next_normal = self._next_normal, None
            return value
        angle, length = self._doubles(2)
        radius = np.sqrt(-2.0 * np.log1p(-length))
        self._next_normal = float(radius * np.sin(2.0 * np.pi * angle))
        return float(radius * np.cos(2.0 * np.pi * angle))

    def bernoulli(self, count: int, p: float) -> Any:
        """``count`` booleans, each true with probability ``p``: PyTorch's ``bernoulli_(p)`` and dropout masks."""
        return self._doubles(count) < p

    def integers(self, low: int, high: int, count: int) -> Any:
        """``count`` integers in [low, high)."""
        span = high - low
        if span >= 2**28:
            words = self.words(2 * count).reshape(count, 2)
            words = (words[:, 0] << np.uint64(32)) | words[:, 1]
        else:
            words = self.words(count)
        return (words % np.uint64(span)).astype(np.int64) + low

    def permutation(self, n: int) -> Any:
        """The integers below ``n`` in random order."""
        order = np.arange(n)
        words = self.words(max(n - 1, 0)).tolist()
        for i, word in enumerate(words):
            j = i + word % (n - i)
            order[i], order[j] = order[j], order[i]
        return order


def _box_muller(uniform: Any) -> Any:
    """Blocks of 16: the first 8 give the radius, the last 8 the angle."""
    dtype = uniform.dtype.type
    radius = np.sqrt(dtype(-2) * np.log(dtype(1) - uniform[:, :8]))
    angle = dtype(2 * np.pi) * uniform[:, 8:]
    return np.concatenate([radius * np.cos(angle), radius * np.sin(angle)], axis=1)


_default: Generator | None = None


def default_generator() -> Generator:
    """The generator used where none is given."""
    global _default
    if _default is None:
        _default = Generator()
    return _default


def manual_seed(seed: int) -> Generator:
    """Start the default stream from ``seed``: the same seed, the same numbers, those of ``torch.manual_seed``.

    >>> import tinygrad_bp as tg
    >>> _ = tg.manual_seed(0)
    >>> tg.rand(2)
    tensor([0.4963, 0.7682])
    """
    return default_generator().manual_seed(seed)


def _count(shape: tuple[int, ...]) -> int:
    return int(np.prod(shape, dtype=np.int64))


def _finish(values: Any, shape: tuple[int, ...], requires_grad: bool) -> Tensor:
    result = wrap(values.reshape(shape), None)
    if requires_grad:
        result.requires_grad = True
    return result


def _float_dtype(name: str, dtype: Any) -> Any:
    chosen = dtypes.get_default_dtype() if dtype is None else np.dtype(dtype)
    if chosen.kind != "f":
        raise DtypeError(f"{name}: gives floating point numbers, not {chosen}")
    return chosen


def rand(*size: Any, generator: Generator | None = None, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """Uniform numbers in [0, 1) of a shape, given as integers or one tuple.

    >>> import tinygrad_bp as tg
    >>> tg.rand(2, 3).shape
    (2, 3)
    """
    shape, generator = shape_of(size, "rand"), generator or default_generator()
    return _finish(generator.uniform(_count(shape), _float_dtype("rand", dtype)), shape, requires_grad)


def randn(*size: Any, generator: Generator | None = None, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """Standard normal numbers of a shape, given as integers or one tuple.

    >>> import tinygrad_bp as tg
    >>> tg.randn(4).shape
    (4,)
    """
    shape, generator = shape_of(size, "randn"), generator or default_generator()
    return _finish(generator.normal(_count(shape), _float_dtype("randn", dtype)), shape, requires_grad)


def randint(
    low: int, high: Any = None, size: Any = None, *, generator: Generator | None = None, dtype: Any = None,
    requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """Integers from ``low`` (0 where left out) up to, not including, ``high``.

    >>> import tinygrad_bp as tg
    >>> tg.randint(0, 10, (3,)).dtype
    dtype('int64')
    """
    if size is None:
        low, high, size = 0, low, high
    if size is None or isinstance(size, int):
        raise ArgumentError("randint: give the shape as a tuple: randint(high, size) or randint(low, high, size)")
    if not low < high:
        raise ArgumentError(f"randint: needs low < high, got low={low} and high={high}")
    shape, generator = shape_of((size,), "randint"), generator or default_generator()
    values = generator.integers(int(low), int(high), _count(shape))
    return _finish(values.astype(np.int64 if dtype is None else dtype), shape, requires_grad)


def randperm(n: int, *, generator: Generator | None = None, dtype: Any = None) -> Tensor:
    """The integers below ``n`` in random order.

    >>> import tinygrad_bp as tg
    >>> sorted(tg.randperm(4).tolist())
    [0, 1, 2, 3]
    """
    if n < 0:
        raise ArgumentError(f"randperm: n must not be negative, got {n}")
    values = (generator or default_generator()).permutation(n)
    return _finish(values.astype(np.int64 if dtype is None else dtype), (n,), False)
