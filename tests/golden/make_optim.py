"""Writes optim.json and lr_scheduler.json: PyTorch's trajectories. Run by hand, needs torch.

python tests/golden/make_optim.py
"""

from __future__ import annotations

import math
from typing import Any

import torch
from make import numbers, write

# A map of two layers and a scale, so that no gradient is constant and the groups can differ. The targets are far off:
# near a minimum the steps of an adaptive rule depend on the last bits of gradients that cancel, in PyTorch as well.
START = {
    "w": [[0.3, -0.1, 0.4], [0.2, 0.7, -0.5]],
    "v": [[0.6, -0.3]],
    "s": 0.5,
    "x": [[0.5, -1.0, 2.0], [1.5, 0.3, -0.7], [-0.2, 0.8, 0.1], [1.0, 1.0, -1.0]],
    "y": [[5.0], [-3.0], [4.0], [8.0]],
}
SETTINGS = {
    "SGD": [
        "lr=0.01", "lr=0.01, momentum=0.9", "lr=0.01, momentum=0.9, nesterov=True",
        "lr=0.01, momentum=0.9, dampening=0.5", "lr=0.01, weight_decay=0.1",
        "lr=0.01, momentum=0.5, weight_decay=0.1, nesterov=True", "lr=0.001, maximize=True",
        "lr=0.0001, momentum=0.9, weight_decay=0.1, dampening=0.1, maximize=True",
    ],
    "Adam": [
        "", "lr=0.01", "lr=0.005, betas=(0.8, 0.9)", "lr=0.01, eps=0.1", "lr=0.01, weight_decay=0.1",
        "lr=0.05, amsgrad=True", "lr=0.01, maximize=True", "lr=0.01, betas=(0.0, 0.0), eps=0.1",
        "lr=0.02, betas=(0.7, 0.95), eps=1e-4, weight_decay=0.05, amsgrad=True, maximize=True",
    ],
    "AdamW": [
        "", "lr=0.01", "lr=0.01, weight_decay=0.5", "lr=0.05, amsgrad=True, weight_decay=0.1",
        "lr=0.003, maximize=True, betas=(0.8, 0.9)", "lr=0.01, weight_decay=0.0",
    ],
    "RMSprop": [
        "lr=0.002", "lr=0.001, alpha=0.9", "lr=0.002, momentum=0.9", "lr=0.002, centered=True",
        "lr=0.01, weight_decay=0.1", "lr=0.005, eps=0.01, maximize=True",
        "lr=0.003, alpha=0.95, momentum=0.5, centered=True, weight_decay=0.01, maximize=True",
    ],
    "Adagrad": [
        "", "lr=0.05", "lr=0.1, lr_decay=0.05", "lr=0.1, initial_accumulator_value=0.5", "lr=0.1, weight_decay=0.1",
        "lr=0.05, eps=0.01, maximize=True",
    ],
    "Adadelta": ["lr=0.1", "lr=0.5, rho=0.7, eps=1e-4", "lr=0.02, weight_decay=0.1, eps=1e-3"],
    "Adamax": ["lr=0.01", "lr=0.01, betas=(0.8, 0.95), eps=0.01", "lr=0.01, weight_decay=0.1, maximize=True"],
    "NAdam": [
        "", "lr=0.005, betas=(0.8, 0.95), eps=0.01", "lr=0.003, weight_decay=0.1, momentum_decay=0.1",
        "lr=0.01, weight_decay=0.3, decoupled_weight_decay=True, maximize=True",
    ],
    "RAdam": [
        "lr=0.01", "lr=0.01, betas=(0.8, 0.95), eps=0.01", "lr=0.01, weight_decay=0.1, maximize=True",
        "lr=0.02, weight_decay=0.3, decoupled_weight_decay=True", "betas=(0.5, 0.6)",
    ],
    "Rprop": ["lr=0.001, step_sizes=(1e-6, 0.01)", "lr=0.001, etas=(0.3, 1.1), step_sizes=(1e-5, 0.1), maximize=True"],
    "ASGD": [
        "lr=0.01", "lr=0.01, lambd=0.05, alpha=0.9, t0=20", "lr=0.001, weight_decay=0.1, maximize=True",
    ],
    "Adafactor": [
        "", "lr=0.05, beta2_decay=-0.5, d=2.0", "lr=0.01, weight_decay=0.1, eps=(1e-3, 1e-2), maximize=True",
    ],
}  # fmt: skip
LBFGS = [
    "max_iter=2, lr=0.1", "max_iter=3, line_search_fn='strong_wolfe'", "max_iter=4, history_size=2, lr=0.3",
    "max_iter=5, max_eval=4, lr=0.2, tolerance_grad=0.05, tolerance_change=1e-4, line_search_fn='strong_wolfe'",
]  # fmt: skip
GROUPS = [
    "SGD([dict(params=[w]), dict(params=[v], lr=0.02, momentum=0.5, nesterov=True), dict(params=s, lr=0.0)], lr=0.01)",
    "SGD([dict(params=[w, s], weight_decay=0.1), dict(params=[v], maximize=True, lr=0.001)], lr=0.01, momentum=0.9)",
    "Adam([dict(params=[w], betas=(0.5, 0.9)), dict(params=[v, s], lr=0.002, amsgrad=True)], lr=0.01)",
    "AdamW([dict(params=[w]), dict(params=[v], weight_decay=0.0), dict(params=[s], eps=0.01)], lr=0.01)",
    "RMSprop([dict(params=[w], centered=True), dict(params=[v, s], momentum=0.9, lr=0.0005)], lr=0.002)",
    "Adagrad([dict(params=[w, v]), dict(params=[s], lr_decay=0.1)], lr=0.1)",
    "NAdam([dict(params=[w, v]), dict(params=[s], momentum_decay=0.1)], lr=0.003)",
]
KEPT = (1, 2, 3, 20, 60, 100, 150, 200)

