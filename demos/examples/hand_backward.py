"""A backward written by hand, checked: where it is wrong, the answer says how."""

import numpy as np

import tinygrad_bp as tg
from tinygrad_bp.verify import check_backward


def forward(x, W, b):
    """A layer with its activation."""
    return np.tanh(x @ W + b)


def right(g, x, W, b):
    """The gradients of x, W and b, from the one that arrives."""
    g = g * (1 - np.tanh(x @ W + b) ** 2)
    return g @ W.T, x.T @ g, g.sum(0)


def averaged(g, x, W, b):
    """Divided by the number of rows, although the loss has divided already."""
    dx, dW, db = right(g, x, W, b)
    return dx, dW / len(x), db / len(x)


def forgot_tanh(g, x, W, b):
    """The derivative of the activation is missing."""
    return g @ W.T, x.T @ g, g.sum(0)


rng = np.random.default_rng(7)
inputs = rng.normal(size=(5, 3)), rng.normal(size=(3, 4)), rng.normal(size=4)
for backward in (right, averaged, forgot_tanh):
    print(f"--- {backward.__name__}")
    print(check_backward(backward, forward, inputs, names=("dx", "dW", "db")))

# The engine's own answer, to compare with by eye.
x, W, b = (tg.tensor(a, requires_grad=True) for a in inputs)
forward(x, W, b).sum().backward()
print("dW by the engine:\n", W.grad.numpy().round(3))
