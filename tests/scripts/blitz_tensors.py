"""Tensors from data, from NumPy and from each other; what they are made of; joining; in-place."""

import numpy as np
import torch

x_data = torch.tensor([[1, 2], [3, 4]])
print(x_data, x_data.dtype == torch.int64, x_data.shape, x_data.device)
x_np = torch.from_numpy(np.arange(6.0).reshape(2, 3))
print(x_np)
print(torch.ones_like(x_data), torch.zeros(2, 3), torch.full((2, 2), 7.5))

torch.manual_seed(1)
x = torch.rand(2, 3)
print(x, torch.rand_like(x_data, dtype=torch.float), torch.randn(3), sep="\n")
print(f"Shape: {x.shape}, device: {x.device}, dims: {x.dim()}, elements: {x.numel()}")
if torch.cuda.is_available():
    x = x.to("cuda")

t = torch.ones(4, 4)
t[:, 1] = 0
print(t, t[0], t[..., -1], sep="\n")
print(torch.cat([t, t, t], dim=1).shape, torch.stack([t, t]).shape)
print(t @ t.T, t * t, t.mul(2).sum(), sep="\n")
total = t.sum()
print(total.item(), type(total.item()))
t.add_(5)
print(t)
n = t.numpy()
t.add_(1)
print(n[0])
print(torch.arange(12).view(3, 4).transpose(0, 1), torch.linspace(0, 1, 5))
print(torch.tensor([1.5, -2.25, 1e-6]), torch.tensor([1e10, 1.0]), torch.tensor(3.0), torch.tensor([]))
print(x.max(dim=1), x.argmax(dim=1), (x > 0.5), x[x > 0.5])
print(torch.eye(3).unsqueeze(0).squeeze().sum(dim=0, keepdim=True))
