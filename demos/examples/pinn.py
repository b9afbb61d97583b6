"""A network that solves a differential equation: u″ = −u with u(0) = 0, u′(0) = 1, whose solution is the sine.

The loss holds second derivatives of the network by its input, and its own gradient is of third order.
"""

import math

import tinygrad_bp as tg
from tinygrad_bp import nn, optim


def derivative(y, x):
    """dy/dx at every point, itself differentiable."""
    (slope,) = tg.autograd.grad(y.sum(), x, create_graph=True)
    return slope


tg.manual_seed(0)
net = nn.Sequential(nn.Linear(1, 24), nn.Tanh(), nn.Linear(24, 24), nn.Tanh(), nn.Linear(24, 1))
optimizer = optim.Adam(net.parameters(), lr=0.005)
points = tg.linspace(0, math.pi, 40).reshape(-1, 1)

for step in range(1501):
    x = points.clone().requires_grad_()
    u = net(x)
    slope = derivative(u, x)
    equation = derivative(slope, x) + u
    start = u[0] ** 2 + (slope[0] - 1) ** 2
    loss = (equation**2).mean() + start.sum()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 500 == 0:
        print(f"step {step:4}  loss {loss:.6f}")

with tg.no_grad():
    far = (net(points) - tg.sin(points)).abs().max()
print(f"largest distance from the sine on [0, pi]: {far:.4f}")
