"""Elements whose places integers name, and where the largest of each window stands."""

from __future__ import annotations

from collections.abc import Callable

from ..program.program import Constant, Step
from .c_memory import Memory
from .kernels import Indexed, Largest
from .strided import Place


def _fresh(memory: Memory, step: Step, like: Place | None) -> Place:
    """Memory for the result: the rows of a batch lie side by side where they do in ``like``."""
    shape = step.result.shape
    lane = None if like is None or like.lane == len(like.shape) - 1 else like.lane
    order = tuple(range(len(shape)))
    return memory.allot(memory.names[step.result], step.result.dtype, shape, order, lane)


def _take_rows(memory: Memory, step: Step) -> Place:
    """``y[i.., w..] = weight[index[i..], w..]``."""
    weight, index = (memory.place(item) for item in step.operands)
    y, lead = _fresh(memory, step, None), len(index.shape)
    memory.kernels.append(Indexed(step, y, weight, (index, *range(lead, len(y.shape))), "read"))
    return y


def _add_rows(memory: Memory, step: Step) -> Place:
    """``y[index[i..], w..] += x[i.., w..]``, from zeros, one after another."""
    x, index = (memory.place(item) for item in step.operands)
    y, lead = _fresh(memory, step, None), len(index.shape)
    memory.copy(0, y)
    memory.kernels.append(Indexed(step, x, y, (index, *range(lead, len(x.shape))), "add"))
    return y


def _picked(memory: Memory, step: Step) -> Place:
    """``y[.., i] = x[.., index[.., i]]``."""
    x, index = (memory.place(item) for item in step.operands)
    y = _fresh(memory, step, x)
    memory.kernels.append(Indexed(step, y, x, (*range(len(x.shape) - 1), index), "read"))
    return y


def _put(memory: Memory, step: Step) -> Place:
    """``y[.., index[.., i]]`` is added to, or written, from zeros."""
    x, index = (memory.place(item) for item in step.operands)
    y = _fresh(memory, step, x)
    memory.copy(0, y)
    how = "add" if step.op.name == "put" else "write"
    memory.kernels.append(Indexed(step, x, y, (*range(len(x.shape) - 1), index), how))
    return y


def _window_argmax(memory: Memory, step: Step) -> Place:
    x = memory.place(step.operands[0])
    x = x if x.lane is not None else memory.along(x, 0)
    tables = []
    for table, (low, _) in zip(step.params["tables"], step.params["padding"], strict=True):
        assert isinstance(table, Constant)
        tables.append((table.array - low).tolist())
    y = _fresh(memory, step, x)
    memory.kernels.append(Largest(step, x, y, tables))
    return y


INDEXED: dict[str, Callable[[Memory, Step], Place]] = {
    "take_rows": _take_rows, "add_rows": _add_rows, "picked": _picked, "put": _put, "unpooled": _put,
    "window_argmax": _window_argmax,
}  # fmt: skip
