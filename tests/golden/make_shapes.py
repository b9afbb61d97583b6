"""Writes shapes.json beside it: values, gradients and second gradients of calls, by PyTorch. Run by hand, needs torch.

python tests/golden/make_shapes.py
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import torch

sys.path.insert(0, str(Path(__file__).parent.parent))
from shape_calls import calls, results


def rounded(nested: Any) -> Any:
    if isinstance(nested, dict):
        return {key: rounded(part) for key, part in nested.items()}
    return [rounded(part) for part in nested] if isinstance(nested, list) else float(f"{nested:.9g}")


if __name__ == "__main__":
    found = {call: rounded(results(torch, call)) for call in calls()}
    text = ",\n".join(f"{json.dumps(call)}: {json.dumps(one, separators=(',', ':'))}" for call, one in found.items())
    Path(__file__).with_name("shapes.json").write_text("{\n" + text + "\n}\n")
