"""Checks of a forward or backward pass written by hand in NumPy, against the engine.

``check_gradients`` takes a whole ``loss, grads = f(params)``, ``check_backward`` one layer's backward,
``check_forward`` a function without one. Each compares on the inputs given and, where the numbers differ, runs both
sides again on other batches to learn how: every example twice, each example alone, the examples of one class. Where
they agree, it compares once more for other gradients arriving and on other numbers: what was right by accident.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ..autograd.errors import ArgumentError, shape_text
from ..autograd.types import Array, Raw
from .batches import examples
from .case import Case
from .comparison import PLACES, Comparison
from .drawn import arriving, elsewhere
from .findings import Diagnosis
from .localised import located, others
from .naming import meant
from .nested import flat, rebuilt
from .repairs.traced import is_loss
from .returned import array, loss_and_grads, numbers, one_each, positions, several
from .truths import Truth, asked, wide
from .two_meanings import of_two_meanings


def check_backward(
    hand: Callable[..., Any],
    engine: Callable[..., Any],
    inputs: Sequence[Any],
    *,
    upstream: Raw | None = None,
    names: Sequence[str] = (),
    batched: Sequence[int] = (0,),
    axis: int | None = None,
    sizes: Mapping[str, float] | None = None,
    labels: Array | None = None,
    extremes: Sequence[int] = (0,),
) -> Diagnosis:
    """Check one layer's backward: ``hand(g, *inputs)`` against the gradient of ``engine(*inputs)``.

    ``hand`` gives one gradient for each input (None for one without; or those of floats alone), or a single array for
    the first input; a layer's ``backward`` may use what its ``forward`` has kept: ``engine`` runs before it. ``engine``
    gets float inputs as Tensors in float64; where it does not run on them, or means something else there than on
    arrays, Tensors that behave as arrays and differences serve. ``upstream`` is g, the gradient arriving, of the
    output's shape; others are drawn beside it (1 for a scalar output). ``batched`` names the inputs that hold examples
    along ``axis`` (None: 0, or 1 where ``hand`` takes other columns and no other rows); ``sizes`` the numbers, beside
    N, of which a factor may be made; ``labels`` a class for each example. The inputs in ``extremes`` are also tried
    large and far apart, where only inf and nan count as wrong.

    Raises ``ArgumentError`` where a function raises on these inputs, the engine's own result is not finite, or the
    numbers of gradients differ.

    >>> import numpy as np
    >>> x, w, b = np.arange(6.0).reshape(3, 2), np.ones((2, 4)), np.zeros(4)
    >>> def backward(g, x, w, b):
    ...     return g @ w.T, x.T @ g, g.mean(0)
    >>> print(check_backward(backward, lambda x, w, b: x @ w + b, (x, w, b), names=("dx", "dW", "db")))
    dx: right. It agrees with the engine.
    dW: right. It agrees with the engine.
    db: averaged. It is 1/N of the engine's (N = 3): averaged over the batch where it should be summed.
    Wrong: db. Right: dx, dW.
    """
    arrays = several(inputs, "inputs", "arguments of both functions")
    batched = positions(batched, "batched", "inputs", len(arrays))
    extremes = positions(extremes, "extremes", "inputs", len(arrays))

    def by_hand(values: Sequence[Any]) -> list[Any]:
        truth.pass_forward(values[1:])
        return one_each(asked("the hand-written function", hand, *values), engine, arrays)

    truth = Truth("the engine's function", lambda values: engine(*values), range(len(arrays)))
    value = truth.shown(arrays)
    kind = np.result_type(np.float32, *(a.dtype for a in arrays if a.dtype.kind == "f"))
    drawn = list(arriving(value.shape, kind, [*arrays, value])) if value.shape else [np.ones((), kind)]
    g = drawn.pop(0) if upstream is None else array(upstream)
    if g.shape != value.shape:
        raise ArgumentError(f"upstream has shape {shape_text(g.shape)}, the engine's output {shape_text(value.shape)}")
    try:
        first = by_hand([np.array(a) for a in (g, *arrays)])
    except ArgumentError:
        _arrives_first(hand, engine, arrays, g)
        raise
    given = [i for i, d in enumerate(first) if d is not None]
    if any(arrays[i].dtype.kind == "c" for i in given):
        raise ArgumentError("inputs of complex numbers are not compared: give real and imaginary parts as two inputs")
    wanted = [i for i in given if arrays[i].dtype.kind in "fiu"]
    if not wanted:
        raise ArgumentError("the hand-written function gave no gradient: return one for each input, None without one")
    arrays, wanted = _in_floats(by_hand, truth, [g, *arrays], wanted)
    truth.moving = wanted
    truth.settle(arrays, g)
    axes = examples(by_hand, [g, *arrays], [i + 1 for i in batched], axis, [0], labels)

    told = _told_names(names, wanted, len(arrays))
    called = _inputs_named(engine, told, wanted)
    spelled = _spelled(engine, len(arrays))

    def against(truth: Truth) -> Comparison:
        return Comparison(
            lambda values: [d for i, d in enumerate(by_hand(values)) if i in wanted],
            lambda values, hand, quick: truth(values[1:], values[0], hand, quick),
            [g, *arrays],
            told, axes, sizes or {}, labels,
            known=lambda values: [{"parameter": values[i + 1], "upstream": values[0]} for i in wanted],
            movable=[i + 1 for i in wanted],
            sides=truth.sides,
            explained=lambda values, cases, computed: truth.explained(
                values[1:], [replace(c, name=name) for c, name in zip(cases, called, strict=True)], computed, values[0]
            ),
            extremes=[i + 1 for i in extremes],
            coarse=truth.coarse, errors=lambda: truth.numeric.errors,
            arriving=drawn if value.shape else [],
            written=["g", *spelled],
        )  # fmt: skip

    found = _told(against, truth)
    if not found.ok:
        _arrives_first(hand, engine, arrays, g)
    truth.pass_forward(arrays)
    return found


def _arrives_first(hand: Callable[..., Any], engine: Callable[..., Any], arrays: Sequence[Any], g: Raw) -> None:
    """Raise ``ArgumentError`` where a function that fails, or is wrong, is right with what arrives as its last one."""
    truth = Truth("the engine's function", lambda values: engine(*values), ())
    given = [wide(a) for a in (*arrays, g)]
    cases: list[Case] = []
    try:
        for *values, arrived in (given, *(elsewhere(given, range(len(given)), True, signs) for signs in range(PLACES))):
            if cases and not np.isfinite(truth.value(values)).all():  # outside the domain
                continue
            truth.pass_forward(values)
            found = one_each(asked("hand", hand, *(np.array(a) for a in (*values, arrived))), engine, arrays)
            truth.moving = [i for i, d in enumerate(found) if d is not None and arrays[i].dtype.kind == "f"]
            truth.settle(values, arrived)
            rights = truth(values, arrived)
            cases += [Case(found[i], d, tolerance=1e-6) for i, d in zip(truth.moving, rights, strict=True)]
    except Exception:  # whatever it makes of arguments in that order
        return
    if cases and all(case.agrees for case in cases):
        raise ArgumentError(
            "the hand-written function is right with the gradient arriving as its last argument, and is called with it "
            "as the first: write lambda g, *inputs: hand(*inputs, g)"
        )


def _told_names(names: Sequence[str], wanted: Sequence[int], count: int) -> list[str]:
    """What the gradients are called: as many names as there are, or one for each input."""
    if len(names) == count:
        return [names[i] for i in wanted]
    if names and len(names) != len(wanted):
        raise ArgumentError(f"names has {len(names)}, the backward gives {len(wanted)} gradients: give a name for each")
    return list(names) or [f"gradient of input {i}" for i in wanted]


def _inputs_named(engine: Callable[..., Any], names: Sequence[str], wanted: Sequence[int]) -> list[str]:
    """What the gradients are of, in the engine's words where its parameters are called so: x for dx."""
    parameters, found = _spelled(engine, max(wanted, default=-1) + 1), []
    for i, name in zip(wanted, names, strict=False):
        own = parameters[i]
        found.append(own if own in meant(name) else name.removeprefix("gradient of "))
    return found


