"""The two-layer network: its gradients against numeric ones, then 200 iterations on five toy rows.

Report R4 checks each hand-written gradient by central differences, and trains the network on the toy rows.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import tinygrad_bp as tg
from tinygrad_bp.nn.functional import cross_entropy

from .summary import Line
from .table import paragraph, table

FULL_FORM = "about ten seconds"
ROWS, INPUTS, HIDDEN, CLASSES = 5, 4, 10, 3
LABELS = (0, 1, 2, 2, 1)
LOSS = 1.0986121892929077  # the report's, at REG; ln 3 = 1.0986123
REG = 0.05
ERRORS = {"W1": 1.76e-6, "W2": 8.55e-6, "b1": 8.54e-6, "b2": 1.40e-9}  # the report's
STEP = 1e-7  # of its central differences
STEPS = tuple(10.0**k for k in range(-9, -1))
ITERATIONS, LR, TRAIN_REG = 200, 1e-1, 1e-6
NOISE = 1.0  # a validation row is a training row plus this times a standard normal; the inputs' deviation is 10
COPIES = 40

TITLE = f"""R4: relu(X W1 + b1) W2 + b2, softmax loss averaged over N rows + reg (ΣW1² + ΣW2²).
Toy rows: N = {ROWS}, D = {INPUTS}, H = {HIDDEN}, C = {CLASSES}, labels {list(LABELS)};
inputs 10 × standard normal, weights 1e-4 × standard normal, biases 0. Seeds: {{seeds}}.
"""

CHECK = """
Gradients: backward against central differences (f(w + h) − f(w − h)) / 2h, reg {reg}. Median of the seeds [largest].

as the course  largest |a − n| of an array / largest (|a| + |n|) of it, the course's definition
per element    largest of |a − n| / max(1e-8, |a| + |n|), the stricter definition
rounding       what the last bit of the loss alone does to "as the course": spacing(loss) / 2h / (2 × largest |a|)
crossings      hidden values that change sign between f(w + h) and f(w − h), over all seeds and elements: a kink of
               ReLU lies between the two, and the difference is no derivative there
"""


def network(dtype: Any = None) -> tg.models.MLP:
    """4 inputs, 10 hidden ReLUs, 3 scores; weights 1e-4 × standard normal, biases 0."""
    model = tg.models.MLP([INPUTS, HIDDEN, CLASSES], dtype=dtype)
    with tg.no_grad():
        for layer in (model[0], model[2]):
            layer.weight.copy_(1e-4 * tg.randn(*layer.weight.shape, dtype=tg.float64))  # the same in both dtypes
            layer.bias.zero_()
    return model


def rows(dtype: Any = None) -> tuple[tg.Tensor, tg.Tensor]:
    """The toy inputs (5, 4) and labels (5,)."""
    return (10 * tg.randn(ROWS, INPUTS, dtype=tg.float64)).to(dtype or tg.float32), tg.tensor(LABELS)


def penalised_loss(model: tg.models.MLP, x: tg.Tensor, y: tg.Tensor, reg: float) -> tg.Tensor:
    """The mean cross-entropy of the scores, and ``reg`` times the sum of the squared weights."""
    return cross_entropy(model(x), y) + reg * sum((layer.weight**2).sum() for layer in (model[0], model[2]))


def named(model: tg.models.MLP) -> dict[str, tg.Tensor]:
    """The parameters under the report's names."""
    return {"W1": model[0].weight, "W2": model[2].weight, "b1": model[0].bias, "b2": model[2].bias}


def numeric_gradient(value: Callable[[], float], array: Any, step: float) -> Any:
    """The gradient of ``value()`` in ``array``, which is moved by ``step`` up and down, element by element."""
    result = np.zeros(array.shape)
    for i in np.ndindex(array.shape):
        old = array[i]
        array[i] = old + step
        above = value()
        array[i] = old - step
        below = value()
        array[i] = old
        result[i] = (above - below) / (2 * step)
    return result


