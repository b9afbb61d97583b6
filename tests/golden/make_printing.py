"""Writes printing.json beside it: tensors as PyTorch prints them. Run by hand, needs torch.

python tests/golden/make_printing.py
"""

from __future__ import annotations

import json
import sys
import warnings
from pathlib import Path

import torch

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))
from printed_tensors import CALLS, EXPRESSIONS, drawn, recorded  # noqa: E402

DRAWN = 150


def texts() -> list[str]:
    found = []
    for array, options, requires_grad in drawn(DRAWN):
        torch.set_printoptions(profile="default")
        torch.set_printoptions(**options)
        found.append(repr(torch.tensor(array, requires_grad=requires_grad)))
    torch.set_printoptions(profile="default")
    return found


def printed(expression: str) -> str:
    return str(eval(expression, {"T": torch}))


def main() -> None:
    warnings.simplefilter("ignore")
    golden = {
        "expressions": {text: printed(text) for text in EXPRESSIONS},
        "float64": {},
        "calls": {call: recorded(call, torch) for call in CALLS},
        "drawn": texts(),
    }
    torch.set_default_dtype(torch.float64)
    golden["float64"] = {text: printed(text) for text in EXPRESSIONS}
    (HERE / "printing.json").write_text(json.dumps(golden, indent=0) + "\n")


if __name__ == "__main__":
    main()
