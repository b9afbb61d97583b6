"""A description as JSON."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from ..autograd.elsewhere import hosted
from .boxes import Box, Description
from .numbers import brief

MOST = 1000  # elements of an array that are written


def records(description: Description, values: bool, grads: bool) -> str:
    """Boxes, arrows, frames and notes; an array as its elements, or as what is known of it where there are many.

    >>> import json, tinygrad_bp as tg
    >>> found = json.loads(tg.draw(tg.ones(2, requires_grad=True).sum()).json())
    >>> [box["name"] for box in found["boxes"] if box["kind"] == "op"], found["arrows"][0]["kind"]
    (['Sum'], 'flow')
    """
    found = {
        "boxes": [_box(box, values, grads) for box in description.boxes],
        "arrows": [arrow._asdict() for arrow in description.arrows],
        "frames": [frame._asdict() for frame in description.frames],
        "notes": description.notes,
    }
    return json.dumps(found, indent=1, allow_nan=False)


def _box(box: Box, values: bool, grads: bool) -> dict[str, Any]:
    found = {**box._asdict(), "dtype": None if box.dtype is None else str(box.dtype)}
    found["params"] = {name: brief(value) for name, value in box.params}
    found["shape"] = None if box.shape is None else list(box.shape)
    for name, wanted in (("value", values), ("grad", grads)):
        found[name] = _array(getattr(box, name)) if wanted else None
    return found


def _array(value: Any) -> Any:
    if value is None or isinstance(value, str):
        return value
    array = np.asarray(hosted(value))
    return _plain(array.tolist()) if array.size <= MOST else f"{array.size:,} elements"


def _plain(item: Any) -> Any:
    """Numbers as JSON has them; others (NaN, inf, complex) as text."""
    if isinstance(item, list):
        return [_plain(part) for part in item]
    if isinstance(item, float) and (item != item or item in (float("inf"), -float("inf"))):
        return str(item)
    return str(item) if isinstance(item, complex) else item
