"""Recurrent networks, one direction of one layer: all steps of a sequence, one after the other."""

from __future__ import annotations

import numpy as np


def rnn(x, h, weight, relu):
    """hₜ = tanh(xₜ + hₜ₋₁ weightᵀ), or max(…, 0); x is what the inputs add, (steps, rows, hidden)."""
    states = []
    for z in x:
        h = np.maximum(z + np.dot(h, weight.T), 0) if relu else np.tanh(z + np.dot(h, weight.T))
        states.append(h)
    return np.stack(states)


def by_gate(weight):
    """The weight of the input, forget, output and new gate, turned; half of it where ½ + ½ tanh gives the sigmoid."""
    turned = np.moveaxis(np.reshape(weight.T, (weight.shape[1], 4, len(weight) // 4)), 1, 0)[[0, 1, 3, 2]]
    turned[:3] *= 0.5
    return turned


def lstm(x, h, c, weight_ih, weight_hh, bias):
    """The hidden states and the cells after each step, (2, steps, rows, hidden), and the gates of each step."""
    inputs = np.matmul(x[:, None], by_gate(weight_ih)) + np.repeat(by_gate(bias[:, None]), x.shape[1], 1)
    states, gates, turned = [], [], by_gate(weight_hh)
    for z in inputs:
        z = np.tanh(z + np.matmul(h, turned))
        z[:3] = z[:3] * 0.5 + 0.5
        i, f, o, n = z
        c = f * c + i * n
        h = np.tanh(c) * o
        states.append((h, c))
        gates.append(z)
    return np.stack([np.stack(part) for part in zip(*states)]), np.stack(gates)


def gru(x, h, weight, bias):
    """hₜ = (1 − u) tanh(n + r m) + u hₜ₋₁; x is what the inputs add to the gates r, u, n, (steps, rows, 3 hidden)."""
    size, states = h.shape[1], []
    for gates in x:
        a = np.dot(h, weight.T) + bias
        s = np.tanh((gates[:, : 2 * size] + a[:, : 2 * size]) * 0.5) * 0.5 + 0.5
        n = np.tanh(a[:, 2 * size :] * s[:, :size] + gates[:, 2 * size :])
        h = (h - n) * s[:, size:] + n
        states.append(h)
    return np.stack(states)
