"""A program: a flat list of numbered steps, each one op of the table. It knows none of those who read it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..autograd.op import OPS, Op


@dataclass(eq=False, slots=True)
class Value:
    """An array of a program: an input, a constant or the result of one step. It is never written.

    >>> import tinygrad_bp as tg
    >>> tg.program(lambda x: x + 1, tg.ones(2)).inputs[0]
    Value(shape=(2,), dtype=dtype('float32'), name='x')
    """

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    name: str = ""  # as the user called it: a parameter's or an argument's; else ""


@dataclass(eq=False)
class Constant(Value):
    """A value that is the same in every run.

    >>> import tinygrad_bp as tg
    >>> tg.program(lambda x: x @ [1.0, 2.0], tg.ones(2)).constants()[0].array
    array([1., 2.])
    """

    array: Any = None


@dataclass(eq=False, slots=True)
class Step:
    """One call of an op. Operands are values or numbers of Python; of a variadic op: one tuple of them.

    A parameter may hold values too, such as an index: in lists, tuples and slices, or by itself.

    >>> import tinygrad_bp as tg
    >>> step = tg.program(lambda x: x.sum(), tg.ones(2)).steps[0]
    >>> step.op, step.operands[0].name, step.result.shape
    (<Op sum>, 'x', ())
    """

    op: Op
    operands: tuple[Any, ...]
    params: dict[str, Any]
    result: Value
    # What forward gives beside its value, in the order of ``op.residuals``: a pass may name it, so that nothing
    # computes it again. None: not asked for.
    beside: tuple[Value | None, ...] = ()

    def run(self, operands: tuple[Any, ...], params: dict[str, Any]) -> dict[Value, Any]:
        """What it gives, from arrays in the place of its operands and parameters."""
        found = self.op.forward(*operands, *[params.get(name, default) for name, default in self.op.params.items()])
        values = found if self.op.residuals else (found,)
        return {v: np.asarray(a) for v, a in zip((self.result, *self.beside), values) if v is not None}

    def gives(self) -> Iterator[Value]:
        """Its result, and what is named beside it."""
        yield self.result
        yield from (value for value in self.beside if value is not None)

    def reads(self) -> Iterator[Value]:
        """The values that it reads, one for each place where it reads it."""
        yield from values_in((self.operands, list(self.params.values())))


@dataclass(eq=False, slots=True)
class Program:
    """What a function computes: steps in order, from ``inputs`` to ``outputs``.

    ``writes`` are inputs that have another value after a run, such as the parameters that an optimizer moves.

    >>> import tinygrad_bp as tg
    >>> program = tg.program(lambda x: x.add_(1) * 2, tg.ones(2))
    >>> [step.op.name for step in program.steps], len(program.writes)
    (['add', 'mul'], 1)
    """

    inputs: tuple[Value, ...]
    steps: tuple[Step, ...]
    outputs: tuple[Any, ...]  # values, or numbers of Python
    writes: dict[Value, Value] = field(default_factory=dict)

    def results(self) -> Iterator[Value]:
        """All that a run is for: the outputs, and what the written inputs become."""
        yield from values_in((self.outputs, list(self.writes.values())))

    def constants(self) -> tuple[Constant, ...]:
        """The constants that it reads, each once, in order."""
        read = [value for step in self.steps for value in step.reads()]
        return tuple(dict.fromkeys(value for value in (*read, *self.results()) if isinstance(value, Constant)))


def evaluate(program: Program, arrays: Sequence[Any]) -> tuple[list[Any], list[Any]]:
    """Run a program on arrays for its inputs: its outputs, and what the written inputs become.

    >>> import tinygrad_bp as tg
    >>> double = tg.program(lambda x: x + x, tg.ones(2))
    >>> evaluate(double, [np.array([1.0, 3.0], np.float32)])
    ([array([2., 6.], dtype=float32)], [])
    """
    known: dict[Value, Any] = dict(zip(program.inputs, arrays, strict=True))
    known |= {constant: constant.array for constant in program.constants()}
    for step in program.steps:
        operands = replaced(step.operands, known.__getitem__)
        known |= step.run(operands, replaced(step.params, known.__getitem__))
    find = known.__getitem__
    return replaced(list(program.outputs), find), [find(value) for value in program.writes.values()]


# ---------------------------------------------------------------------- values in operands and parameters


def values_in(item: Any) -> Iterator[Value]:
    """The values in nested tuples, lists, dicts and slices, in order."""
    if isinstance(item, Value):
        yield item
    elif isinstance(item, (tuple, list)):
        for part in item:
            yield from values_in(part)
    elif isinstance(item, dict):
        yield from values_in(list(item.values()))
    elif isinstance(item, slice):
        yield from values_in((item.start, item.stop, item.step))


def replaced(item: Any, find: Callable[[Value], Any]) -> Any:
    """The same nest with ``find(value)`` in the place of each value."""
    if isinstance(item, Value):
        return find(item)
    if isinstance(item, tuple) and hasattr(item, "_fields"):
        return type(item)(*[replaced(part, find) for part in item])
    if isinstance(item, (tuple, list)):
        return type(item)([replaced(part, find) for part in item])
    if isinstance(item, dict):
        return {key: replaced(part, find) for key, part in item.items()}
    if isinstance(item, slice):
        return slice(replaced(item.start, find), replaced(item.stop, find), replaced(item.step, find))
    return item


def cast(value: Value, dtype: np.dtype[Any]) -> Step:
    """The step that gives ``value`` another dtype."""
    return Step(OPS["cast"], (value,), {"dtype": dtype}, Value(value.shape, dtype))


def live(program: Program, steps: Iterable[Step]) -> list[Step]:
    """Those of ``steps`` whose results lead to what a run of ``program`` is for."""
    wanted, found = set(program.results()), []
    for step in reversed(list(steps)):
        if not wanted.isdisjoint(step.gives()):
            wanted.update(step.reads())
            found.append(step)
    return found[::-1]
