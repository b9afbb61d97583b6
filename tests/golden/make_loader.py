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


# Orders as Python text; D is the library's utils.data, G a generator, S gives the numbers below n one by one.
ORDERS = [
    "D.SequentialSampler(range(5))", "D.RandomSampler(range(10))", "D.RandomSampler(range(10), generator=G)",
    "D.RandomSampler(range(10), True, generator=G)", "D.RandomSampler(range(10), True, 75)",
    "D.RandomSampler(range(5), True, 32, G)", "D.RandomSampler(range(4), num_samples=10, generator=G)",
    "D.RandomSampler(range(4), False, 8)", "D.RandomSampler(range(9), num_samples=3)",
    "D.SubsetRandomSampler([3, 1, 4, 1, 5, 9])", "D.SubsetRandomSampler([3, 1, 4, 1, 5, 9], G)",
    "D.WeightedRandomSampler([0.1, 0.5, 0.4, 2], 9)", "D.WeightedRandomSampler([0.1, 0.5, 0.4, 2], 9, generator=G)",
    "D.WeightedRandomSampler([0.1, 0.5, 0.4, 2], 4, False)", "D.WeightedRandomSampler([0.1, 0.5, 0.4, 2], 1, False, G)",
    "D.BatchSampler(D.SequentialSampler(range(10)), 3, True)", "D.BatchSampler(range(10), 5, drop_last=True)",
    "D.BatchSampler(D.RandomSampler(range(10), generator=G), 4, False)",
    "D.DataLoader(range(10), 4, sampler=D.RandomSampler(range(10), True, 7))",
    "D.DataLoader(range(10), 4, sampler=D.RandomSampler(range(10), False, 17, G), generator=G)",
    "D.DataLoader(range(9), batch_sampler=D.BatchSampler(D.RandomSampler(range(9)), 4, True))",
    "D.DataLoader(range(9), batch_sampler=[[1, 2], [8], [3, 3, 3]])", "D.DataLoader(range(9), sampler=[4, 4, 2])",
    "D.DataLoader(range(5), None, True)", "D.DataLoader(range(5), None, sampler=D.SubsetRandomSampler([4, 2], G))",
    "D.DataLoader(range(9), 4, shuffle=True, num_workers=0, pin_memory=False, drop_last=True, generator=G)",
    "D.DataLoader(D.ConcatDataset([range(3), range(10, 15)]), 3, shuffle=True)",
    "D.DataLoader(D.Subset(D.ConcatDataset([range(3), range(10, 15)]), [-1, 0, 4]), 2)",
    "D.DataLoader(D.StackDataset(range(6), [c for c in 'abcdef']), 4, True)",
    "D.DataLoader(D.StackDataset(x=range(6), y=D.Subset(range(9), [8, 7, 6, 5, 4, 3])), 4)",
    "D.DataLoader(S(7), 3)", "D.DataLoader(S(7), 3, drop_last=True)", "D.DataLoader(S(3), batch_size=None)",
    "D.DataLoader(D.ChainDataset([S(3), S(4)]), 5)", "D.DataLoader(S(2) + S(3), 2)", "D.DataLoader(S(0), 2)",
]  # fmt: skip


def listed() -> list[dict[str, Any]]:
    """Two iterations, the length, and a number drawn afterwards from each stream."""

    class Stream(torch.utils.data.IterableDataset):
        def __init__(self, size: int) -> None:
            self.size = size

        def __iter__(self) -> Any:
            return iter(range(self.size))

        def __len__(self) -> int:
            return self.size

    cases = []
    for text in ORDERS:
        torch.manual_seed(1)
        own = torch.Generator().manual_seed(5)
        made = eval(text, {"D": torch.utils.data, "G": own, "S": Stream})
        case = {"text": text, "gives": [[described(item) for item in made] for _ in range(2)], "len": len(made)}
        case["after"] = [torch.randint(2**20, (1,), generator=g).item() for g in (torch.default_generator, own)]
        cases.append(case)
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
    data = {"orders": orders(), "broken_off": broken_off(), "splits": splits(), "collated": collated(),
            "listed": listed()}  # fmt: skip
    text = json.dumps(data, separators=(",", ":")).replace("},{", "},\n{")
    Path(__file__).with_name("loader.json").write_text(text + "\n")
