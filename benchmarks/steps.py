"""One full training step of seven networks: hand-written NumPy as the reports write it, and the engine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

import tinygrad_bp as tg
from tinygrad_bp.autograd.lines import which_lines

Step = Callable[..., Any]  # on the network's own data, or on a batch (x, y)


class Network(NamedTuple):
    """A network, its data size, and the bar: how many times the hand-written step ours may take."""

    name: str
    sizes: list[int]
    activation: str
    loss: str
    rows: int
    bar: float


NETWORKS = [
    Network("xor21", [2, 10, 5, 1], "sigmoid", "mse", 21, 1.6),
    Network("toy5", [4, 10, 3], "relu", "cross_entropy", 5, 2.0),
    Network("bin100", [4, 16, 1], "relu", "bce", 100, 1.5),
    Network("deep64", [64, 8, 32, 8, 4], "relu", "cross_entropy", 1024, 1.4),
    Network("cifar8", [3072, 256, 10], "relu", "cross_entropy", 8, 1.15),
    Network("mnist64", [784, 256, 128, 10], "relu", "cross_entropy", 64, 1.15),
    Network("cifar128", [3072, 1024, 128, 10], "relu", "cross_entropy", 128, 1.0),
]
RATE = 0.01


def past_first_lines() -> None:
    """Record until ops no longer keep the user's line, as those of a training that goes on."""
    x = tg.ones(1, requires_grad=True)
    while which_lines() == "first":
        x + x


def data(network: Network) -> tuple[Any, Any]:
    """Float32 inputs and the targets that the loss wants."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((network.rows, network.sizes[0])).astype(np.float32)
    if network.loss == "cross_entropy":
        return x, rng.integers(0, network.sizes[-1], network.rows)
    return x, rng.integers(0, 2, (network.rows, network.sizes[-1])).astype(np.float32)


def weights(network: Network) -> list[tuple[Any, Any]]:
    """The same start for everyone: (in, out) weights and zero biases, float32."""
    rng = np.random.default_rng(1)
    pairs = zip(network.sizes, network.sizes[1:], strict=False)
    return [((rng.standard_normal((i, o)) * i**-0.5).astype(np.float32), np.zeros(o, np.float32)) for i, o in pairs]


def hand_written(network: Network) -> Step:
    """Forward, backward and update in plain NumPy, with no graph."""
    x, y = data(network)
    layers = [[w.copy(), b.copy()] for w, b in weights(network)]
    last = len(layers) - 1
    every = np.arange(network.rows)

    def activation(z: Any) -> Any:
        return 1 / (1 + np.exp(-z)) if network.activation == "sigmoid" else np.maximum(z, 0)

    def slope(da: Any, a: Any) -> Any:
        return da * a * (1 - a) if network.activation == "sigmoid" else da * (a > 0)

    def step(x: Any = x, y: Any = y) -> Any:
        inputs = [x]
        for i, (w, b) in enumerate(layers):
            z = inputs[-1] @ w + b
            # Report R2 has a sigmoid on the output as well; the others end in scores.
            inputs.append(activation(z) if i < last or network.loss == "mse" else z)
        out = inputs[-1]
        if network.loss == "mse":
            loss = np.mean((out - y) ** 2)
            dz = slope(2 * (out - y) / out.size, out)
        elif network.loss == "bce":
            loss = np.mean(np.maximum(out, 0) - out * y + np.log1p(np.exp(-np.abs(out))))
            dz = (1 / (1 + np.exp(-out)) - y) / out.size
        else:
            rows = every[: len(y)]
            p = np.exp(out - out.max(axis=1, keepdims=True))
            p /= p.sum(axis=1, keepdims=True)
            loss = -np.log(p[rows, y]).mean()
            dz = p.copy()
            dz[rows, y] -= 1
            dz /= len(y)
        for i in range(last, -1, -1):
            w, b = layers[i]
            dw, db = inputs[i].T @ dz, dz.sum(axis=0)
            if i:
                dz = slope(dz @ w.T, inputs[i])
            w -= RATE * dw
            b -= RATE * db
        return loss

    return step


LOSSES = {"mse": tg.nn.MSELoss, "bce": tg.nn.BCEWithLogitsLoss, "cross_entropy": tg.nn.CrossEntropyLoss}


def parts(network: Network) -> tuple[tg.models.MLP, tg.nn.Module, tg.optim.Optimizer]:
    """The network with the start of ``weights``, its loss and ``SGD``, as ``train.fit`` takes them."""
    activation = tg.nn.Sigmoid if network.activation == "sigmoid" else tg.nn.ReLU
    output = tg.nn.Sigmoid if network.loss == "mse" else None
    model = tg.models.MLP(network.sizes, activation=activation, output=output)
    linears = [layer for layer in model if isinstance(layer, tg.nn.Linear)]
    with tg.no_grad():
        for layer, (w, b) in zip(linears, weights(network), strict=True):
            layer.weight.copy_(tg.tensor(w.T))
            layer.bias.copy_(tg.tensor(b))
    return model, LOSSES[network.loss](), tg.optim.SGD(model.parameters(), lr=RATE)


def engine(network: Network) -> Step:
    """The same step through ``nn`` and ``optim.SGD``."""
    x, y = (tg.tensor(array) for array in data(network))
    model, loss_of, optimizer = parts(network)

    def step(x: Any = x, y: Any = y) -> Any:
        optimizer.zero_grad()
        loss = loss_of(model(x), y)
        loss.backward()
        optimizer.step()
        return loss

    return step
