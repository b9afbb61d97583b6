"""HW1: XOR and a line, with a list of layers; forward gives every activation, backward consumes them."""

import numpy as np
import matplotlib.pyplot as plt


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def derivative_sigmoid(y):
    return y * (1 - y)


def generate_XOR_easy():
    inputs, labels = [], []
    for i in range(11):
        inputs.append([0.1 * i, 0.1 * i])
        labels.append(0)
        if 0.1 * i == 0.5:
            continue
        inputs.append([0.1 * i, 1 - 0.1 * i])
        labels.append(1)
    return np.array(inputs), np.array(labels).reshape(21, 1)


class Dense:
    def __init__(self, input_units, output_units, learning_rate=0.1):
        self.learning_rate = learning_rate
        self.weights = np.random.randn(input_units, output_units)
        self.biases = np.zeros(output_units)

    def forward(self, input):
        return np.dot(input, self.weights) + self.biases

    def backward(self, input, grad_output):
        grad_input = np.dot(grad_output, self.weights.T)
        grad_weights = np.dot(input.T, grad_output)
        grad_biases = grad_output.sum(axis=0)
        self.weights = self.weights - self.learning_rate * grad_weights
        self.biases = self.biases - self.learning_rate * grad_biases
        return grad_input


class Sigmoid:
    def forward(self, input):
        return sigmoid(input)

    def backward(self, input, grad_output):
        s = sigmoid(input)
        return grad_output * derivative_sigmoid(s)


def forward(network, X):
    activations = []
    for layer in network:
        activations.append(layer.forward(X))
        X = activations[-1]
    return activations


def train(network, X, y):
    activations = forward(network, X)
    layer_inputs = [X] + activations
    error = activations[-1] - y
    loss = error**2
    grad = 2 * error
    for i in range(len(network))[::-1]:
        grad = network[i].backward(layer_inputs[i], grad)
    return np.mean(loss)


x, y = generate_XOR_easy()
network = [Dense(2, 10), Sigmoid(), Dense(10, 5), Sigmoid(), Dense(5, 1), Sigmoid()]
losses = [train(network, x, y) for _ in range(20)]
plt.plot(losses)
plt.show()
