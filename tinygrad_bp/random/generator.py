"""A stream of random numbers: those of PyTorch's CPU generator (MT19937), from NumPy's.

Source of the recipes: PyTorch, ``ATen/core/TransformationHelper.h`` and ``DistributionTemplates.h``, each compared
with torch itself. MT19937: Matsumoto and Nishimura, *Mersenne Twister*, 1998.
"""

from __future__ import annotations

import operator
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from ..autograd.batched import running
from ..autograd.device import DeviceLike, resolve
from ..autograd.device import device as Device
from ..autograd.errors import ArgumentError, shape_text
from ..autograd.modes import happening
from ..autograd.tensor import Tensor, wrap
from ..autograd.types import DTypeLike, Raw
from ..autograd.values import value_of

__all__ = ["Generator", "fork_rng", "get_rng_state", "initial_seed", "manual_seed", "seed", "set_rng_state"]


class Generator:
    """A stream of random numbers of its own.

    >>> import tinygrad_bp as tg
    >>> a, b = tg.Generator().manual_seed(7), tg.Generator().manual_seed(7)
    >>> bool((tg.rand(3, generator=a) == tg.rand(3, generator=b)).all())
    True
    """

    device: Device

    def __init__(self, device: DeviceLike = None, *, seed: int = 67280421310721) -> None:
        from numpy.random import MT19937

        self.device = resolve(device)
        self._bits = MT19937()  # once: its own seed takes fifty times ours
        self._start(seed)

    def __repr__(self) -> str:
        return f"<Generator from seed {self._seed}>"

    def manual_seed(self, seed: int) -> Generator:
        """Start the stream again from ``seed``, 64 bits with or without a sign (the low 32 bits count)."""
        happening("manual_seed()")
        return self._start(seed)

    def _start(self, seed: int) -> Generator:
        number = operator.index(seed)
        if not -(2**63) <= number < 2**64:
            raise ArgumentError(f"manual_seed: the seed has at most 64 bits, got {seed}")
        self._seed = number % 2**64
        self._bits._legacy_seeding(self._seed & 0xFFFFFFFF)
        self._next_normal: float | None = None
        return self

    def seed(self) -> int:
        """Start the stream from a seed that the operating system draws, and return it."""
        return self.manual_seed(int.from_bytes(os.urandom(8), "little")).initial_seed()

    def initial_seed(self) -> int:
        """The seed that the stream started from; a negative one plus 2⁶⁴."""
        return self._seed

    def get_state(self) -> Tensor:
        """Where the stream is, as bytes in a uint8 tensor of one dimension (not those of PyTorch)."""
        key, place = self.words_ahead()
        record = np.zeros((), _STATE)
        record["seed"], record["key"], record["pos"] = self._seed, key, place
        record["normal"] = np.nan if self._next_normal is None else self._next_normal
        return wrap(np.frombuffer(record.tobytes(), np.uint8).copy(), None)

    def set_state(self, state: Any) -> Generator:
        """Go on where ``get_state`` was called; raises ``ArgumentError`` for anything that it did not give."""
        happening("set_state()")
        raw = value_of(state)
        if raw.dtype != np.uint8 or raw.shape != (_STATE.itemsize,):
            raise ArgumentError(
                f"set_state: a state is {_STATE.itemsize} bytes (uint8) as get_state gives them, got {raw.dtype} "
                f"{shape_text(raw.shape)}"
            )
        record = np.frombuffer(raw.tobytes(), _STATE)[0]
        if record["pos"] > len(record["key"]):
            raise ArgumentError(f"set_state: the position {record['pos']} lies beyond the {len(record['key'])} words")
        self._start(int(record["seed"]))
        inner: Any = {"key": record["key"].copy(), "pos": int(record["pos"])}
        self._bits.state = {"bit_generator": "MT19937", "state": inner}
        self._next_normal = None if np.isnan(record["normal"]) else float(record["normal"])
        return self

    def words_ahead(self) -> tuple[Any, int]:
        """What NumPy's ``MT19937`` goes on from: the 624 words of its state, and how many of them are used up."""
        state = self._bits.state["state"]
        return state["key"], int(state["pos"])

    def words(self, count: int) -> Any:
        """The next ``count`` 32-bit words of the stream, as uint64."""
        _refuse_draw()
        return self._bits.random_raw(count)

    def long_words(self, count: int) -> Any:
        """The next ``count`` 64-bit words, as uint64: two words each, the first one high."""
        words = self.words(2 * count).reshape(count, 2)
        return (words[:, 0] << np.uint64(32)) | words[:, 1]

    def below(self, count: int, top: int, long: bool) -> Any:
        """``count`` integers below ``top``, at most 2³², or 2⁶⁴ where ``long``, as uint64."""
        return (self.long_words(count) if long else self.words(count)) % np.uint64(top)

    def _doubles(self, count: int) -> Any:
        """53-bit uniform numbers."""
        return (self.long_words(count) & np.uint64(2**53 - 1)) * 2.0**-53

    def uniform(self, count: int, dtype: DTypeLike, low: float = 0.0, high: float = 1.0) -> Any:
        """``count`` numbers in [low, high)."""
        if count <= _BLOCK:
            return self._uniform(count, dtype, low, high)
        result = np.empty(count, dtype)
        for start in range(0, count, _BLOCK):  # the steps below take ten times the memory of their result
            part = result[start : start + _BLOCK]
            part[...] = self._uniform(len(part), dtype, low, high)
        return result

    def _uniform(self, count: int, dtype: DTypeLike, low: float, high: float) -> Any:
        if dtype == np.float64:
            drawn = self._doubles(count)
        else:
            drawn = (self.words(count) & np.uint64(2**24 - 1)) * 2.0**-24
        if (low, high) != (0.0, 1.0):
            work = np.float64 if dtype == np.float64 else np.float32
            first, end = work(low), work(high)
            drawn = _multiply_add(drawn, np.float64(end - first), np.float64(first))
        result = drawn.astype(dtype, copy=False)
        if dtype == np.float16 or (low, high) != (0.0, 1.0):
            result[result >= np.asarray(high, dtype)] = low  # rounded up to the end
        return result

    def normal(self, count: int, dtype: DTypeLike, mean: float = 0.0, std: float = 1.0, row_by_row: bool = True) -> Any:
        """``count`` normal numbers by Box and Muller's method, for memory that is filled row by row or is not."""
        if count < 16 or not row_by_row:
            result = self._pairs_of_normals(count)
        else:
            work = np.float64 if dtype == np.float64 else np.float32
            uniform = self.uniform(count, work)
            result = np.empty(count, work)
            blocks = count // 16 * 16
            result[:blocks] = _box_muller(uniform[:blocks].reshape(-1, 16)).ravel()
            if count % 16:  # the last 16 are drawn again
                result[-16:] = _box_muller(self.uniform(16, work).reshape(1, 16)).ravel()
        if (mean, std) != (0.0, 1.0):
            result = result * std + mean
        return result.astype(dtype, copy=False)

    def _pairs_of_normals(self, count: int) -> Any:
        """Two from each two doubles; of an odd number the last one waits for the next call."""
        waiting = [] if self._next_normal is None or not count else [self._next_normal]
        pairs = (count - len(waiting) + 1) // 2
        angle, length = self._doubles(2 * pairs).reshape(-1, 2).T
        radius = np.sqrt(-2.0 * np.log1p(-length))
        both = np.stack([radius * np.cos(2.0 * np.pi * angle), radius * np.sin(2.0 * np.pi * angle)], axis=1)
        drawn = np.concatenate([waiting, both.ravel()])
        if count:
            self._next_normal = float(drawn[count]) if len(drawn) > count else None
        return drawn[:count]

    def exponential(self, count: int, dtype: DTypeLike) -> Any:
        """``count`` numbers of the exponential distribution of rate 1."""
        return (-np.log1p(-self._doubles(count))).astype(dtype, copy=False)

    def bernoulli(self, count: int, p: float) -> Any:
        """``count`` booleans, each true with probability ``p``: PyTorch's ``bernoulli_(p)`` and dropout masks."""
        return self._doubles(count) < p

    def poisson(self, rates: Raw) -> Any:
        """A count of Poisson's distribution for each element of an array of rates."""
        from .rejection import poisson_counts  # few programs draw them

        return poisson_counts(self, rates)

    def binomial(self, counts: Raw, chances: Raw) -> Any:
        """How many of as many attempts succeed, for each element of two arrays of one shape."""
        from .rejection import binomial_counts

        return binomial_counts(self, counts, chances)

    def gamma(self, concentration: Raw) -> Any:
        """A number of the gamma distribution of rate 1 for each element of an array of concentrations."""
        from .gamma import standard_gamma

        return standard_gamma(concentration, self)

    def integers(self, low: int, high: int, count: int) -> Any:
        """``count`` integers in [low, high)."""
        span = high - low
        words = self.long_words(count) if span >= 2**28 else self.words(count)
        return (words % np.uint64(span)).astype(np.int64) + low

    def permutation(self, n: int) -> Any:
        """The integers below ``n`` in random order: PyTorch's numbers for n below 2³² / 20."""
        steps = np.arange(max(n - 1, 0), dtype=np.int64)
        # Step i swaps the elements at i and others[i], which is i or later; all steps at once instead of a loop.
        others = steps + (self.words(len(steps)) % np.arange(n, 1, -1, dtype=np.uint64)).astype(np.int64)
        # What stands at k when step k comes stood at source[k] when the last earlier step that swapped k came, ...
        source = np.arange(n, dtype=np.int64)
        moves = others != steps
        source[others[moves]] = steps[moves]
        while np.any((further := source[source]) != source):  # ... and so on to where nothing had moved
            source = further
        # What step i puts in its place stood at others[i], or came there with the step before it that swapped that.
        by_place = np.sort((others << 32) | steps)
        place, step = by_place >> 32, by_place & (2**32 - 1)
        order = source.copy()  # the last element
        order[step] = place
        again = place[1:] == place[:-1]
        order[step[1:][again]] = source[step[:-1][again]]
        return order


