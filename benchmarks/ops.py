"""Ops beside PyTorch at a small and a large size, forward and backward, on one thread: ``python -m benchmarks ops``.

A case is one call that both libraries spell alike: ``t`` is tinygrad_bp or torch, ``f`` its ``nn.functional``.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

import tinygrad_bp as tg

from .timing import compare

BAR = 2.5
Shapes = tuple[tuple[int, ...], ...]
Domain = Callable[[Any, tuple[int, ...], int], Any]  # (rng, shape, rows of the first input) -> array
THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")


def normal(rng: Any, shape: tuple[int, ...], rows: int) -> Any:
    return rng.standard_normal(shape, dtype=np.float32)


def positive(rng: Any, shape: tuple[int, ...], rows: int) -> Any:
    return rng.uniform(0.5, 2.0, shape).astype(np.float32)


def near_1(rng: Any, shape: tuple[int, ...], rows: int) -> Any:
    """Numbers whose products stay in range."""
    return rng.uniform(0.9, 1.1, shape).astype(np.float32)


def flags(rng: Any, shape: tuple[int, ...], rows: int) -> Any:
    return rng.random(shape) < 0.5


def coins(rng: Any, shape: tuple[int, ...], rows: int) -> Any:
    return flags(rng, shape, rows).astype(np.float32)


def indices(rng: Any, shape: tuple[int, ...], rows: int) -> Any:
    """Any of the first input's rows."""
    return rng.integers(0, rows, shape)


def definite(rng: Any, shape: tuple[int, ...], rows: int) -> Any:
    """Symmetric positive definite matrices."""
    a = normal(rng, shape, rows)
    return a @ np.swapaxes(a, -1, -2) / shape[-1] + np.eye(shape[-1], dtype=np.float32)


class Case(NamedTuple):
    """One op: its call, the shapes of its inputs at both sizes, and what they hold."""

    name: str
    call: Callable[..., Any]
    small: Shapes
    large: Shapes
    of: tuple[Domain, ...] = ()  # normal, unless given; gradients are asked for the float inputs


def each(name: str, call: Callable[..., Any], *of: Domain, inputs: int = 1) -> Case:
    """An op on each element, or along a dimension of a matrix."""
    return Case(name, call, ((16, 16),) * inputs, ((1000, 1000),) * inputs, of)


def case(name: str, call: Callable[..., Any], small: Any, large: Any, *of: Domain) -> Case:
    """An op on inputs of given shapes; one shape may stand for a tuple of one."""
    return Case(name, call, *((s,) if isinstance(s[0], int) else s for s in (small, large)), of)


