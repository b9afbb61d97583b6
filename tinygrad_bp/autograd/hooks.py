"""Hooks: functions of the user that see a gradient when it is complete, and may replace it."""

from __future__ import annotations

import itertools
import weakref
from collections.abc import Callable
from contextlib import nullcontext
from types import TracebackType
from typing import Any, ClassVar

from .batched import stands_for_many
from .elsewhere import boxed, copied
from .errors import ArgumentError, DtypeError, ShapeError, shape_text
from .modes import no_grad, same
from .node import Cell, Node
from .tensor import Tensor, wrap
from .writes import tick

_number = itertools.count().__next__


class Calls(dict[int, tuple[Callable[..., Any], Any]]):
    """Functions in the order in which they are called, each with a flag of its kind."""

    changes: ClassVar[int] = 0  # counts, over all of them, what is added and removed: who remembers one looks again

    __slots__ = ("__weakref__",)

    def changed(self) -> None:
        """Note that another function is here, or one less."""
        Calls.changes += 1
        tick()  # whoever goes by the clock of writes looks again

    def add(self, function: Callable[..., Any], who: str, *, first: bool = False, flag: Any = None) -> RemovableHandle:
        """Append a function (``first``: put it before the others); the handle takes it out again."""
        if not callable(function):
            raise ArgumentError(f"{who}: give a function, got {type(function).__name__}")
        number, others = _number(), dict(self)
        if first:
            self.clear()
        self[number] = function, flag
        if first:
            self.update(others)
        self.changed()
        return RemovableHandle(self, number)


class RemovableHandle:
    """What registering a hook returns: ``remove()`` takes the hook out, as does the end of a ``with`` block.

    ``id`` is its key where the hooks are shown as a dict: ``module._forward_hooks``.
    """

    __slots__ = ("_calls", "id")

    id: int

    def __init__(self, calls: Calls, number: int) -> None:
        self._calls = weakref.ref(calls)  # weak: a hook that removes itself would be a reference cycle
        self.id = number

    def remove(self) -> None:
        """Take the hook out; a second time does nothing."""
        calls = self._calls()
        if calls is not None:
            calls.pop(self.id, None)
            calls.changed()

    def __enter__(self) -> RemovableHandle:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.remove()


class Hooks:
    """What backward does with the complete gradient of one tensor."""

    arrived: Calls
    accumulated: Calls
    after: Calls
    retain: bool
    metadata: dict[Any, Any]

    __slots__ = ("__weakref__", "accumulated", "after", "arrived", "metadata", "retain")

    def __init__(self) -> None:
        self.arrived = Calls()  # called with the gradient, which they may replace
        self.accumulated = Calls()  # called with a leaf after its .grad has it; flag: once, after those of all leaves
        self.after = Calls()  # called with what the node gives to those before it, which they may replace
        self.metadata = {}
        self.retain = False  # whether an inner tensor keeps it in .grad; a leaf always does


def hooks_of(tensor: Tensor, who: str) -> Hooks:
    """The hooks of a tensor, which must require grad."""
    node = tensor._node
    if node is None:
        raise ArgumentError(f"{who}: the tensor does not require grad, so it will never have a gradient")
    cell = tensor._own_cell()
    if cell.hooks is None:
        cell.hooks = Hooks()
    return cell.hooks


def register_hook(self: Tensor, hook: Callable[[Tensor], Tensor | None]) -> RemovableHandle:
    """Call ``hook(gradient)`` in each backward when this tensor's gradient is complete.

    Where ``hook`` returns a tensor of the same shape and dtype, that is the gradient from there on: for ``.grad``,
    for the hooks registered later, and for everything behind. The tensor given to it is read-only. With
    ``create_graph`` it is recorded, and so is what the hook does. Hooks of leaves are called after those of inner
    tensors, all of them before any ``.grad`` changes. The handle's ``remove()`` takes the hook out.

    Raises ``ArgumentError`` where the tensor does not require grad; backward raises ``ArgumentError``, ``ShapeError``
    or ``DtypeError`` where the hook returns something else.

    >>> import tinygrad_bp as tg
    >>> w = tg.tensor([1.0, 2.0], requires_grad=True)
    >>> handle = w.register_hook(lambda g: 10 * g)
    >>> (w * w).sum().backward()
    >>> w.grad
    tensor([20., 40.])
    >>> handle.remove()
    """
    return hooks_of(self, "register_hook").arrived.add(hook, "register_hook")


