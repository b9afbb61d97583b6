import numpy as np


class BatchNorm1d:
    def __init__(self, num_features, eps=1e-5, momentum=0.1):
        self.gamma = np.ones(num_features)
        self.beta = np.zeros(num_features)
        self.eps = eps
        self.momentum = momentum
        self.running_mean = np.zeros(num_features)
        self.running_var = np.ones(num_features)
        self.training = True

    def forward(self, x):
        if self.training:
            self.mean = x.mean(axis=0)
            self.var = ((x - self.mean) ** 2).mean(axis=0)
            self.running_mean = (1 - self.momentum) * self.running_mean + self.momentum * self.mean
            self.running_var = (1 - self.momentum) * self.running_var + self.momentum * self.var
        else:
            self.mean, self.var = self.running_mean, self.running_var
        self.x = x
        self.std = np.sqrt(self.var + self.eps)
        self.x_hat = (x - self.mean) / self.std
        return self.gamma * self.x_hat + self.beta

    def backward(self, grad):
        m = grad.shape[0]
        self.dgamma = np.sum(grad * self.x_hat, axis=0)
        self.dbeta = np.sum(grad, axis=0)
        dx_hat = grad * self.gamma
        dvar = np.sum(dx_hat * (self.x - self.mean) * -0.5 * self.std**-3, axis=0)
        dmean = np.sum(-dx_hat / self.std, axis=0) + dvar * np.mean(-2 * (self.x - self.mean), axis=0)
        return dx_hat / self.std + dvar * 2 * (self.x - self.mean) / m + dmean / m


class LayerNorm:
    def __init__(self, dim, eps=1e-5):
        self.params = {"gamma": np.ones(dim), "beta": np.zeros(dim)}
        self.grads = {}
        self.eps = eps

    def forward(self, x):
        mu = x.mean(axis=-1, keepdims=True)
        self.inv = 1.0 / np.sqrt(np.mean((x - mu) ** 2, axis=-1, keepdims=True) + self.eps)
        self.xhat = (x - mu) * self.inv
        return self.params["gamma"] * self.xhat + self.params["beta"]

    def backward(self, dy):
        self.grads["gamma"] = np.sum(dy * self.xhat, axis=0)
        self.grads["beta"] = np.sum(dy, axis=0)
        d = dy * self.params["gamma"]
        return self.inv * (
            d - d.mean(axis=-1, keepdims=True) - self.xhat * (d * self.xhat).mean(axis=-1, keepdims=True)
        )


class Dropout:
    def __init__(self, p=0.5):
        self.p = p
        self.training = True

    def forward(self, x):
        if not self.training:
            return x
        self.mask = (np.random.rand(*x.shape) > self.p) / (1 - self.p)
        return x * self.mask

    def backward(self, grad):
        return grad * self.mask
