"""A program as the file that a student would have written: plain NumPy, one line a step, run by itself.

The file imports NumPy alone. Its lines are those of the program after the passes that keep every bit, so that it
repeats to the bit what the engine computes.
"""

from __future__ import annotations

import inspect
import re
import textwrap
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..autograd.errors import AutogradError
from ..ops.products import LARGE
from ..program.program import Constant, Program, Step, Value, leading_to
from . import formulas
from .naming import named
from .passes import simplified

OPERATORS = {"add": "+", "sub": "-", "mul": "*", "div": "/", "eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">",
             "ge": ">="}  # fmt: skip
FEW_NUMBERS = 64  # so many stand in the text, more in a file beside it
# What is written where it is read, if that is one place.
INLINE = {"permute", "reshape", "cast", "eq", "ne", "lt", "le", "gt", "ge"}


class FormulaError(AutogradError):
    """A program with an op that has no formula in plain NumPy.

    Fails: saving a step that uses ``nn.LSTM``.  Works: one of linear layers, activations and losses.
    """


class Standalone:
    """The text of a program as functions of NumPy."""

    def __init__(self, program: Program) -> None:
        self.program = simplified(program, exact=True)
        self.names = _unlike_the_file(named(self.program))
        self._made = {step.result: step for step in self.program.steps}
        self._reading: dict[Value, list[Step]] = {}
        for step in self.program.steps:
            for value in dict.fromkeys(step.reads()):
                self._reading.setdefault(value, []).append(step)
        self._readers = Counter(value for step in self.program.steps for value in step.reads())
        self._readers.update(self.program.results())
        self._formulas: set[str] = set()
        self.arrays: dict[str, Any] = {}  # large constants, for the file beside the text

    # ------------------------------------------------------------------ expressions

    def spelled(self, item: Any) -> str:
        """An operand or a parameter as Python."""
        if isinstance(item, Constant):
            return self._constant(item)
        if isinstance(item, Value):
            step = self._made.get(item)
            return self._expression(step) if step is not None and self._is_inline(step) else self.names[item]
        if isinstance(item, tuple):
            return f"({', '.join(map(self.spelled, item))}{',' * (len(item) == 1)})"
        if isinstance(item, list):
            return f"[{', '.join(map(self.spelled, item))}]"
        if isinstance(item, slice):
            return f"slice({', '.join(map(self.spelled, (item.start, item.stop, item.step)))})"
        if isinstance(item, float) and not np.isfinite(item):
            return f"float('{item}')"
        if isinstance(item, np.dtype):
            return f"np.{item.name}" if item.kind != "b" else "bool"
        if isinstance(item, str):
            return f'"{item}"' if item.isidentifier() else repr(item)
        return "..." if item is Ellipsis else repr(item)

    def _constant(self, constant: Constant) -> str:
        array, dtype = constant.array, self.spelled(constant.dtype)
        if not constant.shape and array.dtype.kind in "fiu":
            return f"{dtype}({self.spelled(array.item())})"
        if array.size and not any(array.strides):
            return f"np.broadcast_to({dtype}({self.spelled(array.flat[0].item())}), {_shape(constant.shape)})"
        if array.size and (array == 1).all() and array.flags.c_contiguous:
            return f"np.ones({_shape(constant.shape)}, {dtype})"
        if array.size <= FEW_NUMBERS and array.flags.c_contiguous and array.dtype.kind in "biuf":
            return f"np.array({_numbers(array)}, {dtype})"
        self.arrays[self.names[constant]] = array
        return self.names[constant]

    def _is_inline(self, step: Step) -> bool:
        """Whether a step is written where it is read: in one place, under no name of its own."""
        readers = self._reading.get(step.result, [])
        once = self._readers[step.result] == 1 and len(readers) == 1 and not step.beside
        if not once or not re.fullmatch(r"t\d+", self.names[step.result]):
            return False
        product = step.op.name == "matmul" and readers[0].op.name in ("permute", "add")
        return step.op.name in INLINE or product

    def _side(self, item: Any, step: Step) -> str:
        """One side of an operator; a constant is a number of Python where the other side gives it the same dtype."""
        others = [x for x in step.operands if isinstance(x, Value) and x is not item]
        meets = isinstance(item, Constant) and not item.shape and others and others[0].shape
        if meets and item.dtype.kind == "f" and others[0].dtype == item.dtype and np.isfinite(item.array):
            return f"({item.array})" if item.array < 0 else str(item.array)
        return self._closed(item)

    def _closed(self, item: Any) -> str:
        """An operand that binds tighter than what is around it."""
        text = self.spelled(item)
        return text if re.fullmatch(r"-?[\w.]+(\(.*\))?(\.T)?", text) else f"({text})"

    def _expression(self, step: Step) -> str:
        """One step as an expression of NumPy."""
        op, name = step.op, step.op.name
        params = {**op.params, **step.params}
        if name in OPERATORS:
            left, right = (self._side(_without_cast(item, self._made, step), step) for item in step.operands)
            return f"{left} {OPERATORS[name]} {right}"
        if name == "pow" and params["exponent"] == 2:
            return f"{self._closed(step.operands[0])}**2"
        if name == "neg":
            return f"-{self._closed(step.operands[0])}"
        if name == "linear" and len(step.operands[0].shape) <= 2:
            x, weight, bias = step.operands
            return f"{self._product(step, self.spelled(x), f'{self._closed(weight)}.T')} + {self._closed(bias)}"
        if name == "matmul" and all(len(item.shape) <= 2 for item in step.operands):
            return self._product(step, *map(self.spelled, step.operands))
        if name == "permute":
            x, axes = self._closed(step.operands[0]), params["axes"]
            turned = tuple(axis % len(axes) for axis in axes) == tuple(range(len(axes)))[::-1]
            return f"{x}.T" if turned else f"np.transpose({x}, {axes})"
        if name in ("reshape", "broadcast_to"):
            return f"np.{name}({self.spelled(step.operands[0])}, {_shape(step.result.shape)})"
        if name == "cast":
            return f"{self._closed(step.operands[0])}.astype({self.spelled(params['dtype'])})"
        if name in ("sum", "mean") and step.result.dtype.kind == "f" and params["dtype"] is None:
            kept = ", keepdims=True" if params["keepdims"] else ""
            axis = "" if params["axis"] is None else f", axis={params['axis']}"
            total = f"np.sum({self.spelled(step.operands[0])}{axis}{kept})"
            count = np.prod(step.operands[0].shape, dtype=int) // max(1, np.prod(step.result.shape, dtype=int))
            return total if name == "sum" else f"{total} / {count}"
        if name == "getitem" and not any(True for value in step.reads() if value is not step.operands[0]):
            index = params["index"]
            return f"{self._closed(step.operands[0])}[{self.spelled(index)}]"
        if name == "where":
            return f"np.where({', '.join(map(self.spelled, step.operands))})"
        if isinstance(op.forward, np.ufunc) and getattr(np, op.forward.__name__, None) is op.forward and not op.params:
            return f"np.{op.forward.__name__}({', '.join(map(self.spelled, step.operands))})"
        if name in vars(formulas):
            self._formulas.add(name)
            text = f"{name}({', '.join(map(self.spelled, (*step.operands, *params.values())))})"
            return f"{text}[0]" if op.residuals and not step.beside else text
        raise FormulaError(
            f"the op {name} has no formula in plain NumPy, so this program cannot be a file that imports NumPy alone; "
            "it runs as it is compiled"
        )

    def _product(self, step: Step, left: str, right: str) -> str:
        """np.dot and np.matmul take other ways through BLAS: the one that the engine takes gives its bits."""
        shape = step.result.shape
        large = len(shape) == 2 and shape[0] * shape[1] >= LARGE
        return f"np.{'matmul' if large else 'dot'}({left}, {right})"

    # ------------------------------------------------------------------ the function

    def function(self) -> list[str]:
        """The lines of ``step``, in parts: forward, backward, update."""
        program, made = self.program, self._made
        forward = leading_to(program.steps, program.outputs[:1])
        steps = [step for step in program.steps if not self._is_inline(step)]
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
        takes = step.op.name in ("add", "sub") and step.operands[0] is place and self._readers[step.result] == 1
        return takes and step.result.dtype == place.dtype

    def _in_update(self, step: Step, updates: dict[Value, Step]) -> bool:
        """Whether a step is only ``rate · gradient`` in the update of one input."""
        once = self._readers[step.result] == 1 and step.op.name == "mul"
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
                inner = self._made.get(item)
                moved = self._expression(inner) if inner is not None and self._in_update(inner, updates) else None
                text = moved or self.spelled(item)
            if not done.isdisjoint(self._looks_at(item, updates)):
                first.append(f"    for_{name} = np.array({text})")
                text = f"for_{name}"
            lines.append(f"    {name} {sign}= {text}" if sign else f"    {name}[...] = np.array({text})")
            done.add(place)
        return ["    # update", *first, *lines, ""] if lines else []

    def _looks_at(self, item: Any, updates: dict[Value, Step]) -> set[Value]:
        """The inputs whose memory is read where ``item`` is written into the text."""
        step = self._made.get(item) if isinstance(item, Value) else None
        if step is None:
            return {item} if isinstance(item, Value) else set()
        if step.op.views or self._is_inline(step) or self._in_update(step, updates):
            return {value for read in step.reads() for value in self._looks_at(read, updates)}
        return set()

    def _line(self, step: Step) -> str:
        gives = [self.names[value] if value is not None else "_" for value in (step.result, *step.beside)]
        summed = step.op.name == "matmul" and isinstance(step.operands[0], Constant) and len(step.result.shape) == 1
        note = ": the sum over rows" if summed and (step.operands[0].array == 1).all() else ""
        return f"{', '.join(gives)} = {self._expression(step)}  # {step.result.shape}{note}"

    def functions(self) -> list[str]:
        """The texts of the formulas that are used, and of those that they use."""
        wanted, texts = sorted(self._formulas), dict[str, str]()
        while wanted:
            name = wanted.pop()
            if name not in texts:
                function = getattr(formulas, name)
                texts[name] = textwrap.dedent(inspect.getsource(function)).rstrip()
                wanted += [
                    other for other in function.__code__.co_names if inspect.isfunction(vars(formulas).get(other))
                ]
        return [texts[name] for name in vars(formulas) if name in texts]


