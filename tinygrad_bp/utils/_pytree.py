"""Nested dicts, lists and tuples as PyTorch's libraries take them apart; by its private name, for their imports.

>>> leaves, spec = tree_flatten({"w": 1, "rest": [2, (3,)]})
>>> leaves, spec.num_leaves, tree_unflatten([10, 20, 30], spec)
([1, 2, 3], 3, {'w': 10, 'rest': [20, (30,)]})
>>> tree_map(lambda leaf: 2 * leaf, [1, (2, 3)])
[2, (4, 6)]
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from ..autograd.trees import flatten

__all__ = ["TreeSpec", "tree_flatten", "tree_leaves", "tree_map", "tree_map_only", "tree_unflatten"]


class TreeSpec:
    """How leaves are nested."""

    def __init__(self, num_leaves: int, back: Callable[[Any], Any]) -> None:
        self.num_leaves, self._back = num_leaves, back

    def unflatten(self, leaves: Iterable[Any]) -> Any:
        """Nest as many leaves in the same way."""
        given = list(leaves)
        if len(given) != self.num_leaves:
            raise ValueError(f"unflatten: there are {self.num_leaves} leaves in the tree, got {len(given)}")
        return self._back(given)


def tree_flatten(tree: object) -> tuple[list[Any], TreeSpec]:
    """The leaves in order, and how they are nested."""
    leaves, back = flatten(tree)
    return leaves, TreeSpec(len(leaves), back)


def tree_unflatten(leaves: Iterable[Any], treespec: TreeSpec) -> Any:
    """The leaves, nested as ``treespec`` says."""
    return treespec.unflatten(leaves)


def tree_leaves(tree: object) -> list[Any]:
    """The leaves in order."""
    return flatten(tree)[0]


def tree_map(func: Callable[..., Any], tree: object, *rests: object) -> Any:
    """``func`` of each leaf, and of those at its place in ``rests``, nested as ``tree`` is."""
    leaves, spec = tree_flatten(tree)
    return spec.unflatten(func(*each) for each in zip(leaves, *map(tree_leaves, rests), strict=True))


def tree_map_only(type_or_types: type | tuple[type, ...], func: Callable[[Any], Any], tree: object) -> Any:
    """``func`` of each leaf that is of a type; the others as they are."""
    return tree_map(lambda leaf: func(leaf) if isinstance(leaf, type_or_types) else leaf, tree)
