"""What every op of the table gives for its samples, value and gradients: a program, run here and in a browser."""

import base64
import json
import zlib

import numpy as np

import tinygrad_bp
import tinygrad_bp.nn
from tinygrad_bp.autograd.gathering import gather
from tinygrad_bp.autograd.op import OPS
from tinygrad_bp.autograd.values import value_of
from tinygrad_bp.verify import contracts


def plain(array):
    array = np.asarray(value_of(array))
    parts = [array.real, array.imag] if array.dtype.kind == "c" else [array]
    return [str(array.dtype), [part.astype(np.float64).ravel().tolist() for part in parts]]


def numbers():
    """For every op and sample the value and the gradients, each with its dtype."""
    gather()
    found = {}
    for op in OPS.values():
        for i, sample in enumerate(op.samples or ()):
            with np.errstate(all="ignore"):
                tinygrad_bp.manual_seed(0)
                arrays = contracts.draw(op, sample)
                results = contracts.run(op, contracts.leaves(op, arrays), sample)
                results = list(results) if isinstance(results, tuple) else [results]
                gained = []
                if sample.smooth and op.kind != "constant" and len(results) == 1:
                    g = contracts.random_like(np.random.default_rng(1), value_of(results[0]))
                    gained = contracts.gradients(op, arrays, sample, g, recorded=False)
            found[f"{op.name}-{i}"] = [plain(result) for result in [*results, *gained] if result is not None]
    return found


def packed(found):
    return base64.b64encode(zlib.compress(json.dumps(found).encode())).decode()


if __name__ == "__main__":
    print(packed(numbers()))
