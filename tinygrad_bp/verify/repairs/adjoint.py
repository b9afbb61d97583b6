"""A helper that the backward calls as the forward does, where what it does to a gradient is its transpose."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from types import CodeType
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..mutants.recorder import positions
from .edit import Edit, Make
from .program import Operand, Program, Site, Step, Variant

if TYPE_CHECKING:
    from .edits import Edits

LARGEST = 64  # numbers of a gradient whose way through a helper is written as a matrix
LONGEST = 80  # steps of a call
CALLS = 6  # of one place that are also changed one by one


class Call(NamedTuple):
    """A helper's code, and where it was called from."""

    code: CodeType
    callers: tuple[tuple[CodeType, int], ...]


@dataclass(eq=False)
class Passage:
    """One call of a helper through which a gradient goes: one value in, one of the same shape out."""

    program: Program
    steps: list[int]
    given: int
    result: int
    outer: list[Operand]  # what else its steps read


def transposes(edits: Edits) -> Iterator[Edit]:
    """The transpose of what a helper does, in all its calls of one place, or in single ones."""
    found: dict[Call, list[Passage]] = {}
    steps_of = [(call, i) for i, step in enumerate(edits.program.steps) for call in _frames(step)]
    of_gradients = {call for call, i in steps_of if _gradient(edits, i)}
    of_values = {call.code for call, _ in steps_of if call not in of_gradients}
    for call, steps in _calls(edits):
        passage = _passage(edits, steps) if call.code in of_values else None
        if passage is not None:
            found.setdefault(call, []).append(passage)
    for (code, callers), passages in found.items():
        for some in [passages, *([one] for one in passages[:CALLS] if len(passages) > 1)]:
            caller, place = callers[0]
            site = Site(caller, place, positions(caller)[place // 2][0] or 0, ())
            text = f"the gradient goes through {code.co_name} as a value does in the forward: the transpose of what "
            text += f"{code.co_name} does is meant, each output's gradient back to what it was made of ({site})"
            makers = {one.result: _transpose(one) for one in some}
            yield Edit("transposed", 1.2, text[:1].upper() + text[1:], makers, None, [some[0].result])


def _calls(edits: Edits) -> Iterator[tuple[Call, list[int]]]:
    """The calls of helpers, with the steps of each."""
    last: dict[int, tuple[Call, list[int]]] = {}
    for i in edits.editable:
        frames = _frames(edits.program.steps[i])
        for depth in list(last):
            if depth >= len(frames) or last[depth][0] != frames[~depth]:
                yield last.pop(depth)
        for depth in range(1, len(frames)):
            last.setdefault(depth, (frames[~depth], []))[1].append(i)
    yield from last.values()


def _frames(step: Step) -> list[Call]:
    """The calls that a step is made in, the innermost first."""
    if step.site is None:
        return []
    chain = ((step.site.code, step.site.instruction), *step.site.callers)
    return [Call(code, tuple(chain[k + 1 :])) for k, (code, _) in enumerate(chain)]


def _passage(edits: Edits, steps: list[int]) -> Passage | None:
    program, own = edits.program, set(steps)
    if not 1 < len(steps) <= LONGEST:
        return None
    outer = dict.fromkeys(o for i in steps for o in program.steps[i].operands if o not in own)
    given = [o for o in outer if isinstance(o, int) and _gradient(edits, o)]
    read = {o for i, step in enumerate(program.steps) if i not in own for o in step.operands if isinstance(o, int)}
    results = [i for i in steps if i in read or i in program.outputs]
    if len(given) != 1 or len(results) != 1:
        return None
    value = np.asarray(program.steps[given[0]].value)
    if value.shape != np.shape(program.steps[results[0]].value) or not 1 < value.size <= LARGEST:
        return None
    return Passage(program, steps, given[0], results[0], [o for o in outer if o != given[0]])


def _gradient(edits: Edits, o: int) -> bool:
    """Whether a value is a gradient: made of what arrives, or after the forward."""
    return o in edits.program.seeded if edits.program.seeded else o not in edits.before


def _transpose(passage: Passage) -> Make:
    program = passage.program

    def make(step: Step) -> Variant:
        def compute(values: Sequence[Any]) -> Any:
            given = np.asarray(values[0])
            held = dict(zip(map(_place, passage.outer), values[1:], strict=True))

            def through(g: Any) -> Any:
                known = {**held, passage.given: g}
                for i in passage.steps:
                    known[i] = program.steps[i].compute([known[_place(o)] for o in program.steps[i].operands])
                return known[passage.result]

            rows = [np.ravel(through(one.reshape(given.shape))) for one in np.eye(given.size)]
            return (np.array(rows) @ np.ravel(given)).reshape(given.shape)

        return Variant((passage.given, *passage.outer), compute)

    return make


def _place(o: Operand) -> int:
    return o if isinstance(o, int) else -1 - id(o)
