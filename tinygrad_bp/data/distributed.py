"""The share of a dataset that each of several processes reads. PyTorch's name, and its orders for the same seed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sized
from typing import Any

from ..autograd.errors import ArgumentError
from ..distributed.group import joined
from ..random.generator import Generator
from .sampler import Sampler

__all__ = ["DistributedSampler"]


class DistributedSampler(Sampler[int]):
    """Every ``num_replicas``-th index of ``dataset``, beginning with the ``rank``-th, in an order that all ranks draw.

    With a batch size of B / n on each of n ranks, their batches together are the batches of B rows that one process
    would read (``num_replicas=1, rank=0``). ``num_replicas`` and ``rank`` are those of the group where they are not
    given. ``shuffle`` draws a new order for each epoch from ``seed`` and the number given to ``set_epoch``, which
    ``fit`` calls and a loop of your own has to; without it every epoch has the order of the first.

    All ranks get as many rows. Where these do not divide, the last batch repeats the first rows of the order, fewer
    than n of them, or with ``drop_last`` the last rows are left out. Raises ``ArgumentError`` for a ``rank`` that is
    none of ``num_replicas``, and where neither is given and this process is in no group.

    >>> from tinygrad_bp.data.distributed import DistributedSampler
    >>> [list(DistributedSampler("abcde", num_replicas=2, rank=rank, shuffle=False)) for rank in range(2)]
    [[0, 2, 4], [1, 3, 0]]
    """

    dataset: Sized
    num_replicas: int
    rank: int
    shuffle: bool
    seed: int
    drop_last: bool
    epoch: int
    num_samples: int
    total_size: int

    def __init__(
        self, dataset: Sized, num_replicas: int | None = None, rank: int | None = None, shuffle: bool = True,
        seed: int = 0, drop_last: bool = False,
    ) -> None:  # fmt: skip
        if num_replicas is None:
            num_replicas = joined("DistributedSampler").size()
        if rank is None:
            rank = joined("DistributedSampler").rank()
        if num_replicas < 1 or not 0 <= rank < num_replicas:
            raise ArgumentError(f"DistributedSampler: rank is from 0 to {num_replicas - 1}, got {rank}")
        self.dataset = dataset
        self.num_replicas, self.rank = int(num_replicas), int(rank)
        self.shuffle, self.seed, self.drop_last, self.epoch = shuffle, seed, drop_last, 0
        rows = len(self.dataset)
        self.num_samples = rows // self.num_replicas if drop_last else -(-rows // self.num_replicas)
        self.total_size = self.num_samples * self.num_replicas

    def __iter__(self) -> Iterator[int]:
        rows = len(self.dataset)
        order = list(range(rows))
        if self.shuffle:
            order = Generator().manual_seed(self.seed + self.epoch).permutation(rows).tolist()
        while 0 < len(order) < self.total_size:
            order += order[: self.total_size - len(order)]
        return iter(order[self.rank : self.total_size : self.num_replicas])

    def __len__(self) -> int:
        return self.num_samples

    def set_epoch(self, epoch: int) -> None:
        """Draw the order of this epoch from now on; call it with the same number on every rank."""
        self.epoch = int(epoch)

    def state_dict(self) -> dict[str, Any]:
        """The epoch; nothing in it depends on the rank, or on how many there are."""
        return {"epoch": self.epoch}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Go on where ``state_dict`` was called."""
        self.epoch = int(state_dict["epoch"])
