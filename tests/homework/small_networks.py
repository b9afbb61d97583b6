import numpy as np


class LogisticRegression:
    def __init__(self, n_features, learning_rate=0.1):
        self.w = np.zeros(n_features)
        self.b = 0.0
        self.lr = learning_rate

    def forward(self, X):
        return 1 / (1 + np.exp(-(X @ self.w + self.b)))

    def loss(self, y_hat, y):
        return -np.mean(y * np.log(y_hat) + (1 - y) * np.log(1 - y_hat))

    def backward(self, X, y, y_hat):
        dw = X.T @ (y_hat - y) / len(y)
        db = np.mean(y_hat - y)
        return dw, db


class Autoencoder:
    def __init__(self, input_dim, hidden_dim):
        self.We = np.random.randn(input_dim, hidden_dim) * 0.1
        self.Wd = np.random.randn(hidden_dim, input_dim) * 0.1

    def forward(self, x):
        self.x = x
        self.h = np.tanh(x @ self.We)
        self.r = self.h @ self.Wd
        return self.r

    def loss(self, x):
        return 0.5 * np.mean((self.forward(x) - x) ** 2)

    def backward(self, x):
        r = self.forward(x)
        g = (r - x) / x.size
        dWd = self.h.T @ g
        dWe = x.T @ ((g @ self.Wd.T) * (1 - self.h**2))
        return dWe, dWd


def dice_loss(pred, target):
    inter = (pred * target).sum()
    return 1 - 2 * inter / (pred.sum() + target.sum())


def dice_loss_grad(pred, target):
    s = pred.sum() + target.sum()
    return -2 * (target * s - (pred * target).sum()) / s**2


def kl_divergence(mu, logvar):
    return -0.5 * np.sum(1 + logvar - mu**2 - np.exp(logvar))


def kl_divergence_backward(mu, logvar):
    return mu, -0.5 * (1 - np.exp(logvar))
