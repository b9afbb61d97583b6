import numpy as np


def relu(x):
    return np.maximum(x, 0)


def relu_grad(x):
    return np.where(x >= 0, 1, 0)


def softmax(x):
    ex = np.exp(x - np.max(x, axis=0))
    return ex / np.sum(ex, axis=0)


def softmax_grad(s):
    s = s.reshape(-1, 1)
    return np.diagflat(s) - s @ s.T


def softmax_jacobian(z):
    s = softmax(z)
    return np.diag(s) - np.outer(s, s)


class Dropout:
    def __init__(self, keep_prob=0.8):
        self.keep_prob = keep_prob
        self.rng = np.random.default_rng()

    def forward(self, x, training=True):
        if training:
            self.mask = self.rng.random(x.shape) < self.keep_prob
            return x * self.mask / self.keep_prob
        return x

    def backward(self, dout):
        return dout * self.mask / self.keep_prob


class MaxPool2D:
    def __init__(self, pool_size=2, stride=2):
        self.pool_size, self.stride = pool_size, stride

    def forward(self, X):
        n, h, w, c = X.shape
        self.X = X
        oh, ow = (h - self.pool_size) // self.stride + 1, (w - self.pool_size) // self.stride + 1
        out = np.zeros((n, oh, ow, c))
        for i in range(oh):
            for j in range(ow):
                out[:, i, j] = X[
                    :,
                    i * self.stride : i * self.stride + self.pool_size,
                    j * self.stride : j * self.stride + self.pool_size,
                ].max(axis=(1, 2))
        return out

    def backward(self, dout):
        dX = np.zeros_like(self.X)
        n, oh, ow, c = dout.shape
        for b in range(n):
            for i in range(oh):
                for j in range(ow):
                    for k in range(c):
                        win = self.X[
                            b,
                            i * self.stride : i * self.stride + self.pool_size,
                            j * self.stride : j * self.stride + self.pool_size,
                            k,
                        ]
                        a, d = np.unravel_index(win.argmax(), win.shape)
                        dX[b, i * self.stride + a, j * self.stride + d, k] += dout[b, i, j, k]
        return dX
