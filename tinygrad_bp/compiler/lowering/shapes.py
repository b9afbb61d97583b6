"""Ops that give the same elements in another shape: views, which cost nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...program.program import Step
from .writer import Writer


def _permute(writer: Writer, step: Step) -> bool:
    ndim = len(step.result.shape)
    axes = tuple(axis % ndim for axis in step.params["axes"])
    text = "{0}.T" if axes == tuple(range(ndim))[::-1] else f"{{0}}.transpose{axes}" if ndim > 1 else "{0}"
    writer.write(text, writer.slot(step.operands[0]), gives=step.result, view=True)
    return True


def _reshape(writer: Writer, step: Step) -> bool:
    writer.write(f"{{0}}.reshape({step.result.shape})", writer.slot(step.operands[0]), gives=step.result, view=True)
    return True


def _broadcast_to(writer: Writer, step: Step) -> bool:
    writer.write(
        f"broadcast_to({{0}}, {step.result.shape})", writer.slot(step.operands[0]), gives=step.result, view=True
    )
    return True


def _getitem(writer: Writer, step: Step) -> bool:
    index = step.params["index"]
    items = index if isinstance(index, tuple) else (index,)
    if not items or not all(_plain(item) for item in items):
        return False
    writer.write(
        f"{{0}}[{', '.join(map(_spelled, items))}]", writer.slot(step.operands[0]), gives=step.result, view=True
    )
    return True


def _plain(item: Any) -> bool:
    if isinstance(item, slice):
        return all(_plain(part) for part in (item.start, item.stop, item.step))
    return item is None or item is Ellipsis or (type(item) is int)


def _spelled(item: Any) -> str:
    if isinstance(item, slice):
        return ":".join("" if part is None else str(part) for part in (item.start, item.stop, item.step))
    return "..." if item is Ellipsis else repr(item)


SHAPES: dict[str, Callable[[Writer, Step], bool]] = {
    "permute": _permute, "reshape": _reshape, "broadcast_to": _broadcast_to, "getitem": _getitem,
}  # fmt: skip
