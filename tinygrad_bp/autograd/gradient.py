"""PyTorch's ``backward`` and ``grad``: where gradients start, whom they are for, and what becomes of them."""

from __future__ import annotations

from _thread import RLock
from collections.abc import Container, Iterable, Sequence
from contextlib import nullcontext
from functools import partial
from operator import add
from typing import Any

import numpy as np
from numpy import ndarray

from . import writes
from .arrays import as_array
from .backward import Gradients, Pull, pull_and_free, pull_and_keep, pull_recorded, walk
from .batched import Level, batched, lowered, stands_for_many
from .device import apart
from .elsewhere import ARRAYS, copied
from .errors import (
    ArgumentError,
    DeviceError,
    NoHistoryError,
    NonScalarError,
    ShapeError,
    UnusedInputError,
    shape_text,
)
from .frames import walk_unrolled
from .grad_fn import hooked
from .history import history
from .hooks import (
    Hooks,
    accumulated,
    register_hook,
    register_post_accumulate_grad_hook,
    retain_grad,
    retains_grad,
    run_hooks,
)
from .kept import refuse_changed
from .modes import enable_grad, mode, no_grad, same, traced
from .node import Cell, Node
from .op import OPS
from .tensor import Tensor, blank, wrap
from .types import Array
from .values import made
from .watch import Watcher, pull_traced, quietly, tensors_of
from .writing import replace


def _pull_back(
    seeds: Gradients, nodes: list[Node], retain: bool, create: bool, tensors: bool, targets: set[Node] | None
) -> Gradients:
    """Gradients of leaves and of nodes that retain theirs (or of ``targets`` alone), by node.

    ``nodes`` is the history of ``seeds``, or what of it leads to ``targets``. Seeds and gradients are raw arrays; or,
    with ``tensors``, Tensors: recorded with ``create``, else without history, for someone who follows values and for
    batches of gradients.
    """
    watchers = mode().watchers
    if not tensors and not watchers:
        return _walked(seeds, nodes, pull_and_keep if retain else pull_and_free, False, targets, ())
    with enable_grad() if create else no_grad() if tensors else nullcontext(), quietly(watchers):
        pull = pull_recorded if create else pull_traced if tensors else pull_and_keep if retain else pull_and_free
        if create and traced():  # of an array that is no Tensor, what a rule makes of it has no step
            pull = partial(pull_recorded, constant=tensors_of)
        return _walked(seeds, nodes, pull, tensors, targets, watchers)


def _walked(
    seeds: Gradients, nodes: list[Node], pull: Pull, tensors: bool, targets: set[Node] | None,
    watchers: Sequence[Watcher],
) -> Gradients:  # fmt: skip
    found: Gradients = {}

    def arrived(node: Node, g: Any) -> Any:
        hooks = node.cell.hooks  # type: ignore[union-attr]
        if hooks is not None:
            g = run_hooks(node, hooks, g, tensors)
            refuse_changed(nodes, watchers)  # the hooks may have written
            if hooks.retain:
                found[node] = g
        if targets is not None and node in targets:
            found[node] = g
        return g

    pull = hooked(pull, tensors)
    if watchers:  # a loop over none costs more than the question
        for watcher in watchers:
            pull = watcher.pulling(pull)
    refuse_changed(nodes, watchers)
    if pull is pull_and_free:  # nobody looks
        leaves = walk_unrolled(nodes, seeds, arrived)
    else:
        leaves = walk(nodes, seeds, pull, arrived)
    if watchers:
        for watcher in watchers:
            watcher.after_backward(leaves)
    for node in leaves:
        cell = node.cell
        if cell is not None and cell.hooks is not None and (targets is None or node in targets):
            leaves[node] = arrived(node, leaves[node])
    if targets is not None:
        return found | {node: g for node, g in leaves.items() if node in targets}
    return found | leaves if found else leaves


