"""Where each parameter of a backward comes from, as its name says it."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass

from .names import ITERATIONS, NOTHING, OUTPUT, UPSTREAM, Parameter, role
from .pairs import Pair, is_cache, is_flag

Way = tuple[str, str]  # where an argument comes from, and which


@dataclass
class Binding:
    """Where each parameter of a backward comes from: ``choices`` has a list for each."""

    upstream: list[str]
    choices: dict[str, list[Way]]
    begins: bool = False  # whether the backward begins with a loss that the forward is not
    labels: Parameter | None = None  # what the backward takes as labels, and the forward does not

    def ways(self) -> Iterator[dict[str, Way]]:
        """Every combination."""
        for chosen in itertools.product(*self.choices.values()):
            yield dict(zip(self.choices, chosen, strict=True))


def binding(pair: Pair) -> Binding:
    """How the parameters of a pair's backward can be filled."""
    assert pair.backward is not None
    forward, back = pair.forward.signature, pair.backward.signature
    known = {*forward.names, *(r for r in forward.returned if r)}
    derivative = pair.backward.said.kind == "derivative"
    required = [p for p in back.parameters if p.default is NOTHING]
    labels = [p for p in back.parameters if role(p.name, back.names) == "labels" and p.name not in known]
    inputs = [p for p in forward.parameters if p.default is NOTHING]
    if derivative and len(required) == 1 == len(inputs):  # y is the output there
        labels = []
    labelled = any(role(n, forward.names) == "labels" for n in forward.names)

    def arriving(p: Parameter) -> bool:
        free = p.name not in known and not is_cache(p.name) and p.default is NOTHING
        return free and role(p.name) != "rate" and re.fullmatch(UPSTREAM, p.name, re.IGNORECASE) is not None

    upstream = [p.name for p in back.parameters if arriving(p)]
    if not upstream and not derivative and not labels and not labelled:
        strange = [p.name for p in required if p.name not in known and not is_cache(p.name) and role(p.name) != "rate"]
        upstream = strange[:1]
    begins = not upstream and not derivative and not labelled
    choices = {p.name: _ways(p, pair) for p in back.parameters if p.name not in upstream}
    return Binding(upstream, choices, begins, labels[0] if labels and begins else None)


def _ways(p: Parameter, pair: Pair) -> list[Way]:
    assert pair.backward is not None
    forward, back = pair.forward.signature, pair.backward.signature
    low = p.name.lower().strip("_")
    if re.fullmatch(ITERATIONS, low):
        return [("once", "")]
    by_case = {n.lower(): n for n in forward.names}
    xs = [q.name for q in forward.parameters if role(q.name, forward.names) == "x" and q.default in (NOTHING, None)]
    required = [q for q in back.parameters if q.default is NOTHING]
    what = role(p.name, back.names)
    if pair.backward.said.kind == "derivative" and len(required) == 1 == len(xs) and p.default is NOTHING:
        first, second = ("input", xs[0]), ("output", "")
        return [second, first] if re.fullmatch(OUTPUT, low) and low not in by_case else [first, second]
    if pair.backward.name == pair.forward.name and is_flag(p):
        return [("true", "")]
    if p.name in forward.names and pair.backward.name != pair.forward.name:
        return [("input", p.name)]
    if p.name in forward.returned:
        return [("returned", p.name)]
    if what == "cache" or is_cache(p.name):
        return [("cache", ""), *(("input", x) for x in xs[:1]), ("output", ""), ("all", "")]
    if what == "rate":
        return [("rate", "")]
    if low in by_case:
        return [("input", by_case[low])]
    if p.default is not NOTHING:
        return [("left", "")]
    alike = [("input", n) for n in forward.names if role(n, forward.names) == what]
    if what == "labels":
        return alike or [("input", p.name)]
    if re.fullmatch(OUTPUT, low):
        return [("output", ""), *(("input", x) for x in xs[:1])]
    return [*alike, ("cache", ""), *(("input", x) for x in xs[:1]), ("output", ""), ("unknown", "")]
