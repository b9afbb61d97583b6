import numpy as np
import pandas as pd

table = pd.read_csv("train.csv").to_numpy()
pixels, digits = table[:, 1:].T / 255, table[:, 0]


def init_params():
    shapes = [(10, 784), (10, 1), (10, 10), (10, 1)]
    return tuple(np.random.rand(*shape) - 0.5 for shape in shapes)


def ReLU(Z):
    return np.maximum(Z, 0)


def ReLU_deriv(Z):
    return Z > 0


def softmax(Z):
    return np.exp(Z) / sum(np.exp(Z))


def forward_prop(W1, b1, W2, b2, X):
    Z1 = W1 @ X + b1
    A1 = ReLU(Z1)
    Z2 = W2 @ A1 + b2
    A2 = softmax(Z2)
    return Z1, A1, Z2, A2


def one_hot(Y):
    return np.eye(Y.max() + 1)[Y].T


def backward_prop(Z1, A1, Z2, A2, W1, W2, X, Y):
    m = Y.size
    dZ2 = (A2 - one_hot(Y)) / m
    dZ1 = (W2.T @ dZ2) * ReLU_deriv(Z1)
    dW2 = dZ2 @ A1.T
    db2 = np.sum(dZ2)
    dW1 = dZ1 @ X.T
    db1 = np.sum(dZ1)
    return dW1, db1, dW2, db2


W1, b1, W2, b2 = init_params()
