"""A network written in NumPy, differentiated as it stands: the same function takes arrays and tensors."""

import numpy as np

import tinygrad_bp as tg


def loss_of(x, y, W1, b1, W2, b2):
    """Softmax cross-entropy of a two-layer network, as a report writes it."""
    h = np.maximum(0, x @ W1 + b1)
    z = h @ W2 + b2
    z = z - np.max(z, axis=1, keepdims=True)
    log_p = z - np.log(np.sum(np.exp(z), axis=1, keepdims=True))
    return -np.mean(log_p[np.arange(len(y)), y])


rng = np.random.default_rng(0)
x = rng.normal(size=(200, 2))
y = (x[:, 0] * x[:, 1] > 0).astype(int)
arrays = [rng.normal(size=(2, 16)), np.zeros(16), rng.normal(size=(16, 2)) / 4, np.zeros(2)]
print(f"on arrays:  {loss_of(x, y, *arrays):.6f}")

params = [tg.tensor(array, requires_grad=True) for array in arrays]
loss = loss_of(x, y, *params)
print(f"on tensors: {loss:.6f}")

loss.backward()
h = 1e-6
W1 = arrays[0].copy()
W1[0, 3] += h
slope = (loss_of(x, y, W1, *arrays[1:]) - loss_of(x, y, *arrays)) / h
print(f"dloss/dW1[0, 3]: {params[0].grad[0, 3]:.5f} by backward, {slope:.5f} by a difference")

for _ in range(300):
    for p in params:
        p.grad = None
    loss_of(x, y, *params).backward()
    with tg.no_grad():
        for p in params:
            p -= 0.5 * p.grad
print(f"after 300 steps: {loss_of(x, y, *params):.4f}")
