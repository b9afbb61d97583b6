"""Arrays that refuse what CuPy's refuse, so that "the same ops run on a GPU" can be tested where there is none.

They implement NumPy's two protocols and have the attributes of ``cupy.ndarray``. Nothing becomes a NumPy array unless
somebody writes ``.get()``, and no NumPy array takes part unless somebody moves it. What CuPy has of NumPy, function by
function with its parameters, was written down by ``golden/make_cupy.py`` from CuPy itself.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

CUPY = json.loads((Path(__file__).parent / "golden" / "cupy.json").read_text())
SCALARS = (bool, int, float, complex, np.generic)
COMPARISONS = {"greater", "greater_equal", "less", "less_equal", "equal", "not_equal"}
# Functions that say something of an array and give no array.
OF_ARRAYS = {"ndim", "shape", "size", "result_type", "can_cast", "iscomplexobj", "isrealobj", "may_share_memory",
             "shares_memory", "common_type", "min_scalar_type"}  # fmt: skip
# Functions that move a NumPy array to the device.
MOVING = {"asarray", "array", "asanyarray", "ascontiguousarray", "asfortranarray"}
# What CUDA adds atomically, and of what it takes the larger one.
_WIDE = "float32 float64 int32 uint32 uint64"
ATOMIC = {"add": f"{_WIDE} float16 complex64 complex128", "max": _WIDE, "min": _WIDE}


class Flags:
    """What CuPy knows of memory: nothing of writing."""

    def __init__(self, flags: Any) -> None:
        self.c_contiguous, self.f_contiguous, self.owndata = flags.c_contiguous, flags.f_contiguous, flags.owndata
        self.fnc, self.forc = flags.fnc, flags.forc


class Pointer:
    """Where memory begins."""

    def __init__(self, held: Any) -> None:
        self.ptr = held.__array_interface__["data"][0]


class Place:
    """The device of an array."""

    id = 0


def on_device(array: Any) -> Any:
    """A NumPy array as one of the device's, in memory of its own."""
    return Strict(np.array(array))


