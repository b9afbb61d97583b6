"""An L-layer network: two classes (iris, banknote) and four (EMG gestures), then a better recipe for the four.

Report R3 trains every network with the whole batch, plain gradient descent and lr 0.005. Its 0.598 on EMG is where it
stays; the recipe goes on from there with the same four layers, one step at a time.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..summary import Line
from ..table import paragraph, table
from .recipe import (
    EPOCHS,
    QUICK_EPOCHS,
    STEPS,
    Recipe,
    Results,
    alone,
    confusion,
    ladder,
    middle,
    prepared,
    train,
    what_made_the_difference,
    what_readings_tell,
    without,
)
from .training import HELD_OUT, ITERATIONS, LR, MANY, START, STARTS, TWO, Data, Run, banknote, descend, emg, iris

if TYPE_CHECKING:
    from ..pictures import Panel

FULL_FORM = "about five minutes"
SAID = 0.598  # the report's training accuracy on EMG
AIM = 0.90
QUICK_ITERATIONS = 400  # of the large network
TITLE = """R3: ReLU between the layers, sigmoid or softmax and cross-entropy at the end, averaged over the rows. The
report's setting: all rows in every step, plain gradient descent, lr {lr}, {iterations} iterations, biases 0. How its
weights start is not said: normal here, of deviation {start} for a layer of "in" inputs unless another is named.
Where rows are held out they are {share:.0%} of each class, by chance, the same for every seed; windows of one recording
may be on both sides.
{form}
"""
QUICK = f"QUICK FORM: fewer seeds and starts; {list(MANY)} for {QUICK_ITERATIONS} iterations or {QUICK_EPOCHS} epochs."
FULL = f"The recipes in minibatches run for {EPOCHS} epochs."


def run(seed: int, quick: bool, out: Path, data: Path | None = None) -> list[Line]:
    """Train everything, print the tables and the hand rules' page, and draw the pictures into ``out``.

    ``data`` is the folder with ``emg_gestures.npz``; None: ``TINYGRAD_BP_DATA`` names it. Without that file the digits
    stand in, and it is said.
    """
    from .. import pictures  # needs matplotlib, an optional extra
    from ..hand_rules import page

    print(TITLE.format(lr=LR, iterations=ITERATIONS, start=START, share=HELD_OUT, form=QUICK if quick else FULL))
    lines, panels = two_classes(seed, quick)
    more_lines, more_panels, files = four_classes(seed, quick, out, emg(data))
    print(page("r3"))
    title = "The report's setting: median and range over the seeds"
    files.insert(0, pictures.curves(out / "r3-learning-curves.png", title, panels + more_panels))
    print("\nPictures:", *files, sep="\n")
    return lines + more_lines


def spread(values: list[float], digits: int = 3) -> str:
    """Mean, and standard deviation where there are several."""
    return f"{np.mean(values):.{digits}f}" + (f" ±{np.std(values):.{digits}f}" if len(values) > 1 else "")


def two_classes(seed: int, quick: bool) -> tuple[list[Line], list[Panel]]:
    """[4, 16, 1] on iris from several starts, and on banknote as measured and standardised."""
    seeds = range(seed, seed + (2 if quick else 5))
    flowers = iris()
    results: Results = {
        f"iris, start {start}": [descend(flowers, TWO, s, ITERATIONS, start) for s in seeds]
        for start in ((START, "0.01") if quick else STARTS)
    }
    notes = banknote()
    for name, given in (("as measured", notes), ("standardised", notes.standardised())):
        results[f"banknote, {name}"] = [descend(given, TWO, s, ITERATIONS) for s in seeds[: 1 if quick else 3]]

    rows, lines = [], []
    for name, runs in results.items():
        right, loss = spread([r.train for r in runs]), spread([r.losses[-1] for r in runs], 4)
        held = "" if np.isnan(runs[0].held_out) else spread([r.held_out for r in runs])
        done = [r.converged for r in runs if r.converged is not None]
        when = f"{len(done)} of {len(runs)}" + (f", from iteration {np.median(done):.0f} on (median)" if done else "")
        said = "" if held else "1.0"
        rows.append([name, said, right, held, loss, when])
        if held or START in name:
            ours = right + (f",\nheld out {held}" if held else f", {len(runs)} seeds")
            lines.append(Line("R3", f"{list(TWO)} {name.split(', start')[0]}", said or "no figure", ours, ""))
    head = [f"{list(TWO)} on", "report", "training", "held out", "loss", "runs that get every training row right"]
    print(table(head, rows, rules=False) + "\n")
    panels = []
    for kind in ("iris", "banknote"):
        of = {name.split(", ")[1]: runs for name, runs in results.items() if name.startswith(kind)}
        if of:
            panels += two_panels(f"{kind} {list(TWO)}", "binary cross-entropy (nats)", of, 0.75)
    return lines, panels


def two_panels(what: str, loss: str, results: Results, highest: float) -> list[Panel]:
    """The curves of the loss and of the accuracy on the training rows."""
    from ..pictures import Panel

    losses = {name: np.array([r.losses for r in runs]) for name, runs in results.items()}
    right = {name: np.array([r.accuracies for r in runs]) for name, runs in results.items()}
    return [
        Panel(f"{what}: loss", "iteration", loss, losses, None, (0, highest)),
        Panel(f"{what}: accuracy", "iteration", "share of training rows right", right, None, (0, 1.05)),
    ]


def four_classes(seed: int, quick: bool, out: Path, data: Data) -> tuple[list[Line], list[Panel], list[Path]]:
    """[64, 8, 32, 8, 4]: the report's setting from several starts, the recipe, and its pictures."""
    what = "digits 0 to 3, standing in for EMG" if data.note else "EMG"
    if data.note:
        print(paragraph(data.note) + "\n")
    iterations, epochs = (QUICK_ITERATIONS, QUICK_EPOCHS) if quick else (ITERATIONS, EPOCHS)
    seeds = range(seed, seed + (1 if quick else 3))

    # How much of the report's figure is the start of the weights.
    starts: Results = {
        start: [descend(data, MANY, s, iterations, start) for s in (seeds if start == START else seeds[:1])]
        for start in ((START, "0.01") if quick else STARTS)
    }
    print(f"{list(MANY)} on {what}: {len(data.x)} rows to train on, {len(data.held_x)} held out, inputs as they are.")
    rows = []
    for start, runs in starts.items():
        figures = [spread([r.train for r in runs]), spread([r.held_out for r in runs])]
        rows.append([start, f"{SAID}" if start == START and not data.note else "", *figures, reach(runs)])
    head = ["start", "report (training)", "training", "held out", f"runs whose training accuracy passes {SAID}"]
    print(table(head, rows, rules=False) + "\n")

    # Sizes of readings are an idea for EMG: the stand-in goes without that step.
    steps = tuple(STEPS)[:-1] if data.note else tuple(STEPS)

    def trained(recipes: dict[str, Recipe]) -> Results:
        return {name: [train(data, recipe, s, epochs, iterations) for s in seeds] for name, recipe in recipes.items()}

    recipes = ladder(steps)
    first = next(iter(recipes))
    climbed = {first: starts[START], **trained({name: recipes[name] for name in recipes if name != first})}
    left_out, only = trained(without(steps)), trained(alone(steps))
    words = what_made_the_difference(climbed, left_out, only)
    if not data.note:
        words.append(what_readings_tell(data))
    print(f"A better recipe for the same four layers; seeds: {', '.join(map(str, seeds))}. In minibatches the weights")
    print(f"start as nn.Linear does, uniform in ±√(1/in), and {epochs} epochs replace {iterations} iterations.")
    rows = [
        [name, spread([r.train for r in runs]), spread([r.held_out for r in runs]), change]
        for name, runs, change in changes(climbed, left_out, only)
    ]
    print(table(["", "training", "held out", "change"], rows, rules=False))
    print("\n" + "\n".join(paragraph(word) for word in words) + "\n")

    best = list(climbed.values())[-1]
    pairs = {
        "the report's setting": (starts[START][0], data),
        "the whole recipe": (best[0], prepared(data, Recipe(**dict.fromkeys(steps, True)))),
    }
    files = draw(out, what, epochs, seed, [climbed, left_out, only], best, pairs)
    panels = two_panels(f"{what} {list(MANY)}", "cross-entropy (nats)", starts, 1.6)
    return summary_lines(what, iterations, starts, climbed, words), panels, files


