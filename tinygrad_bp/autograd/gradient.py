"""Backward: pull gradients from the outputs back to the leaves. Broadcasting is undone here and nowhere else."""

from __future__ import annotations

from collections.abc import Container, Sequence
from contextlib import nullcontext
from typing import Any

import numpy as np

from . import anomaly, dtypes, hooks, writes
from .errors import (
    ArgumentError,
    FreedError,
    ModifiedError,
    NoHistoryError,
    NonScalarError,
    ShapeError,
    UnusedInputError,
    shape_text,
)
from .history import history
from .modes import enable_grad, mode
from .op import arguments
from .record import Cell, Node
from .tensor import Tensor, wrap


def unbroadcast(g: Any, shape: tuple[int, ...]) -> Any:
    """Sum ``g`` over the axes along which a value of ``shape`` was repeated; ``g`` may be an array or a Tensor.

    >>> import numpy as np
    >>> unbroadcast(np.ones((2, 3)), (3,))
    array([2., 2., 2.])
    """
    extra = g.ndim - len(shape)
    if extra > 0:
        g = np.add.reduce(g, axis=tuple(range(extra)))
    repeated = tuple(i for i, (have, want) in enumerate(zip(g.shape, shape, strict=False)) if want == 1 != have)
    if repeated:
        g = np.add.reduce(g, axis=repeated, keepdims=True)
    if g.shape != shape:
        raise ShapeError(f"a rule gave a gradient of shape {shape_text(g.shape)} for an input of {shape_text(shape)}")
    return g


def refuse_changed(nodes: list[Node], watched: bool) -> None:
    """Refuse values that nodes (newest first) kept for backward and that were changed since."""
    if nodes and writes.last_write() > nodes[-1].order:
        _check_written(nodes)
    if watched:
        anomaly.check_kept(nodes)


def _check_written(nodes: list[Node]) -> None:
    for node in nodes:
        assert node.op is not None
        for i, value in enumerate(node.kept or ()):
            written = [array for array in writes.arrays_in((value,)) if writes.last_write(array) > node.order]
            if not written:
                continue
            value = written[0]
            name = node.op.kept[i] if i < len(node.op.kept) else "a value"
            who = ""
            if name in node.op.inputs:
                parent = node.parents[node.op.inputs.index(name)]
                who = f" ({parent.name})" if parent is not None and parent.name else ""
            raise ModifiedError(
                f"{node.op.name} kept {name}{who} {shape_text(value.shape)} for backward, and it was modified by an "
                "in-place operation since: the gradient would be wrong. Write it after backward(), or give the op a "
                f"copy (t.clone()){anomaly.story(node, writes.last_write(value))}"
            )


def restored(node: Node) -> tuple[Any, ...]:
    """The kept values as Tensors with their history, so that the rules themselves are recorded."""
    op, kept = node.op, node.kept
    assert op is not None and kept is not None
    restored = dict(zip(op.kept, kept, strict=True))
    for name, value in restored.items():
        source = node if name == "y" else None
        if name in op.inputs and not op.variadic:
            source = node.parents[op.inputs.index(name)]
        if source is not None and value is not None:
            restored[name] = wrap(value, source)
    for name, find in op.residuals.items():
        if find is not None and restored.get(name) is not None:
            restored[name] = find(*(restored[argument] for argument in arguments(find)))
    return tuple(restored.values())


def _shared(d: Any, g: Any) -> bool:
    """Whether ``d`` lies in memory that it does not own alone: a leaf keeps it as ``.grad``, so it must be copied.

    A rule is linear in ``g``, so its result is fresh memory, or ``g`` seen in another shape, or a repeated view.
    """
    return d is g or d.base is g or d.base is g.base or not d.flags.writeable


