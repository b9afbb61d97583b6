import numpy as np


def squash(t):
    return 1 / (1 + np.exp(-t))


class TwoLayers:
    def __init__(self, x, y):
        self.input = x
        self.y = y
        self.first = None
        self.weights1 = np.random.rand(x.shape[1], 4)
        self.weights2 = np.random.rand(4, 1)
        self.output = np.zeros(y.shape)

    def slope(self, s):
        return s * (1 - s)

    def feedforward(self):
        self.hidden_values = squash(self.input @ self.weights1)
        self.output = squash(self.hidden_values @ self.weights2)

    def backprop(self):
        out = 2 * (self.y - self.output) * self.slope(self.output)
        inner = out @ self.weights2.T
        self.weights2 += self.hidden_values.T @ out
        self.weights1 += self.input.T @ inner


class Three:
    def __init__(self, inputs, outputs):
        self.inputs = inputs
        self.outputs = outputs
        self.weights = np.array([[0.5], [0.5], [0.5]])

    def feed_forward(self):
        self.hidden = squash(np.dot(self.inputs, self.weights))

    def backpropagation(self):
        self.error = self.hidden - self.outputs
        delta = self.error * self.hidden * (1 - self.hidden)
        self.weights += np.dot(self.inputs.T, delta)


class Slow:
    def __init__(self, X, targets):
        self.X = X
        self.targets = targets
        self.W1 = np.random.randn(X.shape[1], 5)
        self.b1 = np.zeros((1, 5))
        self.W2 = np.random.randn(5, targets.shape[1])
        self.b2 = np.zeros((1, targets.shape[1]))

    def forward(self):
        self.a1 = np.tanh(self.X @ self.W1 + self.b1)
        self.a2 = self.a1 @ self.W2 + self.b2

    def backward(self):
        d2 = self.a2 - self.targets
        d1 = d2 @ self.W2.T * (1 - self.a1**2)
        self.W2 -= 0.003 * self.a1.T @ d2
        self.b2 -= 0.003 * d2.sum(axis=0, keepdims=True)
        self.W1 -= 0.003 * self.X.T @ d1
        self.b1 -= 0.003 * d1.mean(axis=0, keepdims=True)