def as_the_course(a: Any, n: Any) -> float:
    """The largest difference of two arrays, relative to their largest sum."""
    return float(np.abs(a - n).max() / max((np.abs(a) + np.abs(n)).max(), 1e-10))


def per_element(a: Any, n: Any) -> float:
    """The largest relative difference of two elements."""
    return float((np.abs(a - n) / np.maximum(1e-8, np.abs(a) + np.abs(n))).max())


class Check(NamedTuple):
    """How far backward and central differences are apart in one parameter."""

    course: float
    element: float
    rounding: float
    crossings: int


def check(seed: int, dtype: Any, step: float) -> dict[str, Check]:
    """The gradient check of every parameter from one seed."""
    tg.manual_seed(seed)
    model, (x, y) = network(dtype), rows(dtype)
    loss = penalised_loss(model, x, y, REG)
    loss.backward()
    signs: list[Any] = []

    def value() -> float:
        signs.append(x.numpy() @ model[0].weight.detach().numpy().T + model[0].bias.detach().numpy() > 0)
        return penalised_loss(model, x, y, REG).item()

    checks = {}
    with tg.no_grad():
        for name, parameter in named(model).items():
            signs.clear()
            a, n = parameter.grad.numpy(), numeric_gradient(value, parameter.detach().numpy(), step)
            crossings = sum(int((above != below).sum()) for above, below in zip(signs[::2], signs[1::2], strict=True))
            rounding = float(np.spacing(loss.detach().numpy()) / (2 * step) / (2 * np.abs(a).max()))
            checks[name] = Check(as_the_course(a, n), per_element(a, n), rounding, crossings)
    return checks


class Training(NamedTuple):
    """One training of 200 iterations; entry i is what stands after i iterations."""

    losses: list[float]
    accuracies: dict[str, list[float]]  # on the training rows, rows near them, and fresh rows


def train(seed: int) -> Training:
    """200 steps of plain gradient descent on the five rows."""
    tg.manual_seed(seed)
    model, (x, y) = network(), rows()
    copies, labels = tg.tensor(np.tile(x.numpy(), (COPIES, 1))), tg.tensor(np.tile(y.numpy(), COPIES))
    near, fresh = copies + NOISE * tg.randn(COPIES * ROWS, INPUTS), 10 * tg.randn(COPIES * ROWS, INPUTS)
    sets = {"training": (x, y), "validation": (near, labels), "fresh": (fresh, labels)}
    optimizer = tg.optim.SGD(model.parameters(), lr=LR)
    result = Training([], {name: [] for name in sets})
    for iteration in range(ITERATIONS + 1):
        loss = penalised_loss(model, x, y, TRAIN_REG)
        result.losses.append(loss.item())
        with tg.no_grad():
            for name, (inputs, wanted) in sets.items():
                right = model(inputs).argmax(1) == wanted
                result.accuracies[name].append(right.float().mean().item())
        if iteration < ITERATIONS:
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return result


def first_losses(seeds: range) -> list[float]:
    """The loss before any training, at the report's ``reg``, from each seed in float32."""
    losses = []
    for seed in seeds:
        tg.manual_seed(seed)
        model, (x, y) = network(), rows()
        losses.append(penalised_loss(model, x, y, REG).item())
    return losses


Checks = dict[tuple[str, float], list[dict[str, Check]]]


def middle_and_largest(numbers: list[float]) -> str:
    """The median, and the largest where there are several."""
    return f"{np.median(numbers):.2e}" + (f" [{max(numbers):.1e}]" if len(numbers) > 1 else "")


def check_table(checks: Checks) -> str:
    """Parameter by parameter: the report's error, ours in float64 and in float32."""
    lines = []
    for name, said in ERRORS.items():
        for (dtype, step), of in checks.items():
            if step != STEP:
                continue
            found = [one[name] for one in of]
            lines.append([name if dtype == "float64" else "", f"{said:.2e}" if dtype == "float64" else "",
                          f"{dtype}, {step:.0e}", middle_and_largest([one.course for one in found]),
                          middle_and_largest([one.element for one in found]),
                          f"{np.median([one.rounding for one in found]):.1e}",
                          str(sum(one.crossings for one in found))])  # fmt: skip
    head = ["array", "report", "dtype, h", "as the course", "per element", "rounding", "crossings"]
    return table(head, lines, rules=False)


