"""The two gradients of each convolution, as ``torch.nn.grad`` computes them: from the shape of what is not needed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..autograd.errors import ShapeError, shape_text
from ..autograd.gradient import grad
from ..autograd.modes import inference_mode, mode
from ..autograd.tensor import Tensor, wrap
from ..autograd.types import Size
from ..ops.convolution import conv1d, conv2d, conv3d

__all__ = ["conv1d_input", "conv1d_weight", "conv2d_input", "conv2d_weight", "conv3d_input", "conv3d_weight"]


def _gradient(call: Callable[[Tensor], Any], shape: Sequence[int], beside: Tensor, grad_output: Tensor) -> Tensor:
    """That of a linear ``call`` of a tensor of ``shape``; recorded where one of the others requires grad.

    Raises ``ShapeError`` where ``grad_output`` is not of the shape of the call's result.
    """
    creates = mode().grad and (beside.requires_grad or grad_output.requires_grad)
    unknown = wrap(np.zeros(tuple(shape), beside.dtype), None).requires_grad_()
    with inference_mode(False):
        result = call(unknown)
        if result.shape != grad_output.shape:
            raise ShapeError(
                f"nn.grad: grad_output has the shape of the convolution's result, {shape_text(result.shape)}; got "
                f"{shape_text(grad_output.shape)}"
            )
        (found,) = grad(result, unknown, grad_output, create_graph=creates)
    assert found is not None
    return found


def conv1d_input(
    input_size: Sequence[int], weight: Tensor, grad_output: Tensor, stride: Size = 1, padding: Size = 0,
    dilation: Size = 1, groups: int = 1,
) -> Tensor:  # fmt: skip
    """The gradient of ``conv1d`` for its input, of ``input_size``, where ``grad_output`` arrives at its result.

    >>> import tinygrad_bp as tg
    >>> tg.nn.grad.conv1d_input((1, 1, 3), tg.ones(1, 1, 2), tg.ones(1, 1, 2)).sum().item()
    4.0
    """

    def of_input(x: Tensor) -> Any:
        return conv1d(x, weight, None, stride, padding, dilation, groups)

    return _gradient(of_input, input_size, weight, grad_output)


def conv1d_weight(
    input: Tensor, weight_size: Sequence[int], grad_output: Tensor, stride: Size = 1, padding: Size = 0,
    dilation: Size = 1, groups: int = 1,
) -> Tensor:  # fmt: skip
    """The gradient of ``conv1d`` for its weight, of ``weight_size``, where ``grad_output`` arrives at its result.

    >>> import tinygrad_bp as tg
    >>> tg.nn.grad.conv1d_weight(tg.ones(1, 1, 3), (1, 1, 2), tg.ones(1, 1, 2)).sum().item()
    4.0
    """

    def of_weight(w: Tensor) -> Any:
        return conv1d(input, w, None, stride, padding, dilation, groups)

    return _gradient(of_weight, weight_size, input, grad_output)


def conv2d_input(
    input_size: Sequence[int], weight: Tensor, grad_output: Tensor, stride: Size = 1, padding: Size = 0,
    dilation: Size = 1, groups: int = 1,
) -> Tensor:  # fmt: skip
    """The gradient of ``conv2d`` for its input, of ``input_size``, where ``grad_output`` arrives at its result.

    >>> import tinygrad_bp as tg
    >>> tg.nn.grad.conv2d_input((1, 1, 3, 3), tg.ones(1, 1, 2, 2), tg.ones(1, 1, 2, 2)).sum().item()
    16.0
    """

    def of_input(x: Tensor) -> Any:
        return conv2d(x, weight, None, stride, padding, dilation, groups)

    return _gradient(of_input, input_size, weight, grad_output)


def conv2d_weight(
    input: Tensor, weight_size: Sequence[int], grad_output: Tensor, stride: Size = 1, padding: Size = 0,
    dilation: Size = 1, groups: int = 1,
) -> Tensor:  # fmt: skip
    """The gradient of ``conv2d`` for its weight, of ``weight_size``, where ``grad_output`` arrives at its result.

    >>> import tinygrad_bp as tg
    >>> tg.nn.grad.conv2d_weight(tg.ones(1, 1, 3, 3), (1, 1, 2, 2), tg.ones(1, 1, 2, 2)).sum().item()
    16.0
    """

    def of_weight(w: Tensor) -> Any:
        return conv2d(input, w, None, stride, padding, dilation, groups)

    return _gradient(of_weight, weight_size, input, grad_output)


def conv3d_input(
    input_size: Sequence[int], weight: Tensor, grad_output: Tensor, stride: Size = 1, padding: Size = 0,
    dilation: Size = 1, groups: int = 1,
) -> Tensor:  # fmt: skip
    """The gradient of ``conv3d`` for its input, of ``input_size``, where ``grad_output`` arrives at its result.

    >>> import tinygrad_bp as tg
    >>> tg.nn.grad.conv3d_input((1, 1, 3, 3, 3), tg.ones(1, 1, 2, 2, 2), tg.ones(1, 1, 2, 2, 2)).sum().item()
    64.0
    """

    def of_input(x: Tensor) -> Any:
        return conv3d(x, weight, None, stride, padding, dilation, groups)

    return _gradient(of_input, input_size, weight, grad_output)


def conv3d_weight(
    input: Tensor, weight_size: Sequence[int], grad_output: Tensor, stride: Size = 1, padding: Size = 0,
    dilation: Size = 1, groups: int = 1,
) -> Tensor:  # fmt: skip
    """The gradient of ``conv3d`` for its weight, of ``weight_size``, where ``grad_output`` arrives at its result.

    >>> import tinygrad_bp as tg
    >>> tg.nn.grad.conv3d_weight(tg.ones(1, 1, 3, 3, 3), (1, 1, 2, 2, 2), tg.ones(1, 1, 2, 2, 2)).sum().item()
    64.0
    """

    def of_weight(w: Tensor) -> Any:
        return conv3d(input, w, None, stride, padding, dilation, groups)

    return _gradient(of_weight, weight_size, input, grad_output)
