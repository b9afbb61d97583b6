"""Recurrent networks, one direction of one layer: all steps of a sequence as one op.

The steps run one after the other; what does not depend on the steps before, or on the gradient of later ones, is found
for all of them at once: forward the inputs' part (by the caller, but for an LSTM), backward the slope of every gate.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..autograd.define import general
from ..autograd.elsewhere import copied, empty
from .elementwise import sigmoid
from .network import sum_rows
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
    states, turned = copied(x, "C"), weight.T
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


# Inside, each gate is an array of its own, and that with a tanh comes last: input, forget, output, new.
_ORDER = [0, 1, 3, 2]


def _by_gate(weight: Any) -> Any:
    """The weight of each gate, turned: (4, columns, hidden). A sigmoid is ½ + ½ tanh(x / 2): its weight is halved."""
    apart = np.reshape(weight.T, (weight.shape[1], 4, weight.shape[0] // 4))
    turned = np.moveaxis(apart, 1, 0)[_ORDER]
    turned[:3] *= 0.5
    return turned


def _inputs_part(x: Any, weight_ih: Any, bias: Any) -> Any:
    """What the inputs add to the gates, (steps, 4, rows, hidden)."""
    z = np.matmul(x[:, None], _by_gate(weight_ih))
    z += np.repeat(_by_gate(bias[:, None]), x.shape[1], 1)  # NumPy adds long rows faster than it broadcasts short ones
    return z


def _open(z: Any, h: Any, turned: Any) -> None:
    """From the inputs' part of a step's gates to the gates."""
    z += np.matmul(h, turned)
    np.tanh(z, out=z)
    sigmoids = z[:3]
    sigmoids *= 0.5
    sigmoids += 0.5


def _lstm(x: Any, h: Any, c: Any, weight_ih: Any, weight_hh: Any, bias: Any) -> tuple[Any, Any]:
    gates, turned = _inputs_part(x, weight_ih, bias), _by_gate(weight_hh)
    y = empty((2, len(x), *c.shape), gates.dtype, gates)
    for z, h_after, c_after in zip(gates, *y, strict=True):
        _open(z, h, turned)
        i, f, o, n = z
        np.multiply(f, c, out=c_after)
        c_after += i * n
        np.tanh(c_after, out=h_after)
        h_after *= o
        h, c = h_after, c_after
    return y, gates


def _gates(x: Any, h: Any, weight_ih: Any, weight_hh: Any, bias: Any, states: Any) -> Any:
    gates, turned = _inputs_part(x, weight_ih, bias), _by_gate(weight_hh)
    for z, before in zip(gates, _before(h, states[0]), strict=True):
        _open(z, before, turned)
    return gates


def _gates_of(z: Any) -> list[Any]:
    """Each gate of all steps, (steps, rows, hidden)."""
    return [z[:, k] for k in range(4)]


def _through_gates(d: Any, x: Any, before: Any, weight_ih: Any, wanted: bool) -> tuple[Any, Any, Any, Any]:
    """The gradients of x, both weights and the bias from those of all gates, (steps, rows, 4 hidden)."""
    dx = np.reshape(np.dot(_rows(d), weight_ih), x.shape) if wanted else None
    return dx, _weight_slope(d, x), _weight_slope(d, before), sum_rows(d)


def _gates_slope(
    g: Any, x: Any, h: Any, weight_ih: Any, weight_hh: Any, states: Any, gates: Any, wanted: list[bool]
) -> tuple[Any, ...]:
    (i, f, o, n), (of_i, of_f, of_o, of_n) = _gates_of(gates), _gates_of(g)
    d = np.concatenate([of_i * i * (1 - i), of_f * f * (1 - f), of_n * (1 - n * n), of_o * o * (1 - o)], axis=-1)
    dx, d_ih, d_hh, d_bias = _through_gates(d, x, _before(h, states[0]), weight_ih, wanted[0])
    back = np.reshape(np.dot(_rows(d), weight_hh), n.shape)
    after = np.concatenate([back[1:], np.zeros_like(back[:1])])
    return dx, back[0], d_ih, d_hh, d_bias, np.stack([after, np.zeros_like(after)])


def _gates_reference(x: Any, h: Any, weight_ih: Any, weight_hh: Any, bias: Any, states: Any) -> Any:
    before = np.concatenate([h[None], states[0, :-1]])
    i, f, n, o = np.split(x @ weight_ih.T + before @ weight_hh.T + bias, 4, axis=-1)
    return np.stack([1 / (1 + np.exp(-i)), 1 / (1 + np.exp(-f)), 1 / (1 + np.exp(-o)), np.tanh(n)], axis=1)


_SIZES = "x is (steps, rows, features), the states (rows, hidden), the weights (4 · hidden, features) and (…, hidden)"

lstm_gates = general(
    "lstm_gates", _gates,
    lambda g, x, h, weight_ih, weight_hh, states, y, wanted:
        _gates_slope(g, x, h, weight_ih, weight_hh, states, y, wanted),
    together=True, inputs="x h weight_ih weight_hh bias states",
    formula="σ, σ, σ, tanh of xₜ weight_ihᵀ + hₜ₋₁ weight_hhᵀ + bias; h of the states",
    samples=(sample((3, 2, 3), (2, 2), (8, 3), (8, 2), (8,), (2, 3, 2, 2)),
             sample((1, 1, 2), (1, 1), (4, 2), (4, 1), (4,), (2, 1, 1, 1))),
    reference=_gates_reference, hint=_SIZES,
    doc="The input, forget and output gate and the new values of all steps of an LSTM again, from its states.")


def _lstm_slope(
    g: Any, x: Any, h: Any, c: Any, weight_ih: Any, weight_hh: Any, bias: Any, y: Any, gates: Any, wanted: list[bool]
) -> tuple[Any, ...]:
    """Back through time, with the slope of every gate found before the first step back."""
    (i, f, o, n), h_after = _gates_of(gates), y[0]
    new, kept = i * n, _before(c, y[1]) * f  # what a step's cells are the sum of
    # Each gate's slope, s (1 − s) or 1 − n², times what the gate is multiplied by; h is o tanh c.
    of_i, of_f, of_o, of_n = new - new * i, kept - kept * f, h_after - h_after * o, i - new * n
    inner = o - h_after * np.tanh(y[1])
    hidden, cells = g
    back, back_c, steps = hidden[-1], cells[-1], []
    for t in range(len(hidden) - 1, -1, -1):
        back_c = back_c + back * inner[t]
        d = np.concatenate([back_c * of_i[t], back_c * of_f[t], back_c * of_n[t], back * of_o[t]], axis=-1)
        steps.append(d)
        back, back_c = np.dot(d, weight_hh), back_c * f[t]
        if t:
            back, back_c = back + hidden[t - 1], back_c + cells[t - 1]
    dx, d_ih, d_hh, d_bias = _through_gates(np.stack(steps[::-1]), x, _before(h, y[0]), weight_ih, wanted[0])
    return dx, back, back_c, d_ih, d_hh, d_bias


def _lstm_reference(x: Any, h: Any, c: Any, weight_ih: Any, weight_hh: Any, bias: Any) -> Any:
    states = []
    for step in x:
        i, f, n, o = np.split(step @ weight_ih.T + h @ weight_hh.T + bias, 4, axis=-1)
        c = c / (1 + np.exp(-f)) + np.tanh(n) / (1 + np.exp(-i))
        h = np.tanh(c) / (1 + np.exp(-o))
        states.append((h, c))
    return np.stack([np.stack(state) for state in zip(*states, strict=True)])


lstm = general(
    "lstm", _lstm, _lstm_slope, together=True, inputs="x h c weight_ih weight_hh bias",
    residuals={"gates": lambda x, h, weight_ih, weight_hh, bias, y: lstm_gates(x, h, weight_ih, weight_hh, bias, y)},
    formula="i, f, n, o = xₜ weight_ihᵀ + hₜ₋₁ weight_hhᵀ + bias; cₜ = σ(f) cₜ₋₁ + σ(i) tanh n; hₜ = σ(o) tanh cₜ",
    samples=(sample((3, 2, 3), (2, 2), (2, 2), (8, 3), (8, 2), (8,)),
             sample((1, 1, 2), (1, 1), (1, 1), (4, 2), (4, 1), (4,)),
             sample((2, 0, 3), (0, 1), (0, 1), (4, 3), (4, 1), (4,))),
    reference=_lstm_reference, hint=_SIZES,
    doc="The hidden states and the cells after each step, (2, steps, rows, hidden); the rows of the weights are those "
        "of the input, forget, cell and output gate (Hochreiter and Schmidhuber 1997).")

# ---------------------------------------------------------------------- gated recurrent units


def _gru(x: Any, h: Any, weight: Any, bias: Any) -> Any:
    size, turned = h.shape[1], weight.T
    states = empty((*x.shape[:2], size), x.dtype, x)
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
