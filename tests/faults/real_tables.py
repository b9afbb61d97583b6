"""Programs on rows of numbers that somebody trained in earnest: faulty and repaired."""

from __future__ import annotations

import numpy as np

import tinygrad_bp as tg
from tinygrad_bp import nn, optim

from .ground_truth import Collection, Training, floats, of_classes, of_numbers, of_two, scaled

TABLES = Collection()


def uniform(model, size):
    """Weights uniform within `size`, as the programs draw them."""
    for p in model.parameters():
        nn.init.uniform_(p, -size, size)
    return model


def normal(model, deviation):
    for p in model.parameters():
        if p.ndim > 1:
            nn.init.normal_(p, 0.0, deviation)
    return model


@TABLES.add("softmax-on-one-unit")
def rb01(repaired, rng):
    """All ones or all zeros?"""
    y = rng.integers(0, 2, (800, 1))
    x, y = floats(np.repeat(y, 128, axis=1), y)
    model = nn.Sequential(
        *(nn.Linear(128, 50), nn.ReLU(), nn.Dropout(0.2), nn.Linear(50, 50), nn.ReLU(), nn.Dropout(0.2)),
        *(nn.Linear(50, 1), nn.Sigmoid() if repaired else nn.Softmax(dim=1)),
    )
    return Training(model, nn.BCELoss(), (x, y), optim.RMSprop(model.parameters(), lr=0.001), of_two(0.5), 32)


@TABLES.add("softmax-on-one-unit", "inputs-not-scaled", "targets-not-scaled")
def rb02(repaired, rng):
    """A plane over three numbers of up to 10,000."""
    x = rng.uniform(0, 10_000, (500, 3))
    y = x @ [[2.0], [1.0], [0.5]] + 2.2
    if repaired:
        x, y = scaled(x), scaled(y)
        model = nn.Sequential(nn.Linear(3, 8), nn.Tanh(), nn.Linear(8, 8), nn.Tanh(), nn.Linear(8, 1))
    else:
        hidden = nn.Linear(3, 3), nn.Tanh(), nn.Dropout(0.5), nn.Linear(3, 2), nn.Tanh(), nn.Dropout(0.5)
        model = uniform(nn.Sequential(*hidden, nn.Linear(2, 1), nn.Softmax(dim=1)), 0.05)
    optimizer = optim.SGD(model.parameters(), lr=0.1, momentum=0.9, nesterov=True)
    return Training(model, nn.MSELoss(), floats(x, y), optimizer, of_numbers, 32)


@TABLES.add("softmax-on-one-unit")
def rb03(repaired, rng):
    """A threshold on three of five features."""
    x = rng.uniform(0, 1, (600, 5))
    y = x[:, :3].sum(1, keepdims=True) > 1.5
    last = nn.Sigmoid() if repaired else nn.Softmax(dim=-1)
    model = nn.Sequential(nn.Linear(5, 60), nn.ReLU(), nn.Linear(60, 50), nn.ReLU(), nn.Linear(50, 1), last)
    optimizer = optim.Adam(model.parameters(), lr=0.001)
    return Training(model, nn.BCELoss(), floats(x, y), optimizer, of_two(0.5))


@TABLES.add("squared-error-for-classes", "learning-rate-too-small")
def rb05(repaired, rng):
    """XOR, with the absolute error and a small rate."""
    x, y = floats([[0, 0], [0, 1], [1, 0], [1, 1]], [[0], [1], [1], [0]])
    model = nn.Sequential(nn.Linear(2, 4), nn.Sigmoid(), nn.Linear(4, 1), nn.Sigmoid())
    if repaired:
        model[0], model[1] = nn.Linear(2, 8), nn.Tanh()
        model[2] = nn.Linear(8, 1)
        return Training(model, nn.BCELoss(), (x, y), optim.Adam(model.parameters(), lr=0.05), of_two(0.5))
    optimizer = optim.SGD(model.parameters(), lr=0.05, momentum=0.11, nesterov=True)
    return Training(model, nn.L1Loss(), (x, y), optimizer, lambda found, y: 1 - 2 * np.abs(found - y).mean())


