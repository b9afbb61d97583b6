"""That the programs of ``broken_training`` do not learn, and those that they were made from do.

``PYTHONPATH=. python -m tests.faults.training_truth`` trains both 300 steps and prints how much of the loss the inputs
explain afterwards (0 is chance, 1 all) and the loss, in eval mode. Some mistakes leave a network that learns: layers
joined without activation, half of the parameters held, modes forgotten; they are mistakes by what they are.
"""

from __future__ import annotations

from typing import Any

import numpy as np

import tinygrad_bp as tg

from .broken_training import CASES
from .sound_networks import SOUND, Program, made

STEPS = 300


def explained(program: Program) -> tuple[float, float]:
    """The share of the loss that the inputs explain after the training, and the loss."""
    model, loss_fn, (x, y), optimizer = program

    def closure() -> Any:
        optimizer.zero_grad()
        loss = loss_fn(model(x), y)
        loss.backward()
        return loss

    with np.errstate(all="ignore"):
        for _ in range(STEPS):
            optimizer.step(closure)
        if hasattr(model, "eval"):
            model.eval()
        with tg.no_grad():
            right = float(loss_fn(model(x), y))
            order = np.random.default_rng(1).permutation(len(x))
            wrong = float(loss_fn(model(x[order]), y))
    return (wrong - right) / max(abs(wrong), abs(right), 1e-30), right


def main() -> None:
    """Print both for every case."""
    for case in CASES:
        tg.manual_seed(0)
        try:
            told = "{:5.2f} {:10.4g}".format(*explained(case.make()))
        except (tg.AutogradError, RuntimeError, ValueError) as error:
            told = type(error).__name__
        name = case.name.split(": ")[1].split(" (")[0]
        sound = "{:5.2f} {:10.4g}".format(*explained(made(name, 0))) if name in SOUND else ""
        print(f"{case.name:70} {told:18} {sound}", flush=True)


if __name__ == "__main__":
    main()
