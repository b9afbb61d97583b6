"""Anomaly detection: where the first NaN or infinity was made, and which kept value changed behind the engine's back.

A watcher of the one watched path: off, it costs nothing.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from .backward import Pull
from .batched import whole
from .elsewhere import boxed
from .errors import AnomalyError, ModifiedError, shape_text
from .lines import Line, line_of, mark, user_line
from .modes import Mode, Switch, SwitchNow, mode
from .node import Node
from .op import Op
from .watch import Watcher, array_of, enter_every_op
from .writes import arrays_in

# ---------------------------------------------------------------------- what is remembered


class Moment(int):
    """The number of a write that knows the user's line."""

    line: Line


def _sums(node: Node) -> list[int]:
    return [zlib.crc32(array.tobytes()) for array in arrays_in(node.kept or ())]


def story(node: Node, write: int = 0) -> str:
    """The lines that recorded the node and made the write, where anomaly mode knows them: the end of a message."""
    line = line_of(node)
    parts = [f"\n  recorded by {line}"] if line is not None else []
    if isinstance(write, Moment):
        parts.append(f"\n  written by {write.line}")
    return "".join(parts)


# ---------------------------------------------------------------------- what is checked


def _finite(value: Any) -> bool:
    value = array_of(value)
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


def _at(array: Any, index: tuple[int, ...], shape: tuple[int, ...]) -> Any:
    return np.broadcast_to(array, shape)[index]


class Anomaly(Watcher):
    """Looks for what is not finite and for kept values that change."""

    quiet: bool

    def __init__(self, check_nan: bool) -> None:
        self.check_nan = self.quiet = check_nan

    def called(self, op: Op, operands: tuple[Any, ...], params: dict[str, Any], result: Any, began: int) -> None:
        """Refuse a first value that is not finite; remember what the node kept, and whose line it was."""
        if self.check_nan and not _finite(result):
            given = tuple([array_of(x) for x in (operands[0] if op.variadic else operands)])
            if _finite(given):
                raise AnomalyError(_forward_text(op, boxed(array_of(result)), given))
        node = getattr(result, "_node", None)
        if node is not None and node.op is op:
            mark(node)
            result._own_cell().sums = _sums(node)

    def written(self, moment: int) -> int:
        """The number of a write, with the user's line."""
        known = Moment(moment)
        known.line = user_line()
        return known

    def before_backward(self, nodes: list[Node]) -> None:
        """Refuse kept values whose bytes changed, whoever wrote them."""
        for node in nodes:
            sums = node.cell.sums if node.cell is not None else None
            if sums is None or node.kept is None:
                continue
            for array, now, then in zip(arrays_in(node.kept), _sums(node), sums):
                if now != then:
                    assert node.op is not None
                    raise ModifiedError(
                        f"{node.op.name} kept an array {shape_text(array.shape)} for backward, and its bytes were "
                        "changed since without the engine's knowledge, through a NumPy array that shares its memory: "
                        "the gradient would be wrong. Write it after backward(), or give the op a copy (t.clone())"
                        f"{story(node)}"
                    )

    def pulling(self, pull: Pull) -> Pull:
        """Refuse a gradient that is not finite, naming the rule that made it."""
        if not self.check_nan:
            return pull

        def checked(node: Node, g: Any) -> Any:
            _check_sum(g, f"arriving at {node.op.name}", story(node))  # type: ignore[union-attr]
            with _Watched(Anomaly(False), instead=self):  # what a rule makes on the way is its own affair
                pulled = pull(node, g)
            _check_pulled(node, pulled)
            return pulled

        return checked

    def after_backward(self, gradients: dict[Node, Any]) -> None:
        """Refuse the sums at the leaves that are not finite."""
        if self.check_nan:
            for node, g in gradients.items():
                if node.op is None:
                    _check_sum(g, f"of the leaf {node.tensor_name or ''}".rstrip())


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


def _check_pulled(node: Node, pulled: Sequence[Any]) -> None:
    """Refuse what the rules of ``node`` gave where it is not finite: the gradient arriving was."""
    op = node.op
    assert op is not None
    for i, (parent, d) in enumerate(zip(node.parents, pulled)):
        if parent is None or d is None or _finite(whole(d)):
            continue
        index, what = _first_bad(array_of(whole(d)))
        name = op.inputs[i] if i < len(op.inputs) and not op.variadic else f"input {i}"
        who = f"{name} ({parent.tensor_name})" if parent.tensor_name else name
        raise AnomalyError(
            f"backward: the rule of {op.name} made the first {what}: element {index} of the gradient of {who} "
            f"{shape_text(d.shape)}; the gradient arriving is finite{story(node)}"
        )


def _check_sum(g: Any, where: str, end: str = "") -> None:
    if not _finite(whole(g)):
        index, what = _first_bad(array_of(whole(g)))
        raise AnomalyError(
            f"backward: element {index} of the gradient {where} {shape_text(g.shape)} is {what}, though each rule "
            f"before gave finite ones: it was given so, or is a sum that overflowed{end}"
        )


# ---------------------------------------------------------------------- on and off


class _Watched(Switch):
    """Inside, ``watcher`` is told, in the place of ``instead``."""

    def __init__(self, watcher: Watcher, instead: Watcher) -> None:
        self.watcher, self.instead = watcher, instead
        super().__init__()

    def _mode(self, before: Mode) -> Mode:
        watchers = tuple(self.watcher if w is self.instead else w for w in before.watchers)
        return Mode(before.grad, watchers, before.inference)


class _AnomalySwitch(Switch):
    on = True
    check_nan: bool

    def _mode(self, before: Mode) -> Mode:
        others = tuple(watcher for watcher in before.watchers if not isinstance(watcher, Anomaly))
        if not self.on:
            return Mode(before.grad, others, before.inference)
        inside = Mode(before.grad, (*others, Anomaly(self.check_nan)), before.inference)
        enter_every_op()
        return inside

    def _fresh(self) -> Switch:
        fresh = detect_anomaly(self.check_nan)
        fresh.on = self.on
        return fresh


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

    check_nan: bool

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

    on: bool
    check_nan: bool

    def __init__(self, mode: bool, check_nan: bool = True) -> None:
        self.on, self.check_nan = bool(mode), bool(check_nan)
        super().__init__()


def is_anomaly_enabled() -> bool:
    """Whether anomaly detection is on, in this thread or task.

    >>> import tinygrad_bp as tg
    >>> tg.autograd.is_anomaly_enabled()
    False
    """
    return any(isinstance(watcher, Anomaly) for watcher in mode().watchers)
