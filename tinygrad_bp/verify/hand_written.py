"""Checks of a forward or backward pass written by hand in NumPy, against the engine.

``check_gradients`` takes a whole ``loss, grads = f(params)``, ``check_backward`` one layer's backward,
``check_forward`` a function without one. Each compares on the inputs given and, where the numbers differ, runs both
sides again on other batches to learn how: every example twice, each example alone, the examples of one class.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from ..autograd.errors import ArgumentError, shape_text
from ..autograd.tensor import Tensor
from ..autograd.types import Array, Raw
from ..autograd.values import value_of
from .comparison import Comparison, beside, wide
from .differences import Slope, slope
from .findings import Diagnosis
from .nested import flat, rebuilt
from .recorded import gradients, leaf, mutants
from .two_meanings import two_meanings, with_meanings

NUMERIC_LIMIT = 20_000  # elements whose slope is found by seven runs of the loss each, or more
SIDES = (-1e-6, 1e-6, -1e-7, 1e-7, -1e-8, 1e-8)  # as far beside a kink as differences can tell it
SHORT = 2.0**-13  # the first step of differences: few kinks lie within it, and shorter steps tell those


def check_backward(
    hand: Callable[..., Any],
    engine: Callable[..., Any],
    inputs: Sequence[Any],
    *,
    upstream: Raw | None = None,
    names: Sequence[str] = (),
    batched: Sequence[int] = (0,),
    axis: int = 0,
    sizes: Mapping[str, float] | None = None,
    labels: Array | None = None,
    extremes: Sequence[int] = (0,),
) -> Diagnosis:
    """Check one layer's backward: ``hand(g, *inputs)`` against the gradient of ``engine(*inputs)``.

    ``hand`` gives one gradient for each input (None for one without), or a single array for the first input. ``engine``
    gets float inputs as Tensors in float64. ``upstream`` is g, the gradient arriving, of the output's shape; None
    draws one (1 for a scalar output). ``batched`` names the inputs that hold examples along ``axis``; ``sizes`` the
    numbers, beside N, of which a factor may be made; ``labels`` a class for each example. The inputs in ``extremes``
    are also tried large and far apart, where only inf and nan count as wrong.

    Raises ``ArgumentError`` where the engine's own result is not finite, or the numbers of gradients differ.

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
    arrays = [np.asarray(a) for a in inputs]
    shape = engine(*(leaf(wide(a), False) for a in arrays)).shape
    rng = np.random.default_rng(0)
    if upstream is None:
        drawn = rng.standard_normal(shape) if shape else np.ones(())
        upstream = np.asarray(
            drawn, dtype=np.result_type(np.float32, *(a.dtype for a in arrays if a.dtype.kind == "f"))
        )
    g = np.asarray(upstream)
    if g.shape != shape:
        raise ArgumentError(f"upstream has shape {shape_text(g.shape)}, the engine's output {shape_text(shape)}")
    rows = arrays[batched[0]].shape[axis] if batched else -1
    places = [i + 1 for i in batched] + ([0] if g.ndim > axis and g.shape[axis] == rows else [])
    first = _given(hand(np.array(g), *(np.array(a) for a in arrays)))  # it may write into them
    wanted = [i for i, d in enumerate(first) if d is not None]

    def graph(values: list[Any]) -> tuple[Tensor, list[Tensor], Any]:
        leaves = [leaf(wide(a), i in wanted) for i, a in enumerate(values[1:])]
        return engine(*leaves), [leaves[i] for i in wanted], values[0]

    names = list(names) or [f"gradient of input {i}" for i in wanted]
    found = Comparison(
        lambda values: [d for d in _given(hand(*values)) if d is not None],
        lambda values: gradients(*graph(values)),
        [g, *arrays], names, places, axis, sizes or {}, labels,
        known=[{"parameter": arrays[i], "upstream": g} for i in wanted],
        movable=[i + 1 for i in wanted],
        mutants=lambda values: mutants(*graph(values)),
        extremes=[i + 1 for i in extremes],
    ).findings()  # fmt: skip
    return with_meanings(found, engine, arrays)


def _given(result: Any) -> list[Any]:
    return list(result) if isinstance(result, (tuple, list)) else [result]


