"""Which one mistake gives all the hand-written gradients: every change of the graph is tried, simple ones first."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from ...autograd.errors import ShapeError
from ...autograd.node import Node
from ..case import ON_TOP, Case, Guess
from .arrivals import arrivals, beside_penalties, branches, of_the_loss, past_a_slope, penalties, weighed_penalties
from .caches import caches, not_handed_on
from .derivatives import derivatives, other_derivatives
from .edges import halved, left_out, scaled, uses, ways
from .fits import Fit, along, error_of, exchanged, meets, stretched, tolerant, with_parameter
from .forwards import other_forwards, other_operands, other_statistics
from .gathers import gathered, misplaced
from .gating import choices, hinges, masks
from .losses import likelihoods
from .matrices import contractions, matrix_products, updated
from .numbers import exchanged_numbers, numbers
from .orders import exchanged_steps, joined_elsewhere
from .own_places import own_places
from .places import rearranged, reordered, slices
from .pooling import pools
from .products import elementwise_products, squares
from .reading import windows_of_data
from .reads import overlapping
from .recurrent import at_another_step, cut_off, later, orders_in_time
from .reread import pooled_elsewhere, read_back_elsewhere, read_otherwise
from .sample import Sample
from .screen import Screen
from .signs import subtracted
from .statistics import statistics
from .subsets import rounds, short_rounds, subsets
from .sums import averages, broadcast_sums, extremes, running, summed_otherwise, sums_of_results
from .suspects import suspects
from .tape import Change, Tape
from .turns import other_arrivals, other_columns, other_parts
from .windows import windows

KINDS: tuple[Callable[[Tape], Iterator[Change]], ...] = (
    scaled, beside_penalties, weighed_penalties, likelihoods, hinges, subtracted, reordered, derivatives, uses,
    left_out, ways, branches, gathered, extremes, running, squares, other_derivatives, exchanged_steps,
    joined_elsewhere, past_a_slope, statistics, numbers, exchanged_numbers, elementwise_products, broadcast_sums,
    sums_of_results, matrix_products, contractions, windows, windows_of_data, read_otherwise, read_back_elsewhere,
    pooled_elsewhere, pools, overlapping, misplaced, slices, rearranged, choices, penalties, own_places, arrivals,
    caches, later, orders_in_time, cut_off, not_handed_on, other_columns, other_parts, other_arrivals,
    other_operands, other_statistics, other_forwards, averages, subsets, short_rounds, rounds, masks, of_the_loss,
    at_another_step, halved,
)  # fmt: skip
WORK = 60_000_000  # elements pulled back through, all changes together
CALL = 300  # elements that are pulled back through in the time that a step takes besides
MADE = 5_000_000  # changes that are made, times the steps of the graph: a loop over pixels has many of both
SHARE = 1 / 5  # of the tries, and 100 at least, has one kind of changes, before all other kinds had as many
MANY = 2500  # tries, with which nobody has to know where to look first
IN_ONE_TURN = 0.3  # what a change in one turn of a loop counts for: of these a loop over pixels has thousands
OF_A_WAY = ("derivative", "wrong factor", "mask inverted", "factor", "sign")  # kinds that may be a branch left out
SPOILING = 8  # of as many tries one is for a change that moves right gradients


def explanations(tape: Tape, cases: Sequence[Case], computed: Callable[[], Sequence[Any]] = list) -> dict[int, Guess]:
    """For each wrong case that some change explains: the kind, the hand-written numbers, a factor, and the sentence.

    A change that explains every wrong gradient is better than one that explains some; what stays unexplained is tried
    again on its own, also on top of what was found. ``computed()`` are the values that the hand-written program has.
    """
    search = Search(tape, cases, computed)
    found = dict(exchanged(search.cases, search.wrong))
    base = Change("", "")
    for _ in range(4):
        left = [i for i in search.wrong if i not in found]
        if not left:
            break
        fit = search.best(left, base)
        if fit is None:
            break
        kind, sentence = search.as_left_out(fit)
        for i, also in fit.met.items():
            found[i] = kind, cases[i].hand, None, sentence + also
        if not fit.change.apart:
            base = base.with_(fit.change)
    for i in search.wrong:
        if i not in found:
            found.update((i, guess) for guess in stretched(tape, search.cases[i]))
    for i, case in enumerate(cases):
        if not case.same:
            found.update((i, guess) for guess in summed_otherwise(tape, case, tape.leaves[i]))
    return found


class Search:
    """The hand-written gradients, and every change that is tried on them."""

    def __init__(self, tape: Tape, cases: Sequence[Case], computed: Callable[[], Sequence[Any]] = list) -> None:
        self.computed = computed
        self.tape, self.cases = tape, [tolerant(case) for case in cases]
        self.usable = [i for i, case in enumerate(cases) if case.same and np.isfinite(case.hand).all()]
        self.wrong = [i for i in self.usable if not cases[i].agrees and error_of(cases[i]) > 1e-6]
        self.right = frozenset(i for i in self.usable if i not in self.wrong and np.any(cases[i].truth))
        size = sum(int(np.prod(step.node.shape)) + CALL for step in tape.steps)
        self.tries = max(100, WORK // max(size, 1))
        self.samples = {i: Sample.of(self.cases[i]) for i in self.wrong}
        self.reached: dict[Change, frozenset[int]] = {}  # the wrong results that each change may move
        self.near: dict[Change, frozenset[int]] = {}  # of those, after it was tried alone, the ones it may account for
        self.changes: list[Change] = []  # those that have been made
        self.alone: list[Change] = []  # those in some turns of a loop
        self.others = self._in_order()  # those that are still to be made: most mistakes are among the first

    def _in_order(self) -> Iterator[Change]:
        """The changes that may move wrong gradients, but for those in some turns of a loop.

        Those that move all wrong ones are first, of a large graph those near to where something goes wrong; of those
        that move right ones as well few are tried, and last.
        """
        wrong = frozenset(self.wrong)
        near = suspects(self.tape, self.computed(), wrong) if self.tries < MANY else frozenset[Node]()
        later, some = list[Change](), list[Change]()
        spoiling: tuple[list[Change], list[Change]] = [], []
        count, made = 0, 0.0
        for change, alone in self._changes():
            made += IN_ONE_TURN if alone else 1
            if made * len(self.tape.steps) > MADE:
                break
            if alone and len(self.alone) >= self.tries:
                continue
            reached = self.tape.reaches(change) & wrong
            self.reached[change] = self.near[change] = reached
            if alone:
                if reached == wrong:
                    self.alone.append(change)
            elif reached and not change.apart and self._moves_right(change):
                spoiling[reached != wrong].append(change)
            elif reached and reached != wrong:
                some.append(change)
            elif reached and near and near.isdisjoint((*change.rules, *change.totals)):
                later.append(change)
            elif reached and count < self.tries:
                count += 1
                yield change
        yield from [*later, *some][: self.tries - count]
        yield from [*spoiling[0], *spoiling[1]][: self.tries // SPOILING]

    def _moves_right(self, change: Change) -> bool:
        """Whether a change passes something else on the way to a right gradient."""
        tape = self.tape
        if not any(tape.below.get(node, self.right) & self.right for node in (*change.rules, *change.totals)):
            return False
        if any(tape.below.get(node, self.right) & self.right for node in change.totals):
            return True
        try:
            with np.errstate(all="ignore"):
                return any(tape.below.get(p, self.right) & self.right for p in tape.moved_parents(change))
        except (ShapeError, ValueError, IndexError):  # what the change gives has not the shape of anything here
            return True

    @cached_property
    def screened(self) -> list[Change]:
        """Of the changes in some turns of a loop those that may be all that is wrong."""
        if not self.alone:
            return []
        try:
            screen = Screen(self.tape, self.cases, self.wrong)
        except ValueError:  # near a kink or the end of a domain
            return self.alone
        return [change for change in self.alone if not self._moves_right(change) and _passes(screen, change)]

    def _changes(self) -> Iterator[tuple[Change, bool]]:
        """Every change, and whether it is one in some turns of a loop; of a kind with many some at a time."""
        kinds = [kind(self.tape) for kind in KINDS]
        kinds.append(updated(self.tape, [case.hand for case in self.cases]))
        while kinds:
            left = []
            for changes in kinds:
                if (yield from self._some(changes)):
                    left.append(changes)
            kinds = left

    def _some(self, changes: Iterator[Change]) -> Generator[tuple[Change, bool], None, bool]:
        """As many changes of one kind as are its share, and whether there may be more."""
        count = 0.0
        try:
            while count < max(100, self.tries * SHARE):
                change = next(changes)
                alone = self.tape.partial(change)
                count += IN_ONE_TURN if alone else 1
                yield change, alone
        except (StopIteration, ShapeError, ValueError, IndexError):  # it is about values of other shapes
            return False
        return True

    def best(self, left: list[int], base: Change) -> Fit | None:
        """The best change for some wrong results, on top of what is known to be wrong."""
        best: Fit | None = None
        bases = [base] if base.empty else [Change("", ""), base]
        for known in bases:
            may = self.near if known.empty else self.reached
            for change in self._tried(known is base and not base.rules):
                if may[change].isdisjoint(left):
                    continue
                fit = self.fit(change, left, known)
                if fit is not None and not known.empty:
                    fit.sentence += ON_TOP
                if fit is None or (best is not None and best.rank <= fit.rank):
                    continue
                best = fit
                if not fit.spoiled and len(fit.met) == len(left) and not fit.numbers and not fit.odd:
                    return self.as_branch(fit, left, known)
        return self.as_branch(best, left, base) if best is not None and base.empty else best

    def as_branch(self, fit: Fit, left: list[int], base: Change) -> Fit:
        """The same as a branch left out, where one is: two ways, one of them wrong, may cancel out, h and 1 − h."""
        changed = fit.change.rules.keys()
        for change in (*uses(self.tape), *ways(self.tape)) if fit.kind in OF_A_WAY and changed else ():
            if change.kind == "branch missing" and changed <= change.rules.keys():
                other = self.fit(change, left, base)
                if other is not None and other.rank <= fit.rank:
                    return other
        return fit

    def _tried(self, first: bool) -> Iterator[Change]:
        yield from self.changes
        for change in self.others:
            self.changes.append(change)
            yield change
        if first:
            yield from self.screened

    def fit(self, change: Change, left: list[int], base: Change) -> Fit | None:
        """How a change meets the hand-written gradients; None where it meets none of those left."""
        try:
            with np.errstate(all="ignore"):
                moved = self.tape.moved(change if base.empty else base.with_(change))
        except (ShapeError, ValueError, IndexError):  # what the change gives has not the shape of anything here
            moved = [None] * len(self.cases)
        shifts = [None if d is None or not np.isfinite(d).all() else d for d in moved]
        met: dict[int, str] = {}
        numbers = 0
        for i in left:
            shift, case = shifts[i], self.cases[i]
            if shift is not None and not self.samples[i].allows(shift):
                shift = shifts[i] = None
            if shift is None or not np.any(np.abs(shift) > case.allowed(case.truth)):
                continue
            if np.any(case.hand) and not np.any(case.truth + shift):
                continue  # the hand's cancels out: nothing was left out
            also = meets(case, case.truth + shift)
            if also is not None:
                met[i] = also[0]
                numbers += also[1]
        if base.empty:
            self.near[change] = frozenset(i for i in left if shifts[i] is not None)
        if met:
            spoiled = sum(self._spoils(i, shifts[i]) for i in self.usable if i not in self.wrong)
            sentence = change.sentence
            if change.apart and spoiled:
                names = ", ".join(self.cases[i].name for i in met)
                sentence, spoiled = f"For {names} alone: {sentence[0].lower()}{sentence[1:]}", 0
            fit = Fit(change, change.kind, sentence, met, spoiled, numbers)
            if len(met) == len(left) and not spoiled and not numbers:
                return fit
        else:
            fit = None
        stretched = self.along(change, shifts, left) if change.free is not None else None
        return min((f for f in (fit, stretched) if f is not None), key=lambda f: f.rank, default=None)

    def as_left_out(self, fit: Fit) -> tuple[str, str]:
        """What a fit is called: a derivative left out that a mean takes away again is the whole way left out."""
        if fit.kind != "derivative missing" or not fit.change.rules or fit.change.totals:
            return fit.kind, fit.sentence
        nothing = Change("", "", {node: lambda step, g: [] for node in fit.change.rules})
        shifts, left = self.tape.moved(fit.change), self.tape.moved(nothing)
        for i in fit.met:
            a, b = shifts[i], left[i]
            if a is None or b is None or not np.all(np.abs(a - b) <= self.cases[i].allowed(self.cases[i].truth)):
                return fit.kind, fit.sentence
        what, bracket, _ = fit.sentence.partition("): ")
        return "branch missing", f"{what}{bracket[:1]} passes nothing back: the gradient through it is left out."

    def _spoils(self, i: int, shift: Any) -> bool:
        return shift is not None and not self.cases[i].fits(self.cases[i].truth + shift)

    def along(self, change: Change, shifts: list[Any], left: list[int]) -> Fit | None:
        """A multiple of the change: hand = truth + t · shift, with one t for all that it moves."""
        assert change.free is not None
        ts = {i: along(self.cases[i], shifts[i]) for i in left if shifts[i] is not None}
        known = [(self.cases[i].truth.size, t) for i, t in ts.items() if t is not None]
        if not known:
            return None
        t = max(known)[1]
        also = {i: with_parameter(self.cases[i], self.cases[i].truth + t * shifts[i]) for i in ts}
        met = {i: found[0] for i, found in also.items() if found is not None}
        if not met or abs(t) < 1e-9:
            return None
        words = change.free(t if change.kind == "updated too early" else 1 - t)
        if words is None:
            return None
        right = [i for i in self.usable if i not in self.wrong and shifts[i] is not None]
        spoiled = sum(self._spoils(i, t * shifts[i]) for i in right)
        return Fit(change, *words, met, spoiled, 1)


def _passes(screen: Screen, change: Change) -> bool:
    try:
        return screen.passes(change)
    except (ShapeError, ValueError, IndexError):  # what the change gives has not the shape of anything here
        return False
