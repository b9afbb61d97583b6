"""Recurrent networks, one direction of one layer: all steps of a sequence as one op.

The steps run one after the other; what does not depend on the gradient of later steps is found for all of them at
once, forward (the inputs' part, by the caller) and backward (the slope of every gate).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..autograd.define import general
from .elementwise import sigmoid
from .samples import sample

HINT = "x is (steps, rows, gates · hidden), the states (rows, hidden), weight (gates · hidden, hidden)"


def _before(first: Any, states: Any) -> Any:
    """The state before each step: the first one, and those after all steps but the last."""
    return np.concatenate([first[None], states[:-1]])


def _rows(x: Any) -> Any:
    """Steps and rows as one dimension."""
    return np.reshape(x, (-1, x.shape[-1]))


def _weight_slope(d: Any, before: Any) -> Any:
    """The gradient of a weight: what arrives at each step times the state before it, summed. Column by column."""
    return np.dot(_rows(before).T, _rows(d)).T


def _parts(x: Any, count: int) -> tuple[Any, ...]:
    """The gates, which lie side by side in the last dimension."""
    size = x.shape[-1] // count
    return tuple([x[..., i * size : (i + 1) * size] for i in range(count)])


# ---------------------------------------------------------------------- one state, no gates


def _rnn(x: Any, h: Any, weight: Any, relu: bool) -> Any:
    states, turned = np.array(x, order="C"), weight.T
    for z in states:
        z += np.dot(h, turned)
        np.maximum(z, 0, out=z) if relu else np.tanh(z, out=z)
        h = z
    return states


def _rnn_slope(g: Any, h: Any, weight: Any, y: Any, relu: bool) -> Any:
    """Back through time: each step's gradient is what arrives and what the next step hands back."""
    slope = y > 0 if relu else 1 - y * y
    back, steps = g[-1], []
    for t in range(len(g) - 1, -1, -1):
        d = back * slope[t]
        steps.append(d)
        back = np.dot(d, weight)
        if t:
            back = back + g[t - 1]
    dx = np.stack(steps[::-1])
    return dx, back, _weight_slope(dx, _before(h, y))


def _rnn_reference(x: Any, h: Any, weight: Any, relu: bool = False) -> Any:
    states = []
    for step in x:
        h = step + h @ weight.T
        h = np.maximum(h, 0) if relu else np.tanh(h)
        states.append(h)
    return np.stack(states)


rnn = general(
    "rnn", _rnn, _rnn_slope, together=True,
    inputs="x h weight", params={"relu": False}, formula="hₜ = tanh(xₜ + hₜ₋₁ weightᵀ)",
    samples=(sample((3, 2, 3), (2, 3), (3, 3)), sample((1, 2, 2), (2, 2), (2, 2)),
             sample((3, 2, 2), (2, 2), (2, 2), relu=True), sample((2, 0, 2), (0, 2), (2, 2))),
    reference=_rnn_reference, hint=HINT,
    doc="The hidden state after each step, from the inputs' part of every step (Elman 1990).")

# ---------------------------------------------------------------------- long short-term memory


def _lstm(x: Any, h: Any, c: Any, weight: Any) -> tuple[Any, Any]:
    (steps, rows, width), cells = x.shape, c.shape[1]
    # The sigmoid is ½ + ½ tanh(x / 2): one tanh for all four gates.
    half = np.full(width, 0.5, x.dtype)
    half[2 * cells : 3 * cells] = 1
    rest, gates, turned = 1 - half, x * half, weight.T * half
    y = np.empty((2, steps, rows, cells), x.dtype)
    for z, i, f, n, o, h_after, c_after in zip(gates, *_parts(gates, 4), *y, strict=True):
        z += np.dot(h, turned)
        np.tanh(z, out=z)
        z *= half
        z += rest
        np.multiply(f, c, out=c_after)
        c_after += i * n
        np.tanh(c_after, out=h_after)
        h_after *= o
        h, c = h_after, c_after
    return y, gates