def _towards(nodes: list[Node], targets: set[Node]) -> list[Node]:
    """Only the nodes on a way to a target, still newest first: the others' gradients are not wanted."""
    leading, found = set(targets), []
    for node in reversed(nodes):
        if not leading.isdisjoint(node.parents):
            leading.add(node)
            found.append(node)
    return found[::-1]


def _free(nodes: list[Node]) -> None:
    """Let go of the values that nodes kept: no backward goes through them again."""
    for node in nodes:
        if node.op.keeps_values:  # type: ignore[union-attr]
            node.kept = None


class _Ones(dict[Any, Any]):
    """By dtype the gradient of a scalar with respect to itself; no rule writes it, so one serves all."""

    def __missing__(self, dtype: Any) -> Any:
        one = self[dtype] = np.ones((), dtype)
        one.flags.writeable = False
        return one


_ones = _Ones()


def _seed(output: Tensor, gradient: Any, tensors: bool) -> Any:
    """The gradient to start from at ``output``."""
    if not isinstance(output, Tensor):
        raise ArgumentError(f"backward: give a tensor, got {type(output).__name__}")
    node, value = output._node, output._value
    if node is None:
        raise NoHistoryError(
            f"backward: the tensor {shape_text(value.shape)} does not require grad and has no grad_fn: nothing was "
            "recorded for it. Give some input requires_grad=True, and compute outside no_grad()"
        )
    if gradient is None:
        if value.size != 1:
            raise NonScalarError(
                f"backward: grad can be implicitly created only for scalar outputs, this one has shape "
                f"{shape_text(value.shape)}. Reduce it first (loss.sum() or loss.mean()), or give gradient= of that "
                "shape"
            )
        if value.dtype.kind == "c":
            raise NonScalarError(
                f"backward: grad can be implicitly created only for real scalar outputs, this one is {value.dtype}. "
                "Take its abs() or real part first, or give gradient="
            )
        start = _ones[value.dtype] if value.ndim == 0 and value.__class__ is ndarray else np.ones_like(value)
        return wrap(start, None) if tensors else start
    if not isinstance(gradient, Tensor):
        gradient = wrap(as_array(gradient), None)
    many = stands_for_many(gradient)
    mixed = apart((value, gradient._value)) if ARRAYS and not many else ""
    if mixed:
        raise DeviceError(f"backward: {mixed} the output and the gradient given for it: write g.to(device)")
    form = gradient if many else gradient._value
    if form.shape != value.shape:
        raise ShapeError(
            f"backward: the output has shape {shape_text(value.shape)}, the gradient given for it "
            f"{shape_text(gradient.shape)}; both must agree"
        )
    if form.dtype != value.dtype:
        gradient = gradient.to(value.dtype)
    return gradient if tensors else gradient._value


def _seeds(outputs: Sequence[Tensor], gradients: Sequence[Any], tensors: bool) -> tuple[Gradients, set[int]]:
    """The gradients to start from, by node, and the memory of those given, which stays the caller's."""
    if len(outputs) == 1 and gradients[0] is None and not tensors and isinstance(outputs[0], Tensor):
        node, value = outputs[0]._node, outputs[0]._value
        start = _ones.get(value.dtype)
        if start is not None and node is not None and value.ndim == 0 and value.__class__ is ndarray:
            return {node: start}, set()  # the loss of a network, without a call
    if len(outputs) != len(gradients):
        raise ArgumentError(f"backward: {len(outputs)} outputs but {len(gradients)} gradients for them")
    seeds: Gradients = {}
    taken: set[int] = set()
    for output, gradient in zip(outputs, gradients):
        g = _seed(output, gradient, tensors)
        node = output._node
        assert node is not None
        if gradient is not None and not stands_for_many(g):
            taken.add(id(writes.owner(g._value if tensors else g)))
        seeds[node] = seeds[node] + g if node in seeds else g
    return seeds, taken


def _list(items: Any) -> list[Any]:
    """One thing, or what any collection holds: ``model.parameters()`` and a ``ParameterList`` as well."""
    return [items] if hasattr(items, "dtype") or not isinstance(items, Iterable) else list(items)


