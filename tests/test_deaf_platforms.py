"""Where a processor has no flags of floating point, in a browser, what fails is an error and what is large is right.

Elsewhere NumPy is made deaf: what raises ``LinAlgError`` gives NaN, and ``errstate`` sees nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tinygrad_bp as tg
from tinygrad_bp.autograd import flags

SINGULAR = "T.tensor([[1.0, 1.0], [1.0, 1.0]], dtype=T.float64)"
INDEFINITE = "T.tensor([[1.0, 2.0], [2.0, 1.0]], dtype=T.float64)"
BATCH = f"T.stack([T.eye(2, dtype=T.float64), {INDEFINITE}])"
FAILING = [
    f"T.linalg.inv({SINGULAR})", f"T.linalg.inv({SINGULAR}[None])", f"{SINGULAR}.inverse()",
    f"np.linalg.inv({SINGULAR})",
    f"T.linalg.solve({SINGULAR}, T.ones(2, 1, dtype=T.float64))", f"T.linalg.matrix_power({SINGULAR}, -1)",
    f"T.linalg.cholesky({INDEFINITE})", f"T.linalg.cholesky({BATCH})", f"np.linalg.cholesky({INDEFINITE})",
    f"T.linalg.inv_ex({SINGULAR}, check_errors=True)", f"T.linalg.cholesky_ex({INDEFINITE}, check_errors=True)",
    f"T.linalg.tensorinv({SINGULAR}.reshape(2, 1, 2), 1)",
]  # fmt: skip
TOLD = [
    f"T.linalg.inv_ex({SINGULAR})", f"T.linalg.cholesky_ex({BATCH})", f"T.linalg.inv({INDEFINITE})",
    f"T.linalg.solve_ex({SINGULAR}, T.ones(2, 1, dtype=T.float64))", f"T.linalg.inv({SINGULAR} * T.nan)",
    f"T.linalg.svdvals({SINGULAR}) + 1", f"T.linalg.eigvalsh({INDEFINITE})",
]  # fmt: skip
WIDE = [
    f"{call.replace('x', f'(T.arange(1.0, 13.0).reshape(4, 3) * {scale})')}.numpy()"
    for scale in (1e30, 1e-30, 1.0)
    for call in (
        "T.std(x)", "T.std(x, dim=1)", "T.linalg.vector_norm(x, 3)", "T.linalg.vector_norm(x, -2)", "T.norm(x, 2)",
        "T.nn.functional.layer_norm(x, (3,))", "T.nn.BatchNorm1d(3)(x).detach()",
        "T.nn.functional.instance_norm(x[None])",
    )
]  # fmt: skip


class Unheard(np.errstate):
    def __init__(self, **states: Any) -> None:
        super().__init__(**dict.fromkeys(states, "ignore"))


def unheard(function: Callable[..., Any]) -> Callable[..., Any]:
    def call(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except np.linalg.LinAlgError:
            return np.full_like(args[-1], np.nan)

    return call


@pytest.fixture
def deaf(monkeypatch: pytest.MonkeyPatch) -> None:
    if flags.DEAF:
        return
    monkeypatch.setattr(flags, "DEAF", True)
    monkeypatch.setattr(np, "errstate", Unheard)
    for name in ("inv", "solve", "cholesky"):
        monkeypatch.setattr(np.linalg, name, unheard(getattr(np.linalg, name)))


def result(call: str) -> Any:
    return eval(call, {"T": tg, "np": np})


@pytest.mark.parametrize("call", FAILING)
def test_what_fails_is_an_error(call: str, request: pytest.FixtureRequest) -> None:
    with pytest.raises(tg.linalg.LinAlgError) as usual:
        result(call)
    if "np." in call:  # NumPy's own function is looked up by what it is, not by its name
        return
    request.getfixturevalue("deaf")
    with pytest.raises(tg.linalg.LinAlgError) as found:
        result(call)
    assert str(found.value) == str(usual.value)


@pytest.mark.filterwarnings("ignore:overflow encountered in cast")  # the running variance, which is not looked at
@pytest.mark.parametrize("call", [*TOLD, *WIDE])
def test_the_rest_is_the_same(call: str, request: pytest.FixtureRequest) -> None:
    usual = result(call)
    request.getfixturevalue("deaf")
    if call in TOLD:
        assert str(result(call)) == str(usual)
    else:
        assert np.isfinite(usual).all()
        np.testing.assert_allclose(result(call), usual, rtol=2e-6)


@pytest.mark.filterwarnings("ignore:overflow")
def test_the_imitation_is_deaf(deaf: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flags, "DEAF", False)
    assert np.isnan(np.linalg.inv(np.ones((2, 2)))).all()
    assert np.isinf(result("T.std(T.arange(3.0) * 1e30)").numpy())
