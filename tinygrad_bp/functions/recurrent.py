"""Recurrent networks, one direction of one layer: all steps of a sequence as one recorded op.

The steps run one after the other; what does not depend on the gradient of later steps is found for all of them at
once, forward (the inputs' part, by the caller) and backward (gates and derivatives). Each op gives its state after
every step, and its backward finds the gates again from those states.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..autograd.function import Function
from ..autograd.modes import is_grad_enabled
from ..autograd.operands import rounds_once
from ..autograd.tensor import Tensor, wrap
from ..ops.elementwise import add, sigmoid
from ..ops.network import linear
from ..ops.products import matmul


@rounds_once
def recurrent(
    mode: str, x: Any, states: tuple[Any, ...], weight_ih: Any, weight_hh: Any, bias_ih: Any = None,
    bias_hh: Any = None, weight_hr: Any = None,
) -> Any:  # fmt: skip
    """The states after each step of ``x`` (steps, rows, features): (steps, rows, hidden), an LSTM's with cells behind.

    ``mode`` is ``"RNN_TANH"``, ``"RNN_RELU"``, ``"LSTM"`` or ``"GRU"``; ``states`` holds the first ones, each (rows,
    size), of one dtype with ``x``; weights and biases are those of one direction of one layer of ``nn.LSTM``.
    """
    if mode == "GRU":
        bias = wrap(np.zeros(weight_hh.shape[0], weight_hh.dtype), None) if bias_hh is None else bias_hh
        return GatedRecurrence.apply(_affine(x, weight_ih, bias_ih), *states, weight_hh, bias)
    inputs = _affine(x, weight_ih, None if bias_ih is None else add(bias_ih, bias_hh))
    if mode == "LSTM":
        return LongShortTermMemory.apply(inputs, *states, weight_hh, weight_hr)
    return Recurrence.apply(inputs, *states, weight_hh, mode == "RNN_RELU")


def _affine(x: Any, weight: Any, bias: Any) -> Any:
    return matmul(x, weight.T) if bias is None else linear(x, weight, bias)


def _inside(ctx: Any, g: Any) -> list[Any]:
    """The gradient and what was saved: recorded where the gradient is to be differentiated again, else arrays."""
    given = [g, *ctx.saved_tensors]
    return given if is_grad_enabled() else [x._value if isinstance(x, Tensor) else x for x in given]


def _before(first: Any, states: Any) -> Any:
    """The state before each step: the first one, and those after all steps but the last."""
    return np.concatenate([first[None], states[:-1]])


def _rows(x: Any) -> Any:
    """Steps and rows as one dimension."""
    return np.reshape(x, (-1, x.shape[-1]))


def _times(x: Any, weight: Any) -> Any:
    """``x weightᵀ`` for every step at once."""
    return np.reshape(_rows(x) @ weight.T, (*x.shape[:-1], weight.shape[0]))


class Recurrence(Function):
    """``h = tanh(x + h weightᵀ)`` step by step, or with relu: the hidden state after each step (Elman 1990).

    ``x`` (steps, rows, hidden) holds the inputs' part with the biases, ``h`` (rows, hidden) the first state, ``weight``
    is (hidden, hidden).
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, h: Tensor, weight: Tensor, relu: bool) -> Tensor:
        """(steps, rows, hidden)."""
        states, turned, state = np.array(x._value), weight._value.T, h._value
        for z in states:
            z += np.dot(state, turned)
            np.maximum(z, 0, out=z) if relu else np.tanh(z, out=z)
            state = z
        y = wrap(states, None)
        ctx.save_for_backward(h, weight, y)
        ctx.relu = relu
        return y

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Any:
        """Back through time: each step's gradient is what arrives and what the next step hands back."""
        arriving, h, weight, states = _inside(ctx, g)
        slope = states > 0 if ctx.relu else 1 - states * states
        back, steps = arriving[-1], []
        for t in range(len(arriving) - 1, -1, -1):
            d = back * slope[t]
            steps.append(d)
            back = d @ weight
            if t:
                back = back + arriving[t - 1]
        dx = np.stack(steps[::-1])
        return dx, back, _rows(dx).T @ _rows(_before(h, states)), None


