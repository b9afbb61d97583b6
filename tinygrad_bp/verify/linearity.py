"""Every backward is linear in the gradient arriving: a wrong one that is not has its reason in that."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from .case import MENDED
from .findings import Finding

NONLINEAR = (
    "It is not linear in the gradient arriving, as every backward is: a mask or a function takes that gradient where "
    "it should take the layer's input."
)
UNUSED = "It is the same whatever gradient arrives: every term has to be multiplied by the gradient arriving."
BESIDE = (
    "Where no gradient arrives it is not zero, as every backward is: a part of it is not multiplied by the gradient "
    "arriving."
)
SMALLER = 1e-3  # times what arrives: a mask of small gradients shows there
KINDS = ("unknown", "missing", "mask missing", "mask too strict")  # that say less than the reason here


def linear(found: list[Finding], run: Callable[[Any], list[Any]], g: Any, other: Any) -> list[Finding]:
    """The findings of a backward that ``run`` for two gradients arriving, for both, for none and a small one."""
    try:
        parts = [run(arriving) for arriving in (g, other, g + other, 0 * g, SMALLER * g)]
    except Exception:  # whatever the function makes of gradients that the user did not give
        return found
    noise = 1e-9 * max(float(np.max(np.abs(one), initial=0.0)) for one in parts[0])  # of sums that cancel
    rows = zip(found, *parts, strict=True)
    return [
        finding if finding.ok else _reason(finding, one, two, both, nothing, small, noise)
        for finding, one, two, both, nothing, small in rows
    ]


def _reason(finding: Finding, one: Any, two: Any, both: Any, nothing: Any, small: Any, noise: float) -> Finding:
    if np.array_equal(one, two) and np.any(one):
        return replace(finding, kind="g missing", sentence=UNUSED, factor=None)
    mended = finding.sentence.endswith(MENDED)
    proportional = _near(one + two, both, one, noise) and _near(small, SMALLER * one, SMALLER * one, noise)
    if proportional or not (mended or finding.kind in KINDS):
        return finding
    where, dot, _ = finding.sentence.partition(". ")
    lead = where + dot if where.startswith("Right ") else ""
    how = f" {finding.sentence}" if mended and not lead else ""
    if one.shape == nothing.shape and np.any(nothing) and _near(one + two, both + nothing, one, noise):
        return replace(finding, kind="g missing", sentence=lead + BESIDE + how, factor=None)
    return replace(finding, kind="not linear", sentence=lead + NONLINEAR + how, factor=None)


def _near(a: Any, b: Any, size: Any, noise: float) -> bool:
    return a.shape == b.shape and np.allclose(a, b, 1e-3, 1e-3 * np.max(np.abs(size), initial=0.0) + noise)
