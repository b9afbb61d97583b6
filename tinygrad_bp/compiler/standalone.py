"""A program as the file that a student would have written: plain NumPy, one line a step, run by itself.

The file imports NumPy alone. Its lines are those of the program after the passes that keep every bit, so that it
repeats to the bit what the engine computes.
"""

from __future__ import annotations

import builtins
import inspect
import textwrap
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from pprint import pformat
from types import CodeType
from typing import Any

import numpy as np

from ..program.program import Constant, Program, Step, Value, leading_to
from .formulas import FORMULAS
from .naming import named
from .numpy_expressions import FEW_NUMBERS, OPERATORS, Expressions, FormulaError, numbers_text
from .passes import simplified


class Standalone(Expressions):
    """The text of a program as functions of NumPy."""

    def __init__(self, program: Program) -> None:
        simple = simplified(program, exact=True)
        super().__init__(simple, _unlike_the_file(named(simple)))

    # ------------------------------------------------------------------ the function

    def function(self) -> list[str]:
        """The lines of ``step``, in parts: forward, backward, update."""
        program, made = self.program, self.made
        drawn = [step.result for step in program.steps if step.op.draws]  # in the order of the stream
        forward = leading_to(program.steps, [*program.outputs[:1], *drawn])
        steps = [step for step in program.steps if not self.is_inline(step)]
        updates = {place: step for place, value in program.writes.items()
                   if (step := made.get(value)) is not None and self._is_update(step, place)}  # fmt: skip
        left = [step for step in steps if step not in updates.values() and not self._in_update(step, updates)]
        first = [step for step in left if step.result in forward]
        last = [step for step in left if step.result not in forward]
        arguments = ", ".join(self.names[value] for value in program.inputs)
        body = [f"def step({arguments}):"]
        for title, part in (("forward", first), ("backward", last)):
            if part:
                body += [f"    # {title}", *(f"    {self._line(step)}" for step in part), ""]
        body += self._moves(updates)
        outputs = [f"np.array({self._output(item)})" for item in program.outputs]
        return [*body, f"    return {', '.join(outputs) if outputs else None}"]

    def _output(self, item: Any) -> str:
        if isinstance(item, np.generic):
            return _literal(item)
        if not isinstance(item, (Value, np.dtype, bool, int, float, complex, str, bytes, type(None))):
            raise FormulaError(
                f"the function returns a {type(item).__name__}, which a file that imports NumPy alone does not have"
            )
        return self.spelled(item) if not isinstance(item, Value) or isinstance(item, Constant) else self.names[item]

    def _is_update(self, step: Step, place: Value) -> bool:
        takes = step.op.name in ("add", "sub") and step.operands[0] is place and self.readers[step.result] == 1
        return takes and step.result.dtype == place.dtype

    def _in_update(self, step: Step, updates: dict[Value, Step]) -> bool:
        """Whether a step is only ``rate · gradient`` in the update of one input."""
        once = self.readers[step.result] == 1 and step.op.name == "mul"
        return once and any(step.result is update.operands[1] for update in updates.values())

    def _moves(self, updates: dict[Value, Step]) -> list[str]:
        """What is written, in an order in which each reads what was there before; else that is computed first."""
        first: list[str] = []
        lines: list[str] = []
        done: set[Value] = set()
        for place, value in sorted(self.program.writes.items(), key=lambda write: write[0] not in updates):
            name, update = self.names[place], updates.get(place)
            if update is None:
                item, sign, text = value, "", self._output(value)
            else:
                item, sign = update.operands[1], OPERATORS[update.op.name]
                inner = self.made.get(item)
                moved = self.expression(inner) if inner is not None and self._in_update(inner, updates) else None
                text = moved or self.spelled(item)
            if not done.isdisjoint(self._looks_at(item, updates)):
                first.append(f"    for_{name} = np.array({text})")
                text = f"for_{name}"
            lines.append(f"    {name} {sign}= {text}" if sign else f"    {name}[...] = np.array({text})")
            done.add(place)
        return ["    # update", *first, *lines, ""] if lines else []

    def _looks_at(self, item: Any, updates: dict[Value, Step]) -> set[Value]:
        """The inputs whose memory is read where ``item`` is written into the text."""
        step = self.made.get(item) if isinstance(item, Value) else None
        if step is None:
            return {item} if isinstance(item, Value) else set()
        if step.op.views or self.is_inline(step) or self._in_update(step, updates):
            return {value for read in step.reads() for value in self._looks_at(read, updates)}
        return set()

    def _line(self, step: Step) -> str:
        gives = [self.names[value] if value is not None else "_" for value in (step.result, *step.beside)]
        summed = step.op.name == "matmul" and isinstance(step.operands[0], Constant) and len(step.result.shape) == 1
        note = ": the sum over rows" if summed and (step.operands[0].array == 1).all() else ""
        return f"{', '.join(gives)} = {self.expression(step)}  # {step.result.shape}{note}"

    def functions(self) -> list[str]:
        """The texts of the formulas that are used, of those that they use, and of the numbers that these name."""
        wanted, used, numbers = sorted(self.formulas), set[str](), dict[str, str]()
        while wanted:
            name = wanted.pop()
            if name in used:
                continue
            used.add(name)
            for other in _outer_names(FORMULAS[name]):
                if other in FORMULAS:
                    wanted.append(other)
                elif other != "np" and not hasattr(builtins, other):
                    numbers[other] = f"{other} = {pformat(FORMULAS[name].__globals__[other], width=110, compact=True)}"
        texts = [textwrap.dedent(inspect.getsource(FORMULAS[name])).rstrip() for name in FORMULAS if name in used]
        return ["\n".join(numbers[name] for name in sorted(numbers)), *texts] if numbers else texts


