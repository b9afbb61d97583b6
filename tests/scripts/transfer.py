"""A state dict taken over: keys renamed and left out, a layer frozen, a new head trained, saved to a file and read again."""

import copy
import os
import tempfile
from collections import OrderedDict

import torch
import torch.nn as nn

torch.manual_seed(7)
pretrained = nn.Sequential(
    OrderedDict([("backbone", nn.Sequential(nn.Linear(5, 8), nn.ReLU(), nn.Linear(8, 8))), ("fc", nn.Linear(8, 10))])
)
for name, value in pretrained.state_dict().items():
    print(name, "\t", value.size())


class Student(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(nn.Linear(5, 8), nn.ReLU(), nn.Linear(8, 8))
        self.head = nn.Linear(8, 2)

    def forward(self, x):
        return self.head(torch.relu(self.features(x)))


model = Student()
state = {k.replace("backbone.", "features."): v for k, v in pretrained.state_dict().items() if not k.startswith("fc")}
print(model.load_state_dict(state, strict=False))
try:
    model.load_state_dict(state)
except RuntimeError as error:
    print("missing head.weight:", "head.weight" in str(error))
for param in model.features.parameters():
    param.requires_grad = False
print([n for n, p in model.named_parameters() if p.requires_grad])
optimizer = torch.optim.SGD(filter(lambda p: p.requires_grad, model.parameters()), lr=0.1, momentum=0.9)
scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=4, gamma=0.1)
x, y = torch.randn(40, 5), torch.randint(0, 2, (40,))
best_loss, best = float("inf"), None
for epoch in range(10):
    optimizer.zero_grad()
    loss = nn.CrossEntropyLoss()(model(x), y)
    loss.backward()
    optimizer.step()
    scheduler.step()
    if loss.item() < best_loss:
        best_loss, best = loss.item(), copy.deepcopy(model.state_dict())
print(f"{best_loss:.4f} {optimizer.param_groups[0]['lr']:.4g}")
print(torch.equal(model.features[0].weight, pretrained.backbone[0].weight), model.features[0].weight.grad)
with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "checkpoint.pt")
    torch.save(
        {"epoch": 10, "model": model.state_dict(), "optimizer": optimizer.state_dict(), "loss": loss.detach()}, path
    )
    checkpoint = torch.load(path)
again = Student()
again.load_state_dict(checkpoint["model"])
again.eval()
optimizer = torch.optim.SGD(again.head.parameters(), lr=0.1, momentum=0.9)
optimizer.load_state_dict(checkpoint["optimizer"])
print(
    checkpoint["epoch"],
    f"{checkpoint['loss']:.4f}",
    torch.equal(again(x), model(x)),
    list(optimizer.state_dict()["state"]),
)
clone = copy.deepcopy(again)
with torch.no_grad():
    clone.head.weight.mul_(0)
print(again.head.weight.abs().sum() > 0, clone.head.weight.abs().sum())
