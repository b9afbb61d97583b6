"""Dense layers: a script with sigmoid and squared error; classes with ReLU, softmax and cross-entropy."""

import numpy as np

from .programs import Program, closed, given

RNG = np.random.default_rng(31)


def script(bug):
    X, Y = RNG.normal(size=(7, 4)), RNG.integers(0, 2, (7, 2)).astype(float)

    def f(params, X, Y):
        W1, b1, W2, b2 = params["W1"], params["b1"], params["W2"], params["b2"]
        z1 = X @ W1 + b1
        a1 = 1 / (1 + np.exp(-z1))
        z2 = a1 @ W2 + b2
        a2 = 1 / (1 + np.exp(-z2))
        loss = np.mean(np.sum((a2 - Y) ** 2, axis=1))

        n = len(X)
        d = (a2 + Y) if bug == "plus" else (a2 - Y)
        da2 = d * (1 if bug == "no two" else 2) / (1 if bug == "no mean" else n)
        if bug == "sign":
            da2 = -da2
        if bug == "sigmoid of z":
            dz2 = da2 * z2 * (1 - z2)
        elif bug == "no sigmoid":
            dz2 = da2
        elif bug == "only y":
            dz2 = da2 * a2
        else:
            dz2 = da2 * a2 * (1 - a2)
        dW2 = (z1 if bug == "z for a" else a1).T @ dz2
        db2 = dz2.mean(axis=0) if bug == "bias mean" else dz2.sum(axis=0)
        da1 = dz2 @ (W2 - 0.5 * dW2 if bug == "updated" else W2).T
        dz1 = da1 * (1 - a1**2) if bug == "tanh slope" else da1 * a1 * (1 - a1)
        dW1 = X.T @ (da1 if bug == "da for dz" else dz1)
        db1 = dz1[0] if bug == "first row" else dz1.sum(axis=0)
        return loss, {"W1": dW1, "b1": db1, "W2": dW2, "b2": db2}

    params = {
        "W1": RNG.normal(size=(4, 5)),
        "b1": RNG.normal(size=5),
        "W2": RNG.normal(size=(5, 2)),
        "b2": RNG.normal(size=2),
    }
    return given(f, params, (X, Y))


class Dense:
    def __init__(self, W, b, bug):
        self.W, self.b, self.bug = W, b, bug

    def forward(self, x):
        self.x = x
        return np.dot(x, self.W) + self.b

    def backward(self, g):
        self.dW = np.dot(self.x.T, g)
        if self.bug == "weights mean":
            self.dW = self.dW / len(g)
        self.db = np.sum(g, axis=0)
        if self.bug == "bias over everything":
            self.db = np.sum(g) * np.ones_like(self.b)
        if self.bug == "W not transposed" and self.W.shape[0] == self.W.shape[1]:
            return np.dot(g, self.W)
        return np.dot(g, self.W.T)


class ReLU:
    def __init__(self, bug):
        self.bug = bug

    def forward(self, x):
        self.x = x
        return np.maximum(0, x)

    def backward(self, g):
        g = np.array(g)
        if self.bug == "inverted":
            g[self.x > 0] = 0
        elif self.bug == "mask of g":
            g[g <= 0] = 0
        elif self.bug == "times x":
            g = g * np.maximum(0, self.x)
        elif self.bug != "no mask":
            g[self.x <= 0] = 0
        return g


class SoftmaxLoss:
    def __init__(self, bug):
        self.bug = bug

    def forward(self, scores, y):
        e = np.exp(scores - scores.max(axis=1, keepdims=True))
        self.p, self.y = e / e.sum(axis=1, keepdims=True), y
        return -np.mean(np.log(self.p[np.arange(len(y)), y]))

    def backward(self):
        g = np.array(self.p)
        if self.bug == "no labels":
            return g / len(g)
        g[np.arange(len(g)), self.y] -= 1
        return g if self.bug == "p - y not divided" else g / len(g)


def classes(bug):
    X, y = RNG.normal(size=(9, 5)), RNG.integers(0, 3, 9)

    def f(params):
        first, relu, second, loss = Dense(*params[0], bug), ReLU(bug), Dense(*params[1], bug), SoftmaxLoss(bug)
        third, relu2 = Dense(*params[2], bug), ReLU(bug)
        h = relu2.forward(third.forward(relu.forward(first.forward(X))))
        value = loss.forward(second.forward(h), y)
        first.backward(relu.backward(third.backward(relu2.backward(second.backward(loss.backward())))))
        return value, [[first.dW, first.db], [second.dW, second.db], [third.dW, third.db]]

    params = [[RNG.normal(size=(a, b)), RNG.normal(size=b)] for a, b in ((5, 6), (6, 3), (6, 6))]
    return closed(f, params)


PROGRAMS = [
    Program(
        "dense",
        "script",
        script,
        {
            "plus": {"wrong difference", "sign", "labels"},
            "no two": {"factor"},
            "no mean": {"summed"},
            "sign": {"sign"},
            "sigmoid of z": {"derivative"},
            "no sigmoid": {"derivative missing"},
            "only y": {"derivative"},
            "z for a": {"wrong factor"},
            "bias mean": {"averaged", "divided twice"},
            "updated": {"updated too early"},
            "tanh slope": {"derivative"},
            "da for dz": {"wrong gradient", "derivative missing"},
            "first row": {"not summed"},
        },
    ),
    Program(
        "dense",
        "classes",
        classes,
        {
            "weights mean": {"averaged", "divided twice"},
            "bias over everything": {"wrong axis"},
            "W not transposed": {"transposed"},
            "inverted": {"mask inverted"},
            "mask of g": {"mask of g"},
            "times x": {"derivative"},
            "no mask": {"mask missing"},
            "no labels": {"labels missing"},
            "p - y not divided": {"summed"},
        },
    ),
]
