"""What trials cost, and the rows of a large batch that they are made with: as many as say enough."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..autograd.tensor import Tensor, wrap
from ..autograd.watch import array_of

if TYPE_CHECKING:
    from .observation import Observation

# Work is counted in multiplications of a matrix product, forward and backward: 1.5e10 are a second of one core.
WORK = 1.5e9  # of one trial
ALL_WORK = 2e10  # of all trials of one program
CALL = 3e5  # what the call of an op costs beside what it computes
ELEMENT = 25.0  # what an element of a result costs
COPIED = 30.0  # and one that a convolution gathers from its input

ENOUGH_STEPS = 100  # a batch of which so many steps can be made is taken as a whole
FEWEST_ROWS = 32
ALIKE = 1.5  # a loss of fewer rows that is within this factor of the loss of all is a mean


class Sample(NamedTuple):
    """Rows of the batch, all where ``rows`` is None, and what a step with them costs."""

    rows: Any
    times: float  # the loss of these rows times this stands for that of all
    work: float

    def of(self, batch: Any) -> Any:
        """These rows of the inputs, or of the targets."""
        return batch if self.rows is None or batch is None else rows_in(batch, self.rows)


def sample(seen: Observation) -> Sample:
    """Few rows of a batch that is so large that only a few steps could be made with it."""
    work = _work(seen)
    whole = Sample(None, 1.0, work)
    x, y = array_of(seen.x), array_of(seen.y)
    count = len(x) if isinstance(x, np.ndarray) and x.ndim else 0
    if work * ENOUGH_STEPS <= WORK or count <= FEWEST_ROWS or not isinstance(y, np.ndarray):
        return whole
    if y.ndim == 0 or len(y) != count or x.shape[1:2] == (count,):  # a square: rows and columns are the same things
        return whole
    wanted = max(FEWEST_ROWS, int(count * WORK / (work * ENOUGH_STEPS)))
    rows = _spread_over(y, wanted)
    losses = [seen.loss_of(seen.x, seen.y), seen.loss_of(rows_in(seen.x, rows), rows_in(seen.y, rows))]
    if losses[1] is None or losses[0] is None or not losses[1] or not math.isfinite(losses[0] / losses[1]):
        return whole  # what the program computes has to do with the number of rows
    ratio = losses[0] / losses[1]
    return Sample(rows, 1.0 if 1 / ALIKE < ratio < ALIKE else ratio, work * wanted / count)


def _spread_over(y: Any, wanted: int) -> Any:
    """So many rows, with each class as often, for its number, as in all, and numbers from the least to the largest."""
    columns = y.reshape(len(y), -1)
    order = np.random.default_rng(len(y)).permutation(len(y))
    key = columns.argmax(1) if columns.shape[1] > 1 else columns[:, 0]
    order = order[np.argsort(key[order], kind="stable")]
    return np.sort(order[np.linspace(0, len(y) - 1, wanted).astype(int)])


def _work(seen: Observation) -> float:
    """What a step with the whole batch costs."""
    work = ELEMENT * sum(leaf.size for leaf in seen.leaves.values())
    for step in seen.steps:
        size = float(getattr(step.value, "size", 1))
        work += CALL + ELEMENT * size
        if step.op in ("linear", "matmul"):
            work += size * getattr(step.operands[0], "shape", (1,))[-1]
        elif step.op == "convolution":
            kernels = step.operands[1].shape
            work += size * math.prod(kernels[1:]) * (1 + COPIED / kernels[0])
        elif step.op in ("rnn", "gru", "lstm"):
            work += 4 * size * (ELEMENT + getattr(step.value, "shape", (1,))[-1])
    return work


def rows_in(x: Any, order: Any) -> Any:
    """Some rows of an array or a tensor, in an order."""
    return wrap(x._value[order], None) if isinstance(x, Tensor) else np.asarray(x)[order]
