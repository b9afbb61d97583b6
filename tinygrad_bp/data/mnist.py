"""MNIST and Fashion-MNIST: the same four IDX files, different pictures."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from ..autograd.errors import ArgumentError, DataFileError
from .download import Published, fetch
from .folder import folder_of, is_there
from .idx import read_idx

SPLITS = {"train": "train", "test": "t10k"}
FASHION_MNIST_CLASSES = (
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
)  # fmt: skip

# The mirrors in the order in which they are tried; size and SHA-256 of each file as docs/data.md quotes them.
Source = tuple[tuple[str, ...], dict[str, Published]]
MNIST: Source = (
    ("https://ossci-datasets.s3.amazonaws.com/mnist/", "https://storage.googleapis.com/cvdf-datasets/mnist/"),
    {
        "train-images-idx3-ubyte.gz": Published(
            9912422, "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"
        ),
        "train-labels-idx1-ubyte.gz": Published(
            28881, "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"
        ),
        "t10k-images-idx3-ubyte.gz": Published(
            1648877, "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"
        ),
        "t10k-labels-idx1-ubyte.gz": Published(
            4542, "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"
        ),
    },
)
FASHION_MNIST: Source = (
    (
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
        "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
    ),
    {
        "train-images-idx3-ubyte.gz": Published(
            26421880, "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84"
        ),
        "train-labels-idx1-ubyte.gz": Published(
            29515, "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"
        ),
        "t10k-images-idx3-ubyte.gz": Published(
            4422102, "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073"
        ),
        "t10k-labels-idx1-ubyte.gz": Published(
            5148, "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"
        ),
    },
)


def mnist(root: str | os.PathLike[str] | None = None, split: str = "train", download: bool = False) -> tuple[Any, Any]:
    """Handwritten digits: images uint8 (n, 28, 28) and labels uint8 (n,) in 0 to 9; n is 60,000 or 10,000.

    ``root`` is the folder of the four IDX files, or the folder above ``mnist``; None: the folder that the environment
    variable ``TINYGRAD_BP_DATA`` names. A plain file is read before its ``.gz``. ``split`` is ``"train"`` or
    ``"test"``. ``download=True`` fetches what is missing. Raises ``FileNotFoundError``, and ``DataFileError`` for a
    file that is damaged. Source: LeCun, Cortes and Burges, *The MNIST database of handwritten digits*, 1998.
    """
    return _read("mnist", MNIST, root, split, download)


def fashion_mnist(
    root: str | os.PathLike[str] | None = None, split: str = "train", download: bool = False
) -> tuple[Any, Any]:
    """Pictures of clothes: images uint8 (n, 28, 28) and labels uint8 (n,) in 0 to 9; n is 60,000 or 10,000.

    The arguments and errors are those of ``mnist``; the folder is ``fashion_mnist``, the names of the classes are
    ``FASHION_MNIST_CLASSES``. Source: Xiao, Rasul and Vollgraf, *Fashion-MNIST*, 2017.
    """
    return _read("fashion_mnist", FASHION_MNIST, root, split, download)


def _read(name: str, source: Source, root: Any, split: str, download: bool) -> tuple[Any, Any]:
    if split not in SPLITS:
        raise ArgumentError(f'{name}: split is "train" or "test", got {split!r}')
    mirrors, files = source
    folder = folder_of(root, name, [*files, *(file.removesuffix(".gz") for file in files)])
    paths = [_path(name, folder, f"{SPLITS[split]}-{kind}-ubyte", mirrors, files, download)
             for kind in ("images-idx3", "labels-idx1")]  # fmt: skip
    images, labels = read_idx(paths[0], 3), read_idx(paths[1], 1)
    if images.shape[1:] != (28, 28):
        raise DataFileError(f"{paths[0]}: expected images of 28 by 28 pixels, found {images.shape[1:]}")
    if len(labels) != len(images):
        raise DataFileError(
            f"{paths[1]}: expected {len(images)} labels, one for each image of {paths[0].name}, found {len(labels)}"
        )
    if len(labels) and labels.max() > 9:
        raise DataFileError(f"{paths[1]}: expected labels in 0 to 9, found {labels.max()}")
    return images, labels


def _path(
    name: str, folder: Path, file: str, mirrors: tuple[str, ...], files: dict[str, Published], download: bool
) -> Path:
    plain, packed = folder / file, folder / f"{file}.gz"
    for path in (plain, packed):
        if is_there(path):
            return path
    if not download:
        raise FileNotFoundError(f"{packed}: there is no such file, plain or .gz; {name}(download=True) fetches it")
    return fetch([mirror + packed.name for mirror in mirrors], packed, files[packed.name])
