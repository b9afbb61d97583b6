"""A plan as one C file that can be read: a loop for each kernel, under the names that the program's text has."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from ..program.program import Program
from . import c_mathematics, c_vectors
from .c_expressions import FLOATS, TYPES, expression, number
from .c_file import BLAS, FILE, PART
from .c_lowering import Lowering
from .c_names import c_name
from .c_steps import SMALL
from .c_text import INDICES, Text, described, offset
from .c_vectors import LANES, Vector, filled, row_length
from .emit_few_rows import has_few_rows
from .emit_indexed import emit_indexed, emit_largest
from .emit_product import emit_product
from .kernels import Check, Indexed, Kernel, Largest, Loops, Member, Product, Reduction
from .layout import Plan
from .processor import registers
from .rectified import rectified
from .strided import Buffer, Place

TOGETHER = 40  # loops in one function: compilers take long for long ones


class Emitted:
    """The C text of a program, and which pointers it takes: inputs, outputs, large constants, in this order."""

    def __init__(self, program: Program, lowered: Lowering, orders: Sequence[str]) -> None:
        self.orders = tuple(orders)
        small, known, labels = lowered
        taken: set[str] = set()
        known = {value: c_name(name, taken) for value, name in known.items()}
        plan = self.plan = Plan(small, labels, known, orders)
        plan.kernels = rectified(plan.kernels)
        self.large = [(buffer, array) for buffer, array in plan.constants if array.size > SMALL]
        self.size = sum(buffer.size for buffer in (*plan.inputs, *plan.outputs, *plan.arena))
        self.uses_blas = any(isinstance(k, Product) and k.large and not has_few_rows(k) for k in plan.kernels)
        self.source = self._source(program)

    def _source(self, program: Program) -> str:
        text = Text(self.plan, registers())
        pointers = [*self.plan.inputs, *self.plan.outputs, *[buffer for buffer, _ in self.large]]
        written = {place.buffer.name for kernel in self.plan.kernels for place in kernel.writes()}
        functions, calls = [], []
        for start in range(0, len(self.plan.kernels), TOGETHER):
            part = self.plan.kernels[start : start + TOGETHER]
            text.lines = []
            for kernel in part:
                emit_kernel(text, kernel)
            used = {place.buffer.name for kernel in part for place in (*kernel.reads(), *kernel.writes())}
            head = []
            for i, buffer in enumerate(pointers):
                if buffer.name in used:
                    const = "" if buffer.name in written else "const "
                    head.append(f"    {const}{TYPES[buffer.dtype]} *restrict {buffer.name} = at[{i}];")
            name = f"part_{start // TOGETHER}"
            functions.append(PART.format(name=name, body="\n".join([*head, "", *text.lines])))
            calls.append(f"    if ({name}(at)) return 1;\n")
        floats = sorted({b.dtype for b in (*pointers, *self.plan.arena)} & FLOATS)
        kinds = [Vector.of(registers(), dtype) for dtype in floats]
        mathematics = "".join(c_vectors.vectors(kind) + c_mathematics.functions(kind.real) for kind in kinds)
        return FILE.format(
            listing="\n".join(f"   {line}".replace("*/", "* /") for line in str(program).splitlines()),
            functions=c_vectors.SHUFFLE * bool(kinds) + mathematics, memory="\n".join(self._memory(text)),
            parts="\n".join(functions), calls="".join(calls), count=max(len(pointers), 1),
            blas=BLAS if self.uses_blas else "",
        )  # fmt: skip

    def _memory(self, text: Text) -> Iterable[str]:
        for buffer in self.plan.arena:
            if buffer in text.kept:
                note = f" /* {buffer.note} */" if buffer.note else ""
                yield f"static {TYPES[buffer.dtype]} {buffer.name}[{buffer.size}] ALIGNED;{note}"
        for buffer, array in self.plan.constants:
            if 1 != array.size <= SMALL:
                numbers = ", ".join(number(item, array.dtype) for item in array.ravel().tolist())
                yield f"static const {TYPES[buffer.dtype]} {buffer.name}[] = {{{numbers or '0'}}};"


# ---------------------------------------------------------------------- kernels


def emit_kernel(text: Text, kernel: Kernel) -> None:
    """The lines of one kernel."""
    if isinstance(kernel, Loops):
        _loops(text, kernel)
    elif isinstance(kernel, Reduction):
        _reduction(text, kernel)
    elif isinstance(kernel, Product):
        emit_product(text, kernel)
    elif isinstance(kernel, Indexed):
        emit_indexed(text, kernel)
    elif isinstance(kernel, Largest):
        emit_largest(text, kernel)
    else:
        _check(text, kernel)


def _check(text: Text, check: Check) -> None:
    places = check.place
    text.line(f"/* labels: 0 to {check.count - 1} */")
    inner = [INDICES[i] for i in range(len(places.shape))]
    for index, size in zip(inner, places.shape, strict=True):
        text.begin(f"for (int {index} = 0; {index} < {size}; {index}++)")
    label = text.at(places, inner)
    text.line(f"if ({label} < 0 || {label} >= {check.count}) return 1;")
    text.end(len(inner))


def _loops(text: Text, loops: Loops) -> None:
    sizes = list(loops.sizes)
    places = [place for place in (*loops.reads(), *loops.writes())]
    text.line(f"/* {described(loops)} */")
    if 0 in sizes:
        return
    if _turned(loops):
        _turn(text, loops.members[0], sizes)
        return
    if loops.laned:
        sizes[-1] = row_length(sizes[-1])
    groups = _joined(sizes, places)
    if loops.laned and groups and len(groups[-1]) == 1:
        sizes[-1] = filled(loops.sizes[-1])
    indices = ["0"] * len(sizes)
    for number_, group in enumerate(groups):
        index = "i" if number_ == len(groups) - 1 else INDICES[number_]
        indices[group[-1]] = index
        count = math.prod(sizes[axis] for axis in group)
        text.begin(f"for (int {index} = 0; {index} < {count}; {index}++)")
    if not groups:
        text.begin("")
    local: dict[Buffer, str] = {}
    for member in loops.members:
        values = [
            (local.get(item.buffer) or text.at(item, indices)) if isinstance(item, Place)
            else number(item, _kind(member))
            for item in member.operands
        ]  # fmt: skip
        pattern = "{0}" if member.step is None else expression(member.step)
        assert pattern is not None
        value = pattern.format(*values)
        if text.stored(member.result):
            text.line(f"{text.at(member.result, indices)} = {value};")
        else:
            local[member.result.buffer] = member.result.buffer.name
            kind = TYPES[member.result.buffer.dtype]
            text.line(f"{'int' if kind == 'uint8_t' else kind} {member.result.buffer.name} = {value};")
    text.end(max(len(groups), 1))


def _turned(loops: Loops) -> bool:
    """Whether a copy exchanges the two innermost axes of a matrix of floats that has room for a tile."""
    member = loops.members[0]
    if member.step is not None or len(loops.sizes) < 2 or min(loops.sizes[-2:]) < LANES:
        return False
    source, to = member.operands[0], member.result
    if not isinstance(source, Place):
        return False
    axes = len(loops.sizes)
    steps = source.strides[axes - 2], to.strides[axes - 1]
    return steps == (1, 1) and to.buffer.dtype in FLOATS and source.buffer.dtype == to.buffer.dtype


def _turn(text: Text, member: Member, sizes: Sequence[int]) -> None:
    """A copy by square tiles, as wide as a vector, and what is left of the edges one by one."""
    source, to, outer = member.operands[0], member.result, len(sizes) - 2
    v = text.vector(to)
    indices = [INDICES[i] for i in range(outer)]
    for index, size in zip(indices, sizes[:-2], strict=True):
        text.begin(f"for (int {index} = 0; {index} < {size}; {index}++)")
    j, i = sizes[-2:]
    tall, wide = j // v.size * v.size, i // v.size * v.size
    start, end = ([*indices, "j", "i"],) * 2
    text.line(f"for (int i = 0; i < {wide}; i += {v.size})")
    text.line(f"    for (int j = 0; j < {tall}; j += {v.size})")
    text.line(f"        turn{v.f}({to.buffer.name} + {offset(to, start)}, {to.strides[outer]}, "
              f"{source.buffer.name} + {offset(source, end)}, {source.strides[outer + 1]});")  # fmt: skip
    for j0, j1, i0, i1 in ((tall, j, 0, i), (0, tall, wide, i)):
        if j0 < j1 and i0 < i1:
            text.line(f"for (int j = {j0}; j < {j1}; j++)")
            text.line(f"    for (int i = {i0}; i < {i1}; i++) {text.at(to, start)} = {text.at(source, end)};")
    text.end(outer)


def _kind(member: Any) -> np.dtype[Any]:
    """The dtype in which a number of Python is meant."""
    if member.step is None:
        return member.result.buffer.dtype  # type: ignore[no-any-return]
    for item in member.operands[1 if member.step.op.name == "where" else 0 :]:
        if isinstance(item, Place):
            return item.buffer.dtype
    return member.result.buffer.dtype  # type: ignore[no-any-return]


def _joined(sizes: Sequence[int], places: Sequence[Place]) -> list[list[int]]:
    """Axes that one loop can run over: from the end of one step to the next all places go on without a gap."""
    groups: list[list[int]] = []
    for axis in range(len(sizes)):
        if groups and all(place.strides[axis - 1] == place.strides[axis] * sizes[axis] for place in places):
            groups[-1].append(axis)
        else:
            groups.append([axis])
    return groups


_START = {"sum": "0", "prod": "1", "amax": "-INFINITY", "amin": "INFINITY"}
_STEP = {"sum": "{0} + {1}", "prod": "{0} * {1}", "amax": "larger{f}({1}, {0})", "amin": "smaller{f}({1}, {0})"}


def _reduction(text: Text, reduction: Reduction) -> None:
    x, y, over = reduction.operand, reduction.result, reduction.over
    name, kind = reduction.step.op.name, TYPES[y.buffer.dtype]
    f = "f" if kind == "float" else ""
    pattern = _STEP[name].replace("{f}", f)
    outer = len(x.shape) - over
    text.line(f"/* {described(reduction)} */")
    if math.prod(y.shape) == 0:
        return
    side_by_side = outer > 0 and x.strides[outer - 1] == 1 and y.strides[-1] == 1 and y.shape[-1] > 1
    across = [INDICES[i] for i in range(outer)]
    inner = [f"r{i}" for i in range(over)]

    def loops(indices: Sequence[str], sizes: Sequence[int]) -> None:
        for index, size in zip(indices, sizes, strict=True):
            text.begin(f"for (int {index} = 0; {index} < {size}; {index}++)")

    if side_by_side:
        count = filled(y.shape[-1]) if y.lane is not None else y.shape[-1]
        loops(across[:-1], y.shape[:-1])
        result = text.at(y, [*across[:-1], "i"])
        text.line(f"for (int i = 0; i < {count}; i++) {result} = {_START[name]};")
        loops(inner, x.shape[outer:])
        value = pattern.format(result, text.at(x, [*across[:-1], "i", *inner]))
        text.line(f"for (int i = 0; i < {count}; i++) {result} = {value};")
        text.end(over + outer - 1)
        return
    loops(across, y.shape)
    if not outer:
        text.begin("")
    count = x.shape[-1] if over else 1
    if (
        name == "sum"
        and over
        and x.strides[-1] == 1
        and count >= 1
        and (x.lane == len(x.shape) - 1 or count >= 2 * LANES)
    ):
        whole, v = count // LANES * LANES, text.vector(x)
        text.line(f"vector{f} {', '.join(v.each('s{p} = {{0}}'))};")
        loops(inner[:-1], x.shape[outer:-1])
        start = f"{x.buffer.name} + {offset(x, [*across, *inner[:-1]])}"
        if whole:
            summed = v.each(f"s{{p}} += *(const vector{f} *)({start} + i{{on}})")
            text.line(f"for (int i = 0; i < {whole}; i += {LANES}) {', '.join(summed)};")
        rest = count - whole
        if rest and x.lane is not None:
            for at, part in enumerate(v.each(f"*(const vector{f} *)({start} + {whole}{{on}})")):
                text.line(f"s{at} += first{f}({part}, {rest - at * v.size});")
        elif rest:
            text.line(f"{kind} rest[{LANES}] ALIGNED = {{0}};")
            text.line(f"for (int i = 0; i < {rest}; i++) rest[i] = ({start} + {whole})[i];")
            text.line(f"{', '.join(v.each(f's{{p}} += *(const vector{f} *)(rest{{on}})'))};")
        text.end(over - 1)
        text.line(f"{text.at(y, across)} = {v.total(v.each('s{p}'))};")
    else:
        text.line(f"{kind} s = {_START[name]};")
        loops(inner, x.shape[outer:])
        text.line(f"s = {pattern.format('s', text.at(x, [*across, *inner]))};")
        text.end(over)
        text.line(f"{text.at(y, across)} = s;")
    text.end(max(outer, 1))