def conjugated(node: Node, g: Any, kept: Any) -> tuple[Any, ...]:
    """The rules at work on complex numbers, in PyTorch's convention: the gradient is ∂L/∂Re + i ∂L/∂Im.

    A rule states the derivative of a holomorphic function; the gradient takes its conjugate, since
    conj(f' · conj(g)) = conj(f') · g. Source: Kreutz-Delgado, *The Complex Gradient Operator*, 2009.
    """
    op, parents = node.op, node.parents
    assert op is not None
    if g.dtype.kind != "c" or not op.holomorphic:
        return op.pull(g, parents, kept)
    return tuple(d if d is None else np.conjugate(d) for d in op.pull(np.conjugate(g), parents, kept))


def _pulled(node: Node, g: Any, kept: Any) -> tuple[Any, ...]:
    """The slow way: complex numbers may take part, or anomaly mode looks on."""
    if not mode().check_nan:
        return conjugated(node, g, kept)
    anomaly.check_arrived(node, g)
    with anomaly.unwatched():
        pulled = conjugated(node, g, kept)
    anomaly.check_pulled(node, pulled)
    return pulled


def _pull_back(
    seeds: dict[Node, Any], retain: bool, create: bool, targets: set[Node] | None = None, watched: bool = False
) -> dict[Node, Any]:
    """Gradients of leaves and of nodes with a cell (or of ``targets``), by node.

    With ``create`` gradients are Tensors and the rules are recorded; else they are raw arrays. ``watched``: anomaly
    mode is on.
    """
    nodes = history(seeds)
    if targets is not None:
        nodes = _towards(nodes, targets)
    refuse_changed(nodes, watched)
    slowly = watched or dtypes.complex_seen
    gradients = seeds
    found: dict[Node, Any] = {}
    for node in nodes:
        g = gradients.pop(node, None)
        if g is None:
            continue
        if node.cell is not None and node.cell.hooks is not None:
            g = hooks.arrived(node, node.cell, g, create)
            refuse_changed(nodes, watched)  # the hooks may have written
            if node.cell.hooks.retain:
                found[node] = g
        if targets is not None and node in targets:
            found[node] = g
        op, kept = node.op, node.kept
        if kept is None:
            raise FreedError(
                f"trying to go backward through {node!r} a second time: the values it kept were freed by the first "
                "backward. Write retain_graph=True in the first call, or compute the result again"
            )
        if create:
            kept = restored(node)
        elif not retain and op.keeps_values:  # type: ignore[union-attr]
            node.kept = None
        pulled = _pulled(node, g, kept) if slowly else op.pull(g, node.parents, kept)  # type: ignore[union-attr]
        for parent, d in zip(node.parents, pulled):
            if parent is None or d is None:
                continue
            if d.shape != parent.shape:
                d = unbroadcast(d, parent.shape)
            held = gradients.get(parent)
            if held is None:
                if parent.op is None and not create and (d is g or d.base is not None) and _shared(d, g):
                    d = np.array(d)
                gradients[parent] = d
            else:
                gradients[parent] = held + d
    if watched:
        anomaly.check_leaves(gradients)
    if hooks.on_leaves or targets is not None:
        for node, g in gradients.items():
            if node.cell is not None and (targets is None or node in targets):
                gradients[node] = hooks.arrived(node, node.cell, g, create)
    found.update(gradients if targets is None else [(node, gradients[node]) for node in targets if node in gradients])
    return found


def _towards(nodes: list[Node], targets: set[Node]) -> list[Node]:
    """Only the nodes on a way to a target, still newest first: the others' gradients are not wanted."""
    leading, found = set(targets), []
    for node in reversed(nodes):
        if not leading.isdisjoint(node.parents):
            leading.add(node)
            found.append(node)
    return found[::-1]


_ONES: dict[Any, Any] = {}


def _one(dtype: Any) -> Any:
    """The gradient of a scalar with respect to itself; no rule writes it, so one serves all."""
    one = _ONES.get(dtype)
    if one is None:
        one = _ONES[dtype] = np.ones((), dtype)
        one.flags.writeable = False
    return one


