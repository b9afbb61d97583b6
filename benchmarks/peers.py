"""The same training step in the peers, where they are installed."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from typing import Any

from .steps import RATE, Network, Step, data, weights


def pytorch(network: Network) -> Step:
    """PyTorch, eager, on the CPU, with its default number of threads."""
    import torch

    x, y = (torch.from_numpy(array) for array in data(network))
    activation = torch.nn.Sigmoid if network.activation == "sigmoid" else torch.nn.ReLU
    layers: list[Any] = []
    for w, b in weights(network):
        layer = torch.nn.Linear(*w.shape)
        with torch.no_grad():
            layer.weight.copy_(torch.from_numpy(w.T.copy()))
            layer.bias.copy_(torch.from_numpy(b))
        layers += [layer, activation()]
    if network.loss != "mse":
        layers.pop()
    model = torch.nn.Sequential(*layers)
    losses = {"mse": torch.nn.MSELoss, "bce": torch.nn.BCEWithLogitsLoss, "cross_entropy": torch.nn.CrossEntropyLoss}
    loss_of = losses[network.loss]()
    optimizer = torch.optim.SGD(model.parameters(), lr=RATE)

    def step(x: Any = x, y: Any = y) -> Any:
        optimizer.zero_grad()
        loss = loss_of(model(x), y)
        loss.backward()
        optimizer.step()
        return loss

    return step


def mygrad(network: Network) -> Step:
    """MyGrad: tensors, its own nnet functions, and the update on ``.data``."""
    import mygrad as mg
    import numpy as np
    from mygrad.nnet.activations import relu, sigmoid
    from mygrad.nnet.losses import softmax_crossentropy

    x, y = data(network)
    layers = [(mg.tensor(w.copy()), mg.tensor(b.copy())) for w, b in weights(network)]
    activation = sigmoid if network.activation == "sigmoid" else relu

    def step() -> Any:
        a: Any = x
        for i, (w, b) in enumerate(layers):
            a = mg.matmul(a, w) + b
            if i < len(layers) - 1 or network.loss == "mse":
                a = activation(a)
        if network.loss == "mse":
            loss = mg.mean((a - y) ** 2)
        elif network.loss == "bce":
            loss = mg.mean(mg.logaddexp(np.float32(0), a) - a * y)
        else:
            loss = softmax_crossentropy(a, y)
        loss.backward()
        for pair in layers:
            for p in pair:
                p.data -= RATE * p.grad
        return loss

    return step


PEERS: dict[str, Callable[[Network], Step]] = {"PyTorch": pytorch, "MyGrad": mygrad}
MODULES = {"PyTorch": "torch", "MyGrad": "mygrad"}


def installed() -> dict[str, Callable[[Network], Step]]:
    """The peers that can be imported here."""
    return {name: make for name, make in PEERS.items() if importlib.util.find_spec(MODULES[name])}
