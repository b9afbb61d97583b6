"""Networks of any number of layers with columns for examples: caches in lists, losses of two classes, dropout, L2."""

from itertools import pairwise

import numpy as np

from .programs import Program, given

RNG = np.random.default_rng(71)


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def relu(z):
    return np.maximum(0, z)


def linear_backward(dZ, cache, bug):
    A_prev, W, _ = cache
    m = A_prev.shape[1]
    dW = np.dot(dZ, A_prev.T) / m
    db = np.sum(dZ, axis=1, keepdims=True) / m
    if bug == "one bias":
        db = np.sum(dZ) / m
    if bug == "bias not divided":
        db = np.sum(dZ, axis=1, keepdims=True)
    if bug == "divided twice":
        dW = dW / m
    return np.dot(W.T, dZ), dW, db


def caches_in_a_list(bug):
    X, Y = RNG.normal(size=(4, 9)), (RNG.random(size=(1, 9)) > 0.5).astype(float)
    lambd = 0.7
    sizes = [4, 5, 5, 5, 1]
    L = len(sizes) - 1

    def f(parameters, X, Y):
        caches, A, squares = [], X, 0
        for layer in range(1, L + 1):
            W, b = parameters["W" + str(layer)], parameters["b" + str(layer)]
            Z = np.dot(W, A) + b
            caches.append(((A, W, b), Z))
            A = sigmoid(Z) if layer == L else relu(Z)
            squares = squares + np.sum(np.square(W))
        cost = -np.sum(Y * np.log(A) + (1 - Y) * np.log(1 - A)) / X.shape[1]
        cost = cost + lambd / (2 * X.shape[1]) * squares

        m, grads = X.shape[1], {}
        dA = -(np.divide(Y, A) - np.divide(1 - Y, 1 - A))
        if bug == "plus":
            dA = -(np.divide(Y, A) + np.divide(1 - Y, 1 - A))
        if bug == "one term":
            dA = -np.divide(Y, A)
        for layer in reversed(range(1, L + 1)):
            linear, Z = caches[layer - 1]
            if layer == L:
                s = Z if bug == "sigmoid of z" else sigmoid(Z)
                dZ = dA * s if bug == "half a sigmoid" else dA * s * (1 - s)
            else:
                if bug == "mask of the layer after":
                    Z = caches[min(layer, L - 2)][1]
                if bug == "mask of the layer before" and layer > 1:
                    Z = caches[layer - 2][1]
                dZ = dA * (Z > 0)
                if bug == "mask inverted":
                    dZ = dA * (Z <= 0)
                if bug == "no mask":
                    dZ = dA
                if bug == "relu itself":
                    dZ = dA * relu(Z)
                if bug == "tanh slope":
                    dZ = dA * (1 - relu(Z) ** 2)
            if bug == "input of the layer after" and 1 < layer < L:
                linear = (caches[layer][0][0], *linear[1:])
            if bug == "input of the layer before" and layer > 2:
                linear = (caches[layer - 2][0][0], *linear[1:])
            if bug == "weights of the layer before" and layer == 3:
                linear = (linear[0], caches[layer - 2][0][1], linear[2])
            back, dW, db = linear_backward(dZ, linear, bug)
            if bug != "not handed on" or layer == L:
                dA = back
            scale = {"penalty not divided": lambd, "penalty twice": 2 * lambd / m, "half": lambd / 2 / m}.get(bug)
            penalty = (lambd / m if scale is None else scale) * linear[1]
            if (bug == "penalty of the last alone" and layer < L) or bug == "no penalty":
                penalty = 0
            if bug == "penalty of the sign":
                penalty = lambd / m * np.sign(linear[1])
            if bug == "penalty subtracted":
                penalty = -penalty
            grads["W" + str(layer)] = dW + penalty
            grads["b" + str(layer)] = db
            if bug == "penalty of the bias":
                grads["b" + str(layer)] = db + lambd / m * linear[2]
        return cost, grads

    params = {}
    for i, (a, b) in enumerate(pairwise(sizes), 1):
        params["W" + str(i)], params["b" + str(i)] = 0.6 * RNG.normal(size=(b, a)), 0.3 * RNG.normal(size=(b, 1))
    return given(f, params, (X, Y), axis=1)