def explain(checks: Checks) -> str:
    """Which step is best in each dtype, and why the errors are where they are; every number is measured."""
    words = []
    for dtype in ("float64", "float32"):
        errors = {step: np.median([max(one.course for one in of.values()) for of in runs])
                  for (d, step), runs in checks.items() if d == dtype}  # fmt: skip
        best = min(errors, key=lambda step: errors[step])
        words.append(
            f"{dtype}: the worst array's error (median of the seeds) is least, {errors[best]:.1e}, at h = {best:.0e}"
        )
    clean = [one for of in checks["float64", STEP] for one in of.values() if not one.crossings]
    ratio = np.median([one.course / one.rounding for one in clean])
    crossed = {step: sum(one.crossings for of in runs for one in of.values())
               for (dtype, step), runs in checks.items() if dtype == "float64"}  # fmt: skip
    words.append(
        f"float64 at h = {STEP:.0e}: where no kink is crossed the error is {ratio:.1f} times what the last bit of the "
        "loss explains (median), so the report's figures are rounding, not a difference of gradients"
    )
    words.append(
        "kinks crossed by float64 steps: " + ", ".join(f"{n} at {step:.0e}" for step, n in sorted(crossed.items()))
        + ". Weights of 1e-4 put hidden values near 0, so h cannot be made larger to escape the rounding"
    )  # fmt: skip
    words.append(
        "float32 rounds the loss to 1.2e-7, more than a step of 1e-7 changes it: the report's figures need float64, in "
        "which its course makes this check, though its network is float32"
    )
    return "\n".join(paragraph(word, initial_indent="- ", subsequent_indent="  ") for word in words)


def draw_check(path: Path, checks: Checks) -> Path:
    """The error over the step, for both dtypes, with the report's figures."""
    from matplotlib.figure import Figure

    from .pictures import DPI, LINES, SIZE

    colours = dict(zip(ERRORS, LINES[: len(ERRORS)], strict=True))
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    axes = figure.subplots(1, 2, sharey=True)
    for ax, dtype in zip(axes, ("float64", "float32"), strict=True):
        steps = sorted(step for d, step in checks if d == dtype)
        for (name, colour), marker in zip(colours.items(), "os^D", strict=True):
            errors = [np.median([of[name].course for of in checks[dtype, step]]) for step in steps]
            ax.loglog(steps, errors, marker=marker, markersize=4, color=colour, linewidth=1.2, label=name)
            if dtype == "float64":
                # Side by side: two of them are equal to three digits.
                x = STEP * 1.6 ** (list(ERRORS).index(name) - 1.5)
                ax.plot(x, ERRORS[name], marker="*", markersize=11, color=colour, markeredgecolor="black",
                        markeredgewidth=0.7, linestyle="", zorder=3)  # fmt: skip
        ax.set_title(dtype, fontsize=SIZE + 1)
        ax.set_xlabel("step h (in units of the parameter)", fontsize=SIZE)
        ax.tick_params(labelsize=SIZE)
        ax.grid(alpha=0.25)
    axes[0].set_ylabel("largest error of an array, relative\n(no unit; median over the seeds)", fontsize=SIZE)
    axes[0].plot([], [], "*", color="white", markeredgecolor="black", markersize=11, label="the report's (h = 1e-7)")
    axes[0].legend(frameon=False, fontsize=SIZE, ncols=2, loc="upper left")
    figure.savefig(path, dpi=DPI)
    return path


