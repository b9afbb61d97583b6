"""Data sets as NumPy arrays, and batches of them as tensors."""

import typing as _typing

from .banknote import banknote
from .cifar10 import CIFAR10_CLASSES, cifar10
from .collate import default_collate, default_convert
from .dataloader import DataLoader, get_worker_info
from .dataset import (
    ChainDataset,
    ConcatDataset,
    Dataset,
    IterableDataset,
    StackDataset,
    Subset,
    TensorDataset,
    random_split,
)
from .digits import digits
from .distributed import DistributedSampler
from .emg import emg
from .iris import IRIS_CLASSES, iris
from .mnist import FASHION_MNIST_CLASSES, fashion_mnist, mnist
from .sampler import (
    BatchSampler,
    RandomSampler,
    Sampler,
    SequentialSampler,
    SubsetRandomSampler,
    WeightedRandomSampler,
)
from .toy import linear, xor

__all__ = [
    "CIFAR10_CLASSES",
    "FASHION_MNIST_CLASSES",
    "IRIS_CLASSES",
    "BatchSampler",
    "ChainDataset",
    "ConcatDataset",
    "DataLoader",
    "Dataset",
    "DistributedSampler",
    "IterableDataset",
    "RandomSampler",
    "Sampler",
    "SequentialSampler",
    "StackDataset",
    "Subset",
    "SubsetRandomSampler",
    "TensorDataset",
    "WeightedRandomSampler",
    "banknote",
    "cifar10",
    "default_collate",
    "default_convert",
    "digits",
    "emg",
    "fashion_mnist",
    "get_worker_info",
    "iris",
    "linear",
    "mnist",
    "random_split",
    "xor",
]


if not _typing.TYPE_CHECKING:

    def __getattr__(name):
        from ..not_here import missing
        from ..places import module_at

        if (found := module_at("utils.data", name)) is not None:
            return found
        raise missing("data", name)
