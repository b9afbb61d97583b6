"""The loops that a C file is made of: elementwise steps, reductions, products, and labels to be looked at."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ..program.program import Step
from .strided import Place


@dataclass(eq=False, slots=True)
class Member:
    """One elementwise step of a loop: operands are places by loop axis, or numbers of Python."""

    step: Step | None  # None: a copy
    operands: list[Any]
    result: Place
    name: str


@dataclass(eq=False, slots=True)
class Loops:
    """Elementwise steps over the same elements: ``sizes`` from the outermost loop to the innermost."""

    sizes: tuple[int, ...]
    laned: bool  # the innermost loop runs over whole groups of 16
    members: list[Member] = field(default_factory=list)

    def reads(self) -> list[Place]:
        """Operands, each in the order of the loops."""
        return [operand for member in self.members for operand in member.operands if isinstance(operand, Place)]

    def writes(self) -> list[Place]:
        """Results, each in the order of the loops."""
        return [member.result for member in self.members]


@dataclass(eq=False, slots=True)
class Reduction:
    """A sum, product or extreme along the last ``over`` axes of ``operand``; the first ones are those of ``result``."""

    step: Step
    operand: Place
    result: Place
    over: int

    def reads(self) -> list[Place]:
        """What is reduced."""
        return [self.operand]

    def writes(self) -> list[Place]:
        """What it becomes."""
        return [self.result]


class Inside(NamedTuple):
    """Summed is only where ``low + outer − inner · by``, of an outer and a summed axis, is a multiple of ``step``

    from 0 to ``last``.
    """

    outer: int
    inner: int
    low: int
    by: int
    step: int
    last: int


@dataclass(eq=False, slots=True)
class Product:
    """``c[.., m, n] = Σ a[.., m, k] · b[.., k, n] + bias[n]``, over one or more summed axes k."""

    step: Step
    a: Place
    b: Place
    c: Place
    bias: Place | None = None
    large: bool = False  # BLAS takes it
    scale: Any = None  # a number or a place: ``c -= scale · a @ b``, where c is an input that is written
    inside: tuple[Inside, ...] = ()
    relu: Place | None = None  # where ReLU of the product goes, and the product itself nowhere

    def reads(self) -> list[Place]:
        """The factors and the bias."""
        return [place for place in (self.a, self.b, self.bias, self.scale) if isinstance(place, Place)]

    def writes(self) -> list[Place]:
        """The product, or its ReLU."""
        return [self.relu or self.c]


@dataclass(eq=False, slots=True)
class Indexed:
    """Elements whose places integers name: ``here = there[.., index, ..]``, or there is written, or added to.

    ``at`` says for each axis of ``there`` which loop runs along it, or where the numbers are that name its places.
    """

    step: Step
    here: Place
    there: Place
    at: tuple[int | Place, ...]
    how: str  # "read", "write" or "add"

    def reads(self) -> list[Place]:
        """The indices, and what is moved."""
        moved = [self.there] if self.how == "read" else [self.here]
        return [*[item for item in self.at if isinstance(item, Place)], *moved]

    def writes(self) -> list[Place]:
        """Where it goes."""
        return [self.here if self.how == "read" else self.there]


@dataclass(eq=False, slots=True)
class Largest:
    """The number of the first largest element of each window; a NaN is larger, the last one of them counts.

    ``tables`` has for each of the last axes the places of each window along it; those outside are left out.
    """

    step: Step
    operand: Place
    result: Place
    tables: list[list[list[int]]]

    def reads(self) -> list[Place]:
        """What the windows lie in."""
        return [self.operand]

    def writes(self) -> list[Place]:
        """The numbers."""
        return [self.result]


@dataclass(eq=False, slots=True)
class Check:
    """Labels that have to be in 0 … count − 1."""

    place: Place
    count: int

    def reads(self) -> list[Place]:
        """The labels."""
        return [self.place]

    def writes(self) -> list[Place]:
        """Nothing."""
        return []


Kernel = Loops | Reduction | Product | Indexed | Largest | Check
