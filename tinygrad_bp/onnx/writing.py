"""A program as an ONNX model: every step by its entry of the table, then what nobody reads is left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..autograd.errors import ArgumentError, DtypeError
from ..program import Program, Value
from . import activations, elementwise, indexing, losses, networks, products, recurrent, shapes  # noqa: F401  (the table)
from .dims import Burnt, Dim
from .generalize import Counted, Filled, Triangle
from .graph import Graph, Ref
from .table import ENTRIES as ENTRIES
from .table import REFUSED as REFUSED
from .table import Call, written

IR_VERSION, OPSET = 8, 17
LARGEST = 2**31 - 1  # bytes in one file of protobuf


def graph_of(
    program: Program, inputs: Mapping[Value, str], arrays: Mapping[Value, tuple[str, Any]], outputs: Sequence[str]
) -> tuple[Graph, list[tuple[str, Ref]], list[tuple[str, Ref]]]:
    """The graph of a program, its named inputs and outputs; ``arrays`` are the names and values of what is stored."""
    graph = Graph()
    known: dict[Value, Ref] = {}
    given: list[tuple[str, Ref]] = []
    for value, name in inputs.items():
        ref = known[value] = Ref(graph, graph.free_name(name), value.dtype, value.shape)
        given.append((ref.name, ref))
    graph.taken.update(outputs)
    for value, (name, array) in arrays.items():
        known[value] = graph.initializer(name, array)
        graph.stored[value] = array
    _free_sizes(graph, given)
    for constant in program.constants():
        ref = graph.constant(constant.array, constant.dtype)
        known[constant] = Ref(graph, ref.name, ref.dtype, constant.shape)
    for step in program.steps:
        graph.producers[step.result] = step
        for value in step.reads():
            graph.readers.setdefault(value, []).append(step)
    for value in program.results():
        graph.readers.setdefault(value, []).append(None)
    for step in program.steps:
        graph.readers.setdefault(step.result, [])
        try:
            for value in step.reads():
                if value not in known:
                    known[value] = _made(graph, value)
            known[step.result] = written(Call(graph, step, known))
        except Burnt as error:
            raise ArgumentError(
                f"onnx.export: the op {step.op.name} would keep {error} as it is in the sample: it takes no free size "
                "there. Leave this axis out of dynamic_axes, and export one file a size"
            ) from None
    results = []
    for name, item in zip(outputs, program.outputs, strict=True):
        if isinstance(item, Value) and item not in known:
            known[item] = _made(graph, item)
        ref = known[item] if isinstance(item, Value) else graph.constant(item, np.asarray(item).dtype)
        graph.nodes.append(("Identity", [ref.name], [name], {}))
        shape = item.shape if isinstance(item, Value) else ()
        results.append((name, Ref(graph, name, ref.dtype, shape)))
    _without_copies(graph, outputs)
    _without_the_unread(graph, outputs)
    return graph, given, results


def _free_sizes(graph: Graph, given: list[tuple[str, Ref]]) -> None:
    for _, ref in given:
        for axis, n in enumerate(ref.shape or ()):
            if isinstance(n, Dim) and n.symbol and n.symbol not in graph.sizes:
                size = graph.node("Shape", ref, dtype=np.int64, start=axis, end=axis + 1)
                graph.sizes[n.symbol] = size


def _made(graph: Graph, value: Value) -> Ref:
    """A constant that follows a free size."""
    if isinstance(value, Filled):
        ref = graph.expand(graph.constant(value.number, value.dtype), value.shape)
    elif isinstance(value, Counted):
        (size,) = [n for n in value.shape if isinstance(n, Dim) or n != 1]
        ref = graph.counting(size)
        ref = (ref / value.repeats if value.repeats > 1 else ref) * value.step
        ref = graph.reshape(ref.cast(value.dtype), value.shape)
    elif isinstance(value, Triangle):
        rows, columns = (graph.counting(n) for n in value.shape[-2:])
        inside = columns <= graph.unsqueeze(rows + value.diagonal, 1)
        ref = inside.choose(graph.constant(value.inside, value.dtype), value.beyond)
        ref = graph.unsqueeze(ref, *range(len(value.shape) - 2))
    else:
        raise KeyError(value)
    return Ref(graph, ref.name, value.dtype, value.shape)


def _without_copies(graph: Graph, outputs: Sequence[str]) -> None:
    """Every ``Identity`` is left out, but where an input or a stored array is itself a result."""
    made = {name for node in graph.nodes for name in node[2]}
    same: dict[str, str] = {}  # a name -> the one in its place
    for kind, read, gives, _ in graph.nodes:
        if kind == "Identity" and gives[0] not in outputs:
            same[gives[0]] = same.get(read[0], read[0])
    for kind, read, gives, _ in graph.nodes:  # a result takes the name of what it copies, the first one
        if kind == "Identity" and gives[0] in outputs:
            origin = same.get(read[0], read[0])
            if origin in made and origin not in outputs and origin not in same:
                same[origin] = gives[0]
    kept = []
    for kind, read, gives, attributes in graph.nodes:
        read, gives = [_end(same, name) for name in read], [_end(same, name) for name in gives]
        if kind != "Identity" or (gives[0] in outputs and gives[0] != read[0]):
            kept.append((kind, read, gives, attributes))
    graph.nodes = kept


def _end(same: dict[str, str], name: str) -> str:
    while name in same:
        name = same[name]
    return name


def _without_the_unread(graph: Graph, outputs: Sequence[str]) -> None:
    read, kept = set(outputs), []
    for node in reversed(graph.nodes):
        if not read.isdisjoint(node[2]):
            read.update(node[1])
            kept.append(node)
    graph.nodes = kept[::-1]
    graph.initializers = {name: array for name, array in graph.initializers.items() if name in read}


def model_of(
    onnx: Any, name: str, graph: Graph, inputs: list[tuple[str, Ref]], outputs: list[tuple[str, Ref]]
) -> bytes:
    """The bytes of a file of ONNX, checked. Raises ``ArgumentError`` where they would be more than a file can hold."""
    size = sum(array.nbytes for array in graph.initializers.values())
    if size > LARGEST:
        raise ArgumentError(
            f"onnx.export: the weights take {size:,} bytes, and a file of ONNX holds at most {LARGEST:,}. Export the "
            "model in parts, or in float16: model.half()"
        )
    helper = onnx.helper
    nodes = []
    for kind, read, gives, attributes in graph.nodes:
        attributes = {k: kind_of(helper, v) if k == "to" else v for k, v in attributes.items()}
        while read and not read[-1]:
            read = read[:-1]
        nodes.append(helper.make_node(kind, read, gives, name=gives[0], **attributes))
    stored = [onnx.numpy_helper.from_array(array, name) for name, array in graph.initializers.items()]
    whole = helper.make_graph(nodes, name, [_described(helper, *each) for each in inputs],
                              [_described(helper, *each) for each in outputs], stored)  # fmt: skip
    model = helper.make_model(
        whole, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION, producer_name="tinygrad_bp"
    )  # fmt: skip
    try:
        onnx.checker.check_model(model, full_check=True)
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as error:
        raise DtypeError(
            f"onnx.export: opset {OPSET} does not have what the function computes, mostly a dtype; cast to float32 or "
            f"int64 first. The checker says: {error}"
        ) from None
    data: bytes = model.SerializeToString()
    return data


def kind_of(helper: Any, dtype: Any) -> int:
    """ONNX' number of a dtype."""
    try:
        return int(helper.np_dtype_to_tensor_dtype(np.dtype(dtype)))
    except (KeyError, ValueError):
        raise DtypeError(f"onnx.export: ONNX has no {np.dtype(dtype)}; cast it first") from None


def _described(helper: Any, name: str, ref: Ref) -> Any:
    shape = [(n.symbol if isinstance(n, Dim) else int(n)) for n in ref.shape or ()]
    return helper.make_tensor_value_info(name, kind_of(helper, ref.dtype), shape)
