"""A layer and the batch normalization behind it as one layer, for evaluation."""

from __future__ import annotations

import copy
from typing import Any, TypeVar

from ...autograd.errors import ArgumentError
from ...autograd.modes import no_grad
from ...autograd.tensor import Tensor
from ..module import Module
from ..parameter import Parameter

__all__ = ["fuse_conv_bn_eval", "fuse_conv_bn_weights", "fuse_linear_bn_eval", "fuse_linear_bn_weights"]

M = TypeVar("M", bound=Module)


def fuse_conv_bn_weights(
    conv_w: Tensor, conv_b: Tensor | None, bn_rm: Tensor, bn_rv: Tensor, bn_eps: float, bn_w: Tensor | None,
    bn_b: Tensor | None, transpose: bool = False,
) -> tuple[Parameter, Parameter]:  # fmt: skip
    """Weight and bias of a convolution that normalizes as well, with running mean and variance of the batch norm.

    ``transpose``: of a transposed convolution, whose channels stand in dimension 1.

    >>> import tinygrad_bp as tg
    >>> conv, bn = tg.nn.Conv2d(1, 2, 3), tg.nn.BatchNorm2d(2)
    >>> weight, bias = tg.nn.utils.fuse_conv_bn_weights(
    ...     conv.weight, conv.bias, bn.running_mean, bn.running_var, bn.eps, bn.weight, bn.bias)
    >>> weight.shape, bias.shape
    (torch.Size([2, 1, 3, 3]), torch.Size([2]))
    """
    with no_grad():
        scale: Any = (bn_rv + bn_eps) ** -0.5
        scale = scale if bn_w is None else scale * bn_w
        shape = [1] * conv_w.ndim
        shape[1 if transpose else 0] = -1
        weight = conv_w * scale.reshape(shape)
        bias = (-bn_rm if conv_b is None else conv_b - bn_rm) * scale
        bias = bias if bn_b is None else bias + bn_b
    return Parameter(weight, conv_w.requires_grad), Parameter(bias, conv_w.requires_grad)


def fuse_linear_bn_weights(
    linear_w: Tensor, linear_b: Tensor | None, bn_rm: Tensor, bn_rv: Tensor, bn_eps: float, bn_w: Tensor | None,
    bn_b: Tensor | None,
) -> tuple[Parameter, Parameter]:  # fmt: skip
    """Weight and bias of a linear layer that normalizes as well, as ``fuse_conv_bn_weights``.

    >>> import tinygrad_bp as tg
    >>> layer, bn = tg.nn.Linear(1, 2), tg.nn.BatchNorm1d(2)
    >>> weight, bias = tg.nn.utils.fuse_linear_bn_weights(
    ...     layer.weight, layer.bias, bn.running_mean, bn.running_var, bn.eps, bn.weight, bn.bias)
    >>> weight.shape, bias.shape
    (torch.Size([2, 1]), torch.Size([2]))
    """
    return fuse_conv_bn_weights(linear_w, linear_b, bn_rm, bn_rv, bn_eps, bn_w, bn_b)


def fuse_conv_bn_eval(conv: M, bn: Any, transpose: bool = False) -> M:
    """A convolution that gives what ``bn`` makes of its result; both in evaluation.

    Raises ``ArgumentError`` where one of them is training, or the normalization has no running statistics.

    >>> import tinygrad_bp as tg
    >>> conv, bn = tg.nn.Conv2d(1, 2, 3).eval(), tg.nn.BatchNorm2d(2).eval()
    >>> x = tg.rand(1, 1, 4, 4)
    >>> tg.allclose(tg.nn.utils.fuse_conv_bn_eval(conv, bn)(x), bn(conv(x)), atol=1e-6)
    True
    """
    if conv.training or bn.training:
        raise ArgumentError("fuse_conv_bn_eval: both layers are in evaluation; call eval() first")
    if bn.running_mean is None:
        raise ArgumentError("fuse_conv_bn_eval: the normalization has no running statistics")
    fused: Any = copy.deepcopy(conv)
    fused.weight, fused.bias = fuse_conv_bn_weights(
        fused.weight, fused.bias, bn.running_mean, bn.running_var, bn.eps, bn.weight, bn.bias, transpose
    )
    return fused  # type: ignore[no-any-return]


def fuse_linear_bn_eval(linear: M, bn: Any) -> M:
    """A linear layer that gives what ``bn`` makes of its result; both in evaluation.

    >>> import tinygrad_bp as tg
    >>> tg.nn.utils.fuse_linear_bn_eval(tg.nn.Linear(1, 2).eval(), tg.nn.BatchNorm1d(2).eval())
    Linear(in_features=1, out_features=2, bias=True)
    """
    return fuse_conv_bn_eval(linear, bn)