def _separate(g: Tensor) -> Tensor:
    """A Tensor of its own, with memory of its own where it can be written: rules may give one to several leaves."""
    if g._node is not None:
        return wrap(g._value, g._node)
    array = copied(g._value)
    same(array, g._value)
    return wrap(array, None)


# Backward passes of several threads may end in one leaf. A signal handler, which may run one too, must not wait.
_depositing = RLock()


def _deposit(found: Gradients, create: bool, tensors: bool, taken: set[int]) -> list[tuple[Cell, Hooks]]:
    """Add gradients to the ``.grad`` of the tensors that share their nodes, and say which hooks wait for that.

    ``taken`` is memory that they must not keep.
    """
    waiting = []
    for node, g in found.items():
        cell = node.cell
        if cell is None:
            continue
        grad = cell.grad
        if grad is None and not tensors:
            first = blank()
            first._value = _own(g, taken) if node.op is None else copied(g)
            first._node = None
            cell.grad = first
        elif grad is None and (create or node.op is not None):
            cell.grad = _separate(g)
        elif grad is None:  # someone follows values
            cell.grad = wrap(_own(g._value, taken), None)
            same(cell.grad._value, g._value)
        elif create:
            cell.grad = grad + g
        elif tensors:  # someone follows values
            cell.grad = replace(grad, "backward", partial(add, g))
        elif grad._node is not None or (grad._value.__class__ not in ARRAYS and not grad._value.flags.writeable):
            cell.grad = wrap(grad._value + g, None)
        else:
            writes.wrote(grad._value)
            grad._value += g
        if cell.hooks is not None:
            waiting.append((cell, cell.hooks))
    return waiting


def _own(g: Any, taken: set[int]) -> Any:
    """The gradient as an array that a leaf can keep and add to: a copy where others have that memory.

    Rules may give one array to several parents, the gradient arriving itself, or a view of it.
    """
    base = g.base
    memory = g if base is None else base if base.__class__ is ndarray and base.base is None else writes.owner(g)
    place = id(memory)
    if place in taken or (base is not None and memory.size != g.size):
        return copied(g)
    if g.__class__ not in ARRAYS and not g.flags.writeable:  # a repetition, or a scalar of NumPy
        return copied(g)
    taken.add(place)
    return g


def backward(
    tensors: Tensor | Sequence[Tensor],
    grad_tensors: Array | Sequence[Array | None] | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    grad_variables: Array | Sequence[Array | None] | None = None,
    inputs: Tensor | Sequence[Tensor] | None = None,
) -> None:
    """Add the gradient of the tensors to ``.grad`` of every leaf that led to them, or of ``inputs`` alone.

    ``grad_tensors`` holds the gradient arriving at each tensor, of its shape; a scalar tensor needs none. Values kept
    for backward are freed unless ``retain_graph``. With ``create_graph`` the gradients themselves are recorded.
    ``inputs``, a tensor or a list of them (inner tensors too), are all that receive a gradient; only the part of the
    graph that leads to them is walked. ``grad_variables`` is the old name of ``grad_tensors``.

    Raises ``NonScalarError``, ``NoHistoryError``, ``FreedError``, ``ModifiedError``, ``ShapeError``; no ``.grad`` has
    changed then.

    >>> import tinygrad_bp as tg
    >>> w = tg.tensor(3.0, requires_grad=True)
    >>> tg.autograd.backward(w * w)
    >>> w.grad
    tensor(6.)
    """
    if grad_variables is not None:
        if grad_tensors is not None:
            raise ArgumentError("backward: grad_variables is the old name of grad_tensors; give one of them")
        grad_tensors = grad_variables
    outputs = _list(tensors)
    given = [None] * len(outputs) if grad_tensors is None else _list(grad_tensors)
    _backward(outputs, given, retain_graph, create_graph, inputs)


