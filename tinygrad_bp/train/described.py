"""What tells a part of a training from another: plain facts that a snapshot keeps, and how two of them differ."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ..nn.module import Module
from ..optim.optimizer import Optimizer

_ADDRESS = re.compile(r" at 0x[0-9a-f]+")  # of an object that says nothing of itself: another in every process
NAMED = 4  # differences that a message names; of more it says how many


def described(part: Any) -> dict[str, Any]:
    """Facts about a part of a training, as plain values."""
    if isinstance(part, Module):
        tensors = [*part.named_parameters(), *part.named_buffers()]
        layers = [(name, module) for name, module in part.named_modules() if not any(module.children())]
        return {
            **{name: f"{value.dtype} {tuple(value.shape)}" for name, value in tensors},
            **{f"layer {name or type(part).__name__}": _ADDRESS.sub("", repr(module)) for name, module in layers},
        }
    if isinstance(part, Optimizer):
        groups = [len(group["params"]) for group in part.param_groups]
        settings = {name: repr(value) for name, value in part.defaults.items()}
        return {"kind": type(part).__name__, "parameters in groups": groups, **settings}
    own = getattr(part, "described", None)
    return {"kind": type(part).__name__, **(own() if callable(own) else {})}


def different(was: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """The differences of two trainings, in words."""
    found: list[str] = []
    for part in dict.fromkeys([*was, *now]):
        if part not in now:
            found.append(f"its {part} is not given")
        elif part not in was:
            found.append(f"it has no {part}")
        else:
            before, after = was[part], now[part]
            names = [name for name in dict.fromkeys([*before, *after]) if before.get(name) != after.get(name)]
            found += [f"{part}: {name} was {_said(before, name)}, is {_said(after, name)}" for name in names]
    return found if len(found) <= NAMED else [*found[:NAMED], f"and {len(found) - NAMED} more"]


def _said(facts: Mapping[str, Any], name: str) -> str:
    return str(facts[name]) if name in facts else "not there"
