"""What each parameter of the estimators may be."""

from __future__ import annotations

from collections.abc import Callable
from numbers import Integral, Real
from typing import Any

import numpy as np


def _choice(*names: str) -> tuple[Callable[[Any], bool], str]:
    return lambda value: isinstance(value, str) and value in names, "one of " + ", ".join(map(repr, names))


def _number(low: float, high: float = np.inf, ends: str = "[)") -> tuple[Callable[[Any], bool], str]:
    def fits(value: Any) -> bool:
        if not isinstance(value, Real) or isinstance(value, (bool, np.bool_)):
            return False
        number = float(value)
        return (low < number if ends[0] == "(" else low <= number) and (
            number < high if ends[1] == ")" else number <= high
        )

    return fits, f"a number in {ends[0]}{low}, {high}{ends[1]}"


def whole(value: Any) -> bool:
    """Whether a parameter is a whole number from 1."""
    return isinstance(value, Integral) and not isinstance(value, bool) and int(value) >= 1


_SWITCH = lambda value: isinstance(value, (bool, np.bool_)), "True or False"
_COUNT = whole, "a whole number from 1"
# What each parameter may be; looked at by ``fit``, as scikit-learn asks of estimators.
PARAMETERS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "loss": _choice("squared_error", "poisson"), "activation": _choice("identity", "logistic", "tanh", "relu"),
    "solver": _choice("lbfgs", "sgd", "adam"), "alpha": _number(0),
    "batch_size": (lambda value: whole(value) or (isinstance(value, str) and value == "auto"),
                   "'auto' or a whole number from 1"),
    "learning_rate": _choice("constant", "invscaling", "adaptive"), "learning_rate_init": _number(0, ends="()"),
    "power_t": _number(0), "max_iter": _COUNT, "shuffle": _SWITCH, "tol": _number(0),
    "verbose": (lambda value: isinstance(value, (bool, np.bool_, Integral)), "True, False or a whole number"),
    "warm_start": _SWITCH, "momentum": _number(0, 1, "[]"), "nesterovs_momentum": _SWITCH, "early_stopping": _SWITCH,
    "validation_fraction": _number(0, 1), "beta_1": _number(0, 1), "beta_2": _number(0, 1),
    "epsilon": _number(0, ends="()"),
    "n_iter_no_change": (lambda value: whole(value) or value == np.inf, "a whole number from 1, or np.inf"),
    "max_fun": _COUNT,
}  # fmt: skip
