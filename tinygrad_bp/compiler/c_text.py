"""The lines of a C file, and how places are spelled in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from .c_expressions import number
from .c_vectors import Vector
from .kernels import Indexed, Largest, Loops, Product, Reduction
from .layout import Plan
from .processor import Registers
from .strided import Buffer, Place

INDICES = "abcdefgh"


class Text:
    """The lines of a C file, and how places are spelled in it."""

    def __init__(self, plan: Plan, registers: Registers) -> None:
        self.plan = plan
        self._registers = registers
        self.lines: list[str] = []
        self.depth = 1
        self.kept = kept_in(plan)
        self._literals = {buffer: array for buffer, array in plan.constants if array.size == 1}

    def vector(self, place: Place) -> Vector:
        """What a register holds of the numbers that lie there."""
        return Vector.of(self._registers, place.buffer.dtype)

    def line(self, text: str) -> None:
        """One line, as deep as the loops are."""
        self.lines.append("    " * self.depth + text if text else "")

    def begin(self, text: str) -> None:
        """A line that opens a block."""
        self.line(f"{text} {{" if text else "{")
        self.depth += 1

    def end(self, count: int = 1) -> None:
        """Close blocks."""
        for _ in range(count):
            self.depth -= 1
            self.line("}")

    def stored(self, place: Place) -> bool:
        """Whether a value lies in memory; if not, it lives in its loop alone."""
        return place.buffer in self.kept

    def at(self, place: Place, indices: Sequence[str], more: str = "") -> str:
        """The element ``place[indices]``."""
        literal = self._literals.get(place.buffer)
        if literal is not None:
            return number(literal.item(), literal.dtype)
        return f"{place.buffer.name}[{offset(place, indices, more)}]"


def offset(place: Place, indices: Sequence[str], more: str = "") -> str:
    """The number of an element in its buffer, as C."""
    parts = []
    for index, stride in zip(indices, place.strides, strict=False):
        if stride and index != "0":
            parts.append(index if stride == 1 else f"{index} * {stride}")
    if place.offset:
        parts.append(str(place.offset))
    if more:
        parts.append(more)
    return " + ".join(parts) or "0"


def kept_in(plan: Plan) -> set[Buffer]:
    """The buffers that are read by another kernel than the one that writes them, or lie outside."""
    writer = {place.buffer: kernel for kernel in plan.kernels for place in kernel.writes()}
    written = Counter(place.buffer for kernel in plan.kernels for place in kernel.writes())
    kept = {buffer for buffer in writer if buffer.outside or written[buffer] > 1}  # more than one: parts of an array
    for kernel in plan.kernels:
        kept |= {place.buffer for place in kernel.reads() if writer.get(place.buffer) is not kernel}
        if not isinstance(kernel, Loops):
            kept |= {place.buffer for place in kernel.writes()}
    return kept


def described(kernel: Loops | Reduction | Product | Indexed | Largest) -> str:
    """What a kernel does, for the comment above it."""
    if isinstance(kernel, Product) and kernel.relu is not None:
        return f"{kernel.c.buffer.name} = {kernel.step.op.name}, {kernel.relu.buffer.name} = relu"
    if not isinstance(kernel, Loops):
        return ", ".join(f"{place.buffer.name} = {kernel.step.op.name}" for place in kernel.writes())
    each = [
        (member.result.buffer.name if member.result.buffer.outside else member.name, member.step)
        for member in kernel.members
    ]
    return ", ".join(f"{name} = {step.op.name if step else 'a copy'}" for name, step in each)
