"""A program as text: one numbered line a step. Equal programs have equal texts."""

from __future__ import annotations

import keyword
import re
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

import numpy as np

from .program import Program, Value, replaced


class _Name:
    """Stands for a value where a nest of operands is printed."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return self.name


def names(program: Program, is_meant: Callable[[str], bool] = lambda name: False) -> dict[Value, str]:
    """A name of its own for every value, which Python and C accept: the user's, ``c0`` a constant, ``t0`` step 0.

    Before one that means something else already, as ``is_meant`` says, stands ``x_``.
    """
    found: dict[Value, str] = {}
    taken: set[str] = set()

    def spelled(name: str) -> str:
        word = identifier(name)
        return free(f"x_{word}" if is_meant(word) else word, taken)

    given = [value for step in program.steps for value in step.gives()]
    for value in (*program.inputs, *given):
        if value.name:  # the user's names come first
            found[value] = spelled(value.name)
    for i, value in enumerate(program.inputs):
        if value not in found:
            found[value] = free(f"x{i}", taken)
    for i, constant in enumerate(program.constants()):
        found[constant] = spelled(constant.name or f"c{i}")
    for i, step in enumerate(program.steps):
        if step.result not in found:
            found[step.result] = free(f"t{i}", taken)
        for residual, part in zip(step.op.residuals, step.beside):
            if part is not None and part not in found:
                found[part] = free(f"{found[step.result]}_{residual}", taken)
    return found


def identifier(name: str) -> str:
    """A name as Python and C spell one: ``0.weight`` is ``weight_0``."""
    words = [word for word in re.split(r"\W+", name) if word]
    while words and words[0][0].isdigit():
        words = [*words[1:], words[0]] if not all(word[0].isdigit() for word in words) else ["x", *words]
    spelled = "_".join(words) or "x"
    return f"{spelled}_" if keyword.iskeyword(spelled) else spelled


def free(name: str, taken: set[str]) -> str:
    """The name, or with a number behind it the first that is not in ``taken``, which it joins."""
    spelled, number = name, 1
    while spelled in taken:
        number += 1
        spelled = f"{name}_{number}"
    taken.add(spelled)
    return spelled


def kind(value: Value) -> str:
    """``float32 (2, 3)``."""
    return f"{_spelled(value.dtype)} {value.shape}"


_spelled = cache(str)  # NumPy takes longer over a dtype's name than over all the rest of a line


def _small(array: Any) -> str:
    text = np.array2string(array, separator=", ", threshold=8, max_line_width=1_000_000)
    return re.sub(r"\s+", " ", text)


def text(program: Program) -> str:
    """The program, one line for each input, constant, step and output.

    >>> import tinygrad_bp as tg
    >>> print(text(tg.program(lambda x: x.exp(), tg.ones(2))))
    x            float32 (2,)
    t0 = exp(x)  float32 (2,)
    return t0
    """
    known = names(program)

    def shown(item: Any) -> str:
        return repr(replaced(item, lambda value: _Name(known[value])))

    lines: list[tuple[str, str]] = []
    lines += [(f"{known[value]}", kind(value)) for value in program.inputs]
    lines += [(f"{known[value]} = {_small(value.array)}", kind(value)) for value in program.constants()]
    for step in program.steps:
        operands = [shown(item) for item in step.operands]
        params = [f"{name}={shown(item)}" for name, item in step.params.items() if item is not step.op.params[name]]
        gives = ", ".join(known[value] for value in step.gives())
        lines.append((f"{gives} = {step.op.name}({', '.join(operands + params)})", kind(step.result)))
    ends = [f"return {', '.join(shown(item) for item in program.outputs)}"] if program.outputs else []
    ends += [f"{known[place]} ← {shown(value)}" for place, value in program.writes.items()]
    return "\n".join([*_columns(lines), *ends])


def _columns(lines: Iterable[tuple[str, str]]) -> list[str]:
    lines = list(lines)
    width = min(max((len(left) for left, _ in lines), default=0), 56)
    return [f"{left:<{width}}  {right}" for left, right in lines]
