"""Losses as modules; ``reduction`` is ``"mean"``, ``"sum"`` or ``"none"``."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ..autograd.device import DeviceLike
from ..autograd.errors import ArgumentError, shape_text
from ..autograd.tensor import Tensor
from ..autograd.types import Array, DTypeLike, Operand
from ..functions import distribution_losses
from ..functions.creation import as_tensor
from ..functions.ctc import ctc_loss
from ..ops import losses
from ..ops.cross_entropy import cross_entropy, nll_loss
from .arguments import reduction_of
from .constructing import parameter_dtype
from .layers import Linear
from .module import Module

__all__ = [
    "BCELoss", "BCEWithLogitsLoss", "CTCLoss", "CrossEntropyLoss", "GaussianNLLLoss", "HuberLoss", "KLDivLoss",
    "L1Loss", "LinearCrossEntropyLoss", "MSELoss", "NLLLoss", "PoissonNLLLoss", "SmoothL1Loss",
]  # fmt: skip


class Loss(Module):
    """A loss of a prediction against a target, with a reduction."""

    def __init__(self, size_average: bool | None = None, reduce: bool | None = None, reduction: str = "mean") -> None:
        reduction = reduction_of(size_average, reduce, reduction)
        losses.check_reduction(type(self).__name__, reduction)
        self.reduction = reduction


class WeightedLoss(Loss):
    """A loss with a weight for each element or class."""

    weight: Tensor | None

    def __init__(
        self,
        weight: Array | None = None,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.register_buffer("weight", weight if weight is None else as_tensor(weight))


class MSELoss(Loss):
    """Squared error: ``mse_loss(x, target)``, both of one shape.

    >>> import tinygrad_bp as tg
    >>> tg.nn.MSELoss()(tg.tensor([1.0, 4.0]), tg.tensor([1.0, 2.0]))
    tensor(2.)
    """

    def forward(self, input: Array, target: Array) -> Any:
        """The loss of a prediction."""
        return losses.mse_loss(input, target, self.reduction)


class L1Loss(Loss):
    """Absolute error: ``l1_loss(x, target)``, both of one shape.

    >>> import tinygrad_bp as tg
    >>> tg.nn.L1Loss()(tg.tensor([1.0, 4.0]), tg.tensor([1.0, 2.0]))
    tensor(1.)
    """

    def forward(self, input: Array, target: Array) -> Any:
        """The loss of a prediction."""
        return losses.l1_loss(input, target, self.reduction)


class HuberLoss(Loss):
    """Squared error (halved) up to ``delta`` from the target, a straight line beyond (Huber 1964).

    >>> import tinygrad_bp as tg
    >>> tg.nn.HuberLoss()(tg.tensor([1.0, 4.0]), tg.tensor([1.0, 2.0]))
    tensor(0.7500)
    """

    def __init__(self, reduction: str = "mean", delta: float = 1.0) -> None:
        super().__init__(reduction=reduction)
        self.delta = delta

    def forward(self, input: Array, target: Array) -> Any:
        """The loss of a prediction."""
        return losses.huber_loss(input, target, self.reduction, self.delta)


class SmoothL1Loss(Loss):
    """``HuberLoss(delta=beta)`` divided by ``beta``: slope 1 beyond it (Girshick 2015).

    >>> import tinygrad_bp as tg
    >>> tg.nn.SmoothL1Loss()(tg.tensor([1.0, 4.0]), tg.tensor([1.0, 2.0]))
    tensor(0.7500)
    """

    def __init__(
        self, size_average: bool | None = None, reduce: bool | None = None, reduction: str = "mean", beta: float = 1.0
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.beta = beta

    def forward(self, input: Array, target: Array) -> Any:
        """The loss of a prediction."""
        return losses.smooth_l1_loss(input, target, self.reduction, self.beta)


class BCELoss(WeightedLoss):
    """Binary cross-entropy of probabilities in [0, 1] against labels in [0, 1]; ``weight`` multiplies each loss.

    >>> import tinygrad_bp as tg
    >>> tg.nn.BCELoss()(tg.tensor([0.5, 0.5]), tg.tensor([1.0, 0.0]))
    tensor(0.6931)
    """

    def forward(self, input: Array, target: Array) -> Any:
        """The loss of a prediction."""
        return losses.binary_cross_entropy(input, target, self.weight, self.reduction)


class BCEWithLogitsLoss(Loss):
    """Binary cross-entropy of scores (before the sigmoid) against labels in [0, 1].

    ``weight`` multiplies each loss, ``pos_weight`` the part of the label 1; both broadcast against the scores.

    >>> import tinygrad_bp as tg
    >>> tg.nn.BCEWithLogitsLoss()(tg.tensor([0.0, 0.0]), tg.tensor([1.0, 0.0]))
    tensor(0.6931)
    """

    weight: Tensor | None
    pos_weight: Tensor | None

    def __init__(
        self,
        weight: Array | None = None,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
        pos_weight: Array | None = None,
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.register_buffer("weight", weight if weight is None else as_tensor(weight))
        self.register_buffer("pos_weight", pos_weight if pos_weight is None else as_tensor(pos_weight))

    def forward(self, input: Array, target: Array) -> Any:
        """The loss of the scores."""
        return losses.binary_cross_entropy_with_logits(input, target, self.weight, self.reduction, self.pos_weight)


class _ClassLoss(WeightedLoss):
    """A loss of class indices. The class weights are a buffer: ``to`` converts them and the state holds them."""

    def __init__(
        self,
        weight: Array | None = None,
        size_average: bool | None = None,
        ignore_index: int = -100,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(weight, size_average, reduce, reduction)
        if self.weight is not None and self.weight.ndim != 1:
            name = f"nn.{type(self).__name__}"
            raise ArgumentError(
                f"{name}: weight is one number a class, got {shape_text(self.weight.shape)}; for the loss of scores "
                f"write {name}()(x, target)"
            )
        self.ignore_index = ignore_index


class CrossEntropyLoss(_ClassLoss):
    """Cross-entropy of scores (rows, classes) (before the softmax) against classes.

    The target is class indices (rows,), or class probabilities or one-hot rows of the shape of the scores.
    ``weight`` (classes,), ``ignore_index`` and ``label_smoothing`` are those of ``functional.cross_entropy``.

    >>> import tinygrad_bp as tg
    >>> loss = tg.nn.CrossEntropyLoss(label_smoothing=0.1)
    >>> loss(tg.tensor([[2.0, 0.0], [0.0, 0.0]]), tg.tensor([0, 1]))
    tensor(0.4600)
    """

    def __init__(
        self, weight: Array | None = None, size_average: bool | None = None, ignore_index: int = -100,
        reduce: bool | None = None, reduction: str = "mean", label_smoothing: float = 0.0,
    ) -> None:  # fmt: skip
        super().__init__(weight, size_average, ignore_index, reduce, reduction)
        self.label_smoothing = label_smoothing

    def forward(self, input: Array, target: Array) -> Any:
        """The loss of the scores."""
        return cross_entropy(input, target, self.weight, self.ignore_index, self.reduction, self.label_smoothing)


class NLLLoss(_ClassLoss):
    """Negative log-likelihood of log-probabilities (rows, classes) against class indices (rows,).

    >>> import tinygrad_bp as tg
    >>> tg.nn.NLLLoss()(tg.tensor([[0.5, 0.5]]).log(), tg.tensor([1]))
    tensor(0.6931)
    """

    def forward(self, input: Array, target: Array) -> Any:
        """The loss of the log-probabilities."""
        return nll_loss(input, target, self.weight, self.ignore_index, self.reduction)


class LinearCrossEntropyLoss(Loss):
    """A last linear layer and the cross-entropy of its scores: ``linear_cross_entropy`` with a weight of its own.

    >>> import tinygrad_bp as tg
    >>> tg.nn.LinearCrossEntropyLoss(2, 3)(tg.zeros(4, 2), tg.tensor([0, 1, 2, 0])).shape
    torch.Size([])
    """

    num_classes: int
    out_features: tuple[int, ...]
    ignore_index: int | None
    label_smoothing: float
    linear: Linear
    weight: Tensor | None

    def __init__(
        self,
        in_features: int,
        num_classes: int,
        *,
        out_features: tuple[int, ...] = (),
        bias: bool = False,
        device: DeviceLike = None,
        dtype: DTypeLike = None,
        weight: Array | None = None,
        reduction: str = "mean",
        ignore_index: int | None = None,
        label_smoothing: float = 0.0,
        options: Any = None,
    ) -> None:
        dtype = parameter_dtype(device, dtype)
        super().__init__(reduction=reduction)
        self.register_buffer("weight", weight if weight is None else as_tensor(weight))
        self.num_classes, self.out_features = num_classes, tuple(out_features)
        self.ignore_index, self.label_smoothing, self.options = ignore_index, label_smoothing, options
        self.linear = Linear(in_features, math.prod(self.out_features) * num_classes, bias=bias, dtype=dtype)

    def forward(self, input: Array, target: Array) -> Any:
        """The loss of the features ``input``."""
        shape = (self.num_classes, *self.out_features)
        weight = self.linear.weight.reshape((*shape, self.linear.in_features))
        bias = None if self.linear.bias is None else self.linear.bias.reshape(shape)
        return distribution_losses.linear_cross_entropy(
            input, weight, target, linear_bias=bias, weight=self.weight, reduction=self.reduction,
            ignore_index=self.ignore_index, label_smoothing=self.label_smoothing,
        )  # fmt: skip

    def extra_repr(self) -> str:
        """The sizes and the settings."""
        shown = {"in_features": self.linear.in_features, "num_classes": self.num_classes,
                 "out_features": self.out_features, "bias": self.linear.bias is not None, "reduction": self.reduction,
                 "ignore_index": self.ignore_index, "label_smoothing": self.label_smoothing,
                 "options": self.options}  # fmt: skip
        return ", ".join(f"{name}={value}" for name, value in shown.items())


class KLDivLoss(Loss):
    """Kullback-Leibler divergence of log-probabilities ``x`` and probabilities ``target``.

    With ``log_target`` the target holds logarithms. ``reduction`` may also be ``"batchmean"``: the sum divided by the
    number of rows.

    >>> import tinygrad_bp as tg
    >>> tg.nn.KLDivLoss(reduction="sum")(tg.tensor([0.5, 0.5]).log(), tg.tensor([0.5, 0.5]))
    tensor(0.)
    """

    reduction: str
    log_target: bool

    def __init__(
        self,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
        log_target: bool = False,
    ) -> None:
        super().__init__(size_average, reduce, "sum" if reduction == "batchmean" else reduction)
        self.reduction = reduction if reduction == "batchmean" else self.reduction
        self.log_target = log_target

    def forward(self, input: Array, target: Array) -> Any:
        """The loss of the log-probabilities."""
        return distribution_losses.kl_div(input, target, self.reduction, self.log_target)


class PoissonNLLLoss(Loss):
    """Negative log-likelihood of counts under Poisson distributions: ``poisson_nll_loss``.

    >>> import tinygrad_bp as tg
    >>> tg.nn.PoissonNLLLoss()(tg.tensor([0.0]), tg.tensor([2.0]))
    tensor(1.)
    """

    log_input: bool
    full: bool
    eps: float

    def __init__(
        self,
        log_input: bool = True,
        full: bool = False,
        size_average: bool | None = None,
        eps: float = 1e-8,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.log_input, self.full, self.eps = log_input, full, eps

    def forward(self, log_input: Array, target: Array) -> Any:
        """The loss of the rates' logarithms, or of the rates themselves where the setting ``log_input`` is False."""
        settings = self.log_input, self.full, self.eps, self.reduction
        return distribution_losses.poisson_nll_loss(log_input, target, *settings)


