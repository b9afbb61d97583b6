"""A critic with a gradient penalty: the gradient of a gradient's norm, taken through the network."""

import torch
import torch.autograd as autograd
import torch.nn as nn

torch.manual_seed(0)
G = nn.Sequential(nn.Linear(2, 16), nn.ReLU(True), nn.Linear(16, 2))
D = nn.Sequential(nn.Linear(2, 16), nn.ReLU(True), nn.Linear(16, 16), nn.LeakyReLU(0.2), nn.Linear(16, 1))
one = torch.tensor(1, dtype=torch.float)
mone = one * -1


def calc_gradient_penalty(netD, real_data, fake_data):
    alpha = torch.rand(real_data.size(0), 1).expand(real_data.size())
    interpolates = alpha * real_data + ((1 - alpha) * fake_data)
    interpolates = autograd.Variable(interpolates, requires_grad=True)
    disc_interpolates = netD(interpolates)
    gradients = autograd.grad(
        outputs=disc_interpolates, inputs=interpolates, grad_outputs=torch.ones(disc_interpolates.size()),
        create_graph=True, retain_graph=True, only_inputs=True,
    )[0]  # fmt: skip
    return ((gradients.norm(2, dim=1) - 1) ** 2).mean() * 10


optD = torch.optim.Adam(D.parameters(), lr=1e-3, betas=(0.5, 0.9))
optG = torch.optim.RMSprop(G.parameters(), lr=1e-3)
for it in range(12):
    for p in D.parameters():
        p.requires_grad = True
    for _ in range(3):
        real = torch.randn(16, 2) * 0.5 + torch.tensor([1.0, -1.0])
        D.zero_grad()
        D_real = D(real).mean()
        D_real.backward(mone)
        fake = G(torch.randn(16, 2)).data
        D_fake = D(fake).mean()
        D_fake.backward(one)
        penalty = calc_gradient_penalty(D, real.data, fake)
        penalty.backward()
        optD.step()
    for p in D.parameters():
        p.requires_grad = False
    G.zero_grad()
    cost = D(G(torch.randn(16, 2))).mean()
    cost.backward(mone)
    optG.step()
    if it % 4 == 0:
        print(f"{it:2d} wasserstein {(D_real - D_fake).item():.4f} penalty {penalty.item():.4f} cost {cost.item():.4f}")
print(G(torch.zeros(1, 2)))
