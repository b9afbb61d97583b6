"""Arrays that write down what is done to them: what was written for NumPy runs on them and leaves its program."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import CellType, FunctionType
from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from ..array_like import METHODS
from ..makers import Stand
from .program import Constant, Hole, Operand, Program, Step, with_places

REDUCED = {"add": "sum", "maximum": "max", "minimum": "min", "multiply": "prod"}
WITH_NUMBERS = (np.where, np.clip, np.full_like)
IN_PLACE = (np.copyto, np.put, np.place, np.putmask, np.fill_diagonal, np.put_along_axis)


class Traced(NDArrayOperatorsMixin):
    """An array's value, and the step of a program that made it."""

    def __init__(self, program: Program, index: int, view: tuple[Traced, Any] | None = None) -> None:
        self.program, self.index, self._view = program, index, view

    @property
    def value(self) -> Any:
        """The numbers."""
        return self.program.steps[self.index].value

    def _moved(self, other: Any) -> None:
        """Take the value of another; what this is a part of takes it at that place."""
        self.index = other.index
        if self._view is not None:
            base, key = self._view
            base[key] = self

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, out: Any = (), **kwargs: Any) -> Any:
        """NumPy's function on the numbers, written down."""
        program = self.program
        if method == "at":
            target = inputs[0]
            if isinstance(target, Traced):
                target._moved(record(program, f"{ufunc.__name__}.at", _at(ufunc), inputs, kwargs))
                return None
            return ufunc.at(*untraced(inputs))
        name = ufunc.__name__ if method == "__call__" else REDUCED.get(ufunc.__name__, ufunc.__name__)
        function = ufunc if method == "__call__" else getattr(ufunc, method)
        if method not in ("__call__", "reduce"):
            name = f"{ufunc.__name__}.{method}"
        result = record(program, name, function, inputs, kwargs, numbers=method == "__call__")
        if out and out[0] is not None:
            if isinstance(out[0], Traced):
                if out[0].shape != result.shape:
                    result = record(program, "broadcast_to", np.broadcast_to, (result, out[0].shape), {})
                if out[0].dtype != result.dtype:
                    result = result.astype(out[0].dtype)
                out[0]._moved(result)
                return out[0]
            out[0][...] = untraced(result)
        return result

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        """NumPy's function on the numbers, written down."""
        name = function.__name__
        if function in IN_PLACE and isinstance(args[0], Traced):
            args[0]._moved(record(self.program, name, _in_place(function), args, kwargs))
            return None
        out = kwargs.pop("out", None) if isinstance(kwargs, dict) else None
        result = record(self.program, name, function, args, kwargs, numbers=function in WITH_NUMBERS)
        if isinstance(out, Traced):
            out._moved(result)
            return out
        if out is not None:
            out[...] = untraced(result)
        return result

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        """The numbers alone."""
        return np.array(self.value, dtype=dtype)

    def __float__(self) -> float:
        return float(self.value)

    def __int__(self) -> int:
        return int(self.value)

    def __index__(self) -> int:
        return int(self.value.__index__())

    def __bool__(self) -> bool:
        return bool(self.value)

    def item(self, *place: Any) -> Any:
        """One element as a number."""
        return np.asarray(self.value).item(*place)

    def tolist(self) -> Any:
        """The numbers in lists."""
        return np.asarray(self.value).tolist()

    def __getitem__(self, key: Any) -> Any:
        result = record(self.program, "getitem", _item, (self, key), {})
        if isinstance(result, Traced) and _basic(key):
            result._view = self, key
        return result

    def __setitem__(self, key: Any, value: Any) -> None:
        view = value._view if isinstance(value, Traced) else None
        if view is not None and view[0] is self and _one_key(view[1], key):
            step = self.program.steps[self.index]
            if step.name == "setitem" and step.operands[-1] == value.index:  # a[key] += b has written it already
                return
            value = Traced(value.program, value.index)
        self._moved(record(self.program, "setitem", _written, (self, key, value), {}))

    def __len__(self) -> int:
        return len(self.value)

    def __iter__(self) -> Iterator[Any]:
        return (self[i] for i in range(len(self)))

    @property
    def shape(self) -> tuple[int, ...]:
        """As an array has it."""
        return np.shape(self.value)

    @property
    def ndim(self) -> int:
        """As an array has it."""
        return np.ndim(self.value)

    @property
    def size(self) -> int:
        """As an array has it."""
        return int(np.size(self.value))

    @property
    def dtype(self) -> Any:
        """As an array has it."""
        return np.asarray(self.value).dtype

    @property
    def T(self) -> Any:
        """As an array has it."""
        return np.transpose(self)

    @property
    def mT(self) -> Any:
        """As an array has it."""
        return np.swapaxes(self, -1, -2)

    @property
    def real(self) -> Any:
        """As an array has it."""
        return np.real(self)

    @property
    def imag(self) -> Any:
        """As an array has it."""
        return np.imag(self)

    def reshape(self, *shape: Any, order: Any = "C") -> Any:
        """As an array's."""
        return np.reshape(self, shape[0] if len(shape) == 1 else shape, order=order)

    def transpose(self, *axes: Any) -> Any:
        """As an array's."""
        return np.transpose(self, (axes[0] if len(axes) == 1 else axes) or None)

    def flatten(self) -> Any:
        """As an array's."""
        return np.ravel(self)

    def astype(self, dtype: Any, copy: bool = True) -> Any:
        """As an array's."""
        return record(self.program, "astype", _as_type, (self, np.dtype(dtype)), {})

    def fill(self, value: Any) -> None:
        """As an array's."""
        self[...] = value


