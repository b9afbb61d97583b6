import numpy as np


class NeuralNetwork:
    def __init__(self, x, y):
        self.input = x
        self.weights1 = np.random.normal(size=(x.shape[1], 4))
        self.weights2 = np.random.normal(size=(4, y.shape[1]))
        self.y = y

    def sigmoid(self, x):
        return 1.0 / (1 + np.exp(-x))

    def sigmoid_derivative(self, x):
        return x * (1.0 - x)

    def feedforward(self):
        self.layer1 = self.sigmoid(np.dot(self.input, self.weights1))
        self.output = self.sigmoid(np.dot(self.layer1, self.weights2))
        return self.output

    def loss(self):
        return np.sum((self.y - self.output) ** 2)

    def backprop(self):
        d2 = 2 * (self.y - self.output) * self.sigmoid_derivative(self.output)
        d_weights2 = np.dot(self.layer1.T, d2)
        d_weights1 = np.dot(self.input.T, np.dot(d2, self.weights2.T))
        self.weights1 += d_weights1
        self.weights2 += d_weights2


class MLP:
    def __init__(self, n_inputs, n_hidden, n_outputs, lr=0.5):
        self.lr = lr
        self.W1 = np.random.randn(n_inputs, n_hidden) * 0.1
        self.b1 = np.zeros((1, n_hidden))
        self.W2 = np.random.randn(n_hidden, n_outputs) * 0.1
        self.b2 = np.zeros((1, n_outputs))

    def forward(self, X):
        self.z1 = X @ self.W1 + self.b1
        self.a1 = np.tanh(self.z1)
        self.z2 = self.a1 @ self.W2 + self.b2
        return self.z2

    def compute_loss(self, y_pred, y):
        return np.mean(np.sum((y_pred - y) ** 2, axis=1))

    def backward(self, X, y):
        m = X.shape[0]
        dz2 = 2 * (self.z2 - y) / m
        dW2 = self.a1.T @ dz2
        db2 = dz2.sum(axis=0, keepdims=True)
        self.W2 -= self.lr * dW2
        dz1 = dz2 @ self.W2.T * (1 - self.a1**2)
        dW1 = X.T @ dz1
        db1 = dz1.sum(axis=0, keepdims=True)
        self.b2 -= self.lr * db2
        self.W1 -= self.lr * dW1
        self.b1 -= self.lr * db1
