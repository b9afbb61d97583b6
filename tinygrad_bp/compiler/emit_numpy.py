"""Lines as the text of a Python function, one under another, with the memory that the plan gives them."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..program.program import Value
from .lines import Line, Lines, Slot
from .plan import ALIGNED, Plan, Seen


class Emitted:
    """The source of a function ``run``, and what its names stand for."""

    def __init__(self, lines: Lines, plan: Plan, seen: Seen) -> None:
        self.lines, self.plan, self.seen = lines, plan, seen
        self._views = self._looks_at(set(plan.offsets))  # at memory that is kept: made once
        written = [lines.slots[place] for place in lines.program.writes]
        # Inputs that are written, such as parameters, are the same arrays run after run: looks at them are kept too.
        self._staying = [slot for slot in lines.inputs() if slot in written and slot.shape]
        self._kept = self._looks_at(set(self._staying))
        self.source = "\n".join(self._function()) + "\n"

    def _looks_at(self, there: set[Slot]) -> list[Line]:
        """The lines that give other looks at these slots, or at such looks."""
        found = []
        for line in self.lines.lines:
            if line.view and line.reads[0] in there and line.gives[0] in self.seen.bases:
                found.append(line)
                there.add(line.gives[0])
        return found

    def space(self) -> dict[str, Any]:
        """What the names in the source stand for: functions of NumPy, constants, and memory for results."""
        memory = np.empty(self.plan.arena + ALIGNED, np.uint8)
        start = -memory.ctypes.data % ALIGNED
        space = {**self.lines.space(), "array": np.array, "asarray": np.asarray}
        space |= {f"same_{slot.name}": None for slot in self._staying}
        outputs = self.lines.program.outputs
        space |= {f"given_{i}": item for i, item in enumerate(outputs) if not isinstance(item, Value)}
        for slot, offset in self.plan.offsets.items():
            layout = self.seen.layouts[slot]
            space[slot.name] = np.ndarray(layout.shape, layout.dtype, memory.data, start + offset, layout.strides)
        for line in self._views:
            space[line.gives[0].name] = eval(line.spelled(lambda slot: slot.name), space)
        return space

    def _function(self) -> list[str]:
        inputs = self.lines.inputs()
        given = [slot.name for slot in inputs] + ["*, look=look"] * bool(self._staying)
        run = [f"def run({', '.join(given)}):", *(f"    {text}" for text in self._body())]
        return [*self._look(), *run]

    def _look(self) -> list[str]:
        """The function ``look``: parameters that are other arrays than in the last run are looked at."""
        if not self._staying:
            return []
        names = [slot.name for slot in self._staying]
        held = [f"same_{name}" for name in names] + [line.gives[0].name for line in self._kept]
        return [
            f"def look({', '.join(names)}):",
            f"    global {', '.join(held)}",
            f"    if not ({self._laid(self._staying)}):",
            "        return False",
            *(f"    {line.gives[0].name} = {line.spelled(lambda slot: slot.name)}" for line in self._kept),
            *(f"    same_{name} = {name}" for name in names),
            "    return True",
            "",
        ]

    def _laid(self, slots: list[Slot]) -> str:
        return " and ".join([f"{slot.name}.strides == {self.seen.strides[slot]}" for slot in slots])

    def _body(self) -> list[str]:
        lines, program = self.lines, self.lines.program
        body = [f"{slot.name} = asarray({slot.name})" for slot in lines.inputs() if not slot.shape]
        others = [slot for slot in lines.inputs() if slot.shape and slot not in self._staying]
        if others:
            body += [f"if not ({self._laid(others)}):", "    return None  # this was made for other memory orders"]
        if self._staying:
            names = [slot.name for slot in self._staying]
            other = " or ".join([f"{name} is not same_{name}" for name in names])
            body += [f"if ({other}) and not look({', '.join(names)}):", "    return None"]
        body += [self._line(line) for line in lines.lines if line not in (*self._views, *self._kept)]
        results = [self._output(i, item) for i, item in enumerate(program.outputs)]
        body.append(f"results = ({''.join(f'{text}, ' for text in results)})")
        moved = [(self.lines.slots[place], self.lines.slots[value]) for place, value in program.writes.items()]
        left = [(place, slot) for place, slot in moved if place not in (slot, self.plan.direct.get(slot))]
        held = {
            slot: f"before_{slot.name}" for _, slot in left if self.seen.root(slot) in {place for place, _ in moved}
        }
        body += [f"{name} = array({slot.name})" for slot, name in held.items()]
        body += [f"{place.name}[...] = {held.get(slot, slot.name)}" for place, slot in left]
        return [*body, "return results"]

    def _line(self, line: Line) -> str:
        def name(slot: Slot) -> str:
            return slot.name

        if not line.gives:
            return line.spelled(name)
        slot = line.gives[0]
        if slot in self.plan.direct:
            out = self.plan.direct[slot].name
            return f"{slot.name} = {out}; {line.spelled(name, out)}" if self._read(slot) else line.spelled(name, out)
        if slot in self.plan.offsets:
            return line.spelled(name, slot.name)
        return f"{', '.join(map(name, line.gives))} = {line.spelled(name)}"

    def _read(self, slot: Slot) -> bool:
        """Whether something reads it besides the input that it becomes."""
        ends = [self.lines.slots[item] for item in self.lines.program.outputs if isinstance(item, Value)]
        others = [self.lines.slots[value] for value in self.lines.program.writes.values()].count(slot) > 1
        return others or slot in ends or any(slot in line.reads for line in self.lines.lines)

    def _output(self, i: int, item: Any) -> str:
        if not isinstance(item, Value):
            return f"given_{i}"  # an object that the function returns as it is
        slot = self.lines.slots[item]
        made = any(line.into or line.text.startswith(WHOLE) for line in self.lines.lines if slot in line.gives)
        twice = sum(self.lines.slots.get(other) is slot for other in self.lines.program.outputs) > 1
        if made and not twice and slot not in self.seen.bases and slot not in self.plan.direct:
            return slot.name if slot.shape else f"asarray({slot.name})"
        return f"array({slot.name})"


# An expression that makes its result: its memory is nobody else's.
WHOLE = ("where(",)
