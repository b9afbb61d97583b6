"""Arrays that a function makes while it runs on Tensors that behave as arrays: these behave so as well.

``np.zeros`` gives an array that no Tensor can be written into. While a function is followed, the modules that it was
written in see a NumPy whose ``zeros``, ``array`` and the like make an ``ArrayLike``, in this thread alone. What follows
the loss, a backward by hand, may do what no Tensor allows: the loss is found among the numbers that were recorded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from types import FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

from ..autograd.modes import Mode, Switch
from ..autograd.op import Op
from ..autograd.tensor import Tensor, wrap
from ..autograd.watch import Watcher, enter_every_op
from .array_like import ArrayLike, plain

MAKERS = (
    "zeros", "ones", "empty", "full", "zeros_like", "ones_like", "empty_like", "full_like", "array", "asarray", "copy",
)  # fmt: skip
REDUCERS = ("sum", "mean", "prod", "max", "min", "amax", "amin", "std", "var")  # of a list of arrays as of one array
_following: ContextVar[Stand | None] = ContextVar("tinygrad_bp.following", default=None)


class Stand:
    """What stands for the arrays that a program makes: Tensors that behave as arrays."""

    kind: type = ArrayLike

    def holds(self, items: Any) -> bool:
        """Whether one of these, which may be nested, stands for an array."""
        return isinstance(items, self.kind) or (
            isinstance(items, (list, tuple)) and any(self.holds(item) for item in items)
        )

    def stacked(self, items: Any, kwargs: dict[str, Any]) -> Any:
        """One array of these."""
        if isinstance(items, (list, tuple)):
            return np.stack([self.stacked(item, {}) for item in items])
        return items * 1.0

    def made(self, array: Any) -> Any:
        """What stands for an array."""
        return ArrayLike(wrap(array.astype(np.float64), None)) if array.dtype.kind == "f" else array

    def plain(self, argument: Any) -> Any:
        """An argument of what makes an array."""
        return np.empty(argument.shape) if isinstance(argument, ArrayLike) else plain(argument)


def _maker(name: str) -> Callable[..., Any]:
    make = getattr(np, name)

    def made(*args: Any, **kwargs: Any) -> Any:
        stand = _following.get()
        if stand is None:
            return make(*args, **kwargs)
        if name in ("array", "asarray", "copy") and args and stand.holds(args[0]):
            return stand.stacked(args[0], kwargs)
        return stand.made(make(*map(stand.plain, args), **{key: stand.plain(a) for key, a in kwargs.items()}))

    return made


def _reducer(name: str) -> Callable[..., Any]:
    reduce = getattr(np, name)

    def reduced(items: Any, *args: Any, **kwargs: Any) -> Any:
        stand = _following.get()
        if stand is not None and isinstance(items, (list, tuple)) and stand.holds(items):
            items = stand.stacked(items, {})
        return reduce(items, *args, **kwargs)

    return reduced


_MADE = {name: _maker(name) for name in MAKERS} | {name: _reducer(name) for name in REDUCERS}


class _Following(ModuleType):
    """NumPy, whose arrays behave as Tensors where a function is followed."""

    def __getattr__(self, name: str) -> Any:
        return _MADE.get(name) or getattr(np, name)


_STAND_INS: dict[int, Any] = {
    id(np): _Following("numpy"),
    **{id(getattr(np, name)): made for name, made in _MADE.items()},
}


@contextmanager
def followed(function: Any, stand: Stand | None = None) -> Iterator[None]:
    """Inside, what ``stand`` makes of them stands for the arrays that ``function`` makes."""
    changed: list[tuple[dict[str, Any], str, Any]] = []
    for names in namespaces(function):
        for name, value in list(names.items()):
            if id(value) in _STAND_INS and not name.startswith("__"):
                changed.append((names, name, value))
                names[name] = _STAND_INS[id(value)]
    token = _following.set(stand or Stand())
    try:
        yield
    finally:
        _following.reset(token)
        for names, name, value in changed:
            names[name] = value


def namespaces(function: Any) -> list[dict[str, Any]]:
    """The globals of a function, and of the functions, classes and objects that it holds or calls."""
    found: dict[int, dict[str, Any]] = {}
    seen: set[int] = set()
    todo = [function]
    for item in todo:  # grows while it is walked
        if id(item) in seen or len(seen) > 200:
            continue
        seen.add(id(item))
        if isinstance(item, MethodType):
            todo += [item.__func__, item.__self__]
        elif isinstance(item, FunctionType):
            found.setdefault(id(item.__globals__), item.__globals__)
            todo += [cell.cell_contents for cell in item.__closure__ or () if _filled(cell)]
            called = [item.__globals__.get(name) for name in item.__code__.co_names]
            todo += [x for x in called if isinstance(x, (FunctionType, type))]
        elif isinstance(item, type):
            todo += [value for value in vars(item).values() if isinstance(value, FunctionType)]
        elif isinstance(item, (list, tuple)):
            todo += item[:20]
        elif hasattr(item, "__dict__") and not isinstance(item, ModuleType):
            todo.append(type(item))
    return [g for g in found.values() if not str(g.get("__name__", "")).startswith(("numpy", "tinygrad_bp."))]


def _filled(cell: Any) -> bool:
    try:
        return cell.cell_contents is not None
    except ValueError:  # a name that is not bound yet
        return False


class Numbers(Switch, Watcher):
    """Inside, every recorded result of one element is kept."""

    quiet = True

    def __init__(self) -> None:
        super().__init__()
        self.found: list[Tensor] = []

    def _mode(self, before: Mode) -> Mode:
        enter_every_op()
        return Mode(before.grad, (*before.watchers, self), before.inference)

    def called(self, op: Op, operands: Any, params: dict[str, Any], result: Any, began: int) -> None:
        """Keep a result that is one number and recorded."""
        if isinstance(result, Tensor) and result.size == 1 and result._node is not None:
            self.found.append(result)

    def last(self, value: float) -> Tensor | None:
        """The newest that is this number."""
        return next((x for x in reversed(self.found) if np.isclose(x.item(), value, rtol=1e-12, atol=0)), None)
