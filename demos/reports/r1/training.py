"""The data, the network, the recipes and the training of R1."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import tinygrad_bp as tg
from tinygrad_bp.data import DataLoader, TensorDataset
from tinygrad_bp.optim.lr_scheduler import OneCycleLR
from tinygrad_bp.train import DivergedError, fit

HIDDEN = (256, 128)
VALIDATION = 5_000  # the last training images
STAND_IN = (
    "MNIST is not here (--data DIR names its folder, --download fetches it). "
    "So the 1,797 digits of 8×8 pixels that come with the package stand in."
)


class Parts(NamedTuple):
    """The three parts of the data: images (n, pixels) float32 in [0, 1], labels (n,) int64."""

    train: TensorDataset
    val: TensorDataset
    test: TensorDataset

    @property
    def pixels(self) -> int:
        """The number of inputs."""
        return int(self.train.tensors[0].shape[1])

    @property
    def note(self) -> str:
        """What stands in for MNIST, and how to get it; nothing where MNIST is here."""
        return "" if self.pixels == 784 else STAND_IN

    @property
    def name(self) -> str:
        """What the images are."""
        return "digits" if self.note else "MNIST"

    def first(self, images: int) -> Parts:
        """With the first training images alone."""
        return self._replace(train=TensorDataset(*self.train[:images]))


class Candidate(NamedTuple):
    """A recipe for the best setting."""

    batch: int
    optimizer: Any  # parameters to optimizer
    peak: float | None  # of one cycle of the learning rate; None keeps it


CANDIDATES = {
    "SGD, lr 0.1, batch 64": Candidate(64, lambda p: tg.optim.SGD(p, lr=0.1), None),
    "SGD, Nesterov, one cycle to lr 0.1, batch 128": Candidate(
        128, lambda p: tg.optim.SGD(p, lr=0.1, momentum=0.9, nesterov=True), 0.1
    ),
    "AdamW, decay 0.1, one cycle to lr 0.003, batch 128": Candidate(
        128, lambda p: tg.optim.AdamW(p, lr=0.003, weight_decay=0.1), 0.003
    ),
}


def network(hidden: Sequence[int] = HIDDEN, pixels: int = 784) -> tg.models.MLP:
    """The report's fc1 → ReLU → fc2 → ReLU → classifier; one size in ``hidden`` leaves fc2 out.

    The softmax is part of the loss, which takes scores.
    """
    return tg.models.MLP([pixels, *hidden, 10], activation=tg.nn.ReLU)


def load(data: Path | None) -> Parts:
    """MNIST as rows of pixels; where no ``data`` is given and none is found, the digits that come with the package."""
    try:
        (images, labels), (test_images, test_labels) = (tg.data.mnist(data, split) for split in ("train", "test"))
    except FileNotFoundError:
        if data is not None:
            raise
        return digits()
    x, y = rows(images), labels.astype(np.int64)
    split = len(x) - min(VALIDATION, len(x) // 5)
    return Parts(
        TensorDataset(x[:split], y[:split]),
        TensorDataset(x[split:], y[split:]),
        TensorDataset(rows(test_images), test_labels.astype(np.int64)),
    )


def digits() -> Parts:
    """1,797 digits of 8×8 pixels: 1,200 to train on, 300 to validate, 297 to test."""
    images, labels = tg.data.digits()
    chosen = np.random.default_rng(0).permutation(len(labels))  # in the file, all digits of a writer stand together
    x, y = (images.reshape(-1, 64) / np.float32(16))[chosen], labels[chosen]
    cuts = slice(1200), slice(1200, 1500), slice(1500, None)
    return Parts(*(TensorDataset(x[cut], y[cut]) for cut in cuts))


def rows(images: Any) -> Any:
    """Images uint8 (n, 28, 28) as float32 (n, 784) in [0, 1]."""
    return images.reshape(len(images), -1) / np.float32(255)


def learn(
    parts: Parts, hidden: Sequence[int], lr: float, batch: int, epochs: int, seed: int, reduction: str = "mean"
) -> Any:
    """Validation accuracies (epochs,) in percent of plain SGD; NaN once the loss has overflowed.

    ``reduction="sum"`` is the report's rule: its gradient p − t lacks the division by N.
    """
    tg.manual_seed(seed)
    model = network(hidden, parts.pixels)
    # A last batch of a few rows would make a long step in a noisy direction: the report's batches are all whole.
    batches = DataLoader(parts.train, batch, shuffle=True, drop_last=True, generator=tg.Generator().manual_seed(seed))
    loss, optimizer = tg.nn.CrossEntropyLoss(reduction=reduction), tg.optim.SGD(model.parameters(), lr=lr)
    try:
        with np.errstate(over="ignore", invalid="ignore"):  # a learning rate that overflows is one of the findings
            history = fit(model, loss, optimizer, batches, DataLoader(parts.val, 1000), epochs)
    except DivergedError as error:
        history = error.history
    return 100 * np.array([*history.val_accuracy, *[np.nan] * (epochs - len(history))])


class Trained(NamedTuple):
    """A candidate after its training."""

    model: tg.models.MLP
    history: Any
    seconds: float

    @property
    def train(self) -> float:
        """Training accuracy of the last epoch, while it learnt, in percent."""
        return 100 * float(self.history.accuracy[-1])

    @property
    def val(self) -> float:
        """Validation accuracy in the end, in percent."""
        return 100 * float(self.history.val_accuracy[-1])


def train(parts: Parts, candidate: Candidate, epochs: int, seed: int) -> Trained:
    """Train one candidate on all training images."""
    tg.manual_seed(seed)
    model = network(pixels=parts.pixels)
    batches = DataLoader(
        parts.train, candidate.batch, shuffle=True, drop_last=True, generator=tg.Generator().manual_seed(seed)
    )
    optimizer = candidate.optimizer(model.parameters())
    cycle = OneCycleLR(optimizer, candidate.peak, epochs * len(batches)) if candidate.peak else None
    start = time.perf_counter()
    history = fit(
        model, tg.nn.CrossEntropyLoss(), optimizer, batches, DataLoader(parts.val, 1000), epochs, batch_schedule=cycle
    )
    return Trained(model, history, time.perf_counter() - start)
