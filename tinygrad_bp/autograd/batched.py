"""Tensors that stand for many: what ``vmap`` gives to a function, and what an op makes of them.

A ``Batched`` shows the shape of one slice and holds all of them, the batch in front. An op that is called with one
runs once for all slices, by the rule that ``func/batching.py`` has for it, and else once a slice. What is recorded are
the calls that a rule makes: no node knows of batches, and a gradient is that of all slices at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from itertools import count
from typing import Any

import numpy as np

from .errors import ArgumentError, AutogradError, ShapeError, ValueReadError, shape_text
from .gathering import BATCHING
from .node import Node
from .op import OPS, Op
from .size import Size
from .tensor import Tensor, wrap
from .trees import flatten

# (op, level, the operands with the batch in front, which of them are batched, parameters) -> the results of all slices,
# the batch in front. None where the rule has nothing for these operands.
Rule = Callable[[Op, "Level", Sequence[Any], Sequence[bool], dict[str, Any]], Any]

RULES: dict[str, Rule] = {}  # by the op's name
WITHIN: dict[str, Rule] = {}  # by the name, where parameters hold batched tensors
KINDS: dict[str, Rule] = {}  # by its kind, where it has none by its name

_number = count().__next__


class Level:
    """One batch, of ``size`` slices; ``randomness`` says what draws inside it do. A later level lies inside."""

    __slots__ = ("number", "randomness", "size")

    number: int
    size: int
    randomness: str

    def __init__(self, size: int, randomness: str = "error") -> None:
        for bring in BATCHING:
            bring()
        self.number, self.size, self.randomness = _number(), size, randomness


_RUNNING: ContextVar[tuple[Level, ...]] = ContextVar("tinygrad_bp.levels", default=())


def running() -> tuple[Level, ...]:
    """The levels whose functions run now, the outermost first."""
    return _RUNNING.get()


@contextmanager
def inside(level: Level) -> Iterator[None]:
    """Run the function of a level."""
    token = _RUNNING.set((*_RUNNING.get(), level))
    try:
        yield
    finally:
        _RUNNING.reset(token)


@contextmanager
def outside(level: Level) -> Iterator[None]:
    """Inside the other levels alone."""
    token = _RUNNING.set(tuple([other for other in _RUNNING.get() if other is not level]))
    try:
        yield
    finally:
        _RUNNING.reset(token)


class Batched(Tensor):
    """A tensor for each slice of a level: ``slices`` holds them, the batch in front."""

    __slots__ = ("level", "slices")

    slices: Tensor
    level: Level

    @property
    def _value(self) -> Any:
        raise ValueReadError(self)

    @property
    def _node(self) -> Node | None:  # type: ignore[override]
        return self.slices._node

    @property
    def shape(self) -> Size:
        """The sizes of the dimensions of one slice."""
        return Size(self.slices.shape[1:])

    @property
    def ndim(self) -> int:
        """How many dimensions one slice has."""
        return self.slices.ndim - 1

    @property
    def dtype(self) -> Any:
        """The dtype, an ``np.dtype``."""
        return self.slices.dtype

    def detach(self) -> Tensor:
        """The same memory without history."""
        return batched(self.slices.detach(), self.level)

    def requires_grad_(self, requires_grad: bool = True) -> Tensor:
        """Refused where it would change something: derivatives of one slice are those of ``tg.func``."""
        if requires_grad != self.requires_grad:
            raise ArgumentError(
                "requires_grad_: inside vmap a tensor stands for many, and no gradient of one can be asked for; write "
                "tg.func.grad, vjp or jacrev of a function of it, or set it outside of vmap"
            )
        return self

    def __repr__(self) -> str:
        return f"batched({self.level.size} × {shape_text(self.shape)}, {self.slices!r})"

    def called(self, op: Op, operands: tuple[Any, ...], params: dict[str, Any]) -> Tensor:
        """What ``op`` gives for these operands, one of which is this tensor."""
        items: Sequence[Any] = list(operands[0]) if op.variadic else operands
        held = _held(params) if params else []
        level = self.level
        for x in (*items, *held):
            if isinstance(x, Batched) and x.level.number > level.number:
                level = x.level
        which = [isinstance(x, Batched) and x.level is level for x in items]
        given = [x.slices if yes else x for x, yes in zip(items, which)]
        if held and any([x.level is level for x in held]):
            rule = WITHIN.get(op.name, each)
        else:
            rule = RULES.get(op.name) or KINDS.get(op.kind, each)
        try:
            result = rule(op, level, given, which, params)
        except (AutogradError, ValueError, IndexError, TypeError):
            _one(op, 0, level, given, which, params)  # says what is wrong with one slice
            raise
        return batched(each(op, level, given, which, params) if result is None else result, level)


def batched(slices: Tensor, level: Level) -> Batched:
    """The slices of a tensor along its first dimension."""
    made: Batched = object.__new__(Batched)
    made.slices, made.level = slices, level
    return made


def _held(params: dict[str, Any]) -> list[Batched]:
    """The batched tensors in parameters."""
    found: list[Batched] = []
    for value in params.values():
        if value.__class__ is Batched:
            found.append(value)
        elif value.__class__ is tuple or value.__class__ is list:
            found += [x for x in value if x.__class__ is Batched]
    return found


def each(op: Op, level: Level, given: Sequence[Any], which: Sequence[bool], params: dict[str, Any]) -> Any:
    """The rule of an op that has none: one call a slice."""
    if level.size:
        return OPS["stack"].function([_one(op, i, level, given, which, params) for i in range(level.size)], 0)
    return _one(op, 0, level, given, which, params)[None][:0]


def _one(op: Op, i: int, level: Level, given: Sequence[Any], which: Sequence[bool], params: dict[str, Any]) -> Any:
    """What the op gives for one slice, or for zeros where there is none."""

    def at(x: Any) -> Any:
        return x[i] if level.size else wrap(np.zeros(x.shape[1:], x.dtype), None)

    items = [at(x) if yes else x for x, yes in zip(given, which)]
    if _held(params):
        leaves, back = flatten(params)
        params = back([at(x.slices) if isinstance(x, Batched) and x.level is level else x for x in leaves])
    return op.function(items, **params) if op.variadic else op.function(*items, **params)


def one_by_one(function: Callable[..., Any], args: tuple[Any, ...], named: dict[str, Any]) -> Any:
    """What a function gives that reads the values of its arguments: one call a slice of their innermost level.

    Raises ``ValueReadError`` where it returns something else than tensors.
    """
    given, back = flatten([list(args), named])
    many = max([x for x in given if isinstance(x, Batched)], key=lambda x: x.level.number)
    level, results, build = many.level, [], None
    with outside(level) if level.randomness == "different" else nullcontext():  # a slice draws numbers of its own
        for i in range(level.size):
            args, named = back([x.slices[i] if isinstance(x, Batched) and x.level is level else x for x in given])
            leaves, build = flatten(function(*args, **named))
            if not all([isinstance(leaf, Tensor) for leaf in leaves]):
                raise ValueReadError(many)
            results.append(leaves)
    if build is None:
        raise ShapeError(f"{function.__name__}: runs once a slice, and there is none: the shape is not known")
    return build([batched(OPS["stack"].function(column, 0), level) for column in zip(*results, strict=True)])


def slice_by_slice(pull: Callable[[Tensor], Sequence[Tensor | None]], g: Batched) -> tuple[Tensor | None, ...]:
    """The gradients, or None, that a user's backward gives for each slice of the gradient arriving."""
    columns = zip(*[pull(g.slices[i]) for i in range(g.level.size)])
    return tuple([None if None in column else batched(OPS["stack"].function(column, 0), g.level) for column in columns])


