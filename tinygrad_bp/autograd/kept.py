"""Values that nodes keep for backward, and refusing those that were written since."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from . import writes
from .anomaly import story
from .errors import ModifiedError, shape_text
from .modes import mode
from .node import Node

if TYPE_CHECKING:
    from .watch import Watcher


def refuse_changed(nodes: list[Node], watchers: Sequence[Watcher] | None = None) -> None:
    """Refuse values that nodes (newest first) kept for backward and that were changed since.

    ``watchers``, where the caller knows them, are those of the mode.
    """
    if nodes and writes._last > nodes[-1].order:
        _check_written(nodes)
    for watcher in mode().watchers if watchers is None else watchers:
        watcher.before_backward(nodes)


def _check_written(nodes: list[Node]) -> None:
    for node in nodes:
        assert node.op is not None
        for i, value in enumerate(node.kept or ()):
            written = [array for array in writes.arrays_in((value,)) if writes.written_since(array, node.order)]
            if not written:
                continue
            value = written[0]
            name = node.op.kept[i] if i < len(node.op.kept) else "a value"
            who = ""
            if name in node.op.inputs:
                parent = node.parents[node.op.inputs.index(name)]
                who = f" ({parent.tensor_name})" if parent is not None and parent.tensor_name else ""
            raise ModifiedError(
                f"{node.op.name} kept {name}{who} {shape_text(value.shape)} for backward, and it was modified by an "
                "in-place operation since: the gradient would be wrong. Write it after backward(), or give the op a "
                f"copy (t.clone()){story(node, writes.last_write(value))}"
            )
