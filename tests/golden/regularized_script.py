"""A classifier as a course has it, with everything that keeps it from overfitting: ``regularized_script.py MODULE``."""

import importlib
import sys

torch = importlib.import_module(sys.argv[1])
nn = torch.nn

torch.manual_seed(1)
x = torch.randn(120, 8)
y = (x[:, 0] > 0).long() + (x[:, 1] + x[:, 2] > 0.5).long()
model = nn.Sequential(
    nn.Linear(8, 32),
    nn.BatchNorm1d(32),
    nn.GELU(),
    nn.Dropout(0.3),
    nn.Linear(32, 16),
    nn.LayerNorm(16),
    nn.SiLU(),
    nn.Dropout(p=0.1),
    nn.Linear(16, 3),
)
print(model)
criterion = nn.CrossEntropyLoss(weight=torch.tensor([1.0, 0.5, 2.0]), label_smoothing=0.1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
for epoch in range(10):
    model.train()
    order = torch.randperm(120)
    for start in range(0, 120, 24):
        batch = order[start : start + 24]
        optimizer.zero_grad()
        loss = criterion(model(x[batch]), y[batch])
        loss.backward()
        optimizer.step()
        print(epoch, start, f"{loss.item():.4f}")
model.eval()
with torch.no_grad():
    scores = model(x)
    print(f"{criterion(scores, y).item():.4f}", f"{nn.functional.nll_loss(scores.log_softmax(1), y).item():.4f}")
    print((scores.argmax(dim=1) == y).float().mean().item())
print(list(model.state_dict()))
print(model[1].num_batches_tracked.item(), f"{model[1].running_var.mean().item():.4f}")