def _method(name: str) -> Callable[..., Any]:
    def method(self: Traced, *args: Any, **kwargs: Any) -> Any:
        return getattr(np, name)(self, *args, **kwargs)

    return method


for _name in METHODS:
    setattr(Traced, _name, _method(_name))


def _item(a: Any, key: Any) -> Any:
    return a[key]


def _written(a: Any, key: Any, value: Any) -> Any:
    a = np.array(a)
    a[key] = value
    return a


def _as_type(a: Any, dtype: Any) -> Any:
    return np.asarray(a).astype(dtype)


def _at(ufunc: Any) -> Callable[..., Any]:
    def at(a: Any, *rest: Any) -> Any:
        a = np.array(a)
        ufunc.at(a, *rest)
        return a

    return at


def _in_place(function: Any) -> Callable[..., Any]:
    def written(a: Any, *rest: Any, **kwargs: Any) -> Any:
        a = np.array(a)
        function(a, *rest, **kwargs)
        return a

    return written


def _basic(key: Any) -> bool:
    parts = key if isinstance(key, tuple) else (key,)
    return all(part is None or part is Ellipsis or isinstance(part, (int, slice, np.integer)) for part in parts)


def untraced(tree: Any) -> Any:
    """The numbers in arguments, which may be nested."""
    if isinstance(tree, Traced):
        return tree.value
    if type(tree) in (tuple, list):
        return type(tree)(map(untraced, tree))
    if type(tree) is dict:
        return {key: untraced(part) for key, part in tree.items()}
    if type(tree) is slice:
        return slice(untraced(tree.start), untraced(tree.stop), untraced(tree.step))
    return tree


def record(
    program: Program, name: str, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any], numbers: bool = False
) -> Any:
    """Call a function on the numbers, and write the call down; ``numbers``: Python's count as operands, too."""
    operands: list[Operand] = []
    traced: list[Traced] = []
    held: dict[int, int] = {}  # the arrays that no step has made, and their places

    def holes(tree: Any) -> Any:
        kind = type(tree)
        if kind is Traced:
            operands.append(tree.index)
            traced.append(tree)
            return Hole(len(operands) - 1)
        if isinstance(tree, np.ndarray) or (numbers and isinstance(tree, (int, float, np.generic))):
            if isinstance(tree, np.ndarray):
                held[id(tree)] = len(operands)
            operands.append(Constant(np.array(tree) if isinstance(tree, np.ndarray) else tree))
            return Hole(len(operands) - 1)
        if kind is tuple or kind is list:
            return kind([holes(part) for part in tree])
        if kind is dict:
            return {key: holes(part) for key, part in tree.items()}
        if kind is slice:
            return slice(holes(tree.start), holes(tree.stop), holes(tree.step))
        return tree

    args, kwargs = holes(args), holes(kwargs)
    site, frame = program.here()
    if frame is not None:
        _call(program, traced, frame)
        for variable, value in frame.f_locals.items() if held else ():
            if id(value) in held:
                operands[held[id(value)]] = Constant(operands[held[id(value)]].value, variable)  # type: ignore[union-attr]
    if name in ("getitem", "setitem"):
        args = (args[0], with_places(args[1], [program.value(o) for o in operands]), *args[2:])
    plain = not kwargs and all(type(a) is Hole and a.place == i for i, a in enumerate(args))
    step = Step(name, function, args, kwargs, tuple(operands), None, site, plain)
    step.value = value = step.compute([program.value(o) for o in operands])
    if isinstance(value, (np.ndarray, np.generic)):
        if frame is not None and name in ("getitem", "setitem"):
            program.counters[len(program.steps)] = {k: v for k, v in frame.f_locals.items() if type(v) is int}
        if isinstance(value, np.ndarray) and value.base is not None:
            step.value = np.array(value)
        return Traced(program, program.add(step))
    if isinstance(value, (tuple, list)) and any(isinstance(part, (np.ndarray, np.generic)) for part in value):
        whole = program.add(step)
        parts = [
            Traced(program, program.add(Step("part", _item, (Hole(0), i), {}, (whole,), np.array(part), site)))
            for i, part in enumerate(value)
        ]
        return type(value)(parts) if type(value) in (tuple, list) else tuple(parts)
    return value