def _seed(output: Tensor, gradient: Any, create: bool) -> Any:
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
        start = _one(value.dtype) if value.ndim == 0 and node.op is not None else np.ones_like(value)
        return wrap(start, None) if create else start
    if not isinstance(gradient, Tensor):
        gradient = wrap(np.asarray(gradient), None)
    if gradient.shape != value.shape:
        raise ShapeError(
            f"backward: the output has shape {shape_text(value.shape)}, the gradient given for it "
            f"{shape_text(gradient.shape)}; both must agree"
        )
    if gradient.dtype != value.dtype:
        gradient = gradient.to(value.dtype)
    if create:
        return gradient
    # A leaf keeps this array as its .grad: it must not be the caller's.
    return np.array(gradient._value) if node.op is None else gradient._value


def _seeds(outputs: Sequence[Tensor], gradients: Sequence[Any], create: bool) -> dict[Node, Any]:
    if len(outputs) != len(gradients):
        raise ArgumentError(f"backward: {len(outputs)} outputs but {len(gradients)} gradients for them")
    seeds: dict[Node, Any] = {}
    for output, gradient in zip(outputs, gradients, strict=True):
        g = _seed(output, gradient, create)
        node = output._node
        assert node is not None
        seeds[node] = seeds[node] + g if node in seeds else g
    return seeds


def _list(items: Any) -> list[Any]:
    return list(items) if isinstance(items, (list, tuple)) else [items]


def _gradients(seeds: dict[Node, Any], retain: bool, create: bool, targets: set[Node] | None = None) -> dict[Node, Any]:
    watched = mode().anomaly
    if not create and not watched:
        return _pull_back(seeds, retain, False, targets)
    with enable_grad() if create else nullcontext(), anomaly.quiet():
        return _pull_back(seeds, retain or create, create, targets, watched)


def _separate(g: Tensor) -> Tensor:
    """A Tensor of its own, with memory of its own where it can be written: rules may give one to several leaves."""
    return wrap(g._value if g._node is not None else np.array(g._value), g._node)


def _deposit(node: Node, cell: Cell, g: Any, create: bool) -> None:
    """Add a gradient to the ``.grad`` of the tensor that shares ``node``."""
    grad = cell.grad
    if create:
        cell.grad = _separate(g) if grad is None else grad + g
        return
    if node.op is not None or g.__class__ is not np.ndarray:
        g = np.array(g)  # the gradient of an inner node may be shared with the graph
    if grad is None:
        cell.grad = wrap(g, None)
    elif grad._node is not None or not grad._value.flags.writeable:
        cell.grad = wrap(grad._value + g, None)
    else:
        writes.wrote(grad._value)
        grad._value += g


def backward(
    tensors: Any,
    grad_tensors: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    inputs: Any = None,
) -> None:
    """Add the gradient of the tensors to ``.grad`` of every leaf that led to them, or of ``inputs`` alone.

    ``grad_tensors`` holds the gradient arriving at each tensor, of its shape; a scalar tensor needs none. Values kept
    for backward are freed unless ``retain_graph``. With ``create_graph`` the gradients themselves are recorded.
    ``inputs``, a tensor or a list of them (inner tensors too), are all that receive a gradient; only the part of the
    graph that leads to them is walked.

    Raises ``NonScalarError``, ``NoHistoryError``, ``FreedError``, ``ModifiedError``, ``ShapeError``; no ``.grad`` has
    changed then.

    >>> import tinygrad_bp as tg
    >>> w = tg.tensor(3.0, requires_grad=True)
    >>> tg.autograd.backward(w * w)
    >>> w.grad
    tensor(6.)
    """
    outputs = _list(tensors)
    if grad_tensors is None and len(outputs) == 1:
        seed = _seed(outputs[0], None, create_graph)  # refuses what is no tensor, or has no node
        seeds = {outputs[0]._node: seed}
    else:
        seeds = _seeds(outputs, [None] * len(outputs) if grad_tensors is None else _list(grad_tensors), create_graph)
    targets, hooked = None, hooks.on_leaves
    if inputs is not None:
        targets = set(_wanted("backward", _list(inputs)))
        for x in _list(inputs):
            x._own_cell()  # an inner tensor gets its gradient there
        if not targets:
            raise ArgumentError(
                "backward: inputs is empty; name the tensors that should get a gradient, or leave it out"
            )
    for node, g in _gradients(seeds, bool(retain_graph), create_graph, targets).items():
        if node.cell is not None:
            _deposit(node, node.cell, g, create_graph)
            if hooked:
                hooks.accumulated(node.cell)


