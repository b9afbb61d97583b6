"""Random programs over the op table, exported to ONNX and run by onnxruntime beside Python.

``PYTHONPATH=.:tests python tests/test_onnx_programs.py 2000`` counts those that agree.
"""

from __future__ import annotations

import collections
import sys
import warnings
from typing import Any

import numpy as np
import pytest
from compile.random_programs import RandomProgram
from onnx_runs import exported, run, session
from test_onnx_ops import NEED_ROWS, SINGLE

import tinygrad_bp as tg
from tinygrad_bp.onnx.writing import ENTRIES

LEFT_OUT = {"float32": NEED_ROWS, "float64": NEED_ROWS | SINGLE}


class ExportedProgram(RandomProgram):
    """Of ops that ONNX has, and onnxruntime in the program's dtype."""

    def _drawn(self, count: int) -> Any:
        while True:
            op, params, sources = super()._drawn(count)
            complexes = any(isinstance(i, tg.Tensor) and i.dtype.kind == "c" for i, _ in sources)
            if op.name in ENTRIES and op.name not in LEFT_OUT[self.arrays[0].dtype.name] and not complexes:
                return op, params, sources


def outcome(seed: int) -> str:
    """``right``, or what else came of a program."""
    with np.errstate(all="ignore"):
        program = ExportedProgram(seed)
        given = [tg.tensor(array) for array in program.arrays]
        ours = program(*given).detach().numpy()
        (theirs,) = run(session(exported(program, *given)), given)
    # A chain of eight ops may stretch a difference in the last place.
    tolerance = 1e-4 if ours.dtype == np.float32 else 1e-9
    close = np.allclose(theirs, ours, rtol=tolerance, atol=tolerance, equal_nan=True)
    return "right" if close else f"{seed}: {theirs} and not {ours}, of {[call[0].name for call in program.calls]}"


@pytest.mark.parametrize("seed", range(60))
def test_a_random_program_in_onnx_is_the_program(seed: int) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert outcome(seed) == "right"


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    counts: collections.Counter[str] = collections.Counter()
    for number in range(int(sys.argv[1])):
        try:
            found = outcome(number)
        except Exception as error:
            found = f"{number}: {type(error).__name__} {str(error)[-300:]}"
        counts["right" if found == "right" else "other"] += 1
        if found != "right":
            print(found, flush=True)
    print(dict(counts))
