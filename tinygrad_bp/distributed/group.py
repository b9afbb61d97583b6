"""The processes that compute together: joining them, and waiting for each other without ever hanging.

MPI starts them (``mpiexec -n 4 python train.py``) and carries what they tell each other; mpi4py speaks to it.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable
from datetime import timedelta
from importlib.util import find_spec
from typing import Any

import numpy as np

from ..autograd.errors import ArgumentError, AutogradError
from . import ending
from .starting import EXTRA, LAUNCHERS, all_ranks, share_cores

LEFT = 1  # tag of the note that a rank sends to each other one when its program ends
GRACE = 2.0  # seconds in which what a rank sent before it left may still arrive
SPINNING = 0.05  # seconds; a wait that is longer gives the core to others

yield_core: Callable[[], None] = getattr(os, "sched_yield", lambda: time.sleep(0))


class DistError(AutogradError, RuntimeError):
    """Processes that cannot go on together: one has left, others call something else, or one does not come.

    Fails: ``if tg.distributed.rank == 0: tg.distributed.barrier()``.  Works: ``tg.distributed.barrier()``.
    """


class ProcessGroup:
    """The processes that were started together. ``init`` makes it; no program does.

    >>> import tinygrad_bp as tg
    >>> group = tg.distributed.init()  # doctest: +SKIP
    >>> group.rank() < group.size()  # doctest: +SKIP
    True
    """

    def __init__(self, world: Any, timeout: float) -> None:
        self._world, self._timeout = world, timeout
        self._data, self._notes = world.Dup(), world.Dup()
        self._rank, self._size = int(world.Get_rank()), int(world.Get_size())
        self._left: dict[int, float] = {}  # who has ended its program, and since when that is known here
        self._pending: list[Any] = []  # what was given up: MPI may still write to its memory
        self.give_back: Callable[[], None] = lambda: None  # the cores that others have meanwhile

    def rank(self) -> int:
        """The number of this process, from 0."""
        return self._rank

    def size(self) -> int:
        """How many processes there are."""
        return self._size

    def __repr__(self) -> str:
        return f"ProcessGroup(rank {self._rank} of {self._size})"

    # ------------------------------------------------------------------ all ranks at once

    def agree(self, what: str) -> None:
        """Go on where all ranks are about to do the same; otherwise all of them raise ``DistError``."""
        own = np.frombuffer(hashlib.blake2b(what.encode(), digest_size=8).digest(), np.uint64)
        found = self.gather(own, what)
        if (found == found[0]).all():
            return
        texts = self.gather(np.frombuffer(what.encode()[:200].ljust(200), np.uint8), what)
        said = [f"rank {rank}: {text.tobytes().decode(errors='replace').strip()}" for rank, text in enumerate(texts)]
        raise DistError(f"all ranks must do the same in the same order, and now: {'; '.join(said[:8])}")

    def gather(self, array: Any, what: str) -> Any:
        """The arrays of all ranks, which have one shape and dtype, along a new first axis."""
        found = np.empty((self._size, *array.shape), array.dtype)
        self.wait(self._data.Iallgather(array, found), what)
        return found

    def summed(self, array: Any, what: str) -> None:
        """Put the sum over all ranks in the place of a contiguous array."""
        self.wait(self.reducing(array), what)

    def reducing(self, array: Any, op: str = "SUM") -> Any:
        """The request that puts the reduction over all ranks in the place of a contiguous array."""
        if self._size == 1:
            return self._data.Ibarrier()
        from mpi4py import MPI

        operation = {"SUM": MPI.SUM, "PRODUCT": MPI.PROD, "MIN": MPI.MIN, "MAX": MPI.MAX}[op]
        return self._data.Iallreduce(MPI.IN_PLACE, array, operation)

    def sending(self, array: Any, src: int) -> Any:
        """The request that copies a contiguous array of rank ``src`` to all others."""
        return self._data.Ibcast(array, src)

    def send(self, array: Any, what: str, src: int = 0) -> None:
        """Copy a contiguous array of rank ``src`` to all others."""
        self.wait(self.sending(array, src), what)

    # ------------------------------------------------------------------ waiting

    def wait(self, request: Any, what: str) -> None:
        """Wait for a request of MPI. Raises ``DistError`` where a rank has ended its program, or time is over."""
        began, spins = time.monotonic(), 0
        try:
            while not request.Test():
                yield_core()
                spins += 1
                if spins % 32 == 0:
                    now = time.monotonic()
                    self._look(what, now, began)
                    if now - began > SPINNING:
                        time.sleep(1e-4)
        except BaseException:  # Ctrl-C too: MPI goes on writing into the request's memory, which must live
            self._pending.append(request)
            raise

    def _look(self, what: str, now: float, began: float) -> None:
        """Read the notes of those who have left."""
        self._read_notes()
        gone = [rank for rank, since in self._left.items() if now - max(since, began) > GRACE]
        if gone:
            said = ", ".join(map(str, sorted(gone)[:8]))
            raise DistError(
                f"rank {said} has ended its program, and rank {self._rank} waits for it in {what}: every rank must "
                "take the same steps (has one fewer batches, or did it end with a message of its own?)"
            )
        if now - began > self._timeout:
            raise DistError(
                f"rank {self._rank} has waited {self._timeout:g} s for the others in {what}; where one may take longer "
                "(an evaluation on one rank alone), give init a longer timeout"
            )

    def _read_notes(self) -> None:
        from mpi4py import MPI

        status = MPI.Status()
        while self._notes.Iprobe(MPI.ANY_SOURCE, LEFT, status):
            self._notes.Recv(np.empty(0, np.uint8), status.Get_source(), LEFT)
            self._left[status.Get_source()] = time.monotonic()

    def leave(self) -> None:
        """Tell the others that this program ends, and wait until theirs do."""
        others = [rank for rank in range(self._size) if rank != self._rank]
        note = np.empty(0, np.uint8)
        sent = [self._notes.Isend(note, other, LEFT) for other in others]
        pause = 1e-4
        while len(self._left) < len(others) or not all(request.Test() for request in sent):
            self._read_notes()
            time.sleep(pause)
            pause = min(2 * pause, 0.02)
        if not self._pending:
            self._data.Free()
            self._notes.Free()


# ---------------------------------------------------------------------- the group of this process

_group: ProcessGroup | None = None


def init(timeout: float | timedelta = 1800.0) -> ProcessGroup:
    """Join the processes that ``mpiexec`` has started; call it once, before anything else of ``tg.distributed``.

    Alone, without ``mpiexec``, it is a group of one, for which neither mpi4py nor an MPI is needed. From here on an
    error that nobody catches, of any thread, ends all ranks, with its traceback; so does a rank that is killed; and
    where a rank ends its program while others wait for it, these raise ``DistError``. ``timeout`` is how many seconds
    one rank waits for the others in one call. Here it is a minute, or less where a rank on this machine has ended
    before: then this program ends, with a line that says why. Unless ``tg.set_num_threads`` or the environment
    (``OPENBLAS_NUM_THREADS``) has said a number, the matrix products of each rank get its part of the machine's cores,
    until ``destroy_process_group``.

    Raises ``ModuleNotFoundError`` under ``mpiexec`` without the extra, ``ArgumentError`` for a second call, and
    ``DistError`` where the launcher belongs to another MPI, so that each process would train for itself.

    >>> import tinygrad_bp as tg
    >>> group = tg.distributed.init()  # doctest: +SKIP
    >>> group.size()  # doctest: +SKIP
    2
    """
    global _group
    if _group is not None:
        raise ArgumentError(f"init: this process is in a group already, {_group!r}; call it once")
    seconds = timeout.total_seconds() if isinstance(timeout, timedelta) else float(timeout)
    if not seconds > 0:
        raise ArgumentError(f"init: timeout is a number of seconds above 0, got {timeout!r}")
    world = all_ranks()
    for _, name, _ in LAUNCHERS:
        told = os.environ.get(name, "")
        if told.isdigit() and int(told) != world.Get_size():
            raise DistError(
                f"init: the launcher says {name}={told}, and MPI counts {world.Get_size()}: each process would train "
                f"for itself. Start them with the mpiexec of the MPI that mpi4py uses ({EXTRA} brings one)"
            )
    _group = ProcessGroup(world, seconds)
    if _group.size() > 1:
        ending.watch(world, _group.rank(), _group.size(), _leave)
        _group.give_back = share_cores(world)
    return _group


def _leave() -> None:
    global _group
    if _group is not None:
        _group.leave()
        _group = None


def is_available() -> bool:
    """Whether mpi4py is installed, so that several processes can be joined.

    >>> import tinygrad_bp as tg
    >>> isinstance(tg.distributed.is_available(), bool)
    True
    """
    return find_spec("mpi4py") is not None


def is_initialized() -> bool:
    """Whether this process is in a group.

    >>> import tinygrad_bp as tg
    >>> tg.distributed.is_initialized()
    False
    """
    return _group is not None


def together() -> ProcessGroup | None:
    """The group, where it has more than one process."""
    return _group if _group is not None and _group.size() > 1 else None


def leads() -> bool:
    """Whether this process prints and saves: it is rank 0, or alone."""
    return _group is None or _group.rank() == 0


def joined(name: str, group: ProcessGroup | None = None) -> ProcessGroup:
    """The group that a function computes in."""
    if _group is None:
        raise ArgumentError(
            f"distributed.{name}: this process is in no group, one process computes: leave it out, or ask "
            "distributed.is_initialized() first; to join the others call distributed.init()"
        )
    if group is not None and group is not _group:
        raise ArgumentError(f"distributed.{name}: there is one group, of all processes; leave group out")
    return _group


def init_process_group(
    backend: str | None = None, init_method: str | None = None, timeout: float | timedelta | None = None,
    world_size: int = -1, rank: int = -1, store: Any = None, group_name: str = "", pg_options: Any = None,
    device_id: Any = None,
) -> None:  # fmt: skip
    """``init`` by PyTorch's name. MPI knows the ranks, so the other arguments change nothing.

    ``backend`` is ``"mpi"``, or ``"gloo"`` as programs have it that compute on CPUs. Raises what ``init`` raises, and
    ``ArgumentError`` for a ``rank`` or ``world_size`` that is not MPI's, and for another backend.

    >>> import tinygrad_bp as tg
    >>> tg.distributed.init_process_group("mpi")  # doctest: +SKIP
    """
    if backend not in (None, "mpi", "gloo"):
        raise ArgumentError(f"init_process_group: backend is 'mpi', got {backend!r}")
    group = init(1800.0 if timeout is None else timeout)
    for name, told, found in (("rank", rank, group.rank()), ("world_size", world_size, group.size())):
        if told not in (-1, found):
            raise ArgumentError(
                f"init_process_group: {name}={told}, and MPI says {found}; leave it out, and start the program with "
                "mpiexec -n N"
            )


def destroy_process_group(group: ProcessGroup | None = None) -> None:
    """Leave the group when all ranks do; the end of a program does so by itself.

    >>> import tinygrad_bp as tg
    >>> tg.distributed.destroy_process_group()  # doctest: +SKIP
    """
    found = joined("destroy_process_group", group)
    ending.forget()
    _leave()
    found.give_back()


def get_rank(group: ProcessGroup | None = None) -> int:
    """The number of this process in its group, from 0. Raises ``ArgumentError`` where it is in none.

    >>> import tinygrad_bp as tg
    >>> tg.distributed.get_rank() in (0, 1)  # doctest: +SKIP
    True
    """
    return joined("get_rank", group).rank()


def get_world_size(group: ProcessGroup | None = None) -> int:
    """How many processes are in the group. Raises ``ArgumentError`` where this one is in none.

    >>> import tinygrad_bp as tg
    >>> tg.distributed.get_world_size()  # doctest: +SKIP
    2
    """
    return joined("get_world_size", group).size()
