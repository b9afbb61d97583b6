"""What a training step must reach: how many times another engine's it may take, on one core."""

from __future__ import annotations

from typing import NamedTuple

from .engines import PEERS
from .graphs import Result
from .side_by_side import Measured
from .steps import NETWORKS
from .workloads import WORKLOADS


class Bar(NamedTuple):
    """The fastest of ``ours`` takes at most ``most`` times what the fastest of ``theirs`` takes."""

    workload: str
    ours: tuple[str, ...]
    theirs: tuple[str, ...]
    most: float


HAND, COMPILED, ANY_PEER = ("by-hand",), ("numpy", "c"), tuple(PEERS)
BARS = [
    *(Bar(network.name, ("eager",), HAND, network.bar) for network in NETWORKS),
    *(
        Bar(workload, ("numpy",), HAND, most)
        for workload, most in [
            ("xor21", 0.70), ("toy5", 0.75), ("bin100", 0.70), ("deep64", 0.70),
            ("cifar8", 0.85), ("mnist64", 0.95), ("cifar128", 0.95),
        ]
    ),
    *(
        Bar(workload, ("c",), HAND, most)
        for workload, most in [
            ("xor21", 0.08), ("toy5", 0.08), ("bin100", 0.08), ("deep64", 0.45),
            ("cifar8", 0.95), ("mnist64", 0.95), ("cifar128", 0.95),
        ]
    ),
    *(
        bar
        for workload in ("xor21", "toy5", "bin100")
        for bar in (Bar(workload, ("c",), ("pytensor",), 0.5), Bar(workload, ("c-loop",), ("jax-loop",), 0.5))
    ),
    *(
        Bar(workload, ("c",), ANY_PEER, most)
        for workload, most in [("deep64", 1.0), ("cifar8", 1.0), ("mnist64", 1.05), ("cifar128", 1.03)]
    ),
    *(
        bar
        for workload in WORKLOADS
        for bar in (Bar(workload, ("eager",), ("torch",), 1.5), Bar(workload, COMPILED, ("torch",), 0.8))
    ),
]  # fmt: skip


def judged(bar: Bar, measured: Measured) -> Result:
    """The bar beside what was measured of its workload. It holds where a side takes no part, not where ours fails."""
    timings = measured.timings
    ours, theirs = (
        min((name for name in side if name in timings), key=lambda name: timings[name].median, default=None)
        for side in (bar.ours, bar.theirs)
    )
    beside = "the fastest peer" if bar.theirs == ANY_PEER else " or ".join(bar.theirs)
    what = f"{bar.workload}: {' or '.join(bar.ours)} beside {beside}"
    if ours is None or theirs is None:
        failed = ours is None and any(name in measured.absent or name in measured.wrong for name in bar.ours)
        return Result(what, "failed" if failed else "not measured", f"≤ {bar.most} ×", not failed)
    ratio = timings[ours].median / timings[theirs].median
    which = "".join(f", {name}" for name, side in ((ours, bar.ours), (theirs, bar.theirs)) if len(side) > 1)
    return Result(what, f"{ratio:.2f} ×{which}", f"≤ {bar.most} ×", ratio <= bar.most)