def _backward(
    outputs: Sequence[Tensor], gradients: Sequence[Any], retain: bool | None, create: bool, inputs: Any
) -> None:
    tensors = create or traced()
    seeds, taken = _seeds(outputs, gradients, tensors)
    targets = None
    if inputs is not None:
        targets = set(_wanted("backward", _list(inputs)))
        if not targets:
            raise ArgumentError(
                "backward: inputs is empty; name the tensors that should get a gradient, or leave it out"
            )
    nodes = history(seeds)
    if targets is not None:
        nodes = _towards(nodes, targets)
    found = _pull_back(seeds, nodes, bool(retain or create), create, tensors, targets)
    with _depositing:
        waiting = _deposit(found, create, tensors, taken)
    if waiting:
        accumulated(waiting)


def _wanted(who: str, inputs: list[Any]) -> list[Node]:
    """The nodes of the tensors that a gradient is wanted of."""
    for i, x in enumerate(inputs):
        if not isinstance(x, Tensor) or x._node is None:
            what = f"{x.name or 'the tensor'} {shape_text(x.shape)}" if isinstance(x, Tensor) else type(x).__name__
            raise NoHistoryError(
                f"{who}: input {i} ({what}) does not require grad; give it requires_grad=True before computing"
            )
        x._own_cell()  # the walk looks at nodes that have one
    return [x._node for x in inputs]


def _unused(wanted: list[Any], reached: Container[Any]) -> UnusedInputError:
    """The error where a node that a gradient is wanted of was not reached."""
    missing = ", ".join([str(i) for i, node in enumerate(wanted) if node not in reached])
    return UnusedInputError(
        f"grad: the outputs do not depend on input {missing}: it appears not to have been used in the graph. Write "
        "allow_unused=True to get None for it"
    )


def grad(
    outputs: Tensor | Sequence[Tensor],
    inputs: Tensor | Sequence[Tensor],
    grad_outputs: Array | Sequence[Array | None] | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    only_inputs: bool = True,
    allow_unused: bool | None = None,
    is_grads_batched: bool = False,
    materialize_grads: bool = False,
) -> tuple[Tensor | None, ...]:
    """The gradients of the outputs' sum with respect to ``inputs``, one Tensor each; no ``.grad`` changes.

    Only the part of the graph between outputs and inputs is walked. ``retain_graph`` defaults to ``create_graph``.
    An input that the outputs do not depend on raises ``UnusedInputError``, unless ``allow_unused`` (then None) or
    ``materialize_grads`` (then zeros). With ``is_grads_batched`` each of ``grad_outputs`` has one dimension more, in
    front, and so has each result: one walk for every item along it. ``only_inputs`` is accepted as PyTorch has it.
    Raises what ``backward`` raises, and ``ArgumentError`` for arguments that contradict each other.

    >>> import tinygrad_bp as tg
    >>> x = tg.tensor(2.0, requires_grad=True)
    >>> (slope,) = tg.autograd.grad(x ** 3, x, create_graph=True)
    >>> slope.item(), tg.autograd.grad(slope, x)[0].item()
    (12.0, 12.0)
    """
    output_list, input_list = _list(outputs), _list(inputs)
    if not input_list:
        raise ArgumentError("grad: inputs is empty; name the tensors whose gradients are wanted")
    if materialize_grads:
        if allow_unused is not None and not allow_unused:
            raise ArgumentError(
                "grad: materialize_grads gives zeros for unused inputs; allow_unused=False refuses them"
            )
        allow_unused = True
    if is_grads_batched:
        level, seeds_of = _batch(grad_outputs)
        rows = grad(outputs, inputs, seeds_of, retain_graph, create_graph, True, allow_unused, False, materialize_grads)
        return tuple([None if row is None else _own_rows(row, level) for row in rows])
    wanted = _wanted("grad", input_list)
    given = [None] * len(output_list) if grad_outputs is None else _list(grad_outputs)
    many = any(map(stands_for_many, given))
    as_tensors = create_graph or many or traced()
    seeds, taken = _seeds(output_list, given, as_tensors)
    retain = create_graph if retain_graph is None else retain_graph
    targets = set(wanted)
    nodes = _towards(history(seeds), targets)
    if not allow_unused:
        # Before anything is freed: what the walk cannot reach.
        reached: set[Node | None] = set(seeds)
        for node in nodes:
            reached.update(node.parents)
        if not reached >= targets:
            raise _unused(wanted, reached)
    found = _pull_back(seeds, nodes, bool(retain or create_graph), create_graph, as_tensors, targets)
    if many and not retain:
        _free(nodes)
    if not allow_unused and not found.keys() >= targets:  # a user's backward may have returned None
        raise _unused(wanted, found)
    results: list[Tensor | None] = []
    for x in input_list:
        g = found.get(x._node)
        if stands_for_many(g):
            pass  # nobody writes it
        elif g is not None:
            g = _separate(g) if as_tensors else wrap(_own(g, taken) if x._node.op is None else copied(g), None)
        elif materialize_grads:
            g = made(np.zeros_like(x._value)).requires_grad_(create_graph)
        results.append(g)
    return tuple(results)


