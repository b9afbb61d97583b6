"""The values of a program that one value may be taken for, by their shapes: in a loop those of every turn."""

from __future__ import annotations

from bisect import bisect
from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from .program import Constant, Operand, Program, Step

MOST = 40  # columns of one shape that are tried


@dataclass(eq=False)
class Column:
    """What one place of the program gave in every turn, oldest first."""

    operands: list[Operand]
    name: str
    seeded: bool  # made of the gradient arriving

    def __len__(self) -> int:
        return len(self.operands)


class Columns:
    """All columns of a program."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._words: dict[int, str] = {}
        found: dict[Hashable, list[int]] = {}
        for i, step in enumerate(program.steps):
            if step.name in ("made", "setitem") and i not in program.live:
                continue
            key: Hashable = i if step.site is None else (step.site.code, step.site.instruction, step.name)
            found.setdefault(key, []).append(i)
        columns = [part for column in found.values() for part in self._by_name(column)]
        self.of: dict[int, list[int]] = {i: column for column in columns for i in column}
        self.all: list[Column] = [self._column(column) for column in columns] + self._constants()

    def _by_name(self, column: list[int]) -> list[list[int]]:
        """The steps of one place, those of each variable apart: ``z, r = (f(W) for W in both)``."""
        names = dict.fromkeys(self.program.names.get(i, "") for i in column)
        if len(names) == 1 or "" in names or len(column) % len(names):
            return [column]
        return [[i for i in column if self.program.names[i] == name] for name in names]

    def _column(self, indices: list[int]) -> Column:
        program = self.program
        name = next((program.names[i] for i in indices if i in program.names), "")
        return Column(list(indices), name, indices[0] in program.seeded)

    def _constants(self) -> list[Column]:
        found: dict[bytes, Column] = {}
        for step in self.program.steps:
            for o in step.operands:
                if isinstance(o, Constant) and isinstance(o.value, np.ndarray) and o.value.size > 1:
                    key = o.value.tobytes() + str((o.value.shape, o.value.dtype)).encode()
                    if key not in found or (o.name and not found[key].name):
                        found[key] = Column([o], o.name, False)
        given = [Column([i], name, False) for i, name in self.program.leaves.items()]
        return [*found.values(), *self._counts([*found.values(), *given])]

    def _counts(self, data: list[Column]) -> Iterator[Column]:
        """How often each number occurs in an array of indices."""
        for column in data:
            value = np.asarray(self.program.value(column.operands[0]))
            if value.dtype.kind == "i" and value.ndim == 1 and value.min() >= 0 and value.max() < 1000:
                sizes = {
                    len(step.value)
                    for step in self.program.steps
                    if np.ndim(step.value) and len(step.value) > value.max()
                }
                for size in sorted(sizes)[:4]:
                    counts = np.bincount(value, minlength=size).astype(float)
                    name = f"the number of times that each index occurs{f' in {column.name}' if column.name else ''}"
                    for shape in ((size,), (size, 1)):
                        yield Column([Constant(counts.reshape(shape), name)], name, False)

    def value(self, column: Column, at: int = 0) -> Any:
        """What a column gave in one turn."""
        return self.program.value(column.operands[at])

    @cached_property
    def by_shape(self) -> dict[Any, list[Column]]:
        """The columns of every shape, named ones and data first; of those with one value the first."""
        found: dict[Any, list[Column]] = {}
        seen: set[Hashable] = set()
        ordered = sorted(self.all, key=lambda c: (not c.name, c.seeded))
        for column in ordered:
            value = np.asarray(self.value(column))
            if value.dtype.kind not in "fiub" or value.dtype.kind == "O":
                continue
            key = (
                value.shape,
                len(column),
                np.asarray(self.value(column, -1), float).tobytes(),
                value.astype(float).tobytes(),
            )
            if key not in seen:
                seen.add(key)
                found.setdefault(value.shape, []).append(column)
        return {shape: some[:MOST] for shape, some in found.items()}

    @cached_property
    def numbers(self) -> dict[float, str]:
        """Numbers that the program has: sizes of its arrays, and what it adds, multiplies and compares with."""
        found: dict[float, str] = {}
        for step in self.program.steps:
            for o in step.operands:
                if isinstance(o, Constant) and np.size(o.value) == 1 and np.asarray(o.value).dtype.kind in "fiu":
                    found.setdefault(float(np.asarray(o.value).item()), "")
        for step in self.program.steps:
            for n in (*np.shape(step.value), np.size(step.value)):
                if n > 1:
                    found.setdefault(float(n), "")
        return dict(list(found.items())[:60])

    def aligned(self, group: list[int], column: Column) -> Iterator[tuple[str, list[Operand | None]]]:
        """A value of the column for every step of a group, and how they are chosen; None: that step has none."""
        n, k = len(column), len(group)
        if n == 1:
            yield "", [column.operands[0]] * k
            return
        if k == 1:
            for at in range(min(n, 6)):
                yield f"of turn {at + 1}", [column.operands[at]]
            return
        if 1 < n < k - 1 and k <= 60:
            yield from self._before(group, column)
        if n < k - 1 or n > k + 1 or n > 60:
            return
        for order in (column.operands, column.operands[::-1]):
            for by in (0, 1, -1):
                chosen = [order[j + by] if 0 <= j + by < n else None for j in range(k)]
                yield {0: "", 1: "of the turn after", -1: "of the turn before"}[by], chosen

    def _before(self, group: list[int], column: Column) -> Iterator[tuple[str, list[Operand | None]]]:
        """Of a loop around another one: the value of the turn in which each step is."""
        some = [o for o in column.operands if isinstance(o, int)]
        chosen: list[Operand | None] = [some[bisect(some, i) - 1] if some and some[0] < i else None for i in group]
        if None not in chosen and len(set(chosen)) == len(some) == len(column):
            yield "", chosen

    def word(self, operand: Operand) -> str:
        """What a value is called: by its variable, or by the part of the program that makes it."""
        if isinstance(operand, Constant):
            if np.size(operand.value) > 1:
                return operand.name or _shown(operand.value)
            return f"{float(np.asarray(operand.value).item()):.6g}"
        if operand not in self._words:
            self._words[operand] = self._word(operand)
        return self._words[operand]

    def _word(self, operand: int) -> str:
        program = self.program
        if operand in program.names:
            return program.names[operand]
        step: Step = program.steps[operand]
        named = next((program.names[i] for i in self.of.get(operand, ()) if i in program.names), "")
        if named:
            return named
        if step.site is not None and 0 < len(step.site.expression) <= 60:
            return f"`{step.site.expression}`"
        return f"the result of {step.name}" + (f" in line {step.site.line}" if step.site else "")

    def elsewhere(self, operand: Operand, other: Operand) -> tuple[str, str]:
        """What two values are called, told apart where they have one name."""
        one, two = self.word(operand), self.word(other)
        if one == two:
            return one + self._line(operand), two + self._line(other)
        return one, two

    def _line(self, operand: Operand) -> str:
        site = self.program.steps[operand].site if isinstance(operand, int) else None
        if site is None:
            return " as it was given" if isinstance(operand, int) else " of the forward"
        return f" of line {site.line}"


def _shown(array: Any) -> str:
    """Some elements."""
    text = np.array2string(np.asarray(array).ravel()[:6], separator=", ", precision=3)
    return text if np.size(array) <= 6 else f"{text[:-1]}, …]"
