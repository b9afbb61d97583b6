"""The steps of a program as expressions of NumPy, as a student would write them."""

from __future__ import annotations

import re
from collections import Counter
from math import prod
from typing import Any

import numpy as np

from ..autograd.errors import AutogradError
from ..ops.products import LARGE
from ..program.program import Constant, Program, Step, Value
from .formulas import FORMULAS

OPERATORS = {"add": "+", "sub": "-", "mul": "*", "div": "/", "eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">",
             "ge": ">=", "dropout": "*"}  # fmt: skip
# Ops that are one call of NumPy or one operator, by the names of their inputs and parameters.
CALLS = {
    "where": "np.where({condition}, {a}, {b})", "sign": "np.sign({x})", "rsqrt": "1 / np.sqrt({x})",
    "hardtanh": "np.clip({x}, {min_val}, {max_val})", "take_rows": "{weight}[{index}]",
    "cumsum": "np.cumsum({x}, axis={axis})",
}  # fmt: skip
OUTERMOST = {"amax": "max", "amin": "min", "argmax": "argmax", "argmin": "argmin"}
FEW_NUMBERS = 64  # so many stand in the text, more in a file beside it
# What is written where it is read, if that is one place.
INLINE = {"permute", "reshape", "cast", "eq", "ne", "lt", "le", "gt", "ge"}
DRAWN = {"bernoulli"}  # the streams whose numbers a few lines of NumPy draw


class FormulaError(AutogradError):
    """A program with an op that has no formula in plain NumPy.

    Fails: saving a step that uses ``tg.fft.fft``.  Works: one of layers, activations and losses.
    """


