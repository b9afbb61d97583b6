"""The end of a run that was written down: what is an input of its program, what a constant, what it writes."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..autograd.columns import strides_of
from ..autograd.errors import CaptureError
from ..autograd.history import history
from ..autograd.node import Node
from ..autograd.tensor import Tensor
from ..autograd.trees import flatten
from .captured import Captured, Grad, GradientOf, Source
from .program import Constant, Program, Value, leading_to, replaced, values_in

if TYPE_CHECKING:
    from .capture import Capture, Outside


def ended(run: Capture, returned: Any) -> Captured:
    """The program, once the function has returned."""
    leaves, back = flatten(returned)
    outputs = [run.bring(item) if isinstance(item, (Tensor, np.ndarray)) else item for item in leaves]
    if any(isinstance(item, str) and text in item for item in outputs for text in run.texts):
        raise CaptureError(
            "a text of a tensor is returned while a program is written down: it would be the same in every later run. "
            "Return the tensor and write str(t) outside"
        )
    inputs: list[Value] = []
    sources: list[int | Source] = []
    writes: dict[Value, Value] = {}
    fixed: dict[Value, Constant] = {}
    places: dict[int, int] = {}  # id of a tensor or array from outside -> the number of its input
    changed = _changed_gradients(run)
    left = {id(grad): run.bring(grad) for grad in [leaf._cell.grad for leaf, *_ in changed] if grad is not None}
    read = {value for step in run.steps for value in step.reads()} | set(values_in([*outputs, *left.values()]))
    leaf_of = {id(grad): x.source() for x in run.outside if (grad := x.gradient()) is not None}
    kept = _held_arrays([*leaves, *(outside.source() for outside in run.outside)])
    for outside in run.outside:
        item = outside.source() if outside.forgotten is None else outside.forgotten
        wanted = isinstance(item, Tensor) and (item.requires_grad or run.find(item._value) is not outside.value)
        if outside.argument is None and outside.value not in read and not wanted:
            continue  # only its shape or dtype was of interest
        if item is None or (
            isinstance(item, np.ndarray)
            and not (item.flags.writeable and sys.getrefcount(item) - 2 > kept[id(item)] and _unwritten(outside))
        ):
            run.bring_up([outside.array])
            held = outside.array if outside.before is None else outside.before
            fixed[outside.value] = Constant(held.shape, held.dtype, outside.value.name, held)
            continue
        places[id(item)] = len(inputs)
        inputs.append(outside.value)
        sources.append(_source(outside, leaf_of.get(id(item))))
        after = run.find(item._value) if isinstance(item, Tensor) else None
        if after is not None and after is not outside.value:
            writes[outside.value] = after
    used = leading_to(run.steps, writes.values())
    added_to = [source.tensor() for source in sources if isinstance(source, GradientOf)]
    grads: list[Grad] = []
    for leaf, source, cleared in changed:
        grad = leaf._cell.grad
        if not cleared and id(grad) in places:
            continue  # it is a tensor that the program writes
        output, unread = None, cleared and not any(leaf is item for item in added_to)
        # One that the function used up is not made, unless the next run would add to it.
        used_up = grad is not None and left[id(grad)] in used and run.find(leaf._value) in writes.values()
        if grad is not None and not (unread and used_up):
            output = len(outputs)
            outputs.append(left[id(grad)])
        grads.append(Grad(source, output, cleared))
    wants = any(_leads_back(item._node, run.pulled) for item in leaves if isinstance(item, Tensor) and not item.is_leaf)
    itself = tuple(places.get(id(run.numbers.known_by(item, places))) for item in leaves)

    def placed(item: Any) -> Any:
        return replaced(item, lambda value: fixed.get(value, value))

    for step in run.steps:
        step.operands, step.params = placed(step.operands), placed(step.params)
    ends = tuple(placed(outputs)), {place: placed(value) for place, value in writes.items()}
    program = Program(tuple(inputs), tuple(run.steps), *ends)
    if run.writes and any(step.op.name == "reshape" for step in run.steps):  # a view or a copy, by how elements lie
        run.laid(strides_of)
    asked, layout, conditions = tuple(run.asked_for.values()), tuple(run.layout), tuple(run.conditions)
    return Captured(program, tuple(sources), back, itself, tuple(grads), asked, layout, conditions, wants)


def _unwritten(outside: Outside) -> bool:
    """Whether an array has what was read, so that a run finds that in it: NumPy did not write it since."""
    return bool(outside.source().tobytes() == outside.array.tobytes())


def _source(outside: Outside, leaf: Tensor | None = None) -> int | Source:
    """Where a run finds a tensor or an array that it did not make; ``leaf`` is the one whose gradient it was."""
    if outside.argument is not None:
        return outside.argument
    if leaf is None or outside.forgotten is not None:
        return outside.source
    return GradientOf(leaf, outside.source())


def _changed_gradients(run: Capture) -> list[tuple[Tensor, int | Source, bool]]:
    """The leaves whose ``.grad`` is not what it was: where to find each, and whether the function cleared it."""
    found: dict[int, tuple[Tensor, int | Source, bool]] = {}
    for outside in run.outside:
        item = outside.source()
        cell = getattr(item, "_cell", None)
        if cell is None or item._node is None or not item.is_leaf:
            continue
        cleared = id(cell) in run.cleared
        if cleared or cell.grad is not outside.gradient():
            found.setdefault(id(cell), (item, _source(outside), cleared))
    for key, source in run.cleared.items():
        item = source()
        # Those that no op read are no inputs; those that the function made are nobody's.
        if key not in found and item is not None and item.requires_grad and run.find(item._value) is None:
            found[key] = item, source, True
    return [*found.values()]


def _leads_back(node: Node | None, pulled: set[int]) -> bool:
    """Whether a backward from here would come to a leaf, by a way that no backward went and freed before."""
    ways: list[Node | None] = [node]
    seen: set[Node] = set()
    while ways:
        node = ways.pop()
        if node is None or node.order in pulled or node in seen:
            continue
        if node.op is None:
            return True
        seen.add(node)
        ways += node.parents
    return False


def _held_arrays(items: Sequence[Any]) -> Counter[int]:
    """How often the histories of tensors hold each array, by id: nobody else has to."""
    nodes = history(item._node for item in items if isinstance(item, Tensor) and item._node is not None)
    found: Counter[int] = Counter()
    waiting: list[Any] = [node.kept for node in nodes]
    seen: set[int] = set()  # tuples and arrays that several nodes share
    for item in waiting:  # grows while it is walked
        if isinstance(item, np.ndarray):
            found[id(item)] += 1
            if id(item) not in seen:
                found[id(item.base)] += 1
        elif isinstance(item, (tuple, list)) and id(item) not in seen:
            waiting += item
        seen.add(id(item))
    return found
