"""DataLoader: a dataset in batches, in PyTorch's order for the same seed."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Generic, TypeVar

import numpy as np

from ..autograd.errors import ArgumentError
from ..autograd.tensor import Tensor, wrap
from ..random.generator import Generator
from .collate import default_collate, default_convert
from .dataset import Dataset, IterableDataset, inside, rows_of
from .passes import Passes, fingerprint
from .sampler import BatchSampler, RandomSampler, SequentialSampler, draw_seed

T = TypeVar("T")

# Settings that the samplers were made from: a new value would change nothing.
FIXED = ("dataset", "batch_size", "sampler", "batch_sampler", "drop_last", "persistent_workers")


class DataLoader(Passes, Generic[T]):
    """A dataset in batches: iterate over it once an epoch.

    ``dataset`` is anything with ``len()`` and ``[index]``, or an ``IterableDataset``. Samples are collected and put
    together by ``collate_fn`` (``default_collate``); of a ``TensorDataset``, and of subsets of one, whole batches are
    cut at once. A batch is memory of its own: writing it does not write the dataset.

    ``shuffle=True`` draws a new order for each epoch from ``generator`` (None: the default one). ``sampler``, any
    iterable of indices, gives the order itself, ``batch_sampler`` lists of indices. Orders, and how far the stream
    moves, are PyTorch's for the same seed. ``drop_last`` leaves out a last batch that is not full. ``batch_size=None``
    gives single samples.

    Workers are not needed: batches are made when they are asked for, in this process, and are the same for any
    ``num_workers``. So ``num_workers``, ``worker_init_fn``, ``timeout``, ``prefetch_factor``,
    ``multiprocessing_context``, ``in_order``, ``pin_memory`` and ``pin_memory_device`` are taken and change nothing;
    with ``persistent_workers=True`` a seed is drawn in the first epoch alone, as PyTorch does it, not in each.
    Raises ``ArgumentError`` for arguments that contradict each other.

    ``state_dict()`` says where the pass that began last stands, in the middle too, and where the generators of its own
    do; after ``load_state_dict`` the next pass goes on there. A data set or sampler with a ``state_dict`` and a
    ``load_state_dict`` is asked for its state as well.

    >>> import numpy as np
    >>> from tinygrad_bp.data import TensorDataset
    >>> for x, y in DataLoader(TensorDataset(np.zeros((5, 2)), np.arange(5)), batch_size=2, num_workers=4):
    ...     print(len(x), y.tolist())
    2 [0, 1]
    2 [2, 3]
    1 [4]
    """

    batch_size: int | None
    drop_last: bool
    generator: Generator | None
    num_workers: int
    worker_init_fn: Callable[[int], Any] | None
    timeout: float
    prefetch_factor: int | None
    persistent_workers: bool
    multiprocessing_context: Any
    in_order: bool
    pin_memory: bool
    pin_memory_device: str

    def __init__(
        self,
        dataset: Dataset[T] | Sequence[T],
        batch_size: int | None = 1,
        shuffle: bool | None = None,
        sampler: Iterable[Any] | None = None,
        batch_sampler: Iterable[Any] | None = None,
        num_workers: int = 0,
        collate_fn: Callable[[Any], Any] | None = None,
        pin_memory: bool = False,
        drop_last: bool = False,
        timeout: float = 0,
        worker_init_fn: Callable[[int], Any] | None = None,
        multiprocessing_context: Any = None,
        generator: Generator | None = None,
        *,
        prefetch_factor: int | None = None,
        persistent_workers: bool = False,
        pin_memory_device: str = "",
        in_order: bool = True,
    ) -> None:
        _check_workers(num_workers, timeout, prefetch_factor, persistent_workers, multiprocessing_context)
        _check_order(dataset, shuffle, sampler, batch_sampler)
        if batch_sampler is not None:
            if batch_size != 1 or drop_last:
                raise ArgumentError("DataLoader: batch_sampler names the batches; leave out batch_size and drop_last")
            batch_size = None
        elif batch_size is None:
            if drop_last:
                raise ArgumentError(
                    "DataLoader: drop_last=True means batches, and batch_size=None means single samples"
                )
        elif isinstance(batch_size, bool) or not isinstance(batch_size, (int, np.integer)) or batch_size < 1:
            raise ArgumentError(f"DataLoader: batch_size is a positive integer or None, got {batch_size!r}")
        if generator is not None and not isinstance(generator, Generator):
            raise ArgumentError(f"DataLoader: generator is a tg.Generator, got {type(generator).__name__}")
        self.dataset: Any = dataset
        self.batch_size, self.drop_last, self.generator = batch_size, drop_last, generator
        self._iterable = isinstance(dataset, IterableDataset)
        order: Any = sampler
        if order is None and not self._iterable:
            rows: Any = self.dataset  # of those that have an order, which have a length
            order = RandomSampler(rows, generator=generator) if shuffle else SequentialSampler(rows)
        self.sampler = order
        if batch_sampler is None and batch_size is not None and not self._iterable:
            batch_sampler = BatchSampler(order, batch_size, bool(drop_last))
        self.batch_sampler: Any = batch_sampler
        single = batch_size is None and batch_sampler is None
        self.collate_fn: Callable[[Any], Any] = collate_fn or (default_convert if single else default_collate)
        self.num_workers, self.worker_init_fn, self.timeout = num_workers, worker_init_fn, timeout
        self.prefetch_factor = 2 if num_workers and prefetch_factor is None else prefetch_factor
        self.persistent_workers, self.multiprocessing_context = persistent_workers, multiprocessing_context
        self.in_order, self.pin_memory, self.pin_memory_device = in_order, pin_memory, pin_memory_device
        self._workers = _PersistentWorkers() if persistent_workers else None

    def __setattr__(self, name: str, value: Any) -> None:
        if name in FIXED and name in vars(self):
            raise ArgumentError(f"DataLoader: {name} cannot be set afterwards; make a new DataLoader")
        super().__setattr__(name, value)

    def __len__(self) -> int:
        """How many batches an epoch has (samples, where ``batch_size`` is None)."""
        if not self._iterable:
            return len(self.sampler if self.batch_sampler is None else self.batch_sampler)
        samples = len(self.dataset)
        if self.batch_size is None:
            return samples
        return samples // self.batch_size if self.drop_last else -(-samples // self.batch_size)

    def __repr__(self) -> str:
        shuffle = ", shuffle=True" * isinstance(self.sampler, RandomSampler)
        data = repr(self.dataset) if isinstance(self.dataset, Dataset) else type(self.dataset).__name__
        return f"DataLoader({data}, batch_size={self.batch_size}{shuffle}{', drop_last=True' * self.drop_last})"

    def _begin(self) -> tuple[Iterator[Any], Iterator[Any]]:
        indices = None if self._iterable else self._indices()
        # PyTorch draws a seed for its workers here, with or without workers; the stream has to move the same way.
        if self._workers is None or self._workers.begin():
            draw_seed(self.generator)
        batches = self._stream() if indices is None else self._epoch(indices)
        return batches, batches if indices is None else indices

    def _sources(self) -> dict[str, Any]:
        """The generators that the order is drawn from, and a data set and samplers that have a state."""
        inner = getattr(self.batch_sampler, "sampler", None)
        found: dict[str, Any] = {"generator": self.generator, "workers": self._workers}
        holders = {
            "dataset": self.dataset,
            "sampler": self.sampler,
            "batch_sampler": self.batch_sampler,
            "inner": inner,
        }
        for name, holder in holders.items():
            found[f"{name}.generator"] = getattr(holder, "generator", None)
            found[name] = holder if hasattr(holder, "state_dict") and hasattr(holder, "load_state_dict") else None
        firsts: dict[int, str] = {}
        return {
            name: part
            for name, part in found.items()
            if (isinstance(part, Generator) or hasattr(part, "state_dict"))
            and firsts.setdefault(id(part), name) == name
        }

    def described(self) -> dict[str, Any]:
        """What tells these batches from others: the data set, as far as it can be seen, and how it is cut."""
        rows: Any = (None, None) if self._iterable else rows_of(self.dataset)
        return {
            "dataset": type(self.dataset).__name__,
            "samples": len(self.dataset) if hasattr(self.dataset, "__len__") else None,
            "batch_size": _of_all_ranks(self.sampler, getattr(self.batch_sampler, "batch_size", self.batch_size)),
            "drop_last": bool(self.drop_last),
            "order": type(self.sampler if self.batch_sampler is None else self.batch_sampler).__name__
            + f" of {type(getattr(self.batch_sampler, 'sampler', None)).__name__}",
            "contents": [fingerprint(item) for item in (*(rows[0] or ()), *([] if rows[1] is None else [rows[1]]))],
        }

    def _stream(self) -> Iterator[Any]:
        """An ``IterableDataset``, in batches as its samples come."""
        samples = iter(self.dataset)
        if self.batch_size is None:
            yield from map(self.collate_fn, samples)
            return
        while batch := list(itertools.islice(samples, self.batch_size)):
            if len(batch) == self.batch_size or not self.drop_last:
                yield self.collate_fn(batch)

    def _indices(self) -> Iterator[Any]:
        """The indices of each batch, a slice, an array or what a sampler gives; of each sample without batches."""
        batches = self.batch_sampler
        if type(batches) is BatchSampler:
            if type(batches.sampler) is SequentialSampler and batches.sampler.data_source is self.dataset:
                return _slices(len(self.dataset), batches)
            random = batches.sampler
            if type(random) is RandomSampler and random._num_samples is None and random.data_source is self.dataset:
                return _pieces(random.orders(), batches)
        return iter(self.sampler if batches is None else batches)

    def _epoch(self, indices: Iterator[Any]) -> Iterator[Any]:
        if self.batch_sampler is None:
            for index in indices:
                yield self.collate_fn(self.dataset[index])
            return
        tensors, rows = rows_of(self.dataset) if self.collate_fn is default_collate else (None, None)
        if tensors is not None:
            for batch in indices:
                yield [_cut(tensor, self._rows(batch, rows)) for tensor in tensors]
            return
        together = getattr(self.dataset, "__getitems__", None)
        for batch in indices:
            batch = _listed(batch)
            samples = together(batch) if callable(together) else [self.dataset[index] for index in batch]
            yield self.collate_fn(samples)

    def _rows(self, batch: Any, rows: Any) -> Any:
        """The rows of the tensors at which the samples of a batch are."""
        if not isinstance(batch, (slice, np.ndarray)):  # those are within the dataset, or NumPy says so
            batch = inside(batch, len(self.dataset))
        return batch if rows is None else rows[batch]


class _PersistentWorkers:
    """Whether PyTorch's persistent workers would have begun: they are given one seed, before the first pass."""

    begun = False

    def begin(self) -> bool:
        """Begin; whether this is the first time."""
        first, self.begun = not self.begun, True
        return first

    def state_dict(self) -> dict[str, Any]:
        return {"begun": self.begun}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.begun = state_dict["begun"]


