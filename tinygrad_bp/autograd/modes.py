"""Whether operations record: one context-local object, so threads and async tasks do not disturb each other."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from contextvars import ContextVar
from types import TracebackType
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])


class Mode:
    """What the running thread or task is doing. Never changed: switching sets another one."""

    __slots__ = ("grad",)

    def __init__(self, grad: bool = True) -> None:
        self.grad = grad


_MODE: ContextVar[Mode] = ContextVar("tinygrad_bp.mode", default=Mode())  # noqa: B039  (never changed)
mode = _MODE.get


class _GradMode:
    """A context manager and a decorator (of functions, generators and coroutines) that sets ``Mode.grad``."""

    grad: bool

    def __init__(self) -> None:
        self._before: list[Mode] = []

    def _fresh(self) -> _GradMode:
        return type(self)()

    def __enter__(self) -> None:
        self._before.append(mode())
        _MODE.set(Mode(self.grad))

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


class no_grad(_GradMode):
    """Nothing inside is recorded; leaves may be written in place.

    >>> import tinygrad_bp as tg
    >>> w = tg.ones(2, requires_grad=True)
    >>> with tg.no_grad():
    ...     w -= 0.5
    >>> w
    tensor([0.5, 0.5], requires_grad=True)
    """

    grad = False


class enable_grad(_GradMode):
    """Recording, even inside ``no_grad``.

    >>> import tinygrad_bp as tg
    >>> w = tg.ones(2, requires_grad=True)
    >>> with tg.no_grad(), tg.enable_grad():
    ...     (w * 2).requires_grad
    True
    """

    grad = True


class set_grad_enabled(_GradMode):
    """Switch recording on or off at once; as a context manager, only inside.

    >>> import tinygrad_bp as tg
    >>> with tg.set_grad_enabled(False):
    ...     tg.is_grad_enabled()
    False
    """

    def __init__(self, mode: bool) -> None:
        super().__init__()
        self.grad = bool(mode)
        self._outside: Mode | None = _MODE.get()
        _MODE.set(Mode(self.grad))

    def _fresh(self) -> _GradMode:
        return enable_grad() if self.grad else no_grad()

    def __enter__(self) -> None:
        # The constructor has switched already: what to go back to is what it found.
        self._before.append(mode() if self._outside is None else self._outside)
        self._outside = None
        _MODE.set(Mode(self.grad))

    def __call__(self, function: F) -> F:
        """As a decorator: the switch belongs to the calls, not to the place of the decoration."""
        if self._outside is not None:
            _MODE.set(self._outside)
            self._outside = None
        return super().__call__(function)


def is_grad_enabled() -> bool:
    """Whether operations record now, in this thread or task.

    >>> import tinygrad_bp as tg
    >>> tg.is_grad_enabled()
    True
    """
    return mode().grad
