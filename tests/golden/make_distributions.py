"""Writes distributions.json: what PyTorch's distributions say. Run by hand, needs torch.

PYTHONPATH=tests python tests/golden/make_distributions.py
"""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import torch
from distribution_calls import CALLS, PAIRS, answers, divergence

warnings.simplefilter("ignore")
rows = [[text, answers(torch, text)] for text in CALLS]
pairs = [[p, q, divergence(torch, p, q)] for p, q in PAIRS]
lines = ",\n".join(json.dumps(row, separators=(",", ":")) for row in [*rows, *pairs])
Path(__file__).with_name("distributions.json").write_text(f"[\n{lines}\n]\n")
