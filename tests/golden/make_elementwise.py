"""Writes elementwise.json: values and gradients of PyTorch at kinks, ties and extremes. Run by hand, needs torch.

python tests/golden/make_elementwise.py
"""

from __future__ import annotations

import re
import warnings
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from make import write

INF = float("inf")
INPUTS: dict[str, list[Any]] = {
    "k": [-3.0, -1.0, -0.5, 0.0, 0.5, 1.0, 3.0, 6.0, 7.5],  # the kinks of the straight units
    "e": [-30.0, -5.5, -1.0, -0.1, 0.0, 0.4, 0.5, 3.9, 4.1, 25.0],
    "u": [1e-12, 0.05, 0.3, 0.5, 0.75, 0.95, 1 - 1e-9],
    "g": [-7.3, -0.5, 1e-5, 0.5, 1.0, 1.5, 2.0, 3.0, 12.9, 13.1, 200.0],
    "a": [1.0, 2.0, 2.0, -1.5, 0.0, 3.0], "b": [2.0, 2.0, 1.0, -1.5, 4.0, -2.0], "c": [2.0, 2.0, 3.0, -1.5, 1.0, 5.0],
    "s": [[0.1, 0.6, -0.4], [1.5, 0.2, 0.2]], "t": [[0.5, 0.1, 0.0], [1.0, 3.0, 2.0]], "w": [0.5, 2.0, 1.0],
    "v": [[0.3, 0.0, 1.5], [0.2, 0.2, 0.2]], "q": [[0.2, 0.3, 0.5], [0.0, 0.0, 1.0]],
    "signs": [1, -1], "labels": [2, 0], "many": [[2, 0, -1], [1, -1, 2]], "x": [-0.5, 0.25, 0.8], "y": [-0.2, 0.0, 0.9],
}  # fmt: skip
CONSTANT = {"signs", "labels", "many"}

