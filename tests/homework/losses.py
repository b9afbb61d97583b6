import numpy as np


class MSELoss:
    def __call__(self, y_pred, y_true):
        return np.mean((y_pred - y_true) ** 2)

    def gradient(self, y_pred, y_true):
        return 2 * (y_pred - y_true) / y_true.size


class BCELoss:
    def forward(self, p, y):
        self.p, self.y = p, y
        return -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))

    def backward(self):
        return (self.p - self.y) / (self.p * (1 - self.p)) / self.y.size


class HuberLoss:
    def __init__(self, delta=1.0):
        self.delta = delta

    def loss(self, pred, target):
        e = pred - target
        return np.where(np.abs(e) <= self.delta, 0.5 * e**2, self.delta * (np.abs(e) - 0.5 * self.delta)).sum()

    def grad(self, pred, target):
        return np.clip(pred - target, -self.delta, self.delta)


def mae(y_pred, y_true):
    return np.abs(y_pred - y_true).mean()


def mae_derivative(y_pred, y_true):
    return np.sign(y_pred - y_true) / y_pred.size


def hinge_loss(scores, y):
    return np.maximum(0, 1 - y * scores).sum()


def hinge_loss_grad(scores, y):
    return np.where(y * scores < 1, -y, 0.0)
