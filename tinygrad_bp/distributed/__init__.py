"""Several processes: none are joined here, and a program that asks learns so and computes in this one.

It is what PyTorch itself is without process groups: ``is_available`` and ``is_initialized`` answer no, and what needs
other processes raises. Libraries that import these names, and call them in a group alone, run as they are.
"""

from __future__ import annotations

from typing import NoReturn

from ..autograd.errors import ArgumentError

__all__ = [
    "ProcessGroup", "ReduceOp", "all_gather", "all_reduce", "barrier", "broadcast", "destroy_process_group", "get_rank",
    "get_world_size", "init_process_group", "is_available", "is_initialized",
]  # fmt: skip


class ProcessGroup:
    """A group of processes: there is none, so nothing is one."""


class ReduceOp:
    """What a reduction over processes does, by name."""

    SUM, AVG, PRODUCT, MIN, MAX = "SUM", "AVG", "PRODUCT", "MIN", "MAX"


def is_available() -> bool:
    """Whether processes can be joined: no."""
    return False


def is_initialized() -> bool:
    """Whether this process is in a group: no."""
    return False


def _alone(name: str) -> ArgumentError:
    return ArgumentError(
        f"distributed.{name}: this process is in no group, one process computes: leave it out, or ask "
        "distributed.is_initialized() first"
    )


def init_process_group(*args: object, **kwargs: object) -> NoReturn:
    """Join a group: raises ``ArgumentError``, there is none."""
    raise _alone("init_process_group")


def destroy_process_group(group: ProcessGroup | None = None) -> NoReturn:
    """Leave a group: raises ``ArgumentError``, there is none."""
    raise _alone("destroy_process_group")


def get_rank(group: ProcessGroup | None = None) -> NoReturn:
    """The number of this process in its group: raises ``ArgumentError``, there is none."""
    raise _alone("get_rank")


def get_world_size(group: ProcessGroup | None = None) -> NoReturn:
    """How many processes are in the group: raises ``ArgumentError``, there is none."""
    raise _alone("get_world_size")


def barrier(*args: object, **kwargs: object) -> NoReturn:
    """Wait for the others: raises ``ArgumentError``, there are none."""
    raise _alone("barrier")


def broadcast(*args: object, **kwargs: object) -> NoReturn:
    """Send a tensor to the others: raises ``ArgumentError``, there are none."""
    raise _alone("broadcast")


def all_reduce(*args: object, **kwargs: object) -> NoReturn:
    """Reduce a tensor over processes: raises ``ArgumentError``, there are none."""
    raise _alone("all_reduce")


def all_gather(*args: object, **kwargs: object) -> NoReturn:
    """Gather a tensor of each process: raises ``ArgumentError``, there are none."""
    raise _alone("all_gather")
