"""Arguments by which PyTorch's programs say a thing another way: ``inplace``, and the older names of ``reduction``."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

from ..autograd.errors import ArgumentError
from ..autograd.writing import in_place

_FURTHER = {"inplace": ("bool", False), "size_average": ("bool | None", None), "reduce": ("bool | None", None)}


def reduction_of(size_average: bool | None, reduce: bool | None, reduction: str) -> str:
    """The reduction that the two older arguments say; ``reduction`` itself where they say nothing.

    >>> reduction_of(False, None, "mean"), reduction_of(None, False, "mean"), reduction_of(None, None, "sum")
    ('sum', 'none', 'sum')
    """
    if size_average is None and reduce is None:
        return reduction
    for name, value in (("size_average", size_average), ("reduce", reduce)):
        if isinstance(value, str):
            raise ArgumentError(f"{name} is True or False, got {value!r}; write reduction={value!r}")
    if reduce is not None and not reduce:
        return "none"
    return "mean" if size_average is None or size_average else "sum"


def taking(
    function: Callable[..., Any], names: str, unweighted: Callable[..., Any] | None = None
) -> Callable[..., Any]:
    """The function with PyTorch's list of arguments, ``names``; ``inplace`` writes the result into the input.

    ``unweighted`` is the quicker one that computes the same where no weight is given.
    """
    order, short = names.split(), unweighted or function
    further = {*_FURTHER, "weight"} if unweighted else {*_FURTHER}
    plain = min(order.index(name) for name in _FURTHER if name in order)

    @functools.wraps(function)
    def taken(*args: Any, **named: Any) -> Any:
        if (len(args) <= plain and further.isdisjoint(named)) or len(args) > len(order):
            return short(*args, **named)
        named = dict(zip(order, args)) | named
        inplace = named.pop("inplace", False)
        if "reduction" in order:
            older = named.pop("size_average", None), named.pop("reduce", None)
            named["reduction"] = reduction_of(*older, named.get("reduction", "mean"))
        if not inplace:
            return function(**named)
        return in_place(f"{function.__name__}, inplace=True", function)(named.pop("input"), **named)

    taken.__signature__ = _signature(function, order)  # type: ignore[attr-defined]
    return taken


def _signature(function: Callable[..., Any], order: list[str]) -> inspect.Signature:
    """What the function takes, in an order, with the further arguments; its others by name alone."""
    own, kind = dict(inspect.signature(function).parameters), inspect.Parameter
    taken = []
    for name in order:
        annotation, default = _FURTHER.get(name, ("", None))
        new = kind(name, kind.POSITIONAL_OR_KEYWORD, default=default, annotation=annotation)
        taken.append(own.pop(name, new).replace(kind=kind.POSITIONAL_OR_KEYWORD))
    taken += [parameter.replace(kind=kind.KEYWORD_ONLY) for parameter in own.values()]
    return inspect.signature(function).replace(parameters=taken)
