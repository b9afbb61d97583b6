"""Losses as modules; ``reduction`` is ``"mean"``, ``"sum"`` or ``"none"``."""

from __future__ import annotations

from typing import Any

from ..ops import network
from .module import Module


class _Loss(Module):
    def __init__(self, reduction: str = "mean") -> None:
        network.check_reduction(type(self).__name__, reduction)
        self.reduction = reduction


class MSELoss(_Loss):
    """Squared error: ``mse_loss(x, target)``, both of one shape."""

    def forward(self, x: Any, target: Any) -> Any:
        """The loss of a prediction."""
        return network.mse_loss(x, target, self.reduction)


class BCELoss(_Loss):
    """Binary cross-entropy of probabilities in [0, 1] against labels in [0, 1]."""

    def forward(self, x: Any, target: Any) -> Any:
        """The loss of a prediction."""
        return network.binary_cross_entropy(x, target, self.reduction)


class BCEWithLogitsLoss(_Loss):
    """Binary cross-entropy of scores (before the sigmoid) against labels in [0, 1]."""

    def forward(self, x: Any, target: Any) -> Any:
        """The loss of the scores."""
        return network.binary_cross_entropy_with_logits(x, target, self.reduction)


class CrossEntropyLoss(_Loss):
    """Cross-entropy of scores (rows, classes) (before the softmax) against class indices (rows,)."""

    def forward(self, x: Any, target: Any) -> Any:
        """The loss of the scores."""
        return network.cross_entropy(x, target, self.reduction)
