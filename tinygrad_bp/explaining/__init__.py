"""Explanations: why a gradient has the value that it has.

The rules of the recorded steps run under capture (``rules``); what they compute is written in the reports' notation
(``writing``, ``notation``, ``formulas``, ``latex``) line by line (``derivation``, ``symbols``, ``explanation``), along
one backward with its numbers (``walk``), which also tells where a gradient is lost (``causes``, ``running``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..autograd.tensor import Tensor
from ..autograd.types import Array
from .causes import Cause, Place
from .derivation import Line
from .explanation import Explanation
from .notation import Term
from .paths import Path

__all__ = ["Cause", "Explanation", "Line", "Path", "Place", "Term", "explain"]


def explain(
    loss: Tensor | Callable[..., Any],
    *args: Any,
    wrt: Tensor | Sequence[Tensor] | Mapping[str, Tensor] | Any,
    gradient: Array | None = None,
    params: Mapping[str, Tensor] | Any = None,
) -> Explanation:
    """Why the gradient of ``loss`` in ``wrt`` has this value: its derivation, and what became of it on the way.

    ``loss`` is a scalar tensor, or one of any shape with ``gradient``, the gradient arriving there; or a function that
    returns it, which is called with ``args``: then each step also knows the line of your program, and ``detach()``,
    ``no_grad()`` and whole numbers on the way are seen. ``wrt`` is a tensor, several, a dict by name, or a ``Module``
    (its parameters). ``params`` names other tensors: a dict of name to tensor, or a ``Module``. Tensors without a name
    are called as your variables are.

    ``print`` the result, or use ``text()``, ``markdown()``, ``latex()``; ``evaluate()`` computes the derivation in
    NumPy, ``cause`` says why a gradient is zero, None, NaN, very large or small, and ``paths`` are its parts. Nothing
    is freed, no ``.grad`` changes; hooks of tensors run.

    Raises ``ArgumentError`` for anything but tensors or a function, ``NonScalarError`` for a loss of several numbers
    without ``gradient``, ``ShapeError`` where that has another shape, ``FreedError`` after a backward that freed the
    graph, and ``ModifiedError`` where a kept value was written since.

    >>> import tinygrad_bp as tg
    >>> X, T = tg.ones(5, 4), tg.tensor([0, 1, 2, 2, 1])
    >>> W1, b1 = tg.ones(4, 10, requires_grad=True), tg.zeros(10, requires_grad=True)
    >>> W2, b2 = tg.ones(10, 3, requires_grad=True), tg.zeros(3, requires_grad=True)
    >>> loss = tg.nn.functional.cross_entropy(tg.relu(X @ W1 + b1) @ W2 + b2, T)
    >>> e = tg.explain(loss, wrt=W1)
    >>> print("\\n".join(e.text().split("\\n")[2:5]))
    ∂L/∂W1      = Xᵀ · δ1                        (4, 10)
    δ1 = ∂L/∂Z1 = (δ2 · W2ᵀ) ∘ relu′(Z1)         (5, 10)
    δ2 = ∂L/∂Z2 = (softmax(Z2) − [T = 0…2]) / 5  (5, 3)
    """
    from .making import made

    return made(loss, args, wrt, gradient, params)