def register_post_accumulate_grad_hook(self: Tensor, hook: Callable[[Tensor], None]) -> RemovableHandle:
    """Call ``hook(tensor)`` in each backward after this leaf's ``.grad`` was set or added to.

    An optimizer step inside backward, for one parameter: the hook writes the parameter and clears its ``.grad``.
    Raises ``ArgumentError`` for a tensor that is no leaf or does not require grad.

    >>> import tinygrad_bp as tg
    >>> w = tg.tensor([1.0, 2.0], requires_grad=True)
    >>> handle = w.register_post_accumulate_grad_hook(lambda w: print(w.grad))
    >>> w.sum().backward()
    tensor([1., 1.])
    """
    hooks = hooks_of(self, "register_post_accumulate_grad_hook")
    if not self.is_leaf:
        raise ArgumentError(
            f"register_post_accumulate_grad_hook: only a leaf accumulates into .grad; this tensor was made by "
            f"{self._node!r}. Use register_hook"
        )
    return hooks.accumulated.add(hook, "register_post_accumulate_grad_hook")


def retain_grad(self: Tensor) -> None:
    """Keep the gradient of this non-leaf tensor in ``.grad`` at the next backward.

    >>> import tinygrad_bp as tg
    >>> w = tg.tensor([1.0, 2.0], requires_grad=True)
    >>> y = w * w
    >>> y.retain_grad()
    >>> y.sum().backward()
    >>> y.grad
    tensor([1., 1.])
    """
    hooks_of(self, "retain_grad").retain = True


def retains_grad(self: Tensor) -> bool:
    """Whether backward keeps the gradient of this inner tensor in ``.grad``."""
    cell = self._node.cell if self._node is not None and self._node.op is not None else None
    return cell is not None and cell.hooks is not None and cell.hooks.retain


def run_hooks(node: Node, hooks: Hooks, g: Any, tensors: bool) -> Any:
    """The gradient after the hooks of its tensor: a Tensor with ``tensors``, else a raw array."""
    for hook, _ in list(hooks.arrived.values()):
        # A copy, which the hook may keep: rules may hand the same memory to a leaf, and later backwards add to it.
        given = g if stands_for_many(g) else _copied(g, tensors)
        with nullcontext() if tensors else no_grad():  # with tensors the walk has said whether to record
            result = hook(given)
        if result is not None and result is not given:
            _check(result, g, node)
            g = result if tensors else copied(result._value)
    return g


def _copied(g: Any, tensors: bool) -> Tensor:
    value = g._value if tensors else boxed(g)
    seen = value.copy()
    same(seen, value)
    seen.flags.writeable = False
    return wrap(seen, g._node if tensors else None)


def _check(result: Any, g: Any, node: Node) -> None:
    who = f"a hook of {node.tensor_name or repr(node)}"
    if not isinstance(result, Tensor):
        raise ArgumentError(f"{who} returned {type(result).__name__}; return a tensor, or None to keep the gradient")
    if result.shape != g.shape:
        raise ShapeError(
            f"{who} returned a gradient of shape {shape_text(result.shape)} in place of one of {shape_text(g.shape)}; "
            "both must agree"
        )
    if result.dtype != g.dtype:
        raise DtypeError(
            f"{who} returned a gradient of dtype {result.dtype} in place of {g.dtype}; write .to({g.dtype}) in the hook"
        )


def accumulated(waiting: list[tuple[Cell, Hooks]]) -> None:
    """Call the hooks that wait for the ``.grad`` of leaves; those with a flag once, after all others, without one."""
    last: dict[Callable[..., Any], None] = {}
    for cell, hooks in waiting:
        tensor = cell.tensor()
        if tensor is not None:
            for hook, once in list(hooks.accumulated.values()):
                if once:
                    last[hook] = None
                    continue
                with no_grad():
                    hook(tensor)
    for hook in last:
        with no_grad():
            hook()