CASES = [
    # ------------------------------------------------------------------ each element
    each("add", lambda t, f, a, b: a + b, inputs=2),
    each("mul", lambda t, f, a, b: a * b, inputs=2),
    each("div", lambda t, f, a, b: a / b, normal, positive, inputs=2),
    each("add of a row", lambda t, f, a: a + a[0]),
    each("a ** 2", lambda t, f, a: a**2),
    each("a ** 3", lambda t, f, a: a**3),
    each("a ** 0.5", lambda t, f, a: a**0.5, positive),
    each("a ** b", lambda t, f, a, b: a**b, positive, normal, inputs=2),
    each("sqrt", lambda t, f, a: t.sqrt(a), positive),
    each("exp", lambda t, f, a: t.exp(a)),
    each("log", lambda t, f, a: t.log(a), positive),
    each("sin", lambda t, f, a: t.sin(a)),
    each("tanh", lambda t, f, a: t.tanh(a)),
    each("abs", lambda t, f, a: t.abs(a)),
    each("maximum", lambda t, f, a, b: t.maximum(a, b), inputs=2),
    each("clamp", lambda t, f, a: t.clamp(a, -1.0, 1.0)),
    each("where", lambda t, f, c, a, b: t.where(c, a, b), flags, normal, normal, inputs=3),
    each("masked_fill", lambda t, f, a, c: a.masked_fill(c, 0.0), normal, flags, inputs=2),
    each("erf", lambda t, f, a: t.erf(a)),
    each("erfc", lambda t, f, a: t.erfc(a)),
    each("lgamma", lambda t, f, a: t.lgamma(a), positive),
    # ------------------------------------------------------------------ activations
    each("relu", lambda t, f, a: t.relu(a)),
    each("leaky_relu", lambda t, f, a: f.leaky_relu(a)),
    each("sigmoid", lambda t, f, a: t.sigmoid(a)),
    each("silu", lambda t, f, a: f.silu(a)),
    each("gelu", lambda t, f, a: f.gelu(a)),
    each("gelu, tanh", lambda t, f, a: f.gelu(a, approximate="tanh")),
    each("elu", lambda t, f, a: f.elu(a)),
    each("softplus", lambda t, f, a: f.softplus(a)),
    each("logsigmoid", lambda t, f, a: f.logsigmoid(a)),
    each("hardswish", lambda t, f, a: f.hardswish(a)),
    each("softmax", lambda t, f, a: f.softmax(a, -1)),
    each("log_softmax", lambda t, f, a: f.log_softmax(a, -1)),
    # ------------------------------------------------------------------ reductions and scans
    each("sum", lambda t, f, a: a.sum()),
    each("sum, dim 0", lambda t, f, a: a.sum(0)),
    each("mean, dim 1", lambda t, f, a: a.mean(1)),
    each("var, dim 1", lambda t, f, a: a.var(1)),
    each("prod, dim 1", lambda t, f, a: a.prod(1), near_1),
    each("amax, dim 1", lambda t, f, a: a.amax(1)),
    each("max, dim 1", lambda t, f, a: a.max(1).values),
    each("logsumexp", lambda t, f, a: t.logsumexp(a, 1)),
    each("vector_norm", lambda t, f, a: t.linalg.vector_norm(a, 2, 1)),
    each("cumsum", lambda t, f, a: t.cumsum(a, 1)),
    each("cumprod", lambda t, f, a: t.cumprod(a, 1), near_1),
    # ------------------------------------------------------------------ order
    each("sort", lambda t, f, a: t.sort(a, 1).values),
    each("topk", lambda t, f, a: t.topk(a, 5, 1).values),
    each("median", lambda t, f, a: t.median(a, 1).values),
    # ------------------------------------------------------------------ indices
    each("a[1:, :-1]", lambda t, f, a: a[1:, :-1]),
    each("a[mask]", lambda t, f, a, c: a[c], normal, flags, inputs=2),
    case("gather", lambda t, f, a, i: t.gather(a, 1, i), ((16, 16), (16, 8)), ((1000, 1000), (1000, 500)),
         normal, indices),
    case("scatter_add", lambda t, f, a, i, b: t.scatter_add(a, 1, i, b), ((16, 16),) * 3, ((1000, 1000),) * 3,
         normal, indices, normal),
    case("index_select", lambda t, f, a, i: t.index_select(a, 0, i), ((16, 16), (8,)), ((1000, 1000), (500,)),
         normal, indices),
    case("index_add", lambda t, f, a, i, b: t.index_add(a, 0, i, b), ((16, 16), (8,), (8, 16)),
         ((1000, 1000), (500,), (500, 1000)), normal, indices, normal),
    case("embedding", lambda t, f, w, i: f.embedding(i, w), ((100, 16), (4, 8)), ((10000, 128), (64, 128)),
         normal, indices),
    # ------------------------------------------------------------------ shapes
    each("cat", lambda t, f, a, b: t.cat([a, b], 1), inputs=2),
    each("stack", lambda t, f, a, b: t.stack([a, b]), inputs=2),
    each("transposed copy", lambda t, f, a: a.t().contiguous()),
    each("flip", lambda t, f, a: t.flip(a, [1])),
    each("roll", lambda t, f, a: t.roll(a, 3, 1)),
    each("tril", lambda t, f, a: t.tril(a)),
    case("pad", lambda t, f, a: f.pad(a, (1, 1, 1, 1)), (2, 3, 8, 8), (8, 16, 64, 64)),
    # ------------------------------------------------------------------ products and matrices
    case("matmul", lambda t, f, a, b: a @ b, ((16, 16),) * 2, ((512, 512),) * 2),
    case("bmm", lambda t, f, a, b: t.bmm(a, b), ((4, 8, 8),) * 2, ((64, 64, 64),) * 2),
    case("einsum", lambda t, f, a, b: t.einsum("bij,bkj->bik", a, b), ((4, 8, 8),) * 2, ((64, 64, 64),) * 2),
    case("linear, 2-d", lambda t, f, x, w, b: f.linear(x, w, b), ((8, 16), (32, 16), (32,)),
         ((180, 768), (3072, 768), (3072,))),
    case("linear, 3-d", lambda t, f, x, w, b: f.linear(x, w, b), ((2, 4, 16), (32, 16), (32,)),
         ((6, 30, 768), (3072, 768), (3072,))),
    case("det", lambda t, f, a: t.linalg.det(a), (4, 4), (32, 64, 64), definite),
    case("inv", lambda t, f, a: t.linalg.inv(a), (4, 4), (32, 64, 64), definite),
    case("solve", lambda t, f, a, b: t.linalg.solve(a, b), ((4, 4), (4, 2)), ((32, 64, 64), (32, 64, 8)),
         definite, normal),
    case("cholesky", lambda t, f, a: t.linalg.cholesky(a), (4, 4), (32, 64, 64), definite),
    case("lu", lambda t, f, a: t.linalg.lu(a)[2], (4, 4), (32, 64, 64), definite),
    case("qr", lambda t, f, a: t.linalg.qr(a)[1], (4, 4), (32, 64, 64), definite),
    case("eigh", lambda t, f, a: t.linalg.eigh(a)[0], (4, 4), (16, 64, 64), definite),
    case("svd", lambda t, f, a: t.linalg.svdvals(a), (4, 4), (16, 64, 64), definite),
    case("cdist", lambda t, f, a, b: t.cdist(a, b), ((8, 4), (8, 4)), ((500, 32), (400, 32)),),
    each("cosine_similarity", lambda t, f, a, b: f.cosine_similarity(a, b), inputs=2),
    # ------------------------------------------------------------------ losses
    each("mse_loss", lambda t, f, a, b: f.mse_loss(a, b), inputs=2),
    each("smooth_l1_loss", lambda t, f, a, b: f.smooth_l1_loss(a, b), inputs=2),
    each("binary_cross_entropy_with_logits", lambda t, f, a, b: f.binary_cross_entropy_with_logits(a, b),
         normal, coins, inputs=2),
    case("cross_entropy", lambda t, f, a, i: f.cross_entropy(a, i), ((16, 16), (16,)), ((1000, 1000), (1000,)),
         normal, indices),
    # ------------------------------------------------------------------ layers
    case("layer_norm", lambda t, f, x, w, b: f.layer_norm(x, w.shape, w, b), ((16, 16), (16,), (16,)),
         ((1024, 768), (768,), (768,))),
    case("rms_norm", lambda t, f, x, w: f.rms_norm(x, w.shape, w), ((16, 16), (16,)), ((1024, 768), (768,))),
    case("batch_norm", lambda t, f, x, w, b: f.batch_norm(x, None, None, w, b, True), ((4, 3, 8, 8), (3,), (3,)),
         ((16, 32, 32, 32), (32,), (32,))),
    case("group_norm", lambda t, f, x, w, b: f.group_norm(x, 4, w, b), ((4, 8, 4, 4), (8,), (8,)),
         ((16, 32, 32, 32), (32,), (32,))),
    each("dropout", lambda t, f, a: f.dropout(a, 0.5)),
    case("conv1d", lambda t, f, x, w, b: f.conv1d(x, w, b), ((2, 3, 16), (4, 3, 3), (4,)),
         ((16, 16, 512), (32, 16, 5), (32,))),
    case("conv2d", lambda t, f, x, w, b: f.conv2d(x, w, b, padding=1), ((2, 3, 8, 8), (4, 3, 3, 3), (4,)),
         ((16, 16, 32, 32), (32, 16, 3, 3), (32,))),
    case("conv_transpose2d", lambda t, f, x, w, b: f.conv_transpose2d(x, w, b, stride=2),
         ((2, 3, 4, 4), (3, 4, 2, 2), (4,)), ((16, 16, 16, 16), (16, 32, 2, 2), (32,))),
    case("max_pool2d", lambda t, f, x: f.max_pool2d(x, 2), (2, 3, 8, 8), (16, 32, 32, 32)),
    case("avg_pool2d", lambda t, f, x: f.avg_pool2d(x, 2), (2, 3, 8, 8), (16, 32, 32, 32)),
    case("interpolate, nearest", lambda t, f, x: f.interpolate(x, scale_factor=2), (1, 3, 8, 8), (8, 16, 32, 32)),
    case("interpolate, bilinear",
         lambda t, f, x: f.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False),
         (1, 3, 8, 8), (8, 16, 32, 32)),
    case("scaled_dot_product_attention", lambda t, f, q, k, v: f.scaled_dot_product_attention(q, k, v),
         ((1, 2, 8, 8),) * 3, ((4, 8, 128, 64),) * 3),
]  # fmt: skip


