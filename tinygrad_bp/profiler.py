"""Where the time goes: every op and every pull of backward that runs inside ``profile``, by the clock on the wall.

PyTorch's ``torch.profiler`` and ``torch.autograd.profiler`` in one. It stands on the watched path, so it costs nothing
while it is off; on, it adds some microseconds to an op.
"""

from __future__ import annotations

import enum
import functools
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from threading import get_ident
from time import perf_counter_ns
from types import TracebackType
from typing import TYPE_CHECKING, Any, NamedTuple, Self, TypeVar

from .autograd.backward import Pull
from .autograd.errors import ArgumentError
from .autograd.modes import mode
from .autograd.node import Node
from .autograd.op import Op
from .autograd.watch import Following, Watcher

__all__ = ["ProfilerAction", "ProfilerActivity", "profile", "record_function", "schedule", "supported_activities"]

F = TypeVar("F", bound=Callable[..., Any])
_TIMES = ("cpu_time_total", "self_cpu_time_total", "cpu_time", "count")


class ProfilerActivity(enum.Enum):
    """What may be measured; ops run on the CPU, so the others have no time.

    >>> import tinygrad_bp as tg
    >>> with tg.profiler.profile(activities=[tg.profiler.ProfilerActivity.CPU]) as p:
    ...     y = tg.ones(2) * 3
    >>> p.key_averages()[0].key
    'mul'
    """

    CPU = 0
    CUDA = 1
    XPU = 2


class ProfilerAction(enum.Enum):
    """What a ``schedule`` says of a step.

    >>> import tinygrad_bp as tg
    >>> tg.profiler.schedule(wait=0, warmup=1, active=1)(0)
    <ProfilerAction.WARMUP: 1>
    """

    NONE = 0
    WARMUP = 1
    RECORD = 2
    RECORD_AND_SAVE = 3


_RECORDING = (ProfilerAction.RECORD, ProfilerAction.RECORD_AND_SAVE)


def supported_activities() -> set[ProfilerActivity]:
    """What is measured: the CPU.

    >>> supported_activities()
    {<ProfilerActivity.CPU: 0>}
    """
    return {ProfilerActivity.CPU}


def schedule(
    *, wait: int, warmup: int, active: int, repeat: int = 0, skip_first: int = 0, skip_first_wait: int = 0
) -> Callable[[int], ProfilerAction]:
    """What ``profile`` does in each step: after ``skip_first`` steps rounds of waiting, warming up and recording.

    ``repeat`` is the number of rounds, 0 for no end; with ``skip_first_wait`` the first round does not wait.

    >>> plan = schedule(wait=1, warmup=0, active=2, repeat=1)
    >>> [plan(step).name for step in range(4)]
    ['NONE', 'RECORD', 'RECORD_AND_SAVE', 'NONE']
    """
    if active <= 0 or min(wait, warmup, repeat, skip_first) < 0:
        raise ArgumentError(
            f"schedule: active is at least 1 and the others at least 0; got wait={wait}, warmup={warmup}, "
            f"active={active}, repeat={repeat}, skip_first={skip_first}"
        )

    def plan(step: int) -> ProfilerAction:
        step -= skip_first
        if step < 0:
            return ProfilerAction.NONE
        rounds, at = divmod(step + (wait if skip_first_wait else 0), wait + warmup + active)
        if (repeat and rounds >= repeat) or at < wait:
            return ProfilerAction.NONE
        if at < wait + warmup:
            return ProfilerAction.WARMUP
        return ProfilerAction.RECORD if at < wait + warmup + active - 1 else ProfilerAction.RECORD_AND_SAVE

    return plan


# ---------------------------------------------------------------------- what is measured


class Event(NamedTuple):
    """One call: its name, its first and last nanosecond, its thread, and the shapes of its operands."""

    name: str
    began: int
    ended: int
    thread: int
    input_shapes: tuple[tuple[int, ...], ...] = ()


class _Clock(Watcher):
    def __init__(self, shapes: bool) -> None:
        self.shapes = shapes
        self.recording = True
        self.events: list[Event] = []

    def add(self, name: str, began: int, shapes: tuple[tuple[int, ...], ...] = ()) -> None:
        if self.recording:
            self.events.append(Event(name, began, perf_counter_ns(), get_ident(), shapes))

    def called(self, op: Op, operands: tuple[Any, ...], params: dict[str, Any], result: Any, began: int) -> None:
        given = operands[0] if op.variadic else operands
        self.add(op.name, began, tuple([tuple(getattr(x, "shape", ())) for x in given]) if self.shapes else ())

    def pulling(self, pull: Pull) -> Pull:
        def timed(node: Node, g: Any) -> Any:
            name, began = node.name(), perf_counter_ns()
            pulled = pull(node, g)
            self.add(name, began)
            return pulled

        return timed


