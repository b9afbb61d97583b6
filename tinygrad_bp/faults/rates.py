"""Faults of the learning rate, judged by what the optimizer's own steps do to the loss of this batch."""

from __future__ import annotations

import math

from ..autograd.watch import array_of
from ..optim.optimizer import Optimizer
from .cure import GROSS, SMALLER
from .finding import Finding
from .observation import Observation
from .trial import AS_IT_IS, LEARNT, Change, Trial
from .units import GAIN

RUN_OUT = 1e-5  # the share of the first rate that is left where a schedule has run out; a warm-up begins above it
MOVED = 0.1  # the share of the first loss under which the steps are large enough
EVER_LARGER = tuple(10.0**power for power in range(1, 10))
LONG = 20_000  # steps that nobody waits for
FALLS_LITTLE = 0.05  # the share of the first loss that is next to nothing
FALLS = 0.8  # the share of the first loss under which it has fallen
STILL_WRONG = 0.1  # where scaled numbers need a rate so much smaller as well, the rate is a fault of its own


def warm(optimizer: Optimizer | None) -> None:
    """Give each group the rate that its schedule comes from or rises to: a warm-up begins next to 0."""
    for group in optimizer.param_groups if optimizer is not None else ():
        group["lr"] = max(group["lr"], group.get("initial_lr", 0.0), group.get("max_lr", 0.0), key=float)


def learning_rate_too_large(seen: Observation) -> Finding | None:
    """The loss rises or stays, and a smaller rate makes it fall."""
    change = seen.cure.change or _smaller_where_all_blows_up(seen)
    if seen.optimizer is None or change is None or change.rate >= 1:
        return None
    if change._replace(rate=1.0) != AS_IT_IS and change.rate > STILL_WRONG:
        return None
    return _compared(seen, "learning-rate-too-large", change)


def _smaller_where_all_blows_up(seen: Observation) -> Change | None:
    """The rate at which the loss falls at last, where it becomes infinite, and something else keeps it from more."""
    cure, trials = seen.cure, seen.cure.trials
    plain = trials.run()
    if plain is None or not plain.blew_up or (cure.inputs is not None and cure.inputs.largest > GROSS):
        return None
    start = Change(weights=cure.gains[1] > GAIN)
    here = trials.run(start)
    if here is None or not here.blew_up:
        return None
    for rate in SMALLER:
        trial = trials.run(start._replace(rate=rate))
        if trial is not None and trial.losses[-1] < FALLS * trial.losses[0]:
            return start._replace(rate=rate)
    return None


def learning_rate_too_small(seen: Observation) -> Finding | None:
    """The loss hardly moves, and a larger rate makes it fall far."""
    change = seen.cure.change
    if seen.optimizer is None:
        return None
    if _rate(seen) == 0:
        return seen.found(
            "learning-rate-too-small", "The learning rate is 0: no step moves anything.", "Write lr=1e-3."
        )
    if _has_run_out(seen):
        fix = "Step the schedule once an epoch, or give it as many steps as there are batches."
        return seen.found(
            "learning-rate-too-small",
            f"The learning rate is {seen.rate:g} by now: its schedule comes from {_rate(seen):g}, with which the loss "
            "of this batch falls, and has run out before anything was learnt: no step moves anything.", fix,
        )  # fmt: skip
    if change is None:
        change = _larger_where_nothing_moves(seen)
    if change is None or change.rate <= 1 or change._replace(rate=1.0) != AS_IT_IS:
        return None
    plain = seen.cure.trials.run()
    if plain is not None and plain.losses[-1] < MOVED * plain.losses[0]:
        return None  # whatever it learns, it moves
    return _compared(seen, "learning-rate-too-small", change)


def _has_run_out(seen: Observation) -> bool:
    """Whether a schedule has brought the rate to next to nothing, and the program learns with that it came from."""
    optimizer, now = seen.optimizer, seen.rate
    if optimizer is None or now is None or not now < RUN_OUT * _rate(seen) or not _has_begun(optimizer, now):
        return False
    trial = seen.cure.trials.run()
    return trial is not None and trial.learnt and trial.falls and 1 - trial.losses[0] / trial.chance < LEARNT


def _has_begun(optimizer: Optimizer, now: float) -> bool:
    """Whether it has taken steps: a warm-up starts with a rate next to 0 too."""
    steps = [float(array_of(state[name])) for state in optimizer._state.values() for name in optimizer.counts]
    return max(steps, default=0) > 1 or (now > 0 and any(written._arrays for written in optimizer._together.values()))


def _larger_where_nothing_moves(seen: Observation) -> Change | None:
    """The rate at which the loss falls, where thousands of steps do not move it and no rate learns the batch."""
    trials = seen.cure.trials
    plain = trials.run()
    if plain is None or plain.still or len(plain.losses) < 2:
        return None
    first, last = plain.losses[0], plain.losses[-1]
    moves = abs(first - last) / (len(plain.losses) - 1) * LONG >= FALLS_LITTLE * abs(first)
    if moves or not trials.fails:
        return None
    for rate in EVER_LARGER:
        trial = trials.run(Change(rate))
        if trial is not None and trial.losses[-1] < (1 - FALLS_LITTLE) * trial.losses[0] and not trial.jumps:
            return Change(rate)
    return None


def _compared(seen: Observation, code: str, change: Change) -> Finding:
    """The loss under the program's rate, and under one that fits."""
    plain, cured = seen.cure.trials.run(change._replace(rate=1.0)), seen.cure.trials.run(change)
    assert plain is not None and cured is not None
    better = _rate(seen) * change.rate
    reason = (
        f"{type(seen.optimizer).__name__} with lr={_rate(seen):g} takes the loss of this batch from "
        f"{_number(plain.losses[0])} to {_reached(plain)} in {_steps(plain)}; with lr={better:g} it goes to "
        f"{_number(cured.losses[-1])} in {_steps(cured)}."
    )
    return seen.found(code, reason, f"Write lr={better:g}, and try rates around it.")


def _rate(seen: Observation) -> float:
    assert seen.optimizer is not None
    return max(float(group["lr"]) for group in seen.optimizer.param_groups)


def _reached(trial: Trial) -> str:
    """Where the loss ends, and what it went through."""
    through = f", through {_number(max(trial.losses))}," if trial.jumps and math.isfinite(trial.losses[-1]) else ""
    return _number(trial.losses[-1]) + through


def _steps(trial: Trial) -> str:
    count = len(trial.losses) - 1
    return "1 step" if count == 1 else f"{count} steps"


def _number(value: float) -> str:
    return f"{value:.4g}" if math.isfinite(value) else ("NaN" if math.isnan(value) else f"{value}")
