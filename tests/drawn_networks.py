"""Networks that tests draw, and what stands in their pictures."""

import itertools
import xml.etree.ElementTree as ElementTree

import numpy as np

import tinygrad_bp as tg
from tinygrad_bp import nn
from tinygrad_bp.nn import functional as F

SVG = "{http://www.w3.org/2000/svg}"


class Block(nn.Module):
    """A block of a residual network."""

    def __init__(self, into, out):
        super().__init__()
        stride = 1 if into == out else 2
        self.conv1, self.bn1 = nn.Conv2d(into, out, 3, stride, 1, bias=False), nn.BatchNorm2d(out)
        self.conv2, self.bn2 = nn.Conv2d(out, out, 3, 1, 1, bias=False), nn.BatchNorm2d(out)
        self.down = None if stride == 1 else nn.Conv2d(into, out, 1, stride, bias=False)

    def forward(self, x):
        h = F.relu(self.bn1(self.conv1(x)))
        return F.relu(self.bn2(self.conv2(h)) + (x if self.down is None else self.down(x)))


class ResNet(nn.Module):
    """Six blocks between a stem and a linear layer."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 4, 3, 1, 1, bias=False), nn.BatchNorm2d(4), nn.ReLU())
        self.blocks = nn.Sequential(*[Block(a, b) for a, b in itertools.pairwise((4, 4, 4, 8, 8, 16, 16))])
        self.fc = nn.Linear(16, 10)

    def forward(self, x):
        return self.fc(self.blocks(self.stem(x)).mean((2, 3)))


def equal_layers(count, width=8):
    return nn.Sequential(
        *[nn.Sequential(nn.LayerNorm(width), nn.Linear(width, width), nn.Tanh()) for _ in range(count)]
    )


def steps(count):
    """A recurrent network: its result and its weights."""
    W, U, b = tg.randn(4, 4, requires_grad=True), tg.randn(3, 4, requires_grad=True), tg.zeros(4, requires_grad=True)
    h, xs = tg.zeros(2, 4), tg.randn(count, 2, 3)
    for t in range(count):
        h = tg.tanh(xs[t] @ U + h @ W + b)
    return h.sum(), {"W": W, "U": U, "b": b}


def tangle(length, seed=0):
    """A graph in which nothing repeats."""
    rng = np.random.default_rng(seed)
    made = [tg.tensor(float(i), requires_grad=True) for i in range(5)]
    ops = (tg.add, tg.mul, tg.sub, tg.maximum)
    for pick, one, other in zip(*[rng.integers(0, n, length).tolist() for n in (4, 5, 30)], strict=True):
        made.append(tg.tanh(ops[pick](made[-1 - one], made[-1 - min(other, len(made) - 1)])))
    return made[-1]


def texts(picture):
    root = ElementTree.fromstring(picture.pipe("svg", encoding="utf-8"))
    return ["".join(text.itertext()).replace("\xa0", " ") for text in root.iter(f"{SVG}text")]
