"""The slow side of running an op: operands that are not tensors of one dtype, and calls that fail."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from typing import Any, ParamSpec, TypeVar

import numpy as np

from . import dtypes
from .arrays import as_array, is_array, kind_of
from .definitions import spelled
from .device import apart
from .elsewhere import ARRAYS, boxed, number
from .errors import ArgumentError, AutogradError, DeviceError, DtypeError, IndexRangeError, ShapeError, shape_text
from .node import Node
from .op import OPS, Op, arguments
from .tensor import Tensor, wrap

P = ParamSpec("P")
R = TypeVar("R")

_NUMBERS = (bool, int, float, complex)
_REALS = (int, float)


def raw(op: Op, operand: Any) -> Any:
    """An operand that is no Tensor: a number as a Python number, lists and plain NumPy arrays as an array.

    NumPy scalars count as Python numbers: they never widen a tensor.
    """
    if operand.__class__ in _NUMBERS:
        return operand
    if operand.__class__ is np.ndarray:
        return as_array(operand)
    if isinstance(operand, _NUMBERS) and not isinstance(operand, np.generic):
        # NumPy gives a number of Python the dtype of its partner, but not one of a class of its own.
        kind: Any = next(kind for kind in _NUMBERS if isinstance(operand, kind))
        return kind(operand)
    if isinstance(operand, np.generic) and operand.dtype.kind in "buifc":
        number = operand.item()
        return number if isinstance(number, _NUMBERS) else float(number)  # a long double stays one
    if isinstance(operand, np.matrix):
        raise ArgumentError(f"{op.name}: np.matrix has a product of its own for *; write np.asarray(m)")
    if hasattr(operand, "_fields"):  # z - z.max(axis=1) of a program written for arrays
        kind, fields = type(operand).__name__, operand._fields
        numpys = f", or np.{kind}(x, axis) for what NumPy's {kind} gives" if hasattr(np, kind) else ""
        raise ArgumentError(
            f"{op.name}: one side is what {kind} gives in PyTorch, ({', '.join(fields)}); write .{fields[0]}{numpys}"
        )
    if isinstance(operand, (np.ndarray, list, tuple)) or operand.__class__ in ARRAYS:
        return as_array(operand)
    write = "; write tg.tensor(x) first" if is_array(operand) else "; give a tensor, a NumPy array or a number"
    raise ArgumentError(f"{op.name}: cannot use a {kind_of(operand)} as an operand{write}")


def unpack(op: Op, *operands: Any) -> tuple[list[Any] | tuple[Any, ...], tuple[Node | None, ...]] | None:
    """The values and the nodes of mixed operands (of a variadic op: of the one list), brought to one dtype.

    None where no operand is a Tensor: the op then runs on the raw arrays, raw in, raw out.
    """
    if len(operands) == 2:  # a float tensor and a Python number: NumPy gives the number the tensor's dtype
        a, b = operands
        if b.__class__ in _REALS and isinstance(a, Tensor) and a._value.dtype.kind == "f":
            return (a._value, b), (a._node, None)
        if a.__class__ in _REALS and isinstance(b, Tensor) and b._value.dtype.kind == "f":
            return (a, b._value), (None, b._node)
    items: Any = _listed(op, operands[0]) if op.variadic else operands
    for item in items:
        if isinstance(item, Tensor):
            break
    else:
        if items:
            for item in items:
                if item.__class__ is not np.ndarray:
                    raw(op, item)  # refuses what is no plain array
            return None
    values, nodes = [], []
    for item in items:
        tensor = isinstance(item, Tensor)
        values.append(item._value if tensor else raw(op, item))
        nodes.append(item._node if tensor else None)
    if op.variadic:
        values = [boxed(value) for value in values]
    _unify(values, nodes, [i for i in range(len(items)) if op.variadic or op.promotes[i]])
    return values, tuple(nodes)


def of_arrays(op: Op, operands: tuple[Any, ...], params: dict[str, Any], keywords: dict[str, Any]) -> Any:
    """NumPy's function of the op's name, for keywords of its that PyTorch's function has not."""
    given = {name: value for name, value in {**params, **keywords}.items() if value is not None}
    return getattr(np, op.name)(*operands, **given)


def misused(op: Op, error: Exception, operands: Any) -> Exception:
    """The error that names the first operand that is no array, for what an op raised; that itself where all are."""
    items = _listed(op, operands[0]) if op.variadic else operands
    for i, item in enumerate(items):
        if not isinstance(item, (np.ndarray, np.generic, Tensor)) and item.__class__ not in ARRAYS:
            name = f"item {i}" if op.variadic else spelled(op)[i]
            return ArgumentError(f"{op.name}: cannot use a {kind_of(item)} as {name}; write tg.tensor({name})")
    return _again(error)


