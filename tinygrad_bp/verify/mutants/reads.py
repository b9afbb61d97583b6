"""Windows cut out of one value by slices of slices: written back over one another, or smaller than they were read."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np

from ...autograd.node import Node
from .tape import Change, Step, Tape, places


class Read(NamedTuple):
    """A part of a value, and which elements of it they are."""

    step: Step
    elements: Any
    g: Any


def overlapping(tape: Tape) -> Iterator[Change]:
    """What is read in windows that overlap, assigned where it should be added; or windows one place smaller."""
    for node in tape.users:
        reads = _reads(tape, node)
        if len(reads) < 2:
            continue
        counts = np.bincount(np.concatenate([np.ravel(read.elements) for read in reads]))
        added = _put(reads, node, [1.0] * len(reads))
        rest = tape.total[node] - added
        where = places(read.step for read in reads)
        if np.max(counts) > 1:
            for which, order in (("last", reads), ("first", reads[::-1])):
                kept = np.zeros(int(np.prod(node.shape)))
                for read in order:
                    kept[np.ravel(read.elements)] = np.ravel(read.g)
                text = (
                    f"Where windows of {tape.name(node)} overlap{where} the gradients are written over one another and "
                    f"the {which} stays: add them up with +=."
                )
                yield Change("overwritten", text, totals={node: rest + kept.reshape(node.shape)})
        if len({read.g.shape for read in reads}) == 1:
            yield from _smaller(tape, node, reads, rest, where)


def _smaller(tape: Tape, node: Node, reads: list[Read], rest: Any, where: str) -> Iterator[Change]:
    shape = reads[0].g.shape
    long = [axis for axis, n in enumerate(shape) if 1 < n < node.shape[axis]] if len(shape) == len(node.shape) else []
    for count in range(1, len(long) + 1):
        for axes in combinations(long, count):
            for text, kept in (("last", slice(None, -1)), ("first", slice(1, None))):
                mask = np.zeros(shape)
                mask[tuple(kept if axis in axes else slice(None) for axis in range(len(shape)))] = 1
                over = " and ".join(map(str, axes))
                sentence = (
                    f"The windows of {tape.name(node)}{where} are one place smaller in the backward: without the "
                    f"{text} place along axis {over}, a part is missing."
                )
                total = rest + _put(reads, node, [mask] * len(reads))
                yield Change("part missing", sentence, totals={node: total})


def _put(reads: list[Read], node: Node, masks: list[Any]) -> Any:
    total = np.zeros(int(np.prod(node.shape)))
    for read, mask in zip(reads, masks, strict=True):
        np.add.at(total, np.ravel(read.elements), np.ravel(read.g * mask))
    return total.reshape(node.shape)


def _reads(tape: Tape, node: Node) -> list[Read]:
    """The parts of a value that slices, and slices of those, cut out of it, oldest first."""
    if node not in tape.total or not node.shape:
        return []
    todo = [(node, np.arange(int(np.prod(node.shape))).reshape(node.shape))]
    found = []
    for source, elements in todo:  # grows while it is walked
        for step in tape.users.get(source, ()):
            if step.name != "getitem" or step.node not in tape.parts or step.parents[0] is not source:
                continue
            part = elements[step.call.params["index"]]
            after = tape.users.get(step.node, ())
            if after and all(s.name == "getitem" for s in after):
                todo.append((step.node, part))
            else:
                found.append(Read(step, part, tape.total[step.node]))
    return sorted(found, key=lambda read: read.step.node.order)
