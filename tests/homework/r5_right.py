"""HW4: CIFAR-10 with fully connected layers."""

import numpy as np


class FC:
    def __init__(self, input_dim, output_dim):
        self.W = np.random.randn(input_dim, output_dim) * np.sqrt(1 / input_dim)
        self.b = np.zeros((1, output_dim))
        self.x = None
        self.dW = None
        self.db = None

    def forward(self, x):
        self.x = x
        return np.matmul(x, self.W) + self.b

    def backward(self, g):
        N = self.x.shape[0]
        self.dW = np.matmul(self.x.T, g)
        self.db = np.sum(g, axis=0, keepdims=True)
        return np.matmul(g, self.W.T)


class ReLU:
    def forward(self, x):
        self.mask = x > 0
        return x * self.mask

    def backward(self, g):
        return g * self.mask


class SoftmaxCrossEntropy:
    def forward(self, x, y):
        e = np.exp(x - np.max(x, axis=1, keepdims=True))
        self.p = e / np.sum(e, axis=1, keepdims=True)
        self.y = y
        self.N = x.shape[0]
        return -np.mean(np.log(self.p[np.arange(self.N), y]))

    def backward(self):
        g = self.p.copy()
        g[np.arange(self.N), self.y] -= 1
        return g / self.N
