"""Layers that learn the size of their input from the first one; from then on they are the layers that have it.

Before that their parameters have no shape. The first call makes them, with PyTorch's random numbers, in the objects
that are there: an optimizer may hold them already.
"""

from __future__ import annotations

from typing import Any, ClassVar

from ..autograd.device import DeviceLike
from ..autograd.elsewhere import moved
from ..autograd.errors import ShapeError, shape_text
from ..autograd.types import DTypeLike
from ..random.generator import default_generator
from .convolution import Conv1d, Conv2d, Conv3d, ConvTranspose1d, ConvTranspose2d, ConvTranspose3d
from .layers import Linear
from .module import Module, check_tensor
from .normalization import BatchNorm1d, BatchNorm2d, BatchNorm3d, InstanceNorm1d, InstanceNorm2d, InstanceNorm3d
from .parameter import UninitializedParameter

__all__ = [
    "LazyBatchNorm1d", "LazyBatchNorm2d", "LazyBatchNorm3d", "LazyConv1d", "LazyConv2d", "LazyConv3d",
    "LazyConvTranspose1d", "LazyConvTranspose2d", "LazyConvTranspose3d", "LazyInstanceNorm1d", "LazyInstanceNorm2d",
    "LazyInstanceNorm3d", "LazyLinear",
]  # fmt: skip


