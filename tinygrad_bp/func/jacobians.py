"""Matrices of derivatives: every direction is pushed or pulled at once, as a batch."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from ..autograd.batched import Level, batched, lowered
from ..autograd.device import near
from ..autograd.history import history
from ..autograd.tensor import Tensor, wrap
from ..autograd.values import made
from ..ops.elementwise import clone
from ..ops.joining import cat
from ..ops.shape import moveaxis, reshape
from .transforms import Argnums, Call, Function, check_chunk, led_by_others, outputs_of, split

# Directions go together as long as the largest value in the graph, once for each of them, has about so many elements.
MOST = 1 << 22


def _chunks(tensor: Tensor, outputs: list[Tensor], chunk_size: int | None) -> Iterator[tuple[Level, Tensor]]:
    """The directions of a tensor, 1 at one element and 0 elsewhere, some at a time, each chunk a level."""
    count = tensor.numel()
    if chunk_size is None:
        nodes = history([y._node for y in outputs if y._node is not None])
        chunk_size = max(1, MOST // max([1, *(math.prod(node.shape) for node in nodes)]))
    for start in range(0, count, chunk_size):
        size = min(chunk_size, count - start)
        rows = np.eye(size, count, start, dtype=tensor.dtype).reshape(size, *tensor.shape)
        level = Level(size)
        yield level, batched(near(wrap(rows, None), tensor), level)


def _own(x: Tensor) -> Tensor:
    """In memory of its own: what no derivative wants recorded may be repeated in place."""
    return x if x.requires_grad else clone(x)


def jacrev(func: Function, argnums: Argnums = 0, has_aux: bool = False, *, chunk_size: int | None = None) -> Function:
    """The Jacobian of ``func`` in reverse mode, all rows at once: best where the result is small.

    For each tensor of the result one of shape ``result.shape + argument.shape``, in the structure of the argument.
    ``chunk_size`` rows go together; unless given, so many that the values on the way stay within memory.

    >>> import tinygrad_bp as tg
    >>> tg.func.jacrev(lambda x: x * x)(tg.tensor([1.0, 2.0]))
    tensor([[2., 0.],
            [0., 4.]])
    """
    check_chunk("jacrev", chunk_size)

    def wrapper(*args: Any, **kwargs: Any) -> Any:
        call = Call("jacrev", func, args, kwargs, argnums)
        result, aux = split(call.result, has_aux, "jacrev")
        outputs, back = outputs_of(result, "jacrev")
        recorded = led_by_others(outputs, call.inputs)
        jacobians = []
        for y in outputs:
            parts = [
                [lowered(d, level) for d in call.pull([y], [unit], recorded)]
                for level, unit in _chunks(y, outputs, chunk_size)
            ]
            columns = zip(*parts, strict=True) if parts else [()] * len(call.inputs)
            jacobians.append(
                call.shaped([_joined(c, y.shape + x.shape, x) for c, x in zip(columns, call.inputs, strict=True)])
            )
        return (back(jacobians), aux) if has_aux else back(jacobians)

    return wrapper


def jacfwd(func: Function, argnums: Argnums = 0, has_aux: bool = False, *, randomness: str = "error") -> Function:
    """The Jacobian of ``func`` in forward mode, all columns at once: best where the argument is small. See ``jacrev``.

    ``func`` runs once, so ``randomness`` changes nothing here.

    >>> import tinygrad_bp as tg
    >>> tg.func.jacfwd(lambda x: x.sum() * x)(tg.tensor([1.0, 2.0]))
    tensor([[4., 1.],
            [2., 5.]])
    """

    def wrapper(*args: Any, **kwargs: Any) -> Any:
        call = Call("jacfwd", func, args, kwargs, argnums)
        result, aux = split(call.result, has_aux, "jacfwd")
        outputs, back = outputs_of(result, "jacfwd")
        recorded = led_by_others(outputs, call.inputs)
        parts: list[list[Tensor]] = []  # for each input its columns, one tensor an output
        for i, x in enumerate(call.inputs):
            columns = [
                [lowered(t, level) for t in call.push(outputs, _only(unit, i, len(call.inputs)), recorded)]
                for level, unit in _chunks(x, outputs, None)
            ]
            by_output = zip(*columns, strict=True) if columns else [()] * len(outputs)
            parts.append([_joined(c, y.shape + x.shape, y, True) for c, y in zip(by_output, outputs, strict=True)])
        jacobians = [call.shaped([part[k] for part in parts]) for k in range(len(outputs))]
        return (back(jacobians), aux) if has_aux else back(jacobians)

    return wrapper


def _only(tangent: Tensor, place: int, count: int) -> list[Tensor | None]:
    return [tangent if i == place else None for i in range(count)]


def _joined(parts: tuple[Tensor, ...], shape: tuple[int, ...], like: Tensor, last: bool = False) -> Tensor:
    """Chunks of rows (or of columns, which go along the last dimensions) as one tensor of a shape."""
    if not parts:
        return near(made(np.zeros(shape, like.dtype)), like)
    rows = cat(list(parts), 0) if len(parts) > 1 else parts[0]
    return _own(reshape(moveaxis(rows, 0, -1) if last else rows, shape))


def hessian(func: Function, argnums: Argnums = 0) -> Function:
    """The matrix of second derivatives of a function that returns one number: forward over reverse mode.

    >>> import tinygrad_bp as tg
    >>> tg.func.hessian(lambda x: x[0] ** 2 * x[1])(tg.tensor([1.0, 3.0]))
    tensor([[6., 2.],
            [2., 0.]])
    """
    return jacfwd(jacrev(func, argnums), argnums)
