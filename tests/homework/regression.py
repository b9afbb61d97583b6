import numpy as np


class LinearRegression:
    def __init__(self, lr=0.01, n_iters=1000):
        self.lr = lr
        self.n_iters = n_iters
        self.weights = None
        self.bias = None

    def fit(self, X, y):
        n, d = X.shape
        self.weights = np.zeros(d)
        self.bias = 0
        for _ in range(self.n_iters):
            y_pred = X @ self.weights + self.bias
            dw = (1 / n) * X.T @ (y_pred - y)
            db = (1 / n) * np.sum(y_pred - y)
            self.weights -= self.lr * dw
            self.bias -= self.lr * db


def mse_loss(w, X, y):
    return np.mean((X @ w - y) ** 2)


def mse_gradient(w, X, y):
    return 2 / len(y) * X.T @ (X @ w - y)


def ridge_loss(w, X, y, lam):
    return np.sum((X @ w - y) ** 2) + lam * np.sum(w**2)


def ridge_grad(w, X, y, lam):
    return 2 * X.T @ (X @ w - y) + 2 * lam * w
