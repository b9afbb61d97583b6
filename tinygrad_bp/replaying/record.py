"""What a replay is, as plain data: the tensors of a graph, the steps forward, and the steps back through them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from ..autograd.errors import ArgumentError
from ..autograd.lines import Line
from ..autograd.node import Node
from ..autograd.tensor import Tensor

LIMIT = 200  # steps of a page or a text, so that it stays readable; ``limit=`` is another


@dataclass(eq=False, slots=True)
class Traced:
    """A tensor of the graph as it was when it was replayed; ``value`` and ``gradient`` are copies.

    >>> import tinygrad_bp as tg
    >>> w = tg.tensor([1.0, 2.0], requires_grad=True)
    >>> leaf = tg.replay((w * w).sum()).leaves[0]
    >>> leaf.name, leaf.shape, leaf.gradient, leaf.tensor is w
    ('w', (2,), array([2., 4.], dtype=float32), True)
    """

    name: str  # the user's name for it; else its op and its number, such as ``mul 2``
    kind: Literal["leaf", "result", "constant"]  # a constant takes no gradient
    shape: tuple[int, ...] | None
    dtype: np.dtype[Any] | None
    value: Any  # an array, a Python number, or a text that says why there is none
    gradient: np.ndarray[Any, Any] | None = None  # complete; None where none arrives
    node: Node | None = field(default=None, repr=False)
    named: bool = True  # whether the name is the user's

    @property
    def tensor(self) -> Tensor | None:
        """The tensor itself, where it is alive and still has this value."""
        cell = self.node.cell if self.node is not None else None
        alive = cell.tensor() if cell is not None else None
        return alive if alive is not None and alive._node is self.node else None


@dataclass(eq=False, slots=True)
class Forward:
    """A step of the computation: an op, what it read, and what it gave.

    >>> import tinygrad_bp as tg
    >>> w = tg.tensor([1.0, 2.0], requires_grad=True)
    >>> [(step.op, step.formula) for step in tg.replay((w * w).sum()).forward]
    [('mul', 'a · b'), ('sum', 'Σ x')]
    """

    number: int  # from 1
    op: str
    formula: str  # of the op, in the names of its inputs; "" for a Function of the user
    names: tuple[str, ...]  # of the op for its inputs
    inputs: tuple[Traced, ...]
    params: tuple[tuple[str, Any], ...]  # where they are not the default
    result: Traced
    source: Line | None  # the line of the program; None where it was not kept

    def called(self) -> dict[str, str]:
        """The user's names for the op's inputs and for ``y``, its result, where there are some."""
        pairs = [*zip(self.names, self.inputs, strict=True), ("y", self.result)]
        return {name: traced.name for name, traced in pairs if traced.named and traced.name}


@dataclass(eq=False, slots=True)
class Input:
    """What a step of backward passes on to one of its op's inputs.

    ``contribution`` is what is added to that tensor's gradient: ``before + contribution`` is ``after``.

    >>> import tinygrad_bp as tg
    >>> w = tg.tensor([1.0, 2.0], requires_grad=True)
    >>> both = tg.replay((w * w).sum()).steps[1].inputs
    >>> [(given.name, given.tensor.name, given.derivative, given.contribution) for given in both]
    [('a', 'w', array([1., 2.], dtype=float32), array([1., 2.], dtype=float32)), ('b', 'w', array([1., 2.], dtype=float32), array([1., 2.], dtype=float32))]
    """  # noqa: E501  (what is printed is one line)

    name: str  # of the op for it
    tensor: Traced
    formula: str  # of what is passed on, in the user's names; g is what arrives, y the result; "" where there is none
    derivative: np.ndarray[Any, Any] | None  # of an op that works element by element: what g is multiplied by
    reads: tuple[tuple[str, Any], ...]  # what the op's rule reads besides g, by its name there: arrays and numbers
    contribution: np.ndarray[Any, Any]
    before: np.ndarray[Any, Any] | None  # the sum that other paths brought until now; None: this is the first
    after: np.ndarray[Any, Any]


@dataclass(eq=False, slots=True)
class Step:
    """A step of backward: the gradient that arrives at the result of an op, and what is passed on to its inputs.

    >>> import tinygrad_bp as tg
    >>> w = tg.tensor(3.0, requires_grad=True)
    >>> step = tg.replay(w * w).steps[0]
    >>> step.op, step.gradient, [given.contribution for given in step.inputs]
    ('mul', array(1., dtype=float32), [array(3., dtype=float32), array(3., dtype=float32)])
    """

    number: int  # from 1
    forward: Forward
    gradient: np.ndarray[Any, Any]
    inputs: tuple[Input, ...]  # those alone to which something is passed on

    @property
    def op(self) -> str:
        """The name of the op."""
        return self.forward.op

    @property
    def source(self) -> Line | None:
        """The line of the program that called it; None where it was not kept."""
        return self.forward.source

    @property
    def result(self) -> Traced:
        """The tensor at which the gradient arrives."""
        return self.forward.result


@dataclass(eq=False, slots=True, repr=False)
class Record:
    """The data of a replay: steps forward, oldest first, steps back in the order of the walk, and their ends."""

    forward: tuple[Forward, ...]
    steps: tuple[Step, ...]
    outputs: tuple[Traced, ...]
    seeds: tuple[np.ndarray[Any, Any], ...]  # the gradients that it starts with, one for each of the outputs
    leaves: tuple[Traced, ...]
    lines: bool  # whether lines of the program are known

    def tensors(self) -> Iterator[Traced]:
        """Every tensor of the graph once: before each step what it reads, then what it gives."""
        seen: set[int] = set()
        for step in self.forward:
            for traced in (*step.inputs, step.result):
                if id(traced) not in seen:
                    seen.add(id(traced))
                    yield traced
        yield from (traced for traced in self.outputs if id(traced) not in seen)

    def of(self, tensor: Tensor) -> Traced:
        """What is known of a tensor of the graph that takes a gradient.

        Raises ``ArgumentError`` for one that is not in the graph.
        """
        if not isinstance(tensor, Tensor):
            raise ArgumentError(f"of: give a tensor, got {type(tensor).__name__}")
        for traced in self.tensors():
            if traced.node is not None and traced.node is tensor._node:
                return traced
        raise ArgumentError(
            f"of: {tensor.name or 'the tensor'} {tuple(tensor.shape)} is not in this graph, or takes no gradient; "
            "tensors() gives all that are"
        )
