"""The smallest network that needs a hidden layer: XOR, from the data to the answers."""

import tinygrad_bp as tg
from tinygrad_bp import nn, optim

tg.manual_seed(0)
x = tg.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
y = tg.tensor([[0.0], [1.0], [1.0], [0.0]])

model = nn.Sequential(nn.Linear(2, 4), nn.Tanh(), nn.Linear(4, 1))
loss_of = nn.BCEWithLogitsLoss()
optimizer = optim.SGD(model.parameters(), lr=0.5)

for step in range(1001):
    loss = loss_of(model(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 250 == 0:
        print(f"step {step:4}  loss {loss:.4f}")

with tg.no_grad():
    answers = (model(x) > 0).int().flatten().tolist()
print("0^0, 0^1, 1^0, 1^1 =", answers)