def reach(runs: list[Run]) -> str:
    """When the training accuracy first passes the report's figure."""
    first = [int(np.argmax(r.accuracies >= SAID)) for r in runs if (r.accuracies >= SAID).any()]
    return f"{len(first)} of {len(runs)}" + (f", at iteration {np.median(first):.0f} (median)" if first else "")


def changes(climbed: Results, left_out: Results, only: Results) -> list[tuple[str, list[Run], str]]:
    """Every recipe with its change: against the row above, the whole recipe, or the report's setting."""
    means = [middle(runs) for runs in climbed.values()]
    steps = ["", *(f"{now - before:+z.3f}" for before, now in pairwise(means))]
    rows = [(name, runs, step) for (name, runs), step in zip(climbed.items(), steps, strict=True)]
    for of, other, words in ((left_out, means[-1], "whole recipe"), (only, means[0], "report's setting")):
        rows += [(name, runs, f"{middle(runs) - other:+z.3f} against the {words}") for name, runs in of.items()]
    return rows


def draw(
    out: Path, what: str, epochs: int, seed: int, groups: list[Results], best: list[Run],
    pairs: dict[str, tuple[Run, Data]],
) -> list[Path]:  # fmt: skip
    """What each step gives, the curves of the whole recipe, and the classes taken for each other."""
    from ..pictures import Panel, curves
    from . import figures

    def both(name: str) -> dict[str, Any]:
        return {
            "training": np.array([getattr(r, name) for r in best]),
            "held out": np.array([getattr(r, f"held_{name}") for r in best]),
        }

    marks = {"chance": 1 / MANY[-1], "aim": AIM} | ({"report\n(training)": SAID} if what == "EMG" else {})
    done = np.arange(1, epochs + 1)
    panels = [
        Panel("loss", "epochs done", "cross-entropy (nats)", both("losses"), done),
        Panel("accuracy", "epochs done", "share of rows predicted right", both("accuracies"), done),
    ]
    counts = {f"{name}: {run.held_out:.3f}": confusion(run.model, data) for name, (run, data) in pairs.items()}
    return [
        figures.steps(out / "r3-recipe.png", f"{list(MANY)} on {what}", groups, marks),
        curves(out / "r3-recipe-curves.png", f"{what}, the whole recipe: median and range over the seeds", panels),
        figures.confusions(out / "r3-confusion.png", f"{what}: the held-out rows, seed {seed}", counts),
    ]


def summary_lines(what: str, iterations: int, starts: Results, climbed: Results, words: list[str]) -> list[Line]:
    """The report's setting and the best recipe."""
    runs = list(climbed.values())
    standardised, best = runs[1], runs[-1]
    said, short = starts[START], "" if iterations == ITERATIONS else f"{iterations} of {ITERATIONS} iterations; "
    ends = [float(np.mean([r.train for r in of])) for of in starts.values()]
    why = (
        f"{short}start and scaling are not in the report: standardised inputs give "
        f"{spread([r.train for r in standardised])} in training, other starts {min(ends):.2f} to {max(ends):.2f}"
    )
    figure = f"{SAID} (training)" if what == "EMG" else "none: EMG is not there"
    ours = f"training {spread([r.train for r in said])},\nheld out {spread([r.held_out for r in said])}"
    decisive = next(word for word in words if word.startswith("Of the whole recipe"))
    better = f"held out {spread([r.held_out for r in best])}"
    return [
        Line("R3", f"{list(MANY)} {what}", figure, ours, why),
        Line("R3", "the same layers, better recipe", f"aim {AIM:.2f} held out", better, f"{words[0]} {decisive}"),
    ]