def _again(error: Exception) -> Exception:
    """The error without the frame that caught it, which raises it anew."""
    return error.with_traceback(error.__traceback__ and error.__traceback__.tb_next)


def _listed(op: Op, operand: Any) -> list[Any]:
    """The tensors given to an op whose input is a list of them."""
    if isinstance(operand, Tensor) or not hasattr(operand, "__iter__"):
        raise ArgumentError(f"{op.name}: give a list or tuple of tensors, got one {type(operand).__name__}")
    items = list(operand)
    if not items:
        raise ArgumentError(f"{op.name}: give at least one tensor, got an empty list")
    return items


def _unify(values: list[Any], nodes: list[Any], chosen: Sequence[int]) -> None:
    """Cast the chosen operands to their common dtype, in place in the two lists."""
    arrays = [values[i] for i in chosen if not isinstance(values[i], _NUMBERS)]
    if len(chosen) < 2 or (len(arrays) == len(chosen) and not any([x.dtype != arrays[0].dtype for x in arrays[1:]])):
        return
    numbers = [values[i] for i in chosen if isinstance(values[i], _NUMBERS)]
    target = dtypes.result_type(arrays, numbers)
    for i in chosen:
        value = values[i]
        if isinstance(value, _NUMBERS):
            # NumPy gives a Python number the dtype of its partner without making an array of it.
            if target.kind not in "fc" or len(arrays) == 0:
                try:
                    values[i] = number(value, target)
                except OverflowError:
                    raise DtypeError(
                        f"the number {value} does not fit in {target}; write t.long() or t.double() first"
                    ) from None
        elif value.dtype != target:
            if nodes[i] is None:
                values[i] = value.astype(target)
            else:
                cast = OPS["cast"].function(wrap(value, nodes[i]), target)
                values[i], nodes[i] = cast._value, cast._node


def in_float32(function: Callable[..., Any], operands: tuple[Any, ...], params: dict[str, Any]) -> Any:
    """A function of float16 as the function of float32, rounded once, and recorded as that; None for other dtypes.

    float16 ends at 65504 and has 11 binary digits: sums, squares and slopes read off a result lose too much in it.
    """
    given = (*operands, *params.values())
    for item in given:
        if item.__class__ in (list, tuple) or getattr(item, "dtype", None) == dtypes.float16:
            break
    else:
        return None
    items = [item for operand in given for item in (operand if isinstance(operand, (list, tuple)) else (operand,))]
    kinds = (Tensor, np.ndarray, *ARRAYS)
    arrays = [item for item in items if isinstance(item, kinds) and item.dtype.kind in "fc"]
    asked = params.get("dtype")
    if not any(array.dtype == dtypes.float16 for array in arrays) or (asked is not None and asked != dtypes.float16):
        return None
    if dtypes.result_type(arrays, [item for item in items if type(item) in _NUMBERS]) != dtypes.float16:
        return None
    wide = _each(operands, dtypes.float16, dtypes.float32)
    named = {name: _each(value, dtypes.float16, dtypes.float32) for name, value in params.items() if name != "dtype"}
    return _each(function(*wide, **named), dtypes.float32, dtypes.float16)


def _each(value: Any, before: Any, after: Any) -> Any:
    """The tensors and arrays of a dtype in another one, also those in lists and tuples; the rest as it is."""
    if isinstance(value, (Tensor, np.ndarray)) or value.__class__ in ARRAYS:
        return OPS["cast"].function(value, after) if value.dtype == before else value
    if isinstance(value, (list, tuple)):
        items = [_each(item, before, after) for item in value]
        return type(value)(*items) if hasattr(value, "_fields") else type(value)(items)
    return value


def rounds_once(function: Callable[P, R]) -> Callable[P, R]:
    """A function made of ops that computes float16 in float32 and rounds once, as an op does."""

    @functools.wraps(function)
    def rounded(*args: P.args, **kwargs: P.kwargs) -> R:
        found = in_float32(function, args, kwargs)
        return function(*args, **kwargs) if found is None else found

    return rounded


def refuse_complex(name: str, *given: Any) -> None:
    """``DtypeError`` for complex numbers given to what asks for an order of numbers, or has no meaning for them."""
    for x in given:
        if getattr(getattr(x, "dtype", None), "kind", "") == "c":
            raise DtypeError(f"{name}: needs real numbers, got {x.dtype}; write x.real, x.imag or x.abs()")


def of_reals(name: str, forward: Callable[..., Any]) -> Callable[..., Any]:
    """The forward of an op that refuses complex numbers."""

    @functools.wraps(forward)
    def of_real(x: Any, *others: Any) -> Any:
        if x.dtype.kind == "c":
            refuse_complex(name, x)
        return forward(x, *others)

    return of_real


