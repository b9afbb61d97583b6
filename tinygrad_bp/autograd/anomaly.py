"""Anomaly detection: where the first NaN or infinity was made, and which kept value changed behind the engine's back.

Off, it costs nothing: the generated functions hold ``forward`` and ``Node`` as free variables, and the first
``detect_anomaly`` puts watching ones there; the last to end puts the plain ones back.
"""

from __future__ import annotations

import linecache
import math
import os
import sys
import zlib
from _thread import allocate_lock  # the threading module takes a hundred times as long to import
from collections.abc import Callable
from contextlib import nullcontext
from operator import attrgetter
from typing import Any, NamedTuple

import numpy as np

from . import record, writes
from .errors import AnomalyError, ModifiedError, shape_text
from .modes import Mode, Switch, SwitchNow, mode
from .op import OPS, Op
from .record import Node
from .writes import arrays_in

# Frames in these files are not the user's.
_INSIDE = (
    os.path.dirname(os.path.dirname(__file__)) + os.sep, os.path.dirname(np.__file__) + os.sep, "<tinygrad_bp ",
    "<__array_function__",
)  # fmt: skip


class Line(NamedTuple):
    """A line of the user's program."""

    file: str
    number: int
    function: str

    def __str__(self) -> str:
        text = linecache.getline(self.file, self.number).strip()
        return f"{self.file}:{self.number}, in {self.function}" + (f": {text}" if text else "")


def user_line() -> Line:
    """The line outside the package that is running now."""
    frame = sys._getframe(1)
    while frame.f_code.co_filename.startswith(_INSIDE) and frame.f_back is not None:
        frame = frame.f_back
    return Line(frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_name)


# ---------------------------------------------------------------------- what is remembered


def _sum(array: Any) -> int:
    return zlib.crc32(array.tobytes())


class TracedNode(Node):
    """A node that knows the user's line and a checksum of every array that it keeps."""

    __slots__ = ("_kept", "line", "sums")

    line: Line
    sums: list[int]
    _kept: tuple[Any, ...] | None

    @property
    def kept(self) -> tuple[Any, ...] | None:
        """What the rules read; None once freed."""
        return self._kept

    @kept.setter
    def kept(self, values: tuple[Any, ...] | None) -> None:
        self._kept = values
        self.sums = [_sum(array) for array in arrays_in(values or ())]


class Moment(int):
    """The number of a write that knows the user's line."""

    line: Line


def _new_node() -> Node:
    if not mode().anomaly:
        return Node()
    node = TracedNode()
    node.line = user_line()
    return node


def _now() -> int:
    if not mode().anomaly:
        return writes.tick()
    moment = Moment(writes.tick())
    moment.line = user_line()
    return moment


def story(node: Node, write: int = 0) -> str:
    """The lines that recorded the node and made the write, where anomaly mode knows them: the end of a message."""
    parts = [f"\n  recorded by {node.line}"] if isinstance(node, TracedNode) else []
    if isinstance(write, Moment):
        parts.append(f"\n  written by {write.line}")
    return "".join(parts)


# ---------------------------------------------------------------------- what is checked


def _finite(value: Any) -> bool:
    kind = getattr(getattr(value, "dtype", None), "kind", "")
    if kind:
        return kind not in "fc" or bool(np.isfinite(value).all())
    if isinstance(value, (float, complex)):
        return math.isfinite(value.real) and math.isfinite(value.imag)
    if isinstance(value, (list, tuple)):
        return all(_finite(item) for item in value)
    return True


def _first_bad(value: Any) -> tuple[tuple[int, ...], str]:
    """The index of the first element that is not finite, and what it is."""
    index = tuple(int(i) for i in np.argwhere(~np.isfinite(value))[0]) if value.ndim else ()
    return index, "NaN" if np.isnan(value[index]) else "inf"


def quiet() -> Any:
    """Without NumPy's warnings where this mode says more than they do."""
    return np.errstate(all="ignore") if mode().check_nan else nullcontext()


def _at(array: Any, index: tuple[int, ...], shape: tuple[int, ...]) -> Any:
    return np.broadcast_to(array, shape)[index]


class unwatched(Switch):
    """Inside one op: what it makes on the way is its own affair."""

    def _mode(self, before: Mode) -> Mode:
        return Mode(before.grad, before.anomaly, False)


def _watching(op: Op) -> Callable[..., Any]:
    """The op's forward, which names the op where it makes the first value that is not finite."""
    forward = op.forward

    def watching(*given: Any) -> Any:
        if not mode().check_nan:
            return forward(*given)
        with unwatched(), np.errstate(all="ignore"):
            result = forward(*given)
            value = result[0] if op.residuals else result
            if not _finite(value) and _finite(given):
                raise AnomalyError(_forward_text(op, np.asarray(value), given))
        return result

    return watching


def _forward_text(op: Op, value: Any, given: tuple[Any, ...]) -> str:
    index, what = _first_bad(value)
    at = ""
    if op.kind == "elementwise":
        sides = (f"{name} is {_at(x, index, value.shape)}" for name, x in zip(op.inputs, given))
        at = f", where {' and '.join(sides)}"
    return (
        f"{op.name} made the first {what}: element {index} of its result {shape_text(value.shape)}{at}; all its inputs "
        f"are finite\n  at {user_line()}"
    )


def check_arrived(node: Node, g: Any) -> None:
    """Refuse a gradient that is not finite, though every rule so far gave a finite one."""
    assert node.op is not None
    _check_sum(g, f"arriving at {node.op.name}", story(node))


