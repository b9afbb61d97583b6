"""Layers, distributions and what trains them, on arrays that refuse what CuPy's refuse: their numbers are the CPU's."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import distribution_calls
import numpy as np
import pytest
from program.test_layers import LAYERS, drawn
from test_cuda import flat, gpu, numbers

import tinygrad_bp as tg
from tinygrad_bp.autograd.errors import DeviceError

__all__ = ["gpu"]  # a GPU for each test
nn, F = tg.nn, tg.nn.functional


def found(name: str, device: str) -> list[Any]:
    """What a layer gives, the gradients of its parameters, and its buffers."""
    make, shapes = LAYERS[name]
    tg.manual_seed(0)
    layer = make().to(device)
    result = flat(layer(*[drawn(shape, np.random.default_rng(1)).to(device) for shape in shapes]))
    if recorded := [y for y in result if y.requires_grad]:
        sum((y * y).sum() for y in recorded).backward()
    gradients = [p.grad for p in layer.parameters() if p.grad is not None]
    return [*result, *gradients, *layer.buffers()]


def test_every_layer_gives_there_what_it_gives_here() -> None:
    wrong = []
    for name in LAYERS:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                for one, other in zip(found(name, "cpu"), found(name, "cuda"), strict=True):
                    assert other.is_cuda and other.dtype == one.dtype
                    np.testing.assert_allclose(numbers(other), numbers(one), rtol=1e-4, atol=1e-5)
        except Exception as error:
            wrong.append(f"{name}: {type(error).__name__}: {error}")
    assert not wrong, "\n".join(wrong)


def test_every_distribution_draws_there_what_it_draws_here() -> None:
    wrong = []
    for call in distribution_calls.CALLS:
        try:
            drawn_on = []
            for device in ("cpu", "cuda"):
                names = {"D": tg.distributions, "t": lambda data, device=device: tg.tensor(data, device=device)}
                tg.manual_seed(0)
                each = eval(call, names)
                value = each.sample((2,))
                drawn_on.append([value, each.log_prob(value)])
            for one, other in zip(*drawn_on, strict=True):
                assert other.is_cuda
                np.testing.assert_allclose(numbers(other), numbers(one), rtol=1e-4, atol=1e-5)
        except Exception as error:
            wrong.append(f"{call}: {type(error).__name__}: {error}")
    assert not wrong, "\n".join(wrong)


X, Y = drawn((12, 4), np.random.default_rng(0)), drawn(("below 3", (12,)), np.random.default_rng(0))


def trained(device: str) -> list[float]:
    """What stands beside a training: clipping, averages, a schedule, lazy layers, packed sequences."""
    tg.manual_seed(0)
    model = nn.Sequential(nn.LazyLinear(5), nn.LazyBatchNorm1d(), nn.Tanh(), nn.Linear(5, 3)).to(device)
    x, y, told = X.to(device), Y.to(device), []
    model(x)
    optimizer = tg.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    average, ema = tg.optim.swa_utils.AveragedModel(model), tg.optim.swa_utils.get_ema_multi_avg_fn(0.9)
    smooth = tg.optim.swa_utils.AveragedModel(model, device="cpu", multi_avg_fn=ema)
    for order in (2.0, 3.0, float("inf")):
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        nn.utils.clip_grad_value_(model.parameters(), 0.5)
        told += [loss.item(), nn.utils.clip_grad_norm_(model.parameters(), 0.1, order).item()]
        optimizer.step()
        average.update_parameters(model)
        smooth.update_parameters(model)
    tg.optim.swa_utils.update_bn([x], average)
    states = [*average.state_dict().values(), *smooth.module.state_dict().values()]
    told += [float(numbers(value).sum()) for value in states]
    packed = nn.utils.rnn.pack_padded_sequence(x[:3].reshape(3, 4, 1), [4, 2, 1], batch_first=True)
    rows, _ = nn.LSTM(1, 2, batch_first=True).to(device)(packed)
    return [*told, nn.utils.rnn.pad_packed_sequence(rows, padding_value=2.0)[0].sum().item()]


def test_what_stands_beside_a_training() -> None:
    np.testing.assert_allclose(trained("cuda"), trained("cpu"), rtol=1e-5)


def test_fit_keeps_watches_and_goes_on(tmp_path: Path) -> None:
    def fit(device: str, epochs: int, seed: int, folder: Path | None) -> Any:
        tg.manual_seed(seed)
        model = nn.Sequential(nn.Linear(4, 6), nn.Dropout(0.2), nn.Linear(6, 3)).to(device)
        optimizer = tg.optim.NAdam(model.parameters(), lr=0.01)
        loader = tg.data.DataLoader(tg.data.TensorDataset(X, Y), 4, shuffle=True)
        history = tg.train.fit(
            model, nn.CrossEntropyLoss(), optimizer, loader, [(X, Y)], epochs, progress=False, resume=folder,
            callbacks=[tg.train.KeepBest(), tg.train.Monitor()],
        )  # fmt: skip
        return history.loss, [numbers(value).tolist() for value in model.state_dict().values()]

    fit("cuda", 2, 0, tmp_path)
    whole = fit("cuda", 4, 0, None)
    assert fit("cuda", 4, 9, tmp_path) == whole
    np.testing.assert_allclose(whole[0], fit("cpu", 4, 0, None)[0], rtol=1e-4)


def test_initial_numbers_and_derivatives() -> None:
    for name, *given in (("orthogonal_",), ("trunc_normal_",), ("sparse_", 0.5), ("eye_",), ("xavier_normal_",)):
        here, there = tg.zeros(4, 4), tg.zeros(4, 4, device="cuda")
        for x in (here, there):
            tg.manual_seed(1)
            getattr(nn.init, name)(x, *given)
        np.testing.assert_array_equal(numbers(there), numbers(here))
    x = tg.tensor([1.0, 2.0], device="cuda")
    assert tg.func.jacrev(lambda t: t * t)(x).tolist() == [[2, 0], [0, 4]]
    assert tg.func.hessian(lambda t: (t**3).sum())(x).tolist() == [[6, 0], [0, 12]]
    assert tg.func.hvp(lambda t: (t**3).sum(), (x,), (x,)).tolist() == [6, 24]
    assert nn.Transformer.generate_square_subsequent_mask(2, device="cuda").is_cuda
    assert x.requires_grad_().numpy(force=True).tolist() == [1, 2]


def test_an_export_is_written_on_the_cpu(tmp_path: Path) -> None:
    pytest.importorskip("onnx")
    model = nn.Linear(2, 1).to("cuda")
    with pytest.raises(DeviceError, match=r"onnx\.export runs on the CPU"):
        tg.onnx.export(model, tg.ones(1, 2, device="cuda"), tmp_path / "model.onnx")
