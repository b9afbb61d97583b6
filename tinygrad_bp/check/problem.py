"""One forward and its backward in the one form that ``verify`` takes, whatever form the homework has."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


class NotFitting(Exception):
    """Inputs of these shapes do not fit; the message says how far they came."""

    def __init__(self, stage: str, reason: str) -> None:
        super().__init__(reason)
        self.stage = stage  # "0 make", "1 forward" or "2 backward": how far it came


@dataclass
class Problem:
    """``backward(g, *inputs)`` gives a gradient for each input, or None; ``forward(*inputs)`` one array or Tensor."""

    names: list[str]
    inputs: list[Any]
    forward: Callable[..., Any]
    backward: Callable[..., list[Any]]
    gradient_names: list[str]
    wanted: list[int]  # the inputs that have a gradient
    output: Callable[..., Any]  # what the forward gives before a loss is taken of it
    batched: list[int] = field(default_factory=list)
    axis: int = 0
    labels: Any = None
    said: str = ""  # what was chosen on the way, for the verdict
    neat: bool = True  # whether every gradient has its input's shape
    trial: int = 1  # among those with different losses
    moved: bool = False  # whether every gradient is seen by how far its parameter has moved
    loss: Any = None  # the loss that was taken, where the forward is not one and the backward begins with one


@dataclass
class Verdict:
    """What was found of one pair. ``verdict`` is ``"right"``, ``"wrong"`` or ``"unchecked"``."""

    name: str
    verdict: str
    sentence: str
    line: int = 0
    truth: str = ""  # "engine" or "differences"
    why: str = ""  # differences were taken
    findings: list[dict[str, Any]] = field(default_factory=list)
    shapes: dict[str, list[int]] = field(default_factory=dict)
    of_loss: bool = False  # whether the backward begins with a loss
    divides: bool = False  # whether it divides by the number of examples

    def as_dict(self) -> dict[str, Any]:
        """The fields as JSON has them, which has no infinity: ``null``, as of shapes that differ."""
        return {**vars(self), "findings": [{k: _of_json(v) for k, v in one.items()} for one in self.findings]}


def _of_json(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value
