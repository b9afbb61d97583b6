"""Capture: run a function once on tensors, and write every op that is called into a program.

Arrays are known by their place in memory (``places``): the array that an op gave is that step's value wherever it turns
up again, in a later op, among what a node kept for its rules, in a ``.grad``. An array that no step gave comes from
outside; whether it is an input, which may differ in the next run, or a constant shows at the end: what has outlived the
function is an input.
"""

from __future__ import annotations

import os
import sys
import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..autograd.arrays import as_array
from ..autograd.backward import Pull
from ..autograd.errors import CaptureError, shape_text
from ..autograd.modes import mode
from ..autograd.node import Node
from ..autograd.op import Op
from ..autograd.sharing import lies_there, shown
from ..autograd.tensor import Tensor, wrap
from ..autograd.trees import flatten
from ..autograd.types import Array
from ..autograd.watch import Following, Watcher
from .captured import Captured, Condition, GradientOf, Source
from .ending import ended
from .later import Moves, Products
from .numbers import Numbers, refuse_kept, with_numbers
from .places import Places
from .program import Constant, Step, Value, cast


def capture(
    function: Callable[..., Any], arguments: Any, names: Sequence[str] = (), varying: Sequence[int] = (),
    undo: bool = False, exact: bool = True,
) -> tuple[Captured, Any]:  # fmt: skip
    """Call ``function`` with a tuple and a dict of arguments: what it computed, and what it returned.

    ``names`` are those of the leaves of the arguments; those whose numbers are in ``varying`` are numbers that may be
    others in the next run: the function gets 0-d tensors, and computes with them what it would with numbers, to the bit
    if ``exact``. With ``undo`` tensors hold afterwards what they held before. If not ``exact``, memory is spared: a
    gradient that the function uses up is None afterwards, and a large one is never there as a whole where nobody looks
    at it; the parameter is then within rounding of what it would be.
    Raises ``CaptureError`` where a run would not be the same for other values; what was written until then has been
    taken back.

    >>> import tinygrad_bp as tg
    >>> captured, returned = capture(lambda x: x * 2, ((tg.ones(2),), {}), ["x"])
    >>> captured.sources, returned
    ((0,), tensor([2., 2.]))
    """
    leaves, back = flatten(arguments)
    # What NumPy computes with an array is not seen: an array comes in as a tensor on its memory.
    leaves = [wrap(shown(as_array(item)), None) if isinstance(item, np.ndarray) else item for item in leaves]
    watcher = Capture(exact)
    numbers = [leaves[number] for number in varying]
    for number in varying:
        leaves[number] = watcher.number(leaves[number], names[number] if number < len(names) else "", number)
    for number, item in enumerate(leaves):
        if isinstance(item, Tensor):
            watcher.bring(item, names[number] if number < len(names) else "", number)
    with Following(watcher):
        try:
            args, kwargs = back(leaves)
            returned = function(*args, **kwargs)
            captured = ended(watcher, returned)
            used_up = [] if exact else [grad.source for grad in captured.grads if grad.output is None]
            holders = [leaves[source] if isinstance(source, int) else source() for source in used_up]
            if numbers:
                stand_ins = [leaves[number] for number in varying]
                returned = with_numbers(returned, stand_ins, numbers)
                del args, kwargs, leaves, item
                refuse_kept(stand_ins)
            if undo:
                watcher.take_back()
                return captured, returned
        except BaseException:
            watcher.take_back()
            raise
    for holder in holders:
        holder._cell.grad = None
    watcher.moves.finish()  # unwatched, where ops take less time
    return captured, returned


@dataclass(eq=False, slots=True)
class Outside:
    """A tensor or an array that no step gave."""

    value: Value
    source: Callable[[], Any]  # weak: None where it is no more
    argument: int | None
    array: Any = None  # the memory of a tensor; a copy of an array
    before: Any = None  # what the memory held before it was written first
    forgotten: Any = None  # a gradient that was there when the run began, and is no more
    gradient: Callable[[], Any] = lambda: None  # that of a tensor when it came in: weak