SCHEDULES = [
    "StepLR(o, 30)", "StepLR(o, step_size=7, gamma=0.8)", "ExponentialLR(o, gamma=0.98)", "LinearLR(o)",
    "LinearLR(o, start_factor=0.1, end_factor=0.5, total_iters=60)", "CosineAnnealingLR(o, T_max=200)",
    "CosineAnnealingLR(o, T_max=33, eta_min=1e-3)", "LambdaLR(o, lambda step: 1 / (1 + 0.1 * step))",
    "LambdaLR(o, [lambda step: 0.99**step, lambda step: 1 + step])", "OneCycleLR(o, 0.1, total_steps=200)",
    "OneCycleLR(o, [0.1, 0.3], epochs=20, steps_per_epoch=10, pct_start=0.25, anneal_strategy='linear')",
    "OneCycleLR(o, 0.1, 200, three_phase=True, div_factor=10, final_div_factor=100, base_momentum=[0.7, 0.8])",
    "OneCycleLR(o, 0.1, 200, cycle_momentum=False)", "ReduceLROnPlateau(o)",
    "ReduceLROnPlateau(o, patience=3, factor=0.5, cooldown=4, threshold=0.01, min_lr=[1e-3, 0.0])",
    "ReduceLROnPlateau(o, mode='max', patience=5, threshold_mode='abs', threshold=0.05, eps=1e-3)",
    "MultiStepLR(o, [30, 80])", "MultiStepLR(o, milestones=(5, 5, 120), gamma=0.7)", "ConstantLR(o)",
    "ConstantLR(o, factor=0.2, total_iters=40)", "PolynomialLR(o)", "PolynomialLR(o, total_iters=150, power=2.0)",
    "MultiplicativeLR(o, lambda step: 0.98)", "MultiplicativeLR(o, [lambda n: 0.99, lambda n: 1 + 1 / (n + 1)])",
    "CosineAnnealingWarmRestarts(o, T_0=17)", "CosineAnnealingWarmRestarts(o, 10, T_mult=2, eta_min=1e-3)",
    "CyclicLR(o, 0.01, 0.1, step_size_up=20)", "CyclicLR(o, [0.01, 0.1], 0.3, 15, 30, mode='triangular2')",
    "CyclicLR(o, 0.01, 0.1, 20, mode='exp_range', gamma=0.99, cycle_momentum=False)",
    "CyclicLR(o, 0.01, 0.1, 25, scale_fn=lambda x: 1 / x, base_momentum=[0.5, 0.6], max_momentum=0.95)",
    "CyclicLR(o, 0.01, 0.1, 25, scale_fn=lambda x: 0.99**x, scale_mode='iterations')",
    "SequentialLR(o, [S.ConstantLR(o, 0.1, 20), S.ExponentialLR(o, 0.97)], milestones=[20])",
    "SequentialLR(o, [S.LinearLR(o, 0.1, total_iters=10), S.CosineAnnealingLR(o, 90), S.StepLR(o, 9)], [10, 100])",
    "SequentialLR(o, [S.CosineAnnealingWarmRestarts(o, 12), S.PolynomialLR(o, 60), S.MultiStepLR(o, [7])], [50, 120])",
    "ChainedScheduler([S.ConstantLR(o, 0.1, 30), S.ExponentialLR(o, 0.99)])",
    "ChainedScheduler([S.LinearLR(o, total_iters=50), S.StepLR(o, 40), S.CosineAnnealingLR(o, 130)], optimizer=o)",
    "SequentialLR(o, [S.ChainedScheduler([S.LinearLR(o), S.StepLR(o, 3)]), S.ExponentialLR(o, 0.98)], [30])",
]  # fmt: skip
SCHEDULED = ["SGD([dict(params=[w, s]), dict(params=[v], lr=0.2)], lr=0.05, momentum=0.9)",
             "AdamW([dict(params=[w, s]), dict(params=[v], lr=0.02)], lr=0.05)"]  # fmt: skip
