"""The mode in which every op knows the line that called it."""

from __future__ import annotations

from types import TracebackType

from . import lines
from .modes import Mode, Switch
from .watch import enter_every_op


class record_lines(Switch):
    """Inside, every recorded op remembers the line of your program that called it.

    Drawings, replays, explanations and errors in backward name these lines. The first 100,000 ops that a process
    records know theirs anyway; later ones only inside, in every thread, where each takes longer: by a fifth of a
    microsecond, inside a model of modules by one or two. A context manager and a decorator.

    >>> import tinygrad_bp as tg
    >>> x = tg.tensor([1.0, 2.0], requires_grad=True)
    >>> with tg.autograd.record_lines():
    ...     y = x * x
    >>> tg.replay(y.sum()).forward[0].source.text
    'y = x * x'
    """

    def _mode(self, before: Mode) -> Mode:
        return before

    def __enter__(self) -> None:
        super().__enter__()
        before = lines.which_lines()
        lines.asked.append(self)
        if lines.which_lines() != before:
            enter_every_op()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        before = lines.which_lines()
        lines.asked.remove(self)
        if lines.which_lines() != before:
            enter_every_op()
        super().__exit__(kind, error, trace)
