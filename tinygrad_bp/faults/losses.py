"""Faults of the loss: one that does not fit the targets, and one whose size is not what a step expects."""

from __future__ import annotations

import numpy as np

from .finding import Finding
from .labels import given_as, one_hot, whole, zero_or_one
from .loss_kind import INNER, OF_ERRORS, LossKind, loss_kind
from .observation import Observation
from .outputs import are_logarithms, takes_logarithms

BLOWN_UP = 10.0  # a loss that has risen so many times above its start, and stays there, has thrown its weights away
FURTHER = 0.5  # the share of the loss that a sum's own rate leaves, to which the mean's has to come
LIKELIHOOD = "Use the likelihood: CrossEntropyLoss of raw scores for classes, BCEWithLogitsLoss for two."


def squared_error_for_classes(seen: Observation) -> Finding | None:
    """Squared or absolute error on classes, where it can be shown to be the wrong loss.

    Squared error of a sigmoid against 0 and 1 is an old choice that learns, and is left alone; so is Brier's score, a
    mean of sums over the classes, where it learns well.
    """
    kind, last, t = seen.loss_kind, seen.activation, seen.targets
    if (
        kind is None
        or t is None
        or kind.kind not in ("squared", "absolute", "error")
        or seen.shares_targets_with_inputs
        or (seen.loss_value or 0.0) < 0  # minus the share of the right class has the slopes of an error
    ):
        return None
    name = last.last if last is not None else ""
    if kind.of == "softmax":
        name = "softmax"
    error = "absolute" if kind.kind == "absolute" else "squared"
    values = kind.targets.values
    count = values.shape[kind.targets.class_axis] if values.ndim else 1
    why = ""
    if values.ndim > 1 and count > 1 and (kind.targets.from_numbers or one_hot(t) or one_hot(t.T)):
        if name == "softmax":
            why = f"of a softmax over {count} classes: where an answer is sure and wrong, no gradient passes it"
        elif kind.kind == "absolute":
            why = f"of {count} classes: all outputs go to 0, the commonest value"
        elif name != "sigmoid" and kind.of != "sigmoid" and count > 2:
            why = f"of {count} classes: answers are pulled to 0 and 1 however right they are"
    elif values.size == len(values) and zero_or_one(t):
        if kind.kind == "absolute":
            why = "of two classes: all wrong answers have one slope, and outputs go to the commoner class"
    elif values.size == len(values) and _class_numbers(t):
        why = f"of the numbers of {len(np.unique(t))} classes: it says that class 2 is twice class 1"
    if not why or (name == "softmax" and _brier(kind) and seen.cure.trials.learns_well):
        return None
    return seen.found("squared-error-for-classes", f"The loss is the {error} error {why}.", LIKELIHOOD, seen.loss_step)


def _brier(kind: LossKind) -> bool:
    """Whether squared errors are summed over the classes, and their mean is taken over the rows."""
    return kind.kind == "squared" and bool(np.isclose(kind.scale * kind.rows, 2, rtol=0.01))


def _class_numbers(t: np.ndarray) -> bool:
    """Whether integers are the numbers of at least three classes: 0, 1, 2, … without a gap, each several times."""
    if t.dtype.kind not in "iu" or t.size < 9:
        return False
    numbers, counts = np.unique(t, return_counts=True)
    return bool(3 <= len(numbers) <= 20 and numbers[0] == 0 and numbers[-1] == len(numbers) - 1 and counts.min() >= 2)


def _for_signs(seen: Observation) -> bool:
    """Whether labels -1 and 1 meet a loss that is the same with the signs of outputs and targets turned."""
    if not (np.abs(seen.targets) == 1).all():
        return False
    made = np.random.default_rng(3).normal(size=seen.scores.shape).astype(seen.scores.dtype)
    one, turned = seen.loss_for(made), seen.loss_for(-made, given_as(seen, -seen.targets))
    return one is not None and turned is not None and bool(np.isclose(one, turned, rtol=1e-4))


def binary_loss_for_class_numbers(seen: Observation) -> Finding | None:
    """The likelihood of 0 or 1 against 0, 1, 2, or against -1 and 1."""
    kind, t = seen.loss_kind, seen.targets
    if kind is None or t is None or kind.kind != "binary" or not whole(t) or zero_or_one(t) or _for_signs(seen):
        return None
    numbers = np.unique(t)
    if len(numbers) > 20 or not (t.size >= 2 * len(numbers) or t.dtype.kind in "iu"):
        return None
    said = ", ".join(f"{number:g}" for number in numbers[:4]) + (", …" if len(numbers) > 4 else "")
    fix = (
        f"Give the last layer {len(numbers)} outputs, and use CrossEntropyLoss." if len(numbers) > 2
        else f"Number the two classes 0 and 1: (y == {numbers[-1]:g}).float()."
    )  # fmt: skip
    return seen.found(
        "binary-loss-for-class-numbers",
        f"The loss is the likelihood of a label 0 or 1, and the labels are {said}: it falls below 0 without end.",
        fix, seen.loss_step,
    )  # fmt: skip