class Capture(Watcher):
    """Writes down what is computed while it watches."""

    traces = True

    def __init__(self, exact: bool) -> None:
        self.steps: list[Step] = []
        self.outside: list[Outside] = []
        self._places = Places()
        self.conditions: list[Condition] = []
        self._undo: list[Callable[[], Any]] = []
        self.products: Products = Products()  # of backward, not computed yet
        self.moves: Moves = Moves(self.products)  # of parameters, not done yet
        self._exact = exact
        self._pulls = False  # whether a rule of backward runs
        self._arrays: dict[int, Outside] = {}  # by id, arrays from outside, which may end meanwhile
        self.pulled: set[int] = set()  # the order of the nodes through which backward went
        self.numbers = Numbers(self._places, exact)
        # By id of the cell, the tensors whose gradient was forgotten, or replaced by an assignment: weak.
        self.cleared: dict[int, Callable[[], Any]] = {}
        self.layout: dict[Callable[[Any], Any], None] = {}  # by what it was asked how tensors lie in memory
        self.texts: set[str] = set()  # of values
        self.writes: bool = False  # whether something was written in place
        self.asked_for: dict[int, tuple[int | Source, bool]] = {}  # by id of the cell

    # ------------------------------------------------------------------ which value an array has

    def know(self, array: Any, value: Value) -> Value:
        """``array`` has this value from now on."""
        self._places.put(array, value)
        return value

    def find(self, array: Any) -> Value | None:
        """The value of an array, or of a view of all of it; None: it comes from outside."""
        known = self._places.at(array)
        if known is not None:
            if known.value is None:
                raise CaptureError(
                    f"a tensor {shape_text(array.shape)} was written in a way that leaves no op behind, so a program "
                    "would not know its new value. Write t[...] = value, t.copy_(value) or t += value; where it is a "
                    "view of a tensor that was written, such as a parameter, give a copy, t.clone()"
                )
            return known.value
        base = array
        while base is not None:
            outside = self._arrays.get(id(base))
            if outside is not None and outside.source() is base and (base is array or lies_there(base, array)):
                return outside.value
            base = getattr(base, "base", None)
        return None

    def bring(self, item: Any, name: str = "", argument: int | None = None) -> Value:
        """The value of a tensor or an array from outside."""
        array = item._value if isinstance(item, Tensor) else item
        known = self.find(array)
        if known is not None:
            return known
        value = Value(array.shape, array.dtype, name or getattr(item, "name", None) or "")
        outside = Outside(value, weakref.ref(item), argument)
        self.outside.append(outside)
        if isinstance(item, Tensor):
            outside.array = array
            gradient = getattr(getattr(item, "_cell", None), "grad", None)
            if gradient is not None:
                outside.gradient = weakref.ref(gradient)
            return self.know(array, value)
        outside.array = np.array(array)
        self._arrays[id(item)] = outside
        return value

    def setting(self, array: Any, name: str, read: Source) -> None:
        """A number that may be another one in the next run: a 0-d input."""
        value = self.know(array, Value(array.shape, array.dtype, name))
        self.outside.append(Outside(value, read, None, array))

    def on_failure(self, undo: Callable[[], Any]) -> None:
        """What ``take_back`` calls, the last first."""
        self._undo.append(undo)

    def assume(self, holds: Callable[[], bool], of_tensors: bool = False) -> None:
        """A program holds only where all of these do."""
        self.conditions.append(Condition(holds, of_tensors))

    def number(self, number: float, name: str, argument: int) -> Tensor:
        """A number among the arguments as a 0-d input."""
        array = np.array(float(number))
        value = self.know(array, Value((), array.dtype, name))
        self.outside.append(Outside(value, lambda: array, argument, array))
        self.numbers.values.add(value)
        return wrap(array, None)

    def given(self, op: Op, operands: tuple[Any, ...], params: dict[str, Any]) -> tuple[Any, ...]:
        """Numbers among the operands take the dtype that those of Python would take."""
        if not self.numbers.values:
            return operands
        dtype = self.numbers.dtype_for(op, operands, params)
        if dtype is None:
            return operands

        def cast_to(item: Any) -> Any:
            if not self.numbers.is_one(item):
                return item
            array = item._value.astype(dtype)
            self.know(array, self._cast(self.bring(item), dtype))
            return wrap(array, None)

        return (list(map(cast_to, operands[0])),) if op.variadic else tuple(map(cast_to, operands))

    # ------------------------------------------------------------------ what is called

    def calling(self, op: Op, operands: tuple[Any, ...], params: dict[str, Any]) -> Any:
        """Compute what an op reads; a large product of backward may wait until somebody reads it."""
        if not self.products and not self.moves and not self._pulls:
            return None
        if op.name != "permute":  # which is a view
            leaves = flatten((operands, params))[0]
            self.bring_up([x._value if isinstance(x, Tensor) else x for x in leaves])
        if not self._exact and self._pulls and op.name == "matmul" and not mode().grad and len(mode().watchers) == 1:
            arrays = [x._value for x in operands if isinstance(x, Tensor)]
            result = self.products.put_off(op.forward, arrays)
            if result is not None:
                self.computed(op, operands, params, arrays, result)
                return wrap(result, None)
        return None

    def computed(self, op: Op, operands: Any, params: dict[str, Any], values: Any, value: Any) -> None:
        """Write a step, and the casts that brought its operands to one dtype."""
        given = list(operands[0]) if op.variadic else list(operands)
        if op.inputs and not op.draws and not any(self._follows(item) for item in (*given, *params.values())):
            return  # arrays made on the way, of nothing that may change
        taken = tuple([self._operand(item, array) for item, array in zip(given, values, strict=True)])
        # What was computed of pieces of arrays (``same``) is of the shape of the whole.
        whole = [v.shape for v, array in zip(taken, values) if isinstance(v, Value) and v.shape != array.shape]
        result = Value(whole[0] if whole else np.shape(value), value.dtype)
        self.steps.append(Step(op, (taken,) if op.variadic else taken, self._params(params), result))
        self.numbers.found(op, operands, result)
        known = self._places.at(value)
        if known is None or known.value is None:  # a view of all of an array is that array
            self.know(value, result)

    def called(self, op: Op, operands: tuple[Any, ...], params: dict[str, Any], result: Any, began: int) -> None:
        """Where the result was brought to another dtype than the op gave, write that too."""
        array = result._value if isinstance(result, Tensor) else result
        if self.steps and isinstance(result, Tensor) and self.find(array) is None:
            self.know(array, self._cast(self.steps[-1].result, array.dtype))

    def _follows(self, item: Any) -> bool:
        if isinstance(item, (tuple, list)):
            return any(self._follows(part) for part in item)
        return isinstance(item, Tensor) or (isinstance(item, np.ndarray) and self.find(item) is not None)

    def _operand(self, item: Any, array: Any) -> Any:
        """What stands in a step for an operand that op was given as ``array``."""
        if not hasattr(array, "dtype"):
            return array  # a number of Python
        if not isinstance(item, (Tensor, np.ndarray)):
            return Constant(np.shape(array), array.dtype, array=np.asarray(array))
        value = self.bring(item)
        if value.dtype == array.dtype:
            return value
        known = self.find(array)
        return known if known is not None else self.know(array, self._cast(value, array.dtype))

    def _params(self, item: Any) -> Any:
        """Parameters with values in the place of arrays."""
        if isinstance(item, (Tensor, np.ndarray)):
            return self.bring(item)
        if isinstance(item, dict):
            return {name: self._params(part) for name, part in item.items()}
        if isinstance(item, (tuple, list)):
            parts = [self._params(part) for part in item]
            return type(item)(*parts) if hasattr(item, "_fields") else type(item)(parts)
        if isinstance(item, slice):
            return slice(self._params(item.start), self._params(item.stop), self._params(item.step))
        return item

    def _cast(self, value: Value, dtype: Any) -> Value:
        step = cast(value, dtype)
        self.steps.append(step)
        return step.result

    # ------------------------------------------------------------------ what is written and read

    def writing(self, arrays: Sequence[Any]) -> None:
        """Keep what memory from outside held; until someone says what was written, nobody knows its value."""
        self.writes = True
        self.bring_up(arrays, written=True)
        self._keep([array for array in arrays if not self.moves.is_first(array)])
        self._places.written(arrays)

    def _keep(self, arrays: Sequence[Any]) -> None:
        """Keep what memory from outside under these arrays held, where it is written for the first time."""
        for outside in self.outside:
            if outside.before is None and any(np.may_share_memory(outside.array, array) for array in arrays):
                outside.before = np.array(outside.array)

    def put_off(self, rule: Callable[..., None], tensors: Sequence[Tensor], pieces: Sequence[Any]) -> bool:
        """Until somebody reads them, or the function ends."""
        arrays = [x._value for x in tensors]
        self.bring_up([array for array in arrays if self.products.find(array) is None])
        for x in tensors:
            self.bring(x)
        self.moves.put_off(rule, arrays, pieces)
        return True

    def bring_up(self, arrays: Sequence[Any], written: bool = False) -> None:
        """Do what was put off with the memory under these arrays."""
        if self.moves or self.products:
            arrays = [x for x in arrays if isinstance(x, np.ndarray) and not self.moves.is_first(x)]
            self.moves.bring_up(arrays, self._keep)
            self.products.bring_up(arrays, written)

    def same(self, array: Any, of: Any) -> None:
        """A copy, or what was written; written with itself, it is what it was. A piece stands for the whole."""
        known = self._places.at(of) if array is of else None
        self.know(array, known.before if known is not None and known.before is not None else self.bring(of))

    def read(self, x: Tensor, how: str) -> None:
        """Refuse: in another run it may be another value."""
        if isinstance(self.find(x._value), Constant):
            return
        if not how:
            raise CaptureError(
                f"{_asked()} of {_said(x)} while a program is written down: it computes with the values in a way that "
                "leaves no op behind. Call it outside, and give what it finds as an argument"
            )
        if self.steps or self.find(x._value) is not None:
            raise CaptureError(
                f"{how} of {_said(x)} while a program is written down: what the function does with the number would "
                "stay as it is now in every later run. Return the tensor and read it outside; write "
                "tg.where(c, a, b) for a choice between values"
            )

    def held(self, x: Tensor) -> None:
        """Know the array of a tensor from outside by the tensor."""
        self.bring_up([x._value])
        if self.bring(x) in self.numbers.values:
            raise CaptureError("a number that may be another one in the next run becomes a tensor")

    def happened(self, what: str) -> None:
        """Refuse: it would not happen in the other runs."""
        raise CaptureError(
            f"{what} while a program is written down: it would happen now, and in no later run. Call it outside"
        )

    def made(self, x: Tensor) -> None:
        """Know a tensor that every run makes again as a constant."""
        array = x._value
        self.know(array, Constant(array.shape, array.dtype, array=np.array(array)))

    def shaped(self, x: Array) -> None:
        """Refuse: the shapes of a program are those of every run."""
        raise CaptureError(
            f"{_asked()} of {_said(x)} while a program is written down: the shape of the result depends on values, and "
            "a program has one shape for every run. Write tg.where(c, a, b), or multiply by the mask"
        )

    def forgot(self, x: Tensor) -> None:
        """``x`` has another gradient from now on, or None; where this run read it, others read what is there then."""
        cell = x._own_cell()
        for outside in self.outside if cell.grad is not None else ():
            if outside.argument is None and outside.source() is cell.grad:
                outside.source, outside.forgotten = GradientOf(x), cell.grad
        known = self._holder_of(cell)
        if known is None or cell.grad is known.gradient():  # else backward left one here: the next would add to another
            self.cleared[id(cell)] = weakref.ref(x)

    def _holder_of(self, cell: Any) -> Outside | None:
        """The tensor from outside that this cell belongs to."""
        return next((item for item in self.outside if getattr(item.source(), "_cell", None) is cell), None)

    def asked(self, x: Tensor) -> None:
        """Other runs are like this one where they find a gradient too, or none too."""
        cell = x._own_cell()
        if not x.is_leaf or id(cell) in self.cleared or id(cell) in self.asked_for:
            return
        known = self._holder_of(cell)
        if known is None and self.find(x._value) is not None:
            return  # the run made it
        if known is None or cell.grad is known.gradient():  # nothing was added to it yet
            source = weakref.ref(x) if known is None or known.argument is None else known.argument
            self.asked_for[id(cell)] = source, cell.grad is not None

    def told(self, text: str) -> None:
        """A text of values may be printed, and is not returned."""
        self.texts.add(text)

    def laid(self, how: Callable[[Any], Any]) -> None:
        """In other runs tensors lie as in this one."""
        self.layout[how] = None

    def pulling(self, pull: Pull) -> Pull:
        """Remember the nodes through which backward goes."""

        def remembered(node: Node, g: Any) -> Any:
            self.pulled.add(node.order)
            before, self._pulls = self._pulls, True
            try:
                return pull(node, g)
            finally:
                self._pulls = before

        return remembered

    # ------------------------------------------------------------------ the end

    def take_back(self) -> None:
        """Give memory from outside what it held before, and Python what it held."""
        self.moves.take_back()
        for undo in reversed(self._undo):
            undo()
        for outside in self.outside:
            if outside.before is not None:
                outside.array[...] = outside.before


def _said(x: Any) -> str:
    """``w (2, 3)``, or ``a tensor (2, 3)``."""
    return f"{getattr(x, 'name', None) or 'a tensor'} {shape_text(tuple(x.shape))}"


def _asked() -> str:
    """The name of the public function that the user called: the outermost of ours that is no module."""
    frame: Any = sys._getframe(2)
    ours = capture.__code__.co_filename.rpartition("program")[0]
    names = {"autograd": "", "nn": "", "": ""}  # of the engine, of modules, of all others
    while frame.f_code is not capture.__code__ and frame.f_code.co_filename.startswith(ours):
        code, room = frame.f_code, frame.f_code.co_filename[len(ours) :].partition(os.sep)[0]
        called = frame.f_locals.get("func") or frame.f_locals.get("ufunc") if room == "autograd" else None
        if callable(called):  # what NumPy was asked for
            names[""] = f"np.{called.__name__}"
        elif "<locals>" not in code.co_qualname:  # not what a decorator made
            names[room if room in names else ""] = code.co_name
        frame = frame.f_back
    return f"{(names[''] or names['nn'] or names['autograd']).strip('_')}()"