def _spelled(function: Callable[..., Any], count: int) -> list[str]:
    """What so many arguments are called: by the function's parameters, or by their places in *args."""
    try:
        found = [p.name for p in inspect.signature(function).parameters.values() if p.kind is not p.VAR_POSITIONAL]
    except (TypeError, ValueError):  # it says nothing of them
        found = []
    return [*found[:count], *(f"input {i}" for i in range(len(found), count))]


def _in_floats(
    by_hand: Callable[[list[Any]], Any], truth: Truth, inputs: list[Any], wanted: list[int]
) -> tuple[list[Any], list[int]]:
    """The inputs with integers as floats where a gradient is meant for them; an index has none."""
    floats = [a.astype(np.float64) if i - 1 in wanted and a.dtype.kind in "iu" else a for i, a in enumerate(inputs)]
    if all(a is b for a, b in zip(floats, inputs, strict=True)):
        return inputs[1:], wanted
    try:
        by_hand([np.array(a) for a in floats])
        truth.value(floats[1:])
    except ArgumentError:  # they are indices: a function takes no floats there
        return inputs[1:], [i for i in wanted if inputs[i + 1].dtype.kind == "f"]
    return floats[1:], wanted


def _told(against: Callable[[Truth], Comparison], truth: Truth, apart: bool = True) -> Diagnosis:
    """The diagnosis. Where the engine's function has two values and stands ``apart``, either may have been meant."""
    found = against(truth).findings()
    if truth.meanings is not None and apart:
        other = against(replace(truth, way="Tensors"))
        if not found.ok and other.agrees():
            on_tensors = other.findings()
            found = on_tensors if on_tensors.ok else found
        found = replace(found, findings=(*found.findings, of_two_meanings(truth.meanings)))
    return replace(found, notes=(*truth.notes, *found.notes))


