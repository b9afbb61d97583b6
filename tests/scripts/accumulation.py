"""Gradients added over small batches equal those of a large one; the step is taken every fourth batch."""

import torch
import torch.nn as nn

torch.manual_seed(0)
model = nn.Sequential(nn.Linear(6, 10), nn.Tanh(), nn.Linear(10, 2))
x, y = torch.randn(32, 6), torch.randint(0, 2, (32,))
criterion = nn.CrossEntropyLoss()
criterion(model(x), y).backward()
whole = [p.grad.clone() for p in model.parameters()]
model.zero_grad()
accumulation_steps = 4
for xb, yb in zip(x.chunk(accumulation_steps), y.chunk(accumulation_steps)):
    (criterion(model(xb), yb) / accumulation_steps).backward()
print(all(torch.allclose(a, p.grad, atol=1e-6) for a, p in zip(whole, model.parameters())))

optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=10, eta_min=1e-3)
optimizer.zero_grad()
for i in range(40):
    ix = torch.randint(0, 32, (8,))
    loss = criterion(model(x[ix]), y[ix]) / accumulation_steps
    loss.backward()
    if (i + 1) % accumulation_steps == 0:
        total = nn.utils.clip_grad_norm_(model.parameters(), max_norm=1.0)
        optimizer.step()
        optimizer.zero_grad()
        scheduler.step()
        print(
            f"{i + 1:2d} loss {loss.item() * accumulation_steps:.4f} norm {total:.4f} lr {scheduler.get_last_lr()[0]:.5f}"
        )
