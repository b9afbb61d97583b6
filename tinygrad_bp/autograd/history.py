"""How a value came to be: the recorded nodes behind it, newest first.

Newest first is a topological order because an input is always recorded before the op that reads it.
"""

from __future__ import annotations

from collections.abc import Iterable
from operator import attrgetter

from .node import Node

_order = attrgetter("order")


def history(roots: Iterable[Node]) -> list[Node]:
    """Every node with an op that the roots were made from, themselves included, newest first. No recursion."""
    found = {node for node in roots if node.op is not None}
    nodes = list(found)
    for node in nodes:  # grows while it is walked
        for parent in node.parents:
            if parent is not None and parent.op is not None and parent not in found:
                found.add(parent)
                nodes.append(parent)
    nodes.sort(key=_order, reverse=True)
    return nodes
