"""``python -m benchmarks.estimators``: our estimators beside scikit-learn's on its digits, in one run, as Markdown."""

from __future__ import annotations

import argparse
import statistics
import time
import warnings
from pathlib import Path
from typing import Any

from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

import tinygrad_bp as tg
from tinygrad_bp.autograd import terminal

from .__main__ import replaced

CASES: dict[str, dict[str, Any]] = {
    "the defaults": {}, "two hidden layers": {"hidden_layer_sizes": (100, 50)},
    "SGD": {"solver": "sgd", "learning_rate_init": 0.1}, "L-BFGS": {"solver": "lbfgs"},
    "batches of 32, early stopping": {"batch_size": 32, "early_stopping": True},
}  # fmt: skip
HEAD = """## Measured

scikit-learn's digits (1,797 images, a quarter held out), features divided by 16, float64; `fit` until it stops. Both
train in turns in one process with one thread for products, each seed once; medians of {runs} seeds. Printed by
`python -m benchmarks.estimators --write docs/sklearn.md`.

| settings | accuracy, scikit-learn | accuracy here | seconds, scikit-learn | seconds here | their time / ours |
|---|---|---|---|---|---|"""


def measured(settings: dict[str, Any], runs: int) -> tuple[str, bool]:
    """A row of the table, and whether we are as accurate (to one image) and as fast (to a tenth)."""
    X, y = load_digits(return_X_y=True)
    seconds: dict[Any, list[float]] = {MLPClassifier: [], tg.sklearn.MLPClassifier: []}
    scores: dict[Any, list[float]] = {kind: [] for kind in seconds}
    for seed in range(runs):
        parts = train_test_split(X / 16, y, random_state=seed)
        for kind in seconds if seed % 2 else reversed(seconds):
            network = kind(random_state=seed, **settings)
            start = time.perf_counter()
            network.fit(parts[0], parts[2])
            seconds[kind].append(time.perf_counter() - start)
            scores[kind].append(network.score(parts[1], parts[3]))
    (theirs, ours), (right, ours_right) = (
        [statistics.median(values) for values in table.values()] for table in (seconds, scores)
    )
    row = f"{100 * right:.1f} % | {100 * ours_right:.1f} % | {theirs:.2f} | {ours:.2f} | {theirs / ours:.1f}"
    return row, ours_right >= right - 1 / 450 and ours <= 1.1 * theirs


def main() -> int:
    """Measure, print, and say by the exit code whether every row holds."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.estimators", description=__doc__)
    parser.add_argument("--runs", type=int, default=15, help="seeds (default 15)")
    parser.add_argument("--write", type=Path, metavar="FILE", help="write the section into FILE")
    options = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)
    tg.set_num_threads(1)  # two on a small machine wait for each other, and the times say little
    rows = {name: measured(settings, options.runs) for name, settings in CASES.items()}
    text = "\n".join([HEAD.format(runs=options.runs), *(f"| {name} | {row} |" for name, (row, _) in rows.items())])
    print(text)
    if options.write:
        options.write.write_text(replaced(options.write.read_text("utf-8"), [text]), encoding="utf-8")
    return 0 if all(holds for _, holds in rows.values()) else 1


if __name__ == "__main__":
    terminal.adapt()
    raise SystemExit(main())
