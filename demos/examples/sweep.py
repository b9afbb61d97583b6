"""The tables of report R2 by one call: XOR over learning rates and over hidden sizes, several seeds each."""

import sys

import numpy as np

import tinygrad_bp as tg

points, labels = tg.data.xor()
x, y = tg.tensor(points), tg.tensor(labels)


def train(lr=0.1, hidden=(10, 5)):
    """The report's network and step: sigmoids, weights from a standard normal, whole batch, summed error."""
    model = tg.models.MLP([2, *hidden, 1], activation=tg.nn.Sigmoid, output=tg.nn.Sigmoid, dtype=tg.float64)
    with tg.no_grad():
        for name, parameter in model.named_parameters():
            parameter.copy_(np.random.standard_normal(parameter.shape) * name.endswith("weight"))
    optimizer = tg.optim.SGD(model.parameters(), lr=lr)
    squares = tg.nn.MSELoss(reduction="sum")

    @tg.compile
    def step():
        optimizer.zero_grad()
        loss = squares(model(x), y)
        loss.backward()
        optimizer.step()
        return loss

    for _ in range(1000):
        loss = step()
    with tg.no_grad():
        right = ((model(x) > 0.5) == y).double().mean()
    return {"error": loss.item() / len(y), "accuracy": right.item()}


rates = tg.train.sweep(train, {"lr": [0.01, 0.1, 0.5, 1.0]}, progress=False)
sizes = tg.train.sweep(train, {"hidden": [(5, 3), (10, 5), (50, 30)]}, progress=False)
print(rates, sizes, sep="\n\n")
if len(sys.argv) > 1:  # a folder for the pictures
    rates.plot(f"{sys.argv[1]}/rates.png", figure="accuracy")
    sizes.plot(f"{sys.argv[1]}/sizes.png", figure="accuracy")
