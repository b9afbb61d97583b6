import numpy as np


class Perceptron:
    def __init__(self):
        np.random.seed(1)
        self.synaptic_weights = 2 * np.random.random((3, 1)) - 1

    def __sigmoid(self, x):
        return 1 / (1 + np.exp(-x))

    def __sigmoid_derivative(self, x):
        return x * (1 - x)

    def train(self, inputs, outputs, iterations):
        for _ in range(iterations):
            given = self.think(inputs)
            error = outputs - given
            adjustments = np.dot(inputs.T, error * self.__sigmoid_derivative(given))
            self.synaptic_weights -= adjustments

    def think(self, inputs):
        return self.__sigmoid(np.dot(inputs, self.synaptic_weights))


class Line:
    def __init__(self, n_features, lr=0.01, epochs=500):
        self.lr = lr
        self.epochs = epochs
        self.w = np.zeros((n_features, 1))
        self.b = np.zeros((1, 1))

    def predict(self, X):
        return X @ self.w + self.b

    def fit(self, X, y):
        n = len(X)
        for _ in range(self.epochs):
            miss = self.predict(X) - y
            self.w -= self.lr * (2 / n) * X.T @ miss
            self.b -= self.lr * 2 * miss.sum(axis=0, keepdims=True)
