"""PyTorch's ``autograd.forward_ad``: dual tensors, whose tangents are pushed along what is computed from them.

A dual is a recorded copy, and its tangent is kept by the level. ``unpack_dual`` pushes the tangents of all duals along
the history of the tensor that it is asked about, so what is made of a dual requires grad here, and only what is
recorded moves.
"""

from __future__ import annotations

import typing as _typing
from contextlib import ContextDecorator
from contextvars import ContextVar
from types import TracebackType
from typing import NamedTuple

from .errors import ArgumentError, DtypeError, ShapeError, shape_text
from .forward import push_forward
from .history import history
from .modes import mode
from .node import Node
from .tensor import Tensor

__all__ = ["UnpackedDualTensor", "dual_level", "enter_dual_level", "exit_dual_level", "make_dual", "unpack_dual"]


class _Level:
    """The tangents of the duals, and the leaves that stand behind duals of tensors without a history."""

    tangents: dict[Node, Tensor]
    stand_ins: set[Node]

    def __init__(self) -> None:
        self.tangents, self.stand_ins = {}, set()

    def tangent(self, tensor: Tensor) -> Tensor | None:
        """The tangent of a tensor; None where no dual moves it."""
        moved = push_forward([tensor], self.tangents)[0]
        return moved if moved is None or tensor._node in self.tangents else self.settled(moved)

    def settled(self, tensor: Tensor) -> Tensor:
        """The tensor, without its history where nobody but the duals wanted it recorded."""
        if tensor._node is None or tensor._node.op is None:
            return tensor
        parents = {parent for node in history([tensor._node]) for parent in node.parents if parent is not None}
        leaves = {parent for parent in parents if parent.op is None}
        return tensor if leaves - self.stand_ins else tensor.detach()


# None outside of a level.
_LEVEL: ContextVar[_Level | None] = ContextVar("tinygrad_bp.dual_level", default=None)


class UnpackedDualTensor(NamedTuple):
    """What ``unpack_dual`` returns: the value, and the tangent or None.

    >>> import tinygrad_bp as tg
    >>> tg.autograd.forward_ad.unpack_dual(tg.ones(2))
    UnpackedDualTensor(primal=tensor([1., 1.]), tangent=None)
    """

    primal: Tensor
    tangent: Tensor | None


def enter_dual_level() -> int:
    """Begin a level, and return its number, 0. Raises ``ArgumentError`` inside another: there is one at a time.

    >>> from tinygrad_bp.autograd import forward_ad
    >>> forward_ad.enter_dual_level()
    0
    >>> forward_ad.exit_dual_level()
    """
    if _LEVEL.get() is not None:
        raise ArgumentError("enter_dual_level: levels do not nest; exit the other one first, or use tg.func.jvp")
    _LEVEL.set(_Level())
    return 0


def exit_dual_level(*, level: int | None = None) -> None:
    """End the level: its duals have no tangents any more. Raises ``ArgumentError`` where there is no such level.

    >>> from tinygrad_bp.autograd import forward_ad
    >>> level = forward_ad.enter_dual_level()
    >>> forward_ad.exit_dual_level(level=level)
    """
    _level("exit_dual_level", level)
    _LEVEL.set(None)


def _level(what: str, number: int | None) -> _Level:
    found = _LEVEL.get()
    if found is None:
        raise ArgumentError(f"{what}: no level exists; write `with dual_level():` around it, or enter_dual_level()")
    if number not in (None, 0):
        raise ArgumentError(f"{what}: got level {number}, and the only one is 0; leave level out")
    return found


