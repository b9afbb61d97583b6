"""Which ops the backend of C has a form of: those of which it has every sample, or some of them.

``draw`` gives the arrays of a sample: ``verify.contracts`` has it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ..autograd.op import Op
from ..program.program import Constant, Program, Step, Value
from .c_lowering import supported

Draw = Callable[..., list[Any]]


def sampled(op: Op, draw: Draw, dtype: Any = np.float32) -> Iterator[tuple[Program, list[Any]]]:
    """Each sample of an op as a program of one step, with the arrays that it takes; floats are of ``dtype``."""
    for sample in op.samples or ():
        arrays = draw(op, sample, dtype=dtype)
        program = called(op, arrays, sample.params)
        if program is not None:
            yield program, arrays


def called(op: Op, arrays: list[Any], params: dict[str, Any]) -> Program | None:
    """An op called on such arrays as a program; None where its result is no array."""
    inputs = tuple(Value(array.shape, array.dtype) for array in arrays)
    with np.errstate(all="ignore"):
        result = op.compute(*([arrays] if op.variadic else arrays), **params)
    if not isinstance(result, (np.ndarray, np.generic)):
        return None
    value = Value(np.shape(result), result.dtype)
    given = {name: _constants(item) for name, item in params.items()}
    return Program(inputs, (Step(op, (inputs,) if op.variadic else inputs, given, value),), (value,), {})


def _constants(item: Any) -> Any:
    """A parameter as a program has it: arrays are constants."""
    if isinstance(item, np.ndarray):
        return Constant(item.shape, item.dtype, array=item)
    return tuple(map(_constants, item)) if isinstance(item, tuple) else item


def form(op: Op, draw: Draw) -> str:
    """``yes`` where C has every sample of an op in both kinds of floats, ``in part`` where some, else nothing."""
    found = [bool(supported(program)) for dtype in (np.float32, np.float64) for program, _ in sampled(op, draw, dtype)]
    share = sum(found) / len(found) if found else math.nan
    return "yes" if share == 1 else "in part" if share > 0 else ""
