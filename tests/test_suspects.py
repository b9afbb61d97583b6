"""Where a backward goes wrong, told from the values that it computes, and what that is good for."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from backwards import cells

import tinygrad_bp as tg
from tinygrad_bp.verify.mutants.recorder import Recorder
from tinygrad_bp.verify.mutants.suspects import Computed, suspects
from tinygrad_bp.verify.mutants.tape import Tape

RNG = np.random.default_rng(31)
X, W, V = RNG.normal(size=(5, 3)), RNG.normal(size=(3, 4)), RNG.normal(size=(4, 2))


def recorded() -> tuple[Tape, dict[str, Any]]:
    """Two layers, and what a right backward of them computes."""
    w, v = (tg.tensor(a, requires_grad=True) for a in (W, V))
    recorder = Recorder()
    with recorder:
        h = tg.tanh(tg.tensor(X) @ w)
        out = h @ v
        loss = (out * out).sum()
    tape = Tape(loss._node, [w._node, v._node], recorder, np.ones(()), ["w", "v"])
    hidden = np.tanh(X @ W)
    d = 2 * hidden @ V
    dh = d @ V.T
    dz = dh * (1 - hidden**2)
    return tape, {"d": d, "dh": dh, "dz": dz, "dv": hidden.T @ d, "dw": X.T @ dz}


def names(tape: Tape, values: list[Any], wrong: set[int]) -> set[str]:
    near = suspects(tape, values, wrong)
    return {step.name for step in tape.steps if step.node in near}


def test_a_value_is_known_whatever_its_shape_and_last_bits() -> None:
    computed = Computed([X, W.T, np.arange(3)])
    assert X.reshape(3, 5) in computed and X * (1 + 1e-13) in computed
    assert 2 * X not in computed and W not in computed and np.arange(3.0) not in computed


def test_the_step_is_suspected_whose_result_is_missing() -> None:
    tape, right = recorded()
    above = [right[name] for name in ("d", "dv", "dh", "dz")]
    assert names(tape, above, {0}) == {"matmul"}  # of x @ w: everything above is right
    wrong = [right["d"], right["dv"], right["dh"], 1.5 * right["dz"]]
    assert names(tape, wrong, {0}) == {"tanh", "matmul"}
    assert names(tape, [right["d"], right["dv"], right["dh"].T], {0}) == {"matmul", "tanh"}


def test_nothing_is_suspected_where_nothing_is_known() -> None:
    tape, right = recorded()
    assert names(tape, [], {0}) == set()
    assert names(tape, [*right.values()], {0}) == set()


@pytest.mark.parametrize("bug", ["by the other gate", "new cell"])
def test_a_long_loop_is_no_harder_than_a_short_one(bug: str) -> None:
    found = cells.rows(bug, 9)()
    assert {finding.kind for finding in found.wrong} == {"wrong factor"}, found
