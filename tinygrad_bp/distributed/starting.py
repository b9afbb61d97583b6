"""How a job starts: all ranks meet in MPI's start, or the job ends where one cannot come."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence, Set
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

from ..blas import set_threads, threads_are_chosen
from ..blas import threads as threads_of_products
from .ending import READING

EXTRA = 'pip install "tinygrad_bp[mpi]"'
START = 60.0  # seconds that the others may come later to ``init``
GONE = 2.0  # seconds after which a program that is not there has ended, and is not just being started
LOOKING = 0.25  # seconds between two looks


class Launcher(NamedTuple):
    """The variables in which a launcher tells a process who it is."""

    rank: str
    size: str
    here: str  # how many ranks are on this machine


LAUNCHERS = (
    Launcher("PMI_RANK", "PMI_SIZE", "MPI_LOCALNRANKS"),
    Launcher("OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_LOCAL_SIZE"),
    Launcher("RANK", "WORLD_SIZE", "LOCAL_WORLD_SIZE"),
)


class Alone:
    """What a group asks of MPI, for one process: everything is there already."""

    def Dup(self) -> Alone:
        """A world is as good as another."""
        return self

    def Get_rank(self) -> int:
        """The first."""
        return 0

    def Get_size(self) -> int:
        """One."""
        return 1

    def Iallgather(self, own: Any, found: Any) -> Alone:
        """Put the one array in its place."""
        found[...] = own.reshape(found.shape)
        return self

    def Ibcast(self, array: Any, src: int) -> Alone:
        """Nobody else wants it."""
        return self

    def Ibarrier(self) -> Alone:
        """Everybody is here."""
        return self

    def Test(self) -> bool:
        """What was asked for is done."""
        return True

    def Free(self) -> None:
        """Nothing was taken."""


def all_ranks() -> Any:
    """MPI's ``COMM_WORLD``, when every process is here.

    MPI itself would wait without an end for one that never comes. So where a rank on this machine has ended its
    program, or one has not come within ``START`` seconds, this program ends with a line that says so, and with it the
    job. A process that no launcher has started needs no MPI. Raises ``ModuleNotFoundError`` for others without the
    extra.
    """
    try:
        mpi = _mpi()
    except ModuleNotFoundError:
        if any(os.environ.get(launcher.size, "1") != "1" for launcher in LAUNCHERS):
            raise
        return Alone()
    met = threading.Event()
    threading.Thread(target=_watch, args=(met,), name="tinygrad_bp-init", daemon=True).start()
    try:
        if not mpi.Is_initialized():
            _initialize(mpi)
        mpi.COMM_WORLD.Barrier()
    finally:
        met.set()
    return mpi.COMM_WORLD


def _mpi() -> Any:
    try:
        import mpi4py

        if "mpi4py.MPI" not in sys.modules:  # whoever has imported it has also started MPI
            mpi4py.rc.initialize, mpi4py.rc.finalize = False, True
        from mpi4py import MPI
    except ImportError:
        raise ModuleNotFoundError(
            f"tg.distributed of several processes needs mpi4py and an MPI: {EXTRA}", name="mpi4py"
        ) from None
    except RuntimeError as error:  # mpi4py is here, and no MPI that it could load
        raise ModuleNotFoundError(f"mpi4py finds no MPI ({error}): {EXTRA}", name="mpich") from None
    return MPI


def _initialize(mpi: Any) -> None:
    """Start MPI as mpi4py does, but without Python's lock, which the thread that watches needs meanwhile."""
    try:
        start = ctypes.CDLL(mpi.__file__).MPI_Init_thread
    except AttributeError:  # Windows shows no names of a library's libraries; there nobody watches
        mpi.Init_thread()
        return
    start(None, None, ctypes.c_int(mpi.THREAD_MULTIPLE), ctypes.byref(ctypes.c_int()))
    for comm in (mpi.COMM_WORLD, mpi.COMM_SELF):
        comm.Set_errhandler(mpi.ERRORS_RETURN)


