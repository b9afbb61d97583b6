"""R5's two open problems on the digits that come with the package: the overfit, and the gaps in the loss curve."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

import tinygrad_bp as tg
from tinygrad_bp.data import TensorDataset

from ..summary import Line
from ..table import paragraph
from .gaps import draw, gaps_table, gaps_words
from .gaps import train as train_gaps
from .training import Parts, Recipe, Trained, best_of, recipe_words, train, trained_table

FEW, NOISE = 400, 0.2  # images to train on, and the share of their labels that is drawn anew
HIDDEN = (256, 64)
LR = 1e-2  # with pixels of 0 to 255, enough for scores that differ by hundreds
BASE = Recipe(hidden=HIDDEN, batch=32, peak=3e-3)
KEPT = BASE._replace(keep_best=True)
RECIPES = {
    "AdamW": BASE,
    "the best epoch kept": KEPT,
    "kept, dropout 0.5": KEPT._replace(dropout=0.5),
    "kept, decay 0.5, smoothing 0.2": KEPT._replace(decay=0.5, smoothing=0.2),
    "kept, dropout, decay, smoothing": KEPT._replace(dropout=0.5, decay=0.5, smoothing=0.2),
}
TITLE = (
    "R5: CIFAR-10 is not here (--data DIR names its folder, --download fetches it). So the 1,797 digits of 8×8 pixels "
    "that come with the package stand in: the two problems that the report leaves open are theirs too."
)
OPEN = (
    "Open problem (a), the overfit: 64 - 256 - 64 - 10 on {few} images with {noise:.0%} of their labels drawn at "
    "random, batch 32, {epochs} epochs of AdamW with one cycle of the learning rate to 0.003. Seed {seed}. Validation "
    "and test labels are right; the test images choose nothing. Who learns only what is true gets {true:.0%} of the "
    "training labels right. Accuracies in percent, in eval mode."
)
GAPS = (
    "Open problem (b), the gaps in the loss curve: 64 - 256 - 10 on pixels 0 to 255, lr {lr:g}, {steps} steps; every "
    "loss is computed from the same scores."
)


def parts(scale: float, noise: float = 0.0) -> Parts:
    """The digits as rows, pixels 0 to ``scale`` less the mean training image: 400 to train on, 597 to validate, 800."""
    images, labels = tg.data.digits()
    rng = np.random.default_rng(0)
    chosen = rng.permutation(len(labels))  # in the file, all digits of a writer stand together
    x, y = images.reshape(-1, 64).astype(np.float32)[chosen] * np.float32(scale / 16), labels[chosen].copy()
    wrong = np.flatnonzero(rng.random(FEW) < noise)
    y[wrong] = rng.integers(0, 10, len(wrong))
    x -= x[:FEW].mean(0)
    cuts = slice(FEW), slice(FEW, FEW + 597), slice(FEW + 597, None)
    return Parts(*(TensorDataset(x[cut], y[cut]) for cut in cuts))


def run(seed: int, quick: bool, out: Path) -> list[Line]:
    """Train everything, print the tables and the checked hand rules, and draw the pictures into ``out``."""
    from .. import hand_rules, pictures

    print(paragraph(TITLE) + "\n")
    epochs, steps = (40, 120) if quick else (100, 300)
    of = parts(1.0, NOISE)
    trained = {name: train(of, recipe, epochs, seed) for name, recipe in RECIPES.items()}
    said = OPEN.format(few=FEW, noise=NOISE, epochs=epochs, seed=seed, true=1 - 0.9 * NOISE)
    print(paragraph(said) + "\n")
    print(trained_table("recipe", trained))
    print("\n" + recipe_words(trained))
    gaps = train_gaps(parts(255.0), steps, seed, LR)
    print("\n" + paragraph(GAPS.format(lr=LR, steps=steps)) + "\n")
    print(gaps_table(gaps))
    print("\n" + gaps_words(gaps))
    title = f"R5 on the digits: {FEW} images, {NOISE:.0%} of the labels random"
    files = [
        pictures.curves(out / "r5-curves.png", title, panels(trained)),
        draw(out / "r5-gaps.png", gaps),
    ]
    print("\n" + hand_rules.page("r5"))
    print("\nPictures:", *files, sep="\n")
    base, best = next(iter(trained.values())), trained[best_of(trained)]
    gone = (~np.isfinite(list(gaps.naive.values())[-1])).sum()
    return [
        Line("R5", "overfit, few noisy digits", "unsolved", f"test {best.test:.1f} %,\ngap {best.gap:.1f}",
             f"{best_of(trained)}; without: test {base.test:.1f} %, gap {base.gap:.1f}; CIFAR-10 is not here"),
        Line("R5", "gaps in the loss, digits", "unsolved", f"{(~np.isfinite(gaps.stable)).sum()} gaps,\nnaive {gone}",
             "log-sum-exp of the scores instead of the logarithm of a probability that is 0"),
    ]  # fmt: skip


def panels(trained: dict[str, Trained]) -> list[Any]:
    """Accuracies over the epochs, of plain AdamW and of everything against the overfit."""
    from ..pictures import Panel

    result = []
    for name in (next(iter(trained)), best_of(trained)):
        history = trained[name].history
        both = {"training (while it learns)": history.accuracy, "validation": history.val_accuracy}
        curves = {label: 100 * np.array([values], dtype=float) for label, values in both.items()}
        result.append(Panel(name, "epoch", "accuracy (%)", curves, np.arange(1, len(history) + 1), (0, 100)))
    return result