@TABLES.add("learning-rate-too-small")
def rb06(repaired, rng):
    """Two squares of points: five epochs at 0.001."""
    x = np.concatenate([rng.uniform(0.2, 0.4, (100, 2)), rng.uniform(0.5, 0.7, (100, 2))])
    y = tg.tensor(np.repeat([0, 1], 100))
    model = nn.Sequential(nn.Linear(2, 2), nn.Sigmoid(), nn.Linear(2, 2))

    def likelihood(found, y):
        return 1 + (found[np.arange(len(y)), y] - np.log(np.exp(found).sum(1))).mean() / np.log(2)

    optimizer = optim.Adam(model.parameters(), lr=0.05 if repaired else 0.001)
    return Training(model, nn.CrossEntropyLoss(), (floats(x), y), optimizer, likelihood, 32)


@TABLES.add("inputs-not-scaled", "squared-error-for-classes")
def rb07(repaired, rng):
    """Which of two candidates wins: shares, sums and differences in their own units."""
    n = 200
    spread = rng.normal(0, 1, (n, 16))
    x = np.empty((n, 16))
    x[:, :4], x[:, 4:8] = 38 + 6 * spread[:, :4], 15 + 4 * spread[:, 4:8]
    x[:, 8:12], x[:, 12:] = 330_000 + 100_000 * spread[:, 8:12], 5 * spread[:, 12:]
    wins = (spread[:, 0] + spread[:, 5] + spread[:, 9] + spread[:, 13] > 0).astype(int)
    hidden = nn.Linear(16, 64), nn.Tanh(), nn.Dropout(0.5), nn.Linear(64, 64), nn.Tanh(), nn.Dropout(0.5)
    if repaired:
        model = nn.Sequential(*hidden, nn.Linear(64, 2))
        optimizer = optim.SGD(model.parameters(), lr=0.05, momentum=0.9, nesterov=True)
        return Training(model, nn.CrossEntropyLoss(), (floats(scaled(x)), tg.tensor(wins)), optimizer, of_classes, 16)
    model = uniform(nn.Sequential(*hidden, nn.Linear(64, 2), nn.Softmax(dim=1)), 0.05)
    optimizer = optim.SGD(model.parameters(), lr=0.1, momentum=0.9, nesterov=True)
    return Training(model, nn.MSELoss(), floats(x, np.eye(2)[wins]), optimizer, of_classes, 16)


@TABLES.add("activation-on-the-scores", "inputs-not-scaled")
def rb08(repaired, rng):
    """Iris, with a sigmoid on the three scores."""
    x, y = tg.data.iris()
    if repaired:
        model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 3))
    else:
        layers = nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 3), nn.Sigmoid()
        model = normal(nn.Sequential(*layers), 0.05)
    optimizer = optim.Adam(model.parameters(), lr=0.01 if repaired else 0.001)
    batch = floats(scaled(x) if repaired else x), tg.tensor(y)
    return Training(model, nn.CrossEntropyLoss(), batch, optimizer, of_classes, 30 if repaired else 5)


@TABLES.add("binary-loss-for-regression", "output-cannot-reach-targets", "inputs-not-scaled", "targets-not-scaled")
def rb10(repaired, rng):
    """Targets around 70 for a sigmoid and a binary likelihood, written by hand."""
    means = np.array([3, 12, 30, 55, 90, 200, 450, 1000.0])
    spread = rng.normal(0, 1, (300, 8))
    x = means * (1 + 0.2 * spread)
    y = 70 + 10 * np.tanh(spread[:, :4].sum(1, keepdims=True) / 2) + spread[:, 4:5]
    hidden = nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 1)
    if repaired:
        model = nn.Sequential(*hidden)
        optimizer = optim.Adam(model.parameters(), lr=0.01)
        return Training(model, nn.MSELoss(), floats(scaled(x), scaled(y)), optimizer, of_numbers, 100)

    def likelihood(p, t):
        p = tg.clip(p, 1e-7, 1 - 1e-7)
        return -(t * tg.log(p) + (1 - t) * tg.log(1 - p)).mean()

    model = uniform(nn.Sequential(*hidden, nn.Sigmoid()), 0.05)
    return Training(model, likelihood, floats(x, y), optim.SGD(model.parameters(), lr=0.01), of_numbers, 100)


