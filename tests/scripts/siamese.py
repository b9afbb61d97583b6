"""Pairs and triplets: one network for both inputs, contrastive and triplet losses, cosine similarities."""

import torch
import torch.nn as nn
import torch.nn.functional as F


class ContrastiveLoss(torch.nn.Module):
    def __init__(self, margin=2.0):
        super().__init__()
        self.margin = margin

    def forward(self, output1, output2, label):
        distance = F.pairwise_distance(output1, output2)
        return torch.mean(
            (1 - label) * torch.pow(distance, 2) + label * torch.pow(torch.clamp(self.margin - distance, min=0.0), 2)
        )


torch.manual_seed(0)
centres = torch.randn(3, 6) * 2
labels = torch.arange(30) % 3
points = centres[labels] + torch.randn(30, 6)
net = nn.Sequential(nn.Linear(6, 12), nn.PReLU(), nn.Linear(12, 2))
optimizer = torch.optim.Adamax(net.parameters(), lr=0.02, eps=1e-3)
contrastive, triplet = ContrastiveLoss(), nn.TripletMarginLoss(margin=1.0)
for step in range(41):
    i, j = torch.randint(0, 30, (2, 16))
    pair = contrastive(net(points[i]), net(points[j]), (labels[i] != labels[j]).float())
    anchors, same, other = net(points[0:9]), net(points[3:12]), net(points[1:10])
    loss = pair + triplet(anchors, same, other)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 10 == 0:
        print(f"{step} {pair.item():.4f} {loss.item():.4f}")
with torch.no_grad():
    e = net(points)
    near = torch.cdist(e, e).fill_diagonal_(float("inf")).argmin(1)
    print((labels[near] == labels).float().mean(), F.cosine_similarity(e[:3], e[3:6]))
    print(torch.stack([e[labels == k].mean(0) for k in range(3)]))
