"""A model or a function, run once to be drawn: which module made which op, and nothing is changed by it."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import get_ident
from typing import Any

import numpy as np

from ..autograd.errors import ArgumentError, AutogradError
from ..autograd.history import history
from ..autograd.keeping_lines import record_lines
from ..autograd.modes import enable_grad
from ..autograd.tensor import Tensor, wrap
from ..autograd.trees import flatten
from ..autograd.writes import tick
from ..faults.state import kept
from ..nn.hooks_of_all import register_module_forward_hook, register_module_forward_pre_hook
from ..nn.module import Module
from ..program import argument_names
from .graph import ModuleCall, Recorded
from .known import Known
from .names import Names, Variables, buffers_of, named


def run(
    function: Callable[..., Any], inputs: tuple[Any, ...], params: Any, values: bool, grads: bool, variables: Variables
) -> Recorded:
    """The graph of ``function(*inputs)``; buffers of modules and random streams are as before then."""
    modules = _modules_of(function)
    given, back = flatten(inputs)
    followed = [_followed(item) for item in given]
    try:
        returned, calls = _returned(function, modules, back(followed))
    except AutogradError:  # it writes into an input, say, or the error is its own
        followed = given
        returned, calls = _returned(function, modules, inputs)
    outputs = [item for item in flatten(returned)[0] if isinstance(item, Tensor)]
    if not outputs:
        raise ArgumentError(
            f"draw: the function must return a tensor or several, got {type(returned).__name__}; what it computes of "
            "numbers and arrays alone is not recorded"
        )
    tensors = {**(named("draw", function) if isinstance(function, Module) else {}), **named("draw", params)}
    names = Names("draw", tensors, variables)
    forward = function.forward if isinstance(function, Module) else function
    inside: dict[int, str] = {}
    for name, item, stand in zip(argument_names(forward, inputs, {}), given, followed):
        if isinstance(stand, Tensor):
            inside[id(stand._node if stand._node is not None else stand._value)] = name
            names.add(stand, names.of(item))
    nodes = history(tensor._node for tensor in outputs if tensor._node is not None)
    known = Known(nodes, outputs, [*tensors.values(), *[item for item in followed if isinstance(item, Tensor)]])
    if values:
        known.compute_again()
    scalar = len(outputs) == 1 and outputs[0].shape == ()
    if grads and scalar and not known.backward_ran_here():
        known.pull_again()
    buffers = set().union(*[buffers_of(module) for module in modules]) if modules else set()
    read = Recorded(outputs, names, known, buffers, inside)
    orders = [node.order for node in read.nodes]
    read.modules = [
        ModuleCall(name, kind.__name__, bisect_left(orders, start), bisect_left(orders, stop), _is_layer(kind))
        for name, kind, start, stop in calls
    ]
    return read


def _followed(item: Any) -> Any:
    """A tensor on the memory of an input, which records what becomes of it: without, nothing would be seen of that."""
    array = item._value if type(item) is Tensor and item._node is None else item
    if not isinstance(array, np.ndarray) or array.dtype.kind not in "fc":
        return item
    return wrap(array.view(), None).requires_grad_()


def _returned(function: Callable[..., Any], modules: list[Module], inputs: Any) -> tuple[Any, list[Any]]:
    """What the function returns, and the calls of modules."""
    with kept(modules, None, weights=False), record_lines(), enable_grad(), recorded_modules(function) as calls:
        return function(*inputs), calls


def _modules_of(function: Callable[..., Any]) -> list[Module]:
    """The modules that a function may call: itself, and what its closure, its default values and its module hold."""
    if isinstance(function, Module):
        return [function]
    held = [getattr(function, "__self__", None), *(getattr(function, "__defaults__", None) or ())]
    for cell in getattr(function, "__closure__", None) or ():
        try:
            held.append(cell.cell_contents)
        except ValueError:  # a variable that has no value yet
            continue
    code = getattr(function, "__code__", None)
    space = getattr(function, "__globals__", {})
    held += [space.get(name) for name in code.co_names] if code is not None else []
    return [item for item in held if isinstance(item, Module)]


@contextmanager
def recorded_modules(function: Any) -> Iterator[list[tuple[str, type, int, int]]]:
    """Note each call of a module in this thread: its path, its class, and the clock before and after it."""
    calls: list[tuple[str, type, int, int]] = []
    running: list[tuple[Module, str, int]] = []
    here = get_ident()

    def path(module: Module) -> str:
        for outer, name, _ in reversed(running):
            for inner, found in outer.named_modules():
                if found is module:
                    return f"{name}.{inner}" if name and inner else name or inner
        return ""

    def before(module: Module, args: Any) -> None:
        if get_ident() == here:
            running.append((module, path(module), tick()))

    def after(module: Module, args: Any, output: Any) -> None:
        if get_ident() == here and running and running[-1][0] is module:
            _, name, start = running.pop()
            calls.append((name, type(module), start, tick()))

    handles = [register_module_forward_pre_hook(before), register_module_forward_hook(after, always_call=True)]
    try:
        yield calls
    finally:
        for handle in handles:
            handle.remove()


def by_names(read: Recorded, model: Any) -> list[ModuleCall]:
    """The calls of modules as the names of the parameters tell them: from the first to the last op that reads one."""
    kinds = {name: type(module) for name, module in model.named_modules()}
    spans: dict[str, tuple[int, int]] = {}
    for i, refs in enumerate(read.inputs):
        for ref in refs:
            leaf = read.leaves[~ref] if ref < 0 else None
            path = leaf.name.rpartition(".")[0] if leaf is not None and leaf.kind == "parameter" else ""
            while path:
                if path in kinds:
                    start, _ = spans.get(path, (i, i))
                    spans[path] = (start, i + 1)
                path = path.rpartition(".")[0]
    return [
        ModuleCall(name, kinds[name].__name__, start, stop, _is_layer(kinds[name]))
        for name, (start, stop) in spans.items()
    ]


def _is_layer(kind: type) -> bool:
    return kind.__module__.startswith(f"{Module.__module__.partition('.')[0]}.nn.")
