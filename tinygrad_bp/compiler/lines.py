"""Lines: single calls of NumPy, as text. A program is lowered to lines, and the plan gives their results memory.

Every line has a fresh form, an expression that makes its own result; most have another that writes into memory given.
The fresh forms alone, one after another, are the program: the plan changes where results lie, never what they are.
"""

from __future__ import annotations

import builtins
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..program.program import Constant, Program, Value

# Names of NumPy's in the texts of lines, besides those of its namespace.
NAMES = {"add_reduce": "np.add.reduce", "maximum_reduce": "np.maximum.reduce"}
# And names that stand for other things there, or for what begins with them.
_WORDS = {*vars(np), *NAMES, *vars(builtins), "chosen", "subtract_product", "look", "run", "results"}
_BEGINNINGS = ("op_", "same_", "before_", "given_")


def is_meant(name: str) -> bool:
    """Whether a name means something in the texts already, so that no value may be called so."""
    return name in _WORDS or name.startswith(_BEGINNINGS)


@dataclass(eq=False, slots=True)
class Slot:
    """An array of the lines: an input, a constant, or what one line gives."""

    name: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]


@dataclass(eq=False, slots=True)
class Line:
    """One call. In its texts ``{0}``, ``{1}`` stand for what it reads, ``{out}`` for the memory of its result."""

    text: str  # an expression; where it gives nothing, a statement
    reads: tuple[Slot, ...]
    gives: tuple[Slot, ...] = ()
    into: str = ""  # a statement that writes the result
    over: bool = False  # whether the result may take the memory of what it reads, element by element
    view: bool = False  # the result is another look at what it reads
    whole: bool = False  # an op called as it is: what it gives may lie in what it reads, in one run and not in another
    checks: bool = False  # it only looks whether an op would refuse its operands
    moves: bool = False  # it changes the first of what it reads in place
    note: str = ""

    def spelled(self, name: Callable[[Slot], str], out: str = "") -> str:
        """One of the texts: with ``out``, the one that writes there."""
        return (self.into if out else self.text).format(*map(name, self.reads), out=out)


@dataclass(eq=False, slots=True)
class Lines:
    """A program in lines."""

    program: Program
    lines: list[Line] = field(default_factory=list)
    slots: dict[Value, Slot] = field(default_factory=dict)
    objects: dict[str, Any] = field(default_factory=dict)  # what no literal spells: ops, arrays, dtypes

    def inputs(self) -> list[Slot]:
        """The slots of the inputs, in order."""
        return [self.slots[value] for value in self.program.inputs]

    def constants(self) -> list[tuple[Slot, Any]]:
        """The slots of constants, and their arrays."""
        return [(slot, value.array) for value, slot in self.slots.items() if isinstance(value, Constant)]

    def numpys(self) -> dict[str, str]:
        """The functions of NumPy that the texts call, and where it has them."""
        words = {word for line in self.lines for word in re.findall(r"(?<![\w.])[a-z]\w*(?=\()", line.text + line.into)}
        known = sorted(word for word in words - {*self.objects} if word in NAMES or word in vars(np))
        return {word: NAMES.get(word, f"np.{word}") for word in known}

    def space(self) -> dict[str, Any]:
        """What the names in the texts stand for."""
        found = {name: eval(text, {"np": np}) for name, text in self.numpys().items()}
        return found | self.objects | {slot.name: array for slot, array in self.constants()}
