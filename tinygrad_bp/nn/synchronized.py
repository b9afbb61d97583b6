"""Batch normalization by the rows of all processes."""

from __future__ import annotations

import copy
from typing import Any, ClassVar

from ..autograd.device import DeviceLike
from ..autograd.errors import ArgumentError, ShapeError, shape_text
from ..autograd.types import DTypeLike
from ..distributed.group import ProcessGroup, joined, together
from ..functions.creation import tensor
from ..ops.joining import cat
from ..ops.normalization import floating, move_average, scaled
from .module import Module
from .normalization import _BatchNorm
from .parameter import UninitializedParameter

__all__ = ["SyncBatchNorm"]


class SyncBatchNorm(_BatchNorm):
    """``BatchNorm1d`` by the rows of all ranks: what one process computes that has all of them, gradients too.

    Input (rows, num_features, ...); ranks may have unlike numbers of rows, or none. In training all ranks call it
    together, and its ``backward`` too; mean and variance are added up in float64. In eval, and in one process, it is a
    ``BatchNorm1d`` that takes any number of dimensions. Under ``DistributedDataParallel`` losses are then those of one
    process, to rounding. ``convert_sync_batchnorm`` puts it into a model.

    Raises ``ShapeError`` for other shapes, and on all ranks where they have one value per channel together; what
    ``distributed.all_reduce`` raises; ``ArgumentError`` for a ``process_group`` that is not the one of all ranks.

    >>> import tinygrad_bp as tg
    >>> layer = tg.nn.SyncBatchNorm(1)
    >>> y = layer(tg.tensor([[2.0 * tg.distributed.rank]]))  # doctest: +SKIP
    >>> layer.running_mean  # of the rows 0 and 2  # doctest: +SKIP
    tensor([0.1000])
    """

    ranks: ClassVar[tuple[int, ...]] = (2, 3, 4, 5)
    rows: ClassVar[str] = "(rows, C, …)"

    def __init__(
        self, num_features: int, eps: float = 1e-5, momentum: float | None = 0.1, affine: bool = True,
        track_running_stats: bool = True, process_group: ProcessGroup | None = None, device: DeviceLike = None,
        dtype: DTypeLike = None, *, bias: bool = True,
    ) -> None:  # fmt: skip
        super().__init__(num_features, eps, momentum, affine, track_running_stats, device, dtype, bias=bias)
        if process_group is not None:
            joined("SyncBatchNorm", process_group)

    def _normalized(self, input: Any, momentum: float) -> Any:
        if not self.training or together() is None:
            return super()._normalized(input, momentum)
        from ..distributed.nn import all_reduce

        floating("SyncBatchNorm", input)
        x = input.double()
        axes, each = (0, *range(2, x.ndim)), (1, -1, *(1,) * (x.ndim - 2))
        own = x.numel() // self.num_features if self.num_features else 0
        sums = all_reduce(cat([x.sum(axes), tensor([own], dtype=x.dtype)]))
        n = sums[-1].item()
        if n < 2:
            raise ShapeError(
                f"{type(self).__name__}: expected more than 1 value per channel on all ranks together when training, "
                f"got x {shape_text(tuple(x.shape))} on this one; give larger batches, or call eval() first"
            )
        mean = sums[:-1] / n
        d = x - mean.reshape(each)
        var = all_reduce((d * d).sum(axes)) / n
        y = scaled(d * (1 / (var + self.eps).sqrt()).reshape(each), self.weight, self.bias)
        for running, batch in ((self.running_mean, mean), (self.running_var, var * (n / (n - 1)))):
            if running is not None:
                move_average(running, batch, momentum)
        return y.to(input.dtype)

    @classmethod
    def convert_sync_batchnorm(cls, module: Module, process_group: ProcessGroup | None = None) -> Module:
        """``module`` with a ``SyncBatchNorm`` for each batch norm inside; one that is a batch norm itself is replaced.

        Parameters, buffers and hooks are the same objects, so an optimizer goes on with them. Raises ``ArgumentError``
        for a lazy batch norm that has not seen an input.

        >>> import tinygrad_bp as tg
        >>> model = tg.nn.Sequential(tg.nn.Linear(2, 3), tg.nn.BatchNorm1d(3))
        >>> tg.nn.SyncBatchNorm.convert_sync_batchnorm(model)[1]
        SyncBatchNorm(3, eps=1e-05, momentum=0.1, affine=True, bias=True, track_running_stats=True)
        """
        if process_group is not None:
            joined("SyncBatchNorm", process_group)
        norms = [part for part in module.modules() if isinstance(part, _BatchNorm) and not isinstance(part, cls)]
        if any(isinstance(p, UninitializedParameter) for norm in norms for p in norm.parameters()):
            raise ArgumentError(
                "convert_sync_batchnorm: a lazy batch norm has no shape yet; call the module once before"
            )
        instead = {id(norm): cls._of(norm) for norm in norms}
        for part in list(module.modules()):
            for name, child in part._modules.items():
                if id(child) in instead:
                    part._modules[name] = instead[id(child)]
        found: Module = instead.get(id(module), module)
        return found

    @classmethod
    def _of(cls, norm: _BatchNorm) -> SyncBatchNorm:
        """The same layer, of this class."""
        new: Any = copy.copy(norm)
        new.__class__ = cls
        return new  # type: ignore[no-any-return]