def _gates(x: Any, h: Any, weight: Any, y: Any) -> Any:
    half = np.full(x.shape[-1], 0.5, x.dtype)
    half[2 * h.shape[1] : 3 * h.shape[1]] = 1
    gates, turned = x * half, weight.T * half
    for z, before in zip(gates, _before(h, y[0]), strict=True):
        z += np.dot(before, turned)
        np.tanh(z, out=z)
        z *= half
        z += 1 - half
    return gates


def _gate_slope(gates: Any, cells: int) -> Any:
    of_sigmoid = np.repeat(np.array([1, 1, 0, 1], gates.dtype), cells)  # s (1 − s), and 1 − n² of a tanh
    return gates * (of_sigmoid - gates) + (1 - of_sigmoid)


def _gates_slope(g: Any, x: Any, h: Any, weight: Any, states: Any, gates: Any) -> Any:
    d = g * _gate_slope(gates, h.shape[1])
    before = np.reshape(np.dot(_rows(d), weight), (*x.shape[:2], h.shape[1]))
    after = np.concatenate([before[1:], np.zeros_like(before[:1])])
    return d, before[0], _weight_slope(d, _before(h, states[0])), np.stack([after, np.zeros_like(after)])


def _gates_reference(x: Any, h: Any, weight: Any, y: Any) -> Any:
    before = np.concatenate([h[None], y[0, :-1]])
    i, f, n, o = np.split(x + before @ weight.T, 4, axis=-1)
    return np.concatenate([1 / (1 + np.exp(-i)), 1 / (1 + np.exp(-f)), np.tanh(n), 1 / (1 + np.exp(-o))], axis=-1)


lstm_gates = general(
    "lstm_gates", _gates, lambda g, x, h, weight, states, y: _gates_slope(g, x, h, weight, states, y), together=True,
    inputs="x h weight states", formula="σ, σ, tanh, σ of xₜ + hₜ₋₁ weightᵀ",
    samples=(sample((3, 2, 8), (2, 2), (8, 2), (2, 3, 2, 2)), sample((1, 1, 4), (1, 1), (4, 1), (2, 1, 1, 1))),
    reference=_gates_reference, hint=HINT, doc="The gates of all steps of an LSTM again, from its states (and cells).")


def _lstm_slope(g: Any, x: Any, h: Any, c: Any, weight: Any, y: Any, gates: Any) -> Any:
    """Back through time, with the slope of every gate found before the first step back."""
    (i, f, n, o), level = _parts(gates, 4), np.tanh(y[1])
    slope = _gate_slope(gates, c.shape[1]) * np.concatenate([n, _before(c, y[1]), i, level], axis=-1)
    inner = o * (1 - level * level)
    hidden, cells = g[0], g[1]
    back, back_c, steps = hidden[-1], cells[-1], []
    for t in range(len(hidden) - 1, -1, -1):
        back_c = back_c + back * inner[t]
        d = np.concatenate([back_c, back_c, back_c, back], axis=-1) * slope[t]
        steps.append(d)
        back, back_c = np.dot(d, weight), back_c * f[t]
        if t:
            back, back_c = back + hidden[t - 1], back_c + cells[t - 1]
    dx = np.stack(steps[::-1])
    return dx, back, back_c, _weight_slope(dx, _before(h, y[0]))


def _lstm_reference(x: Any, h: Any, c: Any, weight: Any) -> Any:
    states = []
    for step in x:
        i, f, n, o = np.split(step + h @ weight.T, 4, axis=-1)
        c = c / (1 + np.exp(-f)) + np.tanh(n) / (1 + np.exp(-i))
        h = np.tanh(c) / (1 + np.exp(-o))
        states.append((h, c))
    return np.stack([np.stack(state) for state in zip(*states, strict=True)])


