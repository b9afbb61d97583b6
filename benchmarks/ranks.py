"""What one rank measures: ``mpiexec -n 2 python -m benchmarks.ranks WHAT …`` prints it as JSON, rank 0 alone."""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Callable
from itertools import chain
from typing import Any

import numpy as np

import tinygrad_bp as tg
from tinygrad_bp import distributed
from tinygrad_bp.distributed.group import ProcessGroup
from tinygrad_bp.nn import functional as F

SIZES = tuple(4 * 8**k for k in range(8))  # bytes: 4 B to 8 MiB


def repeated(call: Callable[[], Any], seconds: float, group: ProcessGroup) -> list[float]:
    """How long a call takes, again and again, as often on every rank."""
    taken: list[float] = []
    end = time.perf_counter() + seconds
    while len(taken) < 5 or go_on(time.perf_counter() < end, group):
        group.agree("a round")
        for _ in range(5):
            start = time.perf_counter()
            call()
            taken.append(time.perf_counter() - start)
    return taken[5:] or taken


def go_on(wanted: bool, group: ProcessGroup) -> bool:
    """What rank 0 wants."""
    said = np.array([wanted])
    group.send(said, "whether to go on")
    return bool(said[0])


def messages(group: ProcessGroup, seconds: float) -> dict[str, Any]:
    """Seconds that a message takes one way, and an all-reduce, by its size in bytes."""
    from mpi4py import MPI

    one_way, reduced = {}, {}
    world = MPI.COMM_WORLD
    for size in SIZES:
        memory = np.zeros(size // 4, np.float32)

        def there_and_back(memory: Any = memory) -> None:
            for sender in (0, 1):
                (world.Send if sender == group.rank() else world.Recv)(memory, 1 - group.rank())

        one_way[size] = statistics.median(repeated(there_and_back, seconds / len(SIZES), group)) / 2
        reduced[size] = statistics.median(
            repeated(lambda memory=memory: group.summed(memory, "a sum"), seconds / len(SIZES), group)
        )
    return {"one way": one_way, "all-reduce": reduced}


def step(group: ProcessGroup, seconds: float, rows: int, hidden: int) -> dict[str, Any]:
    """Seconds of a training step of ``rows`` on this rank, of which the mean of gradients, and how far they overlap."""
    tg.manual_seed(0)
    model = tg.models.MLP([784, hidden, hidden // 2, 10], activation=tg.nn.ReLU)
    together = distributed.DistributedDataParallel(model)
    optimizer = tg.optim.SGD(model.parameters(), lr=0.01)
    x, y = tg.randn(rows, 784), tg.randint(0, 10, (rows,))
    averaging: list[float] = []
    average = together._average

    def timed() -> None:
        start = time.perf_counter()
        average()
        averaging.append(time.perf_counter() - start)

    object.__setattr__(together, "_average", timed)

    def one() -> None:
        optimizer.zero_grad()
        F.cross_entropy(together(x), y).backward()
        optimizer.step()

    whole = statistics.median(repeated(one, seconds / 2, group))
    share = statistics.median(averaging) if averaging else 0.0

    def backward() -> None:
        with together.no_sync():
            optimizer.zero_grad()
            F.cross_entropy(together(x), y).backward()

    def sums() -> list[Any]:
        return [group.reducing(piece.memory) for piece in together._buckets]

    def wait(on_their_way: list[Any]) -> None:
        for request in on_their_way:
            group.wait(request, "a sum")

    def in_turn() -> None:
        backward()
        wait(sums())

    def at_once() -> None:  # the best that overlapping could do: every piece is on its way before forward begins
        on_their_way = sums()
        backward()
        wait(on_their_way)

    found = {"step": whole, "mean": share, "rows": rows, "bytes": sum(4 * p.numel() for p in model.parameters())}
    if group.size() > 1:
        for piece in together._buckets:
            piece.memory[...] = 0  # sums of sums must stay finite
        rounds = max(3, int(6 * seconds))
        pairs = [(repeated(in_turn, 0, group), repeated(at_once, 0, group)) for _ in range(rounds)]
        found["in turn"], found["at once"] = (statistics.median(chain(*side)) for side in zip(*pairs))
    return found


def main() -> None:
    what, *numbers = sys.argv[1:]
    group = distributed.init()
    seconds, *others = map(float, numbers)
    if what == "messages":
        found = messages(group, seconds)
    else:
        rows, hidden = others
        found = step(group, seconds, int(rows), int(hidden))
    if group.rank() == 0:
        print(json.dumps(found))


if __name__ == "__main__":
    main()
