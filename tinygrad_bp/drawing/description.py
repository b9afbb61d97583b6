"""From tensors, a model or a program to a description: what a picture shows, as plain data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

from ..autograd.errors import ArgumentError
from ..autograd.history import history
from ..autograd.tensor import Tensor
from ..program.program import Program
from .backward import Backward
from .boxes import Arrow, Box, Boxes, Description, Surround
from .folding import Group, grouped
from .forward import Forward
from .graph import Graph, Programmed, Recorded
from .known import UNKNOWN, Known
from .names import Names, Variables, buffers_of, named, variables_of_caller
from .view import Open, View, view

__all__ = ["Arrow", "Box", "Description", "Surround", "describe"]

Which = Literal["forward", "backward", "both"]
WHICH = ("forward", "backward", "both")


def describe(
    what: Any, *inputs: Any, params: Any = None, values: bool = True, grads: bool = True, graph: Which = "forward",
    open: Open = None, fold: bool = False,
) -> Description:  # fmt: skip
    """What ``tg.draw`` shows of tensors, of a model or function with its arguments, or of a program, as plain data.

    With ``values`` a result that nothing kept is computed again where all that its op read is still known; with
    ``grads`` gradients are looked for. Without ``fold`` every op is in it; the other arguments are those of ``draw``.
    No recursion along the graph: linear in its size. Raises what ``draw`` raises.

    >>> import tinygrad_bp as tg
    >>> w = tg.tensor([1.0, 2.0], requires_grad=True)
    >>> described = describe((w * 3).sum())
    >>> [(box.kind, box.name) for box in described.boxes]
    [('leaf', 'w'), ('leaf', '3'), ('op', 'Mul'), ('result', ''), ('op', 'Sum'), ('result', '')]
    """
    if graph not in WHICH:
        raise ArgumentError(f"draw: graph is 'forward', 'backward' or 'both', got {graph!r:.60}")
    read = _read(what, inputs, params, values, grads, variables_of_caller())
    read.grads = grads
    root = grouped(read, fold)
    seen = view(read, root, open, whole=not fold)
    return _pictured(read, root, seen, values or grads, graph)


def _read(what: Any, inputs: tuple[Any, ...], params: Any, values: bool, grads: bool, variables: Variables) -> Graph:
    """The graph of whatever was given to ``draw``."""
    if isinstance(what, Program):
        if inputs:
            raise ArgumentError("draw: a program is drawn as it is, without arguments")
        return Programmed(what)
    if callable(what) and not isinstance(what, Tensor):
        if not inputs and _names_tensors(what):
            raise ArgumentError(
                f"draw: a module is drawn with a sample input: tg.draw(model, x), got {type(what).__name__} alone"
            )
        from .running import run  # modules and what they need

        return run(what, inputs, params, values, grads, variables)
    if (
        len(inputs) == 1
        and params is None
        and (inputs[0] is None or isinstance(inputs[0], Mapping) or _names_tensors(inputs[0]))
    ):
        params, inputs = inputs[0], ()  # of tensors nothing but names can be meant
    if inputs:
        raise ArgumentError(
            f"draw: arguments are for a model or a function, and {type(what).__name__} is none; several tensors are "
            "drawn as tg.draw([a, b]), names are params={'w': w}"
        )
    outputs = checked_outputs(what)
    tensors = named("draw", params)
    nodes = history(tensor._node for tensor in outputs if tensor._node is not None)
    known = Known(nodes, outputs, tensors.values())
    if values:
        known.compute_again()
    read = Recorded(outputs, Names("draw", tensors, variables), known, buffers_of(params))
    if _names_tensors(params):
        from .running import by_names

        read.modules = by_names(read, params)
    return read


def _names_tensors(item: Any) -> bool:
    """Whether it is a module."""
    return hasattr(item, "named_parameters")


def checked_outputs(outputs: Any) -> list[Tensor]:
    """One tensor or several as a list."""
    if isinstance(outputs, Tensor):
        return [outputs]
    items = list(outputs) if isinstance(outputs, Iterable) and not isinstance(outputs, (str, Mapping)) else [outputs]
    for item in items:
        if not isinstance(item, Tensor):
            raise ArgumentError(
                f"draw: give a tensor or several, a model or function with its arguments, or a program; got "
                f"{type(item).__name__}"
            )
    if not items:
        raise ArgumentError("draw: give at least one tensor, got none")
    return items


def _pictured(read: Graph, root: Group, seen: View, numbers: bool, graph: Which) -> Description:
    if graph != "forward" and isinstance(read, Programmed):
        raise ArgumentError(
            f"draw: graph={graph!r} is for tensors and models; a program has its backward pass among its steps, where "
            "the function that it was made of runs one"
        )
    if graph != "forward" and not any(read.takes_gradient(ref) for ref in read.outputs):
        raise ArgumentError(
            f"draw: graph={graph!r} of what requires no grad: nothing flows back through it. Give some input "
            "requires_grad=True, and compute outside no_grad()"
        )
    pictures: list[tuple[str, Boxes, str]] = []
    forward = Forward(read, seen, root, numbers) if graph != "backward" else None
    if forward is not None:
        pictures.append(("forward", forward, ""))
    if graph != "forward":
        backward = Backward(read, seen, root, numbers, forward.keys if forward is not None else None)
        pictures.append(("backward", backward, "back "))
    boxes: list[Box] = []
    arrows: list[Arrow] = []
    frames: list[Surround] = []
    for name, picture, prefix in pictures:
        whole = name if graph == "both" else ""
        if whole:
            frames.append(Surround(whole, "", whole))
        for frame in seen.frames:
            one = picture.surround(frame)
            parent = f"{prefix}{one.parent}" if one.parent else whole
            frames.append(one._replace(key=f"{prefix}{one.key}", parent=parent))
        boxes += [box._replace(frame=box.frame or whole) for box in picture.boxes]
        arrows += picture.arrows
    return Description(boxes, arrows, frames, pictures[0][1].notes() + _reasons(read, boxes))


def _reasons(read: Graph, boxes: list[Box]) -> list[str]:
    """Why some gradients are not known, in sentences."""
    said = dict.fromkeys(box.grad for box in boxes if isinstance(box.grad, str) and box.grad in UNKNOWN)
    reasons = [f'"{reason}": {UNKNOWN[reason]}.' for reason in said]
    if isinstance(read, Recorded) and read.grads and read.known.started_otherwise():
        reasons.append(
            "The gradients of results are those of one backward pass that begins with 1; .grad of the leaves holds "
            "something else (passes add up, or began otherwise)."
        )
    return reasons
