"""What users call: an argument that a function cannot use is named, whatever went wrong inside because of it."""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Callable, Iterator
from types import FunctionType
from typing import Any

import numpy as np

from .arrays import kind_of
from .batched import any_stands_for_many, one_by_one
from .dtypes import MissingDType
from .errors import ArgumentError, AutogradError, DtypeError, IndexRangeError, LinAlgError, ShapeError, ValueReadError
from .op import ALIASES, OPS
from .out import write_out
from .tensor import Tensor

# What arguments of a wrong kind lead to. Op functions refuse them themselves.
RAW = (AttributeError, TypeError, ValueError, IndexError, RecursionError)

# PyTorch's names of arguments in its table of operators, where ours have those of its pages: for places, for names.
_PLACES = {"input": 0, "input2": 1, "input3": 2, "x": 0}
_NAMES = {
    "sections": "indices_or_sections", "indices": "indices_or_sections",
    "tensor_indices_or_sections": "indices_or_sections", "split_size": "split_size_or_sections",
    "axis0": "dim0", "axis1": "dim1", "b": "B", "other": "B",
}  # fmt: skip

_DOORS: set[Callable[..., Any]] = set()


def open_doors(space: dict[str, Any], package: str) -> None:
    """Every function of a public namespace that is made of ops, behind a door."""
    for name, function in list(space.items()):
        if isinstance(function, FunctionType) and function.__module__.startswith(package) and not name.startswith("_"):
            space[name] = opened(function)


def opened(function: Any) -> Any:
    """A public function behind its door, also where pickle looks for it; anything else as it is."""
    if not isinstance(function, FunctionType):
        return function
    made, home, own = door(function, public=True), sys.modules[function.__module__], function.__name__
    if vars(home).get(own) is function:
        setattr(home, own, made)
    return made


@functools.cache
def door(function: Callable[..., Any], public: bool = False) -> Callable[..., Any]:
    """The function, whose errors of wrong arguments are ours; a public one takes ``out=``. An op's is its own door."""
    if function in _DOORS or (function.__name__ in OPS and OPS[function.__name__].function is function):
        return function

    @functools.wraps(function)
    def entered(*args: Any, **kwargs: Any) -> Any:
        if public and "out" in kwargs:
            out = kwargs.pop("out")
            return entered(*args, **kwargs) if out is None else write_out(entered, out, args, kwargs)
        try:
            return function(*args, **kwargs) if kwargs else function(*args)  # a dict less
        except ValueReadError as read:
            return of_slices(read, function, args, kwargs)
        except RAW as error:
            renamed = renamed_for(function, error, kwargs)
            if renamed is not None:
                return entered(*args, **renamed)
            raise refusal(function.__name__, function, error, args, kwargs) from None

    _DOORS.add(entered)
    return entered


def constructor(init: Callable[..., None]) -> Any:
    """The constructor, whose errors of wrong arguments are ours; they name what the outermost of these was given."""

    @functools.wraps(init)
    def made(self: Any, *args: Any, **kwargs: Any) -> None:
        try:
            init(self, *args, **kwargs)
        except RAW as error:
            inits = (vars(kind).get("__init__") for kind in type(self).__mro__)
            if next(filter(_DOORS.__contains__, inits)) is not made:
                raise
            raise refusal(type(self).__name__, functools.partial(init, self), error, args, kwargs) from None

    _DOORS.add(made)
    return made


def renamed_for(function: Callable[..., Any], error: Exception, kwargs: dict[str, Any]) -> dict[str, Any] | None:
    """The arguments under this function's names, where it refused them under PyTorch's other ones."""
    if "unexpected keyword argument" not in str(error):
        return None
    own = list(inspect.signature(function).parameters)
    renamed = {}
    for name, value in kwargs.items():
        place = _PLACES.get(name, len(own))
        other = own[place] if place < len(own) else _NAMES.get(name, name)
        renamed[other if name not in own and other in own else name] = value
    return renamed if renamed.keys() != kwargs.keys() and len(renamed) == len(kwargs) else None


def of_slices(read: ValueReadError, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """What a function gives that read the values of tensors that stand for many: of each slice, where it only reads."""
    if function.__name__.endswith("_") or not any_stands_for_many([args, kwargs]):
        raise read.with_traceback(None) from None
    return one_by_one(function, args, kwargs)


def refusal(name: str, function: Any, error: Exception, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Exception:
    """Our error for a raw one that a call led to; that itself where it says what it should, or is of a user's function.

    ``function`` has the signature of the call, ``name`` is what users call it.
    """
    within = error.__traceback__ and error.__traceback__.tb_next
    same, said = error.with_traceback(within), str(error)
    if isinstance(error, AutogradError):
        return same
    if isinstance(error, np.linalg.LinAlgError):
        return LinAlgError(f"{name}: {said}")
    # Python's own, of other arguments than the function has.
    if within is None or "positional argument" in said or "keyword argument" in said:
        return same
    try:
        given = _named(function, args, kwargs)
    except (TypeError, ValueError):
        return same
    if any(callable(value) and not isinstance(value, type) for value in given.values()):
        return same
    for value in given.values():
        if isinstance(value, MissingDType):
            return value.refusal()
    found = min(_suspects(given), key=lambda suspect: _rank(suspect[1], error), default=None)
    if found and (isinstance(error, (AttributeError, TypeError, RecursionError)) or _rank(found[1], error) < 3):
        place, value = found
        kind = kind_of(value)
        what = "None" if value is None else f"an {kind}" if kind[0] in "aeiou" else f"a {kind}"
        return ArgumentError(f"{name}: cannot use {what} as {place}; where a tensor is meant, write tg.tensor(…)")
    if isinstance(error, IndexError):
        return IndexRangeError(f"{name}: {said}")
    if isinstance(error, ValueError):
        return (ArgumentError if found else ShapeError)(f"{name}: {said}")
    return DtypeError(f"{name}: {said}") if isinstance(error, TypeError) else same


def _named(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    """The arguments of a call by their names, those of ``*args`` by their places; without what is the default."""
    try:
        signature = inspect.signature(function)
    except ValueError:  # ufuncs of older NumPys say nothing of theirs
        return {f"argument {i}": item for i, item in enumerate(args)} | kwargs
    own = {name if name in signature.parameters else ALIASES.get(name, name): value for name, value in kwargs.items()}
    given = signature.bind(*args, **own).arguments
    for name, parameter in signature.parameters.items():
        if name in given and given[name] is parameter.default:
            del given[name]
        elif parameter.kind is parameter.VAR_POSITIONAL:
            given |= {f"argument {i}": item for i, item in enumerate(given.pop(name, ()), len(given))}
    return given


def _suspects(given: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """The arguments that are no tensors or arrays, and such items of lists of tensors."""
    for name, value in given.items():
        if isinstance(value, dict) or _is_plain(value):
            continue
        yield name, value
        if isinstance(value, (list, tuple)):
            yield from ((f"an item of {name}", item) for item in value if not _is_plain(item))


def _is_plain(value: Any) -> bool:
    return isinstance(value, (Tensor, np.ndarray, np.dtype, type))


def _rank(value: Any, error: Exception) -> int:
    """How likely a value led to an error: the object that it names first, then objects, texts, lists, numbers."""
    if getattr(error, "obj", error) is value:
        return 0
    kinds: list[Any] = [(bool, int), (float, complex), (list, tuple), str]
    return next((5 - i for i, kind in enumerate(kinds) if isinstance(value, kind)), 1)
