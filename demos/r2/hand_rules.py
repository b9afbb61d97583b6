"""The gradients that R2 wrote by hand, beside the engine's."""

from __future__ import annotations

from typing import Any

import numpy as np

import tinygrad_bp as tg
from tinygrad_bp.nn.functional import mse_loss

from ..table import table
from .training import SETTINGS, data, dense, network


def hand_gradients(layers: list[tuple[Any, Any]], points: Any, labels: Any) -> list[tuple[Any, Any]]:
    """The gradients of the summed squared error by the report's own rules, for a network of sigmoids."""
    activations = [points]
    for weight, bias in layers:
        activations.append(1 / (1 + np.exp(-(activations[-1] @ weight + bias))))
    gradients = []
    g = 2 * (activations[-1] - labels)
    for (weight, _), x, y in zip(reversed(layers), activations[-2::-1], activations[:0:-1], strict=True):
        g = g * y * (1 - y)
        gradients.append((x.T @ g, g.mean(0)))  # the report's slip: a sum for the weight, a mean for the bias
        g = g @ weight.T
    return gradients[::-1]


def hand_rules(seed: int) -> str:
    """The report's rules divided by the engine's gradient, element by element, on one batch of each problem."""
    rows = []
    for setting in (setting for setting in SETTINGS if setting == setting.base):
        tg.manual_seed(seed)
        points, labels = data(setting.problem, seed)
        model = network(setting)
        layers = [(layer.weight.detach().numpy().T, layer.bias.detach().numpy()) for layer in dense(model)]
        mse_loss(model(tg.tensor(points)), tg.tensor(labels), reduction="sum").backward()
        for i, (layer, hand) in enumerate(zip(dense(model), hand_gradients(layers, points, labels), strict=True), 1):
            engine = layer.weight.grad.numpy().T, layer.bias.grad.numpy()
            ratios = [ours / theirs for ours, theirs in zip(hand, engine, strict=True)]
            shown = [f"{ratio.min():.6f} to {ratio.max():.6f}" for ratio in ratios]
            rows.append([setting.problem, str(len(labels)), str(i), *shown, f"{1 / len(labels):.6f}"])
    return table(["problem", "N", "layer", "grad_W = x.T @ g", "grad_b = g.mean(0)", "1/N"], rows, rules=False)
