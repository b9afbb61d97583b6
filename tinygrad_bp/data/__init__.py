"""Data sets as NumPy arrays, and batches of them as tensors."""

import typing as _typing

from .banknote import banknote
from .cifar10 import CIFAR10_CLASSES, cifar10
from .collate import default_collate
from .dataset import Dataset, Subset, TensorDataset, random_split
from .digits import digits
from .emg import emg
from .iris import IRIS_CLASSES, iris
from .loader import DataLoader
from .mnist import FASHION_MNIST_CLASSES, fashion_mnist, mnist
from .toy import linear, xor

__all__ = [
    "CIFAR10_CLASSES",
    "FASHION_MNIST_CLASSES",
    "IRIS_CLASSES",
    "DataLoader",
    "Dataset",
    "Subset",
    "TensorDataset",
    "banknote",
    "cifar10",
    "default_collate",
    "digits",
    "emg",
    "fashion_mnist",
    "iris",
    "linear",
    "mnist",
    "random_split",
    "xor",
]


if not _typing.TYPE_CHECKING:

    def __getattr__(name):
        from ..not_here import missing

        raise missing("data", name)