class Expressions:
    """What the steps of a program are in NumPy, each under its name or where it is read."""

    def __init__(self, program: Program, names: dict[Value, str]) -> None:
        self.program, self.names = program, names
        self.made = {step.result: step for step in program.steps}
        self._reading: dict[Value, list[Step]] = {}
        for step in program.steps:
            for value in dict.fromkeys(step.reads()):
                self._reading.setdefault(value, []).append(step)
        self.readers = Counter(value for step in program.steps for value in step.reads())
        self.readers.update(program.results())
        self.formulas: set[str] = set()  # those that are called
        self.arrays: dict[str, Any] = {}  # large constants, for the file beside the text
        self.generators: dict[Any, str] = {}  # the streams of random numbers

    def spelled(self, item: Any) -> str:
        """An operand or a parameter as Python."""
        if isinstance(item, Constant):
            return self._constant(item)
        if isinstance(item, Value):
            step = self.made.get(item)
            return self.expression(step) if step is not None and self.is_inline(step) else self.names[item]
        if isinstance(item, tuple):
            return f"({', '.join(map(self.spelled, item))}{',' * (len(item) == 1)})"
        if isinstance(item, list):
            return f"[{', '.join(map(self.spelled, item))}]"
        if isinstance(item, slice):
            ends = (item.start, item.stop) if item.step is None else (item.start, item.stop, item.step)
            return f"slice({', '.join(map(self.spelled, ends))})"
        if isinstance(item, float) and not np.isfinite(item):
            return f"float('{item}')"
        if isinstance(item, (np.dtype, type)):
            return "bool" if np.dtype(item).kind == "b" else f"np.{np.dtype(item).name}"
        if isinstance(item, str):
            return f'"{item}"' if item.isidentifier() else repr(item)
        return "..." if item is Ellipsis else repr(item)

    def _constant(self, constant: Constant) -> str:
        array, dtype = constant.array, self.spelled(constant.dtype)
        if not constant.shape and array.dtype.kind in "fiu":
            return f"{dtype}({self.spelled(array.item())})"
        if array.size and not any(array.strides):
            return f"np.broadcast_to({dtype}({self.spelled(array.flat[0].item())}), {shape_text(constant.shape)})"
        if array.size and (array == 1).all() and array.flags.c_contiguous:
            return f"np.ones({shape_text(constant.shape)}, {dtype})"
        if array.size <= FEW_NUMBERS and array.flags.c_contiguous and array.dtype.kind in "biuf":
            return f"np.array({numbers_text(array)}, {dtype})"
        self.arrays[self.names[constant]] = array
        return self.names[constant]

    def is_inline(self, step: Step) -> bool:
        """Whether a step is written where it is read: in one place, under no name of its own."""
        readers = self._reading.get(step.result, [])
        once = self.readers[step.result] == 1 and len(readers) == 1 and not step.beside
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

    def expression(self, step: Step) -> str:
        """One step as an expression of NumPy. Raises ``FormulaError`` for an op that has none."""
        op, name = step.op, step.op.name
        params = {**op.params, **step.params}
        if name in OPERATORS:
            left, right = (self._side(_without_cast(item, self.made, step), step) for item in step.operands)
            return f"{left} {OPERATORS[name]} {right}"
        if name in CALLS:
            given = dict(zip(op.inputs, step.operands, strict=True)) | params
            return CALLS[name].format_map({key: self._closed(item) for key, item in given.items()})
        found = self._product(step) if name in ("linear", "matmul") else self._of_one(step, params)
        if found is not None:
            return found
        if isinstance(op.forward, np.ufunc) and getattr(np, op.forward.__name__, None) is op.forward and not op.params:
            return f"np.{op.forward.__name__}({', '.join(map(self.spelled, step.operands))})"
        if name in FORMULAS:
            self.formulas.add(name)
            named = {key: f"{key}=" if len(params) > 1 else "" for key in params}  # several settings by name
            settings = [
                named[key] + (self._stream(item) if key == "generator" else self.spelled(item))
                for key, item in params.items()
            ]
            text = f"{name}({', '.join([*map(self.spelled, step.operands), *settings])})"
            return f"{text}[0]" if op.residuals and not step.beside else text
        raise FormulaError(
            f"the op {name} has no formula in plain NumPy, so this program cannot be a file that imports NumPy alone; "
            "it runs as it is compiled"
        )

    def _product(self, step: Step) -> str | None:
        """A product in the way through BLAS that the engine takes, which gives its bits."""
        left, right, *bias = step.operands
        turned = step.op.name == "linear"
        first, second = self.spelled(left), f"{self._closed(right)}.T" if turned else self.spelled(right)
        shape = step.result.shape
        if len(left.shape) > 2 and len(right.shape) == 2:  # many rows times one matrix
            rows = prod(left.shape[:-1]), left.shape[-1]
            first = f"np.reshape({first}, {rows})"
            text = f"{_two(first, second, (rows[0], shape[-1]))}.reshape{shape}"
        elif max(len(left.shape), len(right.shape)) <= 2:
            text = _two(first, second, shape)
        else:
            text = f"np.matmul({first}, {second})"
        return f"{text} + {self._closed(bias[0])}" if bias else text

    def _of_one(self, step: Step, params: dict[str, Any]) -> str | None:
        """What depends on parameters or shapes; None where it has another form."""
        name, shape = step.op.name, step.result.shape
        x: Any = step.operands[0] if step.operands else None
        if name == "pow" and params["exponent"] == 2:
            return f"{self._closed(x)}**2"
        if name == "neg":
            return f"-{self._closed(x)}"
        if name == "getitem":
            return f"{self._closed(x)}[{self._index(params['index'])}]"
        if name == "permute":
            axes = params["axes"]
            turned = tuple(axis % len(axes) for axis in axes) == tuple(range(len(axes)))[::-1]
            return f"{self._closed(x)}.T" if turned else f"np.transpose({self.spelled(x)}, {axes})"
        if name in ("reshape", "broadcast_to"):
            return f"np.{name}({self.spelled(x)}, {shape_text(shape)})"
        if name == "cast":
            return f"{self._closed(x)}.astype({self.spelled(params['dtype'])})"
        if name in ("sum", "mean"):
            dtype = f", dtype={self.spelled(step.result.dtype)}" if step.result.dtype != x.dtype else ""
            total = f"np.sum({self.spelled(x)}{dtype}{_over(x, params)})"
            count = prod(x.shape) // max(1, prod(shape))
            return total if name == "sum" else f"{total} / {count}"
        if name in OUTERMOST:
            return f"np.{OUTERMOST[name]}({self.spelled(x)}{_over(x, params)})"
        if name in ("any", "all") and x.dtype != np.uint8:
            return f"np.{name}({self.spelled(x)}, axis={self.spelled(params['axis'])}, keepdims={params['keepdims']})"
        if name == "clip" and step.result.dtype.kind == "f":
            low, high = params["min"], params["max"]
            if low is not None and high is not None and high >= low:
                return f"np.clip({self.spelled(x)}, {self.spelled(low)}, {self.spelled(high)})"
            text = self.spelled(x) if low is None else f"np.maximum({self.spelled(x)}, {self.spelled(low)})"
            return text if high is None else f"np.minimum({text}, {self.spelled(high)})"
        if name == "draw":
            stream, given = params["stream"], params["given"]
            if stream not in DRAWN:
                raise FormulaError(
                    f"the program draws random numbers, by {stream}; a file that imports NumPy alone draws the "
                    "masks of dropout, so it cannot be one; it runs as it is compiled"
                )
            self.formulas |= {stream, "laid"}
            drawn = f"{stream}({', '.join([self._stream(params['generator']), *map(self.spelled, given)])})"
            kind = "" if params["dtype"] is None else f".astype({self.spelled(params['dtype'])})"
            return f"laid({drawn}{kind}, {self.spelled(shape)}, {self.spelled(params['order'])})"
        return None

    def _stream(self, generator: Any) -> str:
        """The name of a stream of random numbers."""
        number = len(self.generators)
        return self.generators.setdefault(generator, f"generator_{number}" if number else "generator")

    def _index(self, item: Any) -> str:
        """An index between brackets."""
        if isinstance(item, tuple) and item:
            return ", ".join(map(self._index, item)) + "," * (len(item) == 1)
        if isinstance(item, slice):
            ends = ["" if end is None else self.spelled(end) for end in (item.start, item.stop)]
            return ":".join(ends if item.step is None else [*ends, self.spelled(item.step)])
        return self.spelled(item)


