"""Tensor: an ndarray and the node that remembers how it was made. No mathematics: ``ops`` binds that."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from . import dtypes
from .elsewhere import hosted, on_cpu
from .errors import ArgumentError, DtypeError, NoRuleError, ShapeError, shape_text
from .layout import element_at
from .lines import warn
from .modes import asking, forgetting, holding, mode, reading, telling
from .node import Cell, Node, leaf
from .sharing import Views, detached, guard, may_move, own_memory, shown
from .size import Size
from .writes import tick

if TYPE_CHECKING:  # what is bound to the class elsewhere: operators, methods, protocols
    from .syntax import Syntax
else:
    Syntax = object

_as_size = tuple.__new__  # what Size() checks is known of an array's shape


class TensorClass(type):
    """What calling ``Tensor`` means, ``tg.Tensor(2, 3)``, is bound here; an op makes its result by ``blank``."""


class Tensor(Syntax, metaclass=TensorClass):
    """An n-dimensional array that remembers how it was made.

    Make one with ``tg.tensor``. Arithmetic, NumPy functions and PyTorch's methods work on it; where an input
    requires grad the result carries a node, and ``backward()`` follows the nodes to the leaves.

    >>> import tinygrad_bp as tg
    >>> w = tg.tensor([1.0, 2.0], requires_grad=True)
    >>> (w * w).sum().backward()
    >>> w.grad
    tensor([2., 4.])
    """

    # _cell is set where a gradient or a name is held: on each leaf that requires grad. _views is set where a view was
    # made of it, or it is one; _quiet where it is a view, under no_grad, of one with a history. __dict__ is the users'.
    __slots__ = ("__dict__", "__weakref__", "_cell", "_node", "_quiet", "_value", "_views")

    _value: Any
    _node: Node | None
    _cell: Cell
    _views: Views
    _quiet: bool

    if TYPE_CHECKING:

        def __init__(self, *items: Any, **named: Any) -> None: ...

    # ------------------------------------------------------------------ what it holds

    @property
    def shape(self) -> Size:
        """The sizes of its dimensions, a tuple of int."""
        return _as_size(Size, self._value.shape)

    @property
    def ndim(self) -> int:
        """How many dimensions."""
        return int(self._value.ndim)

    @property
    def dtype(self) -> dtypes.DType:
        """The dtype, an ``np.dtype``."""
        dtype: dtypes.DType = self._value.dtype
        return dtype

    @property
    def name(self) -> str | None:
        """A name for drawings and errors; a module gives its parameters theirs."""
        try:
            return self._cell.name
        except AttributeError:
            return None

    @name.setter
    def name(self, value: str | None) -> None:
        self._own_cell().name = value

    def _own_cell(self) -> Cell:
        try:
            return self._cell
        except AttributeError:
            if self._node is None:
                self._cell = Cell(self)
            else:
                if self._node.cell is None:  # a copy shares its node with the tensor it was copied from
                    self._node.cell = Cell(self)
                self._cell = self._node.cell
            return self._cell

    # ------------------------------------------------------------------ gradient

    @property
    def requires_grad(self) -> bool:
        """Whether a gradient flows to it: it is a leaf that wants one, or was made from such."""
        return self._node is not None

    @requires_grad.setter
    def requires_grad(self, value: bool) -> None:
        if value and self._node is None:
            if self._value.dtype.kind not in "fc":
                raise DtypeError(
                    f"only tensors of floating point and complex dtype can require gradients, got {self._value.dtype}; "
                    "write t.float() first, or give floats"
                )
            own_memory(self)
            self._node = leaf(self._value.shape, self._own_cell())
        elif not value and self._node is not None:
            if self._node.op is not None:
                raise ArgumentError(
                    "requires_grad can be switched off only on leaf tensors; this one was made by "
                    f"{self._node!r}: use t.detach() for a value without history"
                )
            self._node = None
            tick()  # a compiled program that knew it as a leaf looks again

    def requires_grad_(self, requires_grad: bool = True) -> Tensor:
        """Set ``requires_grad`` and return the tensor itself."""
        self.requires_grad = requires_grad
        return self

    @property
    def is_leaf(self) -> bool:
        """Whether the user made it, rather than a recorded op."""
        return self._node is None or self._node.op is None

    @property
    def grad_fn(self) -> Node | None:
        """The node of the op that made it; None for a leaf."""
        return None if self.is_leaf else self._node

    @property
    def grad(self) -> Tensor | None:
        """The gradient that ``backward()`` left here, a Tensor of the same shape; None before."""
        asking(self)
        cell: Cell | None = getattr(self, "_cell", None)
        if not self.is_leaf and (cell is None or not (cell.grad is not None or (cell.hooks and cell.hooks.retain))):
            warn(
                f"reading .grad of a tensor that is not a leaf (it was made by {self._node!r}): backward fills the "
                ".grad of leaves only; call retain_grad() on it before backward",
            )
        return cell.grad if cell is not None else None

    @grad.setter
    def grad(self, value: Tensor | None) -> None:
        if value is not None:
            if not isinstance(value, Tensor):
                raise ArgumentError(f"grad: assign a tensor or None, got {type(value).__name__}")
            if value.shape != self.shape or value.dtype != self.dtype:
                raise ShapeError(
                    f"grad: the tensor is {shape_text(self.shape)} {self.dtype}, the gradient assigned to it "
                    f"{shape_text(value.shape)} {value.dtype}; both must agree"
                )
        forgetting(self)
        self._own_cell().grad = value
        tick()

    def detach(self) -> Tensor:
        """The same memory without history: nothing flows back through it.

        >>> import tinygrad_bp as tg
        >>> tg.ones(2, requires_grad=True).detach()
        tensor([1., 1.])
        """
        holding(self)
        return detached(self, wrap(self._value, None)) if may_move(self) else wrap(handed_out(self), None)

    # ------------------------------------------------------------------ out to Python and NumPy

    def numpy(self, *, force: bool = False) -> np.ndarray[Any, Any]:
        """The ndarray itself; that of a recorded result is read-only, since backward may need it.

        Raises ``NoRuleError`` where a gradient would be dropped, and ``DeviceError`` on a GPU, unless ``force``.
        """
        if self._node is not None and not force and mode().grad:
            raise NoRuleError(
                "can't call numpy() on a tensor that requires grad: what NumPy does with it would not be "
                "recorded. Use t.detach().numpy()"
            )
        reading(self, "numpy()")
        return hosted(handed_out(self)) if force else on_cpu(handed_out(self), "numpy()")  # type: ignore[no-any-return]

    def item(self, *index: Any) -> int | float | bool:
        """The one element, or the one at an index, as a Python number; one number counts the elements in a row.

        >>> import tinygrad_bp as tg
        >>> tg.tensor([3.0]).item()
        3.0
        """
        reading(self, "item()")
        if index:
            return element_at(self, index)  # type: ignore[no-any-return]
        if self._value.size != 1:
            raise ShapeError(
                f"item: a tensor of shape {shape_text(self.shape)} has {self._value.size} elements; only one element "
                "can be converted to a Python number. Use tolist()"
            )
        return self._value.item()  # type: ignore[no-any-return]

    def tolist(self) -> Any:
        """Nested lists of Python numbers."""
        reading(self, "tolist()")
        return self._value.tolist()

    def __repr__(self) -> str:
        from .printing import printed  # an import prints nothing

        text = printed(self, "tensor" if type(self) is Tensor else type(self).__name__)
        telling(text)
        return text

    __hash__ = object.__hash__  # by identity, at the speed of C


# A Tensor in which nothing is set, made without a frame of Python.
blank: Callable[[], Tensor] = type.__call__.__get__(Tensor)


def wrap(value: Any, node: Node | None) -> Tensor:
    """A Tensor around an array as it is."""
    tensor = blank()
    tensor._value = value
    tensor._node = node
    return tensor


def handed_out(x: Tensor) -> Any:
    """The array in a tensor, for outsiders: that of a recorded result behind a guard."""
    return shown(x._value) if x._node is None or x._node.op is None else guard(x._value)
