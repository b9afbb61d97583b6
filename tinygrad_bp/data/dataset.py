"""Datasets: things with a length whose items are samples. PyTorch's names and PyTorch's splits."""

from __future__ import annotations

import bisect
import itertools
import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Generic, TypeVar

import numpy as np

from ..autograd.errors import ArgumentError, IndexRangeError, ShapeError, shape_text
from ..autograd.lines import warn
from ..autograd.tensor import Tensor
from ..functions.creation import as_tensor
from ..random.generator import Generator, default_generator

T = TypeVar("T")


def samples_text(count: int) -> str:
    """``1 sample``, ``2 samples``."""
    return f"{count} sample{'' if count == 1 else 's'}"


class Dataset(Generic[T]):
    """The base of a user's own dataset: write ``__len__`` and ``__getitem__(index)``, which gives one sample.

    ``a + b`` is one after the other. With a ``__getitems__(indices)``, which gives a list of samples, a DataLoader
    asks for a batch at once.

    >>> class Squares(Dataset):
    ...     def __len__(self):
    ...         return 5
    ...
    ...     def __getitem__(self, index):
    ...         return index, index**2
    >>> Squares()[3]
    (3, 9)
    >>> len(Squares() + Squares())
    10
    """

    def __getitem__(self, index: Any) -> T:
        raise NotImplementedError(f"{type(self).__name__} has no __getitem__: write one that gives sample `index`")

    def __add__(self, other: Any) -> Any:
        return ConcatDataset([self, other])

    def __repr__(self) -> str:
        return f"{type(self).__name__}({samples_text(len(self)) if hasattr(self, '__len__') else ''})"


class IterableDataset(Dataset[T]):
    """The base of a dataset that gives its samples one after the other: write ``__iter__``.

    A ``DataLoader`` puts them together as they come. ``a + b`` is one after the other.

    >>> class Countdown(IterableDataset):
    ...     def __iter__(self):
    ...         return iter([3, 2, 1])
    >>> list(Countdown() + Countdown())
    [3, 2, 1, 3, 2, 1]
    """

    def __iter__(self) -> Iterator[T]:
        raise NotImplementedError(f"{type(self).__name__} has no __iter__: write one that gives the samples")

    def __add__(self, other: Any) -> Any:
        return ChainDataset([self, other])


class TensorDataset(Dataset[tuple[Tensor, ...]]):
    """Rows of tensors or arrays: sample i is the tuple of every tensor's row i.

    Arrays share their memory with the dataset. Raises ``ShapeError`` where the numbers of rows differ.

    >>> import numpy as np
    >>> dataset = TensorDataset(np.zeros((3, 2)), np.array([4, 5, 6]))
    >>> len(dataset), dataset[1][1].item()
    (3, 5)
    """

    tensors: tuple[Tensor, ...]

    def __init__(self, *tensors: Any) -> None:
        if not tensors:
            raise ArgumentError("TensorDataset: give at least one tensor or array, got none")
        self.tensors = tuple(as_tensor(tensor) for tensor in tensors)
        if any(not tensor.ndim or len(tensor) != len(self) for tensor in self.tensors):
            shapes = ", ".join(shape_text(tensor.shape) for tensor in self.tensors)
            raise ShapeError(f"TensorDataset: every tensor needs the same number of rows, got the shapes {shapes}")

    def __len__(self) -> int:
        return self.tensors[0].shape[0] if self.tensors[0].ndim else 0

    def __getitem__(self, index: Any) -> tuple[Tensor, ...]:
        return tuple(tensor[index] for tensor in self.tensors)

    def __repr__(self) -> str:
        columns = ", ".join(f"{shape_text(tensor.shape[1:])} {tensor.dtype}" for tensor in self.tensors)
        return f"{type(self).__name__}({samples_text(len(self))}: {columns})"


class StackDataset(Dataset[Any]):
    """Datasets side by side: sample i is the tuple (or by keyword the dict) of every dataset's sample i.

    Raises ``ArgumentError`` where none are given, or some by place and some by keyword, or the lengths differ.

    >>> StackDataset(image=[5, 6], label="ab")[1]
    {'image': 6, 'label': 'b'}
    """

    datasets: tuple[Any, ...] | dict[str, Any]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if bool(args) == bool(kwargs):
            raise ArgumentError("StackDataset: give datasets by place, or all of them by keyword, at least one")
        self.datasets = args or kwargs
        lengths = [len(dataset) for dataset in self._all()]
        if len(set(lengths)) > 1:
            raise ArgumentError(f"StackDataset: every dataset needs the same length, got {lengths}")

    def _all(self) -> list[Any]:
        return list(self.datasets.values() if isinstance(self.datasets, dict) else self.datasets)

    def __len__(self) -> int:
        return len(self._all()[0])

    def __getitem__(self, index: Any) -> Any:
        if isinstance(self.datasets, dict):
            return {name: dataset[index] for name, dataset in self.datasets.items()}
        return tuple(dataset[index] for dataset in self.datasets)


class ConcatDataset(Dataset[T]):
    """Datasets one after the other.

    Raises ``ArgumentError`` where there is none, or one that is an ``IterableDataset``.

    >>> both = ConcatDataset([[1, 2], [3]])
    >>> len(both), both[2], both[-3]
    (3, 3, 1)
    """

    datasets: list[Any]
    cumulative_sizes: list[int]

    def __init__(self, datasets: Iterable[Any]) -> None:
        self.datasets = list(datasets)
        if not self.datasets:
            raise ArgumentError("ConcatDataset: give at least one dataset")
        if any(isinstance(dataset, IterableDataset) for dataset in self.datasets):
            raise ArgumentError("ConcatDataset: an IterableDataset has no sample `index`; give them to a ChainDataset")
        self.cumulative_sizes = list(itertools.accumulate(map(len, self.datasets)))

    def __len__(self) -> int:
        return self.cumulative_sizes[-1]

    def __getitem__(self, index: int) -> T:
        if not -len(self) <= index < len(self):
            raise IndexRangeError(f"index {index} is outside the dataset, which has {len(self)} samples")
        index %= len(self)
        number = bisect.bisect_right(self.cumulative_sizes, index)
        sample: T = self.datasets[number][index - (self.cumulative_sizes[number - 1] if number else 0)]
        return sample


