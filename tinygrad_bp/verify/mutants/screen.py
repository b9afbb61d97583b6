"""A cheap look at changes of one step: what a change gives along one direction of each wrong parameter, without a walk.

Rules below the step stay as they are, and the derivatives along a direction are known for every value: so what the
changed rule gives, times those, is the product of the whole shift with the direction.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...autograd.node import Node
from ..case import Case
from ..drawn import generator
from .forwards import rerun
from .tape import Change, Tape

STEP = 1e-5  # of the size of a parameter
ROOM = 1e-4  # of the size of what is looked for: differences tell no more


class Screen:
    """Directions of the wrong parameters, and how every value moves along them."""

    def __init__(self, tape: Tape, cases: Sequence[Case], wrong: Sequence[int]) -> None:
        self.tape = tape
        self.wanted: list[tuple[float, float, dict[Node, Any]]] = []
        rng = generator(11)
        for i in wrong:
            leaf = tape.leaves[i]
            value = tape.values.get(leaf)
            if value is None:
                continue
            v = rng.choice([-1.0, 1.0], value.shape) * (0.5 + rng.random(value.shape))
            off = cases[i].hand - cases[i].truth
            self.wanted.append(
                (float(np.sum(off * v)), ROOM * float(np.linalg.norm(off)), self._moving(leaf, value, v))
            )

    def _moving(self, leaf: Node, value: Any, v: Any) -> dict[Node, Any]:
        h = STEP * (float(np.max(np.abs(value), initial=0.0)) or 1.0)
        ahead, back = ({leaf: value + h * v}, {leaf: value - h * v})
        for step in reversed(self.tape.steps):
            if any(p in ahead for p in step.parents if p is not None):
                for values in (ahead, back):
                    given = [
                        x if p is None else values.get(p, x)
                        for p, x in zip(step.parents, step.call.values, strict=False)
                    ]
                    values[step.node] = rerun(step, given).call.result
        return {node: (ahead[node] - back[node]) / (2 * h) for node in ahead}

    def passes(self, change: Change) -> bool:
        """Whether a change of one step may be what is wrong with all of them."""
        if len(change.rules) + len(change.totals) != 1 or change.free is not None:
            return True
        with np.errstate(all="ignore"):
            for node, total in change.totals.items():
                pairs = [(node, total - self.tape.total[node])]
            for node, rule in change.rules.items():
                step = self.tape.step_of[node]
                pairs = rule(step, self.tape.total[node]) + [(p, -d) for p, d in self.tape.parts[node]]
            for wanted, room, moving in self.wanted:
                found = sum(float(np.sum(d * moving[p])) for p, d in pairs if p in moving)
                if not abs(found - wanted) <= room:
                    return False
        return True
