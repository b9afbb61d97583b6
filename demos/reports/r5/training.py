"""The data, the network, the recipes and the training of R5."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import tinygrad_bp as tg
from tinygrad_bp.data import DataLoader, TensorDataset
from tinygrad_bp.optim.lr_scheduler import OneCycleLR
from tinygrad_bp.train import DivergedError, KeepBest, evaluate, fit

from ..table import paragraph, table

SHIFT = 4  # pixels that augmentation moves an image at most, each way
LARGE = 1000  # rows a batch when nothing is learnt


class Parts(NamedTuple):
    """Training, validation and test images (n, pixels) float32 and labels (n,) int64."""

    train: TensorDataset
    val: TensorDataset
    test: TensorDataset

    @property
    def pixels(self) -> int:
        """The number of inputs."""
        return int(self.train.tensors[0].shape[1])

    def __str__(self) -> str:
        counts = [f"{len(part):,}" for part in self]
        return f"{counts[0]} training, {counts[1]} validation and {counts[2]} test images"


class Pixels(NamedTuple):
    """What a network is shown: pixels (0 to 255) over ``scale``, less the mean training image where ``centred``."""

    name: str
    scale: float
    centred: bool


CENTRED = Pixels("0 to 1, centred", 255, True)
RAW = Pixels("0 to 255, centred", 1, True)


def load(data: Path | None, images: int | None = None) -> tuple[Any, ...]:
    """CIFAR-10 as uint8: training images and labels (the first ``images`` of them), test images and labels."""
    (x, y), (test_x, test_y) = (tg.data.cifar10(data, split) for split in ("train", "test"))
    return x[:images], y[:images].astype(np.int64), test_x, test_y.astype(np.int64)


def parts(loaded: tuple[Any, ...], pixels: Pixels = CENTRED) -> Parts:
    """The report's split, 3 : 1 : 1 of the full set: three quarters of the training file train, the rest validates."""
    x, y, test_x, test_y = loaded
    split = len(x) * 3 // 4
    rows = [images.reshape(len(images), -1) / np.float32(pixels.scale) for images in (x[:split], x[split:], test_x)]
    mean = rows[0].mean(0) if pixels.centred else np.float32(0)
    return Parts(*(TensorDataset(row - mean, labels) for row, labels in zip(rows, (y[:split], y[split:], test_y))))


def network(
    hidden: Sequence[int], dropout: float = 0.0, normalised: bool = False, pixels: int = 3072
) -> tg.nn.Sequential:
    """Fully connected layers with ReLU between them: ``pixels``, ``hidden``, 10 scores; softmax is part of the loss.

    ``normalised`` puts batch normalisation before each ReLU, ``dropout`` is the share of hidden values left out.
    """
    layers: list[tg.nn.Module] = []
    size = pixels
    for wide in hidden:
        layers.append(tg.nn.Linear(size, wide))
        if normalised:
            layers.append(tg.nn.BatchNorm1d(wide))
        layers.append(tg.nn.ReLU())
        if dropout:
            layers.append(tg.nn.Dropout(dropout))
        size = wide
    return tg.nn.Sequential(*layers, tg.nn.Linear(size, 10))


class Augmented:
    """A loader whose images are mirrored half of the time and moved by up to ``SHIFT`` pixels each way, at random.

    What comes in from outside the image is 0: the mean image where pixels are centred.
    """

    def __init__(self, batches: DataLoader, generator: tg.Generator) -> None:
        self.batches = batches
        self.generator = generator

    def __len__(self) -> int:
        return len(self.batches)

    def __iter__(self) -> Iterator[tuple[tg.Tensor, tg.Tensor]]:
        for x, y in self.batches:
            yield tg.from_numpy(self.changed(x.numpy())), y

    def changed(self, rows: Any) -> Any:
        """Rows (n, 3072) mirrored and moved."""
        n = len(rows)
        images = rows.reshape(n, 3, 32, 32)
        mirrored = self.generator.bernoulli(n, 0.5).astype(bool)
        images = np.where(mirrored[:, None, None, None], images[..., ::-1], images)
        padded = np.pad(images, ((0, 0), (0, 0), (SHIFT, SHIFT), (SHIFT, SHIFT)))
        windows = np.lib.stride_tricks.sliding_window_view(padded, (32, 32), axis=(2, 3))
        down, right = (self.generator.integers(0, 2 * SHIFT + 1, n) for _ in range(2))
        return np.ascontiguousarray(windows[np.arange(n), :, down, right]).reshape(n, -1)


