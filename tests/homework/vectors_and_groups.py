import numpy as np


class SGD:
    def __init__(self, lr=0.1):
        self.lr = lr

    def step(self, params, grads):
        for p, g in zip(params, grads):
            p -= self.lr * g


def linear_forward(W, x, b):
    return W @ x + b


def linear_backward(dy, W, x):
    return {"W": np.outer(dy, x), "x": W.T @ dy, "b": dy}


def l2_normalize(v):
    n = np.linalg.norm(v)
    return v / n, (v, n)


def l2_normalize_backward(g, cache):
    v, n = cache
    return g / n - v * (g @ v) / n**3


def cosine_similarity_forward(a, b):
    na, nb = np.linalg.norm(a), np.linalg.norm(b)
    out = a @ b / (na * nb)
    return out, (a, b, na, nb, out)


def cosine_similarity_backward(dout, cache):
    a, b, na, nb, out = cache
    da = dout * (b / (na * nb) - out * a / na**2)
    db = dout * (a / (na * nb) - out * b / nb**2)
    return da, db


def prelu_forward(x, alpha):
    return np.where(x > 0, x, alpha * x)


def prelu_backward(g, x, alpha):
    return g * np.where(x > 0, 1, alpha), np.sum(g * x * (x <= 0))


def groupnorm_forward(x, gamma, beta, G, eps=1e-5):
    N, C, H, W = x.shape
    xg = x.reshape(N, G, -1)
    mu = xg.mean(-1, keepdims=True)
    var = xg.var(-1, keepdims=True)
    xh = ((xg - mu) / np.sqrt(var + eps)).reshape(x.shape)
    out = gamma * xh + beta
    return out, (xh, var, gamma, G, eps)


def groupnorm_backward(dout, cache):
    xh, var, gamma, G, eps = cache
    N, C, H, W = dout.shape
    dgamma = (dout * xh).sum((0, 2, 3), keepdims=True)
    dbeta = dout.sum((0, 2, 3), keepdims=True)
    d = (dout * gamma).reshape(N, G, -1)
    xhg = xh.reshape(N, G, -1)
    dx = (d - d.mean(-1, keepdims=True) - xhg * (d * xhg).mean(-1, keepdims=True)) / np.sqrt(var + eps)
    return dx.reshape(dout.shape), dgamma, dbeta