def of_minus_the_loss(seen: Observation) -> LossKind | None:
    """What minus the loss is, where that is an error or a likelihood; None for the loss of a sound program."""
    if seen.loss_kind is not None or seen.failure is not None:
        return None
    kind = loss_kind(seen, sign=-1)
    if kind is None or (kind.kind == "chosen" and not (takes_logarithms(kind) and are_logarithms(seen, kind))):
        return None
    return kind if kind.kind in ("squared", "absolute", "binary", "classes", "chosen") else None


def loss_sign_wrong(seen: Observation) -> Finding | None:
    """A likelihood or an error without its sign: what falls is the answer's quality."""
    kind = of_minus_the_loss(seen)
    if kind is None or seen.ascends:
        return None
    error = kind.kind in OF_ERRORS
    what = f"the {kind.kind} error" if error else "the logarithm of the likelihood"
    why = f"the loss is minus {what}" if error else f"the loss is {what}, and not minus it"
    return seen.found(
        "loss-sign-wrong", f"{why}: descent makes the answers worse, and the loss falls without end.",
        "Change the sign of the loss.", seen.loss_step,
    )  # fmt: skip


def likelihood_half_missing(seen: Observation) -> Finding | None:
    """``y log p`` without ``(1 - y) log(1 - p)``: nothing speaks for the label 0."""
    kind, t = seen.loss_kind, seen.targets
    if kind is None or t is None or kind.kind != "half" or not zero_or_one(t) or t.all():
        return None
    return seen.found(
        "likelihood-half-missing",
        "The loss is -y log p without the term of the label 0: it is least where every output is 1.",
        "Write -(y log p + (1 - y) log(1 - p)), or use BCELoss.", seen.loss_step,
    )  # fmt: skip


def arguments_swapped(seen: Observation) -> Finding | None:
    """``loss(y, p)`` where the loss takes ``(p, y)``."""
    if seen.scores is None or seen.targets is None or (seen.failure is not None and seen.failure.part != "loss"):
        return None
    value = seen.loss_value
    if seen.failure is None and value is None:
        return None
    if seen.failure is None and np.isfinite(value or 0.0):
        why = "The loss is a likelihood of its second argument as the outputs, and of its first as the labels"
        found = zero_or_one(seen.targets) and _likelihood_of_the_second(seen)
    else:
        why = "The loss has no value for (outputs, targets), and one for (targets, outputs)"
        raw = within_0_1(seen.targets) and not within_0_1(seen.scores)  # raw scores are no labels either
        swapped = None if raw else seen.loss_for(seen.targets, given_as(seen, seen.scores))
        found = swapped is not None and bool(np.isfinite(swapped))
    if not found:
        return None
    return seen.found(
        "loss-arguments-swapped", f"{why}: it takes the targets first.",
        "Write loss_fn(p, y) with the model's outputs where it takes them.", seen.loss_step,
        source=seen.where_it_failed,
    )  # fmt: skip


def _likelihood_of_the_second(seen: Observation) -> bool:
    """Whether the loss is a likelihood where the outputs stand in the place of the targets: logarithms of 0 are cut."""
    kind = loss_kind(seen, swapped=True)
    return kind is not None and kind.kind in ("binary", "classes")


def within_0_1(values: np.ndarray) -> bool:
    """Whether these may be probabilities, or the marks of classes."""
    return values.dtype.kind == "f" and bool(((values >= 0) & (values <= 1)).all())


def loss_not_finite(seen: Observation) -> Finding | None:
    """The first op that made a NaN or an infinity of finite numbers."""
    value = seen.loss_value
    if value is None or np.isfinite(value):
        return None
    for step in seen.steps:
        if step.value.dtype.kind != "f" or np.isfinite(step.value).all():
            continue
        if all(np.isfinite(x).all() for x in step.arrays if getattr(x, "dtype", np.dtype(int)).kind in "iuf"):
            what = "NaN" if np.isnan(step.value).any() else "an infinity"
            return seen.found(
                "loss-not-finite", f"The loss is {value:g}: {step.op} made the first {what}, of finite numbers.",
                "Keep its operands where it has a value: clip before a logarithm or a division, or scale the inputs.",
                step,
            )  # fmt: skip
    return None


def binary_loss_for_regression(seen: Observation) -> Finding | None:
    """The likelihood of 0 or 1 against numbers of any size."""
    kind, t = seen.loss_kind, seen.targets
    if kind is None or t is None or kind.kind != "binary" or _for_signs(seen) or not np.isfinite(t).all():
        return None
    outside = float(np.mean((t < -1e-6) | (t > 1 + 1e-6)))
    if outside < 0.01:
        return None
    return seen.found(
        "binary-loss-for-regression",
        f"The loss is the likelihood of a label 0 or 1, and the targets are numbers from {t.min():.4g} to "
        f"{t.max():.4g}, {outside:.0%} of them outside: the loss has no bound below.",
        "For a regression leave the output linear and take the squared error (MSELoss).", seen.loss_step,
    )  # fmt: skip


