"""A softmax over many classes of which few are frequent."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from ..autograd.device import DeviceLike
from ..autograd.errors import ArgumentError, ShapeError, TargetError, shape_text
from ..autograd.tensor import Tensor
from ..autograd.types import Array, DTypeLike
from ..autograd.values import value_of
from ..ops.activations import log_softmax
from ..ops.elementwise import add, neg
from ..ops.extremes import argmax
from ..ops.indexing import getitem
from ..ops.joining import cat
from ..ops.reduction import mean
from ..ops.shape import reshape, unsqueeze
from ..random.generator import Generator
from .constructing import parameter_dtype
from .containers import ModuleList, Sequential
from .layers import Linear
from .module import Module, check_tensor

__all__ = ["AdaptiveLogSoftmaxWithLoss"]


class _ASMoutput(NamedTuple):
    output: Tensor
    loss: Tensor


class AdaptiveLogSoftmaxWithLoss(Module):
    """Log-probabilities of classes that are sorted by how frequent they are, and their mean negative as the loss.

    The first ``cutoffs[0]`` classes have scores of their own in ``head``; each further cluster, up to the next cutoff,
    has one score there, and its classes those of ``tail``, of features that are ``div_value`` times fewer than in the
    cluster before. Input (rows, in_features) and class indices (rows,), or both without rows; gives ``(output, loss)``,
    the log-probability of each target and the loss. First values are PyTorch's for the same seed.
    Raises ``ArgumentError`` for other cutoffs, ``ShapeError`` for other inputs, ``TargetError`` for other classes.
    Source: Grave et al., *Efficient softmax approximation for GPUs*, 2017 (arXiv 1609.04309).

    >>> import tinygrad_bp as tg
    >>> layer = tg.nn.AdaptiveLogSoftmaxWithLoss(8, 20, cutoffs=[5, 10])
    >>> output, loss = layer(tg.rand(3, 8), tg.tensor([0, 7, 19]))
    >>> output.shape, layer.log_prob(tg.rand(3, 8)).shape
    (torch.Size([3]), torch.Size([3, 20]))
    """

    in_features: int
    n_classes: int
    cutoffs: list[int]
    div_value: float
    head_bias: bool
    shortlist_size: int
    n_clusters: int
    head_size: int
    head: Linear
    tail: ModuleList

    def __init__(
        self, in_features: int, n_classes: int, cutoffs: Sequence[int], div_value: float = 4.0, head_bias: bool = False,
        device: DeviceLike = None, dtype: DTypeLike = None, generator: Generator | None = None,
    ) -> None:  # fmt: skip
        given: Any = {"dtype": parameter_dtype(device, dtype), "generator": generator}
        ends = [*cutoffs, n_classes]
        whole = all(isinstance(end, (int, np.integer)) for end in ends)
        if len(ends) < 2 or not whole or not all(a < b for a, b in zip([0, *ends], ends, strict=False)):
            raise ArgumentError(
                f"AdaptiveLogSoftmaxWithLoss: cutoffs are integers that grow, from 1 to {n_classes - 1}; got "
                f"{list(cutoffs)}"
            )
        self.in_features, self.n_classes, self.cutoffs = in_features, n_classes, ends
        self.div_value, self.head_bias = div_value, head_bias
        self.shortlist_size, self.n_clusters = ends[0], len(ends) - 1
        self.head_size = self.shortlist_size + self.n_clusters
        self.head = Linear(in_features, self.head_size, bias=head_bias, **given)
        self.tail = ModuleList()
        for i, (low, high) in enumerate(pairwise(ends)):
            inner = int(in_features // div_value ** (i + 1))
            first = Linear(in_features, inner, bias=False, **given)
            self.tail.append(Sequential(first, Linear(inner, high - low, bias=False, **given)))

    def reset_parameters(self) -> None:
        """Every weight and bias anew."""
        for layer in (self.head, *(layer for tail in self.tail for layer in tail)):
            layer.reset_parameters()

    def forward(self, input_: Array, target_: Array) -> Any:
        """The log-probability of each target, and the mean of their negatives."""
        for given in (input_, target_):
            check_tensor(given, "AdaptiveLogSoftmaxWithLoss")
        if input_.ndim != target_.ndim + 1 or target_.ndim > 1 or input_.shape[:-1] != target_.shape:
            raise ShapeError(
                f"AdaptiveLogSoftmaxWithLoss: the input is (rows, {self.in_features}), the target (rows,); got "
                f"{shape_text(tuple(input_.shape))} and {shape_text(tuple(target_.shape))}"
            )
        x, classes = (input_, value_of(target_)) if target_.ndim else (unsqueeze(input_, 0), value_of(target_)[None])
        known = classes.dtype.kind in "ui" and np.all((classes >= 0) & (classes < self.n_classes))
        if not known:
            raise TargetError(f"AdaptiveLogSoftmaxWithLoss: classes are integers from 0 to {self.n_classes - 1}")
        cluster = np.searchsorted(np.array(self.cutoffs), classes, side="right")
        place = np.where(cluster, self.shortlist_size + cluster - 1, classes)
        rows = np.arange(len(classes))
        output = getitem(log_softmax(self.head(x), dim=1), (rows, place))
        inside, found = [], []
        for i in range(1, self.n_clusters + 1):
            there = np.flatnonzero(cluster == i)
            if there.size:
                scores = log_softmax(self.tail[i - 1](getitem(x, there)), dim=1)
                inside.append(getitem(scores, (np.arange(there.size), classes[there] - self.cutoffs[i - 1])))
                found.append(there)
        if found:
            first = np.flatnonzero(cluster == 0)
            parts = [np.zeros(first.size, value_of(output).dtype), *inside]
            order = np.argsort(np.concatenate([first, *found]))
            output = add(output, getitem(cat(parts, 0), order))
        loss = mean(neg(output))
        return _ASMoutput(output if target_.ndim else reshape(output, ()), loss)

    def log_prob(self, input: Array) -> Any:
        """The log-probabilities of all classes: (rows, n_classes)."""
        head = log_softmax(self.head(input), dim=1)
        parts = [getitem(head, (slice(None), slice(self.shortlist_size)))]
        for i, tail in enumerate(self.tail):
            cluster = getitem(head, (slice(None), slice(self.shortlist_size + i, self.shortlist_size + i + 1)))
            parts.append(add(log_softmax(tail(input), dim=1), cluster))
        return cat(parts, 1)

    def predict(self, input: Array) -> Any:
        """The class of the highest probability for each row."""
        return argmax(self.log_prob(input), dim=1)
