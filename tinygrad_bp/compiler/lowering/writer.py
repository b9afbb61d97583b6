"""What lowers a step writes its lines with."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...program.program import Constant, Program, Step, Value, values_in
from ...program.text import free, names
from ..lines import Line, Lines, Slot, is_meant

FLOATS = (np.dtype(np.float32), np.dtype(np.float64))


class Writer:
    """Writes the lines of one program; a line that stands there already is not written again."""

    def __init__(self, program: Program, exact: bool) -> None:
        self.exact = exact
        self.names = names(program, is_meant)
        self.found = Lines(program)
        self._taken = {*self.names.values()}
        self._made: dict[tuple[str, tuple[Slot, ...]], Slot] = {}
        self._numbers: dict[Any, Slot] = {}
        for value in (*program.inputs, *program.constants()):
            self.found.slots[value] = Slot(self.names[value], value.shape, value.dtype)

    # ------------------------------------------------------------------ operands

    def slot(self, item: Any, dtype: Any = None) -> Any:
        """The slot of a value; of a number that meets floats of ``dtype`` a constant, which NumPy takes faster."""
        if isinstance(item, Value):
            return self.found.slots[item]
        if dtype is not None and dtype.kind in "f" and isinstance(item, (bool, int, float)):
            return self.constant(np.array(item, dtype), f"number_{len(self._numbers)}")
        return item

    def constant(self, array: Any, name: str) -> Slot:
        """The slot of an array that stays as it is."""
        key = array.dtype, array.shape, array.tobytes()
        if key not in self._numbers:
            constant = Constant(array.shape, array.dtype, array=array)
            slot = self._numbers[key] = Slot(free(name, self._taken), array.shape, array.dtype)
            self.found.slots[constant] = slot
        return self._numbers[key]

    # ------------------------------------------------------------------ lines

    def write(
        self,
        text: str,
        *operands: Any,
        gives: Value | str = "",
        shape: tuple[int, ...] | None = None,
        dtype: Any = None,
        into: str = "",
        over: bool = False,
        view: bool = False,
        own: bool = False,
        note: str = "",
    ) -> Slot:
        """A line with one result: that of a value of the program, or one made on the way, with a name like ``gives``.

        It has the shape and dtype of the first operand, unless they are given. With ``own`` it is nobody else's.
        """
        reads = tuple([item for item in operands if isinstance(item, Slot)])
        places = [f"{{{reads.index(item)}}}" if isinstance(item, Slot) else repr(item) for item in operands]
        text, into = text.format(*places, out="{out}"), into.format(*places, out="{out}")
        known = None if own else self._made.get((text, reads))
        if known is None:
            if isinstance(gives, Value):
                known = Slot(self.names[gives], gives.shape, gives.dtype)
            else:
                first = reads[0]
                known = Slot(free(gives, self._taken), first.shape if shape is None else shape, dtype or first.dtype)
            if not own:
                self._made[text, reads] = known
            self.found.lines.append(Line(text, reads, (known,), into, over, view, note=note))
        if isinstance(gives, Value):
            self.found.slots[gives] = known
        return known

    def ufunc(self, name: str, *operands: Any, gives: Value | str, own: bool = False) -> Slot:
        """A call of a ufunc: shapes broadcast, and the result has the dtype of the first operand or of its value."""
        count = ", ".join(f"{{{i}}}" for i in range(len(operands)))
        out = "out={out}" if name in ("maximum", "minimum") else "{out}"  # a third argument is deprecated there
        slots = [item for item in operands if isinstance(item, Slot)]
        shape = np.broadcast_shapes(*[slot.shape for slot in slots])
        return self.write(f"{name}({count})", *operands, gives=gives, shape=shape,
                          into=f"{name}({count}, {out})", over=True, own=own)  # fmt: skip

    def check(self, text: str, *reads: Slot) -> None:
        """A statement that raises, or warns, as the op would."""
        self.found.lines.append(Line(text, reads, checks=True))

    def move(self, text: str, *reads: Slot, note: str = "") -> None:
        """A statement that changes the first of what it reads in place."""
        self.found.lines.append(Line(text, reads, moves=True, note=note))

    def call(self, step: Step) -> None:
        """The op itself, called on arrays."""
        op = step.op
        self.found.objects[f"op_{op.name}"] = op.forward
        reads: list[Slot] = []
        given = [self._spelled(item, reads) for item in (*step.operands, *{**op.params, **step.params}.values())]
        gives = [Slot(self.names[value], value.shape, value.dtype) for value in step.gives()]
        self.found.slots |= dict(zip(step.gives(), gives, strict=True))
        text = f"op_{op.name}({', '.join(given)})"
        if op.residuals and len(gives) == 1:
            text += "[0]"
        elif op.residuals:
            wanted = [i for i, value in enumerate((step.result, *step.beside)) if value is not None]
            self.found.objects["chosen"] = chosen
            text = f"chosen({text}, {tuple(wanted)})"
        text = text if len(gives) > 1 else f"asarray({text})"
        self.found.lines.append(Line(text, tuple(reads), tuple(gives), whole=True))

    def _spelled(self, item: Any, reads: list[Slot]) -> str:
        """A nest of values and parameters as Python."""
        if isinstance(item, Value):
            slot = self.found.slots[item]
            if slot not in reads:
                reads.append(slot)
            place = f"{{{reads.index(slot)}}}"
            return place if slot.shape else f"asarray({place})"
        if type(item) in (tuple, list):
            parts = ", ".join([self._spelled(part, reads) for part in item])
            return f"[{parts}]" if isinstance(item, list) else f"({parts},)" if item else "()"
        if isinstance(item, slice):
            return f"slice({', '.join([self._spelled(part, reads) for part in (item.start, item.stop, item.step)])})"
        if item is None or type(item) in (bool, int) or (type(item) is float and math.isfinite(item)):
            return repr(item)
        if type(item) is str and item.isidentifier():
            return repr(item)
        return self.object(item)

    def object(self, item: Any) -> str:
        """A name for something that no literal spells."""
        if any(True for _ in values_in(item)):
            raise TypeError(f"a program holds values inside a {type(item).__name__}")
        name = next((name for name, known in self.found.objects.items() if known is item), None)
        if name is None:
            name = free(type(item).__name__.lower() + "_1", self._taken)
            self.found.objects[name] = item
        return name


def chosen(found: tuple[Any, ...], places: tuple[int, ...]) -> list[Any]:
    """What an op gives, the parts that something reads."""
    return [np.asarray(found[place]) for place in places]
