"""CIFAR-10 in its binary form: a label byte, then 1,024 red, 1,024 green and 1,024 blue bytes an image."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

from ..autograd.errors import ArgumentError, DataFileError
from .download import Published, alone, fetch
from .folder import folder_of, is_there

FOLDER = "cifar-10-batches-bin"
SPLITS: dict[str, tuple[str, ...]] = {
    "train": tuple(f"data_batch_{i}.bin" for i in range(1, 6)),
    "test": ("test_batch.bin",),
}
PICKLES = "cifar-10-batches-py"
FILES: tuple[str, ...] = SPLITS["train"] + SPLITS["test"]
RECORD = 1 + 3 * 32 * 32
URL = "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz"
PUBLISHED = Published(170052171, "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd")
CIFAR10_CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")


def cifar10(
    root: str | os.PathLike[str] | None = None, split: str = "train", download: bool = False
) -> tuple[Any, Any]:
    """Small photographs: images uint8 (n, 3, 32, 32), red, green, blue, and labels uint8 (n,) in 0 to 9.

    All records of the official binary files are read: 50,000 (``"train"``) and 10,000 (``"test"``) in the full set.
    The names of the classes are ``CIFAR10_CLASSES``. ``root`` is the folder of the files, or the folder above
    ``cifar-10-batches-bin``; None: the folder that the environment variable ``TINYGRAD_BP_DATA`` names.
    ``download=True`` fetches what is missing. Raises ``FileNotFoundError``, and ``DataFileError`` for a damaged file
    and for the Python form of the set, which is made of pickles. Source: Krizhevsky, *Learning multiple layers of
    features from tiny images*, 2009.
    """
    if split not in SPLITS:
        raise ArgumentError(f'cifar10: split is "train" or "test", got {split!r}')
    folder = folder_of(root, FOLDER, FILES)
    if not all(is_there(folder / file) for file in SPLITS[split]):
        if not download:
            _refuse_pickles(folder)
            missing = next(folder / file for file in SPLITS[split] if not is_there(folder / file))
            raise FileNotFoundError(f"{missing}: there is no such file; cifar10(download=True) fetches it from {URL}")
        archive = folder.parent / URL.rpartition("/")[2]
        unpack(fetch([URL], archive, PUBLISHED), folder)
    records = np.concatenate([_records(folder / file) for file in SPLITS[split]])
    return records[:, 1:].reshape(-1, 3, 32, 32), records[:, 0].copy()


def _records(path: Path) -> Any:
    size = path.stat().st_size
    if not size or size % RECORD:
        raise DataFileError(
            f"{path}: expected records of {RECORD} bytes, found {size} bytes, {size % RECORD} left over"
        )
    records = np.fromfile(path, np.uint8).reshape(-1, RECORD)
    if records[:, 0].max() > 9:
        row = int(np.argmax(records[:, 0] > 9))
        raise DataFileError(f"{path}: expected labels in 0 to 9, found {records[row, 0]} in record {row}")
    return records


def _refuse_pickles(folder: Path) -> None:
    """The Python form of the set, under the names that people give it, where the binary form was looked for."""
    place = folder.parent
    found = [place] if place.name == PICKLES or place.suffix in (".pkl", ".pickle") else []
    for name in ("data_batch_1", "test_batch", PICKLES, "cifar*.pkl", "cifar*.pickle"):
        found += [path for part in (folder, place) for path in part.glob(name)]
    if found:
        raise DataFileError(
            f"{found[0]}: expected the binary form ({', '.join(FILES)}), found pickles: reading a pickle can run code, "
            f"so it is never done here. The binary form is at {URL}"
        )


def unpack(archive: Path, folder: Path) -> None:
    """The six files of the official archive into ``folder``, those that are not there; nothing else is written.

    Members are taken by name, each a regular file of whole records and at most 10,000 of them, so that no archive can
    write elsewhere or fill the disk. A file gets its name when it is complete. Raises ``DataFileError``.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with alone(folder):
        _unpack(archive, folder)


def _unpack(archive: Path, folder: Path) -> None:
    import gzip
    import tarfile
    import zlib

    left = {f"{FOLDER}/{file}" for file in FILES}
    try:
        with tarfile.open(archive, "r:gz") as tar:
            for member in tar:
                if member.name not in left:
                    continue
                if not member.isreg() or member.size % RECORD or not 0 < member.size <= 10_000 * RECORD:
                    raise DataFileError(
                        f"{archive}: expected {member.name} to be a regular file of 1 to 10000 records of {RECORD} "
                        f"bytes, found {'one' if member.isreg() else 'another kind'} of {member.size} bytes"
                    )
                source = tar.extractfile(member)
                assert source is not None  # it is a regular file
                target = folder / Path(member.name).name
                if not is_there(target):
                    part = target.with_name(target.name + ".part")
                    is_there(part, follow=False)
                    part.write_bytes(source.read())
                    os.replace(part, target)
                left.remove(member.name)
    except (tarfile.TarError, EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise DataFileError(f"{archive}: expected a tar.gz archive, found a damaged one ({error})") from error
    if left:
        raise DataFileError(f"{archive}: expected six files in {FOLDER}, found no {', '.join(sorted(left))}")