# What names stand for in the file, beside what is computed: a parameter may be called so too.
_FILES = {"np", "sys", "Path", "held", "main", "step", "steps", "number", "__name__", "__file__"}
_FILES |= {"range", "len", "int", "float", "bool", "slice", "print", "file", "allow_pickle"}


def _unlike_the_file(names: dict[Value, str]) -> dict[Value, str]:
    """The names, with an underscore behind those that mean something else in the file."""
    functions = {name: item for name, item in vars(formulas).items() if inspect.isfunction(item)}
    taken = _FILES.union(functions, *[item.__code__.co_names for item in functions.values()])
    found = dict(names)
    for value, name in names.items():
        while found[value] in taken or (found[value] != name and found[value] in names.values()):
            found[value] += "_"
    return found


def _without_cast(item: Any, made: dict[Value, Step], reader: Step) -> Any:
    """A mask that was cast to floats, where the other operand makes floats of it anyway."""
    step = made.get(item) if isinstance(item, Value) else None
    if step is None or step.op.name != "cast" or step.operands[0].dtype.kind != "b":
        return item
    others = [other for other in reader.operands if isinstance(other, Value) and other is not item]
    same = others and others[0].dtype == step.result.dtype and others[0].shape == reader.result.shape
    return step.operands[0] if same else item