@TABLES.add("inputs-not-scaled")
def rb11(repaired, rng):
    """Eleven hidden layers, the first of them tanh, on columns whose ranges run from 0.4 to 5,000."""
    ranges = np.array([0.4, 3, 25, 180, 900, 5000])
    unit = rng.uniform(0, 1, (400, 6))
    x = unit * ranges
    y = 3 * unit[:, :1] - 2 * unit[:, 1:2] * unit[:, 2:3] + np.sin(3 * unit[:, 3:4]) + unit[:, 4:5]
    if repaired:
        model = nn.Sequential(nn.Linear(6, 10), nn.ReLU(), nn.Linear(10, 25), nn.ReLU(), nn.Linear(25, 1))
    else:
        deep = [layer for i in range(9) for layer in (nn.Linear(90 if i == 0 else 10, 10), nn.ReLU())]
        shallow = nn.Linear(6, 10), nn.Tanh(), nn.Linear(10, 90), nn.Tanh()
        model = nn.Sequential(*shallow, *deep, nn.Linear(10, 1))
    optimizer = optim.Adam(model.parameters(), lr=0.01 if repaired else 0.001)
    batch = floats(scaled(x), scaled(y)) if repaired else floats(x, y)
    return Training(model, nn.MSELoss(), batch, optimizer, of_numbers, 64)


class Line(nn.Module):
    """One weight, one offset, from zero."""

    def __init__(self):
        super().__init__()
        self.slope = nn.Parameter(tg.zeros(()))
        self.offset = nn.Parameter(tg.zeros(()))

    def forward(self, x):
        return x * self.slope + self.offset


@TABLES.add("learning-rate-too-large")
def rb12(repaired, rng):
    """A line through eight points whose x² reach 64."""
    x = np.linspace(-8, 8, 8)
    slope, offset = rng.uniform(2, 8, 2) * rng.choice([-1, 1], 2)
    y = slope * x + offset + rng.uniform(-1, 1, 8)
    model = Line()
    optimizer = optim.SGD(model.parameters(), lr=0.01 if repaired else 0.1)
    return Training(model, lambda found, y: ((found - y) ** 2).mean(), floats(x, y), optimizer, of_numbers)


@TABLES.add("output-cannot-reach-targets", "targets-not-scaled")
def rb16(repaired, rng):
    """Six numbers as different as a year and a second, from 28 features."""
    x = rng.normal(0, 1, (400, 28))
    unit = np.tanh(x @ rng.normal(0, 0.3, (28, 6)))
    y = np.array([2016, 6.5, 15.5, 11.5, 29.5, 29.5]) + unit * [6, 5.5, 14, 11, 29, 29]
    layers = []
    for before, after in ((28, 20), (20, 15), (15, 6)):
        layers += nn.Linear(before, after), nn.ReLU()
    last = nn.Linear(6, 6)
    if repaired:
        model = nn.Sequential(*layers[:4], nn.Linear(15, 6))
        optimizer = optim.Adam(model.parameters(), lr=0.01)
        return Training(model, nn.L1Loss(), floats(x, scaled(y)), optimizer, of_numbers, 64)
    model = normal(nn.Sequential(*layers, last, nn.Sigmoid()), 0.05)
    return Training(model, nn.L1Loss(), floats(x, y), optim.Adam(model.parameters(), lr=0.001), of_numbers, 64)


