"""Random programs over the op table: what some ops make of three arrays, and the gradient of its mean."""

from __future__ import annotations

import functools
import math
import warnings

import numpy as np

import tinygrad_bp as tg
from tinygrad_bp.autograd.op import OPS

dir(tg)  # opens the rooms that come on first use, whose ops are in the table then
CALLS = [(op, s) for _, op in sorted(OPS.items()) for s in op.samples or () if op.kind != "constant" and s.smooth]


@functools.cache
def places(size, count):
    """Which elements of ``count`` become those of ``size``."""
    return np.arange(size) % max(count, 1)


def fitted(x, shape):
    """The elements of a tensor, repeated or left out, in another shape."""
    return x if x.shape == shape else x.reshape(-1)[places(math.prod(shape), x.numel())].reshape(shape)


class RandomProgram:
    """``RandomProgram(seed)``: a function of ``arrays`` that calls up to eight ops."""

    def __init__(self, seed: int) -> None:
        self.rng = rng = np.random.default_rng(seed)
        dtype = [np.float32, np.float64][seed % 2]
        self.arrays = [np.array(rng.uniform(0.1, 0.9, s), dtype) for s in ((4, 3), (3,), (2, 3, 4))]
        self.calls: list = []
        pool = [tg.tensor(a) for a in self.arrays]
        for _ in range(40):
            if len(self.calls) == 8:
                break
            call = self._drawn(len(pool))
            try:
                pool.append(self._run(call, pool))
            except Exception:  # an op that refuses these numbers
                continue
            self.calls.append(call)

    def _drawn(self, count: int):
        op, sample = CALLS[self.rng.integers(len(CALLS))]
        sources = []
        for shape, domain in zip(sample.shapes, sample.domains, strict=True):
            drawn = np.asarray(domain(self.rng, shape))
            floats = drawn.dtype.kind == "f"
            sources.append((int(self.rng.integers(count)), shape) if floats else (tg.tensor(drawn), shape))
        return op, sample.params, sources

    def _run(self, call, pool):
        op, params, sources = call
        given = [fitted(pool[i], shape) if isinstance(i, int) else i for i, shape in sources]
        result = op.function(given, **params) if op.variadic else op.function(*given, **params)
        if result.dtype.kind != "f" or not result.numel() or result.numel() > 1000:
            raise ValueError("not a float")
        if not np.isfinite(result.detach().numpy()).all() or abs(result.detach().numpy()).max() > 1e6:
            raise ValueError("far away")
        return result

    def __call__(self, *tensors):
        """The mean of all that was computed."""
        pool = list(tensors)
        for call in self.calls:
            op, params, sources = call
            given = [fitted(pool[i], shape) if isinstance(i, int) else i for i, shape in sources]
            pool.append(op.function(given, **params) if op.variadic else op.function(*given, **params))
        total = pool[0].sum()
        for x in pool[1:]:
            total = total + x.mean().to(total.dtype)
        return total

    def eager(self):
        """The value and the gradients, by ops one by one."""
        leaves = [tg.tensor(a).requires_grad_() for a in self.arrays]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            value = self(*leaves)
            grads = tg.autograd.grad(value, leaves, allow_unused=True)
        return [value.detach().numpy()], [None if g is None else g.numpy() for g in grads]


class OneOp(RandomProgram):
    """One sample of an op, and a weighted sum of what it gives."""

    def __init__(self, op, sample, seed: int = 0) -> None:
        rng = np.random.default_rng(seed)
        drawn = [np.asarray(domain(rng, shape)) for shape, domain in zip(sample.shapes, sample.domains, strict=True)]
        self.fixed = [None if a.dtype.kind == "f" else tg.tensor(a) for a in drawn]
        self.arrays = [a for a in drawn if a.dtype.kind == "f"]
        self.op, self.sample, self.calls = op, sample, op.name

    def __call__(self, *tensors):
        floats = iter(tensors)
        given = [next(floats) if x is None else x for x in self.fixed]
        result = self.op.function(*([given] if self.op.variadic else given), **self.sample.params)
        result = result.real if result.dtype.kind == "c" else result
        return (result * (result.detach() * 0 + 0.7)).sum()
