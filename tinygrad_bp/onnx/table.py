"""The one table: how each op of the package is written in ONNX, or why it cannot be.

An entry takes the call, then the op's operands as tensors of the graph under the op's names, and its parameters as
keywords: ``entry("leaky_relu")(lambda c, x, negative_slope: …)``. It returns the tensor that is the op's result.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

import numpy as np

from ..autograd.errors import DtypeError
from ..program import Constant, Step, Value
from .graph import Graph, Ref

Entry = Callable[..., Ref]

ENTRIES: dict[str, Entry] = {}
REFUSED: dict[str, str] = {}  # why not, and what to write instead


class Refused(Exception):
    """This call of an op cannot be written: why."""


def entry(*names: str) -> Callable[[Entry], Entry]:
    """The decorator that puts a function into the table under these names of ops."""

    def put(function: Entry) -> Entry:
        for name in names:
            assert name not in ENTRIES, name
            ENTRIES[name] = function
        return function

    return put


def refuse(names: str, reason: str) -> None:
    """Ops that have no entry, and why."""
    for name in names.split():
        assert name not in REFUSED, name
        REFUSED[name] = reason


class Call:
    """One call of an op while it is written: the graph, and what is known of the result."""

    graph: Graph
    step: Step
    known: dict[Value, Ref]
    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    def __init__(self, graph: Graph, step: Step, known: dict[Value, Ref]) -> None:
        self.graph, self.step, self.known = graph, step, known
        self.shape, self.dtype = step.result.shape, step.result.dtype

    def ref(self, value: Any) -> Ref:
        """A value of the program, or a number, as a tensor of the graph."""
        return self.known[value] if isinstance(value, Value) else self.graph.constant(value, np.asarray(value).dtype)

    def array(self, value: Any) -> Any:
        """An array that has to be known now. Raises ``Refused`` where it is computed, or follows a free size."""
        array = self.now(value)
        if isinstance(array, Value):
            self.no("it reads places that are computed, or that follow a free size")
        return np.asarray(array)

    def now(self, value: Any) -> Any:
        """The array of a value that is the same in every run; another value, or what is none, as it is."""
        if isinstance(value, Constant):
            return value.array
        return self.graph.stored.get(value, value) if isinstance(value, Value) else value

    def source(self, value: Any) -> Any:
        """Where a value's elements come from, in the same order: what was reshaped, cloned or kept as it is."""
        step = self.graph.producers.get(value)
        while step is not None and step.op.name in ("reshape", "clone", "positive"):
            value = step.operands[0]
            step = self.graph.producers.get(value)
        return value

    def no(self, reason: str) -> NoReturn:
        """Refuse this call."""
        raise Refused(reason)


def written(call: Call) -> Ref:
    """The result of a step, by its entry."""
    op, operands = call.step.op, call.step.operands
    dtypes = [v.dtype for v in _values(operands)] + [call.dtype]
    if any(dtype.kind == "c" for dtype in dtypes):
        raise DtypeError(_sentence(op.name, "ONNX has no complex numbers in its operators; export their parts as two"))
    if op.name not in ENTRIES:
        raise DtypeError(_sentence(op.name, REFUSED.get(op.name, "it has no entry in the table")))
    params = {name: call.step.params.get(name, default) for name, default in op.params.items()}
    wide = op.wide and call.dtype == np.float16  # computed in float32 and rounded once, as the op itself does
    promotes = op.promotes * len(operands[0]) if op.variadic else op.promotes
    given = [
        _operand(call, item, operands, wide, op.floats and takes_part and call.dtype.kind == "f")
        for item, takes_part in zip(operands[0] if op.variadic else operands, promotes)
    ]
    try:
        result = ENTRIES[op.name](call, *([given] if op.variadic else given), **params)
    except Refused as refused:
        raise DtypeError(_sentence(op.name, str(refused))) from None
    result = result.cast(call.dtype)
    return Ref(call.graph, result.name, call.dtype, call.shape)


def _values(operands: Any) -> list[Value]:
    return [v for item in operands for v in (item if isinstance(item, tuple) else [item]) if isinstance(v, Value)]


def _operand(call: Call, item: Any, operands: Any, wide: bool, floats: bool) -> Ref:
    if isinstance(item, Value):
        ref = call.known[item]
        dtype = call.dtype if floats and ref.dtype.kind in "bui" else ref.dtype
        dtype = np.dtype(np.float32) if wide and dtype == np.float16 else dtype
        return ref if dtype == ref.dtype else Ref(ref.graph, ref.cast(dtype).name, dtype, ref.shape)
    # A number takes the dtype that NumPy computes in beside the others.
    like = [v.dtype for v in _values(operands) if v.dtype != np.bool_ or isinstance(item, bool)]
    dtype = np.result_type(*like, item) if like else np.asarray(item).dtype
    dtype = call.dtype if floats and dtype.kind in "bui" else dtype
    number = call.graph.constant(item, np.float32 if wide and dtype == np.float16 else dtype)
    return Ref(call.graph, number.name, number.dtype, ())


def _sentence(name: str, reason: str) -> str:
    return f"onnx.export: the op {name} cannot be exported: {reason}"
