"""``diagnose``: the faults of a training program, found in one step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..autograd.arrays import kind_of
from ..autograd.errors import ArgumentError
from ..autograd.modes import enable_grad, happening, inference_mode
from ..optim.optimizer import Optimizer
from .finding import Findings
from .observation import Observation, rows_of
from .rates import warm
from .state import kept
from .table import FAULTS, MOST


def diagnose(
    model: Callable[[Any], Any],
    loss_fn: Callable[[Any, Any], Any],
    batch: tuple[Any, Any],
    optimizer: Optimizer | None = None,
) -> Findings:
    """Say why a training does not learn: run a step of it, and name the mistakes that the step shows.

    The step is ``loss_fn(model(x), y)`` and its gradients, with ``x, y = batch``; ``optimizer`` is asked what it would
    do. The loss may be any function, the model any ``Module`` or function: what is wrong is read from the recorded
    graph and from the numbers. Returns ``Findings``, at most six, most serious first; none where nothing is wrong that
    a step can show. An error inside the step is a finding too.

    Weights, buffers, gradients, modes, the optimizer and random streams are afterwards as they were. Raises
    ``ArgumentError`` only for arguments that are no model, loss, batch or optimizer.

    >>> import tinygrad_bp as tg
    >>> _ = tg.manual_seed(0)
    >>> model = tg.nn.Sequential(tg.nn.Linear(4, 8), tg.nn.ReLU(), tg.nn.Linear(8, 1))
    >>> x, y = tg.randn(20, 4), tg.randn(20)
    >>> tg.diagnose(model, tg.nn.functional.mse_loss, (x, y)).codes
    ('shapes-broadcast',)
    """
    for what, value in (("model", model), ("loss_fn", loss_fn)):
        if not callable(value):
            raise ArgumentError(f"diagnose: {what} is called as a function, got {kind_of(value)}")
    if not isinstance(batch, (tuple, list)) or len(batch) != 2:
        raise ArgumentError(f"diagnose: the batch is a pair (x, y), inputs and targets, got {kind_of(batch)}")
    if rows_of(batch[0]) == 0:
        raise ArgumentError("diagnose: the batch has no rows; give at least one")
    if optimizer is not None and not isinstance(optimizer, Optimizer):
        raise ArgumentError(f"diagnose: optimizer is a tg.optim.Optimizer, got {kind_of(optimizer)}")
    happening("diagnose()")
    with inference_mode(False), enable_grad(), kept((model, loss_fn), optimizer):
        seen = Observation(model, loss_fn, *batch, optimizer)
        return findings(seen)


def findings(seen: Observation, strict: bool = False) -> Findings:
    """What the rules of the table find; a cause hides its consequences. ``strict``: a rule that fails raises."""
    found, hidden = [], seen.settled
    with kept((), seen.optimizer):
        warm(seen.optimizer)
        for fault in FAULTS:
            if fault.code in hidden:
                continue
            try:
                finding = fault.rule(seen)
            except Exception:
                # A rule that stumbles over an odd program says nothing; the others may know what is odd.
                if strict:
                    raise
                continue
            if finding is not None:
                found.append(finding)
                hidden |= fault.hides
    return Findings([finding for finding in found if finding.code not in hidden][:MOST])
