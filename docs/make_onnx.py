"""Writes the tables of ``docs/onnx.md`` from the table of entries: ``PYTHONPATH=. python docs/make_onnx.py``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

import tinygrad_bp as tg
from tinygrad_bp.autograd.gathering import gather
from tinygrad_bp.autograd.op import OPS, Op
from tinygrad_bp.onnx.writing import ENTRIES, REFUSED, graph_of
from tinygrad_bp.program.capture import capture
from tinygrad_bp.verify import contracts

PAGE = Path(__file__).with_name("onnx.md")
MARK = "<!-- written by docs/make_onnx.py -->\n"


def operators(op: Op) -> list[str]:
    """The operators that the samples of an op are written with, in the order in which they first come."""
    found: dict[str, None] = {}
    for sample in op.samples:
        given = [tg.tensor(array) for array in contracts.draw(op, sample, dtype=np.float32)]
        if any(x.dtype.kind == "c" for x in given) or sample.params.get("ignore"):
            continue
        captured, _ = capture(lambda *xs: contracts.run(op, xs, sample), (tuple(given), {}))  # noqa: B023
        program, inputs, stored = captured.program, {}, {}
        for i, (value, source) in enumerate(zip(program.inputs, captured.sources)):
            if isinstance(source, int):
                inputs[value] = f"x{i}"
            else:
                held: Any = source()
                stored[value] = f"stored_{i}", np.asarray(held)
        if program.steps and not any(value.dtype.kind == "c" for value in program.results()):
            graph, _, _ = graph_of(program, inputs, stored, ["y"])
            found |= dict.fromkeys(node[0] for node in graph.nodes)
    return list(found)


def tables() -> Iterator[str]:
    """The lines of both tables."""
    gather()  # the rooms that come on first use, whose ops are in the table then
    yield f"{len(ENTRIES)} of the {len(OPS)} ops are exported:\n\n| op | as |\n|---|---|\n"
    with np.errstate(all="ignore"):
        rows = [f"| `{name}` | {', '.join(operators(OPS[name]))} |\n" for name in sorted(ENTRIES)]
    yield from rows
    yield f"\n{len(REFUSED)} are not:\n\n| ops | why, and what to do |\n|---|---|\n"
    reasons: dict[str, list[str]] = {}
    for name in sorted(REFUSED):
        reasons.setdefault(REFUSED[name], []).append(f"`{name}`")
    for reason, names in sorted(reasons.items(), key=lambda item: item[1]):
        yield f"| {' '.join(names)} | {reason} |\n"


def page() -> str:
    """The page, with its tables as they are now."""
    head, _, _ = PAGE.read_text(encoding="utf-8").partition(MARK)
    return f"{head}{MARK}\n{''.join(tables())}"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