def _of_all_ranks(sampler: Any, rows: int | None) -> int | None:
    """How many rows a step takes: a training may go on with another number of ranks."""
    return rows if rows is None else rows * int(getattr(sampler, "num_replicas", 1))


def _slices(samples: int, batches: BatchSampler) -> Iterator[slice]:
    """The batches of samples in order."""
    size = batches.batch_size
    for start in range(0, samples - samples % size if batches.drop_last else samples, size):
        yield slice(start, min(start + size, samples))


def _pieces(orders: Iterator[Any], batches: BatchSampler) -> Iterator[Any]:
    """The order of an epoch, cut as ``BatchSampler`` cuts it: an array a batch."""
    order, size = next(orders), batches.batch_size
    whole = len(order) - len(order) % size
    for start in range(0, whole, size):
        yield order[start : start + size]
    next(orders, None)  # asked for when the first order is used up, as PyTorch does
    if whole < len(order) and not batches.drop_last:
        yield order[whole:]


def _listed(batch: Any) -> list[Any]:
    if isinstance(batch, slice):
        return list(range(batch.start, batch.stop))
    return batch.tolist() if isinstance(batch, np.ndarray) else batch  # type: ignore[no-any-return]


def _cut(tensor: Tensor, rows: Any) -> Tensor:
    if tensor.requires_grad:
        return tensor[rows]
    array = tensor.numpy()
    return wrap(array[rows].copy() if isinstance(rows, slice) else np.take(array, rows, axis=0), None)


