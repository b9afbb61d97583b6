"""Writes reductions.json beside it: PyTorch's ties, NaN, dtypes and 0-d tensors. Run by hand, needs torch.

python tests/golden/make_reductions.py
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import torch

NAN = math.nan
TIES = [[3.0, 1.0, 3.0, 2.0], [2.0, 2.0, 2.0, 2.0], [0.0, -1.0, 0.0, -1.0]]
HOLES = [[3.0, NAN, 1.0, 2.0], [NAN, NAN, NAN, NAN], [0.5, 4.0, 2.5, NAN]]
ZEROS = [[2.0, 0.0, 3.0, 4.0], [0.0, 5.0, 0.0, 1.0], [1.0, 2.0, 3.0, 0.5]]

# Calls as Python text; x is the input, T the library. Ties only where PyTorch documents or fixes what it picks.
CALLS = {
    "ties": [
        "x.max()", "x.min()", "x.amax(1)", "x.amin((0, 1))", "x.amax(())", "T.aminmax(x)", "T.aminmax(x, dim=1)",
        "x.median()", "x.median(1).values", "T.mode(x, 1)", "T.mode(x, 0)", "T.cummax(x, 1)", "T.cummin(x, 0)",
        "T.sort(x, dim=1, stable=True)", "T.sort(x, dim=1, descending=True, stable=True)", "x.sort(0).values",
        "T.msort(x)",
        "x.argsort(dim=1, stable=True)",
        "x.detach().topk(2, 1).values",
        "x.detach().topk(2, 1, largest=False).values", "x.detach().kthvalue(2, 1).values",
        "T.count_nonzero(x)", "T.count_nonzero(x, dim=1)", "x.argmax()", "x.argmin(1)", "x.any(1)", "x.all(())",
        "x.quantile(0.3)", "x.quantile(T.tensor([0.1, 0.5]), dim=1)", "x.sum(())", "x.mean([])", "x.detach().var(())",
        "x.std(1)", "x.std(1, correction=0)", "T.var_mean(x, 1)", "T.std_mean(x, unbiased=False)", "T.cov(x)",
        "T.corrcoef(x[0::2])", "T.histc(x, 4, -1, 3)", "T.diff(x, 2, 0)", "T.diff(x, prepend=x[:, :1])",
        "T.trapezoid(x, T.tensor([0.0, 1.0, 3.0, 4.0]))", "T.cumulative_trapezoid(x, dx=0.5, dim=0)",
        "T.gradient(x, dim=1, edge_order=2)", "T.gradient(x, spacing=[2.0, 0.5])",
        "T.gradient(x, spacing=[T.tensor([0.0, 1.0, 3.0, 4.0])], dim=1)", "T.renorm(x, 2, 0, 3.0)",
        "T.logsumexp(x, 1)", "T.logcumsumexp(x, 1)", "x.sum(1, dtype=T.float64)", "x.cumsum(0, dtype=T.float64)",
        "x.mean(dtype=T.float64)", "x.prod(1, dtype=T.float64)",
    ],
    "holes": [
        "T.nansum(x)", "T.nansum(x, 1)", "T.nanmean(x[0::2], 1)", "T.nanmedian(x)",
        "T.nanmedian(x.detach(), 1).values", "x.median(1)",
        "T.nanquantile(x, 0.5, dim=1)", "x.quantile(0.5, dim=0)", "x.sort(1).values", "x.median()", "T.cummax(x, 1)",
        "T.cummin(x, 1)", "x.argmax(1)", "x.amax(1).isnan()",
    ],
    "zeros": ["x.prod()", "x.prod(1)", "x.prod(0, keepdim=True)", "x.cumprod(1)", "x.cumprod(0)", "x.cumsum(1)"],
    "scalar": [
        "x.sum(0)", "x.mean(-1)", "x.prod(0)", "x.amax(0)", "x.amin(-1)", "T.aminmax(x, dim=0)", "x.logsumexp(0)",
        "x.max(0)", "x.median(0)", "T.nanmedian(x, -1)", "T.mode(x, 0)", "x.kthvalue(1, 0)", "x.sort(0)",
        "x.topk(1, 0)",
        "T.msort(x)", "x.cumsum(0)", "x.cumprod(-1)", "T.logcumsumexp(x, 0)", "T.cummax(x, 0)",
        "x.quantile(0.5, dim=0)",
        "x.all(0)", "x.any(-1)", "x.argmax(0)", "T.count_nonzero(x, dim=0)", "x.argsort(0)", "T.nansum(x, 0)",
    ],
}  # fmt: skip
INTEGERS = [
    "x.sum()", "x.sum(0)", "x.prod()", "x.cumsum(0)", "x.cumprod(0)", "x.max()", "x.amin(0)", "x.any()", "x.all(0)",
    "x.argmax()", "x.sort(0).values", "x.median()", "T.diff(x, dim=0)", "T.count_nonzero(x)", "x.logsumexp(0)",
    "x.sum(dtype=T.float64)",
]  # fmt: skip


def number(value: Any) -> Any:
    """JSON has no NaN."""
    if isinstance(value, list):
        return [number(item) for item in value]
    return None if isinstance(value, float) and math.isnan(value) else value


def described(part: torch.Tensor) -> dict[str, Any]:
    return {"dtype": str(part.dtype).removeprefix("torch."), "values": number(part.tolist())}


def called(text: str, data: Any) -> dict[str, Any]:
    x = torch.tensor(data, requires_grad=True)
    result = eval(text, {"x": x, "T": torch})
    parts = list(result) if isinstance(result, (tuple, list)) else [result]
    case = {"call": text, "gives": [described(part) for part in parts]}
    loss = sum(
        (part * torch.arange(1, part.numel() + 1).reshape(part.shape)).sum() for part in parts if part.requires_grad
    )
    if isinstance(loss, torch.Tensor):
        loss.backward()
        case["grad"] = number(x.grad.tolist())  # type: ignore[union-attr]
    return case


def integer_cases() -> list[dict[str, Any]]:
    cases = []
    for dtype in ("uint8", "int32", "bool"):
        x = torch.tensor([[3, 1], [0, 2]]).to(getattr(torch, dtype))
        for text in INTEGERS:
            try:
                result = eval(text, {"x": x, "T": torch})
            except RuntimeError:
                continue
            cases.append({"dtype": dtype, "call": text, "gives": described(result)})
    return cases


if __name__ == "__main__":
    inputs = {"ties": TIES, "holes": HOLES, "zeros": ZEROS, "scalar": 1.5}
    data = {name: {"x": number(x), "cases": [called(text, x) for text in CALLS[name]]} for name, x in inputs.items()}
    data["integers"] = integer_cases()
    text = (
        json.dumps(data, separators=(",", ":"))
        .replace('},{"call"', '},\n{"call"')
        .replace('},{"dtype"', '},\n{"dtype"')
    )
    Path(__file__).with_name("reductions.json").write_text(text + "\n")
