"""A program as straight-line Python: one line a step, under the names that its text has."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..autograd.op import Op
from ..program.program import Program, Value
from ..program.text import kind, names


class Emitted:
    """The text of a function ``run``, and what its names stand for."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.names = names(program)
        self.objects: dict[str, Any] = {"asarray": np.asarray, "array": np.array}
        self.source = "\n".join(self._lines()) + "\n"

    def _lines(self) -> list[str]:
        program, name = self.program, self.names.__getitem__
        self.objects |= {name(constant): constant.array for constant in program.constants()}
        lines = [f"def run({', '.join(map(name, program.inputs))}):"]
        for value in program.inputs:
            if not value.shape:  # a setting may come as a number of Python
                lines.append(f"    {name(value)} = asarray({name(value)}, {self._object('dtype', value.dtype)})")
        for step in program.steps:
            given = {**step.op.params, **step.params}.values()
            call = f"{self._op(step.op)}({', '.join(map(self.spelled, (*step.operands, *given)))})"
            gives = [name(value) if value else "_" for value in (step.result, *step.beside)]
            unread = len(step.op.residuals) - len(step.beside)
            text = f"map(asarray, {call})" if step.op.residuals else f"asarray({call})"
            lines.append(f"    {', '.join(gives + ['_'] * unread)} = {text}  # {kind(step.result)}")
        results = [self.spelled(item) for item in program.outputs]
        results = [f"array({text})" if isinstance(item, Value) else text
                   for text, item in zip(results, program.outputs, strict=True)]  # fmt: skip
        lines.append(f"    results = ({''.join(f'{text}, ' for text in results)})")
        read_later = [value for value in program.writes.values() if value in program.writes]
        lines += [f"    {name(value)} = array({name(value)})" for value in read_later]
        lines += [f"    {name(place)}[...] = {name(value)}" for place, value in program.writes.items()]
        return [*lines, "    return results"]

    def _op(self, op: Op) -> str:
        self.objects[f"op_{op.name}"] = op.forward
        return f"op_{op.name}"

    def _object(self, name: str, value: Any) -> str:
        """A name for something that no literal spells."""
        number = 0
        while (spelled := f"{name}_{number}") in self.objects and self.objects[spelled] is not value:
            number += 1
        self.objects[spelled] = value
        return spelled

    def spelled(self, item: Any) -> str:
        """A nest of values and parameters as Python."""
        if isinstance(item, Value):
            return self.names[item]
        if type(item) in (tuple, list):
            parts = ", ".join(map(self.spelled, item))
            return f"[{parts}]" if isinstance(item, list) else f"({parts},)" if item else "()"
        if type(item) is dict:
            return "{" + ", ".join(f"{key!r}: {self.spelled(part)}" for key, part in item.items()) + "}"
        if isinstance(item, slice):
            return f"slice({', '.join(map(self.spelled, (item.start, item.stop, item.step)))})"
        if item is Ellipsis:
            return "..."
        if item is None or type(item) in (bool, int, str) or (type(item) is float and math.isfinite(item)):
            return repr(item)
        return self._object("fixed", item)
