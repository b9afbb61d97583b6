"""Generator and discriminator trained in turn, weights initialised by module type, batch norm in one of them."""

import numpy as np
import torch
import torch.nn as nn
from torch.autograd import Variable

nz, ngf = 4, 16


def weights_init(m):
    classname = m.__class__.__name__
    if classname.find("Linear") != -1:
        torch.nn.init.normal_(m.weight.data, 0.0, 0.1)
    elif classname.find("BatchNorm") != -1:
        torch.nn.init.normal_(m.weight.data, 1.0, 0.02)
        torch.nn.init.zeros_(m.bias.data)


torch.manual_seed(999)
Tensor = torch.FloatTensor
netG = nn.Sequential(
    nn.Linear(nz, ngf, bias=False), nn.BatchNorm1d(ngf), nn.LeakyReLU(0.2, inplace=True), nn.Linear(ngf, 2), nn.Tanh()
)
netD = nn.Sequential(nn.Linear(2, 16), nn.LeakyReLU(0.2, inplace=True), nn.Linear(16, 1), nn.Sigmoid())
netG.apply(weights_init)
netD.apply(weights_init)
criterion = nn.BCELoss()
fixed_noise = torch.randn(4, nz)
optimizerD = torch.optim.Adam(netD.parameters(), lr=0.002, betas=(0.5, 0.999))
optimizerG = torch.optim.Adam(netG.parameters(), lr=0.002, betas=(0.5, 0.999))
rng = np.random.RandomState(0)
for i in range(30):
    angle = rng.uniform(0, 2 * np.pi, 32)
    real = Variable(Tensor(np.stack([np.cos(angle), np.sin(angle)], 1) * 0.7))
    valid = Variable(Tensor(32, 1).fill_(1.0), requires_grad=False)
    fake = Variable(Tensor(32, 1).fill_(0.0), requires_grad=False)

    optimizerG.zero_grad()
    gen = netG(torch.randn(32, nz))
    g_loss = criterion(netD(gen), valid)
    g_loss.backward()
    optimizerG.step()

    optimizerD.zero_grad()
    d_loss = (criterion(netD(real), valid) + criterion(netD(gen.detach()), fake)) / 2
    d_loss.backward()
    optimizerD.step()
    if i % 10 == 0:
        print(
            "[%d/%d] Loss_D: %.4f Loss_G: %.4f D(x): %.4f"
            % (i, 30, d_loss.item(), g_loss.item(), netD(real).data.mean().item())
        )
netG.eval()
print(netG(fixed_noise).data)
print(netG[1].running_mean[:3], netG[1].num_batches_tracked)
