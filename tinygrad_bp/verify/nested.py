"""Arrays inside nested dicts, lists and tuples: each with its name, and the same nest with others in their place."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def flat(tree: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Every array of nested dicts, lists and tuples, with its name.

    >>> list(flat({"layers": [{"W": 1}, {"W": 2}]}))
    [('layers.0.W', 1), ('layers.1.W', 2)]
    """
    if isinstance(tree, (dict, list, tuple)):
        items = tree.items() if isinstance(tree, dict) else enumerate(tree)
        for key, part in items:
            yield from flat(part, f"{name}.{key}" if name else str(key))
    else:
        yield name or "parameter", tree


def rebuilt(tree: Any, arrays: Iterator[Any]) -> Any:
    """The same nest with other arrays."""
    if isinstance(tree, dict):
        return {key: rebuilt(part, arrays) for key, part in tree.items()}
    if isinstance(tree, (list, tuple)):
        parts = [rebuilt(part, arrays) for part in tree]
        return tree._make(parts) if hasattr(tree, "_make") else type(tree)(parts)
    return next(arrays)