CALLS = "the small size is Python and some thirty NumPy calls, PyTorch's is one compiled call"
PASSES = "a pass over memory for each step of the formula, one loop in PyTorch"
OWN = "each gradient has memory of its own, PyTorch hands out views or one array twice"
# What misses the bar, the most it may take, and why.
KNOWN: dict[str, tuple[float, str]] = {
    "max_pool2d": (8, CALLS),
    **dict.fromkeys(("avg_pool2d", "qr", "eigh", "svd", "lgamma"), (6, CALLS)),
    **dict.fromkeys(("interpolate, bilinear", "group_norm"), (4, CALLS)),
    **dict.fromkeys(("silu", "sigmoid", "softplus", "leaky_relu", "softmax", "hardswish", "elu"), (4, PASSES)),
    **dict.fromkeys(("layer_norm", "batch_norm", "cross_entropy", "smooth_l1_loss"), (5, PASSES)),
    **dict.fromkeys(("gelu", "erfc"), (6, PASSES)),
    "cholesky": (6, "backward solves two general systems: NumPy has no solver of triangular ones"),
    "det": (6, "the cofactors are found in float64, where a singular matrix has them too"),
    **dict.fromkeys(("add", "mul", "sum", "sum, dim 0", "cat", "stack"), (6, OWN)),
    "flip": (5, "NumPy copies backwards element by element"),
    "lu": (8, "NumPy has no LU decomposition: the elimination is written in it"),
    "conv2d": (4, "products of matrices of windows; PyTorch has a loop for each kind of processor"),
    "cdist": (8, "by differences; PyTorch multiplies matrices from 25 rows on, and loses digits of near rows"),
    **dict.fromkeys(("embedding", "scatter_add", "index_add"), (4, "positions are checked and counted first")),
}


