import numpy as np


def squash(x, deriv=False):
    if deriv == True:
        return 1 - x * x
    return 1 / (1 + np.exp(-x))


bits = np.array([[0, 0, 1], [0, 1, 1], [1, 0, 1], [1, 1, 1]])
parity = np.array([[0], [1], [1], [0]])
upper, lower = np.random.normal(size=(3, 6)), np.random.normal(size=(6, 1))
for _ in range(100):
    hidden = squash(bits @ upper)
    guess = squash(hidden @ lower)
    step = (parity - guess) * squash(guess, deriv=True)
    hidden_step = (step @ lower.T) * squash(hidden, deriv=True)
    lower += hidden.T @ step
    upper += bits.T @ hidden_step
