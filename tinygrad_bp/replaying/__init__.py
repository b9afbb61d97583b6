"""Backward, step by step: as data, as text, and as a page that one can click through."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..autograd.tensor import Tensor
from ..autograd.types import Array
from .forms import Replay
from .record import Forward, Input, Step, Traced

__all__ = ["Forward", "Input", "Replay", "Step", "Traced", "replay"]


def replay(
    outputs: Tensor | Sequence[Tensor] | Callable[..., Any],
    *args: Any,
    gradient: Array | Sequence[Array | None] | None = None,
    params: Mapping[str, Tensor] | Any = None,
) -> Replay:
    """The computation behind ``outputs`` and its backward, step by step, with every number in it.

    ``outputs`` is a scalar loss; a tensor of any shape, or several, with ``gradient``, the gradient arriving at each;
    or a function, which is called with ``args`` and returns these: then each step also knows the line of your program
    that called it. ``params`` names tensors, as in ``tg.draw``.

    Of the result, ``steps`` and ``forward`` are the data, ``text()`` prints it, ``save("xor.html")`` writes a page
    that needs nothing else, and a notebook shows it. Nothing is freed and no ``.grad`` changes; hooks of tensors run.

    Raises ``FreedError`` where backward has freed the graph, ``ArgumentError`` for anything but tensors or a function,
    and what ``backward`` raises: ``NoHistoryError``, ``NonScalarError``, ``ShapeError``, ``ModifiedError``.

    >>> import tinygrad_bp as tg
    >>> w = tg.tensor([1.0, 2.0], requires_grad=True)
    >>> r = tg.replay(lambda w: (w * w).sum(), w)
    >>> for step in r.steps:
    ...     print(step.op, step.gradient, [given.contribution for given in step.inputs])
    sum 1.0 [array([1., 1.], dtype=float32)]
    mul [1. 1.] [array([1., 2.], dtype=float32), array([1., 2.], dtype=float32)]
    """
    from .watching import record

    return record(outputs, args, gradient, params)
