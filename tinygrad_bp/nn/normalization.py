"""Layers that bring activations to mean 0 and variance 1."""

from __future__ import annotations

from typing import Any

from ..autograd.errors import ShapeError, shape_text
from ..autograd.tensor import Tensor
from ..ops.creation import ones, tensor, zeros
from ..ops.normalization import batch_norm, layer_norm
from .module import Module, Parameter


class BatchNorm1d(Module):
    """Each of ``num_features`` channels with mean 0 and variance 1 over the batch, times ``weight``, plus ``bias``.

    Input (rows, num_features) or (rows, num_features, length). In training the statistics are the batch's, and
    ``running_mean`` and ``running_var`` move towards them by ``momentum`` (None: they are the mean of all batches so
    far, counted in ``num_batches_tracked``); in eval they are the running ones, or the batch's still with
    ``track_running_stats=False``. ``affine=False`` leaves weight and bias out.
    Raises ``ShapeError`` for other shapes and for one value per channel in training.
    Source: Ioffe and Szegedy, *Batch Normalization*, 2015 (arXiv 1502.03167).

    >>> import tinygrad_bp as tg
    >>> layer = tg.nn.BatchNorm1d(1)
    >>> layer(tg.tensor([[1.0], [3.0]])).detach().numpy().round(3).tolist()
    [[-1.0], [1.0]]
    >>> layer.running_mean
    tensor([0.2])
    """

    running_mean: Tensor | None
    running_var: Tensor | None
    num_batches_tracked: Tensor | None

    def __init__(
        self, num_features: int, eps: float = 1e-5, momentum: float | None = 0.1, affine: bool = True,
        track_running_stats: bool = True, dtype: Any = None, *, bias: bool = True,
    ) -> None:  # fmt: skip
        self.num_features, self.eps, self.momentum = num_features, eps, momentum
        self.affine, self.track_running_stats = affine, track_running_stats
        self.weight = Parameter(ones(num_features, dtype=dtype)) if affine else None
        self.bias = Parameter(zeros(num_features, dtype=dtype)) if affine and bias else None
        tracked = track_running_stats
        self.register_buffer("running_mean", zeros(num_features, dtype=dtype) if tracked else None)
        self.register_buffer("running_var", ones(num_features, dtype=dtype) if tracked else None)
        self.register_buffer("num_batches_tracked", tensor(0) if tracked else None)

    def forward(self, x: Any) -> Any:
        """The normalized input, of its shape."""
        if len(x.shape) not in (2, 3) or x.shape[1] != self.num_features:
            raise ShapeError(
                f"BatchNorm1d: the layer has {self.num_features} features, so x is (rows, {self.num_features}) or "
                f"(rows, {self.num_features}, length); got {shape_text(tuple(x.shape))}"
            )
        momentum, seen = self.momentum, self.num_batches_tracked
        if momentum is None:
            momentum = 1 / (seen.item() + 1) if seen is not None else 0.0
        y = batch_norm(
            x, self.running_mean, self.running_var, self.weight, self.bias,
            self.training or self.running_mean is None, momentum, self.eps,
        )  # fmt: skip
        if self.training and seen is not None:
            seen += 1  # after the pass: one that raises leaves the layer as it was
        return y

    def extra_repr(self) -> str:
        """The settings."""
        return (
            f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, affine={self.affine}, "
            f"bias={self.bias is not None}, track_running_stats={self.track_running_stats}"
        )


class LayerNorm(Module):
    """The last dimensions of each input with mean 0 and variance 1, times ``weight``, plus ``bias``.

    ``normalized_shape`` is the size of those dimensions, an integer or a tuple; weight and bias have that shape.
    ``elementwise_affine=False`` leaves both out, ``bias=False`` the bias. Training and eval are alike.
    Raises ``ShapeError`` for an input that ends in another shape.
    Source: Ba, Kiros and Hinton, *Layer Normalization*, 2016 (arXiv 1607.06450).

    >>> import tinygrad_bp as tg
    >>> tg.nn.LayerNorm(2)(tg.tensor([[1.0, 3.0]])).detach().numpy().round(3).tolist()
    [[-1.0, 1.0]]
    """

    def __init__(
        self, normalized_shape: Any, eps: float = 1e-5, elementwise_affine: bool = True, bias: bool = True,
        dtype: Any = None,
    ) -> None:  # fmt: skip
        shape = (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)
        self.normalized_shape, self.eps, self.elementwise_affine = shape, eps, elementwise_affine
        self.weight = Parameter(ones(shape, dtype=dtype)) if elementwise_affine else None
        self.bias = Parameter(zeros(shape, dtype=dtype)) if elementwise_affine and bias else None

    def forward(self, x: Any) -> Any:
        """The normalized input, of its shape."""
        return layer_norm(x, self.normalized_shape, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        """The settings."""
        text = f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}"
        return f"{text}, bias={self.bias is not None}"
