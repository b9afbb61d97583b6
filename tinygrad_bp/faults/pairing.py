"""Targets that have nothing to do with their inputs: rows in another order, or along another axis."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from ..autograd.modes import no_grad
from ..autograd.watch import array_of
from ..optim.adam import Adam
from .experiments import Experiments
from .finding import Finding
from .observation import Observation
from .sample import rows_in
from .trial import REFERENCE_RATE

FEWEST_ROWS = 40  # of fewer rows chance says as much
MOST_ROWS = 600  # of more rows the first ones say enough
CLOSE = 0.3  # how near the nearest row has to be, of the distance of any two, for inputs that have neighbours at all
ENOUGH_ROWS = 80  # or, of so many rows,
CLOSER = 0.7  # how much nearer it has to be than with each column in an order of its own: pixels, waves, clusters
NEIGHBOURS = 5
CLOSEST = 0.25  # the share of the rows whose nearest row is nearest: of functions that turn often only these agree
UNRELATED_ROWS = 100  # of columns that have nothing to do with each other so many have to be there: they may be made up
MOST_TARGETS = 64  # of more columns targets are pictures or series
ORDERS = 99  # random orders that the targets are compared with
NO_BETTER = 0.005  # the share of random orders that fit at least as well from which on the order that is there is one
SEEMS = 0.02  # and so many that may fit rows as well which the program has not seen
AGREES = 0.1  # neighbours that agree so much say something of each other
CLEAR = 0.3  # so much of it shows that rows that were read otherwise are the right ones
PERIODIC = 0.5  # targets a few rows from each other that agree so much come in turn
SOME = 0.95  # the share of random orders above which rows agree a little
POWER = 3.0  # how many deviations above chance agreement has to lie where targets do depend on their inputs


def labels_shuffled(seen: Observation) -> Finding | None:
    """Rows that are near each other agree in their targets no more than rows in any order.

    Nothing is said where the loss is none of targets, as that of a policy is: actions and rewards are no answers.
    """
    values = _values(seen)
    if values is None:
        return None
    rows = standard(seen.inputs[: len(values)].reshape(len(values), -1))
    generator = np.random.default_rng(len(rows))
    near = neighbours(rows)
    related = near.close < CLOSER * neighbours(generator.permuted(rows, axis=0)).close
    if (near.close > CLOSE and len(rows) < ENOUGH_ROWS) or not (related or near.close < CLOSE):
        return None
    if not related and len(rows) < UNRELATED_ROWS:
        return None
    here = agreements(values, near)
    random = np.array([agreements(values[generator.permutation(len(values))], near) for _ in range(ORDERS)])
    agreement, by_chance, deviation = here[0], float(random[:, 0].mean()), float(random[:, 0].std())
    if agreement > AGREES or (np.mean(np.abs(random) >= np.abs(here), axis=0) < NO_BETTER).any():
        return None
    if 1 - by_chance < POWER * deviation:
        return None  # agreement could not have shown
    if _fits(rows, values, generator):
        return None
    if _carries_over(seen, generator):
        return None
    return seen.found(
        "labels-shuffled",
        f"Rows of x that are next to each other agree in y no more than rows by chance ({_percent(agreement)} against "
        f"{_percent(by_chance)}), though x is full of near rows: y seems to be in another order than x.",
        "Shuffle both with one permutation: order = rng.permutation(len(x)); x, y = x[order], y[order].",
    )


def _values(seen: Observation) -> Any:
    """The targets of the rows that are looked at, as numbers that can be compared; None where nothing is to be said."""
    x, y = seen.inputs, seen.targets
    if x is None or y is None or x.dtype.kind != "f" or x.ndim < 2 or len(x) != len(y) or len(x) < FEWEST_ROWS:
        return None
    if not np.isfinite(x).all() or not np.isfinite(y).all() or seen.loss_kind is None:
        return None
    return _targets(y[:MOST_ROWS])


def examples_in_columns(seen: Observation) -> Finding | None:
    """A matrix with an example in each column was reshaped where it was to be transposed: its rows are of several.

    Read as that matrix, rows that are next to each other agree in their targets, which they do not as they are.
    """
    values = _values(seen)
    if values is None:
        return None
    count, columns = len(seen.inputs), seen.inputs[0].size
    if columns in (1, count):
        return None
    generator = np.random.default_rng(len(values))
    orders = [np.arange(len(values)), *(generator.permutation(len(values)) for _ in range(ORDERS))]

    def agreeing(rows: Any) -> list[float]:
        near = neighbours(standard(rows[: len(values)]))
        return [float(agreements(values[order], near)[0]) for order in orders]

    there, *by_chance = agreeing(seen.inputs.reshape(columns, count).T)
    if there < CLEAR or there <= max(by_chance) or _in_order(values, columns):
        return None
    as_given = seen.inputs.reshape(count, columns)
    here, *by_chance = agreeing(as_given)
    if here > np.quantile(by_chance, SOME) or _fits(standard(as_given[: len(values)]), values, generator):
        return None
    shape = seen.inputs.shape
    return seen.found(
        "reshape-where-permute-is-meant",
        f"Rows of x that are next to each other agree in y no more than rows by chance ({_percent(here)}), and those "
        f"of the same numbers read as ({columns}, {count}), an example a column, do ({_percent(there)}): a reshape to "
        f"{shape} has cut rows of several examples.",
        f"Transpose the matrix as it was read, x.T, in place of x.reshape{shape}.",
    )


def _in_order(values: Any, columns: int) -> bool:
    """Whether targets say where their row stands, as sorted ones do, or some in turn: then chance makes rows agree."""
    steps = [*range(1, len(values) // 4), columns]
    alike = {step: float(np.mean(values[step:] * values[:-step])) for step in steps if step < len(values)}
    return max(alike.values()) > PERIODIC or alike[1] > AGREES or alike.get(columns, 1.0) > AGREES


def rows_of_another_axis(seen: Observation) -> Finding | None:
    """Outputs step by step, targets row by row, flattened as they lie: the outputs of a row meet others' targets.

    What a row of the inputs changes in the outputs, and where its targets change the slopes, is one set of places in a
    right program; here one is a block, and the other is spread over all of them.
    """
    x, t, p = seen.inputs, seen.targets, seen.scores
    if x is None or t is None or p is None or p.dtype.kind != "f" or x.ndim < 1 or t.ndim < 2 or not t.size:
        return None
    count, length = t.shape[:2]
    if seen.failure is not None or len(x) != count or min(count, length) < 2:
        return None
    if p.size % (count * length) or p.shape[0] not in (count, length, count * length):
        return None
    before = seen.outputs_for(seen.x)
    made = np.random.default_rng(5).uniform(0.05, 0.95, p.shape).astype(p.dtype)
    slope = seen.loss_slope_for(made)
    orders: set[tuple[str, str]] = set()
    for row in dict.fromkeys((0, count // 2, count - 1)):
        outputs = seen.outputs_for(rows_in(seen.x, _with_another(x, row)))
        slopes = seen.loss_slope_for(made, y=rows_in(seen.y, _with_another(t, row)))
        read, asked = _order(before, outputs, row, count, length), _order(slope, slopes, row, count, length)
        orders.add((read, asked))
        if len(orders) > 1 or "" in (read, asked) or read == asked:
            return None
    ((of_outputs, of_targets),) = orders
    return seen.found(
        "reshape-where-permute-is-meant",
        f"The outputs {p.shape} lie {of_outputs} and the targets {t.shape} {of_targets}, and they are flattened as "
        "they lie: the outputs of each row meet the targets of others.",
        "Bring both into one order before they are flattened: transpose(0, 1), or batch_first=True.",
        next((step for step in seen.loss_steps if step.op == "reshape"), seen.loss_step),
    )


def _with_another(values: Any, row: int) -> Any:
    """The rows in their order, but for one in whose place there is the row that differs from it most."""
    order, flat = np.arange(len(values)), values.reshape(len(values), -1)
    order[row] = (flat != flat[row]).sum(1).argmax()
    return order


def _order(before: Any, after: Any, row: int, count: int, length: int) -> str:
    """How places that changed with a row lie: as the block of it, or as a place of it in each step; else empty."""
    if before is None or after is None or before.shape != after.shape:
        return ""
    changed = (before != after).reshape(count * length, -1).any(1)
    places = np.flatnonzero(changed)
    in_block, in_each = bool((places // length == row).all()), bool((places % count == row).all())
    return "" if in_block == in_each else "row by row" if in_block else "step by step"


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def standard(rows: Any) -> Any:
    """Rows (n, columns) in deviations from the mean: each column's own, or one for pixels."""
    rows = rows.astype(np.float64)
    deviation = rows.std(0)
    one_kind = rows.shape[1] > 16
    scale = deviation.mean() if one_kind else np.where(deviation > 0, deviation, 1.0)
    return (rows - rows.mean(0)) / np.where(scale > 0, scale, 1.0)


