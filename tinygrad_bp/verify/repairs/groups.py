"""The steps of a backward's own program that may be changed, those of one place together, and the words for them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..hypotheses.factors import factor_name
from .columns import Column, Columns
from .edit import Edit, Make
from .program import Hole, Operand, Program, Site

SINGLES = 6  # turns of a loop that are also changed one by one
STARTS = ("a", "each", "it", "in", "one", "only", "part", "the", "this", "two", "what", "where", "both")


@dataclass(eq=False, slots=True)
class Said:
    """What a change says: most changes are never asked, so it is written when one is."""

    groups: Groups
    text: str
    group: list[int]
    more: str = ""

    def __str__(self) -> str:
        columns, program = self.groups.columns, self.groups.program
        step = program.steps[self.group[0]]
        words = [columns.word(o) for o in step.operands] + ["it", "it"]
        text = self.text.format(*words)
        many = f", each of the {len(self.group)} times" if len(self.group) > 1 else ""
        start = text[:1].upper() if text.partition(" ")[0] in STARTS else text[:1]  # a name stays as it is written
        narrow = step.site is not None and text[:5].lower() in ("this ", "the r")  # what it is about is one step
        site = step.site.narrowly if narrow else step.site  # type: ignore[union-attr]
        return f"{start}{text[1:]}{many} ({site}){self.more}"


class Groups:
    """Steps that are changed alike."""

    def __init__(self, program: Program, wanted: set[int]) -> None:
        self.program: Program = program
        self.columns: Columns = Columns(program)
        self.given: set[int] = program.ancestors(program.loss) if program.loss is not None else set()
        # what the forward has, and the inputs
        self.before: set[Any] = {*program.leaves, *self.given, *range(program.first)}
        shapes = [np.shape(program.steps[i].value) for i in program.leaves]
        self.sizes: set[int] = {n for shape in shapes for n in shape if n > 2}  # how many examples there may be
        self.editable: list[int] = [
            i
            for i in sorted(program.live & wanted)
            if i >= program.first
            and i not in self.given
            and program.steps[i].site is not None
            and program.steps[i].name not in ("made", "input")
        ]
        self.groups: list[list[int]] = []
        self.limit: float = np.inf  # what costs as much is not tried any more
        self.spent: Callable[[], int] = lambda: 0  # steps that have been computed again until now
        self.waiting: list[tuple[float, Iterator[Edit]]] = []  # the rests of kinds that give many
        self._apart_from: dict[tuple[Operand, Operand | None], tuple[str, str]] = {}
        self._with_key: dict[Hashable, Operand] = {}  # an operand that has the numbers of a factor

    def _place(self, i: int) -> Hashable:
        """Where a step stands, from wherever it was reached."""
        site = self.program.steps[i].site
        return None if site is None else (site.code, site.instruction)

    def _levels(self) -> list[list[list[int]]]:
        """Steps of one place, from wherever it was reached; those of one way there; each alone."""
        seen: set[tuple[int, ...]] = set()
        steps = self.program.steps
        keys: list[Callable[[int], Hashable]] = [
            lambda i: (self._place(i), steps[i].name, i in self.program.seeded),  # of a helper's calls for both apart
            lambda i: (steps[i].site, steps[i].name),
            lambda i: i,
        ]
        levels = []
        for key in keys:
            found: dict[Hashable, list[int]] = {}
            for i in self.editable:
                found.setdefault(key(i), []).append(i)
            levels.append([group for group in found.values() if tuple(group) not in seen])
            seen |= {tuple(group) for group in levels[-1]}
        levels[2] = [g for g in levels[2] if len(self.columns.of.get(g[0], g)) <= SINGLES]
        return levels

    def said(self, text: str, group: list[int], more: str = "") -> Said:
        """A sentence with the names of the operands, and the line."""
        return Said(self, text, group, more)

    def plainly(self, text: str, group: list[int]) -> Said:
        """The same for a sentence that has the names already."""
        return Said(self, text.replace("{", "{{").replace("}", "}}"), group)

    def calling(self, text: str, site: Site) -> str:
        """A sentence with the line of the call that led to a place."""
        code, instruction = site.callers[0]
        lines = (line for start, end, line in code.co_lines() if start <= instruction < end and line)
        at = Site(code, instruction, next(lines, code.co_firstlineno), ())
        return f"{text[:1].upper()}{text[1:]} ({at})"

    def edit(self, kind: str, cost: float, text: str, group: list[int], make: Make, free: bool = False) -> Edit:
        """One change, made alike in all steps of a group."""
        alone = 0.3 if len(group) == 1 and len(self.columns.of.get(group[0], ())) > 1 else 0.0
        return Edit(
            kind,
            cost + alone,
            self.said(text, group),
            dict.fromkeys(group, make),
            self.factor(group, text, kind) if free else None,
            group,
        )

    def _seeded(self, o: Operand) -> bool:
        return isinstance(o, int) and o in self.program.seeded

    def _may(self, o: Operand, column: Column) -> bool:
        """Whether a value of a column may stand for an operand: both made of what arrives, or neither."""
        return not self.program.seeded or self._seeded(o) == column.seeded

    def _apart(self, now: Operand, then: Operand | None) -> tuple[str, str]:
        """What sets two values apart where one is a product with the other: factors that are missing, or too much."""
        if (now, then) not in self._apart_from:
            self._apart_from[now, then] = self._set_apart(now, then)
        return self._apart_from[now, then]

    def _set_apart(self, now: Operand, then: Operand | None) -> tuple[str, str]:
        made = Counter(self._factors_of(now)), Counter(self._factors_of(then))
        for kind, more, less in (("factor missing", made[1], made[0]), ("too much", made[0], made[1])):
            left = list((more - less).elements())
            if left and less and not less - more:
                values = [np.asarray(self.program.value(self._with_key[key])) for key, _ in left]
                mask = any(set(np.unique(value)[:3]) <= {0.0, 1.0} for value in values)
                words = [f"{'a division by ' * by}{self.columns.word(self._with_key[key])}" for key, by in left]
                said = f": {' and '.join(words)} {'missing' if kind == 'factor missing' else 'too much'}"
                return "mask missing" if mask and kind == "factor missing" else kind, said
        chosen = self.program.steps[then] if isinstance(then, int) else None
        by = chosen is not None and chosen.name == "where" and chosen.args[:1] == (Hole(0),)
        if chosen is not None and by and now in chosen.operands[1:]:
            return "mask missing", f": np.where by {self.columns.word(chosen.operands[0])} missing"
        return "wrong factor", ""

    def _factors_of(self, o: Operand | None, divides: bool = False, depth: int = 8) -> Iterator[tuple[Hashable, bool]]:
        """The factors of a product, those of its factors, and whether each divides."""
        step = self.program.steps[o] if isinstance(o, int) else None
        if step is not None and step.name in ("multiply", "divide") and len(step.operands) == 2 and depth:
            for slot, part in enumerate(step.operands):
                yield from self._factors_of(part, divides != (step.name == "divide" and slot == 1), depth - 1)
        elif o is not None:
            value = np.asarray(self.program.value(o))
            key = value.shape, value.astype(float).tobytes()
            self._with_key.setdefault(key, o)
            yield key, divides

    def _later(self, i: int, new: Operand) -> bool:
        """Whether a value is made of the step that would read it."""
        return isinstance(new, int) and (new == i or bool(self.program.after[i] >> new & 1))

    def factor(self, group: list[int], text: str, kind: str = "factor") -> Callable[[float], tuple[str, str] | None]:
        """The words for a part that is right after it is multiplied with ``c``."""

        def words(c: float) -> tuple[str, str] | None:
            if abs(c - 1) < 1e-7:
                return kind, ""
            if abs(c) < 1e-9 or not 1e-4 < abs(c) < 1e4:
                return None
            if abs(c + 1) < 1e-7:
                return ("sign" if kind == "factor" else kind), "with the other sign"
            near = self.named_number(c)
            return (kind, f"times {near}") if near else None

        return words

    def named_number(self, c: float) -> str | None:
        """What a factor is called, where the program has a number that it may be."""
        sign = "−" if c < 0 else ""
        c = abs(c)
        plain = factor_name(c, {})
        if plain:
            return sign + plain
        for n in (3.0, 4.0, 1.5, 6.0, 8.0):
            if abs(c - n) < 1e-7 * n or abs(c - 1 / n) < 1e-7:
                return f"{sign}{n:g}" if abs(c - n) < 1e-7 * n else f"{sign}1/{n:g}"
        known = [abs(n) for n in self.columns.numbers if n]
        for a in known:
            for b in known:
                if a == int(a) and b == int(b) and abs(c - a / b) < 1e-7 * c:
                    return f"{sign}{a:g}/{b:g}"
        for n in dict.fromkeys(map(abs, self.columns.numbers)):
            for text, value in (
                (f"{n:.6g}", n),
                (f"1/{n:.6g}", 1 / n if n else 0),
                (f"(1 − {n:.6g})", 1 - n),
                (f"1/(1 − {n:.6g})", 1 / (1 - n) if n != 1 else 0),
                (f"√{n:.6g}", abs(n) ** 0.5),
                (f"1/√{n:.6g}", abs(n) ** -0.5 if n else 0),
                (f"{n:.6g}²", n * n),
                (f"2·{n:.6g}", 2 * n),
                (f"{n:.6g}/2", n / 2),
                (f"1/{n:.6g}²", 1 / (n * n) if n else 0),
                (f"(1 − {n:.6g})/{n:.6g}", (1 - n) / n if n else 0),
                (f"{n:.6g}/(1 − {n:.6g})", n / (1 - n) if n != 1 else 0),
            ):
                if value and abs(c - abs(value)) < 1e-7 * abs(value):
                    return sign + text
        for a in known:
            for b in known:
                if abs(c - a / b) < 1e-7 * c or abs(c - a * b) < 1e-7 * c:
                    return f"{sign}{a:.6g}{'/' if abs(c - a / b) < 1e-7 * c else ' · '}{b:.6g}"
        return None
