"""What a backward leaves out: a factor, a matrix of a product, an inverse, a term."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from .by_op import PRODUCTS, REDUCTIONS
from .columns import Column
from .edit import Edit, Make, beside
from .program import Operand, Variant
from .reading import Reading, joined

OF_MATRICES = ("inv", "det", "slogdet", "solve", "cholesky", "pinv")


class LeftOut(Reading):
    """Changes that put something there."""

    def _products(self) -> Iterator[Edit]:
        """A factor or a divisor that is left out, or one too much."""
        program = self.program
        for group in self.groups:
            step = program.steps[group[0]]
            shape = np.shape(step.value)
            if np.asarray(step.value).dtype.kind != "f" or not shape or step.name in ("getitem", "reshape", "setitem"):
                continue
            for other in self.columns.by_shape:
                if (
                    len(other) > len(shape)
                    or not other
                    or any(n not in (1, m) for n, m in zip(other[::-1], shape[::-1]))
                ):
                    continue
                for column in self.columns.by_shape[other]:
                    arrives = column.operands == [0] and group[0] not in program.seeded and program.seeded
                    if (column.seeded and not arrives) or np.asarray(self.columns.value(column)).dtype.kind not in "fb":
                        continue
                    yield from self._multiplied(group, column)

    def _of_operands(self) -> Iterator[Edit]:
        """A factor that is left out of what a sum or a product takes, where that is read elsewhere as well."""
        program, readers = self.program, self._readers()
        for group in self.groups:
            step = program.steps[group[0]]
            for slot, o in enumerate(step.operands) if step.name in (*REDUCTIONS, *PRODUCTS, "add", "subtract") else ():
                value = np.asarray(program.value(o))
                if not isinstance(o, int) or o in program.leaves or value.dtype.kind != "f" or value.size < 2:
                    continue
                if o not in self.before and len(readers.get(o, ())) < 2:  # see _products
                    continue
                for shape, columns in self.columns.by_shape.items():
                    fits = len(shape) <= value.ndim and all(n in (1, m) for n, m in zip(shape[::-1], value.shape[::-1]))
                    for column in columns if shape and fits else ():
                        yield from self._of_operand(group, slot, column)

    def _of_operand(self, group: list[int], slot: int, column: Column) -> Iterator[Edit]:
        if column.seeded or not column.name or np.asarray(self.columns.value(column)).dtype.kind not in "fb":
            return
        for how, chosen in self.columns.aligned(group, column):
            some = [c for c in chosen if c is not None]
            if how or len(some) < len(chosen) or any(self._later(i, c) for i, c in zip(group, some, strict=True)):
                continue
            word = self.columns.word(some[0]).replace("{", "{{").replace("}", "}}")
            for text, join in (("a factor {}", np.multiply), ("a division by {}", np.divide)):
                makers = {i: joined(slot, c, join) for i, c in zip(group, some, strict=True)}
                said = self.said(f"{text.format(word)} is missing at {{{slot}}}", group)
                yield Edit("factor missing", 1.65, said, makers, None, group)

    def _multiplied(self, group: list[int], column: Column) -> Iterator[Edit]:
        for how, chosen in self.columns.aligned(group, column):
            if any(c is None for c in chosen) or how:
                continue
            some = [c for c in chosen if c is not None]
            if any(self._later(i, c) for i, c in zip(group, some, strict=True)):
                continue
            word = self.columns.word(some[0])
            for text, join in (
                ("a factor {} is missing in what this gives", lambda y, u: y * u),
                ("a division by {} is missing in what this gives", lambda y, u: y / u),
                ("a factor 1 − {} is missing in what this gives", lambda y, u: y * (1 - u)),
                ("a factor {}·(1 − {}) is missing in what this gives", lambda y, u: y * (u * (1 - u))),
                ("a factor 1 − {}² is missing in what this gives", lambda y, u: y * (1 - u * u)),
                ("a mask {} > 0 is missing in what this gives", lambda y, u: y * (u > 0)),
            ):
                makers = {i: beside(c, join) for i, c in zip(group, some, strict=True)}
                said = self.said(text.replace("{}", word).replace("{", "{{").replace("}", "}}"), group)
                yield Edit("factor missing", 1.7 + (0 if column.name else 0.3), said, makers, None, group)

    def _matrices(self) -> Iterator[Edit]:
        """A matrix that is left out of a product: an adjacency, a mixing matrix."""
        program, columns = self.program, self.columns
        for group in self.groups:
            shape = np.shape(program.steps[group[0]].value)
            if len(shape) != 2 or program.steps[group[0]].name in ("getitem", "setitem", "reshape"):
                continue
            for size in dict.fromkeys(shape):
                for column in columns.by_shape.get((size, size), ()):
                    if (
                        column.seeded
                        or not column.name
                        or len(column) != 1
                        or self._later(group[0], column.operands[0])
                    ):
                        continue
                    o, name = column.operands[0], column.name
                    ways = [
                        ("{} @ is missing before what this gives", lambda y, m: m @ y),
                        ("{}ᵀ @ is missing before what this gives", lambda y, m: m.T @ y),
                        ("@ {} is missing after what this gives", lambda y, m: y @ m),
                        ("@ {}ᵀ is missing after what this gives", lambda y, m: y @ m.T),
                    ]
                    for text, join in ways:
                        makers = dict.fromkeys(group, beside(o, join))
                        yield Edit("factor missing", 1.8, self.plainly(text.format(name), group), makers, None, group)

    def _inverses(self) -> Iterator[Edit]:
        """The inverse of a matrix, with any factor that has a name, where a determinant or an inverse is at work."""
        program = self.program
        if not any(step.name in OF_MATRICES for step in program.steps):
            return
        for group in self.groups:
            shape = np.shape(program.steps[group[0]].value)
            if len(shape) != 2 or shape[0] != shape[1] or self._seeded(group[0]):
                continue
            for column in self.columns.by_shape.get(shape, ()):
                o = column.operands[0]
                if not column.name or len(column) > 1 or any(self._later(i, o) for i in group):
                    continue
                for turned, word in ((False, "the inverse"), (True, "the transpose of the inverse")):
                    text = self.plainly(f"{word} of {column.name} is meant in the place of this", group)
                    make = _inverse(o, turned)
                    yield Edit(
                        "derivative", 1.5, text, dict.fromkeys(group, make), self.factor(group, "", "derivative"), group
                    )

    def _terms(self) -> Iterator[Edit]:
        """A term that is left out, with any factor that has a name."""
        program = self.program
        for group in self.groups:
            step = program.steps[group[0]]
            shape = np.shape(step.value)
            if np.asarray(step.value).dtype.kind != "f" or step.name in ("getitem", "reshape", "part"):
                continue
            spread = self.columns.by_shape.get((*shape[:-1], 1), ()) if len(shape) > 1 and shape[-1] > 1 else ()
            for column in (*self.columns.by_shape.get(shape, ()), *(c for c in spread if c.seeded)):
                if program.seeded and column.seeded != (group[0] in program.seeded):
                    continue
                for how, chosen in self.columns.aligned(group, column):
                    makers = {
                        i: beside(c, lambda y, u: y + u)
                        for i, c in zip(group, chosen, strict=True)
                        if c is not None and not self._later(i, c)
                    }
                    if not makers:
                        continue
                    word = self.columns.word(next(c for c in chosen if c is not None))
                    text = f"a term {word}{' ' + how if how else ''} is missing, to be added to what this gives"
                    said = self.plainly(text, group)
                    edit = Edit(
                        "term missing",
                        2.2 + (0 if column.name else 0.3),
                        said,
                        makers,
                        self.factor(group, "", "term missing"),
                        group,
                    )
                    yield edit


def _inverse(o: Operand, turned: bool) -> Make:
    """The inverse of a matrix in the place of the step's result."""
    return lambda step: Variant((o,), lambda v: np.linalg.inv(v[0].T if turned else v[0]))
