"""A training with an average of the weights, beside PyTorch's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason='needs pip install "tinygrad_bp[conformance]"')

import tinygrad_bp as tg  # noqa: E402


@pytest.mark.parametrize("use_buffers", [False, True])
@pytest.mark.parametrize("which", ["", "get_ema_avg_fn", "get_ema_multi_avg_fn", "get_swa_avg_fn"])
def test_an_average_over_a_training(which: str, use_buffers: bool) -> None:
    rng = np.random.default_rng(0)
    rows, ends = rng.standard_normal((40, 3)), []
    for lib in (tg, torch):
        lib.manual_seed(0)
        model = lib.nn.Sequential(
            lib.nn.Linear(3, 4), lib.nn.BatchNorm1d(4), lib.nn.Tanh(), lib.nn.Linear(4, 1)
        ).double()
        utils = lib.optim.swa_utils
        chosen: dict[str, Any] = {which[8:] if "multi" in which else "avg_fn": getattr(utils, which)()} if which else {}
        average = utils.AveragedModel(model, use_buffers=use_buffers, **chosen)
        optimizer = lib.optim.SGD(model.parameters(), lr=0.05)
        schedule = utils.SWALR(optimizer, 0.01, anneal_epochs=25)
        x = lib.tensor(rows, dtype=lib.float64)
        y = x[:, :1] * x[:, 1:2]
        for _ in range(60):
            optimizer.zero_grad()
            ((model(x) - y) ** 2).mean().backward()
            optimizer.step()
            schedule.step()
            average.update_parameters(model)
        before = {name: value.detach().numpy().copy() for name, value in average.state_dict().items()}
        utils.update_bn([x[:20], (x[20:], None)], average)
        after = {f"{name} anew": value.detach().numpy().copy() for name, value in average.state_dict().items()}
        ends.append({**before, **after})
    assert list(ends[0]) == list(ends[1])
    for name, value in ends[1].items():
        np.testing.assert_allclose(ends[0][name], value, rtol=1e-6, atol=1e-9, err_msg=name)
