"""A network that solves u″ = −u, u(0) = 0, u′(0) = 1: its loss holds second derivatives (Raissi et al. 2019)."""

from __future__ import annotations

import math
from typing import Any

POINTS, WIDTH = 100, 32


def training(torch: Any) -> Any:
    nn = torch.nn
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(1, WIDTH), nn.Tanh(), nn.Linear(WIDTH, WIDTH), nn.Tanh(), nn.Linear(WIDTH, 1))
    optimizer = torch.optim.SGD(net.parameters(), lr=0.001)

    def derivative(y: Any, x: Any) -> Any:
        (slope,) = torch.autograd.grad(y.sum(), x, create_graph=True)
        return slope

    def step(points: Any) -> Any:
        x = points.clone().requires_grad_()
        u = net(x)
        slope = derivative(u, x)
        equation = derivative(slope, x) + u
        start = u[0] ** 2 + (slope[0] - 1) ** 2
        loss = (equation**2).mean() + start.sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss

    return step, (torch.linspace(0, math.pi, POINTS).reshape(-1, 1),)