lstm = general(
    "lstm", _lstm, _lstm_slope, together=True,
    inputs="x h c weight", residuals={"gates": lambda x, h, weight, y: lstm_gates(x, h, weight, y)},
    formula="i, f, n, o = xₜ + hₜ₋₁ weightᵀ; cₜ = σ(f) cₜ₋₁ + σ(i) tanh n; hₜ = σ(o) tanh cₜ",
    samples=(sample((3, 2, 8), (2, 2), (2, 2), (8, 2)), sample((1, 1, 4), (1, 1), (1, 1), (4, 1)),
             sample((2, 0, 4), (0, 1), (0, 1), (4, 1))),
    reference=_lstm_reference, hint=HINT,
    doc="The hidden states and the cells after each step, (2, steps, rows, hidden): x holds the inputs' part of the "
        "input, forget, cell and output gate (Hochreiter and Schmidhuber 1997).")

# ---------------------------------------------------------------------- gated recurrent units


def _gru(x: Any, h: Any, weight: Any, bias: Any) -> Any:
    size, turned = h.shape[1], weight.T
    states = np.empty((*x.shape[:2], size), x.dtype)
    for gates, after in zip(x, states, strict=True):
        a = np.dot(h, turned)
        a += bias
        s = gates[:, : 2 * size] + a[:, : 2 * size]
        s *= 0.5
        np.tanh(s, out=s)
        s *= 0.5
        s += 0.5
        n = a[:, 2 * size :]
        n *= s[:, :size]
        n += gates[:, 2 * size :]
        np.tanh(n, out=n)
        np.subtract(h, n, out=after)
        after *= s[:, size:]
        after += n
        h = after
    return states


def _gru_slope(g: Any, x: Any, h: Any, weight: Any, bias: Any, y: Any) -> Any:
    """Back through time, with the gates found again and their slopes before the first step back."""
    before = _before(h, y)
    (p, q, _), (r, u, a) = _parts(x, 3), _parts(np.reshape(np.dot(_rows(before), weight.T), x.shape) + bias, 3)
    r, u = sigmoid(p + r), sigmoid(q + u)
    n = np.tanh(_parts(x, 3)[2] + r * a)
    new = (1 - u) * (1 - n * n)
    of_s = np.concatenate([new * a * r * (1 - r), (before - n) * u * (1 - u)], axis=-1)
    of_x, of_h = np.concatenate([of_s, new], axis=-1), np.concatenate([of_s, new * r], axis=-1)
    back, steps = g[-1], []
    for t in range(len(g) - 1, -1, -1):
        steps.append(back)
        back = back * u[t] + np.dot(np.concatenate([back, back, back], axis=-1) * of_h[t], weight)
        if t:
            back = back + g[t - 1]
    d = np.stack(steps[::-1])
    d = np.concatenate([d, d, d], axis=-1)
    d_h = d * of_h
    return d * of_x, back, _weight_slope(d_h, before), np.add.reduce(_rows(d_h), axis=0)


def _gru_reference(x: Any, h: Any, weight: Any, bias: Any) -> Any:
    states = []
    for step in x:
        (p, q, n), (r, u, a) = np.split(step, 3, axis=-1), np.split(h @ weight.T + bias, 3, axis=-1)
        u = 1 / (1 + np.exp(-q - u))
        h = (1 - u) * np.tanh(n + a / (1 + np.exp(-p - r))) + u * h
        states.append(h)
    return np.stack(states)


gru = general(
    "gru", _gru, _gru_slope, together=True,
    inputs="x h weight bias",
    formula="a, b, m = hₜ₋₁ weightᵀ + bias; r, u, n = xₜ; u = σ(u + b); hₜ = (1 − u) tanh(n + σ(r + a) m) + u hₜ₋₁",
    samples=(sample((3, 2, 6), (2, 2), (6, 2), (6,)), sample((1, 1, 3), (1, 1), (3, 1), (3,)),
             sample((2, 0, 3), (0, 1), (3, 1), (3,))),
    reference=_gru_reference, hint=HINT,
    doc="The hidden state after each step: x holds the inputs' part of the reset, update and new gate with its bias "
        "(Cho et al. 2014, the reset gate after the product).")
