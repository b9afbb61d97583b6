"""Averages of weights: by hand, by AveragedModel with an exponential average, and stochastic weight averaging."""

import copy

import torch
import torch.nn as nn
from torch.optim.swa_utils import SWALR, AveragedModel, get_ema_multi_avg_fn, update_bn


class EMA:
    def __init__(self, model, decay):
        self.model, self.decay = model, decay
        self.shadow = {name: param.data.clone() for name, param in model.named_parameters() if param.requires_grad}
        self.backup = {}

    def update(self):
        for name, param in self.model.named_parameters():
            if param.requires_grad:
                assert name in self.shadow
                self.shadow[name] = ((1.0 - self.decay) * param.data + self.decay * self.shadow[name]).clone()

    def apply_shadow(self):
        for name, param in self.model.named_parameters():
            self.backup[name] = param.data
            param.data = self.shadow[name]

    def restore(self):
        for name, param in self.model.named_parameters():
            param.data = self.backup[name]
        self.backup = {}


torch.manual_seed(0)
x = torch.randn(64, 4)
y = (x**2).sum(1, keepdim=True) + 0.3 * torch.randn(64, 1)
model = nn.Sequential(nn.Linear(4, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Linear(16, 1))
loss_fn = nn.MSELoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
ema = EMA(model, 0.9)
ema_model = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(0.9))
swa_model = AveragedModel(model)
scheduler = torch.optim.lr_scheduler.MultiStepLR(optimizer, milestones=[10, 20], gamma=0.5)
swa_scheduler = SWALR(optimizer, swa_lr=0.02, anneal_epochs=3)
loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(x, y), batch_size=16)
for epoch in range(12):
    for xb, yb in loader:
        optimizer.zero_grad()
        loss_fn(model(xb), yb).backward()
        optimizer.step()
        ema.update()
        ema_model.update_parameters(model)
    if epoch > 7:
        swa_model.update_parameters(model)
        swa_scheduler.step()
    else:
        scheduler.step()
    if epoch % 4 == 3:
        print(epoch, f"lr {optimizer.param_groups[0]['lr']:.4f}")
update_bn(loader, swa_model)
model.eval(), ema_model.eval(), swa_model.eval()
with torch.no_grad():
    print(f"last {loss_fn(model(x), y):.4f} swa {loss_fn(swa_model(x), y):.4f} n {swa_model.n_averaged.item()}")
    before = copy.deepcopy(model.state_dict())
    ema.apply_shadow()
    print(f"by hand {loss_fn(model(x), y):.4f}", torch.allclose(model[0].weight, ema_model.module[0].weight, atol=1e-1))
    ema.restore()
    print(all(torch.equal(before[k], v) for k, v in model.state_dict().items()))
