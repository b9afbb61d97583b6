"""Writes loader.json beside it: orders and splits of PyTorch's DataLoader. Run by hand, needs torch.

python tests/golden/make_loader.py
"""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import torch
from torch.utils.data import DataLoader, TensorDataset, default_collate, random_split

SEEDS = (0, 1, 2**40 + 3)
EPOCHS = 2


def orders() -> list[dict[str, Any]]:
    """Two epochs in a row, and a number drawn after them: how far the stream has moved."""
    cases = []
    for seed in SEEDS:
        for size, batch_size in ((1, 1), (2, 1), (7, 3), (8, 4), (33, 8), (5, 9), (6, None)):
            for drop_last in (False, True) if batch_size else (False,):
                for shuffle in (False, True):
                    for own in (None, 11):
                        case = {"seed": seed, "size": size, "batch_size": batch_size, "drop_last": drop_last,
                                "shuffle": shuffle, "own": own}  # fmt: skip
                        torch.manual_seed(seed)
                        generator = None if own is None else torch.Generator().manual_seed(own)
                        loader = DataLoader(TensorDataset(torch.arange(size)), batch_size, shuffle,
                                            drop_last=drop_last, generator=generator)  # fmt: skip
                        case["epochs"] = [[rows.tolist() for (rows,) in loader] for _ in range(EPOCHS)]
                        case["after"] = torch.randint(2**20, (1,)).item()
                        if generator is not None:
                            case["own_after"] = torch.randint(2**20, (1,), generator=generator).item()
                        cases.append(case)
    return cases


def broken_off() -> list[dict[str, Any]]:
    """An epoch that is left after some batches."""
    cases = []
    for size, batch_size, taken in ((7, 3, 0), (7, 3, 2), (7, 3, 3), (6, 3, 2)):
        generator = torch.Generator().manual_seed(3)
        batches = iter(DataLoader(TensorDataset(torch.arange(size)), batch_size, True, generator=generator))
        found = [next(batches)[0].tolist() for _ in range(taken)]
        after = torch.randint(2**20, (1,), generator=generator).item()
        cases.append({"size": size, "batch_size": batch_size, "taken": taken, "batches": found, "after": after})
    return cases


def splits() -> list[dict[str, Any]]:
    cases = []
    for seed in SEEDS:
        for size, lengths in ((10, [3, 7]), (10, [0.3, 0.3, 0.4]), (11, [0.5, 0.5]), (1, [1]), (3, [0.9, 0.1]),
                              (100, [0.8, 0.1, 0.1]), (5, [5]), (5, [0, 5])):  # fmt: skip
            torch.manual_seed(seed)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # an empty subset is one of the cases
                parts = random_split(range(size), lengths)
            cases.append({"seed": seed, "size": size, "lengths": lengths, "parts": [list(p.indices) for p in parts],
                          "after": torch.randint(2**20, (1,)).item()})  # fmt: skip
    return cases


# Samples as Python text; N is NumPy, T the library.
BATCHES = [
    "[1, 2]", "[1.0, 2.5]", "[True, False]", "['a', 'b']", "[N.float32(1), N.float32(2)]", "[N.int16(1), N.int16(2)]",
    "[N.bool_(True), N.bool_(False)]", "[N.zeros((2, 2), 'f4'), N.ones((2, 2), 'f4')]", "[T.ones(2), T.zeros(2)]",
    "[(1, 2.0), (3, 4.0)]", "[[1, 2], [3, 4]]", "[{'x': 1, 'y': (N.ones(2), 'a')}, {'x': 2, 'y': (N.zeros(2), 'b')}]",
]  # fmt: skip


def described(batch: Any) -> Any:
    if isinstance(batch, torch.Tensor):
        return {"dtype": str(batch.dtype).removeprefix("torch."), "values": batch.tolist()}
    if isinstance(batch, dict):
        return {key: described(value) for key, value in batch.items()}
    if isinstance(batch, (list, tuple)):
        return [described(part) for part in batch]
    return batch


def collated() -> list[dict[str, Any]]:
    import numpy

    names = {"N": numpy, "T": torch}
    return [{"batch": text, "gives": described(default_collate(eval(text, names)))} for text in BATCHES]


if __name__ == "__main__":
    data = {"orders": orders(), "broken_off": broken_off(), "splits": splits(), "collated": collated()}
    text = json.dumps(data, separators=(",", ":")).replace("},{", "},\n{")
    Path(__file__).with_name("loader.json").write_text(text + "\n")
