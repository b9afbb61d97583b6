"""A script as a course has it, run with PyTorch or with tinygrad_bp in its place: ``course_script.py MODULE``."""

import importlib
import sys

torch = importlib.import_module(sys.argv[1])
nn = torch.nn
F = nn.functional

torch.manual_seed(0)
x = torch.linspace(-1, 1, 100).unsqueeze(1)
y = x.pow(2) + 0.2 * torch.rand(x.size())


class Net(nn.Module):
    """One hidden layer."""

    def __init__(self, n_feature, n_hidden, n_output):
        super().__init__()
        self.hidden = nn.Linear(n_feature, n_hidden)
        self.predict = nn.Linear(n_hidden, n_output)

    def forward(self, x):
        """The prediction for x."""
        x = F.relu(self.hidden(x))
        return self.predict(x)


net = Net(1, 10, 1)
print(net)
optimizer = torch.optim.SGD(net.parameters(), lr=0.2, momentum=0.8, weight_decay=1e-4)
loss_func = nn.MSELoss()
for t in range(200):
    prediction = net(x)
    loss = loss_func(prediction, y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if t % 50 == 0:
        print(t, round(loss.item(), 4))
with torch.no_grad():
    print(round(float(((net(x) - y) ** 2).mean()), 4), net.training, [tuple(p.shape) for p in net.parameters()])

data, labels = torch.randn(64, 20), torch.randint(0, 3, (64,))
model = nn.Sequential(nn.Linear(20, 16), nn.Tanh(), nn.Linear(16, 3))
optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
for _ in range(100):
    order = torch.randperm(64)
    for start in range(0, 64, 16):
        batch = order[start : start + 16]
        optimizer.zero_grad()
        loss = F.cross_entropy(model(data[batch]), labels[batch])
        loss.backward()
        optimizer.step()
accuracy = (model(data).argmax(dim=1) == labels).float().mean().item()
print(round(loss.item(), 3), accuracy)
print({name: tuple(value.shape) for name, value in model.state_dict().items()})
