"""Trainings that are killed and started again: ``python -m benchmarks.resumed NAME FOLDER`` prints what comes out.

What comes out is a checksum of all that must be the same: weights, buffers, the optimizer's state, the history but for
its seconds, and where the random stream stands.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

import tinygrad_bp as tg

ROWS = 120


class Net(tg.nn.Module):
    """Dropout draws random numbers, and batch norm keeps statistics."""

    def __init__(self, width: int = 64) -> None:
        super().__init__()
        self.hidden = tg.nn.Linear(20, width)
        self.norm = tg.nn.BatchNorm1d(width)
        self.drop = tg.nn.Dropout(0.3)
        self.out = tg.nn.Linear(width, 5)

    def forward(self, x: Any) -> Any:
        return self.out(self.drop(self.norm(self.hidden(x)).relu()))


def data(rows: int = ROWS) -> Any:
    """Rows to learn, the same in every process."""
    x = np.random.default_rng(0).standard_normal((rows, 20)).astype(np.float32)
    return tg.data.TensorDataset(tg.tensor(x), tg.tensor(x[:, :5].argmax(1)))


def checksum(model: Any, optimizer: Any, figures: Any) -> str:
    """Of all that must be the same in the end."""
    sums = hashlib.sha256(json.dumps(figures).encode())
    for name, value in model.state_dict().items():
        sums.update(name.encode() + value.numpy().tobytes())
    for number, kept in optimizer.state_dict()["state"].items():
        for name, value in kept.items():
            for item in value if isinstance(value, list) else [value]:
                sums.update(f"{number} {name}".encode() + (np.asarray(item).tobytes() if item is not None else b""))
    sums.update(tg.get_rng_state().numpy().tobytes())
    return sums.hexdigest()[:16]


def told(history: Any) -> Any:
    """The figures of a history but for its seconds."""
    return {name: figures for name, figures in history.state_dict().items() if name != "seconds"}


def fitted(
    folder: Path | None, epochs: int = 12, callbacks: Sequence[Any] = (), compile: bool | str = False, width: int = 64
) -> str:
    """``fit`` with all that has a state; without a folder nothing is kept."""
    tg.manual_seed(0)
    model = Net(width)
    optimizer = tg.optim.AdamW(model.parameters(), lr=0.01, amsgrad=True)
    train = tg.data.DataLoader(data(), 16, shuffle=True)
    val = tg.data.DataLoader(data(50), 20, shuffle=True, generator=tg.Generator().manual_seed(4))
    listening: list[Any] = [tg.train.EarlyStopping(patience=epochs), tg.train.KeepBest(), *callbacks]
    if folder is not None:
        listening.append(tg.train.Checkpoint(folder, steps=3))
    history = tg.train.fit(
        model, tg.nn.CrossEntropyLoss(), optimizer, train, val, epochs=epochs, callbacks=listening, progress=False,
        schedule=tg.optim.lr_scheduler.ReduceLROnPlateau(optimizer, patience=0, factor=0.9), clip_grad_norm=1.0,
        compile=compile, resume=folder,
    )  # fmt: skip
    return checksum(model, optimizer, told(history))


def compiled(folder: Path | None, epochs: int = 12, callbacks: Sequence[Any] = ()) -> str:
    """The same, with steps that run as a program. Without a folder Python runs them, and the bits are the same."""
    return fitted(folder, epochs, callbacks, compile=folder is not None)


def large(folder: Path | None, epochs: int = 4, callbacks: Sequence[Any] = ()) -> str:
    """``fit`` of a model whose snapshots take longer than its steps: kills come in the middle of writing."""
    return fitted(folder, epochs, callbacks, width=20_000)


def one_cycle(folder: Path | None, epochs: int = 12, callbacks: Sequence[Any] = ()) -> str:
    """A list of batches, momentum, and a schedule that is stepped after each of them."""
    tg.manual_seed(1)
    model = Net()
    optimizer = tg.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    x, y = data().tensors
    batches = [(x[i : i + 10], y[i : i + 10]) for i in range(0, ROWS, 10)]
    listening = list(callbacks)
    if folder is not None:
        listening.append(tg.train.Checkpoint(folder, epochs=2, steps=5, keep=2))
    schedule = tg.optim.lr_scheduler.OneCycleLR(optimizer, 0.5, epochs=epochs, steps_per_epoch=len(batches))
    history = tg.train.fit(
        model, tg.nn.CrossEntropyLoss(), optimizer, batches, epochs=epochs, batch_schedule=schedule, progress=False,
        callbacks=listening, resume=folder,
    )  # fmt: skip
    return checksum(model, optimizer, told(history))


def by_hand(folder: Path | None, epochs: int = 5, callbacks: Sequence[Any] = ()) -> str:
    """A loop written by hand, with L-BFGS, and a sampler that draws with replacement from a generator of its own."""
    tg.manual_seed(2)
    model, loss_of = Net(16), tg.nn.CrossEntropyLoss()
    optimizer = tg.optim.LBFGS(model.parameters(), lr=0.1, max_iter=3, history_size=4)
    rows, own = data(), tg.Generator().manual_seed(9)
    sampler = tg.data.RandomSampler(rows, replacement=True, num_samples=100, generator=own)
    loader = tg.data.DataLoader(rows, 30, sampler=sampler)
    parts = {"model": model, "optimizer": optimizer, "loader": loader}
    keeper = tg.train.Checkpoint(folder, monitor="loss") if folder is not None else None
    went = keeper.resume(**parts) if keeper is not None else {}
    losses = went.get("losses", [])
    for epoch in range(went.get("epoch", 0), epochs):
        for x, y in loader:

            def closure(x: Any = x, y: Any = y) -> Any:
                optimizer.zero_grad()
                loss = loss_of(model(x), y)
                loss.backward()
                return loss

            losses.append(optimizer.step(closure).item())
            for callback in callbacks:
                callback(losses)
            if keeper is not None:
                keeper.save(**parts, losses=losses, epoch=epoch, loss=losses[-1])
        if keeper is not None:
            keeper.save(**parts, losses=losses, epoch=epoch + 1, loss=losses[-1])
    return checksum(model, optimizer, losses)


TRAININGS: dict[str, Callable[..., str]] = {
    "fit": fitted, "compiled": compiled, "large": large, "one-cycle": one_cycle, "by-hand": by_hand,
}  # fmt: skip


if __name__ == "__main__":
    print("ready", flush=True)
    print(TRAININGS[sys.argv[1]](Path(sys.argv[2]) if len(sys.argv) > 2 else None))
