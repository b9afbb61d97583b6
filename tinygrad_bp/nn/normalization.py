"""Layers that bring activations to mean 0 and variance 1."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from ..autograd.device import DeviceLike
from ..autograd.errors import ArgumentError, ShapeError, shape_text
from ..autograd.tensor import Tensor
from ..autograd.types import Array, DTypeLike, Size
from ..functions.creation import ones, tensor, zeros
from ..functions.normalization import group_norm, instance_norm, local_response_norm, rms_norm
from ..ops.normalization import batch_norm, layer_norm
from ..ops.shape import reshape, sizes_of
from . import init
from .constructing import parameter_dtype
from .module import Module, check_tensor
from .parameter import Parameter

__all__ = [
    "BatchNorm1d", "BatchNorm2d", "BatchNorm3d", "GroupNorm", "InstanceNorm1d", "InstanceNorm2d",
    "InstanceNorm3d", "LayerNorm", "LocalResponseNorm", "RMSNorm",
]  # fmt: skip


class _RunningNorm(Module):
    """What batch and instance normalization have: weight, bias and running statistics, each one number a channel."""

    may_be_missing: ClassVar[frozenset[str]] = frozenset({"num_batches_tracked"})
    num_features: int
    eps: float
    momentum: float | None
    affine: bool
    track_running_stats: bool
    ranks: ClassVar[tuple[int, ...]]  # how many dimensions an input may have
    rows: ClassVar[str]  # the text of those shapes
    weight: Parameter | None
    bias: Parameter | None
    running_mean: Tensor | None
    running_var: Tensor | None
    num_batches_tracked: Tensor | None

    def _build(
        self, num_features: int, eps: float, momentum: float | None, affine: bool, track_running_stats: bool,
        dtype: Any, bias: bool,
    ) -> None:  # fmt: skip
        self.num_features, self.eps, self.momentum = num_features, eps, momentum
        self.affine, self.track_running_stats = affine, track_running_stats
        self.register_parameter("weight", Parameter(ones(num_features, dtype=dtype)) if affine else None)
        self.register_parameter("bias", Parameter(zeros(num_features, dtype=dtype)) if affine and bias else None)
        tracked = track_running_stats
        self.register_buffer("running_mean", zeros(num_features, dtype=dtype) if tracked else None)
        self.register_buffer("running_var", ones(num_features, dtype=dtype) if tracked else None)
        self.register_buffer("num_batches_tracked", tensor(0) if tracked else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Weight 1 and bias 0, and no running statistics."""
        self.reset_running_stats()
        _neutral(self)

    def reset_running_stats(self) -> None:
        """Forget the running statistics: mean 0, variance 1, no batches."""
        for buffer, value in ((self.running_mean, 0), (self.running_var, 1), (self.num_batches_tracked, 0)):
            if buffer is not None:
                buffer.fill_(value)

    def _check(self, x: Any, channels: int) -> None:
        """Refuse an input of another shape; ``channels`` is the dimension that must have ``num_features``."""
        if len(x.shape) not in self.ranks or x.shape[channels] != self.num_features:
            name, n = type(self).__name__, self.num_features
            raise ShapeError(
                f"{name}: the layer has {n} features, so x is {self.rows.replace('C', str(n))}; got "
                f"{shape_text(tuple(x.shape))}"
            )

    def extra_repr(self) -> str:
        """The settings."""
        return (
            f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, affine={self.affine}, "
            f"bias={self.bias is not None}, track_running_stats={self.track_running_stats}"
        )


def _neutral(layer: Any) -> None:
    """Weight 1 and bias 0, where a layer has them."""
    if layer.weight is not None:
        init.ones_(layer.weight)
    if getattr(layer, "bias", None) is not None:
        init.zeros_(layer.bias)


class _BatchNorm(_RunningNorm):
    is_batch_norm: ClassVar[bool] = True  # as ``func`` sees it, which imports no layers

    def __init__(
        self, num_features: int, eps: float = 1e-5, momentum: float | None = 0.1, affine: bool = True,
        track_running_stats: bool = True, device: DeviceLike = None, dtype: DTypeLike = None, *, bias: bool = True,
    ) -> None:  # fmt: skip
        dtype = parameter_dtype(device, dtype)
        self._build(num_features, eps, momentum, affine, track_running_stats, dtype, bias)

    def forward(self, input: Any) -> Any:
        """The normalized input, of its shape."""
        check_tensor(input, type(self).__name__)
        self._check_input_dim(input)
        momentum, seen = self.momentum, self.num_batches_tracked
        if momentum is None:
            momentum = 1 / (seen.item() + 1) if seen is not None else 0.0
        y = self._normalized(input, momentum)
        if self.training and seen is not None:
            seen += 1  # after the pass: one that raises leaves the layer as it was
        return y

    def _check_input_dim(self, input: Any) -> None:
        """Raise ``ShapeError`` for an input of another shape; a norm of your own says which it takes."""
        self._check(input, 1 if len(input.shape) > 1 else 0)

    def _normalized(self, input: Any, momentum: float) -> Any:
        return batch_norm(
            input, self.running_mean, self.running_var, self.weight, self.bias,
            self.training or self.running_mean is None, momentum, self.eps,
        )  # fmt: skip