def run(seed: int, quick: bool, out: Path, data: Path | None = None) -> list[Line]:
    """Check the loss and the gradients, train, print the tables, and draw the pictures into ``out``.

    The rows are drawn from the seed: the folder ``data`` is not read.
    """
    from . import pictures  # needs matplotlib, an optional extra
    from .hand_rules import page

    seeds = range(seed, seed + (3 if quick else 10))
    print(TITLE.format(seeds=", ".join(map(str, seeds))))

    losses = first_losses(seeds)
    distance = max(abs(loss - LOSS) for loss in losses)
    print(f"Loss before training, float32, reg {REG}: the report's {LOSS!r}, ours {min(losses)!r} to {max(losses)!r};")
    print(f"largest difference {distance:.1e}. Weights this small give every class the score 0, so the loss is ln 3.")

    checks: Checks = {
        (dtype, step): [check(s, getattr(tg, dtype), step) for s in (seeds[:1] if quick and step != STEP else seeds)]
        for dtype in ("float64", "float32")
        for step in STEPS
    }
    print(CHECK.format(reg=REG))
    print(check_table(checks))
    print()
    print(explain(checks))

    runs = [train(s) for s in seeds]
    final = np.array([r.losses[-1] for r in runs])
    accuracies = {name: np.array([r.accuracies[name] for r in runs]) for name in runs[0].accuracies}
    print(f"\nTraining: {ITERATIONS} iterations on all {ROWS} rows, lr {LR}, reg {TRAIN_REG:.0e}, float32.")
    print(table(
        ["", "in the beginning", "in the end", "what it is"],
        [["loss", f"{np.mean([r.losses[0] for r in runs]):.4f}", f"{final.mean():.4f} ±{final.std():.4f}", ""],
         *([f"{name} accuracy", f"{a[:, 0].mean():.2f}", f"{a[:, -1].mean():.2f} ±{a[:, -1].std():.2f}", why]
           for (name, a), why in zip(accuracies.items(), (
               "the five rows", f"{COPIES} copies of each row, moved by {NOISE:g} × standard normal (the inputs: 10 ×)",
               "fresh inputs: their labels are unrelated to them, so chance is all there is"), strict=True))],
        rules=False,
    ))  # fmt: skip
    print()
    print(page("r4"))

    files = [draw_check(out / "r4-gradient-check.png", checks)]
    shown = {name: a for name, a in accuracies.items() if name != "fresh"}
    files.append(pictures.curves(
        out / "r4-training.png", f"R4: lr {LR}, {len(seeds)} seeds, median and range",
        [pictures.Panel("loss", "iteration", "mean cross-entropy + penalty (nats)",
                        {"training": np.array([r.losses for r in runs])}),
         pictures.Panel("accuracy", "iteration", "share of rows predicted right", shown, None, (0, 1.05))],
    ))  # fmt: skip
    print("\nPictures:", *files, sep="\n")
    return summary_lines(distance, len(losses), checks["float64", STEP], final, accuracies)


def summary_lines(
    distance: float, seeds: int, of: list[dict[str, Check]], final: Any, accuracies: dict[str, Any]
) -> list[Line]:
    """The report's figures beside ours."""
    medians = {name: np.median([one[name].course for one in of]) for name in ERRORS}
    return [
        Line("R4", f"loss before training, reg {REG}", f"{LOSS!r}", f"the same to {distance:.0e}, {seeds} seeds", ""),
        Line(
            "R4", "gradient check: largest error",
            "\n".join(f"{name} {error:.2e}" for name, error in ERRORS.items()),
            "\n".join(f"{name} {error:.2e}" for name, error in medians.items()),
            f"median of {seeds} seeds, float64, h = {STEP:.0e}; rounding of the loss, so each draw has its own",
        ),
        Line(
            "R4", f"{ITERATIONS} iterations, lr {LR}", "loss falls,\naccuracies rise",
            f"loss {final.mean():.3f} ±{final.std():.3f},\n"
            + ",\n".join(f"{name} {accuracies[name][:, -1].mean():.2f}" for name in ("training", "validation")),
            "validation rows are moved training rows: fresh ones have no label to learn",
        ),
    ]  # fmt: skip