def _batch(grad_outputs: Any) -> tuple[Level, list[Tensor]]:
    """The items along the first dimension of ``grad_outputs`` as a level, and what ``grad`` takes in it."""
    batches = [g if isinstance(g, Tensor) else wrap(as_array(g), None) for g in _list(grad_outputs)]
    counts = {g.shape[:1] for g in batches}
    if len(counts) != 1 or counts <= {(), (0,)}:
        raise ArgumentError(
            "grad: with is_grads_batched each of grad_outputs has a first dimension more, of one size and not 0; got "
            + ", ".join(shape_text(g.shape) for g in batches)
        )
    level = Level(batches[0].shape[0])
    return level, [batched(g, level) for g in batches]


def _own_rows(rows: Tensor, level: Level) -> Tensor:
    """The gradients of all items, in memory of their own."""
    inner = lowered(rows, level)
    return inner if inner._node is not None else OPS["clone"].function(inner)


def pull(
    outputs: Sequence[Tensor], inputs: Sequence[Tensor], cotangents: Sequence[Tensor], create_graph: bool = False
) -> list[Tensor]:
    """The gradient of ``Σ cotangents · outputs`` for each input: zeros where no output depends on it; nothing is freed.

    >>> import tinygrad_bp as tg
    >>> x, y = tg.ones(2, requires_grad=True), tg.ones(2, requires_grad=True)
    >>> pull([x * 3], [x, y], [tg.tensor([1.0, 2.0])])
    [tensor([3., 6.]), tensor([0., 0.])]
    """
    pairs = [(y, g) for y, g in zip(outputs, cotangents, strict=True) if y._node is not None]
    found: Sequence[Any] = [None] * len(inputs)
    if pairs:
        found = grad([y for y, _ in pairs], inputs, [g for _, g in pairs], True, create_graph, allow_unused=True)
    return [made(np.zeros_like(x._value)) if g is None else g for g, x in zip(found, inputs, strict=True)]


def _backward_method(
    self: Tensor,
    gradient: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    inputs: Any = None,
) -> None:
    """Fill ``.grad`` of every leaf that led here: ``tg.autograd.backward`` of this one tensor.

    >>> import tinygrad_bp as tg
    >>> w = tg.tensor([1.0, 2.0], requires_grad=True)
    >>> (w * w).sum().backward()
    >>> w.grad
    tensor([2., 4.])
    """
    _backward((self,), (gradient,), retain_graph, create_graph, inputs)


# Bound here, because the backward pass and hooks need the class.
for _name, _function in {
    "backward": _backward_method, "register_hook": register_hook, "retain_grad": retain_grad,
    "register_post_accumulate_grad_hook": register_post_accumulate_grad_hook, "retains_grad": property(retains_grad),
}.items():  # fmt: skip
    setattr(Tensor, _name, _function)
