"""Pooling as layers; what each computes is in ``nn.functional`` under the name of its function."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from ..autograd.errors import ArgumentError
from ..autograd.tensor import Tensor
from ..autograd.types import Array, Size
from ..functions import fractional_pooling, pooling
from ..functions.creation import as_tensor
from ..ops import max_pooling
from ..ops.sliding import sizes
from .module import Module

__all__ = [
    "AdaptiveAvgPool1d", "AdaptiveAvgPool2d", "AdaptiveAvgPool3d", "AdaptiveMaxPool1d", "AdaptiveMaxPool2d",
    "AdaptiveMaxPool3d", "AvgPool1d", "AvgPool2d", "AvgPool3d", "FractionalMaxPool2d", "FractionalMaxPool3d",
    "LPPool1d", "LPPool2d", "LPPool3d", "MaxPool1d", "MaxPool2d", "MaxPool3d", "MaxUnpool1d", "MaxUnpool2d",
    "MaxUnpool3d",
]  # fmt: skip


class _Pool(Module):
    """What the pools have: a function, and the text of their settings."""

    _function: ClassVar[Callable[..., Any]]
    _shown: ClassVar[tuple[str, ...]] = ("kernel_size", "stride", "padding")
    stride: Any
    kernel_size: Any

    def extra_repr(self) -> str:
        """The settings."""
        return ", ".join(f"{name}={getattr(self, name)}" for name in self._shown)


class _MaxPool(_Pool):
    kernel_size: Any
    stride: Any
    padding: Any
    dilation: Any
    return_indices: bool
    ceil_mode: bool

    _shown = ("kernel_size", "stride", "padding", "dilation", "ceil_mode")

    def __init__(
        self, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1, return_indices: bool = False,
        ceil_mode: bool = False,
    ) -> None:  # fmt: skip
        self.kernel_size, self.stride = kernel_size, kernel_size if stride is None else stride
        self.padding, self.dilation = padding, dilation
        self.return_indices, self.ceil_mode = return_indices, ceil_mode

    def forward(self, input: Any) -> Any:
        """The largest elements of windows, with their places where ``return_indices``."""
        return type(self)._function(
            input, self.kernel_size, self.stride, self.padding, self.dilation, self.ceil_mode, self.return_indices
        )


class MaxPool1d(_MaxPool):
    """``nn.functional.max_pool1d`` as a layer.

    >>> import tinygrad_bp as tg
    >>> tg.nn.MaxPool1d(2)(tg.tensor([[[1.0, 3.0, 2.0, 4.0]]]))
    tensor([[[3., 4.]]])
    """

    _function = max_pooling.max_pool1d


class MaxPool2d(_MaxPool):
    """``nn.functional.max_pool2d`` as a layer.

    >>> import tinygrad_bp as tg
    >>> tg.nn.MaxPool2d(2)(tg.zeros(1, 3, 6, 6)).shape
    torch.Size([1, 3, 3, 3])
    """

    _function = max_pooling.max_pool2d


class MaxPool3d(_MaxPool):
    """``nn.functional.max_pool3d`` as a layer.

    >>> import tinygrad_bp as tg
    >>> tg.nn.MaxPool3d(2)(tg.ones(1, 2, 4, 4, 4)).shape
    torch.Size([1, 2, 2, 2, 2])
    """

    _function = max_pooling.max_pool3d


class _MaxUnpool(_Pool):
    kernel_size: Any
    stride: Any
    padding: tuple[int, ...]
    ndim: ClassVar[int]

    def __init__(self, kernel_size: Any, stride: Any = None, padding: Any = 0) -> None:
        name, ndim = type(self).__name__, self.ndim
        self.kernel_size = sizes(name, "kernel_size", kernel_size, ndim)
        self.stride = self.kernel_size if stride is None else sizes(name, "stride", stride, ndim)
        self.padding = sizes(name, "padding", padding, ndim, 0)

    def forward(self, input: Any, indices: Any, output_size: Any = None) -> Any:
        """Zeros with ``input`` at ``indices``."""
        return type(self)._function(input, indices, self.kernel_size, self.stride, self.padding, output_size)


class MaxUnpool1d(_MaxUnpool):
    """``nn.functional.max_unpool1d`` as a layer.

    >>> import tinygrad_bp as tg
    >>> found, places = tg.nn.MaxPool1d(2, return_indices=True)(tg.tensor([[[1.0, 3.0, 2.0, 4.0]]]))
    >>> tg.nn.MaxUnpool1d(2)(found, places)
    tensor([[[0., 3., 0., 4.]]])
    """

    ndim: ClassVar[int] = 1
    _function = max_pooling.max_unpool1d


class MaxUnpool2d(_MaxUnpool):
    """``nn.functional.max_unpool2d`` as a layer.

    >>> import tinygrad_bp as tg
    >>> found, places = tg.nn.MaxPool2d(2, return_indices=True)(tg.arange(4.0).reshape(1, 1, 2, 2))
    >>> tg.nn.MaxUnpool2d(2)(found, places)
    tensor([[[[0., 0.],
              [0., 3.]]]])
    """

    ndim: ClassVar[int] = 2
    _function = max_pooling.max_unpool2d


class MaxUnpool3d(_MaxUnpool):
    """``nn.functional.max_unpool3d`` as a layer.

    >>> import tinygrad_bp as tg
    >>> found, places = tg.nn.MaxPool3d(2, return_indices=True)(tg.ones(1, 1, 2, 2, 2))
    >>> tg.nn.MaxUnpool3d(2)(found, places).shape
    torch.Size([1, 1, 2, 2, 2])
    """

    ndim: ClassVar[int] = 3
    _function = max_pooling.max_unpool3d


class AvgPool1d(_Pool):
    """``nn.functional.avg_pool1d`` as a layer.

    >>> import tinygrad_bp as tg
    >>> tg.nn.AvgPool1d(2)(tg.tensor([[[1.0, 3.0, 2.0, 4.0]]]))
    tensor([[[2., 3.]]])
    """

    kernel_size: Any
    stride: Any
    padding: tuple[int, ...]
    ceil_mode: bool
    count_include_pad: bool

    def __init__(
        self, kernel_size: Size, stride: Size | None = None, padding: Size = 0, ceil_mode: bool = False,
        count_include_pad: bool = True,
    ) -> None:  # fmt: skip
        self.kernel_size = sizes("AvgPool1d", "kernel_size", kernel_size, 1)
        self.stride = self.kernel_size if stride is None else sizes("AvgPool1d", "stride", stride, 1)
        self.padding = sizes("AvgPool1d", "padding", padding, 1, 0)
        self.ceil_mode, self.count_include_pad = ceil_mode, count_include_pad

    def forward(self, input: Array) -> Any:
        """The means of windows."""
        return pooling.avg_pool1d(
            input, self.kernel_size, self.stride, self.padding, self.ceil_mode, self.count_include_pad
        )


class _AvgPool(_Pool):
    kernel_size: Any
    stride: Any
    padding: Any
    ceil_mode: bool
    count_include_pad: bool
    divisor_override: int | None

    def __init__(
        self, kernel_size: Any, stride: Any = None, padding: Any = 0, ceil_mode: bool = False,
        count_include_pad: bool = True, divisor_override: int | None = None,
    ) -> None:  # fmt: skip
        self.kernel_size, self.stride = kernel_size, kernel_size if stride is None else stride
        self.padding, self.ceil_mode = padding, ceil_mode
        self.count_include_pad, self.divisor_override = count_include_pad, divisor_override

    def forward(self, input: Any) -> Any:
        """The means of windows."""
        return type(self)._function(
            input, self.kernel_size, self.stride, self.padding, self.ceil_mode, self.count_include_pad,
            self.divisor_override,
        )  # fmt: skip


class AvgPool2d(_AvgPool):
    """``nn.functional.avg_pool2d`` as a layer.

    >>> import tinygrad_bp as tg
    >>> tg.nn.AvgPool2d(3, stride=2)(tg.zeros(1, 1, 5, 5)).shape
    torch.Size([1, 1, 2, 2])
    """

    _function = pooling.avg_pool2d


class AvgPool3d(_AvgPool):
    """``nn.functional.avg_pool3d`` as a layer.

    >>> import tinygrad_bp as tg
    >>> tg.nn.AvgPool3d(2)(tg.ones(1, 2, 4, 4, 4)).shape
    torch.Size([1, 2, 2, 2, 2])
    """

    _function = pooling.avg_pool3d


class _LPPool(_Pool):
    norm_type: float
    kernel_size: Any
    stride: Any
    ceil_mode: bool

    _shown = ("norm_type", "kernel_size", "stride", "ceil_mode")

    def __init__(self, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False) -> None:
        self.norm_type, self.kernel_size, self.stride, self.ceil_mode = norm_type, kernel_size, stride, ceil_mode

    def forward(self, input: Any) -> Any:
        """The norms of windows."""
        return type(self)._function(input, float(self.norm_type), self.kernel_size, self.stride, self.ceil_mode)


class LPPool1d(_LPPool):
    """``nn.functional.lp_pool1d`` as a layer.

    >>> import tinygrad_bp as tg
    >>> tg.nn.LPPool1d(2, 2)(tg.tensor([[[1.0, 3.0, 2.0, 4.0]]]))
    tensor([[[3.1623, 4.4721]]])
    """

    _function = pooling.lp_pool1d


class LPPool2d(_LPPool):
    """``nn.functional.lp_pool2d`` as a layer.

    >>> import tinygrad_bp as tg
    >>> tg.nn.LPPool2d(2, 2)(tg.ones(1, 1, 2, 2))
    tensor([[[[2.]]]])
    """

    _function = pooling.lp_pool2d


class LPPool3d(_LPPool):
    """``nn.functional.lp_pool3d`` as a layer.

    >>> import tinygrad_bp as tg
    >>> tg.nn.LPPool3d(2, 2)(tg.ones(1, 1, 4, 4, 4)).shape
    torch.Size([1, 1, 2, 2, 2])
    """

    _function = pooling.lp_pool3d


class _Adaptive(_Pool):
    _shown = ("output_size",)

    def __init__(self, output_size: Any) -> None:
        self.output_size = output_size

    def forward(self, input: Any) -> Any:
        """The means of parts."""
        return type(self)._function(input, self.output_size)


class AdaptiveAvgPool1d(_Adaptive):
    """``nn.functional.adaptive_avg_pool1d`` as a layer.

    >>> import tinygrad_bp as tg
    >>> tg.nn.AdaptiveAvgPool1d(2)(tg.tensor([[[1.0, 3.0, 2.0, 4.0]]]))
    tensor([[[2., 3.]]])
    """

    _function = pooling.adaptive_avg_pool1d


class AdaptiveAvgPool2d(_Adaptive):
    """``nn.functional.adaptive_avg_pool2d`` as a layer.

    >>> import tinygrad_bp as tg
    >>> tg.nn.AdaptiveAvgPool2d((1, None))(tg.zeros(1, 1, 5, 5)).shape
    torch.Size([1, 1, 1, 5])
    """

    _function = pooling.adaptive_avg_pool2d


class AdaptiveAvgPool3d(_Adaptive):
    """``nn.functional.adaptive_avg_pool3d`` as a layer.

    >>> import tinygrad_bp as tg
    >>> tg.nn.AdaptiveAvgPool3d(1)(tg.ones(1, 2, 4, 4, 4)).shape
    torch.Size([1, 2, 1, 1, 1])
    """

    _function = pooling.adaptive_avg_pool3d


class _AdaptiveMax(_Pool):
    output_size: Any
    return_indices: bool

    _shown = ("output_size",)

    def __init__(self, output_size: Any, return_indices: bool = False) -> None:
        self.output_size, self.return_indices = output_size, return_indices

    def forward(self, input: Any) -> Any:
        """The largest elements of parts, with their places where ``return_indices``."""
        return type(self)._function(input, self.output_size, self.return_indices)


class AdaptiveMaxPool1d(_AdaptiveMax):
    """``nn.functional.adaptive_max_pool1d`` as a layer.

    >>> import tinygrad_bp as tg
    >>> tg.nn.AdaptiveMaxPool1d(2)(tg.tensor([[[1.0, 3.0, 2.0, 4.0]]]))
    tensor([[[3., 4.]]])
    """

    _function = max_pooling.adaptive_max_pool1d


class AdaptiveMaxPool2d(_AdaptiveMax):
    """``nn.functional.adaptive_max_pool2d`` as a layer.

    >>> import tinygrad_bp as tg
    >>> tg.nn.AdaptiveMaxPool2d(1)(tg.arange(4.0).reshape(1, 1, 2, 2))
    tensor([[[[3.]]]])
    """

    _function = max_pooling.adaptive_max_pool2d


class AdaptiveMaxPool3d(_AdaptiveMax):
    """``nn.functional.adaptive_max_pool3d`` as a layer.

    >>> import tinygrad_bp as tg
    >>> tg.nn.AdaptiveMaxPool3d(1)(tg.ones(1, 2, 4, 4, 4)).shape
    torch.Size([1, 2, 1, 1, 1])
    """

    _function = max_pooling.adaptive_max_pool3d


class _FractionalMaxPool(Module):
    _function: ClassVar[Callable[..., Any]]
    kernel_size: Any
    output_size: Any
    output_ratio: Any
    return_indices: bool
    _random_samples: Tensor | None

    def __init__(
        self, kernel_size: Any, output_size: Any = None, output_ratio: Any = None, return_indices: bool = False,
        _random_samples: Array | None = None,
    ) -> None:  # fmt: skip
        if (output_size is None) == (output_ratio is None):
            raise ArgumentError(f"{type(self).__name__}: give either output_size or output_ratio")
        self.kernel_size, self.output_size, self.output_ratio = kernel_size, output_size, output_ratio
        self.return_indices = return_indices
        self.register_buffer("_random_samples", None if _random_samples is None else as_tensor(_random_samples))

    def forward(self, input: Any) -> Any:
        """The largest elements of windows at random places, with their places where ``return_indices``."""
        return type(self)._function(
            input, self.kernel_size, self.output_size, self.output_ratio, self.return_indices, self._random_samples
        )


class FractionalMaxPool2d(_FractionalMaxPool):
    """``nn.functional.fractional_max_pool2d`` as a layer.

    >>> import tinygrad_bp as tg
    >>> tg.nn.FractionalMaxPool2d(2, output_ratio=0.5)(tg.rand(1, 3, 6, 6)).shape
    torch.Size([1, 3, 3, 3])
    """

    _function = fractional_pooling.fractional_max_pool2d


class FractionalMaxPool3d(_FractionalMaxPool):
    """``nn.functional.fractional_max_pool3d`` as a layer.

    >>> import tinygrad_bp as tg
    >>> tg.nn.FractionalMaxPool3d(2, output_size=1)(tg.ones(1, 2, 4, 4, 4)).shape
    torch.Size([1, 2, 1, 1, 1])
    """

    _function = fractional_pooling.fractional_max_pool3d
