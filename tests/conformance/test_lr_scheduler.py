"""Schedules beside PyTorch's where they are not stepped one by one: jumps, resumption, rates that are tensors."""

from __future__ import annotations

import inspect
import warnings
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason='needs pip install "tinygrad_bp[conformance]"')

import tinygrad_bp as tg  # noqa: E402

S = tg.optim.lr_scheduler
SCHEDULES = [
    "StepLR(o, 4)", "MultiStepLR(o, [3, 3, 8])", "ConstantLR(o, 0.5, 6)", "LinearLR(o, 0.2, total_iters=7)",
    "ExponentialLR(o, 0.9)", "PolynomialLR(o, 9, 2.0)", "CosineAnnealingLR(o, 6, 0.01)", "CyclicLR(o, 0.1, 0.5, 4)",
    "LambdaLR(o, lambda n: 0.9**n)", "MultiplicativeLR(o, lambda n: 0.9)", "CosineAnnealingWarmRestarts(o, 3, 2)",
    "OneCycleLR(o, 0.3, 40)",
]  # fmt: skip


def optimizer_of(lib: Any, lr: Any = 0.1) -> Any:
    params = [lib.tensor([1.0], requires_grad=True) for _ in range(2)]
    return lib.optim.SGD([{"params": params[:1]}, {"params": params[1:], "lr": 0.2}], lr=lr, momentum=0.9)


def made(lib: Any, text: str, optimizer: Any, **more: Any) -> Any:
    return eval(text.replace(")", f", {', '.join(f'{k}={v}' for k, v in more.items())})") if more else text,
                {**vars(lib.optim.lr_scheduler), "o": optimizer})  # fmt: skip


def rates(schedule: Any) -> list[float]:
    return [float(lr) for lr in schedule.get_last_lr()]


@pytest.mark.parametrize("text", SCHEDULES)
def test_a_jump_to_an_epoch(text: str) -> None:
    found = []
    for lib in (tg, torch):
        optimizer = optimizer_of(lib)
        schedule, path = made(lib, text, optimizer), []
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for epoch in (1, 2, None, 7, 3, None, None, 15):
                optimizer.step()
                schedule.step() if epoch is None else schedule.step(epoch)
                path.append((schedule.last_epoch, *rates(schedule)))
        found.append(path)
    np.testing.assert_allclose(*found, rtol=1e-9)


@pytest.mark.parametrize("text", [text for text in SCHEDULES if "lambda" not in text])
def test_last_epoch_goes_on_with_an_earlier_run(text: str) -> None:
    found = []
    for lib in (tg, torch):
        optimizer = optimizer_of(lib)
        schedule = made(lib, text, optimizer)
        for _ in range(5):
            optimizer.step()
            schedule.step()
        again, path = made(lib, text, optimizer, last_epoch=schedule.last_epoch), []
        for _ in range(6):
            path.append((again.last_epoch, *rates(again)))
            optimizer.step()
            again.step()
        found.append(path)
    np.testing.assert_allclose(*found, rtol=1e-9)


@pytest.mark.parametrize("text", [text for text in SCHEDULES if not text.startswith(("Cyclic", "OneCycle"))])
def test_a_rate_that_is_a_tensor_is_written_in_place(text: str) -> None:
    found = []
    for lib in (tg, torch):
        lr = lib.tensor(0.1, dtype=lib.float64)
        optimizer = optimizer_of(lib, lr)
        schedule, path = made(lib, text, optimizer), []
        for _ in range(8):
            optimizer.step()
            schedule.step()
            path.append([*rates(schedule), lr.item()])
        assert optimizer.param_groups[0]["lr"] is lr
        found.append(path)
    np.testing.assert_allclose(*found, rtol=1e-9)


@pytest.mark.parametrize("text", [*SCHEDULES, "ReduceLROnPlateau(o, patience=0, min_lr=[0.01, 0.1])",
    "SequentialLR(o, [LinearLR(o, 0.1, total_iters=3), MultiStepLR(o, [1, 4])], [3])",
    "ChainedScheduler([ConstantLR(o, 0.1, 3), StepLR(o, 2)])",
])  # fmt: skip
def test_a_state_of_pytorch_is_taken_over(text: str) -> None:
    def step(optimizer: Any, schedule: Any) -> list[float]:
        optimizer.step()
        schedule.step(*([1.0] if text.startswith("Reduce") else []))
        return rates(schedule)

    optimizer, other = optimizer_of(tg), optimizer_of(torch)
    schedule, theirs = made(tg, text, optimizer), made(torch, text, other)
    for _ in range(4):
        step(other, theirs)
    optimizer.load_state_dict(other.state_dict())
    schedule.load_state_dict(theirs.state_dict())
    assert schedule.state_dict() == theirs.state_dict()
    for _ in range(4):
        np.testing.assert_allclose(step(optimizer, schedule), step(other, theirs), rtol=1e-9)


def test_warm_restarts_take_parts_of_epochs() -> None:
    found = []
    for lib in (tg, torch):
        schedule, path = lib.optim.lr_scheduler.CosineAnnealingWarmRestarts(optimizer_of(lib), 3, 2), []
        for step in range(60):
            schedule.step(step / 4)
            path.append((schedule.last_epoch, schedule.T_cur, schedule.T_i, *rates(schedule)))
        found.append(path)
    np.testing.assert_allclose(*found, rtol=1e-9)


@pytest.mark.parametrize("name", S.__all__)
def test_arguments_are_those_of_pytorch(name: str) -> None:
    ours, theirs = (inspect.signature(getattr(lib.optim.lr_scheduler, name)).parameters for lib in (tg, torch))
    assert [(p.name, p.default, p.kind) for p in ours.values()] == [
        (p.name, p.default, p.kind) for p in theirs.values()
    ]
    assert set(S.__all__) == set(torch.optim.lr_scheduler.__all__)
