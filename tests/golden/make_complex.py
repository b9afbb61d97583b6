"""Writes complex.json beside it: every call of a public function on complex numbers, by PyTorch. Needs torch.

PYTHONPATH=. python tests/golden/make_complex.py
"""

from __future__ import annotations

import json
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parent.parent))
import public_calls as pc
from complex_calls import CALLS, complex_of, digest


def arrays(result: Any) -> list[Any]:
    if isinstance(result, (tuple, list)):
        return [array for part in result for array in arrays(part)]
    return [result.resolve_conj().resolve_neg().numpy() if isinstance(result, torch.Tensor) else np.asarray(result)]


def run(call: str) -> Any:
    """A digest of each result; None where PyTorch refuses, "absent" where it has no such function."""
    names = pc.names(complex_of)
    names |= {
        name: torch.from_numpy(x.detach().clone().numpy()) for name, x in names.items() if hasattr(x, "requires_grad")
    }
    names |= {name: torch.from_numpy(x) for name, x in names.items() if isinstance(x, np.ndarray)}
    torch.manual_seed(0)
    try:
        return [digest(array) for array in arrays(eval(call, {**names, "T": torch, "F": torch.nn.functional}))]
    except AttributeError:
        return "absent"
    except Exception:
        return None


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    text = ",\n".join(f"{json.dumps(call)}: {json.dumps(run(call), separators=(',', ':'))}" for call in CALLS)
    Path(__file__).with_name("complex.json").write_text("{\n" + text + "\n}\n")
