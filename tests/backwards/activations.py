"""Activations in tables of functions and as layers; gated units; elementwise in explicit loops."""

import math

import numpy as np

from .programs import Program, given, layer

RNG = np.random.default_rng(72)


def sig(x):
    return 1.0 / (1.0 + np.exp(-x))


def softsign(z):
    return z / (1 + np.abs(z))


FORWARD = {
    "sigmoid": sig,
    "tanh": np.tanh,
    "softplus": lambda z: np.log(1 + np.exp(z)),
    "softsign": softsign,
    "swish": lambda z: z * sig(z),
    "mish": lambda z: z * np.tanh(np.log(1 + np.exp(z))),
    "gelu": lambda z: 0.5 * z * (1 + np.tanh(math.sqrt(2 / math.pi) * (z + 0.044715 * z**3))),
    "selu": lambda z: 1.0507 * np.where(z > 0, z, 1.67326 * (np.exp(z) - 1)),
    "elu": lambda z: np.where(z > 0, z, np.exp(z) - 1),
    "leaky": lambda z: np.where(z > 0, z, 0.2 * z),
    "square": lambda z: z**2,
    "hard tanh": lambda z: np.clip(z, -1, 1),
    "gauss": lambda z: np.exp(-(z**2)),
    "arctan": np.arctan,
    "sin": np.sin,
    "relu6": lambda z: np.minimum(np.maximum(z, 0), 6 / 4),
    "cube": lambda z: z**3,
    "logsig": lambda z: -np.log(1 + np.exp(-z)),
}


def gelu_slope(z):
    c = math.sqrt(2 / math.pi)
    t = np.tanh(c * (z + 0.044715 * z**3))
    return 0.5 * (1 + t) + 0.5 * z * (1 - t**2) * c * (1 + 3 * 0.044715 * z**2)


SLOPE = {
    "sigmoid": lambda z, a: a * (1 - a),
    "tanh": lambda z, a: 1 - a**2,
    "softplus": lambda z, a: sig(z),
    "softsign": lambda z, a: 1 / (1 + np.abs(z)) ** 2,
    "swish": lambda z, a: sig(z) + a * (1 - sig(z)),
    "mish": lambda z, a: np.tanh(np.log(1 + np.exp(z))) + z * (1 - np.tanh(np.log(1 + np.exp(z))) ** 2) * sig(z),
    "gelu": lambda z, a: gelu_slope(z),
    "selu": lambda z, a: 1.0507 * np.where(z > 0, 1, 1.67326 * np.exp(z)),
    "elu": lambda z, a: np.where(z > 0, 1, a + 1),
    "leaky": lambda z, a: np.where(z > 0, 1, 0.2),
    "square": lambda z, a: 2 * z,
    "hard tanh": lambda z, a: 1.0 * (np.abs(z) < 1),
    "gauss": lambda z, a: -2 * z * a,
    "arctan": lambda z, a: 1 / (1 + z**2),
    "sin": lambda z, a: np.cos(z),
    "relu6": lambda z, a: 1.0 * (z > 0) * (z < 6 / 4),
    "cube": lambda z, a: 3 * z**2,
    "logsig": lambda z, a: 1 - sig(z),
}
WRONG = {  # the function, and what is written for its derivative
    "sigmoid of z": ("sigmoid", lambda z, a: z * (1 - z)),
    "tanh of sigmoid": ("sigmoid", lambda z, a: 1 - a**2),
    "sigmoid again": ("sigmoid", lambda z, a: sig(a) * (1 - sig(a))),
    "sigmoid of tanh": ("tanh", lambda z, a: a * (1 - a)),
    "tanh once more": ("tanh", lambda z, a: 1 - np.tanh(a) ** 2),
    "tanh without square": ("tanh", lambda z, a: 1 - a),
    "tanh plus": ("tanh", lambda z, a: 1 + a**2),
    "softplus of a": ("softplus", lambda z, a: sig(a)),
    "softplus for sigmoid": ("softplus", lambda z, a: sig(z) * (1 - sig(z))),
    "softplus as relu": ("softplus", lambda z, a: 1.0 * (z > 0)),
    "softsign without square": ("softsign", lambda z, a: 1 / (1 + np.abs(z))),
    "softsign of a": ("softsign", lambda z, a: 1 / (1 + np.abs(a)) ** 2),
    "softsign without abs": ("softsign", lambda z, a: 1 / (1 + z) ** 2),
    "swish without second": ("swish", lambda z, a: sig(z)),
    "swish sigmoid": ("swish", lambda z, a: sig(z) * (1 - sig(z))),
    "swish a twice": ("swish", lambda z, a: a + sig(z) * (1 + a)),
    "mish without second": ("mish", lambda z, a: np.tanh(np.log(1 + np.exp(z)))),
    "mish without sigmoid": (
        "mish",
        lambda z, a: np.tanh(np.log(1 + np.exp(z))) + z * (1 - np.tanh(np.log(1 + np.exp(z))) ** 2),
    ),
    "gelu first half": ("gelu", lambda z, a: 0.5 * (1 + np.tanh(math.sqrt(2 / math.pi) * (z + 0.044715 * z**3)))),
    "gelu inner slope missing": (
        "gelu",
        lambda z, a: (
            0.5 * (1 + np.tanh(math.sqrt(2 / math.pi) * (z + 0.044715 * z**3)))
            + 0.5 * z * (1 - np.tanh(math.sqrt(2 / math.pi) * (z + 0.044715 * z**3)) ** 2)
        ),
    ),
    "selu without scale": ("selu", lambda z, a: np.where(z > 0, 1, 1.67326 * np.exp(z))),
    "selu without alpha": ("selu", lambda z, a: 1.0507 * np.where(z > 0, 1, np.exp(z))),
    "elu of a": ("elu", lambda z, a: np.where(z > 0, 1, a)),
    "elu as relu": ("elu", lambda z, a: np.where(z > 0, 1, 0)),
    "leaky as relu": ("leaky", lambda z, a: 1.0 * (z > 0)),
    "leaky other slope": ("leaky", lambda z, a: np.where(z > 0, 1, 0.02)),
    "leaky exchanged": ("leaky", lambda z, a: np.where(z > 0, 0.2, 1)),
    "square without two": ("square", lambda z, a: z),
    "square of a": ("square", lambda z, a: 2 * a),
    "hard tanh one side": ("hard tanh", lambda z, a: 1.0 * (z < 1)),
    "hard tanh as tanh": ("hard tanh", lambda z, a: 1 - a**2),
    "hard tanh missing": ("hard tanh", lambda z, a: 1),
    "gauss without minus": ("gauss", lambda z, a: 2 * z * a),
    "gauss without z": ("gauss", lambda z, a: -2 * a),
    "gauss itself": ("gauss", lambda z, a: a),
    "arctan of a": ("arctan", lambda z, a: 1 / (1 + a**2)),
    "arctan minus": ("arctan", lambda z, a: 1 / (1 - z**2)),
    "sin of a": ("sin", lambda z, a: np.cos(a)),
    "sin minus": ("sin", lambda z, a: -np.cos(z)),
    "sin for cos": ("sin", lambda z, a: np.sin(z)),
    "relu6 without top": ("relu6", lambda z, a: 1.0 * (z > 0)),
    "relu6 without bottom": ("relu6", lambda z, a: 1.0 * (z < 6 / 4)),
    "cube without three": ("cube", lambda z, a: z**2),
    "cube wrong power": ("cube", lambda z, a: 3 * z),
    "logsig sigmoid": ("logsig", lambda z, a: sig(z)),
    "logsig minus": ("logsig", lambda z, a: -(1 - sig(z))),
}


