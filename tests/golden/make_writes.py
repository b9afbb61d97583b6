"""Programs of views and writes in place with PyTorch's results.

Run by hand where PyTorch is installed: ``PYTHONPATH=.:tests python tests/golden/make_writes.py``.
"""

import json
import warnings
from pathlib import Path

from random_writes import wanted_of

COUNT = 150


def golden() -> list[str]:
    """The first programs with much writing and a second derivative, a line of JSON each."""
    chosen: list[str] = []
    seed = 0
    while len(chosen) < COUNT:
        lines, wanted = wanted_of(seed)
        if "second" in wanted and sum("_(" in line or "= " in line for line in lines) > 9:
            chosen.append(json.dumps([lines, wanted]))
        seed += 1
    return chosen


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    Path(__file__).with_name("writes.jsonl").write_text("\n".join(golden()) + "\n", encoding="utf-8")
