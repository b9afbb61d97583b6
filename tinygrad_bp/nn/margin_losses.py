"""Losses of a margin as modules, and distances between vectors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..autograd.errors import ArgumentError
from ..autograd.types import Array
from ..functions import margin_losses, similarity
from .losses import Loss, WeightedLoss
from .module import Module

__all__ = [
    "CosineEmbeddingLoss", "CosineSimilarity", "HingeEmbeddingLoss", "MarginRankingLoss", "MultiLabelMarginLoss",
    "MultiLabelSoftMarginLoss", "MultiMarginLoss", "PairwiseDistance", "SoftMarginLoss", "TripletMarginLoss",
    "TripletMarginWithDistanceLoss",
]  # fmt: skip


class HingeEmbeddingLoss(Loss):
    """x where the target is 1, ``max(margin − x, 0)`` where it is −1.

    >>> import tinygrad_bp as tg
    >>> tg.nn.HingeEmbeddingLoss()(tg.tensor([0.5, 0.5]), tg.tensor([1.0, -1.0]))
    tensor(0.5000)
    """

    def __init__(
        self, margin: float = 1.0, size_average: bool | None = None, reduce: bool | None = None, reduction: str = "mean"
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.margin = margin

    def forward(self, input: Array, target: Array) -> Any:
        """The loss of the scores."""
        return margin_losses.hinge_embedding_loss(input, target, self.margin, self.reduction)


class MarginRankingLoss(Loss):
    """``max(−target · (x1 − x2) + margin, 0)``: 1 wants ``x1`` ranked higher, −1 ``x2``.

    >>> import tinygrad_bp as tg
    >>> tg.nn.MarginRankingLoss()(tg.tensor([1.0]), tg.tensor([2.0]), tg.tensor([1.0]))
    tensor(1.)
    """

    def __init__(
        self, margin: float = 0.0, size_average: bool | None = None, reduce: bool | None = None, reduction: str = "mean"
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.margin = margin

    def forward(self, input1: Array, input2: Array, target: Array) -> Any:
        """The loss of the vectors."""
        return margin_losses.margin_ranking_loss(input1, input2, target, self.margin, self.reduction)


class SoftMarginLoss(Loss):
    """``ln(1 + exp(−target · x))`` for targets 1 and −1.

    >>> import tinygrad_bp as tg
    >>> tg.nn.SoftMarginLoss()(tg.tensor([0.0]), tg.tensor([1.0]))
    tensor(0.6931)
    """

    def forward(self, input: Array, target: Array) -> Any:
        """The loss of the scores."""
        return margin_losses.soft_margin_loss(input, target, self.reduction)


class MultiMarginLoss(WeightedLoss):
    """A hinge for classes: scores (rows, classes) against class indices (rows,); ``p`` is 1 or 2.

    >>> import tinygrad_bp as tg
    >>> tg.nn.MultiMarginLoss()(tg.tensor([[0.1, 0.2, 0.8]]), tg.tensor([2]))
    tensor(0.2333)
    """

    p: int
    margin: float

    def __init__(
        self,
        p: int = 1,
        margin: float = 1.0,
        weight: Array | None = None,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(weight, size_average, reduce, reduction)
        self.p, self.margin = p, margin

    def forward(self, input: Array, target: Array) -> Any:
        """The loss of the scores."""
        return margin_losses.multi_margin_loss(input, target, self.p, self.margin, self.weight, self.reduction)


class MultiLabelMarginLoss(Loss):
    """A hinge between target classes and the others; the target lists class indices up to the first −1.

    >>> import tinygrad_bp as tg
    >>> tg.nn.MultiLabelMarginLoss()(tg.tensor([[0.1, 0.2, 0.4]]), tg.tensor([[2, -1, -1]]))
    tensor(0.5000)
    """

    def forward(self, input: Array, target: Array) -> Any:
        """The loss of the scores."""
        return margin_losses.multilabel_margin_loss(input, target, self.reduction)


class MultiLabelSoftMarginLoss(WeightedLoss):
    """Binary cross-entropy of scores and labels in {0, 1}, averaged over the classes of each row.

    >>> import tinygrad_bp as tg
    >>> tg.nn.MultiLabelSoftMarginLoss()(tg.zeros(1, 2), tg.tensor([[1.0, 0.0]]))
    tensor(0.6931)
    """

    def forward(self, input: Array, target: Array) -> Any:
        """The loss of the scores."""
        return margin_losses.multilabel_soft_margin_loss(input, target, self.weight, self.reduction)


class CosineEmbeddingLoss(Loss):
    """``1 − cos`` of two vectors where the target is 1, ``max(cos − margin, 0)`` where it is −1.

    >>> import tinygrad_bp as tg
    >>> tg.nn.CosineEmbeddingLoss()(tg.tensor([[1.0, 0.0]]), tg.tensor([[0.0, 1.0]]), tg.tensor([1]))
    tensor(1.)
    """

    def __init__(
        self, margin: float = 0.0, size_average: bool | None = None, reduce: bool | None = None, reduction: str = "mean"
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.margin = margin

    def forward(self, input1: Array, input2: Array, target: Array) -> Any:
        """The loss of the vectors."""
        return margin_losses.cosine_embedding_loss(input1, input2, target, self.margin, self.reduction)


class TripletMarginLoss(Loss):
    """``max(d(anchor, positive) − d(anchor, negative) + margin, 0)`` with distances of norm ``p``.

    Raises ``ArgumentError`` for a margin that is not above 0.

    >>> import tinygrad_bp as tg
    >>> tg.nn.TripletMarginLoss()(tg.tensor([[0.0]]), tg.tensor([[1.0]]), tg.tensor([[3.0]]))
    tensor(0.)
    """

    margin: float
    p: float
    eps: float
    swap: bool

    def __init__(
        self,
        margin: float = 1.0,
        p: float = 2.0,
        eps: float = 1e-6,
        swap: bool = False,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        if not margin > 0:
            raise ArgumentError(f"TripletMarginLoss: margin must be above 0, got {margin}")
        self.margin, self.p, self.eps, self.swap = margin, p, eps, swap

    def forward(self, anchor: Array, positive: Array, negative: Array) -> Any:
        """The loss of the vectors."""
        return margin_losses.triplet_margin_loss(
            anchor, positive, negative, self.margin, self.p, self.eps, self.swap, self.reduction
        )


class TripletMarginWithDistanceLoss(Loss):
    """``TripletMarginLoss`` with a distance of your own, a function of two tensors.

    Raises ``ArgumentError`` for a margin that is not above 0.

    >>> import tinygrad_bp as tg
    >>> tg.nn.TripletMarginWithDistanceLoss()(tg.tensor([[0.0]]), tg.tensor([[1.0]]), tg.tensor([[1.5]]))
    tensor(0.5000)
    """

    distance_function: Callable[[Any, Any], Any]
    margin: float
    swap: bool

    def __init__(
        self,
        *,
        distance_function: Callable[[Any, Any], Any] | None = None,
        margin: float = 1.0,
        swap: bool = False,
        reduction: str = "mean",
    ) -> None:
        super().__init__(reduction=reduction)
        if not margin > 0:
            raise ArgumentError(f"TripletMarginWithDistanceLoss: margin must be above 0, got {margin}")
        self.distance_function = PairwiseDistance() if distance_function is None else distance_function
        self.margin, self.swap = margin, swap

    def forward(self, anchor: Array, positive: Array, negative: Array) -> Any:
        """The loss of the vectors."""
        return margin_losses.triplet_margin_with_distance_loss(
            anchor, positive, negative, distance_function=self.distance_function, margin=self.margin, swap=self.swap,
            reduction=self.reduction,
        )  # fmt: skip


class CosineSimilarity(Module):
    """The cosine of the angle between vectors along ``dim``; a norm counts as at least ``eps``.

    >>> import tinygrad_bp as tg
    >>> tg.nn.CosineSimilarity()(tg.tensor([[1.0, 0.0]]), tg.tensor([[1.0, 1.0]]))
    tensor([0.7071])
    """

    dim: int
    eps: float

    def __init__(self, dim: int = 1, eps: float = 1e-8) -> None:
        self.dim, self.eps = dim, eps

    def forward(self, x1: Array, x2: Array) -> Any:
        """The cosines, without ``dim``."""
        return similarity.cosine_similarity(x1, x2, self.dim, self.eps)


class PairwiseDistance(Module):
    """The ``p``-norm of ``x1 − x2 + eps`` along the last dimension.

    >>> import tinygrad_bp as tg
    >>> tg.nn.PairwiseDistance()(tg.tensor([[0.0, 0.0]]), tg.tensor([[3.0, 4.0]]))
    tensor([5.0000])
    """

    norm: float
    eps: float
    keepdim: bool

    def __init__(self, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False) -> None:
        self.norm, self.eps, self.keepdim = p, eps, keepdim

    def forward(self, x1: Array, x2: Array) -> Any:
        """The distances, without the last dimension unless ``keepdim``."""
        return similarity.pairwise_distance(x1, x2, self.norm, self.eps, self.keepdim)
