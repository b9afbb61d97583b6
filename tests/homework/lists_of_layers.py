import numpy as np


def sigmoid(z):
    return 1.0 / (1.0 + np.exp(-z))


def sigmoid_prime(z):
    s = sigmoid(z)
    return s - s**2


class Net:
    """Any number of layers; an example is a column."""

    def __init__(self, sizes):
        rng = np.random.default_rng()
        self.weights, self.biases = [], []
        for below, above in zip(sizes, sizes[1:]):
            self.weights.append(rng.normal(size=(above, below)))
            self.biases.append(rng.normal(size=(above, 1)))

    def feedforward(self, a):
        for w, b in zip(self.weights, self.biases):
            a = sigmoid(w @ a + b)
        return a

    def backprop(self, x, y):
        zs, layers = [], [x]
        for w, b in zip(self.weights, self.biases):
            zs.append(w @ layers[-1] + b)
            layers.append(sigmoid(zs[-1]))
        nabla_w, nabla_b = [None] * len(zs), [None] * len(zs)
        back = layers[-1] - y
        for k in range(len(zs) - 1, -1, -1):
            back = back * sigmoid_prime(zs[k])
            nabla_b[k] = back
            nabla_w[k] = back @ layers[k].T
            back = self.weights[k].T @ back
        return nabla_b, nabla_w

    def fit(self, data, eta):
        for x, y in data:
            db, dw = self.backprop(x, y)
            self.weights = [w - eta * d for w, d in zip(self.weights, dw)]
            self.biases = [b - eta * d for b, d in zip(self.biases, db)]