class _Lazy(Module):
    """A layer without the setting ``found``, until its first call makes it one of the class ``becomes``."""

    becomes: ClassVar[Any]
    found: ClassVar[str]

    def _wait(self, **settings: Any) -> None:
        state = default_generator().get_state()
        self.becomes.__init__(self, **{self.found: 0}, **settings)
        default_generator().set_state(state)  # nothing is drawn before the size is known
        for name, parameter in list(self._held.parameters.items()):
            if parameter is not None:
                waiting = UninitializedParameter(dtype=parameter.dtype)
                waiting._value = moved(waiting._value, parameter)
                self._hold(self._held.parameters, name, waiting)
        self._settings = settings

    def _size(self, x: Any) -> int:
        """The setting that an input says: its channels, or its features."""
        name, ranks = type(self).__name__, self._ranks()
        check_tensor(x, name)
        if x.ndim not in ranks:
            raise ShapeError(
                f"{name}: the input has {' or '.join(map(str, ranks))} dimensions, got {shape_text(tuple(x.shape))}"
            )
        return int(x.shape[1 if x.ndim == ranks[-1] else 0])

    def _ranks(self) -> tuple[int, ...]:
        """How many dimensions an input may have; the last of them with rows."""
        raise NotImplementedError

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The first call: become the layer, and call that."""
        size = self._size(args[0] if args else kwargs.get("input"))
        waiting = {name: parameter for name, parameter in self._held.parameters.items() if parameter is not None}
        settings = {**self._settings, self.found: size}
        for parameter in waiting.values():
            settings["dtype"], settings["device"] = parameter.dtype, parameter.device
        del self._settings
        self.__class__ = self.becomes
        self.__init__(**settings)  # type: ignore[misc]
        for name, parameter in waiting.items():
            parameter.become(self._held.parameters[name])  # type: ignore[attr-defined]
            self._hold(self._held.parameters, name, parameter)
        return self(*args, **kwargs)


class LazyLinear(_Lazy, Linear):
    """A ``Linear`` whose ``in_features`` are those of the first input.

    >>> import tinygrad_bp as tg
    >>> layer = tg.nn.LazyLinear(3)
    >>> layer(tg.zeros(5, 2)).shape, layer
    (torch.Size([5, 3]), Linear(in_features=2, out_features=3, bias=True))
    """

    becomes, found = Linear, "in_features"

    def __init__(
        self, out_features: int, bias: bool = True, device: DeviceLike = None, dtype: DTypeLike = None
    ) -> None:
        self._wait(out_features=out_features, bias=bias, device=device, dtype=dtype)

    def _size(self, x: Any) -> int:
        check_tensor(x, "LazyLinear")
        if not x.ndim:
            raise ShapeError("LazyLinear: the input has features in its last dimension, got one of no dimension")
        return int(x.shape[-1])


class _LazyConv(_Lazy):
    found = "in_channels"
    ndim: ClassVar[int]

    def __init__(
        self, out_channels: int, kernel_size: Any, stride: Any = 1, padding: Any = 0, dilation: Any = 1,
        groups: int = 1, bias: bool = True, padding_mode: str = "zeros", device: DeviceLike = None,
        dtype: DTypeLike = None,
    ) -> None:  # fmt: skip
        self._wait(
            out_channels=out_channels, kernel_size=kernel_size, stride=stride, padding=padding, dilation=dilation,
            groups=groups, bias=bias, padding_mode=padding_mode, device=device, dtype=dtype,
        )  # fmt: skip

    def _ranks(self) -> tuple[int, ...]:
        return self.ndim + 1, self.ndim + 2


class LazyConv1d(_LazyConv, Conv1d):
    """A ``Conv1d`` whose ``in_channels`` are those of the first input.

    >>> import tinygrad_bp as tg
    >>> tg.nn.LazyConv1d(2, 3)(tg.ones(1, 4, 5)).shape
    torch.Size([1, 2, 3])
    """

    becomes = Conv1d


class LazyConv2d(_LazyConv, Conv2d):
    """A ``Conv2d`` whose ``in_channels`` are those of the first input.

    >>> import tinygrad_bp as tg
    >>> tg.nn.LazyConv2d(3, 2)(tg.zeros(1, 4, 5, 5)).shape
    torch.Size([1, 3, 4, 4])
    """

    becomes = Conv2d


class LazyConv3d(_LazyConv, Conv3d):
    """A ``Conv3d`` whose ``in_channels`` are those of the first input.

    >>> import tinygrad_bp as tg
    >>> tg.nn.LazyConv3d(2, 3)(tg.ones(1, 4, 5, 5, 5)).shape
    torch.Size([1, 2, 3, 3, 3])
    """

    becomes = Conv3d


class _LazyConvTranspose(_Lazy):
    found = "in_channels"
    ndim: ClassVar[int]

    def __init__(
        self, out_channels: int, kernel_size: Any, stride: Any = 1, padding: Any = 0, output_padding: Any = 0,
        groups: int = 1, bias: bool = True, dilation: Any = 1, padding_mode: str = "zeros", device: DeviceLike = None,
        dtype: DTypeLike = None,
    ) -> None:  # fmt: skip
        self._wait(
            out_channels=out_channels, kernel_size=kernel_size, stride=stride, padding=padding,
            output_padding=output_padding, groups=groups, bias=bias, dilation=dilation, padding_mode=padding_mode,
            device=device, dtype=dtype,
        )  # fmt: skip

    def _ranks(self) -> tuple[int, ...]:
        return self.ndim + 1, self.ndim + 2


class LazyConvTranspose1d(_LazyConvTranspose, ConvTranspose1d):
    """A ``ConvTranspose1d`` whose ``in_channels`` are those of the first input.

    >>> import tinygrad_bp as tg
    >>> tg.nn.LazyConvTranspose1d(2, 3)(tg.ones(1, 4, 5)).shape
    torch.Size([1, 2, 7])
    """

    becomes = ConvTranspose1d


class LazyConvTranspose2d(_LazyConvTranspose, ConvTranspose2d):
    """A ``ConvTranspose2d`` whose ``in_channels`` are those of the first input.

    >>> import tinygrad_bp as tg
    >>> tg.nn.LazyConvTranspose2d(2, 3)(tg.ones(1, 4, 5, 5)).shape
    torch.Size([1, 2, 7, 7])
    """

    becomes = ConvTranspose2d


class LazyConvTranspose3d(_LazyConvTranspose, ConvTranspose3d):
    """A ``ConvTranspose3d`` whose ``in_channels`` are those of the first input.

    >>> import tinygrad_bp as tg
    >>> tg.nn.LazyConvTranspose3d(2, 3)(tg.ones(1, 4, 2, 2, 2)).shape
    torch.Size([1, 2, 4, 4, 4])
    """

    becomes = ConvTranspose3d


class _LazyNorm(_Lazy):
    found = "num_features"
    ranks: ClassVar[tuple[int, ...]]

    def _ranks(self) -> tuple[int, ...]:
        return self.ranks


class _LazyBatchNorm(_LazyNorm):
    def __init__(
        self, eps: float = 1e-5, momentum: float | None = 0.1, affine: bool = True, track_running_stats: bool = True,
        device: DeviceLike = None, dtype: DTypeLike = None, *, bias: bool = True,
    ) -> None:  # fmt: skip
        self._wait(
            eps=eps, momentum=momentum, affine=affine, track_running_stats=track_running_stats, device=device,
            dtype=dtype, bias=bias,
        )  # fmt: skip

    def _size(self, x: Any) -> int:
        super()._size(x)
        return int(x.shape[1])


class LazyBatchNorm1d(_LazyBatchNorm, BatchNorm1d):
    """A ``BatchNorm1d`` whose ``num_features`` are those of the first input.

    >>> import tinygrad_bp as tg
    >>> tg.nn.LazyBatchNorm1d()(tg.rand(2, 3)).shape
    torch.Size([2, 3])
    """

    becomes = BatchNorm1d


class LazyBatchNorm2d(_LazyBatchNorm, BatchNorm2d):
    """A ``BatchNorm2d`` whose ``num_features`` are those of the first input.

    >>> import tinygrad_bp as tg
    >>> layer = tg.nn.LazyBatchNorm2d()
    >>> layer(tg.rand(2, 3, 4, 4)).shape, layer.running_mean.shape
    (torch.Size([2, 3, 4, 4]), torch.Size([3]))
    """

    becomes = BatchNorm2d


class LazyBatchNorm3d(_LazyBatchNorm, BatchNorm3d):
    """A ``BatchNorm3d`` whose ``num_features`` are those of the first input.

    >>> import tinygrad_bp as tg
    >>> tg.nn.LazyBatchNorm3d()(tg.rand(2, 3, 2, 2, 2)).shape
    torch.Size([2, 3, 2, 2, 2])
    """

    becomes = BatchNorm3d


class _LazyInstanceNorm(_LazyNorm):
    def __init__(
        self, eps: float = 1e-5, momentum: float = 0.1, affine: bool = True, track_running_stats: bool = True,
        device: DeviceLike = None, dtype: DTypeLike = None, *, bias: bool = True,
    ) -> None:  # fmt: skip
        self._wait(
            eps=eps, momentum=momentum, affine=affine, track_running_stats=track_running_stats, device=device,
            dtype=dtype, bias=bias,
        )  # fmt: skip


class LazyInstanceNorm1d(_LazyInstanceNorm, InstanceNorm1d):
    """An ``InstanceNorm1d`` whose ``num_features`` are those of the first input.

    >>> import tinygrad_bp as tg
    >>> tg.nn.LazyInstanceNorm1d()(tg.rand(1, 3, 4)).shape
    torch.Size([1, 3, 4])
    """

    becomes = InstanceNorm1d


class LazyInstanceNorm2d(_LazyInstanceNorm, InstanceNorm2d):
    """An ``InstanceNorm2d`` whose ``num_features`` are those of the first input.

    >>> import tinygrad_bp as tg
    >>> tg.nn.LazyInstanceNorm2d()(tg.rand(1, 3, 4, 4)).shape
    torch.Size([1, 3, 4, 4])
    """

    becomes = InstanceNorm2d


class LazyInstanceNorm3d(_LazyInstanceNorm, InstanceNorm3d):
    """An ``InstanceNorm3d`` whose ``num_features`` are those of the first input.

    >>> import tinygrad_bp as tg
    >>> tg.nn.LazyInstanceNorm3d()(tg.rand(1, 3, 2, 2, 2)).shape
    torch.Size([1, 3, 2, 2, 2])
    """

    becomes = InstanceNorm3d
