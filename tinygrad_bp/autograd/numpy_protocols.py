"""NumPy's protocols: what ``np.*`` and ``np.asarray`` do with a Tensor."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from .arrays import as_array
from .doors import RAW, of_slices, refusal
from .elsewhere import ARRAYS, boxed, on_cpu
from .errors import LeafWriteError, NoRuleError, ShapeError, ValueReadError, shape_text
from .gathering import find, gather
from .layout import Elements
from .modes import mode, reading, traced
from .op import FUNCTIONS, THEIR_UFUNCS, UFUNC_METHODS, UFUNCS
from .sharing import share
from .tensor import Tensor, handed_out, wrap
from .values import value_of
from .writes import wrote
from .writing import array_to_write, fill, refuse

_LISTS = (
    "Of a list of tensors NumPy takes the arrays: write np.stack([a, b]), as in np.mean(np.stack([a, b])), "
    "np.concatenate([a, b]) or np.array([[a, b], [c, d]], like=a). For X.dot(t) of an array X write X @ t or "
    "np.dot(X, t); for X[i] = t make X a tensor"
)
_VECTORIZE = "In its place write f of the whole tensor, or tg.func.vmap(f)"
_NAMESPACE = "that follow the array API take tensors where SCIPY_ARRAY_API=1 is set before SciPy is imported"
_LIBRARIES = {
    "scipy": f"Those of SciPy's functions {_NAMESPACE}; tg has logsumexp, softmax and others",
    "sklearn": f"Those of scikit-learn's classes {_NAMESPACE}, inside config_context(array_api_dispatch=True)",
}


def _array(self: Tensor, dtype: Any = None, copy: bool | None = None) -> Any:
    if self._node is not None and mode().grad:
        asking, library = _asking()
        raise NoRuleError(
            f"{asking} of a tensor that requires grad would drop its gradient silently. Use t.detach().numpy() "
            f"where none should flow, or a NumPy function that has a rule. "
            + (_VECTORIZE if asking == "np.vectorize" else _LIBRARIES.get(library, _LISTS))
        )
    if mode().watchers:
        reading(self, _asking()[0])
    return np.array(on_cpu(handed_out(self), _asking()[0]), dtype=dtype, copy=copy)


def _asking() -> tuple[str, str]:
    """The function of NumPy that wants an array now, as far as Python's frames tell, and the package that calls it.

    One in C has no frame.
    """
    frame, name = sys._getframe(2), "np.asarray"
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith("numpy."):
        caller = frame.f_locals.get("self")
        objects = {id(np.r_): "np.r_", id(np.c_): "np.c_"}
        name = "np.vectorize" if isinstance(caller, np.vectorize) else f"np.{frame.f_code.co_name}"
        name, frame = objects.get(id(caller), name), frame.f_back
    return name, frame.f_globals.get("__name__", "").partition(".")[0]


def _standing_for(key: Any, table: dict[Any, Callable[..., Any]]) -> Callable[..., Any] | None:
    """What stands for a function of NumPy, looked for in its own file, and in every file before it is missed."""
    if key not in table and key not in THEIR_UFUNCS:
        find(key)
        if key not in table:
            gather()
    return table.get(key) or THEIR_UFUNCS.get(key)


def _array_ufunc(self: Tensor, ufunc: Any, method: str, *inputs: Any, out: Any = None, **kwargs: Any) -> Any:
    if kwargs:
        kwargs = {key: value for key, value in kwargs.items() if not _says_nothing(key, value, _UFUNC_DEFAULTS)}
    if out is not None:
        return _ufunc_into(ufunc, method, inputs, out, kwargs)
    function = _standing_for(ufunc, UFUNCS)
    if function is not None and method == "__call__" and not kwargs:
        return function(*as_numpy_promotes(ufunc, inputs))
    called = ufunc if method == "__call__" else getattr(ufunc, method)
    name = ufunc.__name__
    name = f"np.{name}" if getattr(np, name, None) is ufunc else name  # SciPy has ufuncs of its own
    name = name if method == "__call__" else f"{name}.{method}"
    find((ufunc, method))
    rule, given = FUNCTIONS.get((ufunc, method)), inputs
    try:
        if rule is None:
            if function is None or not _recording(inputs, kwargs):
                return without_rule(name, called, inputs, kwargs)
            rule, given = UFUNC_METHODS[method], (ufunc, function, *inputs)
        return rule(*given, **kwargs)
    except ValueReadError as read:
        return _of_slices(read, called, inputs, kwargs)
    except RAW as error:
        raise refusal(name, called, error, inputs, kwargs) from None


def _array_function(self: Tensor, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
    module = getattr(func, "__module__", None) or "numpy"
    name = f"{module.replace('numpy', 'np', 1)}.{func.__name__}"
    return _run(name, func, _standing_for(func, FUNCTIONS), args, kwargs)


# ---------------------------------------------------------------------- what was said, and what needs no rule

# Keywords of ufuncs and their methods, and of functions made of them, and what they are where nothing is said.
_UFUNC_DEFAULTS: dict[str, Any] = {
    "where": True, "casting": "same_kind", "order": "K", "dtype": None, "subok": True, "keepdims": False,
    "initial": np._NoValue, "out": None,
}  # fmt: skip


def _says_nothing(key: str, value: Any, defaults: dict[str, Any]) -> bool:
    """Whether a keyword says what holds anyway."""
    return (key in defaults and _same(value, defaults[key])) or (key == "where" and value is True)


def _same(value: Any, default: Any) -> bool:
    if value is default:
        return True
    plain = isinstance(default, (bool, int, float, str, tuple)) and isinstance(value, (type(default), int, np.bool_))
    return plain and bool(value == default)


@cache
def _signature(function: Callable[..., Any]) -> tuple[tuple[str, ...], dict[str, Any], bool, bool]:
    """The names by place, all names with their defaults, and whether there are ``*args`` and ``**kwargs``."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except ValueError:  # some of NumPy's functions say nothing of theirs
        return (), {}, True, True
    places = tuple(p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD))
    names = {p.name: p.default for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)}
    kinds = [p.kind for p in parameters]
    return places, names, inspect.Parameter.VAR_POSITIONAL in kinds, inspect.Parameter.VAR_KEYWORD in kinds


