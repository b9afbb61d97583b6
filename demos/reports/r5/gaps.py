"""The gaps in the report's loss curve: the naive loss and the stable one on the same scores."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import tinygrad_bp as tg
from tinygrad_bp.data import DataLoader

from ..table import paragraph, table
from .training import Parts, network

LR = 1e-3  # with pixels of 0 to 255, enough for scores that differ by hundreds


def exponentials(scores: Any, labels: Any) -> float:
    """The report's first loss: softmax without subtracting the maximum, then the logarithm."""
    e = np.exp(scores)
    return float(-np.log(e[np.arange(len(labels)), labels] / e.sum(1)).mean())


def row_maximum(scores: Any, labels: Any) -> float:
    """The report's second loss: the maximum of each row is subtracted, and the logarithm still comes last."""
    return exponentials(scores - scores.max(1, keepdims=True), labels)


class Gaps(NamedTuple):
    """Losses (steps,) of the same scores."""

    stable: Any
    naive: dict[str, Any]
    smallest: Any  # log10 of the smallest probability of a true class in each step


def train(of: Parts, steps: int, seed: int, lr: float = LR) -> Gaps:
    """Train pixels - 256 - 10 by plain SGD on pixels of 0 to 255 in float32; measure each batch's loss in every way."""
    tg.manual_seed(seed)
    model = network((256,), pixels=of.pixels)
    optimizer = tg.optim.SGD(model.parameters(), lr=lr)
    batches = DataLoader(of.train, 128, shuffle=True, drop_last=True, generator=tg.Generator().manual_seed(seed))
    ways = {"exp(z) / Σ exp(z), then log": exponentials, "row maximum subtracted, then log": row_maximum}
    naive: dict[str, list[float]] = {name: [] for name in ways}
    stable: list[float] = []
    smallest: list[float] = []
    while len(stable) < steps:
        for x, y in batches:
            if len(stable) == steps:
                break
            optimizer.zero_grad()
            scores = model(x)
            loss = tg.nn.functional.cross_entropy(scores, y)
            with np.errstate(all="ignore"):  # that these overflow, divide 0 by 0 and take log 0 is what is shown
                for name, way in ways.items():
                    naive[name].append(way(scores.detach().numpy(), y.numpy()))
            logs = tg.nn.functional.log_softmax(scores.detach(), dim=1).numpy()[np.arange(len(y)), y.numpy()]
            smallest.append(logs.min() / np.log(10))
            stable.append(loss.item())
            loss.backward()
            optimizer.step()
    return Gaps(np.array(stable), {name: np.array(values) for name, values in naive.items()}, np.array(smallest))


def gaps_table(gaps: Gaps) -> str:
    """How often each way gives no number, and how far it is from the stable one where it gives one."""
    body = []
    for name, losses in {**gaps.naive, "cross_entropy of the scores (log-sum-exp)": gaps.stable}.items():
        finite = np.isfinite(losses)
        far = np.abs(losses - gaps.stable)[finite].max(initial=0)
        body.append(
            [
                name,
                str(np.isnan(losses).sum()),
                str(np.isinf(losses).sum()),
                f"{100 * (1 - finite.mean()):.0f} %",
                f"{far:.1e}",
            ]
        )
    return table(["loss", "NaN", "inf", "gaps", "largest difference from log-sum-exp elsewhere"], body, rules=False)


def gaps_words(gaps: Gaps) -> str:
    """What the table says."""
    second = list(gaps.naive.values())[-1]
    under = int((gaps.smallest < -70).sum())
    single, double = (np.log10(float(np.finfo(dtype).smallest_subnormal)) for dtype in (np.float32, np.float64))
    solved = bool(np.isfinite(gaps.stable).all())
    return paragraph(
        f"float32 holds no number below 10^{single:.0f}, so a probability of 1e-70 is 0 there and its logarithm −inf; "
        f"in float64 the same happens below 10^{double:.0f}. The smallest probability of a true class was under 1e-70 "
        f"in {under} of {len(gaps.stable)} steps, and 10^{gaps.smallest.min():.0f} at the least; the loss with the row "
        f"maximum subtracted has {int((~np.isfinite(second)).sum())} gaps. "
        + (
            "log-sum-exp never forms the probability: its curve has no gap."
            if solved
            else "The stable loss is not finite either."
        )
    )


def draw(path: Path, gaps: Gaps) -> Path:
    """Both losses over the steps, the gaps marked, and under them the smallest probability."""
    from matplotlib.figure import Figure

    from ..pictures import BLUE, DPI, RED, SIZE

    steps = np.arange(1, len(gaps.stable) + 1)
    losses = list(gaps.naive.values())[-1]
    gone = ~np.isfinite(losses)
    figure = Figure(figsize=(9, 5.2), layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 2))
    above.plot(steps, gaps.stable, color=BLUE, linewidth=1, label="cross_entropy of the scores (log-sum-exp): no gap")
    above.plot(steps, np.where(gone, np.nan, losses), color=RED, linewidth=2.4, alpha=0.75,
               label="log of the softmax, row maximum subtracted")  # fmt: skip
    top = float(gaps.stable.max()) * 1.12
    above.plot(steps[gone], np.full(gone.sum(), top), "|", color=RED, markersize=7,
               label=f"its gaps: {gone.sum()} of {len(steps)} steps (loss inf)")  # fmt: skip
    above.set_ylim(0, top * 1.1)
    above.set_ylabel("mean loss of the batch (nats)", fontsize=SIZE)
    above.legend(loc="upper right", bbox_to_anchor=(1, 0.9), fontsize=SIZE, framealpha=0.9)
    above.set_title(
        "R5: the loss curve's gaps, the same scores in both losses", fontsize=SIZE + 2, weight="bold", loc="left"
    )
    below.plot(steps, gaps.smallest, color=BLUE, linewidth=1)
    tiny = float(np.log10(float(np.finfo(np.float32).smallest_subnormal)))
    below.axhline(tiny, color=RED, linewidth=1, linestyle="--")
    below.text(steps[-1], tiny, "float32: 0 below this line ", color=RED, fontsize=SIZE, ha="right", va="bottom")
    below.set_ylabel("log10 of the smallest\nprobability of a true class", fontsize=SIZE)
    below.set_xlabel("step", fontsize=SIZE)
    for ax in (above, below):
        ax.tick_params(labelsize=SIZE)
        ax.grid(alpha=0.25)
        ax.margins(x=0.01)
    figure.savefig(path, dpi=DPI)
    return path
