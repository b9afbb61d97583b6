"""What is done in the wrong order: a factor before or after a step, axes that are reshaped before they are moved."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import permutations
from typing import TYPE_CHECKING, Any

import numpy as np

from .edit import Edit, Make, beside
from .program import Hole, Operand, Step, Variant

if TYPE_CHECKING:
    from .edits import Edits

SCALING = ("multiply", "divide")
ROW = 3  # factors one after another that are moved together
Factor = tuple[Operand, bool]  # and whether it divides


def moved_factors(edits: Edits) -> Iterator[Edit]:
    """Factors of a product that belong to a value which the product was made of, or which is made of it."""
    program = edits.program
    readers = edits._readers() if program.seeded else {}
    for group, slots in _all_ways(edits):  # from one value of a line to another of it, as of a product's, first
        yield from _moved(edits, group, slots, True)
    for group, slots in _all_ways(edits):
        yield from _moved(edits, group, slots, False)
        factors = [_factors(edits, i, slots) for i in group]
        without = edits._passing(slots)
        word = " and ".join(edits.columns.word(o) for o, _ in factors[0])
        for o, read in readers.items():
            if len(group) > 1 or not isinstance(o, int) or len(read) < 2 or o not in program.seeded:
                continue
            if not _fits(edits, factors[0], np.shape(program.value(o))) or group[0] in {i for i, _ in read}:
                continue
            if any(edits._later(i, f) for i, _ in read for f, _ in factors[0]):
                continue
            at: dict[int, tuple[int, ...]] = {}
            for i, slot in read:
                at[i] = (*at.get(i, ()), slot)
            makers = dict.fromkeys(group, without) | {i: _with(factors[0], where) for i, where in at.items()}
            text = f"the order is wrong: {word} belongs to {edits.columns.word(o)}, not to what this gives"
            yield Edit("wrong order", 1.15 + 0.2 * len(slots), edits.plainly(text, group), makers, None, group)


def arriving_inside(edits: Edits) -> Iterator[Edit]:
    """What arrives is multiplied after a sum over neighbours that it belongs into."""
    program = edits.program
    readers = edits._readers() if program.seeded else {}
    for i, *others in edits.groups:
        step = program.steps[i]
        if others or step.name != "multiply" or i not in program.seeded:
            continue
        for slot, o in enumerate(step.operands):
            rest = step.operands[1 - slot]
            if not edits._seeded(o) or edits._seeded(rest) or np.shape(program.value(rest)) != np.shape(step.value):
                continue
            inside: set[int] = program.ancestors(rest) if isinstance(rest, int) else set()
            product: int | None = i
            while product is not None:  # and what it is multiplied with afterwards
                after = [(j, 1 - at) for j, at in readers.get(product, ()) if program.steps[j].name == "multiply"]
                product = after[0][0] if len(after) == 1 else None
                other = program.steps[product].operands[after[0][1]] if product is not None else 0
                if product is not None and isinstance(other, int):
                    inside |= program.ancestors(other)
            word = edits.columns.word(o)
            for t in sorted(inside - program.seeded - set(program.leaves), reverse=True):
                value = np.asarray(program.value(t))
                if value.dtype.kind != "f" or value.shape != np.shape(program.value(o)) or edits._later(t, o):
                    continue
                makers = {i: edits._passing((1 - slot,)), t: beside(o, np.multiply)}
                text = f"the order is wrong: {word} belongs to {edits.columns.word(t)}, not to what this gives"
                yield Edit("wrong order", 1.3, edits.plainly(text, [i]), makers, None, [i])


def _all_ways(edits: Edits) -> Iterator[tuple[list[int], tuple[int, ...]]]:
    for group in edits.groups:
        for slots in _ways(edits, group[0], ROW):
            yield group, slots


def _moved(edits: Edits, group: list[int], slots: tuple[int, ...], near: bool) -> Iterator[Edit]:
    """Some factors of a product moved to where they may belong; ``near``: in the same line, or elsewhere alone."""
    program = edits.program
    factors = [_factors(edits, i, slots) for i in group]
    without = edits._passing(slots)
    word = " and ".join(edits.columns.word(o) for o, _ in factors[0])
    line = _line(program.steps[group[0]])
    for target, slot in _targets(edits, group):
        u = program.value(program.steps[target[0]].operands[slot])
        site = program.steps[target[0]].site
        if (_line(program.steps[target[0]]) == line) != near or not _fits(edits, factors[0], np.shape(u)):
            continue
        some = factors if len(target) == len(group) else [factors[0]] * len(target)
        if any(edits._later(i, o) for i, row in zip(target, some, strict=True) for o, _ in row):
            continue
        makers = dict.fromkeys(group, without) | {i: _with(row, (slot,)) for i, row in zip(target, some, strict=True)}
        name = edits.columns.word(program.steps[target[0]].operands[slot])
        where = f" in `{site.expression}`" if site is not None and site.expression else ""
        text = f"the order is wrong: {word} belongs to {name}{where}, not to what this gives"
        yield Edit("wrong order", 1.15 + 0.2 * len(slots), edits.plainly(text, group), makers, None, group)


def _line(step: Step) -> tuple[object, ...]:
    return () if step.site is None else (step.site.code, step.site.line)


def _ways(edits: Edits, i: Operand, depth: int) -> Iterator[tuple[int, ...]]:
    """The operands to follow from a product back past one factor, past two, and so on."""
    step = edits.program.steps[i] if isinstance(i, int) else None
    if step is None or step.name not in SCALING or len(step.operands) != 2 or not depth:
        return
    for slot, o in enumerate(step.operands):
        if (step.name == "divide" and slot == 1) or np.shape(edits.program.value(o)) != np.shape(step.value):
            continue
        if np.size(edits.program.value(step.operands[1 - slot])) < 2 or edits._seeded(step.operands[1 - slot]):
            continue
        yield (slot,)
        yield from ((slot, *rest) for rest in _ways(edits, o, depth - 1))


def _factors(edits: Edits, i: Operand, slots: Sequence[int]) -> list[Factor]:
    found = []
    for slot in slots:
        step = edits.program.steps[i]  # type: ignore[index]
        found.append((step.operands[1 - slot], step.name == "divide"))
        i = step.operands[slot]
    return found


def _targets(edits: Edits, group: list[int]) -> Iterator[tuple[list[int], int]]:
    """The steps, and which of their operands, that the factors may belong to."""
    program = edits.program
    near = program.ancestors(group[0])
    for target in edits.groups:
        step = program.steps[target[0]]
        if target is group or step.name in SCALING or len(target) not in (len(group), 1):
            continue
        if target[0] not in near and not program.after[group[0]] >> target[0] & 1:
            continue
        for slot, o in enumerate(step.operands):
            if program.seeded and not edits._seeded(o) and step.name not in ("add", "subtract"):
                continue  # a term of a sum apart: parentheses in the wrong place
            if np.asarray(program.value(o)).dtype.kind == "f" and not (step.name == "setitem" and slot == 0):
                yield target, slot


def _fits(edits: Edits, factors: Sequence[Factor], shape: tuple[int, ...]) -> bool:
    for o, _ in factors:
        own = np.shape(edits.program.value(o))
        if len(own) > len(shape) or any(n not in (1, m) for n, m in zip(own[::-1], shape[::-1])):
            return False
    return True


def _with(factors: Sequence[Factor], slots: Sequence[int]) -> Make:
    """The step with some operands multiplied with the factors."""

    def make(step: Step) -> Variant:
        n = len(step.operands)

        def compute(values: Sequence[Any]) -> Any:
            own = list(values[:n])
            for slot in slots:
                for factor, (_, divides) in zip(values[n:], factors, strict=True):
                    own[slot] = own[slot] / factor if divides else own[slot] * factor
            return step.compute(own)

        return Variant((*step.operands, *(o for o, _ in factors)), compute)

    return make


def reshaped(edits: Edits) -> Iterator[Edit]:
    """All reshapes from one shape to another, and back, with the axes moved first."""
    program = edits.program
    found: dict[tuple[tuple[int, ...], tuple[int, ...]], list[int]] = {}
    for i in edits.editable:
        step = program.steps[i]
        if step.name in ("reshape", "ravel") and isinstance(step.args[0], Hole):
            shapes = np.shape(program.value(step.operands[0])), np.shape(step.value)
            found.setdefault(shapes, []).append(i)
    for (whole, flat), there in found.items():
        back = found.get((flat, whole), [])
        if len(there) + len(back) < 2 or not 2 <= len(whole) <= 5 or len(flat) > len(whole):
            continue
        for order in permutations(range(len(whole))):
            if order == tuple(range(len(whole))):
                continue
            makers: dict[int, Make] = {i: _computed(_there(order, flat)) for i in there}
            makers |= {i: _computed(_back(order, whole)) for i in back if i not in makers}
            text = f"a transpose is missing wherever {whole} is reshaped to {flat}"
            text += f"{' or back' if back else ''}: the axes belong in the order {order} before it"
            yield Edit("wrong order", 1.25, edits.plainly(text, there[:1]), makers, None, there)


def _computed(change: Callable[[Any], Any]) -> Make:
    return lambda step: Variant(step.operands[:1], lambda values: change(values[0]))


def _there(order: tuple[int, ...], shape: tuple[int, ...]) -> Callable[[Any], Any]:
    return lambda a: np.transpose(a, order).reshape(shape)


def _back(order: tuple[int, ...], shape: tuple[int, ...]) -> Callable[[Any], Any]:
    moved = [shape[n] for n in order]
    return lambda a: np.transpose(np.reshape(a, moved), np.argsort(order))