class BatchNorm1d(_BatchNorm):
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
    tensor([0.2000])
    """

    ranks: ClassVar[tuple[int, ...]] = (2, 3)
    rows: ClassVar[str] = "(rows, C) or (rows, C, length)"


class BatchNorm2d(_BatchNorm):
    """``BatchNorm1d`` for images, (rows, num_features, height, width).

    >>> import tinygrad_bp as tg
    >>> tg.nn.BatchNorm2d(3)(tg.rand(2, 3, 4, 4)).shape
    torch.Size([2, 3, 4, 4])
    """

    ranks: ClassVar[tuple[int, ...]] = (4,)
    rows: ClassVar[str] = "(rows, C, height, width)"


class BatchNorm3d(_BatchNorm):
    """``BatchNorm1d`` for volumes, (rows, num_features, depth, height, width).

    >>> import tinygrad_bp as tg
    >>> tg.nn.BatchNorm3d(2)(tg.rand(2, 2, 3, 3, 3)).shape
    torch.Size([2, 2, 3, 3, 3])
    """

    ranks: ClassVar[tuple[int, ...]] = (5,)
    rows: ClassVar[str] = "(rows, C, depth, height, width)"


class _InstanceNorm(_RunningNorm):
    def __init__(
        self, num_features: int, eps: float = 1e-5, momentum: float = 0.1, affine: bool = False,
        track_running_stats: bool = False, device: DeviceLike = None, dtype: DTypeLike = None, *, bias: bool = True,
    ) -> None:  # fmt: skip
        dtype = parameter_dtype(device, dtype)
        self._build(num_features, eps, momentum, affine, track_running_stats, dtype, bias)

    def forward(self, input: Any) -> Any:
        """The normalized input, of its shape."""
        check_tensor(input, type(self).__name__)
        added = len(input.shape) == self.ranks[0]
        if len(input.shape) not in self.ranks or (self.affine and input.shape[0 if added else 1] != self.num_features):
            self._check(input, 0 if added else 1)
        y = instance_norm(
            reshape(input, (1, *input.shape)) if added else input, self.running_mean, self.running_var, self.weight,
            self.bias, self.training or not self.track_running_stats, self.momentum or 0.0, self.eps,
        )  # fmt: skip
        return reshape(y, input.shape) if added else y


class InstanceNorm1d(_InstanceNorm):
    """Each channel of each row of (rows, num_features, length) with mean 0 and variance 1; the rows may be missing.

    ``affine=True`` multiplies with ``weight`` and adds ``bias``; with ``track_running_stats=True`` evaluation uses
    running statistics, as ``BatchNorm1d`` does. Raises ``ShapeError`` for other shapes and for one element a channel.
    Source: Ulyanov, Vedaldi and Lempitsky, *Instance Normalization*, 2016 (arXiv 1607.08022).

    >>> import tinygrad_bp as tg
    >>> tg.nn.InstanceNorm1d(1)(tg.tensor([[[1.0, 3.0]]])).numpy().round(3).tolist()
    [[[-1.0, 1.0]]]
    """

    ranks: ClassVar[tuple[int, ...]] = (2, 3)
    rows: ClassVar[str] = "(rows, C, length) or without rows"


class InstanceNorm2d(_InstanceNorm):
    """``InstanceNorm1d`` for images, (rows, num_features, height, width); the rows may be missing.

    >>> import tinygrad_bp as tg
    >>> tg.nn.InstanceNorm2d(2)(tg.rand(1, 2, 3, 3)).shape
    torch.Size([1, 2, 3, 3])
    """

    ranks: ClassVar[tuple[int, ...]] = (3, 4)
    rows: ClassVar[str] = "(rows, C, height, width) or without rows"


class InstanceNorm3d(_InstanceNorm):
    """``InstanceNorm1d`` for volumes, (rows, num_features, depth, height, width); the rows may be missing.

    >>> import tinygrad_bp as tg
    >>> tg.nn.InstanceNorm3d(2)(tg.rand(1, 2, 3, 3, 3)).shape
    torch.Size([1, 2, 3, 3, 3])
    """

    ranks: ClassVar[tuple[int, ...]] = (4, 5)
    rows: ClassVar[str] = "(rows, C, depth, height, width) or without rows"


class GroupNorm(Module):
    """Groups of channels of each row with mean 0 and variance 1, times ``weight``, plus ``bias``.

    Input (rows, num_channels, ...), its channels in ``num_groups`` groups of one size; ``affine=False`` leaves weight
    and bias out. Raises ``ArgumentError`` for groups that do not divide the channels, ``ShapeError`` for other inputs.
    Source: Wu and He, *Group Normalization*, 2018 (arXiv 1803.08494).

    >>> import tinygrad_bp as tg
    >>> tg.nn.GroupNorm(2, 4)(tg.rand(3, 4, 5)).shape
    torch.Size([3, 4, 5])
    """

    num_groups: int
    num_channels: int
    eps: float
    affine: bool
    weight: Parameter | None
    bias: Parameter | None

    def __init__(
        self, num_groups: int, num_channels: int, eps: float = 1e-5, affine: bool = True, device: DeviceLike = None,
        dtype: DTypeLike = None, *, bias: bool = True,
    ) -> None:  # fmt: skip
        dtype = parameter_dtype(device, dtype)
        if num_groups < 1 or num_channels % num_groups:
            raise ArgumentError(f"GroupNorm: num_groups must divide the {num_channels} channels; got {num_groups}")
        self.num_groups, self.num_channels, self.eps, self.affine = num_groups, num_channels, eps, affine
        self.register_parameter("weight", Parameter(ones(num_channels, dtype=dtype)) if affine else None)
        self.register_parameter("bias", Parameter(zeros(num_channels, dtype=dtype)) if affine and bias else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Weight 1 and bias 0."""
        _neutral(self)

    def forward(self, input: Array) -> Any:
        """The normalized input, of its shape."""
        return group_norm(input, self.num_groups, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        """The settings."""
        text = f"{self.num_groups}, {self.num_channels}, eps={self.eps}, affine={self.affine}"
        return f"{text}, bias={self.bias is not None}"


class RMSNorm(Module):
    """The last dimensions of each input divided by their root mean square, times ``weight``.

    ``normalized_shape`` is the size of those dimensions, an integer or a tuple. Raises ``ShapeError`` for an input that
    ends in another shape. Source: Zhang and Sennrich 2019 (arXiv 1910.07467).

    >>> import tinygrad_bp as tg
    >>> tg.nn.RMSNorm(2)(tg.tensor([3.0, -3.0])).tolist()
    [1.0, -1.0]
    """

    normalized_shape: tuple[int, ...]
    eps: float | None
    elementwise_affine: bool
    weight: Parameter | None

    def __init__(
        self,
        normalized_shape: Size,
        eps: float | None = None,
        elementwise_affine: bool = True,
        device: DeviceLike = None,
        dtype: DTypeLike = None,
    ) -> None:
        dtype = parameter_dtype(device, dtype)
        given = normalized_shape if isinstance(normalized_shape, Iterable) else (normalized_shape,)
        shape = sizes_of(tuple(given), type(self).__name__)
        self.normalized_shape, self.eps, self.elementwise_affine = shape, eps, elementwise_affine
        self.register_parameter("weight", Parameter(ones(shape, dtype=dtype)) if elementwise_affine else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Weight 1."""
        _neutral(self)

    def forward(self, x: Array) -> Any:
        """The scaled input, of its shape."""
        return rms_norm(x, self.normalized_shape, self.weight, self.eps)

    def extra_repr(self) -> str:
        """The settings."""
        return f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}"


class LocalResponseNorm(Module):
    """Each element divided by the size of its neighbouring channels, see ``nn.functional.local_response_norm``.

    >>> import tinygrad_bp as tg
    >>> tg.nn.LocalResponseNorm(2)(tg.ones(1, 4, 3)).shape
    torch.Size([1, 4, 3])
    """

    size: int
    alpha: float
    beta: float
    k: float

    def __init__(self, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> None:
        self.size, self.alpha, self.beta, self.k = size, alpha, beta, k

    def forward(self, input: Array) -> Any:
        """The normalized input (rows, channels, length, ...), of its shape."""
        return local_response_norm(input, self.size, self.alpha, self.beta, self.k)

    def extra_repr(self) -> str:
        """The settings."""
        return f"{self.size}, alpha={self.alpha}, beta={self.beta}, k={self.k}"


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

    normalized_shape: tuple[int, ...]
    eps: float
    elementwise_affine: bool
    weight: Parameter | None
    bias: Parameter | None

    def __init__(
        self, normalized_shape: Size, eps: float = 1e-5, elementwise_affine: bool = True, bias: bool = True,
        device: DeviceLike = None, dtype: DTypeLike = None,
    ) -> None:  # fmt: skip
        dtype = parameter_dtype(device, dtype)
        given = normalized_shape if isinstance(normalized_shape, Iterable) else (normalized_shape,)
        shape = sizes_of(tuple(given), type(self).__name__)
        self.normalized_shape, self.eps, self.elementwise_affine = shape, eps, elementwise_affine
        self.register_parameter("weight", Parameter(ones(shape, dtype=dtype)) if elementwise_affine else None)
        self.register_parameter("bias", Parameter(zeros(shape, dtype=dtype)) if elementwise_affine and bias else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Weight 1 and bias 0."""
        _neutral(self)

    def forward(self, input: Array) -> Any:
        """The normalized input, of its shape."""
        return layer_norm(input, self.normalized_shape, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        """The settings."""
        text = f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}"
        return f"{text}, bias={self.bias is not None}"
