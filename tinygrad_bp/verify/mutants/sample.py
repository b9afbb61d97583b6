"""Some elements of a gradient, and whether a change may account for them: far cheaper than all of them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..case import Case

SAMPLED = 64  # elements of a large gradient that are compared first


@dataclass
class Sample:
    """Some elements of a gradient, of a small one all: what does not meet these does not meet it, at far less cost."""

    at: Any  # half of them are those that are most wrong
    hand: Any
    truth: Any
    off: Any  # the hand-written less the right, without its part along the parameter
    along: Any  # the parameter at length 1; None where there is none
    room: float  # the length of a difference that may still be rounding

    @classmethod
    def of(cls, case: Case) -> Sample:
        """Take elements of a case, always the same."""
        hand, truth = case.hand.ravel(), case.truth.ravel()
        at: Any = slice(None)
        if hand.size > 2 * SAMPLED:
            worst = np.argpartition(-np.abs(hand - truth), SAMPLED // 2)[: SAMPLED // 2]
            at = np.union1d(worst, np.random.default_rng(hand.size).integers(0, hand.size, SAMPLED // 2))
        w = case.parameter
        along = np.ravel(w)[at] if w is not None and np.shape(w) == case.hand.shape else None
        size = 0.0 if along is None else float(np.linalg.norm(along))
        along = along / size if along is not None and size else None
        hand, truth = hand[at], truth[at]
        off = hand - truth
        room = 2 * float(np.max(case.allowed(case.hand))) * hand.size**0.5
        return cls(at, hand, truth, off if along is None else off - (off @ along) * along, along, room)

    def allows(self, shift: Any) -> bool:
        """Whether hand = truth + t · shift + b · parameter may hold, or hand = a · (truth + shift)."""
        some = shift.ravel()[self.at]
        beside = some if self.along is None else some - (some @ self.along) * self.along
        return self._left(self.off, beside) <= self.room or self._left(self.hand, self.truth + some) <= self.room

    @staticmethod
    def _left(target: Any, column: Any) -> float:
        """The length of what is left of a target without its part along a column."""
        square = column @ column
        left = target - (target @ column / square) * column if square else target
        return math.sqrt(left @ left)
