"""Random draws inside ``vmap``: refused, one for all slices, or one for each."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

from ..autograd.batched import Batched, Level, any_stands_for_many, batched, one_by_one, outside, running
from ..autograd.errors import ArgumentError
from ..autograd.op import OPS
from ..autograd.trees import flatten
from .generator import Generator, default_generator

F = TypeVar("F", bound=Callable[..., Any])


def draws(function: F) -> F:
    """A function that draws numbers: inside ``vmap`` as its ``randomness`` says."""

    @functools.wraps(function)
    def drawn(*args: Any, **kwargs: Any) -> Any:
        levels = running()
        if not levels or levels[-1].randomness == "error":
            return function(*args, **kwargs)
        with outside(levels[-1]):
            return _for_slices(drawn, levels[-1], args, kwargs)

    return drawn  # type: ignore[return-value]


def _for_slices(function: Callable[..., Any], level: Level, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    different = level.randomness == "different"
    sliced = any(isinstance(x, Batched) and x.level is level for x in flatten([list(args), kwargs])[0])
    if not sliced and not different:
        return function(*args, **kwargs)
    given = [x for x in (*args, *kwargs.values()) if isinstance(x, Generator)]
    generator = given[0] if given else default_generator()
    state = generator.get_state()

    def one(*args: Any, **kwargs: Any) -> Any:
        if not different:
            generator.set_state(state)
        return function(*args, **kwargs)

    if function.__name__.endswith("_"):
        x, *others = args
        if not (isinstance(x, Batched) and x.level is level) or any_stands_for_many([others, kwargs]):
            raise ArgumentError(
                f"{function.__name__}: inside vmap each slice would write numbers of its own into a tensor that all "
                "slices share; write into one that is sliced"
            )
        for i in range(level.size):
            one(x.slices[i], *others, **kwargs)
        return x
    if sliced:
        return one_by_one(one, args, kwargs)
    columns = [flatten(one(*args, **kwargs)) for _ in range(level.size)]
    return columns[0][1]([batched(OPS["stack"].function(list(c), 0), level) for c in zip(*(c for c, _ in columns))])
