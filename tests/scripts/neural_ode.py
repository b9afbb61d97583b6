"""A field of velocities learnt through a Runge-Kutta solver; its gradient by the adjoint method in a Function too."""

import torch
import torch.nn as nn


class ODEFunc(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(2, 16), nn.Tanh(), nn.Linear(16, 2))
        for m in self.net.modules():
            if isinstance(m, nn.Linear):
                nn.init.normal_(m.weight, mean=0, std=0.1)
                nn.init.constant_(m.bias, val=0)

    def forward(self, t, y):
        return self.net(y**3)


def rk4(func, t, dt, y):
    k1 = func(t, y)
    k2 = func(t + dt / 2, y + dt * k1 / 2)
    k3 = func(t + dt / 2, y + dt * k2 / 2)
    k4 = func(t + dt, y + dt * k3)
    return y + (k1 + 2 * k2 + 2 * k3 + k4) * dt / 6


def odeint(func, y0, ts):
    ys = [y0]
    for t0, t1 in zip(ts[:-1], ts[1:]):
        ys.append(rk4(func, t0, t1 - t0, ys[-1]))
    return torch.stack(ys)


class Adjoint(torch.autograd.Function):
    @staticmethod
    def forward(ctx, func, y0, ts, flat):
        ctx.func = func
        with torch.no_grad():
            ys = odeint(func, y0, ts)
        ctx.save_for_backward(ts, ys, flat)
        return ys[-1]

    @staticmethod
    def backward(ctx, g):
        func, (ts, ys, flat) = ctx.func, ctx.saved_tensors
        params, total, a = tuple(func.parameters()), torch.zeros_like(flat), g
        for i in range(len(ts) - 1, 0, -1):
            with torch.enable_grad():
                y = ys[i - 1].detach().requires_grad_(True)
                out = rk4(func, ts[i - 1], ts[i] - ts[i - 1], y)
                gy, *gp = torch.autograd.grad(out, (y, *params), a)
            a = gy
            total = total + torch.cat([p.reshape(-1) for p in gp])
        return None, a, None, total


true_A = torch.tensor([[-0.1, 2.0], [-2.0, -0.1]])
y0, ts = torch.tensor([[2.0, 0.0]]), torch.linspace(0.0, 2.0, 11)
with torch.no_grad():
    true_y = odeint(lambda t, y: torch.mm(y**3, true_A), y0, ts)
print(true_y[-1])
torch.manual_seed(0)
func = ODEFunc()
optimizer = torch.optim.RMSprop(func.parameters(), lr=1e-2)
for itr in range(1, 41):
    optimizer.zero_grad()
    loss = torch.mean(torch.abs(odeint(func, y0, ts) - true_y))
    loss.backward()
    optimizer.step()
    if itr % 10 == 0:
        print(f"Iter {itr:04d} | Total Loss {loss.item():.5f}")
func.zero_grad()
odeint(func, y0, ts)[-1].pow(2).sum().backward()
direct = torch.cat([p.grad.reshape(-1) for p in func.parameters()])
flat = torch.nn.utils.parameters_to_vector(func.parameters()).detach().requires_grad_()
Adjoint.apply(func, y0, ts, flat).pow(2).sum().backward()
print("adjoint agrees:", torch.allclose(flat.grad, direct, atol=1e-4), f"{direct.norm():.4f}")