def _targets(y: Any) -> Any:
    """Targets (rows, columns): marks of classes, or standardised numbers; None where they do not vary."""
    if y.dtype.kind in "iub" and y.ndim == 1:
        marks = (y[:, None] == np.unique(y)).astype(np.float64)
        y = marks if marks.shape[1] <= len(y) // 4 else y[:, None]
    y = y.reshape(len(y), -1).astype(np.float64)
    y = y[:, y.std(0) > 0]
    if not y.shape[1] or y.shape[1] > MOST_TARGETS:
        return None
    ranks = np.argsort(np.argsort(y, axis=0), axis=0) if len(np.unique(y)) > 2 else y  # a few far ones count no more
    return (ranks - ranks.mean(0)) / ranks.std(0)


class Neighbours(NamedTuple):
    """Which rows are near each other."""

    nearest: Any  # the nearest rows of each
    closest: Any  # the rows whose nearest row is nearest
    close: float  # the median distance of the nearest over that of any two


def neighbours(rows: Any) -> Neighbours:
    """The nearest rows of each of (n, columns)."""
    square = np.square(rows).sum(1)
    distance = np.sqrt(np.maximum(square[:, None] + square - 2 * rows @ rows.T, 0))
    np.fill_diagonal(distance, math.inf)
    nearest = np.argsort(distance, axis=1)[:, :NEIGHBOURS]
    least, typical = distance.min(1), float(np.median(distance[np.isfinite(distance)]))
    closest = np.argsort(least, kind="stable")[: int(CLOSEST * len(rows))]
    return Neighbours(nearest, closest, float(np.median(least)) / typical if typical else math.inf)


