"""Trade time for memory: keep a part's inputs alone, and compute it again in backward."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable
from functools import reduce
from typing import Any, NamedTuple

import numpy as np

from ..autograd.errors import ArgumentError, ModifiedError, shape_text
from ..autograd.function import Function
from ..autograd.gradient import grad
from ..autograd.history import history
from ..autograd.modes import enable_grad, mode, traced
from ..autograd.node import Node
from ..autograd.tensor import Tensor, wrap
from ..autograd.trees import flatten
from ..autograd.writes import arrays_in, last_write, owner, tick
from ..ops.elementwise import clone
from ..random.generator import default_generator


def checkpoint(
    function: Callable[..., Any],
    *args: Any,
    use_reentrant: bool = False,
    preserve_rng_state: bool = True,
    **kwargs: Any,
) -> Any:
    """``function(*args, **kwargs)`` without keeping what its backward needs: backward runs the function once more.

    Gradients flow to the arguments and to every tensor that the function reads from outside (a module's parameters).
    The random stream is set back for the second run, so dropout draws the same masks, unless ``preserve_rng_state``
    is False. ``use_reentrant`` is accepted as PyTorch has it; both give the same gradients here.
    Source: Chen et al. 2016, *Training deep nets with sublinear memory cost*.

    Raises ``ModifiedError`` in backward where a tensor that the function reads was written since, or where the second
    run gives another result: then an array, a global or another random stream changed.

    >>> import tinygrad_bp as tg
    >>> x = tg.tensor([1.0, 2.0], requires_grad=True)
    >>> tg.utils.checkpoint.checkpoint(lambda v: v.exp() * v, x).sum().backward()
    >>> x.grad
    tensor([ 5.4366, 22.1672])
    """
    if not mode().grad:
        return function(*args, **kwargs)
    if traced():  # a program plans its memory, and computes nothing twice for it
        return function(*args, **kwargs)
    leaves, back = flatten((args, kwargs))
    places = [i for i, leaf in enumerate(leaves) if isinstance(leaf, Tensor) and leaf.requires_grad]
    state = default_generator().get_state() if preserve_rng_state else None

    def run(tensors: list[Tensor]) -> tuple[list[Tensor], Any]:
        given = list(leaves)
        for place, tensor in zip(places, tensors, strict=True):
            given[place] = tensor
        positional, named = back(given)
        with enable_grad():
            return _outputs(function(*positional, **named))

    started = tick()
    first = [_leaf(leaves[place]) for place in places]
    outputs, shaped = run(first)
    outside = _read_from_outside(outputs, started)
    call = _Call(
        run, [y.detach() for y in outputs], state, len(places), [node for node, _ in outside],
        _memory(outputs, started), tick(),
    )  # fmt: skip
    results = _Checkpoint.apply(call, *(leaves[place] for place in places), *(tensor for _, tensor in outside))
    return shaped(results)


def checkpoint_sequential(
    functions: Iterable[Callable[[Any], Any]],
    segments: int,
    input: Any,
    use_reentrant: bool = False,
    *,
    preserve_rng_state: bool = True,
) -> Any:
    """One function after the other, a ``Sequential`` or a list, in ``segments``: all but the last are checkpointed.

    Raises ``ArgumentError`` for a number of segments below 1 or above that of the functions.

    >>> import tinygrad_bp as tg
    >>> x = tg.tensor([1.0, 2.0], requires_grad=True)
    >>> tg.utils.checkpoint.checkpoint_sequential([tg.exp, tg.square, tg.log], 2, x).sum().backward()
    >>> x.grad
    tensor([2., 2.])
    """
    steps = list(functions)
    if not 1 <= segments <= len(steps):
        raise ArgumentError(f"checkpoint_sequential: segments is from 1 to {len(steps)}, got {segments}")

    def run(some: list[Callable[[Any], Any]]) -> Callable[[Any], Any]:
        return lambda x: reduce(lambda value, function: function(value), some, x)

    size = len(steps) // segments
    last = size * (segments - 1)
    for start in range(0, last, size):
        input = checkpoint(
            run(steps[start : start + size]), input, use_reentrant=use_reentrant, preserve_rng_state=preserve_rng_state
        )
    return run(steps[last:])(input)


class _Call(NamedTuple):
    """What the second run needs to know of the first."""

    run: Callable[[list[Tensor]], tuple[list[Tensor], Any]]
    outputs: list[Tensor]
    state: Any  # of the random stream; None: not set back
    wanting: int  # how many of the arguments want a gradient
    outside: list[Node]
    memory: list[tuple[Any, str]]
    ended: int


def _memory(outputs: list[Tensor], started: int) -> list[tuple[Any, str]]:
    """The memory that the rules of the first run would read, by weak references, and what reads it.

    What the run itself made goes with its graph; what was there before stays.
    """
    results = {id(owner(y._value)) for y in outputs}
    found: dict[int, tuple[Any, str]] = {}
    for node in history([y._node for y in outputs if y._node is not None]):
        if node.op is None or node.order < started:
            continue
        for name, value in zip(node.op.kept, node.kept or ()):
            for array in arrays_in((value,)):
                memory = owner(array)
                if id(memory) not in results:
                    what = f"{node.op.name} reads {name} {shape_text(array.shape)}"
                    found[id(memory)] = weakref.ref(memory), what
    return list(found.values())


def _refuse_written(call: _Call) -> None:
    for reference, what in call.memory:
        memory = reference()
        if memory is not None and last_write(memory) > call.ended:
            raise ModifiedError(
                f"checkpoint: {what}, and it was modified by an in-place operation since: running the function again "
                "would give another gradient. Write it after backward(), or give the function a copy (t.clone())"
            )


def _refuse_another_result(call: _Call, outputs: list[Tensor]) -> None:
    """Raise where the second run's results are not those of the first, but for rounding."""
    alike = len(outputs) == len(call.outputs)
    for one, two in zip(call.outputs, outputs):
        if last_write(one._value) > call.ended:  # the result itself was written, as it may be
            continue
        eps = np.finfo(one.dtype).eps if one.dtype.kind in "fc" else 0.0
        alike &= one.shape == two.shape and one.dtype == two.dtype
        alike = alike and np.allclose(one._value, two._value, float(eps) ** 0.5, float(eps) ** 0.5, equal_nan=True)
    if not alike:
        raise ModifiedError(
            "checkpoint: the function gave another result when backward ran it again, so something that it reads has "
            "changed: an array, a variable, or a random stream that is not this package's. Change it after backward()"
        )


def _outputs(result: Any) -> tuple[list[Tensor], Any]:
    outputs, back = flatten(result)
    for output in outputs:
        if not isinstance(output, Tensor):
            raise ArgumentError(f"checkpoint: the function must return tensors, got {type(output).__name__}")
    return outputs, back


def _leaf(tensor: Tensor) -> Tensor:
    copy = wrap(tensor._value, None)
    copy.requires_grad = True
    return copy


def _read_from_outside(outputs: list[Tensor], started: int) -> list[tuple[Node, Tensor]]:
    """The nodes made before the call that the outputs were computed from, each with its tensor (or a stand-in)."""
    found: dict[Node, Tensor] = {}
    for node in history([y._node for y in outputs if y._node is not None]):
        if node.order < started:
            continue
        for parent in node.parents:
            if parent is not None and parent.order < started and parent not in found:
                held = parent.cell.tensor() if parent.cell is not None else None
                found[parent] = wrap(np.empty(parent.shape), parent) if held is None else held
    return list(found.items())


class _Checkpoint(Function):
    """The call as one recorded op."""

    @staticmethod
    def forward(ctx: Any, call: Any, *tensors: Any) -> Any:
        """The outputs of the first run."""
        ctx.call = call
        ctx.save_for_backward(*tensors)
        return tuple(call.outputs)

    @staticmethod
    def backward(ctx: Any, *cotangents: Any) -> Any:
        """Run again, and pull the gradients back through what was recorded."""
        call = ctx.call
        state, outside = call.state, call.outside
        _refuse_written(call)
        generator = default_generator()
        now = generator.get_state()
        if state is not None:
            generator.set_state(state)
        saved = ctx.saved_tensors[: call.wanting]
        inputs = [clone(x) if mode().grad else _leaf(x) for x in saved]
        try:
            outputs, _ = call.run(inputs)
        finally:
            if state is not None:
                generator.set_state(now)
        if state is not None:  # else draws may differ
            _refuse_another_result(call, outputs)
        pairs = [(y, g) for y, g in zip(outputs, cotangents, strict=True) if y.requires_grad]
        beyond = [wrap(np.empty(node.shape), node) for node in outside]
        found = grad(
            [y for y, _ in pairs], [*inputs, *beyond], [g for _, g in pairs], create_graph=mode().grad,
            allow_unused=True,
        )  # fmt: skip
        return (None, *found)