class GaussianNLLLoss(Loss):
    """Negative log-likelihood under normal distributions of mean ``x`` and variance ``var``: ``gaussian_nll_loss``.

    >>> import tinygrad_bp as tg
    >>> tg.nn.GaussianNLLLoss()(tg.tensor([1.0]), tg.tensor([2.0]), tg.tensor([1.0]))
    tensor(0.5000)
    """

    full: bool
    eps: float

    def __init__(self, *, full: bool = False, eps: float = 1e-6, reduction: str = "mean") -> None:
        super().__init__(reduction=reduction)
        self.full, self.eps = full, eps

    def forward(self, input: Array, target: Array, var: Operand) -> Any:
        """The loss of the means and variances."""
        return distribution_losses.gaussian_nll_loss(input, target, var, self.full, self.eps, self.reduction)


class CTCLoss(Loss):
    """The loss of a sequence of labels whose places in time are not known: ``ctc_loss`` (Graves et al. 2006).

    >>> import tinygrad_bp as tg
    >>> scores = tg.zeros(4, 1, 3).log_softmax(2)
    >>> tg.nn.CTCLoss()(scores, tg.tensor([[1, 2]]), tg.tensor([4]), tg.tensor([2]))
    tensor(0.8432)
    """

    blank: int
    zero_infinity: bool

    def __init__(self, blank: int = 0, reduction: str = "mean", zero_infinity: bool = False) -> None:
        super().__init__(reduction=reduction)
        self.blank, self.zero_infinity = blank, zero_infinity

    def forward(
        self, log_probs: Array, targets: Array, input_lengths: Array | Sequence[int],
        target_lengths: Array | Sequence[int],
    ) -> Any:  # fmt: skip
        """The loss of log-probabilities (steps, rows, classes)."""
        return ctc_loss(
            log_probs, targets, input_lengths, target_lengths, self.blank, self.reduction, self.zero_infinity
        )