def steps(case: Case, shapes: Shapes, t: Any) -> list[Callable[[], Any]]:
    """``[forward, forward and backward]`` in the library ``t``, on the same numbers in each."""
    rng = np.random.default_rng(0)
    domains = case.of or (normal,) * len(shapes)
    arrays = [of(rng, shape, shapes[0][0]) for of, shape in zip(domains, shapes, strict=True)]
    inputs = [t.from_numpy(array) for array in arrays]
    wanted = [x.requires_grad_() for x, array in zip(inputs, arrays, strict=True) if array.dtype.kind == "f"]

    def forward() -> Any:
        return case.call(t, t.nn.functional, *inputs)

    g = t.ones_like(forward().detach())
    return [forward, lambda: t.autograd.grad(forward(), wanted, g)]


def measure(seconds: float, only: list[str] | None = None) -> tuple[list[str], bool]:
    """The table, and whether the bar holds: forward and backward at most ``BAR`` or as ``KNOWN``, half at most 1.

    The clock counts this process alone, which runs one thread: what else the machine does is not counted.
    """
    import torch

    torch.set_num_threads(1)
    titles = ["small: forward", "small: both", "large: forward", "large: both"]
    lines = ["| op | " + " | ".join(titles) + " | why |", "|---" * (len(titles) + 2) + "|"]
    ratios: list[tuple[float, str]] = []
    for case in CASES:
        if only and case.name not in only:
            continue
        print(f"measuring {case.name} …", file=sys.stderr)
        row, why = [], ""
        for shapes in (case.small, case.large):
            for theirs, ours in zip(steps(case, shapes, torch), steps(case, shapes, tg), strict=True):
                found = compare(theirs, ours, seconds, time.process_time)
                row.append(f"{found.ratio:.2f} × ({found.ours * 1e6:.0f} µs)")
            ratios.append((found.ratio, case.name))  # of forward and backward
            if found.ratio > BAR:
                row[-1], (_, why) = f"**{row[-1]}**", KNOWN.get(case.name, (BAR, ""))
        lines.append(f"| {case.name} | {' | '.join(row)} | {why} |")
    good = sum(ratio <= 1 for ratio, _ in ratios) / len(ratios)
    missed = sum(ratio > BAR for ratio, _ in ratios)
    worst, slowest = max(ratios)
    lines += ["", f"{len(ratios)} ratios of both: {good:.0%} are at most 1.0 × (bar: half of them), {missed} are above "
                  f"{BAR} ×, the worst is {worst:.1f} × ({slowest})."]  # fmt: skip
    bare = dict.fromkeys(name for ratio, name in ratios if ratio > KNOWN.get(name, (BAR, ""))[0])
    if bare:
        lines.append(f"Slower than is known: {', '.join(bare)}.")
    return lines, good >= 0.5 and not bare


def alone(seconds: float) -> tuple[list[str], bool]:
    """``measure`` in a process whose NumPy has one BLAS thread, which must be said before it is imported."""
    if importlib.util.find_spec("torch") is None:
        return ["Not measured: PyTorch is not installed; `pip install torch`."], True
    run = [sys.executable, "-m", "benchmarks.ops", str(seconds)]
    done = subprocess.run(run, stdout=subprocess.PIPE, text=True, env={**os.environ, **dict.fromkeys(THREADS, "1")})
    if done.returncode not in (0, 1) or not done.stdout:
        raise SystemExit(done.returncode)
    return done.stdout.splitlines(), done.returncode == 0


if __name__ == "__main__":
    table, holds = measure(float(sys.argv[1]), sys.argv[2:])
    print("\n".join(table))
    sys.exit(0 if holds else 1)
