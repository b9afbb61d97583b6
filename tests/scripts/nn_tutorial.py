"""Logistic regression from bare tensors to modules, optimizers, datasets and loaders, the same numbers throughout."""

import math

import torch
import torch.nn.functional as F
from torch import nn, optim
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(3)
x_all = torch.randn(300, 20)
y_all = (x_all[:, :4].sum(1) > 0).long() + (x_all[:, 4] > 0.5).long()
x_train, y_train, x_valid, y_valid = x_all[:240], y_all[:240], x_all[240:], y_all[240:]
n, c = x_train.shape
print(n, c, y_train.min(), y_train.max())

weights = torch.randn(20, 3) / math.sqrt(20)
weights.requires_grad_()
bias = torch.zeros(3, requires_grad=True)


def log_softmax(x):
    return x - x.exp().sum(-1).log().unsqueeze(-1)


def model(xb):
    return log_softmax(xb @ weights + bias)


def nll(input, target):
    return -input[range(target.shape[0]), target].mean()


def accuracy(out, yb):
    preds = torch.argmax(out, dim=1)
    return (preds == yb).float().mean()


bs, lr = 32, 0.5
xb = x_train[:bs]
print(nll(model(xb), y_train[:bs]), accuracy(model(xb), y_train[:bs]))
for epoch in range(2):
    for i in range((n - 1) // bs + 1):
        xb, yb = x_train[i * bs : i * bs + bs], y_train[i * bs : i * bs + bs]
        loss = nll(model(xb), yb)
        loss.backward()
        with torch.no_grad():
            weights -= weights.grad * lr
            bias -= bias.grad * lr
            weights.grad.zero_()
            bias.grad.zero_()
print(f"{F.nll_loss(model(x_valid), y_valid):.5f} {accuracy(model(x_valid), y_valid):.3f}")


class Logistic(nn.Module):
    def __init__(self):
        super().__init__()
        self.lin = nn.Linear(20, 3)

    def forward(self, xb):
        return self.lin(xb)


def loss_batch(model, loss_func, xb, yb, opt=None):
    loss = loss_func(model(xb), yb)
    if opt is not None:
        loss.backward()
        opt.step()
        opt.zero_grad()
    return loss.item(), len(xb)


model, loss_func = Logistic(), F.cross_entropy
opt = optim.SGD(model.parameters(), lr=lr, momentum=0.9)
train_dl = DataLoader(TensorDataset(x_train, y_train), batch_size=bs, shuffle=True)
valid_dl = DataLoader(TensorDataset(x_valid, y_valid), batch_size=bs * 2)
for epoch in range(4):
    model.train()
    for xb, yb in train_dl:
        loss_batch(model, loss_func, xb, yb, opt)
    model.eval()
    with torch.no_grad():
        losses, nums = zip(*[loss_batch(model, loss_func, xb, yb) for xb, yb in valid_dl])
    print(epoch, f"{sum(a * b for a, b in zip(losses, nums)) / sum(nums):.5f}")