class LongShortTermMemory(Function):
    """The steps of an LSTM: hidden and cell state after each, side by side (Hochreiter and Schmidhuber 1997).

    ``x`` (steps, rows, 4 cells) holds the inputs' part of the input, forget, cell and output gate with the biases,
    ``h`` (rows, hidden) and ``c`` (rows, cells) the first states, ``weight`` is (4 cells, hidden). ``projection``
    (hidden, cells) maps what comes out to the hidden state (Sak et al. 2014); without it both have one size.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, h: Tensor, c: Tensor, weight: Tensor, projection: Tensor | None) -> Tensor:
        """(steps, rows, hidden + cells)."""
        gates, state, cell = x._value, h._value, c._value
        dtype, (steps, rows, _), cells, hidden = gates.dtype, gates.shape, cell.shape[1], state.shape[1]
        # The sigmoid is ½ + ½ tanh(x / 2): one tanh for all four gates.
        half = np.full(4 * cells, 0.5, dtype)
        half[2 * cells : 3 * cells] = 1
        rest = 1 - half
        gates, turned = gates * half, weight._value.T * half
        projected = None if projection is None else projection._value.T
        states = np.empty((steps, rows, hidden + cells), dtype)
        for z, after in zip(gates, states, strict=True):
            z += np.dot(state, turned)
            np.tanh(z, out=z)
            z *= half
            z += rest
            cell = z[:, cells : 2 * cells] * cell
            cell += z[:, :cells] * z[:, 2 * cells : 3 * cells]
            out = np.tanh(cell)
            out *= z[:, 3 * cells :]
            state = out if projected is None else np.dot(out, projected)
            after[:, :hidden], after[:, hidden:] = state, cell
        y = wrap(states, None)
        ctx.save_for_backward(x, h, c, weight, projection, y)
        return y

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Any:
        """Back through time, with the derivative of every gate found before the first step back."""
        arriving, x, h, c, weight, projection, states = _inside(ctx, g)
        cells, hidden = c.shape[1], h.shape[1]
        before, cell = _before(h, states[..., :hidden]), states[..., hidden:]
        z = x + _times(before, weight)
        s, n = sigmoid(z), np.tanh(z[..., 2 * cells : 3 * cells])
        i, f, o, level = s[..., :cells], s[..., cells : 2 * cells], s[..., 3 * cells :], np.tanh(cell)
        slope = np.concatenate(
            [n * i * (1 - i), _before(c, cell) * f * (1 - f), i * (1 - n * n), level * o * (1 - o)], axis=-1
        )
        inner = o * (1 - level * level)
        back, back_c, steps, hiddens = arriving[-1][:, :hidden], arriving[-1][:, hidden:], [], []
        for t in range(len(arriving) - 1, -1, -1):
            hiddens.append(back)
            out = back if projection is None else back @ projection
            back_c = back_c + out * inner[t]
            d = np.concatenate([back_c, back_c, back_c, out], axis=-1) * slope[t]
            steps.append(d)
            back, back_c = d @ weight, back_c * f[t]
            if t:
                back, back_c = back + arriving[t - 1][:, :hidden], back_c + arriving[t - 1][:, hidden:]
        dx = np.stack(steps[::-1])
        d_weight = _rows(dx).T @ _rows(before)
        d_projection = None if projection is None else _rows(np.stack(hiddens[::-1])).T @ _rows(o * level)
        return dx, back, back_c, d_weight, d_projection


class GatedRecurrence(Function):
    """The steps of a GRU: the hidden state after each (Cho et al. 2014, the reset gate after the product).

    ``x`` (steps, rows, 3 hidden) holds the inputs' part of the reset, update and new gate with its bias, ``h`` (rows,
    hidden) the first state; ``weight`` (3 hidden, hidden) and ``bias`` (3 hidden,) are those of the state.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, h: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        """(steps, rows, hidden)."""
        size, state, turned, added = h.shape[1], h._value, weight._value.T, bias._value
        states = np.empty((*x.shape[:2], size), x.dtype)
        for gates, after in zip(x._value, states, strict=True):
            a = np.dot(state, turned)
            a += added
            s = gates[:, : 2 * size] + a[:, : 2 * size]
            s *= 0.5
            np.tanh(s, out=s)
            s *= 0.5
            s += 0.5
            n = a[:, 2 * size :]
            n *= s[:, :size]
            n += gates[:, 2 * size :]
            np.tanh(n, out=n)
            np.subtract(state, n, out=after)
            after *= s[:, size:]
            after += n
            state = after
        y = wrap(states, None)
        ctx.save_for_backward(x, h, weight, bias, y)
        return y

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Any:
        """Back through time, with the derivative of every gate found before the first step back."""
        arriving, x, h, weight, bias, states = _inside(ctx, g)
        size = h.shape[1]
        before = _before(h, states)
        a = _times(before, weight) + bias
        s = sigmoid(x[..., : 2 * size] + a[..., : 2 * size])
        r, u, a = s[..., :size], s[..., size:], a[..., 2 * size :]
        n = np.tanh(x[..., 2 * size :] + r * a)
        new = (1 - u) * (1 - n * n)
        of_s = np.concatenate([new * a * r * (1 - r), (before - n) * u * (1 - u)], axis=-1)
        of_x, of_h = np.concatenate([of_s, new], axis=-1), np.concatenate([of_s, new * r], axis=-1)
        back, steps = arriving[-1], []
        for t in range(len(arriving) - 1, -1, -1):
            steps.append(back)
            back = back * u[t] + (np.concatenate([back, back, back], axis=-1) * of_h[t]) @ weight
            if t:
                back = back + arriving[t - 1]
        d = np.stack(steps[::-1])
        d = np.concatenate([d, d, d], axis=-1)
        d_h = _rows(d * of_h)
        return d * of_x, back, d_h.T @ _rows(before), np.add.reduce(d_h, axis=0)
