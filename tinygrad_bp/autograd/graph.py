"""PyTorch's ``autograd.graph``: nodes, and what is kept for backward put elsewhere in the meantime."""

from __future__ import annotations

import typing as _typing
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from . import writes
from .elsewhere import ARRAYS
from .errors import ArgumentError, ShapeError, shape_text
from .modes import Mode, Switch, no_grad
from .node import Node
from .op import Op
from .tensor import Tensor, wrap
from .watch import Watcher, enter_every_op, unwatched

__all__ = ["Node", "disable_saved_tensors_hooks", "increment_version", "save_on_cpu", "saved_tensors_hooks"]


class _Item:
    """One kept array, packed: what ``pack`` returned, and the history of the tensor that it was given."""

    __slots__ = ("dtype", "itself", "packed", "shape", "source", "unpack")

    def __init__(self, given: Tensor, packed: Any, unpack: Callable[[Any], Any], source: Node | None) -> None:
        self.shape, self.dtype, self.unpack, self.source = given.shape, given.dtype, unpack, source
        self.itself = packed is given  # it may be that of the node, which must not hold it
        self.packed = given._value if self.itself else packed

    def array(self) -> Any:
        """The array again."""
        with unwatched(), no_grad():
            found = self.unpack(wrap(self.packed, self.source) if self.itself else self.packed)
        if not isinstance(found, Tensor):
            raise ArgumentError(
                f"saved_tensors_hooks: unpack_hook must return a tensor, got {type(found).__name__}; it is given what "
                "pack_hook returned"
            )
        if found.shape != self.shape or found.dtype != self.dtype:
            raise ShapeError(
                f"saved_tensors_hooks: pack_hook was given {shape_text(self.shape)} {self.dtype}, and unpack_hook "
                f"returned {shape_text(found.shape)} {found.dtype}; both must agree"
            )
        return found._value


class _Packed(tuple[Any, ...]):
    """What a node keeps, packed; whoever reads it, item by item, unpacks."""

    def __iter__(self) -> Iterator[Any]:
        for item in super().__iter__():
            yield item.array() if isinstance(item, _Item) else item


class _Saving(Watcher):
    """Packs what each op keeps."""

    def __init__(self, pack: Callable[[Tensor], Any], unpack: Callable[[Any], Any]) -> None:
        self.pack, self.unpack = pack, unpack

    def called(self, op: Op, operands: tuple[Any, ...], params: dict[str, Any], result: Any, began: int) -> None:
        """Put packed values in the place of those that the new node keeps."""
        node = getattr(result, "_node", None)
        if node is not None and node.op is op and node.kept is not None:
            node.kept = _Packed([self._packed(node, name, value) for name, value in zip(op.kept, node.kept)])

    def _packed(self, node: Node, name: str, value: Any) -> Any:
        if not isinstance(value, (np.ndarray, *ARRAYS)):
            return value
        op = node.op
        assert op is not None
        source = node.parents[op.inputs.index(name)] if name in op.inputs and not op.variadic else None
        given = wrap(value, node if name == "y" else source)
        before = writes.last_write(value)
        with unwatched(), no_grad():
            packed = self.pack(given)
        if given._value is not value or writes.last_write(value) != before:
            raise ArgumentError("saved_tensors_hooks: pack_hook wrote into the tensor that it was given; write a clone")
        return _Item(given, packed, self.unpack, source)


class _Disabled(Watcher):
    def __init__(self, message: str) -> None:
        self.message = message


