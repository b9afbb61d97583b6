"""Writes the .json and .txt files beside it: numbers of PyTorch that the tests compare with. Run by hand, needs torch.

python tests/golden/make.py
"""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

HERE = Path(__file__).parent


def write(name: str, data: Any) -> None:
    text = json.dumps(data, indent=None, separators=(",", ":"))
    (HERE / name).write_text(text.replace("},{", "},\n{").replace("],[[", "],\n[[") + "\n")


def numbers(tensor: torch.Tensor) -> Any:
    """Nested lists whose decimal text is the shortest that gives the tensor's own numbers back."""
    array = tensor.detach().numpy()
    return np.vectorize(lambda x: float(str(x)), otypes=[object])(array).tolist() if array.size else array.tolist()


# ---------------------------------------------------------------------- promotion

NAMES = ["bool", "uint8", "int32", "int64", "float16", "float32", "float64"]
PYTHON = {"bool": True, "int": 1, "float": 1.0}


def operand(text: str) -> Any:
    """``float32 dim``, ``float32 0-d`` or ``float number``."""
    name, _, kind = text.partition(" ")
    if kind == "number":
        return PYTHON[name]
    return torch.ones((2,) if kind == "dim" else (), dtype=getattr(torch, name))


def promotion() -> list[list[str]]:
    kinds = [f"{name} {kind}" for kind in ("dim", "0-d") for name in NAMES] + [f"{name} number" for name in PYTHON]
    pairs = [pair for pair in itertools.product(kinds, kinds) if not all(side.endswith("number") for side in pair)]
    return [[a, b, str(torch.result_type(operand(a), operand(b))).removeprefix("torch.")] for a, b in pairs]


# ---------------------------------------------------------------------- random

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
]


def draws() -> dict[str, Any]:
    def draw(text: str) -> Any:
        result = eval(f"T.{text}", {"T": torch})
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


# ---------------------------------------------------------------------- layers and losses

LAYERS = {
    "Linear(3, 4)": (5, 3), "Linear(3, 4, bias=False)": (5, 3), "Linear(3, 1)": (3,), "Linear(3, 2)": (2, 4, 3),
    "Sigmoid()": (2, 3), "ReLU()": (2, 3), "Tanh()": (2, 3), "LeakyReLU()": (2, 3), "LeakyReLU(0.3)": (2, 3),
    "Softmax(dim=1)": (2, 3), "Softmax(dim=0)": (2, 3), "Softmax(dim=-1)": (2, 3, 2), "LogSoftmax(dim=1)": (2, 3),
    "Identity()": (2, 3), "Flatten()": (2, 3, 2), "Flatten(0, 1)": (2, 3, 2),
    "Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))": (5, 3),
}  # fmt: skip
REDUCTIONS = ("mean", "sum", "none")


def layer_cases() -> list[dict[str, Any]]:
    rng = np.random.default_rng(0)
    cases = []
    for text, shape in LAYERS.items():
        layer = eval(f"nn.{text}", {"nn": nn}).double()
        for parameter in layer.parameters():
            parameter.data = torch.tensor(rng.standard_normal(parameter.shape).round(3))
        cases.append(case(text, layer, rng.standard_normal(shape).round(3), None, rng))
    return cases


def loss_cases() -> list[dict[str, Any]]:
    rng = np.random.default_rng(1)
    cases = []
    for reduction in REDUCTIONS:
        for name, shape in itertools.product(("MSELoss", "BCELoss", "BCEWithLogitsLoss"), ((4, 1), (2, 3), ())):
            x = rng.standard_normal(shape).round(3)
            if name == "BCELoss":
                x = rng.uniform(0.05, 0.95, shape).round(3)
            target = rng.uniform(0, 1, shape).round(3) if name != "MSELoss" else rng.standard_normal(shape).round(3)
            cases.append(loss_case(name, reduction, x, target, rng))
        for shape, labels in (((5, 3), (5,)), ((3,), ()), ((2, 3, 4), (2, 4))):
            target = rng.integers(0, 3, labels)
            cases.append(loss_case("CrossEntropyLoss", reduction, rng.standard_normal(shape).round(3), target, rng))
        edge = np.array([[0.0], [1.0], [0.0], [1.0]])
        cases.append(loss_case("BCELoss", reduction, edge, np.array([[0.0], [1.0], [1.0], [0.0]]), rng))
        scores = np.array([[1000.0], [-1000.0], [1000.0], [0.0]])
        cases.append(loss_case("BCEWithLogitsLoss", reduction, scores, edge, rng))
        scores = np.array([[1000.0, -1000.0, 0.0], [0.0, 0.0, 0.0]])
        cases.append(loss_case("CrossEntropyLoss", reduction, scores, np.array([1, 2]), rng))
    return cases