# ---------------------------------------------------------------------- in and out of a level


def lifted(x: Tensor, level: Level) -> Batched:
    """``x``, whose first dimension is the batch of ``level``, as one slice of it."""
    if isinstance(x, Batched) and x.level.number > level.number:
        return batched(lifted(_swapped(x.slices), level), x.level)
    return batched(x, level)


def lowered(x: Tensor, level: Level) -> Tensor:
    """All slices of ``x`` at ``level``, the batch in front: repeated where they are all one."""
    if isinstance(x, Batched):
        if x.level is level:
            return x.slices
        if x.level.number > level.number:
            return batched(_swapped(lowered(x.slices, level)), x.level)
    return OPS["broadcast_to"].function(x, (level.size, *x.shape))  # type: ignore[no-any-return]


def whole(x: Any) -> Any:
    """All that ``x`` stands for, as one tensor; anything else as it is."""
    while isinstance(x, Batched):
        x = x.slices
    return x


def as_many_as(x: object, made: Tensor) -> Tensor:
    """``made``; where ``x`` stands for many, one for each of them, which can be written."""
    if not isinstance(x, Batched) or isinstance(made, Batched):
        return made
    wide = OPS["clone"].function(OPS["broadcast_to"].function(made, (x.level.size, *made.shape)))
    return batched(as_many_as(x.slices, wide), x.level)


def _swapped(x: Tensor) -> Tensor:
    """The first two dimensions exchanged."""
    return OPS["permute"].function(x, (1, 0, *range(2, x.ndim)))  # type: ignore[no-any-return]


def at_all(x: Tensor, levels: Sequence[Level], turn: Callable[[Tensor, Level], Tensor]) -> Tensor:
    """``lowered`` from every level, the innermost first, or ``lifted`` to each, the outermost first."""
    for level in reversed(levels) if turn is lowered else levels:
        x = turn(x, level)
    return x


def stands_for_many(x: object) -> bool:
    """Whether ``x`` is a tensor without one value of its own."""
    return x.__class__ is Batched


def any_stands_for_many(tree: object) -> bool:
    """Whether there is such a tensor in nested arguments."""
    return any([isinstance(x, Batched) for x in flatten(tree)[0]])
