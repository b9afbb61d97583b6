"""A small training that every optimizer goes through, from the start that golden/make_optim.py has."""

import json
from pathlib import Path

import numpy as np

import tinygrad_bp as tg

GOLDEN = json.loads((Path(__file__).parent / "golden" / "optim.json").read_text())
X, Y = (tg.tensor(GOLDEN["start"][name], dtype=tg.float64) for name in "xy")
# One of each kind, with every setting that has a branch of its own.
KINDS = [
    "SGD([w, v, s], lr=0.01, momentum=0.9, weight_decay=0.1)",
    "Adam([w, v, s], lr=0.01, weight_decay=0.1, amsgrad=True)",
    "AdamW([w, v, s], lr=0.01, maximize=True)",
    "RMSprop([w, v, s], lr=0.01, momentum=0.9, centered=True)",
    "Adagrad([w, v, s], lr=0.01, lr_decay=0.1, initial_accumulator_value=0.2)",
    "Adadelta([w, v, s], lr=0.1, weight_decay=0.1)",
    "Adamax([w, v, s], lr=0.01, weight_decay=0.1)",
    "NAdam([w, v, s], lr=0.01, weight_decay=0.1, decoupled_weight_decay=True)",
    "RAdam([w, v, s], lr=0.01, weight_decay=0.1)",
    "Rprop([w, v, s], lr=0.01, etas=(0.4, 1.3), step_sizes=(0.0, 1.0))",
    "ASGD([w, v, s], lr=0.01, weight_decay=0.1, t0=2)",
]


def start(dtype=tg.float64):
    return {name: tg.tensor(GOLDEN["start"][name], dtype=dtype, requires_grad=True) for name in "wvs"}


def loss_of(t):
    x, y = X.to(t["w"].dtype), Y.to(t["w"].dtype)
    return ((((x @ t["w"].T).tanh() @ t["v"].T) * t["s"] - y) ** 2).mean()


def made(text, t, **names):
    return eval(f"tg.optim.{text}", {"tg": tg, **t, **names})


def steps(t, optimizer, count):
    for _ in range(count):
        optimizer.zero_grad()
        loss_of(t).backward()
        optimizer.step()


def assert_bit_equal(a, b):
    for name in a:
        np.testing.assert_array_equal(a[name].detach().numpy(), b[name].detach().numpy())
