"""Drawings of what was recorded. ``graphviz`` is imported by the first drawing, not with the package.

Read in this order: ``names`` and ``known`` (what tensors are called, and what is known of them), ``graph`` (what a
drawing reads), ``folding`` and ``view`` (what belongs together, and what of it is shown), ``boxes``, ``forward`` and
``backward`` (what is shown, as data), ``description`` (from whatever was given to that data); then the forms: ``dot``,
``mermaid``, ``records``, ``tree``, and ``picture``, which writes them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Literal

from ..autograd.tensor import Tensor
from .description import describe

if TYPE_CHECKING:
    from .picture import Picture

__all__ = ["describe", "draw"]


def draw(
    what: Any,
    *inputs: Any,
    params: Mapping[str, Tensor] | Any = None,
    values: bool = False,
    grads: bool = False,
    graph: Literal["forward", "backward", "both"] = "forward",
    open: int | str | Iterable[str] | None = None,
    fold: bool = True,
    legend: bool = True,
) -> Picture:
    """The graph behind tensors, of a model or a function, or of a program, as a ``graphviz.Digraph``.

    Leaves with a gradient are square boxes, inputs dog-eared and dashed, ops ellipses, results rounded boxes, and
    results that backward reads cylinders; a thick border marks the outputs. Each has its name, shape and dtype: a
    tensor is called by ``params``, by its own ``name``, or by the variable that holds it where ``draw`` is called.

    what      one tensor or several; or a model or a function, which is called once with ``inputs`` (its buffers and
              the random numbers are as before then); or a program (``tg.program(…)``)
    params    names: a mapping of name to tensor, or a ``Module``, whose parameters then also tell its parts
    values    each box shows its value, where it is still known or can be computed from what is: numbers, or of many a
              map of colours or a histogram
    grads     each box shows its gradient; "not computed" before a backward pass, and after it, where a result's is not
              known, why. Of a function that gives one number, gradients are computed for the drawing alone
    graph     "forward" (what was computed), "backward" (the rules, and the gradients between them) or "both"
    open      modules are frames where there is room, else closed boxes; open says which are frames: a depth, a name or
              several ("layers.0", "layers.*", a class), or "all"
    fold      equal blocks that follow each other are drawn once, with "× 12"; False draws everything
    legend    whether shapes, colours and what is left out are said below the picture

    ``.render("xor.svg")`` writes the picture (svg, png, pdf, dot, mmd, json, txt) and returns its path, ``.source`` is
    the DOT text, ``print`` shows a tree of text, and Jupyter the picture. Backward frees what ops kept, so draw before
    it (or use ``retain_graph=True``) to see every inner value. Raises ``ArgumentError`` for anything else.

    >>> import tinygrad_bp as tg
    >>> w = tg.tensor([1.0, 2.0], requires_grad=True)
    >>> print(tg.draw((w * w).sum(), grads=True))
    Sum  ()  float32  grad not computed
    └─ Mul  (2,)  float32  grad not computed
       ├─ w  parameter  (2,)  float32  grad not computed
       └─ w  parameter  (2,)  float32  grad not computed
    """
    description = describe(what, *inputs, params=params, values=values, grads=grads, graph=graph, open=open, fold=fold)
    from .picture import picture

    return picture(description, values, grads, legend)