class record_function:
    """A block of your program that has its own line in the profile; also a decorator.

    >>> import tinygrad_bp as tg
    >>> with tg.profiler.profile() as p:
    ...     with tg.profiler.record_function("forward"):
    ...         y = tg.ones(2) * 3
    >>> [(line.key, line.count) for line in p.key_averages()]
    [('forward', 1), ('mul', 1)]
    """

    name: str
    args: str | None

    def __init__(self, name: str, args: str | None = None) -> None:
        self.name, self.args = name, args
        self._began: list[int] = []

    def __enter__(self) -> Self:
        self._began.append(perf_counter_ns())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        began = self._began.pop()
        for watcher in mode().watchers:
            if isinstance(watcher, _Clock):
                watcher.add(self.name, began)

    def __call__(self, function: F) -> F:
        """As a decorator: every call of ``function`` is a block."""

        @functools.wraps(function)
        def measured(*args: Any, **kwargs: Any) -> Any:
            with record_function(self.name):
                return function(*args, **kwargs)

        return measured  # type: ignore[return-value]


# ---------------------------------------------------------------------- what is told


class Average:
    """All calls of one name: how many, and their microseconds; ``self_`` is without the calls inside them."""

    key: str
    count: int
    cpu_time_total: float
    self_cpu_time_total: float
    input_shapes: tuple[tuple[int, ...], ...]

    def __init__(self, key: str, input_shapes: tuple[tuple[int, ...], ...] = ()) -> None:
        self.key, self.input_shapes = key, input_shapes
        self.count, self.cpu_time_total, self.self_cpu_time_total = 0, 0.0, 0.0

    def _add(self, count: int, total: float, alone: float) -> None:
        self.count += count
        self.cpu_time_total += total
        self.self_cpu_time_total += alone

    @property
    def cpu_time(self) -> float:
        """The microseconds of one call."""
        return self.cpu_time_total / self.count if self.count else 0.0

    def __repr__(self) -> str:
        times = f"self_cpu_time={_time(self.self_cpu_time_total)} cpu_time={_time(self.cpu_time)}"
        return f"<{self.key} count={self.count} {times}>"


def _time(us: float) -> str:
    unit, size = ("s", 1e6) if us >= 1e6 else ("ms", 1e3) if us >= 1e3 else ("us", 1.0)
    return f"{us / size:.3f}{unit}"


class Averages(list[Average]):
    """The lines of a profile, one a name, in the order in which the names began."""

    def total_average(self) -> Average:
        """The sum of all lines."""
        total = Average("Total")
        for line in self:
            total._add(line.count, line.cpu_time_total, line.self_cpu_time_total)
        return total

    def table(
        self,
        sort_by: str | None = None,
        row_limit: int = 100,
        max_src_column_width: int = 75,
        max_name_column_width: int = 55,
        max_shapes_column_width: int = 80,
        header: str | None = None,
        top_level_events_only: bool = False,
    ) -> str:
        """The lines as text, the largest ``sort_by`` first, at most ``row_limit`` of them (-1: all).

        ``sort_by`` is ``cpu_time_total``, ``self_cpu_time_total``, ``cpu_time`` or ``count``; raises ``ArgumentError``
        for others, which are not measured.
        """
        if sort_by is not None and sort_by not in _TIMES:
            raise ArgumentError(f"table: sort_by={sort_by!r} is not measured; sort by one of {', '.join(_TIMES)}")
        lines = sorted(self, key=lambda line: -getattr(line, sort_by)) if sort_by else list(self)
        whole = sum(line.self_cpu_time_total for line in self)
        shaped = any(line.input_shapes for line in self)
        rows = [("Name", "Self CPU %", "Self CPU", "CPU total %", "CPU total", "CPU time avg", "# of Calls")]
        shapes = ["Input Shapes"]
        for line in lines if row_limit < 0 else lines[:row_limit]:
            alone, total = line.self_cpu_time_total, line.cpu_time_total
            part = [f"{100 * us / whole:.2f}%" if whole else "0.00%" for us in (alone, total)]
            name = line.key if len(line.key) <= max_name_column_width else f"{line.key[: max_name_column_width - 3]}..."
            rows.append((name, part[0], _time(alone), part[1], _time(total), _time(line.cpu_time), str(line.count)))
            shapes.append(str([list(shape) for shape in line.input_shapes])[:max_shapes_column_width])
        if shaped:
            rows = [(*row, text) for row, text in zip(rows, shapes)]  # type: ignore[misc]
        widths = [max(map(len, column)) for column in zip(*rows)]
        rule = "  ".join("-" * width for width in widths)
        text = ["  ".join(cell.rjust(width) for cell, width in zip(row, widths)) for row in rows]
        top = [header] if header else []
        return "\n".join([*top, rule, text[0], rule, *text[1:], rule, f"Self CPU time total: {_time(whole)}", ""])

    def __str__(self) -> str:
        return self.table()


