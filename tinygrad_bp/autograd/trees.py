"""Nested arguments: dicts, lists and tuples of tensors."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any


def flatten(tree: Any) -> tuple[list[Any], Callable[[Sequence[Any]], Any]]:
    """The leaves of nested dicts, lists and tuples in order, and the way back.

    >>> leaves, back = flatten({"w": 1, "rest": [2, (3,)]})
    >>> leaves, back([10, 20, 30])
    ([1, 2, 3], {'w': 10, 'rest': [20, (30,)]})
    """
    kind = type(tree)  # the way back outlives the tree
    if isinstance(tree, dict):
        keys, parts = list(tree), [flatten(value) for value in tree.values()]
        first = (tree.default_factory,) if isinstance(tree, defaultdict) else ()
        return _joined(parts, lambda values: _filled(kind(*first), keys, values))
    if isinstance(tree, tuple) and hasattr(tree, "_fields"):
        return _joined([flatten(value) for value in tree], lambda values: kind(*values))
    if isinstance(tree, (list, tuple)):
        return _joined([flatten(value) for value in tree], lambda values: kind(values))
    return [tree], lambda values: values[0]


def _filled(made: Any, keys: Sequence[Any], values: Sequence[Any]) -> Any:
    """An empty dict of some kind with items: not every kind takes them when it is made."""
    for key, value in zip(keys, values, strict=True):
        made[key] = value
    return made


def _joined(parts: Any, build: Callable[[list[Any]], Any]) -> tuple[list[Any], Callable[[Sequence[Any]], Any]]:
    sizes = [len(leaves) for leaves, _ in parts]
    rebuilds = [rebuild for _, rebuild in parts]

    def back(values: Sequence[Any]) -> Any:
        built, start = [], 0
        for rebuild, size in zip(rebuilds, sizes, strict=True):
            built.append(rebuild(values[start : start + size]))
            start += size
        return build(built)

    return [leaf for leaves, _ in parts for leaf in leaves], back
