"""The four ways to define an op: ``elementwise``, ``linear``, ``general`` and ``constant``."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from .frames import back_when_needed, build_function, pull_when_needed
from .op import OPS, UFUNCS, Op, Rule, arguments, kept_for
from .watch import enter

BROADCAST = (
    "shapes broadcast where, counted from the right, sizes are equal or one of them is 1; reshape or unsqueeze one side"
)


def _define(
    kind: str,
    name: str,
    forward: Callable[..., Any],
    rules: tuple[Rule | None, ...],
    *,
    inputs: str,
    params: dict[str, Any] | None = None,
    promotes: str | None = None,
    floats: bool = False,
    hint: str = "",
    formula: str = "",
    doc: str = "",
    samples: Any = None,
    reference: Callable[..., Any] | None = None,
    residuals: dict[str, Rule] | None = None,
    ufunc: Any = None,
    holomorphic: bool = True,
    bilinear: bool = False,
    gives: str = "",
    grad_fn: str | Callable[..., str] = "",
    grad_grad_fn: str = "",
    views: bool = False,
    wide: bool | None = None,
    together: bool = False,
    draws: bool = False,
) -> Callable[..., Any]:
    op = Op()
    op.name, op.kind, op.forward = name, kind, forward
    op.variadic = inputs.startswith("*")
    op.inputs = tuple(inputs.lstrip("*").split())
    op.rules = rules * len(op.inputs) if together else rules or (None,) * len(op.inputs)
    op.params = dict(params or {})
    op.hint, op.formula, op.doc, op.samples, op.reference = hint, formula, doc, samples, reference
    op.draws, op.floats, op.bilinear, op.residuals = draws, floats, bilinear, dict(residuals or {})
    op.holomorphic, op.gives, op.views, op.together = holomorphic, gives, views, together
    op.grad_fn, op.grad_grad_fn = grad_fn or f"{op.label}Backward0", grad_grad_fn
    # An op of one rounding gives in float16 what it can; sums, and what is made of several steps, need more on the way.
    op.wide = floats or kind == "general" if wide is None else wide
    if len(op.rules) != len(op.inputs):
        raise TypeError(f"op {name}: {len(op.inputs)} inputs {op.inputs} but {len(op.rules)} rules")
    chosen = promotes.split() if promotes is not None else [n for n, r in zip(op.inputs, op.rules) if r]
    op.promotes = tuple(n in chosen for n in op.inputs)
    op.kept = kept_for(op.rules)
    allowed = {"y", *op.params, *op.inputs, *op.residuals}
    for base in op.inputs:
        allowed |= {f"{base}_shape", f"{base}_dtype"}
    if not set(op.kept) <= allowed:
        raise TypeError(f"op {name}: its rules read {set(op.kept) - allowed}, which are not among {sorted(allowed)}")
    for residual, find in op.residuals.items():
        if not set(arguments(find)) <= set(op.kept):
            raise TypeError(f"op {name}: residual {residual} is found from {arguments(find)}; its rules must read them")
    op.keeps_values = bool(set(op.kept) & {"y", *op.inputs, *op.residuals})
    defining = sys._getframe(2)
    op.place = defining.f_code.co_filename, defining.f_lineno
    op.pull, op.back = pull_when_needed(op), back_when_needed(op)
    op.function = build_function(op, enter)
    if not isinstance(op.grad_fn, str) and not set(arguments(op.grad_fn)) <= (
        {"shape"} if op.keeps_values else {"shape", *op.kept}  # a node's name outlasts the values that backward frees
    ):
        raise TypeError(f"op {name}: its grad_fn reads {arguments(op.grad_fn)}, which its nodes do not keep to the end")
    if name in OPS:
        raise TypeError(f"op {name} is defined twice")
    OPS[name] = op
    if ufunc is None and isinstance(forward, np.ufunc):
        ufunc = forward
    if ufunc is not None:
        UFUNCS[ufunc] = op.function
    return op.function


def elementwise(
    name: str, forward: Callable[..., Any], *partials: Rule | None, inputs: str = "", **about: Any
) -> Callable[..., Any]:
    """An op that works on each element alone: ``g * derivative`` per input, which serves vjp and jvp alike."""
    about.setdefault("hint", BROADCAST if len(partials) > 1 else "")
    return _define("elementwise", name, forward, partials, inputs=inputs or ("x", "a b")[len(partials) - 1], **about)


def linear(
    name: str, forward: Callable[..., Any], *transposes: Rule | None, inputs: str = "x", **about: Any
) -> Callable[..., Any]:
    """An op that is linear in its inputs: the rule is the transpose, and the op itself is its own jvp."""
    return _define("linear", name, forward, transposes, inputs=inputs, **about)


def general(
    name: str, forward: Callable[..., Any], *rules: Rule | None, inputs: str = "x", **about: Any
) -> Callable[..., Any]:
    """Any other differentiable op: one vjp rule per input (None for an input without a gradient).

    With ``together=True`` one rule gives the gradients of all inputs, as a tuple: where they share their work. Its
    parameter ``wanted``, if it has one, says of each input whether anyone wants its gradient; else it may be None.
    """
    return _define("general", name, forward, rules, inputs=inputs, **about)


def constant(name: str, forward: Callable[..., Any], *, inputs: str = "x", **about: Any) -> Callable[..., Any]:
    """An op without a gradient: comparisons, argmax, tests. Its result never records.

    With ``inputs=""`` it has none, and always gives a Tensor; with ``draws=True`` each call gives other numbers.
    """
    about.setdefault("hint", BROADCAST if len(inputs.split()) > 1 else "")
    return _define("constant", name, forward, (), inputs=inputs, promotes=about.pop("promotes", ""), **about)