def in_floats(names: str, real: bool = False) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """A function of floating point numbers: integers given for these parameters count as the default float dtype.

    Its own arithmetic would wrap where a small integer ends: 10 − 20 is 246 in uint8. With ``real`` complex numbers
    are refused.
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        taken = arguments(inspect.unwrap(function))
        places = [((*taken, name).index(name), name) for name in names.split()]

        @functools.wraps(function)
        def with_floats(*args: Any, **kwargs: Any) -> R:
            if real:
                refuse_complex(function.__name__, *args, *kwargs.values())
            for place, name in places:
                if place < len(args):
                    if _is_whole(args[place]):
                        args = (*args[:place], floating(args[place]), *args[place + 1 :])
                elif _is_whole(kwargs.get(name)):
                    kwargs[name] = floating(kwargs[name])
            return function(*args, **kwargs)

        return with_floats

    return decorate


def _is_whole(x: Any) -> bool:
    return getattr(getattr(x, "dtype", None), "kind", "") in ("b", "u", "i")


def floating(x: Any) -> Any:
    """Integers and booleans in the default float dtype, anything else as it is."""
    return OPS["cast"].function(x, dtypes.get_default_dtype()) if _is_whole(x) else x


def floats_of(*inputs: Any) -> tuple[Any, ...]:
    """Integers in the default float dtype, or a wider one that holds them (NumPy makes float16 of int8)."""
    default = dtypes.get_default_dtype()
    return tuple(
        [
            x.astype(np.result_type(x.dtype, default)) if hasattr(x, "dtype") and x.dtype.kind in "bui" else x
            for x in inputs
        ]
    )


def settle(value: Any, *inputs: Any) -> Any:
    """A float64 result that NumPy chose only because the inputs were integers, in the default float dtype."""
    for x in inputs:
        if not isinstance(x, _NUMBERS) and x.dtype.kind not in "bui":
            return value
    return value.astype(dtypes.get_default_dtype(), copy=False)


def check_alias(op: Op, name: str, value: Any, alias: str, given: Any) -> Any:
    """The value of a parameter that was given under its other name."""
    if value is not op.params[name] and value != given:
        raise ArgumentError(f"{op.name}: {name}={value} and {alias}={given} are two names of one argument; give one")
    return given


def describe(values: tuple[Any, ...] | list[Any], nodes: tuple[Any, ...], names: tuple[str, ...]) -> str:
    """The operands of a failed call: ``x (2, 3) float32 and 0.weight (4, 5) float32``."""
    parts = []
    for i, value in enumerate(values):
        node = nodes[i] if i < len(nodes) else None
        name = (node.tensor_name if node is not None else None) or (names[i] if i < len(names) else f"item {i}")
        what = f"{shape_text(value.shape)} {value.dtype}" if hasattr(value, "shape") else repr(value)
        parts.append(f"{name} {what}")
    return " and ".join(parts)


def explain(op: Op, error: Exception, values: tuple[Any, ...] | list[Any], nodes: tuple[Any, ...]) -> Any:
    """The package's own error for what NumPy raised, or that itself where it says enough, to be raised anew."""
    if isinstance(error, AttributeError) and not op.variadic:  # of a number
        return misused(op, error, values)
    if isinstance(error, AutogradError) or not isinstance(error, (ValueError, TypeError, IndexError, OverflowError)):
        return _again(error)
    names = () if op.variadic else op.inputs
    sides = describe(values, nodes, names)
    mixed = apart(values) if ARRAYS else ""
    if mixed:
        return DeviceError(f"{op.name}: {mixed} {sides}: move one with t.to(device)")
    if isinstance(error, np.exceptions.AxisError):
        ndim = values[0].ndim
        return IndexRangeError(
            f"{op.name}: dimension out of range, {error}; {sides} has {ndim} dimensions: give one from {-ndim} to "
            f"{ndim - 1}"
        )
    if isinstance(error, IndexError):
        return IndexRangeError(f"{op.name}: {error}, in {sides}")
    if isinstance(error, TypeError):
        return DtypeError(f"{op.name}: not possible with {sides} ({error})")
    said = str(error)
    if isinstance(error, OverflowError) or "negative integer powers" in said:
        return DtypeError(f"{op.name}: not possible with {sides} ({said}); write t.float() first")
    one = len(values) == 1
    advice = f"; {op.hint}" if op.hint else ""
    # Of two shapes that do not broadcast or align NumPy says nothing that the sides do not show.
    reason = (
        "" if any(word in said for word in ("broadcast together with shapes", "core dim", "aligned")) else f" ({said})"
    )
    return ShapeError(f"{op.name}: {sides} {'does' if one else 'do'} not fit{reason}{advice}")
