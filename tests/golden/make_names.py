"""Writes names.json beside it: PyTorch's public names by namespace. Run by hand, needs torch.

python tests/golden/make_names.py
"""

from __future__ import annotations

import inspect
import json
import sys
import types
from operator import attrgetter
from pathlib import Path
from typing import Any

import torch
import torch.distributed.checkpoint
import torch.distributed.elastic
import torch.distributed.fsdp
import torch.distributed.optim
import torch.distributed.pipelining
import torch.distributed.run
import torch.distributed.tensor
import torch.optim.swa_utils
import torch.utils.data

SPACES = """torch torch.Tensor torch.nn torch.nn.functional torch.nn.init torch.nn.utils torch.nn.utils.rnn torch.optim
torch.optim.lr_scheduler torch.optim.swa_utils torch.utils.data torch.distributions torch.linalg torch.special
torch.fft torch.autograd torch.distributed torch.func torch.nn.Module
torch.optim.lr_scheduler.LRScheduler torch.distributions.Distribution"""


def is_torchs(value: Any) -> bool:
    """Whether it is more than what PyTorch's files import from Python's library for themselves."""
    is_module = isinstance(value, types.ModuleType)
    home = value.__name__ if is_module else getattr(value, "__module__", None) or ""
    first = home.partition(".")[0]
    if first == "builtins":
        return not is_module
    return first not in {*sys.stdlib_module_names, "typing_extensions", "numpy"}


def public(space: str) -> list[str]:
    """The names without an underscore; a module's, but not those that it has only to build its own docstrings."""
    holder = torch if space == "torch" else attrgetter(space.removeprefix("torch."))(torch)
    names = [name for name in dir(holder) if not name.startswith("_")]
    if inspect.isclass(holder):
        return names
    reimported = {"torch", "TYPE_CHECKING", "annotations"} | ({"Tensor"} if space != "torch" else set())
    return [name for name in names if name not in reimported and is_torchs(getattr(holder, name))]


if __name__ == "__main__":
    found = {space: " ".join(public(space)) for space in SPACES.split()}
    text = json.dumps({"version": torch.__version__.partition("+")[0], **found}, indent=1)
    Path(__file__).with_name("names.json").write_text(text + "\n")