class Strict(np.lib.mixins.NDArrayOperatorsMixin):
    """An array on a device that is not there: NumPy computes, and nothing else of NumPy is to be had."""

    __array_priority__ = 100
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, held: Any, base: Any = None) -> None:
        assert type(held) is np.ndarray and held.dtype != object
        self._held, self.base = held, base

    # ------------------------------------------------------------------ NumPy's protocols

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        raise TypeError(
            "Implicit conversion to a NumPy array is not allowed. Please use `.get()` to construct a NumPy array "
            "explicitly."
        )

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        name = ufunc.__name__
        if name not in CUPY["ufuncs"]:
            return NotImplemented
        if method in ("reduce", "accumulate") and name not in ("add", "multiply"):
            raise NotImplementedError(f"`cupy_{name}.{method}` is not supported yet")
        if method == "reduceat" and name != "add":
            raise NotImplementedError(f"`cupy_{name}.reduceat` is not supported yet")
        out = kwargs.get("out", ())
        if "out" in kwargs and len(out) != 1:
            raise ValueError("The 'out' parameter must have exactly one array value")
        if method == "at":
            return self._at(ufunc, *inputs)
        for x in (*inputs, *out):
            if not isinstance(x, (Strict, np.ndarray, *SCALARS)) and (method != "reduceat" or x is not inputs[1]):
                return NotImplemented
        if name in COMPARISONS:
            inputs = tuple(x.item() if isinstance(x, np.ndarray) and x.ndim == 0 else x for x in inputs)
        known = (
            {"axis", "dtype", "out", "keepdims"}
            if method in ("reduce", "accumulate", "reduceat")
            else ({"out", "dtype", "casting", "where"} | ({"axes", "axis", "keepdims"} if name == "matmul" else set()))
        )
        if not kwargs.keys() <= known:
            raise TypeError(f"Wrong arguments {kwargs.keys() - known}")
        refuse_host((inputs, kwargs))
        if out:
            kwargs["out"] = tuple(x._held for x in out)
        kwargs = {key: open_(value) if key != "out" else value for key, value in kwargs.items()}
        with np.errstate(all="ignore"):
            found = getattr(ufunc, method)(*open_(inputs), **kwargs)
        return out[0] if out else close(found, inputs)

    def _at(self, ufunc: Any, a: Any, index: Any, b: Any = None) -> None:
        operation = CUPY["ufuncs"][ufunc.__name__]
        if operation is None:
            raise NotImplementedError(f"`cupy_{ufunc.__name__}.at` is not supported yet")
        if a.dtype.name not in ATOMIC.get(operation, ATOMIC["add"]).split():
            raise TypeError(f"scatter_{operation} does not support {a.dtype}")
        refuse_host(b)
        ufunc.at(open_(a), open_(index), open_(b))

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        known = CUPY["functions"].get(func.__module__, {})
        if func.__name__ not in known or not all(issubclass(t, (Strict, np.ndarray)) for t in types):
            return NotImplemented
        parameters, name = known[func.__name__], func.__name__
        if parameters is not None and (len(args) > len(parameters) or not kwargs.keys() <= {*parameters}):
            raise TypeError(f"{name}() got an unexpected argument: {len(args)} {[*kwargs]}; it has {parameters}")
        if name not in MOVING:
            refuse_host((args, kwargs))
        if name in ("where", "concatenate", "stack", "dot", "take_along_axis") and not arrays_first(name, args):
            raise TypeError(f"cupy.{name}: Only cupy arrays")
        with np.errstate(all="ignore"):
            found = func(*open_(args), **{key: open_(value) for key, value in kwargs.items()})
        if name == "diagonal":  # CuPy's can be written
            found.flags.writeable = True
        return found if name in OF_ARRAYS else close(found, (args, kwargs))

    # ------------------------------------------------------------------ Python's

    def __getitem__(self, index: Any) -> Any:
        return close(self._held[open_(index)], (self,))

    def __setitem__(self, index: Any, value: Any) -> None:
        refuse_host(value)
        self._held[open_(index)] = open_(value)

    def __iter__(self) -> Any:
        if not self.ndim:
            raise TypeError("iteration over a 0-d array")
        return (self[i] for i in range(len(self)))

    def __len__(self) -> int:
        return len(self._held)

    def __bool__(self) -> bool:
        return bool(self._held)

    def __int__(self) -> int:
        return int(self._held)

    def __float__(self) -> float:
        return float(self._held)

    def __complex__(self) -> complex:
        return complex(self._held)

    def __repr__(self) -> str:
        return repr(self._held)

    def __str__(self) -> str:
        return str(self._held)

    def __format__(self, form: str) -> str:
        return format(self._held, form)

    def __copy__(self) -> Strict:
        return Strict(self._held.copy())

    def __deepcopy__(self, memo: Any) -> Strict:
        return Strict(self._held.copy())

    __imatmul__ = None  # type: ignore[assignment]

    # ------------------------------------------------------------------ CuPy's own

    def get(self, stream: Any = None, order: str = "C", out: Any = None, blocking: bool = True) -> Any:
        """A NumPy array with the same numbers, in memory of its own."""
        return np.array(self._held, order=order)  # type: ignore[call-overload]

    flags = property(lambda self: Flags(self._held.flags))
    data = property(lambda self: Pointer(self._held))
    device = property(lambda self: Place())

    @property
    def __cuda_array_interface__(self) -> Any:
        return self._held.__array_interface__

    def item(self) -> Any:
        """The one element as a number of Python."""
        return self._held.item()

    def tolist(self) -> Any:
        """Nested lists of numbers."""
        return self._held.tolist()

    def reshape(self, *shape: Any, order: str = "C", copy: Any = None) -> Any:
        """The same numbers in another shape."""
        return close(self._held.reshape(*shape, order=order), (self,))

    def transpose(self, *axes: Any) -> Any:
        """Another order of axes."""
        return close(self._held.transpose(*axes), (self,))

    def view(self, dtype: Any = None, type: Any = None) -> Any:
        """The same memory, read as another dtype."""
        return close(self._held.view() if dtype is None else self._held.view(dtype), (self,))

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(f"'cupy.ndarray' object has no attribute {name!r}")
        if name in CUPY["attributes"]:
            found = getattr(self._held, name)
            return close(found, (self,)) if isinstance(found, np.ndarray) else found
        if name not in CUPY["methods"] or name in ("dump", "dumps", "tofile", "toDlpack", "mdspan", "set"):
            raise AttributeError(f"'cupy.ndarray' object has no attribute {name!r}")
        parameters = CUPY["methods"][name]

        def method(*args: Any, **kwargs: Any) -> Any:
            if parameters is not None and (len(args) > len(parameters) or not kwargs.keys() <= {*parameters}):
                raise TypeError(f"{name}() got an unexpected argument: {args} {kwargs}, has {parameters}")
            refuse_host((args, kwargs))
            if name in ("scatter_add", "scatter_max", "scatter_min"):
                ufunc = {"add": np.add, "max": np.maximum, "min": np.minimum}[name[8:]]
                return self._at(ufunc, self, *args)
            with np.errstate(all="ignore"):  # a device raises and warns of nothing
                found = getattr(self._held, name)(*open_(args), **{key: open_(value) for key, value in kwargs.items()})
            return found if name in ("tobytes",) else close(found, (self, args, kwargs))

        return method

    def __setattr__(self, name: str, value: Any) -> None:
        if name not in ("_held", "base", "shape"):
            raise AttributeError(f"attribute {name!r} of 'cupy.ndarray' objects is not writable")
        object.__setattr__(self, name, value)