def check_forward(
    hand: Callable[..., Any],
    engine: Callable[..., Any],
    inputs: Sequence[Any],
    *,
    name: str = "value",
    batched: Sequence[int] = (0,),
    axis: int = 0,
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
    found = Comparison(
        lambda values: [hand(*values)],
        lambda values: [engine(*(leaf(wide(a), False) for a in values)).numpy(force=True)],
        [np.asarray(a) for a in inputs], [name], batched, axis, sizes or {}, labels, extremes=extremes,
    ).findings()  # fmt: skip
    return with_meanings(found, engine, inputs)


def check_gradients(
    f: Callable[..., tuple[Any, Any]],
    params: Any,
    batch: Sequence[Any] = (),
    *,
    forward: Callable[..., Any] | None = None,
    previous: Any = None,
    axis: int = 0,
    sizes: Mapping[str, float] | None = None,
    labels: Array | None = None,
    extremes: Sequence[int] = (),
) -> Diagnosis:
    """Check a whole hand-written gradient: ``loss, grads = f(params, *batch)`` in plain NumPy.

    ``params`` is a dict, list or tuple of float arrays, nested or not; ``grads`` is built alike (a dict may have
    ``dW1`` for ``W1``). The engine's gradient comes from ``forward(params, *batch)`` on Tensors, whose loss is
    compared as well; without it, from ``f`` itself run on Tensors; and where ``f`` does not run on them, from central
    differences of its loss. ``batch`` holds the arrays of examples along ``axis``; with them the check can tell a
    factor N from any other number. ``previous`` are the parameters one step before; ``labels``, ``sizes`` and
    ``extremes`` (positions in ``batch``) as in ``check_backward``.

    Raises ``ArgumentError`` where ``grads`` does not match ``params``, or there are too many numbers for differences.

    >>> import numpy as np
    >>> x, y = np.array([[0.0, 1.0], [2.0, 1.0], [1.0, 3.0]]), np.array([1.0, 2.0, 0.0])
    >>> def f(params, x, y):
    ...     d = x @ params["w"] + params["b"] - y
    ...     return np.mean(d ** 2), {"w": 2 * x.T @ d, "b": np.mean(2 * d)}
    >>> print(check_gradients(f, {"w": np.array([1.0, -1.0]), "b": np.array(0.5)}, (x, y)))
    w: summed. It is N times the engine's (N = 3): summed over the batch, a division by N is missing.
    b: right. It agrees with the engine.
    Wrong: w. Right: b.
    """
    pairs = list(flat(params))
    names, arrays = [name for name, _ in pairs], [np.asarray(array) for _, array in pairs]
    examples = [np.asarray(a) for a in batch]
    n = len(arrays)

    def graph(values: list[Any]) -> tuple[Tensor, list[Tensor]]:
        leaves = [leaf(wide(a)) for a in values[:n]]
        rest = [leaf(wide(a), False) for a in values[n:]] if forward is not None else values[n:]
        tree = rebuilt(params, iter(leaves))
        return (forward(tree, *rest) if forward is not None else f(tree, *rest)[0]), leaves

    def hand(values: list[Any]) -> list[Any]:
        loss, grads = f(rebuilt(params, (np.array(a) for a in values[:n])), *values[n:])
        return [loss] * (forward is not None) + list(_matching(grads, params))

    def recorded(values: list[Any]) -> list[Any]:
        loss, leaves = graph(values)
        return [value_of(loss)] * (forward is not None) + gradients(loss, leaves)

    def loss_of(values: list[Any]) -> float:
        return float(f(rebuilt(params, (np.array(a) for a in values[:n])), *(np.array(a) for a in values[n:]))[0])

    inputs = [wide(a) for a in (*arrays, *examples)]
    on_tensors = forward is not None or any(
        _runs_on_tensors(graph, loss_of, values) for values in (inputs, *beside(inputs, range(n), SIDES))
    )

    def on_arrays(*values: Any) -> Any:
        tree = rebuilt(params, iter(values[:n]))
        return forward(tree, *values[n:]) if forward is not None else f(tree, *values[n:])

    if not on_tensors and sum(a.size for a in arrays) > NUMERIC_LIMIT:
        differing = two_meanings(on_arrays, inputs)
        raise ArgumentError(
            f"f does not run on Tensors{''.join(f', where {name} has other numbers' for name in differing[:1])}, and "
            f"{sum(a.size for a in arrays)} parameters are too many for differences (at most {NUMERIC_LIMIT}); give "
            "forward=, the same loss with np.* functions or tg.nn"
        )
    previous_gradients: list[Any] = [None] * n
    if previous is not None:
        before = [wide(np.asarray(a)) for _, a in flat(previous)] + examples
        previous_gradients = recorded(before)[-n:] if on_tensors else _slopes(loss_of, before, n)
    known = [{"parameter": wide(a), "previous": p} for a, p in zip(arrays, previous_gradients, strict=True)]
    rows = examples[0].shape[axis] if examples else 0
    found = Comparison(
        hand,
        recorded if on_tensors else lambda values: _slopes(loss_of, values, n),
        [*arrays, *examples],
        ["loss"] * (forward is not None) + names,
        [n + i for i, a in enumerate(examples) if a.ndim > axis and a.shape[axis] == rows],
        axis, sizes or {}, labels,
        known=[{}] * (forward is not None) + known,
        movable=range(n),
        sides=(-1e-9, 1e-9) if on_tensors else SIDES,
        mutants=(lambda values: [[]] * (forward is not None) + mutants(*graph(values))) if on_tensors else None,
        extremes=[n + i for i in extremes],
        coarse=0.0 if on_tensors else 1e-6,
        floor=0.0 if on_tensors else 1e-8 * abs(loss_of(inputs)),
    ).findings()  # fmt: skip
    return with_meanings(found, on_arrays, inputs) if on_tensors else found


def _runs_on_tensors(
    graph: Callable[[list[Any]], tuple[Tensor, list[Tensor]]], loss_of: Callable[[list[Any]], float], values: list[Any]
) -> bool:
    """Whether ``f`` takes Tensors, gives the same loss, and its graph holds everything the loss depends on.

    The last is told by the slope along a direction: ``f`` may have turned a Tensor into an array on the way.
    """
    try:
        loss, leaves = graph(values)
        found, value = gradients(loss, leaves), loss_of(values)
    except Exception:  # whatever f does with arrays and cannot do with Tensors; differences serve then
        return False
    rng = np.random.default_rng(0)
    directions = [rng.standard_normal(g.shape) for g in found]
    parts = [d * g for d, g in zip(directions, found, strict=True)]

    def along(t: float) -> float:
        return loss_of([a + t * d for a, d in zip(values, directions, strict=False)] + values[len(directions) :])

    measured = _slope(along, value)
    allowed = 1e-4 * sum(float(np.sum(np.abs(p))) for p in parts) + 1e-8 * abs(value)
    same_slope = abs(measured.value - sum(float(np.sum(p)) for p in parts)) <= allowed
    return bool(same_slope and np.isclose(loss.item(), value, rtol=1e-9))


def _slope(f: Callable[[float], float], loss: float) -> Slope:
    """The slope at 0 of a loss along a direction, where its value is ``loss``."""
    return slope(f, noise=1e-15 * abs(loss), largest=SHORT)


def _slopes(loss_of: Callable[[list[Any]], float], values: list[Any], n: int) -> list[Any]:
    """Central differences of the loss in each element of the first n values."""
    loss = loss_of(values)

    def one(i: int, place: tuple[int, ...]) -> float:
        others = [np.array(a) for a in values]

        def along(t: float) -> float:
            others[i][place] = values[i][place] + t
            return loss_of(others)

        return _slope(along, loss).value

    return [np.reshape([one(i, place) for place in np.ndindex(a.shape)], a.shape) for i, a in enumerate(values[:n])]


def _matching(grads: Any, params: Any) -> Iterator[Any]:
    """The arrays of ``grads`` in the order of ``params``."""
    if isinstance(params, dict):
        for key, part in params.items():
            found = next((name for name in (key, f"d{key}") if name in grads), None)
            if found is None:
                raise ArgumentError(f"grads has no {key!r} and no 'd{key}'; it has {sorted(map(str, grads))}")
            yield from _matching(grads[found], part)
    elif isinstance(params, (list, tuple)):
        if len(grads) != len(params):
            raise ArgumentError(f"{len(params)} parameters but {len(grads)} gradients: give one for each, in order")
        for grad, part in zip(grads, params, strict=True):
            yield from _matching(grad, part)
    else:
        yield grads
