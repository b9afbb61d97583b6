"""A network that gives a mixture of normal distributions: log-sum-exp of log densities, heads in a ModuleDict."""

import math

import torch
import torch.nn as nn


class MDN(nn.Module):
    def __init__(self, n_hidden, n_gaussians):
        super().__init__()
        self.z_h = nn.Sequential(nn.Linear(1, n_hidden), nn.Tanh())
        self.heads = nn.ModuleDict({name: nn.Linear(n_hidden, n_gaussians) for name in ("pi", "mu", "sigma")})

    def forward(self, x):
        z_h = self.z_h(x)
        pi = nn.functional.log_softmax(self.heads["pi"](z_h), -1)
        return pi, self.heads["mu"](z_h), torch.exp(self.heads["sigma"](z_h))


def mdn_loss_fn(log_pi, mu, sigma, y):
    log_normal = -0.5 * ((y.expand_as(mu) - mu) / sigma) ** 2 - torch.log(sigma) - 0.5 * math.log(2 * math.pi)
    return -torch.logsumexp(log_pi + log_normal, dim=1).mean()


torch.manual_seed(0)
y_data = torch.linspace(-8, 8, 100).unsqueeze(1)
x_data = 7 * torch.sin(0.75 * y_data) + 0.5 * y_data + torch.randn(100, 1)
network = MDN(n_hidden=16, n_gaussians=4)
print(network.heads.keys(), [n for n, _ in network.named_parameters()])
optimizer = torch.optim.RAdam(network.parameters(), lr=0.02)
scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, factor=0.5, patience=3)
for epoch in range(60):
    loss = mdn_loss_fn(*network(x_data), y_data)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    scheduler.step(loss.item())
    if epoch % 20 == 0:
        print(epoch, f"{loss.item():.4f}")
with torch.no_grad():
    log_pi, mu, sigma = network(torch.tensor([[0.0]]))
    k = torch.multinomial(log_pi.exp(), 5, replacement=True)
    print((mu.gather(1, k) + sigma.gather(1, k) * torch.randn(1, 5)).round(decimals=2))
print(optimizer.param_groups[0]["lr"])
