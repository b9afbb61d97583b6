"""NumPy's whole namespace with tensors: right, or refused by name; nothing is dropped."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import numpy_sweep as sweep
import public_calls as pc
import pytest
from numpy_calls import WITHOUT

import tinygrad_bp as tg

LEAST = 0.95


def test_every_function_has_a_call_or_takes_no_numbers() -> None:
    called = {name for call in sweep.calls() for name in pc.NAME.findall(call)}
    assert {name for name, _ in sweep.functions()} - called - WITHOUT == set()


def test_recorded_tensors() -> None:
    found = sweep.outcomes()
    assert {call: result for call, result in found.items() if result not in ("right", "refused")} == {}
    assert list(found.values()).count("right") >= LEAST * len(found) > 1500


def test_tensors_that_record_nothing() -> None:
    assert {call: result for call, result in sweep.outcomes(False).items() if result != "right"} == {}


CASTS = {
    "float32": lambda a: a.astype(np.float32), "complex64": lambda a: a.astype(np.complex64),
    "int64": lambda a: np.asarray(a * 9).astype(np.int64), "uint8": lambda a: np.asarray(a * 9).astype(np.uint8),
    "bool": lambda a: np.asarray(a > 0.5),
}  # fmt: skip
# Of other dtypes these have no one right answer (the order of equal numbers, in interp with a period of those of one
# phase; vectors up to a factor, sizes of 0), or count with an operator on the way, whose dtypes are PyTorch's; fix and
# cond have other dtypes in older NumPys.
ELSE = re.compile(r" [-+*/] |argsort|linalg\.(eig|eigh|svd)\(|np\.gradient\(v, u|^x\.clip|np\.arange\(s|np\.fix|cond\("
                  r"|np\.interp\(.*period")  # fmt: skip


@pytest.mark.parametrize(("kind", "recorded"), [(kind, kind[0] in "fc") for kind in CASTS])
def test_other_dtypes(kind: str, recorded: bool) -> None:
    found = sweep.outcomes(recorded, CASTS[kind])
    allowed = {"right", "refused"} if recorded else {"right"}
    assert {call: result for call, result in found.items() if result not in allowed and not ELSE.search(call)} == {}


TWICE = {
    "right": lambda x: x + x,
    "dropped: the gradient of x": lambda x: x.detach() * 2,
    "wrong: the gradient of x": lambda x: x + x.detach(),
    "wrong: (3, 4) float32 for (3, 4) float64": lambda x: (x + x).to(tg.float32),
    "wrong: [[": lambda x: x + x + 1e-6,
    "raises KeyError: 'x'": lambda x: {}["x"],
}


@pytest.mark.parametrize(("result", "on_tensors"), TWICE.items())
def test_the_sweep_can_fail(result: str, on_tensors: Any) -> None:
    def twice(x: Any) -> Any:
        return x + x if isinstance(x, np.ndarray) else on_tensors(x)

    assert sweep.outcome("np.real(twice(x))", twice=twice).startswith(result)
