"""The results of one call of a ``Function`` as one array, so that its node, like every other, has one result."""

from __future__ import annotations

from typing import Any

import numpy as np

from .errors import FunctionError, shape_text
from .node import Node, recorded
from .op import Op
from .sharing import share
from .tensor import Tensor, wrap
from .values import made
from .writes import owner


class Whole:
    """The results of one call as one array, and back: what each of them is in it."""

    travels: list[bool]
    several: bool
    materialize: bool
    kinds: list[Any]
    shapes: list[Any]
    sizes: list[Any]
    stops: Any

    def __init__(self, results: tuple[Any, ...], travels: list[bool], several: bool, materialize: bool) -> None:
        self.travels, self.several, self.materialize = travels, several, materialize
        self.kinds = [result.dtype if isinstance(result, Tensor) else None for result in results]
        self.shapes = [result.shape if isinstance(result, Tensor) else None for result in results]
        self.sizes = [result.numel() if go else 0 for result, go in zip(results, travels, strict=True)]
        self.stops = np.cumsum(self.sizes).tolist()
        self.arrived: set[int] = set()  # the results whose gradient has come, in the backward that is running

    def value(self, results: tuple[Any, ...]) -> Any:
        """The array of all results that travel."""
        if not self.several:
            return results[0]._value
        return np.concatenate([r._value.ravel() for r, go in zip(results, self.travels, strict=True) if go])

    def part(self, whole: Any, i: int) -> Any:
        """Result ``i``, or its gradient."""
        if not self.several:
            return whole
        piece = whole[self.stops[i] - self.sizes[i] : self.stops[i]].reshape(self.shapes[i])
        # Real results travel beside complex ones with an imaginary part of 0.
        return (piece if np.dtype(self.kinds[i]).kind == "c" else piece.real).to(self.kinds[i])

    def gradients(self, arrived: Tensor) -> list[Any]:
        """What backward is given: one gradient a result, zeros or None for those that nothing was computed from."""
        missing = set() if self.materialize or not self.several else {*range(len(self.kinds))} - self.arrived
        self.arrived.clear()
        found: list[Any] = []
        for i, (go, kind, shape) in enumerate(zip(self.travels, self.kinds, self.shapes)):
            if kind is None or i in missing:
                found.append(None)
            else:
                found.append(self.part(arrived, i) if go else made(np.zeros(shape or (), kind)))
        return found

    def moving(self, tangents: list[Tensor | None], like: list[Any]) -> list[Tensor | None]:
        """What jvp is given: one tangent an input, zeros or None for those that do not move."""
        return [
            made(np.zeros(*kind)) if t is None and kind is not None and self.materialize else t
            for t, kind in zip(tangents, like, strict=True)
        ]

    def tangent(self, name: str, given: Any) -> Tensor:
        """The tangents that jvp returned, as one array."""
        parts = given if isinstance(given, (tuple, list)) else (given,)
        if len(parts) != len(self.kinds):
            raise FunctionError(
                f"{name}.jvp returned {len(parts)} tangents for {len(self.kinds)} results of forward; return one each"
            )
        moved: list[Tensor] = []
        for t, kind, shape, go in zip(parts, self.kinds, self.shapes, self.travels):
            if not go:
                continue
            t = made(np.zeros(shape, kind)) if t is None else t
            if not isinstance(t, Tensor) or t.shape != shape:
                got = shape_text(t.shape) if isinstance(t, Tensor) else type(t).__name__
                raise FunctionError(
                    f"{name}.jvp returned {got} for a result of shape {shape_text(shape)}; a tangent has its shape"
                )
            moved.append(t.to(kind))
        return np.concatenate([t.reshape(-1) for t in moved]) if self.several else moved[0]  # type: ignore[return-value]

    def piece(self, whole: Tensor, i: int, op: Op) -> Tensor:
        """Result ``i`` as a tensor with a node of its own (of ``op``), whose gradient goes to its place."""
        arrived, dtype = self.arrived, whole.dtype
        before, behind = self.stops[i] - self.sizes[i], self.stops[-1] - self.stops[i]

        def pull(g: Any, parents: tuple[Node | None, ...], values: tuple[Any, ...]) -> tuple[Any, ...]:
            arrived.add(i)
            return (np.concatenate([np.zeros(before, dtype), np.reshape(g, -1), np.zeros(behind, dtype)]),)

        op.kept, op.keeps_values, op.pull, op.back = (), False, pull, None
        value = self.part(wrap(whole._value, None), i)._value
        return wrap(value, recorded(op, value, (whole._node,), ()))


def stay(pieces: list[Any], results: tuple[Any, ...], inputs: list[Tensor]) -> None:
    """Put results that lie in the memory of an input, or of each other, back there: who writes one writes the other."""
    pairs = [(piece, result) for piece, result in zip(pieces, results, strict=True) if isinstance(piece, Tensor)]
    tensors = [*inputs, *(piece for piece, _ in pairs)]
    owners = [owner(t._value) for t in (*inputs, *(result for _, result in pairs))]
    for i, (piece, result) in enumerate(pairs, len(inputs)):
        first = next(k for k, memory in enumerate(owners) if memory is owners[i])
        if first < i or any(memory is owners[i] for memory in owners[i + 1 :]):
            piece._value = result._value
        if first < i:
            share(tensors[first], piece)
