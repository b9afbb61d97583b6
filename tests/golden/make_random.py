"""Writes random.json: PyTorch's random numbers. Run by hand, needs torch.

python tests/golden/make_random.py
"""

from __future__ import annotations

import hashlib
from typing import Any

import torch
from make import numbers, write

DRAWS = [
    f"{function}({size}, dtype=T.{dtype})"
    for function in ("rand", "randn")
    for size in (1, 3, 15, 16, 17, 100)
    for dtype in ("float32", "float64")
]
DRAWS += [
    "randint(10, (20,))", "randint(-5, 5, (3, 4))", "randint(0, 2**40, (5,))", "randint(0, 2**28, (3,))",
    "randint(0, 2**28 - 1, (3,))", "randperm(1)", "randperm(2)", "randperm(20)", "rand((2, 3))", "randn(4, 5)",
    "randn(0)", "rand(())", "randn(())",
]  # fmt: skip
# One stream through several calls: what one leaves over (the second number of a Box-Muller pair) reaches the next.
SEQUENCES = [
    ["randn(3)", "rand(2)", "randn(2)", "randn(16)", "randn(1)"],
    ["randn(1)", "randn(1)", "randn(1, dtype=T.float64)", "randn(1)"],
    ["randperm(5)", "randn(5)", "randint(100, (3,))", "rand(3, dtype=T.float64)", "randn(17)", "randn(3)"],
    ["randn(3)", "manual_seed(7)", "randn(3)"],
    ["randn(3)", "empty(5).bernoulli_(0.4)", "randn(2)", "empty(3).normal_(2, 3)", "rand(1)"],
    [
        "multinomial(tensor([0.2, 0.5, 0.3]), 2)",
        "randn(1)",
        "multinomial(tensor([0.2, 0.5, 0.3]), 4, True)",
        "randn(1)",
    ],
    ["bernoulli(tensor([0.2, 0.5, 0.3]))", "randn(15)", "randperm(9)", "randn(31)", "randn(2, dtype=T.float64)"],
    ["empty(3).uniform_(-1, 2)", "randn(5)", "empty(4, dtype=T.int32).random_()", "randn(1)", "randint(9, (2,))"],
    [
        "normal(1.0, 2.0, (3,))",
        "rand(2)",
        "normal(tensor([0.0, 5.0]), tensor([1.0, 2.0]))",
        "rand_like(zeros(3))",
        "randn_like(zeros(2))",
        "randint_like(zeros(3), 7)",
        "randn(1)",
    ],
]


def draws() -> dict[str, Any]:
    def draw(text: str) -> Any:
        result = evaluated(text)
        return numbers(result) if isinstance(result, torch.Tensor) else None

    alone = []
    for seed in (0, 42, 2**31 + 11):
        for text in DRAWS:
            torch.manual_seed(seed)
            alone.append({"seed": seed, "call": text, "gives": draw(text)})
    sequences = []
    for calls in SEQUENCES:
        torch.manual_seed(3)
        sequences.append({"seed": 3, "calls": calls, "give": [draw(text) for text in calls]})
    return {"alone": alone, "sequences": sequences}


# ---------------------------------------------------------------------- 20 seeds of each sampler

P = "tensor([0.05, 0.3, 0.0, 0.15, 0.25, 0.1, 0.15])"
ROWS = "tensor([[0.1, 2.0, 0.7], [1.0, 1.0, 0.0]])"
# Equal to the bit, so a hash stands for the numbers.
STREAMS = [
    "rand(100)", "rand(100, dtype=T.float64)", "rand(50, dtype=T.float16)", "randint(10, (100,))",
    "randint(-5, 2**28 - 5, (50,))", "randint(0, 2**28 - 1, (50,))", "randint(0, 2**40, (50,))", "randperm(100)",
    "randperm(5000)", "bernoulli(full((100,), 0.3))", "bernoulli(full((100,), 0.3, dtype=T.float64))",
    "empty(100).bernoulli_(0.3)", "empty(100, dtype=T.float64).bernoulli_(0.7)", f"multinomial({P}, 1)",
    f"multinomial({P}, 4)", f"multinomial({P}, 50, replacement=True)", f"multinomial({ROWS}, 2)",
    f"multinomial({ROWS}, 9, replacement=True)", f"multinomial({P}.double(), 4)", "empty(100).uniform_(-0.3, 0.7)",
    "empty(100, dtype=T.float64).uniform_(1, 1.1)", "empty(9, dtype=T.uint8).random_()", "empty(9).random_()",
    "empty(9, dtype=T.float64).random_()", "empty(9, dtype=T.int32).random_(-3, 40)",
    "nn.functional.dropout(ones(100), 0.3)", "nn.Linear(7, 5).weight.detach()",
    "nn.Linear(7, 5).bias.detach()", "rand(100000)[-50:]",
]  # fmt: skip
NORMALS = ["randn(1)", "randn(15)", "randn(16)", "randn(17)", "randn(33, dtype=T.float64)", "normal(2.0, 0.5, (18,))"]
SHAPES = {"float32": (7, 5), "float64": (4, 6)}
INITS = {
    True: ["uniform_(w, -2, 3)", "xavier_uniform_(w)", "xavier_uniform_(w, gain=1.7)", "kaiming_uniform_(w)",
           "kaiming_uniform_(w, a=5**0.5)", "kaiming_uniform_(w, mode='fan_out', nonlinearity='relu')",
           "trunc_normal_(w, 0.0, 1.0, 1.5, 3.0)", "constant_(w, 2.5)", "zeros_(w)", "ones_(w)", "eye_(w)"],
    False: ["normal_(w)", "normal_(w, 3.0, 0.1)", "xavier_normal_(w)", "kaiming_normal_(w, nonlinearity='tanh')",
            "trunc_normal_(w)", "trunc_normal_(w, std=0.02)", "orthogonal_(w)", "orthogonal_(w, gain=2.0)"],
}  # fmt: skip


def evaluated(text: str) -> Any:
    names = {name: getattr(torch, name) for name in ("full", "ones", "rand", "tensor", "zeros")}
    return eval(f"T.{text}", {"T": torch, **names})


def fingerprint(tensor: torch.Tensor) -> str:
    return hashlib.sha256(tensor.detach().numpy().tobytes()).hexdigest()[:16]


def streams() -> list[dict[str, Any]]:
    found = []
    for text in STREAMS:
        prints = []
        for seed in range(20):
            torch.manual_seed(seed)
            prints.append(fingerprint(evaluated(text)))
        found.append({"call": text, "prints": prints})
    return found


def normals() -> list[dict[str, Any]]:
    found = []
    for text in NORMALS:
        for seed in range(20):
            torch.manual_seed(seed)
            found.append({"call": text, "seed": seed, "gives": numbers(evaluated(text))})
    return found


def inits() -> list[dict[str, Any]]:
    found = []
    for exact, calls in INITS.items():
        for call in calls:
            for dtype, shape in SHAPES.items():
                w = torch.empty(shape, dtype=getattr(torch, dtype), requires_grad=True)
                torch.manual_seed(5)
                eval(f"torch.nn.init.{call}", {"torch": torch, "w": w})
                case = {"call": call, "dtype": dtype, "shape": shape, "exact": exact, "after": torch.rand(1).item()}
                found.append({**case, "gives": fingerprint(w) if exact else numbers(w)})
    return found


if __name__ == "__main__":
    write("random.json", {**draws(), "streams": streams(), "normals": normals()})
    write("init.json", inits())
