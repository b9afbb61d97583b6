"""``export``: a function is called on a sample, and the program that it computed is written as ONNX."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from ..autograd.elsewhere import on_cpu
from ..autograd.errors import ArgumentError, CaptureError
from ..autograd.tensor import Tensor
from ..autograd.trees import flatten
from ..autograd.values import held
from ..nn.module import Module
from ..nn.parameter import UninitializedParameter
from ..program import Program, Value, argument_names
from ..program.capture import capture
from ..program.captured import Captured
from ..program.program import live
from ..random.generator import default_generator
from ..saving.writing import replace
from .free import axes_of, resized, tries_of
from .generalize import generalize
from .writing import OPSET, graph_of, model_of

Axes = Mapping[str, Mapping[int, str] | Sequence[int]]


def export(
    model: Callable[..., Any], args: Any, f: Any, *, kwargs: Mapping[str, Any] | None = None,
    export_params: bool = True, opset_version: int | None = None, do_constant_folding: bool = True,
    input_names: Sequence[str] | None = None, output_names: Sequence[str] | None = None,
    dynamic_axes: Axes | None = None,
) -> None:  # fmt: skip
    """Write a module or a function to ``f``, a path or a file opened for writing, as a model of ONNX.

    It is called once on ``args``, a tensor or a tuple of arguments, and ``kwargs``; tensors and arrays among them are
    inputs of the model, everything else is as it is in every run. A module is called as after ``eval()``, whatever it
    is in now: no dropout, batch norm by its running statistics; a function is called as it is. Nothing of it is
    changed. Inputs are called as the parameters of the function, or by ``input_names``; results ``output``, or
    ``output_0``, ``output_1``, …, or by ``output_names``; weights as in ``state_dict()``, and they are stored.

    Sizes are those of the sample, but for ``dynamic_axes``: ``{"x": {0: "batch"}}`` leaves dimension 0 of x free,
    ``{"x": [0]}`` too. Axes of one name have one size. It is then called at other sizes as well, and what differs is
    computed from the inputs' sizes; what cannot be is refused. The file has ``ir_version`` 8 and opset 17, passed
    ``onnx.checker``, holds no code, and replaces an existing one only once it is whole. ``opset_version`` is 17, and
    ``do_constant_folding`` changes nothing: whoever runs a model folds its constants.

    Raises ``DtypeError`` for an op or a dtype that opset 17 does not have, by name; ``ArgumentError`` for names and
    axes that do not fit, for a function that writes its tensors, and for weights of more than 2 GB; ``CaptureError``
    where the function reads a value (``if t > 0``); ``ModuleNotFoundError`` without the package onnx.

    >>> import io
    >>> import tinygrad_bp as tg
    >>> model = tg.nn.Sequential(tg.nn.Linear(3, 2), tg.nn.ReLU())
    >>> file = io.BytesIO()
    >>> tg.onnx.export(model, tg.ones(1, 3), file, input_names=["x"], dynamic_axes={"x": {0: "batch"}})
    >>> import onnx
    >>> [node.op_type for node in onnx.load_from_string(file.getvalue()).graph.node]
    ['Gemm', 'Relu']
    """
    onnx = _library()
    _check_file(f)
    if not callable(model):
        raise ArgumentError(f"onnx.export: model is a module or a function, got {type(model).__name__}")
    if opset_version not in (None, OPSET) or not export_params:
        what = "export_params=False" if not export_params else f"opset_version={opset_version}"
        raise ArgumentError(f"onnx.export: {what}: models are written for opset {OPSET}, with their weights")
    arguments = (args if isinstance(args, tuple) else (args,)), dict(kwargs or {})
    owner = model if isinstance(model, Module) else getattr(model, "__self__", None)
    owner = owner if isinstance(owner, Module) else None
    _check_initialized(owner)
    names = _input_names(model, arguments, input_names)
    leaves, back = flatten(arguments)
    for value in (*leaves, *(owner.state_dict().values() if owner is not None else ())):
        on_cpu(value._value if isinstance(value, Tensor) else value, "onnx.export")
    axes = axes_of(dynamic_axes or {}, {name: leaves[i] for i, name in names.items()}, output_names)
    tries = tries_of(axes, {name: leaves[i] for i, name in names.items()})
    runs: list[Captured] = []
    with _as_in_eval(owner):
        for sizes in tries:
            tried = [resized(leaf, axes.get(names.get(i, ""), {}), sizes) for i, leaf in enumerate(leaves)]
            runs.append(_captured(model, back(tried), sizes))
    programs = [_alive(run) for run in runs]
    program = generalize(programs, tries) if len(runs) > 1 else programs[0]
    results = _output_names(len(program.outputs), output_names, list(names.values()))
    given = {value: names[source] for value, source in zip(program.inputs, runs[0].sources) if isinstance(source, int)}
    stored = _stored(program, runs[0], owner)
    both = sorted({name for name, _ in stored.values()} & {*given.values(), *results})
    if both:
        raise ArgumentError(
            f"onnx.export: {', '.join(both)} names a stored tensor, and an input or a result too; give input_names and "
            "output_names of their own"
        )
    name = type(model).__name__ if isinstance(model, Module) else getattr(model, "__name__", "function")
    data = model_of(onnx, name, *graph_of(program, given, stored, results))
    if hasattr(f, "write"):
        f.write(data)
    else:
        replace(os.fspath(f), data)


# ---------------------------------------------------------------------- what is asked for


def _library() -> Any:
    try:
        import onnx
    except ImportError:
        raise ModuleNotFoundError(
            "onnx.export needs the package onnx: pip install 'tinygrad_bp[onnx]'", name="onnx"
        ) from None
    return onnx


def _check_file(f: Any) -> None:
    if hasattr(f, "write"):
        if hasattr(f, "encoding"):
            raise ArgumentError("onnx.export: the file takes text; write open(path, 'wb')")
    elif not isinstance(f, (str, os.PathLike)):
        raise ArgumentError(f"onnx.export: give a path or a file opened for writing, got {type(f).__name__}")


def _check_initialized(owner: Module | None) -> None:
    for name, parameter in owner.named_parameters() if owner is not None else ():
        if isinstance(parameter, UninitializedParameter):
            raise ArgumentError(
                f"onnx.export: {name} has no size yet, and exporting changes nothing: call the model once before"
            )


def _input_names(model: Any, arguments: Any, asked: Sequence[str] | None) -> dict[int, str]:
    """By the number of each leaf of the arguments that is an input, its name."""
    leaves, _ = flatten(arguments)
    numbers = [i for i, leaf in enumerate(leaves) if isinstance(leaf, (Tensor, np.ndarray))]
    if not numbers:
        raise ArgumentError("onnx.export: args holds no tensor; a model of ONNX computes from its inputs")
    called = model.forward if isinstance(model, Module) else model
    found = argument_names(called, *arguments)
    names = [found[i] if i < len(found) else f"input_{i}" for i in numbers]
    return dict(zip(numbers, _checked("input_names", asked, names, "inputs")))


def _output_names(count: int, asked: Sequence[str] | None, inputs: Sequence[str]) -> list[str]:
    if not count:
        raise ArgumentError("onnx.export: the function returns no tensor")
    plain = ["output"] if count == 1 else [f"output_{i}" for i in range(count)]
    plain = [f"{name}_" if name in inputs else name for name in plain]
    names = _checked("output_names", asked, plain, "results")
    both = sorted({*names} & {*inputs})
    if both:
        raise ArgumentError(f"onnx.export: {', '.join(both)} names an input and a result; give them names of their own")
    return names


def _checked(what: str, asked: Sequence[str] | None, plain: list[str], of: str) -> list[str]:
    if asked is None:
        return plain
    if isinstance(asked, str) or not all(isinstance(name, str) and name for name in asked):
        raise ArgumentError(f"onnx.export: {what} is a list of names, got {asked!r}")
    if len(asked) != len(plain) or len(set(asked)) != len(asked):
        raise ArgumentError(f"onnx.export: {what} has to hold {len(plain)} different names, one for each of the {of}; "
                            f"got {list(asked)}")  # fmt: skip
    return list(asked)


# ---------------------------------------------------------------------- calling it


@contextmanager
def _as_in_eval(owner: Module | None) -> Iterator[None]:
    """Evaluation in all modules, and everything as it was afterwards."""
    modules = [(module, module.training) for module in owner.modules()] if owner is not None else []
    parameters = list(owner.parameters()) if owner is not None else []
    gradients = [parameter.grad for parameter in parameters]
    numbers = default_generator().get_state()
    try:
        for module, _ in modules:
            module.training = False
        yield
    finally:
        for module, training in modules:
            module.training = training
        for parameter, gradient in zip(parameters, gradients):
            if parameter.grad is not gradient:
                parameter.grad = gradient
        default_generator().set_state(numbers)


def _captured(model: Callable[..., Any], arguments: Any, sizes: Mapping[str, int]) -> Captured:
    try:
        captured, _ = capture(model, arguments, argument_names(model, *arguments), undo=True)
    except CaptureError:
        raise
    except Exception as error:
        if not sizes:
            raise
        at = ", ".join(f"{name} = {size}" for name, size in sizes.items())
        raise ArgumentError(
            f"onnx.export: the function cannot be called at {at}, where it is called to see what follows the free "
            f"sizes: {type(error).__name__}: {error}"
        ) from error
    written = [value.name or "a tensor" for value in captured.program.writes]
    left = [grad for grad in captured.grads if grad.output is not None]
    for grad in left:
        tensor = flatten(arguments)[0][grad.source] if isinstance(grad.source, int) else grad.source()
        tensor.grad = None
    if written or left:
        what = f"writes {', '.join(sorted(set(written)))}" if written else "leaves gradients in .grad"
        raise ArgumentError(
            f"onnx.export: the function {what}, and a model of ONNX has no state. Return what it computes; call eval() "
            "on modules that a function uses, and tg.func.grad for gradients"
        )
    return captured


def _alive(captured: Captured) -> Program:
    program = captured.program
    count = len(captured.itself)  # behind what it returned stand gradients
    outputs = tuple(item for item in program.outputs[:count] if item is not None)
    program = Program(program.inputs, program.steps, outputs)
    return Program(program.inputs, tuple(live(program, program.steps)), program.outputs)


def _stored(program: Program, captured: Captured, owner: Module | None) -> dict[Value, tuple[str, Any]]:
    """Names and arrays of the tensors that the function used besides its arguments."""
    names: dict[int, str] = {}
    for name, tensor in [*owner.named_parameters(), *owner.named_buffers()] if owner is not None else []:
        names.setdefault(id(tensor), name)
    stored = {}
    for value, source in zip(program.inputs, captured.sources):
        if not isinstance(source, int):
            tensor = source()
            stored[value] = names.get(id(tensor), value.name or "tensor"), held(tensor)
    return stored
