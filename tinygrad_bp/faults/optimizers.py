"""Faults between the model and its optimizer: parameters it does not hold, gradients that pile up."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import Any

import numpy as np

from ..autograd.modes import no_grad
from ..autograd.tensor import Tensor, wrap
from ..nn.module import Module
from ..nn.parameter import Parameter
from ..optim.optimizer import Optimizer
from .cure import STRONG
from .finding import Finding
from .layers import unregistered
from .losses import of_minus_the_loss
from .observation import Observation, rows_of
from .recording import Step

PILED_UP = 3.0  # a gradient so many times as large as that of any part of the batch is a sum of many
FEWEST = 8  # rows whose targets are alike by no chance
PARTS = 8  # of the batch, whose gradients are compared


def parameter_not_held_by_the_optimizer(seen: Observation) -> Finding | None:
    """A parameter gets a gradient, and no step moves it."""
    loose, function = unregistered(seen), not isinstance(seen.model, Module)
    if seen.optimizer is None:
        if not loose or function:
            return None
        leaf, step = loose[0]
        return seen.found(
            "parameter-not-held-by-the-optimizer",
            f"The model reads a tensor {tuple(leaf.shape)} that model.parameters() does not give, so no optimizer made "
            "from it would move it.",
            "Assign it in __init__ as nn.Parameter, or keep layers in nn.ModuleList.", step,
        )  # fmt: skip
    held = {id(p) for group in seen.optimizer.param_groups for p in group["params"]}
    lost = [(leaf, step) for leaf, step in loose if id(leaf) not in held]
    if lost:
        leaf, step = lost[0]
        neither = "" if function else "model.parameters() does not give and "
        fix = "Assign it in __init__ as nn.Parameter, or keep layers in nn.ModuleList instead of a list."
        return seen.found(
            "parameter-not-held-by-the-optimizer",
            f"The model reads a tensor {tuple(leaf.shape)} that {neither}the optimizer does not hold: no step moves "
            "it.",
            "Give the optimizer all that is to be learnt." if function else fix, step,
        )  # fmt: skip
    if _is_to_pass_for_real(seen):
        made, judges = _parts_by(seen, held)
        if made and judges and all(id(leaf) in held for leaf, _ in made):
            return None  # a generator's step: its judge has an optimizer of its own
        if made and judges and function:
            leaf, step = made[0]
            return seen.found(
                "parameter-not-held-by-the-optimizer",
                f"All targets are {seen.targets.flat[0]:g}, as where what is made is to pass for real, and the "
                f"optimizer holds the {len(judges)} parameters that judge it. The {len(made)} that make it, the first "
                f"{tuple(leaf.shape)}, get gradients, and it does not hold them: it is that of another step.",
                "Give this step the optimizer of the generator's parameters.", step,
            )  # fmt: skip
    missing = [name for name, leaf in seen.parameters.items() if id(leaf) not in held and _moves(seen.gradients[name])]
    if not missing:
        return None
    stale = [p for group in seen.optimizer.param_groups for p in group["params"] if not _read(seen, p)]
    why = f" It holds {len(stale)} others that the model does not read." if stale else ""
    these = f"{missing[0]} gets a gradient, and the optimizer does not hold it: no step moves it."
    if len(missing) > 1:
        these = (
            f"{missing[0]} and {len(missing) - 1} more get gradients, and the optimizer does not hold them: no step "
            "moves them."
        )
    return seen.found(
        "parameter-not-held-by-the-optimizer",
        these + why,
        "Make the optimizer from model.parameters() after the model is complete; where a part is not to be learnt, "
        "say so: part.requires_grad_(False).",
    )


def _is_to_pass_for_real(seen: Observation) -> bool:
    """Whether all targets are 1, as those of a generator's step are: no judge is taught so of what is made."""
    t, kind = seen.targets, seen.loss_kind
    if t is None or kind is None or kind.kind not in ("binary", "squared") or kind.rows < FEWEST:
        return False
    return bool((t == t.flat[0]).all() and t.flat[0] > 0.5)


Read = tuple[Tensor, Step]  # a leaf, and the first step that reads it


