"""Very many training steps of XOR: the process is as large at the end as after the first hundredth of them."""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..sections import printed_by

ROOT = Path(__file__).parent.parent.parent
GROWTH = 1 << 20  # bytes of memory that the system may give or take, of pages and pools
WHAT = {
    "eager": "eager, the garbage collector off",
    "compiled": "`tg.compile`, NumPy",
    "c": '`tg.compile(backend="c")`',
}


def training(kind: str) -> Callable[[], Any]:
    """A step of the training, as users write it."""
    import tinygrad_bp as tg

    tg.manual_seed(0)
    x = tg.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    y = tg.tensor([[0.0], [1.0], [1.0], [0.0]])
    model = tg.nn.Sequential(tg.nn.Linear(2, 2), tg.nn.Sigmoid(), tg.nn.Linear(2, 1))
    loss_of, optimizer = tg.nn.BCEWithLogitsLoss(), tg.optim.SGD(model.parameters(), lr=0.5)

    def step(x: Any, y: Any) -> Any:
        optimizer.zero_grad()
        loss = loss_of(model(x), y)
        loss.backward()
        optimizer.step()
        return loss

    if kind == "leak":  # what must be seen
        kept: list[Any] = []
        return lambda: kept.append([x.numpy().repeat(500)]) or step(x, y)
    if kind == "eager":
        return lambda: step(x, y)
    fast = tg.compile(step, backend="c" if kind == "c" else "numpy")
    return lambda: fast(x, y)


def resident() -> int:
    """Bytes of this process in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def measure(kind: str, steps: int) -> dict[str, Any]:
    """The growth of memory and of live objects from the first hundredth on, in this process."""
    step = training(kind)
    if kind == "eager":
        gc.disable()
    warm = max(steps // 100, 200)
    for _ in range(warm):
        loss = step()
    gc.collect()
    start, objects, began, largest = resident(), len(gc.get_objects()), time.perf_counter(), 0
    for _part in range(10):
        for _ in range((steps - warm) // 10):
            loss = step()
        largest = max(largest, resident() - start)
        more = len(gc.get_objects()) - objects
    return {
        "memory": largest, "objects": more, "seconds": time.perf_counter() - began, "loss": loss.item(),
        "steps": warm + 10 * ((steps - warm) // 10), "resident": start,
    }  # fmt: skip


def alone(kind: str, steps: int) -> dict[str, Any]:
    """``measure`` in a process of its own: in one that did other things, memory given back is taken first.

    Raises:
        RuntimeError: it failed; the text is the last line that it wrote.
    """
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-W", "error", "-m", "benchmarks.attacks.steady", kind, str(steps)]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{(done.stderr.strip().splitlines() or ['no output'])[-1]:.100}")
    return json.loads(done.stdout)


def section(steps: int) -> tuple[str, bool]:
    """The section, and whether memory stayed as it was."""
    lines, holds = (
        [
            printed_by(f"python -m benchmarks.attacks steps --steps {steps} --write docs/reliability.md"),
            "",
            "XOR is trained (2–2–1, sigmoid, SGD), each form in a process of its own, and its memory is compared with",
            "that after the first hundredth of the steps: the most that it took more, looked at ten times, and how",
            "many more objects the garbage collector knew at the end.",
            "",
            "| | steps | memory at the start | more of it | more objects | last loss |",
            "|---|---|---|---|---|---|",
        ],
        True,
    )
    for kind, what in WHAT.items():
        print(f"{steps:,} steps, {kind} …", file=sys.stderr)
        try:
            found = alone(kind, steps)
        except RuntimeError as error:
            lines.append(f"| {what} | {error} | | | | |")
            holds = False
            continue
        flat = found["memory"] <= GROWTH and found["objects"] <= 10
        holds = holds and flat
        lines.append(
            f"| {what} | {found['steps']:,} | {found['resident'] / 2**20:.1f} MiB | "
            f"**{found['memory'] / 1024:.0f} KiB** | **{found['objects']}** | {found['loss']:.6f} |"
        )
    return "\n".join(lines), holds


if __name__ == "__main__":
    print(json.dumps(measure(sys.argv[1], int(sys.argv[2]))))
