"""Losses as modules; ``reduction`` is ``"mean"``, ``"sum"`` or ``"none"``."""

from __future__ import annotations

from typing import Any

from ..autograd.tensor import Tensor
from ..ops import losses
from ..ops.creation import as_tensor
from ..ops.cross_entropy import cross_entropy, nll_loss
from .module import Module


class _Loss(Module):
    def __init__(self, reduction: str = "mean") -> None:
        losses.check_reduction(type(self).__name__, reduction)
        self.reduction = reduction


class MSELoss(_Loss):
    """Squared error: ``mse_loss(x, target)``, both of one shape."""

    def forward(self, x: Any, target: Any) -> Any:
        """The loss of a prediction."""
        return losses.mse_loss(x, target, self.reduction)


class L1Loss(_Loss):
    """Absolute error: ``l1_loss(x, target)``, both of one shape."""

    def forward(self, x: Any, target: Any) -> Any:
        """The loss of a prediction."""
        return losses.l1_loss(x, target, self.reduction)


class HuberLoss(_Loss):
    """Squared error (halved) up to ``delta`` from the target, a straight line beyond (Huber 1964)."""

    def __init__(self, reduction: str = "mean", delta: float = 1.0) -> None:
        super().__init__(reduction)
        self.delta = delta

    def forward(self, x: Any, target: Any) -> Any:
        """The loss of a prediction."""
        return losses.huber_loss(x, target, self.reduction, self.delta)


class SmoothL1Loss(_Loss):
    """``HuberLoss(delta=beta)`` divided by ``beta``: slope 1 beyond it (Girshick 2015)."""

    def __init__(self, reduction: str = "mean", beta: float = 1.0) -> None:
        super().__init__(reduction)
        self.beta = beta

    def forward(self, x: Any, target: Any) -> Any:
        """The loss of a prediction."""
        return losses.smooth_l1_loss(x, target, self.reduction, self.beta)


class BCELoss(_Loss):
    """Binary cross-entropy of probabilities in [0, 1] against labels in [0, 1]; ``weight`` multiplies each loss."""

    weight: Tensor | None

    def __init__(self, weight: Any = None, reduction: str = "mean") -> None:
        super().__init__(reduction)
        self.register_buffer("weight", weight if weight is None else as_tensor(weight))

    def forward(self, x: Any, target: Any) -> Any:
        """The loss of a prediction."""
        return losses.binary_cross_entropy(x, target, self.weight, self.reduction)


class BCEWithLogitsLoss(_Loss):
    """Binary cross-entropy of scores (before the sigmoid) against labels in [0, 1].

    ``weight`` multiplies each loss, ``pos_weight`` the part of the label 1; both broadcast against the scores.
    """

    weight: Tensor | None
    pos_weight: Tensor | None

    def __init__(self, weight: Any = None, reduction: str = "mean", pos_weight: Any = None) -> None:
        super().__init__(reduction)
        self.register_buffer("weight", weight if weight is None else as_tensor(weight))
        self.register_buffer("pos_weight", pos_weight if pos_weight is None else as_tensor(pos_weight))

    def forward(self, x: Any, target: Any) -> Any:
        """The loss of the scores."""
        return losses.binary_cross_entropy_with_logits(x, target, self.weight, self.reduction, self.pos_weight)


class _ClassLoss(_Loss):
    """A loss of class indices. The class weights are a buffer: ``to`` converts them and the state holds them."""

    weight: Tensor | None

    def __init__(self, weight: Any = None, ignore_index: int = -100, reduction: str = "mean") -> None:
        super().__init__(reduction)
        self.register_buffer("weight", weight if weight is None else as_tensor(weight))
        self.ignore_index = ignore_index


class CrossEntropyLoss(_ClassLoss):
    """Cross-entropy of scores (rows, classes) (before the softmax) against classes.

    The target is class indices (rows,), or class probabilities or one-hot rows of the shape of the scores.
    ``weight`` (classes,), ``ignore_index`` and ``label_smoothing`` are those of ``functional.cross_entropy``.

    >>> import tinygrad_bp as tg
    >>> loss = tg.nn.CrossEntropyLoss(label_smoothing=0.1)
    >>> loss(tg.tensor([[2.0, 0.0], [0.0, 0.0]]), tg.tensor([0, 1]))
    tensor(0.46)
    """

    def __init__(
        self, weight: Any = None, ignore_index: int = -100, reduction: str = "mean", label_smoothing: float = 0.0
    ) -> None:
        super().__init__(weight, ignore_index, reduction)
        self.label_smoothing = label_smoothing

    def forward(self, x: Any, target: Any) -> Any:
        """The loss of the scores."""
        return cross_entropy(x, target, self.weight, self.ignore_index, self.reduction, self.label_smoothing)


class NLLLoss(_ClassLoss):
    """Negative log-likelihood of log-probabilities (rows, classes) against class indices (rows,)."""

    def forward(self, x: Any, target: Any) -> Any:
        """The loss of the log-probabilities."""
        return nll_loss(x, target, self.weight, self.ignore_index, self.reduction)