def _shape(shape: tuple[int, ...]) -> str:
    return str(shape[0]) if len(shape) == 1 else str(shape)


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
    head = "\n".join(["import numpy as np", *held])
    return "\n\n\n".join([head, *standalone.functions(), lines]) + "\n"


def save(program: Program, arrays: Sequence[Any], path: str | Path) -> None:
    """Write a file that goes on from ``arrays``, one for each input; what is large lies in an ``.npz`` beside it.

    ``python backprop.py 100`` then runs 100 steps and prints what each returns. Raises ``FormulaError`` for an op that
    has no formula in plain NumPy, before anything is written.
    """
    path, standalone = Path(path), Standalone(program)
    step = "\n".join(standalone.function())
    held = dict(zip([standalone.names[value] for value in standalone.program.inputs], arrays, strict=True))
    inline = {name: a for name, a in held.items() if np.size(a) <= FEW_NUMBERS and np.asarray(a).dtype.kind in "biuf"}
    beside = {name: np.asarray(a) for name, a in held.items() if name not in inline} | standalone.arrays
    lines = [f"{name} = {_literal(array)}" for name, array in inline.items()]
    where = "below"
    if beside:
        where = f"in {path.with_suffix('.npz').name}"
        lines += ['held = np.load(Path(__file__).with_suffix(".npz"))']
        lines += [f'{name} = held["{name}"]{_rows_of(array)[1]}' for name, array in beside.items()]
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
    return f"np.array({_numbers(array)}, np.{array.dtype.name}){turned}"


def _numbers(array: Any) -> str:
    return re.sub(r"\b(nan|inf)\b", r"np.\1", str(array.tolist()))


def _rows_of(array: Any) -> tuple[Any, str]:
    """The array with its dimensions as they lie in memory, row by row, and the text that puts them where they were."""
    order = sorted(range(array.ndim), key=lambda axis: -abs(array.strides[axis]))
    rows = array.transpose(order)
    if array.flags.c_contiguous or not rows.flags.c_contiguous:
        return array, ""
    back = [order.index(axis) for axis in range(array.ndim)]
    return rows, ".T" if back == list(range(array.ndim))[::-1] else f".transpose({', '.join(map(str, back))})"
