"""The watched path: while anyone watches, ops run ``call`` in plain Python and tell the watchers; else their frames.

What an op's function runs before its first call is the same: its code hands the arguments to ``enter``, which either
puts the op's frame in its place or, while anyone watches, runs ``call`` and tells.
"""

from __future__ import annotations

from _thread import RLock  # the threading module takes a hundred times as long to import
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from time import perf_counter_ns
from typing import Any

import numpy as np

from .backward import Pull, pull_and_free, pulled, restored
from .batched import stands_for_many
from .call import call
from .definitions import spelled
from .elsewhere import ARRAYS
from .frames import GLOBALS, OF_ARRAYS, entry_code, frame_code, spelling
from .lines import first_are_known, which_lines
from .modes import Mode, Switch, mode, traced, watched
from .node import Node
from .op import ALIASES, OPS, Op
from .operands import check_alias, in_float32, of_arrays
from .out import write_out
from .tensor import Tensor, wrap
from .types import Array


class Watcher:
    """Who is told of every op, write and backward pass of this thread or task; a subclass does something with it."""

    quiet = False  # whether NumPy's own warnings are left out, because this watcher says more
    traces = False  # whether it follows values: then rules run on tensors, and what is written is computed by ops

    def given(self, op: Op, operands: tuple[Any, ...], params: dict[str, Any]) -> tuple[Any, ...]:
        """What ``op`` is called with in the place of these operands."""
        return operands

    def calling(self, op: Op, operands: tuple[Any, ...], params: dict[str, Any]) -> Any:
        """An op is going to read these; the result, where it need not be computed yet."""

    def computed(self, op: Op, operands: Any, params: dict[str, Any], values: Any, value: Any) -> None:
        """``op`` computed ``value`` of ``values``, which are the operands as arrays of one dtype, and numbers."""

    def called(self, op: Op, operands: tuple[Any, ...], params: dict[str, Any], result: Any, began: int) -> None:
        """An op was called at nanosecond ``began``; ``result`` is a Tensor, or an array where no operand was one."""

    def written(self, moment: int) -> int:
        """Memory changes now; the number that the write takes."""
        return moment

    def let_go(self) -> None:
        """A write asks now which tensors see a memory: one that lives only because this watcher holds it does not."""

    def writing(self, arrays: Sequence[Any]) -> None:
        """The memory under these arrays changes now."""

    def setting(self, array: Any, name: str, read: Callable[[], Any]) -> None:
        """``array`` has the number that ``read()`` gives, which may be another one the next time."""

    def on_failure(self, undo: Callable[[], Any]) -> None:
        """Python holds another thing than before, which ``undo()`` puts back where this run is taken back."""

    def assume(self, holds: Callable[[], bool], of_tensors: bool = False) -> None:
        """What is computed now is right another time only where ``holds()`` is true then."""

    def same(self, array: Any, of: Any) -> None:
        """``array`` is a copy of the array ``of``, or has its value from now on.

        It may be a piece of it, with which is done what is done with all pieces.
        """

    def read(self, x: Tensor, how: str) -> None:
        """A value leaves the tensors: ``how`` turns it into numbers of Python, or an array of NumPy.

        Without ``how`` a function computes with it, unseen.
        """

    def held(self, x: Tensor) -> None:
        """The array in the tensor ``x`` goes on without it, to an op or another tensor, or is written."""

    def put_off(self, rule: Callable[..., None], tensors: Sequence[Tensor], pieces: Sequence[Any]) -> bool:
        """Whether a rule, which writes, may wait with all pieces of these tensors' arrays but the first of each.

        It is called with one piece of every array; who says that it may wait calls it later.
        """
        return False

    def happened(self, what: str) -> None:
        """Something happens now that is no op."""

    def made(self, x: Tensor) -> None:
        """The tensor ``x`` was made now, of numbers."""

    def shaped(self, x: Array) -> None:
        """The shape of a result depends on the values of ``x``."""

    def forgot(self, x: Tensor) -> None:
        """``x.grad`` is None from now on, or what is assigned to it."""

    def asked(self, x: Tensor) -> None:
        """Python looks at ``x.grad``, and may look whether it is None."""

    def told(self, text: str) -> None:
        """``text``, which is going to be printed or kept, has values of a tensor in it."""

    def laid(self, how: Callable[[Any], Any]) -> None:
        """Python asks by ``how``, a function of a tensor, in which way some tensor lies in memory."""

    def before_backward(self, nodes: list[Node]) -> None:
        """What these nodes kept is going to be read."""

    def pulling(self, pull: Pull) -> Pull:
        """The pull of one node, watched."""
        return pull

    def after_backward(self, gradients: dict[Node, Any]) -> None:
        """The complete gradients of the leaves, before they are added to any ``.grad``."""


def array_of(x: Any) -> Any:
    """The array in a tensor; anything else as it is. A watcher looks, and is nobody to whom memory is handed out."""
    return x._value if isinstance(x, Tensor) else x


