"""Writes recurrent.json: what PyTorch's recurrent layers start with, give, and hand back. Run by hand, needs torch.

python tests/golden/make_recurrent.py
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from make import numbers, write
from torch import nn

CASES = [
    ("RNN", {}, "rows", True), ("RNN", {"nonlinearity": "relu", "num_layers": 2, "dropout": 0.5}, "packed", False),
    ("LSTM", {}, "rows", False), ("LSTM", {"bidirectional": True, "num_layers": 2}, "unsorted", True),
    ("LSTM", {"proj_size": 1, "batch_first": True}, "rows", True), ("LSTM", {"bias": False}, "alone", False),
    ("GRU", {"bidirectional": True}, "packed", True), ("GRU", {"bias": False, "batch_first": True}, "rows", False),
    ("GRU", {"num_layers": 2, "dropout": 0.5}, "rows", False),
    ("RNNCell", {"nonlinearity": "relu"}, "cell", True), ("LSTMCell", {}, "cell", True), ("GRUCell", {}, "cell", False),
]  # fmt: skip
LENGTHS = {"packed": [4, 2], "unsorted": [2, 4]}


def case(kind: str, settings: dict[str, Any], form: str, given: bool, rng: np.random.Generator) -> dict[str, Any]:
    torch.manual_seed(1)
    layer = getattr(nn, kind)(2, 3, **settings)
    start = {name: numbers(value) for name, value in layer.state_dict().items()}
    layer = layer.double()
    first = settings.get("batch_first", False)
    shape = {"alone": (4, 2), "cell": (2, 2)}.get(form, (2, 4, 2) if first else (4, 2, 2))
    x = torch.tensor(rng.standard_normal(shape).round(2), requires_grad=True)
    count = settings.get("num_layers", 1) * (1 + settings.get("bidirectional", False))
    widths = [settings.get("proj_size", 3), 3] if "LSTM" in kind else [3]
    hx = [
        torch.tensor(rng.standard_normal((2, width) if form == "cell" else (count, 2, width)).round(2))
        for width in widths
    ]
    input = x
    if form in LENGTHS:
        input = nn.utils.rnn.pack_padded_sequence(x, LENGTHS[form], enforce_sorted=form == "packed")
    torch.manual_seed(2)
    results = layer(input, (tuple(hx) if "LSTM" in kind else hx[0]) if given else None)
    y, last = (None, results) if form == "cell" else results
    results = [y.data if form in LENGTHS else y] if y is not None else []
    results += last if isinstance(last, tuple) else [last]
    cotangents = [torch.tensor(rng.standard_normal(r.shape).round(2)) for r in results]
    grads = torch.autograd.grad(results, [x, *layer.parameters()], cotangents)
    return {
        "kind": kind, "settings": settings, "form": form, "start": start, "x": numbers(x),
        "hx": [numbers(h) for h in hx] if given else None, "results": [numbers(r) for r in results],
        "g": [numbers(g) for g in cotangents], "grads": [numbers(g) for g in grads], "repr": repr(layer),
    }  # fmt: skip


if __name__ == "__main__":
    generator = np.random.default_rng(0)
    write("recurrent.json", [case(*each, generator) for each in CASES])