def check_forward(
    hand: Callable[..., Any],
    engine: Callable[..., Any],
    inputs: Sequence[Any],
    *,
    name: str = "value",
    batched: Sequence[int] = (0,),
    axis: int | None = None,
    sizes: Mapping[str, float] | None = None,
    labels: Array | None = None,
    extremes: Sequence[int] = (0,),
) -> Diagnosis:
    """Check a function's value: ``hand(*inputs)`` against ``engine(*inputs)``; arguments as in ``check_backward``.

    >>> import numpy as np
    >>> import tinygrad_bp as tg
    >>> def softmax(z):
    ...     e = np.exp(z - z.max())  # one maximum for the whole batch
    ...     return e / e.sum(1, keepdims=True)
    >>> scores = np.array([[1.0, 2.0, 0.5], [0.1, 0.2, 0.3], [2.0, 0.0, 1.0]])
    >>> check_forward(softmax, tg.softmax, (scores,))["value"].kind
    'batch coupling'
    """
    arrays = several(inputs, "inputs", "arguments of both functions")
    batched = positions(batched, "batched", "inputs", len(arrays))
    extremes = positions(extremes, "extremes", "inputs", len(arrays))

    def by_hand(values: Sequence[Any]) -> list[Any]:
        return [numbers(asked("the hand-written function", hand, *values), "the value")]

    truth = Truth("the engine's function", lambda values: engine(*values), ())
    truth.settle(arrays)
    axes = examples(by_hand, arrays, batched, axis, [])

    def against(truth: Truth) -> Comparison:
        return Comparison(
            by_hand, lambda values, hand, quick: [truth.value(values)], arrays, [name], axes, sizes or {}, labels,
            extremes=extremes,
        )  # fmt: skip

    return _told(against, truth)


