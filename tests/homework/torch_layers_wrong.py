import torch
import torch.nn.functional as F


class Linear:
    def __init__(self, fan_in, fan_out, bias=True):
        self.weight = torch.randn((fan_in, fan_out)) / fan_in**0.5
        self.bias = torch.zeros(fan_out) if bias else None

    def forward(self, x):
        self.x = x
        self.out = x @ self.weight
        if self.bias is not None:
            self.out = self.out + self.bias
        return self.out

    def backward(self, dout):
        self.dweight = self.x.T @ dout
        self.dbias = dout.mean(0)
        return dout @ self.weight.T


class Tanh:
    def forward(self, x):
        self.out = torch.tanh(x)
        return self.out

    def backward(self, dout):
        return dout * (1.0 - self.out)


class CrossEntropy:
    def forward(self, logits, y):
        self.probs = F.softmax(logits, dim=1)
        self.y = y
        return -self.probs[torch.arange(logits.shape[0]), y].log().mean()

    def backward(self):
        d = self.probs.clone()
        d[torch.arange(d.shape[0]), self.y] -= 1
        return d


def batchnorm_forward(x, gamma, beta):
    mu = x.mean(0, keepdim=True)
    var = x.var(0, keepdim=True, unbiased=True)
    inv = (var + 1e-5) ** -0.5
    raw = (x - mu) * inv
    return gamma * raw + beta, (raw, inv, gamma)


def batchnorm_backward(dout, cache):
    raw, inv, gamma = cache
    n = dout.shape[0]
    dx = gamma * inv / n * (n * dout - dout.sum(0) - raw * (dout * raw).sum(0))
    return dx, (dout * raw).sum(0), dout.sum(0)