def _parts_by(seen: Observation, held: set[int]) -> tuple[list[Read], list[Read]]:
    """The parameters that get gradients, cut into first and last where the optimizer holds one part; else none."""
    wanted = {id(leaf) for name, leaf in seen.leaves.items() if _moves(seen.gradients[name])}
    read: dict[int, Read] = {}
    for step in seen.model_steps:
        for item in step.operands:
            if id(item) in wanted and (id(item) in held or isinstance(item, Parameter)):
                read.setdefault(id(item), (item, step))
    order = list(read.values())
    ours = [id(leaf) in held for leaf, _ in order]
    cut = ours.index(not ours[0]) if len(set(ours)) == 2 else 0
    return (order[:cut], order[cut:]) if len(set(ours[cut:])) == 1 else ([], [])


def _moves(gradient: Any) -> bool:
    return gradient is not None and bool(np.any(gradient))


def _read(seen: Observation, p: Tensor) -> bool:
    return any(item is p for step in seen.steps for item in step.operands)


def all_parameters_frozen(seen: Observation) -> Finding | None:
    """Nothing that the loss was made of wants a gradient."""
    if any(leaf._node is not None for leaf in seen.leaves.values()):
        return None
    if not seen.parameters and (seen.loss_value is None or getattr(seen.loss, "_node", None) is not None):
        return None
    none = f"None of the {len(seen.parameters)} parameters" if seen.parameters else "Nothing that the loss is made of"
    return seen.found(
        "all-parameters-frozen",
        f"{none} requires a gradient, so nothing can be learnt.",
        "Call requires_grad_() on what is to be learnt.",
    )


def only_a_constant_is_learnt(seen: Observation) -> Finding | None:
    """Weights are frozen, and what is left moves the outputs of all rows alike: a last bias."""
    free = [p for p in seen.parameters.values() if p._node is not None]
    frozen = [name for name, p in seen.parameters.items() if p._node is None and p.ndim > 1]
    before = seen.outputs_for(seen.x)
    if not free or not frozen or any(p.ndim > 1 for p in free) or before is None or before.ndim < 2 or len(before) < 2:
        return None
    with seen.unchanged(), no_grad():
        for p in free:
            p.add_(0.1)
        after = seen.outputs_for(seen.x)
    if after is None or not np.isfinite(after).all() or np.array_equal(after, before):
        return None
    moved = after - before
    if not np.allclose(moved, moved[:1], rtol=0, atol=1e-4 * float(np.abs(moved).max())):
        return None
    return seen.found(
        "only-a-constant-is-learnt",
        f"{frozen[0]}{f' and {len(frozen) - 1} more weights are' if len(frozen) > 1 else ' is'} frozen, and what is "
        "left moves the outputs of all rows alike: no answer comes to depend on the inputs.",
        "Let at least the weights of the last layer learn: layer.requires_grad_().",
    )


def layers_frozen_at_random(seen: Observation) -> Finding | None:
    """Layers are frozen as they were drawn, and with them the program learns what it does not learn without."""
    if seen.cure.change is None or not seen.cure.change.thawed:
        return None
    names = list(seen.cure.frozen)
    return seen.found(
        "layers-frozen-at-random",
        f"{names[0]}{f' and {len(names) - 1} more are' if len(names) > 1 else ' is'} frozen as drawn at random, "
        "and this batch is not learnt; where they learn as well, the same program learns it.",
        "Freeze only layers that have been trained before; these have to learn: layer.requires_grad_(), and give them "
        "to the optimizer.",
    )


def zero_grad_missing(seen: Observation) -> Finding | None:
    """The gradients that are there are sums of many steps' gradients."""
    there = {
        name: leaf.grad._value for name, leaf in seen.parameters.items()
        if leaf.grad is not None and seen.gradients[name] is not None
    }  # fmt: skip
    if not there or seen.loss_value is None or not np.isfinite(seen.loss_value):
        return None
    now = {name: g for name, g in seen.gradients.items() if name in there and g is not None}
    waiting, fresh = _length(there.values()), _length(now.values())
    if not waiting > PILED_UP * fresh:
        return None
    largest = max([fresh, *(_length(_gradients(seen, part, set(there))) for part in _parts(seen))])
    if not waiting > PILED_UP * largest:
        return None
    with seen.unchanged():
        if seen.optimizer is not None and _stepped_back(seen.optimizer):
            batches = [(seen.x, seen.y), *_parts(seen)]
            if not waiting > PILED_UP * max(_length(_gradients(seen, batch, set(there))) for batch in batches):
                return None  # it is that of the last step, before which the slope was as steep
    return seen.found(
        "zero-grad-missing",
        f"The gradients that the parameters hold are {waiting / largest:.3g} times as large as that of any part of "
        "this batch: those of earlier steps are still in them.",
        "Call optimizer.zero_grad() before each backward().",
    )