def make_dual(tensor: Tensor, tangent: Tensor, *, level: int | None = None) -> Tensor:
    """A dual: the values of ``tensor``, which move along ``tangent``, of the same shape, until the level ends.

    A tangent of another dtype is cast. Gradients flow back to both. Raises ``ArgumentError`` outside of a level, for a
    tensor that has a tangent already, and under ``no_grad``, where nothing would move along; ``DtypeError`` for
    integers, and for a complex tangent of a real tensor; ``ShapeError`` for shapes that differ.

    >>> import tinygrad_bp as tg
    >>> from tinygrad_bp.autograd import forward_ad
    >>> with forward_ad.dual_level():
    ...     x = forward_ad.make_dual(tg.tensor([1.0, 2.0]), tg.tensor([1.0, 0.5]))
    ...     forward_ad.unpack_dual(x ** 2).tangent
    tensor([2., 2.])
    """
    inside = _level("make_dual", level)
    for name, given in (("tensor", tensor), ("tangent", tangent)):
        if not isinstance(given, Tensor):
            raise ArgumentError(f"make_dual: {name} must be a tensor, got {type(given).__name__}; write tg.tensor(…)")
        if given.dtype.kind not in "fc":
            raise DtypeError(f"make_dual: {name} must be floating point or complex, got {given.dtype}; write .float()")
    if tangent.is_complex() and not tensor.is_complex():
        raise DtypeError(f"make_dual: a tensor of {tensor.dtype} has a real tangent, not {tangent.dtype}; give .real")
    if tangent.shape != tensor.shape:
        raise ShapeError(
            f"make_dual: the tensor has shape {shape_text(tensor.shape)} and the tangent {shape_text(tangent.shape)}; "
            "both must agree"
        )
    if not mode().grad:
        raise ArgumentError(
            "make_dual: under no_grad nothing is recorded that a tangent could follow; make and use duals outside of it"
        )
    if push_forward([tensor], inside.tangents)[0] is not None:
        raise ArgumentError("make_dual: the tensor has a tangent already; give unpack_dual(tensor).primal")
    source = tensor
    if tensor._node is None:
        source = tensor.detach().requires_grad_()
        assert source._node is not None
        inside.stand_ins.add(source._node)
    dual = source.clone()
    assert dual._node is not None
    inside.tangents[dual._node] = tangent.to(dual.dtype)
    return dual


def unpack_dual(tensor: Tensor, *, level: int | None = None) -> UnpackedDualTensor:
    """The value and the tangent of a tensor: None where no dual moves it, and outside of a level.

    The value has its history only where gradients flow back to other tensors through it.

    >>> import tinygrad_bp as tg
    >>> from tinygrad_bp.autograd import forward_ad
    >>> with forward_ad.dual_level():
    ...     y = forward_ad.make_dual(tg.tensor(3.0), tg.tensor(1.0)) * 2
    ...     forward_ad.unpack_dual(y)
    UnpackedDualTensor(primal=tensor(6.), tangent=tensor(2.))
    >>> forward_ad.unpack_dual(y).tangent is None
    True
    """
    if not isinstance(tensor, Tensor):
        raise ArgumentError(f"unpack_dual: needs a tensor, got {type(tensor).__name__}; give what was made of a dual")
    if _LEVEL.get() is None:
        return UnpackedDualTensor(tensor, None)
    inside = _level("unpack_dual", level)
    tangent = inside.tangent(tensor)
    return UnpackedDualTensor(tensor if tangent is None else inside.settled(tensor), tangent)


class dual_level(ContextDecorator):
    """A context manager, and a decorator, in which duals have tangents. Levels do not nest.

    >>> import tinygrad_bp as tg
    >>> from tinygrad_bp.autograd import forward_ad
    >>> with forward_ad.dual_level():
    ...     x = forward_ad.make_dual(tg.tensor(0.0), tg.tensor(2.0))
    ...     forward_ad.unpack_dual(tg.sin(x)).tangent
    tensor(2.)
    """

    def __enter__(self) -> int:
        """Begin the level."""
        return enter_dual_level()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End it."""
        exit_dual_level()


if not _typing.TYPE_CHECKING:

    def __getattr__(name):
        from ..not_here import missing

        raise missing("autograd.forward_ad", name)