def _over(x: Value, params: dict[str, Any]) -> str:
    """Axes, and whether dimensions stay, as arguments of a reduction."""
    axis = f", axis={params['axis']}" if params["axis"] not in (None, (), []) and x.shape else ""
    return axis + (", keepdims=True" if params["keepdims"] else "")


def _two(left: str, right: str, shape: tuple[int, ...]) -> str:
    """The product of two matrices or vectors; np.dot and np.matmul take other ways."""
    return f"np.{'matmul' if len(shape) == 2 and shape[0] * shape[1] >= LARGE else 'dot'}({left}, {right})"


def _without_cast(item: Any, made: dict[Value, Step], reader: Step) -> Any:
    """A mask that was cast to floats, where the other operand makes floats of it anyway."""
    step = made.get(item) if isinstance(item, Value) else None
    if step is None or step.op.name != "cast" or step.operands[0].dtype.kind != "b":
        return item
    others = [other for other in reader.operands if isinstance(other, Value) and other is not item]
    same = others and others[0].dtype == step.result.dtype and others[0].shape == reader.result.shape
    return step.operands[0] if same else item


def shape_text(shape: tuple[int, ...]) -> str:
    """A shape as Python; of one dimension a number."""
    return str(shape[0]) if len(shape) == 1 else str(shape)


def numbers_text(array: Any) -> str:
    """The numbers of an array as Python."""
    return re.sub(r"\b(nan|inf)\b", r"np.\1", str(array.tolist()))
