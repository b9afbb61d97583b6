"""Whether ops record, and who watches: one context-local object, so threads and tasks do not disturb each other."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from contextvars import ContextVar
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar, overload
from weakref import WeakSet

from .errors import ArgumentError

if TYPE_CHECKING:
    from .tensor import Tensor
    from .types import Array
    from .watch import Watcher

F = TypeVar("F", bound=Callable[..., Any])


class Mode:
    """What the running thread or task is doing. Never changed: switching sets another one."""

    inference: bool
    grad: bool
    watchers: tuple[Watcher, ...]

    __slots__ = ("__weakref__", "grad", "inference", "watchers")

    def __init__(self, grad: bool = True, watchers: tuple[Watcher, ...] = (), inference: bool = False) -> None:
        self.grad = grad
        self.watchers = watchers  # who is told of every op
        self.inference = inference  # nothing inside can switch ``grad`` on
        if watchers:
            watched.add(self)


# The modes with watchers in which some thread or task is, or will be: a task begins in the mode of its maker, and runs
# when that may have ended.
watched: WeakSet[Mode] = WeakSet()

_MODE: ContextVar[Mode] = ContextVar("tinygrad_bp.mode", default=Mode())  # noqa: B039  (never changed)
mode: Callable[[], Mode] = _MODE.get


def traced() -> bool:
    """Whether someone follows values: then rules run on tensors, and what is written is computed by ops."""
    watchers = mode().watchers
    return bool(watchers) and any([watcher.traces for watcher in watchers])


def same(array: Any, of: Any) -> None:
    """Tell that ``array`` is a copy of the array ``of``, or has its value from now on."""
    for watcher in mode().watchers:
        watcher.same(array, of)


def forgetting(x: Any) -> None:
    """Tell that the gradient of the tensor ``x`` is None from now on, or what is assigned to it."""
    for watcher in mode().watchers:
        watcher.forgot(x)


def asking(x: Any) -> None:
    """Tell that Python looks at the gradient of the tensor ``x``, and may look whether there is one."""
    for watcher in mode().watchers:
        watcher.asked(x)


def laying(how: Callable[[Any], Any]) -> None:
    """Tell that Python asks by the function ``how`` in which way some tensor lies in memory."""
    for watcher in mode().watchers:
        watcher.laid(how)


def telling(text: str) -> None:
    """Tell of a text that has values of a tensor in it."""
    for watcher in mode().watchers:
        watcher.told(text)


def setting(array: Any, name: str, read: Callable[[], Any]) -> None:
    """Tell that ``array`` has the number that ``read()`` gives, which may be another one the next time."""
    for watcher in mode().watchers:
        watcher.setting(array, name, read)


def on_failure(undo: Callable[[], Any]) -> None:
    """Tell that Python holds another thing than before, which ``undo()`` puts back where this run is taken back."""
    for watcher in mode().watchers:
        watcher.on_failure(undo)


def assume(holds: Callable[[], bool], of_tensors: bool = False) -> None:
    """Tell that what is computed now is right another time only where ``holds()`` is true then.

    ``of_tensors``: it looks at values of tensors alone, which change where the clock of writes moves.
    """
    for watcher in mode().watchers:
        watcher.assume(holds, of_tensors)


def reading(x: Any, how: str = "") -> None:
    """Tell that values leave the tensor ``x``, by what the user wrote; without ``how``: by a function that computes."""
    for watcher in mode().watchers:
        watcher.read(x, how)


def holding(x: Tensor) -> None:
    """Tell that the array in the tensor ``x`` goes on without it, to an op or another tensor, or is written."""
    for watcher in mode().watchers:
        watcher.held(x)


def happening(what: str) -> None:
    """Tell of what happens now, and is no op: setting a random stream."""
    for watcher in mode().watchers:
        watcher.happened(what)


def making(x: Tensor) -> None:
    """Tell that the tensor ``x`` was made now, of numbers: every run makes it again."""
    for watcher in mode().watchers:
        watcher.made(x)


def shaping(x: Array) -> None:
    """Tell that the shape of a result depends on the values of ``x``."""
    for watcher in mode().watchers:
        watcher.shaped(x)


class Switch:
    """A context manager and a decorator (of functions, generators and coroutines) that sets another ``Mode``."""

    def __init__(self) -> None:
        self._before: list[Mode] = []

    def _fresh(self) -> Switch:
        return type(self)()

    def _mode(self, before: Mode) -> Mode:
        """What holds inside, where ``before`` holds outside."""
        raise NotImplementedError

    def __enter__(self) -> None:
        before = mode()
        self._before.append(before)
        _MODE.set(self._mode(before))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _MODE.set(self._before.pop())

    def __call__(self, function: F) -> F:
        """As a decorator: the mode holds in every call of ``function``."""
        # Every call enters a manager of its own: one decorated function may run in many threads at once.
        wrapper: Any
        if inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def wrapper(*args: Any, **kwargs: Any) -> Any:
                with self._fresh():
                    return await function(*args, **kwargs)

        elif inspect.isasyncgenfunction(function):

            @functools.wraps(function)
            async def wrapper(*args: Any, **kwargs: Any) -> Any:
                generator = function(*args, **kwargs)
                resume, value = generator.asend, None
                while True:
                    try:
                        with self._fresh():
                            item = await resume(value)
                    except StopAsyncIteration:
                        return
                    try:
                        value = yield item
                        resume = generator.asend
                    except GeneratorExit:
                        with self._fresh():
                            await generator.aclose()
                        raise
                    except BaseException as error:
                        resume, value = generator.athrow, error

        elif inspect.isgeneratorfunction(function):

            @functools.wraps(function)
            def wrapper(*args: Any, **kwargs: Any) -> Any:
                # The mode holds inside the generator only, never in the caller between two items.
                generator = function(*args, **kwargs)
                resume, value = generator.send, None
                while True:
                    try:
                        with self._fresh():
                            item = resume(value)
                    except StopIteration as stop:
                        return stop.value
                    try:
                        value = yield item
                        resume = generator.send
                    except GeneratorExit:
                        with self._fresh():
                            generator.close()
                        raise
                    except BaseException as error:
                        resume, value = generator.throw, error

        else:

            @functools.wraps(function)
            def wrapper(*args: Any, **kwargs: Any) -> Any:
                with self._fresh():
                    return function(*args, **kwargs)

        return wrapper  # type: ignore[no-any-return]


class SwitchNow(Switch):
    """A switch whose constructor switches already; as a context manager, only inside."""

    def __init__(self) -> None:
        super().__init__()
        self._outside: Mode | None = mode()
        _MODE.set(self._mode(self._outside))

    def __enter__(self) -> None:
        # What to go back to is what the constructor found.
        before = mode() if self._outside is None else self._outside
        self._before.append(before)
        self._outside = None
        _MODE.set(self._mode(before))

    def __call__(self, function: F) -> F:
        """As a decorator: the switch belongs to the calls, not to the place of the decoration."""
        if self._outside is not None:
            _MODE.set(self._outside)
            self._outside = None
        return super().__call__(function)


class _GradSwitch(Switch):
    grad: bool

    def _mode(self, before: Mode) -> Mode:
        return Mode(self.grad and not before.inference, before.watchers, before.inference)


class _BareSwitch(_GradSwitch):
    """A switch that also decorates without parentheses: ``@tg.no_grad``."""

    @overload
    def __new__(cls, function: F, /) -> F: ...  # type: ignore[misc]
    @overload
    def __new__(cls, *given: bool, **named: bool) -> Self: ...
    def __new__(cls, *given: Any, **named: Any) -> Any:
        """The switch; the decorated function where one is given."""
        self = super().__new__(cls)
        if not given or not callable(given[0]):
            return self
        self.__init__()  # type: ignore[misc]
        return self(given[0])

    def __init__(self, function: Any = None) -> None:
        if function is not None:
            raise ArgumentError(f"{type(self).__name__}: decorates a function, got {function!r:.40}")
        super().__init__()


class no_grad(_BareSwitch):
    """Nothing inside is recorded; leaves may be written in place.

    >>> import tinygrad_bp as tg
    >>> w = tg.ones(2, requires_grad=True)
    >>> with tg.no_grad():
    ...     w -= 0.5
    >>> w
    tensor([0.5000, 0.5000], requires_grad=True)
    """

    grad = False


class enable_grad(_BareSwitch):
    """Recording, even inside ``no_grad``.

    >>> import tinygrad_bp as tg
    >>> w = tg.ones(2, requires_grad=True)
    >>> with tg.no_grad(), tg.enable_grad():
    ...     (w * 2).requires_grad
    True
    """

    grad = True


class set_grad_enabled(SwitchNow, _GradSwitch):
    """Switch recording on or off at once; as a context manager, only inside.

    >>> import tinygrad_bp as tg
    >>> with tg.set_grad_enabled(False):
    ...     tg.is_grad_enabled()
    False
    """

    grad: bool

    def __init__(self, mode: bool) -> None:
        self.grad = bool(mode)
        super().__init__()

    def _fresh(self) -> Switch:
        return enable_grad() if self.grad else no_grad()


class inference_mode(_BareSwitch):
    """``no_grad`` in which nothing can be recorded, also not inside ``enable_grad``; ``mode=False`` ends it, inside.

    PyTorch's tensors made inside stay without gradients for ever; these are ordinary ones.

    >>> import tinygrad_bp as tg
    >>> w = tg.ones(2, requires_grad=True)
    >>> with tg.inference_mode(), tg.enable_grad():
    ...     (w * 2).requires_grad
    False
    """

    inference: bool
    grad: bool

    def __init__(self, mode: Any = True) -> None:
        super().__init__()
        self.inference, self.grad = bool(mode), not mode

    def _fresh(self) -> Switch:
        return inference_mode(self.inference)

    def _mode(self, before: Mode) -> Mode:
        return Mode(self.grad, before.watchers, self.inference)


def is_inference_mode_enabled() -> bool:
    """Whether ``inference_mode`` holds now, in this thread or task.

    >>> import tinygrad_bp as tg
    >>> tg.is_inference_mode_enabled()
    False
    """
    return mode().inference


def is_grad_enabled() -> bool:
    """Whether operations record now, in this thread or task.

    >>> import tinygrad_bp as tg
    >>> tg.is_grad_enabled()
    True
    """
    return mode().grad
