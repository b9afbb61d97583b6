"""The loops that a C file is made of: elementwise steps, reductions, products, and labels to be looked at."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

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


@dataclass(eq=False, slots=True)
class Product:
    """``c[.., m, n] = Σ a[.., m, k] · b[.., k, n] + bias[n]``."""

    step: Step
    a: Place
    b: Place
    c: Place
    bias: Place | None
    large: bool  # BLAS takes it
    scale: Any = None  # a number or a place: ``c -= scale · a @ b``, where c is an input that is written

    def reads(self) -> list[Place]:
        """The factors and the bias."""
        return [place for place in (self.a, self.b, self.bias, self.scale) if isinstance(place, Place)]

    def writes(self) -> list[Place]:
        """The product."""
        return [self.c]


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


Kernel = Loops | Reduction | Product | Check
