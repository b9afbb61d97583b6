"""Every kind of index beside every other: for PyTorch's golden positions, and for this package.

An index is named by its parts: "1 : [0,1]" is ``x[1, :, [0, 1]]``.
"""

from __future__ import annotations

import itertools
from typing import Any

SHAPE = (2, 3, 4)
# The index part, and how many dimensions it stands for; T is the package.
PARTS: dict[str, tuple[str, int]] = {
    "1": ("1", 1), "-1": ("-1", 1), "0-d": ("T.tensor(1)", 1), ":": ("slice(None)", 1), "1:": ("slice(1, None)", 1),
    "None": ("None", 0), "...": ("...", 0), "array": ("T.tensor([1, 0])", 1),
    "matrix": ("T.tensor([[1], [0], [1]])", 1), "list": ("[0, 1]", 1),
    "True": ("True", 0), "False": ("False", 0), "mask": ("T.tensor(mask(size))", 1),
    "truths": ("[*mask(size)]", 1),
}  # fmt: skip


def names() -> list[str]:
    """Up to three parts, at most one Ellipsis among them."""
    found = [parts for count in (1, 2, 3) for parts in itertools.product(PARTS, repeat=count)]
    return [" ".join(parts) for parts in found if parts.count("...") < 2]


def index(T: Any, name: str) -> tuple[Any, ...]:
    """The index of that name, made of the package's tensors."""
    parts, at, made = name.split(), 0, []
    for i, part in enumerate(parts):
        text, used = PARTS[part]
        if part == "...":
            at = len(SHAPE) - sum(PARTS[other][1] for other in parts[i + 1 :])
        size = SHAPE[min(at, len(SHAPE) - 1)]
        made.append(eval(text, {"T": T, "size": size, "mask": lambda n: [i % 2 == 0 for i in range(n)]}))
        at += used
    return tuple(made)
