"""Attention: one sequence as a script, a batch as a layer."""

import numpy as np

from .programs import Program, given, layer

RNG = np.random.default_rng(37)


def softmax(s):
    e = np.exp(s - np.max(s, axis=-1, keepdims=True))
    return e / np.sum(e, axis=-1, keepdims=True)


def attention_script(bug):
    X, t = RNG.normal(size=(5, 4)), RNG.normal(size=(5, 4))

    def f(params, X, t):
        Q, K, V = X @ params["Wq"], X @ params["Wk"], X @ params["Wv"]
        scale = np.sqrt(Q.shape[1])
        A = softmax(Q @ K.T / scale)
        out = A @ V
        loss = 0.5 * np.sum((out - t) ** 2)

        dout = out - t
        dV = (A if bug == "A not transposed" else A.T) @ dout
        dA = dout @ V.T
        dS = dA if bug == "no softmax" else A * (dA - np.sum(dA * A, axis=1, keepdims=True))
        if bug == "diagonal":
            dS = dA * A * (1 - A)
        if bug == "columns":
            dS = A * (dA - np.sum(dA * A, axis=0, keepdims=True))
        if bug != "no scale":
            dS = dS / (scale**2 if bug == "scale squared" else scale)
        dQ, dK = dS @ K, dS.T @ Q
        if bug == "dS not transposed":
            dK = dS @ Q
        if bug == "q and k swapped":
            dQ, dK = dS.T @ Q, dS @ K
        if bug == "K for V":
            dK = dS.T @ V
        return loss, {"Wq": X.T @ dQ, "Wk": X.T @ dK, "Wv": X.T @ dV}

    return given(f, {name: 0.7 * RNG.normal(size=(4, 4)) for name in ("Wq", "Wk", "Wv")}, (X, t), batched=False)


class Attention:
    def __init__(self, bug=""):
        self.bug = bug

    def forward(self, q, k, v):
        self.q, self.k, self.v = q, k, v
        self.a = softmax(np.matmul(q, np.swapaxes(k, 1, 2)) / np.sqrt(q.shape[-1]))
        return np.matmul(self.a, v)

    def backward(self, g):
        q, k, v, a, bug = self.q, self.k, self.v, self.a, self.bug
        dv = np.matmul(np.swapaxes(a, 1, 2), g)
        da = np.matmul(g, np.swapaxes(v, 1, 2))
        ds = a * (da - (da * a).sum(-1, keepdims=True))
        if bug == "sum alone":
            ds = a * (da - da.sum(-1, keepdims=True))
        if bug == "no jacobian":
            ds = da
        if bug != "no scale":
            ds = ds / np.sqrt(q.shape[-1])
        dq = np.matmul(ds, q if bug == "q for k" else k)
        dk = np.matmul(ds if bug == "ds not transposed" else np.swapaxes(ds, 1, 2), q)
        if bug == "v for q":
            dk = np.matmul(np.swapaxes(ds, 1, 2), v)
        if bug == "sign of v":
            dv = -dv
        return dq, dk, dv


def attention_layer(bug):
    def hand(g, q, k, v):
        attention = Attention(bug)
        attention.forward(q, k, v)
        return attention.backward(g)

    inputs = tuple(RNG.normal(size=(2, 4, 3)) for _ in range(3))
    return layer(hand, lambda q, k, v: Attention().forward(q, k, v), inputs, names=("dq", "dk", "dv"))


PROGRAMS = [
    Program(
        "attention",
        "script",
        attention_script,
        {
            "A not transposed": {"transposed"},
            "no softmax": {"derivative missing"},
            "diagonal": {"diagonal only"},
            "columns": {"wrong axis"},
            "no scale": {"scale missing", "factor"},
            "scale squared": {"applied twice", "factor"},
            "dS not transposed": {"transposed"},
            "q and k swapped": {"transposed", "wrong factor", "wrong gradient"},
            "K for V": {"wrong factor"},
        },
    ),
    Program(
        "attention",
        "classes",
        attention_layer,
        {
            "sum alone": {"derivative"},
            "no jacobian": {"derivative missing"},
            "no scale": {"scale missing", "factor"},
            "q for k": {"wrong factor"},
            "ds not transposed": {"transposed"},
            "v for q": {"wrong factor"},
            "sign of v": {"sign"},
        },
    ),
]