class saved_tensors_hooks(Switch):
    """Inside, what ops keep for backward is what ``pack_hook`` makes of it; backward gives that to ``unpack_hook``.

    ``pack_hook(tensor)`` may return anything, such as the name of a file; ``unpack_hook`` of that returns the tensor.
    Of nested ones the innermost holds. A context manager and a decorator; backward may run outside. Backward raises
    ``ArgumentError`` or ``ShapeError`` where ``unpack_hook`` gives anything else.

    >>> import tinygrad_bp as tg
    >>> x = tg.tensor([1.0, 2.0], requires_grad=True)
    >>> kept = []
    >>> with tg.autograd.graph.saved_tensors_hooks(lambda t: kept.append(t.half()) or 0, lambda i: kept[i].float()):
    ...     y = x.exp()
    >>> y.sum().backward()
    >>> x.grad
    tensor([2.7188, 7.3906])
    """

    pack_hook: Callable[[Tensor], Any]
    unpack_hook: Callable[[Any], Any]

    def __init__(self, pack_hook: Callable[[Tensor], Any], unpack_hook: Callable[[Any], Any]) -> None:
        for name, hook in (("pack_hook", pack_hook), ("unpack_hook", unpack_hook)):
            if not callable(hook):
                raise ArgumentError(f"saved_tensors_hooks: {name} is a function, got {type(hook).__name__}")
        self.pack_hook, self.unpack_hook = pack_hook, unpack_hook
        super().__init__()

    def _fresh(self) -> Switch:
        return saved_tensors_hooks(self.pack_hook, self.unpack_hook)

    def _mode(self, before: Mode) -> Mode:
        for watcher in before.watchers:
            if isinstance(watcher, _Disabled):
                raise ArgumentError(watcher.message)
        others = tuple(watcher for watcher in before.watchers if not isinstance(watcher, _Saving))
        inside = Mode(before.grad, (*others, _Saving(self.pack_hook, self.unpack_hook)), before.inference)
        enter_every_op()
        return inside


class save_on_cpu(saved_tensors_hooks):
    """Accepted as PyTorch has it: everything is kept in the memory of the CPU.

    >>> import tinygrad_bp as tg
    >>> with tg.autograd.graph.save_on_cpu():
    ...     y = tg.ones(2, requires_grad=True).exp()
    """

    def __init__(self, pin_memory: bool = False, device_type: str = "cuda") -> None:
        super().__init__(_itself, _itself)

    def _fresh(self) -> Switch:
        return save_on_cpu()


def _itself(tensor: Tensor) -> Tensor:
    return tensor


class disable_saved_tensors_hooks(Switch):
    """Inside, ``saved_tensors_hooks`` raises ``ArgumentError`` with this message.

    >>> import tinygrad_bp as tg
    >>> with tg.autograd.graph.disable_saved_tensors_hooks("not here"), tg.autograd.graph.save_on_cpu():
    ...     pass
    Traceback (most recent call last):
    tinygrad_bp.autograd.errors.ArgumentError: not here
    """

    def __init__(self, error_message: str) -> None:
        self.error_message = error_message
        super().__init__()

    def _fresh(self) -> Switch:
        return disable_saved_tensors_hooks(self.error_message)

    def _mode(self, before: Mode) -> Mode:
        inside = Mode(before.grad, (*before.watchers, _Disabled(self.error_message)), before.inference)
        enter_every_op()
        return inside


def increment_version(tensor: Tensor | Iterable[Tensor]) -> None:
    """Count a write to the memory of a tensor, or of several: a backward that kept the old value is refused.

    For memory that was written without the engine's knowledge, through a NumPy array.

    >>> import tinygrad_bp as tg
    >>> x = tg.ones(2, requires_grad=True)
    >>> y = (x * x).sum()
    >>> tg.autograd.graph.increment_version(x)
    >>> y.backward()  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    tinygrad_bp.autograd.errors.ModifiedError: mul kept b (2,) for backward, and it was modified by an in-place operation since: the gradient would be wrong. Write it after backward(), or give the op a copy (t.clone())
      recorded by ...: y = (x * x).sum()
    """  # noqa: E501  (an error's text is one line)
    writes.wrote(*(t._value for t in ([tensor] if isinstance(tensor, Tensor) else tensor)))


if not _typing.TYPE_CHECKING:

    def __getattr__(name):
        from ..not_here import missing

        raise missing("autograd.graph", name)
