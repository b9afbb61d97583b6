"""Only a part of what arrives counts: a loop that assigns keeps its last round, a range ends one place too early."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import Any

import numpy as np

from .edges import edges, without
from .tape import Change, Gradient, Pairs, Rule, Step, Tape, bilinear, groups, places


def subsets(tape: Tape) -> Iterator[Change]:
    """What arrives at an op, without its first or last places along some axes, or of those places alone."""
    for step in tape.steps:
        given = [i for i, parent in enumerate(step.parents) if parent is not None]
        # Through an op of one operand and the same shape a part stays that part: the op below says the same.
        same = len(given) == 1 and step.parents[given[0]].shape == step.node.shape  # type: ignore[union-attr]
        # An array filled in a loop is whole after the last round.
        unfinished = step.name == "setitem" and any(s.name == "setitem" for s in tape.users.get(step.node, ()))
        if step.node not in tape.parts or unfinished or (same and step.name not in ("permute", "getitem")):
            continue
        for kind, text, mask in _masks(step.node.shape):
            for operands in _some_of(given):
                to = sorted({tape.name(step.parents[i]) for i in operands})  # type: ignore[arg-type]
                sentence = f"Of what arrives at {step.name}{places([step])}, {text} for {', '.join(to)}."
                yield Change(kind, sentence, {step.node: _masked(mask, operands)})


def short_rounds(tape: Tape) -> Iterator[Change]:
    """Products in a loop that each leave out the first or last place of what arrives."""
    found = [step for step in tape.steps if step.node in tape.parts and bilinear(step)]
    for some in groups(found, lambda step: step.call.site):
        if len(some) < 2 or len({step.node.shape for step in some}) > 1:
            continue
        for kind, text, mask in _masks(some[0].node.shape):
            if "place along" in text and "is left out" in text:
                rule = _masked(mask, tuple(range(len(some[0].parents))))
                sentence = f"Of what arrives at {some[0].name}{places(some)}, {text}, in every round."
                yield Change(kind, sentence, dict.fromkeys((step.node for step in some), rule))


def _some_of(operands: list[int]) -> Iterator[tuple[int, ...]]:
    """All of them, all but one, and each alone."""
    for count in dict.fromkeys((len(operands), max(len(operands) - 1, 1), 1)):
        yield from combinations(operands, count)


def _masks(shape: tuple[int, ...]) -> Iterator[tuple[str, str, Any]]:
    long = [axis for axis, size in enumerate(shape) if size > 1]
    if not 0 < len(long) <= 4:
        return
    at = {axis: np.arange(shape[axis]).reshape([-1 if a == axis else 1 for a in range(len(shape))]) for axis in long}
    for axis in long:
        last = shape[axis] - 1
        if last > 1:
            yield "part missing", f"the last place along axis {axis} is left out", at[axis] < last
            yield "part missing", f"the first place along axis {axis} is left out", at[axis] > 0
        if last > 2:
            yield "part missing", f"every second place along axis {axis} counts alone", at[axis] % 2 == 0
            half = shape[axis] // 2
            yield "part missing", f"the first half along axis {axis} counts alone", at[axis] < half
            yield "part missing", f"the second half along axis {axis} counts alone", at[axis] >= half
            inner = (at[axis] > 0) & (at[axis] < last)
            yield "part missing", f"the first and last places along axis {axis} are left out", inner
    for count in range(1, len(long) + 1):
        for some in combinations(long, count):
            which = f"ax{'es' if count > 1 else 'is'} {' and '.join(str(a) for a in some)}"
            for end, word in ((-1, "last"), (0, "first")):
                mask = np.ones((1,) * len(shape), dtype=bool)
                for axis in some:
                    mask = mask & (at[axis] == end % shape[axis])
                text = f"only the {word} place along {which} counts (= where += adds all up, or a loop that ends early)"
                yield "not added up", text, mask


def _masked(mask: Any, operands: tuple[int, ...]) -> Rule:
    def rule(step: Step, g: Gradient) -> Pairs:
        full, part = step.pull(g), step.pull(g * mask)
        pairs = enumerate(zip(step.parents, full, part, strict=False))
        return [(p, b if i in operands else a) for i, (p, a, b) in pairs if p is not None and a is not None]

    return rule


def rounds(tape: Tape) -> Iterator[Change]:
    """Some rounds of a loop, or of one in another, left out."""
    for some in groups(edges(tape), lambda e: (e.step.name, e.operand, e.step.call.site.anywhere)):
        if len(some) < 2:
            continue
        some = sorted(some, key=lambda e: e.step.node.order)
        where = places(e.step for e in some)
        for text, kept in _kept(len(some)):
            left = [edge for edge, keep in zip(some, kept, strict=True) if not keep]
            kind = "not added up" if "only" in text else "part missing"
            yield Change(kind, f"Of the {len(some)} rounds of the loop{where}, {text}.", without(left))


def _kept(count: int) -> Iterator[tuple[str, list[bool]]]:
    """Which rounds count; where the loop has another inside, its length is one that divides their number."""
    for inner in (n for n in range(1, count // 2 + 1) if count % n == 0):
        rows = count // inner
        what = "one" if inner == 1 else f"{inner}"
        if rows > 2:
            yield f"the last {what} are left out", [i < count - inner for i in range(count)]
            yield f"the first {what} are left out", [i >= inner for i in range(count)]
            yield f"of each {rows} the last is left out", [i % rows < rows - 1 for i in range(count)]
            yield f"of each {rows} the first is left out", [i % rows > 0 for i in range(count)]
        yield f"only the last {what} count: add all up with +=", [i >= count - inner for i in range(count)]
        yield f"only the first {what} count: add all up with +=", [i < inner for i in range(count)]
        if inner > 1:
            yield (
                f"of each {rows} only the last counts: add all up with +=",
                [i % rows == rows - 1 for i in range(count)],
            )
            yield f"of each {rows} only the first counts: add all up with +=", [i % rows == 0 for i in range(count)]
