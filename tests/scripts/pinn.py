"""The heat equation u_t = u_xx by a network whose own derivatives are in the loss; Adam, then L-BFGS with a closure."""

import math

import torch
import torch.nn as nn


class FCN(nn.Module):
    def __init__(self, n_in, n_out, n_hidden, n_layers):
        super().__init__()
        self.fcs = nn.Sequential(nn.Linear(n_in, n_hidden), nn.Tanh())
        self.fch = nn.Sequential(
            *[nn.Sequential(nn.Linear(n_hidden, n_hidden), nn.Tanh()) for _ in range(n_layers - 1)]
        )
        self.fce = nn.Linear(n_hidden, n_out)
        for m in self.modules():
            if isinstance(m, nn.Linear):
                nn.init.xavier_normal_(m.weight)
                nn.init.zeros_(m.bias)

    def forward(self, x, t):
        return self.fce(self.fch(self.fcs(torch.cat([x, t], dim=1))))


torch.manual_seed(123)
net = FCN(2, 1, 12, 2)
x = torch.rand(40, 1, requires_grad=True)
t = torch.rand(40, 1, requires_grad=True)
x0 = torch.linspace(0, 1, 11).view(-1, 1)
xb, tb = torch.cat([torch.zeros(6, 1), torch.ones(6, 1)]), torch.linspace(0, 1, 6).repeat(2).view(-1, 1)


def loss_fn():
    u = net(x, t)
    u_t = torch.autograd.grad(u, t, torch.ones_like(u), create_graph=True)[0]
    u_x = torch.autograd.grad(u.sum(), x, create_graph=True)[0]
    u_xx = torch.autograd.grad(u_x, x, grad_outputs=torch.ones_like(u_x), create_graph=True)[0]
    residual = u_t - 0.1 * u_xx
    start = net(x0, torch.zeros_like(x0)) - torch.sin(math.pi * x0)
    border = net(xb, tb)
    return torch.mean(residual**2) + torch.mean(start**2) + torch.mean(border**2)


optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
for i in range(60):
    optimizer.zero_grad()
    loss = loss_fn()
    loss.backward()
    optimizer.step()
    if i % 20 == 0:
        print(f"Adam {i:3d} {loss.item():.5f}")
lbfgs = torch.optim.LBFGS(net.parameters(), lr=0.5, max_iter=8, history_size=5)


def closure():
    lbfgs.zero_grad()
    loss = loss_fn()
    loss.backward()
    return loss


print(f"L-BFGS before {lbfgs.step(closure).item():.4f}, after {loss_fn().item():.4f}")