def dropout_columns(bug):
    X, Y = RNG.normal(size=(4, 8)), np.eye(3)[:, RNG.integers(0, 3, 8)]
    keep = 0.8
    D1, D2 = (RNG.random(size=(6, 8)) < keep), (RNG.random(size=(6, 8)) < keep)

    def f(params, X, Y):
        W1, b1, W2, b2, W3, b3 = (params[k] for k in ("W1", "b1", "W2", "b2", "W3", "b3"))
        Z1 = W1 @ X + b1
        A1 = np.tanh(Z1) * D1 / keep
        Z2 = W2 @ A1 + b2
        R2 = relu(Z2)
        A2 = R2 * D2 / keep
        Z3 = W3 @ A2 + b3
        E = np.exp(Z3 - np.max(Z3, axis=0, keepdims=True))
        P = E / np.sum(E, axis=0, keepdims=True)
        n = X.shape[1]
        loss = -np.sum(Y * np.log(P)) / n

        dZ3 = (P - Y) / n
        if bug == "columns and rows":
            dZ3 = (np.exp(Z3) / np.sum(np.exp(Z3), axis=1, keepdims=True) - Y) / n
        if bug == "divided by classes":
            dZ3 = (P - Y) / Y.shape[0]
        dA2 = W3.T @ dZ3
        if bug != "no second mask":
            dA2 = dA2 * D2
        if bug == "first mask for second":
            dA2 = (W3.T @ dZ3) * D1
        dA2 = dA2 / keep if bug not in ("second not scaled", "twice scaled") else dA2
        if bug == "twice scaled":
            dA2 = dA2 / keep / keep
        dZ2 = dA2 * (A2 >= 0 if bug == "ge of dropped" else Z2 > 0)
        if bug == "relu before dropout":
            dZ2 = (W3.T @ dZ3) * (R2 > 0)
        dA1 = (W2.T @ dZ2) * D1 / keep
        if bug == "mask inverted":
            dA1 = (W2.T @ dZ2) * (1 - D1) / keep
        if bug == "scaled by keep":
            dA1 = (W2.T @ dZ2) * D1 * keep
        T1 = np.tanh(Z1)
        dZ1 = dA1 * (1 - A1**2 if bug == "slope of dropped" else 1 - T1**2)
        if bug == "slope of z":
            dZ1 = dA1 * (1 - Z1**2)
        dW2 = dZ2 @ (T1 if bug == "before dropout" else A1).T
        grads = {"W3": dZ3 @ A2.T, "b3": dZ3.sum(axis=1, keepdims=True), "W2": dW2}
        grads |= {"b2": dZ2.sum(axis=1, keepdims=True), "W1": dZ1 @ X.T, "b1": dZ1.sum(axis=1, keepdims=True)}
        return loss, grads

    params = {"W1": (6, 4), "b1": (6, 1), "W2": (6, 6), "b2": (6, 1), "W3": (3, 6), "b3": (3, 1)}
    check_params = {name: RNG.normal(size=size) for name, size in params.items()}

    def of(params):
        return f(params, X, Y)

    return lambda: check(of, check_params)


def check(f, params):
    from tinygrad_bp.verify import check_gradients

    return check_gradients(f, params)


REGULARISATION = {"regularisation"}
PROGRAMS = [
    Program(
        "deep",
        "script",
        caches_in_a_list,
        {
            "one bias": {"wrong axis", "shape"},
            "bias not divided": {"summed"},
            "divided twice": {"divided twice", "averaged"},
            "plus": {"sign"},
            "one term": {"term missing", "labels"},
            "sigmoid of z": {"derivative"},
            "half a sigmoid": {"derivative"},
            "mask of the layer after": {"mask of another", "derivative", "wrong step"},
            "mask of the layer before": {"mask of another", "derivative", "wrong step"},
            "mask inverted": {"mask inverted"},
            "no mask": {"mask missing"},
            "relu itself": {"derivative"},
            "tanh slope": {"derivative"},
            "weights of the layer before": {"wrong factor", "wrong step"},
            "not handed on": {"wrong gradient", "wrong step"},
            "penalty not divided": REGULARISATION,
            "penalty twice": REGULARISATION,
            "half": REGULARISATION,
            "no penalty": REGULARISATION,
            "penalty of the last alone": REGULARISATION,
            "penalty of the sign": REGULARISATION,
            "penalty subtracted": REGULARISATION,
            "penalty of the bias": REGULARISATION,
        },
    ),
    Program(
        "dropout columns",
        "script",
        dropout_columns,
        {
            "columns and rows": {"wrong axis"},
            "divided by classes": {"factor", "summed", "averaged", "wrong count"},
            "no second mask": {"mask missing"},
            "first mask for second": {"mask of another"},
            "second not scaled": {"scale missing", "factor", "division missing"},
            "twice scaled": {"applied twice", "factor"},
            "relu before dropout": {"mask missing"},
            "mask inverted": {"mask inverted"},
            "scaled by keep": {"factor", "wrong factor"},
            "slope of dropped": {"derivative"},
            "slope of z": {"derivative"},
            "before dropout": {"wrong factor", "mask missing"},
            "ge of dropped": {"mask missing", "mask of another"},
        },
    ),
]
