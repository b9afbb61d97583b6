"""What a program does in a run on other values than those that it was written down with, beside what Python does."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import public_calls as pc

import tinygrad_bp as tg
import tinygrad_bp.nn
from tinygrad_bp.func.transforms import flatten
from tinygrad_bp.program import evaluate
from tinygrad_bp.program.capture import capture

SEED = 3  # of the random stream before every run


def arrays_of(result: Any) -> list[Any]:
    """The arrays in what a function returned."""
    leaves = [leaf for leaf in flatten(result)[0] if leaf is not None]
    return [np.array(x.detach().numpy() if isinstance(x, tg.Tensor) else x) for x in leaves]


def differs(function: Callable[..., Any], *calls: Sequence[Any]) -> str:
    """Write a function down in the first call, and run it in every one: where a run differs from Python's, or ""."""
    tg.manual_seed(SEED)
    captured, _ = capture(function, (tuple(calls[0]), {}))
    program = captured.program
    assert str(program)
    for number, given in enumerate((*calls, calls[0])):
        inputs = [given[s] if isinstance(s, int) else s() for s in captured.sources]
        tg.manual_seed(SEED)
        found, _ = evaluate(program, [np.array(x.detach().numpy()) if isinstance(x, tg.Tensor) else x for x in inputs])
        tg.manual_seed(SEED)
        wanted = arrays_of(function(*[x.detach().clone() if isinstance(x, tg.Tensor) else x for x in given]))
        ours = [np.asarray(x) for x in found if x is not None][: len(wanted)]
        for place, (one, other) in enumerate(zip(ours, wanted, strict=True)):
            if one.dtype != other.dtype or one.shape != other.shape:
                return f"run {number}, result {place}: {one.dtype} {one.shape}, not {other.dtype} {other.shape}"
            if one.dtype.kind == "c" and not one.ndim:  # NumPy multiplies complex scalars by other instructions
                one, other = one.round(12), other.round(12)
            if not np.array_equal(one, other, equal_nan=one.dtype.kind in "fc"):
                return f"run {number}, result {place}: {one}, not {other}"
    return ""


def with_gradients(function: Callable[..., Any], floats: Sequence[int]) -> Callable[..., Any]:
    """What a function gives, and the gradients of the sum of its squares for the arguments at these places."""

    def both(*given: Any) -> Any:
        leaves = [x.detach().requires_grad_() if i in floats else x for i, x in enumerate(given)]
        result = function(*leaves)
        recorded = [x for x in flatten(result)[0] if isinstance(x, tg.Tensor) and x.requires_grad]
        losses = [(x * x.conj()).real.sum() if x.dtype.kind == "c" else (x * x).sum() for x in recorded]
        wanting = [leaves[i] for i in floats]
        return result, tg.autograd.grad(losses, wanting, allow_unused=True) if losses else ()

    return both


def twice(function: Callable[..., Any], place: int) -> Callable[..., Any]:
    """The gradient for the argument at ``place`` alone, and its gradient; the other arguments are data.

    And whether that has a history.
    """

    def both(*given: Any) -> Any:
        leaf = given[place].detach().requires_grad_()
        found: list[Any] = [function(*given[:place], leaf, *given[place + 1 :])]
        while found[-1].requires_grad and len(found) < 3:
            loss = (found[-1] * found[-1].conj()).real.sum()
            found += tg.autograd.grad(loss, [leaf], create_graph=True)
        return [*(x.detach() for x in found), found[-1].requires_grad]

    return both


# ---------------------------------------------------------------------- calls as text

NAMES = (*pc.SHAPES, "i", "k", "m")
OTHER = {"i": [1, 0, 2], "k": [[1, 2, 0, 2], [2, 0, 1, 1], [0, 1, 2, 0]]}  # other positions than those of ``names``


def values(seed: int, **more: Any) -> dict[str, Any]:
    """The names of the calls, with other numbers for each seed."""
    found = {**pc.names(lambda array: tg.tensor(array, dtype=tg.float64), seed), **more}
    return {**found, **{name: tg.tensor(index) for name, index in OTHER.items()}} if seed else found


def used(call: str) -> list[str]:
    """The tensors that a call names."""
    return [name for name in NAMES if re.search(rf"(?<![\w.]){name}\b(?!=[^=])", call)]


def outcome(call: str, gradients: bool, **more: Any) -> str:
    """What ``differs`` says of a call as text; of two sets of numbers."""
    one, other = values(0, **more), values(1, **more)
    names = used(call)

    def called(*given: Any) -> Any:
        return eval(call, {**one, **dict(zip(names, given, strict=True))})

    floats = [i for i, name in enumerate(names) if name in pc.SHAPES]
    function = with_gradients(called, floats) if gradients else called
    return differs(function, *([given[name] for name in names] for given in (one, other)))
