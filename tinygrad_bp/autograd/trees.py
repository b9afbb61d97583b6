"""Nested arguments: dicts, lists and tuples of tensors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any


def flatten(tree: Any) -> tuple[list[Any], Callable[[Sequence[Any]], Any]]:
    """The leaves of nested dicts, lists and tuples in order, and the way back.

    >>> leaves, back = flatten({"w": 1, "rest": [2, (3,)]})
    >>> leaves, back([10, 20, 30])
    ([1, 2, 3], {'w': 10, 'rest': [20, (30,)]})
    """
    if isinstance(tree, dict):
        keys, parts = list(tree), [flatten(value) for value in tree.values()]
        return _joined(parts, lambda values: type(tree)(zip(keys, values, strict=True)))
    if isinstance(tree, tuple) and hasattr(tree, "_fields"):
        return _joined([flatten(value) for value in tree], lambda values: type(tree)(*values))
    if isinstance(tree, (list, tuple)):
        return _joined([flatten(value) for value in tree], lambda values: type(tree)(values))
    return [tree], lambda values: values[0]


def _joined(parts: Any, build: Callable[[list[Any]], Any]) -> tuple[list[Any], Callable[[Sequence[Any]], Any]]:
    sizes = [len(leaves) for leaves, _ in parts]

    def back(values: Sequence[Any]) -> Any:
        built, start = [], 0
        for (_, rebuild), size in zip(parts, sizes, strict=True):
            built.append(rebuild(values[start : start + size]))
            start += size
        return build(built)

    return [leaf for leaves, _ in parts for leaf in leaves], back