def witnessed(x: Any) -> Any:
    """What a watcher may hold of ``x``: in the place of a recorded result another tensor of its value and history.

    Of a result that is held itself a later write would think that it is still in use.
    """
    if isinstance(x, Tensor) and x._node is not None and x._node.op is not None and not stands_for_many(x):
        return wrap(x._value, x._node)
    return x


def enter(op: Op, given: dict[str, Any]) -> Any:
    """Call ``op`` with arguments by name, watched or through its frame."""
    if not watched:
        _put_frame(op)
        return op.function(**{name: given[name] for names in spelling(op) for name in names})
    operands = tuple(given[name] for name in spelled(op))
    params = {name: _param(op, name, given) for name in op.params}
    numpys = {name: given[name] for name in OF_ARRAYS.get(op.name, ()) if given[name] is not None}
    if numpys:
        return of_arrays(op, operands, params, {**numpys, "out": given["out"]})
    if given.get("out") is not None:
        return write_out(op.function, given["out"], operands, params)
    watchers = mode().watchers
    if not watchers or _batched(op, operands):  # another thread watches, or the calls that a batching rule makes
        return call(op, operands, params)
    for watcher in watchers:
        operands = watcher.given(op, operands, params)
    if op.wide:
        rounded = in_float32(op.function, operands, params)
        if rounded is not None:  # the calls of which it is made were watched
            return rounded

    def saw(values: Any, value: Any) -> None:
        for watcher in watchers:
            watcher.computed(op, operands, params, values, value)

    for watcher in watchers:
        later = watcher.calling(op, operands, params)
        if later is not None:
            return later
    with unwatched(), quietly(watchers):
        began = perf_counter_ns()
        result = call(op, operands, _arrays_in(params), saw)  # a node keeps arrays
    for watcher in watchers:
        watcher.called(op, operands, params, result, began)
    return result


def _arrays_in(item: Any) -> Any:
    """A parameter with arrays in the place of the tensors that rules give while they are followed."""
    if item.__class__ is dict:
        return {name: _arrays_in(part) for name, part in item.items()}
    if item.__class__ is tuple or item.__class__ is list:
        return item.__class__([_arrays_in(part) for part in item])
    return item if stands_for_many(item) else array_of(item)


def _batched(op: Op, operands: tuple[Any, ...]) -> bool:
    items = operands[0] if op.variadic and isinstance(operands[0], (list, tuple)) else operands
    return any([stands_for_many(item) for item in items])


def _param(op: Op, name: str, given: dict[str, Any]) -> Any:
    alias = ALIASES.get(name, "")
    value = given.get(alias)
    return given[name] if value is None else check_alias(op, name, given[name], alias, value)


def quietly(watchers: tuple[Watcher, ...]) -> AbstractContextManager[Any]:
    """Without NumPy's warnings where a watcher says more than they do."""
    return np.errstate(all="ignore") if any(watcher.quiet for watcher in watchers) else nullcontext()


class unwatched(Switch):
    """Inside one op: what it makes on the way is its own affair."""

    def _mode(self, before: Mode) -> Mode:
        return Mode(before.grad, inference=before.inference)


def pull_traced(node: Node, g: Any) -> tuple[Any, ...]:
    """The gradients of the parents as Tensors, for someone who follows values, or of a batch; nothing is recorded."""
    if node.kept is None:
        return pull_and_free(node, g)
    return pulled(node, g, restored(node, tensors_of) if traced() else tuple(tensors_of(list(node.kept))))


def tensors_of(kept: Any) -> Any:
    """Arrays that were kept, as Tensors; anything else as it is."""
    if isinstance(kept, np.ndarray) or kept.__class__ in ARRAYS:
        return wrap(kept, None)
    return [tensors_of(item) for item in kept] if kept.__class__ is list else kept


# ---------------------------------------------------------------------- on and off

_lock = RLock()


def _put_frame(op: Op) -> None:
    lines = which_lines()
    code = frame_code(op, lines)
    with _lock:
        if not watched and lines == which_lines():  # else the call enters above again
            op.function.__code__ = code


def enter_every_op() -> None:
    """Have every op's function enter above again, for a mode with watchers that was made."""
    with _lock:
        for op in list(OPS.values()):  # another thread may define one meanwhile, which enters above by itself
            op.function.__code__ = entry_code(op)


def enough() -> None:
    """The first ops of the process know their lines; from now on those alone that are asked to."""
    first_are_known()
    enter_every_op()


GLOBALS["enough"] = enough  # frames call it, and it puts others in their place


class Following(Switch):
    """Inside, ``watcher`` is told of everything."""

    def __init__(self, watcher: Watcher) -> None:
        self.watcher = watcher
        super().__init__()

    def _mode(self, before: Mode) -> Mode:
        inside = Mode(before.grad, (*before.watchers, self.watcher), before.inference)
        enter_every_op()
        return inside
