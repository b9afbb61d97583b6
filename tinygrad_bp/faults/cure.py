"""Which one thing put right lets a program learn that does not: the numbers say what may be wrong, trials what is."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from .trial import AS_IT_IS, Change, Trials
from .units import GAIN, SHRINK, Size, as_drawn, size_of, unit_targets, units, weighted

if TYPE_CHECKING:
    from ..autograd.tensor import Tensor
    from .observation import Observation

TOO_LARGE, TOO_SMALL = "learning-rate-too-large", "learning-rate-too-small"
SMALLER = (0.3, 0.1, 0.01, 1e-3, 1e-4, 1e-6)
SLOWER = (0.1, 0.01, 1e-3)
LARGER = (10.0, 100.0, 1e3, 1e4)
LARGEST = 1e5  # where nothing else helped
# Beside another change: with other sizes another rate fits.
BESIDE = (1.0, 0.1, 10.0, 0.01, 100.0)
HEAVY = 0.75  # so much dropout is worth a trial without
NEARLY_ALL = 0.9  # so much leaves a tenth: it is too much in any case
STRONG = 0.05  # and so much weight decay


class Oddness(NamedTuple):
    """From which sizes on numbers are worth a trial with others."""

    large: float
    small: float
    spread: float  # how many times as large as the smallest the largest column is
    offset: float  # how many deviations the mean of a column is from 0

    def of(self, size: Size | None) -> bool:
        """Whether a size is odd."""
        if size is None:
            return False
        uneven = size.spread > self.spread and size.largest > NEAR.large  # a small column does no harm to others
        return size.largest > self.large or size.largest < self.small or uneven or size.offset > self.offset


# Layers begin with weights that suit numbers around 1. Far from it, the sizes are tried first; near it, the rate.
FAR = Oddness(large=10.0, small=0.01, spread=100.0, offset=30.0)
NEAR = Oddness(large=2.0, small=0.05, spread=5.0, offset=2.0)
THOUSAND = 1000.0  # from there on targets are large whatever the rate is
GROSS = 30.0  # numbers so large saturate layers or blow up whatever else is wrong


class Cure:
    """What is odd about the numbers of a program, and the change that lets it learn."""

    def __init__(self, seen: Observation) -> None:
        self.seen, self.trials = seen, Trials(seen)

    @cached_property
    def inputs(self) -> Size | None:
        """The size of the inputs; None where they are no numbers that could have another one."""
        inputs = self.seen.inputs
        if units(self.seen.x) is None or (inputs.dtype.kind != "f" and inputs.dtype != np.uint8):
            return None  # numbers of words
        return size_of(inputs)

    @cached_property
    def targets(self) -> Size | None:
        """The size of the targets; None where they are classes."""
        targets = self.seen.targets
        if targets is None or unit_targets(self.seen.y) is None or np.isin(targets, (0, 1)).all():
            return None
        size = size_of(targets)
        unknown = self.seen.optimizer is None and size is not None and size.largest < THOUSAND
        return None if unknown else size  # some hundreds are learnt with a rate that fits

    @cached_property
    def gains(self) -> tuple[float, float]:
        """The smallest and the largest gain of a layer's first weights; 0 is none."""
        found = [each.gain for each in weighted(self.seen.steps) if each.gain > 0]
        return (min(found), max(found)) if found else (1.0, 1.0)

    @cached_property
    def frozen(self) -> dict[str, Tensor]:
        """The weights that are frozen as they were drawn, by name; none where others are frozen too, as trained."""
        still = {name: p for name, p in self.seen.parameters.items() if p._node is None and p.ndim > 1}
        return still if all(as_drawn(p._value) for p in still.values()) else {}

    @cached_property
    def decay(self) -> float:
        """The largest weight decay."""
        groups = self.seen.optimizer.param_groups if self.seen.optimizer is not None else ()
        return max((float(group.get("weight_decay", 0.0)) for group in groups), default=0.0)

    @cached_property
    def dropped(self) -> float:
        """The largest share of values that a layer drops."""
        return max((float(s.params["p"]) for s in self.seen.model_steps if s.op == "dropout_mask"), default=0.0)

    @cached_property
    def change(self) -> Change | None:
        """The first change with which the program learns; None where it learns as it is, or with none of them."""
        if next(self._changes(), None) is None and next(self._few_changes(), None) is None:
            return None
        if self.trials.blind:
            return None  # trials cannot tell what helps
        if self.trials.fails:
            return self.trials.cure(self._changes())
        return self.trials.cure(self._few_changes()) if self.trials.halts else None

    def _few_changes(self) -> Iterator[Change]:
        """What may hold back a program that learns a little."""
        yield from self._unknown_rate()
        yield from self._sizes(FAR)
        if self._may_be(TOO_LARGE):
            yield from (Change(rate) for rate in SLOWER)

    def _changes(self) -> Iterator[Change]:
        sizes = self._sizes(FAR)
        yield from self._unknown_rate()
        yield from sizes
        if self.inputs is not None and self.inputs.largest > GROSS:
            yield from _with_rates([size for size in sizes if size.inputs])
        if self.frozen:
            yield Change(thawed=True)
        yield from self._rates()
        yield from _with_rates(sizes)
        if self.gains[1] > GAIN or self.gains[0] < SHRINK:
            yield from _with_rates([size._replace(weights=True) for size in (AS_IT_IS, *sizes)])
        if HEAVY <= self.dropped < NEARLY_ALL:
            yield Change(dropout=True)
        if self.decay >= STRONG:
            yield Change(decay=True)
        near = [size for size in self._sizes(NEAR) if size.inputs and size not in sizes]
        yield from _with_rates(near if np.isfinite(self.seen.loss_value or 0.0) else [])  # a NaN is of no size near 1
        if self._may_be(TOO_SMALL) and not self.trials.lost(LARGEST):
            yield Change(LARGEST)

    def _unknown_rate(self) -> Iterator[Change]:
        """Without an optimizer nobody knows the rate: sizes are odd where a larger one does not learn either."""
        if self.seen.optimizer is None:
            yield Change(10.0)

    def _rates(self) -> Iterator[Change]:
        smaller, larger = SMALLER * self._may_be(TOO_LARGE), LARGER * self._may_be(TOO_SMALL)
        plain = self.trials.run() if smaller or larger else None
        if plain is None:
            return
        if plain.smooth:
            smaller = ()
        rises = plain.jumps or not plain.losses[-1] <= plain.losses[0]
        for rate in (*smaller, *larger) if rises else (*larger, *smaller):
            if not (rate > 1 and self.trials.lost(rate)):
                yield Change(rate)

    def _may_be(self, code: str) -> bool:
        """Whether a rate may be at fault: there is one, and it is not known to be only a consequence."""
        return self.seen.optimizer is not None and code not in self.seen.settled

    def _sizes(self, odd: Oddness) -> list[Change]:
        """The changes of sizes that are odd: one, then both."""
        inputs, targets = (
            size not in self.seen.settled and odd.of(here)
            for size, here in (("inputs-not-scaled", self.inputs), ("targets-not-scaled", self.targets))
        )
        found = [Change(inputs=True)] if inputs else []
        if targets:
            found.append(Change(targets=True))
        return [*found, Change(inputs=True, targets=True)] if inputs and targets else found


def _with_rates(changes: list[Change]) -> Iterator[Change]:
    return (change._replace(rate=rate) for change in changes for rate in BESIDE)
