"""Convolutions and their transposes as layers, and images as columns."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from ..autograd.device import DeviceLike
from ..autograd.errors import ArgumentError
from ..autograd.types import Array, DTypeLike, Size
from ..ops import convolution as ops
from ..ops.borders import pad
from ..ops.sliding import fold, sizes, spans, unfold
from ..random.generator import Generator
from . import init
from .constructing import parameter_dtype, start
from .module import Module
from .parameter import Parameter

__all__ = ["Conv1d", "Conv2d", "Conv3d", "ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d", "Fold", "Unfold"]

_MODES = ("zeros", "reflect", "replicate", "circular")


class _Convolution(Module):
    """What all six have: sizes, a weight and a bias with their first values, and the repr."""

    in_channels: int
    out_channels: int
    groups: int
    kernel_size: tuple[int, ...]
    stride: tuple[int, ...]
    dilation: tuple[int, ...]
    output_padding: tuple[int, ...]
    weight: Parameter
    ndim: ClassVar[int]
    transposed: ClassVar[bool] = False
    bias: Parameter | None
    padding: tuple[int, ...] | str

    def _build(
        self, in_channels: int, out_channels: int, kernel_size: Any, stride: Any, padding: Any, output_padding: Any,
        dilation: Any, groups: int, bias: bool, padding_mode: str, dtype: Any, generator: Generator | None,
    ) -> None:  # fmt: skip
        name, ndim = type(self).__name__, self.ndim
        if groups < 1 or in_channels % groups or out_channels % groups:
            raise ArgumentError(
                f"{name}: groups must divide both numbers of channels, {in_channels} and {out_channels}; got {groups}"
            )
        if padding_mode not in _MODES or (self.transposed and padding_mode != "zeros"):
            known = "'zeros'" if self.transposed else ", ".join(map(repr, _MODES))
            raise ArgumentError(f"{name}: padding_mode is one of {known}; got {padding_mode!r}")
        if isinstance(padding, str) and (padding not in ("same", "valid") or self.transposed):
            words = "" if self.transposed else " or 'same' or 'valid'"
            raise ArgumentError(f"{name}: padding is an integer or {ndim} of them{words}; got {padding!r}")
        self.in_channels, self.out_channels, self.groups = in_channels, out_channels, groups
        self.kernel_size = sizes(name, "kernel_size", kernel_size, ndim)
        self.stride, self.dilation = sizes(name, "stride", stride, ndim), sizes(name, "dilation", dilation, ndim)
        self.padding = padding if isinstance(padding, str) else sizes(name, "padding", padding, ndim, 0)
        if padding == "same" and any(s != 1 for s in self.stride):
            raise ArgumentError(f'{name}: padding="same" needs stride 1, got {self.stride}')
        self.output_padding = sizes(name, "output_padding", output_padding, ndim, 0)
        self.padding_mode = padding_mode
        first = (in_channels, out_channels // groups) if self.transposed else (out_channels, in_channels // groups)
        self.weight = Parameter(np.empty((*first, *self.kernel_size), dtype))
        self.register_parameter("bias", Parameter(np.empty(out_channels, dtype)) if bias else None)
        start(self, generator)

    def reset_parameters(self, generator: Generator | None = None) -> None:
        """Weight and bias anew, uniform in ±1/√fan in."""
        init.kaiming_uniform_(self.weight, math.sqrt(5), generator=generator)
        if self.bias is not None:
            fan = math.prod(self.weight.shape[1:])
            bound = 1 / math.sqrt(fan) if fan else 0.0
            init.uniform_(self.bias, -bound, bound, generator)

    def extra_repr(self) -> str:
        """The settings that differ from the defaults."""
        text = f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, stride={self.stride}"
        for name, default in (("padding", (0,)), ("dilation", (1,)), ("output_padding", (0,))):
            value = getattr(self, name)
            if value != default * self.ndim:
                text += f", {name}={value}"
        if self.groups != 1:
            text += f", groups={self.groups}"
        if self.bias is None:
            text += ", bias=False"
        return text if self.padding_mode == "zeros" else f"{text}, padding_mode={self.padding_mode}"


class _Conv(_Convolution):
    _function: ClassVar[Callable[..., Any]]

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: Any, stride: Any = 1, padding: Any = 0,
        dilation: Any = 1, groups: int = 1, bias: bool = True, padding_mode: str = "zeros", device: DeviceLike = None,
        dtype: DTypeLike = None, generator: Generator | None = None,
    ) -> None:  # fmt: skip
        dtype = parameter_dtype(device, dtype)
        self._build(in_channels, out_channels, kernel_size, stride, padding, 0, dilation, groups, bias, padding_mode,
                    dtype, generator)  # fmt: skip

    def forward(self, input: Any) -> Any:
        """The convolution of ``input`` (rows, in_channels, ...), where the rows can be missing."""
        return self._conv_forward(input, self.weight, self.bias)

    def _conv_forward(self, input: Any, weight: Any, bias: Any) -> Any:
        """The same with another weight and bias: a layer that changes its weight on the way calls it."""
        padding: Any = self.padding
        if self.padding_mode != "zeros":
            input, padding = pad(input, self._border(), self.padding_mode), 0
        return type(self)._function(input, weight, bias, self.stride, padding, self.dilation, self.groups)

    @property
    def _reversed_padding_repeated_twice(self) -> list[int]:
        """The padding as ``nn.functional.pad`` takes it."""
        return list(self._border())

    def _border(self) -> tuple[int, ...]:
        """The padding as ``pad`` takes it: the last dimension first."""
        if isinstance(self.padding, str):
            reach = spans(self.kernel_size, self.dilation) if self.padding == "same" else (1,) * self.ndim
            both = [((r - 1) // 2, r - 1 - (r - 1) // 2) for r in reach]
        else:
            both = [(p, p) for p in self.padding]
        return tuple(n for pair in reversed(both) for n in pair)


class Conv1d(_Conv):
    """``nn.functional.conv1d`` with a weight and a bias of its own; arguments as for ``Conv2d``.

    >>> import tinygrad_bp as tg
    >>> tg.nn.Conv1d(2, 3, 5)(tg.zeros(1, 2, 8)).shape
    torch.Size([1, 3, 4])
    """

    ndim = 1
    _function = ops.conv1d


class Conv2d(_Conv):
    """Convolution of images: (rows, in_channels, height, width) to (rows, out_channels, ...), see ``conv2d``.

    Weight (out_channels, in_channels / groups, *kernel_size) and bias (out_channels) start uniform in ±1/√n, n the
    elements of a window, PyTorch's numbers for the same seed. ``padding_mode`` says what stands around the input:
    ``"zeros"``, ``"reflect"``, ``"replicate"`` or ``"circular"``. The dtype is the default float dtype unless given.

    >>> import tinygrad_bp as tg
    >>> layer = tg.nn.Conv2d(3, 8, 3, padding=1)
    >>> layer
    Conv2d(3, 8, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1))
    >>> layer(tg.zeros(2, 3, 5, 5)).shape
    torch.Size([2, 8, 5, 5])
    """

    ndim = 2
    _function = ops.conv2d


class Conv3d(_Conv):
    """``nn.functional.conv3d`` with a weight and a bias of its own; arguments as for ``Conv2d``.

    >>> import tinygrad_bp as tg
    >>> tg.nn.Conv3d(1, 2, 3)(tg.ones(1, 1, 5, 5, 5)).shape
    torch.Size([1, 2, 3, 3, 3])
    """

    ndim = 3
    _function = ops.conv3d


class _ConvTranspose(_Convolution):
    transposed = True
    _function: ClassVar[Callable[..., Any]]

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: Any, stride: Any = 1, padding: Any = 0,
        output_padding: Any = 0, groups: int = 1, bias: bool = True, dilation: Any = 1, padding_mode: str = "zeros",
        device: DeviceLike = None, dtype: DTypeLike = None, generator: Generator | None = None,
    ) -> None:  # fmt: skip
        dtype = parameter_dtype(device, dtype)
        self._build(in_channels, out_channels, kernel_size, stride, padding, output_padding, dilation, groups, bias,
                    padding_mode, dtype, generator)  # fmt: skip

    def forward(self, input: Any, output_size: Any = None) -> Any:
        """The transposed convolution of (rows, in_channels, ...); ``output_size`` instead of output_padding."""
        extra = self.output_padding if output_size is None else self._extra(input, output_size)
        return type(self)._function(
            input, self.weight, self.bias, self.stride, self.padding, extra, self.groups, self.dilation
        )

    def _extra(self, x: Any, output_size: Any) -> tuple[int, ...]:
        wanted = tuple(output_size)[-self.ndim :]
        reach, padding = spans(self.kernel_size, self.dilation), tuple(map(int, self.padding))
        least = tuple(
            (n - 1) * s - 2 * p + r
            for n, s, p, r in zip(x.shape[-self.ndim :], self.stride, padding, reach, strict=True)
        )
        extra = tuple(w - n for w, n in zip(wanted, least, strict=False))
        if len(extra) != self.ndim or any(not 0 <= e < s for e, s in zip(extra, self.stride, strict=True)):
            most = tuple(n + s - 1 for n, s in zip(least, self.stride, strict=True))
            raise ArgumentError(f"{type(self).__name__}: output_size lies from {least} to {most}; got {output_size}")
        return extra


class ConvTranspose1d(_ConvTranspose):
    """``nn.functional.conv_transpose1d`` with a weight and a bias of its own; as ``ConvTranspose2d``.

    >>> import tinygrad_bp as tg
    >>> tg.nn.ConvTranspose1d(1, 2, 3)(tg.ones(1, 1, 5)).shape
    torch.Size([1, 2, 7])
    """

    ndim = 1
    _function = ops.conv_transpose1d


class ConvTranspose2d(_ConvTranspose):
    """The transpose of ``Conv2d`` from out_channels to in_channels, see ``conv_transpose2d``.

    Weight (in_channels, out_channels / groups, *kernel_size) and bias (out_channels) start as those of ``Conv2d``.

    >>> import tinygrad_bp as tg
    >>> tg.nn.ConvTranspose2d(3, 2, 4, stride=2, padding=1)(tg.zeros(1, 3, 5, 5)).shape
    torch.Size([1, 2, 10, 10])
    """

    ndim = 2
    _function = ops.conv_transpose2d


class ConvTranspose3d(_ConvTranspose):
    """``nn.functional.conv_transpose3d`` with a weight and a bias of its own; as ``ConvTranspose2d``.

    >>> import tinygrad_bp as tg
    >>> tg.nn.ConvTranspose3d(1, 2, 3)(tg.ones(1, 1, 2, 2, 2)).shape
    torch.Size([1, 2, 4, 4, 4])
    """

    ndim = 3
    _function = ops.conv_transpose3d


class Unfold(Module):
    """The windows of images as columns, see ``nn.functional.unfold``.

    >>> import tinygrad_bp as tg
    >>> tg.nn.Unfold(2)(tg.ones(1, 1, 3, 3)).shape
    torch.Size([1, 4, 4])
    """

    kernel_size: Size
    dilation: Size
    padding: Size
    stride: Size

    def __init__(self, kernel_size: Size, dilation: Size = 1, padding: Size = 0, stride: Size = 1) -> None:
        self.kernel_size, self.dilation, self.padding, self.stride = kernel_size, dilation, padding, stride

    def forward(self, input: Array) -> Any:
        """(rows, channels, height, width) to (rows, channels · kernel, windows)."""
        return unfold(input, self.kernel_size, self.dilation, self.padding, self.stride)

    def extra_repr(self) -> str:
        """The settings."""
        return f"kernel_size={self.kernel_size}, dilation={self.dilation}, padding={self.padding}, stride={self.stride}"


class Fold(Unfold):
    """Columns added up to images, see ``nn.functional.fold``.

    >>> import tinygrad_bp as tg
    >>> tg.nn.Fold((2, 2), 2)(tg.arange(4.0).reshape(1, 4, 1))
    tensor([[[[0., 1.],
              [2., 3.]]]])
    """

    def __init__(
        self, output_size: Size, kernel_size: Size, dilation: Size = 1, padding: Size = 0, stride: Size = 1
    ) -> None:
        self.output_size = output_size
        super().__init__(kernel_size, dilation, padding, stride)

    def forward(self, input: Array) -> Any:
        """(rows, channels · kernel, windows) to (rows, channels, *output_size)."""
        return fold(input, self.output_size, self.kernel_size, self.dilation, self.padding, self.stride)

    def extra_repr(self) -> str:
        """The settings."""
        return f"output_size={self.output_size}, {super().extra_repr()}"
