"""NumPy's functions that write their first argument, a Tensor, where a gradient is wanted.

They move elements: NumPy writes the numbers of the new elements among the numbers of the old ones, and the tensor's new
value is read at these.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..autograd.errors import NoRuleError
from ..autograd.modes import traced
from ..autograd.numpy_protocols import plainly, without_rule
from ..autograd.op import FUNCTIONS
from ..autograd.tensor import Tensor, wrap
from ..autograd.writing import recorded, replace, same_kind
from ..ops import joining
from ..ops.indexing import getitem
from ..ops.shape import ravel
from .functions import operand


def _moving(function: Callable[..., Any], target: str, source: str, place: int) -> Callable[..., Any]:
    """The function that writes its first argument, ``target``, with ``source``, at ``place`` where it is not named."""
    what = f"np.{function.__name__}"

    def numpy_function(*args: Any, **kwargs: Any) -> Any:
        a, *args = args or (kwargs.pop(target),)  # type: ignore[assignment]
        given: Any = kwargs[source] if source in kwargs else args[place - 1]
        if not recorded(a, given) and not (traced() and isinstance(a, Tensor)):
            return without_rule(what, function, (a, *args), kwargs)
        if not isinstance(a, Tensor):
            raise NoRuleError(
                f"{what} (np.full calls np.copyto) writes an array, and a tensor given to it requires grad: its "
                "gradient would be dropped. Write into a tensor, make one with like=t, or detach it (t.detach())"
            )
        values = operand(given)
        values = same_kind(a, values if isinstance(values, Tensor) else wrap(values, None), what)
        numbers = np.arange(a.numel()).reshape(a.shape)
        new = a.numel() + np.arange(values.numel()).reshape(values.shape)
        if source in kwargs:
            function(numbers, *plainly(args), **{**kwargs, source: new})
        else:
            function(numbers, *plainly(args[: place - 1]), new, *plainly(args[place:]), **kwargs)
        replace(a, what, lambda x: getitem(joining.cat([ravel(x), ravel(values)], 0), numbers), a, values)
        return None

    return numpy_function


FUNCTIONS.update({
    np.copyto: _moving(np.copyto, "dst", "src", 1), np.fill_diagonal: _moving(np.fill_diagonal, "a", "val", 1),
    np.put: _moving(np.put, "a", "v", 2), np.putmask: _moving(np.putmask, "a", "values", 2),
    np.place: _moving(np.place, "arr", "vals", 2), np.put_along_axis: _moving(np.put_along_axis, "arr", "values", 2),
})  # fmt: skip
