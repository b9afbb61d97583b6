import numpy as np


class Network:
    def __init__(self, layer_sizes):
        self.params = {}
        self.L = len(layer_sizes) - 1
        for i in range(1, self.L + 1):
            self.params[f"W{i}"] = np.random.randn(layer_sizes[i - 1], layer_sizes[i]) * np.sqrt(2 / layer_sizes[i - 1])
            self.params[f"b{i}"] = np.zeros((1, layer_sizes[i]))
        self.cache = {}

    def relu(self, z):
        return np.maximum(0, z)

    def softmax(self, z):
        e = np.exp(z - z.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)

    def forward(self, X):
        self.cache["A0"] = X
        A = X
        for i in range(1, self.L + 1):
            Z = A @ self.params[f"W{i}"] + self.params[f"b{i}"]
            A = self.softmax(Z) if i == self.L else self.relu(Z)
            self.cache[f"Z{i}"], self.cache[f"A{i}"] = Z, A
        return A

    def compute_loss(self, y_hat, y):
        return -np.mean(np.sum(y * np.log(y_hat + 1e-12), axis=1))

    def backward(self, y):
        grads = {}
        m = y.shape[0]
        dZ = (self.cache[f"A{self.L}"] - y) / m
        for i in range(self.L, 0, -1):
            grads[f"dW{i}"] = self.cache[f"A{i - 1}"].T @ dZ
            grads[f"db{i}"] = dZ.sum(axis=0, keepdims=True)
            if i > 1:
                dZ = (dZ @ self.params[f"W{i}"].T) * (self.cache[f"Z{i - 1}"] > 0)
        return grads
