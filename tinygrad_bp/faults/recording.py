"""The recorded step: every op that was called, what it gave, by whose line, and in which layer."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field
from typing import Any

from ..autograd.lines import Line, inside_package
from ..autograd.modes import Mode, Switch
from ..autograd.node import Node
from ..autograd.op import Op
from ..autograd.tensor import Tensor
from ..autograd.watch import Watcher, array_of, enter_every_op, witnessed
from ..nn.module import Module

HERE = os.path.dirname(__file__) + os.sep


@dataclass(eq=False)
class Step:
    """One call of an op.

    ``inputs`` are the steps that gave its operands, in the order of the operands; None for what no step gave.
    """

    op: str
    operands: tuple[Any, ...]  # tensors, arrays and numbers, as they were given
    params: dict[str, Any]
    value: Any  # the array that it gave
    node: Node | None  # None: nothing was recorded, no gradient flows
    source: str  # the user's line, "train.py:12"; the layer where no line of the user's called it
    module: Module | None  # the innermost module whose forward called it
    layer: str  # the path of that module in the model; empty for the model itself and for what is not in it
    inputs: tuple[Step | None, ...] = ()

    @property
    def arrays(self) -> tuple[Any, ...]:
        """The operands as arrays and numbers."""
        return tuple([array_of(operand) for operand in self.operands])

    def __repr__(self) -> str:
        return f"<{self.op} {self.value.shape} at {self.source or 'no line'}>"


@dataclass(eq=False)
class Recording(Watcher):
    """Writes down every op that is called."""

    paths: dict[int, str]  # id of a module -> its path in the model
    steps: list[Step] = field(default_factory=list)
    quiet = True

    def __post_init__(self) -> None:
        self._by_array: dict[int, Step] = {}  # the steps hold the arrays: no id is used twice
        self._by_node: dict[Node, Step] = {}

    def called(self, op: Op, operands: tuple[Any, ...], params: dict[str, Any], result: Any, began: int) -> None:
        """Write a step."""
        given = tuple([witnessed(item) for item in (operands[0] if op.variadic else operands)])
        source, module = _whence(self.paths)
        node = result._node if isinstance(result, Tensor) else None
        step = Step(
            op.name, given, params, array_of(result), node, source, module, self.paths.get(id(module), ""),
            tuple([self.step_of(item) for item in given]),
        )  # fmt: skip
        self.steps.append(step)
        self._by_array[id(step.value)] = step
        if node is not None:
            self._by_node[node] = step

    def step_of(self, item: object) -> Step | None:
        """The step that gave a tensor or an array; None where none did."""
        if isinstance(item, Tensor):
            by_node = self._by_node.get(item._node) if item._node is not None else None
            return by_node or self._by_array.get(id(item._value))
        return self._by_array.get(id(item))


class Recorded(Switch):
    """Inside, ``recording`` is told of every op, and nobody else."""

    def __init__(self, recording: Recording) -> None:
        self.recording = recording
        super().__init__()

    def _mode(self, before: Mode) -> Mode:
        inside = Mode(True, (self.recording,))
        enter_every_op()
        return inside


def _whence(paths: dict[int, str]) -> tuple[str, Module | None]:
    """The user's line that is running now, or the layer, and the module whose ``forward`` it is."""
    frame = sys._getframe(2)
    module: Module | None = None
    source = ""
    while frame is not None and not frame.f_code.co_filename.startswith(HERE):
        if module is None and frame.f_code.co_name == "forward":
            holder = frame.f_locals.get("self")
            module = holder if isinstance(holder, Module) else None
        if not source and not inside_package(frame.f_code.co_filename):
            source = short(Line(frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_name))
            if module is not None:
                break
        frame = frame.f_back  # type: ignore[assignment]
    if not source and module is not None:
        source = " ".join(filter(None, [paths.get(id(module), ""), type(module).__name__]))
    return source, module


def short(line: Line) -> str:
    """``train.py:12``."""
    return f"{os.path.basename(line.file)}:{line.number}"
