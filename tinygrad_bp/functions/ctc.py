"""Connectionist temporal classification: the loss of a sequence of labels whose places in time are not known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..autograd.device import CPU, device_of
from ..autograd.elsewhere import hosted
from ..autograd.errors import ShapeError, TargetError, shape_text
from ..autograd.modes import shaping
from ..autograd.operands import in_floats, rounds_once
from ..autograd.tensor import Tensor
from ..autograd.types import Array
from ..autograd.values import detached, held, unrecorded
from ..ops import reduction as reductions
from ..ops.elementwise import exp, logaddexp, where
from ..ops.joining import cat
from ..ops.losses import check_reduction

__all__ = ["ctc_loss"]

_NEVER = -1e30  # the logarithm of the probability of what cannot be; a finite number keeps slopes finite


def _padded(targets: Any, lengths: Any, of: Any) -> Any:
    """Labels as (rows, longest): given like that, or one after the other, as long as the array ``lengths`` says."""
    if targets.ndim == 2:
        return targets
    if isinstance(of, Tensor):
        shaping(of)
    there = np.arange(lengths.max(initial=0)) < lengths[:, None]
    places = np.zeros(there.shape, np.int64)
    places[there] = np.arange(lengths.sum())
    return targets[places] if there.any() else np.zeros(there.shape, np.int64)


def _check(log_probs: Any, targets: Any, inputs: Any, lengths: Any, blank: int) -> None:
    rows = log_probs.shape[1]
    if not log_probs.shape[0]:
        raise ShapeError(f"ctc_loss: log_probs {shape_text(log_probs.shape)} have no step in time")
    if inputs.shape != (rows,) or lengths.shape != (rows,):
        raise ShapeError(
            f"ctc_loss: log_probs {shape_text(log_probs.shape)} hold {rows} sequences; input_lengths has shape "
            f"{shape_text(inputs.shape)}, target_lengths {shape_text(lengths.shape)}: give one length each"
        )
    total = int(lengths.sum())
    if targets.ndim == 1 and targets.size != total:
        raise ShapeError(f"ctc_loss: targets hold {targets.size} labels, target_lengths add up to {total}")
    if targets.ndim == 2 and (targets.shape[0] != rows or targets.shape[1] < lengths.max(initial=0)):
        raise ShapeError(
            f"ctc_loss: targets {shape_text(targets.shape)} must be ({rows}, {int(lengths.max(initial=0))} or more)"
        )
    if inputs.max(initial=0) > log_probs.shape[0]:
        raise ShapeError(f"ctc_loss: an input length is {inputs.max()}, log_probs have {log_probs.shape[0]} steps")
    count = log_probs.shape[2]
    if not 0 <= blank < count or (targets.size and not 0 <= targets.min() <= targets.max() < count):
        raise TargetError(
            f"ctc_loss: labels and blank run from 0 to {count - 1}, got blank={blank} and the labels "
            f"{targets.min(initial=0)} to {targets.max(initial=0)}"
        )


@rounds_once
@in_floats("log_probs")
def ctc_loss(
    log_probs: Array, targets: Array, input_lengths: Array | Sequence[int], target_lengths: Array | Sequence[int],
    blank: int = 0, reduction: str = "mean", zero_infinity: bool = False,
) -> Any:  # fmt: skip
    """``−ln`` of the probability that a sequence of labels is read off, with blanks and repeats (Graves et al. 2006).

    ``log_probs`` (steps, rows, classes) or (steps, classes) come from ``log_softmax``; ``targets`` holds labels as
    (rows, longest) or one after the other, and ``input_lengths``, ``target_lengths`` say how many steps and labels
    each row has. The mean divides each loss by its number of labels first. A sequence that cannot be read off in so
    few steps costs ∞, or 0 with ``zero_infinity``.

    As in PyTorch the gradient is right for log-probabilities that add up to 1: it is the one in the scores before
    ``log_softmax``. Raises ``ShapeError`` and ``TargetError`` for lengths and labels that do not fit.

    >>> import tinygrad_bp as tg
    >>> scores = tg.zeros(2, 1, 2).log_softmax(2)
    >>> tg.nn.functional.ctc_loss(scores, tg.tensor([[1]]), [2], [1])  # 01, 10 and 11 of four
    tensor(0.2877)
    """
    check_reduction("ctc_loss", reduction)
    if log_probs.ndim not in (2, 3):
        raise ShapeError(
            f"ctc_loss: log_probs are (steps, rows, classes) or (steps, classes), got {shape_text(log_probs.shape)}"
        )
    there = device_of(log_probs) if isinstance(log_probs, Tensor) else CPU
    if isinstance(log_probs, Tensor) and there is not CPU:  # step by step over short rows: nothing for a GPU
        lists = (targets, input_lengths, target_lengths, blank, reduction, zero_infinity)
        return ctc_loss(log_probs.cpu(), *lists).to(there)
    single = log_probs.ndim == 2
    if single:
        log_probs = log_probs[:, None]
    arrays = [hosted(held(x)) for x in (targets, input_lengths, target_lengths)]
    given, inputs, lengths = map(unrecorded, (targets, input_lengths, target_lengths))
    inputs, lengths = np.ravel(inputs), np.ravel(lengths)
    if single and given.ndim == 1:
        given, arrays[0] = given[None], arrays[0][None]
    counts = np.ravel(arrays[2])
    _check(log_probs, arrays[0], np.ravel(arrays[1]), counts, blank)
    losses = -_log_likelihood(log_probs, _padded(given, counts, target_lengths), inputs, lengths, blank)
    impossible = detached(losses) > -0.5 * _NEVER
    # A term of value 0, whose slope is the softmax: what log_softmax takes off again on the way back.
    mass = reductions.sum(exp(log_probs) * (np.arange(log_probs.shape[0])[:, None, None] < inputs[:, None]), (0, 2))
    losses = where(impossible, 0.0 if zero_infinity else np.inf, losses + (mass - detached(mass)))
    if reduction == "mean":
        return reductions.mean(losses / np.maximum(lengths, 1).astype(losses.dtype))
    if reduction == "sum":
        return reductions.sum(losses)
    return losses[0] if single else losses


def _log_likelihood(log_probs: Any, labels: Any, inputs: Any, lengths: Any, blank: int) -> Any:
    """The forward variable α of Graves et al. 2006, equations 5 to 8, in logarithms; blanks between the labels."""
    steps, rows = log_probs.shape[:2]
    state = np.arange(2 * labels.shape[1] + 1)
    width, states = state.size, np.full((rows, 1), blank)
    if width > 1:
        states = np.where(state % 2 == 1, labels[:, np.minimum(state // 2, labels.shape[1] - 1)], blank)
    # From one label to the next: only where they differ.
    leap = (state > 1) & (states != blank) & (states != states[:, np.maximum(state - 2, 0)])
    each = np.take_along_axis(log_probs, np.broadcast_to(states, (steps, rows, width)), 2)
    never = np.full((rows, 2), _NEVER, log_probs.dtype)
    alpha: Any = where((state < 2) & (inputs[:, None] > 0), each[0], _NEVER)
    for t in range(1, steps):
        moved = cat([never, alpha], 1)
        reached = logaddexp(logaddexp(alpha, moved[:, 1:-1]), where(leap, moved[:, :-2], _NEVER))
        alpha = where(t < inputs[:, None], reached + each[t], alpha)
    row, last = np.arange(rows), 2 * lengths
    ended = alpha[row, last]
    return where(lengths > 0, logaddexp(ended, alpha[row, np.maximum(last - 1, 0)]), ended)
