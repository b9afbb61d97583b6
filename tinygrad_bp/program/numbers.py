"""Numbers of Python that may be others in the next run: inputs without dimensions, in double precision.

They do what the numbers themselves would do: take the dtype of the arrays beside them, and stay numbers among numbers.
What else a function does with one is refused by ``Capture.read``; it is then the same in every run.
"""

from __future__ import annotations

import weakref
from collections.abc import Container, Sequence
from typing import Any

import numpy as np

from ..autograd.dtypes import float16, float32, result_type
from ..autograd.errors import CaptureError
from ..autograd.op import Op
from ..autograd.tensor import Tensor
from ..autograd.trees import flatten
from .places import Places
from .program import Value

_AMONG_NUMBERS = {"add", "sub", "mul", "div", "neg"}  # they round as Python does
_POWERS = {"pow", "power"}  # NumPy computes those of arrays otherwise than those of numbers


class Numbers:
    """The values of a program that are numbers of Python."""

    def __init__(self, places: Places, exact: bool) -> None:
        self.values: set[Value] = set()
        self._places = places
        self._among = _AMONG_NUMBERS if exact else _AMONG_NUMBERS | _POWERS

    def is_one(self, item: Any) -> bool:
        """Whether ``item`` is a tensor in the place of a number."""
        known = self._places.at(item._value) if isinstance(item, Tensor) else None
        return known is not None and known.value in self.values

    def known_by(self, item: Any, places: Container[int]) -> Any:
        """The array by which a program knows a number that was given; any other ``item`` as it is.

        Raises ``CaptureError`` for a number that was computed: in other runs it would be returned as a tensor.
        """
        if not self.values or not self.is_one(item):
            return item
        if id(item._value) not in places:
            raise CaptureError("a number that may be another one in the next run is returned")
        return item._value

    def found(self, op: Op, operands: tuple[Any, ...], result: Value) -> None:
        """``op`` was called: of numbers alone it gave another number."""
        if (
            self.values
            and op.name in self._among
            and all([isinstance(x, (int, float)) or self.is_one(x) for x in operands])
        ):
            self.values.add(result)

    def dtype_for(self, op: Op, operands: tuple[Any, ...], params: dict[str, Any]) -> Any:
        """The dtype that the numbers among the operands take; None: there are none, or nothing else.

        Raises ``CaptureError`` where a number of Python would be more than an operand beside arrays.
        """
        items = list(operands[0]) if op.variadic and isinstance(operands[0], (list, tuple)) else list(operands)
        ours = [self.is_one(x) for x in items]
        plain = any([self.is_one(x) for x in flatten(params)[0]])
        if op.name == "cast" or not (plain or any(ours)):
            return None
        others = [x for x, is_ours in zip(items, ours) if not is_ours]
        arrays = [x if isinstance(x, (Tensor, np.ndarray)) else np.asarray(x) for x in others if not _is_plain(x)]
        if not arrays and not plain and op.name in self._among:
            return None
        as_operand = all(op.variadic or op.promotes[i] for i, is_ours in enumerate(ours) if is_ours)
        if plain or not arrays or not as_operand or op.name in _POWERS - self._among:
            raise CaptureError(f"{op.name} of a number that may be another one in the next run")
        dtype = result_type(arrays, [1.0, *filter(_is_plain, others)])
        # What is computed in float32 and rounded once takes a number as that.
        return float32 if op.wide and dtype == float16 else dtype


def with_numbers(returned: Any, stand_ins: list[Any], numbers: Sequence[Any]) -> Any:
    """What a function returned, with the ``numbers`` themselves in the place of the tensors that it was given."""
    found, back = flatten(returned)
    given = {id(item): number for item, number in zip(stand_ins, numbers, strict=True)}
    return back([given.get(id(item), item) for item in found])


def refuse_kept(stand_ins: list[Any]) -> None:
    """``CaptureError`` where someone else has one of these tensors: in his place Python would have a number."""
    kept = list(map(weakref.ref, stand_ins))
    stand_ins.clear()
    if any(item() is not None for item in kept):
        raise CaptureError("a number that may be another one in the next run is put somewhere")


def _is_plain(item: Any) -> bool:
    return isinstance(item, (bool, int, float, complex))
