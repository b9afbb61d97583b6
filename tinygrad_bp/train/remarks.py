"""What a monitor says of a training: one rule for each thing that goes wrong, the most serious first.

A training that came down well is left alone, whatever its gradients were: the rules that look for a cause ask first
whether there is anything to explain.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from math import isfinite
from typing import Any, NamedTuple

import numpy as np

from ..autograd.terminal import fitting
from .history import History
from .sample import SQUASHING, Sample, Units

STEPS = 10  # that are the beginning
LEAST = 1e-6  # by so much a step changes weights of a usual size in float32
PARTS = 10  # of a training that has no epochs, or few: the loss of each is one mean


class Remark(NamedTuple):
    """One thing that happened. ``code`` stays the same from version to version; ``text`` has the numbers."""

    code: str
    text: str


class Report(tuple[Remark, ...]):
    """What a monitor says, most serious first. It shows as lines.

    >>> from tinygrad_bp.train import Report
    >>> print(Report())
    Nothing went wrong that a monitor can see.
    """

    __slots__ = ()

    @property
    def codes(self) -> tuple[str, ...]:
        """The codes of what happened."""
        return tuple(remark.code for remark in self)

    def __repr__(self) -> str:
        if not self:
            return "Nothing went wrong that a monitor can see."
        return fitting("\n".join(f"{code}: {text}" for code, text in self))


@dataclass
class Record:
    """What a monitor has seen."""

    losses: Sequence[float]
    samples: Sequence[Sample]
    epochs: Sequence[int]
    history: History | None
    rate: float | None
    broken: str = ""  # the first weight that was not finite when the loss was not

    @cached_property
    def by_epoch(self) -> bool:
        """Whether the epochs are enough to see a course in."""
        return len(self.epochs) >= 5

    @cached_property
    def course(self) -> list[float]:
        """The mean loss of each epoch, or of each tenth of the steps."""
        losses = np.asarray(self.losses, float)
        ends = list(self.epochs) if self.by_epoch else [len(losses) * (i + 1) // PARTS for i in range(PARTS)]
        pieces = [losses[a:b] for a, b in zip([0, *ends], ends, strict=False) if b > a]
        return [float(np.mean(piece)) for piece in pieces]

    @property
    def unit(self) -> str:
        """What one entry of ``course`` is the mean of."""
        return "an epoch" if self.by_epoch else "a tenth of the steps"

    @cached_property
    def first(self) -> float:
        """The loss at the beginning: of the first step, or more than that where it was a batch of luck.

        Where none of the next steps comes near it, the loss has jumped up at once. What it climbs to within an epoch
        is no beginning either: of luck the median of a few steps knows enough.
        """
        early = self.losses[1 : max(2, len(self.losses) // len(self.course))]
        jumped = len(early) >= 4 and sum(loss <= 1.5 * self.losses[0] for loss in early) < 0.1 * len(early)
        usual = float(np.median(self.losses[:STEPS])) if len(early) >= STEPS else self.course[0]
        return self.losses[0] if jumped else max(self.losses[0], usual)

    @property
    def fell(self) -> float:
        """By which share of its first value the loss has fallen; 0 where that cannot be said."""
        return 1 - self.course[-1] / self.first if self.first > 0 and min(self.losses) >= 0 else 0.0

    @property
    def learned(self) -> bool:
        """Whether the training came down well: then no cause of a failure is looked for."""
        accuracy = self.history.accuracy[-1] if self.history is not None and self.history.accuracy else None
        return self.fell > 0.6 or (accuracy is not None and accuracy > 0.9)

    @property
    def later(self) -> Sequence[Sample]:
        """The samples of the second half."""
        return self.samples[len(self.samples) // 2 :]

    @cached_property
    def layers(self) -> list[str]:
        """The layers in the order of the forward."""
        return max((list(sample.gradients) for sample in self.samples), key=len, default=[])

    def number(self, layer: str) -> str:
        """How a sentence calls a layer."""
        return f"layer {self.layers.index(layer) + 1} ({layer})" if layer in self.layers else layer

    def gradient(self, layer: str) -> list[float]:
        """The gradients of a layer, sample by sample."""
        return [sample.gradients[layer] for sample in self.samples if layer in sample.gradients]

    @cached_property
    def update(self) -> dict[str, float]:
        """By layer, how long a step of its weight was against the weight: the median of the later samples."""
        names = {name for sample in self.later for name in sample.updates}
        found = {n: float(np.median([s.updates[n] for s in self.later if n in s.updates])) for n in names}
        return {name: found[name] for name in [*self.layers, *sorted(names)] if name in found}


def _power(x: float) -> str:
    return f"{x:.0e}".replace("e-0", "e-").replace("e+0", "e") if x else "0"


# ---------------------------------------------------------------------- the rules


def not_finite(seen: Record) -> str | None:
    """NaN or an infinity."""
    bad = next((i for i, loss in enumerate(seen.losses) if not isfinite(loss)), None)
    if bad is None:
        return None
    where = (
        f"the first weights that are not finite are those of {seen.number(seen.broken)}" if seen.broken
        else "all weights were finite"
    )  # fmt: skip
    why = "look for a log, a root or a division in the loss, and in the data"
    if bad and seen.losses[bad - 1] > 10 * abs(seen.losses[0]):
        why = (
            f"it had grown from {seen.losses[0]:.3g} to {seen.losses[bad - 1]:.3g} before: a smaller rate{_rate(seen)}"
        )
    return f"The loss was {seen.losses[bad]} at step {bad + 1}, and {where}; {why}."


def exploding(seen: Record) -> str | None:
    """A gradient that now and then is far larger than it usually is."""
    if seen.learned or len(seen.samples) < 4:
        return None
    for layer in seen.layers:
        found = np.asarray(seen.gradient(layer))
        usual = max(float(np.median(found)), float(found[0])) if found.size else 0.0
        times = float(np.max(found)) / usual if usual else 0.0
        if times > 100:
            return (
                f"The gradient of {seen.number(layer)} was {_power(times)} times its usual size at step "
                f"{seen.samples[int(np.argmax(found))].step}: it grows from layer to layer, or from one time to the "
                "one before; clip it, clip_grad_norm=1.0, and begin with smaller weights."
            )
    return None


def rising(seen: Record) -> str | None:
    """A loss that ends above where it was."""
    first, last = seen.first, seen.course[-1]
    if len(seen.course) >= 3 and last > 1.2 * first > 0:
        return (
            f"The loss rose from {first:.3g} to {last:.3g}: a smaller rate{_rate(seen)}, or the loss or maximize= has "
            "the wrong sign."
        )
    return None


def rate_too_large(seen: Record) -> str | None:
    """Steps that throw the weights about."""
    if seen.learned or len(seen.course) < 3:
        return None
    far = {layer: update for layer, update in seen.update.items() if update > 0.1}
    at_first = seen.samples[0].updates if seen.samples else {}
    if not far and seen.course[-1] > seen.first:
        far = {layer: update for layer, update in at_first.items() if update > 0.5}
    if far:
        layer = max(far, key=lambda name: far[name])
        return (
            f"A step changes the weights of {seen.number(layer)} by {100 * far[layer]:.0f} % of their size, and the "
            f"loss fell by {100 * max(seen.fell, 0):.0f} % only: a smaller rate{_rate(seen)}."
        )
    return None


def not_moved(seen: Record) -> str | None:
    """Weights that no step has changed, with a rate and gradients that would have."""
    steepest = max((g for sample in seen.samples for g in sample.gradients.values()), default=0.0)
    moved = any(update for sample in seen.samples for update in sample.updates.values())
    if not seen.update or moved or seen.rate is None or not seen.rate * steepest > LEAST or len(seen.losses) < STEPS:
        return None
    return (
        f"In {len(seen.losses)} steps no weight has changed, though there are gradients: zero_grad() stands between "
        "backward() and step(), or the optimizer holds the parameters of another model."
    )


def rate_too_small(seen: Record) -> str | None:
    """Steps that hardly move the weights, of gradients that are there."""
    if not seen.update or seen.fell > 0.2 or len(seen.losses) < 10:
        return None
    most = max(seen.update.values())
    if most < 1e-4 and most * len(seen.losses) < 0.05:
        return (
            f"A step changes no weights by more than {_power(most)} of their size, and after {len(seen.losses)} steps "
            f"the loss has fallen by {100 * max(seen.fell, 0):.1f} %: a larger rate{_rate(seen)}."
        )
    return None


def _rate(seen: Record) -> str:
    return f" than {seen.rate:g}" if seen.rate is not None else ""


def vanishing(seen: Record) -> str | None:
    """A gradient that is lost on its way down."""
    if seen.learned or len(seen.layers) < 2 or not seen.later:
        return None
    for layer in seen.layers[:-1]:
        above = seen.layers[seen.layers.index(layer) + 1 :]
        ratios = [
            (s.gradients[layer] / most, s) for s in seen.later
            if layer in s.gradients and (most := max(s.gradients.get(other, 0.0) for other in above)) > 0
        ]  # fmt: skip
        ratio = float(np.median([r for r, _ in ratios])) if ratios else 1.0
        if ratio < 1e-3:
            last = ratios[-1][1]
            top = max(above, key=lambda name: last.gradients.get(name, 0.0))
            kinds = {unit.kind for unit in last.units}
            why = "each sigmoid passes at most a quarter" if "sigmoid" in kinds else "what lies between passes little"
            return f"The gradient of {seen.number(layer)} is {_power(ratio)} of that of {seen.number(top)}: {why}."
    return None


def saturated(seen: Record) -> str | None:
    """Units that stand where their slope is next to 0."""
    if seen.learned:
        return None
    for (layer, kind), shares in _by_unit(
        seen, lambda unit: unit.saturated if unit.kind in SQUASHING else None
    ).items():
        if len(shares) >= 2 and float(np.median(shares)) > 0.6:
            return (
                f"{100 * float(np.median(shares)):.0f} % of the {kind} units after {seen.number(layer)} are saturated, "
                "with less than 1 % of their slope: smaller weights, scaled inputs, or a smaller rate."
            )
    return None


def dead(seen: Record) -> str | None:
    """Units that were at work on no example."""
    if seen.learned:
        return None
    alive = _by_unit(seen, lambda unit: unit.alive)
    for (layer, kind), found in alive.items():
        same = [one for one in found if one.shape == found[-1].shape]
        if len(same) < 2 or same[-1].size < 4:
            continue
        share = 1 - float(np.mean(np.any(same, axis=0)))
        first = next(u.alive for s in seen.samples for u in s.units if (u.layer, u.kind) == (layer, kind))
        if share >= 0.5:
            return (
                f"{100 * share:.0f} % of the {kind} units after {seen.number(layer)} are dead, 0 on every example "
                f"(at first {100 * (1 - float(np.mean(first))):.0f} %): a smaller rate, or leaky_relu."
            )
    return None


def _by_unit(seen: Record, what: Callable[[Units], Any]) -> dict[tuple[str, str], list[Any]]:
    """What the later samples have of each activation, by the layer before it and its kind."""
    found: dict[tuple[str, str], list[Any]] = {}
    for sample in seen.later:
        for unit in sample.units:
            value = what(unit)
            if value is not None:
                found.setdefault((unit.layer, unit.kind), []).append(np.asarray(value))
    return found


def noisy(seen: Record) -> str | None:
    """A loss that comes no further because the steps of single batches undo each other, and are not small."""
    tail = np.asarray(seen.course[len(seen.course) // 2 :])
    directions = [s.direction for s in seen.later if s.direction is not None and s.direction.size]
    steps = len(seen.losses) / len(seen.course)
    if seen.learned or len(tail) < 4 or len(directions) < 4 or steps < 2 or not seen.update:
        return None
    if len({d.shape for d in directions}) > 1 or not np.isfinite(directions).all():
        return None
    slope = float(np.polyfit(np.arange(len(tail)), tail, 1)[0]) * len(tail) / abs(float(np.mean(tail)))
    middle = np.mean(directions, 0)
    common = float(np.sum(middle * middle))
    spread = float(np.mean(np.sum(np.square(directions - middle), 1)))
    strayed = max(seen.update.values()) * steps**0.5  # where each step goes its own way
    if spread > common > 0 and slope > -0.1 and strayed > 0.2:
        return (
            f"Steps of single batches differ more than they agree: what differs of their gradients is "
            f"{(spread / common) ** 0.5:.0f} times what they have in common. They lead the weights "
            f"{100 * strayed:.0f} % of their size astray in {seen.unit}, and the loss falls no further: a larger batch "
            f"or a smaller rate{_rate(seen)}."
        )
    return None


def overfitting(seen: Record) -> str | None:
    """A validation loss that rises while the training loss falls."""
    history = seen.history
    if history is None or None in history.val_loss or len(history.val_loss) < 5:
        return None
    val = np.asarray(history.val_loss, float)
    best = int(np.argmin(val))
    end, trained = float(np.mean(val[-2:])), history.loss
    if len(val) - best > 3 and end > 1.15 * val[best] and trained[-1] < 0.8 * trained[best]:
        return (
            f"The validation loss rose from {val[best]:.3g} in epoch {best + 1} to {end:.3g} while the training loss "
            f"fell from {trained[best]:.3g} to {trained[-1]:.3g}: it learns these examples by heart; stop earlier "
            "(EarlyStopping, KeepBest), or more data, dropout, weight_decay."
        )
    return None


def too_few(seen: Record) -> str | None:
    """A training that ended while it was still going well."""
    tail = seen.course[-4:]
    if len(seen.course) < 4 or min(tail) <= 0 or seen.learned or len(seen.losses) < 10:
        return None
    if seen.history is not None and None not in seen.history.val_loss[-2:]:
        val = [figure for figure in seen.history.val_loss[-2:] if figure is not None]
        if val[-1] >= val[0]:
            return None
    falls = [1 - b / a for a, b in pairwise(tail)]
    fall = 1 - (tail[-1] / tail[0]) ** (1 / 3)
    if min(falls) > 0 and fall > 0.01:
        return f"The loss was still falling by {100 * fall:.0f} % {seen.unit} when training ended: train longer."
    return None


LARGE, SMALL = "learning-rate-too-large", "learning-rate-too-small"
# In order of seriousness; and what each makes superfluous.
RULES: tuple[tuple[str, Callable[[Record], str | None], tuple[str, ...]], ...] = (
    ("not-finite", not_finite, (LARGE, "loss-rising", "too-few-epochs", "noisy-steps", SMALL, "vanishing-gradients",
                                "saturated-units", "dead-units", "overfitting")),
    ("exploding-gradients", exploding, (LARGE, "loss-rising", "noisy-steps", "too-few-epochs", "vanishing-gradients",
                                        "saturated-units", SMALL)),
    (LARGE, rate_too_large, ("loss-rising", "noisy-steps", "too-few-epochs", "dead-units", "saturated-units",
                             "vanishing-gradients")),
    ("loss-rising", rising, ("noisy-steps", "too-few-epochs")),
    ("weights-not-moved", not_moved, ("vanishing-gradients", "saturated-units", "dead-units", SMALL, "noisy-steps",
                                      "too-few-epochs")),
    ("dead-units", dead, ("vanishing-gradients", "too-few-epochs", SMALL)),
    ("saturated-units", saturated, ("vanishing-gradients", "too-few-epochs", SMALL)),
    ("vanishing-gradients", vanishing, (SMALL, "too-few-epochs")),
    (SMALL, rate_too_small, ("too-few-epochs",)),
    ("noisy-steps", noisy, ("too-few-epochs",)),
    ("overfitting", overfitting, ("too-few-epochs",)),
    ("too-few-epochs", too_few, ()),
)  # fmt: skip


def told(seen: Record) -> Report:
    """Everything that the rules say of a training, without what follows from something more serious."""
    found: list[Remark] = []
    hidden: set[str] = set()
    if not seen.losses:
        return Report()
    with np.errstate(all="ignore"):
        for code, rule, hides in RULES:
            text = rule(seen) if code not in hidden else None
            if text is not None:
                found.append(Remark(code, text))
                hidden |= set(hides)
    return Report(found)
