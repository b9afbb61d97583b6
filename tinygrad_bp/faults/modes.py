"""Faults of the two modes of a model: training, in which dropout drops and batches are normalised, and eval."""

from __future__ import annotations

import numpy as np

from ..autograd.tensor import Tensor
from ..nn.dropout import Dropout
from ..nn.module import Module
from ..nn.normalization import BatchNorm1d, BatchNorm2d, BatchNorm3d
from .activation import MOVING
from .cure import HEAVY, NEARLY_ALL
from .finding import Finding
from .observation import Observation
from .recording import Recorded, Recording

NORMS = (BatchNorm1d, BatchNorm2d, BatchNorm3d)
# What may stand between the last dropout and the loss, and is no layer.
AFTER_THE_SCORES = MOVING | {"softmax", "log_softmax", "sigmoid"}


def model_in_eval_mode(seen: Observation) -> Finding | None:
    """A model that is to be trained is in eval, and has layers that then do something else."""
    if not isinstance(seen.model, Module) or seen.model.training:
        return None
    names = [
        type(module).__name__
        for module in seen.model.modules()
        if not module.training and (isinstance(module, NORMS) or (isinstance(module, Dropout) and module.p > 0))
    ]
    if not names:
        return None
    return seen.found(
        "model-in-eval-mode",
        f"The model is in eval mode, where {names[0]} does not do what it does in training.",
        "Call model.train() before the steps of each epoch, and model.eval() only to measure.",
    )


def dropout_in_eval_mode(seen: Observation) -> Finding | None:
    """In eval mode the model still drops values: a call of F.dropout does not know the mode."""
    model = seen.model
    if not isinstance(model, Module) or not any(step.op == "dropout_mask" for step in seen.model_steps):
        return None
    recording = Recording({})
    with seen.unchanged(), Recorded(recording), np.errstate(all="ignore"):
        try:
            model.eval()
            model(seen.x)
        except Exception:  # the experiment was ours, and so is the error
            return None
    drops = [step for step in recording.steps if step.op == "dropout_mask" and 0 < float(step.params["p"]) < 1]
    if not drops:
        return None
    return seen.found(
        "dropout-in-eval-mode",
        "In eval mode the model still drops values, so what it says is random when it is used.",
        "Write F.dropout(x, p, training=self.training), or take nn.Dropout.", drops[0],
    )  # fmt: skip


def dropout_on_the_outputs(seen: Observation) -> Finding | None:
    """What is dropped are the answers themselves: no layer follows, in the model or in the loss."""
    if any(isinstance(item, Tensor) and item.is_leaf and item._node for s in seen.loss_steps for item in s.operands):
        return None  # a part of the network is in the loss
    last = seen.output_step
    while last is not None and last.op in AFTER_THE_SCORES and last.inputs:
        last = last.inputs[0]
    if last is None or last.op != "dropout" or last not in seen.model_steps or seen.loss_kind is None:
        return None
    drops = [given for given in last.inputs if given is not None and given.op == "dropout_mask"]
    if not drops or not 0 < float(drops[0].params["p"]) < 1:
        return None
    return seen.found(
        "dropout-on-the-outputs",
        f"Dropout stands behind the last layer: {float(drops[0].params['p']):.0%} of the answers are set to 0, "
        "whatever the network says.",
        "Put dropout before the last layer, between hidden ones.", last,
    )  # fmt: skip


def dropout_of_nearly_all(seen: Observation) -> Finding | None:
    """Next to nothing is left."""
    return _too_heavy(seen) if seen.cure.dropped >= NEARLY_ALL else None


def dropout_that_holds_back(seen: Observation) -> Finding | None:
    """The program does not learn, and does without dropout."""
    cure = seen.cure
    heavy = HEAVY <= cure.dropped < NEARLY_ALL
    return _too_heavy(seen) if heavy and cure.change is not None and cure.change.dropout else None


def _too_heavy(seen: Observation) -> Finding:
    step = max((s for s in seen.model_steps if s.op == "dropout_mask"), key=lambda s: float(s.params["p"]))
    return seen.found(
        "dropout-too-heavy",
        f"Dropout takes {seen.cure.dropped:.0%} of the values away: little is left to learn from.",
        "Take p between 0.1 and 0.5.", step,
    )  # fmt: skip