def check_pulled(node: Node, pulled: tuple[Any, ...]) -> None:
    """Refuse what the rules of ``node`` gave where it is not finite: the gradient arriving was."""
    op = node.op
    assert op is not None
    for i, (parent, d) in enumerate(zip(node.parents, pulled)):
        if parent is None or d is None or _finite(_raw(d)):
            continue
        index, what = _first_bad(_raw(d))
        name = op.inputs[i] if i < len(op.inputs) and not op.variadic else f"input {i}"
        who = f"{name} ({parent.name})" if parent.name else name
        raise AnomalyError(
            f"backward: the rule of {op.name} made the first {what}: element {index} of the gradient of {who} "
            f"{shape_text(d.shape)}; the gradient arriving is finite{story(node)}"
        )


def _check_sum(g: Any, where: str, end: str = "") -> None:
    if not _finite(_raw(g)):
        index, what = _first_bad(_raw(g))
        raise AnomalyError(
            f"backward: element {index} of the gradient {where} {shape_text(g.shape)} is {what}, though each rule "
            f"before gave finite ones: it was given so, or is a sum that overflowed{end}"
        )


def check_leaves(gradients: dict[Node, Any]) -> None:
    """Refuse the sums at the leaves that are not finite."""
    if mode().check_nan:
        for node, g in gradients.items():
            if node.op is None:
                _check_sum(g, f"of the leaf {node.name or ''}".rstrip())


def _raw(g: Any) -> Any:
    return getattr(g, "_value", g)


def check_kept(nodes: list[Node]) -> None:
    """Refuse kept values whose bytes changed, whoever wrote them."""
    for node in nodes:
        if isinstance(node, TracedNode):
            for array, total in zip(arrays_in(node.kept or ()), node.sums):
                if _sum(array) != total:
                    assert node.op is not None
                    raise ModifiedError(
                        f"{node.op.name} kept an array {shape_text(array.shape)} for backward, and its bytes were "
                        "changed since without the engine's knowledge, through a NumPy array that shares its memory: "
                        "the gradient would be wrong. Write it after backward(), or give the op a copy (t.clone())"
                        f"{story(node)}"
                    )


# ---------------------------------------------------------------------- on and off

_active = 0
_lock = allocate_lock()


def _put(function: Any, name: str, value: Any) -> None:
    names = function.__code__.co_freevars
    if name in names:
        function.__closure__[names.index(name)].cell_contents = value


def _count(change: int) -> None:
    """One more or one fewer detect_anomaly, in any thread: the first and the last change what the functions hold."""
    global _active
    with _lock:
        before, _active = _active, max(0, _active + change)
        if bool(before) == bool(_active):
            return
        record.new_node = _new_node if _active else Node
        record.forward_of = _watching if _active else attrgetter("forward")
        writes.now = _now if _active else writes.tick
        for op in OPS.values():
            _put(op.function, "forward", record.forward_of(op))
            _put(op.function, "Node", record.new_node)


class _AnomalySwitch(Switch):
    on = True
    check_nan: bool

    def _mode(self, before: Mode) -> Mode:
        return Mode(before.grad, self.on, self.on and self.check_nan)

    def _fresh(self) -> Switch:
        fresh = detect_anomaly(self.check_nan)
        fresh.on = self.on
        return fresh

    def _set(self, new: Mode) -> None:
        change = new.anomaly - mode().anomaly
        if change:
            _count(change)
        super()._set(new)


class detect_anomaly(_AnomalySwitch):
    """Find where the first NaN or infinity is made, and gradients that would be wrong: a mode for looking for a bug.

    In forward, the first op whose result is not finite while its inputs are finite raises ``AnomalyError``; in
    backward, the first rule whose gradient is not finite while the one arriving was. The error names the op, the
    element, and the line of your program. Every kept value has a checksum: backward raises ``ModifiedError`` where one
    was changed in any way, also through a NumPy array. Forward and backward must both run inside.
    A value that a later ``where`` hides counts too: its gradient would be 0 · inf, which is NaN.
    ``check_nan=False`` leaves NaN and infinity alone. A context manager and a decorator; a small network's step
    takes about four times as long.

    >>> import tinygrad_bp as tg
    >>> x = tg.tensor([1.0, 0.0], requires_grad=True)
    >>> with tg.autograd.detect_anomaly():
    ...     y = tg.log(x)
    Traceback (most recent call last):
    tinygrad_bp.autograd.errors.AnomalyError: log made the first inf: element (1,) of its result (2,), where x is 0.0; all its inputs are finite
      at <doctest tinygrad_bp.autograd.anomaly.detect_anomaly[2]>:2, in <module>: y = tg.log(x)
    """  # noqa: E501  (an error's text is one line)

    def __init__(self, check_nan: bool = True) -> None:
        self.check_nan = bool(check_nan)
        super().__init__()


class set_detect_anomaly(SwitchNow, _AnomalySwitch):
    """Switch anomaly detection on or off at once; as a context manager, only inside.

    >>> import tinygrad_bp as tg
    >>> _ = tg.autograd.set_detect_anomaly(True)
    >>> tg.autograd.is_anomaly_enabled()
    True
    >>> _ = tg.autograd.set_detect_anomaly(False)
    """

    def __init__(self, mode: bool, check_nan: bool = True) -> None:
        self.on, self.check_nan = bool(mode), bool(check_nan)
        super().__init__()


def is_anomaly_enabled() -> bool:
    """Whether anomaly detection is on, in this thread or task.

    >>> import tinygrad_bp as tg
    >>> tg.autograd.is_anomaly_enabled()
    False
    """
    return mode().anomaly