def table(bug):
    name, slope = WRONG.get(bug, ("mish", SLOPE["mish"]))
    X, T = RNG.normal(size=(8, 3)), RNG.normal(size=(8, 2))

    def f(params, X, T):
        W, c, V = params["W"], params["c"], params["V"]
        z = X @ W + c
        a = FORWARD[name](z)
        y = a @ V
        r = y - T
        loss = 0.5 * (r**2).sum() / len(X)
        dy = r / len(X)
        dz = (dy @ V.T) * slope(z, a)
        return loss, {"W": X.T @ dz, "c": dz.sum(0), "V": a.T @ dy}

    params = {"W": RNG.normal(size=(3, 4)), "c": RNG.normal(size=4), "V": RNG.normal(size=(4, 2))}
    return given(f, params, (X, T))


def right(name):
    """A right one: of each function, one after the other."""
    X, T = RNG.normal(size=(8, 3)), RNG.normal(size=(8, 2))

    def f(params, X, T):
        z = X @ params["W"]
        a = FORWARD[name](z)
        r = a @ params["V"] - T
        dz = ((r / len(X)) @ params["V"].T) * SLOPE[name](z, a)
        return 0.5 * (r**2).sum() / len(X), {"W": X.T @ dz, "V": a.T @ r / len(X)}

    return given(f, {"W": RNG.normal(size=(3, 4)), "V": RNG.normal(size=(4, 2))}, (X, T))


class Swiglu:
    """x W · σ(x W) times x V."""

    def __init__(self, bug=""):
        self.bug = bug

    def forward(self, x, W, V):
        self.x, self.W, self.V = x, W, V
        self.u, self.v = x @ W, x @ V
        self.s = sig(self.u)
        return self.u * self.s * self.v

    def backward(self, g):
        u, v, s, bug = self.u, self.v, self.s, self.bug
        dv = g * (s if bug == "gate alone" else u if bug == "no gate" else u * s)
        slope = s * (1 + u * (1 - s))
        if bug == "slope of sigmoid":
            slope = s * (1 - s)
        du = g * slope if bug == "no v" else g * v * slope
        if bug == "u for v":
            du = g * u * slope
        dx = du @ self.W.T + dv @ self.V.T
        if bug == "one way":
            dx = du @ self.W.T
        if bug == "weights exchanged":
            dx = du @ self.V.T + dv @ self.W.T
        if bug == "subtracted":
            dx = du @ self.W.T - dv @ self.V.T
        return dx, self.x.T @ du, self.x.T @ dv


