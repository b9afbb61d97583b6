"""What C makes of a program, and how near it is, for the tests of its backend; they are skipped without a compiler."""

from __future__ import annotations

import numpy as np
import pytest

from tests.compile.programs import inputs_of, written_down
from tinygrad_bp.compiler import c_backend, numpy_backend
from tinygrad_bp.compiler.build import BuildError, compiler

try:
    compiler()
except BuildError as error:
    pytest.skip(str(error), allow_module_level=True)


def near(found, wanted, units: float = 16) -> bool:
    """Equal, but for some units in the last place of the largest number."""
    found, wanted = np.asarray(found), np.asarray(wanted)
    if found.dtype != wanted.dtype or found.shape != wanted.shape:
        return False
    if wanted.dtype.kind != "f":
        return np.array_equal(found, wanted)
    with np.errstate(all="ignore"):
        finite = np.abs(wanted[np.isfinite(wanted)])
        eps = units * np.finfo(wanted.dtype).eps
        return np.allclose(found, wanted, rtol=eps, atol=eps * finite.max(initial=0), equal_nan=True)


def built(program, kind=c_backend.Runnable):
    """Compiled by C, not by what stands in for it."""
    runnable = c_backend.build(program)
    assert isinstance(runnable, kind)
    return runnable


def moved_alike(step, arguments, steps: int = 3, units: float = 64, kind=c_backend.Runnable):
    """Both backends, from the same start: losses and all arrays that the step writes."""
    captured = written_down(step, arguments)
    given = inputs_of(captured, arguments)
    ours, theirs = ([np.array(a, order="K") if isinstance(a, np.ndarray) else a for a in given] for _ in range(2))
    fast, plain = built(captured.program, kind), numpy_backend.build(captured.program, True)
    for _ in range(steps):
        for found, wanted in zip(fast(*ours), plain(*theirs), strict=True):
            assert near(found, wanted, units)
    for found, wanted in zip(ours, theirs, strict=True):
        assert near(found, wanted, units)
    return fast