def _refuse_draw() -> None:
    """``ArgumentError`` where a draw inside ``vmap`` is not wanted, or would not differ where it should."""
    for level in running():
        if level.randomness == "error":
            raise ArgumentError(
                'a random draw inside vmap, which has randomness="error": write randomness="different" for numbers of '
                'its own in each slice, randomness="same" for the same in all, or draw outside'
            )
        if level.randomness == "different":
            raise ArgumentError(
                'a random draw inside vmap with randomness="different" that all slices would share: draw with tg.rand, '
                'tg.randn and their like, or outside, or write randomness="same"'
            )


_BLOCK = 1 << 15
_STATE = np.dtype([("seed", "<u8"), ("key", "<u4", 624), ("pos", "<u4"), ("normal", "<f8")])


def _multiply_add(x: Any, factor: Any, term: Any) -> Any:
    """``x · factor + term`` with one rounding, as PyTorch's compiled code has it (Dekker 1971)."""
    product = x * factor
    (x_high, x_low), (f_high, f_low) = _halves(x), _halves(factor)
    lost = ((x_high * f_high - product) + x_high * f_low + x_low * f_high) + x_low * f_low
    total = product + term
    part = total - product
    return total + ((product - (total - part)) + (term - part) + lost)


def _halves(x: Any) -> tuple[Any, Any]:
    """A float64 as the sum of two numbers of 26 bits."""
    high = x * 134217729.0  # 2²⁷ + 1
    high = high - (high - x)
    return high, x - high


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


