"""Report R1's epoch: 60,000 images in shuffled batches of 64, beside hand-written NumPy and PyTorch."""

from __future__ import annotations

import importlib.util
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np

import tinygrad_bp as tg

from . import peers
from .graphs import Result
from .steps import NETWORKS, RATE, data, weights
from .timing import compare

IMAGES = 60_000
R1 = next(network for network in NETWORKS if network.name == "mnist64")
ROUNDS = 5
Epoch = Callable[[], Any]


def images() -> tuple[Any, Any, str]:
    """Pixels (60000, 784) float32 in [0, 1], digits (60000,) int64, and what they are."""
    try:
        pixels, digits = tg.data.mnist()
    except FileNotFoundError:
        rng = np.random.default_rng(0)
        x = rng.random((IMAGES, R1.sizes[0]), dtype=np.float32)
        return x, rng.integers(0, R1.sizes[-1], IMAGES), "random numbers of MNIST's shape"
    return pixels.reshape(len(pixels), -1).astype(np.float32) / 255, digits.astype(np.int64), "MNIST"


def numpy_epoch(x: Any, y: Any) -> Epoch:
    """A permutation, each batch cut out by its indices, and the step of ``steps.hand_written`` for this network."""
    layers = [[w.copy(), b.copy()] for w, b in weights(R1)]
    last = len(layers) - 1
    rng = np.random.default_rng(0)

    def step(x: Any, y: Any) -> Any:
        inputs = [x]
        for i, (w, b) in enumerate(layers):
            z = inputs[-1] @ w + b
            inputs.append(np.maximum(z, 0) if i < last else z)
        out, rows = inputs[-1], np.arange(len(y))
        p = np.exp(out - out.max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
        loss = -np.log(p[rows, y]).mean()
        dz = p.copy()
        dz[rows, y] -= 1
        dz /= len(y)
        for i in range(last, -1, -1):
            w, b = layers[i]
            dw, db = inputs[i].T @ dz, dz.sum(axis=0)
            if i:
                dz = dz @ w.T * (inputs[i] > 0)
            w -= RATE * dw
            b -= RATE * db
        return loss

    def epoch() -> Any:
        order = rng.permutation(len(x))
        for start in range(0, len(x), R1.rows):
            batch = order[start : start + R1.rows]
            loss = step(x[batch], y[batch])
        return loss

    return epoch


def loader(x: Any, y: Any) -> tg.data.DataLoader:
    """The same batches, ours."""
    return tg.data.DataLoader(tg.data.TensorDataset(x, y), batch_size=R1.rows, shuffle=True)


def fit_epoch(x: Any, y: Any) -> Epoch:
    """``train.fit``, which keeps loss and accuracy on the way."""
    model = tg.models.MLP(R1.sizes)
    with tg.no_grad():
        for layer, (w, b) in zip(model[::2], weights(R1), strict=True):
            layer.weight.copy_(tg.tensor(w.T))
            layer.bias.copy_(tg.tensor(b))
    loss, optimizer, batches = tg.nn.CrossEntropyLoss(), tg.optim.SGD(model.parameters(), lr=RATE), loader(x, y)
    return lambda: tg.train.fit(model, loss, optimizer, batches, progress=False)


def loader_epoch(x: Any, y: Any) -> Epoch:
    """Our loader alone."""
    batches = loader(x, y)

    def epoch() -> None:
        for _ in batches:
            pass

    return epoch


def torch_loader_epoch(x: Any, y: Any) -> Epoch:
    """PyTorch with its own ``DataLoader`` over a ``TensorDataset``."""
    import torch
    from torch.utils.data import DataLoader, TensorDataset

    step = peers.pytorch(R1)
    batches = DataLoader(TensorDataset(torch.from_numpy(x), torch.from_numpy(y)), batch_size=R1.rows, shuffle=True)

    def epoch() -> None:
        for batch in batches:
            step(*batch)

    return epoch


def torch_sliced_epoch(x: Any, y: Any) -> Epoch:
    """PyTorch with batches cut by hand, which it is faster with."""
    import torch

    step = peers.pytorch(R1)
    pixels, digits = torch.from_numpy(x), torch.from_numpy(y)

    def epoch() -> None:
        order = torch.randperm(len(pixels))
        for batch in order.split(R1.rows):
            step(pixels[batch], digits[batch])

    return epoch


def in_turns(epochs: dict[str, Epoch]) -> dict[str, list[float]]:
    """Seconds of every kind of epoch, round by round; who goes first changes."""
    names = list(epochs)
    seconds: dict[str, list[float]] = {name: [] for name in names}
    for i in range(ROUNDS + 1):
        for name in names[i % len(names) :] + names[: i % len(names)]:
            start = time.perf_counter()
            epochs[name]()
            if i:  # the first round warms up
                seconds[name].append(time.perf_counter() - start)
    return seconds


def epochs(with_peers: bool) -> list[Result]:
    """The epoch beside the others', and the loader's share of it."""
    x, y, what = images()
    sides = {"ours": fit_epoch(x, y), "NumPy": numpy_epoch(x, y), "loader": loader_epoch(x, y)}
    if with_peers and importlib.util.find_spec("torch"):
        sides |= {"PyTorch": torch_loader_epoch(x, y), "PyTorch, sliced": torch_sliced_epoch(x, y)}
    seconds = in_turns(sides)

    def ratio(of: str, to: str) -> float:
        return statistics.median(a / b for a, b in zip(seconds[of], seconds[to], strict=True))

    def times(*names: str) -> str:
        return " / ".join(f"{statistics.median(seconds[name]):.2f} s" for name in names)

    def beside(text: str, name: str, bar: float | None) -> Result:
        found = ratio("ours", name)
        figure = f"{found:.2f} × ({times('ours', name)})"
        return Result(text, figure, f"≤ {bar} ×" if bar else "none", not bar or found <= bar)

    share = ratio("loader", "ours")
    text = f"an epoch of `fit` ({what}), loader included, beside NumPy by hand, permutation and cutting included"
    share_text = f"{100 * share:.1f} % ({times('loader', 'ours')})"
    results = [
        beside(text, "NumPy", 1.2),
        Result("share of `DataLoader` in it: the loader alone", share_text, "≤ 5 %", share <= 0.05),
    ]
    if "PyTorch" in seconds:
        import torch

        count = torch.get_num_threads()
        threads = f"{count} thread{'s' if count > 1 else ''}"
        results.insert(1, beside(f"the same beside PyTorch with its `DataLoader`, {threads}", "PyTorch", 1.0))
        text = f"the same beside PyTorch with batches cut by `torch.randperm`, {threads}"
        results.insert(2, beside(text, "PyTorch, sliced", None))
    return results


def fit_overhead(seconds: float, steps: int = 100) -> Result:
    """``train.fit`` beside the bare loop, which keeps no figure at all, on the smallest network."""
    network = NETWORKS[0]
    x, y = data(network)
    batches = [(tg.tensor(x), tg.tensor(y))] * steps

    def parts() -> tuple[tg.nn.Module, tg.nn.Module, tg.optim.Optimizer]:
        model = tg.models.MLP(network.sizes, activation=tg.nn.Sigmoid, output=tg.nn.Sigmoid)
        return model, tg.nn.MSELoss(), tg.optim.SGD(model.parameters(), lr=RATE)

    model, loss_of, optimizer = parts()
    fitted = parts()

    def by_hand() -> None:
        for x, y in batches:
            optimizer.zero_grad()
            loss = loss_of(model(x), y)
            loss.backward()
            optimizer.step()

    found = compare(by_hand, lambda: tg.train.fit(*fitted, batches, progress=False), seconds)
    return Result(
        f"a step of `fit`, loss and accuracy kept, beside a loop by hand that keeps nothing, {network.name}",
        f"{found.ratio:.2f} × ({found.ours / steps * 1e6:.0f} µs / {found.theirs / steps * 1e6:.0f} µs)", "≤ 1.1 ×",
        found.ratio <= 1.1,
    )  # fmt: skip
