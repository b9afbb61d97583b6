"""Consecutive letters fused pair by pair in a tree, with modules of one's own inside nn.Sequential."""

import torch
import torch.nn as nn
import torch.nn.functional as F

words = "emma olivia ava isabella sophia charlotte mia amelia harper evelyn abigail emily ella elizabeth camila luna sofia avery mila aria scarlett penelope layla chloe victoria madison eleanor grace nora riley zoey hannah hazel lily ellie".split()
chars = ["."] + sorted(set("".join(words)))
stoi = {s: i for i, s in enumerate(chars)}
block = 8
X, Y = [], []
for w in words:
    context = [0] * block
    for ch in w + ".":
        X.append(context)
        Y.append(stoi[ch])
        context = context[1:] + [stoi[ch]]
X, Y = torch.tensor(X), torch.tensor(Y)


class FlattenConsecutive(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.n = n

    def forward(self, x):
        B, T, C = x.shape
        x = x.reshape(B, T // self.n, C * self.n)
        if x.shape[1] == 1:
            x = x.squeeze(1)
        return x

    def extra_repr(self):
        return f"n={self.n}"


class Norm(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.bn = nn.BatchNorm1d(dim)

    def forward(self, x):
        return self.bn(x) if x.ndim == 2 else self.bn(x.permute(0, 2, 1)).permute(0, 2, 1)


torch.manual_seed(42)
model = nn.Sequential(
    nn.Embedding(len(chars), 6),
    FlattenConsecutive(2), nn.Linear(12, 20, bias=False), Norm(20), nn.Tanh(),
    FlattenConsecutive(2), nn.Linear(40, 20, bias=False), Norm(20), nn.Tanh(),
    FlattenConsecutive(2), nn.Linear(40, 20, bias=False), Norm(20), nn.Tanh(),
    nn.Linear(20, len(chars)),
)  # fmt: skip
with torch.no_grad():
    model[-1].weight *= 0.1
print(model)
print(sum(p.nelement() for p in model.parameters()))
for i in range(60):
    ix = torch.randint(0, X.shape[0], (32,))
    loss = F.cross_entropy(model(X[ix]), Y[ix])
    model.zero_grad(set_to_none=True)
    loss.backward()
    for p in model.parameters():
        p.data += -0.1 * p.grad
    if i % 20 == 0:
        print(f"{i:3d} {loss.item():.4f}")
model.eval()
with torch.no_grad():
    print(f"all: {F.cross_entropy(model(X), Y).item():.4f}")
    probs = F.softmax(model(X[:1]), dim=1)
    print(probs.topk(3))
