"""Datasets: things with a length whose items are samples. PyTorch's names and PyTorch's splits."""

from __future__ import annotations

import itertools
import math
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..autograd.errors import ArgumentError, IndexRangeError, ShapeError, shape_text
from ..autograd.tensor import Tensor
from ..functions.creation import as_tensor
from ..random.generator import Generator, default_generator


def samples_text(count: int) -> str:
    """``1 sample``, ``2 samples``."""
    return f"{count} sample{'' if count == 1 else 's'}"


class Dataset:
    """The base of a user's own dataset: write ``__len__`` and ``__getitem__(index)``, which gives one sample.

    >>> class Squares(Dataset):
    ...     def __len__(self):
    ...         return 5
    ...
    ...     def __getitem__(self, index):
    ...         return index, index**2
    >>> Squares()[3]
    (3, 9)
    """

    def __len__(self) -> int:
        raise NotImplementedError(f"{type(self).__name__} has no __len__: write one that gives the number of samples")

    def __getitem__(self, index: Any) -> Any:
        raise NotImplementedError(f"{type(self).__name__} has no __getitem__: write one that gives sample `index`")

    def __repr__(self) -> str:
        has_length = type(self).__len__ is not Dataset.__len__
        return f"{type(self).__name__}({samples_text(len(self)) if has_length else ''})"


class TensorDataset(Dataset):
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


class Subset(Dataset):
    """The samples of another dataset at ``indices``.

    >>> import numpy as np
    >>> Subset(TensorDataset(np.arange(10)), [7, 2])[1][0].item()
    2
    """

    def __init__(self, dataset: Any, indices: Sequence[int]) -> None:
        self.dataset = dataset
        self.indices = indices

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, index: int) -> Any:
        return self.dataset[int(self.indices[index])]

    def __repr__(self) -> str:
        return f"{type(self).__name__}({samples_text(len(self))} of {self.dataset!r})"


def random_split(dataset: Any, lengths: Sequence[float], generator: Generator | None = None) -> list[Subset]:
    """Subsets without overlap, at random: ``lengths`` are numbers of samples, or fractions that sum to 1.

    A fraction is rounded down, and what remains goes to the first subsets, one each. The split is PyTorch's for the
    same seed; ``indices`` of each subset is an int64 array. Raises ``ArgumentError`` where the lengths do not sum to
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
            warnings.warn(
                f"random_split: the fractions {list(lengths)} of {size} samples leave a subset empty", stacklevel=2
            )
    else:
        counts = [int(length) for length in lengths]
        if sum(lengths) != size:
            raise ArgumentError(
                f"random_split: the lengths sum to {sum(lengths)}, the dataset has {size} samples: {list(lengths)}"
            )
        if counts != list(lengths):
            raise ArgumentError(f"random_split: give integers, or fractions that sum to 1, got {list(lengths)}")
    order = (generator or default_generator()).permutation(size)
    return [Subset(dataset, order[end - count : end]) for end, count in zip(itertools.accumulate(counts), counts)]


def rows_of(dataset: Any, order: Any) -> tuple[tuple[Tensor, ...] | None, Any]:
    """The tensors under a ``TensorDataset`` or subsets of it, and the rows there of the samples ``order`` names.

    None instead of the tensors for any other dataset: its samples have to be asked for one by one. ``order`` None
    means all samples in their order. Raises ``IndexRangeError`` for a row that the tensors do not have, and
    ``ArgumentError`` for indices that are no integers.
    """
    # A subclass with its own __getitem__ is another dataset: it may change what it gives.
    while getattr(type(dataset), "__getitem__", None) is Subset.__getitem__:
        rows = dataset.indices if order is None else _rows(dataset.indices)[_inside(order, len(dataset))]
        dataset, order = dataset.dataset, rows
    if getattr(type(dataset), "__getitem__", None) is not TensorDataset.__getitem__:
        return None, order
    return dataset.tensors, order if order is None else _inside(order, len(dataset))


def _rows(indices: Any) -> Any:
    rows = np.asarray(indices)
    if not rows.size:
        return rows.astype(np.intp)
    if rows.ndim != 1 or rows.dtype.kind not in "iu":
        raise ArgumentError(f"indices of a dataset are integers, one for each sample, got {rows.dtype} {rows.shape}")
    return rows


def _inside(indices: Any, size: int) -> Any:
    """The indices as an array, where all of them are within ``size``."""
    rows = _rows(indices)
    outside = rows[(rows < -size) | (rows >= size)]
    if len(outside):
        raise IndexRangeError(f"index {outside[0]} is outside the dataset, which has {size} samples")
    return rows
