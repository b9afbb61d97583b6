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


# ---------------------------------------------------------------------- layers and losses

LAYERS = {
    "Linear(3, 4)": (5, 3), "Linear(3, 4, bias=False)": (5, 3), "Linear(3, 1)": (3,), "Linear(3, 2)": (2, 4, 3),
    "Sigmoid()": (2, 3), "ReLU()": (2, 3), "Tanh()": (2, 3), "LeakyReLU()": (2, 3), "LeakyReLU(0.3)": (2, 3),
    "Softmax(dim=1)": (2, 3), "Softmax(dim=0)": (2, 3), "Softmax(dim=-1)": (2, 3, 2), "LogSoftmax(dim=1)": (2, 3),
    "Identity()": (2, 3), "Flatten()": (2, 3, 2), "Flatten(0, 1)": (2, 3, 2),
    "Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))": (5, 3),
    "ELU()": (2, 3), "ELU(0.3)": (2, 3), "GELU()": (2, 3), "GELU(approximate='tanh')": (2, 3), "SiLU()": (2, 3),
    "Softplus()": (2, 3), "Softplus(beta=2.0, threshold=1.5)": (2, 3),
    "LayerNorm(3)": (5, 3), "LayerNorm((2, 3), eps=0.1)": (4, 2, 3), "LayerNorm(3, bias=False)": (2, 2, 3),
    "LayerNorm(3, elementwise_affine=False)": (4, 3), "Dropout(0.0)": (2, 3), "Dropout(1.0)": (2, 3),
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


# Losses with all their settings: text of the module, and what kind of target it takes.
WEIGHT = "weight=torch.tensor([0.5, 2.0, 1.25], dtype=torch.float64)"
SETTINGS_OF_LOSSES = [
    *(f"CrossEntropyLoss({text})" for text in (
        "ignore_index=1", WEIGHT, "label_smoothing=0.1", f"{WEIGHT}, label_smoothing=0.3, ignore_index=1",
        "label_smoothing=1.0")),
    "NLLLoss()", f"NLLLoss({WEIGHT}, ignore_index=1)",
]  # fmt: skip
PROBABILITIES = ["CrossEntropyLoss()", f"CrossEntropyLoss({WEIGHT}, label_smoothing=0.2)"]
DISTANCES = [
    "L1Loss()", "HuberLoss()", "HuberLoss(delta=0.3)", "SmoothL1Loss()", "SmoothL1Loss(beta=0.4)",
    "SmoothL1Loss(beta=0.0)",
]  # fmt: skip
LABELS = [f"BCELoss({WEIGHT})", f"BCEWithLogitsLoss({WEIGHT})",
          f"BCEWithLogitsLoss({WEIGHT}, pos_weight=torch.tensor([3.0, 0.5, 1.0], dtype=torch.float64))"]  # fmt: skip


def settings_cases() -> list[dict[str, Any]]:
    rng = np.random.default_rng(2)

    def scores(shape: tuple[int, ...]) -> Any:
        return rng.standard_normal(shape).round(3)

    cases = []
    for reduction, text in itertools.product(REDUCTIONS, SETTINGS_OF_LOSSES):
        for shape, labels in (((5, 3), (5,)), ((2, 3, 2), (2, 2)), ((3,), ())):
            target = rng.integers(0, 3, labels)
            if labels:
                target.flat[:2] = 2, -100 if "ignore_index" not in text else 1
            cases.append(setting_case(text, reduction, scores(shape), target, rng))
    for reduction, text in itertools.product(REDUCTIONS, PROBABILITIES):
        for shape in ((4, 3), (3,), (2, 3, 2)):
            cases.append(setting_case(text, reduction, scores(shape), rng.uniform(0, 1, shape).round(3), rng))
    for reduction, text in itertools.product(REDUCTIONS, DISTANCES):
        cases.append(setting_case(text, reduction, scores((3, 2)), scores((3, 2)), rng))
    for reduction, text in itertools.product(REDUCTIONS, LABELS):
        x = rng.uniform(0.05, 0.95, (4, 3)).round(3)
        cases.append(setting_case(text, reduction, x, rng.uniform(0, 1, (4, 3)).round(3), rng))
    return cases


def setting_case(text: str, reduction: str, x: Any, target: Any, rng: np.random.Generator) -> dict[str, Any]:
    text = f"{text[:-1]}, reduction={reduction!r})".replace("(, ", "(")
    return case(text, eval(f"nn.{text}", {"nn": nn, "torch": torch}), x, target, rng)


BATCH_NORMS = {
    "BatchNorm1d(3)": (5, 3), "BatchNorm1d(3, eps=0.1, momentum=0.3)": (4, 3, 2),
    "BatchNorm1d(3, momentum=None)": (2, 3), "BatchNorm1d(3, affine=False)": (4, 3),
    "BatchNorm1d(3, bias=False)": (4, 3), "BatchNorm1d(3, track_running_stats=False)": (3, 3),
}  # fmt: skip


def batch_norm_cases() -> list[dict[str, Any]]:
    """Three batches in training and one in eval, with the state after each."""
    rng = np.random.default_rng(3)
    cases = []
    for text, shape in BATCH_NORMS.items():
        layer = eval(f"nn.{text}", {"nn": nn}).double()
        for parameter in layer.parameters():
            parameter.data = torch.tensor(rng.standard_normal(parameter.shape).round(3))
        start, steps = {name: numbers(value) for name, value in layer.state_dict().items()}, []
        for training in (True, True, True, False):
            layer.train(training).zero_grad()
            found = case("", layer, (3 * rng.standard_normal(shape) + 1).round(3), None, rng)
            state = {name: numbers(value) for name, value in layer.state_dict().items()}
            steps.append({**{key: found[key] for key in ("x", "g", "y", "dx")}, "training": training, "state": state,
                          "grads": {name: grad for name, (_, grad) in found["state"].items()}})  # fmt: skip
        cases.append({"module": text, "repr": repr(layer), "start": start, "steps": steps})
    return cases


def masks() -> list[dict[str, Any]]:
    """What dropout makes of ones, and the number that follows in the stream."""
    cases = []
    for seed, p, dtype in itertools.product((0, 42), (0.0, 0.1, 0.5, 0.7, 1.0), ("float32", "float64")):
        for shape in ((7,), (5, 4), (2, 3, 3)):
            torch.manual_seed(seed)
            y = nn.functional.dropout(torch.full(shape, 0.3, dtype=getattr(torch, dtype)), p)
            cases.append({"seed": seed, "p": p, "dtype": dtype, "y": numbers(y), "next": torch.rand(1).item()})
    return cases


def reprs() -> list[list[str]]:
    texts = [
        "Dropout(0.3)", "ELU(2.0)", "GELU()", "SiLU()", "Softplus()", "LayerNorm(3)", "LayerNorm((2, 3), 0.1)",
        "LayerNorm(3, elementwise_affine=False)", "BatchNorm1d(4, affine=False)", "NLLLoss()", "HuberLoss()",
        "CrossEntropyLoss(label_smoothing=0.1)", "Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3), nn.Dropout())",
    ]  # fmt: skip
    return [[text, repr(eval(f"nn.{text}", {"nn": nn}))] for text in texts]


def state_keys() -> list[str]:
    inner = nn.Sequential(nn.LayerNorm(3), nn.BatchNorm1d(3, affine=False))
    return list(nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3), inner).state_dict())


def initial() -> list[dict[str, Any]]:
    cases = []
    for seed, text in itertools.product((0, 42), ("Linear(3, 4)", "Linear(2, 10)", "Linear(7, 1, bias=False)")):
        torch.manual_seed(seed)
        layer = eval(f"nn.{text}", {"nn": nn})
        cases.append({"seed": seed, "module": text, "state": {n: numbers(p) for n, p in layer.named_parameters()}})
    return cases


if __name__ == "__main__":
    write("promotion.json", promotion())
    cases = {"layers": layer_cases(), "losses": loss_cases(), "initial": initial(), "settings": settings_cases()}
    cases |= {"batch_norms": batch_norm_cases(), "masks": masks(), "reprs": reprs(), "state_keys": state_keys()}
    write("nn.json", cases)
    for script in ("course_script", "regularized_script"):
        command = [sys.executable, str(HERE / f"{script}.py"), "torch"]
        printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        (HERE / f"{script}.txt").write_text(printed)