def gated(bug):
    def hand(g, x, W, V):
        unit = Swiglu(bug)
        unit.forward(x, W, V)
        return unit.backward(g)

    inputs = RNG.normal(size=(6, 3)), RNG.normal(size=(3, 4)), RNG.normal(size=(3, 4))
    return layer(hand, lambda x, W, V: Swiglu().forward(x, W, V), inputs, names=("dx", "dW", "dV"))


class PReLU:
    def __init__(self, bug=""):
        self.bug = bug

    def forward(self, x, a):
        self.x, self.a = x, a
        return np.where(x > 0, x, a * x)

    def backward(self, g):
        x, a, bug = self.x, self.a, self.bug
        dx = np.where(x > 0, g, a * g)
        da = np.where(x > 0, 0, x * g).sum(0)
        if bug == "slope from everywhere":
            da = (x * g).sum(0)
        if bug == "slope without x":
            da = np.where(x > 0, 0, g).sum(0)
        if bug == "slope of the positive":
            da = np.where(x > 0, x * g, 0).sum(0)
        if bug == "relu":
            dx = np.where(x > 0, g, 0)
        if bug == "fixed":
            dx = np.where(x > 0, g, 0.01 * g)
        if bug == "mean":
            da = np.where(x > 0, 0, x * g).mean(0)
        return dx, da


def prelu(bug):
    def hand(g, x, a):
        unit = PReLU(bug)
        unit.forward(x, a)
        return unit.backward(g)

    inputs = RNG.normal(size=(9, 4)), RNG.uniform(0.1, 0.6, 4)
    return layer(hand, lambda x, a: PReLU().forward(x, a), inputs, names=("dx", "da"))


DERIVATIVE = {"derivative", "derivative missing", "term missing", "factor missing", "wrong factor", "sign", "factor"}
NAMES = {  # where there is more to be said than that it is another derivative
    "softplus as relu": {"derivative", "mask of another"},
    "swish without second": {"term missing"},
    "swish sigmoid": {"derivative"},
    "mish without second": {"derivative", "term missing", "branch missing"},
    "mish without sigmoid": {"derivative", "derivative missing", "factor missing"},
    "gelu first half": {"derivative", "term missing", "branch missing"},
    "gelu inner slope missing": {"derivative", "derivative missing"},
    "selu without scale": {"factor missing", "scale missing", "factor", "derivative"},
    "selu without alpha": {"factor missing", "scale missing", "derivative", "slope"},
    "elu of a": {"derivative"},
    "elu as relu": {"slope missing"},
    "leaky as relu": {"slope missing"},
    "leaky other slope": {"slope"},
    "leaky exchanged": {"mask inverted"},
    "square without two": {"derivative", "factor", "averaged"},
    "hard tanh one side": {"mask missing", "derivative", "mask too loose"},
    "hard tanh as tanh": {"derivative"},
    "hard tanh missing": {"mask missing", "derivative missing"},
    "gauss without minus": {"sign"},
    "gauss without z": {"derivative", "factor missing"},
    "gauss itself": {"derivative", "derivative missing"},
    "sin minus": {"sign"},
    "relu6 without top": {"mask missing", "derivative", "mask too loose"},
    "relu6 without bottom": {"mask missing", "derivative", "mask too loose"},
    "cube without three": {"factor", "derivative"},
    "logsig minus": {"sign"},
}
PROGRAMS = [
    Program("activations", "script", table, {bug: NAMES.get(bug, {"derivative"}) for bug in WRONG}),
    *(Program(f"activation {name}", "script", lambda bug, name=name: right(name), {}) for name in FORWARD),
    Program(
        "activations",
        "classes",
        gated,
        {
            "gate alone": {"wrong factor", "factor missing"},
            "no gate": {"wrong factor", "factor missing"},
            "slope of sigmoid": {"derivative"},
            "no v": {"factor missing"},
            "u for v": {"wrong factor"},
            "one way": {"branch missing", "not added up"},
            "weights exchanged": {"wrong factor"},
            "subtracted": {"sign"},
        },
    ),
    Program(
        "learned slope",
        "classes",
        prelu,
        {
            "slope from everywhere": {"mask missing"},
            "slope without x": {"factor missing"},
            "slope of the positive": {"mask inverted"},
            "relu": {"slope missing", "branch missing", "not added up", "part missing"},
            "fixed": {"slope", "derivative", "leaky"},
            "mean": {"averaged"},
        },
    ),
]