def _check_workers(num_workers: Any, timeout: Any, prefetch_factor: Any, persistent: Any, context: Any) -> None:
    """Refuse what PyTorch refuses."""
    if isinstance(num_workers, bool) or not isinstance(num_workers, (int, np.integer)) or num_workers < 0:
        raise ArgumentError(f"DataLoader: num_workers is an integer from 0, got {num_workers!r:.40}")
    if timeout < 0:
        raise ArgumentError(f"DataLoader: timeout must not be negative, got {timeout}")
    for name, given in (("prefetch_factor", prefetch_factor is not None), ("persistent_workers", persistent),
                        ("multiprocessing_context", context is not None)):  # fmt: skip
        if given and not num_workers:
            raise ArgumentError(f"DataLoader: {name} is for workers; leave it out, or give num_workers=1 or more")


def _check_order(dataset: Any, shuffle: Any, sampler: Any, batch_sampler: Any) -> None:
    """Refuse a dataset that is none, and more than one thing that names its order."""
    orders = [name for name, given in (("shuffle=True", shuffle), ("sampler=", sampler is not None),
                                       ("batch_sampler=", batch_sampler is not None)) if given]  # fmt: skip
    if isinstance(dataset, IterableDataset):
        if orders:
            raise ArgumentError(f"DataLoader: an IterableDataset has its own order; leave out {orders[0]}")
        return
    sized = sampler is not None or batch_sampler is not None or hasattr(dataset, "__len__")
    if not hasattr(dataset, "__getitem__") or not sized:
        raise ArgumentError(
            f"DataLoader: a dataset has __len__ and __getitem__, got {type(dataset).__name__}; "
            "of an iterator make a list first"
        )
    if len(orders) > 1:
        raise ArgumentError(f"DataLoader: give {' or '.join(orders)}, not both: each names the order")
    if shuffle and not len(dataset):
        raise ArgumentError("DataLoader: shuffle=True needs at least one sample, the dataset is empty")


def get_worker_info() -> None:
    """PyTorch's description of a worker process: None, since there are none.

    >>> get_worker_info() is None
    True
    """
