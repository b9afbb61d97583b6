"""Random smooth functions made of the ops of the table: what a check of derivatives must not be alarmed by.

``PYTHONPATH=. python tests/random_functions.py 10000`` counts the false alarms among as many.
"""

from __future__ import annotations

import collections
import sys
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

import tinygrad_bp as tg
import tinygrad_bp.nn  # its ops are part of the table
from tinygrad_bp.autograd import terminal
from tinygrad_bp.autograd.op import OPS
from tinygrad_bp.ops.samples import real
from tinygrad_bp.verify import check_derivatives
from tinygrad_bp.verify import contracts as c

CALLS = [
    (op, sample)
    for _, op in sorted(OPS.items())  # whatever was imported first
    for sample in op.samples or ()
    if op.kind != "constant"
    and None not in op.rules
    and op.name != "eig"
    and sample.smooth
    and all(0 not in shape for shape in sample.shapes)
]
UNARY = sorted({op.name for op, s in CALLS if op.kind == "elementwise" and s.domains == (real,) and not s.params})
BINARY = sorted({op.name for op, s in CALLS if op.kind == "elementwise" and s.domains == (real, real) and not s.params})
COMPLEX = {op.name for op, s in CALLS for array in [c.draw(op, s)] if any(a.dtype.kind == "c" for a in array)}


NO_ALARM = ("right", "skipped", "refused", "rounding", "unsettled")


def abs_of(y: Any) -> Any:
    return np.abs(y.detach().numpy() if isinstance(y, tg.Tensor) else y)


def draw(seed: int) -> tuple[str, Callable[..., Any], list[Any]]:
    """A function, its text, and its inputs: scales from 1e-3 to 1e3, float32 or float64, up to five ops deep."""
    rng = np.random.default_rng(seed)
    dtype = np.float32 if rng.random() < 0.5 else np.float64
    op, sample = CALLS[rng.integers(len(CALLS))]
    scales = [float(10 ** rng.uniform(-3, 3)) for _ in sample.shapes]
    inputs, text = [], [op.name]
    for shape, domain, scale in zip(sample.shapes, sample.domains, scales, strict=True):
        array = np.asarray(domain(rng, shape))
        if array.dtype.kind in "fc":
            array = (array * scale).astype(np.result_type(dtype, np.complex64) if array.dtype.kind == "c" else dtype)
        inputs.append(np.asarray(array))
    scaled = [a.dtype.kind in "fc" and not (d is real and rng.random() < 0.5) for a, d in zip(inputs, sample.domains)]
    steps: list[tuple[str, Any]] = []
    for _ in range(rng.integers(0, 5)):
        kind = rng.choice(["unary", "unary", "binary", "scale", "sum", "new"])
        if kind == "unary":
            steps.append((kind, str(rng.choice(UNARY))))
        elif kind in ("binary", "new"):
            steps.append((kind, str(rng.choice(BINARY))))
            if kind == "new":
                inputs.append(np.asarray(10 ** rng.uniform(-3, 3) * rng.standard_normal()).astype(dtype))
        else:
            steps.append((kind, float(10 ** rng.uniform(-3, 3))))
    text += [f"{kind} {what}" for kind, what in steps]

    def function(*given: Any) -> Any:
        first = [x / s if divide else x for x, s, divide in zip(given, scales, scaled, strict=False)]
        new = list(given[len(first) :])
        y = op.function(first, **sample.params) if op.variadic else op.function(*first, **sample.params)
        before = y
        for kind, what in steps:
            if y.dtype.kind == "c" and kind in ("unary", "binary", "new") and what not in COMPLEX:
                raise FloatingPointError("an op of real numbers")
            before, y = (
                y,
                OPS[what].function(y) if kind == "unary"
                else OPS[what].function(y, before) if kind == "binary"
                else OPS[what].function(y, new.pop(0)) if kind == "new"
                else y * what if kind == "scale"
                else y.sum() + y,
            )  # fmt: skip
            if what in ("add", "sub") and np.any(abs_of(y) <= 1e-6 * abs_of(before)):  # 0 - 0 is, beside the point
                raise FloatingPointError("what is left of a difference is rounding")
            if not np.all(
                np.abs(np.asarray(y.detach().numpy() if isinstance(y, tg.Tensor) else y, np.complex128)) < 1e60
            ):
                raise FloatingPointError("overflow on the way")
        return y

    return f"{seed} {np.dtype(dtype)}: {', '.join(text)}", function, inputs


def outcome(seed: int, order: int = 1) -> tuple[str, Any]:
    """``right``, what else was found, or ``skipped`` where the function has no finite value or takes no such number."""
    text, function, inputs = draw(seed)
    try:
        found = check_derivatives(function, inputs, order=order)
    except tg.autograd.errors.AutogradError as error:  # complex numbers in an op of real ones, overflow
        return "skipped", f"{text}: {type(error).__name__} {str(error)[:100]}"
    except FloatingPointError:
        return "skipped", text
    except (TypeError, ValueError) as error:
        return "refused", f"{text}: {type(error).__name__} {str(error)[:100]}"
    kinds = {finding.kind for finding in found.findings}
    kind = next((f.kind for f in found.findings if not f.ok), None) or next(iter(kinds - {"right"}), "right")
    return kind, f"{text}\n    " + "\n    ".join(str(f) for f in found.findings if f.kind != "right")


if __name__ == "__main__":
    terminal.adapt()
    warnings.simplefilter("ignore")
    counts: collections.Counter[str] = collections.Counter()
    count = int(sys.argv[1])
    order = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    seed = 0
    while counts.total() - counts["skipped"] - counts["refused"] < count:
        kind, text = outcome(seed, order)
        counts[kind] += 1
        if kind not in ("right", "skipped"):
            print(kind, text, flush=True)
        seed += 1
    print(dict(counts))