class Recipe(NamedTuple):
    """How a network is trained; ``peak`` is the top of one cycle of AdamW's learning rate, None means plain SGD."""

    hidden: tuple[int, ...] = (1024, 128)
    batch: int = 128
    lr: float = 1e-2
    twice: bool = False  # gradient divided by N once more, as the report's rules do
    weights: float | None = None  # start from this times a standard normal, biases 0; None: PyTorch's default
    peak: float | None = None
    decay: float = 0.0
    dropout: float = 0.0
    augment: bool = False
    smoothing: float = 0.0
    normalised: bool = False
    keep_best: bool = False


class Trained(NamedTuple):
    """A network after its training; accuracies in percent, in eval mode. ``overflowed`` where the loss did."""

    model: tg.nn.Sequential
    history: Any
    train: float
    val: float
    test: float
    overflowed: bool
    seconds: float

    @property
    def gap(self) -> float:
        """Training less test accuracy, percentage points."""
        return self.train - self.test


def train(of: Parts, recipe: Recipe, epochs: int, seed: int) -> Trained:
    """Train by ``recipe`` and measure on all three parts."""
    tg.manual_seed(seed)
    model = network(recipe.hidden, recipe.dropout, recipe.normalised, of.pixels)
    if recipe.weights is not None:
        start_small(model, recipe.weights)
    generator = tg.Generator().manual_seed(seed)
    batches: Any = DataLoader(of.train, recipe.batch, shuffle=True, drop_last=True, generator=generator)
    if recipe.augment:
        batches = Augmented(batches, generator)
    schedule = None
    if recipe.peak is None:
        # Of plain SGD, a gradient divided by N once more is a learning rate divided by N.
        optimizer: Any = tg.optim.SGD(model.parameters(), lr=recipe.lr / (recipe.batch if recipe.twice else 1))
    else:
        optimizer = tg.optim.AdamW(model.parameters(), lr=recipe.peak, weight_decay=recipe.decay)
        schedule = OneCycleLR(optimizer, recipe.peak, epochs * len(batches))
    loss = tg.nn.CrossEntropyLoss(label_smoothing=recipe.smoothing)
    callbacks = [KeepBest("val_accuracy")] if recipe.keep_best else []
    begin, overflowed = time.perf_counter(), False
    with np.errstate(over="ignore", invalid="ignore"):  # inputs of 0 to 255 may overflow: one of the findings
        try:
            history = fit(model, loss, optimizer, batches, DataLoader(of.val, LARGE), epochs, None, callbacks,
                          batch_schedule=schedule)  # fmt: skip
        except DivergedError as error:
            history, overflowed = error.history, True
        seconds = time.perf_counter() - begin
        reached = [accuracy(model, part) for part in of]
    return Trained(model, history, reached[0], reached[1], reached[2], overflowed, seconds)


def start_small(model: tg.nn.Sequential, deviation: float) -> None:
    """Weights ``deviation`` times a standard normal, biases 0."""
    for module in model.modules():
        if isinstance(module, tg.nn.Linear):
            tg.nn.init.normal_(module.weight, std=deviation)
            tg.nn.init.zeros_(module.bias)  # type: ignore[arg-type]


def accuracy(model: tg.nn.Module, part: TensorDataset) -> float:
    """In percent."""
    return 100 * float(evaluate(model, tg.nn.CrossEntropyLoss(), DataLoader(part, LARGE)).accuracy or 0.0)


def trained_table(head: str, trained: dict[str, Trained]) -> str:
    """A row a training."""
    body = [
        [name, *(f"{v:.1f}" for v in (t.train, t.val, t.test)), f"{t.gap:.1f}", f"{t.seconds:.0f}"]
        for name, t in trained.items()
    ]
    return table([head, "training", "validation", "test", "gap", "seconds"], body, rules=False)


def best_of(trained: dict[str, Trained]) -> str:
    """The recipe with the best validation accuracy."""
    return max(trained, key=lambda name: trained[name].val)


def recipe_words(trained: dict[str, Trained]) -> str:
    """What each recipe did, from the table."""
    (base_name, base), *others = trained.items()
    name = best_of(trained)
    best = trained[name]
    words = [f"{base_name} alone: test {base.test:.1f} %, gap {base.gap:.1f} points."]
    for other, t in others:
        words.append(f"{other}: test {t.test - base.test:+.1f}, gap {t.gap - base.gap:+.1f}.")
    words.append(f"Best on the validation images: {name}, test {best.test:.1f} %.")
    return paragraph(" ".join(words))
