"""Training steps and functions that are written down as programs, for the tests of what compiles them."""

from __future__ import annotations

import numpy as np

import tinygrad_bp as tg
from tinygrad_bp.program.capture import capture

F = tg.nn.functional
RATE = 0.1


def training(layers, loss_of, x, y):
    """A step that goes forward and backward and moves the parameters, and what it is called with."""
    tg.manual_seed(0)
    model = tg.nn.Sequential(*layers())
    parameters = list(model.parameters())

    def step(x, y):
        for p in parameters:
            p.grad = None
        loss = loss_of(model(x), y)
        loss.backward()
        with tg.no_grad():
            for p in parameters:
                p -= RATE * p.grad
        return loss

    return step, (x(), y()), parameters


def _labels():
    return tg.tensor([0, 1, 2, 2, 1])


def _halves():
    return tg.tensor([[0.0], [1.0], [1.0], [0.0], [1.0]])


nn = tg.nn
NETWORKS = {
    "relu": (lambda: (nn.Linear(4, 10), nn.ReLU(), nn.Linear(10, 3)), F.cross_entropy, _labels),
    "sigmoid": (lambda: (nn.Linear(4, 6), nn.Sigmoid(), nn.Linear(6, 1), nn.Sigmoid()), F.mse_loss, _halves),
    "two classes": (
        lambda: (nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, 1)), F.binary_cross_entropy_with_logits, _halves,
    ),
    "probabilities": (
        lambda: (nn.Linear(4, 6), nn.GELU(), nn.Linear(6, 1), nn.Sigmoid()), F.binary_cross_entropy, _halves,
    ),
    "log probabilities": (
        lambda: (nn.Linear(4, 6), nn.ELU(), nn.Linear(6, 3), nn.LogSoftmax(1)),
        lambda p, y: -(p * F.one_hot(y, 3)).sum() / 5, _labels,
    ),
    "normalized": (
        lambda: (nn.Linear(4, 8), nn.LayerNorm(8), nn.SiLU(), nn.Linear(8, 3), nn.Softmax(1)),
        lambda p, y: ((p - F.one_hot(y, 3).float()) ** 2).mean(), _labels,
    ),
    "no bias": (lambda: (nn.Linear(4, 8, bias=False), nn.Softplus(), nn.Linear(8, 3, bias=False)),
                F.cross_entropy, _labels),
}  # fmt: skip


def network(name):
    layers, loss_of, y = NETWORKS[name]
    return training(layers, loss_of, lambda: tg.randn(5, 4), y)


def written_down(step, arguments):
    """What a step does, as a program; its own run has been one step."""
    return capture(step, (arguments, {}))[0]


def inputs_of(captured, arguments):
    """The arrays that a program reads, tensors and settings from outside among them."""
    found = [arguments[s] if isinstance(s, int) else s() for s in captured.sources]
    return [item.numpy(force=True) if isinstance(item, tg.Tensor) else item for item in found]


def same_bits(found, wanted) -> bool:
    found, wanted = np.asarray(found), np.asarray(wanted)
    both = found.dtype == wanted.dtype and found.shape == wanted.shape
    return both and np.array_equal(*(np.ascontiguousarray(a).reshape(-1).view("u1") for a in (found, wanted)))