def agreements(values: Any, near: Neighbours) -> Any:
    """The correlation of the targets of rows with those of their neighbours, 1 for equal ones; and of the closest."""
    nearest, closest = near.nearest, near.closest
    of_all = np.mean(values[:, None] * values[nearest])
    return np.array([of_all, np.mean(values[closest] * values[nearest[closest, 0]])])


def _fits(rows: Any, values: Any, generator: Any) -> bool:
    """Whether a straight line through the inputs fits the targets better than chance."""
    if rows.shape[1] > len(rows) // 4:
        return False

    def left(of: Any) -> float:
        solution = np.linalg.lstsq(np.c_[rows, np.ones(len(rows))], of, rcond=None)[0]
        return float(np.mean(np.square(of - np.c_[rows, np.ones(len(rows))] @ solution)))

    here = left(values)
    return float(np.mean([left(values[generator.permutation(len(values))]) <= here for _ in range(ORDERS)])) < 0.05


def _carries_over(seen: Observation, generator: Any) -> bool:
    """Whether what the program learns of half of the rows fits the other half better than in most orders."""
    order = generator.permutation(len(seen.x))
    learnt, others = np.sort(order[::2]), np.sort(order[1::2])
    optimizer = seen.optimizer or Adam(list(seen.leaves.values()), lr=REFERENCE_RATE)
    half = Experiments(seen.model, seen.loss_fn, rows_in(seen.x, learnt), rows_in(seen.y, learnt), optimizer)
    fits: list[Any] = []

    def compare() -> None:
        with no_grad():
            outputs, y = seen.model(rows_in(seen.x, others)), rows_in(seen.y, others)
            here = float(array_of(seen.loss_fn(outputs, y)))
            for _ in range(ORDERS):
                other = rows_in(y, generator.permutation(len(others)))
                fits.append(float(array_of(seen.loss_fn(outputs, other))) <= here)

    half.trained(seen.cure.trials.steps, then=compare)
    return bool(np.mean(fits) < SEEMS) if fits else False
