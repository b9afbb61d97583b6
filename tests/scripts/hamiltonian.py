"""A network that is an energy: its symplectic gradient moves the points, and is trained on their velocities."""

import torch
import torch.nn as nn


class HNN(nn.Module):
    def __init__(self, hidden=24):
        super().__init__()
        self.linear1, self.linear2, self.linear3 = (
            nn.Linear(2, hidden),
            nn.Linear(hidden, hidden),
            nn.Linear(hidden, 1, bias=None),
        )
        for l in [self.linear1, self.linear2, self.linear3]:
            nn.init.orthogonal_(l.weight)
        self.register_buffer("M", torch.tensor([[0.0, 1.0], [-1.0, 0.0]]))

    def forward(self, x):
        h = torch.tanh(self.linear1(x))
        return self.linear3(torch.tanh(self.linear2(h)))

    def time_derivative(self, x):
        F = self.forward(x)
        dF = torch.autograd.grad(F.sum(), x, create_graph=True)[0]
        return dF @ self.M.t()


torch.manual_seed(0)
q, p = torch.empty(64).uniform_(-2, 2), torch.empty(64).uniform_(-2, 2)
x = torch.stack([q, p], dim=1).requires_grad_(True)
dx = torch.stack([p, -torch.sin(q)], dim=1)
model = HNN()
optim = torch.optim.Adam(model.parameters(), 1e-2, weight_decay=1e-4)
for step in range(81):
    loss = (dx - model.time_derivative(x)).pow(2).mean()
    loss.backward()
    optim.step()
    optim.zero_grad()
    if step % 20 == 0:
        print(f"step {step}, train_loss {loss.item():.4e}")
state = torch.tensor([[1.0, 0.0]], requires_grad=True)
energy = model(state).item()
for _ in range(20):
    v = model.time_derivative(state)
    state = (state + 0.05 * v).detach().requires_grad_()
print(state, f"drift of the energy {abs(model(state).item() - energy):.4f}")
