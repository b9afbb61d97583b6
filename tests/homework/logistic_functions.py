import numpy as np
from numpy import exp, dot


class Value:
    pass


def logistic(x):
    return 1.0 / (1.0 + exp(-x))


def logistic_derivative(x):
    return logistic(x) * (1 - logistic(x))


def forward(X, w, b):
    return logistic(dot(X, w) + b)


def cost(y_hat, y):
    return -(y * np.log(y_hat) + (1 - y) * np.log(1 - y_hat)).mean()


def backward(X, y, y_hat):
    m = X.shape[0]
    dw = dot(X.T, (y_hat - y)) / m
    db = (y_hat - y).sum() / m
    return dw, db
