"""Training steps of larger programs, each written once: tinygrad_bp and PyTorch run the same text.

A file a workload. Its ``training(torch)`` takes either package and gives the step and what it is called with: the step
goes forward and backward, updates the parameters and returns the loss. Both packages draw the same numbers from one
seed, so both start alike.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from . import gpt, hessian, lenet, lstm, pinn

Step = Callable[..., Any]
Training = Callable[[Any], tuple[Step, tuple[Any, ...]]]

WORKLOADS: dict[str, Training] = {
    "lenet": lenet.training,
    "gpt": gpt.training,
    "lstm": lstm.training,
    "pinn": pinn.training,
    "hessian": hessian.training,
}
