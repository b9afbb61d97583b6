"""Where PyTorch raises, for shapes, dtypes and values that do not fit, our error is of the same kind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import public_calls as pc
import pytest

torch = pytest.importorskip("torch", reason='needs pip install "tinygrad_bp[conformance]"')

import tinygrad_bp as tg  # noqa: E402
from tinygrad_bp.autograd.errors import AutogradError  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore")

# What stands in the place of one of the tensors of a call.
OTHERS: dict[str, Callable[[np.ndarray], Any]] = {
    "shorter": lambda a: a.ravel()[: 1 + a.size // 2], "a number": lambda a: a.ravel()[0] if a.ndim else a[None],
    "more dimensions": lambda a: a[None, None], "nothing": lambda a: a.ravel()[:0],
    "integers": lambda a: (a * 10).astype(int), "truths": lambda a: a > 0.5, "complex": lambda a: a + 1j,
    "NaN": lambda a: a * np.nan,
}  # fmt: skip


def raised(call: str, make: Callable[[Any], Any], names: dict[str, Any]) -> Exception | None:
    given = {name: make(value) if isinstance(value, np.ndarray) else value for name, value in names.items()}
    try:
        with np.errstate(all="ignore"):
            eval(call, given)
    except Exception as error:
        return error
    return None


@pytest.mark.parametrize("kind", OTHERS)
def test_what_is_an_error_of_a_kind_in_pytorch_is_one_here(kind: str) -> None:
    arrays = {n: v.numpy() if isinstance(v, tg.Tensor) else v for n, v in pc.names(lambda a: a).items()}
    wrong, compared = [], 0
    for call in pc.CALLS:
        for name in pc.used(call):
            if kind == "NaN" and any(op in call for op in (".binomial(", ".eigvals(")):
                continue  # PyTorch draws for ever, and some builds of it crash
            given = {**arrays, name: np.asarray(OTHERS[kind](arrays[name]))}
            theirs = raised(call, torch.tensor, {**given, "T": torch, "F": torch.nn.functional})
            if not isinstance(theirs, (RuntimeError, ValueError)) or isinstance(theirs, NotImplementedError):
                continue
            ours = raised(call, tg.tensor, given)
            if ours is None:  # what NumPy broadcasts or computes where PyTorch does not
                continue
            compared += 1
            wanted = RuntimeError if isinstance(theirs, RuntimeError) else ValueError
            if not isinstance(ours, wanted) or not isinstance(ours, AutogradError):
                wrong.append((call, name, theirs, ours))
    assert not wrong
    assert compared > 15
