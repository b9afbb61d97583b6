"""A replay as text for a terminal, 80 columns wide."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import Any

from ..autograd.lines import Line
from ..autograd.terminal import fitting
from .numbers import lines, shown
from .record import Input, Record, Step, Traced

WIDTH = 80
HINT = (
    "The lines of your program are known of the first 100,000 ops of a process, and of later ones that are asked to: "
    "give the function, tg.replay(f, *args), or compute inside tg.autograd.record_lines()."
)


def text(replay: Record, limit: int) -> str:
    """All of it: forward, backward, and the gradients of the leaves."""
    first = max(0, len(replay.forward) - limit)
    parts = [*_wrapped(f"{replay!r}"[1:-1] + "."), "", "Forward"]
    if first:
        parts += _wrapped(f"  {left_out(first)}")
    for step in replay.forward[first:]:
        reads = ", ".join(named(traced) for traced in step.inputs)
        params = "".join(f", {name}={value!r:.30}" for name, value in step.params)
        parts += _cut(f"{step.number:4}  {shown(step.result.name)} = {step.op}({reads}{params})")
        parts += _at(step.source)
        parts += _array("", step.result.value)
    parts += ["", "Backward: the gradient that arrives, times the derivative, is passed on"]
    for output, seed in zip(replay.outputs, replay.seeds, strict=True):
        parts += _array(f"{named(output)} starts with", seed)
    for step_back in replay.steps[:limit]:
        parts += _step(step_back)
    if len(replay.steps) > limit:
        parts += _wrapped(f"  {left_out(len(replay.steps) - limit)}")
    parts += ["", "Gradients"]
    for leaf in replay.leaves[:limit]:
        parts += _array(named(leaf), "none arrives" if leaf.gradient is None else leaf.gradient)
    if len(replay.leaves) > limit:
        parts += _wrapped(f"  {len(replay.leaves) - limit} leaves more: .leaves has them all.")
    if not replay.lines:
        parts += ["", *_wrapped(HINT)]
    return fitting("\n".join(parts))


def left_out(count: int) -> str:
    """What is said of steps that are not shown."""
    return f"{count} {'step' if count == 1 else 'steps'} farther from the outputs left out; limit= shows more."


def named(traced: Traced) -> str:
    """A tensor by its name and its shape."""
    if traced.kind == "constant" and traced.shape is None:
        return shown(traced.name) or "a constant"
    shape = "" if traced.shape is None else f" ({', '.join(map(str, traced.shape))}{',' * (len(traced.shape) == 1)})"
    return f"{shown(traced.name) or 'a constant'}{shape}"


def _step(step: Step) -> Iterator[str]:
    yield from _cut(f"{step.number:4}  {step.op}, at {named(step.result)}")
    yield from _at(step.source)
    yield from _array("g, which arrives", step.gradient)
    for given in step.inputs:
        yield from _input(given, step.forward.called())
    if not step.inputs:
        yield "      passes nothing on"


def _input(given: Input, called: dict[str, str]) -> Iterator[str]:
    yield from _cut(f"      → {named(given.tensor)}" + (f"   {given.formula}" if given.formula else ""))
    if given.derivative is not None:
        yield from _array("  derivative", given.derivative)
    else:
        for name, value in given.reads:
            yield from _array(f"  {shown(called.get(name, name))}", value)
    yield from _array("  passed on", given.contribution)
    if given.before is not None:
        yield from _array("  from other paths", given.before)
        yield from _array("  together", given.after)


def _at(line: Line | None) -> list[str]:
    return [] if line is None else _cut(f"      line {line.number}: {shown(line.text)}")


def _array(title: str, value: Any) -> list[str]:
    start = f"      {title} " if title else "      "
    if len(start) < 26:
        start = start.ljust(26)
    start = shown(start)
    found = lines(value, max(WIDTH - len(start), 20))
    return [f"{start}{shown(found[0])}"[:WIDTH], *(" " * len(start) + row for row in found[1:])]


def _cut(row: str) -> list[str]:
    row = shown(row)
    return [row if len(row) <= WIDTH else row[: WIDTH - 1] + "…"]


def _wrapped(sentence: str) -> list[str]:
    return textwrap.wrap(sentence, WIDTH)
