import numpy as np


class Layer:
    def forward(self, input):
        raise NotImplementedError

    def backward(self, output_gradient, learning_rate):
        raise NotImplementedError


class Dense(Layer):
    def __init__(self, input_size, output_size):
        self.weights = np.random.randn(output_size, input_size)
        self.bias = np.random.randn(output_size, 1)

    def forward(self, input):
        self.input = input
        return self.weights @ input + self.bias

    def backward(self, output_gradient, learning_rate):
        below = self.weights.T @ output_gradient
        self.weights -= learning_rate * (output_gradient @ self.input.T).mean()
        self.bias -= learning_rate * output_gradient
        return below


class Activation(Layer):
    def __init__(self, function, slope):
        self.function, self.slope = function, slope

    def forward(self, input):
        self.input = input
        return self.function(input)

    def backward(self, output_gradient, learning_rate):
        return output_gradient * self.slope(self.input)


class Tanh(Activation):
    def __init__(self):
        super().__init__(np.tanh, lambda x: 1 - x**2)


class Softmax(Layer):
    def forward(self, input):
        e = np.exp(input - input.max())
        self.out = e / e.sum()
        return self.out

    def backward(self, output_gradient, learning_rate):
        jacobian = np.diagflat(self.out) - self.out @ self.out.T
        return jacobian @ output_gradient


def mse(y_true, y_pred):
    return ((y_true - y_pred) ** 2).mean()


def mse_prime(y_true, y_pred):
    return (y_true - y_pred) * 2 / y_true.size


def binary_cross_entropy(y_true, y_pred):
    return -np.mean(y_true * np.log(y_pred) + (1 - y_true) * np.log(1 - y_pred))


def binary_cross_entropy_prime(y_true, y_pred):
    return ((1 - y_true) / (1 - y_pred) + y_true / y_pred) / y_true.size
