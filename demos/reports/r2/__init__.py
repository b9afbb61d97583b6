"""XOR and linear points, two hidden layers: sigmoid, ReLU or nothing between them; step sizes and widths.

Report R2 gives figures of one run each. Here every setting runs from several seeds and in three conventions:

as written   the report's own rules: weight gradients summed over the N points, bias gradients averaged
summed       the gradient of the sum of squared errors
averaged     the gradient of their mean: steps N times shorter than summed
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

import tinygrad_bp as tg
from tinygrad_bp.nn.functional import mse_loss

from ..hand_rules import page
from ..summary import Line
from .figures import NEAR, figures, lines
from .training import SETTINGS, TARGET, Results, data, network, train_all

if TYPE_CHECKING:
    from ..pictures import Decision

FULL_FORM = "about one minute"
TITLE = """R2: XOR (21 points) and linear (100 points), 2 - hidden - 1, a sigmoid on the output, squared error,
whole batch, plain SGD, float64; weights start standard normal, biases 0. Seeds: {seeds}.
Figures: accuracy on the training points, mean ± standard deviation; below it, how many runs converge (stay at {xor:.2f}
for XOR, at {linear:.2f} or more for linear) and their median epoch.

as written  the report's own rules: weight gradients summed over the N points, bias gradients averaged
summed      the gradient of the summed error: the same weight steps, N times longer bias steps
averaged    the gradient of the mean error: N times shorter weight steps, the same bias steps
base        the first row of each problem, as written
why         speaks of the runs as written unless it names others; "agree" is within {near} of the report's accuracy
            stuck / still learning: short of converging, loss down by less / more than 1% over the last tenth of epochs
"""

PICTURED = ("sigmoid", "ReLU", "none")  # the activations whose decision regions are drawn


def run(seed: int, quick: bool, out: Path, data: Path | None = None) -> list[Line]:
    """Train everything, print the table and the check of the hand rules, and draw the pictures into ``out``.

    It makes its points itself: the folder ``data`` is not read.
    """
    from .. import pictures  # needs matplotlib, an optional extra

    seeds = range(seed, seed + (2 if quick else 5))
    results = train_all(seeds)
    print(TITLE.format(seeds=", ".join(map(str, seeds)), xor=TARGET["XOR"], linear=TARGET["linear"], near=NEAR))
    print(figures(results))
    print(f"\n{page('r2')}")

    files = []
    for problem in ("XOR", "linear"):
        files.append(out / f"r2-learning-curves-{problem.lower()}.png")
        curves = {
            setting.name: {convention: np.array([run.losses for run in runs]) for convention, runs in of.items()}
            for setting, of in results.items()
            if setting.problem == problem
        }
        pictures.learning_curves(
            files[-1], f"{problem}: median and range over {len(seeds)} seed{'s' if len(seeds) > 1 else ''}", curves
        )
    files.append(out / "r2-decisions.png")
    pictures.decisions(files[-1], [panels_of_decisions(results, problem, seed) for problem in ("XOR", "linear")])
    files.append(out / "r2-sigmoid.png")
    pictures.sigmoid(files[-1])
    files += draw_graph(out, seed)
    print("\nPictures:", *files, sep="\n")
    return lines(results)


def panels_of_decisions(results: Results, problem: str, first: int) -> list[Decision]:
    """The ground truth and three activations, as written, all from the seed whose accuracies are the most usual."""
    from ..pictures import Decision

    runs = [
        next(of["as written"] for s, of in results.items() if (s.problem, s.activation, s.output) == (problem, a, True))
        for a in PICTURED
    ]
    accuracies = np.array([[run.accuracy for run in of] for of in runs])
    usual = int(np.abs(accuracies - np.median(accuracies, axis=1, keepdims=True)).sum(0).argmin())
    shown = [of[usual] for of in runs]
    truth = Decision(f"{problem}: ground truth (seed {first + usual})", None, shown[0].points, shown[0].labels)
    return [
        truth,
        *(
            Decision(
                f"{a.replace('none', 'no activation')}: accuracy {run.accuracy:.2f}",
                run.predict,
                run.points,
                run.labels,
            )
            for a, run in zip(PICTURED, shown, strict=True)
        ),
    ]


def draw_graph(out: Path, seed: int) -> list[Path]:
    """The graph of one forward pass of the XOR network, as SVG and PNG."""
    tg.manual_seed(seed)
    points, labels = data("XOR", seed)
    model = network(SETTINGS[0])
    loss = mse_loss(model(tg.tensor(points)), tg.tensor(labels), reduction="sum")
    picture = tg.draw(loss, params=dict(model.named_parameters()))
    return [Path(picture.render(out / f"r2-xor-graph.{suffix}", cleanup=True)) for suffix in ("svg", "png")]
