"""Short trainings on the batch, as the program is and with one thing put right: what helps names the fault."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..autograd.modes import enable_grad, no_grad
from ..autograd.watch import array_of
from ..nn.dropout import Dropout
from ..nn.module import Module
from ..optim.adam import Adam
from .sample import ALL_WORK, WORK, Sample, rows_in, sample
from .state import kept
from .units import unit_targets, unit_weights, units

if TYPE_CHECKING:
    from ..autograd.tensor import Tensor
    from ..optim.optimizer import Optimizer
    from .observation import Observation

FEWEST, MOST_STEPS = 20, 300  # steps of a trial
HORIZON = 600  # a program that has learnt nothing after so many steps on one batch does not learn
LEARNT = 0.25  # the skill from which on a program learns, where its loss falls as well
FALL = 0.2  # by so much of the first loss: random first weights may have a skill by chance
HALF = 0.5  # the skill that needs no fall: the program has learnt before
CURED = 0.5  # the skill that a change has to reach to count as the cure
ENOUGH = 0.8  # the skill at which a trial ends
JUMP = 20.0  # times the loss of chance
PART = 0.65  # below this skill a program learns only a part; then a change has to reach ENOUGH
SMOOTH = 0.02  # a loss that rises on the way by so little of its fall has a rate that is not too large
AT_ONCE = 0.3  # and no step makes so much of the fall
NOTHING = 0.05  # a skill that is none
GAINED = 0.01  # the share of the loss that has to be gained to go on
UNSEEN = 1e-3  # so much of what larger outputs change is rounding
LOOKS = frozenset((20, 40, 80, 160))  # after so many steps a trial that has learnt enough ends
LOOK = 3  # what it costs to see how much of the loss the inputs explain, in steps
SOON = 40  # steps after which another rate that has gained nothing ends, or a quarter of all
DERANGEMENTS = 4  # orders of the rows over which skill is a mean


class Change(NamedTuple):
    """What a trial does differently from the program."""

    rate: float = 1.0  # times the learning rate
    inputs: bool = False  # inputs of mean 0 and deviation 1
    targets: bool = False  # targets of mean 0 and deviation 1
    weights: bool = False  # weights multiplied so that layers keep the size of what goes through
    dropout: bool = False  # no dropout
    decay: bool = False  # no weight decay
    thawed: bool = False  # layers that are frozen as they were drawn learn as well


AS_IT_IS = Change()


class Trial(NamedTuple):
    """A short training.

    ``skill`` says how much of the loss the inputs explain: 1 − loss / loss with the rows of the inputs in another
    order. It is 0 for constant answers, whatever the loss, and 1 for perfect ones.
    """

    losses: tuple[float, ...]  # before each step, and after the last one
    skill: float
    chance: float  # the loss with the rows in another order, before the first step
    still: bool = False  # no gradient arrives anywhere: no step moves anything, whatever its rate

    @property
    def learnt(self) -> bool:
        """Whether the program learns: its answers say something of the inputs, and are better than those of before."""
        below = self.losses[-1] < max(self.chance, self.losses[0])
        return below and (self.skill >= HALF or (self.skill >= LEARNT and self.falls))

    @property
    def falls(self) -> bool:
        """Whether the loss falls by a good part."""
        return (self.losses[0] - self.losses[-1]) / max(abs(self.losses[0]), 1e-30) >= FALL

    @property
    def jumps(self) -> bool:
        """Whether the loss was on the way far above what chance has."""
        return max(self.losses) > JUMP * max(self.chance, self.losses[0]) > 0

    @property
    def smooth(self) -> bool:
        """Whether the loss falls without a rise or a leap: a smaller rate goes the same way, and slower."""
        if not math.isfinite(self.losses[-1]):
            return False
        steps = np.diff(self.losses)
        fall = self.losses[0] - min(self.losses)
        return bool(np.maximum(steps, 0).sum() <= SMOOTH * fall and -steps.min() <= AT_ONCE * fall)

    @property
    def blew_up(self) -> bool:
        """Whether the loss ended as no number, or far above where it began."""
        return not math.isfinite(self.losses[-1]) or self.losses[-1] > 10 * abs(self.losses[0]) + 1e-6


class Trials:
    """The trials of one observation, each run once."""

    def __init__(self, seen: Observation) -> None:
        self.seen = seen
        self._done: dict[tuple[Change, int], Trial | None] = {}
        self._left = ALL_WORK

    @cached_property
    def sample(self) -> Sample:
        """The rows that trials are made with."""
        return sample(self.seen)

    @cached_property
    def steps(self) -> int:
        """How many steps a trial has: many of a small network, few of a large one."""
        return int(np.clip(WORK / self.sample.work, FEWEST, MOST_STEPS))

    def run(self, change: Change = AS_IT_IS, times: int = 1) -> Trial | None:
        """The trial with a change, of ``times`` as many steps; None where it cannot be run, or would cost too much."""
        key = change, times * self.steps
        if key not in self._done:
            affordable = key[1] * self.sample.work <= self._left
            self._done[key] = trial = self._run(*key) if affordable else None
            if trial is not None:
                self._left -= (len(trial.losses) + LOOK) * self.sample.work
        return self._done[key]

    def _run(self, change: Change, steps: int) -> Trial | None:
        seen = self.seen
        with np.errstate(all="ignore"):
            x = units(seen.x) if change.inputs else seen.x
            y = unit_targets(seen.y) if change.targets else seen.y
            x, y = self.sample.of(x), self.sample.of(y)
        if x is None or y is None or not seen.leaves:
            return None
        others = kept((), None, seen.leaves.values())
        with seen.unchanged(), others, enable_grad(), np.errstate(all="ignore"):
            optimizer = seen.optimizer or Adam(list(seen.leaves.values()), lr=REFERENCE_RATE)
            for group in optimizer.param_groups:
                group["lr"] = group["lr"] * change.rate
                if change.decay and "weight_decay" in group:
                    group["weight_decay"] = 0.0
            if change.dropout:
                _without_dropout(seen.model)
            if change.weights:
                unit_weights(seen)
            if change.thawed:
                _learn_too(optimizer, list(seen.cure.frozen.values()))

            def loss_now(inputs: Any) -> Any:
                loss = seen.loss_fn(seen.model(inputs), y)
                return loss if self.sample.times == 1 else loss * self.sample.times

            def closure() -> Any:
                for leaf in seen.leaves.values():
                    leaf.grad = None
                loss = loss_now(x)
                loss.backward()
                return loss

            losses: list[float] = []
            try:
                with no_grad():
                    chance = _shuffled(loss_now, x)
                for number in range(1, steps + 1):
                    losses.append(float(array_of(optimizer.step(closure))))
                    if not math.isfinite(losses[-1]):
                        return Trial((*losses,), 0.0, chance)
                    still = number == 1 and not _arrives(seen.leaves.values())
                    ends = still or number == steps
                    lost = change.rate > 1 and number in LOOKS and losses[-1] > JUMP * max(chance, losses[0])
                    ends = ends or lost  # a larger rate that runs away comes back to nothing
                    if ends or number in LOOKS:
                        with no_grad():
                            last, skill = float(array_of(loss_now(x))), _skill(loss_now, x)
                        trial = Trial((*losses, last), skill, chance, still)
                        ends = ends or (number >= max(SOON, steps // 4) and self._gains_nothing(change, trial))
                        if ends or (skill >= ENOUGH and trial.learnt and (trial.falls or not trial.jumps)):
                            return trial
                return None
            except Exception:  # a program that cannot take a step has another fault, which a rule of its own names
                return None

    def _gains_nothing(self, change: Change, trial: Trial) -> bool:
        """Whether another rate alone has come no further than the program's own does."""
        plain = self._done.get((AS_IT_IS, self.steps))
        if plain is None or change.rate == 1 or change != Change(change.rate) or not math.isfinite(plain.losses[-1]):
            return False
        reached = plain.losses[-1]
        return trial.skill < NOTHING and trial.losses[-1] >= reached - GAINED * abs(reached)

    # ------------------------------------------------------------------ what they say

    @cached_property
    def blind(self) -> bool:
        """Whether the loss is the same whatever the order of the rows, though the outputs are not: skill is always 0.

        So it is where all outputs are compared with all targets, or rows only with each other.
        """
        x, y = self.sample.of(self.seen.x), self.sample.of(self.seen.y)
        if getattr(x, "ndim", 0) < 1 or len(x) < 2:
            return False
        here, outputs = self.seen.loss_of(x, y), self.seen.outputs_for(x)
        if here is None or outputs is None or outputs.dtype.kind != "f":
            return False
        larger = self.seen.loss_for(1.5 * outputs, y)
        if larger is None or not abs(larger - here) > UNSEEN * abs(here):
            return False  # beside numbers so large, what the order changes is lost
        generator = np.random.default_rng(len(x))
        for _ in range(2):
            other = rows_in(x, _moved(generator, len(x)))
            there, moved = self.seen.loss_of(other, y), self.seen.outputs_for(other)
            if there is None or not abs(there - here) <= UNSEEN * abs(larger - here):
                return False
            if moved is None or not np.abs(outputs - moved).max() > NOTHING * np.abs(outputs).max():
                return False
        return True

    @cached_property
    def fails(self) -> bool:
        """Whether the program does not learn its own batch, though it has the time."""
        plain = self.run()
        if plain is None or math.isnan(plain.skill) or plain.learnt:
            return False
        if plain.blew_up:
            return True
        large = self.steps < MOST_STEPS
        if large and not plain.jumps:  # so many steps take too long: few of a larger rate go as far
            faster = self.run(Change(rate=HORIZON / self.steps))
            if faster is not None and faster.learnt:
                return False
        longer = self.run(times=PATIENCE if large else HORIZON // MOST_STEPS)
        return longer is not None and not longer.learnt

    @cached_property
    def learns(self) -> bool:
        """Whether the program learns its batch as it is."""
        plain = self.run()
        return plain is not None and plain.learnt

    @cached_property
    def learns_well(self) -> bool:
        """Whether the program learns its batch nearly as a whole."""
        plain = self.run()
        return plain is not None and self.learns and plain.skill >= ENOUGH

    @cached_property
    def halts(self) -> bool:
        """Whether the program learns only a part of its own batch, or on the way its loss jumps far above chance."""
        plain = self.run()
        return not self.fails and plain is not None and (plain.skill < PART or plain.jumps)

    def lost(self, rate: float) -> bool:
        """Whether a rate less than this, and more than the program's own, is known to make the loss run away."""
        return any(
            trial is not None and trial.blew_up and 1 < change.rate < rate and change == Change(change.rate)
            for (change, _), trial in self._done.items()
        )

    def cure(self, changes: Iterator[Change]) -> Change | None:
        """The first of these changes with which the program learns, or learns far more where it learns a little."""
        least, plain = (CURED, None) if self.fails else (ENOUGH, self.run())
        for change in changes:
            known = self._done.get((change._replace(rate=1.0), self.steps))
            trial = known if known is not None and known.still else self.run(change)
            if trial is None:
                continue
            if plain is not None and not (plain.jumps or change.targets) and trial.losses[-1] > plain.losses[-1]:
                continue  # whatever the inputs explain of it, the loss ends above that of the program as it is
            if trial.skill >= least and trial.learnt and trial.falls and not trial.jumps:
                return change
        return None


PATIENCE = 3  # times the steps of a trial that a large network has to show that it learns
REFERENCE_RATE = 3e-3  # of Adam, where the program has no optimizer


def _learn_too(optimizer: Optimizer, frozen: list[Tensor]) -> None:
    for tensor in frozen:
        tensor.requires_grad = True
    optimizer.add_param_group({"params": frozen, "lr": optimizer.param_groups[0]["lr"]})


def _without_dropout(model: Any) -> None:
    for module in model.modules() if isinstance(model, Module) else ():
        if isinstance(module, Dropout):
            module.p = 0.0


def _arrives(leaves: Iterable[Tensor]) -> bool:
    """Whether a gradient other than zero has arrived at any of these."""
    return any(leaf.grad is not None and bool(np.any(array_of(leaf.grad))) for leaf in leaves)


def _skill(loss_of: Any, x: Any) -> float:
    """How much of the loss the inputs explain; 0 where their rows cannot be put in another order."""
    rows = len(x) if getattr(x, "ndim", 0) else 0
    if rows < 2:
        return math.nan
    right = float(np.mean([float(array_of(loss_of(x))) for _ in range(2)]))
    wrong = _shuffled(loss_of, x)
    if not (math.isfinite(right) and math.isfinite(wrong)):
        return 0.0
    return (wrong - right) / max(abs(wrong), abs(right), 1e-30)


def _shuffled(loss_of: Any, x: Any) -> float:
    """The mean loss with the rows of the inputs in another order."""
    rows = len(x) if getattr(x, "ndim", 0) else 0
    generator = np.random.default_rng(rows)
    others = [rows_in(x, _moved(generator, rows)) for _ in range(DERANGEMENTS)] if rows else [x]
    return float(np.mean([float(array_of(loss_of(other))) for other in others]))


def _moved(generator: Any, rows: int) -> Any:
    """An order in which no row is at its own place."""
    order = generator.permutation(rows)
    moved = np.empty_like(order)
    moved[order] = np.roll(order, 1)
    return moved
