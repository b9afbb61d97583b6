"""MNIST, a classifier of three fully connected layers: the second hidden layer, learning rate × batch size.

Report R1 trains fc1 → ReLU → fc2 → ReLU → classifier with softmax and cross-entropy, by plain SGD.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import tinygrad_bp as tg
from tinygrad_bp.data import DataLoader, TensorDataset
from tinygrad_bp.train import evaluate

from ..summary import Line
from ..table import paragraph, table
from .findings import (
    BATCHES,
    RATES,
    Grid,
    depth,
    depth_table,
    grid,
    grid_table,
    grid_words,
    numbers,
    spread,
    swing,
    tail,
    too_large,
)
from .training import CANDIDATES, HIDDEN, Trained, load, train

FULL_FORM = "about five minutes"
TARGET, LIMIT = 0.98, 120  # share of the test images, seconds
SHEET = (5, 8)  # rows and columns of misclassified digits

TITLE = (
    "R1: {name}, {pixels} - {hidden} - 10, ReLU, softmax cross-entropy; pixels in [0, 1], float32, PyTorch's weights. "
    "{training:,} training images, {validation:,} validation images{file}, {test:,} test images."
)
DEPTH = (
    "With and without the second hidden layer: plain SGD, mean loss, batch 64, {images:,} images. Figures: validation "
    "accuracy (%), mean ± standard deviation over the seeds ({seeds})."
)
GRID = (
    "Learning rate × batch size N, {said}: plain SGD, {epochs} epochs of {images:,} images. Seeds: {seeds}. Cells: "
    "validation accuracy (%), mean ± swing (standard deviation over the last {last} epochs of a seed); in brackets "
    "{bracket}."
)
BEST = (
    "The best setting: {pixels} - {hidden} - 10, {epochs} epochs of all {images:,} training images. The recipes are "
    "compared on the validation images, and the test images are looked at once, at the end{only}."
)
RULES = {
    "sum": ("the report's rule, p − t not divided by N", "lr·N, the lr of a mean loss with the same step"),
    "mean": ("the mean loss", "lr/N, the lr of the report's rule with the same step"),
}


class Size(NamedTuple):
    """How much a form of the demo does."""

    depth_images: int
    depth_epochs: int
    depth_seeds: int
    grid_images: int
    grid_epochs: int
    grid_seeds: int
    best_epochs: int
    candidates: tuple[str, ...]


CHOSEN = "AdamW, decay 0.1, one cycle to lr 0.003, batch 128"  # what the full form chooses from seed 0
QUICK = Size(6_000, 6, 2, 3_000, 6, 1, 5, (CHOSEN,))
FULL = Size(55_000, 6, 3, 10_000, 8, 2, 12, tuple(CANDIDATES))
QUICK_DIGITS = Size(1_200, 10, 2, 1_200, 10, 1, 30, (CHOSEN,))
FULL_DIGITS = Size(1_200, 20, 3, 1_200, 20, 2, 60, tuple(CANDIDATES))


def run(seed: int, quick: bool, out: Path, data: Path | None, size: Size | None = None) -> list[Line]:
    """Train everything, print the tables and the checked hand rules, and draw the pictures into ``out``.

    ``quick`` uses fewer images, epochs and seeds for the tables, and the chosen recipe alone for the best setting;
    ``size`` sets other amounts. Where no ``data`` is given and none is found, the digits stand in for MNIST; raises
    the loader's error where ``data`` has none.
    """
    from .. import hand_rules, pictures

    parts = load(data)
    if size is None:
        size = (QUICK_DIGITS if quick else FULL_DIGITS) if parts.note else (QUICK if quick else FULL)
    layers = {"pixels": parts.pixels, "hidden": " - ".join(map(str, HIDDEN))}
    counts = dict(zip(("training", "validation", "test"), map(len, parts)))
    file = "" if parts.note else " (the last of the training file)"
    if parts.note:
        print(paragraph(parts.note) + "\n")
    print(paragraph(TITLE.format(name=parts.name, file=file, **layers, **counts)))

    some, seeds = parts.first(size.depth_images), range(seed, seed + size.depth_seeds)
    deep = depth(some, size.depth_epochs, seeds)
    body, depth_words = depth_table(deep)
    print("\n\n" + paragraph(DEPTH.format(images=len(some.train), seeds=numbers(seeds))) + "\n\n" + body)
    print("\n" + paragraph(f"What the second hidden layer adds: {depth_words}."))

    some, seeds, epochs = parts.first(size.grid_images), range(seed, seed + size.grid_seeds), size.grid_epochs
    grids = {}
    for reduction, (said, bracket) in RULES.items():
        found = grids[reduction] = grid(some, epochs, seeds, reduction)
        last = tail(next(iter(found.values()))).shape[1]
        words = GRID.format(said=said, epochs=epochs, images=len(some.train), bracket=bracket, seeds=numbers(seeds),
                            last=last)  # fmt: skip
        print("\n" + paragraph(words) + "\n\n" + grid_table(found, reduction))
    print("\n" + paragraph(grid_words(grids["sum"], grids["mean"])))

    trained = {name: train(parts, CANDIDATES[name], size.best_epochs, seed) for name in size.candidates}
    name = max(trained, key=lambda name: trained[name].val)
    best = trained[name]
    test = float(evaluate(best.model, tg.nn.CrossEntropyLoss(), DataLoader(parts.test, 1000)).accuracy or 0.0)
    only = "" if len(trained) > 1 else " (the quick form trains only the recipe that the full form chooses)"
    words = BEST.format(**layers, epochs=size.best_epochs, images=len(parts.train), only=only)
    print("\n" + paragraph(words) + "\n")
    rows = [[n, f"{t.train:.2f}", f"{t.val:.2f}", f"{t.seconds:.1f}"] for n, t in trained.items()]
    print(table(["recipe", "training accuracy (%)", "validation accuracy (%)", "seconds"], rows, rules=False))
    reached = "reached" if test >= TARGET and best.seconds <= LIMIT else "not reached"
    aim = "." if parts.note else f"; the aim, {100 * TARGET:.1f} % within {LIMIT} s, is {reached}."
    print(f"\nChosen: {name}.")
    print(paragraph(f"Test accuracy {100 * test:.2f} % after {best.seconds:.1f} s of training{aim}"))

    wrong = round((1 - test) * len(parts.test))
    digits = misclassified(best.model, parts.test)
    title = f"The {len(digits)} of {wrong} misclassified test digits of which the network is surest"
    files = [
        pictures.curves(out / "r1-curves.png", f"R1: {parts.name}", panels(deep, grids["sum"], name, best)),
        pictures.sheet(out / "r1-misclassified.png", title, digits, *SHEET),
    ]
    print("\n" + hand_rules.page("r1"))
    print("\nPictures:", *files, sep="\n")
    return lines(parts.name, deep, grids["sum"], name, test, best.seconds)


def misclassified(model: tg.models.MLP, test: TensorDataset) -> list[tuple[Any, str]]:
    """The wrongly classified digits the network is surest of: image (28, 28) or (8, 8), and words for it."""
    x, y = test.tensors
    with tg.no_grad():
        p = tg.nn.functional.softmax(model(x), dim=1).numpy()
    said, labels = p.argmax(1), y.numpy()
    wrong = np.flatnonzero(said != labels)
    side = round(x.shape[1] ** 0.5)
    wrong = wrong[np.argsort(-p[wrong, said[wrong]], kind="stable")][: SHEET[0] * SHEET[1]]
    return [
        (
            x.numpy()[i].reshape(side, side),
            f"says {said[i]} ({100 * p[i, said[i]]:.0f} %)\ntrue {labels[i]} ({100 * p[i, labels[i]]:.0f} %)",
        )
        for i in wrong
    ]


def panels(deep: dict[float, dict[str, Any]], summed: Grid, name: str, best: Trained) -> list[Any]:
    """What the picture of curves shows."""
    from ..pictures import Panel

    batches = {f"N = {n}": np.nan_to_num(summed[0.01, n], nan=0.0) for n in BATCHES}
    both = {
        "training (while it learns)": 100 * np.array([best.history.accuracy], dtype=float),
        "validation": 100 * np.array([best.history.val_accuracy], dtype=float),
    }
    shown = [(f"validation, with and without the second hidden layer, lr {lr:g}", of) for lr, of in deep.items()]
    shown += [("validation, the report's rule (no /N), lr 0.01", batches), (f"best: {name}", both)]
    return [
        Panel(title, "epoch", "accuracy (%)", of, np.arange(1, next(iter(of.values())).shape[1] + 1),
              (0, 100) if of is batches else None)
        for title, of in shown
    ]  # fmt: skip


def lines(
    data: str, deep: dict[float, dict[str, Any]], summed: Grid, name: str, accuracy: float, seconds: float
) -> list[Line]:
    """The lines of the summary."""
    added = {lr: two[:, -1] - one[:, -1] for lr, (one, two) in ((lr, of.values()) for lr, of in deep.items())}
    lr, small, large = next(
        ((lr, BATCHES[0], n) for n in reversed(BATCHES) if (lr := too_large(summed, n))),
        (RATES["sum"][-1], *BATCHES[::2]),
    )
    level, calm = tail(summed[lr, large]), tail(summed[lr, small])
    ours = f"{level.mean():.0f} ± {swing(summed[lr, large]):.1f} %" if np.isfinite(level).all() else "overflows"
    helped = f"the same lr with N = {small}: {calm.mean():.1f} %" if np.isfinite(calm).all() else "a smaller N does too"
    return [
        Line("R1", "second hidden layer", "clearly better",
             "\n".join(f"{spread(values)} points (lr {lr:g})" for lr, values in added.items()),
             f"validation accuracy after as many epochs; one hidden layer is nearly enough for {data}"),
        Line("R1", f"lr {lr:g}, N = {large}", "oscillates, low", ours,
             f"the gradient lacks /N: lr acts as lr·N = {lr * large:.2g}; {helped}"),
        Line("R1", f"best setting, {data}", "no figure", f"test {100 * accuracy:.2f} %\nin {seconds:.0f} s", name),
    ]  # fmt: skip
