"""Several processes, on one machine or many, that train one model: MPI carries what they tell each other.

``mpiexec -n 4 python train.py`` starts them. In the program ``init()`` joins them, ``rank`` and ``world_size`` say who
this process is, a ``DistributedSampler`` gives each its share of the rows, and ``DistributedDataParallel(model)`` makes
the gradients those of all rows. Names and meanings are those of ``torch.distributed``.

A process that has not called ``init`` is in no group: ``is_initialized()`` answers no, ``rank`` is 0 and ``world_size``
1, and what needs other processes raises.
"""

from __future__ import annotations

import typing as _typing

from .collectives import ReduceOp, Work, all_gather, all_reduce, barrier, broadcast
from .group import (
    DistError,
    ProcessGroup,
    destroy_process_group,
    get_rank,
    get_world_size,
    init,
    init_process_group,
    is_available,
    is_initialized,
)

__all__ = [
    "DistError", "DistributedDataParallel", "DistributedSampler", "ProcessGroup", "ReduceOp", "Work", "all_gather",
    "all_reduce", "barrier", "broadcast", "destroy_process_group", "get_rank", "get_world_size", "init",
    "init_process_group", "is_available", "is_initialized",
]  # fmt: skip

rank: int
world_size: int

# PyTorch's places of these, which import this one.
_ELSEWHERE = {"DistributedDataParallel": "nn.parallel", "DistributedSampler": "data.distributed"}

if not _typing.TYPE_CHECKING:

    def __getattr__(name):
        if name in ("rank", "world_size"):  # of this moment: ``init`` changes them
            alone = {"rank": 0, "world_size": 1}[name]
            return {"rank": get_rank, "world_size": get_world_size}[name]() if is_initialized() else alone
        from importlib import import_module

        if name == "nn":
            return import_module(f"{__name__}.nn")
        if name in _ELSEWHERE:
            return getattr(import_module(f"{__package__.rpartition('.')[0]}.{_ELSEWHERE[name]}"), name)
        from ..not_here import missing

        raise missing("distributed", name)
