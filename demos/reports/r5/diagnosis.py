"""Where the report's 15 % may come from: its slips, one by one, on its own network."""

from __future__ import annotations

from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from tinygrad_bp.data import TensorDataset

from ..table import paragraph, table
from .training import CENTRED, RAW, Parts, Pixels, Recipe, Trained, accuracy, parts, train

REPORT = 15.0  # percent of the test images
NEAR = 3.0  # percentage points: a test accuracy that counts as the report's
RISES = 3.0  # percentage points above chance: training accuracy has risen
CHANCE = 10.0


class Cause(NamedTuple):
    """A reading of the report's program."""

    name: str
    recipe: Recipe
    pixels: Pixels = CENTRED

    @property
    def weights(self) -> str:
        """Where the weights start."""
        return "PyTorch's" if self.recipe.weights is None else f"{self.recipe.weights:g} × normal"


CAUSES = (
    Cause("right gradient", Recipe()),
    Cause("divided by N twice", Recipe(twice=True)),
    Cause("right gradient", Recipe(), RAW),
    Cause("divided by N twice", Recipe(twice=True), RAW),
    Cause("right gradient", Recipe(weights=1e-2)),
    Cause("divided by N twice", Recipe(twice=True, weights=1e-2)),
    Cause("right gradient", Recipe(weights=1e-3), RAW),
    Cause("divided by N twice", Recipe(twice=True, weights=1e-3), RAW),
)
QUICK = (0, 1, 4)  # the causes of the quick form


class Found(NamedTuple):
    """What a cause led to."""

    cause: Cause
    trained: Trained

    @property
    def test(self) -> float:
        """Accuracy on the test images, percent."""
        return self.trained.test

    @property
    def fits(self) -> bool:
        """Whether it looks like the report: training rises above chance, the test accuracy is the report's."""
        return abs(self.test - REPORT) <= NEAR and self.rises

    @property
    def rises(self) -> bool:
        """Whether training accuracy has left chance behind."""
        return self.trained.train >= CHANCE + RISES


def diagnose(loaded: tuple[Any, ...], causes: tuple[int, ...], epochs: int, seed: int) -> list[Found]:
    """Train the report's network under each cause."""
    shown: dict[Pixels, Parts] = {}
    found = []
    for cause in (CAUSES[i] for i in causes):
        if cause.pixels not in shown:
            shown[cause.pixels] = parts(loaded, cause.pixels)
        found.append(Found(cause, train(shown[cause.pixels], cause.recipe, epochs, seed)))
    return found


def mixed_up(found: Found, loaded: tuple[Any, ...]) -> dict[str, float]:
    """Test accuracies of a network trained on ``CENTRED`` pixels that is tested on images in another form."""
    x, _, test_x, labels = loaded
    n = len(test_x)
    plain = test_x.reshape(n, -1) / np.float32(255)
    mean = x[: len(x) * 3 // 4].mean(0, dtype=np.float32).reshape(-1) / np.float32(255)
    forms = {
        "colours last, not first": (plain - mean).reshape(n, 3, 1024).transpose(0, 2, 1).reshape(n, -1),
        "mean not subtracted": plain,
        "0 to 255, not scaled": test_x.reshape(n, -1).astype(np.float32),
    }
    return {
        name: accuracy(found.trained.model, TensorDataset(np.ascontiguousarray(rows), labels))
        for name, rows in forms.items()
    }


def diagnosis_table(found: list[Found], mixed: dict[str, float]) -> str:
    """A row a cause; then the first network tested on images in another form."""
    body = []
    for item in found:
        cause, trained = item.cause, item.trained
        figures = [f"{value:.1f}" for value in (trained.train, trained.val, trained.test)]
        remark = "the loss overflows" if trained.overflowed else "fits" if item.fits else ""
        body.append([cause.name, cause.pixels.name, cause.weights, *figures, remark])
    first = found[0]
    for name, value in mixed.items():
        remark = "fits" if abs(value - REPORT) <= NEAR and first.rises else ""
        body.append(["  the first, tested on", name, "", "", "", f"{value:.1f}", remark])
    head = ["gradient", "pixels", "weights at start", "training %", "validation %", "test %", "like the report"]
    return table(head, body, rules=False)


def diagnosis(found: list[Found], mixed: dict[str, float], tests: int) -> str:
    """What the numbers say, in a paragraph."""
    right = found[0].trained
    error = 100 * np.sqrt(0.15 * 0.85 / tests)
    words = [
        f"The report saw training accuracy rise and {REPORT:g} % on the test images, and took it for overfitting. "
        f'"Fits" means a test accuracy within {NEAR:g} points of that (its standard error is {error:.1f} for {tests:,} '
        f"images) and a training accuracy {RISES:g} points above chance or more."
    ]
    if right.test > REPORT + NEAR:
        words.append(
            f"With the right gradient the network has {right.train:.1f} % in training and {right.test:.1f} % in the "
            f"test: a gap of {right.gap:.1f} points, and a test accuracy {right.test - REPORT:.0f} points above the "
            "report's. Overfitting does not explain 15 %."
        )
    else:
        words.append(
            f"With the right gradient the network has {right.train:.1f} % in training and {right.test:.1f} % in the "
            "test here: it has not been trained for long enough to tell overfitting from a slip."
        )
    pairs = [
        (a.trained, b)
        for a, b in pairwise(found)
        if (b.cause.recipe, b.cause.pixels) == (a.cause.recipe._replace(twice=True), a.cause.pixels)
    ]
    slower = [b for a, b in pairs if b.trained.train < a.train - RISES]
    batch = found[0].cause.recipe.batch
    if pairs:
        words.append(
            f"Dividing by N twice makes every step {batch} times shorter: lr {found[0].cause.recipe.lr:g} acts as "
            f"{found[0].cause.recipe.lr / batch:.2g}. It lowers training accuracy in {len(slower)} of {len(pairs)} "
            + ("pair" if len(pairs) == 1 else "pairs")
            + (": undertraining, not overfitting." if len(slower) * 2 > len(pairs) else ".")
        )
    fitting = [item for item in found if item.fits]
    if fitting:
        names = "; ".join(
            f"{item.cause.name}, pixels {item.cause.pixels.name}, weights {item.cause.weights} "
            f"({item.trained.train:.1f} % training, {item.test:.1f} % test, gap {item.trained.gap:.1f})"
            for item in fitting
        )
        small = all(abs(item.trained.gap) <= NEAR for item in fitting)
        words.append(
            f"What fits: {names}."
            + (" None of these overfits: the network has barely begun to learn." if small else "")
        )
        words += [
            f"The last of these with the right gradient has {right_of.train:.1f} % in training, {right_of.test:.1f} % "
            "in the test: the second division alone makes the difference."
            for right_of, item in pairs[-1:]
            if item is fitting[-1] and not abs(right_of.test - REPORT) <= NEAR
        ]
    else:
        words.append("None of the trained readings fits.")
    wrong = [name for name, value in mixed.items() if abs(value - REPORT) <= NEAR]
    words.append(
        f"The other way to a rising training accuracy and a test accuracy like the report's: test images that are not "
        f"prepared as the training images are ({', '.join(wrong)})."
        if wrong
        else "Test images prepared in another way than the training images do not give it in the forms tried: "
        + ", ".join(f"{name} {value:.1f} %" for name, value in mixed.items())
        + "."
    )
    return paragraph(" ".join(words))
