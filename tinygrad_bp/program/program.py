"""A program: a flat list of numbered steps, each one op of the table. It knows none of those who read it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
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

    def gives(self) -> list[Value]:
        """Its result, and what is named beside it."""
        return [self.result, *[value for value in self.beside if value is not None]]

    def reads(self) -> list[Value]:
        """The values that it reads, one for each place where it reads it."""
        found: list[Value] = []
        for item in (*self.operands, *self.params.values()):
            _gather(item, found)
        return found


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

    def results(self) -> list[Value]:
        """All that a run is for: the outputs, and what the written inputs become."""
        return values_in((self.outputs, list(self.writes.values())))

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

_LEAVES = {int, float, bool, str, type(None)}  # of most items: no values inside


def values_in(item: Any) -> list[Value]:
    """The values in nested tuples, lists, dicts and slices, in order."""
    found: list[Value] = []
    _gather(item, found)
    return found


def _gather(item: Any, found: list[Value]) -> None:
    if item.__class__ in _LEAVES:
        return
    if isinstance(item, Value):
        found.append(item)
    elif isinstance(item, (tuple, list)):
        for part in item:
            _gather(part, found)
    elif isinstance(item, dict):
        for part in item.values():
            _gather(part, found)
    elif isinstance(item, slice):
        _gather((item.start, item.stop, item.step), found)


def replaced(item: Any, find: Callable[[Value], Any]) -> Any:
    """The same nest with ``find(value)`` in the place of each value."""
    if item.__class__ in _LEAVES:
        return item
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


def same_steps(a: Program, b: Program) -> bool:
    """Whether two programs do the same with inputs and constants of the same kinds and names.

    >>> import tinygrad_bp as tg
    >>> a, b, c = (tg.program(lambda x: x * n, tg.ones(2)) for n in (2, 2, 2.0))
    >>> same_steps(a, b), same_steps(a, c)
    (True, False)
    """
    if len(a.steps) != len(b.steps) or len(a.inputs) != len(b.inputs):
        return False
    known: dict[Value, Value] = {}
    values = [[*p.inputs, *p.constants(), *[value for step in p.steps for value in step.gives()]] for p in (a, b)]
    for one, other in zip(*values):
        if (one.shape, one.dtype, one.name) != (other.shape, other.dtype, other.name):
            return False
        known[one] = other
    one_nest, other_nest = [
        [[(step.op, step.operands, step.params, step.beside) for step in p.steps], p.outputs, list(p.writes.items())]
        for p in (a, b)
    ]
    return _same(one_nest, other_nest, known)


def _same(a: Any, b: Any, known: dict[Value, Value]) -> bool:
    """Whether two nests have the same values, each ``known`` as that of the other program, and equal numbers."""
    if isinstance(a, Value):
        return a in known and known[a] is b
    if type(a) is not type(b):
        return False
    if isinstance(a, (tuple, list)):
        return len(a) == len(b) and all([_same(x, y, known) for x, y in zip(a, b)])
    if isinstance(a, dict):
        return list(a) == list(b) and _same(list(a.values()), list(b.values()), known)
    if isinstance(a, slice):
        return _same((a.start, a.stop, a.step), (b.start, b.stop, b.step), known)
    return a is b or repr(a) == repr(b)  # 0.0 is not -0.0, and NaN is NaN


def cast(value: Value, dtype: np.dtype[Any]) -> Step:
    """The step that gives ``value`` another dtype."""
    return Step(OPS["cast"], (value,), {"dtype": dtype}, Value(value.shape, dtype))


def leading_to(steps: Sequence[Step], items: Iterable[Any]) -> set[Value]:
    """The values among ``items``, all that the steps which give them read, and so on."""
    wanted = {item for item in items if isinstance(item, Value)}
    for step in reversed(steps):
        if not wanted.isdisjoint(step.gives()):
            wanted.update(step.reads())
            wanted.update(step.gives())
    return wanted


def live(program: Program, steps: Iterable[Step]) -> list[Step]:
    """Those of ``steps`` whose results lead to what a run of ``program`` is for."""
    wanted, found = set(program.results()), []
    for step in reversed(list(steps)):
        if not wanted.isdisjoint(step.gives()):
            wanted.update(step.reads())
            found.append(step)
    return found[::-1]