def seed() -> int:
    """Start the default stream from a seed that the operating system draws, and return it.

    >>> import tinygrad_bp as tg
    >>> isinstance(tg.seed(), int)
    True
    """
    return default_generator().seed()


def initial_seed() -> int:
    """The seed that the default stream started from.

    >>> import tinygrad_bp as tg
    >>> _ = tg.manual_seed(3)
    >>> tg.initial_seed()
    3
    """
    return default_generator().initial_seed()


def get_rng_state() -> Tensor:
    """Where the default stream is, as bytes.

    >>> import tinygrad_bp as tg
    >>> state = tg.get_rng_state()
    >>> first = tg.rand(3)
    >>> tg.set_rng_state(state)
    >>> tg.equal(tg.rand(3), first)
    True
    """
    return default_generator().get_state()


def set_rng_state(new_state: Any) -> None:
    """Go on where ``get_rng_state`` was called.

    >>> import tinygrad_bp as tg
    >>> state = tg.get_rng_state()
    >>> drawn = tg.rand(1)
    >>> tg.set_rng_state(state)
    >>> bool(drawn == tg.rand(1))
    True
    """
    default_generator().set_state(new_state)


@contextmanager
def fork_rng(devices: Any = None, enabled: bool = True, device_type: str = "cuda") -> Iterator[None]:
    """What is drawn inside leaves the default stream where it was. ``devices`` and their type change nothing.

    >>> import tinygrad_bp as tg
    >>> _ = tg.manual_seed(0)
    >>> with tg.random.fork_rng():
    ...     inside = tg.rand(2)
    >>> tg.equal(tg.rand(2), inside)
    True
    """
    state = get_rng_state() if enabled else None
    try:
        yield
    finally:
        if state is not None:
            set_rng_state(state)
