"""Sizes that may be others in another run: a whole number at the sample's size, and how it follows from the free sizes.

Two numbers cannot tell a size that follows the batch from one that does not, so a program is written down at several
sizes, and what differs between them is a ``Dim``. It takes part in no arithmetic: whatever would compute with it would
keep the number of one run for ever, and raises ``Burnt`` instead.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NoReturn


class Burnt(Exception):
    """A size that is free was about to become a fixed number."""


class Dim(int):
    """A size: Σ factor · free size + constant; ``terms`` is None where it follows in another way.

    >>> Dim.fitted([10, 14, 22], [{"batch": 5}, {"batch": 7}, {"batch": 11}])
    2*batch
    >>> Dim.fitted([25, 49, 121], [{"batch": 5}, {"batch": 7}, {"batch": 11}])
    ?
    """

    terms: dict[str, int] | None
    constant: int

    @classmethod
    def fitted(cls, numbers: Sequence[int], sizes: Sequence[Mapping[str, int]]) -> Dim:
        """The size that was these numbers at these ``sizes``: the first ones, then one other each, then all other."""
        dim = cls(numbers[0])
        first, last = sizes[0], sizes[-1]
        dim.terms, dim.constant = {}, numbers[0]
        for number, found in zip(numbers[1:-1], sizes[1:-1]):  # the last ones are for the check alone
            (name,) = [name for name in first if found[name] != first[name]]
            factor, rest = divmod(number - numbers[0], found[name] - first[name])
            if rest:
                dim.terms = None
                return dim
            if factor:
                dim.terms[name] = factor
        dim.constant -= sum(factor * first[name] for name, factor in dim.terms.items())
        if sum(factor * last[name] for name, factor in dim.terms.items()) + dim.constant != numbers[-1]:
            dim.terms = None
        return dim

    @property
    def symbol(self) -> str | None:
        """The free size that it is itself."""
        if self.terms is None or self.constant or list(self.terms.values()) != [1]:
            return None
        return next(iter(self.terms))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Dim):
            return False
        return self.terms is not None and (self.terms, self.constant) == (other.terms, other.constant)

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return int.__hash__(self)

    def __repr__(self) -> str:
        if self.terms is None:
            return "?"
        parts = [name if factor == 1 else f"{factor}*{name}" for name, factor in self.terms.items()]
        return " + ".join(parts + [str(self.constant)] * (self.constant != 0))

    __str__ = __repr__


def _burnt(self: Dim, *_: Any) -> NoReturn:
    raise Burnt(repr(self))


for _name in ["add", "sub", "mul", "floordiv", "truediv", "mod", "divmod", "pow"]:
    setattr(Dim, f"__{_name}__", _burnt)
    setattr(Dim, f"__r{_name}__", _burnt)
for _name in ["lt", "le", "gt", "ge"]:
    setattr(Dim, f"__{_name}__", _burnt)
for _name in ["neg", "index", "int", "float"]:
    setattr(Dim, f"__{_name}__", lambda self: _burnt(self))


def fixed(*numbers: Any) -> Any:
    """The numbers, none of which may be free; ``Burnt`` where one is."""
    for number in numbers:
        if isinstance(number, Dim):
            raise Burnt(repr(number))
        if isinstance(number, (tuple, list)):
            fixed(*number)
    return numbers[0] if len(numbers) == 1 else numbers