def _of_held(name: str) -> Any:
    return property(lambda self: getattr(self._held, name))


for _name in ("shape", "dtype", "ndim", "size", "strides", "itemsize", "nbytes"):
    setattr(Strict, _name, _of_held(_name))


def arrays_first(name: str, args: Any) -> bool:
    """Whether what CuPy asks an attribute of is one of its arrays."""
    if name in ("concatenate", "stack"):
        return all(isinstance(x, Strict) for x in args[0])
    return all(isinstance(x, Strict) for x in args[: 1 if name == "where" else 2])


def refuse_host(items: Any) -> None:
    """``TypeError`` for an array of NumPy's anywhere in the arguments."""
    if isinstance(items, np.ndarray):
        raise TypeError(f"Unsupported type {type(items)}")
    if isinstance(items, (list, tuple)):
        for item in items:
            refuse_host(item)
    if isinstance(items, dict):
        for item in items.values():
            refuse_host(item)


def open_(items: Any) -> Any:
    """The arguments with what NumPy computes with."""
    if isinstance(items, Strict):
        return items._held
    if type(items) in (list, tuple):
        return type(items)([open_(item) for item in items])
    return items


def close(found: Any, given: Any) -> Any:
    """What NumPy gave, on the device; a view where it is one."""
    if isinstance(found, (np.ndarray, np.generic)) or type(found) is int:  # count_nonzero, before NumPy 2.1
        array = found if type(found) is np.ndarray else np.asarray(found)
        return Strict(array, None if array.base is None else root(array, given))
    if isinstance(found, tuple):
        return tuple([close(item, given) for item in found])
    return [close(item, given) for item in found] if isinstance(found, list) else found


def root(array: Any, given: Any) -> Any:
    """The array of the device in whose memory ``array`` lies; None in that of none."""
    while isinstance(array.base, np.ndarray):
        array = array.base
    for item in given.values() if isinstance(given, dict) else given:
        if isinstance(item, Strict):
            first = item if item.base is None else item.base
            if first._held is array or (isinstance(first._held.base, np.ndarray) and first._held.base is array):
                return first
        elif isinstance(item, (list, tuple, dict)) and (found := root(array, item)) is not None:
            return found
    return None
