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
from .steps import NETWORKS, data, engine, hand_written, parts
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
    """A permutation, each batch cut out by its indices, and the step written by hand."""
    step, rng = hand_written(R1), np.random.default_rng(0)

    def epoch() -> None:
        order = rng.permutation(len(x))
        for start in range(0, len(x), R1.rows):
            batch = order[start : start + R1.rows]
            step(x[batch], y[batch])

    return epoch


def loader(x: Any, y: Any) -> tg.data.DataLoader:
    """The same batches, ours."""
    return tg.data.DataLoader(tg.data.TensorDataset(x, y), batch_size=R1.rows, shuffle=True)


def fit_epoch(x: Any, y: Any) -> Epoch:
    """``train.fit``, which keeps loss and accuracy on the way."""
    fitted, batches = parts(R1), loader(x, y)
    return lambda: tg.train.fit(*fitted, batches, progress=False)


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

    step, fitted = engine(network), parts(network)

    def by_hand() -> None:
        for batch in batches:
            step(*batch)

    found = compare(by_hand, lambda: tg.train.fit(*fitted, batches, progress=False), seconds)
    return Result(
        f"a step of `fit`, loss and accuracy kept, beside a loop by hand that keeps nothing, {network.name}",
        f"{found.ratio:.2f} × ({found.ours / steps * 1e6:.0f} µs / {found.theirs / steps * 1e6:.0f} µs)", "≤ 1.2 ×",
        found.ratio <= 1.2,
    )  # fmt: skip
