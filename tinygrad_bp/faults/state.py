"""What a step changes, and how all of it is put back: also after an error, and after an interrupt."""

from __future__ import annotations

import copy
import random
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from ..autograd.modes import no_grad
from ..autograd.tensor import Tensor, wrap
from ..autograd.writes import Together
from ..nn.module import Module
from ..nn.parameter import Parameter
from ..optim.optimizer import Optimizer
from ..random.generator import Generator, default_generator

Undo = Callable[[], Any]


@contextmanager
def kept(
    things: Iterable[object], optimizer: Optimizer | None, tensors: Iterable[Tensor] = (), weights: bool = True
) -> Iterator[None]:
    """Inside, anything may be trained: modules, tensors, the optimizer and random streams are as before at the end.

    Without ``weights`` only what a forward changes is put back: buffers, attributes and random streams.
    """
    undo = _undoing(things, optimizer if weights else None, tensors if weights else (), weights)
    try:
        yield
    finally:
        for back in undo:
            back()


def _undoing(
    things: Iterable[object], optimizer: Optimizer | None, tensors: Iterable[Tensor], weights: bool
) -> list[Undo]:
    modules: dict[int, Module] = {}
    for thing in things:
        if isinstance(thing, Module):
            modules |= {id(module): module for module in thing.modules()}
    held: dict[int, Tensor] = {id(tensor): tensor for tensor in tensors}
    undo: list[Undo] = []
    for module in modules.values():
        parameters, buffers, _, _ = module._held
        own = (*parameters.values(), *buffers.values()) if weights else buffers.values()
        held |= {id(tensor): tensor for tensor in own if tensor is not None}
        others = (value for value in vars(module).values() if isinstance(value, Tensor))
        held |= {id(value): value for value in others if weights or not isinstance(value, Parameter)}
        undo += [_attributes(module), *(_of_value(value) for value in vars(module).values() if _may_change(value))]
    if optimizer is not None:
        held |= {id(tensor): tensor for group in optimizer.param_groups for tensor in group["params"]}
        undo += _of_optimizer(optimizer)
    undo += [_of_tensor(tensor) for tensor in held.values()]
    return [*undo, *_of_random_streams()]


def _attributes(module: Module) -> Undo:
    """A module's attributes, and what it holds, by name."""
    kind, attributes = type(module), dict(vars(module))
    held: list[tuple[Any, Any]] = [(part, copy.copy(part)) for part in module._held]

    def back() -> None:
        if type(module) is not kind:  # a lazy layer has become another one
            module.__class__ = kind
        vars(module).clear()
        vars(module).update(attributes)
        for part, before in held:
            part.clear()
            part.update(before)

    return back


def _may_change(value: object) -> bool:
    return isinstance(value, (np.ndarray, list, dict, Generator)) or hasattr(value, "bit_generator")


def _of_value(value: Any) -> Undo:
    """An attribute that is changed where it is."""
    if isinstance(value, Generator):
        state = value.get_state()
        return lambda: value.set_state(state)
    if hasattr(value, "bit_generator"):
        state = value.bit_generator.state
        return lambda: setattr(value.bit_generator, "state", state)
    before = value.copy()
    if isinstance(value, np.ndarray):
        return lambda: value.__setitem__(..., before) if value.flags.writeable else None
    if isinstance(value, list):
        return lambda: value.__setitem__(slice(None), before)

    def back() -> None:
        value.clear()
        value.update(before)

    return back


def _of_tensor(tensor: Tensor) -> Undo:
    """A tensor's kind, memory and requirement, and its gradient."""
    kind, value, array, node = type(tensor), tensor._value, np.array(tensor._value), tensor._node
    grad = tensor._cell.grad if hasattr(tensor, "_cell") else None
    gradient = None if grad is None else np.array(grad._value)

    def back() -> None:
        if type(tensor) is not kind:  # a lazy layer's parameter has got its shape
            tensor.__class__ = kind
        if tensor._value is not value:
            tensor.data = wrap(value, None)
        _write(tensor, array)
        if node is None or node.op is None:
            tensor.requires_grad = node is not None
        if hasattr(tensor, "_cell") and tensor._cell.grad is not grad:
            tensor._cell.grad = grad
        if grad is not None:
            _write(grad, gradient)

    return back


def _write(tensor: Tensor, array: Any) -> None:
    """Write the values of before, where others are there now: a write counts, and graphs refuse what was written."""
    if tensor._value.tobytes() != array.tobytes():
        with no_grad():
            tensor.copy_(wrap(array, None))


def _of_optimizer(optimizer: Optimizer) -> list[Undo]:
    """The settings of an optimizer's groups, what it keeps for each parameter, and its other attributes."""
    attributes = dict(vars(optimizer))
    places = [*optimizer.param_groups, optimizer._state, *optimizer._state.values()]
    undo = [_of_value(place) for place in places]
    for kept_values in optimizer._state.values():
        undo += [_of_tensor(value) for value in kept_values.values() if isinstance(value, Tensor)]
    undo += [_of_value(value) for value in attributes.values() if _may_change(value) and value is not optimizer._state]
    idle = [i for i, written in optimizer._together.items() if not written._arrays]
    undo.append(lambda: optimizer._together.update({i: Together() for i in idle}))
    return [lambda: vars(optimizer).update(attributes), *undo]


def _of_random_streams() -> list[Undo]:
    """The stream of this package, Python's, and NumPy's where the program has loaded it."""
    stream, state, pythons = default_generator(), default_generator().get_state(), random.getstate()
    undo: list[Undo] = [lambda: stream.set_state(state), lambda: random.setstate(pythons)]
    if "numpy.random" in sys.modules:
        numpys = np.random.get_state()
        undo.append(lambda: np.random.set_state(numpys))
    return undo
