"""Samplers: the order in which the samples of a dataset come. PyTorch's names, and its orders for the same seed."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence, Sized
from typing import Any, Generic, TypeVar

import numpy as np

from ..autograd.errors import ArgumentError, ShapeError, shape_text
from ..autograd.tensor import Tensor
from ..functions.creation import as_tensor
from ..random.generator import Generator, default_generator
from ..random.sampling import multinomial

T = TypeVar("T")


class Sampler(Generic[T]):
    """The base of a user's own sampler: write ``__iter__``, which gives indices, and ``__len__``.

    >>> class Backwards(Sampler[int]):
    ...     def __init__(self, data):
    ...         self.data = data
    ...
    ...     def __iter__(self):
    ...         return iter(range(len(self.data) - 1, -1, -1))
    ...
    ...     def __len__(self):
    ...         return len(self.data)
    >>> list(Backwards("abc"))
    [2, 1, 0]
    """

    def __init__(self, data_source: Any = None) -> None:
        pass

    def __iter__(self) -> Iterator[T]:
        raise NotImplementedError(f"{type(self).__name__} has no __iter__: write one that gives the indices")


class SequentialSampler(Sampler[int]):
    """All indices of ``data_source``, in order.

    >>> list(SequentialSampler("abc"))
    [0, 1, 2]
    """

    data_source: Sized

    def __init__(self, data_source: Sized) -> None:
        self.data_source = data_source

    def __iter__(self) -> Iterator[int]:
        return iter(range(len(self.data_source)))

    def __len__(self) -> int:
        return len(self.data_source)


class RandomSampler(Sampler[int]):
    """``num_samples`` indices of ``data_source`` at random: all of them, each once, unless told otherwise.

    ``replacement=True`` draws each anew. Without it every index comes once before any comes again. Each iteration has
    an order of its own, from ``generator`` (None: a new one, whose seed the default one draws). Raises
    ``ArgumentError`` for an empty ``data_source`` and a ``num_samples`` that is not positive.

    >>> import tinygrad_bp as tg
    >>> list(RandomSampler("abcd", generator=tg.Generator().manual_seed(0)))
    [0, 1, 3, 2]
    """

    generator: Generator | None
    data_source: Sized
    replacement: bool

    def __init__(
        self, data_source: Sized, replacement: bool = False, num_samples: int | None = None,
        generator: Generator | None = None,
    ) -> None:  # fmt: skip
        self.data_source, self.replacement, self.generator = data_source, replacement, generator
        self._num_samples = num_samples
        _refuse_unless_bool("RandomSampler", "replacement", replacement)
        if num_samples is None and not len(data_source):
            raise ArgumentError("RandomSampler: needs at least one sample, the dataset is empty")
        _refuse_unless_positive("RandomSampler", "num_samples", self.num_samples)

    @property
    def num_samples(self) -> int:
        """How many indices an iteration gives."""
        return len(self.data_source) if self._num_samples is None else self._num_samples

    def orders(self) -> Iterator[Any]:
        """The indices in arrays, each drawn when it is asked for: PyTorch draws one even where it takes nothing."""
        size, count = len(self.data_source), self.num_samples
        generator = self.generator or Generator().manual_seed(draw_seed(None))
        if self.replacement:
            for start in range(0, count + 1, 32):
                yield generator.integers(0, size, min(32, count - start))
            return
        for _ in range(count // size):
            yield generator.permutation(size)
        yield generator.permutation(size)[: count % size]

    def __iter__(self) -> Iterator[int]:
        for order in self.orders():
            yield from order.tolist()

    def __len__(self) -> int:
        return self.num_samples


class SubsetRandomSampler(Sampler[int]):
    """The given indices in random order, each once.

    >>> sorted(SubsetRandomSampler([3, 5, 7]))
    [3, 5, 7]
    """

    generator: Generator | None
    indices: Sequence[int]

    def __init__(self, indices: Sequence[int], generator: Generator | None = None) -> None:
        self.indices, self.generator = indices, generator

    def __iter__(self) -> Iterator[int]:
        for place in (self.generator or default_generator()).permutation(len(self.indices)).tolist():
            yield self.indices[place]

    def __len__(self) -> int:
        return len(self.indices)


class WeightedRandomSampler(Sampler[int]):
    """``num_samples`` indices below ``len(weights)``, each with the probability that its weight gives.

    Without ``replacement`` no index comes twice. Raises ``ArgumentError`` for a ``num_samples`` that is not positive
    and ``ShapeError`` for weights of another shape than (n,).

    >>> list(WeightedRandomSampler([0.0, 3.0, 0.0], 2))
    [1, 1]
    """

    generator: Generator | None
    weights: Tensor
    num_samples: int
    replacement: bool

    def __init__(
        self, weights: Any, num_samples: int, replacement: bool = True, generator: Generator | None = None
    ) -> None:
        _refuse_unless_positive("WeightedRandomSampler", "num_samples", num_samples)
        _refuse_unless_bool("WeightedRandomSampler", "replacement", replacement)
        self.weights = as_tensor(weights, dtype=np.float64)
        if self.weights.ndim != 1:
            raise ShapeError(f"WeightedRandomSampler: weights have shape (n,), got {shape_text(self.weights.shape)}")
        self.num_samples, self.replacement, self.generator = num_samples, replacement, generator

    def __iter__(self) -> Iterator[int]:
        yield from multinomial(self.weights, self.num_samples, self.replacement, generator=self.generator).tolist()

    def __len__(self) -> int:
        return self.num_samples


class BatchSampler(Sampler[list[int]]):
    """The indices of another sampler in lists of ``batch_size``; ``drop_last`` leaves out a last one that is shorter.

    Raises ``ArgumentError`` for a ``batch_size`` that is not a positive integer.

    >>> list(BatchSampler(SequentialSampler("abcde"), 2, drop_last=False))
    [[0, 1], [2, 3], [4]]
    """

    sampler: Iterable[int]
    batch_size: int
    drop_last: bool

    def __init__(self, sampler: Iterable[int], batch_size: int, drop_last: bool) -> None:
        _refuse_unless_positive("BatchSampler", "batch_size", batch_size)
        _refuse_unless_bool("BatchSampler", "drop_last", drop_last)
        self.sampler, self.batch_size, self.drop_last = sampler, batch_size, drop_last

    def __iter__(self) -> Iterator[list[int]]:
        indices = iter(self.sampler)
        while batch := list(itertools.islice(indices, self.batch_size)):
            if len(batch) == self.batch_size or not self.drop_last:
                yield batch

    def __len__(self) -> int:
        samples = len(self.sampler)  # type: ignore[arg-type]
        return samples // self.batch_size if self.drop_last else -(-samples // self.batch_size)


def draw_seed(generator: Generator | None) -> int:
    """PyTorch's ``torch.empty((), dtype=torch.int64).random_()``."""
    return int((generator or default_generator()).integers(0, 2**63, 1)[0])


def _refuse_unless_positive(who: str, name: str, value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 1:
        raise ArgumentError(f"{who}: {name} is a positive integer, got {value!r:.40}")


def _refuse_unless_bool(who: str, name: str, value: Any) -> None:
    if not isinstance(value, bool):
        raise ArgumentError(f"{who}: {name} is True or False, got {value!r:.40}")
