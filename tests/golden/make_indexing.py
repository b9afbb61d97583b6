"""Writes indexing.json beside it: what each kind of index reads, by PyTorch. Run by hand, needs torch.

python tests/golden/make_indexing.py
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import torch

sys.path.insert(0, str(Path(__file__).parent.parent))
from index_kinds import SHAPE, index, names


def read(name: str) -> Any:
    """The shape read, and the elements as a sum of positions that tells any two orders apart; None for an error."""
    x = torch.arange(1, 25).reshape(SHAPE)
    try:
        found = x[index(torch, name)]
    except (IndexError, RuntimeError):
        return None
    weights = torch.arange(1, found.numel() + 1) ** 2
    return [list(found.shape), int((found.ravel() * weights).sum())]


if __name__ == "__main__":
    text = ",\n".join(f"{json.dumps(name)}:{json.dumps(read(name), separators=(',', ':'))}" for name in names())
    Path(__file__).with_name("indexing.json").write_text("{\n" + text + "\n}\n")