def check_gradients(
    f: Callable[..., tuple[Any, Any]],
    params: Any,
    batch: Sequence[Any] = (),
    *,
    forward: Callable[..., Any] | None = None,
    previous: Any = None,
    axis: int | None = None,
    sizes: Mapping[str, float] | None = None,
    labels: Array | None = None,
    extremes: Sequence[int] = (),
) -> Diagnosis:
    """Check a whole hand-written gradient: ``loss, grads = f(params, *batch)`` in plain NumPy.

    ``params`` is a dict, list or tuple of arrays, nested or not; ``grads`` is built alike (a dict may have ``dW1`` or
    ``grad_W1`` for ``W1``). The engine's gradient comes from ``forward(params, *batch)`` on Tensors, whose loss is
    compared as well; without it, from ``f`` itself run on Tensors; and where that does not run on them, from central
    differences of its loss: a note says why. ``batch`` holds the arrays of examples along ``axis`` (None: 0, or 1 where
    ``f`` takes other columns and no other rows); with them the check can tell a factor N from any other number.
    ``previous`` are the parameters one step before; ``labels``, ``sizes`` and ``extremes`` (positions in ``batch``) as
    in ``check_backward``.

    Where something is wrong, ``place`` of the diagnosis says between which values and at which lines to look, as far as
    a graph tells it. A dict ``grads`` may also have the gradients of values on the way (``dz2``, ``da1``): then it is
    the first of them that does not follow from those before it.

    Raises ``ArgumentError`` where ``f`` raises on these inputs, ``grads`` does not match ``params``, the loss does not
    depend on ``params``, or there are too many numbers for differences.

    >>> import numpy as np
    >>> x, y = np.array([[0.0, 1.0], [2.0, 1.0], [1.0, 3.0]]), np.array([1.0, 2.0, 0.0])
    >>> def f(params, x, y):
    ...     d = x @ params["w"] + params["b"] - y
    ...     return np.mean(d ** 2), {"w": 2 * x.T @ d, "b": np.mean(2 * d)}
    >>> print(check_gradients(f, {"w": np.array([1.0, -1.0]), "b": np.array(0.5)}, (x, y)))
    w: summed. It is N times the engine's (N = 3): summed over the batch, a division by N is missing.
    b: right. It agrees with the engine.
    Wrong: w. Right: b.
    b right, w wrong: look between dd and dw.
      line 2: d = x @ params["w"] + params["b"] - y
    """
    pairs = list(flat(params))
    names, n = [name for name, _ in pairs], len(pairs)
    arrays = [array(a) for _, a in pairs]
    arrays = [a.astype(np.float64) if a.dtype.kind in "iub" else a for a in arrays]
    for name, a in zip(names, arrays, strict=True):
        if a.dtype.kind != "f":
            raise ArgumentError(f"params must be arrays of real numbers; {name} is of {a.dtype}")
    if not arrays:
        raise ArgumentError("params is empty: there is no gradient to check")
    inputs = [*arrays, *several(batch, "batch", "arguments of f after params")]
    extremes = positions(extremes, "extremes", "arrays of the batch", len(inputs) - n)
    compared = forward is not None

    def asking(who: str, function: Callable[..., Any], values: Sequence[Any]) -> Any:
        return asked(who, function, rebuilt(params, iter(values[:n])), *values[n:])

    def by_hand(values: Sequence[Any]) -> list[Any]:
        loss, grads = loss_and_grads(asking("f", f, values), params)
        is_loss(loss)
        return [loss] * compared + grads

    first = by_hand([np.array(a) for a in inputs])
    if forward is not None:
        truth = Truth("forward", lambda values: forward(rebuilt(params, iter(values[:n])), *values[n:]), range(n))
    else:
        truth = Truth("f", lambda values: f(rebuilt(params, iter(values[:n])), *values[n:])[0], range(n), False)
    truth.settle(inputs)
    if (
        truth.way == "differences"
        and not truth.numeric.moves(inputs)
        and any(np.any(grad) for grad in first[compared:])
    ):
        raise ArgumentError(
            f"the loss of {truth.who} stays what it is when its params change: it uses arrays that it holds; write "
            "params into the network first, or compute with those given"
        )
    axes = examples(by_hand, inputs, [n] if batch else [], axis, range(n, len(inputs)), labels)
    stale: list[Any] = [None] * n
    if previous is not None and [(k, np.shape(array(a))) for k, a in flat(previous)] != [
        (k, np.shape(array(a))) for k, a in pairs
    ]:
        raise ArgumentError("previous are the parameters one step before: give arrays of their names and shapes")
    if previous is not None:
        stale = truth([*(array(a) for _, a in flat(previous)), *inputs[n:]])

    def against(truth: Truth) -> Comparison:
        def right(values: list[Any], hand: list[Any] | None, quick: bool) -> list[Any]:
            grads = truth(values, None, hand and hand[compared:], quick)
            return [truth.value(values)] * compared + grads

        return Comparison(
            by_hand, right, inputs, ["loss"] * compared + names, axes, sizes or {}, labels,
            known=lambda values: [{}] * compared
            + [{"parameter": a, "previous": p} for a, p in zip(values[:n], stale, strict=True)],
            movable=range(n),
            sides=truth.sides,
            explained=truth.explained,
            extremes=[n + i for i in extremes],
            coarse=truth.coarse, errors=lambda: [0.0] * compared + truth.numeric.errors,
            shares=False,
            written=[*names, *_spelled(f, len(inputs) - n + 1)[1:]],
        )  # fmt: skip

    found = _told(against, truth, compared)
    exact = [wide(a) for a in inputs]
    grads = dict(zip(names, by_hand(exact)[compared:], strict=True))
    given = asking("f", f, exact)[1]
    if truth.way == "differences" or (found.ok and not others(given, grads)):
        return found
    return located(found, lambda: truth.on_tensors(exact), grads, given)
