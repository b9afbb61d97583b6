import numpy as np


def softmax(x):
    e = np.exp(x - np.max(x, axis=-1, keepdims=True))
    return e / np.sum(e, axis=-1, keepdims=True)


def attention_forward(Q, K, V):
    scores = Q @ K.T / np.sqrt(Q.shape[-1])
    A = softmax(scores)
    out = A @ V
    cache = (Q, K, V, A)
    return out, cache


def attention_backward(dout, cache):
    Q, K, V, A = cache
    dV = A.T @ dout
    dA = dout @ V.T
    dS = A * (dA - np.sum(dA * A, axis=-1, keepdims=True))
    dS = dS / np.sqrt(Q.shape[-1])
    dQ = dS @ K
    dK = dS @ Q
    return dQ, dK, dV