def _averages(events: list[Event], by_shape: bool) -> Averages:
    found: dict[Any, Average] = {}
    open_now: list[tuple[Event, Average]] = []
    # An event that lies in another of its thread is a part of it.
    for event in sorted(events, key=lambda e: (e.thread, e.began, -e.ended)):
        key = (event.name, event.input_shapes) if by_shape else event.name
        line = found.setdefault(key, Average(event.name, event.input_shapes if by_shape else ()))
        us = (event.ended - event.began) / 1e3
        while open_now and (open_now[-1][0].thread != event.thread or open_now[-1][0].ended < event.ended):
            open_now.pop()
        if open_now:
            open_now[-1][1]._add(0, 0.0, -us)
        line._add(1, us, us)
        open_now.append((event, line))
    return Averages(found.values())


class profile:
    """Measure every op, pull of backward and ``record_function`` block inside, of this thread or task.

    ``activities`` and ``use_cpu`` say whether the CPU is measured; ``record_shapes`` keeps the shapes of operands for
    ``key_averages(group_by_input_shape=True)``. With a ``schedule``, ``step()`` ends a step, and ``on_trace_ready(p)``
    is called at the end of each round. ``settings`` are PyTorch's for what is not measured here: other devices, memory,
    stacks. A profile is asked when its block has ended.

    >>> import tinygrad_bp as tg
    >>> w = tg.tensor([1.0, 2.0], requires_grad=True)
    >>> with tg.autograd.profiler.profile() as p:
    ...     (w * w).sum().backward()
    >>> [(line.key, line.count) for line in p.key_averages()]
    [('mul', 1), ('sum', 1), ('SumBackward0', 1), ('MulBackward0', 1)]
    >>> print(p.key_averages().table(sort_by="cpu_time_total", row_limit=10))  # doctest: +ELLIPSIS
    ------------  ...
    """

    step_num: int

    def __init__(
        self,
        enabled: bool = True,
        *,
        activities: Iterable[ProfilerActivity] | None = None,
        schedule: Callable[[int], ProfilerAction] | None = None,
        on_trace_ready: Callable[[profile], object] | None = None,
        record_shapes: bool = False,
        use_cpu: bool = True,
        **settings: object,
    ) -> None:
        self.step_num = 0
        self._enabled = enabled and use_cpu and (activities is None or ProfilerActivity.CPU in set(activities))
        self._schedule, self._on_trace_ready = schedule, on_trace_ready
        self._clock = _Clock(record_shapes)
        self._switch = Following(self._clock)
        self._action = ProfilerAction.RECORD_AND_SAVE

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Begin to measure, as the block does."""
        self._plan()
        if self._enabled:
            self._switch.__enter__()

    def stop(self) -> None:
        """Measure no more."""
        if self._enabled:
            self._switch.__exit__(None, None, None)
        if self._action in _RECORDING:
            self._ready()

    def step(self) -> None:
        """The next step of the schedule begins."""
        self.step_num += 1
        if self._schedule is None:
            return
        before = self._action
        if before is ProfilerAction.RECORD_AND_SAVE:
            self._ready()
        self._plan()
        if before is not ProfilerAction.RECORD and self._action in _RECORDING:
            self._clock.events.clear()  # a round of its own

    def _plan(self) -> None:
        if self._schedule is not None:
            self._action = self._schedule(self.step_num)
            self._clock.recording = self._action in _RECORDING

    def _ready(self) -> None:
        if self._on_trace_ready is not None:
            self._on_trace_ready(self)

    def events(self) -> list[Event]:
        """Every call that was measured, in the order in which they ended."""
        return list(self._clock.events)

    def key_averages(self, group_by_input_shape: bool = False) -> Averages:
        """One line a name; a name and the shapes of its operands with ``group_by_input_shape``."""
        return _averages(self._clock.events, group_by_input_shape)

    def total_average(self) -> Average:
        """The sum of all lines."""
        return self.key_averages().total_average()

    def table(self, sort_by: str | None = None, row_limit: int = 100) -> str:
        """The lines as text; see ``Averages.table``."""
        return self.key_averages().table(sort_by, row_limit)

    def export_chrome_trace(self, path: str | Path) -> None:
        """Write the events as a JSON file that Chrome's ``chrome://tracing`` shows."""
        events = [
            {
                "name": e.name,
                "ph": "X",
                "ts": e.began / 1e3,
                "dur": (e.ended - e.began) / 1e3,
                "pid": 0,
                "tid": e.thread,
            }
            for e in self._clock.events
        ]
        Path(path).write_text(json.dumps({"traceEvents": events}), encoding="utf-8")

    def __str__(self) -> str:
        return self.table()


if not TYPE_CHECKING:

    def __getattr__(name):
        from .not_here import missing

        raise missing("profiler", name)
