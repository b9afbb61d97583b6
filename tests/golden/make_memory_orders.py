"""Writes memory_orders.json beside it: random numbers in tensors of any layout, by PyTorch. Run by hand, needs torch.

python tests/golden/make_memory_orders.py
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parent.parent))
from memory_orders import cases, drawn


def digest(nested: object) -> list[float]:
    """The first number, and a sum that tells any two orders apart."""
    values = np.ravel(np.array(nested, float))
    return [float(f"{values[0]:.6g}"), float(f"{values @ np.sqrt(np.arange(2.0, values.size + 2)):.6g}")]


if __name__ == "__main__":
    found = [f"{json.dumps(list(case))[1:-1]}, {json.dumps(digest(drawn(torch, *case)))[1:-1]}" for case in cases()]
    Path(__file__).with_name("memory_orders.json").write_text("[\n[" + "],\n[".join(found) + "]\n]\n")
