"""What a backward by hand computes, step by step: recorded from its own run, and computed again with steps changed."""

from __future__ import annotations

import linecache
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from types import CodeType, FrameType
from typing import Any, NamedTuple

import numpy as np

from ...autograd.lines import inside_package, user_frame
from ..mutants.recorder import expression_of, instruction_of


class Hole(NamedTuple):
    """The place of an array among the arguments of a call."""

    place: int


class Place(int):
    """The place of a whole number in an index, which is the number that it had: to read as one that nobody computed."""

    place: int


def with_places(key: Any, values: Sequence[Any]) -> Any:
    """An index whose holes for single whole numbers are these numbers as well."""
    if type(key) is tuple:
        return tuple(with_places(part, values) for part in key)
    if type(key) is not Hole or np.ndim(values[key.place]) or np.asarray(values[key.place]).dtype.kind not in "iu":
        return key
    found = Place(values[key.place])
    found.place = key.place
    return found


def fill(tree: Any, values: Sequence[Any]) -> Any:
    """Arguments with values in their holes."""
    kind = type(tree)
    if kind is Hole or kind is Place:
        return values[tree.place]
    if kind is tuple or kind is list:
        return kind([fill(part, values) for part in tree])
    if kind is dict:
        return {key: fill(part, values) for key, part in tree.items()}
    if kind is slice:
        return slice(*(fill(part, values) for part in (tree.start, tree.stop, tree.step)))
    return tree


class Site(NamedTuple):
    """A place in the user's program, and the calls that led there."""

    code: CodeType
    instruction: int
    line: int
    callers: tuple[tuple[CodeType, int], ...]

    @property
    def text(self) -> str:
        """What stands in the line."""
        return linecache.getline(self.code.co_filename, self.line).strip()

    @property
    def expression(self) -> str:
        """The part of the line that is computed there; empty where nobody knows."""
        return expression_of(self.code, self.instruction)

    @property
    def narrowly(self) -> str:
        """The place with what is computed there alone, where that is known."""
        part = self.expression
        return f"{os.path.basename(self.code.co_filename)}:{self.line} `{part}`" if 0 < len(part) <= 100 else str(self)

    @lru_cache(maxsize=4096)  # noqa: B019
    def __str__(self) -> str:
        where = f"{os.path.basename(self.code.co_filename)}:{self.line}"
        text = self.text if len(self.text) <= 60 else self.expression
        return f"{where} `{text}`" if text and len(text) <= 100 else where


@dataclass(frozen=True, eq=False)
class Constant:
    """An operand that no step has made: data that a function holds, or a number."""

    value: Any
    name: str = ""


Operand = int | Constant  # an earlier step, by its place, or a constant


@dataclass(eq=False, slots=True)
class Step:
    """One call: ``function(*args, **kwargs)`` with ``operands`` in the holes, what it gave and where it stands."""

    name: str
    function: Callable[..., Any]
    args: Any
    kwargs: dict[str, Any]
    operands: tuple[Operand, ...]
    value: Any
    site: Site | None
    plain: bool = False  # whether the operands are the arguments, in order

    def compute(self, values: Sequence[Any]) -> Any:
        """What the call gives for other operands."""
        if self.plain:
            return self.function(*values)
        return self.function(*fill(self.args, values), **fill(self.kwargs, values))


class Variant(NamedTuple):
    """A step computed in another way: from which operands, and how."""

    operands: tuple[Operand, ...]
    compute: Callable[[Sequence[Any]], Any]


