"""The rules of one recorded step as a program: run under capture, never written down a second time.

>>> import tinygrad_bp as tg
>>> x = tg.tensor([1.0, 2.0], requires_grad=True)
>>> print(rule_of(tg.tanh(x).grad_fn).program)
g                float32 (2,)
y                float32 (2,)
t0 = mul(y, y)   float32 (2,)
t1 = sub(1, t0)  float32 (2,)
t2 = mul(g, t1)  float32 (2,)
return t2
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..autograd.backward import pulled, unbroadcast
from ..autograd.errors import AutogradError, FreedError, shape_text
from ..autograd.modes import no_grad
from ..autograd.node import Node
from ..autograd.op import Op
from ..autograd.sharing import overlaps
from ..autograd.steps import of_table
from ..autograd.tensor import wrap
from ..autograd.watch import Following, pull_traced
from ..program.capture import Capture
from ..program.program import Constant, Program, Step, Value, live, replaced
from .notation import Term
from .notation import name as symbol
from .transposed import transposed
from .writing import terms

LONGEST = 24  # steps of a rule that are printed; of a longer one the name is


@dataclass(eq=False, slots=True)
class Rule:
    """What a step does with the gradient arriving: a program from ``g`` and what was kept to one gradient an input.

    ``inputs`` of the program are ``g`` and then what ``reads`` names, in its order. An output is None where no
    gradient goes to that input.
    """

    program: Program
    reads: tuple[str, ...]  # names of the op's inputs, of what it found on its way, ``y`` for its result
    seen: bool  # False: the rules cannot be written down as ops, and are one step by themselves
    numbers: tuple[Any, ...]  # of Python, that the op was called with
    same: tuple[bool, ...]  # for each input, whether it gets the gradient arriving as it is


_KNOWN: dict[Hashable, Rule] = {}
MANY = 4096  # rules that are remembered


def rule_of(node: Node, g: Any = None) -> Rule:
    """The rule of a recorded step; ``g`` is an array of the kind that arrives there, whose numbers do not matter.

    Steps of one op, with equal shapes, dtypes and parameters, have one rule. Raises ``FreedError`` where backward has
    let go of what the step kept.
    """
    if node.kept is None:
        raise FreedError(
            f"explain: the values that {node!r} kept were freed by a backward pass. Explain before backward(), or "
            "write backward(retain_graph=True)"
        )
    node = _unpacked(node)
    g = np.ones(node.shape, dtype_of(node)) if g is None else _whole(np.asarray(g))  # of 0-d arrays there are scalars
    key = _key(node, g)
    rule = _KNOWN.get(key) if key is not None else None
    if rule is None:
        rule = _captured(node, g)
        if key is not None:
            if len(_KNOWN) >= MANY:
                _KNOWN.clear()
            _KNOWN[key] = rule
    return rule


def _whole(array: Any) -> Any:
    """The array, with memory for each element: parts of one that is repeated would be taken for one value."""
    return array.copy() if isinstance(array, np.ndarray) and overlaps(array) else array


def _unpacked(node: Node) -> Node:
    """The step with plain arrays, each element in a place of its own.

    What ``saved_tensors_hooks`` packed is another array each time it is read.
    """
    if node.kept.__class__ is tuple and not any(isinstance(x, np.ndarray) and overlaps(x) for x in node.kept):
        return node
    plain = Node()
    plain.op, plain.order, plain.shape, plain.parents, plain.cell = (
        node.op, node.order, node.shape, node.parents, node.cell,
    )  # fmt: skip
    kept = tuple(node.kept or ())
    once = {id(item): _whole(item) for item in kept}  # the same array twice is one value
    plain.kept = tuple([once[id(item)] for item in kept])
    return plain


def kept_arrays(node: Node, kept: tuple[Any, ...] | None = None) -> dict[str, Any]:
    """The arrays that a step kept, by name; ``kept`` is what it had, where backward may have freed that."""
    op = node.op
    assert op is not None
    found = zip(op.kept, (node.kept if kept is None else kept) or (), strict=False)
    return {name: np.asarray(item) for name, item in found if isinstance(item, (np.ndarray, np.generic))}


def dtype_of(node: Node) -> Any:
    """The dtype of a step's result, as far as what it kept tells."""
    kept = kept_arrays(node)
    op = node.op
    assert op is not None
    for name in ("y", *op.inputs, *op.residuals):
        if name in kept and kept[name].dtype.kind in "fc":
            dtype = kept[name].dtype
            return np.empty(0, dtype).real.dtype if op.gives == "real" else dtype
    tensor = node.cell.tensor() if node.cell is not None else None
    return tensor.dtype if tensor is not None else np.dtype(np.float32)


def _key(node: Node, g: Any) -> Hashable | None:
    """What the rule of a step depends on; None: on more than can be compared."""
    op = node.op
    assert op is not None and node.kept is not None
    if not of_table(op):
        return None  # a user's own: each call has its own
    parts: list[Any] = []
    places: dict[int, int] = {}  # the same array twice is one value
    for item in node.kept:
        if isinstance(item, (np.ndarray, np.generic)):
            parts.append((item.shape, item.dtype.str, places.setdefault(id(item), len(places))))
        elif item.__class__ is slice:
            parts.append((slice, item.start, item.stop, item.step))
        elif item.__class__ is tuple and any(part.__class__ is slice or part.__class__ is list for part in item):
            if any(isinstance(part, np.ndarray) for part in item):
                return None
            parts.append(repr(item))
        else:
            parts.append((item.__class__, item))
    found = tuple(parts)
    shapes = tuple([None if parent is None else parent.shape for parent in node.parents])
    key = op.name, g.shape, g.dtype.str, shapes, found
    try:
        hash(key)
    except TypeError:
        return None
    return key


