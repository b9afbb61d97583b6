"""A small convolutional network: its parameters, one step by hand, then SGD with momentum on made-up images."""

import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 4, 3)
        self.pool = nn.MaxPool2d(2, 2)
        self.conv2 = nn.Conv2d(4, 8, 3)
        self.fc1 = nn.Linear(8 * 2 * 2, 16)
        self.fc2 = nn.Linear(16, 3)

    def forward(self, x):
        x = self.pool(F.relu(self.conv1(x)))
        x = self.pool(F.relu(self.conv2(x)))
        x = torch.flatten(x, 1)
        return self.fc2(F.relu(self.fc1(x)))


torch.manual_seed(0)
net = Net()
print(net)
params = list(net.parameters())
print(len(params), params[0].size())

inputs = torch.randn(12, 1, 14, 14)
labels = torch.randint(0, 3, (12,))
out = net(inputs)
print(out[:2])
criterion = nn.CrossEntropyLoss()
loss = criterion(out, labels)
print(loss)
net.zero_grad()
print(net.conv1.bias.grad)
loss.backward()
print(net.conv1.bias.grad)
for f in net.parameters():
    f.data.sub_(f.grad.data * 0.01)

optimizer = optim.SGD(net.parameters(), lr=0.05, momentum=0.9)
running_loss = 0.0
for step in range(30):
    optimizer.zero_grad()
    loss = criterion(net(inputs), labels)
    loss.backward()
    optimizer.step()
    running_loss += loss.item()
    if step % 10 == 9:
        print(f"[{step + 1:3d}] loss: {running_loss / 10:.3f}")
        running_loss = 0.0
_, predicted = torch.max(net(inputs), 1)
print("correct:", (predicted == labels).sum().item(), "of", labels.size(0))