def cross_entropy_with_one_output(seen: Observation) -> Finding | None:
    """A likelihood of several classes with one output, which is always the right one."""
    scores, t = seen.scores, seen.targets
    if scores is None or t is None or not scores.ndim or scores.size != scores.shape[0] or scores.size < 2:
        return None
    code = "cross-entropy-with-one-output"
    fix = "For two classes use BCEWithLogitsLoss (labels as floats, of the outputs' shape), else one output a class."
    failure = seen.failure
    if failure is not None:
        if failure.part != "loss" or not whole(t) or not isinstance(failure.error, (IndexError, ValueError)):
            return None
        zeros = np.zeros(t.shape, t.dtype)
        value = seen.loss_for(scores, given_as(seen, zeros))
        if value is None or abs(value) > 1e-6:
            return None
        reason = (
            f"A likelihood of several classes is given one output a row, and label {t.max():g}: {seen.failure_text}"
        )
        return seen.found(code, reason, fix, source=seen.where_it_failed)
    slope = seen.loss_slope_for(np.linspace(-1, 1, scores.size, dtype=np.float32).reshape(scores.shape))
    value = seen.loss_for(np.linspace(-1, 1, scores.size, dtype=np.float32).reshape(scores.shape))
    if slope is None or value is None or not abs(value) <= 1e-6 or not np.abs(slope).max() <= 1e-6:
        return None
    reason = "The loss is 0 for any output: a likelihood of several classes, with one output, which is always right."
    return seen.found(code, reason, fix, seen.loss_step)


# ---------------------------------------------------------------------- the size of the loss


def _divisors(seen: Observation) -> tuple[float, int, int] | None:
    """What the loss divides the sum over everything by, how many rows there are, and outputs of a row."""
    kind = seen.loss_kind
    if kind is None or kind.kind == "error" or kind.of in INNER or not kind.scale:
        return None
    return 1 / kind.scale, kind.rows, max(1, kind.targets.values.size // max(kind.rows, 1))


def _is_one_of(value: float, wanted: set[float]) -> bool:
    return any(abs(value / one - 1) < 0.01 for one in wanted)


def loss_averaged_twice(seen: Observation) -> Finding | None:
    """Divided by the number of rows twice: the steps are n times too short."""
    found = _divisors(seen)
    if found is None or seen.loss_kind is None:
        return None
    divisor, n, k = found
    factors = {1.0, 0.5} if seen.loss_kind.kind == "squared" else {1.0}
    usual = {f * d for f in factors for d in (1, k, n, n * k)}
    twice = {f * d for f in factors for d in (n * n, n * n * k, n * n * k * k)}
    if n < 8 or _is_one_of(divisor, usual) or not _is_one_of(divisor, twice):
        return None
    if seen.optimizer is not None:
        losses = [] if seen.same_step_for_any_scale else seen.trained(20)
        if not losses or losses[-1] < 0.9 * losses[0]:
            return None  # the rate makes up for it
    return seen.found(
        "loss-averaged-twice",
        f"The loss is divided by the {n} rows twice: it and its gradients are {n} times smaller than the mean's, and "
        "so is every step.",
        "Divide once: a loss that is a mean needs no / len(x).", seen.loss_step,
    )  # fmt: skip


def loss_summed_over_the_batch(seen: Observation) -> Finding | None:
    """Summed over the rows, with a rate that fits a mean: each step is n times too long."""
    found = _divisors(seen)
    if found is None or seen.loss_kind is None or seen.optimizer is None or seen.same_step_for_any_scale:
        return None
    divisor, n, k = found
    factors = {1.0, 0.5} if seen.loss_kind.kind == "squared" else {1.0}
    if n < 8 or not _is_one_of(divisor, {f * d for f in factors for d in (1, k) if k != n}):
        return None
    rate = float(seen.optimizer.param_groups[0]["lr"])
    for steps in (12, min(60, seen.cure.trials.steps)):
        summed, mean = seen.trained(steps), seen.trained(steps, rate / n)
        if len(mean) <= steps or not np.isfinite(mean).all() or mean[-1] > mean[0]:
            return None
        grows = len(summed) <= steps or not np.isfinite(summed).all() or summed[-1] > 1.2 * summed[0]
        stuck = max(summed) > BLOWN_UP * summed[0] and summed[-1] > 0.9 * summed[0] and mean[-1] < 0.9 * summed[-1]
        if grows or stuck or (max(summed) > summed[0] and mean[-1] < FURTHER * summed[-1]):
            break
    else:
        return None
    return seen.found(
        "loss-summed-over-the-batch",
        f"The loss is a sum over {n} rows, so a step is {n} times as long as with the mean: the loss goes from "
        f"{summed[0]:.3g} to {summed[-1]:.3g} in {len(summed) - 1} steps, and with lr / {n} to {mean[-1]:.3g}.",
        f"Take the mean over the rows, or lr={rate / n:.2g}.", seen.loss_step,
    )  # fmt: skip
