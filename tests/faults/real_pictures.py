"""Programs on pictures, signals, series and words that somebody trained in earnest: faulty and repaired."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

import tinygrad_bp as tg
from tinygrad_bp import nn, optim

from .ground_truth import Collection, Training, floats, of_classes, of_numbers, of_two
from .real_tables import likelihood_of_parts, normal

PICTURES = Collection()


def pictures(rng, n=500):
    """28×28 grey pictures of digits, 0 to 255, moved a little and dimmed; four pixels in five are black."""
    small, labels = tg.data.digits()
    chosen = rng.choice(len(small), n, replace=False)
    drawn = np.kron(np.where(small[chosen] > 7, small[chosen], 0), np.ones((1, 3, 3)))
    x = np.zeros((n, 28, 28))
    for picture, digit, (down, right) in zip(x, drawn, rng.integers(0, 5, (n, 2))):
        picture[down : down + 24, right : right + 24] = digit
    return np.floor(x * 255 / 16 * rng.uniform(0.7, 1, (n, 1, 1))), labels[chosen]


def onehot(labels):
    return np.eye(10)[labels]


def convolutional():
    """Two 5×5 convolutions with pooling and a dense layer, narrower than they were."""
    return [
        *(nn.Conv2d(1, 4, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(4, 8, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Flatten(), nn.Linear(8 * 49, 256), nn.ReLU()),
    ]


def biased(model, deviation, bias):
    """Weights from N(0, deviation²), every bias the same."""
    for p in normal(model, deviation).parameters():
        if p.ndim == 1:
            nn.init.constant_(p, bias)
    return model


@PICTURES.add(
    *("no-activation-between-layers", "squared-error-for-classes"),
    *("learning-rate-too-large", "initial-weights-too-large"),
)
def rb04(repaired, rng):
    """Digits through two linear layers with nothing between, squared error, rate 3."""
    x, labels = pictures(rng)
    x = floats(x.reshape(len(x), -1) / 255)
    if repaired:
        model = nn.Sequential(nn.Linear(784, 30), nn.Sigmoid(), nn.Linear(30, 10))
        optimizer = optim.SGD(model.parameters(), lr=0.5)
        return Training(model, nn.CrossEntropyLoss(), (x, tg.tensor(labels)), optimizer, of_classes, 32)
    model = nn.Sequential(nn.Linear(784, 30), nn.Linear(30, 10))
    for p in model.parameters():
        nn.init.normal_(p)
    optimizer = optim.SGD(model.parameters(), lr=3.0)
    return Training(model, nn.MSELoss(), (x, floats(onehot(labels))), optimizer, of_classes, 10)


@PICTURES.add("activation-on-the-scores", "scores-taken-for-probabilities", "inputs-not-scaled")
def rb09(repaired, rng):
    """Unscaled digits, ReLU on the ten scores, which are then divided by their sum."""
    x, labels = pictures(rng)
    x = x[:, None]
    if repaired:
        model = nn.Sequential(*convolutional(), nn.Linear(256, 10))
        optimizer = optim.Adam(model.parameters(), lr=0.001)
        return Training(model, nn.CrossEntropyLoss(), (floats(x / 255), tg.tensor(labels)), optimizer, of_classes, 50)
    model = biased(nn.Sequential(*convolutional(), nn.Dropout(0.5), nn.Linear(256, 10), nn.ReLU()), 0.1, 0.1)
    optimizer = optim.Adam(model.parameters(), lr=0.001)
    return Training(model, likelihood_of_parts, floats(x, onehot(labels)), optimizer, of_classes, 50)


@PICTURES.add("activation-on-the-scores")
def rb13(repaired, rng):
    """The layer function that ends in a ReLU makes the scores too."""
    x, labels = pictures(rng)
    x = floats(x[:, None] / 255)
    model = nn.Sequential(*convolutional(), nn.Linear(256, 10))
    if not repaired:
        model = biased(nn.Sequential(*model, nn.ReLU()), 0.1, 0.1)
    optimizer = optim.Adam(model.parameters(), lr=0.001)
    return Training(model, nn.CrossEntropyLoss(), (x, tg.tensor(labels)), optimizer, of_classes, 50)


@PICTURES.add("log-of-softmax", "inputs-not-scaled", "initial-weights-too-large")
def rb14(repaired, rng):
    """Softmax and its logarithm by hand, on pixels up to 255 and weights of N(0, 1)."""
    x, labels = pictures(rng)
    x = x.reshape(len(x), -1)
    model = nn.Sequential(nn.Linear(784, 10))
    if repaired:
        optimizer = optim.SGD(model.parameters(), lr=0.1)
        return Training(model, nn.CrossEntropyLoss(), (floats(x / 255), tg.tensor(labels)), optimizer, of_classes, 50)
    for p in model.parameters():
        nn.init.normal_(p)
    model.append(nn.Softmax(dim=1))

    def likelihood(p, t):
        return -np.sum(t * np.log(p), axis=1).mean()

    optimizer = optim.SGD(model.parameters(), lr=0.001)
    return Training(model, likelihood, floats(x, onehot(labels)), optimizer, of_classes, 50)


class Recurrent(nn.Module):
    """The last state of a recurrent layer, through a linear one."""

    def __init__(self, width, outputs, dropout=0.0):
        super().__init__()
        self.recurrent = nn.RNN(1, width, batch_first=True)
        self.dropout = nn.Dropout(dropout)
        self.last = nn.Linear(width, outputs)

    def forward(self, x):
        states, _ = self.recurrent(x)
        return self.last(self.dropout(states[:, -1]))


@PICTURES.add("last-layer-too-narrow", "shapes-broadcast")
def rb15(repaired, rng):
    """The next thirty values of a sine: one output for all of them."""
    frequency, phase = rng.uniform(0.15, 0.3, (300, 1)), rng.uniform(0, 2 * np.pi, (300, 1))
    series = np.sin(frequency * np.arange(60) + phase) + rng.normal(0, 0.05, (300, 60))
    model = Recurrent(24, 30 if repaired else 1)
    optimizer = optim.Adam(model.parameters(), lr=0.01)
    batch = floats(series[:, :30, None], series[:, 30:])
    return Training(model, lambda found, y: ((found - y) ** 2).mean(), batch, optimizer, of_numbers, 64)


@PICTURES.add("softmax-on-one-unit")
def rb17(repaired, rng):
    """Two frequencies in noise, one channel of 600 samples."""
    label = rng.integers(0, 2, (200, 1))
    wave = np.sin(np.where(label, 0.5, 0.25) * np.arange(600) + rng.uniform(0, 6, (200, 1)))
    x, y = floats((wave + rng.normal(0, 0.5, wave.shape))[:, None], label)
    model = nn.Sequential(
        *(nn.Conv1d(1, 8, 20, stride=4), nn.ReLU(), nn.MaxPool1d(4), nn.Dropout(0.3), nn.Flatten()),
        *(nn.Linear(8 * 36, 50), nn.ReLU(), nn.Linear(50, 1), nn.Sigmoid() if repaired else nn.Softmax(dim=1)),
    )
    return Training(model, nn.BCELoss(), (x, y), optim.NAdam(model.parameters(), lr=0.001), of_two(0.5), 8)


@PICTURES.add("flatten-missing", stops=True)
def rb18(repaired, rng):
    """Dense layers on every position: 28 scores a position against one row of 28."""
    label = rng.integers(0, 28, 560)
    x = np.sin((0.1 + 0.1 * label[:, None]) * np.arange(72)) + rng.normal(0, 0.1, (560, 72))
    convolutions = [
        *(nn.Conv1d(1, 16, 5, padding=2), nn.ReLU(), nn.MaxPool1d(2)),
        *(nn.Conv1d(16, 18, 5, padding=2), nn.ReLU(), nn.MaxPool1d(2)),
    ]
    if repaired:
        dense = [nn.Flatten(), nn.Linear(18 * 18, 64), nn.ReLU(), nn.Linear(64, 28)]
    else:
        dense = [nn.Linear(18, 64), nn.ReLU(), nn.Linear(64, 28)]
    model = nn.Sequential(*convolutions, *dense)
    optimizer = optim.Adam(model.parameters(), lr=0.003)
    return Training(model, nn.CrossEntropyLoss(), floats(x[:, None], np.eye(28)[label]), optimizer, of_classes, 64)


def by_hand(p, t):
    """The binary likelihood, clipped away from 0 and 1."""
    p = tg.clip(p, 1e-7, 1 - 1e-7)
    return -tg.mean(t * tg.log(p) + (1 - t) * tg.log(1 - p))


class Positions(nn.Module):
    """Four convolutions; flattened, or with a dense layer on every position."""

    def __init__(self, flattened):
        super().__init__()
        widths = (1, 8, 8, 16, 16)
        self.convolutions = nn.ModuleList(nn.Conv1d(a, b, 3, padding=1) for a, b in pairwise(widths))
        self.flattened = flattened
        self.last = nn.Linear(16 * 30 if flattened else 16, 1)

    def forward(self, x):
        for convolution in self.convolutions:
            x = convolution(x).relu()
        return self.last(x.flatten(1) if self.flattened else x.transpose(1, 2)).sigmoid()


@PICTURES.add("flatten-missing", "shapes-broadcast")
def rb19(repaired, rng):
    """A sigmoid for every position: (rows, 30, 1) broadcasts against a label for every row."""
    label = rng.integers(0, 2, 300)
    x = np.sin(np.where(label, 1.2, 0.5)[:, None] * np.arange(30) + rng.uniform(0, 6, (300, 1)))
    x = floats(x[:, None] + rng.normal(0, 0.2, (300, 1, 30)))
    model = Positions(flattened=repaired)
    optimizer = optim.Adam(model.parameters(), lr=0.001)
    if repaired:
        return Training(model, by_hand, (x, floats(label[:, None])), optimizer, of_two(0.5), 32)
    return Training(model, by_hand, (x, floats(label)), optimizer, lambda f, y: of_two(0.5)(f.mean((1, 2)), y), 32)


@PICTURES.add("output-cannot-reach-targets")
def rb20(repaired, rng):
    """The next change of a price, which is a fall as often as a rise, under a ReLU."""
    changes = rng.normal(0, 1, (400, 11))
    y = np.tanh(changes[:, -1:] - 0.6 * changes[:, -2:-1] + 0.4 * changes[:, -3:-2])
    model = Recurrent(24, 1, 0.2)
    if not repaired:
        model = nn.Sequential(model, nn.ReLU())
    optimizer = optim.Adam(model.parameters(), lr=0.005)
    return Training(model, nn.MSELoss(), floats(changes[:, :, None], y), optimizer, of_numbers, 64)


@PICTURES.add("cross-entropy-with-one-output", stops=True)
def rb23(repaired, rng):
    """Bags of words of two kinds: one score, and a likelihood of class numbers."""
    label = rng.integers(0, 2, 400)
    often = rng.uniform(0.02, 0.2, (2, 100))
    x = floats(rng.uniform(0, 1, (400, 100)) < often[label])
    model = nn.Sequential(nn.Linear(100, 16), nn.ReLU(), nn.Linear(16, 1))
    optimizer = optim.Adam(model.parameters(), lr=0.01)
    if repaired:
        return Training(model, nn.BCEWithLogitsLoss(), (x, floats(label[:, None])), optimizer, of_two(0.0), 50)
    return Training(model, nn.CrossEntropyLoss(), (x, tg.tensor(label)), optimizer, of_classes, 50)


@PICTURES.add("softmax-between-layers")
def rb25(repaired, rng):
    """The head of a picture net, softmax after each of its dense layers."""
    x, labels = pictures(rng)
    between = nn.ReLU if repaired else lambda: nn.Softmax(dim=1)
    layers = nn.Linear(784, 128), between(), nn.Linear(128, 128), between(), nn.Linear(128, 10)
    model = nn.Sequential(nn.Flatten(), *layers)
    optimizer = optim.Adam(model.parameters(), lr=0.001)
    return Training(model, nn.CrossEntropyLoss(), (floats(x / 255), tg.tensor(labels)), optimizer, of_classes, 50)