class ChainDataset(IterableDataset[T]):
    """Iterable datasets one after the other.

    >>> class Letters(IterableDataset):
    ...     def __iter__(self):
    ...         return iter("ab")
    >>> list(ChainDataset([Letters(), Letters()]))
    ['a', 'b', 'a', 'b']
    """

    def __init__(self, datasets: Iterable[Any]) -> None:
        self.datasets = datasets

    def __iter__(self) -> Iterator[T]:
        for dataset in self.datasets:
            yield from dataset

    def __len__(self) -> int:
        return sum(len(dataset) for dataset in self.datasets)


class Subset(Dataset[T]):
    """The samples of another dataset at ``indices``.

    >>> import numpy as np
    >>> Subset(TensorDataset(np.arange(10)), [7, 2])[1][0].item()
    2
    """

    dataset: Any
    indices: Sequence[int]

    def __init__(self, dataset: Any, indices: Sequence[int]) -> None:
        self.dataset = dataset
        self.indices = indices

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, list):
            return self.dataset[[self.indices[place] for place in index]]
        return self.dataset[self.indices[index]]

    def __getitems__(self, indices: list[int]) -> list[Any]:
        """The samples at several places."""
        if type(self).__getitem__ is not Subset.__getitem__:
            return [self[place] for place in indices]
        below, together = [self.indices[place] for place in indices], getattr(self.dataset, "__getitems__", None)
        samples: list[Any] = together(below) if callable(together) else [self.dataset[index] for index in below]
        return samples

    def __repr__(self) -> str:
        return f"{type(self).__name__}({samples_text(len(self))} of {self.dataset!r})"


def random_split(dataset: Any, lengths: Sequence[float], generator: Generator | None = None) -> list[Subset[Any]]:
    """Subsets without overlap, at random: ``lengths`` are numbers of samples, or fractions that sum to 1.

    A fraction is rounded down, and what remains goes to the first subsets, one each. The split is PyTorch's for the
    same seed. Raises ``ArgumentError`` where the lengths do not sum to
    the dataset's.

    >>> import numpy as np, tinygrad_bp as tg
    >>> data = TensorDataset(np.arange(10))
    >>> [len(part) for part in random_split(data, [0.75, 0.25], generator=tg.Generator().manual_seed(0))]
    [8, 2]
    """
    size = len(dataset)
    if any(length < 0 for length in lengths):
        raise ArgumentError(f"random_split: lengths must not be negative, got {list(lengths)}")
    if math.isclose(sum(lengths), 1) and sum(lengths) <= 1:
        counts = [math.floor(size * fraction) for fraction in lengths]
        for i in range(size - sum(counts)):
            counts[i % len(counts)] += 1
        if 0 in counts:
            warn(
                f"random_split: the fractions {list(lengths)} of {size} samples leave a subset empty",
            )
    else:
        counts = [int(length) for length in lengths]
        if sum(lengths) != size:
            raise ArgumentError(
                f"random_split: the lengths sum to {sum(lengths)}, the dataset has {size} samples: {list(lengths)}"
            )
        if counts != list(lengths):
            raise ArgumentError(f"random_split: give integers, or fractions that sum to 1, got {list(lengths)}")
    order = (generator or default_generator()).permutation(size).tolist()
    return [Subset(dataset, order[end - count : end]) for end, count in zip(itertools.accumulate(counts), counts)]


def rows_of(dataset: Any) -> tuple[tuple[Tensor, ...] | None, Any]:
    """The tensors under a ``TensorDataset`` or subsets of it, and the rows there of its samples (None: as they are).

    None instead of the tensors for any other dataset: its samples have to be asked for one by one. Raises
    ``IndexRangeError`` for a row that the tensors do not have, and ``ArgumentError`` for indices that are no integers.
    """
    rows = None
    # A subclass that gives samples in a way of its own is another dataset.
    while _gives_samples_as(dataset, Subset):
        rows = inside(dataset.indices if rows is None else rows_at(dataset.indices)[rows], len(dataset.dataset))
        dataset = dataset.dataset
    return (dataset.tensors, rows) if _gives_samples_as(dataset, TensorDataset) else (None, None)


def _gives_samples_as(dataset: Any, kind: type) -> bool:
    return isinstance(dataset, kind) and all(
        getattr(type(dataset), name, None) is getattr(kind, name, None) for name in ("__getitem__", "__getitems__")
    )


def rows_at(indices: Any) -> Any:
    """Indices as an array."""
    rows = np.asarray(indices)
    if not rows.size:
        return rows.astype(np.intp)
    if rows.ndim != 1 or rows.dtype.kind not in "iu":
        raise ArgumentError(f"indices of a dataset are integers, one for each sample, got {rows.dtype} {rows.shape}")
    return rows


def inside(indices: Any, size: int) -> Any:
    """The indices as an array, where all of them are within ``size``."""
    rows = rows_at(indices)
    outside = rows[(rows < -size) | (rows >= size)]
    if len(outside):
        raise IndexRangeError(f"index {outside[0]} is outside the dataset, which has {size} samples")
    return rows
