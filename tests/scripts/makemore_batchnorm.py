"""Layers written as classes with running statistics, and the backward pass of batch normalisation by hand, compared."""

import torch
import torch.nn.functional as F


class Linear:
    def __init__(self, fan_in, fan_out, bias=True):
        self.weight = torch.randn((fan_in, fan_out), generator=g) / fan_in**0.5
        self.bias = torch.zeros(fan_out) if bias else None

    def __call__(self, x):
        self.out = x @ self.weight
        if self.bias is not None:
            self.out += self.bias
        return self.out

    def parameters(self):
        return [self.weight] + ([] if self.bias is None else [self.bias])


class BatchNorm1d:
    def __init__(self, dim, eps=1e-5, momentum=0.1):
        self.eps, self.momentum, self.training = eps, momentum, True
        self.gamma, self.beta = torch.ones(dim), torch.zeros(dim)
        self.running_mean, self.running_var = torch.zeros(dim), torch.ones(dim)

    def __call__(self, x):
        if self.training:
            xmean, xvar = x.mean(0, keepdim=True), x.var(0, keepdim=True)
        else:
            xmean, xvar = self.running_mean, self.running_var
        xhat = (x - xmean) / torch.sqrt(xvar + self.eps)
        self.out = self.gamma * xhat + self.beta
        if self.training:
            with torch.no_grad():
                self.running_mean = (1 - self.momentum) * self.running_mean + self.momentum * xmean
                self.running_var = (1 - self.momentum) * self.running_var + self.momentum * xvar
        return self.out

    def parameters(self):
        return [self.gamma, self.beta]


class Tanh:
    def __call__(self, x):
        self.out = torch.tanh(x)
        return self.out

    def parameters(self):
        return []


g = torch.Generator().manual_seed(42)
X, Y = torch.randn((200, 10), generator=g), torch.randint(0, 5, (200,), generator=g)
layers = [Linear(10, 30, bias=False), BatchNorm1d(30), Tanh(), Linear(30, 5, bias=False), BatchNorm1d(5)]
with torch.no_grad():
    layers[-1].gamma *= 0.1
parameters = [p for layer in layers for p in layer.parameters()]
print(sum(p.nelement() for p in parameters))
for p in parameters:
    p.requires_grad = True
for i in range(100):
    ix = torch.randint(0, 200, (32,), generator=g)
    x = X[ix]
    for layer in layers:
        x = layer(x)
    loss = F.cross_entropy(x, Y[ix])
    for layer in layers:
        layer.out.retain_grad()
    for p in parameters:
        p.grad = None
    loss.backward()
    for p in parameters:
        p.data += -0.1 * p.grad
    if i % 25 == 0:
        print(f"{i:3d} {loss.item():.4f}")
t = layers[2].out
print(f"tanh: mean {t.mean():.3f}, std {t.std():.3f}, saturated {(t.abs() > 0.97).float().mean() * 100:.2f}%")
print(f"grad std {layers[0].out.grad.std():.4e}")
print(layers[1].running_mean[0, :4], layers[1].running_var[0, :4])

hprebn = torch.randn((32, 8), generator=g).requires_grad_()
bngain, bnbias = torch.rand((1, 8), generator=g), torch.zeros((1, 8))
bnmeani = 1 / 32 * hprebn.sum(0, keepdim=True)
bndiff = hprebn - bnmeani
bnvar = 1 / 31 * (bndiff**2).sum(0, keepdim=True)
bnvar_inv = (bnvar + 1e-5) ** -0.5
bnraw = bndiff * bnvar_inv
hpreact = bngain * bnraw + bnbias
dhpreact = torch.randn((32, 8), generator=g)
hpreact.backward(dhpreact)
dhprebn = bngain * bnvar_inv / 32 * (32 * dhpreact - dhpreact.sum(0) - 32 / 31 * bnraw * (dhpreact * bnraw).sum(0))
print(
    "approximate:",
    torch.allclose(dhprebn, hprebn.grad),
    "| maxdiff below 1e-6:",
    (dhprebn - hprebn.grad).abs().max().item() < 1e-6,
)
