"""A classifier of handwritten digits: batches, a loop, and what it gets right.

MNIST where it is (``TINYGRAD_BP_DATA`` names its folder), else the 1,797 small digits that come with the package.
"""

import numpy as np

import tinygrad_bp as tg
import tinygrad_bp.nn.functional as F
from tinygrad_bp import nn
from tinygrad_bp.data import DataLoader, TensorDataset

tg.manual_seed(0)
try:
    (images, labels), (test_images, test_labels) = tg.data.mnist(split="train"), tg.data.mnist(split="test")
    name, scale, epochs = "MNIST", 255, 2
except FileNotFoundError:
    images, labels = tg.data.digits()
    mixed = np.random.default_rng(0).permutation(len(labels))
    images, labels = images[mixed], labels[mixed]
    images, test_images, labels, test_labels = images[:1500], images[1500:], labels[:1500], labels[1500:]
    name, scale, epochs = "the small digits", 16, 20


def rows(images):
    """Images as rows of numbers in [0, 1]."""
    return images.reshape(len(images), -1) / np.float32(scale)


train = TensorDataset(rows(images), labels.astype(np.int64))
model = nn.Sequential(nn.Linear(rows(images).shape[1], 128), nn.ReLU(), nn.Linear(128, 10))
optimizer = tg.optim.Adam(model.parameters(), lr=0.002)

for epoch in range(epochs):
    total = 0.0
    for x, y in DataLoader(train, batch_size=64, shuffle=True):
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(x)
    print(f"epoch {epoch + 1:2}  mean loss {total / len(train):.4f}")

with tg.no_grad():
    said = model(tg.tensor(rows(test_images))).argmax(dim=1).numpy()
print(f"{name}: {(said == test_labels).mean():.1%} of {len(said):,} test images")