@TABLES.add("binary-loss-for-class-numbers", "last-layer-too-narrow")
def rb21(repaired, rng):
    """Iris: one score against the class numbers 0, 1, 2."""
    x, y = tg.data.iris()
    x = floats(scaled(x))
    model = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 3 if repaired else 1))
    optimizer = optim.Adam(model.parameters(), lr=0.01)
    if repaired:
        return Training(model, nn.CrossEntropyLoss(), (x, tg.tensor(y)), optimizer, of_classes, 50)

    def nearest(found, y):
        p = 1 / (1 + np.exp(-found))
        return of_classes(-np.abs(2 * p - np.arange(3)), y[:, 0].astype(int))

    return Training(model, nn.BCEWithLogitsLoss(), (x, floats(y[:, None])), optimizer, nearest, 50)


@TABLES.add("softmax-on-one-unit", "learning-rate-too-large")
def rb22(repaired, rng):
    """A product and a sum of twelve features, one unit under a softmax, Adam at 0.1."""
    x = rng.normal(0, 1, (600, 12))
    y = (x[:, 0] * x[:, 1] + x[:, 2] + x[:, 3] > 0).astype(int)
    p = 0.2 if repaired else 0.5
    hidden = nn.Linear(12, 64), nn.ReLU(), nn.Dropout(p), nn.Linear(64, 32), nn.ReLU(), nn.Dropout(p)
    if repaired:
        model = nn.Sequential(*hidden, nn.Linear(32, 2))
        optimizer = optim.Adam(model.parameters(), lr=0.005)
        return Training(model, nn.CrossEntropyLoss(), (floats(x), tg.tensor(y)), optimizer, of_classes, 64)
    model = nn.Sequential(*hidden, nn.Linear(32, 1), nn.Softmax(dim=1))
    optimizer = optim.Adam(model.parameters(), lr=0.1)
    return Training(model, nn.BCELoss(), floats(x, y[:, None]), optimizer, of_two(0.5), 64)


@TABLES.add("binary-loss-for-regression", "output-cannot-reach-targets")
def rb24(repaired, rng):
    """Whitened columns in and out again, under a sigmoid."""
    x = scaled(rng.normal(0, 1, (500, 6)) @ rng.normal(0, 1, (6, 20)))
    code = nn.Linear(20, 12), nn.Tanh(), nn.Linear(12, 6), nn.Tanh(), nn.Linear(6, 12), nn.Tanh(), nn.Linear(12, 20)
    model = nn.Sequential(*code) if repaired else nn.Sequential(*code, nn.Sigmoid())
    loss_fn = nn.MSELoss() if repaired else nn.functional.binary_cross_entropy
    return Training(model, loss_fn, floats(x, x), optim.Adam(model.parameters(), lr=0.01), of_numbers)


def likelihood_of_parts(p, t):
    """Of outputs divided by their sum, as if they were probabilities."""
    p = p / p.sum(dim=1, keepdim=True)
    return -(t * tg.log(p)).sum(dim=1).mean()


@TABLES.add("activation-on-the-scores", "scores-taken-for-probabilities")
def rb26(repaired, rng):
    """Three blobs in the plane, ReLU to the last layer."""
    label = rng.integers(0, 3, 600)
    angle = 2 * np.pi * label / 3
    x = 3 * np.stack([np.cos(angle), np.sin(angle)], 1) + rng.normal(0, 1.3, (600, 2))
    layers = [layer for width in (2, 50, 50, 50) for layer in (nn.Linear(width, 50), nn.ReLU())]
    if repaired:
        model = nn.Sequential(*layers, nn.Linear(50, 3))
        optimizer = optim.Adam(model.parameters(), lr=0.001)
        return Training(model, nn.CrossEntropyLoss(), (floats(x), tg.tensor(label)), optimizer, of_classes, 64)
    model = nn.Sequential(*layers, nn.Linear(50, 3), nn.ReLU())
    optimizer = optim.Adam(model.parameters(), lr=0.001)
    return Training(model, likelihood_of_parts, floats(x, np.eye(3)[label]), optimizer, of_classes, 64)
