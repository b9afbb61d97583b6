"""Drawings of what was recorded. ``graphviz`` is imported by the first drawing, not with the package."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from ..autograd.tensor import Tensor
from .description import describe

if TYPE_CHECKING:
    from .picture import Picture


def draw(
    outputs: Tensor | Iterable[Tensor],
    params: Mapping[str, Tensor] | None = None,
    values: bool = False,
    grads: bool = False,
) -> Picture:
    """The graph behind ``outputs`` as a ``graphviz.Digraph``, with name, shape and dtype of everything in it.

    Leaves are boxes (grey and dashed where no gradient flows), ops ellipses, results rounded boxes; a thick border
    marks the outputs. An arrow bears the op's name for that input.

    ``outputs`` is one tensor or several. ``params`` names tensors, as in ``dict(model.named_parameters())``; tensors
    without an entry keep their own name. With ``values`` each box shows its value, shortened and rounded, where it is
    still known or can be computed from what is; with ``grads`` its gradient, which reads "not computed" until a
    backward pass has left one (for results: where ``retain_grad()`` asked for it).

    ``.render("xor.svg")`` writes the picture and returns its path, ``.source`` is the DOT text, and Jupyter shows the
    picture by itself. Backward frees what ops kept, so draw before it (or use ``retain_graph=True``) to see every
    inner value. Raises ``ArgumentError`` for anything but tensors.

    >>> import tinygrad_bp as tg
    >>> from tinygrad_bp.drawing import draw
    >>> w = tg.tensor([1.0, 2.0], requires_grad=True)
    >>> picture = draw((w * w).sum(), params={"w": w}, grads=True)
    >>> "not computed" in picture.source
    True
    """
    description = describe(outputs, params, values)
    from .picture import picture

    return picture(description, values, grads)
