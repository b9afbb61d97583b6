"""Gradients per sample, Jacobians and Hessians by torch.func, checked against loops; a MAML-like inner step."""

import torch
import torch.nn as nn
from torch.func import functional_call, grad, hessian, jacrev, jvp, vjp, vmap

torch.manual_seed(0)
model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1))
params = {k: v.detach() for k, v in model.named_parameters()}
x, y = torch.randn(5, 3), torch.randn(5, 1)


def loss_of(params, sample, target):
    return ((functional_call(model, params, (sample.unsqueeze(0),)).squeeze(0) - target) ** 2).sum()


per_sample = vmap(grad(loss_of), in_dims=(None, 0, 0))(params, x, y)
for i in range(5):
    model.zero_grad()
    ((model(x[i]) - y[i]) ** 2).sum().backward()
    for name, p in model.named_parameters():
        assert torch.allclose(per_sample[name][i], p.grad, atol=1e-5)
print({k: tuple(v.shape) for k, v in per_sample.items()})


def f(v):
    return (v.sin() * v.roll(1)).sum()


v = torch.tensor([0.1, 0.7, -0.4])
print(grad(f)(v), hessian(f)(v), sep="\n")
print(jacrev(lambda v: v**2 * v.sum())(v))
value, push = jvp(f, (v,), (torch.ones(3),))
value2, pull = vjp(f, v)
print(value, push, pull(torch.tensor(1.0))[0], torch.allclose(value, value2))
print(torch.autograd.functional.jacobian(lambda v: v.exp(), v))

inner = grad(loss_of)(params, x[0], y[0])


def adapted(lr):
    moved = {k: p - lr * inner[k] for k, p in params.items()}
    return loss_of(moved, x[1], y[1])


lr = torch.tensor(0.1)
print(adapted(lr), grad(adapted)(lr))