def loss_case(name: str, reduction: str, x: Any, target: Any, rng: np.random.Generator) -> dict[str, Any]:
    text = f"{name}(reduction={reduction!r})"
    return case(text, eval(f"nn.{text}", {"nn": nn}), np.asarray(x), np.asarray(target), rng)


def case(text: str, module: nn.Module, x: Any, target: Any, rng: np.random.Generator) -> dict[str, Any]:
    leaf = torch.tensor(x, requires_grad=True)
    y = module(leaf) if target is None else module(leaf, torch.tensor(target))
    g = rng.standard_normal(tuple(y.shape)).round(3)
    y.backward(torch.tensor(g))
    state = {name: [numbers(p), numbers(p.grad)] for name, p in module.named_parameters()}
    found = {"module": text, "x": np.asarray(x).tolist(), "g": np.asarray(g).tolist(), "y": numbers(y)}
    return {**found, "dx": numbers(leaf.grad), "target": None if target is None else target.tolist(), "state": state}


def initial() -> list[dict[str, Any]]:
    cases = []
    for seed, text in itertools.product((0, 42), ("Linear(3, 4)", "Linear(2, 10)", "Linear(7, 1, bias=False)")):
        torch.manual_seed(seed)
        layer = eval(f"nn.{text}", {"nn": nn})
        cases.append({"seed": seed, "module": text, "state": {n: numbers(p) for n, p in layer.named_parameters()}})
    return cases


# ---------------------------------------------------------------------- optimizers

SETTINGS = [
    "lr=0.01", "lr=0.01, momentum=0.9", "lr=0.01, momentum=0.9, nesterov=True", "lr=0.01, momentum=0.9, dampening=0.5",
    "lr=0.01, weight_decay=0.1", "lr=0.01, momentum=0.5, weight_decay=0.1, nesterov=True",
    "lr=0.001, maximize=True", "lr=0.001, momentum=0.9, weight_decay=0.1, dampening=0.1, maximize=True",
]  # fmt: skip
GROUPS = [
    "[dict(params=[w]), dict(params=[v], lr=0.02, momentum=0.5, nesterov=True)], lr=0.01",
    "[dict(params=[w], weight_decay=0.1), dict(params=[v], maximize=True, lr=0.001)], lr=0.01, momentum=0.9",
]
START = {"w": [1.0, -2.0, 0.5], "v": [[0.3, -0.1], [0.2, 0.7]]}


def trajectories() -> list[dict[str, Any]]:
    found = []
    for settings in [f"[w, v], {text}" for text in SETTINGS] + GROUPS:
        w, v = (torch.tensor(START[name], dtype=torch.float64, requires_grad=True) for name in "wv")
        optimizer = eval(f"torch.optim.SGD({settings})", {"torch": torch, "w": w, "v": v})
        path = []
        for step in range(1, 201):
            optimizer.zero_grad()
            loss = ((w * w * w - w).sum() + (v @ v - 1).square().sum() + w[0] * v[0, 1]).tanh()
            loss.backward()
            optimizer.step()
            if step in (1, 2, 3, 50, 200):
                path.append([step, numbers(w), numbers(v)])
        found.append({"settings": settings, "path": path})
    return found


if __name__ == "__main__":
    write("promotion.json", promotion())
    write("random.json", draws())
    write("nn.json", {"layers": layer_cases(), "losses": loss_cases(), "initial": initial()})
    write("sgd.json", {"start": START, "trajectories": trajectories()})
    script = [sys.executable, str(HERE / "course_script.py"), "torch"]
    (HERE / "course_script.txt").write_text(subprocess.run(script, capture_output=True, text=True, check=True).stdout)