def _stepped_back(optimizer: Optimizer) -> bool:
    """Put the parameters about where they were before the last step: as far back as the same step would go on."""
    held = [p for group in optimizer.param_groups for p in group["params"]]
    before = [np.array(p._value) for p in held]
    try:
        optimizer.step()
    except Exception:  # it takes steps of another kind
        return False
    with no_grad():
        for p, old in zip(held, before):
            p.copy_(wrap(2 * old - p._value, None))
    return True


def _parts(seen: Observation) -> list[tuple[Any, Any]]:
    """Parts of the batch: a last batch of another size has a gradient like one of these."""
    rows = rows_of(seen.x)
    if not rows or rows != rows_of(seen.y) or rows < 2 * PARTS:
        return []
    edges = np.linspace(0, rows, PARTS + 1).astype(int)
    return [(seen.x[a:b], seen.y[a:b]) for a, b in pairwise(edges)]


def _gradients(seen: Observation, part: tuple[Any, Any], names: set[str]) -> list[Any]:
    """The gradients for a part of the batch."""
    other = Observation(seen.model, seen.loss_fn, *part, seen.optimizer)
    return [g for name, g in other.gradients.items() if name in names and g is not None]


def _length(gradients: Iterable[Any]) -> float:
    return float(np.sqrt(sum(np.sum(np.square(g, dtype=np.float64)) for g in gradients)))


def zero_grad_misplaced(seen: Observation) -> Finding | None:
    """The optimizer has taken steps and seen no gradient, or averaged only 0: they were cleared before each step."""
    optimizer = seen.optimizer
    if optimizer is None or not any(_moves(g) for g in seen.gradients.values()):
        return None
    stepped = optimizer._together.values()  # a step without any gradient has written nothing, and kept nothing
    if stepped and not optimizer._state and not any(written._arrays for written in stepped):
        return seen.found(
            "zero-grad-misplaced",
            f"{type(optimizer).__name__} has taken steps, and no parameter had a gradient: they are cleared between "
            "backward() and step(), or backward() is not called.",
            "Write zero_grad(), backward(), step(), in this order.",
        )
    if not optimizer.counts or not optimizer._state:
        return None
    averages = [kept._value for state in optimizer._state.values() for name, kept in state.items()
                if name in optimizer.keeps and isinstance(kept, Tensor)]  # fmt: skip
    if not averages or any(average.any() for average in averages):
        return None
    return seen.found(
        "zero-grad-misplaced",
        f"{type(optimizer).__name__} has taken steps, and all gradients that it saw were 0: they are cleared between "
        "backward() and step().",
        "Write zero_grad(), backward(), step(), in this order.",
    )


def optimizer_ascends(seen: Observation) -> Finding | None:
    """``maximize`` makes an error larger, or the likelihood smaller."""
    if not seen.ascends or of_minus_the_loss(seen) is None:
        return None
    return seen.found(
        "optimizer-ascends",
        "The optimizer has maximize=True: each step makes the loss larger.",
        "Leave maximize out, or give it what is to be large.",
    )


def weight_decay_too_large(seen: Observation) -> Finding | None:
    """The program does not learn, and does without weight decay."""
    if seen.cure.decay < STRONG or seen.cure.change is None or not seen.cure.change.decay:
        return None
    return seen.found(
        "penalty-outweighs-the-loss",
        f"With weight_decay={seen.cure.decay:g} the weights shrink faster than they learn: without it the same program "
        "learns this batch.",
        "Take a hundredth of it, or leave it out.",
    )