@cache
def _plan(
    function: Callable[..., Any], rule: Callable[..., Any]
) -> tuple[tuple[str, ...], int, dict[str, Any], frozenset[str] | None]:
    """The function's names by place, how many of these the rule takes by place, its defaults, the rule's keywords."""
    places, defaults, _, _ = _signature(function)
    ours, names, any_places, any_names = _signature(rule)
    most = 1_000_000 if any_places else len(ours)
    known = places.index("out") if "out" in places and "out" not in ours else most
    return places, known, defaults, None if any_names else frozenset(names)


def _run(name: str, function: Any, rule: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    """What stands for a function of NumPy; the function itself where that has no rule, or not for these arguments."""
    try:
        if rule is None:
            return without_rule(name, function, args, kwargs)
        return _ruled(name, function, rule, args, kwargs)
    except ValueReadError as read:
        return _of_slices(read, function, args, kwargs)
    except RAW as error:
        raise refusal(name, function, error, args, kwargs) from None


def _of_slices(read: ValueReadError, function: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    """What a function that reads values gives for each slice, unless it writes."""
    if _written(function, args, kwargs) is not None:
        raise read.with_traceback(None) from None
    return of_slices(read, function, args, kwargs)


def _ruled(name: str, function: Any, rule: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    if len(args) == 1 and not kwargs:
        return rule(*args)
    places, known, defaults, names = _plan(function, rule)
    if known < len(args) <= len(places):
        args, kwargs = args[:known], {**dict(zip(places[known:], args[known:])), **kwargs}
    if kwargs:
        kwargs = {key: value for key, value in kwargs.items() if not _says_nothing(key, value, defaults)}
        if kwargs.get("out") is not None:
            return _into(name, function, rule, args, kwargs)
        if names is not None and not kwargs.keys() <= names:
            return without_rule(name, function, args, kwargs, tuple(key for key in kwargs if key not in names))
    return rule(*args, **kwargs)


def _into(name: str, function: Any, rule: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    """A function with ``out=``, a tensor: it gets the recorded value. Where nothing records NumPy itself writes."""
    out = kwargs["out"]
    if not isinstance(out, Tensor) or not _recording(args, kwargs):
        return without_rule(name, function, args, kwargs, ("out",))
    others = {key: value for key, value in kwargs.items() if key != "out"}
    value = _ruled(name, function, rule, args, others)
    if value.shape != out.shape:
        raise ShapeError(f"{name}: out has shape {shape_text(out.shape)}, the result {shape_text(value.shape)}")
    return fill(out, value, f"{name} with out=")


def as_numpy_promotes(ufunc: Any, inputs: tuple[Any, ...], **asked: Any) -> tuple[Any, ...]:
    """Inputs cast to the dtypes in which NumPy itself would run the ufunc: ``np.*`` follows NumPy.

    ``asked`` is the ``signature`` of dtypes or the ``casting`` that a call names.
    """
    first = getattr(inputs[0], "dtype", None)
    if isinstance(first, np.dtype) and first.kind == "f" and not asked:
        others = inputs[1:]
        if all(type(x) in (float, int) or getattr(x, "dtype", None) is first for x in others):
            return inputs
    items: list[Any] = [x.item() if isinstance(x, np.generic) else int(x) if type(x) is Elements else x for x in inputs]
    items = [x if isinstance(x, (Tensor, bool, int, float, complex)) else as_array(x) for x in items]
    kinds = tuple(
        type(x) if type(x) in (int, float, complex) else np.dtype(bool) if isinstance(x, bool) else x.dtype
        for x in items
    )
    try:
        loops = ufunc.resolve_dtypes(kinds + (None,) * ufunc.nout, **asked)
    except TypeError:
        if asked:
            raise
        return tuple(items)
    cast = []
    for x, dtype in zip(items, loops, strict=False):
        if isinstance(x, Tensor):
            cast.append(x if x.dtype == dtype else x.to(dtype))
        elif hasattr(x, "dtype"):
            cast.append(x.astype(dtype, copy=False))
        else:
            cast.append(x)
    return tuple(cast)


def _recording(*given: Any) -> bool:
    """Whether a call with these arguments, in whatever nests, is recorded now."""
    return mode().grad and _any_recorded(given)


def _any_recorded(items: Any) -> bool:
    if isinstance(items, Tensor):
        return items._node is not None
    if isinstance(items, (list, tuple)):
        return any(_any_recorded(item) for item in items)
    if isinstance(items, dict):
        return any(_any_recorded(item) for item in items.values())
    return False


def plainly(items: Any, hand: Callable[[Any], Any] = value_of) -> Any:
    """The arrays in tensors, to compute with, also in nested lists and tuples; anything else as it is.

    ``hand`` is ``held`` where no result comes of their values.
    """
    if isinstance(items, Tensor):
        array = hand(items)
        if array is items:  # it stands for many
            raise ValueReadError(items)
        return handed_out(items) if items._node is not None else array
    if isinstance(items, (list, tuple)):
        parts = [plainly(item, hand) for item in items]
        if any(a is not b for a, b in zip(items, parts)):
            return tuple(parts) if isinstance(items, tuple) else parts
    return items


def _wrapped(result: Any) -> Any:
    if isinstance(result, (np.ndarray, np.generic, *ARRAYS)) and result.dtype.kind in "buifc":  # type: ignore[attr-defined]
        return wrap(boxed(result), None)
    if isinstance(result, (list, tuple)) and not hasattr(result, "_fields"):
        return type(result)(_wrapped(item) for item in result)
    return result


def without_rule(name: str, function: Any, args: Any, kwargs: dict[str, Any], keywords: tuple[str, ...] = ()) -> Any:
    """Run a NumPy function that has no rule, or none for some keywords: refused where a gradient would be dropped."""
    if _recording(args, kwargs):
        if keywords:
            words = {key: kwargs.get(key) for key in keywords}
            said = ", ".join(
                f"{key}={value!r}" if isinstance(value, str) else f"{key}=" for key, value in words.items()
            )
            raise NoRuleError(
                f"{name}: {said} is not recorded, and a tensor given to it requires grad: the gradient would be "
                "dropped silently. Leave it out, or detach the tensor (t.detach()) if no gradient should flow"
            )
        raise NoRuleError(
            f"{name} has no derivative rule, and a tensor given to it requires grad: the gradient would be dropped "
            "silently. Detach the tensor (t.detach()) if no gradient should flow, or write the formula with "
            "functions that have one"
        )
    target = _written(function, args, kwargs)
    array = _to_write(target, name)
    result = function(
        *(array if x is target else plainly(x) for x in args),
        **{key: array if x is target else plainly(x) for key, x in kwargs.items()},
    )
    if result is array and target is not None:
        return target
    wrapped = _wrapped(result)
    for x in args:  # the function may have returned a view
        for view in wrapped if isinstance(wrapped, (list, tuple)) else [wrapped]:
            if isinstance(x, Tensor) and isinstance(view, Tensor):
                share(x, view)
    return wrapped


# NumPy functions that write their first argument, and its name.
_WRITES = {
    np.copyto: "dst",
    np.fill_diagonal: "a",
    np.nan_to_num: "x",
    np.place: "arr",
    np.put: "a",
    np.put_along_axis: "arr",
    np.putmask: "a",
}


def _written(function: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    """The argument that a NumPy function writes, if it writes one."""
    if function is np.nan_to_num and (args[1] if len(args) > 1 else kwargs.get("copy", True)):
        return None
    if getattr(function, "__name__", "") == "at" and isinstance(getattr(function, "__self__", None), np.ufunc):
        return args[0]
    if function in _WRITES:
        return args[0] if args else kwargs.get(_WRITES[function])
    return kwargs.get("out")


def _to_write(target: Any, what: str) -> Any:
    """The array into which NumPy writes now; the write is counted."""
    if isinstance(target, Tensor):
        refuse(target, what)
        return array_to_write(target, what)
    if isinstance(target, (np.ndarray, *ARRAYS)):
        wrote(target)
    return target


def _ufunc_into(ufunc: Any, method: str, inputs: Any, out: Any, kwargs: dict[str, Any]) -> Any:
    """A ufunc with ``out=``: writes an array where nothing records, and a tensor also where something does."""
    following = traced() and all(target is None or isinstance(target, Tensor) for target in out)
    if following or _recording(inputs, out, kwargs):
        if all(target is None or isinstance(target, Tensor) for target in out):
            return _recorded_into(ufunc, method, inputs, out, kwargs)
        raise LeafWriteError(
            f"np.{ufunc.__name__} with out= (or an in-place operator on a NumPy array): a tensor that requires grad "
            "takes part, and writing into an array cannot be recorded. Write `x = x - t` instead of `x -= t`, give a "
            "tensor as out=, or do it inside `with tg.no_grad():`"
        )
    arrays = tuple([_to_write(target, f"np.{ufunc.__name__} with out=") for target in out])
    given = {key: plainly(value) for key, value in kwargs.items()}
    result = getattr(ufunc, method)(*plainly(inputs), out=arrays, **given)
    if len(out) == 1 and out[0] is not None:
        return out[0]
    return _wrapped(result)


def _recorded_into(ufunc: Any, method: str, inputs: Any, out: Any, kwargs: dict[str, Any]) -> Any:
    result = getattr(ufunc, method)(*inputs, **kwargs)
    several = isinstance(result, tuple)
    filled = []
    for target, value in zip(out, result if several else (result,), strict=True):
        if target is not None:
            mask = kwargs.get("where", True) if method == "__call__" else True
            kept = value if mask is True else np.where(mask, value, target)
            sizes = zip(reversed(kept.shape), reversed(target.shape))
            if kept.ndim > target.ndim or not all(size in (1, room) for size, room in sizes):
                sides = f"out has shape {shape_text(target.shape)}, the result {shape_text(kept.shape)}"
                raise ShapeError(f"np.{ufunc.__name__}: {sides}")
            value = fill(target, kept, f"np.{ufunc.__name__} with out=")
        filled.append(value)
    return tuple(filled) if several else filled[0]


# Bound here, because the class comes first.
for _name, _function in {
    "__array__": _array, "__array_ufunc__": _array_ufunc, "__array_function__": _array_function,
}.items():  # fmt: skip
    setattr(Tensor, _name, _function)
