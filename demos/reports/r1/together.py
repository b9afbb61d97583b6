"""R1's best setting, trained by several processes: ``mpiexec -n 4 python -m demos r1 --distributed``."""

from __future__ import annotations

import time
from pathlib import Path
from shutil import rmtree

import numpy as np

import tinygrad_bp as tg
from tinygrad_bp import distributed
from tinygrad_bp.data import DataLoader
from tinygrad_bp.optim.lr_scheduler import OneCycleLR
from tinygrad_bp.train import Checkpoint, evaluate, fit

from ..summary import Line
from ..table import paragraph, table
from . import CHOSEN, FULL, FULL_DIGITS, HIDDEN, QUICK, QUICK_DIGITS
from .training import CANDIDATES, load, network

ABOUT = """R1's best setting on {ranks} ranks: {name}, {pixels} - {hidden} - 10, {recipe}.
A step takes {batch} rows, {share} on each rank. The tables are trained in one process: leave --distributed out.
{snapshots}
"""


def run(seed: int, quick: bool, out: Path, data: Path | None, epochs: int | None = None) -> list[Line]:
    """Train on all ranks, check that they hold the same weights, and draw the curves; rank 0 alone prints and draws.

    Each rank reads its own share of every batch, so that losses are those of one process with the same batches. A
    training that was killed goes on from its last snapshot in ``out``, on another number of ranks too.
    """
    ranks, first = distributed.world_size, distributed.rank == 0
    parts = load(data)
    candidate = CANDIDATES[CHOSEN]
    share = max(1, candidate.batch // ranks)
    if epochs is None:
        small, large = (QUICK_DIGITS, FULL_DIGITS) if parts.note else (QUICK, FULL)
        epochs = (small if quick else large).best_epochs
    folder = out / f"r1-{parts.name.lower()}-batch-{share * ranks}-epochs-{epochs}-seed-{seed}"
    keeper = Checkpoint(folder, keep=1)
    if first:
        if parts.note:
            print(paragraph(parts.note) + "\n")
        layers = {"pixels": parts.pixels, "hidden": " - ".join(map(str, HIDDEN))}
        snapshots = f"Goes on from {keeper.newest}." if keeper.newest else f"Killed, it goes on from {folder}."
        print(ABOUT.format(ranks=ranks, name=parts.name, recipe=CHOSEN, batch=share * ranks, share=share,
                           snapshots=snapshots, **layers))  # fmt: skip

    tg.manual_seed(seed)
    model = network(pixels=parts.pixels)
    together = distributed.DistributedDataParallel(model)
    sampler = distributed.DistributedSampler(parts.train, seed=seed, drop_last=True)
    batches = DataLoader(parts.train, share, sampler=sampler, drop_last=True)
    optimizer = candidate.optimizer(model.parameters())
    cycle = OneCycleLR(optimizer, candidate.peak, epochs * len(batches))
    loss = tg.nn.CrossEntropyLoss()
    start = time.perf_counter()
    history = fit(
        together, loss, optimizer, batches, DataLoader(parts.val, 1000), epochs, batch_schedule=cycle,
        callbacks=[keeper], resume=folder,
    )  # fmt: skip
    seconds = time.perf_counter() - start
    digest = together.digest()
    if not first:
        return []

    test = float(evaluate(model, loss, DataLoader(parts.test, 1000)).accuracy or 0.0)
    rows = [
        [str(i), f"{loss:.6f}", f"{100 * right:.2f}", f"{100 * val:.2f}"]
        for i, (loss, right, val) in enumerate(zip(history.loss, history.accuracy, history.val_accuracy), 1)
    ]
    print(table(["epoch", "loss", "training accuracy (%)", "validation accuracy (%)"], rows, rules=False))
    print(f"\nTest accuracy {100 * test:.2f} % after {seconds:.1f} s of training on {ranks} ranks.")
    print(f"All ranks hold the same weights, SHA-256 {digest[:16]}….")
    from ..pictures import Panel, curves

    lines = {
        "training (while it learns)": 100 * np.array([history.accuracy], dtype=float),
        "validation": 100 * np.array([history.val_accuracy], dtype=float),
    }
    title = f"R1 on {ranks} ranks: {parts.name}"
    panel = Panel(CHOSEN, "epoch", "accuracy (%)", lines, np.arange(1, epochs + 1))
    rmtree(folder)  # the training is through
    print("\nPicture:", curves(out / "r1-distributed.png", title, [panel], columns=1), sep="\n")
    return []