def _outer_names(function: Callable[..., Any]) -> set[str]:
    """The names that a function takes from its file, or from Python."""

    def codes(code: CodeType) -> Iterator[CodeType]:
        yield code
        for constant in code.co_consts:
            if isinstance(constant, CodeType):
                yield from codes(constant)

    names = {name for code in codes(function.__code__) for name in code.co_names}
    return {name for name in names if name in function.__globals__ or hasattr(builtins, name)}


# What names stand for in the file, beside what is computed: a parameter may be called so too.
_FILES = {"np", "sys", "Path", "held", "main", "step", "steps", "number", "__name__", "__file__"}
_FILES |= {"range", "len", "int", "float", "bool", "slice", "print", "file", "allow_pickle"}


def _unlike_the_file(names: dict[Value, str]) -> dict[Value, str]:
    """The names, with an underscore behind those that mean something else in the file."""
    taken = _FILES.union(FORMULAS, *map(_outer_names, FORMULAS.values()))
    found = dict(names)
    for value, name in names.items():
        while found[value] in taken or (found[value] != name and found[value] in names.values()):
            found[value] += "_"
    return found


HEAD = '''"""A step in plain NumPy, written by tinygrad_bp: forward, backward and update.

Run by itself it goes on from the numbers {where}, to the bit.
"""

import sys
{imports}
import numpy as np
'''
MAIN = '''def main(steps):
    """Train, and print what the step gives."""
    for number in range(steps):
        print(number, {call})


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10)
'''


def text_of(program: Program) -> str:
    """The functions alone: what a page shows. Raises ``FormulaError`` for an op without a formula."""
    standalone = Standalone(program)
    lines = "\n".join(standalone.function())
    held = [f"# {name}: a constant {array.dtype} {array.shape}" for name, array in standalone.arrays.items()]
    held += [f"# {name}: a stream of random numbers, np.random.MT19937()" for name in standalone.generators.values()]
    head = "\n".join(["import numpy as np", *held])
    return "\n\n\n".join([head, *standalone.functions(), lines]) + "\n"


def save(program: Program, arrays: Sequence[Any], path: str | Path) -> None:
    """Write a file that goes on from ``arrays``, one for each input; what is large lies in an ``.npz`` beside it.

    ``python backprop.py 100`` then runs 100 steps and prints what each returns. Random numbers go on where their
    stream stands now. Raises ``FormulaError`` for an op that has no formula in plain NumPy, before anything is written.
    """
    path, standalone = Path(path), Standalone(program)
    step = "\n".join(standalone.function())
    held = dict(zip([standalone.names[value] for value in standalone.program.inputs], arrays, strict=True))
    inline = {name: a for name, a in held.items() if np.size(a) <= FEW_NUMBERS and np.asarray(a).dtype.kind in "biuf"}
    beside = {name: np.asarray(a) for name, a in held.items() if name not in inline} | standalone.arrays
    lines = [f"{name} = {_literal(array)}" for name, array in inline.items()]
    streams = {name: generator.words_ahead() for generator, name in standalone.generators.items()}
    where = "below"
    if beside or streams:
        where = f"in {path.with_suffix('.npz').name}"
        lines += ['held = np.load(Path(__file__).with_suffix(".npz"))']
        lines += [f'{name} = held["{name}"]{_rows_of(array)[1]}' for name, array in beside.items()]
    for name, (key, place) in streams.items():
        beside[name] = key
        lines += [
            f"{name} = np.random.MT19937()",
            f'{name}.state = {{"bit_generator": "MT19937", "state": {{"key": held["{name}"], "pos": {place}}}}}',
        ]
    head = HEAD.format(where=where, imports="from pathlib import Path\n" if beside else "")
    call = f"step({', '.join(held)})"
    parts = [head.rstrip(), *standalone.functions(), step, "\n".join(lines), MAIN.format(call=call)]
    if beside:
        np.savez(path.with_suffix(".npz"), **{name: _rows_of(array)[0] for name, array in beside.items()})
    path.write_text("\n\n\n".join(parts), encoding="utf-8")


def _literal(array: Any) -> str:
    """An array as Python, of the same bits and the same order in memory."""
    array, turned = _rows_of(np.asarray(array))
    if not array.size:
        return f"np.zeros({array.shape}, np.{array.dtype.name}){turned}"
    return f"np.array({numbers_text(array)}, np.{array.dtype.name}){turned}"


def _rows_of(array: Any) -> tuple[Any, str]:
    """The array with its dimensions as they lie in memory, row by row, and the text that puts them where they were."""
    order = sorted(range(array.ndim), key=lambda axis: -abs(array.strides[axis]))
    rows = array.transpose(order)
    if array.flags.c_contiguous or not rows.flags.c_contiguous:
        return array, ""
    back = [order.index(axis) for axis in range(array.ndim)]
    return rows, ".T" if back == list(range(array.ndim))[::-1] else f".transpose({', '.join(map(str, back))})"