def _wanted(who: str, inputs: list[Any]) -> list[Node]:
    """The nodes of the tensors that a gradient is wanted of."""
    for i, x in enumerate(inputs):
        if not isinstance(x, Tensor) or x._node is None:
            what = f"{x.name or 'the tensor'} {shape_text(x.shape)}" if isinstance(x, Tensor) else type(x).__name__
            raise NoHistoryError(
                f"{who}: input {i} ({what}) does not require grad; give it requires_grad=True before computing"
            )
    return [x._node for x in inputs]


def _refuse_unused(wanted: list[Any], reached: Container[Any]) -> None:
    """Raise ``UnusedInputError`` where a node that a gradient is wanted of was not reached."""
    missing = [str(i) for i, node in enumerate(wanted) if node not in reached]
    if missing:
        raise UnusedInputError(
            f"grad: the outputs do not depend on input {', '.join(missing)}: it appears not to have been used in the "
            "graph. Write allow_unused=True to get None for it"
        )


def grad(
    outputs: Any,
    inputs: Any,
    grad_outputs: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    allow_unused: bool = False,
) -> tuple[Tensor | None, ...]:
    """The gradients of the outputs' sum with respect to ``inputs``, one Tensor each; no ``.grad`` changes.

    Only the part of the graph between outputs and inputs is walked. ``retain_graph`` defaults to ``create_graph``.
    Raises ``UnusedInputError`` for an input that the outputs do not depend on, unless ``allow_unused`` (then None),
    and what ``backward`` raises.

    >>> import tinygrad_bp as tg
    >>> x = tg.tensor(2.0, requires_grad=True)
    >>> (slope,) = tg.autograd.grad(x ** 3, x, create_graph=True)
    >>> slope.item(), tg.autograd.grad(slope, x)[0].item()
    (12.0, 12.0)
    """
    output_list, input_list = _list(outputs), _list(inputs)
    wanted = _wanted("grad", input_list)
    given = [None] * len(output_list) if grad_outputs is None else _list(grad_outputs)
    seeds = _seeds(output_list, given, create_graph)
    retain = create_graph if retain_graph is None else retain_graph
    if not allow_unused:
        # Before anything is freed: what the walk cannot reach.
        nodes = history(seeds)
        _refuse_unused(wanted, {*seeds, *nodes, *(parent for node in nodes for parent in node.parents)})
    found = _gradients(seeds, retain, create_graph, set(wanted))
    if not allow_unused:
        _refuse_unused(wanted, found)  # a user's backward may have returned None
    results: list[Tensor | None] = []
    for x in input_list:
        g = found.get(x._node)
        if g is not None:
            g = _separate(g) if create_graph else wrap(np.array(g), None)
        results.append(g)
    return tuple(results)


def _backward_method(
    self: Tensor,
    gradient: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    inputs: Any = None,
) -> None:
    """Fill ``.grad`` of every leaf that led here: ``tg.autograd.backward`` of this one tensor."""
    backward(self, None if gradient is None else [gradient], retain_graph, create_graph, inputs)


# Bound here, because the backward pass and hooks need the class.
Tensor.backward = _backward_method  # type: ignore[attr-defined]
Tensor.register_hook = hooks.register_hook  # type: ignore[attr-defined]
Tensor.register_post_accumulate_grad_hook = hooks.register_post_accumulate_grad_hook  # type: ignore[attr-defined]
