"""Ratings completed by two embeddings with biases; a matrix by gradient descent against its singular values."""

import torch
import torch.nn as nn

torch.manual_seed(0)
n_users, n_items, rank = 12, 9, 2
truth = torch.randn(n_users, rank) @ torch.randn(rank, n_items)
mask = torch.rand(n_users, n_items) < 0.7
users, items = mask.nonzero(as_tuple=True)
ratings = truth[mask]
print(len(ratings), users[:6], items[:6])


class MF(nn.Module):
    def __init__(self):
        super().__init__()
        self.user, self.item = nn.Embedding(n_users, rank), nn.Embedding(n_items, rank)
        self.user_bias, self.item_bias = nn.Embedding(n_users, 1), nn.Embedding(n_items, 1)
        for e in (self.user_bias, self.item_bias):
            nn.init.constant_(e.weight, 0)

    def forward(self, u, i):
        return (self.user(u) * self.item(i)).sum(1) + self.user_bias(u).squeeze() + self.item_bias(i).squeeze()


model = MF()
optimizer = torch.optim.Rprop(model.parameters(), lr=0.01)
for epoch in range(61):
    optimizer.zero_grad()
    loss = nn.functional.mse_loss(model(users, items), ratings) + 1e-4 * sum(p.pow(2).sum() for p in model.parameters())
    loss.backward()
    optimizer.step()
    if epoch % 20 == 0:
        print(epoch, f"{loss.item():.4f}")

A = torch.randn(6, 5)
U, S, Vh = torch.linalg.svd(A, full_matrices=False)
best = (S[2:] ** 2).sum()
L, R = torch.randn(6, 2, requires_grad=True), torch.randn(2, 5, requires_grad=True)
optimizer = torch.optim.Adam([L, R], lr=0.05)
for _ in range(400):
    optimizer.zero_grad()
    error = ((A - L @ R) ** 2).sum()
    error.backward()
    optimizer.step()
print(f"{error.item():.3f} {best.item():.3f}", S)
print(torch.allclose(U @ torch.diag(S) @ Vh, A, atol=1e-5), torch.linalg.matrix_rank(truth))
