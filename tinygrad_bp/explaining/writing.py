"""Steps of a program as terms: the formula of each op, with its operands in the place of its inputs."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np

from ..autograd.op import Op
from ..autograd.steps import of_table
from ..program.program import Constant, Program, Step, Value, values_in
from .formulas import parsed
from .notation import (
    Term,
    call,
    fraction,
    name,
    names_in,
    number,
    power,
    product,
    quotient,
    substituted,
    text,
    transpose,
)

# What only brings the same numbers into another shape or dtype.
_SAME = ("cast", "clone", "positive", "reshape", "broadcast_to")
LARGEST = 7  # signs of a formula that stands in the place of its op; of a larger one the op's name does


def terms(program: Program, known: Mapping[Value, Term], numbers: Container[Any] = ()) -> dict[Value, Term]:
    """A term for every value of a program; ``known`` has those of its inputs, and of steps that have a name.

    ``numbers`` are those that the user wrote: 0.05 stays 0.05, while 1 / 20 of a rule divides by 20.
    """
    found: dict[Value, Term] = {}
    for value in program.inputs:
        found[value] = known.get(value) or name(value.name or "x", not value.shape)
    for step in program.steps:
        found[step.result] = known.get(step.result) or term(step, found, numbers)
    return found


def term(step: Step, known: Mapping[Value, Term], numbers: Container[Any] = ()) -> Term:
    """What a step computes, of terms for what it reads."""
    given = step.operands[0] if step.op.variadic else step.operands
    operands = [_operand(item, known, numbers) for item in given]
    special = _SPECIAL.get(step.op.name)
    found: Term | None = special(step, operands) if special is not None else None
    if found is not None:
        return found
    if step.op.name in _SAME:
        return operands[0]
    formula = inline(step.op)
    if formula is None:
        return _named(step, operands, known)
    places = dict(zip(step.op.inputs, operands, strict=True))
    for parameter, default in step.op.params.items():
        value = step.params.get(parameter, default)
        if isinstance(value, (int, float, complex)) and not isinstance(value, bool):
            places[parameter] = number(value)
    return substituted(formula, lambda sign: places.get(sign))


def _operand(item: Any, known: Mapping[Value, Term], numbers: Container[Any]) -> Term:
    if isinstance(item, Constant):
        return constant(item.array)
    if isinstance(item, Value):
        return known[item]
    return number(item) if item in numbers else fraction(item)


def constant(array: Any) -> Term:
    """A constant: a number, a range, or what it is made of."""
    array = np.asarray(array)
    if array.size == 0:
        return name("[]")
    first = array.flat[0]
    if array.size == 1 or (array == first).all():
        return fraction(first.item())
    flat = array.ravel()
    if array.dtype.kind in "iu" and (np.diff(flat) == 1).all():
        return Term("name", f"{flat[0]}…{flat[-1]}")
    if array.size <= 6:
        return Term("list", "", tuple([number(item.item()) for item in flat]))
    return name(f"constant {array.shape}")


@cache
def inline(op: Op) -> Term | None:
    """The formula that stands in the place of an op: where each input is read once, and little else."""
    if not of_table(op) or not op.formula:
        return None
    found = parsed(op.formula)
    if found is None or found.size() > LARGEST or found.kind in ("list", "compare"):
        return None
    read = list(names_in(found))
    others = set(read) - {*op.inputs, *op.params, "π", "e"}
    matters = (*op.inputs, *(parameter for parameter in op.params if parameter not in _SILENT))
    return found if not others and all(read.count(sign) == 1 for sign in matters) else None


def _named(step: Step, operands: list[Term], known: Mapping[Value, Term]) -> Term:
    """An op by its name."""
    op = step.op
    word, parts = op.name, list(operands)
    if word.endswith("_slope") and op.kind == "elementwise":
        return call(f"{word.removesuffix('_slope')}′", *parts, scalar=not step.result.shape)
    if not op.inputs and not parts:
        word = op.name
    for parameter, default in op.params.items():
        value = step.params.get(parameter, default)
        if parameter in _SILENT or value is default or value is None:
            continue
        if isinstance(value, (int, float)) and value == default and value.__class__ is default.__class__:
            continue
        parts.append(name(f"{parameter}={_brief(value, known)}"))
    found = call(word, *parts, scalar=not step.result.shape)
    # The rule of one of several inputs, where it is one step by itself.
    return Term("index", op.hint, (found,), found.scalar) if word.endswith("_vjp") and op.hint else found


_SILENT = {"shape", "size", "dtype", "memory_format", "eps", "moments", "generator"}


def _brief(item: Any, known: Mapping[Value, Term]) -> str:
    """A parameter in few signs."""
    if isinstance(item, Constant):
        return text(constant(item.array))
    if isinstance(item, Value):
        return text(known[item])
    if isinstance(item, slice):
        ends = ["" if part is None else _brief(part, known) for part in (item.start, item.stop, item.step)]
        return ":".join(ends[: 2 if item.step is None else 3])
    if isinstance(item, tuple):
        return f"({', '.join(_brief(part, known) for part in item)})"
    if isinstance(item, list):
        return f"[{', '.join(_brief(part, known) for part in item)}]" if len(item) <= 8 else f"{len(item)} places"
    if item is ...:
        return "…"
    written = text(number(item)) if isinstance(item, float) else str(item).replace("-", "−")
    return written if len(written) <= 24 else written[:23] + "…"


# ---------------------------------------------------------------------- what depends on axes


def _permute(step: Step, operands: list[Term]) -> Term | None:
    ndim = len(step.result.shape)
    axes = tuple(axis % ndim for axis in step.params["axes"])
    if axes == tuple(range(ndim)):
        return operands[0]
    if axes == (*range(ndim - 2), ndim - 1, ndim - 2):
        return transpose(operands[0])
    return None


def _over(shape: tuple[int, ...], axis: Any) -> str:
    """The axes that are summed over, in words."""
    axes = range(len(shape)) if axis is None else axis if isinstance(axis, (tuple, list)) else (axis,)
    found = {a % max(len(shape), 1) for a in axes}
    if not found or len(found) >= len(shape):
        return ""
    if len(shape) == 2:
        return "rows" if found == {0} else "columns"
    return f"axis {found.pop()}" if len(found) == 1 else f"axes {', '.join(map(str, sorted(found)))}"


def _sum(step: Step, operands: list[Term]) -> Term | None:
    x = step.operands[0]
    if not isinstance(x, Value) or not x.shape:
        return operands[0]
    axis = step.params.get("axis")
    axes = range(len(x.shape)) if axis is None else axis if isinstance(axis, (tuple, list)) else (axis,)
    if all(x.shape[a] == 1 for a in axes):
        return operands[0]
    return Term("over", _over(x.shape, axis), (operands[0],), not step.result.shape)


def _compared(sign: str) -> Any:
    return lambda step, operands: Term("compare", sign, tuple(operands))


def _mul(step: Step, operands: list[Term]) -> Term | None:
    return product(operands[0], operands[1])


def _matmul(step: Step, operands: list[Term]) -> Term:
    return replace(product(operands[0], operands[1], matrix=True), scalar=not step.result.shape)


def _pow(step: Step, operands: list[Term]) -> Term | None:
    return power(operands[0], number(step.params["exponent"]))


def _cast(step: Step, operands: list[Term]) -> Term | None:
    x = step.operands[0]
    return Term("truth", "", (operands[0],)) if x.dtype.kind == "b" and step.result.dtype.kind != "b" else operands[0]


def _getitem(step: Step, operands: list[Term]) -> Term | None:
    index = step.params["index"]
    if isinstance(index, tuple) and all(part is None or part is ... or _whole(part) for part in index):
        return operands[0]
    written = _brief(index, {}) if not _holds_values(index) else "index"
    return Term("index", written.strip("()") if isinstance(index, tuple) else written, (operands[0],))


def _whole(part: Any) -> bool:
    return isinstance(part, slice) and part == slice(None)


def _holds_values(item: Any) -> bool:
    return any(not isinstance(value, Constant) for value in values_in(item))


def _div(step: Step, operands: list[Term]) -> Term | None:
    return quotient(operands[0], operands[1])


_SPECIAL: dict[str, Any] = {
    "permute": _permute, "sum": _sum, "mul": _mul, "matmul": _matmul, "pow": _pow, "cast": _cast, "getitem": _getitem,
    "div": _div, "eq": _compared("="), "ne": _compared("≠"), "lt": _compared("<"), "le": _compared("≤"),
    "gt": _compared(">"), "ge": _compared("≥"), "bitwise_and": _compared("and"), "bitwise_or": _compared("or"),
    "logical_and": _compared("and"), "logical_or": _compared("or"),
}  # fmt: skip
