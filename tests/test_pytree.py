"""Nested arguments as libraries written for PyTorch take them apart."""

from collections import OrderedDict, namedtuple

import pytest

from tinygrad_bp.utils import _pytree as pytree

Pair = namedtuple("Pair", "a b")
TREE = OrderedDict(x=[1, (2, None)], y=Pair(3, {"z": 4}))


def test_trees_are_taken_apart_and_put_together():
    leaves, spec = pytree.tree_flatten(TREE)
    assert leaves == [1, 2, None, 3, 4] and spec.num_leaves == 5
    assert pytree.tree_unflatten(leaves, spec) == TREE and pytree.tree_leaves(TREE) == leaves
    with pytest.raises(ValueError, match="there are 5 leaves in the tree, got 1"):
        spec.unflatten([1])


def test_functions_of_leaves():
    assert pytree.tree_map(lambda a, b: (a, b), [1, [2]], [3, [4]]) == [(1, 3), [(2, 4)]]
    assert pytree.tree_map_only(int, lambda i: -i, ["a", 2]) == ["a", -2]
