"""PyTorch's place for the same functions with gradients: they give new tensors, and backward asks all ranks as well."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..autograd.errors import ArgumentError
from ..autograd.function import Function
from ..autograd.tensor import Tensor, wrap
from . import collectives
from .group import ProcessGroup, joined

__all__ = ["all_gather", "all_reduce", "broadcast"]


class _Sum(Function):
    """The sum of the tensors of the ranks that count; every rank has a loss, so gradients are summed in turn."""

    @staticmethod
    def forward(ctx: Any, tensor: Tensor, counts: bool) -> Any:
        ctx.counts = counts
        result = wrap(np.array(tensor.detach().numpy()) if counts else np.zeros(tensor.shape, tensor.dtype), None)
        collectives.all_reduce(result)
        return result

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        total = _Sum.apply(g, True)
        return total if ctx.counts else np.zeros_like(total), None


class _Gather(Function):
    """The tensors of all ranks along a new first axis."""

    @staticmethod
    def forward(ctx: Any, tensor: Tensor, group: ProcessGroup) -> Any:
        ctx.group = group
        own = np.ascontiguousarray(tensor.detach().numpy())
        group.agree(f"distributed.nn.all_gather of {own.shape} {own.dtype}")
        return wrap(group.gather(own, "distributed.nn.all_gather"), None)

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        return _Sum.apply(g, True)[ctx.group.rank()], None


def all_reduce(tensor: Tensor, op: str = "SUM", group: ProcessGroup | None = None) -> Tensor:
    """The sum of the tensors of all ranks, or their mean (``op`` "SUM" or "AVG"), with a gradient.

    >>> import tinygrad_bp as tg
    >>> t = tg.tensor([1.0], requires_grad=True)
    >>> y = tg.distributed.nn.all_reduce(3 * t)  # doctest: +SKIP
    >>> y.sum().backward()  # doctest: +SKIP
    >>> y.item(), t.grad  # each of 2 ranks has a loss  # doctest: +SKIP
    (6.0, tensor([6.]))
    """
    size = joined("all_reduce", group).size()
    if op not in ("SUM", "AVG"):
        raise ArgumentError(f"distributed.nn.all_reduce: op is 'SUM' or 'AVG', got {op!r}")
    total: Tensor = _Sum.apply(tensor, True)
    return total / size if op == "AVG" else total


def broadcast(tensor: Tensor, src: int = 0, group: ProcessGroup | None = None) -> Tensor:
    """The tensor of rank ``src``, with a gradient: that of all ranks arrives there.

    >>> import tinygrad_bp as tg
    >>> t = tg.tensor([float(tg.distributed.rank)], requires_grad=True)
    >>> tg.distributed.nn.broadcast(t, src=1)  # doctest: +SKIP
    tensor([1.], grad_fn=<_SumBackward>)
    """
    found: Tensor = _Sum.apply(tensor, joined("broadcast", group).rank() == src)
    return found


def all_gather(tensor: Tensor, group: ProcessGroup | None = None) -> tuple[Tensor, ...]:
    """The tensors of all ranks, one each, with gradients.

    >>> import tinygrad_bp as tg
    >>> t = tg.tensor([float(tg.distributed.rank)])
    >>> tg.distributed.nn.all_gather(t)  # doctest: +SKIP
    (tensor([0.]), tensor([1.]))
    """
    found = joined("all_gather", group)
    total = _Gather.apply(tensor, found)
    return tuple(total[rank] for rank in range(found.size()))