def _captured(node: Node, g: Any) -> Rule:
    op = node.op
    assert op is not None
    watcher = Capture(exact=True)
    arrays = kept_arrays(node)
    values: dict[str, Value] = {}
    try:
        with no_grad(), Following(watcher), np.errstate(all="ignore"):
            given = wrap(g, None)
            values["g"] = watcher.bring(given, "g", 0)
            for number, (name, array) in enumerate(arrays.items(), 1):
                values[name] = watcher.bring(wrap(array, None), name, number)
            outputs: list[Any] = []
            for parent, d in zip(node.parents, pull_traced(node, given), strict=True):
                if parent is None or d is None:
                    outputs.append(None)
                    continue
                if d.shape != parent.shape:
                    d = unbroadcast(d, parent.shape)
                outputs.append(watcher.bring(d))
    except AutogradError:  # it reads values, or is not made of ops
        return _by_itself(node, g)
    finally:
        watcher.take_back()
    own = set(values.values())
    fixed = {
        outside.value: Constant(outside.value.shape, outside.value.dtype, outside.value.name, np.array(outside.array))
        for outside in watcher.outside
        if outside.value not in own
    }

    def placed(item: Any) -> Any:
        return replaced(item, lambda value: fixed.get(value, value))

    steps = [Step(s.op, placed(s.operands), placed(s.params), s.result) for s in watcher.steps]
    whole = Program(tuple(dict.fromkeys(values.values())), tuple(steps), placed(tuple(outputs)))
    whole = Program(whole.inputs, tuple(live(whole, whole.steps)), whole.outputs)
    if len(whole.steps) > LONGEST:
        return _by_itself(node, g)
    return _of(transposed(whole), True, node)


def _of(program: Program, seen: bool, node: Node) -> Rule:
    read = {value for step in program.steps for value in step.reads()} | set(program.results())
    inputs = tuple(value for value in program.inputs if value in read or value.name == "g")
    op = node.op
    assert op is not None
    numbers = tuple(
        item for name, item in zip(op.kept, node.kept or ()) if name in op.inputs and isinstance(item, (int, float))
    )
    reads = tuple(value.name for value in inputs[1:])
    same = tuple([output is inputs[0] for output in program.outputs])
    return Rule(Program(inputs, program.steps, program.outputs), reads, seen, numbers, same)


def _by_itself(node: Node, g: Any) -> Rule:
    """The rules of a step as steps by themselves, one an input: named, and computed by the rules themselves."""
    op = node.op
    assert op is not None
    arrays = kept_arrays(node)
    inputs = tuple(Value(array.shape, array.dtype, name) for name, array in {"g": g, **arrays}.items())
    steps: list[Step] = []
    outputs: list[Value | None] = []
    with np.errstate(all="ignore"):
        found = pulled(node, g, node.kept)  # type: ignore[arg-type]
    for i, (parent, d) in enumerate(zip(node.parents, found, strict=True)):
        if parent is None or d is None:
            outputs.append(None)
            continue
        result = Value(parent.shape, np.asarray(d).dtype)
        steps.append(Step(_rule_as_op(node, i), inputs, {}, result))
        outputs.append(result)
    return Rule(Program(inputs, tuple(steps), tuple(outputs)), tuple(arrays), False, (), (False,) * len(outputs))


def _rule_as_op(node: Node, i: int) -> Op:
    """An op that no table has: the rule of one input, on arrays."""
    op, parents = node.op, node.parents
    assert op is not None and node.kept is not None
    names = ("g", *kept_arrays(node))
    others = dict(zip(op.kept, node.kept, strict=False))
    pull, kept_names, holomorphic = op.pull, op.kept, op.holomorphic
    shape = parents[i].shape  # type: ignore[union-attr]

    def forward(*arrays: Any) -> Any:
        given = {**others, **dict(zip(names, arrays, strict=True))}
        g = given.pop("g")
        conjugated = g.dtype.kind == "c" and holomorphic
        d = pull(np.conjugate(g) if conjugated else g, parents, tuple(given[name] for name in kept_names))[i]
        d = np.asarray(np.conjugate(d) if conjugated else d)
        return unbroadcast(d, shape) if d.shape != shape else d

    rule = Op()
    rule.name, rule.kind, rule.forward, rule.inputs = f"{op.name}_vjp", "general", forward, names
    rule.params, rule.residuals, rule.variadic, rule.draws = {}, {}, False, False
    rule.rules, rule.formula, rule.doc, rule.kept = (), "", f"The rule of {op.name} for {shape_text(shape)}.", ()
    # Which of several inputs it is for.
    rule.hint = op.inputs[i] if len(parents) > 1 and not op.variadic else str(i) if len(parents) > 1 else ""
    return rule


def spoken(node: Node, names: Mapping[str, str] | None = None, g: Any = None) -> tuple[Term | None, ...]:
    """Per input of a recorded step what its rule computes, as a term (``notation.text`` writes it); None: nothing.

    ``names`` has other words for ``g``, for the op's inputs, and for ``y``, the result.

    >>> import tinygrad_bp as tg
    >>> from tinygrad_bp.explaining.notation import text
    >>> x, w = tg.ones(5, 3, requires_grad=True), tg.ones(3, 2, requires_grad=True)
    >>> [text(rule) for rule in spoken((x @ w).grad_fn, {"g": "δ", "a": "X", "b": "W"})]
    ['δ · Wᵀ', 'Xᵀ · δ']
    """
    rule = rule_of(node, g)
    called = {**(names or {})}
    known = {v: symbol(called.get(v.name, v.name), not v.shape) for v in rule.program.inputs}
    found = terms(rule.program, known, rule.numbers)
    return tuple(None if value is None else found[value] for value in rule.program.outputs)