TEXTS = """
F.relu6(k) | F.hardtanh(k) | F.hardtanh(k, -0.5, 3.0) | F.hardsigmoid(k) | F.hardswish(k) | F.hardshrink(k)
F.softshrink(k) | F.softshrink(k, 1.0) | F.tanhshrink(k) | F.threshold(k, 0.5, -2.0) | F.softsign(k) | F.celu(k, 2.0)
F.selu(k) | F.elu(k, 0.5) | F.logsigmoid(e) | F.mish(e) | F.silu(e) | F.softplus(e, 2.0, 5.0) | F.rrelu(k, 0.1, 0.3)
F.glu(s.T.reshape(6)) | F.softmin(s, dim=1) | F.prelu(s, w) | F.prelu(k, w[:1]) | F.leaky_relu(k, 0.2)
torch.clamp(a, b, c) | torch.clamp(a, min=b) | torch.clamp(a, max=c) | torch.clamp_min(a, b) | torch.clamp_max(a, 1.0)
torch.fmax(a, b) | torch.fmin(a, b) | torch.maximum(a, b) | torch.copysign(a, b) | torch.hypot(b, c)
torch.atan2(b, c) | torch.remainder(a, b) | torch.fmod(a, b) | torch.floor_divide(a.detach(), b.detach()) | a % 2
torch.div(a, b, rounding_mode="floor") | torch.div(a, b, rounding_mode="trunc") | torch.lerp(a, b, 0.25)
torch.addcmul(a, b, c, value=0.5) | torch.addcdiv(a, b, c, value=-2) | torch.add(a, b, alpha=3) | torch.rsub(a, b)
torch.sub(a, b, alpha=0.5) | torch.xlogy(a, c.abs()) | torch.special.xlog1py(a, c.abs()) | torch.sgn(a)
torch.angle(a)
torch.sign(k) | torch.floor(k) | torch.ceil(k) | torch.round(k) | torch.round(k, decimals=1) | torch.trunc(k)
torch.frac(k) | torch.frexp(k)[0] | torch.ldexp(a, b) | torch.nan_to_num(a / (a - 2), nan=1.0, posinf=9.0, neginf=-9.0)
torch.erf(e) | torch.erfc(e) | torch.special.erfcx(e) | torch.erfinv(u * 2 - 1) | torch.special.ndtr(e)
torch.special.log_ndtr(e) | torch.special.ndtri(u) | torch.special.entr(u) | torch.logit(u) | torch.logit(u, 0.1)
torch.lgamma(g) | torch.digamma(g) | torch.polygamma(1, g) | torch.mvlgamma(g[6:], 2) | torch.i0(e)
torch.special.i0e(e) | torch.special.i1(e) | torch.special.i1e(e) | torch.sinc(k) | torch.logaddexp(a, b)
torch.logaddexp2(a, b) | torch.exp2(k) | torch.rsqrt(u) | torch.reciprocal(c)
torch.deg2rad(k) | torch.float_power(c, 2)
F.kl_div(s, q) | F.kl_div(s, q, reduction="batchmean") | F.kl_div(s, t, reduction="sum", log_target=True)
F.poisson_nll_loss(s, t) | F.poisson_nll_loss(v + 1, t + 0.5, log_input=False, full=True, reduction="sum")
F.gaussian_nll_loss(s, t, v, reduction="none") | F.gaussian_nll_loss(s, t, w[:2], full=True)
F.hinge_embedding_loss(s, signs[:, None] * torch.ones_like(s), margin=0.5, reduction="none")
F.margin_ranking_loss(s, t, torch.ones_like(s), margin=0.1) | F.soft_margin_loss(x, torch.sign(y.detach() - 0.1))
F.multi_margin_loss(s, labels) | F.multi_margin_loss(s, labels, p=2, margin=0.7, weight=w.detach(), reduction="none")
F.multilabel_margin_loss(s, many, reduction="none") | F.multilabel_soft_margin_loss(s, q, weight=w)
F.triplet_margin_loss(s, t, v) | F.triplet_margin_loss(s, t, v, swap=True, p=1, reduction="none")
F.triplet_margin_with_distance_loss(s, t, v, distance_function=F.cosine_similarity)
F.cosine_embedding_loss(s, t, signs, margin=0.1, reduction="none") | F.cosine_similarity(s, v) | F.normalize(s)
F.cosine_similarity(s, v * 0, dim=0) | F.normalize(v * 0) | F.pairwise_distance(s, v, p=3) | F.pdist(s)
torch.cdist(s, t)
torch.cdist(s, s, p=1) | torch.cdist(s, v, p=INF) | F.linear_cross_entropy(s, t, (signs + 1) // 2)
F.huber_loss(s, t) | F.smooth_l1_loss(s, t, beta=0.5)
"""


def case(text: str) -> dict[str, Any]:
    names = [name for name in INPUTS if re.search(rf"\b{name}\b", text)]
    tensors = {name: torch.tensor(INPUTS[name]) for name in names}
    for name in set(names) - CONSTANT:
        tensors[name] = torch.tensor(INPUTS[name], dtype=torch.float64, requires_grad=True)
    result = eval(text, {"torch": torch, "F": F, "INF": INF, **tensors})
    found: dict[str, Any] = {"text": text, "value": result.tolist(), "dtype": str(result.dtype)[6:], "grads": {}}
    if result.requires_grad:
        # Different weights for different elements, so that no place is taken for another.
        weights = torch.from_numpy(np.resize([1.0, -0.5, 2.0, 0.25], result.shape))
        wanted = [tensors[name] for name in names if name not in CONSTANT]
        grads = torch.autograd.grad(result, wanted, weights, allow_unused=True)
        kept = [name for name in names if name not in CONSTANT]
        found["grads"] = {
            n: (g + torch.zeros_like(tensors[n])).tolist() for n, g in zip(kept, grads, strict=True) if g is not None
        }
    return found


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    texts = [text.strip() for line in TEXTS.strip().splitlines() for text in line.split(" | ")]
    write("elementwise.json", {"inputs": INPUTS, "constant": sorted(CONSTANT), "cases": [case(text) for text in texts]})
