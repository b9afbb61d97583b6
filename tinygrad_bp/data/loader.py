"""DataLoader: a dataset in batches, in PyTorch's order for the same seed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from ..autograd.errors import ArgumentError
from ..autograd.tensor import Tensor, wrap
from ..random.generator import Generator, default_generator
from .collate import default_collate, default_convert
from .dataset import Dataset, rows_of

# PyTorch's arguments that mean other processes, other memory or other kinds of sampling, with their defaults there.
NOT_HERE: dict[str, tuple[Any, ...]] = {
    "num_workers": (0,), "batch_sampler": (None,), "pin_memory": (False,), "pin_memory_device": ("",), "timeout": (0,),
    "worker_init_fn": (None,), "multiprocessing_context": (None,), "prefetch_factor": (None,),
    "persistent_workers": (False,), "in_order": (True,),
}  # fmt: skip


class DataLoader:
    """A dataset in batches: iterate over it once an epoch.

    ``dataset`` is anything with ``len()`` and ``[index]``. Samples are collected and put together by ``collate_fn``
    (``default_collate``); of a ``TensorDataset``, and of subsets of one, whole batches are cut at once. A shuffled
    batch is memory of its own; a batch in order is a view that cannot be written, since that would write the dataset:
    ``clone()`` it first.

    ``shuffle=True`` draws a new order for each epoch from ``generator`` (None: the default one). ``sampler``, any
    iterable of indices, gives the order itself; it is read whole when an epoch starts. Orders, and how far the stream
    moves, are PyTorch's for the same seed. ``drop_last`` leaves out a last batch that is not full.
    ``batch_size=None`` gives single samples. PyTorch's other arguments are taken with their defaults only.
    Raises ``ArgumentError``.

    >>> import numpy as np
    >>> from tinygrad_bp.data import TensorDataset
    >>> for x, y in DataLoader(TensorDataset(np.zeros((5, 2)), np.arange(5)), batch_size=2):
    ...     print(x.shape, y)
    torch.Size([2, 2]) tensor([0, 1])
    torch.Size([2, 2]) tensor([2, 3])
    torch.Size([1, 2]) tensor([4])
    """

    def __init__(
        self,
        dataset: Any,
        batch_size: int | None = 1,
        shuffle: bool = False,
        *,
        sampler: Iterable[int] | None = None,
        drop_last: bool = False,
        generator: Generator | None = None,
        collate_fn: Callable[[Any], Any] | None = None,
        **others: Any,
    ) -> None:
        for name, value in others.items():
            if name not in NOT_HERE:
                raise ArgumentError(f"DataLoader: there is no argument {name}")
            if value not in NOT_HERE[name]:
                raise ArgumentError(
                    f"DataLoader: {name}={value!r} is not supported: batches are made in this process when they are "
                    f"asked for. Leave it out, or give {name}={NOT_HERE[name][0]!r}"
                )
        if not hasattr(dataset, "__getitem__") or (sampler is None and not hasattr(dataset, "__len__")):
            raise ArgumentError(
                f"DataLoader: a dataset has __len__ and __getitem__, got {type(dataset).__name__}; "
                "of an iterator make a list first"
            )
        if batch_size is None:
            if drop_last:
                raise ArgumentError(
                    "DataLoader: drop_last=True means batches, and batch_size=None means single samples"
                )
        elif isinstance(batch_size, bool) or not isinstance(batch_size, (int, np.integer)) or batch_size < 1:
            raise ArgumentError(f"DataLoader: batch_size is a positive integer or None, got {batch_size!r}")
        if shuffle and sampler is not None:
            raise ArgumentError("DataLoader: give shuffle=True or sampler=, not both: each names the order")
        if shuffle and not len(dataset):
            raise ArgumentError("DataLoader: shuffle=True needs at least one sample, the dataset is empty")
        if generator is not None and not isinstance(generator, Generator):
            raise ArgumentError(f"DataLoader: generator is a tg.Generator, got {type(generator).__name__}")
        self.dataset = dataset
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.sampler = sampler
        self.drop_last = drop_last
        self.generator = generator
        self.collate_fn = collate_fn

    def __len__(self) -> int:
        """How many batches an epoch has (samples, where ``batch_size`` is None)."""
        samples = len(self.dataset if self.sampler is None else self.sampler)  # type: ignore[arg-type]
        if self.batch_size is None:
            return samples
        return samples // self.batch_size if self.drop_last else -(-samples // self.batch_size)

    def __repr__(self) -> str:
        settings = (
            f"batch_size={self.batch_size}" + ", shuffle=True" * self.shuffle + ", drop_last=True" * self.drop_last
        )
        data = repr(self.dataset) if isinstance(self.dataset, Dataset) else type(self.dataset).__name__
        return f"DataLoader({data}, {settings})"

    def __iter__(self) -> Iterator[Any]:
        # PyTorch draws a seed for its workers here, with or without workers; the stream has to move the same way.
        _draw_seed(self.generator)
        return self._epoch()

    def _epoch(self) -> Iterator[Any]:
        order = self._order()
        whole = self.batch_size is not None and self.collate_fn is None
        tensors, rows = rows_of(self.dataset, order) if whole else (None, None)
        if tensors is not None:
            cut = _slices if rows is None else _taken
            for start, stop in self._bounds(len(self.dataset) if rows is None else len(rows)):
                yield [cut(tensor, rows, start, stop) for tensor in tensors]
            return
        indices = range(len(self.dataset)) if order is None else order.tolist() if self.shuffle else order
        if self.batch_size is None:
            convert = self.collate_fn or default_convert
            for index in indices:
                yield convert(self.dataset[index])
            self._end_of_order()
            return
        collate = self.collate_fn or default_collate
        for start, stop in self._bounds(len(indices)):
            yield collate([self.dataset[index] for index in indices[start:stop]])

    def _bounds(self, samples: int) -> Iterator[tuple[int, int]]:
        size = self.batch_size or 1
        whole = samples - samples % size
        for start in range(0, whole, size):
            yield start, start + size
        self._end_of_order()
        if whole < samples and not self.drop_last:
            yield whole, samples

    def _order(self) -> Any:
        """The indices of an epoch; None: all of them as they come."""
        if self.sampler is not None:
            return list(self.sampler)
        if not self.shuffle:
            return None
        generator = self.generator or Generator(seed=_draw_seed(None))
        return generator.permutation(len(self.dataset))

    def _end_of_order(self) -> None:
        """PyTorch's sampler draws a second order when the first is used up, and takes nothing from it."""
        if self.shuffle and self.generator is not None:
            self.generator.words(len(self.dataset) - 1)


def _draw_seed(generator: Generator | None) -> int:
    """PyTorch's ``torch.empty((), dtype=torch.int64).random_()``."""
    return int((generator or default_generator()).integers(0, 2**63, 1)[0])


def _slices(tensor: Tensor, _: Any, start: int, stop: int) -> Tensor:
    if tensor.requires_grad:
        return tensor[start:stop]
    view = tensor.numpy()[start:stop]
    view.flags.writeable = False
    return wrap(view, None)


def _taken(tensor: Tensor, rows: Any, start: int, stop: int) -> Tensor:
    if tensor.requires_grad:
        return tensor[rows[start:stop]]
    return wrap(np.take(tensor.numpy(), rows[start:stop], axis=0), None)
