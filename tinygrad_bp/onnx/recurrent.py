"""Recurrent layers, in ONNX: RNN, LSTM and GRU with their gates in ONNX' order."""

from __future__ import annotations

from typing import Any

import numpy as np

from .dims import Dim, fixed
from .graph import Graph, Ref
from .shapes import shape_of
from .table import Call, entry, refuse


def _gates(graph: Graph, weight: Ref, order: list[int], hidden: int) -> Ref:
    """The rows of a weight, gate by gate in another order, with the dimension of directions in front."""
    rows = np.concatenate([np.arange(hidden) + gate * hidden for gate in order])
    return graph.unsqueeze(graph.take(weight, rows, 0), 0)


def _both(graph: Graph, first: Ref, second: Ref) -> Ref:
    return graph.node("Concat", first, second, axis=1)


def _none(graph: Graph, gates: int, hidden: int, dtype: Any) -> Ref:
    return graph.constant(np.zeros((1, gates * hidden)), dtype)


def _through(graph: Graph, order: list[int], hidden: int, dtype: Any) -> Ref:
    """The weight of an input that holds its part of every gate already: each gate takes its own."""
    gates = np.eye(len(order) * hidden).reshape(len(order), hidden, -1)
    return graph.constant(np.reshape(gates[order], (1, len(order) * hidden, -1)), dtype)


@entry("rnn")
def _rnn(c: Call, x: Ref, h: Ref, weight: Ref, relu: bool) -> Ref:
    hidden = fixed(c.shape[-1])
    y = c.graph.node("RNN", x, _through(c.graph, [0], hidden, x.dtype), c.graph.unsqueeze(weight, 0), None, None,
                     c.graph.unsqueeze(h, 0), hidden_size=hidden, activations=["Relu" if relu else "Tanh"])  # fmt: skip
    return c.graph.squeeze(y, 1)


@entry("gru")
def _gru(c: Call, x: Ref, h: Ref, weight: Ref, bias: Ref) -> Ref:
    hidden, order = fixed(c.shape[-1]), [1, 0, 2]  # update, reset, new
    both = _both(c.graph, _none(c.graph, 3, hidden, x.dtype), _gates(c.graph, bias, order, hidden))
    y = c.graph.node("GRU", x, _through(c.graph, order, hidden, x.dtype), _gates(c.graph, weight, order, hidden), both,
                     None, c.graph.unsqueeze(h, 0), hidden_size=hidden, linear_before_reset=1)  # fmt: skip
    return c.graph.squeeze(y, 1)


class Cells:
    """An LSTM's results: all hidden states, and the last cells alone; ONNX gives no others."""

    states: Ref
    last: Ref
    steps: int

    def __init__(self, states: Ref, last: Ref, steps: int) -> None:
        self.states, self.last, self.steps = states, last, steps

    def has(self, index: Any) -> bool:
        """Whether an index reads what is there."""
        if index == 0 or index == (0,):
            return True
        if not isinstance(index, tuple) or len(index) != 2 or not all(type(i) is int for i in index):
            return False
        return index[0] == 0 or index == (1, -1) or (not isinstance(self.steps, Dim) and index == (1, self.steps - 1))

    def at(self, index: Any) -> Ref:
        """What such an index reads."""
        if index in (0, (0,)):
            return self.states.unary("Identity")
        if index[0] == 1:
            return self.last.unary("Identity")
        return self.states.graph.take(self.states, index[1], 0)


@entry("lstm")
def _lstm(c: Call, x: Ref, h: Ref, cell: Ref, weight_ih: Ref, weight_hh: Ref, bias: Ref) -> Ref:
    steps, hidden = c.shape[1], fixed(c.shape[-1])
    order = [0, 3, 1, 2]  # input, output, forget, cell
    weights = [_gates(c.graph, weight, order, hidden) for weight in (weight_ih, weight_hh)]
    both = _both(c.graph, _gates(c.graph, bias, order, hidden), _none(c.graph, 4, hidden, x.dtype))

    def run(x: Ref, h: Ref, cell: Ref) -> tuple[Ref, Ref, Ref]:
        given = x, *weights, both, None, h, cell
        y, last, last_cell = c.graph.several("LSTM", 3, *given, hidden_size=hidden)
        return c.graph.squeeze(y, 1), last, last_cell

    first = c.graph.unsqueeze(h, 0), c.graph.unsqueeze(cell, 0)
    states, _, last = run(x, *first)
    cells = c.graph.cells[c.step.result] = Cells(states, c.graph.squeeze(last, 0), steps)
    readers = c.graph.readers[c.step.result]
    if all(step is not None and step.op.name == "getitem" and cells.has(step.params["index"]) for step in readers):
        return states  # nobody reads it but by the parts above
    # All cells are wanted: a step at a time, as each step gives its own.
    found, h, cell = [], *first
    for t in range(fixed(shape_of(c)[0])):
        _, h, cell = run(c.graph.take(x, [t], 0), h, cell)
        found.append(cell)
    return c.graph.stacked([states, c.graph.node("Concat", *found, axis=0)], 0)


refuse("lstm_gates", "it is part of the gradient of an LSTM; export the function without its gradient")
