"""LAB3: digits with three fully connected layers; every layer is a class of its own."""

import numpy as np


class FullyConnected:
    def __init__(self, n_in, n_out):
        self.W = np.random.normal(0, np.sqrt(2.0 / n_in), (n_in, n_out))
        self.b = np.zeros(n_out)

    def forward(self, X):
        self.X = X
        return X.dot(self.W) + self.b

    def backward(self, upstream):
        self.grad_W = self.X.T.dot(upstream)
        self.grad_b = upstream.sum(axis=0)
        return upstream.dot(self.W.T)

    def update(self, lr):
        self.W -= lr * self.grad_W
        self.b -= lr * self.grad_b


class Relu:
    def forward(self, X):
        self.X = X
        return np.maximum(X, 0)

    def backward(self, upstream):
        grad = upstream.copy()
        grad[self.X < 0] = 0
        return grad


class SoftmaxWithLoss:
    def softmax(self, scores):
        e = np.exp(scores - np.max(scores, axis=1, keepdims=True))
        return e / np.sum(e, axis=1, keepdims=True)

    def forward(self, scores, t):
        self.p = self.softmax(scores)
        self.t = t
        return -np.sum(t * np.log(self.p)) / t.shape[0]

    def backward(self):
        return (self.p - self.t) / self.t.shape[0]


if __name__ == "__main__":
    train_data = np.load("mnist.npy")
    fc1, relu1 = FullyConnected(784, 256), Relu()
    fc2, relu2 = FullyConnected(256, 128), Relu()
    classifier, loss = FullyConnected(128, 10), SoftmaxWithLoss()