TOGETHER = [
    ["SGD([w, v, s], lr=0.1, momentum=0.9)", "OneCycleLR(o, 0.05, total_steps=200)"],
    ["Adam([w, v, s])", "OneCycleLR(o, 0.05, total_steps=200)"],
    ["AdamW([dict(params=[w]), dict(params=[v, s], lr=0.03)], lr=0.01)", "CosineAnnealingLR(o, T_max=200)"],
    ["RMSprop([w, v, s], lr=0.002)", "ExponentialLR(o, gamma=0.98)"],
    ["Adagrad([w, v, s], lr=0.03)", "LinearLR(o, total_iters=100)"],
    ["SGD([w, v, s], lr=0.05)", "ReduceLROnPlateau(o, patience=2, threshold=0.05)"],
    ["NAdam([w, v, s], lr=0.003)", "CyclicLR(o, 0.001, 0.005, 10)"],
    ["RAdam([w, v, s], lr=0.01)", "SequentialLR(o, [S.LinearLR(o, 0.1), S.CosineAnnealingLR(o, 195)], [5])"],
]


def names() -> dict[str, Any]:
    w, v, s = (torch.tensor(START[name], dtype=torch.float64, requires_grad=True) for name in "wvs")
    x, y = (torch.tensor(START[name], dtype=torch.float64) for name in "xy")
    return {"w": w, "v": v, "s": s, "x": x, "y": y}


def loss_of(t: dict[str, Any]) -> Any:
    return ((((t["x"] @ t["w"].T).tanh() @ t["v"].T) * t["s"] - t["y"]) ** 2).mean()


def metric(step: int) -> float:
    """Falls, then stays with small waves, then falls again."""
    return 1 / (1 + min(step, 60)) + 0.01 * math.cos(step) - (0.5 if step > 150 else 0)


def trajectory(optimizer: str, schedule: str = "") -> list[Any]:
    t = names()
    o = eval(f"torch.optim.{optimizer}", {"torch": torch, **t})
    s = eval(f"S.{schedule}", {"S": torch.optim.lr_scheduler, "o": o}) if schedule else None
    path = []
    for step in range(1, 201):
        o.zero_grad()
        loss = loss_of(t)
        loss.backward()
        o.step()
        if schedule:
            s.step(*([loss.item()] if schedule.startswith("Reduce") else []))
        if step in KEPT:
            path.append([step, *(numbers(t[name]) for name in "wvs")])
    return path


def lbfgs(settings: str) -> list[Any]:
    """The loss before each of 200 steps, into a valley with one floor."""
    t = names()
    o = eval(f"torch.optim.LBFGS([w, v, s], {settings})", {"torch": torch, **t})

    def closure() -> Any:
        o.zero_grad()
        loss = sum(((t[name] - 1) ** 2).sum() * i + (t[name] * i).cosh().sum() for i, name in enumerate("wvs", 1))
        loss.backward()
        return loss

    losses = [o.step(closure).item() for _ in range(200)]
    state = o.state[t["w"]]
    return [losses[:10] + losses[10::19], [state["func_evals"], state["n_iter"]]]


def rates(optimizer: str, schedule: str) -> list[Any]:
    o = eval(f"torch.optim.{optimizer}", {"torch": torch, **names()})
    s = eval(f"S.{schedule}", {"S": torch.optim.lr_scheduler, "o": o})
    found = []
    for step in range(201):
        if step % 10 in (0, 1) or step < 10:
            momenta = [g["betas"][0] if "betas" in g else g["momentum"] for g in o.param_groups]
            found.append([step, s.get_last_lr(), momenta])
        if step < 200:
            o.step()
            s.step(*([metric(step)] if schedule.startswith("Reduce") else []))
    return found


if __name__ == "__main__":
    texts = [f"{name}([w, v, s], {settings})" for name, all_of in SETTINGS.items() for settings in all_of] + GROUPS
    found = [{"optimizer": text, "path": trajectory(text)} for text in texts]
    write("optim.json", {"start": START, "trajectories": found, "lbfgs": [[text, *lbfgs(text)] for text in LBFGS]})
    schedules = [
        {"optimizer": optimizer, "schedule": schedule, "rates": rates(optimizer, schedule)}
        for schedule in SCHEDULES
        for optimizer in (SCHEDULED if schedule.startswith(("One", "Cyclic")) else SCHEDULED[:1])
    ]
    together = [{"optimizer": o, "schedule": s, "path": trajectory(o, s)} for o, s in TOGETHER]
    write("lr_scheduler.json", {"schedules": schedules, "together": together})