def share_cores(world: Any) -> Callable[[], None]:
    """Give the products of each rank its part of this machine's cores, where the user has not said how many.

    Products that every rank shares out among all cores wait for each other, many times as long as they compute. What
    comes back gives this rank the threads that it had.
    """
    from mpi4py import MPI

    neighbours = world.Split_type(MPI.COMM_TYPE_SHARED)
    own = set(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else set(range(os.cpu_count() or 1))
    number, before = part_of(own, neighbours.allgather(own)), threads_of_products()
    neighbours.Free()

    def give(threads: int) -> None:
        if before is not None and not threads_are_chosen():
            set_threads(min(threads, before))

    give(number)

    return lambda: give(before or 1)


def part_of(own: Set[int], every: Sequence[Set[int]]) -> int:
    """How many cores a rank has that may use ``own``, one core of n ranks as an nth; 1 where it is less.

    >>> part_of({0, 1, 2, 3}, [{0, 1, 2, 3}, {0, 1, 2, 3}]), part_of({0, 1}, [{0, 1}, {2, 3}])
    (2, 2)
    """
    return max(1, int(sum(Fraction(1, sum(core in cores for cores in every)) for core in own)))


def _watch(met: threading.Event) -> None:
    """End this program where the others cannot come."""
    began = here = time.monotonic()
    launcher = next((one for one in LAUNCHERS if one.rank in os.environ), None)
    started_by = None if launcher is None else _started_by(launcher)
    while not met.wait(LOOKING):
        now = time.monotonic()
        gone = "" if launcher is None or started_by is None else _gone(launcher, started_by)
        here = here if gone else now
        if now - here > GONE:
            return _end(f"{gone} has ended its program before it called tg.distributed.init()")
        if now - began > START:
            return _end(
                f"not all ranks have called tg.distributed.init() after {START:g} s: call it first, before data is read"
            )


def _end(reason: str) -> None:
    with contextlib.suppress(OSError, ValueError, AttributeError):  # closed
        print(f"DistError: {reason}", file=sys.stderr, flush=True)
    time.sleep(READING)
    # The other thread is inside of MPI and hears nothing; and of a mere exit code mpiexec tells no other machine.
    os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))


# ---------------------------------------------------------------------- who is there; Linux alone tells


def _gone(launcher: Launcher, started_by: int) -> str:
    """The ranks on this machine whose programs have ended, in words, or ""."""
    here, size = (int(os.environ.get(name, 0)) for name in (launcher.here, launcher.size))
    alive = {_variables(child).get(launcher.rank) for child in _children(started_by)} - {None}
    if len(alive) >= here:
        return ""
    others = sorted(set(range(size)) - {int(rank) for rank in alive if rank is not None}) if here == size else []
    return f"rank {', '.join(map(str, others[:8]))}" if others else "a rank on this machine"


def _started_by(launcher: Launcher) -> int | None:
    """The process that has started the ranks of this machine; between it and a rank there may be a shell."""
    own = _variables(process := os.getpid()).get(launcher.rank)
    try:
        while own is not None and _variables(process).get(launcher.rank) == own:
            stat = Path(f"/proc/{process}/stat").read_text(encoding="utf-8", errors="replace")
            process = int(stat.rpartition(")")[2].split()[1])
    except OSError:
        return None
    return process if own is not None and _children(process) else None


def _children(process: int) -> list[int]:
    found = []
    for thread in Path(f"/proc/{process}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            found += [int(child) for child in thread.read_text(encoding="utf-8").split()]
    return found


def _variables(process: int) -> dict[str, str]:
    """What a process was started with; of one that has ended, nothing."""
    try:
        lines = Path(f"/proc/{process}/environ").read_bytes().split(b"\0")
    except OSError:
        return {}
    return dict(line.decode(errors="replace").partition("=")[::2] for line in lines)
