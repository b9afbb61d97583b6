"""A restricted Boltzmann machine by contrastive divergence: no backward, parameters written in place."""

import torch
import torch.nn as nn
import torch.nn.functional as F


class RBM(nn.Module):
    def __init__(self, n_vis=12, n_hin=6, k=3):
        super().__init__()
        self.W = nn.Parameter(torch.randn(n_hin, n_vis) * 1e-1)
        self.v_bias, self.h_bias = nn.Parameter(torch.zeros(n_vis)), nn.Parameter(torch.zeros(n_hin))
        self.k = k

    def sample_from_p(self, p):
        return F.relu(torch.sign(p - torch.rand(p.size())))

    def v_to_h(self, v):
        p_h = torch.sigmoid(F.linear(v, self.W, self.h_bias))
        return p_h, self.sample_from_p(p_h)

    def h_to_v(self, h):
        p_v = torch.sigmoid(F.linear(h, self.W.t(), self.v_bias))
        return p_v, self.sample_from_p(p_v)

    def forward(self, v):
        _, h_ = self.v_to_h(v)
        for _ in range(self.k):
            _, v_ = self.h_to_v(h_)
            _, h_ = self.v_to_h(v_)
        return v, v_

    def free_energy(self, v):
        vbias_term = v.mv(self.v_bias)
        wx_b = F.linear(v, self.W, self.h_bias)
        hidden_term = wx_b.exp().add(1).log().sum(1)
        return (-hidden_term - vbias_term).mean()


torch.manual_seed(0)
rbm = RBM()
train_op = torch.optim.SGD(rbm.parameters(), 0.1)
base = torch.bernoulli(torch.full((4, 12), 0.5))
data = base.repeat(16, 1)
for epoch in range(10):
    loss_ = []
    for sample_data in data.split(16):
        sample_data = sample_data.bernoulli()
        v, v1 = rbm(sample_data)
        loss = rbm.free_energy(v) - rbm.free_energy(v1)
        loss_.append(loss.data)
        train_op.zero_grad()
        loss.backward()
        train_op.step()
    if epoch % 3 == 0:
        print(f"{epoch} {torch.stack(loss_).mean():.4f}")
with torch.no_grad():  # one step of contrastive divergence by its own formula
    p0, h0 = rbm.v_to_h(data)
    pv, _ = rbm.h_to_v(h0)
    p1, _ = rbm.v_to_h(pv)
    rbm.W += 0.05 * (p0.t() @ data - p1.t() @ pv) / len(data)
    print(rbm.W.data[0, :4], (data - pv).pow(2).mean())