def _call(program: Program, traced: list[Traced], frame: Any) -> None:
    unnamed = {id(x): x.index for x in traced if x.index not in program.names}
    if not unnamed:
        return
    spaces = [frame.f_locals]
    for holder in list(frame.f_locals.values()):
        held = holder if type(holder) is dict else getattr(holder, "__dict__", None)
        if type(held) is dict and len(held) < 100:
            spaces.append(held)
    for space in spaces:
        for name, value in list(space.items()):
            if id(value) in unnamed and type(name) is str:
                program.names.setdefault(unnamed[id(value)], name)


class Tracing(Stand):
    """Arrays that a program makes while it is followed are written down as well."""

    kind = Traced

    def __init__(self, program: Program) -> None:
        self.program = program

    def made(self, array: Any) -> Any:
        """An array that was made anew."""
        site, _ = self.program.here()
        value = np.array(array)
        return Traced(self.program, self.program.add(Step("made", lambda: value, (), {}, (), value, site, True)))

    def stacked(self, items: Any, kwargs: dict[str, Any]) -> Any:
        """An array of traced ones."""
        kwargs = {key: value for key, value in kwargs.items() if key == "dtype"}
        return record(self.program, "array", np.array, (items,), kwargs)

    def plain(self, argument: Any) -> Any:
        """An argument of what makes an array."""
        return untraced(argument)


class Copies:
    """Functions with the arrays that they hold, and those of their module, written down as inputs."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.made: dict[int, Any] = {}
        self.kept: list[Any] = []  # so that no other object has their number

    def of(self, name: str, held: Any) -> Any:
        """What stands for an array or a function; everything else for itself."""
        if id(held) in self.made:
            return self.made[id(held)]
        self.kept.append(held)
        if isinstance(held, np.ndarray) and held.dtype.kind in "fiub":
            self.made[id(held)] = Traced(self.program, self.program.leaf(np.array(held), name))
        elif isinstance(held, FunctionType):
            return self._function(held)
        return self.made.get(id(held), held)

    def _function(self, function: FunctionType) -> FunctionType:
        ours = str(function.__globals__.get("__name__", "")).startswith(("numpy", "tinygrad_bp."))
        space = function.__globals__ if ours else dict(function.__globals__)
        old = function.__closure__ or ()
        cells = tuple(CellType() for _ in old)
        new = FunctionType(function.__code__, space, function.__name__, function.__defaults__, cells or None)
        new.__kwdefaults__ = function.__kwdefaults__
        self.made[id(function)] = new
        for name, cell, held in zip(function.__code__.co_freevars, cells, old, strict=True):
            try:
                cell.cell_contents = self.of(name, held.cell_contents)
            except ValueError:  # a name that is not bound yet
                continue
        for name in function.__code__.co_names if not ours else ():
            if name in space:
                space[name] = self.of(name, space[name])
        return new


def _one_key(a: Any, b: Any) -> bool:
    """Whether two keys are those of one ``a[i:j] += b``, which makes a slice for each from Python 3.12 on."""
    if type(a) is not slice or type(b) is not slice:
        return a is b
    return a.start is b.start and a.stop is b.stop and a.step is b.step


def again(values: Any) -> list[Any]:
    """The same values as objects of their own: a function may write into its inputs."""
    return [Traced(x.program, x.index) if isinstance(x, Traced) else np.array(x) for x in values]


def forward_over(values: Any) -> None:
    """What is written down from here on is the backward."""
    for x in values:
        if isinstance(x, Traced):
            x.program.first = len(x.program.steps)
            return


def is_loss(value: Any) -> None:
    """What a value that is written down was made of is the forward."""
    if isinstance(value, Traced):
        value.program.loss = value.index