@dataclass(eq=False)
class Program:
    """The steps of one run, oldest first; ``outputs`` are those whose values it gave back."""

    steps: list[Step] = field(default_factory=list)
    names: dict[int, str] = field(default_factory=dict)  # what the user calls the values of steps
    outputs: list[int | None] = field(default_factory=list)
    leaves: dict[int, str] = field(default_factory=dict)
    counters: dict[int, dict[str, int]] = field(default_factory=dict)  # the user's whole numbers, at what has an index
    first: int = 0  # from here on the backward runs: what comes before is the forward, or its inputs
    loss: int | None = None
    longest: int = 6000
    _sites: dict[tuple[Any, ...], Site] = field(default_factory=dict)

    # ------------------------------------------------------------------ recording

    def leaf(self, value: Any, name: str) -> int:
        """An input."""
        self.leaves[len(self.steps)] = name
        self.names[len(self.steps)] = name
        return self._put(Step("input", lambda: value, (), {}, (), value, None, True))

    def _put(self, step: Step) -> int:
        if len(self.steps) >= self.longest:
            raise TooLong
        self.steps.append(step)
        return len(self.steps) - 1

    def add(self, step: Step) -> int:
        """Write a step down."""
        return self._put(step)

    def here(self) -> tuple[Site | None, FrameType | None]:
        """Where the user's program is."""
        frame = user_frame()
        if inside_package(frame.f_code.co_filename):
            return None, None
        calls: list[tuple[CodeType, int]] = []
        at = frame.f_back
        while at is not None and len(calls) < 12 and not at.f_code.co_filename.startswith(OWN):
            if not inside_package(at.f_code.co_filename):
                calls.append((at.f_code, at.f_lasti))
            at = at.f_back
        key = (frame.f_code, frame.f_lasti, *calls)
        if key not in self._sites:
            place = instruction_of(frame.f_code, frame.f_lasti)
            callers = tuple((code, instruction_of(code, lasti)) for code, lasti in calls)
            self._sites[key] = Site(frame.f_code, place, frame.f_lineno, callers)
        return self._sites[key], frame

    # ------------------------------------------------------------------ what depends on what

    @cached_property
    def live(self) -> set[int]:
        """The steps that an output is made of."""
        found: set[int] = set()
        todo = [o for o in self.outputs if o is not None]
        for i in todo:  # grows while it is walked
            if i not in found:
                found.add(i)
                todo += [o for o in self.steps[i].operands if type(o) is int and o not in found]
        return found

    @cached_property
    def after(self) -> list[int]:
        """For every step the live steps that are made of it, as the bits of a number."""
        reach = [0] * len(self.steps)
        for i in range(len(self.steps) - 1, -1, -1):
            if i in self.live:
                mine = reach[i] | (1 << i)
                for o in self.steps[i].operands:
                    if type(o) is int:
                        reach[o] |= mine
        return reach

    def ancestors(self, index: int) -> set[int]:
        """The steps that one is made of, itself included."""
        found, todo = {index}, [index]
        for i in todo:  # grows while it is walked
            for o in self.steps[i].operands:
                if type(o) is int and o not in found:
                    found.add(o)
                    todo.append(o)
        return found

    @cached_property
    def seeded(self) -> frozenset[int]:
        """The steps that the gradient arriving goes into (of a layer's backward): linear in it."""
        if self.loss is not None or not self.leaves:
            return frozenset()
        start = 0
        found = {start}
        for i, step in enumerate(self.steps):
            if any(o in found for o in step.operands if type(o) is int):
                found.add(i)
        return frozenset(found)

    # ------------------------------------------------------------------ computing again

    def value(self, operand: Operand) -> Any:
        """What an operand was."""
        return self.steps[operand].value if type(operand) is int else operand.value  # type: ignore[union-attr]

    def values_of(self, operands: Sequence[Operand], moved: Mapping[int, Any]) -> list[Any]:
        """What operands are where some steps have other values."""
        found = []
        for o in operands:
            if type(o) is int:
                held = moved.get(o, self)
                found.append(self.steps[o].value if held is self else held)
            else:
                found.append(o.value)  # type: ignore[union-attr]
        return found

    def replay(self, variants: Mapping[int, Variant], counter: Callable[[int], None]) -> dict[int, Any]:
        """The steps that have other values where some are computed otherwise, and these values.

        Raises what NumPy raises where a value does not fit.
        """
        bits = 0
        for i in variants:
            bits |= self.after[i] | (1 << i)
        order = []
        while bits:
            low = bits & -bits
            order.append(low.bit_length() - 1)
            bits ^= low
        counter(len(order))
        moved: dict[int, Any] = {}
        steps = self.steps
        for i in order:
            step, variant = steps[i], variants.get(i)
            if variant is None:
                if not any(o in moved for o in step.operands if type(o) is int):
                    continue
                value = step.compute(self.values_of(step.operands, moved))
            else:
                value = variant.compute(self.values_of(variant.operands, moved))
                if np.shape(value) == np.shape(step.value) and np.array_equal(value, step.value):
                    continue
            moved[i] = value
        return moved

    def changed(self, makers: Mapping[int, Callable[[Step], Variant]]) -> Program:
        """The program with some steps computed otherwise for good."""
        variants = {i: make(self.steps[i]) for i, make in makers.items()}
        moved = self.replay(variants, lambda n: None)
        other = Program(list(self.steps), self.names, self.outputs, self.leaves, self.counters, self.first, self.loss)
        for i, value in moved.items():
            step = self.steps[i]
            if i in variants:
                operands, compute = variants[i]
                other.steps[i] = Step("changed", _listed(compute), (), {}, operands, value, step.site, True)
            else:
                other.steps[i] = Step(step.name, step.function, step.args, step.kwargs, step.operands, value, step.site,
                                      step.plain)  # fmt: skip
        return other


def _listed(compute: Callable[[Sequence[Any]], Any]) -> Callable[..., Any]:
    return lambda *values: compute(values)


class TooLong(Exception):
    """A program of more steps than are looked at."""


OWN = os.path.dirname(os.path.dirname(os.path.dirname(__file__))) + os.sep
